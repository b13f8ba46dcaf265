"""Interpolation of band-limited samples between their places.

Samples of a signal of bandwidth B taken at a rate above B are interpolated by many kernels, since
the kernel's spectrum is free in the gap between the band and its first repetition. Knab's uses that
gap so well that its error falls as ``exp(-pi L guard)`` with half-length L in samples and
``guard = 1 - B / rate``, which a truncated sine cardinal never does: the interpolation is local,
and nothing has to be periodic (Knab, IEEE Trans. IT-25, 717, 1979).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# exp(-16) is 1e-7, which is below the noise of complex64 samples; a longer kernel at the same
# decay would only be narrower in its transition, which is what the longer half-lengths are used
# for.
_DECAY = 16.0
_LONGEST = 96


@dataclass(frozen=True, slots=True)
class KnabKernel:
    """An interpolation kernel for samples of a known oversampling.

    Parameters
    ----------
    half_length : int
        Samples used on either side.
    decay : float
        Steepness: the error of the interpolation is about ``exp(-decay)``.
    """

    half_length: int
    decay: float

    @classmethod
    def for_oversampling(cls, oversampling: float, available: int) -> "KnabKernel":
        """Choose the kernel for samples taken at `oversampling` times the bandwidth.

        Parameters
        ----------
        oversampling : float
            Sample rate over bandwidth, above 1.
        available : int
            Samples that there are on either side of the places to be interpolated.
        """
        guard = max(1.0 - 1.0 / oversampling, 0.02)
        # Twice what the guard band asks for keeps the transition well inside of it: a chirp's
        # spectrum does not end at the edge of its band, and its skirts belong to the signal.
        wanted = math.ceil(2.0 * _DECAY / (math.pi * guard))
        half_length = max(4, min(wanted, available, _LONGEST))
        return cls(half_length, min(_DECAY, math.pi * half_length * guard))

    def weights(
        self, position: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return the samples to be used for each place, and their weights.

        Parameters
        ----------
        position : array_like of float, shape (places,)
            Where to interpolate, in samples.

        Returns
        -------
        index : ndarray of int64, shape (places, 2 * half_length)
            Numbers of the samples.
        weight : ndarray of float64, same shape
            Their weights.
        """
        x = np.atleast_1d(np.asarray(position, dtype=np.float64))
        first = np.floor(x).astype(np.int64) - self.half_length + 1
        index = first[:, None] + np.arange(2 * self.half_length)
        distance = x[:, None] - index
        inside = np.sqrt(np.clip(1.0 - (distance / self.half_length) ** 2, 0.0, None))
        window = np.cosh(self.decay * inside) / math.cosh(self.decay)
        return index, np.sinc(distance) * window


def interpolate(
    samples: npt.NDArray[np.complex128], position: npt.ArrayLike, kernel: KnabKernel
) -> npt.NDArray[np.complex128]:
    """Interpolate a series of samples whose spectrum is centred on zero frequency.

    Parameters
    ----------
    samples : ndarray of complex128, shape (samples,)
        Samples at the places 0, 1, 2, ...; taken as zero beyond their ends.
    position : array_like of float, shape (places,)
        Where to interpolate, in samples.
    kernel : KnabKernel
        Kernel for the oversampling of these samples.

    Returns
    -------
    ndarray of complex128, shape (places,)
    """
    index, weight = kernel.weights(position)
    inside = (index >= 0) & (index < samples.size)
    values = samples[np.clip(index, 0, samples.size - 1)]
    result: npt.NDArray[np.complex128] = np.sum(values * np.where(inside, weight, 0.0), axis=1)
    return result


def piecewise_cubic_weights(oversampling: float, taps: int = 8) -> npt.NDArray[np.float64]:
    """Return the weights that turn samples into one cubic per interval between them.

    Where many values are taken from the same samples, weighing 8 samples for each of them costs
    more than evaluating a cubic that was made once. The cubic between the samples 0 and 1 is

        p(u) = sum_d u^d sum_t weight[d, t] x[t - taps/2 + 1],    0 <= u < 1

    with the weights for which the mean square error is least over all signals of the band and over
    u. Being optimal for the band, it beats by far the cubics of spline or Lagrange interpolation.

    Parameters
    ----------
    oversampling : float
        Sample rate over the full width of the band, 2 or more.
    taps : int
        Samples used for each interval, an even number; beyond 8 the cubic itself is the limit.

    Returns
    -------
    ndarray of float64, shape (4, taps)

    References
    ----------
    .. [1] C. W. Farrow, "A continuously variable digital delay element", ISCAS 1988.
    .. [2] J. Vesma and T. Saramaki, "Interpolation filters with arbitrary frequency response for
       all-digital receivers", ISCAS 1996: least squares over band and fraction.
    """
    node, quadrature = np.polynomial.legendre.leggauss(24)
    fraction, place = 0.5 * (node + 1.0), np.arange(taps) - taps // 2 + 1
    # By symmetry of the band only its positive half need be fitted, real and imaginary part.
    angle = np.pi / oversampling * fraction
    root = np.sqrt(quadrature)[:, None]
    basis = root * np.exp(1j * np.multiply.outer(angle, place))
    wanted = root * np.exp(1j * np.multiply.outer(angle, fraction))
    at_fraction = np.linalg.lstsq(
        np.vstack((basis.real, basis.imag)), np.vstack((wanted.real, wanted.imag)), rcond=1e-13
    )[0]
    # The best cubic through these is the best of all, since both fits are linear.
    powers = fraction[:, None] ** np.arange(4)
    weights: npt.NDArray[np.float64] = np.linalg.lstsq(
        root * powers, root * at_fraction.T, rcond=None
    )[0]
    return weights
