"""Delay calibration: measure how much later and weaker the chain gives back what it plays.

    python lab_scripts/calibrate_delay.py configs/smoke.yaml soapy:driver=moonecho_loopback [BURSTS]

Plays the experiment's pulse many times, averages its delay and gain, and prints the lines that
take them out: put them into the configuration. The delay holds for this wiring, these gains and
this sample rate; with some radios also only until they are opened again.
"""

import sys
from pathlib import Path

from drivers.ending_signals import ending_signals_raise
from testbed.bench import measure_chain, script_arguments
from testbed.config import load_configuration
from testbed.device_settings import open_configured_device, require_leave
from testbed.error_boundary import ErrorBoundary
from testbed.options import read_number


def main(config: str, driver: str, bursts: str = "256") -> None:
    """Measure and print."""
    bench = load_configuration(Path(config)).with_option("device.driver", driver, "DRIVER")
    count = int(read_number("BURSTS", bursts, "bursts", 1, 1e6))
    require_leave(bench)
    chain = measure_chain(bench, open_configured_device(bench), count)
    rate_hz = bench.receiver.sample_rate_hz
    print(f"# {chain.bursts} bursts through {driver}")
    print(f"# {chain.delay_s * rate_hz:.5f} +- {chain.delay_error_s * rate_hz:.5f} samples")
    print(f"# {chain.gain_db:.4f} +- {chain.gain_error_db:.4f} dB")
    print("calibration:")
    print(f"  delay_s: {chain.delay_s:.9e}")
    print(f"  gain_db: {chain.gain_db:.4f}")


if __name__ == "__main__":
    with ErrorBoundary() as boundary, ending_signals_raise():
        main(*script_arguments(2, "CONFIG DEVICE [BURSTS]"))
    sys.exit(boundary.exit_code)
