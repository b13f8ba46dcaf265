"""Range-Doppler focusing with a numerical reference from the exact delay history.

In the linear frame a point's phase is ``-2 pi (f + f_c) eps(t)``, eps its delay against the frame.
Its azimuth spectrum follows by stationary phase, ``eps'(g) = -nu`` with ``nu = f_D / (f + f_c)``:

    -2 pi (f + f_c) L(nu),    L(nu) = eps(g) + nu g

L is the Legendre transform of the history, found numerically; no hyperbola is assumed. Expanded in
f about the carrier its terms are: the azimuth phase ``f_c L``, the range migration ``L - nu L'``,
which is ``eps(g)``, and the coupling of secondary range compression, ``-nu^2 / (f_c eps'')``.
Formulas: docs/algorithms/range-doppler.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression import (
    ComplexRows,
    Progress,
    RangeGates,
    align_and_crop,
)
from sim_core.focusing.reference import FloatArray, Reference

# Doppler bins of a block, whose range spectra fit one core's cache; and range frequencies or gates.
_DOPPLER_BLOCK = 256
_RANGE_BLOCK = 8
# Width of the Doppler band that is kept, in bandwidths: the Doppler rate is not quite constant.
_KEPT_BAND = 1.02
# Largest unevenness of the pulses, in cycles of the highest frequency that they sample.
_UNEVENNESS_CYCLES = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class AzimuthReference:
    """The reference point's azimuth spectrum by stationary phase.

    Parameters
    ----------
    doppler_hz : ndarray of float64
        Doppler frequencies against the frame, at the carrier.
    stationary_s : ndarray of float64
        Slow time g at which the reference has each frequency.
    delay_s : ndarray of float64
        ``eps(g)``, the reference's delay against the frame: its range migration.
    curvature_per_s : ndarray of float64
        ``eps''(g)``.
    carrier_hz : float
        Carrier of the radar.
    """

    doppler_hz: FloatArray
    stationary_s: FloatArray
    delay_s: FloatArray
    curvature_per_s: FloatArray
    carrier_hz: float

    def azimuth_cycles(self, origin_s: float) -> FloatArray:
        """Return ``f_c L``, slow time counted from `origin_s`: the phase to be added, in cycles.

        The eighth of a cycle that stationary phase leaves is in it.
        """
        return (
            self.carrier_hz * self.delay_s
            + self.doppler_hz * (self.stationary_s - origin_s)
            + 0.125 * np.sign(self.curvature_per_s)
        )

    def range_polynomial(self, step_hz: float) -> FloatArray:
        """Return the phase to be added at range frequency ``k step_hz``, in cycles.

        Parameters
        ----------
        step_hz : float
            Spacing of the range frequencies.

        Returns
        -------
        ndarray of float64, shape (3, frequencies)
            Coefficients of k (range migration), k^2 and k^3 (secondary range compression). What
            the third leaves is f / f_c, 2e-3, times smaller again.
        """
        coupling = -(self.doppler_hz**2) / (self.carrier_hz**3 * self.curvature_per_s)
        return np.stack(
            [
                self.delay_s * step_hz,
                0.5 * coupling * step_hz**2,
                -0.5 * coupling / self.carrier_hz * step_hz**3,
            ]
        )


def azimuth_reference(reference: Reference, doppler_hz: FloatArray) -> AzimuthReference:
    """Find the stationary points of the reference's history, which need not be a hyperbola.

    The spectrum is wanted over the whole band of the PRF, beyond the frequencies of the aperture: a
    filter that ended with them would ring (Fresnel ripples twice over), one that goes on makes the
    response of the aperture that of its length alone. Beyond the end of the history its delay is
    continued as a parabola.

    Parameters
    ----------
    reference : Reference
        The reference point, whose Doppler frequency must be monotonic over the aperture.
    doppler_hz : ndarray of float64
        Doppler frequencies against the frame.

    Returns
    -------
    AzimuthReference
    """
    history, middle_s = reference.history, reference.aperture.middle_s
    first, last = _monotonic_span(reference)

    def rate(slow_time_s: FloatArray) -> FloatArray:
        return reference.delay_rate(slow_time_s) - reference.walk

    def acceleration(slow_time_s: FloatArray) -> FloatArray:
        return history.delay_acceleration(middle_s + slow_time_s)

    wanted = -doppler_hz / reference.carrier_hz
    grid = np.linspace(first, last, 1025)
    grid_rate = rate(grid)
    order = np.argsort(grid_rate)
    inside = np.interp(wanted, grid_rate[order], grid[order])
    # The interpolation is right to 1e-4 s or so; each step squares the relative error.
    for _ in range(2):
        inside = np.clip(inside - (rate(inside) - wanted) / acceleration(inside), first, last)
    curvature = acceleration(inside)
    # What is missing lies beyond the ends, where the rate goes on along its tangent.
    end_rate = rate(inside)
    beyond = (inside <= first) | (inside >= last)
    missing = np.where(beyond, (wanted - end_rate) / curvature, 0.0)
    delay = reference.delay_beyond_base_s(inside) - reference.walk * inside
    return AzimuthReference(
        doppler_hz=doppler_hz,
        stationary_s=inside + missing,
        delay_s=delay + (end_rate + 0.5 * curvature * missing) * missing,
        curvature_per_s=curvature,
        carrier_hz=reference.carrier_hz,
    )


def _monotonic_span(reference: Reference) -> tuple[float, float]:
    """Return the slow times about the aperture between which the Doppler frequency is monotonic."""
    history, aperture = reference.history, reference.aperture
    time = np.linspace(history.start_s, history.stop_s, 1025)
    acceleration = history.delay_acceleration(time)
    middle = int(np.argmin(np.abs(time - aperture.middle_s)))
    wrong = np.flatnonzero(acceleration * acceleration[middle] <= 0.0)
    before, after = wrong[wrong < middle], wrong[wrong > middle]
    first = time[before[-1] + 1] if before.size else time[0]
    last = time[after[0] - 1] if after.size else time[-1]
    # A microsecond inwards: sums of slow time and middle must not round to beyond the ends.
    return float(first) - aperture.middle_s + 1e-6, float(last) - aperture.middle_s - 1e-6


def check_even_pulses(reference: Reference) -> None:
    """Raise unless the pulses are even enough for an FFT over them.

    Rounding to ticks is harmless: each pulse is brought to its frame at its own time, and what is
    left turns by the Doppler frequency against the frame only.

    Parameters
    ----------
    reference : Reference
        The reference point and its aperture.

    Raises
    ------
    FocusingError
        If a pulse is further from its even place than 1e-3 of the PRF's period.
    """
    aperture = reference.aperture
    even = (np.arange(aperture.pulses) - 0.5 * (aperture.pulses - 1)) * aperture.interval_s
    worst_s = float(np.max(np.abs(aperture.slow_time_s - even)))
    if worst_s * 0.5 * aperture.prf_hz > _UNEVENNESS_CYCLES:
        raise FocusingError(
            f"pulses lie up to {worst_s:.3g} s from even places at a PRF of "
            f"{aperture.prf_hz:g} Hz, which range-Doppler processing cannot take",
            "use deramp, which takes each pulse at its own time",
        )


def compress_azimuth(
    spectra: ComplexRows, reference: Reference, gates: RangeGates, progress: Progress
) -> ComplexRows:
    """Form the image from range spectra in the linear frame.

    Azimuth FFT; in the two-dimensional frequency domain range migration and secondary range
    compression; inverse range FFT; azimuth matched filter for each gate; inverse azimuth FFT;
    noise beyond the Doppler bands of the points taken out.

    Parameters
    ----------
    spectra : ndarray of complex64, shape (gates, pulses)
        Range spectra, which are overwritten.
    reference : Reference
        The reference point.
    gates : RangeGates
        Which gates they are.
    progress : callable
        Called with the fraction done.

    Returns
    -------
    ndarray of complex64, shape (columns, pulses)
        The image, range by azimuth lag; lag zero is in the middle, at pulses // 2. It lies in the
        memory of `spectra`. The peak of the reference is the sum over the pulses of the square
        roots of Doppler rate over PRF^2, see `peak_gain`.
    """
    aperture = reference.aperture
    pulses = aperture.pulses
    doppler_hz = scipy.fft.fftfreq(pulses, aperture.interval_s)
    azimuth = azimuth_reference(reference, doppler_hz)
    polynomial = azimuth.range_polynomial(reference.sample_rate_hz / gates.gates)
    # Lag zero goes to the middle: a ramp of pulses // 2 bins, in whole numbers.
    to_middle = (np.arange(pulses) * (pulses // 2) % pulses) / pulses
    cycles = azimuth.azimuth_cycles(float(aperture.slow_time_s[0])) - to_middle
    matched = np.exp(2j * np.pi * np.mod(cycles, 1.0)).astype(np.complex64)
    image = spectra[: gates.columns]

    def forward(rows: slice) -> None:
        spectra[rows] = scipy.fft.fft(spectra[rows], axis=1, overwrite_x=True)

    def align(bins: slice) -> None:
        first = gates.first_column - gates.first_gate
        align_and_crop(spectra, image, bins, first, polynomial, matched)

    ramp_back, ramp, beyond = _lag_band(reference)

    def inverse(rows: slice) -> None:
        lags = scipy.fft.ifft(image[rows], axis=1, overwrite_x=True)
        lags *= ramp_back
        band = scipy.fft.fft(lags, axis=1, overwrite_x=True)
        band[:, beyond] = 0.0
        lags = scipy.fft.ifft(band, axis=1, overwrite_x=True)
        np.multiply(lags, ramp, out=image[rows])

    frequencies = slices(gates.gates, _RANGE_BLOCK)
    columns = slices(gates.columns, _RANGE_BLOCK)
    bins = slices(pulses, _DOPPLER_BLOCK)
    run_blocks(frequencies, forward, lambda done: progress(0.4 * done / len(frequencies)))
    run_blocks(bins, align, lambda done: progress(0.4 + 0.3 * done / len(bins)))
    run_blocks(columns, inverse, lambda done: progress(0.7 + 0.3 * done / len(columns)))
    return image


def _lag_band(
    reference: Reference,
) -> tuple[ComplexRows, ComplexRows, npt.NDArray[np.bool_]]:
    """Return the phase that brings all points into one Doppler band, its inverse, and what is out.

    A point at lag a was lit while its Doppler frequency went through the reference's band shifted
    by ``k a``. A filter that is to pass the points of all lags passes the noise of the whole PRF.
    Once the image is turned by ``-f_c tau'' a^2 / 2`` every point has the reference's band, and
    what lies outside of it is noise: ``10 log10(PRF / bandwidth)`` of it, 1.1 dB at 600 Hz.
    """
    aperture, carrier_hz = reference.aperture, reference.carrier_hz
    lag_s = (np.arange(aperture.pulses) - aperture.pulses // 2) * aperture.interval_s
    cycles = np.mod(0.5 * carrier_hz * reference.rate_slope_per_s() * lag_s**2, 1.0)
    ramp = np.exp(2j * np.pi * cycles).astype(np.complex64)
    frequency_hz = scipy.fft.fftfreq(aperture.pulses, aperture.interval_s)
    beyond = np.abs(frequency_hz) > 0.5 * _KEPT_BAND * carrier_hz * reference.rate_span
    return np.conj(ramp), ramp, beyond


def peak_gain(reference: Reference, pulse_weight: FloatArray) -> float:
    """Return the peak that `compress_azimuth` gives the reference point.

    The filter has unit gain at every frequency, so the aperture's chirp of rate k compresses to
    ``sqrt(k) / PRF`` for each pulse.

    Parameters
    ----------
    reference : Reference
        The reference point.
    pulse_weight : ndarray of float64, shape (pulses,)
        Taper over the pulses.
    """
    acceleration = reference.history.delay_acceleration(reference.aperture.transmit_s)
    chirp = np.sqrt(np.abs(acceleration) * reference.carrier_hz)
    return float(np.sum(pulse_weight * chirp)) * reference.aperture.interval_s
