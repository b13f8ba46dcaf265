"""Two-way delays of all places about a scene's centre, from exactly solved ones.

A scene has more places than can be solved one by one. Their delays are a very smooth function of
place and transmit time: a `DelayField` is its Chebyshev tensor in east, north, height and time,
through histories solved at the nodes. All that the solver knows - light time, tide, air, the
radar's clock - is then in it.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Never

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import DelayFieldError
from sim_core.geometry.chebyshev_tensor import chebyshev_nodes, contract, series_along
from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.sites import EarthPoint

FloatArray = npt.NDArray[np.float64]

# A place in the cube from -1 to 1 of east, north and height.
_Point = tuple[float, float, float]

# The third coordinate of the tensor is the height over a sphere that touches the tangent plane: the
# air follows the ground's curvature, and a scene is no taller for being wide.
_EARTH_RADIUS_M = 6.371e6

# Solved histories have about 1e-17 s of noise. A coefficient below the first bound says no more
# than that, and ends a series; one below the second is left out of the tensor.
_CONVERGED_S = 3e-17
_NEGLIGIBLE_S = 8e-18

# Solved places on a line along which the degree of an axis is looked for: the next if it has not
# converged on the first.
_LINE_PLACES = (9, 17, 33)
# Through the middle of the field, and along edges of it.
_LINES = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (-1.0, 1.0, -1.0))

# Nodes in time per segment of a history, which is a polynomial of degree 7.
_TIME_NODES = 16

# Held-out places on which the error is measured besides the corners, and transmit times at each.
_HELD_OUT_PLACES = 16
_HELD_OUT_TIMES = 33
# Places on the edge may come out beyond it by rounding.
_EDGE = 1.0 + 1e-12

# What no scene is served by: 2 degrees of phase at 23 GHz.
_USELESS_S = 2.5e-13


@dataclass(frozen=True, slots=True, eq=False)
class DelayField:
    """Two-way delays of the places about a scene's centre, less that of a reference history.

    Places are given by their offsets in the tangent plane's axes of the centre, as in
    `EarthPoint.offset`. Delays and derivatives are against transmit time on the radar's clock, like
    those of `DelayHistory`.

    Parameters
    ----------
    reference : DelayHistory
        What the delays are relative to: usually the history of the centre.
    centre : EarthPoint
        Where offsets count from.
    start_s, stop_s : float
        Span of transmit times for which it holds.
    half_east_m, half_north_m : float
        Largest offset to either side.
    up_m : tuple of float
        Lowest and highest offset upwards in the middle. Off it both are lower by the curvature of
        the Earth, so that limits of the terrain's height are limits for all of it.
    coefficients : ndarray of float64, shape (east_terms, north_terms, up_terms, time_terms)
        Chebyshev tensor of the delay less the reference's at the same transmit time, in s.
    error_s : float
        Largest difference from exactly solved histories at places that did not enter the tensor.
    """

    reference: DelayHistory
    centre: EarthPoint
    start_s: float
    stop_s: float
    half_east_m: float
    half_north_m: float
    up_m: tuple[float, float]
    coefficients: FloatArray
    error_s: float

    @property
    def terms(self) -> int:
        """Terms of the series in transmit time."""
        return int(self.coefficients.shape[3])

    def covers(
        self, east_m: npt.ArrayLike, north_m: npt.ArrayLike, up_m: npt.ArrayLike
    ) -> npt.NDArray[np.bool_]:
        """Tell whether places lie within the field.

        Parameters
        ----------
        east_m, north_m, up_m : array_like of float
            Offsets from the centre; they are broadcast against each other.

        Returns
        -------
        ndarray of bool, shape of the broadcast offsets
        """
        return np.asarray(np.all(np.abs(self._cube(east_m, north_m, up_m)) <= _EDGE, axis=0))

    def time_coefficients(
        self, east_m: npt.ArrayLike, north_m: npt.ArrayLike, up_m: npt.ArrayLike
    ) -> FloatArray:
        """Return the delays of places as Chebyshev series in transmit time.

        Parameters
        ----------
        east_m, north_m, up_m : array_like of float
            Offsets from the centre; they are broadcast against each other and made one row each.

        Returns
        -------
        ndarray of float64, shape (places, terms)
            Series over ``start_s .. stop_s`` of the delay less the reference's, in s. Plain
            compiled code that releases the interpreter's lock, so that threads may share places
            out.

        Raises
        ------
        DelayFieldError
            If a place lies outside the field.
        """
        cube = self._cube(east_m, north_m, up_m).reshape(3, -1)
        outside = ~np.all(np.abs(cube) <= _EDGE, axis=0)
        if outside.any():
            self._refuse(int(np.argmax(outside)), east_m, north_m, up_m)
        return np.asarray(contract(self.coefficients, cube))

    def relative_delay_s(
        self,
        east_m: npt.ArrayLike,
        north_m: npt.ArrayLike,
        up_m: npt.ArrayLike,
        transmit_s: npt.ArrayLike,
    ) -> FloatArray:
        """Return delays less the reference history's at the same transmit times.

        Parameters
        ----------
        east_m, north_m, up_m : array_like of float
            Offsets from the centre; broadcast and made one row each.
        transmit_s : array_like of float, shape (times,)
            Transmit times.

        Returns
        -------
        ndarray of float64, shape (places, times)

        Raises
        ------
        DelayFieldError
            If a place or a time lies outside the field.
        """
        series = self.time_coefficients(east_m, north_m, up_m)
        return np.asarray(cheb.chebval(np.atleast_1d(self.normalised_time(transmit_s)), series.T))

    def history(self, east_m: float, north_m: float, up_m: float) -> "FieldHistory":
        """Return the delay history of one place.

        Raises
        ------
        DelayFieldError
            If the place lies outside the field.
        """
        return FieldHistory(self, self.time_coefficients(east_m, north_m, up_m)[0])

    def normalised_time(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the argument, from -1 to 1, of the series at transmit times.

        Raises
        ------
        DelayFieldError
            If a time lies outside the field's span.
        """
        times = np.asarray(transmit_s, dtype=np.float64)
        if times.size and not (self.start_s <= times.min() and times.max() <= self.stop_s):
            raise DelayFieldError(
                f"transmit times {times.min():g} to {times.max():g} s lie outside the delay field",
                f"it holds from {self.start_s:g} to {self.stop_s:g} s",
            )
        return np.asarray(
            (2.0 * times - (self.start_s + self.stop_s)) / (self.stop_s - self.start_s)
        )

    def _cube(
        self, east_m: npt.ArrayLike, north_m: npt.ArrayLike, up_m: npt.ArrayLike
    ) -> FloatArray:
        """Return places in the cube from -1 to 1, shape (3, ...)."""
        east, north, up = np.broadcast_arrays(
            *(np.asarray(axis, dtype=np.float64) for axis in (east_m, north_m, up_m))
        )
        low_m, high_m = self.up_m
        height_m = up + (east * east + north * north) / (2.0 * _EARTH_RADIUS_M)
        return np.stack(
            (
                east / self.half_east_m,
                north / self.half_north_m,
                (2.0 * height_m - (low_m + high_m)) / (high_m - low_m),
            )
        )

    def _refuse(
        self, first: int, east_m: npt.ArrayLike, north_m: npt.ArrayLike, up_m: npt.ArrayLike
    ) -> Never:
        east, north, up = (
            float(axis.flat[first])
            for axis in np.broadcast_arrays(*map(np.asarray, (east_m, north_m, up_m)))
        )
        raise DelayFieldError(
            f"the place {east:g} m east, {north:g} m north, {up:g} m up lies outside the delay "
            "field",
            f"it holds within {self.half_east_m:g} m east and west, {self.half_north_m:g} m north "
            f"and south, {self.up_m[0]:g} to {self.up_m[1]:g} m up",
        )


@dataclass(frozen=True, slots=True, eq=False)
class FieldHistory:
    """The delay history of one place of a field; evaluates like a `DelayHistory`.

    Parameters
    ----------
    field : DelayField
        Where it is from.
    series : ndarray of float64, shape (terms,)
        Delay less the field's reference, a Chebyshev series over the field's span.
    """

    field: DelayField
    series: FloatArray

    @property
    def start_s(self) -> float:
        """First transmit time for which it holds."""
        return self.field.start_s

    @property
    def stop_s(self) -> float:
        """Last transmit time for which it holds."""
        return self.field.stop_s

    def delay_s(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the two-way delay of what leaves at transmit times."""
        return self.field.reference.delay_s(transmit_s) + self.difference_s(transmit_s)

    def relative_delay_s(self, transmit_s: npt.ArrayLike, reference_s: Fraction) -> FloatArray:
        """Return the two-way delay less an exact reference, without cancellation."""
        of_reference = self.field.reference.relative_delay_s(transmit_s, reference_s)
        return of_reference + self.difference_s(transmit_s)

    def delay_rate(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the derivative of the two-way delay against transmit time, in s/s."""
        return self.field.reference.delay_rate(transmit_s) + self.difference_s(transmit_s, 1)

    def delay_acceleration(self, transmit_s: npt.ArrayLike) -> FloatArray:
        """Return the second derivative of the two-way delay against transmit time, in 1/s."""
        return self.field.reference.delay_acceleration(transmit_s) + self.difference_s(
            transmit_s, 2
        )

    def doppler_hz(self, transmit_s: npt.ArrayLike, carrier_hz: float) -> FloatArray:
        """Return the Doppler shift of the echo; see `DelayHistory.doppler_hz`."""
        rate = self.delay_rate(transmit_s)
        return -carrier_hz * rate / (1.0 + rate)

    def difference_s(self, transmit_s: npt.ArrayLike, order: int = 0) -> FloatArray:
        """Return the delay less the reference's, or that difference's derivative of an order."""
        per_second = 2.0 / (self.stop_s - self.start_s)
        series = cheb.chebder(self.series, order) * per_second**order
        return np.asarray(cheb.chebval(self.field.normalised_time(transmit_s), series))


def solve_delay_field(
    solve: Callable[[EarthPoint], DelayHistory],
    reference: DelayHistory,
    centre: EarthPoint,
    half_east_m: float,
    half_north_m: float,
    up_m: tuple[float, float] = (-500.0, 9000.0),
) -> DelayField:
    """Solve the delays of all places about a centre.

    The degree of each axis follows from the decay of the coefficients along lines through the
    middle and two corners, that of time from the tensor's own.

    Parameters
    ----------
    solve : callable
        Solves the exact history of a place, over the reference's span at least.
    reference : DelayHistory
        What the delays are to be relative to.
    centre : EarthPoint
        Where offsets count from.
    half_east_m, half_north_m : float
        Largest offset to either side.
    up_m : tuple of float
        Lowest and highest offset upwards; see `DelayField`.

    Returns
    -------
    DelayField

    Raises
    ------
    DelayFieldError
        If the extents are none, or no polynomial of a reasonable degree follows the delays.
    """
    if not (
        all(0.0 < half_m <= 1e6 for half_m in (half_east_m, half_north_m))
        and -1e5 <= up_m[0] < up_m[1] <= 1e5
    ):
        raise DelayFieldError(
            f"a field of +-{half_east_m:g} m by +-{half_north_m:g} m, {up_m[0]:g} to {up_m[1]:g} m "
            "up, holds no places",
            "give half extents up to 1000 km, and heights within 100 km of which the second is "
            "above the first",
        )
    box = _Box(solve, reference, centre, half_east_m, half_north_m, up_m)
    time_x = chebyshev_nodes(_TIME_NODES * reference.coefficients.shape[1])
    axes = [chebyshev_nodes(1 + _degree(box, axis, time_x)) for axis in range(3)]
    tensor = np.array(
        [[[box.difference_s((e, n, u), time_x) for u in axes[2]] for n in axes[1]] for e in axes[0]]
    )
    for axis in range(4):
        tensor = series_along(tensor, axis)
    tensor[np.max(np.abs(tensor), axis=3) < _NEGLIGIBLE_S] = 0.0
    terms = 1 + _last_above(np.max(np.abs(tensor), axis=(0, 1, 2)), _NEGLIGIBLE_S)
    field = DelayField(
        reference=reference,
        centre=centre,
        start_s=reference.start_s,
        stop_s=reference.stop_s,
        half_east_m=half_east_m,
        half_north_m=half_north_m,
        up_m=up_m,
        coefficients=np.ascontiguousarray(tensor[..., :terms]),
        error_s=0.0,
    )
    error_s = _held_out_error_s(field, box)
    if error_s > _USELESS_S:
        raise DelayFieldError(
            f"the field of +-{half_east_m:g} m by +-{half_north_m:g} m is {error_s:.1g} s off the "
            "solved delays",
            "make it smaller",
        )
    return replace(field, error_s=error_s)


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    """Solved differences from the reference at points of the cube from -1 to 1."""

    solve: Callable[[EarthPoint], DelayHistory]
    reference: DelayHistory
    centre: EarthPoint
    half_east_m: float
    half_north_m: float
    up_m: tuple[float, float]

    def offset_m(self, point: _Point) -> tuple[float, float, float]:
        """Return east, north and up of a point of the cube."""
        east_m, north_m = point[0] * self.half_east_m, point[1] * self.half_north_m
        low_m, high_m = self.up_m
        height_m = low_m + 0.5 * (1.0 + point[2]) * (high_m - low_m)
        return east_m, north_m, height_m - _sag_m(east_m, north_m)

    def times_s(self, time_x: FloatArray) -> FloatArray:
        """Return transmit times, within the span to the last digit."""
        start_s, stop_s = self.reference.start_s, self.reference.stop_s
        times_s = 0.5 * ((1.0 - time_x) * start_s + (1.0 + time_x) * stop_s)
        return np.clip(times_s, start_s, stop_s)

    def difference_s(self, point: _Point, time_x: FloatArray) -> FloatArray:
        """Solve a place and return its delays less the reference's."""
        solved = self.solve(self.centre.offset(*self.offset_m(point)))
        times_s, about_s = self.times_s(time_x), Fraction(self.reference.reference_delay_s)
        return solved.relative_delay_s(times_s, about_s) - self.reference.relative_delay_s(
            times_s, about_s
        )


def _degree(box: _Box, axis: int, time_x: FloatArray) -> int:
    """Return the degree after which series along an axis of the cube have converged."""
    for places in _LINE_PLACES:
        degree = 0
        for line in _LINES:
            points = [(*line[:axis], float(x), *line[axis + 1 :]) for x in chebyshev_nodes(places)]
            values = np.array([box.difference_s((p[0], p[1], p[2]), time_x) for p in points])
            series = series_along(values, 0)
            degree = max(degree, _last_above(np.max(np.abs(series), axis=1), _CONVERGED_S))
        if degree < places - 2:
            return degree
    raise DelayFieldError(
        f"the delays are no polynomial of degree {_LINE_PLACES[-1] - 3} in "
        f"{('east', 'north', 'height')[axis]}",
        "make the field smaller in that direction, or leave out what makes a step in it",
    )


def _held_out_error_s(field: DelayField, box: _Box) -> float:
    """Return the largest difference from solved delays where the tensor was not made from."""
    # The corners, where polynomials err most, and places in between: always the same ones.
    corners = list(itertools.product((-1.0, 1.0), repeat=3))
    between = np.random.default_rng(1).uniform(-1.0, 1.0, (_HELD_OUT_PLACES, 3))
    time_x = np.linspace(-1.0, 1.0, _HELD_OUT_TIMES)
    error_s = 0.0
    for east, north, height in [*corners, *between.tolist()]:
        point = (east, north, height)
        found = field.history(*box.offset_m(point)).difference_s(box.times_s(time_x))
        error_s = max(error_s, float(np.max(np.abs(found - box.difference_s(point, time_x)))))
    return error_s


def _sag_m(east_m: float, north_m: float) -> float:
    """Return how far a sphere that touches the tangent plane lies below it."""
    return (east_m * east_m + north_m * north_m) / (2.0 * _EARTH_RADIUS_M)


def _last_above(sizes: FloatArray, bound: float) -> int:
    return int(np.max(np.nonzero(sizes > bound)[0], initial=0))
