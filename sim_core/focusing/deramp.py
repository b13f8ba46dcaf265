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

import finufft
import numpy as np
import scipy.fft

from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression import (
    ComplexRows,
    Progress,
    RangeGates,
    align_and_crop,
)
from sim_core.focusing.reference import Reference

# Rows of the image per azimuth cell; the least that the measurement of responses wants is 1.2.
_ROWS_PER_CELL = 1.28
_LAG_BLOCK = 256
# Relative error of the non-uniform transform: that of complex64.
_TRANSFORM_ERROR = 1e-7


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
    transformed = np.empty((gates.gates, lags), dtype=np.complex64)

    def transform(rows: slice) -> None:
        # Double precision: at the highest of 1e4 lags the phase of a place in single precision
        # would be off by 1e-3 cycles. One plan a block, since a plan serves one thread.
        plan = finufft.Plan(
            1, (lags,), eps=_TRANSFORM_ERROR, isign=1, dtype="complex128", nthreads=1
        )
        for row in range(rows.start, rows.stop):
            turns = (reference.carrier_hz + frequency_hz[row]) * step_s * doppler
            plan.setpts(2.0 * np.pi * turns)
            transformed[row] = plan.execute(spectra[row].astype(np.complex128))

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
