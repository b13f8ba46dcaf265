"""From a configuration to what the chain works with: geometry, waveform, schedule, echoes."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.focusing.image import Method
from sim_core.focusing.prediction import predict_peak
from sim_core.focusing.sampling import (
    LEAST_AZIMUTH_CELLS,
    AzimuthSampling,
    azimuth_sampling,
    choose_method,
    require_resolution,
)
from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.delay_terms import DelayTerm, delay_budget
from sim_core.signal.echo import PointEcho, require_echo_in_window
from sim_core.signal.pulse_schedule import (
    PulseSchedule,
    follow_echo,
    leave_out_pulses,
    transmit_ticks,
)
from sim_core.signal.scene_echo import require_scene_in_window
from sim_core.signal.waveform import Waveform
from testbed.config import Configuration
from testbed.echo_plan import EchoPlan, plan_echoes
from testbed.errors import locate_errors
from testbed.input_files import InputFiles
from testbed.radar_geometry import RadarGeometry
from testbed.scene_setup import SceneTarget, field_over, scene_of, targets_of
from testbed.waveforms import build_waveform, read_samples


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Everything that a run, or the focusing of its recording, is computed from.

    Parameters
    ----------
    configuration : Configuration
        What it was built from.
    inputs : InputFiles
        Files that it names.
    geometry : RadarGeometry
        Radar, scene reference point, and what lies between them.
    reference : DelayHistory
        Two-way delay of the scene reference point; receive windows and focusing follow it.
    targets : tuple of SceneTarget
        The first is the one that the verdict is about.
    signal : EchoPlan
        What is played.
    field : DelayField
        Two-way delays of all places of targets, scene and image.
    waveform : LinearChirp
        The transmitted pulse.
    schedule : PulseSchedule
        Ticks of pulses and windows.
    sampling : AzimuthSampling
        Doppler bandwidth of the aperture against the PRF.
    method : {"range-doppler", "deramp"}
        How the recording is to be focused.
    replica : ndarray of complex64, shape (samples,), or None
        Measured pulse that range compression correlates with; None for the waveform's own.
    envelope_lag_s : float
        How much later than `reference` the envelope of the scene reference point's echo comes.
    """

    configuration: Configuration
    inputs: InputFiles
    geometry: RadarGeometry
    reference: DelayHistory
    targets: tuple[SceneTarget, ...]
    signal: EchoPlan
    field: DelayField
    waveform: Waveform
    schedule: PulseSchedule
    sampling: AzimuthSampling
    method: Method
    replica: npt.NDArray[np.complex64] | None
    envelope_lag_s: float

    @property
    def carrier_hz(self) -> float:
        """Carrier of the radar."""
        return self.configuration.radar.carrier_hz

    def budget(self) -> tuple[DelayTerm, ...]:
        """Return the delay budget of the scene reference point over the aperture."""
        geometry = self.geometry
        return delay_budget(
            geometry.model,
            geometry.site,
            geometry.aim,
            geometry.epoch,
            -geometry.half_aperture_s,
            geometry.half_aperture_s,
            geometry.effects,
            sub_daily_rotation=self.configuration.tides.sub_daily_rotation,
        )


def build_scenario(configuration: Configuration, inputs: InputFiles | None = None) -> Scenario:
    """Build the scenario of a configuration.

    Parameters
    ----------
    configuration : Configuration
        The experiment.
    inputs : InputFiles, optional
        Where the files that it names are read; by default where it says.

    Returns
    -------
    Scenario

    Raises
    ------
    ConfigError
        If the geometry or the signal cannot be: the key to blame is named.
    """
    radar, receiver = configuration.radar, configuration.receiver
    inputs = InputFiles() if inputs is None else inputs
    waveform = build_waveform(configuration, inputs)
    geometry = RadarGeometry.of(configuration)
    geometry.require_narrow(waveform.bandwidth_hz)
    reference = geometry.history_of(geometry.aim)
    with locate_errors(configuration, "radar.dither_s"):
        even = transmit_ticks(
            receiver.sample_rate_hz,
            radar.prf_hz,
            radar.aperture_s,
            radar.dither_s,
            configuration.seed,
        )
    with locate_errors(configuration, "radar.gaps"):
        ticks = leave_out_pulses(even, ((gap.first_pulse, gap.pulses) for gap in radar.gaps))
    with locate_errors(configuration, "receiver.window_samples"):
        schedule = follow_echo(
            ticks,
            reference,
            receiver.sample_rate_hz,
            receiver.window_samples,
            waveform.duration_s,
        )
    sampling = azimuth_sampling(reference, schedule, radar.carrier_hz)
    with locate_errors(configuration, "radar.aperture_s"):
        require_resolution(sampling)
    targets = targets_of(geometry, reference)
    scene = scene_of(configuration, geometry.aim, inputs)
    echoes = [PointEcho(t.history, t.reflectivity, t.envelope_lag_s) for t in targets]
    for target, echo in zip(targets, echoes, strict=True):
        with locate_errors(configuration, target.key):
            require_echo_in_window(schedule, echo, echoes)
    method = _method(configuration, sampling, reference, targets, waveform, schedule)
    field = field_over(geometry, reference, targets, scene)
    envelope_lag_s = geometry.envelope_lag_s(geometry.aim)
    if scene is not None:
        with locate_errors(configuration, "scene.scatterers.path"):
            require_scene_in_window(schedule, scene, field, envelope_lag_s)
    return Scenario(
        configuration=configuration,
        inputs=inputs,
        geometry=geometry,
        reference=reference,
        targets=targets,
        signal=plan_echoes(geometry, reference, schedule, waveform, targets, scene, field),
        field=field,
        waveform=waveform,
        schedule=schedule,
        sampling=sampling,
        method=method,
        replica=_replica(configuration, inputs),
        envelope_lag_s=envelope_lag_s,
    )


def _replica(configuration: Configuration, inputs: InputFiles) -> npt.NDArray[np.complex64] | None:
    name = configuration.focusing.replica
    if name == "nominal":
        return None
    return read_samples(configuration, inputs, "focusing.replica", name).astype(np.complex64)


def _method(
    configuration: Configuration,
    sampling: AzimuthSampling,
    reference: DelayHistory,
    targets: tuple[SceneTarget, ...],
    waveform: Waveform,
    schedule: PulseSchedule,
) -> Method:
    """Choose how to focus, so that all targets are in the image; found out before anything plays.

    Range-Doppler holds a target while its Doppler band lies within that of the PRF, de-ramping
    while its lag is within the unambiguous width.
    """
    radar, choice = configuration.radar, configuration.focusing.method
    with locate_errors(configuration, "focusing.method"):
        method = choose_method(sampling, choice)

    def widest_s(of: Method) -> float:
        if of == "back-projection":
            return math.inf
        rate_hz_per_s = abs(sampling.doppler_rate_hz_per_s)
        if of == "range-doppler":
            spare_hz = sampling.prf_hz - sampling.doppler_bandwidth_hz
            return min(0.5 * spare_hz / rate_hz_per_s, 0.5 * radar.aperture_s - margin_s)
        return 0.5 * min(sampling.ambiguity_spacing_s, radar.aperture_s) - margin_s

    # A response is measured with its side lobes.
    margin_s = 0.5 * LEAST_AZIMUTH_CELLS / sampling.doppler_bandwidth_hz
    lags_s = [
        predict_peak(
            target.history, reference, schedule, waveform, radar.carrier_hz, "deramp"
        ).azimuth_s
        for target in targets
    ]
    furthest_s = max(map(abs, lags_s))
    if choice == "auto" and method == "range-doppler" and furthest_s > widest_s(method):
        method = "deramp"
    for target, lag_s in zip(targets, lags_s, strict=True):
        if abs(lag_s) > widest_s(method):
            with locate_errors(configuration, target.key):
                raise SamplingError(
                    f"the target lies {lag_s:.3g} s of azimuth lag off the reference point, and "
                    f"{method} holds +-{widest_s(method):.3g} s at this PRF and aperture",
                    "raise radar.prf_hz, lengthen radar.aperture_s, or bring the target nearer to "
                    "the scene's reference point",
                )
    return method
