"""When the delay of a steered target is smallest, and what that leaves of an aperture.

With the velocity of the site the smallest delay belongs to what leaves half a delay before the
moment of steering. With that of the Moon's centre it moves by up to 40 s, and the paper's Table 3
counts what is left between it and the nearer end of the aperture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import PointingError
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import two_way
from sim_core.geometry.moon_over_earth import MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import MotionModel, Station, require_covered, site_station
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import (
    TrackVelocity,
    signed_look_angle_rad,
    steer_along,
    zero_doppler_frame,
)

FloatArray = npt.NDArray[np.float64]

# Transmit time of the smallest delay under rigorous steering, about; where the search begins.
_HALF_DELAY_S = 1.25
_FIRST_STEP_S = 4.0
_TOLERANCE_S = 1e-5
_MAX_STEPS = 30
# Farther than this from the moment of steering no minimum is looked for: the Earth has turned by
# 15 deg, and the search would end at another crossing of the plane, or at none.
_FARTHEST_S = 3600.0


@numba.njit(cache=True)
def _delay_and_rate(
    model: MotionModel, site: Station, target: Station, day: float, second: float
) -> tuple[float, float]:
    down_s, up_s, down_rate, up_rate, _ = two_way(model, site, target, day, second)
    return down_s + up_s, down_rate + up_rate * (1.0 + down_rate)


@numba.njit(cache=True, nogil=True)
def _minima(
    model: MotionModel,
    site: Station,
    target_m: FloatArray,
    day: FloatArray,
    second: FloatArray,
    result: FloatArray,
) -> None:
    for k in range(day.size):
        target = Station(target_m[k, 0], target_m[k, 1], target_m[k, 2])
        before, t = -_HALF_DELAY_S - _FIRST_STEP_S, -_HALF_DELAY_S
        _, rate_before = _delay_and_rate(model, site, target, day[k], second[k] + before)
        delay_s, rate = _delay_and_rate(model, site, target, day[k], second[k] + t)
        found = False
        # Secant steps on the delay's rate, a smooth function that is nearly a line.
        for _ in range(_MAX_STEPS):
            slope = (rate - rate_before) / (t - before)
            step = -rate / slope
            if not (slope > 0.0 and abs(t + step) < _FARTHEST_S):
                break
            before, rate_before = t, rate
            t += step
            delay_s, rate = _delay_and_rate(model, site, target, day[k], second[k] + t)
            if abs(step) < _TOLERANCE_S:
                found = True
                break
        result[0, k], result[1, k] = (t, delay_s) if found else (np.nan, np.nan)


class DelayMinima(NamedTuple):
    """Smallest two-way delays, arrays of shape (epochs,).

    Attributes
    ----------
    transmit_s : ndarray of float64
        When that leaves which has the smallest delay, in s of TDB from the moment of steering; NaN
        if there is no minimum within an hour of it.
    delay_s : ndarray of float64
        Its two-way delay.
    """

    transmit_s: FloatArray
    delay_s: FloatArray


def delay_minima(
    model: MotionModel, site: Station, target_m: npt.ArrayLike, epoch: Epoch, elapsed_s: FloatArray
) -> DelayMinima:
    """Find the smallest delay of targets that were steered at, each at its own moment.

    Parameters
    ----------
    model : MotionModel
        Covers the moments and an hour around them.
    site : Station
        Principal-axis coordinates in m.
    target_m : array_like of float, shape (epochs, 3)
        Targets, Earth-fixed (ITRS).
    epoch : Epoch
        Zero of the times.
    elapsed_s : ndarray of float64, shape (epochs,)
        Moments of steering, in s of TDB from the epoch.

    Returns
    -------
    DelayMinima
        Times to 1e-5 s, delays to the 1e-15 s of `light_time`.

    Raises
    ------
    EpochError
        If a moment is not finite or the model does not cover it.
    """
    day, second = epoch.split(np.atleast_1d(elapsed_s))
    require_covered(model, day, second)
    result = np.empty((2, day.size))
    points = np.ascontiguousarray(np.atleast_2d(np.asarray(target_m, dtype=np.float64)))
    _minima(model, site, points, day, second, result)
    return DelayMinima(*result)


@dataclass(frozen=True, slots=True)
class DelayCase:
    """A row of the paper's Table 3.

    Parameters
    ----------
    site : LunarSite
        Of the radar.
    look_angle_rad : float
        Off the direction to the Earth's centre.
    aperture_s : float
        Length of the aperture; the moment of steering is its middle.
    """

    site: LunarSite
    look_angle_rad: float
    aperture_s: float


@dataclass(frozen=True, slots=True, eq=False)
class DelayTable:
    """Smallest delays of several cases at one epoch, arrays of shape (cases,).

    Attributes
    ----------
    epoch : Epoch
        Moment of steering.
    side : {"north", "south"}
        Which way the beams are turned.
    velocity_of : {"site", "moon_centre"}
        Whose velocity makes the track.
    cases : tuple of DelayCase
    transmit_s : ndarray of float64
        When that leaves which has the smallest delay, from the moment of steering.
    delay_s : ndarray of float64
        The smallest two-way delay.
    time_span_s : ndarray of float64
        From that transmit time to the nearer end of the aperture, whose transmit times run from
        minus to plus half its length; negative if the minimum lies outside.
    latitude_rad, longitude_rad : ndarray of float64
        Geodetic coordinates of the target.
    """

    epoch: Epoch
    side: Side
    velocity_of: TrackVelocity
    cases: tuple[DelayCase, ...]
    transmit_s: FloatArray
    delay_s: FloatArray
    time_span_s: FloatArray
    latitude_rad: FloatArray
    longitude_rad: FloatArray


def delay_table(
    model: MotionModel,
    epoch: Epoch,
    cases: Sequence[DelayCase],
    side: Side,
    velocity_of: TrackVelocity = "site",
) -> DelayTable:
    """Compute the smallest delay and the time span of several cases (Table 3 of the paper).

    Parameters
    ----------
    model : MotionModel
        Covers the epoch and an hour around it.
    epoch : Epoch
        Moment of steering.
    cases : sequence of DelayCase
        The rows.
    side : {"north", "south"}
        Which way the beams are turned.
    velocity_of : {"site", "moon_centre"}
        Whose velocity makes the track: rigorous, or as in the paper.

    Returns
    -------
    DelayTable

    Raises
    ------
    EpochError
        If the model does not cover the epoch.
    PointingError
        If a beam misses the Earth.
    """
    moon = moon_over_earth(model, epoch, [0.0])
    rows = []
    for case in cases:
        aimed = steer_along(model, moon, case.site, case.look_angle_rad, side, velocity_of)
        if np.isnan(aimed.range_m[0]):
            raise PointingError(
                f"a beam {np.rad2deg(case.look_angle_rad):g} deg off the Earth's centre misses "
                "the Earth",
                "lower the look angle: the Earth's radius is 0.9 to 1.0 deg wide from the Moon",
            )
        station = site_station(model.ephemeris, case.site)
        least = delay_minima(model, station, aimed.aim_m, epoch, moon.elapsed_s)
        rows.append(
            (
                least.transmit_s[0],
                least.delay_s[0],
                0.5 * case.aperture_s - abs(least.transmit_s[0]),
                aimed.latitude_rad[0],
                aimed.longitude_rad[0],
            )
        )
    return DelayTable(epoch, side, velocity_of, tuple(cases), *np.array(rows).T)


@dataclass(frozen=True, slots=True, eq=False)
class SteeringDifference:
    """What steering by the velocity of the Moon's centre does, arrays of shape (epochs,).

    Attributes
    ----------
    elapsed_s : ndarray of float64
        The moments, in s of TDB from the epoch.
    plane_angle_rad : ndarray of float64
        Angle between the zero-Doppler plane of the site's velocity and that of the centre's. Most
        of it is a turn about the line of sight, which does little.
    off_plane_rad : ndarray of float64
        Angle of the centre's beam off the plane of the site's velocity, positive along the track.
        The plane sweeps over the ground by 0.43 km/s, which is 1.2e-6 rad/s
        from the Moon.
    minimum_shift_s : ndarray of float64
        By how much later the smallest delay of what the centre's plane aims at is transmitted; NaN
        where a beam misses the Earth.
    aim_shift_m : ndarray of float64
        Distance between the two points of the ground.
    """

    elapsed_s: FloatArray
    plane_angle_rad: FloatArray
    off_plane_rad: FloatArray
    minimum_shift_s: FloatArray
    aim_shift_m: FloatArray


def steering_difference(
    model: MotionModel,
    moon: MoonOverEarth,
    site: LunarSite,
    look_angle_rad: float,
    side: Side,
) -> SteeringDifference:
    """Compare steering by the velocity of the site with that by the velocity of the Moon's centre.

    Parameters
    ----------
    model : MotionModel
        Of which `moon` was made; covers an hour around the moments.
    moon : MoonOverEarth
        At the moments of steering.
    site : LunarSite
        Of the radar.
    look_angle_rad : float
        Off the direction to the Earth's centre.
    side : {"north", "south"}
        Which way the beam is turned.

    Returns
    -------
    SteeringDifference
    """
    station = site_station(model.ephemeris, site)
    motion = moon.site_motion(station)
    look = signed_look_angle_rad(look_angle_rad, side)
    velocities: tuple[TrackVelocity, TrackVelocity] = ("site", "moon_centre")
    frames = [zero_doppler_frame(motion, velocity_of) for velocity_of in velocities]
    aims_m = [frame.ground(look) for frame in frames]
    minima = [delay_minima(model, station, aim, moon.epoch, moon.elapsed_s) for aim in aims_m]
    # The planes are 1e-4 rad apart, of which the arc cosine would keep eight digits.
    apart = np.linalg.norm(frames[1].along - frames[0].along, axis=-1)
    return SteeringDifference(
        moon.elapsed_s,
        2.0 * np.arcsin(0.5 * apart),
        np.arcsin(np.sum(frames[1].beam(look) * frames[0].along, axis=-1)),
        minima[1].transmit_s - minima[0].transmit_s,
        np.linalg.norm(aims_m[1] - aims_m[0], axis=-1),
    )
