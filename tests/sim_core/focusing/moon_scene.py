"""The paper's geometry for the tests of focusing: delays of ground points, and their echoes.

Delays are those of the ephemeris. What needs none, histories of a chosen course, is in
`point_echoes`.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from sim_core.geometry.delay_field import DelayField, FieldHistory, solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.motion import target_station
from sim_core.geometry.sites import EarthPoint, surface_up_m
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.waveform import LinearChirp, Waveform
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, SAMPLE_RATE_HZ, Echoes
from tests.sim_core.moon_link import moon_link

HALF_SPAN_S = 65.0
SCENE_M = 30e3
# A narrower band, through which windows that hold 10 km to the north are small. Its aperture is
# shorter as well; without renewed references a point 10 km north has 1.4 rad left at its ends.
NARROW_CHIRP = LinearChirp(2e12, 8e-6)
NARROW_RATE_HZ = 19.2e6


class MoonScene(NamedTuple):
    """Places about the aim point: their centre, its history, and the delays of all of them."""

    centre: EarthPoint
    reference: DelayHistory
    field: DelayField

    def history(self, east_m: float, north_m: float) -> DelayHistory:
        """Solve the exact history of a point on the ellipsoid."""
        up_m = float(surface_up_m(self.centre, east_m, north_m))
        return solve(self.centre.offset(east_m, north_m, up_m))

    def field_history(self, east_m: float, north_m: float, height_m: float = 0.0) -> FieldHistory:
        """Return the history that the field has of a place at a height above the ellipsoid."""
        up_m = float(surface_up_m(self.centre, east_m, north_m, height_m))
        return self.field.history(east_m, north_m, up_m)

    def windows(
        self,
        waveform: Waveform,
        prf_hz: float,
        duration_s: float,
        window_samples: int = 1024,
        follow: DelayHistory | None = None,
        sample_rate_hz: float = SAMPLE_RATE_HZ,
    ) -> PulseSchedule:
        """Open windows on the echo of a point, the reference if none is given."""
        tick = transmit_ticks(sample_rate_hz, prf_hz, duration_s)
        history = self.reference if follow is None else follow
        return follow_echo(tick, history, sample_rate_hz, window_samples, waveform.duration_s)

    def narrow_windows(
        self, duration_s: float = 40.0, prf_hz: float = 220.0, window_samples: int = 700
    ) -> PulseSchedule:
        """Open windows on the echo of the reference through the narrower band."""
        return self.windows(
            NARROW_CHIRP, prf_hz, duration_s, window_samples, sample_rate_hz=NARROW_RATE_HZ
        )


def solve(place: EarthPoint) -> DelayHistory:
    """Solve the exact history of a place."""
    link = moon_link()
    return solve_delay_history(
        link.model, link.site_station, target_station(place), link.epoch, -HALF_SPAN_S, HALF_SPAN_S
    )


@functools.cache
def moon_scene() -> MoonScene:
    """Solve the scene and its delay field over +-30 km: under a second, once for all tests."""
    centre = moon_link().target
    reference = solve(centre)
    field = solve_delay_field(solve, reference, centre, SCENE_M, SCENE_M, (-300.0, 500.0))
    return MoonScene(centre, reference, field)


def echoes_of(
    histories: Sequence[DelayHistory | FieldHistory],
    schedule: PulseSchedule,
    waveform: Waveform,
    amplitudes: Sequence[complex] | None = None,
) -> Echoes:
    """Synthesise the echoes of points, unit ones by default, each sample at its receive time."""
    points = [
        PointEcho(history, amplitude)
        for history, amplitude in zip(histories, amplitudes or [1.0] * len(histories), strict=True)
    ]
    samples = np.empty((schedule.pulses, schedule.window_samples), dtype=np.complex64)
    for first, block in echo_blocks(schedule, waveform, CARRIER_HZ, points, 2048):
        samples[first : first + block.shape[0]] = block
    return Echoes(samples)


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
