"""What could lower a point target's side-lobe ratios: the plausible mistakes, tried one by one.

Each trial makes the cut that a mistake would leave of an ideal point, from the exact delay
history, and measures it with the code that measures images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.response import islr
from sim_core.focusing.response.cut_metrics import Cut, measure_cut
from sim_core.focusing.response.theory import AxisTheory
from sim_core.geometry.delay_history import DelayHistory
from testbed.paper.published import Cut as PublishedCut

FloatArray = npt.NDArray[np.float64]

# Places along the aperture: a cut is looked at out to 24 cells, where they turn by 24 cycles.
_PLACES = 257
# Stretches of a folded spectrum whose frequencies are taken together.
_FOLDED_BINS = 240
_CENTROIDS = 21
_APERTURES = 11
_SUB_SAMPLE_PLACES = 51


@dataclass(frozen=True, slots=True)
class Trial:
    """A mistake, and the side-lobe ratios of the cut that it leaves.

    Parameters
    ----------
    name : str
        What was done.
    axis : {"range", "azimuth"}
        Which cut it is.
    pslr_db, islr_db : float
        Of the cut; all side lobes, null to null. NaN where there is no main lobe.
    why : str
        What happens.
    adjusted : bool
        Whether anything was adjusted to the published ratios.
    """

    name: str
    axis: str
    pslr_db: float
    islr_db: float
    why: str
    adjusted: bool = False

    def distance_db(self, cut: PublishedCut) -> float:
        """Return how far both ratios are from published ones."""
        return math.hypot(self.pslr_db - cut.pslr_db, self.islr_db - cut.islr_db)


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """Side-lobe ratios of an azimuth cut whose spectrum is folded, against the centroid.

    Parameters
    ----------
    centroid_hz : ndarray of float64, shape (centroids,)
        Doppler centroid, within half the PRF.
    pslr_db, islr_db : ndarray of float64, shape (centroids,)
        Of the cut, interpolated within the band of the PRF.
    """

    centroid_hz: FloatArray
    pslr_db: FloatArray
    islr_db: FloatArray

    def at(self, centroid_hz: float, prf_hz: float) -> tuple[float, float]:
        """Return PSLR and ISLR at a centroid."""
        place = math.remainder(centroid_hz, prf_hz)
        return (
            float(np.interp(place, self.centroid_hz, self.pslr_db)),
            float(np.interp(place, self.centroid_hz, self.islr_db)),
        )

    def nearest(self, cut: PublishedCut) -> int:
        """Return which centroid comes nearest to published ratios."""
        apart = np.hypot(self.pslr_db - cut.pslr_db, self.islr_db - cut.islr_db)
        return int(np.argmin(apart))


def phase_ratios(error_cycles: FloatArray) -> tuple[float, float]:
    """Return PSLR and ISLR of an azimuth cut with a phase error over the aperture.

    Parameters
    ----------
    error_cycles : ndarray of float64, shape (places,)
        The error at even places of the aperture.
    """
    place = (np.arange(error_cycles.size) + 0.5) / error_cycles.size - 0.5
    pulse = np.exp(2j * np.pi * error_cycles) / error_cycles.size
    peak_cells = _peak_cells(place, pulse)

    def cut(offset_cells: FloatArray) -> npt.NDArray[np.complex128]:
        turns = np.outer(offset_cells + peak_cells, place)
        return np.asarray(np.exp(2j * np.pi * turns) @ pulse)

    # Of what has unit modulus all over the aperture, the energy is one cell.
    return _ratios(cut, 1.0 / float(np.abs(cut(np.zeros(1))[0])) ** 2)


def _peak_cells(place: FloatArray, pulse: npt.NDArray[np.complex128]) -> float:
    """Find the peak: coarsely within ten cells, then by golden steps."""
    lags = np.arange(-10.0, 10.0, 0.1)
    step = 0.1
    for _ in range(8):
        level = np.abs(np.exp(2j * np.pi * np.outer(lags, place)) @ pulse)
        best = float(lags[np.argmax(level)])
        step *= 0.2
        lags = best + step * np.arange(-5.0, 6.0)
    return best


def _ratios(cut: Cut, total_energy: float) -> tuple[float, float]:
    metrics = measure_cut(cut, "azimuth", islr.THEORETICAL, math.inf, total_energy)
    return metrics.pslr_db, metrics.islr_db["null-to-null-inf"]


def range_model_trials(
    history: DelayHistory, aperture_s: float, carrier_hz: float
) -> tuple[Trial, ...]:
    """Focus with simplified range histories: quadratic, hyperbola, cubic, stop-and-go.

    Parameters
    ----------
    history : DelayHistory
        The exact one.
    aperture_s : float
        Aperture about time zero.
    carrier_hz : float
        Carrier of the radar.
    """
    time_s = _even_times_s(aperture_s)
    middle_s = float(history.delay_s(0.0))
    # Differences from a delay of 2.3 s have 4e-16 s of rounding, 1e-5 cycles.
    beyond_s = history.delay_s(time_s) - middle_s
    squared_s2 = _fitted(time_s, beyond_s * (beyond_s + 2.0 * middle_s), 2)
    before_s = 0.5 * middle_s
    models = (
        (
            "quadratic range model",
            _fitted(time_s, beyond_s, 2),
            "The best parabola leaves the cubic term of the Earth's turning, which lifts the side "
            "lobes of one side far above what is published.",
        ),
        (
            "hyperbolic range model",
            np.sqrt(middle_s**2 + squared_s2) - middle_s,
            "A hyperbola is even about its vertex and holds no cubic term either.",
        ),
        (
            "cubic range model",
            _fitted(time_s, beyond_s, 3),
            "With the cubic term the response is that of theory.",
        ),
        (
            "stop-and-go at transmit time",
            # Twice the range at transmit time is the delay of what left half a delay before.
            history.delay_s(time_s - before_s) - float(history.delay_s(-before_s)),
            "Mostly a shift along the track by half a delay; what is left defocuses a little.",
        ),
    )
    return tuple(
        Trial(name, "azimuth", *_model_ratios(time_s, carrier_hz * (beyond_s - model_s)), why)
        for name, model_s, why in models
    )


@dataclass(frozen=True, slots=True, eq=False)
class ApertureSweep:
    """Side-lobe ratios that the best parabola leaves, against the aperture.

    Parameters
    ----------
    aperture_s, pslr_db, islr_db : ndarray of float64, shape (apertures,)
        Apertures about time zero, and the ratios of the azimuth cut.
    """

    aperture_s: FloatArray
    pslr_db: FloatArray
    islr_db: FloatArray

    def at_pslr(self, pslr_db: float) -> tuple[float, float]:
        """Return the aperture at which the PSLR is a published one, and the ISLR there."""
        # The longer the aperture, the higher the side lobes.
        aperture_s = float(np.interp(pslr_db, self.pslr_db, self.aperture_s))
        return aperture_s, float(np.interp(aperture_s, self.aperture_s, self.islr_db))


def sweep_quadratic(history: DelayHistory, aperture_s: float, carrier_hz: float) -> ApertureSweep:
    """Focus shorter and shorter apertures with the parabola that fits each best.

    Parameters
    ----------
    history : DelayHistory
        The exact one.
    aperture_s : float
        The longest aperture.
    carrier_hz : float
        Carrier of the radar.
    """
    lengths_s = np.linspace(0.2, 1.0, _APERTURES) * aperture_s
    ratios = []
    for length_s in lengths_s.tolist():
        time_s = _even_times_s(length_s)
        beyond_s = history.delay_s(time_s) - float(history.delay_s(0.0))
        error = carrier_hz * (beyond_s - _fitted(time_s, beyond_s, 2))
        ratios.append(_model_ratios(time_s, error))
    return ApertureSweep(lengths_s, *np.array(ratios).T)


def _even_times_s(aperture_s: float) -> FloatArray:
    return ((np.arange(_PLACES) + 0.5) / _PLACES - 0.5) * aperture_s


def _fitted(time_s: FloatArray, values: FloatArray, degree: int) -> FloatArray:
    return np.asarray(np.polynomial.Polynomial.fit(time_s, values, degree)(time_s))


def _model_ratios(time_s: FloatArray, error_cycles: FloatArray) -> tuple[float, float]:
    """Return the ratios of a phase error whose line only moves the peak."""
    return phase_ratios(error_cycles - _fitted(time_s, error_cycles, 1))


def fold_azimuth(
    history: DelayHistory, aperture_s: float, prf_hz: float, carrier_hz: float
) -> Folding:
    """Compress an undersampled azimuth history by an FFT, and interpolate its cut.

    The folded spectrum has several parts of the Doppler band on top of each other, and one more at
    some frequencies than at others: a taper with a step, whose place in the band of the PRF is
    that of the Doppler centroid.

    Parameters
    ----------
    history : DelayHistory
        Of the point.
    aperture_s : float
        Aperture about time zero.
    prf_hz, carrier_hz : float
        Pulse repetition frequency and carrier.
    """
    pulses = round(aperture_s * prf_hz)
    time_s = (np.arange(pulses) - 0.5 * (pulses - 1)) / prf_hz
    cycles = carrier_hz * (history.delay_s(time_s) - float(history.delay_s(0.0)))
    cycles -= float(np.mean(np.diff(cycles))) * np.arange(pulses)
    length = _FOLDED_BINS * math.ceil(2 * pulses / _FOLDED_BINS)
    power = np.abs(scipy.fft.fft(np.exp(-2j * np.pi * cycles), length)) ** 2
    # The mean over neighbouring frequencies leaves the replicas out, many cells away.
    power = scipy.fft.fftshift(power).reshape(_FOLDED_BINS, -1).mean(axis=1)
    place = (np.arange(_FOLDED_BINS) + 0.5) / _FOLDED_BINS - 0.5
    shares = np.linspace(-0.5, 0.5, _CENTROIDS)
    ratios = []
    for share in shares.tolist():
        weight = np.roll(power, round(share * _FOLDED_BINS))
        weight /= np.sum(weight)

        def cut(offset: FloatArray, weight: FloatArray = weight) -> npt.NDArray[np.complex128]:
            return np.asarray(np.exp(2j * np.pi * np.outer(offset, place)) @ weight)

        ratios.append(_ratios(cut, float(np.sum(weight**2)) * _FOLDED_BINS))
    pslr_db, islr_db = np.array(ratios).T
    return Folding(prf_hz * shares, pslr_db, islr_db)


def sampled_trials(theory: AxisTheory, samples_per_cell: float) -> tuple[Trial, Trial]:
    """Read the range cut off its samples, with the peak anywhere between them.

    Parameters
    ----------
    theory : AxisTheory
        Of the range cut.
    samples_per_cell : float
        Density of the samples.

    Returns
    -------
    tuple of Trial
        With the peak on a sample, and with the peak where the side lobes look highest.
    """
    number = np.arange(-round(50 * samples_per_cell), round(50 * samples_per_cell) + 1)
    found = []
    for shift in np.linspace(0.0, 0.5, _SUB_SAMPLE_PLACES):
        offset = (number - shift) / samples_per_cell
        power = 10.0 ** (0.1 * theory.cut(offset))
        # The null is a cell away, whatever the samples show.
        beyond = np.abs(offset) > 1.0
        side, main = power[beyond], power[~beyond]
        found.append(
            (
                10.0 * math.log10(side.max() / power.max()),
                10.0 * math.log10(side.sum() / main.sum()),
            )
        )
    name = f"{samples_per_cell:g} samples a cell, not interpolated"
    why = "The highest samples are neither the peak nor the tops of the side lobes."
    return (
        Trial(f"{name}, peak on a sample", "range", *found[0], why),
        Trial(f"{name}, peak between samples", "range", *max(found), why),
    )


def migration_trials(
    history: DelayHistory, aperture_s: float, bandwidth_hz: float, samples_per_cell: float
) -> tuple[Trial, Trial]:
    """Leave range migration in, or correct it to the nearest sample.

    Parameters
    ----------
    history : DelayHistory
        Of the point.
    aperture_s : float
        Aperture about time zero.
    bandwidth_hz, samples_per_cell : float
        Bandwidth of the pulse, and density of its samples.
    """
    time_s = _even_times_s(aperture_s)
    moved = bandwidth_hz * (history.delay_s(time_s) - float(history.delay_s(0.0)))
    moved -= _fitted(time_s, moved, 1)
    rounded = (moved - np.rint(samples_per_cell * moved) / samples_per_cell)[None, :]

    def smeared(offset_cells: FloatArray) -> npt.NDArray[np.complex128]:
        cut = np.sinc(offset_cells[:, None] - rounded).mean(axis=1)
        return np.asarray(cut.astype(np.complex128))

    # A pulse of one cell's energy, and its overlap with itself at every pair of shifts.
    overlap = float(np.mean(np.sinc(rounded - rounded.T)))
    peak = float(np.abs(smeared(np.zeros(1))[0]))
    return (
        Trial(
            "range migration left in",
            "range",
            math.nan,
            math.nan,
            f"The point is smeared over {np.ptp(moved):.1f} cells of range: no main lobe is left.",
        ),
        Trial(
            "range migration corrected to whole samples",
            "range",
            *_ratios(smeared, overlap / peak**2),
            "Rounding spreads the pulse by up to half a sample, which lowers the side lobes.",
        ),
    )
