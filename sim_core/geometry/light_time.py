"""Two-way light time between a site on the Moon and a point on the Earth: no stop-and-go.

Light leaves the site, reaches the target where that will be, and comes back to the site where
that will be by then. Everything is barycentric (BCRS), but the common motion of the Earth-Moon
barycentre is never formed as positions of 1.5e11 m: its displacement over a light time comes from
divided differences of its Chebyshev series. That keeps the noise of a delay near 2e-16 s, where
barycentric positions in double precision leave 2e-14 s, or 0.3 degrees of phase at 23 GHz.
"""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from sim_core.geometry.chebyshev import displacement, position_and_velocity
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    site_state,
    target_state,
)

# Newton's method needs three steps; ten mean that something is wrong, and the residual tells it.
_MAX_ITERATIONS = 10

# Two units in the last place of a light time between 1 and 2 s.
_TOLERANCE_S = 4.5e-16

# One-way light time to begin with: the next step is right to 1e-4 of it from anywhere.
_FIRST_GUESS_S = 1.25

# Below this a thread costs more than it saves.
_EPOCHS_PER_THREAD = 2000


@numba.njit(cache=True)
def shapiro_delay_s(gm: float, from_m: float, to_m: float, apart_m: float) -> float:
    """Gravitational delay of light that passes a mass.

    ``2 GM/c^3 ln((r1 + r2 + r12)/(r1 + r2 - r12))``: IERS Conventions 2010, eq. 11.17.

    Parameters
    ----------
    gm : float
        Gravitational parameter of the mass, m^3/s^2.
    from_m, to_m : float
        Distances of the two ends from the mass.
    apart_m : float
        Distance between the ends.
    """
    both = from_m + to_m
    return 2.0 * gm / SPEED_OF_LIGHT_M_PER_S**3 * math.log((both + apart_m) / (both - apart_m))


@numba.njit(cache=True)
def shapiro_terms_s(
    model: MotionModel,
    day: float,
    second: float,
    site: tuple[float, float, float, float, float, float],
    target: tuple[float, float, float, float, float, float],
    apart_m: float,
) -> tuple[float, float, float]:
    """Shapiro delays of Sun, Earth and Moon on one leg between the states of a site and a target.

    Each body is taken where it is at the given instant. Against the barycentre it moves by up to
    40 km over a light time (the Sun) or 1.2 km (the Moon), which changes a term by less than
    1e-14 s. The leg's length `apart_m` contains the barycentre's own motion, up to 40 km in
    3.6e5 km. The Sun does not share it and sees that length (it makes 3e-12 s of its term); Earth
    and Moon do share it and see the distance of the two states.
    """
    ephemeris = model.ephemeris
    share = ephemeris.earth_share
    gx, gy, gz, _, _, _ = position_and_velocity(ephemeris.moon, day, second)
    bx, by, bz, _, _, _ = position_and_velocity(ephemeris.barycentre, day, second)
    sx, sy, sz, _, _, _ = position_and_velocity(ephemeris.sun, day, second)
    bodies = (
        (ephemeris.gm_sun, sx - bx, sy - by, sz - bz),
        (ephemeris.gm_earth, -share * gx, -share * gy, -share * gz),
        (ephemeris.gm_moon, (1.0 - share) * gx, (1.0 - share) * gy, (1.0 - share) * gz),
    )
    dx, dy, dz = target[0] - site[0], target[1] - site[1], target[2] - site[2]
    beside_m = math.sqrt(dx * dx + dy * dy + dz * dz)
    delays = np.empty(3)
    for k in range(3):
        gm, x, y, z = bodies[k]
        from_site = math.sqrt((site[0] - x) ** 2 + (site[1] - y) ** 2 + (site[2] - z) ** 2)
        from_target = math.sqrt((target[0] - x) ** 2 + (target[1] - y) ** 2 + (target[2] - z) ** 2)
        delays[k] = shapiro_delay_s(gm, from_site, from_target, apart_m if k == 0 else beside_m)
    return delays[0], delays[1], delays[2]


@numba.njit(cache=True)
def _leg(
    model: MotionModel,
    downlink: bool,
    site: Station,
    target: Station,
    day: float,
    second: float,
    guess_s: float,
) -> tuple[float, float, float]:
    """Solve one leg, which starts at (day, second), for its light time by Newton's method.

    Returns
    -------
    light_time_s : float
    rate : float
        Derivative of the light time against the start of the leg; Newtonian (the Shapiro delays
        change by less than 1e-14 s/s).
    residual_s : float
        Size of the last correction.
    """
    if downlink:
        start = site_state(model, site, day, second)
    else:
        start = target_state(model, target, day, second)
    _, _, _, bvx, bvy, bvz = position_and_velocity(model.ephemeris.barycentre, day, second)
    light_time_s = guess_s
    rate = 0.0
    correction_s = math.inf
    for _ in range(_MAX_ITERATIONS):
        later = second + light_time_s
        if downlink:
            end = target_state(model, target, day, later)
        else:
            end = site_state(model, site, day, later)
        mx, my, mz = displacement(model.ephemeris.barycentre, day, second, light_time_s)
        dx, dy, dz = mx + (end[0] - start[0]), my + (end[1] - start[1]), mz + (end[2] - start[2])
        distance = math.sqrt(dx * dx + dy * dy + dz * dz)
        _, _, _, evx, evy, evz = position_and_velocity(model.ephemeris.barycentre, day, later)
        # Speeds along the line of sight in units of c.
        per_c = 1.0 / (distance * SPEED_OF_LIGHT_M_PER_S)
        end_speed = per_c * (dx * (end[3] + evx) + dy * (end[4] + evy) + dz * (end[5] + evz))
        start_speed = per_c * (
            dx * (start[3] + bvx) + dy * (start[4] + bvy) + dz * (start[5] + bvz)
        )
        wanted_s = distance / SPEED_OF_LIGHT_M_PER_S
        if model.relativistic:
            if downlink:
                terms_s = shapiro_terms_s(model, day, second, start, end, distance)
            else:
                terms_s = shapiro_terms_s(model, day, second, end, start, distance)
            wanted_s += terms_s[0] + (terms_s[1] + terms_s[2])
        correction_s = (wanted_s - light_time_s) / (1.0 - end_speed)
        light_time_s += correction_s
        rate = (end_speed - start_speed) / (1.0 - end_speed)
        if abs(correction_s) <= _TOLERANCE_S:
            break
    return light_time_s, rate, abs(correction_s)


@numba.njit(cache=True)
def two_way(
    model: MotionModel, site: Station, target: Station, day: float, second: float
) -> tuple[float, float, float, float, float]:
    """Solve both legs of the echo of what leaves at (day, second).

    Returns
    -------
    downlink_s, uplink_s : float
        Light times site to target and target to site.
    downlink_rate, uplink_rate : float
        Derivative of the downlink against transmit time, of the uplink against bounce time.
    residual_s : float
        Largest last correction of the two iterations.
    """
    down_s, down_rate, down_residual = _leg(model, True, site, target, day, second, _FIRST_GUESS_S)
    up_s, up_rate, up_residual = _leg(model, False, site, target, day, second + down_s, down_s)
    return down_s, up_s, down_rate, up_rate, max(down_residual, up_residual)


@numba.njit(cache=True, nogil=True)
def _two_way_many(
    model: MotionModel,
    site: Station,
    target: Station,
    day: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    result: npt.NDArray[np.float64],
) -> None:
    for k in range(day.size):
        down_s, up_s, down_rate, up_rate, residual_s = two_way(
            model, site, target, day[k], second[k]
        )
        result[0, k], result[1, k] = down_s, up_s
        result[2, k], result[3, k] = down_rate, up_rate
        result[4, k] = residual_s


class LightTimes(NamedTuple):
    """Two-way light times of many transmit times, arrays of shape (epochs,).

    Attributes
    ----------
    downlink_s, uplink_s : ndarray of float64
        Light times site to target and target to site, in s of TDB.
    downlink_rate, uplink_rate : ndarray of float64
        Derivative of the downlink against transmit time, of the uplink against bounce time.
    residual_s : ndarray of float64
        Last correction of the iteration: how well each light time has converged.
    """

    downlink_s: npt.NDArray[np.float64]
    uplink_s: npt.NDArray[np.float64]
    downlink_rate: npt.NDArray[np.float64]
    uplink_rate: npt.NDArray[np.float64]
    residual_s: npt.NDArray[np.float64]

    @property
    def delay_s(self) -> npt.NDArray[np.float64]:
        """Two-way delay."""
        return self.downlink_s + self.uplink_s

    @property
    def delay_rate(self) -> npt.NDArray[np.float64]:
        """Derivative of the two-way delay against transmit time."""
        return self.downlink_rate + self.uplink_rate * (1.0 + self.downlink_rate)


def two_way_light_times(
    model: MotionModel,
    site: Station,
    target: Station,
    day: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
) -> LightTimes:
    """Solve the two-way light time for many transmit times.

    Parameters
    ----------
    model : MotionModel
        Covers the epochs.
    site, target : Station
        Principal-axis coordinates on the Moon, ITRS coordinates on the Earth, in m.
    day, second : ndarray of float64, shape (epochs,)
        Transmit times in TDB: midnight's Julian date and seconds (see `Epoch.split`).

    Returns
    -------
    LightTimes
    """
    result = np.empty((5, day.size))
    chunks = max(1, min(numba.get_num_threads(), day.size // _EPOCHS_PER_THREAD))
    bounds = np.linspace(0, day.size, chunks + 1).astype(int)

    def solve(part: slice) -> None:
        _two_way_many(model, site, target, day[part], second[part], result[:, part])

    # Threads of our own, since numba's parallel loops do not take named tuples; the compiled loop
    # releases the interpreter's lock.
    with ThreadPoolExecutor(chunks) as pool:
        list(pool.map(solve, itertools.starmap(slice, itertools.pairwise(bounds))))
    return LightTimes(*result)
