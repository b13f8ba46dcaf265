"""Echoes of point targets, sample by sample at the receive time of each.

What is received at time t left at u with ``u + tau(u) = t``. After removal of the carrier that is

    ``a p(u - t_leading) exp(-2j pi f_c (t - u))``

with the waveform p, the radar's carrier f_c, and the two-way delay tau of the pulse in question:
the delay of each pulse, its rate and its acceleration inside the pulse. So the chirp is stretched,
the Doppler shift runs through the pulse, and there is no stop-and-go.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.geometry.delay_history import DelayHistory
from sim_core.signal.phasor import phasor
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PointEcho:
    """A point target as the radar hears it.

    Parameters
    ----------
    history : DelayHistory
        Two-way delay of the target.
    amplitude : complex
        Amplitude of its echo; 1 is the full scale of the samples.
    envelope_lag_s : float
        How much later than the history, which is that of the carrier's phase, the envelope of the
        echo comes: what the ionosphere makes between group and phase.
    """

    history: DelayHistory
    amplitude: complex
    envelope_lag_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _PulseDelays:
    """Where the echo of one target lies in each window, arrays of shape (pulses,).

    `window_offset_s` is the leading edge of an unstretched echo after the window's first sample,
    `carrier_cycles` the phase of the carrier at the pulse's centre less some whole cycles.
    """

    window_offset_s: FloatArray
    carrier_cycles: FloatArray
    rate: FloatArray
    acceleration: FloatArray


def _pulse_delays(
    schedule: PulseSchedule, history: DelayHistory, carrier_hz: float, envelope_lag_s: float = 0.0
) -> _PulseDelays:
    slow_time_s = schedule.slow_time_s()
    wait_ticks = schedule.window_start_tick - schedule.transmit_tick
    first_wait_s = Fraction(int(wait_ticks[0])) / Fraction(schedule.sample_rate_hz)
    relative_s = history.relative_delay_s(slow_time_s, first_wait_s)
    reference_cycles = float((Fraction(carrier_hz) * first_wait_s) % 1)
    return _PulseDelays(
        window_offset_s=(relative_s + envelope_lag_s)
        - (wait_ticks - wait_ticks[0]) / schedule.sample_rate_hz,
        carrier_cycles=-(reference_cycles + carrier_hz * relative_s),
        rate=history.delay_rate(slow_time_s),
        acceleration=history.delay_acceleration(slow_time_s),
    )


def require_echo_in_window(
    schedule: PulseSchedule, echo: PointEcho, companions: Sequence[PointEcho] = ()
) -> None:
    """Refuse a target whose echo leaves the receive windows.

    Parameters
    ----------
    schedule : PulseSchedule
        The windows.
    echo : PointEcho
        The target.
    companions : sequence of PointEcho
        Other targets, for whom the window that the remedy names is to be long enough as well.

    Raises
    ------
    SamplingError
        If the echo of any pulse begins before its window or ends after it.
    """
    early, late = _samples_outside(schedule, echo)
    if early <= 0 and late <= 0:
        return
    samples, side = max((early, "before"), (late, "after"))
    missing = max(max(_samples_outside(schedule, one)) for one in (echo, *companions))
    raise SamplingError(
        f"the echo lies up to {samples} samples {side} its receive window",
        f"lengthen the window to {schedule.window_samples + 2 * missing} samples, or bring the "
        "target nearer to the scene's reference point",
    )


def _samples_outside(schedule: PulseSchedule, echo: PointEcho) -> tuple[int, int]:
    """Count the samples of an echo before and after its windows, for the worst pulse each."""
    delays = _pulse_delays(schedule, echo.history, 1.0, echo.envelope_lag_s)
    offset_ticks = delays.window_offset_s * schedule.sample_rate_hz
    pulse_ticks = schedule.pulse_duration_s * schedule.sample_rate_hz
    late = float(offset_ticks.max()) + pulse_ticks - (schedule.window_samples - 1)
    return math.ceil(-float(offset_ticks.min())), math.ceil(late)


def echo_blocks(
    schedule: PulseSchedule,
    waveform: LinearChirp,
    carrier_hz: float,
    echoes: Sequence[PointEcho],
    pulses_per_block: int,
) -> Iterator[tuple[int, npt.NDArray[np.complex64]]]:
    """Synthesise the received signal of all windows, block by block.

    Parameters
    ----------
    schedule : PulseSchedule
        Transmit ticks and receive windows.
    waveform : LinearChirp
        The transmitted pulse.
    carrier_hz : float
        Carrier of the radar (not of the laboratory).
    echoes : sequence of PointEcho
        The targets; their signals add up.
    pulses_per_block : int
        Size of a block.

    Yields
    ------
    first_pulse : int
        Number of the block's first pulse.
    samples : ndarray of complex64, shape (pulses, window_samples)
        A new array each time.
    """
    delays = [
        (_pulse_delays(schedule, echo.history, carrier_hz, echo.envelope_lag_s), echo.amplitude)
        for echo in echoes
    ]
    for first in range(0, schedule.pulses, pulses_per_block):
        part = slice(first, min(first + pulses_per_block, schedule.pulses))
        block = np.zeros((part.stop - first, schedule.window_samples), dtype=np.complex64)
        for delay, amplitude in delays:
            _add_echo(
                block,
                delay.window_offset_s[part],
                delay.carrier_cycles[part],
                delay.rate[part],
                delay.acceleration[part],
                schedule.sample_rate_hz,
                carrier_hz,
                waveform.chirp_rate_hz_per_s,
                waveform.duration_s,
                complex(amplitude),
            )
        yield first, block


@numba.njit(cache=True, parallel=True)
def _add_echo(
    block: npt.NDArray[np.complex64],
    window_offset_s: FloatArray,
    carrier_cycles: FloatArray,
    rate: FloatArray,
    acceleration: FloatArray,
    sample_rate_hz: float,
    carrier_hz: float,
    chirp_rate_hz_per_s: float,
    duration_s: float,
    amplitude: complex,
) -> None:
    """Add one target's echo to a block of windows."""
    samples = block.shape[1]
    half_s = 0.5 * duration_s
    for n in numba.prange(block.shape[0]):
        # Receive time x counts from the arrival of the pulse's centre, transmit time y from its
        # departure; y (1 + tau') + tau'' y^2 / 2 = x.
        stretch = 1.0 + rate[n]
        curvature = 0.5 * acceleration[n]
        centre_s = window_offset_s[n] + half_s
        begin_s = centre_s - half_s * stretch + curvature * half_s**2
        end_s = centre_s + half_s * stretch + curvature * half_s**2
        first = max(0, math.ceil(begin_s * sample_rate_hz))
        last = min(samples, math.ceil(end_s * sample_rate_hz))
        _add_pulse(
            block[n, first : max(first, last)],
            first,
            sample_rate_hz,
            centre_s,
            rate[n] / stretch,
            curvature / stretch**3,
            carrier_cycles[n] - math.floor(carrier_cycles[n]),
            carrier_hz,
            chirp_rate_hz_per_s,
            amplitude,
        )


# A function of its own with numpy's error model: inside the parallel loop, or with checks for
# division by zero, the loop is not vectorised and takes ten times as long.
@numba.njit(cache=True, error_model="numpy")
def _add_pulse(
    samples: npt.NDArray[np.complex64],
    first: int,
    sample_rate_hz: float,
    centre_s: float,
    slope: float,
    bend: float,
    cycles: float,
    carrier_hz: float,
    chirp_rate_hz_per_s: float,
    amplitude: complex,
) -> None:
    """Add the samples of one pulse, which begin at sample number `first` of the window."""
    for m in range(samples.size):
        x = (first + m) / sample_rate_hz - centre_s
        # x - y, formed without cancellation: what the carrier's phase needs.
        lag_s = x * slope + bend * x * x
        y = x - lag_s
        cosine, sine = phasor(cycles - carrier_hz * lag_s + 0.5 * chirp_rate_hz_per_s * y * y)
        real = amplitude.real * cosine - amplitude.imag * sine
        imag = amplitude.real * sine + amplitude.imag * cosine
        samples[m] += complex(np.float32(real), np.float32(imag))
