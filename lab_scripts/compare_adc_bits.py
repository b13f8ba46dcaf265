"""How many bits does the ADC need? The same echo through one ADC after the other.

    python lab_scripts/compare_adc_bits.py [configs/smoke.yaml]

Prints, for each resolution, what the recording lost against what was played and what that did to
the impulse response. Nothing is kept.
"""

import io
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from testbed.config import load_configuration
from testbed.experiment import run_experiment

ADC_BITS = (2, 4, 6, 8, 10, 12, 14)


def main() -> None:
    """Run the experiment once for each ADC and print the table."""
    config = Path(sys.argv[1] if len(sys.argv) > 1 else "configs/smoke.yaml")
    bench = load_configuration(config)
    table = Table(title=f"{bench.name}: one echo, {len(ADC_BITS)} ADCs")
    for heading in ("ADC bits", "recorded - played", "range PSLR", "azimuth PSLR", "phase error"):
        table.add_column(heading, justify="right")

    for bits in ADC_BITS:
        this_adc = bench.with_option("device.loopback.adc_bits", bits, "ADC_BITS")
        with tempfile.TemporaryDirectory() as folder:
            result = run_experiment(
                this_adc,
                out_dir=Path(folder) / "run",
                resume=False,
                console=Console(file=io.StringIO()),
            )
            report = json.loads((Path(folder) / "run" / "report.json").read_text())
        target = result.targets[0]
        table.add_row(
            str(bits),
            f"{report['loop']['residual_db']:.1f} dB",
            f"{target.response.range.pslr_db:.3f} dB",
            f"{target.response.azimuth.pslr_db:.3f} dB",
            f"{target.phase_error_deg:.3f} deg",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
