"""Time of focusing against that of the FFTs of the same array, in one run.

The measure is one forward and one inverse two-dimensional `scipy.fft` of the recording's array with
two workers. Range-Doppler focusing must cost three times that at most.

    python benchmarks/focusing.py [--pulses 60000] [--samples 1024]
"""

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.focusing.focus import FocusSettings, focus
from sim_core.focusing.image import Method
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp

CARRIER_HZ = 23.0e9
SAMPLE_RATE_HZ = 96.0e6
PRF_HZ = 600.0
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pulses", type=int, default=60_000)
    parser.add_argument("--samples", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()

    waveform = LinearChirp(1.0e13, 8.0e-6)
    history = ParabolicDelay()
    interval = round(SAMPLE_RATE_HZ / PRF_HZ)
    tick = (np.arange(arguments.pulses, dtype=np.int64) - arguments.pulses // 2) * interval
    echo = np.floor(
        history.relative_delay_s(tick / SAMPLE_RATE_HZ, Fraction(0)) * SAMPLE_RATE_HZ
    ).astype(np.int64)
    spare = arguments.samples - waveform.sample_count(SAMPLE_RATE_HZ) - 1
    schedule = PulseSchedule(
        SAMPLE_RATE_HZ, tick, tick + echo - spare // 2, arguments.samples, waveform.duration_s
    )
    generator = np.random.default_rng(0)
    pulse = generator.standard_normal((arguments.samples, 2)).astype(np.float32)
    samples = np.tile(pulse.view(np.complex64)[:, 0], (arguments.pulses, 1))
    source = Memory(samples)
    recording_mib = peak_mib()

    rows: list[tuple[str, float]] = []
    memory: dict[str, float] = {}
    for method in METHODS:
        settings = FocusSettings(method=method)

        def run(settings: FocusSettings = settings) -> object:
            return focus(source, schedule, waveform, CARRIER_HZ, history, settings)

        start = time.perf_counter()
        run()
        rows.append((f"{method}, first run", time.perf_counter() - start))
        rows.append((method, best_of(arguments.repeats, run)))
        memory[method] = peak_mib() - recording_mib

    def transform() -> object:
        spectrum = scipy.fft.fft2(samples, workers=2)
        return scipy.fft.ifft2(spectrum, workers=2, overwrite_x=True)

    unit_s = best_of(arguments.repeats, transform)
    print(f"{arguments.pulses} pulses of {arguments.samples} samples")
    print(f"{'':28s}{'time, s':>10s}{'ratio':>8s}{'memory, MiB':>14s}")
    print(f"{'fft2 + ifft2, 2 workers':28s}{unit_s:10.2f}{1.0:8.2f}")
    for name, time_s in rows:
        mib = f"{memory[name]:14.0f}" if name in memory else ""
        print(f"{name:28s}{time_s:10.2f}{time_s / unit_s:8.2f}{mib}")
    print("memory: largest so far, beyond the recording itself; the bar for range-doppler is 3.00")


if __name__ == "__main__":
    main()
