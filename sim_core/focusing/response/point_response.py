"""Point responses that are known beforehand, as functions of the offset in cells.

All but the closed forms are sums over places u in the band, ``sum_k c_k exp(2j pi u_k x)``, of a
spectrum: the taper times the pulse's power, or the pulses themselves. Sums over many places are
first gathered onto few (`BandSum.gathered`).
"""

import math
from dataclasses import dataclass
from typing import Protocol

import finufft
import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy import special

from sim_core.errors import FocusingError
from sim_core.focusing.interpolation import KnabKernel, interpolate
from sim_core.focusing.response.islr import FloatArray, cumulative_energy
from sim_core.signal.waveform import Waveform
from sim_core.signal.window import Window, band_quadrature

ComplexArray = npt.NDArray[np.complex128]

# Panels of the integral over the band: enough for cos(2 pi u x) up to x = 100 cells.
_PANELS = 64
# Panels in a band, and nodes in each, when a sum is gathered: with half a cycle on either side of a
# panel's centre (x = 32 cells), the interpolation between the nodes is good to 1e-10.
_GATHERED_PANELS = 32
_NODES = 16
# Samples per cell at which an analytic pulse is evaluated for its spectrum.
_PULSE_OVERSAMPLING = 32
# The energy of a chirp's autocorrelation is integrated so far, and its mean beyond.
_TAIL_CELLS = 512.0


class PointResponse(Protocol):
    """A response that is 1 at its peak."""

    @property
    def energy_cells(self) -> float:
        """Energy of all of it, in cells; NaN where it never ends."""

    def __call__(self, offset_cells: FloatArray) -> ComplexArray:
        """Evaluate it at offsets from the peak, in cells, of shape (points,)."""


@dataclass(frozen=True, slots=True)
class ChirpResponse:
    """Autocorrelation of a linear FM pulse, or the sine cardinal, which is its limit.

    ``chi(x) = (1 - |x|/N) sinc(x (1 - |x|/N))``

    Parameters
    ----------
    time_bandwidth_product : float
        Of the pulse, N; infinite for a flat band.
    """

    time_bandwidth_product: float = math.inf

    def __call__(self, offset_cells: FloatArray) -> ComplexArray:
        """Evaluate the closed form."""
        x = np.asarray(offset_cells, dtype=np.float64)
        overlap = np.clip(1.0 - np.abs(x) / self.time_bandwidth_product, 0.0, None)
        return (overlap * np.sinc(x * overlap)).astype(np.complex128)

    @property
    def energy_cells(self) -> float:
        """Energy of all of it: 1 for the sine cardinal."""
        product = self.time_bandwidth_product
        if math.isinf(product):
            return 1.0
        stop = min(product, _TAIL_CELLS)
        near = 2.0 * cumulative_energy(lambda x: np.abs(self(x)) ** 2, (0.0, stop))[stop]
        # Beyond, the power is sin^2 / (pi x)^2, of which the mean counts.
        return near + (1.0 / stop - 1.0 / product) / math.pi**2


@dataclass(frozen=True, slots=True, eq=False)
class BandSum:
    """A response by its spectrum.

    Parameters
    ----------
    position : ndarray of float64, shape (places,)
        Places in the band, in units of its width.
    coefficient : ndarray of complex128, shape (places,)
        What the spectrum contributes there; the sum is 1.
    energy_cells : float
        Energy of the response.
    """

    position: FloatArray
    coefficient: ComplexArray
    energy_cells: float

    @classmethod
    def of_spectrum(
        cls, position: FloatArray, quadrature: FloatArray, spectrum: npt.ArrayLike
    ) -> "BandSum":
        """Make the response of a spectrum that is continuous between nodes of a quadrature."""
        values = np.asarray(spectrum, dtype=np.complex128)
        total = complex(np.sum(quadrature * values))
        # Parseval.
        energy = float(np.sum(quadrature * np.abs(values) ** 2)) / abs(total) ** 2
        return cls(position, quadrature * values / total, energy).gathered()

    @classmethod
    def of_pulses(cls, position: npt.ArrayLike, weight: npt.ArrayLike) -> "BandSum":
        """Make the response of single pulses: it repeats, so that its energy has no bound."""
        places = np.asarray(position, dtype=np.float64)
        weights = np.asarray(weight, dtype=np.float64)
        total = float(np.sum(weights))
        if places.shape != weights.shape or places.ndim != 1 or not total > 0.0:
            raise FocusingError(
                f"{weights.size} weights with the sum {total:g} for {places.size} pulses make no "
                "aperture",
                "give one weight for each pulse, not all of them zero",
            )
        return cls(places, (weights / total).astype(np.complex128), math.nan).gathered()

    def gathered(self) -> "BandSum":
        """Gather the sum onto the Chebyshev nodes of 1/32-wide panels.

        Each place's share goes to the nodes of its panel with the weights by which they would
        interpolate to it: the same sum to 1e-10 for offsets up to 32 cells, to 1e-5 at 64.
        """
        low, high = float(np.min(self.position)), float(np.max(self.position))
        panels = max(1, math.ceil(_GATHERED_PANELS * (high - low)))
        if self.position.size <= panels * _NODES:
            return self
        width = (high - low) / panels
        panel = np.minimum(((self.position - low) / width).astype(np.int64), panels - 1)
        local = 2.0 * ((self.position - low) / width - panel) - 1.0
        node = np.cos(math.pi * (np.arange(_NODES) + 0.5) / _NODES)
        gathered = np.empty((_NODES, panels), dtype=np.complex128)
        order = np.arange(_NODES)
        # Interpolation from Chebyshev nodes, as a sum of Chebyshev polynomials.
        polynomials = np.cos(order[:, None] * np.arccos(np.clip(local, -1.0, 1.0)))
        scale = np.where(order == 0, 1.0, 2.0) / _NODES
        for number, place in enumerate(node):
            share = (scale * np.cos(order * math.acos(place))) @ polynomials * self.coefficient
            gathered[number] = np.bincount(panel, share.real, panels) + 1j * np.bincount(
                panel, share.imag, panels
            )
        centre = low + width * (np.arange(panels) + 0.5)
        position = centre + 0.5 * width * node[:, None]
        return BandSum(position.ravel(), gathered.ravel(), self.energy_cells)

    def __call__(self, offset_cells: FloatArray) -> ComplexArray:
        """Sum over the band."""
        x = np.asarray(offset_cells, dtype=np.float64)
        phasor = np.exp(2j * np.pi * np.multiply.outer(x, self.position))
        result: ComplexArray = phasor @ self.coefficient
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Autocorrelation:
    """Autocorrelation of a pulse that is known sample by sample, skirts and all.

    Parameters
    ----------
    lags : ndarray of complex128, shape (2 n + 1,)
        Its values, the peak in the middle.
    step_cells : float
        Distance of the lags, about 1/32.
    energy_cells : float
        Energy of all of it.
    """

    lags: ComplexArray
    step_cells: float
    energy_cells: float

    @classmethod
    def of_pulse(cls, waveform: Waveform) -> "Autocorrelation":
        """Correlate a pulse with itself."""
        samples, step_cells = _pulse_samples(waveform)
        length = scipy.fft.next_fast_len(2 * samples.size)
        power = np.abs(scipy.fft.fft(samples, length)) ** 2
        # The echo against its replica: a later echo is at a positive lag.
        lags = scipy.fft.ifft(power)
        lags /= lags[0].real
        energy = float(np.sum(np.abs(lags) ** 2)) * step_cells
        kept = min(samples.size, math.ceil(2.0 * _GATHERED_PANELS / step_cells))
        return cls(np.concatenate((lags[-kept:], lags[: kept + 1])), step_cells, energy)

    def __call__(self, offset_cells: FloatArray) -> ComplexArray:
        """Interpolate between the lags."""
        kernel = KnabKernel.for_oversampling(0.5 * _PULSE_OVERSAMPLING, self.lags.size)
        place = np.asarray(offset_cells) / self.step_cells + self.lags.size // 2
        return interpolate(self.lags, place, kernel)


def band_response(window: Window) -> PointResponse:
    """Return the response of a flat band under a taper.

    Parameters
    ----------
    window : Window
        The taper.
    """
    if window.name == "none":
        return ChirpResponse()
    u, quadrature = band_quadrature(_PANELS)
    return BandSum.of_spectrum(u, quadrature, window.weight(u))


def chirp_response(time_bandwidth_product: float, window: Window) -> PointResponse:
    """Return the response of a linear FM pulse after its matched filter and a taper.

    Parameters
    ----------
    time_bandwidth_product : float
        Of the pulse.
    window : Window
        Taper over the band, which cuts off the skirts; without one the skirts stay.
    """
    if window.name == "none":
        return ChirpResponse(time_bandwidth_product)
    # |P|^2 ripples ever faster away from the edges, up to N/2 cycles over half of the band.
    u, quadrature = band_quadrature(_PANELS + math.ceil(0.25 * time_bandwidth_product))
    return BandSum.of_spectrum(
        u, quadrature, window.weight(u) * chirp_power(u, time_bandwidth_product)
    )


def pulse_response(waveform: Waveform, window: Window) -> PointResponse:
    """Return the response of any pulse after its matched filter and a taper.

    Parameters
    ----------
    waveform : Waveform
        The pulse.
    window : Window
        Taper over the band.
    """
    if window.name == "none":
        return Autocorrelation.of_pulse(waveform)
    u, quadrature = _nodes(waveform, 1.0)
    power = np.abs(pulse_spectrum(waveform, u)) ** 2
    return BandSum.of_spectrum(u, quadrature, window.weight(u) * power)


def sampled_pulse_response(
    waveform: Waveform,
    window: Window,
    sample_rate_hz: float,
    replica: npt.ArrayLike | None = None,
) -> PointResponse:
    """Return the response of a sampled chain, where an echo's edges fall between the samples.

    An echo that is `d` later than a whole tick has the sampled spectrum
    ``sum_m P(f + m f_s) exp(-2j pi (f + m f_s) d)``. Over many pulses d takes all values, and after
    the delay is taken out only m = 0 is left: the pulse's own spectrum, cut off at half of the
    sample rate. That of a sampled replica keeps its aliases.

    Parameters
    ----------
    waveform : Waveform
        The pulse.
    window : Window
        Taper over the band.
    sample_rate_hz : float
        Rate of the sample clock.
    replica : array_like of complex, shape (samples,), optional
        Measured replica of the matched filter, from the leading edge; without one the filter has
        the pulse's spectrum, see `matched_filter`.
    """
    rate = sample_rate_hz / waveform.bandwidth_hz
    if not rate >= 1.0:
        raise FocusingError(
            f"a sample rate of {sample_rate_hz:g} Hz does not hold a bandwidth of "
            f"{waveform.bandwidth_hz:g} Hz",
            f"sample at {1.2 * waveform.bandwidth_hz:g} Hz or above",
        )
    u, quadrature = _nodes(waveform, 1.0 if window.name != "none" else rate)
    spectrum = pulse_spectrum(waveform, u)
    matched = spectrum
    if replica is not None:
        matched = _transform(np.asarray(replica, dtype=np.complex128), u / rate)
    return BandSum.of_spectrum(u, quadrature, _taper(window, u) * spectrum * np.conj(matched))


def pulse_spectrum(waveform: Waveform, position: FloatArray) -> ComplexArray:
    """Evaluate the spectrum of a pulse, in cells of time, from its leading edge.

    Parameters
    ----------
    waveform : Waveform
        The pulse.
    position : ndarray of float64, shape (places,)
        Frequency over bandwidth.

    Returns
    -------
    ndarray of complex128, shape (places,)
        By the midpoint rule at 32 samples per cell.
    """
    samples, step_cells = _pulse_samples(waveform)
    spectrum = _transform(samples, position * step_cells)
    result: ComplexArray = spectrum * np.exp(-1j * np.pi * position * step_cells) * step_cells
    return result


def chirp_power(position: FloatArray, time_bandwidth_product: float) -> FloatArray:
    """Evaluate the power spectrum of a linear FM pulse, about 1 inside its band.

    Parameters
    ----------
    position : ndarray of float64
        Frequency over bandwidth; the band is -1/2 to 1/2.
    time_bandwidth_product : float
        Of the pulse.

    Returns
    -------
    ndarray of float64, same shape
        ``|P(f)|^2 |K|``, by Fresnel integrals (Klauder et al., BSTJ 39, 745, 1960, eq. 11).
    """
    scale = math.sqrt(2.0 * time_bandwidth_product)
    sine_1, cosine_1 = special.fresnel(scale * (0.5 + position))
    sine_2, cosine_2 = special.fresnel(scale * (0.5 - position))
    power: FloatArray = 0.5 * ((cosine_1 + cosine_2) ** 2 + (sine_1 + sine_2) ** 2)
    return power


def _pulse_samples(waveform: Waveform) -> tuple[ComplexArray, float]:
    """Sample a pulse about 32 times per cell, half a step from its edges; also return the step."""
    # A whole number of steps from edge to edge, so that neither is cut short.
    count = max(1, math.ceil(waveform.time_bandwidth_product * _PULSE_OVERSAMPLING))
    place = (np.arange(count) + 0.5) / count
    return waveform.baseband(place * waveform.duration_s), waveform.time_bandwidth_product / count


def _nodes(waveform: Waveform, width: float) -> tuple[FloatArray, FloatArray]:
    """Return a quadrature over a multiple of the band that follows the ripples of a spectrum."""
    # |P|^2 holds as many cycles over a band as the pulse has cells, a panel two of them.
    panels = math.ceil(width * (_PANELS + 0.5 * waveform.time_bandwidth_product))
    u, quadrature = band_quadrature(panels)
    return u * width, quadrature * width


def _taper(window: Window, u: FloatArray) -> FloatArray:
    """Return the taper, which without one goes on beyond the band."""
    return window.weight(u) if window.name != "none" else np.ones_like(u)


def _transform(samples: ComplexArray, turns: FloatArray) -> ComplexArray:
    """Sum ``samples[n] exp(-2j pi turns n)`` for any number of turns."""
    # finufft counts from the middle of the samples, and takes angles of a few turns at most.
    middle = samples.size // 2
    angle = 2.0 * np.pi * np.mod(turns, 1.0)
    values: ComplexArray = finufft.nufft1d2(angle, samples, isign=-1, eps=1e-13)
    result: ComplexArray = values * np.exp(-2j * np.pi * np.mod(turns * middle, 1.0))
    return result
