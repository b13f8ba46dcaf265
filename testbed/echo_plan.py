"""What is played: the echoes of targets and scene at their levels, and thermal noise."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sim_core.geometry.delay_field import DelayField
from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from sim_core.signal.antenna import ApertureAntenna, BeamPath, spotlight_path, stripmap_path
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.link_budget import BudgetTerm, LinkBudget
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.scene import Scene
from sim_core.signal.scene_echo import scene_echo_blocks
from sim_core.signal.thermal_noise import add_thermal_noise
from sim_core.signal.waveform import Waveform
from testbed.errors import locate_errors
from testbed.radar_geometry import RadarGeometry
from testbed.scene_setup import SceneTarget

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class EchoPlan:
    """The signal of a run before it is made: levels are against the DAC's full scale.

    Parameters
    ----------
    waveform : Waveform
        The transmitted pulse.
    carrier_hz : float
        Carrier of the radar.
    targets : tuple of PointEcho
        Echoes of the measured targets.
    scene : Scene or None
        Scatterers behind them, reflectivities at their level.
    scene_gain : ndarray of float64, shape (scatterers, terms), or None
        Antenna gain of the scatterers as series in transmit time.
    field : DelayField
        Delays of the scene.
    envelope_lag_s : float
        How much later than the carrier's phase the scene's envelopes come.
    noise_power : float
        Mean squared magnitude of the thermal noise of a sample.
    seed : int
        Of the noise.
    budget : tuple of BudgetTerm
        The radar equation for a target of amplitude 1, to its peak in the image; empty where the
        configuration does not state it.
    """

    waveform: Waveform
    carrier_hz: float
    targets: tuple[PointEcho, ...]
    scene: Scene | None
    scene_gain: FloatArray | None
    field: DelayField
    envelope_lag_s: float
    noise_power: float
    seed: int
    budget: tuple[BudgetTerm, ...]

    def blocks(
        self, schedule: PulseSchedule, pulses_per_block: int
    ) -> Iterator[tuple[int, npt.NDArray[np.complex64]]]:
        """Make the windows of all pulses, block by block; see `echo_blocks`."""
        points = echo_blocks(
            schedule, self.waveform, self.carrier_hz, self.targets, pulses_per_block
        )
        if self.scene is None:
            for first, block in points:
                add_thermal_noise(block, first, self.noise_power, self.seed)
                yield first, block
            return
        behind = scene_echo_blocks(
            schedule,
            self.waveform,
            self.carrier_hz,
            self.scene,
            self.field,
            pulses_per_block,
            gain=self.scene_gain,
            envelope_lag_s=self.envelope_lag_s,
        )
        for (first, block), (_, more) in zip(points, behind, strict=True):
            np.add(block, more, out=block)
            add_thermal_noise(block, first, self.noise_power, self.seed)
            yield first, block

    def window(self, schedule: PulseSchedule, pulse: int) -> npt.NDArray[np.complex64]:
        """Make the window of one pulse alone, shape (window_samples,)."""
        one = replace(
            self,
            targets=tuple(
                replace(echo, pulse_gain=echo.pulse_gain[pulse : pulse + 1])
                if echo.pulse_gain is not None
                else echo
                for echo in self.targets
            ),
            noise_power=0.0,
        )
        _, block = next(one.blocks(schedule.pulses_slice(pulse, 1), 1))
        add_thermal_noise(block, pulse, self.noise_power, self.seed)
        samples: npt.NDArray[np.complex64] = block[0]
        return samples


def plan_echoes(
    geometry: RadarGeometry,
    reference: DelayHistory,
    schedule: PulseSchedule,
    waveform: Waveform,
    targets: tuple[SceneTarget, ...],
    scene: Scene | None,
    field: DelayField,
) -> EchoPlan:
    """Plan the signal of a run.

    Its level is chosen such that the sum of all targets' echoes, and of scene and noise at the
    highest that a Gaussian signal of so many samples reaches, stays below the configured one. What
    the air absorbs comes off that level.

    Parameters
    ----------
    geometry : RadarGeometry
        Radar and scene reference point.
    reference : DelayHistory
        History of the scene reference point.
    schedule : PulseSchedule
        Pulses and windows.
    waveform : Waveform
        The transmitted pulse.
    targets : tuple of SceneTarget
        Measured targets.
    scene : Scene or None
        Scatterers behind them.
    field : DelayField
        Delays of the scene.

    Raises
    ------
    ConfigError
        If antenna or link budget are none that a radar has.
    """
    configuration = geometry.configuration
    beam = _beam(geometry, reference)
    amplitudes = [
        10.0 ** (-target.absorption_db / 20.0) * target.reflectivity for target in targets
    ]
    gains = [None if beam is None else beam.of(target, schedule) for target in targets]
    air_db = geometry.absorption_db(geometry.aim)
    scene_gain, scene_rms = None, 0.0
    if scene is not None:
        scene = replace(scene, reflectivity=10.0 ** (-air_db / 20.0) * scene.reflectivity)
        scene_rms = float(np.linalg.norm(scene.reflectivity))
        scene_gain = None if beam is None else beam.over(scene)
    budget, noise_power = _noise(geometry, reference, schedule, waveform, air_db)

    # Of so many samples of a complex Gaussian signal the largest is about this times the rms.
    crest = math.sqrt(math.log(schedule.pulses * schedule.window_samples))
    # The levels that are stated are those of the targets without the air.
    largest = sum(abs(target.reflectivity) for target in targets) + crest * math.hypot(
        scene_rms, math.sqrt(noise_power)
    )
    level = 10.0 ** (configuration.device.level_dbfs / 20.0) / largest
    return EchoPlan(
        waveform=waveform,
        carrier_hz=configuration.radar.carrier_hz,
        targets=tuple(
            PointEcho(target.history, level * amplitude, target.envelope_lag_s, gain)
            for target, amplitude, gain in zip(targets, amplitudes, gains, strict=True)
        ),
        scene=None if scene is None else replace(scene, reflectivity=level * scene.reflectivity),
        scene_gain=scene_gain,
        field=field,
        envelope_lag_s=geometry.envelope_lag_s(geometry.aim),
        noise_power=level**2 * noise_power,
        seed=configuration.seed,
        budget=budget,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Beam:
    """The antenna and how it is turned."""

    geometry: RadarGeometry
    antenna: ApertureAntenna
    path: BeamPath

    def of(self, target: SceneTarget, schedule: PulseSchedule) -> FloatArray:
        """Return the gain of a target at each pulse."""
        carrier_hz = self.geometry.configuration.radar.carrier_hz
        return self.path.pulse_gain(self.antenna, carrier_hz, target.place, schedule.slow_time_s())

    def over(self, scene: Scene) -> FloatArray:
        """Return the gain of scatterers as series in time."""
        carrier_hz = self.geometry.configuration.radar.carrier_hz
        return self.path.gain_series(
            self.antenna,
            carrier_hz,
            self.geometry.aim,
            scene.east_m,
            scene.north_m,
            scene.up_m,
        )


def _antenna(geometry: RadarGeometry) -> ApertureAntenna:
    radar = geometry.configuration.radar
    with locate_errors(geometry.configuration, "radar.antenna"):
        return ApertureAntenna(
            radar.antenna.azimuth_length_m,
            radar.antenna.elevation_length_m,
            radar.link.antenna_efficiency,
        )


def _beam(geometry: RadarGeometry, reference: DelayHistory) -> _Beam | None:
    """Set up the beam that a configuration asks for; None where all places are lit alike."""
    configuration = geometry.configuration
    settings, look = configuration.radar.antenna, configuration.geometry.aim.look
    if settings.pattern == "none":
        return None
    span = (reference.start_s, reference.stop_s)
    one_way_s = 0.5 * float(reference.delay_s(0.0))
    model, site, epoch = geometry.model, geometry.site, geometry.epoch
    with locate_errors(configuration, "radar.antenna"):
        if settings.steering == "aim-point":
            path = spotlight_path(model, site, epoch, *span, geometry.aim, one_way_s)
        else:
            assert look is not None  # the configuration holds it with this steering
            angle_rad = math.radians(look.angle_deg)
            path = stripmap_path(model, site, epoch, *span, angle_rad, look.side, one_way_s)
    return _Beam(geometry, _antenna(geometry), path)


def _noise(
    geometry: RadarGeometry,
    reference: DelayHistory,
    schedule: PulseSchedule,
    waveform: Waveform,
    air_db: float,
) -> tuple[tuple[BudgetTerm, ...], float]:
    """Return the link budget and the noise power of a sample, for a target of amplitude 1."""
    configuration = geometry.configuration
    link, radar = configuration.radar.link, configuration.radar
    # The matched filter adds up the energy of the replica, pulse by pulse.
    replica = waveform.replica(schedule.sample_rate_hz)
    energy = float(np.sum(np.abs(replica) ** 2)) * schedule.pulses
    if link.image_snr_db is not None:
        return (), energy * 10.0 ** (-link.image_snr_db / 10.0)
    if not link.physical:
        return (), 0.0
    # The configuration holds these together.
    assert link.transmit_power_w is not None
    assert link.radar_cross_section_m2 is not None
    assert link.noise_temperature_k is not None
    gain = _antenna(geometry).gain(radar.carrier_hz)
    with locate_errors(configuration, "radar.link"):
        budget = LinkBudget(
            transmit_power_w=link.transmit_power_w,
            transmit_gain=gain,
            receive_gain=gain,
            carrier_hz=radar.carrier_hz,
            distance_m=float(reference.downlink_s(0.0)) * SPEED_OF_LIGHT_M_PER_S,
            cross_section_m2=link.radar_cross_section_m2,
            noise_bandwidth_hz=schedule.sample_rate_hz,
            noise_temperature_k=link.noise_temperature_k,
            system_loss_db=link.losses_db,
            absorption_db=air_db,
        )
        terms = budget.image_terms(waveform.duration_s, schedule.pulses)
    # The air is in the echoes' amplitudes already.
    return terms, 10.0 ** (-(budget.snr_db + air_db) / 10.0)
