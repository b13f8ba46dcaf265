"""Whether a site on the Moon and a point on the Earth see each other."""

import math

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import NotVisibleError
from sim_core.geometry.earth_orientation import earth_fixed_to_celestial
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.lunar_orientation import (
    mean_earth_to_principal_axes,
    moon_fixed_to_celestial,
)
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    site_state,
    site_station,
    target_state,
    target_station,
)
from sim_core.geometry.sites import EarthPoint, LunarSite


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
    """
    day, second = epoch.split(np.atleast_1d(np.asarray(seconds, dtype=np.float64)))
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
