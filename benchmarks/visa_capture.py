"""Rate of the signal processing of a pair of instruments, against transforms of the same size.

To the generator: windows are interpolated and mixed up; the yardstick is one forward and one
inverse `scipy.fft` of what comes out. From the digitizer: a record is mixed down, filtered and
resampled; the yardstick is the least that any method with transforms does, one real transform of
the record and one inverse transform of the windows. A ratio of 1 is the cost of the yardstick;
below 1 it is cheaper. The rates say what a link may deliver before this is the bottleneck: a raw
socket brings 12 Msamples/s of 16 bits, HiSLIP 50 to 90.

    python -m benchmarks.visa_capture [--windows 400]
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import scipy.fft

from drivers.visa.instrument import Record
from drivers.visa.pair.capture import Demodulator
from drivers.visa.pair.layout import Layout, choose_guard
from drivers.visa.pair.playback import WindowWaveform

RATE_HZ = 96e6
WINDOW_SAMPLES = 1024
CARRIER_HZ = 96e6
FACTORS = (4, 16)
RECORD_RATES_HZ = (400e6, 1.25e9, 3.125e9)
WORKERS = os.cpu_count() or 1


def best_of(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the shortest of some runs, in seconds, after one that warms up."""
    work()
    spent = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
    return min(spent)


def measure_playback(windows: int, factor: int) -> tuple[float, float]:
    """Return samples of the generator per second, and the ratio to the yardstick."""
    guard = choose_guard(WINDOW_SAMPLES, RATE_HZ, None)
    layout = Layout(RATE_HZ, WINDOW_SAMPLES, guard, factor)
    random = np.random.default_rng(0)
    played = random.normal(0.0, 0.2, (windows, WINDOW_SAMPLES, 2)).astype(np.float32)
    samples = played.view(np.complex64)[..., 0]
    waveform = WindowWaveform(samples, layout, CARRIER_HZ)

    def walk() -> None:
        for _ in waveform.chunks():
            pass

    # In the same batches: a transform of all of it would measure the memory.
    wide = np.zeros((max(1, (1 << 20) // layout.period_played), layout.period_played), np.complex64)
    batches = windows / wide.shape[0]

    def transform() -> None:
        spectrum = scipy.fft.fft(wide, axis=1, workers=WORKERS)
        scipy.fft.ifft(spectrum, axis=1, workers=WORKERS, overwrite_x=True)

    spent = best_of(walk)
    return waveform.samples / spent, spent / (best_of(transform) * batches)


def measure_capture(windows: int, record_rate_hz: float) -> tuple[float, float, float]:
    """Return samples of the record and of the windows per second, and the ratio."""
    guard = choose_guard(WINDOW_SAMPLES, RATE_HZ, None)
    layout = Layout(RATE_HZ, WINDOW_SAMPLES, guard, 4)
    count = int(windows * layout.period_s * record_rate_hz) + 100
    codes = np.random.default_rng(0).integers(-20000, 20000, count).astype(np.int16)
    record = Record(codes, 1e-5, 0.0, -20.3e-9, 1.0 / record_rate_hz)
    demodulator = Demodulator(layout, CARRIER_HZ, record_rate_hz, 0.2)
    per_window = scipy.fft.next_fast_len(count // windows, real=True)
    real = np.zeros((windows, per_window), np.float32)
    narrow = np.zeros((windows, layout.period_samples), np.complex64)

    def transform() -> None:
        scipy.fft.rfft(real, axis=1, workers=WORKERS)
        scipy.fft.ifft(narrow, axis=1, workers=WORKERS)

    spent = best_of(lambda: demodulator.windows([record], windows))
    ratio = spent / best_of(transform)
    return count / spent, windows * WINDOW_SAMPLES / spent, ratio


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=400)
    windows = parser.parse_args().windows
    print(f"{windows} windows of {WINDOW_SAMPLES} at {RATE_HZ / 1e6:g} Msamples/s, {WORKERS} cores")
    for factor in FACTORS:
        rate, ratio = measure_playback(windows, factor)
        print(f"playback, factor {factor:3d}: {rate / 1e6:6.1f} Msamples/s out, ratio {ratio:.2f}")
    for rate_hz in RECORD_RATES_HZ:
        record, out, ratio = measure_capture(windows, rate_hz)
        print(
            f"capture, {rate_hz / 1e6:7.1f} MHz: {record / 1e6:6.1f} Msamples/s in, "
            f"{out / 1e6:5.1f} out, ratio {ratio:.2f}"
        )


if __name__ == "__main__":
    main()
