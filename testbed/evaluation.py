"""From a recording to what the report shows: focus, measure, compare with the prediction."""

import cmath
import math
from collections import Counter

import numpy as np
from scipy import optimize

from sim_core.errors import FocusingError
from sim_core.focusing.focus import FocusSettings, focus
from sim_core.focusing.image import Image
from sim_core.focusing.impulse_response import measure
from sim_core.focusing.prediction import PredictedPeak, predict_peak
from sim_core.focusing.theory import azimuth_theory, range_theory
from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from sim_core.geometry.sites import EarthPoint
from testbed.errors import locate_errors
from testbed.provenance import provenance
from testbed.recording import Recording
from testbed.report.progress import RunProgress
from testbed.results import HistoryCurves, RunResult, TargetResult
from testbed.scenario import Scenario, device_settings
from testbed.verification import unmeasured_response, verify
from testbed.waveforms import build_window

_CURVE_POINTS = 1001

# Offset at which the scale of the image on the ground is taken: far above the noise of a
# prediction (1e-6 cell), far below where the axes bend.
_SCALE_OFFSET_M = 50.0


def evaluate(scenario: Scenario, recording: Recording, progress: RunProgress) -> RunResult:
    """Focus a recording, measure its targets and judge the first.

    Simulated and recorded data come this way alike: samples, schedule and delay histories are all
    that it is given.

    Parameters
    ----------
    scenario : Scenario
        What the recording should hold.
    recording : Recording
        Samples and what happened to them.
    progress : RunProgress
        Where the stages ``focus`` and ``measure`` are shown and timed.

    Returns
    -------
    RunResult

    Raises
    ------
    ConfigError
        If the chosen focusing method cannot compress the recording.
    """
    configuration = scenario.configuration
    with (
        progress.stage("focus", "Focus the recording") as advance,
        locate_errors(configuration, "focusing.method"),
    ):
        image = focus(
            recording,
            recording.schedule,
            scenario.waveform,
            scenario.carrier_hz,
            scenario.reference,
            focus_settings(scenario),
            lambda fraction: advance(round(1000 * fraction), 1000),
        )
    with progress.stage("measure", "Measure the point targets"):
        measured = [
            _measure_target(scenario, recording, image, number)
            for number in range(len(scenario.targets))
        ]
        targets = tuple(target for target, _ in measured)
        events: Counter[str] = Counter(event.kind for event in recording.events)
        touched: Counter[str] = Counter(
            kind for kind, _ in {(event.kind, event.pulse) for event in recording.events}
        )
        doubts = [doubt for _, doubt in measured[:1] if doubt]
        judgement = verify(
            targets[0], configuration.limits, touched, recording.schedule.pulses, doubts
        )
        history = _curves(scenario)
        nearest_s = _nearest_transmit_s(scenario)
        middle = recording.schedule.pulses // 2
    return RunResult(
        name=configuration.name,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        checks=judgement.checks,
        targets=targets,
        sampling=scenario.sampling,
        image=image,
        history=history,
        delay_min_s=float(scenario.reference.delay_s(nearest_s)),
        delay_min_transmit_s=nearest_s,
        delay_budget=scenario.budget(),
        schedule=recording.schedule,
        played_pulse=scenario.signal.window(scenario.schedule, middle),
        recorded_pulse=recording.read(middle, 1)[0],
        events=events,
        timing_s=progress.timing_s,
        device={
            "driver": recording.device["driver"],
            "settings": device_settings(configuration),
            "read_back": recording.device["read_back"],
        },
        configuration=configuration.resolved(),
        provenance=provenance(scenario),
    )


def focus_settings(scenario: Scenario) -> FocusSettings:
    """Return the focusing settings of a scenario.

    The envelope's lag behind the carrier's phase, which is the ionosphere's, is taken out like a
    delay of the chain.
    """
    configuration = scenario.configuration
    return FocusSettings(
        method=scenario.method,
        range_window=build_window(configuration.focusing.range_window),
        azimuth_window=build_window(configuration.focusing.azimuth_window),
        chain_delay_s=configuration.calibration.delay_s + scenario.envelope_lag_s,
    )


def _curves(scenario: Scenario) -> HistoryCurves:
    half_s = scenario.geometry.half_aperture_s
    transmit_s = np.linspace(-half_s, half_s, _CURVE_POINTS)
    reference = scenario.reference
    return HistoryCurves(
        transmit_s=transmit_s,
        delay_s=reference.delay_s(transmit_s),
        downlink_s=reference.downlink_s(transmit_s),
        doppler_hz=reference.doppler_hz(transmit_s, scenario.carrier_hz),
    )


def _nearest_transmit_s(scenario: Scenario) -> float:
    """Return the transmit time within the aperture at which the reference's delay is smallest."""
    half_s, reference = scenario.geometry.half_aperture_s, scenario.reference
    coarse_s = np.linspace(-half_s, half_s, _CURVE_POINTS)
    best = int(np.argmin(reference.delay_s(coarse_s)))
    low_s, high_s = coarse_s[max(best - 1, 0)], coarse_s[min(best + 1, coarse_s.size - 1)]
    low_rate, high_rate = reference.delay_rate(np.array((low_s, high_s)))
    if low_rate >= 0.0 or high_rate <= 0.0:
        return float(coarse_s[best])  # at an end of the aperture
    return float(optimize.brentq(lambda t: float(reference.delay_rate(t)), low_s, high_s))


def _measure_target(
    scenario: Scenario, recording: Recording, image: Image, number: int
) -> tuple[TargetResult, str]:
    """Measure one target; also say why it could not be measured, if so."""
    target = scenario.targets[number]
    windows = focus_settings(scenario)
    predicted = _predict(scenario, recording, image, target.history)
    doubt = ""
    try:
        response = measure(image, predicted.range_s, predicted.azimuth_s)
    except FocusingError as error:
        # Nothing there that has a peak: the verdict says so, and the report shows the image.
        response, doubt = unmeasured_response(), str(error)
    phase_error_rad = (
        response.peak_phase_rad - predicted.phase_rad - cmath.phase(target.reflectivity)
    )
    result = TargetResult(
        name=f"target {number + 1}",
        latitude_deg=target.place.latitude_deg,
        longitude_deg=target.place.longitude_deg,
        height_m=target.place.height_m,
        amplitude=abs(target.reflectivity),
        response=response,
        range_theory=range_theory(scenario.waveform, windows.range_window),
        azimuth_theory=azimuth_theory(windows.azimuth_window),
        predicted_range_s=predicted.range_s,
        predicted_azimuth_s=predicted.azimuth_s,
        range_error_cells=(response.peak_range_s - predicted.range_s) / image.range_cell_s,
        azimuth_error_cells=(response.peak_azimuth_s - predicted.azimuth_s) / image.azimuth_cell_s,
        phase_error_deg=math.degrees(math.remainder(phase_error_rad, math.tau)),
        magnitude_error_db=_magnitude_error_db(scenario, number, response.peak_magnitude),
        range_irw_m=0.5 * SPEED_OF_LIGHT_M_PER_S * response.range.irw_s,
        azimuth_irw_m=response.azimuth.irw_s
        * _ground_speed_m_per_s(scenario, recording, image, target.place),
    )
    return result, doubt


def _magnitude_error_db(scenario: Scenario, number: int, magnitude: float) -> float:
    """Return the peak against the amplitude that was played, through the calibrated gain."""
    echo = scenario.signal.targets[number]
    expected = abs(echo.amplitude) * 10.0 ** (scenario.configuration.calibration.gain_db / 20.0)
    if echo.pulse_gain is not None:
        # The image adds up what the antenna left of each pulse, weighted by the taper.
        place = np.linspace(-0.5, 0.5, echo.pulse_gain.size)
        weight = focus_settings(scenario).azimuth_window.weight(place)
        expected *= float(np.average(echo.pulse_gain, weights=weight))
    return 20.0 * math.log10(magnitude / expected) if magnitude > 0.0 else math.nan


def _predict(
    scenario: Scenario, recording: Recording, image: Image, history: DelayHistory
) -> PredictedPeak:
    return predict_peak(
        history,
        scenario.reference,
        recording.schedule,
        scenario.waveform,
        scenario.carrier_hz,
        image.method,
        focus_settings(scenario).azimuth_window,
    )


def _ground_speed_m_per_s(
    scenario: Scenario, recording: Recording, image: Image, place: EarthPoint
) -> float:
    """Return the metres on the ground per second of azimuth lag, at equal range.

    From the predicted peaks of two neighbours, to the east and to the north: the direction on the
    ground along which the range stays is followed, and the lag's change along it taken.
    """
    peaks = [
        _predict(
            scenario, recording, image, scenario.geometry.history_of(place.offset(*offset, 0.0))
        )
        for offset in ((0.0, 0.0), (_SCALE_OFFSET_M, 0.0), (0.0, _SCALE_OFFSET_M))
    ]
    here, east, north = (np.array((peak.range_s, peak.azimuth_s)) for peak in peaks)
    per_metre = np.stack((east - here, north - here), axis=1) / _SCALE_OFFSET_M
    along = np.array((-per_metre[0, 1], per_metre[0, 0]))
    along /= np.linalg.norm(along)
    return float(1.0 / abs(per_metre[1] @ along))
