"""Rate of back-projection against what a plain compiled loop reaches, in one run.

Rates are by processor time, times the number of cores: what else the machine does hardly counts.
The unit is the pixel-pulse: one pixel's share of one pulse. The limits are measured beside it: the
phase alone, in double precision, with its cosine and sine (what any phase-exact back-projection has
to pay), and the plain loop over pixels and pulses with the same delays, linear interpolation and
the library's cosine and sine. torchbp, in single precision and with straight paths of the radar, is
measured if the interpreter of an environment that has it is given.

    python benchmarks/back_projection.py [--pixels 512] [--pulses 1024] [--torchbp PYTHON]
"""

import argparse
import os
import subprocess
import threading
import time
from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

from sim_core.focusing.back_projection.projection import (
    OVERSAMPLING,
    PixelPlan,
    back_project,
    ground_pixels,
)
from sim_core.focusing.parallel import worker_count
from sim_core.focusing.pulse_weights import pulse_weights
from sim_core.focusing.range_compression.compression import RangeCompression
from sim_core.focusing.range_compression.gates import plan_gates
from sim_core.focusing.reference import Reference
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.signal.phasor import phasor
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER
from tests.sim_core.focusing.moon_scene import echoes_of, moon_scene
from tests.sim_core.focusing.point_echoes import CARRIER_HZ

FloatArray = npt.NDArray[np.float64]

APERTURE_S = 60.0
WAVEFORM = LinearChirp(1.0e13, 8.0e-6)
EAST_STEP_M, NORTH_STEP_M = 2.0, 4.0

# torchbp's own benchmark of its processor kernels, with two threads and one more kernel.
TORCHBP = """
import time, torch, torchbp
torch.set_num_threads({threads})
n, pulses = 1024, 64
data = torch.randn((1, pulses, 1024), dtype=torch.complex64)
place = torch.zeros((1, pulses, 3))
place[:, :, 1] = 0.25 * 3e8 / 6e9 * (torch.arange(pulses) - pulses / 2)
polar = dict(r=(10, 500), theta=(-1, 1), nr=n, ntheta=n)
plane = dict(x=(10, 500), y=(-250, 250), nx=n, ny=n)
def rate(work):
    work()
    times = []
    for _ in range(4):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return n * n * pulses / min(times) * {threads}
with torch.no_grad():
    ops = torchbp.ops
    print("torchbp polar, linear;%g" % rate(
        lambda: ops.backprojection_polar_2d(data, polar, 6e9, 0.5, place)))
    print("torchbp polar, 6-tap Knab;%g" % rate(
        lambda: ops.backprojection_polar_2d_knab(
            data, polar, 6e9, 0.5, place, order=6, oversample=1.5)))
    print("torchbp cartesian, linear;%g" % rate(
        lambda: ops.backprojection_cart_2d(data, plane, 6e9, 0.5, place)))
"""


@numba.njit(nogil=True)
def phases(cycles: FloatArray, slope: float, sums: npt.NDArray[np.float32]) -> None:
    """Add up phasors of cubic phases."""
    for n in range(cycles.size):
        for j in range(sums.shape[1]):
            x = 0.01 * j
            cosine, sine = phasor(((slope * x + slope) * x + slope) * x + cycles[n])
            sums[0, j] += np.float32(cosine)
            sums[1, j] += np.float32(sine)


@numba.njit(nogil=True)
def plain_loop(
    rows: npt.NDArray[np.complex64],
    delay: FloatArray,
    cycles: FloatArray,
    image: npt.NDArray[np.complex64],
) -> None:
    """Back-project pixels by linear interpolation, delays linear along a row of the image."""
    for i in range(image.shape[0]):
        for n in range(rows.shape[0]):
            for j in range(image.shape[1]):
                place = delay[n] + 0.1 * i + 0.3 * j
                whole = int(place)
                part = np.float32(place - whole)
                value = rows[n, whole] + part * (rows[n, whole + 1] - rows[n, whole])
                turn = 2.0 * np.pi * (cycles[n] + 10.0 * i + 30.1 * j)
                image[i, j] += value * np.complex64(complex(np.cos(turn), np.sin(turn)))


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """Return the least processor time of some runs on all cores, over the cores, in s."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) / worker_count()


def on_all_cores(work: Callable[[], None]) -> Callable[[], None]:
    """Let every core do the same work."""

    def run() -> None:
        threads = [threading.Thread(target=work) for _ in range(worker_count())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pixels", type=int, default=512, help="of a side of the image")
    parser.add_argument("--pulses", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--torchbp", help="interpreter of an environment that has torchbp")
    arguments = parser.parse_args()
    side, workers = arguments.pixels, worker_count()
    rows: list[tuple[str, float]] = []

    scene = moon_scene()
    schedule = scene.windows(WAVEFORM, arguments.pulses / APERTURE_S, APERTURE_S)
    echoes = echoes_of([scene.reference], schedule, WAVEFORM)
    split = Reference.over(scene.reference, schedule, CARRIER_HZ)
    weight = pulse_weights(split, NO_TAPER)
    frame_s = split.pulse_delay_s()
    grid = GroundGrid(
        scene.centre,
        -0.5 * EAST_STEP_M * side,
        EAST_STEP_M,
        side,
        -0.5 * NORTH_STEP_M * side,
        NORTH_STEP_M,
        side,
    )

    def form(pixels: GroundGrid) -> None:
        plan = PixelPlan.of([ground_pixels(pixels)], scene.field, split, WAVEFORM)
        gates = plan_gates(schedule, WAVEFORM, split, frame_s, 0.0, extent_s=plan.extent_s)
        compression = RangeCompression.plan(
            schedule,
            WAVEFORM,
            split,
            frame_s,
            weight / np.sum(weight),
            gates,
            NO_TAPER,
            oversampling=OVERSAMPLING,
        )
        back_project(echoes, compression, plan, lambda fraction: None)

    pixel_pulses = side * side * schedule.pulses
    whole_s = best_of(arguments.repeats, lambda: form(grid))
    few = GroundGrid(scene.centre, 0.0, EAST_STEP_M, 1, 0.0, NORTH_STEP_M, 1)
    compression_s = best_of(arguments.repeats, lambda: form(few))
    rows.append(("back-projection, all of it", pixel_pulses / whole_s))
    rows.append(("  without range compression", pixel_pulses / (whole_s - compression_s)))

    pulses, columns, lines = 256, 64, 64
    generator = np.random.default_rng(0)
    cycles = generator.uniform(-1e6, 1e6, pulses)

    def phase_work() -> None:
        sums = np.zeros((2, columns), np.float32)
        for _ in range(lines):
            phases(cycles, 1e3, sums)

    compressed = generator.standard_normal((pulses, 4096)).astype(np.complex64)
    delay = generator.uniform(1000.0, 2000.0, pulses)

    def plain_work() -> None:
        plain_loop(compressed, delay, cycles, np.zeros((lines, columns), np.complex64))

    count = workers * pulses * columns * lines
    rows.append(("limit: the phase alone", count / best_of(9, on_all_cores(phase_work))))
    rows.append(("plain loop, linear", count / best_of(9, on_all_cores(plain_work))))
    if arguments.torchbp:
        script = TORCHBP.replace("{threads}", str(workers))
        # Threads that wait must not spin: they would count.
        found = subprocess.run(
            [arguments.torchbp, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
        )
        for line in found.stdout.splitlines():
            name, rate = line.split(";")
            rows.append((name, float(rate)))

    print(f"{side} x {side} pixels, {schedule.pulses} pulses, {workers} cores")
    print(f"{'':32s}{'pixel-pulses/s':>16s}{'ratio':>8s}")
    for label, value in rows:
        print(f"{label:32s}{value:16.3g}{value / rows[0][1]:8.2f}")


if __name__ == "__main__":
    main()
