"""From a recording to what the report shows: focus, measure, compare with the prediction."""

from collections import Counter
from pathlib import Path

import numpy as np
from scipy import optimize

from testbed.device_settings import device_settings
from testbed.image_formation import focus_scenario, focus_settings, usable_pulses
from testbed.image_quality import image_quality
from testbed.provenance import provenance
from testbed.recording import Recording
from testbed.report.progress import RunProgress
from testbed.results import HistoryCurves, RunResult
from testbed.scenario import Scenario
from testbed.target_measurement import measure_scene
from testbed.verification import verify

_CURVE_POINTS = 1001


def evaluate(
    scenario: Scenario, recording: Recording, progress: RunProgress, scratch: Path
) -> RunResult:
    """Focus a recording, measure its targets and judge the first.

    Simulated and recorded data come this way alike: samples, schedule and delays are all that it is
    given.

    Parameters
    ----------
    scenario : Scenario
        What the recording should hold.
    recording : Recording
        Samples and what happened to them.
    progress : RunProgress
        Where the stages ``focus`` and ``measure`` are shown and timed.
    scratch : Path
        Folder for what does not fit into the memory that the configuration allows.

    Returns
    -------
    RunResult

    Raises
    ------
    ConfigError
        If the chosen focusing method cannot compress the recording.
    """
    configuration = scenario.configuration
    usable = usable_pulses(recording)
    settings = focus_settings(scenario)
    focused = focus_scenario(scenario, recording, usable, progress, scratch)
    with progress.stage("measure", "Measure the point targets") as advance:
        targets, doubt = measure_scene(scenario, focused, usable, advance)
        events: Counter[str] = Counter(event.kind for event in recording.events)
        touched: Counter[str] = Counter(
            kind for kind, _ in {(event.kind, event.pulse) for event in recording.events}
        )
        judgement = verify(
            targets[0],
            configuration.limits,
            touched,
            recording.schedule.pulses,
            [doubt] if doubt else [],
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
        image=focused.image,
        ground=focused.ground,
        quality=image_quality(scenario, focused.image, targets),
        window_loss_db=(-settings.range_window.snr_loss_db, -settings.azimuth_window.snr_loss_db),
        history=history,
        delay_min_s=float(scenario.reference.delay_s(nearest_s)),
        delay_min_transmit_s=nearest_s,
        delay_budget=scenario.budget(),
        link_budget=scenario.signal.budget,
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
