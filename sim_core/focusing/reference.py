"""The reference point's delay history, in the small numbers that focusing works with.

The carrier's phase, ``f_c tau``, is 5e10 cycles, and is wanted to 1e-4: no double holds it. So a
delay is split into a whole number of sample ticks, whose phase is taken modulo one cycle in exact
fractions, and a remainder of 1e-4 s at most, in which a double leaves 1e-9 cycles.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.geometry.delay_function import DelayFunction
from sim_core.signal.pulse_schedule import PulseSchedule

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Aperture:
    """The pulses of a schedule as a synthetic aperture.

    Slow time is counted from the middle of the aperture: ``transmit = middle_s + slow_time_s``.

    Parameters
    ----------
    middle_s : float
        Transmit time of the middle between the first and the last pulse's centre.
    slow_time_s : ndarray of float64, shape (pulses,)
        Pulse centres against the middle.
    interval_s : float
        Mean pulse repetition interval.
    """

    middle_s: float
    slow_time_s: FloatArray
    interval_s: float

    @property
    def pulses(self) -> int:
        """Number of pulses."""
        return int(self.slow_time_s.size)

    @property
    def prf_hz(self) -> float:
        """Pulse repetition frequency."""
        return 1.0 / self.interval_s

    @property
    def duration_s(self) -> float:
        """Duration of the aperture, one interval for each pulse."""
        return self.pulses * self.interval_s

    @property
    def transmit_s(self) -> FloatArray:
        """Transmit times of the pulse centres, shape (pulses,)."""
        return self.middle_s + self.slow_time_s

    @property
    def edges_s(self) -> FloatArray:
        """Transmit times of the aperture's two ends, half an interval beyond the pulses."""
        half_s = 0.5 * self.duration_s
        return np.array([self.middle_s - half_s, self.middle_s + half_s])

    @classmethod
    def of(cls, schedule: PulseSchedule) -> "Aperture":
        """Take the aperture from a schedule.

        Raises
        ------
        FocusingError
            If there are fewer than two pulses, or they do not follow each other.
        """
        tick = schedule.transmit_tick
        if tick.size < 2 or int(np.min(np.diff(tick))) <= 0:
            raise FocusingError(
                f"a schedule of {tick.size} pulse(s), not all later than the one before, "
                "spans no aperture",
                "give two pulses at least, in the order in which they leave",
            )
        rate = schedule.sample_rate_hz
        twice_middle = int(tick[0]) + int(tick[-1])
        return cls(
            middle_s=0.5 * twice_middle / rate + 0.5 * schedule.pulse_duration_s,
            # Whole ticks are subtracted before they become seconds: exact.
            slow_time_s=(2 * tick - twice_middle) / (2.0 * rate),
            interval_s=(int(tick[-1]) - int(tick[0])) / (tick.size - 1) / rate,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The reference point's history over an aperture, split for exact phases.

    ``tau(t) = base_tick / sample_rate + walk * (t - middle) + residual(t)``, of which the first two
    terms are the linear frame of range-Doppler processing, with the aperture's Doppler band centred
    on zero.

    Parameters
    ----------
    history : DelayFunction
        Two-way delay of the reference point.
    aperture : Aperture
        The pulses.
    sample_rate_hz : float
        Rate of the sample clock.
    carrier_hz : float
        Carrier of the radar.
    base_tick : int
        Delay at mid aperture, rounded to a tick.
    walk : float
        Middle of the delay rates of the aperture.
    rate_span : float
        Highest minus lowest delay rate of the aperture; times the carrier, the Doppler bandwidth.
    """

    history: DelayFunction
    aperture: Aperture
    sample_rate_hz: float
    carrier_hz: float
    base_tick: int
    walk: float
    rate_span: float

    @classmethod
    def over(
        cls, history: DelayFunction, schedule: PulseSchedule, carrier_hz: float
    ) -> "Reference":
        """Split the history of the reference point over the aperture of a schedule.

        Raises
        ------
        FocusingError
            If the history does not hold over the whole aperture.
        """
        aperture = Aperture.of(schedule)
        first, last = aperture.edges_s
        if history.start_s > first or history.stop_s < last:
            raise FocusingError(
                f"the reference's delay history holds from {history.start_s:g} to "
                f"{history.stop_s:g} s, the aperture lasts from {first:g} to {last:g} s",
                "compute the history over the aperture and a margin",
            )
        middle = np.array([aperture.middle_s])
        delay_s = float(history.relative_delay_s(middle, Fraction(0))[0])
        lowest, highest = rate_range(history, aperture)
        return cls(
            history=history,
            aperture=aperture,
            sample_rate_hz=schedule.sample_rate_hz,
            carrier_hz=carrier_hz,
            base_tick=round(delay_s * schedule.sample_rate_hz),
            walk=0.5 * (lowest + highest),
            rate_span=highest - lowest,
        )

    @property
    def base_s(self) -> Fraction:
        """Delay at mid aperture rounded to a tick, exactly."""
        return Fraction(self.base_tick) / Fraction(self.sample_rate_hz)

    @property
    def base_phase_cycles(self) -> float:
        """Carrier cycles in `base_s`, modulo one, 0 to 1."""
        return float((Fraction(self.carrier_hz) * self.base_s) % 1)

    def delay_beyond_base_s(self, slow_time_s: FloatArray) -> FloatArray:
        """Return ``tau - base_s`` at times against the aperture's middle."""
        return self.beyond_base_s(self.history, slow_time_s)

    def beyond_base_s(self, history: DelayFunction, slow_time_s: FloatArray) -> FloatArray:
        """Return another point's delay minus this reference's `base_s`."""
        return history.relative_delay_s(self.aperture.middle_s + slow_time_s, self.base_s)

    def delay_rate(self, slow_time_s: FloatArray) -> FloatArray:
        """Return the reference's delay rate at times against the aperture's middle."""
        return self.history.delay_rate(self.aperture.middle_s + slow_time_s)

    def pulse_delay_s(self) -> FloatArray:
        """Return ``tau - base_s`` at the pulses, shape (pulses,)."""
        return self.delay_beyond_base_s(self.aperture.slow_time_s)

    def rate_slope_per_s(self) -> float:
        """Mean of the delay's second derivative over the aperture, in 1/s."""
        ends = self.aperture.edges_s
        rate = self.history.delay_rate(ends)
        return float((rate[1] - rate[0]) / (ends[1] - ends[0]))

    def place_in_band(self, slow_time_s: FloatArray) -> FloatArray:
        """Return the reference's Doppler frequency as a place in its band, -1/2 to 1/2."""
        place = (self.delay_rate(slow_time_s) - self.walk) / self.rate_span
        return np.clip(place, -0.5, 0.5)


def rate_range(history: DelayFunction, aperture: Aperture) -> tuple[float, float]:
    """Return the lowest and the highest delay rate over an aperture.

    Parameters
    ----------
    history : DelayFunction
        Delay history of the point.
    aperture : Aperture
        The pulses; the ends half an interval beyond them count.
    """
    # Delay rates are smooth over hundreds of seconds: 257 places miss no extremum that matters.
    first, last = np.clip(aperture.edges_s, history.start_s, history.stop_s)
    rate = history.delay_rate(np.linspace(first, last, 257))
    return float(np.min(rate)), float(np.max(rate))
