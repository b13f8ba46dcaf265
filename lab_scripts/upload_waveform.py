"""Upload: write the experiment's pulse into a generator's memory, and see what became of it.

    python lab_scripts/upload_waveform.py configs/instruments.yaml visa:GENERATOR+DIGITIZER

Nothing is played: outputs stay off.
"""

import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from drivers.ending_signals import ending_signals_raise
from testbed.bench import script_arguments
from testbed.config import load_configuration
from testbed.device_settings import require_leave
from testbed.error_boundary import ErrorBoundary
from testbed.pair_bench import pair_on_bench


def main(config: str, driver: str) -> None:
    """Set the pair, upload, and print what the generator says."""
    console = Console(highlight=False, soft_wrap=True)
    configuration = load_configuration(Path(config)).with_option("device.driver", driver, "DRIVER")
    require_leave(configuration)
    with pair_on_bench(configuration) as bench, Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("upload")
        upload = bench.upload(lambda done, total: bar.update(task, completed=done, total=total))
        told = bench.instruments.generator.read_back()
        plan = bench.pair.plan.as_dict()
    for name, value in {**asdict(upload), **plan, **told}.items():
        console.print(f"{name}: {value}", markup=False)


if __name__ == "__main__":
    with ErrorBoundary() as boundary, ending_signals_raise():
        main(*script_arguments(2, "CONFIG DEVICE"))
    sys.exit(boundary.exit_code)
