"""When each pulse leaves and when its echo is listened for, in whole ticks of the sample clock.

Tick zero is the time zero of the run (the moment of steering); ticks before it are negative. Whole
ticks are the truth: seconds are derived from them, never the other way round. The part of a delay
that is below one tick is in the waveform.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.geometry.delay_history import DelayHistory

# Second word of the generator's key: what the random numbers are for.
_DITHER = 1


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
        """Mean pulse repetition frequency, as if no pulses had been left out."""
        interval = np.diff(self.transmit_tick)
        # A gap counts as the intervals that it is long. Dither makes some a little longer and
        # others shorter, which the sum does not see.
        intervals = int(np.sum(np.rint(interval / np.median(interval))))
        ticks = int(self.transmit_tick[-1]) - int(self.transmit_tick[0])
        return intervals * self.sample_rate_hz / ticks

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
    sample_rate_hz: float,
    prf_hz: float,
    aperture_s: float,
    dither_s: float = 0.0,
    seed: int = 0,
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
    dither_s : float
        Largest offset of a pulse from its even place, either way. The offsets are whole ticks, all
        equally likely, by the seed and the number of the pulse.
    seed : int
        Of the offsets, 0 to 2^64 - 1.

    Returns
    -------
    ndarray of int64, shape (pulses,)
        Ticks of the leading edges, from about ``-aperture_s / 2`` on, strictly rising.

    Raises
    ------
    SamplingError
        If the interval is shorter than one tick, the aperture holds fewer than two pulses, or
        pulses could change their order.
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
    even = (np.arange(pulses, dtype=np.int64) - pulses // 2) * np.int64(interval_ticks)
    return even + _dither_ticks(pulses, interval_ticks, sample_rate_hz, dither_s, seed)


def _dither_ticks(
    pulses: int, interval_ticks: int, sample_rate_hz: float, dither_s: float, seed: int
) -> npt.NDArray[np.int64]:
    if not 0.0 <= 2.0 * dither_s * sample_rate_hz < interval_ticks:
        raise SamplingError(
            f"a dither of {dither_s:g} s either way could change the order of pulses that are "
            f"{interval_ticks / sample_rate_hz:g} s apart",
            "give less than half of the pulse repetition interval, and not below zero",
        )
    if not 0 <= seed < 1 << 64:
        raise SamplingError(f"{seed} is no seed", "give a whole number from 0 to 2^64 - 1")
    # A dither of so many ticks in decimal may come out a few ulp below it.
    largest = math.floor(dither_s * sample_rate_hz * (1.0 + 1e-12))
    if largest == 0:
        return np.zeros(pulses, dtype=np.int64)
    # Bits of the generator itself: how numpy makes them into numbers of a range may change.
    bits = np.random.Philox(key=np.array([seed, _DITHER], np.uint64)).random_raw(pulses)
    fraction = (bits >> np.uint64(11)) * 2.0**-53
    offset: npt.NDArray[np.int64] = np.floor(fraction * (2 * largest + 1)).astype(np.int64)
    return offset - largest


def leave_out_pulses(
    transmit_tick: npt.NDArray[np.int64], gaps: Iterable[tuple[int, int]]
) -> npt.NDArray[np.int64]:
    """Leave gaps in a train of pulses.

    Parameters
    ----------
    transmit_tick : ndarray of int64, shape (pulses,)
        Ticks of the leading edges.
    gaps : iterable of (int, int)
        Number of the first pulse to leave out, counted from 0 in the train without gaps, and how
        many. Gaps may overlap.

    Returns
    -------
    ndarray of int64, shape (pulses that are left,)

    Raises
    ------
    SamplingError
        If a gap is not inside the train, or fewer than two pulses are left.
    """
    kept = np.ones(transmit_tick.size, dtype=np.bool_)
    for first, count in gaps:
        if first < 0 or count < 1 or first + count > transmit_tick.size:
            raise SamplingError(
                f"a gap of {count} pulses from number {first} on is not inside a train of "
                f"{transmit_tick.size}",
                "give the number of its first pulse, counted from 0, and at least one pulse",
            )
        kept[first : first + count] = False
    if np.count_nonzero(kept) < 2:
        raise SamplingError(
            f"gaps leave {np.count_nonzero(kept)} of {transmit_tick.size} pulses",
            "leave two pulses at least",
        )
    return transmit_tick[kept]


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
        If the window does not hold the pulse, or windows of successive pulses overlap, and so also
        if pulses do.
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
