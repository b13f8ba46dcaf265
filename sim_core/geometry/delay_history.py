"""The two-way delay of one target as a smooth function of transmit time.

A `DelayHistory` is a piecewise Chebyshev expansion of the solved light times, about a reference
that is exactly a binary fraction. Phases are formed from the small remainder: at 23 GHz a two-way
delay is 5e10 cycles, and a double of that size would be good to a few degrees only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numba
import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import EpochError
from sim_core.geometry.chebyshev import series
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import MotionModel, Station

FloatArray = npt.NDArray[np.float64]

# The line of sight turns by 7e-5 rad/s: over a segment of 64 s a series of degree 9 is exact to
# 1e-25 s, and 32 nodes average the noise of the light times down.
_SEGMENT_S = 64.0
_DEGREE = 9
_NODES = 32


@dataclass(frozen=True, slots=True, eq=False)
class DelayHistory:
    """Two-way delay against transmit time on the radar's clock.

    Parameters
    ----------
    epoch : Epoch
        Zero of the transmit times.
    start_s, stop_s : float
        Span of transmit times for which it holds.
    reference_delay_s : float
        About which the two-way delay is expanded; half of it serves the downlink.
    coefficients : ndarray of float64, shape (3, segments, degree + 1)
        Chebyshev series of the two-way delay less its reference, and of its first and second
        derivative, in segments of equal length.
    downlink_coefficients : ndarray of float64, shape (segments, degree + 1)
        The same for the downlink less half the reference.
    error_s : float
        Largest difference from light times solved at independent instants, the noise of those
        (2e-16 s) included.
    """

    epoch: Epoch
    start_s: float
    stop_s: float
    reference_delay_s: float
    coefficients: FloatArray
    downlink_coefficients: FloatArray
    error_s: float

    def delay_s(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the two-way delay of what leaves at a transmit time.

        Parameters
        ----------
        transmit_s : array_like of float
            Transmit times from the epoch, in s.

        Returns
        -------
        ndarray of float64, same shape

        Raises
        ------
        EpochError
            If a transmit time lies outside the history's span (also for the other evaluations).
        """
        return self.reference_delay_s + self._evaluate(self.coefficients[0], transmit_s)

    def relative_delay_s(self, transmit_s: npt.ArrayLike, reference_s: Fraction) -> FloatArray:
        """Return the two-way delay less an exact reference, without cancellation.

        Parameters
        ----------
        transmit_s : array_like of float
            Transmit times from the epoch, in s.
        reference_s : Fraction
            Exact reference near the delay, such as a whole number of sample ticks.

        Returns
        -------
        ndarray of float64, same shape
            Good to 1e-19 s plus the history's own error if the reference is within 1 ms.
        """
        between_s = float(Fraction(self.reference_delay_s) - reference_s)
        return between_s + self._evaluate(self.coefficients[0], transmit_s)

    def delay_rate(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the derivative of the two-way delay against transmit time, in s/s."""
        return self._evaluate(self.coefficients[1], transmit_s)

    def delay_acceleration(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the second derivative of the two-way delay against transmit time, in 1/s."""
        return self._evaluate(self.coefficients[2], transmit_s)

    def downlink_s(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the light time from the site to the target."""
        return 0.5 * self.reference_delay_s + self._evaluate(self.downlink_coefficients, transmit_s)

    def doppler_hz(self, transmit_s: npt.ArrayLike, carrier_hz: float) -> FloatArray:
        """Return the Doppler shift of the echo of what leaves at a transmit time.

        Parameters
        ----------
        transmit_s : array_like of float
            Transmit times from the epoch, in s.
        carrier_hz : float
            Transmitted frequency.

        Returns
        -------
        ndarray of float64, same shape
            Received less transmitted frequency: ``-f tau' / (1 + tau')``, since what leaves within
            dt arrives within ``(1 + tau') dt``.
        """
        rate = self.delay_rate(transmit_s)
        return -carrier_hz * rate / (1.0 + rate)

    def _evaluate(self, coefficients: FloatArray, transmit_s: npt.ArrayLike) -> FloatArray:
        times = np.asarray(transmit_s, dtype=np.float64)
        flat = np.ascontiguousarray(times.ravel())
        if flat.size and not (self.start_s <= flat.min() and flat.max() <= self.stop_s):
            raise EpochError(
                f"transmit times {flat.min():g} to {flat.max():g} s lie outside the delay history",
                f"it holds from {self.start_s:g} to {self.stop_s:g} s",
            )
        return _evaluate(coefficients, self.start_s, self.stop_s, flat).reshape(times.shape)


@numba.njit(cache=True, nogil=True)
def _evaluate(
    coefficients: FloatArray, start_s: float, stop_s: float, transmit_s: FloatArray
) -> FloatArray:
    segments = coefficients.shape[0]
    length_s = (stop_s - start_s) / segments
    values = np.empty_like(transmit_s)
    for k in range(transmit_s.size):
        elapsed_s = transmit_s[k] - start_s
        segment = min(int(elapsed_s / length_s), segments - 1)
        x = 2.0 * (elapsed_s - segment * length_s) / length_s - 1.0
        values[k] = series(coefficients[segment], x)[0]
    return values


def solve_delay_history(
    model: MotionModel,
    site: Station,
    target: Station,
    epoch: Epoch,
    start_s: float,
    stop_s: float,
    clock: LunarClock | None = None,
) -> DelayHistory:
    """Solve the two-way light time over a span and expand it.

    Parameters
    ----------
    model : MotionModel
        Covers the span.
    site, target : Station
        Principal-axis coordinates on the Moon, ITRS coordinates on the Earth, in m.
    epoch : Epoch
        Zero of the transmit times.
    start_s, stop_s : float
        Span of transmit times.
    clock : LunarClock, optional
        Clock of the radar, set to zero at the epoch. Without one, transmit times and delays are in
        TDB.

    Returns
    -------
    DelayHistory
    """

    def legs(transmit_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        return legs_on_clock(model, site, target, epoch, transmit_s, clock)

    return _expand(legs, epoch, start_s, stop_s)


def legs_on_clock(
    model: MotionModel,
    site: Station,
    target: Station,
    epoch: Epoch,
    transmit_s: FloatArray,
    clock: LunarClock | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Solve both legs for transmit times on the radar's clock.

    Parameters
    ----------
    model, site, target, epoch, clock
        As for `solve_delay_history`.
    transmit_s : ndarray of float64, shape (pulses,)
        Transmit times from the epoch, in s.

    Returns
    -------
    downlink_s, uplink_s : ndarray of float64, shape (pulses,)
        Light times in seconds of the radar's clock.
    """
    tdb_s = transmit_s if clock is None else clock.tdb_s(transmit_s)
    solved = two_way_light_times(model, site, target, *epoch.split(tdb_s))
    if clock is None:
        return solved.downlink_s, solved.uplink_s
    pace = clock.rate_offset(tdb_s + solved.downlink_s)  # at the bounce, mid-way
    return (
        solved.downlink_s + pace * solved.downlink_s,
        solved.uplink_s + pace * solved.uplink_s,
    )


def _expand(
    legs: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    epoch: Epoch,
    start_s: float,
    stop_s: float,
) -> DelayHistory:
    segments = max(1, math.ceil((stop_s - start_s) / _SEGMENT_S))
    length_s = (stop_s - start_s) / segments
    nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    lefts_s = start_s + length_s * np.arange(segments)

    def remainders(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        transmit_s = lefts_s[:, None] + 0.5 * length_s * (1.0 + x[None, :])
        down_s, up_s = legs(transmit_s.ravel())
        down_s, up_s = down_s - half_s, up_s - half_s  # exact: all within a factor of two
        return (down_s + up_s).reshape(segments, -1), down_s.reshape(segments, -1)

    first_down_s, first_up_s = legs(np.array([0.5 * (start_s + stop_s)]))
    # 2^-21 s: half a reference then has few digits, and is subtracted without rounding.
    half_s = round(0.5 * float(first_down_s[0] + first_up_s[0]) * 2.0**21) / 2.0**21
    delay, downlink = (cheb.chebfit(nodes, r.T, _DEGREE).T for r in remainders(nodes))
    per_second = 2.0 / length_s
    rate = np.zeros_like(delay)
    rate[:, :-1] = cheb.chebder(delay, axis=1) * per_second
    acceleration = np.zeros_like(delay)
    acceleration[:, :-2] = cheb.chebder(delay, 2, axis=1) * per_second**2

    # Instants between the nodes, the segments' ends included: nothing there entered the fit.
    between = np.cos(np.pi * np.arange(_NODES + 1) / _NODES)
    check = cheb.chebval(between, delay.T)
    error_s = float(np.max(np.abs(check - remainders(between)[0])))
    return DelayHistory(
        epoch=epoch,
        start_s=start_s,
        stop_s=stop_s,
        reference_delay_s=2.0 * half_s,
        coefficients=np.ascontiguousarray(np.stack((delay, rate, acceleration))),
        downlink_coefficients=np.ascontiguousarray(downlink),
        error_s=error_s,
    )
