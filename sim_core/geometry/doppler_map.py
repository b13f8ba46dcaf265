"""Doppler shift and its rate for many lunar sites and epochs, and what they are made of.

The shift is that of an instant, eq. 1 of the paper: ``f_d = -(2/lambda) dR/dt`` with the distance R
between the site and a point fixed to the Earth, no light time. Its parts (eqs 4 to 6) are the
Moon's motion against axes at rest, and the Earth's rotation:

    f_m = -(2/lambda) <V, R_mp - R_ep>/|..|,    f_e = -(2/lambda) <W, R_mp x R_ep>/|..|.

Conventions and figures: docs/algorithms/doppler.md.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import CoordinateError
from sim_core.geometry.earth_ellipsoid import WGS84_EQUATORIAL_M, WGS84_POLAR_M
from sim_core.geometry.ephemeris import Ephemeris
from sim_core.geometry.lunar_orientation import mean_earth_to_principal_axes
from sim_core.geometry.moon_over_earth import MoonOverEarth
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from sim_core.geometry.sites import LUNAR_RADIUS_M, EarthPoint
from sim_core.geometry.steering import TrackVelocity

FloatArray = npt.NDArray[np.float64]

_QUANTITIES = 4  # shift, part of the Moon, part of the Earth, rate


@dataclass(frozen=True, slots=True, eq=False)
class SiteGrid:
    """Lunar sites at the crossings of latitudes and longitudes, on the sphere of 1737.4 km.

    Attributes
    ----------
    latitude_deg : ndarray of float64, shape (latitudes,)
    longitude_deg : ndarray of float64, shape (longitudes,)
        Planetocentric, mean-Earth frame.
    principal_axes_m : ndarray of float64, shape (latitudes, longitudes, 3)
        Principal-axis coordinates.
    """

    latitude_deg: FloatArray
    longitude_deg: FloatArray
    principal_axes_m: FloatArray


def site_grid(
    ephemeris: Ephemeris, latitude_deg: npt.ArrayLike, longitude_deg: npt.ArrayLike
) -> SiteGrid:
    """Return the sites at the crossings of latitudes and longitudes.

    Parameters
    ----------
    ephemeris : Ephemeris
        Whose principal axes are wanted.
    latitude_deg, longitude_deg : array_like of float, shapes (latitudes,) and (longitudes,)
        Planetocentric coordinates in the mean-Earth frame; longitudes of -90 to 90 deg are the
        near side.

    Raises
    ------
    CoordinateError
        If a coordinate is no place.
    """
    latitude = np.atleast_1d(np.asarray(latitude_deg, dtype=np.float64))
    longitude = np.atleast_1d(np.asarray(longitude_deg, dtype=np.float64))
    if not ((np.abs(latitude) <= 90.0).all() and (np.abs(longitude) <= 360.0).all()):
        raise CoordinateError(
            "a site of the grid is no place",
            "give latitudes of -90 to 90 deg and longitudes of -180 to 360 deg",
        )
    lat, lon = np.deg2rad(latitude)[:, None], np.deg2rad(longitude)[None, :]
    up = np.stack(
        np.broadcast_arrays(np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)),
        axis=-1,
    )
    to_axes = np.array([mean_earth_to_principal_axes(ephemeris, axis) for axis in np.eye(3)])
    return SiteGrid(latitude, longitude, LUNAR_RADIUS_M * up @ to_axes)


@dataclass(frozen=True, slots=True, eq=False)
class DopplerSeries:
    """Doppler shift of sites against time, arrays of shape (latitudes, longitudes, epochs).

    Attributes
    ----------
    grid : SiteGrid
        The sites.
    elapsed_s : ndarray of float64, shape (epochs,)
        The instants, in s of TDB from the epoch of the motion.
    carrier_hz : float
        Carrier.
    shift_hz : ndarray of float64
        Doppler shift, positive when approaching.
    moon_hz, earth_hz : ndarray of float64
        Its parts: motion of the site against axes at rest, rotation of the Earth.
    rate_hz_per_s : ndarray of float64
        Derivative of the shift for the point of the ground that is seen.
    """

    grid: SiteGrid
    elapsed_s: FloatArray
    carrier_hz: float
    shift_hz: FloatArray
    moon_hz: FloatArray
    earth_hz: FloatArray
    rate_hz_per_s: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Largest, mean and smallest value over the epochs, arrays of shape (latitudes, longitudes).

    The mean is that of the trapezoidal rule: the first and the last epoch count half, so that over
    a whole number of periods, both ends included, none counts twice.
    """

    largest: FloatArray
    mean: FloatArray
    smallest: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class DopplerMap:
    """Doppler shift of sites over a span of time.

    Attributes
    ----------
    grid : SiteGrid
        The sites.
    carrier_hz : float
        Carrier.
    shift_hz, moon_hz, earth_hz, rate_hz_per_s : Spread
        As for `DopplerSeries`, over the epochs.
    """

    grid: SiteGrid
    carrier_hz: float
    shift_hz: Spread
    moon_hz: Spread
    earth_hz: Spread
    rate_hz_per_s: Spread


def doppler_series(
    moon: MoonOverEarth,
    grid: SiteGrid,
    carrier_hz: float,
    aim: EarthPoint | None = None,
    velocity_of: TrackVelocity = "site",
) -> DopplerSeries:
    """Return the Doppler shift of sites against time.

    Parameters
    ----------
    moon : MoonOverEarth
        At the epochs.
    grid : SiteGrid
        The sites.
    carrier_hz : float
        Carrier.
    aim : EarthPoint, optional
        Point of the Earth, whether it is in sight or not. Without one the antenna is aimed at the
        Earth's centre and sees the point of the WGS84 ellipsoid before it.
    velocity_of : {"site", "moon_centre"}
        Whose velocity counts: that of the site, or that of the Moon's centre.

    Returns
    -------
    DopplerSeries
        Holds four numbers for each site and epoch; `doppler_map` needs none of that memory.
    """
    shape = (*grid.principal_axes_m.shape[:2], moon.elapsed_s.size)
    series = np.empty((_QUANTITIES, *shape))
    _fill_series(
        *_arguments(moon, grid, carrier_hz, aim, velocity_of),
        series.reshape(_QUANTITIES, -1, shape[2]),
    )
    return DopplerSeries(grid, moon.elapsed_s, carrier_hz, *series)


def doppler_map(
    moon: MoonOverEarth,
    grid: SiteGrid,
    carrier_hz: float,
    aim: EarthPoint | None = None,
    velocity_of: TrackVelocity = "site",
) -> DopplerMap:
    """Return the spread of the Doppler shift of sites over a span of time.

    Parameters
    ----------
    moon, grid, carrier_hz, aim, velocity_of
        As for `doppler_series`; epochs in even steps.

    Returns
    -------
    DopplerMap
    """
    shape = grid.principal_axes_m.shape[:2]
    spread = np.empty((_QUANTITIES, 3, *shape))
    _fill_spread(
        *_arguments(moon, grid, carrier_hz, aim, velocity_of),
        spread.reshape(_QUANTITIES, 3, -1),
    )
    return DopplerMap(grid, carrier_hz, *(Spread(*quantity) for quantity in spread))


_Motion = tuple[FloatArray, ...]


def _arguments(
    moon: MoonOverEarth,
    grid: SiteGrid,
    carrier_hz: float,
    aim: EarthPoint | None,
    velocity_of: TrackVelocity,
) -> tuple[_Motion, FloatArray, float, FloatArray, bool]:
    motion = (
        moon.centre_m, moon.centre_m_per_s, moon.centre_m_per_s2,
        moon.axes, moon.axes_per_s, moon.axes_per_s2, moon.spin_rad_per_s,
    )  # fmt: skip
    point_m = np.full(3, np.nan) if aim is None else aim.earth_fixed_m()
    sites_m = np.ascontiguousarray(grid.principal_axes_m.reshape(-1, 3))
    factor = 2.0 * carrier_hz / SPEED_OF_LIGHT_M_PER_S
    return motion, sites_m, factor, point_m, velocity_of == "moon_centre"


@numba.njit(cache=True, forceinline=True)
def _turned(matrix: FloatArray, vector: FloatArray) -> tuple[float, float, float]:
    x, y, z = vector[0], vector[1], vector[2]
    return (
        matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] * z,
        matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] * z,
        matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] * z,
    )


@numba.njit(cache=True, error_model="numpy", forceinline=True)
def _doppler(
    motion: _Motion,
    k: int,
    site_m: FloatArray,
    factor: float,
    point_m: FloatArray,
    of_centre: bool,
) -> tuple[float, float, float, float]:
    """Return shift, parts of Moon and Earth, and rate, of one site at one epoch."""
    centre, centre_1, centre_2, axes, axes_1, axes_2, spin = motion
    ox, oy, oz = _turned(axes[k], site_m)
    px, py, pz = _turned(axes_1[k], site_m)
    qx, qy, qz = _turned(axes_2[k], site_m)
    wx, wy, wz = spin[k, 0], spin[k, 1], spin[k, 2]
    x, y, z = centre[k, 0] + ox, centre[k, 1] + oy, centre[k, 2] + oz
    vx, vy, vz = centre_1[k, 0] + px, centre_1[k, 1] + py, centre_1[k, 2] + pz
    ax, ay, az = centre_2[k, 0] + qx, centre_2[k, 1] + qy, centre_2[k, 2] + qz
    if of_centre:  # without what the Moon's turning gives the site, against axes at rest
        vx -= px + (wy * oz - wz * oy)
        vy -= py + (wz * ox - wx * oz)
        vz -= pz + (wx * oy - wy * ox)
        ax -= qx + (wy * pz - wz * py)
        ay -= qy + (wz * px - wx * pz)
        az -= qz + (wx * py - wy * px)
    # Velocity against axes at rest: u + W x r.
    ux, uy, uz = vx + (wy * z - wz * y), vy + (wz * x - wx * z), vz + (wx * y - wy * x)
    ex, ey, ez = point_m[0], point_m[1], point_m[2]
    if math.isnan(ex):
        across = (x * x + y * y) / WGS84_EQUATORIAL_M**2 + z * z / WGS84_POLAR_M**2
        share = 1.0 / math.sqrt(across)
        ex, ey, ez = share * x, share * y, share * z
    dx, dy, dz = x - ex, y - ey, z - ez
    per_m = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
    moon = (dx * ux + dy * uy + dz * uz) * per_m
    earth = wx * (y * ez - z * ey) + wy * (z * ex - x * ez) + wz * (x * ey - y * ex)
    approach = (dx * vx + dy * vy + dz * vz) * per_m
    square = vx * vx + vy * vy + vz * vz
    rate = (dx * ax + dy * ay + dz * az + square - approach * approach) * per_m
    return -factor * approach, -factor * moon, -factor * earth * per_m, -factor * rate


@numba.njit(cache=True, parallel=True, error_model="numpy")
def _fill_series(
    motion: _Motion,
    sites_m: FloatArray,
    factor: float,
    point_m: FloatArray,
    of_centre: bool,
    series: FloatArray,
) -> None:
    for n in numba.prange(sites_m.shape[0]):
        for k in range(motion[0].shape[0]):
            values = _doppler(motion, k, sites_m[n], factor, point_m, of_centre)
            series[0, n, k], series[1, n, k] = values[0], values[1]
            series[2, n, k], series[3, n, k] = values[2], values[3]


@numba.njit(cache=True, parallel=True, error_model="numpy")
def _fill_spread(
    motion: _Motion,
    sites_m: FloatArray,
    factor: float,
    point_m: FloatArray,
    of_centre: bool,
    spread: FloatArray,
) -> None:
    epochs = motion[0].shape[0]
    for n in numba.prange(sites_m.shape[0]):
        largest, smallest = np.full(4, -np.inf), np.full(4, np.inf)
        total = np.zeros(4)
        for k in range(epochs):
            weight = 0.5 if epochs > 1 and (k == 0 or k == epochs - 1) else 1.0
            values = _doppler(motion, k, sites_m[n], factor, point_m, of_centre)
            for j in range(4):
                value = values[j]
                largest[j] = max(largest[j], value)
                smallest[j] = min(smallest[j], value)
                total[j] += weight * value
        for j in range(4):
            spread[j, 0, n], spread[j, 2, n] = largest[j], smallest[j]
            spread[j, 1, n] = total[j] / max(1.0, epochs - 1.0)
