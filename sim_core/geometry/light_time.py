"""Two-way light time between a site on the Moon and a point on the Earth: no stop-and-go.

Light leaves the site, reaches the target where that will be, and comes back to the site where
that will be by then. Everything is barycentric (BCRS), but the common motion of the Earth-Moon
barycentre is never formed as positions of 1.5e11 m: only its derivatives enter. What rounds off
sums at the Moon's distance is carried along. That keeps the noise of a delay at 1e-16 s, below one
unit in its last place, where barycentric positions in double precision leave 2e-14 s, or 0.3
degrees of phase at 23 GHz.

The tables are evaluated once per echo, at an instant near the bounce; a light time is so short that
the Taylor series of all motions about it are exact to 1e-17 s (see `link_motion`).
"""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import CoordinateError
from sim_core.geometry.chebyshev import position_and_velocity, two_product
from sim_core.geometry.link_motion import (
    Expansion,
    Vector,
    dot,
    expand_motion,
    length,
    moved,
    scaled_sum,
    velocity_at,
)
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    require_covered,
)

# A light time has converged when Newton's method leaves less than two units in the last place of a
# light time between 1 and 2 s. Two steps do it; ten mean that something is wrong.
_TOLERANCE_S = 4.5e-16
_MAX_ITERATIONS = 10
_NOT_CONVERGED_S = 1e-15

# The rates belong to the geometry before the last correction; the line of sight changes them by
# 1e-8 per s, so a correction of this size leaves less than 1e-15 of them.
_RATE_TOLERANCE_S = 1e-7

# Both legs are solved on expansions about one instant close to the bounce. One-way light times
# between the bodies' surfaces are 1.16 to 1.36 s; within the second number of the bounce, the
# target's circle about the Earth's axis is a parabola to 1e-18 s.
_HALF_DELAY_S = 1.26
_NEAR_BOUNCE_S = 0.12

# Below this a thread costs more than it saves.
_EPOCHS_PER_THREAD = 8000

_TRANSMIT, _BOUNCE, _RECEIVE = 0, 1, 2
_INSTANTS = {"transmit": _TRANSMIT, "bounce": _BOUNCE, "receive": _RECEIVE}

Instant = Literal["transmit", "bounce", "receive"]


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
    sun = (sx - bx, sy - by, sz - bz)
    earth = (-share * gx, -share * gy, -share * gz)
    moon = ((1.0 - share) * gx, (1.0 - share) * gy, (1.0 - share) * gz)
    gm = (ephemeris.gm_sun, ephemeris.gm_earth, ephemeris.gm_moon)
    site_m, target_m = (site[0], site[1], site[2]), (target[0], target[1], target[2])
    sun_s, _, _ = _shapiro_s(gm, sun, earth, moon, site_m, target_m, apart_m)
    beside_m = _distance(site_m, target_m)
    _, earth_s, moon_s = _shapiro_s(gm, sun, earth, moon, site_m, target_m, beside_m)
    return sun_s, earth_s, moon_s


@numba.njit(cache=True, error_model="numpy", forceinline=True)
def _shapiro_s(
    gm: Vector,
    sun: Vector,
    earth: Vector,
    moon: Vector,
    site: Vector,
    target: Vector,
    apart_m: float,
) -> Vector:
    """Shapiro delays of Sun, Earth and Moon, all positions in one frame at rest."""
    return (
        shapiro_delay_s(gm[0], _distance(site, sun), _distance(target, sun), apart_m),
        shapiro_delay_s(gm[1], _distance(site, earth), _distance(target, earth), apart_m),
        shapiro_delay_s(gm[2], _distance(site, moon), _distance(target, moon), apart_m),
    )


@numba.njit(cache=True)
def _distance(a: Vector, b: Vector) -> float:
    return math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _leg(
    relativistic: bool,
    expansion: Expansion,
    known_s: float,
    site_known: bool,
    forward: bool,
    guess_s: float,
) -> tuple[float, float, float, float]:
    """Solve one leg for its light time.

    Light passes one end at a known time, counted from the instant of the expansion; it passes the
    other end later (`forward`) or has passed it before. Two steps do it. The first is the plain
    fixed point, which takes off four digits (the speeds are 1e-4 of light's); Newton's method does
    the rest, and the second derivative says what is left after it.

    Returns
    -------
    light_time_s : float
    site_speed, target_speed : float
        Components along the line from the site to the target, in units of c.
    residual_s : float
        Bound of what a further step would change.
    """
    per_c = 1.0 / SPEED_OF_LIGHT_M_PER_S
    sign = 1.0 if forward else -1.0
    # The line from site to target is its base and what the ends have moved. That is small, and is
    # put together first: only one step rounds at 4e8 m.
    if site_known:
        known, sought, side = expansion.site, expansion.target, 1.0
    else:
        known, sought, side = expansion.target, expansion.site, -1.0
    known_m, known_rate = moved(known, known_s), velocity_at(known, known_s)
    start = scaled_sum(-side, known_m, expansion.rest)

    line = scaled_sum(
        1.0, expansion.base, scaled_sum(side, moved(sought, known_s + sign * guess_s), start)
    )
    light_time_s = math.sqrt(dot(line, line)) / SPEED_OF_LIGHT_M_PER_S
    known_speed = sought_speed = 0.0
    residual_s = math.inf
    for _ in range(_MAX_ITERATIONS):
        sought_s = known_s + sign * light_time_s
        sought_m, sought_rate = moved(sought, sought_s), velocity_at(sought, sought_s)
        offset = scaled_sum(side, sought_m, start)
        line = scaled_sum(1.0, expansion.base, offset)
        distance, distance_rest = length(line, _cut_off(expansion.base, offset, line))
        to_speed = per_c / distance
        known_speed = to_speed * dot(line, known_rate)
        sought_speed = to_speed * dot(line, sought_rate)
        if relativistic:
            if site_known:
                terms_s = _leg_terms_s(expansion, known_s, known_m, sought_s, sought_m, distance)
            else:
                terms_s = _leg_terms_s(expansion, sought_s, sought_m, known_s, known_m, distance)
        else:
            terms_s = 0.0
        # The light time that the length asks for, less the one it was found at: no digit is lost.
        light_m, light_rest = two_product(SPEED_OF_LIGHT_M_PER_S, light_time_s)
        excess_s = terms_s + per_c * ((distance - light_m) + (distance_rest - light_rest))
        correction_s = excess_s / (1.0 - sign * side * sought_speed)
        light_time_s += correction_s
        # Half of the length's second derivative, at most: the end crosses the line, or speeds up.
        bend = to_speed * dot(sought_rate, sought_rate)
        bend += per_c * math.sqrt(dot(sought.acceleration, sought.acceleration))
        residual_s = 0.5 * bend * correction_s * correction_s
        if residual_s <= _TOLERANCE_S and abs(correction_s) <= _RATE_TOLERANCE_S:
            break
    if site_known:
        return light_time_s, known_speed, sought_speed, residual_s
    return light_time_s, sought_speed, known_speed, residual_s


@numba.njit(cache=True, forceinline=True)
def _cut_off(base: Vector, offset: Vector, total: Vector) -> Vector:
    """Return what rounding took off the sum of a large and a small vector."""
    return (
        offset[0] - (total[0] - base[0]),
        offset[1] - (total[1] - base[1]),
        offset[2] - (total[2] - base[2]),
    )


@numba.njit(cache=True, error_model="numpy", forceinline=True)
def _leg_terms_s(
    expansion: Expansion,
    at_site_s: float,
    site_m: Vector,
    at_target_s: float,
    target_m: Vector,
    apart_m: float,
) -> float:
    """Shapiro delays of a leg: Moon and Earth are where they are when the light passes them."""
    bodies = expansion.bodies
    sun_s, earth_s, moon_s = _shapiro_s(
        bodies.gm,
        bodies.sun,
        scaled_sum(at_target_s, bodies.earth_rate, bodies.earth),
        scaled_sum(at_site_s, bodies.moon_rate, bodies.moon),
        scaled_sum(1.0, bodies.site, site_m),
        scaled_sum(1.0, bodies.target, target_m),
        apart_m,
    )
    return sun_s + (earth_s + moon_s)


@numba.njit(cache=True, error_model="numpy", forceinline=True)
def two_way(
    model: MotionModel,
    site: Station,
    target: Station,
    day: float,
    second: float,
    given: int = _TRANSMIT,
) -> tuple[float, float, float, float, float]:
    """Solve both legs of an echo of which the transmit, bounce or receive time is given.

    Parameters
    ----------
    model, site, target
        As for `two_way_light_times`.
    day, second : float
        The given time in TDB: midnight's Julian date and seconds.
    given : {0, 1, 2}
        Whether that is the transmit, bounce or receive time.

    Returns
    -------
    downlink_s, uplink_s : float
        Light times site to target and target to site.
    downlink_rate, uplink_rate : float
        Derivative of the downlink against transmit time, of the uplink against bounce time.
    residual_s : float
        Largest bound of what a further step of the two iterations would change.
    """
    shift_s = _HALF_DELAY_S if given == _TRANSMIT else -_HALF_DELAY_S
    if given == _BOUNCE:
        shift_s = 0.0
    down_s = up_s = down_residual_s = up_residual_s = bounce_s = 0.0
    leaves = hit = again = returns = 0.0
    # Once is enough for two ends on the surfaces; again where they are closer or farther apart.
    for _ in range(3):
        middle = second + shift_s
        known_s = second - middle
        expansion = expand_motion(model, site, target, day, middle)
        link = (model.relativistic, expansion)
        if given == _RECEIVE:
            up_s, returns, again, up_residual_s = _leg(*link, known_s, True, False, known_s)
            bounce_s = known_s - up_s
            shift_s = -up_s
        elif given == _TRANSMIT:
            down_s, leaves, hit, down_residual_s = _leg(*link, known_s, True, True, -known_s)
            bounce_s = known_s + down_s
            shift_s = down_s
        if given != _RECEIVE:
            guess_s = down_s if given == _TRANSMIT else _HALF_DELAY_S
            up_s, returns, again, up_residual_s = _leg(*link, bounce_s, False, True, guess_s)
        if given != _TRANSMIT:
            guess_s = up_s
            down_s, leaves, hit, down_residual_s = _leg(*link, bounce_s, False, False, guess_s)
        if abs(bounce_s) <= _NEAR_BOUNCE_S:
            break
    return (
        down_s,
        up_s,
        (hit - leaves) / (1.0 - hit),
        (again - returns) / (1.0 + returns),
        max(down_residual_s, up_residual_s),
    )


@numba.njit(cache=True, nogil=True)
def _two_way_many(
    model: MotionModel,
    site: Station,
    target: Station,
    day: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    given: int,
    result: npt.NDArray[np.float64],
) -> None:
    for k in range(day.size):
        down_s, up_s, down_rate, up_rate, residual_s = two_way(
            model, site, target, day[k], second[k], given
        )
        result[0, k], result[1, k] = down_s, up_s
        result[2, k], result[3, k] = down_rate, up_rate
        result[4, k] = residual_s


class LightTimes(NamedTuple):
    """Two-way light times of many echoes, arrays of shape (epochs,).

    Attributes
    ----------
    downlink_s, uplink_s : ndarray of float64
        Light times site to target and target to site, in s of TDB.
    downlink_rate, uplink_rate : ndarray of float64
        Derivative of the downlink against transmit time, of the uplink against bounce time;
        Newtonian (the Shapiro delays change by less than 1e-14 s/s).
    residual_s : ndarray of float64
        How well each light time has converged: bound of what a further step would change. Up to
        4.5e-16 s, two units in the last place, it has.
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
    given: Instant = "transmit",
) -> LightTimes:
    """Solve the two-way light time of many echoes.

    Parameters
    ----------
    model : MotionModel
        Covers the epochs.
    site, target : Station
        Principal-axis coordinates on the Moon, ITRS coordinates on the Earth, in m.
    day, second : ndarray of float64, shape (epochs,)
        Given times in TDB: midnight's Julian date and seconds (see `Epoch.split`).
    given : {"transmit", "bounce", "receive"}
        Whether these are the times at which light leaves the site, is at the target, or is back.

    Returns
    -------
    LightTimes
        Of the same echo whichever of its times is given.

    Raises
    ------
    EpochError
        If a time is not finite or the model does not cover it.
    CoordinateError
        If the iteration has not converged, which no site and target of ours bring about.
    """
    require_covered(model, day, second)
    result = np.empty((5, day.size))
    chunks = max(1, min(numba.get_num_threads(), day.size // _EPOCHS_PER_THREAD))
    bounds = np.linspace(0, day.size, chunks + 1).astype(int)

    def solve(part: slice) -> None:
        _two_way_many(
            model, site, target, day[part], second[part], _INSTANTS[given], result[:, part]
        )

    if chunks == 1:
        solve(slice(None))
    else:
        # Threads of our own, since numba's parallel loops do not take named tuples; the compiled
        # loop releases the interpreter's lock.
        with ThreadPoolExecutor(chunks) as pool:
            list(pool.map(solve, itertools.starmap(slice, itertools.pairwise(bounds))))
    worst_s = float(np.max(result[4], initial=0.0))
    if worst_s > _NOT_CONVERGED_S:
        raise CoordinateError(
            f"the light time has not converged: its last correction is {worst_s:.2g} s",
            "give a site on the Moon and a target on the Earth",
        )
    return LightTimes(*result)
