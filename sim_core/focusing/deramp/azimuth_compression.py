"""De-ramping: focusing at any PRF, by taking the reference's whole history out first.

With the reference's exact history as frame, the delay of a point turns slowly, whatever the PRF,
and is nearly linear in its image coordinates: see `kernel`. Its factor
``exp(2j pi f_c rho r)`` is taken out in range compression, where every gate has its r. Then the
image is the transform of each range frequency over ``(f + f_c) alpha``: over the Doppler frequency
that a point has at each pulse rather than over time, and scaled by the frequency, which takes out
the residual range walk (the keystone transform). These places are not even: the transform is a
non-uniform FFT, whatever the times of the pulses. What is not linear in the place is taken out of
the image (`residual`); the term in a^2 makes positions those of range-Doppler processing.
Formulas: docs/algorithms/deramp.md.
"""

import finufft
import numpy as np
import scipy.fft

from sim_core.focusing.deramp.kernel import DerampKernel, LagGrid
from sim_core.focusing.deramp.residual import ResidualPhase, remove_residual
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression.columns import align_and_crop
from sim_core.focusing.range_compression.compression import ComplexRows, Progress
from sim_core.focusing.range_compression.gates import RangeGates
from sim_core.focusing.reference import Reference

_LAG_BLOCK = 256
# Relative error of the non-uniform transform: that of complex64.
_TRANSFORM_ERROR = 1e-7


def compress_azimuth(
    spectra: ComplexRows,
    reference: Reference,
    kernel: DerampKernel,
    grid: LagGrid,
    gates: RangeGates,
    residual: ResidualPhase | None,
    progress: Progress,
) -> ComplexRows:
    """Form the image from range spectra in the frame of the reference's exact history.

    Parameters
    ----------
    spectra : ndarray of complex64, shape (gates, width)
        Range spectra of the pulses, rows at least as wide as there are pulses and lags; they are
        overwritten.
    reference : Reference
        The reference point.
    kernel : DerampKernel
        Of the pulses; its `rho` was taken out in range compression.
    grid : LagGrid
        Lags of the image.
    gates : RangeGates
        Which gates they are.
    residual : ResidualPhase or None
        What the kernel leaves of points far away.
    progress : callable
        Called with the fraction done.

    Returns
    -------
    ndarray of complex64, shape (columns, lags)
        The image, range by azimuth lag, in the memory of `spectra`. The reference's peak is the
        sum of the pulses.
    """
    pulses, lags = reference.aperture.pulses, grid.lags
    frequency_hz = scipy.fft.fftfreq(gates.gates, 1.0 / reference.sample_rate_hz)

    def transform(rows: slice) -> None:
        # Double precision: at the highest of 1e4 lags the phase of a place in single precision
        # would be off by 1e-3 cycles. One plan a block, since a plan serves one thread.
        plan = finufft.Plan(
            1, (lags,), eps=_TRANSFORM_ERROR, isign=1, dtype="complex128", nthreads=1
        )
        for row in range(rows.start, rows.stop):
            turns = (reference.carrier_hz + frequency_hz[row]) * grid.step_s * kernel.turning
            signal = spectra[row, :pulses].astype(np.complex128)
            if grid.middle:
                signal *= np.exp(2j * np.pi * np.mod(turns * grid.middle, 1.0))
            # Places are angles on a circle, within three half turns.
            plan.setpts(2.0 * np.pi * np.remainder(turns, 1.0))
            spectra[row, :lags] = plan.execute(signal)

    frequencies = slices(gates.gates, 8)
    run_blocks(frequencies, transform, lambda done: progress(0.8 * done / len(frequencies)))

    bend_s = 0.5 * reference.rate_slope_per_s() * grid.lag_s**2
    polynomial = np.zeros((3, lags))
    polynomial[0] = bend_s * reference.sample_rate_hz / gates.gates
    factor = np.exp(2j * np.pi * np.mod(reference.carrier_hz * bend_s, 1.0)).astype(np.complex64)
    image = spectra[: gates.columns, :lags]
    in_align = factor if residual is None else np.ones_like(factor)

    def align(rows: slice) -> None:
        first = gates.first_column - gates.first_gate
        align_and_crop(spectra[:, :lags], image, rows, first, polynomial, in_align)

    blocks = slices(lags, _LAG_BLOCK)
    run_blocks(blocks, align, lambda done: progress(0.8 + 0.1 * done / len(blocks)))
    if residual is not None:
        remove_residual(
            image,
            residual,
            reference,
            grid,
            gates.first_column,
            factor,
            lambda done: progress(0.9 + 0.1 * done),
        )
    progress(1.0)
    return image
