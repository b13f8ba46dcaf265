"""Where a point must appear in an image, and with what phase, from exact delay histories alone.

The image's azimuth transform is evaluated at the carrier, along the aperture, by quadrature in
place of the sum over pulses (de-ramping), or over Doppler frequencies with stationary phase
(range-Doppler). The place of its highest magnitude is the predicted peak. Where the point's history
is not quite that of the reference that serves it, so that its response is a little defocused, this
is the peak of the defocused response. Back-projection has nothing to predict: every pixel has its
own place. No samples are involved, and none of the code that handles them.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.deramp.kernel import DerampKernel, deramp_kernel
from sim_core.focusing.image import Method
from sim_core.focusing.range_doppler.azimuth_reference import azimuth_reference
from sim_core.focusing.range_doppler.place_references import PlaceReferences, ZeroDoppler
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_function import DelayFunction
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import Waveform
from sim_core.signal.window import NO_TAPER, Window

# Places along the aperture: what is summed turns a few cycles at most near the peak.
_PLACES = 4096
# Places from which coordinates are fitted, to polynomials of low degree.
_FITTED_PLACES = 257
# Beyond this a response is a smear that nobody measures.
_WIDEST_RESPONSE_CELLS = 64.0


@dataclass(frozen=True, slots=True)
class PredictedPeak:
    """Where the peak of a point must lie, in the coordinates of `Image`.

    Parameters
    ----------
    range_s : float
        Two-way delay against the reference's.
    azimuth_s : float
        Lag against the reference's.
    phase_rad : float
        Phase of the peak, -pi to pi.
    """

    range_s: float
    azimuth_s: float
    phase_rad: float


@dataclass(frozen=True, slots=True, eq=False)
class PeakPredictor:
    """What the predictions of an image have in common; made by `over`.

    Parameters
    ----------
    reference : Reference
        The image's reference point.
    waveform : Waveform
        Transmitted pulse, which couples Doppler frequency into range.
    method : {"range-doppler", "deramp", "back-projection"}
        How the image is formed.
    azimuth_window : Window
        Taper over the aperture, which weighs what the point's response is made of.
    quadrature : int
        Places along the aperture that stand for the pulses.
    places : PlaceReferences or None
        References of all places of a range-Doppler image.
    kernel : DerampKernel or None
        How delays go with the coordinates of a de-ramped image, at the places of the quadrature.
    """

    reference: Reference
    waveform: Waveform
    method: Method
    azimuth_window: Window
    quadrature: int
    places: PlaceReferences | None
    kernel: DerampKernel | None

    @classmethod
    def over(
        cls,
        reference: DelayFunction,
        schedule: PulseSchedule,
        waveform: Waveform,
        carrier_hz: float,
        method: Method,
        *,
        azimuth_window: Window = NO_TAPER,
        field: DelayField | None = None,
        quadrature: int = _PLACES,
    ) -> "PeakPredictor":
        """Prepare the predictions of an image.

        Parameters
        ----------
        reference : DelayFunction
            Two-way delay history of the image's reference point.
        schedule : PulseSchedule
            The pulses of the aperture.
        waveform : Waveform
            Transmitted pulse.
        carrier_hz : float
            Carrier of the radar.
        method : {"range-doppler", "deramp", "back-projection"}
            How the image is formed.
        azimuth_window : Window
            Taper over the aperture.
        field : DelayField, optional
            What the image was focused with.
        quadrature : int
            Places along the aperture. A few hundred will do for points that are in focus.
        """
        split = Reference.over(reference, schedule, carrier_hz)
        renewed = field is not None and method == "range-doppler"
        slow_time_s = _slow_time_s(split, quadrature)
        return cls(
            reference=split,
            waveform=waveform,
            method=method,
            azimuth_window=azimuth_window,
            quadrature=quadrature,
            places=PlaceReferences.over(field, split) if renewed and field is not None else None,
            kernel=deramp_kernel(split, field, slow_time_s) if method == "deramp" else None,
        )

    def peak(self, target: DelayFunction, target_phase_rad: float = 0.0) -> PredictedPeak:
        """Predict position and phase of a point's peak.

        Parameters
        ----------
        target : DelayFunction
            Two-way delay history of the point.
        target_phase_rad : float
            Phase of the point's own reflectivity.

        Returns
        -------
        PredictedPeak

        Raises
        ------
        FocusingError
            If the point is at zero Doppler outside of its history, where range-Doppler images with
            references of all places do not reach.
        """
        if self.method == "back-projection":
            range_s, azimuth_s = place_coordinates(self.reference, target)
            cycles = math.fmod(self.reference.carrier_hz * range_s, 1.0)
            return _predicted(range_s, azimuth_s, target_phase_rad - math.tau * cycles)
        echo = _compressed_echo(target, self.reference, self.waveform, self.quadrature)
        if self.kernel is not None:
            signal = _deramp(echo, self.reference, self.kernel)
        else:
            signal = _range_doppler(echo, *self._filter(target))
        place = self.reference.place_in_band(echo.slow_time_s)
        weight = signal.weight * self.azimuth_window.weight(place)
        azimuth_s = _peak_lag_s(weight, signal)
        phasor = weight * np.exp(2j * np.pi * signal.cycles(azimuth_s))
        total = complex(np.sum(phasor))
        range_s = float((np.sum(phasor * signal.delay_s(azimuth_s)) / total).real)
        return _predicted(range_s, azimuth_s, math.atan2(total.imag, total.real) + target_phase_rad)

    def _filter(self, target: DelayFunction) -> tuple[Reference, ZeroDoppler, float]:
        """Return the reference that a point meets, where that is in the image, and the skew."""
        if self.places is None:
            return self.reference, ZeroDoppler(0.0, 0.0, 0.0), 0.0
        place = self.places.coordinates(target)
        if place is None:
            raise FocusingError(
                "the point has its zero Doppler time outside of its history, beyond the image",
                "take a point nearer to the reference, or a longer history",
            )
        met = self.places.at(place.range_s, place.lag_s)
        return met, self.places.place_of(met), self.places.skew_per_s2


def predict_peak(
    target: DelayFunction,
    reference: DelayFunction,
    schedule: PulseSchedule,
    waveform: Waveform,
    carrier_hz: float,
    method: Method,
    azimuth_window: Window = NO_TAPER,
    target_phase_rad: float = 0.0,
    *,
    field: DelayField | None = None,
) -> PredictedPeak:
    """Predict position and phase of a point's peak.

    Parameters
    ----------
    target, reference : DelayFunction
        Two-way delay histories of the point and of the image's reference point.
    schedule : PulseSchedule
        The pulses of the aperture.
    waveform : Waveform
        Transmitted pulse, which couples Doppler frequency into range.
    carrier_hz : float
        Carrier of the radar.
    method : {"range-doppler", "deramp", "back-projection"}
        How the image is formed.
    azimuth_window : Window
        Taper over the aperture, which weighs what the point's response is made of.
    target_phase_rad : float
        Phase of the point's own reflectivity.
    field : DelayField, optional
        What the image was focused with. Of many points, `PeakPredictor` shares what it takes.

    Returns
    -------
    PredictedPeak
    """
    predictor = PeakPredictor.over(
        reference,
        schedule,
        waveform,
        carrier_hz,
        method,
        azimuth_window=azimuth_window,
        field=field,
    )
    return predictor.peak(target, target_phase_rad)


def place_coordinates(reference: Reference, target: DelayFunction) -> tuple[float, float]:
    """Return the coordinates that a place has over the aperture, whatever forms the image.

    They are those of de-ramped and of back-projected images. Delay and lag are the two numbers for
    which ``r - a (tau_R' - w) + kappa a^2 / 2`` is nearest to the place's delay less the
    reference's, in least squares over the aperture.

    Parameters
    ----------
    reference : Reference
        The image's reference point.
    target : DelayFunction
        Two-way delay history of the place.

    Returns
    -------
    range_s, azimuth_s : float
    """
    time = _slow_time_s(reference, _FITTED_PLACES)
    difference = reference.beyond_base_s(target, time) - reference.delay_beyond_base_s(time)
    rate = (reference.walk - reference.delay_rate(time)) / reference.rate_span
    centred = rate - np.mean(rate)
    azimuth_s = float(np.sum(centred * difference) / np.sum(centred**2)) / reference.rate_span
    constant = float(np.mean(difference - azimuth_s * reference.rate_span * rate))
    return constant - 0.5 * reference.rate_slope_per_s() * azimuth_s**2, azimuth_s


def _predicted(range_s: float, azimuth_s: float, phase_rad: float) -> PredictedPeak:
    return PredictedPeak(range_s, azimuth_s, math.remainder(phase_rad, math.tau))


def _slow_time_s(reference: Reference, places: int) -> FloatArray:
    """Return the middles of equal parts of the aperture."""
    count = min(places, reference.aperture.pulses)
    return ((np.arange(count) + 0.5) / count - 0.5) * reference.aperture.duration_s


@dataclass(frozen=True, slots=True, eq=False)
class _CompressedEcho:
    """A point after range compression, at places along the aperture.

    Its range spectrum near the carrier is
    ``exp(-2j pi (f_c carrier_delay + f envelope_delay))``, delays beyond the reference's base.
    """

    slow_time_s: FloatArray
    envelope_delay_s: FloatArray
    carrier_delay_s: FloatArray
    delay_rate: FloatArray
    acceleration_per_s: FloatArray
    reference_delay_s: FloatArray
    reference_rate: FloatArray  # without the walk


def _compressed_echo(
    target: DelayFunction, reference: Reference, waveform: Waveform, quadrature: int
) -> _CompressedEcho:
    """Compress a point in range, on paper.

    The reference's motion inside the pulse is taken out. The difference d of the two Doppler
    frequencies is left: it moves the compressed pulse by d times the waveform's coupling c, 1/K of
    a linear chirp, and turns it by -pi c d^2. And the phase that stops the reference is zero at the
    reference's pulse centre, so that it turns the point by the product of the reference's Doppler
    frequency and the delay between the two.
    """
    aperture, carrier_hz = reference.aperture, reference.carrier_hz
    slow_time_s = _slow_time_s(reference, quadrature)
    transmit_s = aperture.middle_s + slow_time_s
    rate = target.delay_rate(transmit_s)
    reference_rate = reference.delay_rate(slow_time_s)
    delay = reference.beyond_base_s(target, slow_time_s)
    reference_delay = reference.delay_beyond_base_s(slow_time_s)
    received_rate = reference_rate / (1.0 + reference_rate)
    difference_hz = carrier_hz * (rate / (1.0 + rate) - received_rate)
    coupling = waveform.doppler_coupling_s_per_hz
    return _CompressedEcho(
        slow_time_s=slow_time_s,
        envelope_delay_s=delay + difference_hz * coupling,
        carrier_delay_s=delay
        - received_rate * (delay - reference_delay)
        + 0.5 * difference_hz**2 * coupling / carrier_hz,
        delay_rate=rate,
        acceleration_per_s=target.delay_acceleration(transmit_s),
        reference_delay_s=reference_delay,
        reference_rate=reference_rate - reference.walk,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _AzimuthSignal:
    """What the azimuth transform sums at a lag a, at places along the aperture.

    The phase in cycles is ``phase + doppler a + bend a^2 / 2``, and the delay in range
    ``delay - (doppler a + bend a^2 / 2) / f_c`` where the transform is scaled by frequency.
    """

    weight: FloatArray
    phase_cycles: FloatArray
    doppler_hz: FloatArray
    range_delay_s: FloatArray
    bend_hz_per_s: float
    keystone_hz: float  # carrier of the frequency scaling; infinite where there is none

    def cycles(self, lag_s: float) -> FloatArray:
        return self.phase_cycles + self._turned(lag_s)

    def delay_s(self, lag_s: float) -> FloatArray:
        return self.range_delay_s - self._turned(lag_s) / self.keystone_hz

    def _turned(self, lag_s: float) -> FloatArray:
        return (self.doppler_hz + 0.5 * self.bend_hz_per_s * lag_s) * lag_s


def _deramp(echo: _CompressedEcho, reference: Reference, kernel: DerampKernel) -> _AzimuthSignal:
    """Set up the sum over pulses of `deramp.azimuth_compression`."""
    carrier_hz = reference.carrier_hz
    gate_s = echo.envelope_delay_s - echo.reference_delay_s
    # What range compression turns every gate by is in it.
    carrier_s = echo.carrier_delay_s - echo.reference_delay_s
    phase_cycles = carrier_hz * (kernel.rho * gate_s - carrier_s)
    if kernel.to_metres is not None:
        # With a field, what is not linear in the Doppler frequency is taken out of the image.
        basis = np.stack([np.ones_like(gate_s), kernel.turning / reference.rate_span], axis=1)
        phase_cycles = basis @ np.linalg.lstsq(basis, phase_cycles)[0]
    return _AzimuthSignal(
        weight=np.ones_like(echo.slow_time_s),
        phase_cycles=phase_cycles,
        doppler_hz=carrier_hz * kernel.turning,
        range_delay_s=gate_s,
        bend_hz_per_s=carrier_hz * reference.rate_slope_per_s(),
        keystone_hz=carrier_hz,
    )


def _range_doppler(
    echo: _CompressedEcho, reference: Reference, place: ZeroDoppler, skew_per_s2: float
) -> _AzimuthSignal:
    """Set up the sum over Doppler frequencies of `range_doppler.azimuth_compression`.

    At each place along the aperture the point has one Doppler frequency, at which it meets the
    filter of the reference that serves it. The eighth of a cycle of stationary phase is in both and
    drops out.
    """
    carrier_hz, time = reference.carrier_hz, echo.slow_time_s
    # What range compression did to the carrier's delay turns too slowly to need more than
    # differences between the places.
    turned = echo.carrier_delay_s - echo.envelope_delay_s
    chirp_coupling = np.gradient(turned, time) if time.size > 2 else np.zeros_like(time)
    envelope_rate = echo.delay_rate - reference.walk + 0.5 * skew_per_s2 * time**2
    doppler_hz = -carrier_hz * (envelope_rate + chirp_coupling)
    matched = azimuth_reference(reference, doppler_hz)
    skewed_s = echo.carrier_delay_s - reference.walk * time + skew_per_s2 * time**3 / 6.0
    point_cycles = carrier_hz * skewed_s + doppler_hz * time
    reference_cycles = carrier_hz * (matched.delay_s - place.range_s) + doppler_hz * (
        matched.stationary_s - place.lag_s
    )
    return _AzimuthSignal(
        # Stationary phase leaves 1/sqrt(k) at each frequency, and there are k of them each second.
        weight=np.sqrt(np.abs(echo.acceleration_per_s)),
        phase_cycles=reference_cycles - point_cycles,
        doppler_hz=doppler_hz,
        range_delay_s=echo.envelope_delay_s
        - reference.walk * time
        - (matched.delay_s - place.range_s),
        bend_hz_per_s=0.0,
        keystone_hz=math.inf,
    )


def _peak_lag_s(weight: FloatArray, signal: _AzimuthSignal) -> float:
    """Find the lag at which the sum is highest, from the phase's slope and then by parabolas.

    The slope gives the middle of the response. A defocused one may have its peak to a side of that,
    or several: the highest is looked for as far out as the phase's curvature spreads the response.
    """
    doppler_hz = signal.doppler_hz
    centred = doppler_hz - np.average(doppler_hz, weights=weight)
    slope = np.sum(weight * centred * signal.phase_cycles) / np.sum(weight * centred**2)
    lag_s = -float(slope)
    cell_s = 1.0 / float(np.ptp(doppler_hz))
    # The local slope of what is left tells how far each part of the band is displaced.
    step_hz = np.diff(doppler_hz)
    turning = np.abs(step_hz) < 1e-6 * np.ptp(doppler_hz)  # where a Doppler frequency turns back
    slopes_s = np.diff(signal.phase_cycles) / np.where(turning, np.inf, step_hz) + lag_s
    reach = min(float(np.max(np.abs(slopes_s))) / cell_s + 1.0, _WIDEST_RESPONSE_CELLS)
    places = lag_s + cell_s * np.arange(-reach, reach + 0.25, 0.25)
    lag_s = float(places[np.argmax([_power(weight, signal, float(place)) for place in places])])
    for step in (0.3, 0.1, 0.03, 0.01):
        for _ in range(4):
            power = [
                _power(weight, signal, lag_s + offset * step * cell_s) for offset in (-1, 0, 1)
            ]
            bend = power[0] - 2.0 * power[1] + power[2]
            shift = 0.5 * (power[0] - power[2]) / bend if bend < 0.0 else power[2] - power[0]
            lag_s += float(np.clip(shift, -1.0, 1.0)) * step * cell_s
    return lag_s


def _power(weight: FloatArray, signal: _AzimuthSignal, lag_s: float) -> float:
    total: npt.NDArray[np.complex128] = np.sum(weight * np.exp(2j * np.pi * signal.cycles(lag_s)))
    return float(np.abs(total) ** 2) / float(np.sum(weight)) ** 2
