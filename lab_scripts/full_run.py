"""Full run: plan, calibrate, play, judge.

    python lab_scripts/full_run.py configs/smoke.yaml soapy:driver=moonecho_loopback runs/bench

Stops where a step says no. Exits as `moonecho run` does.
"""

import sys
from pathlib import Path

from rich.console import Console

from drivers.ending_signals import ending_signals_raise
from testbed.bench import measure_chain, script_arguments
from testbed.config import load_configuration
from testbed.device_settings import open_configured_device, require_leave
from testbed.error_boundary import PASSED, VERDICT_FAILED, ErrorBoundary
from testbed.experiment import run_experiment
from testbed.plan.display import print_plan
from testbed.plan.planning import make_plan


def main(config: str, driver: str, folder: str) -> int:
    """Take the steps, and return the exit code."""
    console = Console(highlight=False)
    bench = load_configuration(Path(config)).with_option("device.driver", driver, "DRIVER")
    require_leave(bench)

    # 1. Does it fit?
    plan = make_plan(bench, out_dir=Path(folder))
    print_plan(plan, console)
    if not plan.fits:
        return VERDICT_FAILED

    # 2. What the chain adds, measured now and in this wiring.
    chain = measure_chain(bench, open_configured_device(bench))
    console.print(f"Chain: {chain.delay_s * 1e9:.3f} ns, {chain.gain_db:.3f} dB")
    bench = bench.with_option("calibration.delay_s", chain.delay_s, "measured")
    bench = bench.with_option("calibration.gain_db", chain.gain_db, "measured")

    # 3. The experiment.
    result = run_experiment(bench, out_dir=Path(folder), resume=False, console=console)
    return PASSED if result.verdict == "pass" else VERDICT_FAILED


if __name__ == "__main__":
    code = PASSED
    with ErrorBoundary() as boundary, ending_signals_raise():
        code = main(*script_arguments(3, "CONFIG DEVICE FOLDER"))
    sys.exit(boundary.exit_code or code)
