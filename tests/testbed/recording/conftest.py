from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.interface import CapturedBlock, CaptureFormat, Event
from sim_core.signal.pulse_schedule import PulseSchedule
from testbed.recording import RecordingContext, RecordingWriter

PULSES, WINDOW = 23, 64


def _context(capture_format: CaptureFormat = "ci16_le", **changes: Any) -> RecordingContext:
    transmit_tick = (np.arange(PULSES, dtype=np.int64) - PULSES // 2) * 160_000
    values: dict[str, Any] = {
        "schedule": PulseSchedule(96e6, transmit_tick, transmit_tick + 240_000_000, WINDOW, 0.5e-6),
        "capture_format": capture_format,
        "code_scale": 1.0 / 2047.0 if capture_format == "ci16_le" else 1.0,
        "carrier_hz": 2.3e10,
        "epoch_utc": "2001-02-09T01:49:49",
        "configuration": {"name": "probe", "radar": {"prf_hz": 600.0}, "noise_dbfs": None},
        "seed": 5,
        "driver": "loopback",
        "versions": {"moonecho": "0.1.0", "numpy": np.__version__},
        "description": "a probe",
    }
    return RecordingContext(**{**values, **changes})


def _samples(capture_format: CaptureFormat) -> NDArray[Any]:
    random = np.random.default_rng(11)
    if capture_format == "ci16_le":
        return random.integers(-2047, 2048, (PULSES, WINDOW, 2), dtype=np.int16)
    return random.standard_normal((PULSES, 2 * WINDOW), dtype=np.float32).view(np.complex64)


def _write(
    directory: Path, capture_format: CaptureFormat = "ci16_le", events: tuple[Event, ...] = ()
) -> NDArray[Any]:
    """Write a recording in three blocks, and return its samples."""
    samples = _samples(capture_format)
    with RecordingWriter(directory, _context(capture_format)) as writer:
        for first in range(0, PULSES, 10):
            block = samples[first : first + 10]
            own = tuple(event for event in events if first <= event.pulse < first + 10)
            writer.append(CapturedBlock(first, block, own))
        writer.finish({"driver": "loopback", "sample_rate_hz": 96e6})
    return samples


@pytest.fixture(scope="session")
def make_context() -> Callable[..., RecordingContext]:
    """What a small recording of 23 windows of 64 samples is of."""
    return _context


@pytest.fixture(scope="session")
def write_recording() -> Callable[..., NDArray[Any]]:
    """Write that recording into a folder with random samples, and return them."""
    return _write
