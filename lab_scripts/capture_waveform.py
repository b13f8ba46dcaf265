"""Capture: play the experiment's pulse once, and look at the voltage that the digitizer recorded.

    python lab_scripts/capture_waveform.py configs/instruments.yaml visa:GENERATOR+DIGITIZER [FILE]

With FILE (.npz) the record is kept: volts, first_sample_s after the trigger, interval_s.
"""

import sys
from pathlib import Path

import numpy as np
from rich.console import Console

from drivers.ending_signals import ending_signals_raise
from testbed.bench import script_arguments
from testbed.config import load_configuration
from testbed.device_settings import require_leave
from testbed.error_boundary import ErrorBoundary
from testbed.pair_bench import pair_on_bench


def main(config: str, driver: str, file: str | None = None) -> None:
    """Play, capture, and print what came."""
    console = Console(highlight=False, soft_wrap=True)
    configuration = load_configuration(Path(config)).with_option("device.driver", driver, "DRIVER")
    require_leave(configuration)

    # 1. Once through the bench; outputs are off again behind it.
    with pair_on_bench(configuration) as bench:
        bench.upload()
        record = bench.play_and_capture()[0]

    # 2. The voltage at the first input, and what was expected.
    volts = record.codes * np.float32(record.volts_per_code) + np.float32(record.offset_v)
    expected_v = bench.settings.unit_v * 10.0 ** (configuration.device.level_dbfs / 20.0)
    clipped = 0 if record.clipped is None else int(np.count_nonzero(record.clipped))
    console.print(f"peak {np.abs(volts).max() * 1e3:.3f} mV of {expected_v * 1e3:.3f} expected")
    console.print(f"range +-{bench.pair.setup.full_scale_v * 1e3:.3f} mV, {clipped} samples beyond")
    console.print(f"{volts.size} samples at {1.0 / record.interval_s:.6g} Hz")
    console.print(f"first sample {record.first_sample_s * 1e9:.4f} ns after the trigger")
    if file is not None:
        np.savez(file, volts=volts, first_sample_s=record.first_sample_s,
                 interval_s=record.interval_s)  # fmt: skip


if __name__ == "__main__":
    with ErrorBoundary() as boundary, ending_signals_raise():
        main(*script_arguments(2, "CONFIG DEVICE [FILE]"))
    sys.exit(boundary.exit_code)
