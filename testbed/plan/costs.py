"""What scaling an experiment costs: resolution on the ground, and replicas."""

from dataclasses import dataclass

from sim_core.focusing.prediction import PeakPredictor
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from testbed.ground_scale import ground_speed_m_per_s
from testbed.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Resolution:
    """Cells of an experiment's image; a half-power width is 0.886 of one without a taper.

    Parameters
    ----------
    bandwidth_hz, range_cell_m : float
        Of the pulse, and half the speed of light over it: along the line of sight.
    doppler_bandwidth_hz, azimuth_cell_m : float
        Of the aperture, and its inverse on the ground.
    prf_hz : float
        In use.
    replicas_s : float or None
        Lag at which replicas of a point stand within the image; None where there are none.
    method : str
        How the image is made.
    """

    bandwidth_hz: float
    range_cell_m: float
    doppler_bandwidth_hz: float
    azimuth_cell_m: float
    prf_hz: float
    replicas_s: float | None
    method: str


def resolution(scenario: Scenario) -> Resolution:
    """Compute the cells of a scenario's image.

    Parameters
    ----------
    scenario : Scenario
        The experiment.
    """
    sampling, bandwidth_hz = scenario.sampling, scenario.waveform.bandwidth_hz
    predictor = PeakPredictor.over(
        scenario.reference,
        scenario.schedule,
        scenario.waveform,
        scenario.carrier_hz,
        scenario.method,
        field=scenario.field,
    )
    speed_m_per_s = ground_speed_m_per_s(scenario.field, predictor)
    return Resolution(
        bandwidth_hz=bandwidth_hz,
        range_cell_m=0.5 * SPEED_OF_LIGHT_M_PER_S / bandwidth_hz,
        doppler_bandwidth_hz=sampling.doppler_bandwidth_hz,
        azimuth_cell_m=speed_m_per_s / sampling.doppler_bandwidth_hz,
        prf_hz=sampling.prf_hz,
        replicas_s=sampling.ambiguity_spacing_s if sampling.undersampled else None,
        method=scenario.method,
    )
