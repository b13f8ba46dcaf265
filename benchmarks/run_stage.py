"""What a whole run costs, as a multiple of the FFTs that nobody can avoid.

Runs ``moonecho run`` on a configuration as a process of its own, and between the runs one forward
and one inverse two-dimensional FFT of an array of the recording's size (scipy.fft, 2 workers).
Prints the ratio of the medians and the largest memory that a run took.

    python benchmarks/run_stage.py [configs/point_target.yaml] [--runs 3]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.fft

from testbed.config import load_configuration

WORKERS = 2
RATIO_BAR = 12.0
MEMORY_BAR_GIB = 3.0


def main() -> None:
    """Time runs and FFTs in turn and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", nargs="?", type=Path, default=Path("configs/point_target.yaml"))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    configuration = load_configuration(options.config)
    shape = (configuration.radar.pulses, configuration.receiver.window_samples)

    run_s, fft_s = [], []
    for _ in range(options.runs):
        run_s.append(time_run(options.config))
        fft_s.append(time_fft(shape))
    peak_gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    ratio = statistics.median(run_s) / statistics.median(fft_s)
    print(f"array                         {shape[0]} x {shape[1]} complex64")
    print(f"FFT forward and inverse       {shown(fft_s)}")
    print(f"moonecho run, whole process   {shown(run_s)}")
    print(f"ratio of the medians          {ratio:.2f}   (bar: at most {RATIO_BAR:g})")
    print(f"peak memory of a run          {peak_gib:.2f} GiB   (bar: below {MEMORY_BAR_GIB:g})")


def time_run(config: Path) -> float:
    """Return the wall-clock seconds of one run, from the start of its process to its end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "testbed.cli", "run", str(config)]
        started_s = time.perf_counter()
        subprocess.run(
            [*command, "--out", str(Path(folder) / "run")], check=True, capture_output=True
        )
        return time.perf_counter() - started_s


def time_fft(shape: tuple[int, int]) -> float:
    """Return the wall-clock seconds of a forward and an inverse two-dimensional FFT."""
    generator = np.random.default_rng(0)
    samples = generator.standard_normal((*shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
    started_s = time.perf_counter()
    spectrum = scipy.fft.fft2(samples, workers=WORKERS)
    scipy.fft.ifft2(spectrum, workers=WORKERS, overwrite_x=True)
    return time.perf_counter() - started_s


def shown(seconds: list[float]) -> str:
    """Return the median with the smallest and largest value."""
    middle = statistics.median(seconds)
    return f"{middle:.2f} s   ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
