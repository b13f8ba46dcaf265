"""The point response that a perfect chain would give, and its measures.

Unweighted matched filter of a linear FM pulse of duration T and band B = |K| T: its
autocorrelation, in closed form, at an offset of x cells (x / B seconds), with N = B T:

    chi(x) = (1 - |x|/N) sinc(x (1 - |x|/N))

With a taper w over the band, the spectrum is ``w(f/B) |P(f)|^2`` with the pulse's exact spectrum P
(Fresnel integrals). In azimuth the spectrum of the compressed aperture is the taper itself.
The measures are taken from these by the code that measures data, so that the definitions agree.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from sim_core.focusing.cut_metrics import ISLR_DEFINITION, CutMetrics, measure_cut
from sim_core.focusing.window import NO_TAPER, Window, band_quadrature
from sim_core.signal.waveform import LinearChirp

# Panels of the integral over the band: enough for cos(2 pi u x) up to x = 100 cells.
_PANELS = 64


@dataclass(frozen=True, slots=True)
class AxisTheory:
    """Measures of the response that theory gives for one axis.

    Parameters
    ----------
    irw_cells : float
        Half-power width in cells of 1/bandwidth.
    pslr_db, islr_db : float
        Side-lobe ratios; symmetric, so that left and right are one.
    islr_definition : str
        What `islr_db` integrates over.
    window : Window
        Taper over the band.
    time_bandwidth_product : float or None
        Of the pulse; None for a band without Fresnel ripple (azimuth).
    """

    irw_cells: float
    pslr_db: float
    islr_db: float
    islr_definition: str
    window: Window = NO_TAPER
    time_bandwidth_product: float | None = None

    def cut(self, offset_cells: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the level of the response in dB below its peak at offsets in cells."""
        response = np.abs(point_response(offset_cells, self.window, self.time_bandwidth_product))
        # -400 dB stands for nothing: the logarithm of an exact null must stay finite.
        return 20.0 * np.log10(np.maximum(response, 1e-20))


def range_theory(waveform: LinearChirp, window: Window) -> AxisTheory:
    """Give the theory of the range cut for a pulse and a taper over its band.

    Parameters
    ----------
    waveform : LinearChirp
        Transmitted pulse, whose finite time-bandwidth product lowers the side lobes a little:
    -13.39 dB at 100, -13.28 dB at 640, -13.2615 dB in the limit.
    window : Window
        Taper over the band.

    Returns
    -------
    AxisTheory
    """
    return _theory(window, waveform.time_bandwidth_product)


def azimuth_theory(window: Window) -> AxisTheory:
    """Give the theory of the azimuth cut for a taper over the aperture.

    Parameters
    ----------
    window : Window
        Taper over the aperture.

    Returns
    -------
    AxisTheory
    """
    return _theory(window, None)


def point_response(
    offset_cells: npt.ArrayLike, window: Window, time_bandwidth_product: float | None
) -> npt.NDArray[np.float64]:
    """Evaluate the real point response, 1 at its peak.

    Parameters
    ----------
    offset_cells : array_like of float
        Offsets from the peak in cells of 1/bandwidth.
    window : Window
        Taper over the band.
    time_bandwidth_product : float or None
        Of a linear FM pulse; None for a flat band.

    Returns
    -------
    ndarray of float64, same shape
    """
    x = np.asarray(offset_cells, dtype=np.float64)
    if window.name == "none":
        if time_bandwidth_product is None:
            return np.sinc(x)
        overlap = np.clip(1.0 - np.abs(x) / time_bandwidth_product, 0.0, None)
        return overlap * np.sinc(x * overlap)
    if time_bandwidth_product is None:
        u, quadrature = band_quadrature(_PANELS)
        spectrum = quadrature * window.weight(u)
    else:
        # |P|^2 ripples ever faster away from the edges, up to N/2 cycles over half of the band.
        u, quadrature = band_quadrature(_PANELS + math.ceil(0.25 * time_bandwidth_product))
        spectrum = quadrature * window.weight(u) * chirp_power(u, time_bandwidth_product)
    phase = 2.0 * np.pi * np.multiply.outer(x, u)
    response: npt.NDArray[np.float64] = np.cos(phase) @ spectrum / np.sum(spectrum)
    return response


def chirp_power(
    position: npt.NDArray[np.float64], time_bandwidth_product: float
) -> npt.NDArray[np.float64]:
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
    power: npt.NDArray[np.float64] = 0.5 * ((cosine_1 + cosine_2) ** 2 + (sine_1 + sine_2) ** 2)
    return power


def _theory(window: Window, time_bandwidth_product: float | None) -> AxisTheory:
    def cut(offset: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
        return point_response(offset, window, time_bandwidth_product).astype(np.complex128)

    metrics: CutMetrics = measure_cut(cut, "theoretical")
    return AxisTheory(
        irw_cells=metrics.irw_cells,
        pslr_db=metrics.pslr_db,
        islr_db=metrics.islr_db,
        islr_definition=ISLR_DEFINITION,
        window=window,
        time_bandwidth_product=time_bandwidth_product,
    )
