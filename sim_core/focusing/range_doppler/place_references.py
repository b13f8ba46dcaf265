"""References for every place of a range-Doppler image, from the delays of all places.

A range-Doppler image has the *zero-Doppler coordinates* of what lies in it: the lag a is the time
at which a point's delay in the linear frame is stationary, the range r its delay then, both against
the reference point. They exist for each place by itself. So every place can have its own azimuth
filter, and the filters agree on where places are: renewing the reference moves nothing.

How the filters differ is mostly the Doppler rate, ``kappa = eps''`` at the stationary time. It
changes along the range *and* along the lag, the latter because lines of equal range are not lines
of equal north. The change along the lag is nearly linear, and a cubic phase over the pulses, the
*skew*, takes it out for all points at once: with ``eps + gamma t^3 / 6`` instead of eps the Doppler
rate of a point at lag a is ``kappa + gamma a`` (the idea of nonlinear chirp scaling: F. Wong and
T. Yeo, IEEE Trans. GRS 39, 946, 2001). All the formulas hold for the skewed delays.
Formulas: docs/algorithms/range-doppler.md.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import FocusingError
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_function import DelayFunction
from sim_core.geometry.sites import surface_up_m

# Places along each side of the field from which the maps are fitted, and their degree.
_PLACES = 13
_DEGREE = 5
# Newton's method for the stationary time squares its error, which starts below a second.
_STEPS = 8
# A microsecond within the span: sums of slow time and middle must not round to beyond the ends.
_INWARDS_S = 1e-6


@dataclass(frozen=True, slots=True)
class SkewedHistory:
    """A delay history to which a cubic in slow time is added.

    Parameters
    ----------
    history : DelayFunction
        The history.
    middle_s : float
        Transmit time at which slow time is zero.
    skew_per_s2 : float
        Third derivative of the cubic.
    """

    history: DelayFunction
    middle_s: float
    skew_per_s2: float

    @property
    def start_s(self) -> float:
        """First transmit time that it holds for."""
        return self.history.start_s

    @property
    def stop_s(self) -> float:
        """Last transmit time that it holds for."""
        return self.history.stop_s

    def relative_delay_s(self, transmit_s: FloatArray, reference_s: Fraction) -> FloatArray:
        """Return the skewed delay minus a reference."""
        time = transmit_s - self.middle_s
        return (
            self.history.relative_delay_s(transmit_s, reference_s) + self.skew_per_s2 * time**3 / 6
        )

    def delay_rate(self, transmit_s: FloatArray) -> FloatArray:
        """Return its derivative by transmit time."""
        time = transmit_s - self.middle_s
        return self.history.delay_rate(transmit_s) + self.skew_per_s2 * time**2 / 2

    def delay_acceleration(self, transmit_s: FloatArray) -> FloatArray:
        """Return its second derivative by transmit time, in 1/s."""
        time = transmit_s - self.middle_s
        return self.history.delay_acceleration(transmit_s) + self.skew_per_s2 * time


@dataclass(frozen=True, slots=True)
class ZeroDoppler:
    """Where a point is in a range-Doppler image.

    Parameters
    ----------
    range_s : float
        Skewed delay in the linear frame where it is stationary, against the reference point's.
    lag_s : float
        That time, against the reference point's.
    curvature_per_s : float
        Second derivative of the skewed delay then: Doppler rate over carrier.
    """

    range_s: float
    lag_s: float
    curvature_per_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Map:
    """A polynomial in range and lag, fitted to places."""

    middle: FloatArray  # of range and lag
    half: FloatArray
    coefficients: FloatArray

    @classmethod
    def fit(cls, range_s: FloatArray, lag_s: FloatArray, values: FloatArray) -> "_Map":
        ends = np.array([[np.min(x), np.max(x)] for x in (range_s, lag_s)])
        middle, half = ends.mean(axis=1), 0.5 * (ends[:, 1] - ends[:, 0])
        x, y = (range_s - middle[0]) / half[0], (lag_s - middle[1]) / half[1]
        basis = cheb.chebvander2d(x, y, [_DEGREE, _DEGREE])
        # Terms up to the total degree: the places fill a parallelogram, whose corners are empty.
        order = np.add.outer(np.arange(_DEGREE + 1), np.arange(_DEGREE + 1)).ravel()
        kept = order <= _DEGREE
        coefficients = np.zeros(order.size)
        coefficients[kept] = np.linalg.lstsq(basis[:, kept], values)[0]
        return cls(middle, half, coefficients.reshape(_DEGREE + 1, _DEGREE + 1))

    def __call__(self, range_s: FloatArray, lag_s: FloatArray) -> FloatArray:
        x = (range_s - self.middle[0]) / self.half[0]
        y = (lag_s - self.middle[1]) / self.half[1]
        # Beyond the places it goes on along its tangents: a polynomial would run away.
        edge_x, edge_y = np.clip(x, -1.0, 1.0), np.clip(y, -1.0, 1.0)
        along_x, along_y = (cheb.chebder(self.coefficients, axis=axis) for axis in (0, 1))
        return np.asarray(
            cheb.chebval2d(edge_x, edge_y, self.coefficients)
            + cheb.chebval2d(edge_x, edge_y, along_x) * (x - edge_x)
            + cheb.chebval2d(edge_x, edge_y, along_y) * (y - edge_y)
        )


@dataclass(frozen=True, slots=True, eq=False)
class PlaceReferences:
    """The references of all places on the ground about the reference point.

    Parameters
    ----------
    field : DelayField
        Delays of the places.
    reference : Reference
        The image's reference point, skewed.
    skew_per_s2 : float
        The skew gamma: third derivative of the cubic that is added to all delays.
    height_m : float
        Height above the ellipsoid of the ground on which the references lie. Heights move points
        in range; they hardly change the filter.
    """

    field: DelayField
    reference: Reference
    skew_per_s2: float
    height_m: float
    _zero: tuple[float, float]  # stationary time of the reference point, and its delay then
    _maps: tuple[_Map, _Map, _Map]  # east, north, and the inverse of the curvature

    @classmethod
    def over(cls, field: DelayField, reference: Reference) -> "PlaceReferences":
        """Choose the skew, and map the ground into the image.

        Parameters
        ----------
        field : DelayField
            Delays about the reference point.
        reference : Reference
            The image's reference point.

        Raises
        ------
        FocusingError
            If the field has no places whose stationary time it holds.
        """
        unskewed = cls._of(field, reference, 0.0)
        step_s = 0.25 * float(unskewed._maps[2].half[1])
        inverse = unskewed.inverse_curvature_s(np.zeros(2), np.array([-step_s, step_s]))
        slope = float(1.0 / inverse[1] - 1.0 / inverse[0]) / (2.0 * step_s)
        return cls._of(field, reference, -slope)

    @classmethod
    def _of(cls, field: DelayField, reference: Reference, skew_per_s2: float) -> "PlaceReferences":
        middle_s = reference.aperture.middle_s
        skewed = replace(reference, history=SkewedHistory(reference.history, middle_s, skew_per_s2))
        zero = _stationary(skewed, skewed.history)
        if zero is None:
            raise FocusingError(
                "the reference point's Doppler frequency is nowhere the middle of its band",
                "compute its history over the whole aperture",
            )
        height_m = field.centre.height_m
        side = np.linspace(-1.0, 1.0, _PLACES)
        east, north = np.stack(
            np.meshgrid(side * field.half_east_m, side * field.half_north_m)
        ).reshape(2, -1)
        up = surface_up_m(field.centre, east, north, height_m)
        rows = []
        for place in zip(east, north, up, strict=True):
            history = SkewedHistory(field.history(*place), middle_s, skew_per_s2)
            found = _stationary(skewed, history)
            if found is not None:
                rows.append((*place[:2], found[1] - zero[1], found[0] - zero[0], 1.0 / found[2]))
        if len(rows) < 2 * (_DEGREE + 1) ** 2:
            raise FocusingError(
                f"of {_PLACES**2} places of the delay field only {len(rows)} have their zero "
                f"Doppler time between {field.start_s:g} and {field.stop_s:g} s",
                "make the field smaller, or its histories longer",
            )
        east, north, range_s, lag_s, inverse = np.array(rows).T
        return cls(
            field=field,
            reference=skewed,
            skew_per_s2=skew_per_s2,
            height_m=height_m,
            _zero=zero[:2],
            _maps=(
                _Map.fit(range_s, lag_s, east),
                _Map.fit(range_s, lag_s, north),
                _Map.fit(range_s, lag_s, inverse),
            ),
        )

    def skewed(self, history: DelayFunction) -> SkewedHistory:
        """Return a history with the skew."""
        return SkewedHistory(history, self.reference.aperture.middle_s, self.skew_per_s2)

    def coordinates(self, history: DelayFunction) -> ZeroDoppler | None:
        """Return where a point is in the image.

        Parameters
        ----------
        history : DelayFunction
            Its history, without the skew.

        Returns
        -------
        ZeroDoppler or None
            None where its zero Doppler time lies outside of its history.
        """
        found = _stationary(self.reference, self.skewed(history))
        if found is None:
            return None
        return ZeroDoppler(found[1] - self._zero[1], found[0] - self._zero[0], found[2])

    def inverse_curvature_s(self, range_s: FloatArray, lag_s: FloatArray) -> FloatArray:
        """Return one over the curvature of what lies at coordinates of the image."""
        return self._maps[2](range_s, lag_s)

    def place_m(self, range_s: FloatArray, lag_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return east and north of what lies at coordinates of the image, to a metre or so."""
        return self._maps[0](range_s, lag_s), self._maps[1](range_s, lag_s)

    def inside(self, range_s: FloatArray, lag_s: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell whether coordinates are those of places in the field."""
        middle, half = self._maps[2].middle, self._maps[2].half
        east, north = self.place_m(range_s, lag_s)
        known = (np.abs(range_s - middle[0]) <= half[0]) & (np.abs(lag_s - middle[1]) <= half[1])
        return np.asarray(
            known
            & (np.abs(east) <= self.field.half_east_m)
            & (np.abs(north) <= self.field.half_north_m)
        )

    def at(self, range_s: float, lag_s: float) -> Reference:
        """Return the skewed reference of what lies at coordinates of the image, or nearest to it.

        Its own coordinates differ from those asked for by what `place_m` leaves.
        """
        east, north = self.place_m(np.array(range_s), np.array(lag_s))
        east_m = float(np.clip(east, -self.field.half_east_m, self.field.half_east_m))
        north_m = float(np.clip(north, -self.field.half_north_m, self.field.half_north_m))
        up_m = float(surface_up_m(self.field.centre, east_m, north_m, self.height_m))
        return replace(
            self.reference, history=self.skewed(self.field.history(east_m, north_m, up_m))
        )

    def place_of(self, reference: Reference) -> ZeroDoppler:
        """Return where a reference made by `at` is in the image."""
        found = _stationary(self.reference, reference.history)
        if found is None:
            raise FocusingError(
                "a place's zero Doppler time lies outside of the delay field",
                "make the field's histories longer",
            )
        return ZeroDoppler(found[1] - self._zero[1], found[0] - self._zero[0], found[2])


def _stationary(frame: Reference, history: DelayFunction) -> tuple[float, float, float] | None:
    """Return where a delay is stationary in the frame, that delay, and its second derivative."""
    middle_s = frame.aperture.middle_s
    first, last = history.start_s - middle_s + _INWARDS_S, history.stop_s - middle_s - _INWARDS_S
    time = np.zeros(1)
    for _ in range(_STEPS):
        rate = history.delay_rate(middle_s + time) - frame.walk
        time = np.clip(time - rate / history.delay_acceleration(middle_s + time), first, last)
    if not first < time[0] < last:
        return None
    delay = frame.beyond_base_s(history, time) - frame.walk * time
    curvature = history.delay_acceleration(middle_s + time)
    return float(time[0]), float(delay[0]), float(curvature[0])
