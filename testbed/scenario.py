"""From a configuration to what the chain works with: geometry, waveform, schedule, echoes."""

import cmath
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivers.loopback.settings import LoopbackSettings
from sim_core.errors import (
    KernelError,
    LunarOrientationError,
    MediumError,
    NotVisibleError,
    SamplingError,
)
from sim_core.focusing.image import Method
from sim_core.focusing.prediction import predict_peak
from sim_core.focusing.sampling import (
    LEAST_AZIMUTH_CELLS,
    AzimuthSampling,
    azimuth_sampling,
    choose_method,
    require_resolution,
)
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.delay_terms import DelayTerm, delay_budget
from sim_core.geometry.earth_orientation import OrientationProvenance
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.ionosphere import Ionosphere
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.path_terms import PathEffects, PathTerms
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import require_visible
from sim_core.geometry.weather import Weather
from sim_core.signal.echo import PointEcho, require_echo_in_window
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.waveform import LinearChirp
from testbed.config import Configuration
from testbed.errors import locate_errors

# A focusing reference is evaluated beyond the aperture, for targets off the reference point: by
# this part of the aperture on either side.
_MARGIN = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SceneTarget:
    """A point target of the scene.

    Parameters
    ----------
    place : EarthPoint
        Where it is.
    reflectivity : complex
        Amplitude and phase of the configuration.
    history : DelayHistory
        Its two-way delay, that of the carrier's phase.
    envelope_lag_s : float
        How much later the envelope of its echo comes, because of the ionosphere.
    absorption_db : float
        What the air absorbs of its echo's power, at the middle of the aperture.
    """

    place: EarthPoint
    reflectivity: complex
    history: DelayHistory
    envelope_lag_s: float
    absorption_db: float


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Everything that a run, or the focusing of its recording, is computed from.

    Parameters
    ----------
    configuration : Configuration
        What it was built from.
    epoch : Epoch
        Time zero: the moment of steering.
    model : MotionModel
        Ephemeris and Earth orientation over the run.
    orientation : OrientationProvenance
        Where the Earth orientation comes from.
    site : Station
        The radar, principal axes.
    aim : EarthPoint
        Scene reference point.
    reference : DelayHistory
        Two-way delay of the scene reference point; receive windows and focusing follow it.
    targets : tuple of SceneTarget
        The first is the one that the verdict is about.
    waveform : LinearChirp
        The transmitted pulse.
    schedule : PulseSchedule
        Ticks of pulses and windows.
    sampling : AzimuthSampling
        Doppler bandwidth of the aperture against the PRF.
    method : {"range-doppler", "deramp"}
        How the recording is to be focused.
    clock : LunarClock or None
        The radar's clock, with relativity; without, times are in TDB.
    effects : PathEffects
        Tide, air and electrons.
    envelope_lag_s : float
        How much later than `reference` the envelope of the scene reference point's echo comes.
    """

    configuration: Configuration
    epoch: Epoch
    model: MotionModel
    orientation: OrientationProvenance
    site: Station
    aim: EarthPoint
    reference: DelayHistory
    targets: tuple[SceneTarget, ...]
    waveform: LinearChirp
    schedule: PulseSchedule
    sampling: AzimuthSampling
    method: Method
    clock: LunarClock | None
    effects: PathEffects
    envelope_lag_s: float

    @property
    def carrier_hz(self) -> float:
        """Carrier of the radar."""
        return self.configuration.radar.carrier_hz

    @property
    def half_aperture_s(self) -> float:
        """Half the duration of the aperture."""
        return 0.5 * self.configuration.radar.aperture_s

    def history_of(self, place: EarthPoint) -> DelayHistory:
        """Solve the delay history of any place, over the span that the targets' have."""
        span_s = (1.0 + _MARGIN) * self.half_aperture_s
        path = PathTerms(self.model, self.site, place, self.epoch, self.effects)
        return _solve(path, span_s, self.clock)

    def echoes(self) -> list[PointEcho]:
        """Return the echoes, scaled so that their sum can reach the configured level at most.

        What the air absorbs comes off that level.
        """
        total = sum(abs(target.reflectivity) for target in self.targets)
        scale = 10.0 ** (self.configuration.device.level_dbfs / 20.0) / total
        return [
            PointEcho(
                target.history,
                scale * 10.0 ** (-target.absorption_db / 20.0) * target.reflectivity,
                target.envelope_lag_s,
            )
            for target in self.targets
        ]

    def budget(self) -> tuple[DelayTerm, ...]:
        """Return the delay budget of the scene reference point over the aperture."""
        return delay_budget(
            self.model,
            self.site,
            self.aim,
            self.epoch,
            -self.half_aperture_s,
            self.half_aperture_s,
            self.effects,
            sub_daily_rotation=self.configuration.tides.sub_daily_rotation,
        )


def build_scenario(configuration: Configuration) -> Scenario:
    """Build the scenario of a configuration.

    Parameters
    ----------
    configuration : Configuration
        The experiment.

    Returns
    -------
    Scenario

    Raises
    ------
    ConfigError
        If the geometry or the signal cannot be: the key to blame is named.
    """
    geometry, radar, receiver = configuration.geometry, configuration.radar, configuration.receiver
    half_s = 0.5 * radar.aperture_s
    span_s = (1.0 + _MARGIN) * half_s
    relativistic = geometry.relativity == "full"
    with (
        locate_errors(configuration, "geometry.epoch_utc"),
        locate_errors(configuration, "geometry.ephemeris", (KernelError,)),
        locate_errors(configuration, "geometry.lunar_orientation", (LunarOrientationError,)),
    ):
        epoch = Epoch.from_utc(geometry.epoch_utc)
        model, orientation = motion_model(
            epoch.plus_seconds(-span_s),
            epoch.plus_seconds(span_s),
            geometry.ephemeris,
            lunar_orientation=geometry.lunar_orientation,
            relativistic=relativistic,
            sub_daily_rotation=configuration.tides.sub_daily_rotation,
        )
    with locate_errors(configuration, "geometry.site"):
        place = LunarSite(
            geometry.site.latitude_deg, geometry.site.longitude_deg, geometry.site.height_m
        )
        site = site_station(model.ephemeris, place)
    clock = LunarClock(model, site, epoch, -span_s, span_s) if relativistic else None
    aim = _aim(configuration, model, site, epoch)
    _require_visible(configuration, model, place, aim, epoch, "geometry.aim")

    effects = _effects(configuration, aim)

    def path(point: EarthPoint) -> PathTerms:
        return PathTerms(model, site, point, epoch, effects)

    with locate_errors(configuration, "media.troposphere.model", (MediumError,)):
        reference = _solve(path(aim), span_s, clock)
    envelope_lag_s = float(path(aim).envelope_lag_s(0.0)[0])
    if effects.ionosphere is not None:
        with locate_errors(configuration, "media.ionosphere.vertical_tec_tecu"):
            lowest_rad = float(np.min(path(aim).elevation_rad((-half_s, half_s))))
            effects.ionosphere.require_first_order(radar.carrier_hz)
            effects.ionosphere.require_narrow(lowest_rad, radar.carrier_hz, radar.bandwidth_hz)
    waveform = LinearChirp(radar.chirp_rate_hz_per_s, radar.pulse_duration_s)
    with locate_errors(configuration, "receiver.window_samples"):
        schedule = follow_echo(
            transmit_ticks(receiver.sample_rate_hz, radar.prf_hz, radar.aperture_s),
            reference,
            receiver.sample_rate_hz,
            receiver.window_samples,
            radar.pulse_duration_s,
        )
    sampling = azimuth_sampling(reference, schedule, radar.carrier_hz)
    with locate_errors(configuration, "radar.aperture_s"):
        require_resolution(sampling)
    targets = []
    for number, target in enumerate(configuration.scene.targets):
        key = f"scene.targets[{number}]"
        with locate_errors(configuration, key):
            point = aim.offset(target.east_m, target.north_m, target.up_m)
        _require_visible(configuration, model, place, point, epoch, key)
        reflectivity = cmath.rect(target.amplitude, math.radians(target.phase_deg))
        with locate_errors(configuration, "media.troposphere.model", (MediumError,)):
            # The aim point itself is not solved twice.
            own = reference if point == aim else _solve(path(point), span_s, clock)
            absorption_db = path(point).absorption_db(0.0)
        lag_s = float(path(point).envelope_lag_s(0.0)[0])
        targets.append(SceneTarget(point, reflectivity, own, lag_s, absorption_db))
    echoes = [PointEcho(t.history, t.reflectivity, t.envelope_lag_s) for t in targets]
    for number, echo in enumerate(echoes):
        with locate_errors(configuration, f"scene.targets[{number}]"):
            require_echo_in_window(schedule, echo, echoes)
    method = _method(configuration, sampling, reference, targets, waveform, schedule)
    return Scenario(
        configuration=configuration,
        epoch=epoch,
        model=model,
        orientation=orientation,
        site=site,
        aim=aim,
        reference=reference,
        targets=tuple(targets),
        waveform=waveform,
        schedule=schedule,
        sampling=sampling,
        method=method,
        clock=clock,
        effects=effects,
        envelope_lag_s=envelope_lag_s,
    )


def _method(
    configuration: Configuration,
    sampling: AzimuthSampling,
    reference: DelayHistory,
    targets: list[SceneTarget],
    waveform: LinearChirp,
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
    for number, lag_s in enumerate(lags_s):
        if abs(lag_s) > widest_s(method):
            with locate_errors(configuration, f"scene.targets[{number}]"):
                raise SamplingError(
                    f"the target lies {lag_s:.3g} s of azimuth lag off the reference point, and "
                    f"{method} holds +-{widest_s(method):.3g} s at this PRF and aperture",
                    "raise radar.prf_hz, lengthen radar.aperture_s, or bring the target nearer to "
                    "the scene's reference point",
                )
    return method


def _solve(path: PathTerms, span_s: float, clock: LunarClock | None) -> DelayHistory:
    """Solve the delay history of a path's target."""
    return solve_delay_history(
        path.model,
        path.site,
        target_station(path.place),
        path.epoch,
        -span_s,
        span_s,
        clock,
        path if path.effects.any else None,
    )


def _effects(configuration: Configuration, aim: EarthPoint) -> PathEffects:
    """Return the tide, air and electrons that a configuration asks for."""
    air, electrons = configuration.media.troposphere, configuration.media.ionosphere
    weather = ionosphere = None
    with locate_errors(configuration, "media.troposphere.model"):
        if air.model == "standard":
            weather = Weather.standard(aim.height_m)
        elif air.model == "weather":
            # The configuration holds all three with this model, and in their ranges.
            assert air.pressure_hpa is not None
            assert air.temperature_k is not None
            assert air.humidity_percent is not None
            weather = Weather.measured(
                aim.height_m, air.pressure_hpa, air.temperature_k, 0.01 * air.humidity_percent
            )
    if electrons.vertical_tec_tecu is not None:
        with locate_errors(configuration, "media.ionosphere.vertical_tec_tecu"):
            ionosphere = Ionosphere(electrons.vertical_tec_tecu, electrons.shell_height_m)
    carrier_hz = configuration.radar.carrier_hz
    return PathEffects(configuration.tides.solid_earth, weather, ionosphere, carrier_hz)


def _aim(
    configuration: Configuration, model: MotionModel, site: Station, epoch: Epoch
) -> EarthPoint:
    """Return the scene reference point, given by coordinates or by a look angle."""
    aim = configuration.geometry.aim
    if aim.ground is not None:
        with locate_errors(configuration, "geometry.aim.ground"):
            return EarthPoint(
                aim.ground.latitude_deg, aim.ground.longitude_deg, aim.ground.height_m
            )
    assert aim.look is not None  # the configuration holds exactly one of the two
    with locate_errors(configuration, "geometry.aim.look.angle_deg"):
        return aim_point(model, site, epoch, math.radians(aim.look.angle_deg), aim.look.side)


def _require_visible(
    configuration: Configuration,
    model: MotionModel,
    site: LunarSite,
    target: EarthPoint,
    epoch: Epoch,
    target_key: str,
) -> None:
    half_s = 0.5 * configuration.radar.aperture_s
    try:
        require_visible(model, site, target, epoch, (-half_s, 0.0, half_s))
    except NotVisibleError as error:
        key = "geometry.site" if error.end == "site" else target_key
        with locate_errors(configuration, key):
            raise


def loopback_settings(configuration: Configuration) -> LoopbackSettings:
    """Return the settings of the loopback that a configuration asks for."""
    chain = configuration.device.loopback
    return LoopbackSettings(
        dac_bits=chain.dac_bits,
        adc_bits=chain.adc_bits,
        gain_db=chain.gain_db,
        delay_s=chain.delay_s,
        noise_dbfs=chain.noise_dbfs,
        seed=configuration.seed,
    )


def device_settings(configuration: Configuration) -> Mapping[str, Any]:
    """Return the settings of the chosen driver, fit for JSON, for the report."""
    settings: Mapping[str, Any] = configuration.resolved()["device"]
    return settings
