"""Time of focusing against that of the FFTs of the same array, in one run.

The measure is one forward and one inverse two-dimensional `scipy.fft` of the recording's array with
two workers. Range-Doppler focusing must cost three times that at most.

    python benchmarks/focusing.py [--pulses 60000] [--samples 1024]

With --large a recording that does not fit, 120 000 pulses of 8192 samples (3.7 GiB of ci16 on
disk), is focused in a process of its own, whose peak memory is what the kernel says (`ru_maxrss`,
which counts pages of mapped files, too). The bar is 6 GiB. It takes about 20 GiB of disk.

    python benchmarks/focusing.py --large range-doppler [--memory-gib 3] [--folder DIR]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.focus import focus
from sim_core.focusing.image import Image, Method
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.settings import FocusSettings
from sim_core.signal.echo import PointEcho, echo_blocks
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp

CARRIER_HZ = 23.0e9
SAMPLE_RATE_HZ = 96.0e6
PRF_HZ = 600.0
WAVEFORM = LinearChirp(1.0e13, 8.0e-6)
# Of the recording that does not fit.
LARGE_PRF_HZ = 1200.0
LARGE_PULSES, LARGE_SAMPLES = 120_000, 8192
FULL_SCALE = 16_384
METHODS: tuple[Method, ...] = ("range-doppler", "deramp")


@dataclass(frozen=True)
class ParabolicDelay:
    """A delay history with the walk and the Doppler rate of the paper's geometry."""

    start_s: float = -200.0
    stop_s: float = 200.0
    base_s: Fraction = Fraction("2.3357")
    walk: float = 2.3e-6
    curvature_per_s: float = 4.68 / CARRIER_HZ

    def relative_delay_s(
        self, transmit_s: npt.NDArray[np.float64], reference_s: Fraction
    ) -> npt.NDArray[np.float64]:
        """Return the delay minus a reference."""
        bend = (0.5 * self.curvature_per_s * transmit_s + self.walk) * transmit_s
        return float(self.base_s - reference_s) + bend

    def delay_rate(self, transmit_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the first derivative."""
        return self.curvature_per_s * transmit_s + self.walk

    def delay_acceleration(self, transmit_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the second derivative."""
        return np.full_like(transmit_s, self.curvature_per_s)


@dataclass(frozen=True, eq=False)
class Memory:
    """A recording in memory."""

    samples: npt.NDArray[np.complex64]

    def read(self, first: int, count: int) -> npt.NDArray[np.complex64]:
        """Return pulses."""
        return self.samples[first : first + count]


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """Return the shortest time of some runs, in s."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def peak_mib() -> float:
    """Return the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def schedule_of(pulses: int, samples: int, prf_hz: float) -> PulseSchedule:
    """Open windows that follow the reference's echo, which lies in their middle."""
    history = ParabolicDelay()
    interval = round(SAMPLE_RATE_HZ / prf_hz)
    tick = (np.arange(pulses, dtype=np.int64) - pulses // 2) * interval
    slow_s = tick / SAMPLE_RATE_HZ + 0.5 * WAVEFORM.duration_s
    echo = np.floor(history.relative_delay_s(slow_s, Fraction(0)) * SAMPLE_RATE_HZ).astype(np.int64)
    spare = samples - WAVEFORM.sample_count(SAMPLE_RATE_HZ) - 1
    return PulseSchedule(
        SAMPLE_RATE_HZ, tick, tick + echo - spare // 2, samples, WAVEFORM.duration_s
    )


@dataclass(frozen=True)
class CodeFile:
    """Integer codes in a file, read by system calls rather than mapped."""

    path: Path
    samples: int

    def read(self, first: int, count: int) -> npt.NDArray[np.complex64]:
        """Return pulses, scaled to full scale."""
        codes = np.fromfile(
            self.path,
            dtype=np.int16,
            count=2 * count * self.samples,
            offset=4 * first * self.samples,
        )
        scaled = codes.astype(np.float32) / np.float32(FULL_SCALE)
        return scaled.view(np.complex64).reshape(count, self.samples)


def write_recording(path: Path) -> None:
    """Write the echo of one point, the scene's reference."""
    schedule = schedule_of(LARGE_PULSES, LARGE_SAMPLES, LARGE_PRF_HZ)
    echo = PointEcho(ParabolicDelay(), 1.0)
    with path.open("wb") as file:
        for _, block in echo_blocks(schedule, WAVEFORM, CARRIER_HZ, [echo], 512):
            codes = np.rint(block.view(np.float32) * FULL_SCALE)
            file.write(codes.astype(np.int16).tobytes())


def focus_large(arguments: argparse.Namespace) -> None:
    """Focus in this process, and say what it took."""
    schedule = schedule_of(LARGE_PULSES, LARGE_SAMPLES, LARGE_PRF_HZ)
    settings = FocusSettings(
        method=arguments.large,
        memory_bytes=round(arguments.memory_gib * 2**30),
        scratch=arguments.folder,
    )
    start = time.perf_counter()
    source = CodeFile(arguments.recording, LARGE_SAMPLES)
    image = focus(source, schedule, WAVEFORM, CARRIER_HZ, ParabolicDelay(), settings)
    elapsed_s = time.perf_counter() - start
    focused_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    response = measure(image)
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{arguments.large}: {LARGE_PULSES} x {LARGE_SAMPLES}, image of "
        f"{image.samples.shape[0]} x {image.samples.shape[1]}, {elapsed_s:.0f} s, peak "
        f"{focused_gib:.2f} GiB, {peak_gib:.2f} GiB with the measurement "
        f"(bound {arguments.memory_gib:g} GiB, bar 6 GiB); azimuth PSLR "
        f"{response.azimuth.pslr_db:.3f} dB, magnitude {response.peak_magnitude:.4f}"
    )


def compare_speed(arguments: argparse.Namespace) -> None:
    """Print the table of times."""
    history = ParabolicDelay()
    schedule = schedule_of(arguments.pulses, arguments.samples, PRF_HZ)
    generator = np.random.default_rng(0)
    pulse = generator.standard_normal((arguments.samples, 2)).astype(np.float32)
    samples = np.tile(pulse.view(np.complex64)[:, 0], (arguments.pulses, 1))
    source = Memory(samples)
    recording_mib = peak_mib()

    rows: list[tuple[str, float]] = []
    memory: dict[str, float] = {}
    pixel_pulses: dict[str, float] = {}
    for method in METHODS:
        settings = FocusSettings(method=method)

        def run(settings: FocusSettings = settings) -> Image:
            return focus(source, schedule, WAVEFORM, CARRIER_HZ, history, settings)

        start = time.perf_counter()
        pixel_pulses[method] = float(run().samples.size) * arguments.pulses
        rows.append((f"{method}, first run", time.perf_counter() - start))
        rows.append((method, best_of(arguments.repeats, run)))
        memory[method] = peak_mib() - recording_mib

    def transform() -> object:
        spectrum = scipy.fft.fft2(samples, workers=2)
        return scipy.fft.ifft2(spectrum, workers=2, overwrite_x=True)

    unit_s = best_of(arguments.repeats, transform)
    print(f"{arguments.pulses} pulses of {arguments.samples} samples")
    print(f"{'':28s}{'time, s':>10s}{'ratio':>8s}{'memory, MiB':>14s}{'pixel-pulses/s':>16s}")
    print(f"{'fft2 + ifft2, 2 workers':28s}{unit_s:10.2f}{1.0:8.2f}")
    for name, time_s in rows:
        mib = f"{memory[name]:14.0f}" if name in memory else ""
        rate = f"{pixel_pulses[name] / time_s:16.2g}" if name in pixel_pulses else ""
        print(f"{name:28s}{time_s:10.2f}{time_s / unit_s:8.2f}{mib}{rate}")
    print("memory: largest so far, beyond the recording itself; the bar for range-doppler is 3.00")
    print("pixel-pulses: pixels of the image times pulses, in the whole focus; the bar is 1e10")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pulses", type=int, default=60_000)
    parser.add_argument("--samples", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--large", choices=METHODS)
    parser.add_argument("--memory-gib", type=float, default=3.0)
    parser.add_argument("--folder", type=Path, help="for the large recording, and scratch")
    parser.add_argument("--recording", type=Path, help="a large recording that is there already")
    arguments = parser.parse_args()
    if arguments.large is None:
        compare_speed(arguments)
    elif arguments.recording is not None:
        focus_large(arguments)
    else:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = Path(folder) / "recording.ci16"
            write_recording(path)
            subprocess.run([sys.executable, *sys.argv, "--recording", str(path)], check=True)


if __name__ == "__main__":
    main()
