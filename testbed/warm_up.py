"""Compile the numerical kernels once, so that the first run does not wait for it.

numba keeps what it has compiled beside the sources. Set-up runs ``python -m testbed.warm_up``: it
sends small experiments through the whole chain, one for each form that the kernels take, and some
windows through simulated instruments.
"""

import io
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from drivers.interface import PlayedBlock
from drivers.session import session
from drivers.simulators.laboratory import Laboratory
from drivers.visa.pair.device import VisaDevice
from drivers.visa.pair.settings import VisaSettings
from sim_core.signal.pulse_schedule import PulseSchedule
from testbed.config import Configuration
from testbed.experiment import run_experiment

_LIMITS = {"pslr_db": -1.0, "islr_db": 0.0, "irw_cells": 10.0}

_CHAIN: dict[str, Any] = {
    "name": "warm-up",
    "geometry": {
        "epoch_utc": "2001-02-09T01:49:49",
        "relativity": "full",
        "site": {"latitude_deg": 0.0, "longitude_deg": 0.0},
        "aim": {"look": {"angle_deg": 0.1, "side": "south"}},
    },
    "radar": {
        "carrier_hz": 2.3e10,
        "chirp_rate_hz_per_s": 1e13,
        "pulse_duration_s": 4e-6,
        "prf_hz": 600.0,
        "aperture_s": 20.0,
    },
    "receiver": {"sample_rate_hz": 48e6, "window_samples": 512},
    "limits": {
        "range": _LIMITS,
        "azimuth": _LIMITS,
        "peak": {"range_error_cells": 9.0, "azimuth_error_cells": 9.0, "phase_error_deg": 180.0},
    },
}
# With converters; without them but with every analogue effect; any pulse with a scene and noise.
# Each way to focus is in one.
_VARIANTS: tuple[dict[str, Any], ...] = (
    {
        "device": {"loopback": {"dac_bits": 14, "adc_bits": 12}},
        "focusing": {"method": "range-doppler"},
    },
    {
        "device": {"loopback": {"delay_s": 1e-8, "noise_dbfs": -60.0}},
        "focusing": {"method": "deramp"},
    },
    {
        "radar": {"waveform": {"taper": {"name": "hann"}}, "link": {"image_snr_db": 60.0}},
        "scene": {"scatterers": {"pixel_east_m": 20.0, "pixel_north_m": 20.0}},
        "focusing": {
            "method": "back-projection",
            "ground": {
                "half_east_m": 50.0,
                "half_north_m": 50.0,
                "east_step_m": 10.0,
                "north_step_m": 10.0,
            },
        },
    },
)
# Pairs of simulated instruments: a real signal, I and Q apart, and a carrier.
_PAIRS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("AWG5204", "MSO44", {}),
    ("AWG5204", "MSO44", {"signal": "iq", "output_channels": (1, 2), "input_channels": (1, 2)}),
    ("SMW200A", "MSO44", {}),
)


def main() -> int:
    """Send the small experiments through the chain and say how long it took."""
    started_s = time.perf_counter()
    quiet = Console(file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / "scene.npy"
        np.save(scene, np.full((8, 8), 1e-3))
        for number, variant in enumerate(_VARIANTS):
            values = _merged(_CHAIN, variant)
            if "scene" in variant:
                values["scene"]["scatterers"]["path"] = str(scene)
            configuration = Configuration.from_resolved(values, "warm-up")
            run_experiment(
                configuration, out_dir=Path(folder) / str(number), resume=False, console=quiet
            )
    for generator, digitizer, changes in _PAIRS:
        _play(generator, digitizer, changes)
    print(f"kernels compiled in {time.perf_counter() - started_s:.1f} s")
    return 0


def _play(generator: str, digitizer: str, changes: Mapping[str, Any]) -> None:
    """Play some windows through a pair of simulated instruments."""
    ticks = 10_000 * np.arange(4, dtype=np.int64)
    schedule = PulseSchedule(96e6, ticks, ticks + 1_000_000, 256, 1e-6)
    windows = np.zeros((4, 256), np.complex64)
    windows[:, 64:192] = 0.5
    with Laboratory(generator, digitizer) as laboratory:
        settings = {**laboratory.settings(), "transmit": True, "timeout_s": 30.0, **changes}
        with session(VisaDevice(VisaSettings(**settings)), schedule) as armed:
            for _ in armed.exchange([PlayedBlock(0, windows)]):
                pass


def _merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with those of nested sections replaced."""
    merged = dict(values)
    for key, value in changes.items():
        section = merged.get(key, {})
        merged[key] = _merged(section, value) if isinstance(value, Mapping) else value
    return merged


if __name__ == "__main__":
    sys.exit(main())
