"""Where places on the ground are in an image, and back.

Delay, lag and phase of a place are predicted exactly at Chebyshev nodes in east, north and height,
and are polynomials in between, good to 1e-3 of a cell and 1e-4 of a cycle. The phase, 1e5 cycles
over a scene, keeps them because it is relative to the reference point's: exact fractions have taken
out what is large (see `reference`).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev as cheb

from sim_core.errors import FocusingError
from sim_core.focusing.image import Method
from sim_core.focusing.prediction import PeakPredictor
from sim_core.focusing.reference import FloatArray
from sim_core.geometry.chebyshev_tensor import chebyshev_nodes, series_along
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_function import DelayFunction
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import EarthPoint, surface_up_m
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import Waveform
from sim_core.signal.window import NO_TAPER, Window

# Nodes along east, north and height. Delays are polynomials of degree 4 over tens of kilometres to
# 1e-17 s; the lag is a quotient of them. Air falls off with height: three nodes over 600 m would be
# 0.9 degrees of phase off, five are 3e-4.
_NODES = (7, 7, 5)
# Places along the aperture that a prediction sums over: responses in focus take no more.
_QUADRATURE = 128
_HELD_OUT = 16
# What no image is served by.
_USELESS_CELLS = 0.05
_USELESS_CYCLES = 1.4e-3  # half a degree
# Newton's method from an affine start: the error is squared each time, from 100 m.
_STEPS = 5


@dataclass(frozen=True, slots=True, eq=False)
class SlantGeometry:
    """The map between the ground and an image.

    Places are offsets east and north in the tangent plane's axes of `centre`, and heights above the
    WGS84 ellipsoid (along the plane's normal).

    Parameters
    ----------
    method : {"range-doppler", "deramp", "back-projection"}
        How the image is formed.
    centre : EarthPoint
        Where offsets count from.
    carrier_hz : float
        Carrier of the radar.
    doppler_rate_hz_per_s : float
        By how much the Doppler frequency of what lies at a lag rises with the lag.
    half_east_m, half_north_m : float
        Largest offset to either side.
    height_m : tuple of float
        Lowest and highest height.
    coefficients : ndarray of float64, shape (3, east terms, north terms, height terms)
        Chebyshev tensors of delay and lag, in s, and of the phase beyond ``-carrier_hz * delay``,
        in cycles.
    error_cells : float
        Largest error of delay or lag at held-out places, in cells.
    error_cycles : float
        Largest error of the phase there.
    """

    method: Method
    centre: EarthPoint
    carrier_hz: float
    doppler_rate_hz_per_s: float
    half_east_m: float
    half_north_m: float
    height_m: tuple[float, float]
    coefficients: FloatArray
    error_cells: float
    error_cycles: float

    def slant(
        self, east_m: npt.ArrayLike, north_m: npt.ArrayLike, height_m: npt.ArrayLike = 0.0
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return where places are in the image, and their phase.

        Parameters
        ----------
        east_m, north_m, height_m : array_like of float
            The places; broadcast against each other.

        Returns
        -------
        range_s, azimuth_s : ndarray of float64
            Two-way delay and lag against the reference, in s.
        phase_cycles : ndarray of float64
            Phase that a point of phase zero has at its peak, in cycles; continuous, not reduced.

        Raises
        ------
        FocusingError
            If a place lies outside of the extents.
        """
        x = self._cube(east_m, north_m, height_m)
        range_s, azimuth_s, beyond = (
            np.asarray(cheb.chebval3d(x[0], x[1], x[2], one)) for one in self.coefficients
        )
        return range_s, azimuth_s, beyond - self.carrier_hz * range_s

    def slant_of_grid(
        self, grid: GroundGrid, rows: slice | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return where the places of a grid are in the image, and their phase.

        Parameters
        ----------
        grid : GroundGrid
            The grid, about the same centre.
        rows : slice, optional
            Which rows; all without it.

        Returns
        -------
        range_s, azimuth_s, phase_cycles : ndarray of float64, shape (rows, columns)
            As for `slant`.

        Raises
        ------
        FocusingError
            If a place lies outside of the extents, or the grid is about another centre.
        """
        if grid.centre != self.centre:
            raise FocusingError(
                f"a grid about {grid.centre} does not fit a geometry about {self.centre}",
                "take the same centre for both",
            )
        east, north = grid.east_m(), grid.north_m()[rows if rows is not None else slice(None)]
        if grid.surface == "plane":
            # Heights that change over the grid: place by place.
            height = grid.up_m(rows) - surface_up_m(self.centre, east, north[:, None])
            return self.slant(east, north[:, None], height)
        x = self._cube(east, 0.0, grid.height_m)[0]
        y = self._cube(0.0, north, grid.height_m)[1]
        z = self._cube(0.0, 0.0, grid.height_m)[2]
        at_height = (
            self.coefficients @ cheb.chebvander(float(z), self.coefficients.shape[3] - 1).ravel()
        )
        range_s, azimuth_s, beyond = (np.asarray(cheb.chebgrid2d(y, x, one.T)) for one in at_height)
        return range_s, azimuth_s, beyond - self.carrier_hz * range_s

    def places(
        self,
        range_s: npt.ArrayLike,
        azimuth_s: npt.ArrayLike,
        height_m: npt.ArrayLike = 0.0,
    ) -> tuple[FloatArray, FloatArray]:
        """Return what place on a surface of known height appears at coordinates of the image.

        Parameters
        ----------
        range_s, azimuth_s, height_m : array_like of float
            Coordinates of the image, and the height; broadcast against each other.

        Returns
        -------
        east_m, north_m : ndarray of float64
            To a tenth of a millimetre.

        Raises
        ------
        FocusingError
            If a place lies outside of the extents.
        """
        wanted_s, lag_s, height = (
            np.asarray(one, dtype=np.float64)
            for one in np.broadcast_arrays(range_s, azimuth_s, height_m)
        )
        z = self._normalised(height, *self.height_m)
        shape = wanted_s.shape
        x, y = np.zeros(shape), np.zeros(shape)
        delay, lag = self.coefficients[:2]
        by_x = [cheb.chebder(one, axis=0) for one in (delay, lag)]
        by_y = [cheb.chebder(one, axis=1) for one in (delay, lag)]
        for _ in range(_STEPS):
            # Far outside polynomials run away; the answer is refused anyway.
            x, y = np.clip(x, -1.5, 1.5), np.clip(y, -1.5, 1.5)
            miss_s = wanted_s - cheb.chebval3d(x, y, z, delay)
            miss_lag_s = lag_s - cheb.chebval3d(x, y, z, lag)
            a, b = (cheb.chebval3d(x, y, z, one[0]) for one in (by_x, by_y))
            c, d = (cheb.chebval3d(x, y, z, one[1]) for one in (by_x, by_y))
            determinant = a * d - b * c
            x = x + (d * miss_s - b * miss_lag_s) / determinant
            y = y + (a * miss_lag_s - c * miss_s) / determinant
        east, north = x * self.half_east_m, y * self.half_north_m
        self._cube(east, north, height)
        return east, north

    def _cube(
        self, east_m: npt.ArrayLike, north_m: npt.ArrayLike, height_m: npt.ArrayLike
    ) -> FloatArray:
        """Return places in the cube from -1 to 1, shape (3, ...)."""
        east, north, height = (
            np.asarray(one, dtype=np.float64)
            for one in np.broadcast_arrays(east_m, north_m, height_m)
        )
        cube = np.stack(
            (
                east / self.half_east_m,
                north / self.half_north_m,
                self._normalised(height, *self.height_m),
            )
        )
        outside = ~np.all(np.abs(cube) <= 1.0 + 1e-9, axis=0)
        if np.any(outside):
            first = int(np.argmax(outside))
            raise FocusingError(
                f"the place {east.flat[first]:g} m east, {north.flat[first]:g} m north, "
                f"{height.flat[first]:g} m high lies outside of the slant geometry",
                f"it holds within {self.half_east_m:g} m east and west, {self.half_north_m:g} m "
                f"north and south, at heights of {self.height_m[0]:g} to {self.height_m[1]:g} m",
            )
        return cube

    @staticmethod
    def _normalised(value: FloatArray, low: float, high: float) -> FloatArray:
        return np.asarray((2.0 * value - (low + high)) / (high - low))


def solve_slant_geometry(
    field: DelayField,
    reference: DelayFunction,
    schedule: PulseSchedule,
    waveform: Waveform,
    carrier_hz: float,
    method: Method,
    *,
    half_east_m: float,
    half_north_m: float,
    height_m: tuple[float, float] = (-100.0, 100.0),
    azimuth_window: Window = NO_TAPER,
    renewed: bool = True,
) -> SlantGeometry:
    """Predict peaks all over a scene, and fit the map between.

    Parameters
    ----------
    field : DelayField
        Delays of all places about the scene's centre.
    reference : DelayFunction
        History of the image's reference point.
    schedule : PulseSchedule
        The pulses.
    waveform : Waveform
        Transmitted pulse.
    carrier_hz : float
        Carrier of the radar.
    method : {"range-doppler", "deramp", "back-projection"}
        How the image is formed.
    half_east_m, half_north_m : float
        Extents to either side of the field's centre, within the field.
    height_m : tuple of float
        Lowest and highest height above the ellipsoid.
    azimuth_window : Window
        Taper over the aperture.
    renewed : bool
        Whether the image was focused with this field, as it should be.

    Returns
    -------
    SlantGeometry

    Raises
    ------
    FocusingError
        If the extents are none, or the map is no polynomial.
    DelayFieldError
        If the field does not cover them.
    """
    if not (half_east_m > 0.0 and half_north_m > 0.0 and height_m[0] < height_m[1]):
        raise FocusingError(
            f"a scene of +-{half_east_m} m by +-{half_north_m} m, {height_m[0]} to {height_m[1]} m "
            "high, is none",
            "give positive half extents, and two heights of which the second is higher",
        )
    predictor = PeakPredictor.over(
        reference,
        schedule,
        waveform,
        carrier_hz,
        method,
        azimuth_window=azimuth_window,
        field=field if renewed else None,
        quadrature=_QUADRATURE,
    )
    middle_m, half_m = 0.5 * (height_m[0] + height_m[1]), 0.5 * (height_m[1] - height_m[0])

    doppler_rate_hz_per_s = carrier_hz * predictor.reference.rate_slope_per_s()
    shift_per_s = carrier_hz * waveform.doppler_coupling_s_per_hz * doppler_rate_hz_per_s
    if method == "back-projection":
        shift_per_s = 0.0

    def values(x: float, y: float, z: float) -> tuple[float, float, float]:
        east_m, north_m = x * half_east_m, y * half_north_m
        up_m = float(surface_up_m(field.centre, east_m, north_m, middle_m + z * half_m))
        peak = predictor.peak(field.history(east_m, north_m, up_m))
        # The delay's own phase is 1e5 cycles. Beyond it there is what the waveform couples from
        # Doppler frequency into delay but not into phase, a cycle or so, and little else.
        coupled = shift_per_s * peak.azimuth_s
        own = math.fmod(carrier_hz * peak.range_s, 1.0)
        beyond = math.remainder(peak.phase_rad / math.tau + own + coupled, 1.0) - coupled
        return peak.range_s, peak.azimuth_s, beyond

    nodes = [chebyshev_nodes(count) for count in _NODES]
    tensor = np.array([[[values(x, y, z) for z in nodes[2]] for y in nodes[1]] for x in nodes[0]])
    coefficients = np.moveaxis(tensor, 3, 0)
    for axis in (1, 2, 3):
        coefficients = series_along(coefficients, axis)
    geometry = SlantGeometry(
        method=method,
        centre=field.centre,
        carrier_hz=carrier_hz,
        doppler_rate_hz_per_s=doppler_rate_hz_per_s,
        half_east_m=half_east_m,
        half_north_m=half_north_m,
        height_m=height_m,
        coefficients=coefficients,
        error_cells=0.0,
        error_cycles=0.0,
    )
    between = np.random.default_rng(1).uniform(-1.0, 1.0, (_HELD_OUT, 3))
    split = predictor.reference
    cells = np.array([waveform.bandwidth_hz, split.rate_span * carrier_hz])
    error_cells = error_cycles = 0.0
    for x, y, z in between.tolist():
        exact = np.array(values(x, y, z))
        found = np.array([cheb.chebval3d(x, y, z, one) for one in coefficients])
        error_cells = max(error_cells, float(np.max(np.abs(found - exact)[:2] * cells)))
        # Of the whole phase: the delay's error counts by the carrier.
        whole = (found - exact)[2] - carrier_hz * (found - exact)[0]
        error_cycles = max(error_cycles, abs(float(whole)))
    if error_cells > _USELESS_CELLS or error_cycles > _USELESS_CYCLES:
        raise FocusingError(
            f"the map between ground and image is no polynomial: it is off by {error_cells:.2g} "
            f"cells and {error_cycles:.2g} cycles",
            "focus the image with the field of the places, or make the scene smaller",
        )
    return replace(geometry, error_cells=error_cells, error_cycles=error_cycles)
