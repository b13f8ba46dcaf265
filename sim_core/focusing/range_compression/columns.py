"""From compressed rows to range spectra, and from range spectra to the columns of an image.

Azimuth processing works on a range frequency at a time, so that spectra are stored transposed.
"""

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.reference import FloatArray

ComplexRows = npt.NDArray[np.complex64]


def to_spectra(rows: ComplexRows, spectra: ComplexRows) -> None:
    """Transform rows, which are overwritten, over their gates and store them as columns.

    Parameters
    ----------
    rows : ndarray of complex64, shape (pulses, gates)
        Compressed pulses in the range domain.
    spectra : ndarray of complex64, shape (gates, pulses)
        Where their spectra go, in FFT order of the range frequency.
    """
    transpose(scipy.fft.fft(rows, axis=1, overwrite_x=True), spectra)


def align_and_crop(
    spectra: ComplexRows,
    image: ComplexRows,
    rows: slice,
    first: int,
    phase_cycles: FloatArray,
    factor: npt.NDArray[np.complex64],
) -> None:
    """Apply a phase polynomial in range frequency, go back to range, and keep the columns.

    Parameters
    ----------
    spectra : ndarray of complex64, shape (gates, rows)
        Range spectra, a row for each range frequency in FFT order.
    image : ndarray of complex64, shape (columns, rows)
        Where the columns go; may be the first rows of `spectra` itself.
    rows : slice
        Which rows (Doppler bins or lags) to treat.
    first : int
        Gate that becomes the first column.
    phase_cycles : ndarray of float64, shape (3, rows)
        Coefficients of the phase in cycles: of k, k^2 and k^3 with k the number of the frequency
        bin, negative below zero frequency.
    factor : ndarray of complex64, shape (rows,)
        Factor for each row, the azimuth matched filter.
    """
    block = np.empty((rows.stop - rows.start, spectra.shape[0]), dtype=np.complex64)
    transpose(spectra[:, rows], block)
    _phase_polynomial(block, phase_cycles[:, rows])
    block = np.asarray(scipy.fft.ifft(block, axis=1, overwrite_x=True), dtype=np.complex64)
    _store_columns(block, first, factor[rows], image[:, rows])


@numba.njit(cache=True, nogil=True)
def transpose(source: ComplexRows, target: ComplexRows) -> None:
    """Copy a transposed array in tiles of one cache line by sixteen."""
    rows, columns = source.shape
    for first in range(0, rows, 16):
        last = min(first + 16, rows)
        for column in range(columns):
            for row in range(first, last):
                target[column, row] = source[row, column]


@numba.njit(cache=True, nogil=True)
def _phase_polynomial(block: ComplexRows, cycles: FloatArray) -> None:
    length = block.shape[1]
    negative = length // 2
    for n in range(block.shape[0]):
        a, b, c = cycles[0, n], cycles[1, n], cycles[2, n]
        k = -float(negative)
        # Differences of the polynomial turn a phasor that turns a phasor that turns a phasor.
        value = np.exp(2j * np.pi * ((c * k + b) * k + a) * k)
        first = np.exp(2j * np.pi * (a + b * (2.0 * k + 1.0) + c * (3.0 * k * (k + 1.0) + 1.0)))
        second = np.exp(2j * np.pi * (2.0 * b + 6.0 * c * (k + 1.0)))
        third = np.exp(2j * np.pi * 6.0 * c)
        for m in range(length):
            place = m - negative
            if place < 0:
                place += length
            block[n, place] *= np.complex64(value)
            value *= first
            first *= second
            second *= third


@numba.njit(cache=True, nogil=True)
def _store_columns(block: ComplexRows, first: int, factor: ComplexRows, image: ComplexRows) -> None:
    rows, length = block.shape
    for row_0 in range(0, rows, 16):
        row_1 = min(row_0 + 16, rows)
        for column in range(image.shape[0]):
            gate = (first + column) % length
            for row in range(row_0, row_1):
                image[column, row] = block[row, gate] * factor[row]
