"""Points all over +-10 km through range-Doppler with references of all places, and its cost.

Each point is synthesised sample by sample in the geometry of configs/point_target.yaml (100 s at
600 Hz, 80 MHz), focused with windows that follow it, and compared with theory and prediction.

    python benchmarks/references.py [--cost]
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.focus import focus
from sim_core.focusing.prediction import predict_peak
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.settings import FocusSettings
from sim_core.geometry.delay_field import DelayField, solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import motion_model, site_station, target_station
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite, surface_up_m
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from sim_core.signal.waveform import LinearChirp

CARRIER_HZ, SAMPLE_RATE_HZ = 23.0e9, 96.0e6
WAVEFORM = LinearChirp(1.0e13, 8.0e-6)
SETTINGS = FocusSettings(method="range-doppler")
STEPS_M = (-10e3, 0.0, 10e3)


class Memory:
    """A recording in memory."""

    def __init__(self, samples: npt.NDArray[np.complex64]) -> None:
        self.samples = samples

    def read(self, first: int, count: int) -> npt.NDArray[np.complex64]:
        """Return pulses."""
        return self.samples[first : first + count]


Solver = Callable[[EarthPoint], DelayHistory]


def solve_scene() -> tuple[EarthPoint, Solver, DelayHistory, DelayField]:
    """Solve the aim point's history and the delays about it."""
    epoch, span_s = Epoch.from_utc("2001-02-09T01:49:49"), 60.0
    model, _ = motion_model(epoch.plus_seconds(-span_s), epoch.plus_seconds(span_s))
    site = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    centre = aim_point(model, site, epoch, math.radians(0.1), "south")

    def solve(place: EarthPoint) -> DelayHistory:
        return solve_delay_history(model, site, target_station(place), epoch, -span_s, span_s)

    reference = solve(centre)
    field = solve_delay_field(solve, reference, centre, 11e3, 11e3, (-100.0, 100.0))
    return centre, solve, reference, field


def windows(history: DelayHistory) -> PulseSchedule:
    """Open windows that follow a point."""
    ticks = transmit_ticks(SAMPLE_RATE_HZ, 600.0, 100.0)
    return follow_echo(ticks, history, SAMPLE_RATE_HZ, 1024, WAVEFORM.duration_s)


def validate(centre: EarthPoint, solve: Solver, reference: DelayHistory, field: DelayField) -> None:
    """Print the responses of nine places."""
    print(
        "east north, km   azimuth PSLR    range PSLR   azimuth  range, cells   phase, deg", end=""
    )
    print("  left, rad")
    for east_m in STEPS_M:
        for north_m in STEPS_M:
            up_m = float(surface_up_m(centre, east_m, north_m))
            target = solve(centre.offset(east_m, north_m, up_m))
            schedule = windows(target)
            samples = np.empty((schedule.pulses, schedule.window_samples), dtype=np.complex64)
            for first, block in echo_blocks(
                schedule, WAVEFORM, CARRIER_HZ, [PointEcho(target, 1.0)], 4096
            ):
                samples[first : first + block.shape[0]] = block
            image = focus(
                Memory(samples), schedule, WAVEFORM, CARRIER_HZ, reference, SETTINGS, field=field
            )
            peak = predict_peak(
                target, reference, schedule, WAVEFORM, CARRIER_HZ, "range-doppler", field=field
            )
            found = measure(image, peak.range_s, peak.azimuth_s)
            lag = (found.peak_azimuth_s - peak.azimuth_s) / image.azimuth_cell_s
            delay = (found.peak_range_s - peak.range_s) / image.range_cell_s
            phase = math.remainder(found.peak_phase_rad - peak.phase_rad, math.tau)
            left = 0.0 if image.references is None else image.references.residual_rad
            print(
                f"{east_m / 1e3:5.0f}{north_m / 1e3:6.0f}{found.azimuth.pslr_db:16.3f}"
                f"{found.range.pslr_db:14.3f}{lag:14.4f}{delay:8.4f}{math.degrees(phase):13.3f}"
                f"{left:10.4f}"
            )


def cost(reference: DelayHistory, field: DelayField) -> None:
    """Print the time of focusing against that of the FFTs of the same array."""
    schedule = windows(reference)
    generator = np.random.default_rng(0)
    pulse = generator.standard_normal((1024, 2)).astype(np.float32).view(np.complex64)[:, 0]
    samples = np.tile(pulse, (schedule.pulses, 1))

    def best(renewed: DelayField | None) -> float:
        times = []
        for _ in range(4):
            start = time.perf_counter()
            focus(
                Memory(samples), schedule, WAVEFORM, CARRIER_HZ, reference, SETTINGS, field=renewed
            )
            times.append(time.perf_counter() - start)
        return min(times)

    times = []
    for _ in range(3):
        start = time.perf_counter()
        scipy.fft.ifft2(scipy.fft.fft2(samples, workers=2), workers=2, overwrite_x=True)
        times.append(time.perf_counter() - start)
    unit_s = min(times)
    print(f"fft2 + ifft2, 2 workers: {unit_s:.2f} s; focusing in units of that, the bar is 3.00:")
    print(f"one reference {best(None) / unit_s:.2f}, of all places {best(field) / unit_s:.2f}")


def main() -> None:
    """Print the table, or the cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cost", action="store_true", help="measure the time instead")
    centre, solve, reference, field = solve_scene()
    if parser.parse_args().cost:
        cost(reference, field)
    else:
        validate(centre, solve, reference, field)


if __name__ == "__main__":
    main()
