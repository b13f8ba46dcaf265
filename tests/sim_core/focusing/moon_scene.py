"""The paper's geometry for the tests of focusing: exact histories of ground points, and echoes."""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from sim_core.geometry.delay_field import DelayField, solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite, surface_up_m
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.waveform import LinearChirp, Waveform
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, SAMPLE_RATE_HZ, Echoes

HALF_SPAN_S = 65.0
SCENE_M = 30e3


class MoonScene(NamedTuple):
    """A scene about the aim point, 0.1 deg south of straight down, at the epoch of Table 3."""

    model: MotionModel
    station: Station
    epoch: Epoch
    centre: EarthPoint
    reference: DelayHistory
    field: DelayField

    def history(self, east_m: float, north_m: float) -> DelayHistory:
        """Solve the exact history of a point on the ellipsoid."""
        up_m = float(surface_up_m(self.centre, east_m, north_m))
        return self.solve(self.centre.offset(east_m, north_m, up_m))

    def solve(self, place: EarthPoint) -> DelayHistory:
        """Solve the exact history of a place."""
        return solve_delay_history(
            self.model, self.station, target_station(place), self.epoch, -HALF_SPAN_S, HALF_SPAN_S
        )

    def windows(
        self,
        waveform: Waveform,
        prf_hz: float,
        duration_s: float,
        window_samples: int = 1024,
        follow: DelayHistory | None = None,
    ) -> PulseSchedule:
        """Open windows on the echo of a point, the reference if none is given."""
        tick = transmit_ticks(SAMPLE_RATE_HZ, prf_hz, duration_s)
        history = self.reference if follow is None else follow
        return follow_echo(tick, history, SAMPLE_RATE_HZ, window_samples, waveform.duration_s)


@functools.cache
def moon_scene() -> MoonScene:
    """Solve the scene and its delay field over +-30 km: under a second, once for all tests."""
    epoch = Epoch.from_tdb(2451949.5, 0.077)
    model, _ = motion_model(epoch.plus_seconds(-300.0), epoch.plus_seconds(300.0))
    station = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    centre = aim_point(model, station, epoch, np.deg2rad(0.1), "south")

    def solve(place: EarthPoint) -> DelayHistory:
        return solve_delay_history(
            model, station, target_station(place), epoch, -HALF_SPAN_S, HALF_SPAN_S
        )

    reference = solve(centre)
    field = solve_delay_field(solve, reference, centre, SCENE_M, SCENE_M, (-300.0, 500.0))
    return MoonScene(model, station, epoch, centre, reference, field)


def echoes_of(
    histories: Sequence[DelayHistory], schedule: PulseSchedule, waveform: Waveform
) -> Echoes:
    """Synthesise the echoes of unit points, each sample at its own receive time."""
    points = [PointEcho(history, 1.0) for history in histories]
    blocks = echo_blocks(schedule, waveform, CARRIER_HZ, points, schedule.pulses)
    return Echoes(np.concatenate([block.copy() for _, block in blocks]))


@functools.cache
def compressed_chirp(waveform: LinearChirp) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate the compressed chirp at offsets in cells, from its spectrum in closed form.

    The spectrum is what the sample rate holds of it (Klauder et al., BSTJ 39, 745, 1960, eq. 11).
    """
    node, quadrature = np.polynomial.legendre.leggauss(600)
    place = 0.5 * node * SAMPLE_RATE_HZ / waveform.bandwidth_hz
    scale = math.sqrt(2.0 * waveform.time_bandwidth_product)
    sine_1, cosine_1 = special.fresnel(scale * (0.5 + place))
    sine_2, cosine_2 = special.fresnel(scale * (0.5 - place))
    power = quadrature * ((cosine_1 + cosine_2) ** 2 + (sine_1 + sine_2) ** 2)
    cells = np.linspace(0.0, 60.0, 60_001)
    response = np.cos(2.0 * np.pi * np.multiply.outer(cells, place)) @ power / np.sum(power)
    return cells, response
