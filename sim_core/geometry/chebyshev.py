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
    """

    start_day: float
    granule_days: float
    coefficients: npt.NDArray[np.float64]

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
        Components in the table's unit.
    vx, vy, vz : float
        Their rates in that unit per second.
    """
    granule, argument = locate(table, day, second)
    scale = 2.0 / (table.granule_days * 86400.0)
    x, vx = series(table.coefficients[granule, 0], argument)
    y, vy = series(table.coefficients[granule, 1], argument)
    z, vz = series(table.coefficients[granule, 2], argument)
    return x, y, z, vx * scale, vy * scale, vz * scale


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
        series_difference(table.coefficients[granule, 0], argument, step),
        series_difference(table.coefficients[granule, 1], argument, step),
        series_difference(table.coefficients[granule, 2], argument, step),
    )
