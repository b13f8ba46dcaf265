"""The compiled loops of back-projection: rows to cubics, and cubics to pixels.

A pixel-pulse costs a phase in double precision, its cosine and sine, and one cubic of a complex
value. Delays over a tile of pixels are cubics, too (`projection.Tile`), so that nothing of
geometry is left in the innermost loops. The first and the last of them have no loads that depend on
data, and are vectorised; the one between picks four complex numbers, 32 bytes side by side, for
each pixel.
"""

import numba
import numpy as np
import numpy.typing as npt

from sim_core.signal.phasor import phasor

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]
ComplexRows = npt.NDArray[np.complex64]

# Pulses whose sum is kept in single precision: the error of such a sum is 1e-7 of itself. The sums
# are added up in double precision, so that 1e5 pulses lose no more than that.
PULSES_PER_SUM = 64
# Terms of a cubic.
TERMS = 4


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def rows_to_cubics(rows: ComplexRows, weights: SingleArray, cubics: SingleArray) -> None:
    """Turn the intervals between the samples of periodic rows into cubics.

    Parameters
    ----------
    rows : ndarray of complex64, shape (pulses, samples)
        Oversampled range-compressed pulses.
    weights : ndarray of float32, shape (4, taps)
        From `interpolation.piecewise_cubic_weights`.
    cubics : ndarray of float32, shape (pulses, samples + 2, 8)
        Coefficients of u^0 to u^3, real parts and then imaginary ones. Interval k is number k + 1:
        the first and the last are zero, and catch all pixels that a row does not reach.
    """
    pulses, samples = rows.shape
    taps = weights.shape[1]
    before = taps // 2 - 1
    real = np.empty(samples + taps - 1, np.float32)
    imag = np.empty(samples + taps - 1, np.float32)
    plane = np.empty((2 * TERMS, samples), np.float32)
    for n in range(pulses):
        for m in range(samples + taps - 1):
            value = rows[n, (m - before) % samples]
            real[m] = value.real
            imag[m] = value.imag
        plane[:] = 0.0
        for d in range(TERMS):
            for t in range(taps):
                weight = weights[d, t]
                for m in range(samples):
                    plane[d, m] += weight * real[m + t]
                    plane[TERMS + d, m] += weight * imag[m + t]
        cubics[n, 0] = 0.0
        cubics[n, samples + 1] = 0.0
        for m in range(samples):
            for d in range(2 * TERMS):
                cubics[n, m + 1, d] = plane[d, m]


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def add_pulses(
    cubics: SingleArray,
    phase_basis: FloatArray,
    place_basis: FloatArray,
    series: FloatArray,
    y: FloatArray,
    x: FloatArray,
    total: npt.NDArray[np.complex128],
) -> None:
    """Add pulses to a tile of pixels.

    The carrier's phase in cycles, and the place in the row, are each
    ``sum_ij y^i x^j sum_k basis[n, k] series[k, i, j]`` for pulse n.

    Parameters
    ----------
    cubics : ndarray of float32, shape (pulses, intervals, 8)
        From `rows_to_cubics`.
    phase_basis, place_basis : ndarray of float64, shape (pulses, terms)
        What turns series in slow time into cycles, and into intervals.
    series : ndarray of float64, shape (terms, 16)
        Series in slow time of the 4 by 4 coefficients over the tile.
    y, x : ndarray of float64, shape (rows,), (columns,)
        Coordinates of the pixels within the tile, -1 to 1.
    total : ndarray of complex128, shape (rows, columns)
        The sums so far.
    """
    rows, columns = total.shape
    last = cubics.shape[1] - 0.5
    sum_re = np.empty((rows, columns), np.float32)
    sum_im = np.empty((rows, columns), np.float32)
    phase = np.empty(TERMS * TERMS)
    place = np.empty(TERMS * TERMS)
    cosine = np.empty(columns, np.float32)
    sine = np.empty(columns, np.float32)
    fraction = np.empty(columns, np.float32)
    interval = np.empty(columns, np.int32)
    real = np.empty(columns, np.float32)
    imag = np.empty(columns, np.float32)
    for first in range(0, cubics.shape[0], PULSES_PER_SUM):
        sum_re[:] = 0.0
        sum_im[:] = 0.0
        for n in range(first, min(first + PULSES_PER_SUM, cubics.shape[0])):
            phase[:] = 0.0
            place[:] = 0.0
            for k in range(series.shape[0]):
                for m in range(TERMS * TERMS):
                    phase[m] += phase_basis[n, k] * series[k, m]
                    place[m] += place_basis[n, k] * series[k, m]
            for i in range(rows):
                _phase_and_place(phase, place, y[i], x, last, cosine, sine, interval, fraction)
                _add_row(
                    cubics[n],
                    cosine,
                    sine,
                    interval,
                    fraction,
                    real,
                    imag,
                    sum_re[i],
                    sum_im[i],
                )
        for i in range(rows):
            for j in range(columns):
                total[i, j] += complex(sum_re[i, j], sum_im[i, j])


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def _phase_and_place(
    phase: FloatArray,
    place: FloatArray,
    y: float,
    x: FloatArray,
    last: float,
    cosine: SingleArray,
    sine: SingleArray,
    interval: npt.NDArray[np.int32],
    fraction: SingleArray,
) -> None:
    a0, a1, a2, a3 = _along_row(phase, y)
    b0, b1, b2, b3 = _along_row(place, y)
    for j in range(x.size):
        turn, quadrature = phasor(((a3 * x[j] + a2) * x[j] + a1) * x[j] + a0)
        cosine[j] = np.float32(turn)
        sine[j] = np.float32(quadrature)
        at = ((b3 * x[j] + b2) * x[j] + b1) * x[j] + b0
        at = min(max(at, 0.0), last)
        whole = np.int32(at)
        interval[j] = whole
        fraction[j] = np.float32(at - whole)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _along_row(c: FloatArray, y: float) -> tuple[float, float, float, float]:
    """Take the cubic in x out of that in y and x."""
    return (
        ((c[12] * y + c[8]) * y + c[4]) * y + c[0],
        ((c[13] * y + c[9]) * y + c[5]) * y + c[1],
        ((c[14] * y + c[10]) * y + c[6]) * y + c[2],
        ((c[15] * y + c[11]) * y + c[7]) * y + c[3],
    )


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def _add_row(
    cubics: SingleArray,
    cosine: SingleArray,
    sine: SingleArray,
    interval: npt.NDArray[np.int32],
    fraction: SingleArray,
    real: SingleArray,
    imag: SingleArray,
    sum_re: SingleArray,
    sum_im: SingleArray,
) -> None:
    # Two loops: one that picks, and one that has nothing to pick and is vectorised.
    for j in range(cosine.size):
        k, u = interval[j], fraction[j]
        real[j] = ((cubics[k, 3] * u + cubics[k, 2]) * u + cubics[k, 1]) * u + cubics[k, 0]
        imag[j] = ((cubics[k, 7] * u + cubics[k, 6]) * u + cubics[k, 5]) * u + cubics[k, 4]
    for j in range(cosine.size):
        sum_re[j] += real[j] * cosine[j] - imag[j] * sine[j]
        sum_im[j] += real[j] * sine[j] + imag[j] * cosine[j]
