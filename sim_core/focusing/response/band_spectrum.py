"""The spectrum of a cut through a peak over its band, and what is left of its phase.

A focused point has the taper for an amplitude and no phase but a line, which is its position. A
quadratic phase over the band is a defocus (in azimuth a wrong Doppler rate, in range a wrong chirp
rate or dispersion), a cubic one makes side lobes uneven.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.focusing.response.cut_metrics import Cut
from sim_core.focusing.response.islr import FloatArray
from sim_core.signal.window import NO_TAPER, Window

ComplexArray = npt.NDArray[np.complex128]

# Places in the band at which the spectrum is given.
_PLACES = 161
# Samples of the cut per cell: the band is one cycle per cell wide, its skirts less than twice that.
_SAMPLES_PER_CELL = 4
# The cut ends somewhere; a Kaiser taper over it keeps the edges of the band, a step each, from
# ringing through all of it. What the edges reach is left out of the fit and of the ripple.
_LAG_TAPER = Window("kaiser", beta=6.0)
_FITTED = 0.9
# The lag taper smooths the spectrum, and a phase that bends under a falling amplitude comes out too
# small by a per cent. What was found is taken out before the next round: two leave 1e-4 of it.
_ROUNDS = 3
_RIPPLE = 0.8
_SHORTEST_CELLS = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class BandSpectrum:
    """Spectrum of a cut over its band, against that of a perfect point at the peak's place.

    Parameters
    ----------
    position : ndarray of float64, shape (places,)
        Place in the band, -1/2 to 1/2, about the middle of the cut's own spectrum.
    amplitude_db : ndarray of float64, shape (places,)
        Amplitude against its highest.
    phase_rad : ndarray of float64, shape (places,)
        Unwrapped phase less constant and line.
    quadratic_rad, cubic_rad : float
        Coefficients a and b of the phase ``a x^2 + b x^3`` fitted with a constant and a line over
        the middle nine tenths of the band and weighed with the power; x is -1 and 1 at the band's
        edges, so these are the phases there.
    residual_rad : float
        Root mean square, weighed alike, of what the fit leaves.
    ripple_db : float
        Highest less lowest amplitude over the middle eight tenths of the band, the taper taken out.
    """

    position: FloatArray
    amplitude_db: FloatArray
    phase_rad: FloatArray
    quadratic_rad: float
    cubic_rad: float
    residual_rad: float
    ripple_db: float


def measure_spectrum(cut: Cut, reach_cells: float, window: Window = NO_TAPER) -> BandSpectrum:
    """Measure the spectrum of a cut.

    Its resolution is about two cells over the length of the cut: what is finer than a twentieth of
    the band for the usual 24 cells on either side, such as the Fresnel ripple of a chirp, is
    smoothed.

    Parameters
    ----------
    cut : callable
        Complex response at offsets in cells from the peak, its spectrum centred on zero.
    reach_cells : float
        How far the cut is known on either side.
    window : Window
        Taper that the image was made with, for the ripple.

    Returns
    -------
    BandSpectrum

    Raises
    ------
    FocusingError
        If the cut is too short.
    """
    if reach_cells < _SHORTEST_CELLS:
        raise FocusingError(
            f"a cut of {reach_cells:.1f} cells on either side of its peak is too short for a "
            "spectrum",
            f"widen the image: {_SHORTEST_CELLS:g} cells are the least",
        )
    steps = int(reach_cells * _SAMPLES_PER_CELL)
    offset = np.arange(-steps, steps + 1) / _SAMPLES_PER_CELL
    values = cut(offset)
    position = np.linspace(-0.5, 0.5, _PLACES)
    coefficients = np.zeros(4)
    for _ in range(_ROUNDS):
        compact = _without_phase(values, coefficients) * _LAG_TAPER.weight(
            offset / (2 * offset[-1])
        )
        spectrum = np.exp(-2j * np.pi * np.multiply.outer(position, offset)) @ compact
        amplitude = np.maximum(np.abs(spectrum), np.finfo(np.float64).tiny)
        phase = _unwrapped(np.angle(spectrum)) + _polynomial(2.0 * position, coefficients)
        fitted, residual = _fit(2.0 * position, phase, amplitude)
        # Constant and line would shift the cut; they are no defocus.
        coefficients = np.array([0.0, 0.0, *fitted[2:]])
    level_db = 20.0 * np.log10(amplitude / np.max(amplitude))
    inner = np.abs(position) <= 0.5 * _RIPPLE
    flat_db = level_db[inner] - 20.0 * np.log10(window.weight(position[inner]))
    return BandSpectrum(
        position=position,
        amplitude_db=level_db,
        phase_rad=phase - fitted[0] - fitted[1] * 2.0 * position,
        quadratic_rad=float(fitted[2]),
        cubic_rad=float(fitted[3]),
        residual_rad=residual,
        ripple_db=float(np.ptp(flat_db)),
    )


def _without_phase(values: ComplexArray, coefficients: FloatArray) -> ComplexArray:
    """Take a phase over the band out of a cut."""
    x = np.asarray(2.0 * _SAMPLES_PER_CELL * scipy.fft.fftfreq(values.size), dtype=np.float64)
    phase = _polynomial(np.clip(x, -1.0, 1.0), coefficients)
    return np.asarray(scipy.fft.ifft(scipy.fft.fft(values) * np.exp(-1j * phase)))


def _polynomial(x: FloatArray, coefficients: FloatArray) -> FloatArray:
    result: FloatArray = np.vander(x, coefficients.size, increasing=True) @ coefficients
    return result


def _unwrapped(phase: FloatArray) -> FloatArray:
    """Unwrap from the middle of the band outwards: its edges may be deep in the noise."""
    middle = phase.size // 2
    right = np.unwrap(phase[middle:])
    left = np.unwrap(phase[middle::-1])[::-1]
    return np.concatenate((left[:-1], right))


def _fit(x: FloatArray, phase: FloatArray, amplitude: FloatArray) -> tuple[FloatArray, float]:
    """Fit a cubic to the phase; return its coefficients and the root mean square of the rest."""
    weight = np.where(np.abs(x) <= _FITTED, amplitude, 0.0)
    powers = np.vander(x, 4, increasing=True)
    solution = np.linalg.lstsq(weight[:, None] * powers, weight * phase, rcond=None)
    coefficients: FloatArray = np.asarray(solution[0], dtype=np.float64)
    rest = weight * (phase - powers @ coefficients)
    return coefficients, float(np.sqrt(np.sum(rest**2) / np.sum(weight**2)))
