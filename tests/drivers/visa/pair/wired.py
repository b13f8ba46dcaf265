"""Pairs of simulated instruments, wired and served, and what is played through them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.interface import CapturedBlock, Event, PlayedBlock
from drivers.session import session
from drivers.simulators.bench.rf_bench import Cable, RfBench
from drivers.simulators.digitizers.rohde_schwarz.rto import SimulatedRto
from drivers.simulators.generators.keysight.m8190a import SimulatedM8190A
from drivers.simulators.generators.rohde_schwarz.smw import SimulatedSmw
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.pair.device import VisaDevice
from drivers.visa.pair.settings import VisaSettings
from tests.drivers.conftest import Ticks

RATE_HZ = 96e6


@dataclass(frozen=True)
class Wired:
    """A pair at its servers.

    Outputs are wired to inputs of the same number through 20 dB, marker 1 to the external trigger
    input and to input 4; nothing is wired to input 3.
    """

    generator: SimulatedInstrument
    digitizer: SimulatedInstrument
    servers: tuple[InstrumentServer, InstrumentServer]

    @property
    def addresses(self) -> tuple[str, str]:
        """Of generator and digitizer."""
        return self.servers[0].hislip_address, self.servers[1].hislip_address

    def settings(self, **values: Any) -> VisaSettings:
        generator, digitizer = self.addresses
        given = {"transmit": True, "attenuation_db": 20.0, "timeout_s": 2.0, **values}
        return VisaSettings(generator=generator, digitizer=digitizer, **given)

    def outputs_on(self) -> bool:
        """Ask the M8190A, past its server."""
        return b"1" in self.generator.execute(b":OUTP1?;:OUTP2?")


@contextmanager
def wired(
    generator_samples: int = 1 << 31,
    digitizer_samples: int = 100_000_000,
    delay_s: float = 5e-9,
    *,
    modulator: bool = False,
    clock_error_ppm: float = 0.3,
) -> Iterator[Wired]:
    """Start an M8190A, or an SMW, and an RTO; the signal's cable has a delay."""
    bench = RfBench(clock_error_ppm=clock_error_ppm)
    generator: SimulatedInstrument
    if modulator:
        generator = SimulatedSmw("awg", bench=bench)
    else:
        generator = SimulatedM8190A("awg", bench=bench, memory_samples=generator_samples)
    digitizer = SimulatedRto("scope", bench=bench, memory_samples=digitizer_samples)
    for output, into in (("1", "1"), ("2", "2"), ("RF", "1")):
        bench.connect(("awg", output), ("scope", into), Cable(20.0, delay_s))
    for trigger in ("EXT", "4"):
        bench.connect(("awg", "M1"), ("scope", trigger), Cable(0.0, 5e-9))
    with ExitStack() as stack:
        one = stack.enter_context(InstrumentServer(generator))
        other = stack.enter_context(InstrumentServer(digitizer))
        yield Wired(generator, digitizer, (one, other))


def schedule(pulses: int, window_samples: int) -> Ticks:
    tick = np.arange(pulses, dtype=np.int64) * 10 * window_samples
    return Ticks(RATE_HZ, tick, tick + 2_500_000, window_samples)


def chirps(pulses: int, window_samples: int, seed: int = 1) -> NDArray[np.complex64]:
    """Echoes with hard edges over 0.83 of the band, at any delay and phase, peak 0.7."""
    random = np.random.default_rng(seed)
    length = 0.75 * window_samples
    delay = random.uniform(0.0, 0.2 * window_samples, (pulses, 1))
    place = np.arange(window_samples) - delay
    cycles = 0.83 * (place - 0.5 * length) ** 2 / (2.0 * length)
    phase = random.uniform(0.0, 1.0, (pulses, 1))
    echo = 0.7 * np.exp(2j * np.pi * (cycles + phase)) * ((place >= 0.0) & (place < length))
    return np.asarray(echo, np.complex64)


def blocks_of(windows: NDArray[np.complex64], size: int = 30) -> Iterator[PlayedBlock]:
    for first in range(0, windows.shape[0], size):
        yield PlayedBlock(first, windows[first : first + size])


@dataclass(frozen=True)
class Played:
    """What came back of a run."""

    windows: NDArray[np.complex64]
    events: tuple[Event, ...]
    told: dict[str, Any]


def play(device: VisaDevice, windows: NDArray[np.complex64]) -> Played:
    """Play windows in a session."""
    with session(device, schedule(*windows.shape)) as armed:
        captured: list[CapturedBlock] = list(armed.exchange(blocks_of(windows)))
        told = dict(armed.read_back())
    samples = np.concatenate([np.asarray(block.samples) for block in captured])
    events = tuple(event for block in captured for event in block.events)
    return Played(samples, events, told)


def error_db(back: NDArray[np.complex64], windows: NDArray[np.complex64]) -> float:
    """Give the error vector's magnitude behind the one complex gain that fits best."""
    played, heard = windows.astype(np.complex128), back.astype(np.complex128)
    gain = np.vdot(played, heard) / np.vdot(played, played)
    error = np.mean(np.abs(heard / gain - played) ** 2)
    return float(10.0 * np.log10(error / np.mean(np.abs(played[played != 0]) ** 2)))


def gain_of(back: NDArray[np.complex64], windows: NDArray[np.complex64]) -> complex:
    """Give that gain."""
    return complex(np.vdot(windows, back) / np.vdot(windows, windows))
