"""First loopback: find out whether the device is there, the levels fit, and where the echo is.

    python lab_scripts/first_loopback.py configs/smoke.yaml soapy:driver=moonecho_loopback

Wire output to input by an attenuator first; see docs/soapy-wiring.md. A radio needs leave to
transmit in the configuration. Bursts of the experiment's pulse are played at rising levels.
"""

import math
import sys
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from drivers.ending_signals import ending_signals_raise
from testbed.bench import find_echo, make_bursts, play_bursts, script_arguments
from testbed.config import load_configuration
from testbed.device_settings import open_configured_device, require_leave
from testbed.error_boundary import ErrorBoundary

LEVELS_DBFS = (-50, -40, -30, -20, -10, -6, -3, -1)
BURSTS_PER_LEVEL = 4


def main(config: str, driver: str) -> None:
    """Identify the device, play bursts at rising levels, and say where they come back."""
    console = Console(highlight=False)

    # 1. The device, and leave to use it.
    bench = load_configuration(Path(config)).with_option("device.driver", driver, "DRIVER")
    require_leave(bench)
    device = open_configured_device(bench)
    bursts = make_bursts(bench, device, len(LEVELS_DBFS) * BURSTS_PER_LEVEL)

    # 2. Bursts, from far below full scale upwards.
    level_dbfs = np.repeat(LEVELS_DBFS, BURSTS_PER_LEVEL)
    heard = play_bursts(device, bursts, 10.0 ** (level_dbfs / 20.0))
    for name in ("driver_key", "hardware_key", "tx_gain_db", "rx_gain_db", "tx_frequency_hz"):
        if name in heard.read_back:
            console.print(f"{name}: {heard.read_back[name]}")

    # 3. What came back of each.
    clipped = {event.pulse for event in heard.events if event.kind.startswith("clipped")}
    troubled = {event.pulse for event in heard.events} - clipped
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("played dBFS", "heard dBFS", "gain dB", "delay samples", "echo", "remark"):
        table.add_column(heading, justify="right")
    echoes = {}
    for pulse in range(BURSTS_PER_LEVEL - 1, bursts.schedule.pulses, BURSTS_PER_LEVEL):
        played = bursts.window * np.float32(10.0 ** (level_dbfs[pulse] / 20.0))
        echo = find_echo(played, heard.windows[pulse])
        there = echo.found and pulse not in troubled
        remark = "clipped" if pulse in clipped else "" if there else "no echo"
        if there and pulse not in clipped:
            echoes[int(level_dbfs[pulse])] = echo
        peak = float(np.abs(heard.windows[pulse]).max())
        table.add_row(
            f"{level_dbfs[pulse]:d}",
            f"{20.0 * math.log10(peak):.1f}" if peak else "silent",
            f"{echo.gain_db:.2f}" if there else "",
            f"{echo.delay_samples:.3f}" if there else "",
            f"{100.0 * echo.coherence:.1f} %",
            "events" if pulse in troubled else remark,
        )
    console.print(table)

    # 4. What to do next.
    if not echoes:
        console.print("No echo. Check cable, connectors, gains, and device.soapy.frequency_hz.")
        return
    highest_dbfs, best = max(echoes.items())
    delay_ns = best.delay_samples / bench.receiver.sample_rate_hz * 1e9
    console.print(
        f"The echo is {best.delay_samples:.3f} samples ({delay_ns:.2f} ns) behind, "
        f"at {best.gain_db:.2f} dB."
    )
    if highest_dbfs < bench.device.level_dbfs:
        console.print(
            f"It clips above {highest_dbfs} dBFS, below device.level_dbfs: lower rx_gain_db."
        )
    elif highest_dbfs + best.gain_db < -20.0:
        console.print("The input is far from full: raise rx_gain_db, or take out attenuation.")
    console.print("Next: lab_scripts/calibrate_delay.py")


if __name__ == "__main__":
    with ErrorBoundary() as boundary, ending_signals_raise():
        main(*script_arguments(2, "CONFIG DEVICE"))
    sys.exit(boundary.exit_code)
