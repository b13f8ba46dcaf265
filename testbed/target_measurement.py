"""The targets of a scene: measured, and held against their predictions."""

import cmath
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.pulse_weights import pulse_weights
from sim_core.focusing.reference import Reference
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.response.theory import AxisTheory, azimuth_theory, range_theory
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from sim_core.signal.window import NO_TAPER
from testbed.ground_scale import ground_speed_m_per_s
from testbed.image_formation import FocusedScene, focus_settings
from testbed.results import TargetResult
from testbed.scenario import Scenario
from testbed.scene_setup import SceneTarget
from testbed.verification import unmeasured_response

# Intervals between pulses that differ by more than this part of the median are uneven.
_UNEVEN = 1e-3


def measure_scene(
    scenario: Scenario,
    focused: FocusedScene,
    usable: npt.NDArray[np.bool_],
    advance: Callable[[int, int], None],
) -> tuple[tuple[TargetResult, ...], str]:
    """Measure all targets; one that cannot be measured has NaN for its values.

    Parameters
    ----------
    scenario : Scenario
        What the image should hold.
    focused : FocusedScene
        The images.
    usable : ndarray of bool, shape (pulses,)
        The pulses that were used.
    advance : callable
        Called with the number of targets done, and of all.

    Returns
    -------
    targets : tuple of TargetResult
        In the scene's order.
    doubt : str
        Why the first could not be measured; empty otherwise.
    """
    theories = _theories(scenario, usable)
    results, doubts = [], []
    for number, target in enumerate(scenario.targets):
        result, doubt = _measure(scenario, focused, number, target, theories)
        results.append(result)
        doubts.append(doubt)
        advance(number + 1, len(scenario.targets))
    return tuple(results), doubts[0]


def _theories(scenario: Scenario, usable: npt.NDArray[np.bool_]) -> tuple[AxisTheory, AxisTheory]:
    """Return what an ideal chain would give in range and azimuth with the pulses there are."""
    settings, schedule = focus_settings(scenario), scenario.schedule
    # Of the pulse as it is defined: a measured replica stands for what the chain makes of it.
    along_range = range_theory(scenario.waveform, settings.range_window, schedule.sample_rate_hz)
    interval = np.diff(schedule.transmit_tick)
    even = np.ptp(interval) <= _UNEVEN * np.median(interval)
    if even and np.all(usable):
        return along_range, azimuth_theory(settings.azimuth_window)
    reference = Reference.over(scenario.reference, schedule, scenario.carrier_hz)
    place = reference.place_in_band(reference.aperture.slow_time_s)
    weight = pulse_weights(reference, NO_TAPER, usable)
    return along_range, azimuth_theory(settings.azimuth_window, place, weight)


def _measure(
    scenario: Scenario,
    focused: FocusedScene,
    number: int,
    target: SceneTarget,
    theories: tuple[AxisTheory, AxisTheory],
) -> tuple[TargetResult, str]:
    """Measure one target; also say why it could not be measured, if so."""
    image, predicted = focused.per_target[number], focused.predictions[number]
    settings, doubt = focus_settings(scenario), ""
    try:
        response = measure(
            image,
            predicted.range_s,
            predicted.azimuth_s,
            range_window=settings.range_window,
            azimuth_window=settings.azimuth_window,
        )
    except FocusingError as error:
        # Nothing there that has a peak: the verdict says so, and the report shows the image.
        response, doubt = unmeasured_response(), str(error)
    phase_error_rad = (
        response.peak_phase_rad - predicted.phase_rad - cmath.phase(target.reflectivity)
    )
    speed_m_per_s = ground_speed_m_per_s(scenario.field, focused.predictor, target.offset_m)
    result = TargetResult(
        name=f"target {number + 1}",
        latitude_deg=target.place.latitude_deg,
        longitude_deg=target.place.longitude_deg,
        height_m=target.place.height_m,
        amplitude=abs(target.reflectivity),
        offset_m=target.offset_m,
        problem=doubt,
        response=response,
        range_theory=theories[0],
        azimuth_theory=theories[1],
        predicted_range_s=predicted.range_s,
        predicted_azimuth_s=predicted.azimuth_s,
        range_error_cells=(response.peak_range_s - predicted.range_s) / image.range_cell_s,
        azimuth_error_cells=(response.peak_azimuth_s - predicted.azimuth_s) / image.azimuth_cell_s,
        phase_error_deg=math.degrees(math.remainder(phase_error_rad, math.tau)),
        magnitude_error_db=_magnitude_error_db(scenario, number, response.peak_magnitude),
        range_irw_m=0.5 * SPEED_OF_LIGHT_M_PER_S * response.range.irw_s,
        azimuth_irw_m=response.azimuth.irw_s * speed_m_per_s,
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
        expected *= abs(float(np.average(echo.pulse_gain, weights=weight)))
    return 20.0 * math.log10(magnitude / expected) if magnitude > 0.0 else math.nan
