"""The scene of `moon_scene` through a narrower band, so that windows of 10 km north stay small.

A shorter aperture keeps the tests small, too. Without renewed references a point 10 km north would
still have 1.4 rad left at the ends of 40 s.
"""

import functools

import numpy as np

from sim_core.geometry.delay_field import FieldHistory
from sim_core.geometry.sites import surface_up_m
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.moon_scene import moon_scene
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, Echoes

WAVEFORM = LinearChirp(2e12, 8e-6)
SAMPLE_RATE_HZ = 19.2e6

scene = functools.cache(moon_scene)


def ground_history(east_m: float, north_m: float, height_m: float = 0.0) -> FieldHistory:
    """Return the history of a place at a height above the ellipsoid."""
    up_m = float(surface_up_m(scene().centre, east_m, north_m, height_m))
    return scene().field.history(east_m, north_m, up_m)


def narrow_schedule(
    aperture_s: float = 40.0, prf_hz: float = 220.0, window_samples: int = 700
) -> PulseSchedule:
    """Open windows on the echo of the scene's centre."""
    ticks = transmit_ticks(SAMPLE_RATE_HZ, prf_hz, aperture_s)
    return follow_echo(
        ticks, scene().reference, SAMPLE_RATE_HZ, window_samples, WAVEFORM.duration_s
    )


def ground_echoes(schedule: PulseSchedule, points: list[tuple[FieldHistory, complex]]) -> Echoes:
    """Evaluate the echoes of points sample by sample."""
    samples = np.empty((schedule.pulses, schedule.window_samples), dtype=np.complex64)
    echoes = [PointEcho(history, amplitude) for history, amplitude in points]
    for first, block in echo_blocks(schedule, WAVEFORM, CARRIER_HZ, echoes, 1024):
        samples[first : first + block.shape[0]] = block
    return Echoes(samples)
