"""Motion of a link about an instant: Taylor series of both ends, exact over a light time.

A two-way light time asks for the ends at three instants. Within the 1.5 s between them all motions
are polynomials of low degree, so that the tables of the ephemeris and of the orientations are
evaluated once per echo and not at every step of an iteration.
"""

import math
from typing import NamedTuple

import numba

from sim_core.geometry.chebyshev import (
    position_and_velocity,
    position_velocity_acceleration,
    two_product,
    two_sum,
)
from sim_core.geometry.earth_orientation import earth_fixed_motion
from sim_core.geometry.lunar_orientation import moon_fixed_motion
from sim_core.geometry.motion import MotionModel, Station, barycentric_map, carry_to_barycentric

Vector = tuple[float, float, float]


class End(NamedTuple):
    """Motion of one end of the link about an instant, the barycentre's included, ICRF axes."""

    velocity: Vector
    acceleration: Vector
    jerk: Vector


class Bodies(NamedTuple):
    """What the Shapiro delays need about the same instant: against where the barycentre is then."""

    gm: Vector
    site: Vector
    target: Vector
    sun: Vector
    earth: Vector
    earth_rate: Vector
    moon: Vector
    moon_rate: Vector


class Expansion(NamedTuple):
    """Motion of the link about an instant; base and rest point from the site to the target, in m.

    The rest is below the last digit of the base.
    """

    base: Vector
    rest: Vector
    site: End
    target: End
    bodies: Bodies


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def expand_motion(
    model: MotionModel, site: Station, target: Station, day: float, second: float
) -> Expansion:
    """Expand the motion of both ends about an instant near the bounce.

    Within 1.5 s the Taylor series of the Moon's orbit to the third power leaves 1e-14 m, the
    barycentre's to the second power 1e-9 m (3e-18 s), the Moon's rotation to the second 3e-11 m,
    and the Earth's, within 0.12 s, 7e-10 m. The Moon's third derivative is that of two bodies; the
    Sun's part of it is 1 percent of 1e-8 m.
    """
    ephemeris = model.ephemeris
    g, g1, g2, g_rest = position_velocity_acceleration(ephemeris.moon, day, second)
    b, b1, b2, _ = position_velocity_acceleration(ephemeris.barycentre, day, second)
    s, s1, s2 = moon_fixed_motion(ephemeris.librations, day, second, site.x, site.y, site.z)
    e, e1, e2 = earth_fixed_motion(model.orientation, day, second, target.x, target.y, target.z)
    square = g[0] * g[0] + g[1] * g[1] + g[2] * g[2]
    radial = 3.0 * (g[0] * g1[0] + g[1] * g1[1] + g[2] * g1[2]) / square
    pull = (ephemeris.gm_earth + ephemeris.gm_moon) / (square * math.sqrt(square))
    g3 = (
        pull * (radial * g[0] - g1[0]),
        pull * (radial * g[1] - g1[1]),
        pull * (radial * g[2] - g1[2]),
    )
    on_moon = 1.0 - ephemeris.earth_share
    on_earth = -ephemeris.earth_share
    sun = (0.0, 0.0, 0.0)
    if model.relativistic:
        sx, sy, sz, _, _, _ = position_and_velocity(ephemeris.sun, day, second)
        sun = (sx - b[0], sy - b[1], sz - b[2])
        moon_map = barycentric_map(ephemeris, True, sun, b1, g, g1)
        s, s1, s2 = (
            carry_to_barycentric(moon_map, s),
            carry_to_barycentric(moon_map, s1),
            carry_to_barycentric(moon_map, s2),
        )
        earth_map = barycentric_map(ephemeris, False, sun, b1, g, g1)
        e, e1, e2 = (
            carry_to_barycentric(earth_map, e),
            carry_to_barycentric(earth_map, e1),
            carry_to_barycentric(earth_map, e2),
        )
    bodies = Bodies(
        (ephemeris.gm_sun, ephemeris.gm_earth, ephemeris.gm_moon),
        scaled_sum(on_moon, g, s), scaled_sum(on_earth, g, e), sun,
        scaled(on_earth, g), scaled_sum(on_earth, g1, b1),
        scaled(on_moon, g), scaled_sum(on_moon, g1, b1),
    )  # fmt: skip
    # The stations first: their difference is small. What rounds off at 4e8 m is kept.
    near = scaled_sum(-1.0, s, e)
    x, x_rest = two_sum(near[0], -g[0])
    y, y_rest = two_sum(near[1], -g[1])
    z, z_rest = two_sum(near[2], -g[2])
    base = (x, y, z)
    rest = (x_rest - g_rest[0], y_rest - g_rest[1], z_rest - g_rest[2])
    return Expansion(
        base,
        rest,
        End(_sum3(on_moon, g1, s1, b1), _sum3(on_moon, g2, s2, b2), scaled(on_moon, g3)),
        End(_sum3(on_earth, g1, e1, b1), _sum3(on_earth, g2, e2, b2), scaled(on_earth, g3)),
        bodies,
    )


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def scaled(factor: float, a: Vector) -> Vector:
    """Return a vector times a factor."""
    return factor * a[0], factor * a[1], factor * a[2]


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def scaled_sum(factor: float, a: Vector, b: Vector) -> Vector:
    """Return a vector times a factor, plus another vector."""
    return factor * a[0] + b[0], factor * a[1] + b[1], factor * a[2] + b[2]


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _sum3(factor: float, a: Vector, b: Vector, c: Vector) -> Vector:
    return factor * a[0] + b[0] + c[0], factor * a[1] + b[1] + c[1], factor * a[2] + b[2] + c[2]


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def moved(end: End, seconds: float) -> Vector:
    """How far an end has moved since the instant of the expansion."""
    v, a, j = end.velocity, end.acceleration, end.jerk
    third = seconds / 3.0
    half = 0.5 * seconds
    return (
        seconds * (v[0] + half * (a[0] + third * j[0])),
        seconds * (v[1] + half * (a[1] + third * j[1])),
        seconds * (v[2] + half * (a[2] + third * j[2])),
    )


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def velocity_at(end: End, seconds: float) -> Vector:
    """Velocity of an end at a time from the instant of the expansion."""
    v, a, j = end.velocity, end.acceleration, end.jerk
    half = 0.5 * seconds
    return (
        v[0] + seconds * (a[0] + half * j[0]),
        v[1] + seconds * (a[1] + half * j[1]),
        v[2] + seconds * (a[2] + half * j[2]),
    )


@numba.njit(cache=True, error_model="numpy", forceinline=True)
def length(a: Vector, rest: Vector) -> tuple[float, float]:
    """Return the length of a vector, and what rounding took off it.

    Parameters
    ----------
    a, rest : tuple of float
        The vector, and what lies below its last digits.
    """
    xx, xx_rest = two_product(a[0], a[0])
    yy, yy_rest = two_product(a[1], a[1])
    zz, zz_rest = two_product(a[2], a[2])
    total, total_rest = two_sum(xx, yy)
    square, square_rest = two_sum(total, zz)
    root = math.sqrt(square)
    squared, squared_rest = two_product(root, root)
    along = a[0] * rest[0] + a[1] * rest[1] + a[2] * rest[2]
    left = xx_rest + yy_rest + zz_rest + total_rest + square_rest + 2.0 * along
    return root, 0.5 * ((square - squared) - squared_rest + left) / root


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def dot(a: Vector, b: Vector) -> float:
    """Return the scalar product of two vectors."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
