"""A pulse from its samples, evaluated between them."""

import math

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.errors import SamplingError
from sim_core.signal.kernel_series import kernel_series
from sim_core.signal.pulse_shape import FloatArray
from sim_core.signal.shaped_pulse import ShapedPulse

# Knab's kernel: the error is exp(-decay), and the decay pi L (1 - B / rate). 24 samples on either
# side leave -109 dB at 1.2 times the bandwidth; -87 dB is the least that is taken.
_HALF_LENGTH = 24
_LEAST_DECAY = 10.0
_LARGEST_DECAY = 18.0
_LEAST_OVERSAMPLING = 1.0 / (1.0 - _LEAST_DECAY / (math.pi * _HALF_LENGTH))

_ENERGY_IN_BAND = 0.99


def sampled_pulse(
    samples: npt.ArrayLike, sample_rate_hz: float, bandwidth_hz: float | None = None
) -> ShapedPulse:
    """Make a pulse of complex samples at a rate of their own.

    Between the samples the pulse is their band-limited interpolation (Knab, IEEE Trans. IT-25, 717,
    1979), to better than -80 dB, with nothing before the first sample and zeros after the last one,
    and it ends one sample after that. A pulse with hard edges is no band-limited signal: within 24
    samples of such an edge the interpolation overshoots, as a converter's filter would. Samples
    that begin and end with zeros have no such places.

    Parameters
    ----------
    samples : array_like of complex, shape (samples,)
        The first one is the leading edge. Of any scale: the pulse has a peak of 1.
    sample_rate_hz : float
        Rate of the samples, at least 1.16 times the bandwidth. Not that of the schedule: the pulse
        is evaluated at whatever instants are wanted.
    bandwidth_hz : float, optional
        Width of the band about zero frequency; else the one that holds 99 % of the energy.

    Returns
    -------
    ShapedPulse
        Of the duration ``samples / sample_rate_hz``.

    Raises
    ------
    SamplingError
        If the samples are no pulse, or their rate is too low for their band.
    """
    values = np.asarray(samples, dtype=np.complex128)
    if values.ndim != 1 or values.size < 2 or not np.all(np.isfinite(values)) or not np.any(values):
        raise SamplingError(
            f"samples of shape {values.shape} make no pulse",
            "give at least two finite complex samples in one row, not all of them zero",
        )
    if not (math.isfinite(sample_rate_hz) and sample_rate_hz > 0.0):
        raise SamplingError(
            f"{sample_rate_hz} Hz is no rate of samples", "give the rate of the samples in Hz"
        )
    band_hz = _band_hz(values, sample_rate_hz) if bandwidth_hz is None else bandwidth_hz
    if not band_hz * _LEAST_OVERSAMPLING <= sample_rate_hz:
        raise SamplingError(
            f"samples at {sample_rate_hz:g} Hz do not hold a band of {band_hz:g} Hz well enough "
            "to be evaluated in between",
            f"sample the pulse at {band_hz * _LEAST_OVERSAMPLING:.6g} Hz at least",
        )
    guard = 1.0 - band_hz / sample_rate_hz
    decay = min(math.pi * _HALF_LENGTH * guard, _LARGEST_DECAY)

    def kernel(distance: FloatArray) -> FloatArray:
        inside = np.sqrt(np.clip(1.0 - (distance / _HALF_LENGTH) ** 2, 0.0, None))
        return np.asarray(np.sinc(distance) * np.cosh(decay * inside) / math.cosh(decay))

    values = values / np.max(np.abs(values))
    series = kernel_series(values, kernel, _HALF_LENGTH, 1.0 / sample_rate_hz)
    # The kernels reach beyond the pulse, which begins with its first sample.
    shape = series.cut(_HALF_LENGTH, values.size, 1.0 / sample_rate_hz)
    return ShapedPulse("samples", shape.scaled(1.0 / shape.peak_magnitude()), band_hz)


def _band_hz(values: npt.NDArray[np.complex128], sample_rate_hz: float) -> float:
    """Return the width of the band about zero that holds the stated part of the energy."""
    length = scipy.fft.next_fast_len(4 * values.size)
    energy = np.abs(scipy.fft.fft(values, length)) ** 2
    distance_hz = np.abs(scipy.fft.fftfreq(length, 1.0 / sample_rate_hz))
    order = np.argsort(distance_hz)
    held = np.cumsum(energy[order])
    edge = int(np.searchsorted(held, _ENERGY_IN_BAND * held[-1]))
    return 2.0 * float(distance_hz[order[edge]])
