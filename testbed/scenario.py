"""From a configuration to what the chain works with: geometry, waveform, schedule, echoes."""

import cmath
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.loopback.settings import LoopbackSettings
from sim_core.errors import NotVisibleError
from sim_core.focusing.sampling import AzimuthSampling, azimuth_sampling, choose_method
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.delay_terms import DelayTerm, delay_budget
from sim_core.geometry.earth_orientation import OrientationProvenance
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import require_visible
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
        Its two-way delay.
    """

    place: EarthPoint
    reflectivity: complex
    history: DelayHistory


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
    clock : LunarClock or None
        The radar's clock, with relativity; without, times are in TDB.
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
    clock: LunarClock | None

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
        return solve_delay_history(
            self.model, self.site, target_station(place), self.epoch, -span_s, span_s, self.clock
        )

    def echoes(self) -> list[PointEcho]:
        """Return the echoes, scaled so that their sum can reach the configured level at most."""
        total = sum(abs(target.reflectivity) for target in self.targets)
        scale = 10.0 ** (self.configuration.device.level_dbfs / 20.0) / total
        return [PointEcho(target.history, scale * target.reflectivity) for target in self.targets]

    def budget(self) -> tuple[DelayTerm, ...]:
        """Return the delay budget of the scene reference point over the aperture."""
        return delay_budget(
            self.model,
            self.site,
            target_station(self.aim),
            self.epoch,
            -self.half_aperture_s,
            self.half_aperture_s,
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
    with locate_errors(configuration, "geometry.epoch_utc"):
        epoch = Epoch.from_utc(geometry.epoch_utc)
        model, orientation = motion_model(
            epoch.plus_seconds(-span_s),
            epoch.plus_seconds(span_s),
            geometry.ephemeris,
            relativistic=relativistic,
        )
    with locate_errors(configuration, "geometry.site"):
        place = LunarSite(
            geometry.site.latitude_deg, geometry.site.longitude_deg, geometry.site.height_m
        )
        site = site_station(model.ephemeris, place)
    clock = LunarClock(model, site, epoch, -span_s, span_s) if relativistic else None
    aim = _aim(configuration, model, site, epoch)
    _require_visible(configuration, model, place, aim, epoch, "geometry.aim")

    def history(point: EarthPoint) -> DelayHistory:
        return solve_delay_history(
            model, site, target_station(point), epoch, -span_s, span_s, clock
        )

    reference = history(aim)
    waveform = LinearChirp(radar.chirp_rate_hz_per_s, radar.pulse_duration_s)
    with locate_errors(configuration, "receiver.window_samples"):
        schedule = follow_echo(
            transmit_ticks(receiver.sample_rate_hz, radar.prf_hz, radar.aperture_s),
            reference,
            receiver.sample_rate_hz,
            receiver.window_samples,
            radar.pulse_duration_s,
        )
    with locate_errors(configuration, "focusing.method"):
        # Found out now, not when the recording is there.
        sampling = azimuth_sampling(reference, schedule, radar.carrier_hz)
        choose_method(sampling, configuration.focusing.method)
    targets = []
    for number, target in enumerate(configuration.scene.targets):
        key = f"scene.targets[{number}]"
        with locate_errors(configuration, key):
            point = aim.offset(target.east_m, target.north_m, target.up_m)
        _require_visible(configuration, model, place, point, epoch, key)
        reflectivity = cmath.rect(target.amplitude, math.radians(target.phase_deg))
        # The aim point itself is not solved twice.
        own = reference if point == aim else history(point)
        targets.append(SceneTarget(point, reflectivity, own))
    histories = [target.history for target in targets]
    for number, own in enumerate(histories):
        with locate_errors(configuration, f"scene.targets[{number}]"):
            require_echo_in_window(schedule, own, histories)
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
        clock=clock,
    )


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
