"""Where a site on the Moon and a point on the Earth stand in each other's sky, and what hides them.

Elevation angles alone are geometric, of one instant: they decide whether a link exists. Look angles
are those of the light: where it is aimed at when it leaves, and from where it comes when it is
there, light time and aberration included.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError, NotVisibleError
from sim_core.geometry.chebyshev import displacement, position_and_velocity
from sim_core.geometry.earth_orientation import earth_fixed_to_celestial
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import two_way
from sim_core.geometry.link_motion import Vector
from sim_core.geometry.lunar_orientation import (
    mean_earth_to_principal_axes,
    moon_fixed_to_celestial,
)
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    require_covered,
    site_state,
    site_station,
    target_state,
    target_station,
)
from sim_core.geometry.sites import LUNAR_RADIUS_M, EarthPoint, LunarSite

FloatArray = npt.NDArray[np.float64]

# Ellipsoid of the Earth's limb: WGS84.
_EARTH_RADIUS_M = 6378137.0
_EARTH_STRETCH = 1.0 / (1.0 - 1.0 / 298.257223563)


def _instants(
    model: MotionModel, epoch: Epoch, seconds: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return days and seconds of times from an epoch that a model covers."""
    times_s = np.atleast_1d(np.asarray(seconds, dtype=np.float64))
    if not np.isfinite(times_s).all():
        raise EpochError(
            "a time that is not finite is no instant", "give seconds from the epoch as numbers"
        )
    day, second = epoch.split(times_s)
    require_covered(model, day, second)
    return day, second


@numba.njit(cache=True, nogil=True)
def _elevations(
    model: MotionModel,
    site: Station,
    site_up: Station,
    target: Station,
    target_up: Station,
    day: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    angles = np.empty((2, day.size))
    for k in range(day.size):
        s = site_state(model, site, day[k], second[k])
        t = target_state(model, target, day[k], second[k])
        us = moon_fixed_to_celestial(
            model.ephemeris.librations, day[k], second[k], site_up.x, site_up.y, site_up.z
        )
        ut = earth_fixed_to_celestial(
            model.orientation, day[k], second[k], target_up.x, target_up.y, target_up.z
        )
        dx, dy, dz = t[0] - s[0], t[1] - s[1], t[2] - s[2]
        distance = math.sqrt(dx * dx + dy * dy + dz * dz)
        angles[0, k] = math.asin((us[0] * dx + us[1] * dy + us[2] * dz) / distance)
        angles[1, k] = math.asin(-(ut[0] * dx + ut[1] * dy + ut[2] * dz) / distance)
    return angles


def elevation_angles(
    model: MotionModel, site: LunarSite, target: EarthPoint, epoch: Epoch, seconds: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how high the two ends of a link stand in each other's sky.

    Parameters
    ----------
    model : MotionModel
        Covers the instants.
    site, target : LunarSite, EarthPoint
        The two ends.
    epoch : Epoch
        Zero of the times.
    seconds : array_like of float, shape (instants,)
        Times from the epoch, in s.

    Returns
    -------
    at_site_rad, at_target_rad : ndarray of float64, shape (instants,)
        Elevation of the target above the site's horizon (a plane normal to the Moon's radius), and
        of the site above the target's (normal to the ellipsoid). Geometric: light time, refraction
        and terrain are left out.

    Raises
    ------
    EpochError
        If an instant is not finite or the model does not cover it.
    """
    day, second = _instants(model, epoch, seconds)
    ephemeris = model.ephemeris
    at_site, at_target = _elevations(
        model,
        site_station(ephemeris, site),
        Station(*mean_earth_to_principal_axes(ephemeris, site.up()).tolist()),
        target_station(target),
        Station(*target.east_north_up()[2].tolist()),
        day,
        second,
    )
    return at_site, at_target


class LookAngles(NamedTuple):
    """Directions of the light between site and target, arrays of shape (instants,).

    Attributes
    ----------
    site_elevation_rad, site_azimuth_rad : ndarray of float64
        Where a pulse is aimed at when it leaves the site: above the plane normal to the Moon's
        radius, and from the Moon's north (mean-Earth pole) clockwise, 0 to 2 pi.
    target_elevation_rad, target_azimuth_rad : ndarray of float64
        From where it comes when it reaches the target: above the plane normal to the ellipsoid,
        and from north clockwise.
    behind_moon, behind_earth : ndarray of bool
        Whether the Moon's limb or the Earth's is in the way.
    """

    site_elevation_rad: FloatArray
    site_azimuth_rad: FloatArray
    target_elevation_rad: FloatArray
    target_azimuth_rad: FloatArray
    behind_moon: npt.NDArray[np.bool_]
    behind_earth: npt.NDArray[np.bool_]


def look_angles(
    model: MotionModel, site: LunarSite, target: EarthPoint, epoch: Epoch, transmit_s: npt.ArrayLike
) -> LookAngles:
    """Return in which directions light goes from the site to the target.

    Parameters
    ----------
    model : MotionModel
        Covers the instants.
    site, target : LunarSite, EarthPoint
        The two ends.
    epoch : Epoch
        Zero of the times.
    transmit_s : array_like of float, shape (instants,)
        Times from the epoch at which the light leaves the site, in s of TDB.

    Returns
    -------
    LookAngles
        Light time and aberration (20 arc seconds) are in them, refraction and terrain are not. The
        limb of the Moon is the sphere of 1737.4 km, that of the Earth the WGS84 ellipsoid; either
        goes through an end that lies below it.

    Raises
    ------
    EpochError
        If an instant is not finite or the model does not cover it.
    """
    day, second = _instants(model, epoch, transmit_s)
    site_east, site_north, site_up = (
        Station(*mean_earth_to_principal_axes(model.ephemeris, axis).tolist())
        for axis in site.east_north_up()
    )
    east, north, up = (Station(*axis.tolist()) for axis in target.east_north_up())
    angles, hidden = _look(
        model,
        site_station(model.ephemeris, site),
        (site_east, site_north, site_up),
        target_station(target),
        (east, north, up),
        day,
        second,
    )
    return LookAngles(*angles, *hidden)


@numba.njit(cache=True, nogil=True)
def _look(
    model: MotionModel,
    site: Station,
    site_axes: tuple[Station, Station, Station],
    target: Station,
    target_axes: tuple[Station, Station, Station],
    day: FloatArray,
    second: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    angles = np.empty((4, day.size))
    hidden = np.empty((2, day.size), np.bool_)
    to_east_north_up = np.empty((2, 3, 3))
    share = model.ephemeris.earth_share
    for k in range(day.size):
        down_s = two_way(model, site, target, day[k], second[k])[0]
        bounce = second[k] + down_s
        s = site_state(model, site, day[k], second[k])
        t = target_state(model, target, day[k], bounce)
        m = displacement(model.ephemeris.barycentre, day[k], second[k], down_s)
        b = position_and_velocity(model.ephemeris.barycentre, day[k], second[k])
        x, y, z = m[0] + (t[0] - s[0]), m[1] + (t[1] - s[1]), m[2] + (t[2] - s[2])
        distance = math.sqrt(x * x + y * y + z * z)
        line = (x / distance, y / distance, z / distance)
        for j in range(3):
            at_site, at_target = site_axes[j], target_axes[j]
            e = moon_fixed_to_celestial(
                model.ephemeris.librations, day[k], second[k], at_site.x, at_site.y, at_site.z
            )
            to_east_north_up[0, j] = e[:3]
            e = earth_fixed_to_celestial(
                model.orientation, day[k], bounce, at_target.x, at_target.y, at_target.z
            )
            to_east_north_up[1, j] = e[:3]
        leaves = _in_motion(line, (s[3] + b[3], s[4] + b[4], s[5] + b[5]))
        arrives = _in_motion(line, (t[3] + b[3], t[4] + b[4], t[5] + b[5]))
        angles[0, k], angles[1, k] = _elevation_azimuth(to_east_north_up[0], leaves)
        source = (-arrives[0], -arrives[1], -arrives[2])
        angles[2, k], angles[3, k] = _elevation_azimuth(to_east_north_up[1], source)

        g = position_and_velocity(model.ephemeris.moon, day[k], second[k])
        from_moon = (
            s[0] - (1.0 - share) * g[0], s[1] - (1.0 - share) * g[1], s[2] - (1.0 - share) * g[2]
        )  # fmt: skip
        hidden[0, k] = _meets(from_moon, line, LUNAR_RADIUS_M)
        g = position_and_velocity(model.ephemeris.moon, day[k], bounce)
        from_earth = (t[0] + share * g[0], t[1] + share * g[1], t[2] + share * g[2])
        # Along its axis the ellipsoid is stretched to a sphere, and the line of sight with it.
        p = earth_fixed_to_celestial(model.orientation, day[k], bounce, 0.0, 0.0, 1.0)
        pole = (p[0], p[1], p[2])
        back = _stretched((-line[0], -line[1], -line[2]), pole)
        hidden[1, k] = _meets(_stretched(from_earth, pole), back, _EARTH_RADIUS_M)
    return angles, hidden


@numba.njit(cache=True)
def _in_motion(direction: Vector, velocity: Vector) -> Vector:
    """Return a direction of light as it is for one who moves: relativistic aberration."""
    bx = velocity[0] / SPEED_OF_LIGHT_M_PER_S
    by = velocity[1] / SPEED_OF_LIGHT_M_PER_S
    bz = velocity[2] / SPEED_OF_LIGHT_M_PER_S
    gamma = 1.0 / math.sqrt(1.0 - (bx * bx + by * by + bz * bz))
    along = direction[0] * bx + direction[1] * by + direction[2] * bz
    push = gamma / (gamma + 1.0) * along - 1.0
    shrink = 1.0 / (1.0 - along)
    return (
        shrink * (direction[0] / gamma + push * bx),
        shrink * (direction[1] / gamma + push * by),
        shrink * (direction[2] / gamma + push * bz),
    )


@numba.njit(cache=True)
def _elevation_azimuth(axes: FloatArray, direction: Vector) -> tuple[float, float]:
    """Return the angles of a direction against the axes east, north, up."""
    east = axes[0, 0] * direction[0] + axes[0, 1] * direction[1] + axes[0, 2] * direction[2]
    north = axes[1, 0] * direction[0] + axes[1, 1] * direction[1] + axes[1, 2] * direction[2]
    up = axes[2, 0] * direction[0] + axes[2, 1] * direction[1] + axes[2, 2] * direction[2]
    azimuth = math.atan2(east, north)
    if azimuth < 0.0:
        azimuth += 2.0 * math.pi
    return math.atan2(up, math.hypot(east, north)), azimuth


@numba.njit(cache=True)
def _stretched(vector: Vector, pole: Vector) -> Vector:
    """Stretch a vector along the Earth's axis as it takes to make the ellipsoid a sphere."""
    along = vector[0] * pole[0] + vector[1] * pole[1] + vector[2] * pole[2]
    more = (_EARTH_STRETCH - 1.0) * along
    return vector[0] + more * pole[0], vector[1] + more * pole[1], vector[2] + more * pole[2]


@numba.njit(cache=True)
def _meets(start: Vector, direction: Vector, radius_m: float) -> bool:
    """Tell whether a ray from outside or on a sphere goes through it.

    A start below the sphere is taken to be on the surface.
    """
    along = start[0] * direction[0] + start[1] * direction[1] + start[2] * direction[2]
    length = direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2
    square = start[0] ** 2 + start[1] ** 2 + start[2] ** 2
    nearest = square - along * along / length
    return along < 0.0 and nearest < min(radius_m * radius_m, square)


def require_visible(
    model: MotionModel, site: LunarSite, target: EarthPoint, epoch: Epoch, seconds: npt.ArrayLike
) -> None:
    """Refuse a site and a target that do not see each other all the time.

    Parameters
    ----------
    model, site, target, epoch, seconds
        As for `elevation_angles`.

    Raises
    ------
    NotVisibleError
        If the target is below the site's horizon (a site on the far side) or the site below the
        target's (a target behind the Earth's limb) at any of the instants.
    """
    at_site, at_target = elevation_angles(model, site, target, epoch, seconds)
    lowest = math.degrees(float(at_site.min()))
    if lowest <= 0.0:
        raise NotVisibleError(
            f"the site ({site.latitude_deg:g}, {site.longitude_deg:g}) deg does not see the "
            f"target: the Earth stands {lowest:.2f} deg above its horizon",
            "choose a site on the near side, within about 80 deg of (0, 0)",
            "site",
        )
    lowest = math.degrees(float(at_target.min()))
    if lowest <= 0.0:
        raise NotVisibleError(
            f"the target ({target.latitude_deg:.4g}, {target.longitude_deg:.4g}) deg is behind the "
            f"Earth's limb: the Moon stands {lowest:.2f} deg above its horizon",
            "choose a target or an epoch at which the Moon is up there",
            "target",
        )
