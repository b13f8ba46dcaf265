"""How the Moon and the places on it move over the turning Earth, at many instants.

Everything is geometric and of one instant: no light time. Positions, velocities and accelerations
have Earth-fixed axes (ITRS) and count from the Earth's centre. The Moon's motion is evaluated once
per instant; a site then costs a product with a matrix.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError
from sim_core.geometry.chebyshev import position_velocity_acceleration
from sim_core.geometry.earth_orientation import earth_fixed_motion
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.lunar_orientation import moon_fixed_motion
from sim_core.geometry.motion import MotionModel, Station, require_covered

FloatArray = npt.NDArray[np.float64]

# Periods against the stars, mean values at J2000: Explanatory Supplement to the Astronomical
# Almanac, table of the Moon's and the Earth's mean elements.
SIDEREAL_YEAR_S = 365.256363 * 86400.0
SIDEREAL_MONTH_S = 27.321661 * 86400.0


@dataclass(frozen=True, slots=True, eq=False)
class MoonOverEarth:
    """Motion of the Moon in the Earth-fixed frame (ITRS) at many instants.

    Attributes
    ----------
    epoch : Epoch
        Zero of the times.
    elapsed_s : ndarray of float64, shape (epochs,)
        The instants, in s of TDB from the epoch.
    centre_m, centre_m_per_s, centre_m_per_s2 : ndarray of float64, shape (epochs, 3)
        Moon's centre from the Earth's, and its derivatives against the turning Earth.
    axes, axes_per_s, axes_per_s2 : ndarray of float64, shape (epochs, 3, 3)
        Matrices that carry lunar principal axes to the ITRS, and their derivatives.
    spin_rad_per_s : ndarray of float64, shape (epochs, 3)
        Rotation vector of the Earth, W_e of the paper. ``u + W x r`` is the velocity against
        axes at rest of what has the velocity u in the Earth-fixed frame.
    """

    epoch: Epoch
    elapsed_s: FloatArray
    centre_m: FloatArray
    centre_m_per_s: FloatArray
    centre_m_per_s2: FloatArray
    axes: FloatArray
    axes_per_s: FloatArray
    axes_per_s2: FloatArray
    spin_rad_per_s: FloatArray

    def site_motion(self, site: Station) -> "SiteMotion":
        """Return the motion of a lunar site.

        Parameters
        ----------
        site : Station
            Principal-axis coordinates in m.
        """
        place_m = np.array(site)
        own_m, own_m_per_s = self.axes @ place_m, self.axes_per_s @ place_m
        own_m_per_s2 = self.axes_per_s2 @ place_m
        # What the site has of its own against axes at rest; the spin changes by 1e-7 of itself in
        # its own time, so that its derivative is left out.
        turned_m_per_s = np.cross(self.spin_rad_per_s, own_m)
        return SiteMotion(
            self.epoch,
            self.elapsed_s,
            self.centre_m + own_m,
            self.centre_m_per_s + own_m_per_s,
            self.centre_m_per_s2 + own_m_per_s2,
            own_m_per_s + turned_m_per_s,
            own_m_per_s2 + np.cross(self.spin_rad_per_s, own_m_per_s),
            self.spin_rad_per_s,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SiteMotion:
    """Motion of a lunar site in the Earth-fixed frame (ITRS), arrays of shape (epochs, 3).

    Attributes
    ----------
    epoch : Epoch
        Zero of the times.
    elapsed_s : ndarray of float64, shape (epochs,)
        The instants, in s of TDB from the epoch.
    position_m : ndarray of float64
        Site from the Earth's centre.
    velocity_m_per_s, acceleration_m_per_s2 : ndarray of float64
        Its motion over the turning Earth: track velocity B of the paper (eq. 3), and its rate.
    own_velocity_m_per_s, own_acceleration_m_per_s2 : ndarray of float64
        The part of the velocity that the Moon's turning gives the site (4.6 m/s, against axes at
        rest), and that part's rate in the Earth-fixed frame: what a track by the velocity of the
        Moon's centre leaves out.
    spin_rad_per_s : ndarray of float64
        Rotation vector of the Earth.
    """

    epoch: Epoch
    elapsed_s: FloatArray
    position_m: FloatArray
    velocity_m_per_s: FloatArray
    acceleration_m_per_s2: FloatArray
    own_velocity_m_per_s: FloatArray
    own_acceleration_m_per_s2: FloatArray
    spin_rad_per_s: FloatArray


def moon_over_earth(model: MotionModel, epoch: Epoch, elapsed_s: npt.ArrayLike) -> MoonOverEarth:
    """Evaluate the Moon's motion over the Earth at many instants.

    Parameters
    ----------
    model : MotionModel
        Covers the instants. Relativistic terms, 1e-8 of lengths, are left out here.
    epoch : Epoch
        Zero of the times.
    elapsed_s : array_like of float, shape (epochs,)
        Instants in s of TDB from the epoch.

    Returns
    -------
    MoonOverEarth
        At a cost of a microsecond per instant.

    Raises
    ------
    EpochError
        If a time is not finite or the model does not cover it.
    """
    times_s = np.atleast_1d(np.asarray(elapsed_s, dtype=np.float64))
    if times_s.ndim != 1 or not np.isfinite(times_s).all():
        raise EpochError(
            "instants of a track must be a row of finite times", "give seconds from the epoch"
        )
    day, second = epoch.split(times_s)
    require_covered(model, day, second)
    centre = np.empty((3, times_s.size, 3))
    axes = np.empty((3, times_s.size, 3, 3))
    spin = np.empty((times_s.size, 3))
    _moon_over_earth(model, day, second, centre, axes, spin)
    return MoonOverEarth(
        epoch, times_s, centre[0], centre[1], centre[2], axes[0], axes[1], axes[2], spin
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _moon_over_earth(
    model: MotionModel,
    day: FloatArray,
    second: FloatArray,
    centre: FloatArray,
    axes: FloatArray,
    spin: FloatArray,
) -> None:
    # Earth-fixed axes and vectors of the Moon, with two derivatives, in axes at rest.
    earth = np.empty((3, 3, 3))
    moon = np.empty((3, 4, 3))
    units = np.eye(3)
    for k in range(day.size):
        for j in range(3):
            unit = (units[j, 0], units[j, 1], units[j, 2])
            e = earth_fixed_motion(model.orientation, day[k], second[k], *unit)
            m = moon_fixed_motion(model.ephemeris.librations, day[k], second[k], *unit)
            for order in range(3):
                earth[order, j] = e[order]
                moon[order, j] = m[order]
        g = position_velocity_acceleration(model.ephemeris.moon, day[k], second[k])
        for order in range(3):
            moon[order, 3] = g[order]
        for i in range(3):
            for j in range(4):
                value = rate = acceleration = 0.0
                for c in range(3):
                    e0, e1, e2 = earth[0, i, c], earth[1, i, c], earth[2, i, c]
                    m0, m1, m2 = moon[0, j, c], moon[1, j, c], moon[2, j, c]
                    value += e0 * m0
                    rate += e1 * m0 + e0 * m1
                    acceleration += e2 * m0 + 2.0 * e1 * m1 + e0 * m2
                if j < 3:
                    axes[0, k, i, j], axes[1, k, i, j] = value, rate
                    axes[2, k, i, j] = acceleration
                else:
                    centre[0, k, i], centre[1, k, i] = value, rate
                    centre[2, k, i] = acceleration
            # e_x' = W x e_x and so on.
            n, p = (i + 1) % 3, (i + 2) % 3
            spin[k, i] = 0.0
            for c in range(3):
                spin[k, i] += earth[1, n, c] * earth[0, p, c]
