"""Steering of the beam into the zero-Doppler plane, and where it meets the Earth.

The plane is normal to the track: the velocity of the *site* in the Earth-fixed frame. A track from
the velocity of the Moon's centre leaves out the site's own 4.6 m/s and turns the beam off zero
Doppler by tens of seconds of aperture.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sim_core.errors import PointingError
from sim_core.geometry.earth_ellipsoid import (
    WGS84_EQUATORIAL_M,
    WGS84_POLAR_M,
    ray_to_ellipsoid,
)
from sim_core.geometry.earth_orientation import earth_fixed_to_celestial
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import MotionModel, Station, site_state, target_state
from sim_core.geometry.sites import EarthPoint

FloatArray = npt.NDArray[np.float64]
Side = Literal["north", "south"]
SIDES: tuple[Side, Side] = ("north", "south")


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The radar's motion over the Earth at an instant, in the Earth-fixed frame (ITRS).

    Parameters
    ----------
    position_m : ndarray of float64, shape (3,)
        Site from the Earth's centre.
    velocity_m_per_s : ndarray of float64, shape (3,)
        Its velocity against the rotating Earth.
    """

    position_m: FloatArray
    velocity_m_per_s: FloatArray


def track_over_earth(model: MotionModel, site: Station, epoch: Epoch) -> Track:
    """Return the position and velocity of a lunar site in the Earth-fixed frame.

    Parameters
    ----------
    model : MotionModel
        Covers the epoch.
    site : Station
        Principal-axis coordinates in m.
    epoch : Epoch
        Instant; positions of both bodies are taken at it (no light time).

    Returns
    -------
    Track
    """
    day, second = epoch.day, epoch.second
    axes = np.array(
        [earth_fixed_to_celestial(model.orientation, day, second, *axis) for axis in np.eye(3)]
    )
    to_earth_fixed, turning = axes[:, :3], axes[:, 3:]
    centre = np.array(target_state(model, Station(0.0, 0.0, 0.0), day, second))
    offset = np.array(site_state(model, site, day, second)) - centre
    position_m = to_earth_fixed @ offset[:3]
    velocity_m_per_s = to_earth_fixed @ offset[3:] + turning @ offset[:3]
    return Track(position_m, velocity_m_per_s)


def zero_doppler_direction(track: Track, look_angle_rad: float, side: Side) -> FloatArray:
    """Return the direction of a beam in the zero-Doppler plane.

    Parameters
    ----------
    track : Track
        Motion of the site over the Earth.
    look_angle_rad : float
        Angle off the direction to the Earth's centre, inside that plane. (The centre itself lies up
        to 0.2 deg off the plane; the angle counts from its projection.)
    side : {"north", "south"}
        Which way the beam is turned.

    Returns
    -------
    ndarray of float64, shape (3,)
        Unit vector from the site, Earth-fixed axes.
    """
    along = track.velocity_m_per_s / np.linalg.norm(track.velocity_m_per_s)
    inward = -track.position_m / np.linalg.norm(track.position_m)
    inward = inward - (inward @ along) * along
    inward /= np.linalg.norm(inward)
    across = np.cross(along, inward)
    if (across[2] > 0.0) != (side == "north"):
        across = -across
    return np.asarray(math.cos(look_angle_rad) * inward + math.sin(look_angle_rad) * across)


def meet_earth(origin_m: FloatArray, direction: FloatArray) -> EarthPoint:
    """Return where a ray first meets the WGS84 ellipsoid.

    Parameters
    ----------
    origin_m : ndarray of float64, shape (3,)
        Start of the ray, Earth-fixed.
    direction : ndarray of float64, shape (3,)
        Unit vector.

    Returns
    -------
    EarthPoint

    Raises
    ------
    PointingError
        If the ray misses the Earth.
    """
    x, y, z = origin_m.tolist()
    point = ray_to_ellipsoid((x, y, z), tuple(direction.tolist()))
    if not math.isnan(point[0]):
        return EarthPoint.from_earth_fixed(point)
    squeeze = 1.0 / np.array((WGS84_EQUATORIAL_M, WGS84_EQUATORIAL_M, WGS84_POLAR_M))
    a, b = origin_m * squeeze, direction * squeeze
    nearest = a - (a @ b) / (b @ b) * b
    miss_km = (float(np.linalg.norm(nearest)) - 1.0) * WGS84_EQUATORIAL_M / 1e3
    raise PointingError(
        f"the beam misses the Earth by {miss_km:.0f} km",
        "lower the look angle: the Earth's radius is 0.9 to 1.0 deg wide from the Moon",
    )


def aim_point(
    model: MotionModel, site: Station, epoch: Epoch, look_angle_rad: float, side: Side
) -> EarthPoint:
    """Return the point of the ground that a look angle aims at.

    Parameters
    ----------
    model : MotionModel
        Covers the epoch.
    site : Station
        Principal-axis coordinates of the radar in m.
    epoch : Epoch
        Moment of steering.
    look_angle_rad : float
        Angle off the Earth's centre in the zero-Doppler plane.
    side : {"north", "south"}
        Which way the beam is turned.

    Returns
    -------
    EarthPoint
        On the ellipsoid. Its two-way delay is smallest for what is reflected at the epoch, that is,
        for what leaves half a delay before it.

    Raises
    ------
    PointingError
        If the beam misses the Earth.
    """
    track = track_over_earth(model, site, epoch)
    return meet_earth(track.position_m, zero_doppler_direction(track, look_angle_rad, side))
