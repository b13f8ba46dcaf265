"""Chebyshev tensors of three coordinates: made from values at nodes, evaluated at many places."""

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

FloatArray = npt.NDArray[np.float64]

# How many places are evaluated side by side: what they need stays in the fastest cache.
_PLACES_AT_ONCE = 128


def chebyshev_nodes(count: int) -> FloatArray:
    """Return the zeros of a Chebyshev polynomial, at which a series of as many terms is determined.

    Parameters
    ----------
    count : int
        Degree of the polynomial.

    Returns
    -------
    ndarray of float64, shape (count,)
        From near 1 down to near -1.
    """
    return np.asarray(np.cos(np.pi * (np.arange(count) + 0.5) / count))


def series_along(values: npt.ArrayLike, axis: int) -> FloatArray:
    """Turn values at `chebyshev_nodes` into Chebyshev series along an axis.

    Parameters
    ----------
    values : array_like of float
        Values at the nodes along `axis`.
    axis : int
        The axis.

    Returns
    -------
    ndarray of float64, shape of the values
        Coefficients from degree 0 on.
    """
    at_nodes = np.moveaxis(np.asarray(values, dtype=np.float64), axis, -1)
    series = scipy.fft.dct(at_nodes) / at_nodes.shape[-1]
    series[..., 0] *= 0.5
    return np.asarray(np.moveaxis(series, -1, axis))


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def contract(coefficients: FloatArray, cube: FloatArray) -> FloatArray:
    """Contract the first three axes of a tensor at each place.

    Term by term for some places at a time, which the processor then does side by side; terms that
    are zero cost nothing.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n1, n2, n3, terms)
        The tensor, contiguous.
    cube : ndarray of float64, shape (3, places)
        Places from -1 to 1 in each coordinate.

    Returns
    -------
    ndarray of float64, shape (places, terms)
        What is left at each place: a series in the fourth coordinate.
    """
    terms_1, terms_2, terms_3, terms = coefficients.shape
    series = np.empty((cube.shape[1], terms))
    for first in range(0, cube.shape[1], _PLACES_AT_ONCE):
        places = min(_PLACES_AT_ONCE, cube.shape[1] - first)
        values_1 = _polynomials(cube[0, first : first + places], terms_1)
        values_2 = _polynomials(cube[1, first : first + places], terms_2)
        values_3 = _polynomials(cube[2, first : first + places], terms_3)
        total = np.zeros((terms, places))
        for i in range(terms_1):
            for j in range(terms_2):
                for m in range(terms_3):
                    if not np.any(coefficients[i, j, m] != 0.0):
                        continue
                    weight = values_1[i] * values_2[j] * values_3[m]
                    for n in range(terms):
                        coefficient = coefficients[i, j, m, n]
                        for k in range(places):
                            total[n, k] += coefficient * weight[k]
        series[first : first + places] = total.T
    return series


@numba.njit(cache=True, error_model="numpy")
def _polynomials(x: FloatArray, terms: int) -> FloatArray:
    """Evaluate Chebyshev polynomials from degree 0 on, shape (terms, places)."""
    values = np.ones((terms, x.size))
    for n in range(1, terms):
        for k in range(x.size):
            values[n, k] = x[k] if n == 1 else 2.0 * x[k] * values[n - 1, k] - values[n - 2, k]
    return values
