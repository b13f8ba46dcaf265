"""Evaluation of Chebyshev tables: value, derivative, and difference without cancellation.

The tables of a planetary ephemeris are granules of equal length, each with a Chebyshev series per
component. Everything here is compiled and works on three components at a time without allocating.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt


class ChebyshevTable(NamedTuple):
    """A function of time as granules of Chebyshev series.

    Attributes
    ----------
    start_day : float
        Julian date (TDB) at which the first granule begins.
    granule_days : float
        Length of a granule.
    coefficients : ndarray of float64, shape (granules, components, degree + 1)
        Series over ``-1 <= x <= 1`` of each granule.
    unit : float
        Factor on what they give: coefficients of a kernel in km stay as they are published. Turned
        to m, the first two of the Moon's would be off by up to 3e-8 m each for days on end, and a
        two-way delay by 2e-16 s that no averaging takes away.
    """

    start_day: float
    granule_days: float
    coefficients: npt.NDArray[np.float64]
    unit: float = 1.0

    @property
    def stop_day(self) -> float:
        """Julian date (TDB) at which the last granule ends."""
        return float(self.start_day + self.granule_days * self.coefficients.shape[0])


@numba.njit(cache=True)
def locate(table: ChebyshevTable, day: float, second: float) -> tuple[int, float]:
    """Find the granule that holds an instant, and the argument of its series.

    The whole days are subtracted first: the argument then keeps 1e-16 of a granule. An instant
    outside the table is referred to the first or last granule; callers check the span beforehand.
    """
    days = day - table.start_day
    granule = int(np.floor((days + second / 86400.0) / table.granule_days))
    granule = min(max(granule, 0), table.coefficients.shape[0] - 1)
    offset = (days - granule * table.granule_days) + second / 86400.0
    return granule, 2.0 * offset / table.granule_days - 1.0


@numba.njit(cache=True)
def series(coefficients: npt.NDArray[np.float64], x: float) -> tuple[float, float]:
    """Sum a Chebyshev series and its derivative by Clenshaw's recurrence.

    Returns
    -------
    value, derivative : float
        The derivative is against `x`.
    """
    b1 = b2 = d1 = d2 = 0.0
    for k in range(coefficients.shape[0] - 1, 0, -1):
        d = 2.0 * b1 + 2.0 * x * d1 - d2
        b = coefficients[k] + 2.0 * x * b1 - b2
        d2, d1 = d1, d
        b2, b1 = b1, b
    return coefficients[0] + x * b1 - b2, b1 + x * d1 - d2


@numba.njit(cache=True)
def series_difference(coefficients: npt.NDArray[np.float64], x: float, dx: float) -> float:
    """Return ``p(x + dx) - p(x)`` of a Chebyshev series without cancellation.

    Clenshaw's recurrence for the divided difference: with ``b_k`` the recurrence's terms at `x`,
    ``D_k = c(k) + 2 y D_{k+1} - D_{k+2}`` with ``y = x + dx`` and ``c(k) = 2 b_{k+1}(x)``. The
    result is as good, relatively, as `dx` is; the difference of two sums would keep only the
    absolute accuracy of positions of 1.5e11 m.
    """
    y = x + dx
    b1 = b2 = d1 = d2 = 0.0
    for k in range(coefficients.shape[0] - 1, 0, -1):
        d = 2.0 * b1 + 2.0 * y * d1 - d2
        b = coefficients[k] + 2.0 * x * b1 - b2
        d2, d1 = d1, d
        b2, b1 = b1, b
    return dx * (b1 + y * d1 - d2)


@numba.njit(cache=True)
def position_and_velocity(
    table: ChebyshevTable, day: float, second: float
) -> tuple[float, float, float, float, float, float]:
    """Evaluate three components and their rates.

    Returns
    -------
    x, y, z : float
        Components, times the table's unit.
    vx, vy, vz : float
        Their rates per second.
    """
    granule, argument = locate(table, day, second)
    unit = table.unit
    scale = 2.0 / (table.granule_days * 86400.0) * unit
    x, vx = series(table.coefficients[granule, 0], argument)
    y, vy = series(table.coefficients[granule, 1], argument)
    z, vz = series(table.coefficients[granule, 2], argument)
    return x * unit, y * unit, z * unit, vx * scale, vy * scale, vz * scale


# Multiplications and additions may be fused, which rounds once instead of twice; nothing else of
# what fast mathematics allows is wanted here. Inlined, since a call would copy all tables.
@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def position_velocity_acceleration(
    table: ChebyshevTable, day: float, second: float
) -> tuple[
    tuple[float, float, float],
    tuple[float, float, float],
    tuple[float, float, float],
    tuple[float, float, float],
]:
    """Evaluate three components with their first and second derivatives.

    The three recurrences run side by side: each waits for its own last step only, so that the
    processor works on nine sums at once.

    Returns
    -------
    position, velocity, acceleration : tuple of float, length 3
        As the table has them times its unit, per second and per second squared.
    rest : tuple of float, length 3
        What the last two roundings of the position took off it.
    """
    granule, argument = locate(table, day, second)
    rows = table.coefficients[granule]
    two_x = 2.0 * argument
    bx1 = bx2 = dx1 = dx2 = ex1 = ex2 = 0.0
    by1 = by2 = dy1 = dy2 = ey1 = ey2 = 0.0
    bz1 = bz2 = dz1 = dz2 = ez1 = ez2 = 0.0
    for k in range(rows.shape[1] - 1, 0, -1):
        ex1, ex2 = 4.0 * dx1 + (two_x * ex1 - ex2), ex1
        ey1, ey2 = 4.0 * dy1 + (two_x * ey1 - ey2), ey1
        ez1, ez2 = 4.0 * dz1 + (two_x * ez1 - ez2), ez1
        dx1, dx2 = 2.0 * bx1 + (two_x * dx1 - dx2), dx1
        dy1, dy2 = 2.0 * by1 + (two_x * dy1 - dy2), dy1
        dz1, dz2 = 2.0 * bz1 + (two_x * dz1 - dz2), dz1
        bx1, bx2 = two_x * bx1 + (rows[0, k] - bx2), bx1
        by1, by2 = two_x * by1 + (rows[1, k] - by2), by1
        bz1, bz2 = two_x * bz1 + (rows[2, k] - bz2), bz1
    unit = table.unit
    per_s = 2.0 / (table.granule_days * 86400.0)
    scale = unit * per_s
    square = scale * per_s
    x, x_rest = _last_step(rows[0, 0], argument * bx1 - bx2, unit)
    y, y_rest = _last_step(rows[1, 0], argument * by1 - by2, unit)
    z, z_rest = _last_step(rows[2, 0], argument * bz1 - bz2, unit)
    return (
        (x, y, z),
        (
            scale * (bx1 + (argument * dx1 - dx2)),
            scale * (by1 + (argument * dy1 - dy2)),
            scale * (bz1 + (argument * dz1 - dz2)),
        ),
        (
            square * (2.0 * dx1 + (argument * ex1 - ex2)),
            square * (2.0 * dy1 + (argument * ey1 - ey2)),
            square * (2.0 * dz1 + (argument * ez1 - ez2)),
        ),
        (x_rest, y_rest, z_rest),
    )


# Plain arithmetic from here to the next: what these return is the rounding itself.
@numba.njit(cache=True, forceinline=True)
def _last_step(first: float, others: float, unit: float) -> tuple[float, float]:
    """Return ``unit * (first + others)`` and what rounding took off it."""
    total, left = two_sum(first, others)
    value, cut = two_product(unit, total)
    return value, cut + unit * left


@numba.njit(cache=True, forceinline=True)
def two_sum(a: float, b: float) -> tuple[float, float]:
    """Return a sum and what rounding took off it (Knuth)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


@numba.njit(cache=True, forceinline=True)
def two_product(a: float, b: float) -> tuple[float, float]:
    """Return a product and what rounding took off it (Dekker)."""
    product = a * b
    a_split, b_split = 134217729.0 * a, 134217729.0 * b  # 2^27 + 1
    a_high, b_high = a_split - (a_split - a), b_split - (b_split - b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def three_series(
    rows: npt.NDArray[np.float64], first: int, x: float
) -> tuple[float, float, float, float, float, float]:
    """Sum three neighbouring series and their derivatives side by side.

    Parameters
    ----------
    rows : ndarray of float64, shape (components, degree + 1)
    first : int
        Which component to begin with.
    x : float
        Argument of the series.

    Returns
    -------
    value, value, value, derivative, derivative, derivative : float
        The derivatives are against `x`.
    """
    two_x = 2.0 * x
    bx1 = bx2 = dx1 = dx2 = 0.0
    by1 = by2 = dy1 = dy2 = 0.0
    bz1 = bz2 = dz1 = dz2 = 0.0
    for k in range(rows.shape[1] - 1, 0, -1):
        dx1, dx2 = 2.0 * bx1 + (two_x * dx1 - dx2), dx1
        dy1, dy2 = 2.0 * by1 + (two_x * dy1 - dy2), dy1
        dz1, dz2 = 2.0 * bz1 + (two_x * dz1 - dz2), dz1
        bx1, bx2 = two_x * bx1 + (rows[first, k] - bx2), bx1
        by1, by2 = two_x * by1 + (rows[first + 1, k] - by2), by1
        bz1, bz2 = two_x * bz1 + (rows[first + 2, k] - bz2), bz1
    return (
        rows[first, 0] + (x * bx1 - bx2),
        rows[first + 1, 0] + (x * by1 - by2),
        rows[first + 2, 0] + (x * bz1 - bz2),
        bx1 + (x * dx1 - dx2),
        by1 + (x * dy1 - dy2),
        bz1 + (x * dz1 - dz2),
    )


@numba.njit(cache=True)
def displacement(
    table: ChebyshevTable, day: float, second: float, duration_s: float
) -> tuple[float, float, float]:
    """Return how far three components move within a short duration.

    Both instants are referred to the granule of the first one, whose series is continued past its
    end by the duration: joints of DE421 are smooth to 0.1 um, and 3 s are 2e-6 of a granule.
    """
    granule, argument = locate(table, day, second)
    step = 2.0 * duration_s / (table.granule_days * 86400.0)
    return (
        table.unit * series_difference(table.coefficients[granule, 0], argument, step),
        table.unit * series_difference(table.coefficients[granule, 1], argument, step),
        table.unit * series_difference(table.coefficients[granule, 2], argument, step),
    )
