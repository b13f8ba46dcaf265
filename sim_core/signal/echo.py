"""Echoes of point targets, sample by sample at the receive time of each.

What is received at time t left at u with ``u + tau(u) = t``. After removal of the carrier that is

    ``a p(u - t_leading) exp(-2j pi f_c (t - u))``

with the waveform p, the radar's carrier f_c, and the two-way delay tau of the pulse in question:
the delay of each pulse, its rate and its acceleration inside the pulse. So the chirp is stretched,
the Doppler shift runs through the pulse, and there is no stop-and-go. Formulas and figures:
docs/algorithms/echo.md.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.geometry.delay_function import DelayFunction
from sim_core.signal.echo_loops import add_echo, compiled_pulse
from sim_core.signal.pulse_delays import pulse_delays
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import Waveform

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PointEcho:
    """A point target as the radar hears it.

    Parameters
    ----------
    history : DelayFunction
        Two-way delay of the target.
    amplitude : complex
        Amplitude of its echo; 1 is the full scale of the samples.
    envelope_lag_s : float
        How much later than the history, which is that of the carrier's phase, the envelope of the
        echo comes: what the ionosphere makes between group and phase.
    pulse_gain : ndarray of float64, shape (pulses,), optional
        Factor to the amplitude for each pulse of the schedule: the two-way pattern of the antenna,
        as amplitude.
    """

    history: DelayFunction
    amplitude: complex
    envelope_lag_s: float = 0.0
    pulse_gain: FloatArray | None = None

    def pulse_amplitude(self, pulses: int) -> npt.NDArray[np.complex128]:
        """Return the amplitude of the echo of each pulse, shape (pulses,).

        Raises
        ------
        SamplingError
            If there are not as many gains as pulses.
        """
        if self.pulse_gain is None:
            return np.full(pulses, self.amplitude, dtype=np.complex128)
        if self.pulse_gain.shape != (pulses,):
            raise SamplingError(
                f"gains of shape {self.pulse_gain.shape} for {pulses} pulses",
                "give one gain for each pulse of the schedule",
            )
        return self.amplitude * self.pulse_gain.astype(np.complex128)


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
    delays = pulse_delays(schedule, echo.history, 1.0, echo.envelope_lag_s)
    offset_ticks = delays.window_offset_s * schedule.sample_rate_hz
    pulse_ticks = schedule.pulse_duration_s * schedule.sample_rate_hz
    late = float(offset_ticks.max()) + pulse_ticks - (schedule.window_samples - 1)
    return math.ceil(-float(offset_ticks.min())), math.ceil(late)


def echo_blocks(
    schedule: PulseSchedule,
    waveform: Waveform,
    carrier_hz: float,
    echoes: Sequence[PointEcho],
    pulses_per_block: int,
) -> Iterator[tuple[int, npt.NDArray[np.complex64]]]:
    """Synthesise the received signal of all windows, block by block.

    Parameters
    ----------
    schedule : PulseSchedule
        Transmit ticks and receive windows.
    waveform : Waveform
        The transmitted pulse; a linear chirp takes a quicker way than the others.
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

    Raises
    ------
    SamplingError
        If the gains of a target are not one for each pulse.
    """
    targets = [
        (
            pulse_delays(schedule, echo.history, carrier_hz, echo.envelope_lag_s),
            echo.pulse_amplitude(schedule.pulses),
        )
        for echo in echoes
    ]
    pulse = compiled_pulse(waveform)
    for first in range(0, schedule.pulses, pulses_per_block):
        part = slice(first, min(first + pulses_per_block, schedule.pulses))
        block = np.zeros((part.stop - first, schedule.window_samples), dtype=np.complex64)
        for delay, amplitude in targets:
            add_echo(
                block,
                delay.window_offset_s[part],
                delay.carrier_cycles[part],
                delay.rate[part],
                delay.acceleration[part],
                amplitude[part],
                schedule.sample_rate_hz,
                carrier_hz,
                pulse,
            )
        yield first, block
