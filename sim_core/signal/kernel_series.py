"""A series of complex values, each of which is carried by a kernel: chips and samples alike."""

from collections.abc import Callable

import numpy as np

from sim_core.signal.pulse_shape import ComplexArray, FloatArray, PulseShape, fit_pulse_shape

Kernel = Callable[[FloatArray], FloatArray]
"""Real and even; of a distance in units of the values' spacing, zero at the half-length."""


def kernel_series(
    values: ComplexArray, kernel: Kernel, half_length: int, spacing_s: float
) -> PulseShape:
    """Make the pulse ``sum_k values[k] kernel(x / spacing - half_length - k)``.

    The kernel is fitted once; as all values are carried by the same one at even places, the
    coefficients of the sum are the convolution of the values with the kernel's.

    Parameters
    ----------
    values : ndarray of complex128, shape (values,)
        Of magnitude 1 at most.
    kernel : callable
        What carries each value.
    half_length : int
        Distance from which on the kernel is zero, in spacings.
    spacing_s : float
        Time between two values.

    Returns
    -------
    PulseShape
        Of the duration ``(values - 1 + 2 half_length) spacing_s``, in equal segments for each
        spacing. Its error is a bound: that of all kernels that overlap, added up.
    """
    carrier = fit_pulse_shape(
        2.0 * half_length,
        np.zeros_like,
        lambda place: kernel(place - half_length),
        2 * half_length,
    )
    per_spacing = carrier.segments // (2 * half_length)
    spread = np.zeros((values.size - 1) * per_spacing + 1, dtype=np.complex128)
    spread[::per_spacing] = values
    amplitude = np.stack([np.convolve(row, spread) for row in carrier.amplitude])
    return PulseShape(
        duration_s=(values.size - 1 + 2 * half_length) * spacing_s,
        cycles=np.zeros((1, amplitude.shape[1])),
        amplitude=amplitude,
        error=float(np.max(np.abs(values))) * _overlapping_error(carrier, kernel, half_length),
    )


def _overlapping_error(carrier: PulseShape, kernel: Kernel, half_length: int) -> float:
    place = (np.arange(64) + 0.5) / 64.0
    distance: FloatArray = place[:, None] + np.arange(-half_length, half_length, dtype=np.float64)
    error = np.abs(carrier.baseband(distance + half_length) - kernel(distance))
    return float(np.max(np.sum(error, axis=1)))
