"""Tapers over a band, an aperture or a pulse, and what they cost in signal to noise.

A taper is a continuous, even function of the position `u` in the band, from -1/2 to 1/2, with
``w(0) = 1`` and nothing outside. The definitions are continuous because the positions at which a
taper is sampled (pulses, frequency bins) are no fixed count of points, and because theory needs
them so.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from sim_core.errors import FocusingError

WindowName = Literal["none", "hann", "hamming", "generalized-hamming", "kaiser", "taylor"]

_HAMMING_ALPHA = 0.54
# Panels of the integrals over a taper, which holds nbar / 2 cycles at most.
_PANELS = 32


@dataclass(frozen=True, slots=True)
class Window:
    """A taper by name and parameter; parameters that the name does not use are ignored.

    Parameters
    ----------
    name : {"none", "hann", "hamming", "generalized-hamming", "kaiser", "taylor"}
        Family of the taper.
    alpha : float
        Of the generalized Hamming taper ``alpha + (1 - alpha) cos(2 pi u)``, 0.5 to 1; 0.75 is
        what Sentinel-1 uses.
    beta : float
        Of the Kaiser taper ``I0(beta sqrt(1 - 4 u^2)) / I0(beta)``.
    nbar : int
        Of the Taylor taper: number of side lobes held at a nearly constant level, plus one.
    sidelobe_db : float
        Of the Taylor taper: that level below the peak; the sign is ignored.

    Raises
    ------
    FocusingError
        If the name is unknown or its parameter out of range.
    """

    name: WindowName = "none"
    alpha: float = 0.75
    beta: float = 2.5
    nbar: int = 4
    sidelobe_db: float = 30.0

    def __post_init__(self) -> None:
        if self.name not in get_args(WindowName):
            raise FocusingError(
                f"unknown window {self.name!r}", f"use one of {', '.join(get_args(WindowName))}"
            )
        if self.name == "generalized-hamming" and not 0.5 <= self.alpha <= 1.0:
            raise FocusingError(
                f"alpha = {self.alpha:g} of the generalized Hamming window is out of range",
                "give a number from 0.5 (Hann) to 1 (no taper)",
            )
        if self.name == "kaiser" and not 0.0 <= self.beta <= 40.0:
            raise FocusingError(
                f"beta = {self.beta:g} of the Kaiser window is out of range",
                "give a number from 0 (no taper) to 40",
            )
        if self.name == "taylor" and not (
            1 <= self.nbar <= 100 and 13.3 <= abs(self.sidelobe_db) <= 120.0
        ):
            raise FocusingError(
                f"nbar = {self.nbar}, sidelobe_db = {self.sidelobe_db:g} make no Taylor window",
                "give nbar from 1 to 100 and a level from 13.3 to 120 dB below the peak",
            )

    def weight(self, position: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Evaluate the taper.

        Parameters
        ----------
        position : array_like of float
            Place in the band, in units of its width: -1/2 to 1/2.

        Returns
        -------
        ndarray of float64, same shape
            1 at the centre, 0 outside the band.
        """
        u = np.asarray(position, dtype=np.float64)
        match self.name:
            case "none":
                value = np.ones_like(u)
            case "hann":
                value = _raised_cosine(u, 0.5)
            case "hamming":
                value = _raised_cosine(u, _HAMMING_ALPHA)
            case "generalized-hamming":
                value = _raised_cosine(u, self.alpha)
            case "kaiser":
                inside = np.sqrt(np.clip(1.0 - 4.0 * u * u, 0.0, None))
                # i0e is scaled by exp(-x), so that a large beta does not overflow.
                value = special.i0e(self.beta * inside) / special.i0e(self.beta)
                value = value * np.exp(self.beta * (inside - 1.0))
            case "taylor":
                value = _taylor(u, self.nbar, abs(self.sidelobe_db))
        # Half an ulp beyond the edge is still the edge: positions come from a division.
        return np.where(np.abs(u) <= 0.5 * (1.0 + 1e-12), value, 0.0)

    @property
    def coherent_gain(self) -> float:
        """Mean of the taper over its band: what it leaves of a peak's amplitude."""
        u, quadrature = band_quadrature(_PANELS)
        return float(np.sum(quadrature * self.weight(u)))

    @property
    def snr_loss_db(self) -> float:
        """Signal-to-noise ratio against that of the untapered matched filter, zero or negative."""
        u, quadrature = band_quadrature(_PANELS)
        power = float(np.sum(quadrature * self.weight(u) ** 2))
        return 10.0 * math.log10(self.coherent_gain**2 / power)


NO_TAPER = Window()


def band_quadrature(
    panels: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return Gauss-Legendre nodes and weights over the band -1/2 to 1/2.

    Parameters
    ----------
    panels : int
        Equal parts into which the band is cut, each with 16 nodes: enough for two cycles a panel
        to the last digit of a double.
    """
    x, weight = special.roots_legendre(16)
    centre = (np.arange(panels) + 0.5) / panels - 0.5
    nodes = (centre[:, None] + 0.5 * x / panels).ravel()
    return nodes, np.tile(0.5 * weight / panels, panels)


def _raised_cosine(u: npt.NDArray[np.float64], alpha: float) -> npt.NDArray[np.float64]:
    return alpha + (1.0 - alpha) * np.cos(2.0 * np.pi * u)


def _taylor(u: npt.NDArray[np.float64], nbar: int, level_db: float) -> npt.NDArray[np.float64]:
    # Carrara, Goodman, Majewski, "Spotlight Synthetic Aperture Radar", appendix D.2.
    a = math.acosh(10.0 ** (level_db / 20.0)) / math.pi
    stretch = nbar**2 / (a**2 + (nbar - 0.5) ** 2)
    value = np.ones_like(u)
    centre = 1.0
    for m in range(1, nbar):
        numerator = math.prod(
            1.0 - m**2 / stretch / (a**2 + (i - 0.5) ** 2) for i in range(1, nbar)
        )
        denominator = math.prod(1.0 - m**2 / i**2 for i in range(1, nbar) if i != m)
        coefficient = (-1.0) ** (m + 1) * numerator / (2.0 * denominator)
        value = value + 2.0 * coefficient * np.cos(2.0 * np.pi * m * u)
        centre += 2.0 * coefficient
    return value / centre
