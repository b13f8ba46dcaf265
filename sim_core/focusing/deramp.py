"""De-ramping: focusing at any PRF, by taking the reference's whole history out first.

With the reference's exact history as frame, a point that the reference resembles, only `a` seconds
later, is left with (kappa the mean of tau'', w the mean of tau')

    -2 pi (f + f_c) (r - a (tau'(t) - w) + kappa a^2 / 2)

which turns slowly whatever the PRF, and is linear in ``nu(t) = -(tau'(t) - w)``. So the image is
the transform of each range frequency over ``(f + f_c) nu``: over the Doppler frequency that the
reference has at each pulse rather than over time, which keeps points far from the reference sharp,
and scaled by the frequency, which takes out their residual range walk (the keystone transform). The
places ``(f + f_c) nu`` are not even: the transform is a non-uniform FFT. The term in a^2 is taken
out with the image, so that positions and phases are those of range-Doppler processing.
Formulas: docs/algorithms/deramp.md.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy import special

from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression import (
    ComplexRows,
    Progress,
    RangeGates,
    align_and_crop,
)
from sim_core.focusing.reference import FloatArray, Reference

# Rows of the image per azimuth cell; the least that the measurement of responses wants is 1.2.
_ROWS_PER_CELL = 1.28
_LAG_BLOCK = 256
# Width of the spreading kernel on a grid of twice the modes: errors of 1e-7, as complex64 has.
_SPREAD = 8
_SPREAD_SHAPE = 2.30 * _SPREAD
# Offsets at which the kernel is tabulated; the line between two of them is right to 1e-7.
_KERNEL_OFFSETS = 2048


def lag_grid(reference: Reference) -> tuple[float, int]:
    """Return the spacing and the number of the image's azimuth lags.

    They cover the unambiguous width, PRF over Doppler rate, about lag zero, or the duration of the
    aperture where that is less.

    Parameters
    ----------
    reference : Reference
        The reference point.
    """
    aperture = reference.aperture
    rate_hz_per_s = abs(reference.rate_slope_per_s()) * reference.carrier_hz
    step_s = 1.0 / (_ROWS_PER_CELL * reference.carrier_hz * reference.rate_span)
    width_s = min(aperture.prf_hz / rate_hz_per_s, aperture.duration_s)
    lags = scipy.fft.next_fast_len(math.ceil(width_s / step_s))
    return step_s, lags


def compress_azimuth(
    spectra: ComplexRows, reference: Reference, gates: RangeGates, progress: Progress
) -> ComplexRows:
    """Form the image from range spectra in the frame of the reference's exact history.

    Parameters
    ----------
    spectra : ndarray of complex64, shape (gates, pulses)
        Range spectra.
    reference : Reference
        The reference point.
    gates : RangeGates
        Which gates they are.
    progress : callable
        Called with the fraction done.

    Returns
    -------
    ndarray of complex64, shape (columns, lags)
        The image, range by azimuth lag; lag zero is at lags // 2. The reference's peak is the sum
        of the pulses.
    """
    step_s, lags = lag_grid(reference)
    doppler = -(reference.delay_rate(reference.aperture.slow_time_s) - reference.walk)
    frequency_hz = scipy.fft.fftfreq(gates.gates, 1.0 / reference.sample_rate_hz)
    sum_pulses = NonuniformTransform.plan(lags)
    transformed = np.empty((gates.gates, lags), dtype=np.complex64)

    def transform(rows: slice) -> None:
        for row in range(rows.start, rows.stop):
            place = (reference.carrier_hz + frequency_hz[row]) * step_s * doppler
            transformed[row] = sum_pulses(spectra[row], place)

    frequencies = slices(gates.gates, 8)
    run_blocks(frequencies, transform, lambda done: progress(0.8 * done / len(frequencies)))

    lag_s = (np.arange(lags) - lags // 2) * step_s
    bend_s = 0.5 * reference.rate_slope_per_s() * lag_s**2
    polynomial = np.zeros((3, lags))
    polynomial[0] = bend_s * reference.sample_rate_hz / gates.gates
    factor = np.exp(2j * np.pi * np.mod(reference.carrier_hz * bend_s, 1.0)).astype(np.complex64)
    image = transformed[: gates.columns]

    def align(rows: slice) -> None:
        first = gates.first_column - gates.first_gate
        align_and_crop(transformed, image, rows, first, polynomial, factor)

    blocks = slices(lags, _LAG_BLOCK)
    run_blocks(blocks, align, lambda done: progress(0.8 + 0.2 * done / len(blocks)))
    return image


@dataclass(frozen=True, slots=True, eq=False)
class NonuniformTransform:
    """Sums of values at uneven places into even modes: a non-uniform FFT of type 1.

    ``sum_n values[n] exp(2j pi k place[n])`` for ``k = -(modes // 2) ...``, by spreading each value
    over a few points of a fine grid, an FFT, and division by the spreading's own transform
    (Dutt and Rokhlin 1993; the kernel is that of Barnett, Magland and af Klinteberg 2019).

    Parameters
    ----------
    modes : int
        Number of modes.
    grid_points : int
        Points of the fine grid.
    correction : ndarray of float32, shape (modes,)
        Inverse of the spreading's transform.
    kernel : ndarray of float32, shape (offsets, points)
        The spreading kernel at its points, for each offset of the first point from the place.
    """

    modes: int
    grid_points: int
    correction: npt.NDArray[np.float32]
    kernel: npt.NDArray[np.float32]

    @classmethod
    def plan(cls, modes: int) -> "NonuniformTransform":
        """Prepare the transform into a number of modes."""
        grid_points = scipy.fft.next_fast_len(max(2 * modes, 2 * _SPREAD))
        mode = np.arange(modes) - modes // 2
        node, weight = special.roots_legendre(64)
        half = np.arange(modes // 2 + 1)
        transform = np.zeros(half.size)
        for t, value in zip(node, weight * _spreading(node), strict=True):
            transform += value * np.cos(np.pi * _SPREAD / grid_points * t * half)
        correction = (2.0 / (_SPREAD * transform))[np.abs(mode)]
        offset = np.arange(_KERNEL_OFFSETS + 1) / _KERNEL_OFFSETS
        points = np.arange(_SPREAD) - 0.5 * _SPREAD
        kernel = _spreading((offset[:, None] + points) * (2.0 / _SPREAD))
        return cls(modes, grid_points, correction.astype(np.float32), kernel.astype(np.float32))

    def __call__(self, values: ComplexRows, place_cycles: FloatArray) -> ComplexRows:
        """Transform values at places.

        Parameters
        ----------
        values : ndarray of complex64, shape (values,)
            What is summed.
        place_cycles : ndarray of float64, shape (values,)
            Phase of mode 1 at each value, in cycles.

        Returns
        -------
        ndarray of complex64, shape (modes,)
            Right to about 1e-6 of the largest possible sum.
        """
        grid = np.zeros(self.grid_points, dtype=np.complex64)
        _spread(values, place_cycles, self.kernel, grid)
        summed = scipy.fft.ifft(grid, norm="forward", overwrite_x=True)
        below = self.modes // 2
        centred = np.concatenate(
            (summed[-below:] if below else summed[:0], summed[: self.modes - below])
        )
        result: ComplexRows = centred * self.correction
        return result


def _spreading(t: FloatArray) -> FloatArray:
    """Evaluate the spreading kernel on -1 to 1."""
    inside = np.sqrt(np.clip(1.0 - t * t, 0.0, None))
    value: FloatArray = np.exp(_SPREAD_SHAPE * (inside - 1.0))
    return value


@numba.njit(cache=True, nogil=True)
def _spread(
    values: ComplexRows,
    place: FloatArray,
    kernel: npt.NDArray[np.float32],
    grid: ComplexRows,
) -> None:
    length = grid.size
    offsets = kernel.shape[0] - 1
    points = kernel.shape[1]
    for n in range(values.size):
        # Double: the place among the grid's points decides the phase of the highest mode.
        x = (place[n] - np.floor(place[n])) * length
        nearest = np.ceil(x)
        offset = (nearest - x) * offsets
        entry = min(int(offset), offsets - 1)
        fraction = np.float32(offset - entry)
        index = int(nearest) - points // 2
        if index < 0:
            index += length
        for point in range(points):
            if index >= length:
                index -= length
            low = kernel[entry, point]
            weight = low + fraction * (kernel[entry + 1, point] - low)
            grid[index] += values[n] * weight
            index += 1
