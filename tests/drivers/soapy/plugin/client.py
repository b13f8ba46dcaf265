"""A client of the software radio, as any SoapySDR program would write it: ticks instead of ns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import SoapySDR
from numpy.typing import NDArray

TX, RX = SoapySDR.SOAPY_SDR_TX, SoapySDR.SOAPY_SDR_RX
HAS_TIME, END_BURST = SoapySDR.SOAPY_SDR_HAS_TIME, SoapySDR.SOAPY_SDR_END_BURST
END_ABRUPT, ONE_PACKET = SoapySDR.SOAPY_SDR_END_ABRUPT, SoapySDR.SOAPY_SDR_ONE_PACKET
TIMEOUT, STREAM_ERROR = SoapySDR.SOAPY_SDR_TIMEOUT, SoapySDR.SOAPY_SDR_STREAM_ERROR
OVERFLOW, UNDERFLOW = SoapySDR.SOAPY_SDR_OVERFLOW, SoapySDR.SOAPY_SDR_UNDERFLOW
TIME_ERROR, NOT_SUPPORTED = SoapySDR.SOAPY_SDR_TIME_ERROR, SoapySDR.SOAPY_SDR_NOT_SUPPORTED

# 96 MHz: 125 / 12 ns, so that no two neighbouring ticks are whole nanoseconds.
RATE_HZ = 96_000_000

# Long enough for a machine under load; what is there is there at once.
PATIENT_US = 5_000_000
# Ticks ahead of a free-running clock: 52 ms, for a machine under load.
LEAD = 5_000_000

# Where nothing is to come.
BRIEF_US = 1_000

Samples = NDArray[np.int16]
_serials = count()


def nanoseconds(tick: int, rate_hz: int = RATE_HZ) -> int:
    """The nearest nanosecond, ties upwards, in integers."""
    return (2 * tick * 10**9 + rate_hz) // (2 * rate_hz)


def ticks(time_ns: int, rate_hz: int = RATE_HZ) -> int:
    """The nearest tick, ties upwards, in integers."""
    return (2 * time_ns * rate_hz + 10**9) // (2 * 10**9)


def noise(samples: int, seed: int = 0) -> Samples:
    """Every int16, -32768 too, on I and Q."""
    return np.random.default_rng(seed).integers(-32768, 32768, (samples, 2)).astype(np.int16)


@dataclass(frozen=True)
class Result:
    """What a stream call gave: its code or count, flags, and the time as a tick."""

    code: int
    flags: int
    tick: int | None


class Client:
    """One device with a stream each way; everything by ticks."""

    def __init__(self, device: Any, transmit_format: str = "CS16", receive_format: str = "CS16"):
        self.device = device
        self.rate_hz = round(device.getSampleRate(RX, 0))
        self.tx = device.setupStream(TX, transmit_format)
        self.rx = device.setupStream(RX, receive_format)
        self._codes = receive_format == "CS16"

    @property
    def tick(self) -> int:
        return int(self.device.readSetting("tick"))

    def _result(self, told: Any) -> Result:
        timed = told.flags & HAS_TIME
        return Result(told.ret, told.flags, ticks(told.timeNs, self.rate_hz) if timed else None)

    def order(self, tick: int | None, samples: int) -> int:
        """Order a burst to be received; at once without a tick, for ever with 0 samples."""
        flags = (HAS_TIME if tick is not None else 0) | (END_BURST if samples else 0)
        time_ns = nanoseconds(tick, self.rate_hz) if tick is not None else 0
        return int(self.device.activateStream(self.rx, flags, time_ns, samples))

    def write(
        self,
        samples: NDArray[Any],
        tick: int | None = None,
        end: bool = False,
        timeout_us: int = PATIENT_US,
    ) -> Result:
        """Write once."""
        flags = (HAS_TIME if tick is not None else 0) | (END_BURST if end else 0)
        time_ns = nanoseconds(tick, self.rate_hz) if tick is not None else 0
        told = self.device.writeStream(
            self.tx, [samples], samples.shape[0], flags, time_ns, timeout_us
        )
        return Result(told.ret, told.flags, None)

    def burst(self, samples: NDArray[Any], tick: int) -> None:
        """Write a whole burst, however often that takes."""
        done = 0
        while done < samples.shape[0]:
            result = self.write(samples[done:], tick if done == 0 else None, end=True)
            assert result.code > 0, SoapySDR.errToStr(result.code)
            done += result.code

    def read(self, samples: int, timeout_us: int = PATIENT_US) -> tuple[Result, Any]:
        """Read once."""
        shape = (samples, 2) if self._codes else (samples,)
        buffer = np.full(shape, 77, np.int16 if self._codes else np.complex64)
        result = self._result(self.device.readStream(self.rx, [buffer], samples, 0, timeout_us))
        return result, buffer[: max(result.code, 0)]

    def status(self, timeout_us: int = BRIEF_US) -> Result:
        return self._result(self.device.readStreamStatus(self.tx, timeout_us))

    def end_transmission(self, tick: int) -> None:
        """Nothing more is written: time may pass to any tick."""
        assert self.device.deactivateStream(self.tx, HAS_TIME, nanoseconds(tick, self.rate_hz)) == 0

    def faults(self) -> list[tuple[str, int, int]]:
        """What was injected: kind, tick, samples."""
        lines = (line.split() for line in self.device.readSetting("fault_log").splitlines())
        return [(kind, int(tick), int(samples)) for kind, tick, samples in lines]


@contextmanager
def device(**settings: object) -> Iterator[Any]:
    """A device of its own: SoapySDR shares those that have the same arguments."""
    arguments = {"driver": "moonecho_loopback", "serial": str(next(_serials))}
    made = SoapySDR.Device(
        arguments | {"rate": str(RATE_HZ)} | {key: str(value) for key, value in settings.items()}
    )
    try:
        yield made
    finally:
        made.close()


@contextmanager
def client(
    transmit_format: str = "CS16", receive_format: str = "CS16", **settings: object
) -> Iterator[Client]:
    """A client with the output active, in stepped time unless told otherwise."""
    with device(**({"clock": "stepped"} | settings)) as made:
        own = Client(made, transmit_format, receive_format)
        assert made.activateStream(own.tx) == 0
        yield own
        made.closeStream(own.rx)
        made.closeStream(own.tx)
