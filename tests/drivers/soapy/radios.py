"""What tests of the radio share: settings of the software radio, and whole runs through it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.interface import CapturedBlock, Event, PlayedBlock
from drivers.session import session
from drivers.soapy.device import SoapyDevice
from drivers.soapy.settings import SoapySettings

STEPPED = "driver=moonecho_loopback,clock=stepped"
LARGEST_CODE = 32767


class Result(NamedTuple):
    """What came back from a run."""

    samples: NDArray[Any]
    events: list[Event]
    told: dict[str, Any]


def settings(arguments: str = STEPPED, **changes: Any) -> SoapySettings:
    """Settings with leave to transmit, and gains that add up to 0 dB."""
    asked: dict[str, Any] = {
        "transmit": True,
        "attenuation_db": 40.0,
        "tx_gain_db": 0.0,
        "rx_gain_db": 0.0,
        **changes,
    }
    return SoapySettings(arguments, **asked)


def play(device: SoapyDevice, schedule: Any, blocks: Iterable[PlayedBlock]) -> Result:
    """Play all blocks in a session."""
    captured: list[CapturedBlock] = []
    with session(device, schedule) as armed:
        captured.extend(armed.exchange(blocks))
        told = dict(armed.read_back())
    return Result(
        np.concatenate([block.samples for block in captured]),
        [event for block in captured for event in block.events],
        told,
    )


def codes(played: NDArray[np.complex64], largest_code: int = LARGEST_CODE) -> NDArray[np.int16]:
    """Codes nearest to samples, half to even, by numpy; shape (pulses, samples, 2)."""
    scaled = np.rint(played.view(np.float32).astype(np.float64) * largest_code)
    clipped = np.clip(scaled, -largest_code, largest_code)
    return clipped.astype(np.int16).reshape(*played.shape, 2)
