"""The paper's scene with delay histories solved from the ephemeris, place by place."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from sim_core.focusing.range_compression import ComplexRows
from sim_core.geometry.delay_field import DelayField, solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import MotionModel, motion_model, site_station, target_station
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, SAMPLE_RATE_HZ, Echoes

EARTH_RADIUS_M = 6.371e6


@dataclass(frozen=True)
class EarthScene:
    """A site on the Moon and the ground about its aim point; Table 3 of the paper."""

    half_span_s: float = 62.0

    @cached_property
    def epoch(self) -> Epoch:
        return Epoch.from_tdb(2451949.5, 0.077)

    @cached_property
    def model(self) -> MotionModel:
        return motion_model(self.epoch.plus_seconds(-300.0), self.epoch.plus_seconds(300.0))[0]

    @cached_property
    def centre(self) -> EarthPoint:
        site = site_station(self.model.ephemeris, LunarSite(0.0, 0.0))
        return aim_point(self.model, site, self.epoch, np.deg2rad(0.1), "south")

    @cached_property
    def reference(self) -> DelayHistory:
        return self.solve(self.centre)

    @cached_property
    def field(self) -> DelayField:
        return solve_delay_field(self.solve, self.reference, self.centre, 32e3, 32e3)

    def solve(self, point: EarthPoint) -> DelayHistory:
        return solve_delay_history(
            self.model,
            site_station(self.model.ephemeris, LunarSite(0.0, 0.0)),
            target_station(point),
            self.epoch,
            -self.half_span_s,
            self.half_span_s,
        )

    def history(self, east_m: float, north_m: float) -> DelayHistory:
        """Return the history of a point on the ground, on a sphere that is near enough to it."""
        sag_m = (east_m**2 + north_m**2) / (2.0 * EARTH_RADIUS_M)
        return self.solve(self.centre.offset(east_m, north_m, -sag_m))

    def schedule(
        self, history: DelayHistory, waveform: LinearChirp, prf_hz: float, window_samples: int
    ) -> PulseSchedule:
        """Open windows that follow a point for 100 s."""
        ticks = transmit_ticks(SAMPLE_RATE_HZ, prf_hz, 100.0)
        return follow_echo(ticks, history, SAMPLE_RATE_HZ, window_samples, waveform.duration_s)


@lru_cache(maxsize=1)
def earth_scene() -> EarthScene:
    """Return the scene, solved once."""
    return EarthScene()


def exact_echoes(
    history: DelayHistory, schedule: PulseSchedule, waveform: LinearChirp, amplitude: complex = 1.0
) -> Echoes:
    """Synthesise a point's echoes at the receive time of each sample."""
    samples: ComplexRows = np.concatenate(
        [
            block
            for _, block in echo_blocks(
                schedule, waveform, CARRIER_HZ, [PointEcho(history, amplitude)], 2048
            )
        ]
    )
    return Echoes(samples)
