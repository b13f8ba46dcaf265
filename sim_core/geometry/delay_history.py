"""The two-way delay of one target as a smooth function of transmit time.

A `DelayHistory` is a piecewise Chebyshev expansion of the solved light times, about a reference
that is exactly a binary fraction. Phases are formed from the small remainder: at 23 GHz a two-way
delay is 5e10 cycles, and a double of that size would be good to a few degrees only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import EpochError
from sim_core.geometry.chebyshev import series
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S, MotionModel, Station

FloatArray = npt.NDArray[np.float64]

# Downlink and uplink in s at transmit times.
_Legs = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

# Degree 7 over 256 s leaves less than 1e-22 s (see `_truncation_s`). The rest of the error is the
# noise of the solved light times, about 1e-16 s; 2048 of them take it down to 6e-18 s rms.
_SEGMENT_S = 256.0
_DEGREE = 7
_NODES = 2048

# What turns in the line of sight: the Earth, and nothing faster.
_EARTH_SPIN_RAD_PER_S = 7.2921e-5
_EARTH_RADIUS_M = 6.4e6

# What is added on the way is smooth, small, and costs more to evaluate.
_ADDED_NODES = 32


class AddedDelay(Protocol):
    """What comes to the light times on the way; `path_terms.PathTerms` is one."""

    def added_s(self, tdb_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what is added to downlink and uplink at transmit times in s of TDB."""
        ...


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
        Largest error of the expansion: its difference from a second one, fitted to light times at
        other instants, plus the bound of what the truncated series leave out. Of the expansion,
        not of the model.
    noise_s : float
        Root mean square difference of those light times from the expansion: the rounding of
        single light times, which the expansion has averaged away.
    """

    epoch: Epoch
    start_s: float
    stop_s: float
    reference_delay_s: float
    coefficients: FloatArray
    downlink_coefficients: FloatArray
    error_s: float
    noise_s: float

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
            Transmitted frequency. With an ionosphere in the history only the one that it was
            solved for: the electrons' part depends on it.

        Returns
        -------
        ndarray of float64, same shape
            Received less transmitted frequency: ``-f tau' / (1 + tau')``, since what leaves within
            dt arrives within ``(1 + tau') dt``.
        """
        rate = self.delay_rate(transmit_s)
        return -carrier_hz * rate / (1.0 + rate)

    def transmit_at_receive_s(self, receive_s: npt.ArrayLike) -> FloatArray:
        """Return when that leaves which is received at a time.

        Parameters
        ----------
        receive_s : array_like of float
            Receive times from the epoch, in s.

        Returns
        -------
        ndarray of float64, same shape
            The solution u of ``u + tau(u) = t``, to two units in its last place.

        Raises
        ------
        EpochError
            If a receive time is not that of a transmit time within the history's span.
        """
        received = np.asarray(receive_s, dtype=np.float64)
        ends = np.array((self.start_s, self.stop_s))
        first, last = ends + self.delay_s(ends)
        if received.size and not (first <= received.min() and received.max() <= last):
            raise EpochError(
                f"receive times {received.min():g} to {received.max():g} s lie outside the delay "
                "history",
                f"it holds from {first:g} to {last:g} s",
            )
        left = np.clip(received - self.reference_delay_s, self.start_s, self.stop_s)
        # The delay changes by 1e-5 of the time by which u is off, and Newton's method knows that:
        # the second step starts from less than 1e-9 s.
        for _ in range(3):
            excess = (left - received) + self.delay_s(left)
            left = np.clip(left - excess / (1.0 + self.delay_rate(left)), self.start_s, self.stop_s)
        return np.asarray(left)

    def delay_at_receive_s(self, receive_s: npt.ArrayLike) -> FloatArray:
        """Return the two-way delay of what is received at a time."""
        return self.delay_s(self.transmit_at_receive_s(receive_s))

    def doppler_at_receive_hz(self, receive_s: npt.ArrayLike, carrier_hz: float) -> FloatArray:
        """Return the Doppler shift of what is received at a time; see `doppler_hz`."""
        return self.doppler_hz(self.transmit_at_receive_s(receive_s), carrier_hz)

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
    path: AddedDelay | None = None,
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
    path : AddedDelay, optional
        What comes to the light times on the way: tide, air, electrons.

    Returns
    -------
    DelayHistory

    Raises
    ------
    EpochError
        If the span is empty or the model does not cover it.
    """

    def legs(transmit_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        return legs_on_clock(model, site, target, epoch, transmit_s, clock)

    def added(transmit_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        assert path is not None
        return path.added_s(transmit_s if clock is None else clock.tdb_s(transmit_s))

    return _expand(legs, None if path is None else added, epoch, start_s, stop_s)


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
    legs: _Legs,
    added: _Legs | None,
    epoch: Epoch,
    start_s: float,
    stop_s: float,
) -> DelayHistory:
    if not start_s < stop_s:  # refuses NaN as well
        raise EpochError(
            f"a delay history from {start_s:g} to {stop_s:g} s spans nothing",
            "give a span that begins before it ends",
        )
    segments = max(1, math.ceil((stop_s - start_s) / _SEGMENT_S))
    length_s = (stop_s - start_s) / segments
    lefts_s = start_s + length_s * np.arange(segments)
    first_down_s, first_up_s = legs(np.array([0.5 * (start_s + stop_s)]))
    # 2^-21 s: half a reference then has few digits, and is subtracted without rounding.
    half_s = round(0.5 * float(first_down_s[0] + first_up_s[0]) * 2.0**21) / 2.0**21

    def at(x: FloatArray, both: _Legs) -> tuple[FloatArray, FloatArray]:
        transmit_s = lefts_s[:, None] + 0.5 * length_s * (1.0 + x[None, :])
        down_s, up_s = both(transmit_s.ravel())
        return (down_s + up_s).reshape(segments, -1), down_s.reshape(segments, -1)

    def remainders(transmit_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        down_s, up_s = legs(transmit_s)
        return down_s - half_s, up_s - half_s  # exact: all within a factor of two

    nodes, between = _Nodes(_NODES, extrema=False), _Nodes(_NODES, extrema=True)
    delay, downlink = (nodes.series_of(values) for values in at(nodes.x, remainders))
    # Instants between the nodes, the segments' ends included: nothing there entered the fit. A fit
    # to them has noise of its own, but as little as the first; single light times have 15 times it.
    solved = at(between.x, remainders)[0]
    apart = cheb.chebval(between.x, (between.series_of(solved) - delay).T)
    noise = solved - cheb.chebval(between.x, delay.T)
    error_s = float(np.max(np.abs(apart))) + _truncation_s(0.5 * length_s)
    if added is not None:
        # Free of noise, so that the difference from it at other instants is the error.
        nodes, between = _Nodes(_ADDED_NODES, extrema=False), _Nodes(_ADDED_NODES, extrema=True)
        more, more_down = (nodes.series_of(values) for values in at(nodes.x, added))
        missed = cheb.chebval(between.x, more.T) - at(between.x, added)[0]
        delay, downlink = delay + more, downlink + more_down
        error_s += float(np.max(np.abs(missed)))
    per_second = 2.0 / length_s
    rate = np.zeros_like(delay)
    rate[:, :-1] = cheb.chebder(delay, axis=1) * per_second
    acceleration = np.zeros_like(delay)
    acceleration[:, :-2] = cheb.chebder(delay, 2, axis=1) * per_second**2

    return DelayHistory(
        epoch=epoch,
        start_s=start_s,
        stop_s=stop_s,
        reference_delay_s=2.0 * half_s,
        coefficients=np.ascontiguousarray(np.stack((delay, rate, acceleration))),
        downlink_coefficients=np.ascontiguousarray(downlink),
        error_s=error_s,
        noise_s=float(np.sqrt(np.mean(noise * noise))),
    )


class _Nodes:
    """Chebyshev nodes at which a series is determined: zeros of a polynomial, or its extrema.

    The polynomials are orthogonal over either, so that a least-squares series is a weighted sum; at
    the extrema, which contain both ends, the ends count half.
    """

    def __init__(self, count: int, *, extrema: bool) -> None:
        angle = np.pi * (np.arange(count + extrema) + (0.0 if extrema else 0.5)) / count
        self.x = np.cos(angle)
        self._weighted = np.cos(np.arange(_DEGREE + 1)[:, None] * angle) * (2.0 / count)
        self._weighted[0] *= 0.5
        if extrema:
            self._weighted[:, [0, -1]] *= 0.5

    def series_of(self, values: FloatArray) -> FloatArray:
        """Return the series of each row of values."""
        # Without BLAS, whose threads take longer to wake up than this takes.
        return np.asarray(np.einsum("kn,sn->sk", self._weighted, values, optimize=False))


def _truncation_s(half_length_s: float) -> float:
    """Bound what a series of a segment leaves out.

    Interpolation at Chebyshev nodes errs by ``h^(n+1) / (2^n (n+1)!)`` times the largest derivative
    of order ``n + 1``. A radius r that turns at the rate w, seen from the distance D, makes
    ``r (mw)^(n+1) (r/D)^(m-1)`` of it by its m-th harmonic; the sum over m is below 9 times its
    first term for n = 7 and r/D = 1/54. Both legs count.
    """
    order = _DEGREE + 1
    turned = half_length_s * _EARTH_SPIN_RAD_PER_S
    size_s = 2.0 * 9.0 * _EARTH_RADIUS_M / SPEED_OF_LIGHT_M_PER_S
    return size_s * turned**order / (2.0**_DEGREE * math.factorial(order))
