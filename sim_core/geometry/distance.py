"""Distance between a lunar site and a point of the Earth, with the Earth's rotation and without.

What the paper's Fig. 5 shows: over a month the distance follows the Moon's orbit, and the Earth's
rotation puts a wave of a day on it, of one Earth radius at most.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError
from sim_core.geometry.earth_orientation import earth_fixed_to_celestial
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    require_covered,
    site_state,
    site_station,
    target_state,
    target_station,
)
from sim_core.geometry.sites import EarthPoint, LunarSite

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DistanceSeries:
    """Distance of a site and a target against time, arrays of shape (epochs,).

    Attributes
    ----------
    elapsed_s : ndarray of float64
        The instants, in s of TDB from the epoch.
    turning_m : ndarray of float64
        Distance from the point of the turning Earth.
    still_m : ndarray of float64
        Distance from a point that moves with the Earth's centre but does not turn: it keeps the
        direction that the target has at the epoch.
    centre_m : ndarray of float64
        Distance from the Earth's centre.
    in_sight : ndarray of bool
        Whether the site is above the horizon of the point of the turning Earth.
    """

    elapsed_s: FloatArray
    turning_m: FloatArray
    still_m: FloatArray
    centre_m: FloatArray
    in_sight: npt.NDArray[np.bool_]


def distance_series(
    model: MotionModel, site: LunarSite, target: EarthPoint, epoch: Epoch, elapsed_s: npt.ArrayLike
) -> DistanceSeries:
    """Return the distance of a site and a target, with the Earth's rotation and without.

    Parameters
    ----------
    model : MotionModel
        Covers the epoch and the instants.
    site, target : LunarSite, EarthPoint
        The two ends.
    epoch : Epoch
        Zero of the times, and when a still Earth stands still.
    elapsed_s : array_like of float, shape (epochs,)
        Instants in s of TDB from the epoch.

    Returns
    -------
    DistanceSeries
        Geometric, both ends at one instant.

    Raises
    ------
    EpochError
        If an instant is not finite or the model does not cover it.
    """
    times_s = np.atleast_1d(np.asarray(elapsed_s, dtype=np.float64))
    if not np.isfinite(times_s).all():
        raise EpochError("a time that is not finite is no instant", "give seconds from the epoch")
    day, second = epoch.split(np.concatenate((times_s, [0.0])))
    require_covered(model, day, second)
    station, point = site_station(model.ephemeris, site), target_station(target)
    still = earth_fixed_to_celestial(model.orientation, epoch.day, epoch.second, *point)
    upward = Station(*target.east_north_up()[2].tolist())
    series = np.empty((4, times_s.size))
    _fill(model, station, point, upward, still[:3], day[:-1], second[:-1], series)
    return DistanceSeries(times_s, series[0], series[1], series[2], series[3] > 0.0)


@numba.njit(cache=True, nogil=True)
def _fill(
    model: MotionModel,
    site: Station,
    target: Station,
    upward: Station,
    still: tuple[float, float, float],
    day: FloatArray,
    second: FloatArray,
    series: FloatArray,
) -> None:
    centre = Station(0.0, 0.0, 0.0)
    lines = np.empty((3, 3))
    for k in range(day.size):
        s = site_state(model, site, day[k], second[k])
        t = target_state(model, target, day[k], second[k])
        c = target_state(model, centre, day[k], second[k])
        up = earth_fixed_to_celestial(
            model.orientation, day[k], second[k], upward.x, upward.y, upward.z
        )
        series[3, k] = 0.0
        for j in range(3):
            lines[0, j] = s[j] - t[j]
            lines[1, j] = s[j] - c[j] - still[j]
            lines[2, j] = s[j] - c[j]
            series[3, k] += up[j] * lines[0, j]
        for n in range(3):
            series[n, k] = np.sqrt(lines[n, 0] ** 2 + lines[n, 1] ** 2 + lines[n, 2] ** 2)
