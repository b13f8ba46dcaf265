"""When each pulse leaves and when its echo is listened for, in whole ticks of the sample clock.

Tick zero is the time zero of the run (the moment of steering); ticks before it are negative. Whole
ticks are the truth: seconds are derived from them, never the other way round. The part of a delay
that is below one tick is in the waveform.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.geometry.delay_history import DelayHistory


@dataclass(frozen=True, slots=True, eq=False)
class PulseSchedule:
    """Ticks of the transmitted pulses and of their receive windows.

    Parameters
    ----------
    sample_rate_hz : float
        Rate of the clock that the ticks count.
    transmit_tick : ndarray of int64, shape (pulses,)
        Tick at which the leading edge of each pulse leaves the radar.
    window_start_tick : ndarray of int64, shape (pulses,)
        Tick of the first sample of each receive window.
    window_samples : int
        Samples in each window.
    pulse_duration_s : float
        Duration of a pulse; the slow time of a pulse is that of its centre.
    """

    sample_rate_hz: float
    transmit_tick: npt.NDArray[np.int64]
    window_start_tick: npt.NDArray[np.int64]
    window_samples: int
    pulse_duration_s: float

    @property
    def pulses(self) -> int:
        """Number of pulses."""
        return int(self.transmit_tick.size)

    @property
    def prf_hz(self) -> float:
        """Pulse repetition frequency, from the whole ticks between the first and the last pulse."""
        ticks = int(self.transmit_tick[-1]) - int(self.transmit_tick[0])
        return (self.pulses - 1) * self.sample_rate_hz / ticks

    def slow_time_s(self) -> npt.NDArray[np.float64]:
        """Transmit time of each pulse's centre, shape (pulses,), in s from time zero."""
        return self.transmit_tick / self.sample_rate_hz + 0.5 * self.pulse_duration_s

    def pulses_slice(self, first: int, count: int) -> "PulseSchedule":
        """Return the schedule of `count` pulses from pulse number `first` on."""
        chosen = slice(first, first + count)
        return PulseSchedule(
            self.sample_rate_hz,
            self.transmit_tick[chosen],
            self.window_start_tick[chosen],
            self.window_samples,
            self.pulse_duration_s,
        )


def transmit_ticks(
    sample_rate_hz: float, prf_hz: float, aperture_s: float
) -> npt.NDArray[np.int64]:
    """Place the pulses of an aperture symmetrically about time zero.

    The pulse repetition interval is rounded to a whole tick; `PulseSchedule.prf_hz` then tells the
    frequency that is really used.

    Parameters
    ----------
    sample_rate_hz : float
        Rate of the sample clock.
    prf_hz : float
        Wanted pulse repetition frequency.
    aperture_s : float
        Duration of the aperture.

    Returns
    -------
    ndarray of int64, shape (pulses,)
        Ticks of the leading edges, from about ``-aperture_s / 2`` on.

    Raises
    ------
    SamplingError
        If the interval is shorter than one tick or the aperture holds fewer than two pulses.
    """
    interval_ticks = round(sample_rate_hz / prf_hz)
    pulses = round(aperture_s * prf_hz)
    if interval_ticks < 1:
        raise SamplingError(
            f"a PRF of {prf_hz:g} Hz is above the sample rate of {sample_rate_hz:g} Hz",
            f"give a PRF below {sample_rate_hz:g} Hz",
        )
    if pulses < 2:
        raise SamplingError(
            f"an aperture of {aperture_s:g} s holds {pulses} pulse(s) at a PRF of {prf_hz:g} Hz",
            f"lengthen it to {2.0 / prf_hz:g} s at least",
        )
    return (np.arange(pulses, dtype=np.int64) - pulses // 2) * np.int64(interval_ticks)


def follow_echo(
    transmit_tick: npt.NDArray[np.int64],
    reference: DelayHistory,
    sample_rate_hz: float,
    window_samples: int,
    pulse_duration_s: float,
) -> PulseSchedule:
    """Open a receive window on the echo of a reference point for every pulse.

    Each window follows the reference's own range walk in whole ticks, and holds its echo in the
    middle: as many samples are left before the pulse as after it.

    Parameters
    ----------
    transmit_tick : ndarray of int64, shape (pulses,)
        Ticks of the leading edges.
    reference : DelayHistory
        Two-way delay of the scene's reference point.
    sample_rate_hz : float
        Rate of the sample clock.
    window_samples : int
        Samples in each window.
    pulse_duration_s : float
        Duration of a pulse.

    Returns
    -------
    PulseSchedule

    Raises
    ------
    SamplingError
        If the window does not hold the pulse, or windows of successive pulses overlap.
    """
    pulse_samples = math.ceil(pulse_duration_s * sample_rate_hz * (1.0 - 1e-12))
    spare = window_samples - pulse_samples - 1
    if spare < 0:
        raise SamplingError(
            f"a window of {window_samples} samples does not hold a pulse of {pulse_samples}",
            f"open windows of {pulse_samples + 1} samples at least",
        )
    slow_time_s = transmit_tick / sample_rate_hz + 0.5 * pulse_duration_s
    echo_tick = np.floor(reference.delay_s(slow_time_s) * sample_rate_hz).astype(np.int64)
    window_start_tick = transmit_tick + echo_tick - spare // 2
    closest = int(np.min(np.diff(window_start_tick)))
    if closest < window_samples:
        raise SamplingError(
            f"receive windows of {window_samples} samples overlap: "
            f"successive echoes are {closest} ticks apart",
            f"shorten the window to {closest} samples or lower the PRF",
        )
    return PulseSchedule(
        sample_rate_hz, transmit_tick, window_start_tick, window_samples, pulse_duration_s
    )
