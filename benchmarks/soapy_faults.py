"""An hour of schedule through the software radio, with faults of all kinds.

Time is stepped: the hour takes as long as the processor needs. Every fault that the radio says it
has injected must be an event on its pulse, and there must be no other; every sample that no event
covers must be the one that was played, and every one that is covered must be zero; memory must not
grow. The speed is given against the schedule's own.

    SOAPY_SDR_PLUGIN_PATH=build/soapy-plugin python -m benchmarks.soapy_faults [--pulses 2000000]
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray

from drivers.interface import CapturedBlock, PlayedBlock
from drivers.session import session
from drivers.soapy.device import SoapyDevice
from drivers.soapy.settings import SoapySettings

SAMPLE_RATE_HZ = 1_000_000
INTERVAL = 1800  # ticks: 2e6 pulses are an hour
WINDOW = 32
BLOCK = 1000
LARGEST_CODE = 32767

# What the radio injects, and what is made of it.
EVENT_OF = {
    "late_transmit": "late",
    "late_receive": "late",
    "overflow": "overflow",
    "underflow": "underflow",
    "drop": "lost",
    "timeout": "timeout",
}
KINDS = (*EVENT_OF, "partial_write")


@dataclass(frozen=True)
class Ticks:
    """A schedule with even spacing."""

    transmit_tick: NDArray[np.int64]
    sample_rate_hz: float = float(SAMPLE_RATE_HZ)
    window_samples: int = WINDOW

    @property
    def window_start_tick(self) -> NDArray[np.int64]:
        """Windows a quarter of a second after their pulses."""
        return self.transmit_tick + SAMPLE_RATE_HZ // 4

    @property
    def pulses(self) -> int:
        """Number of pulses."""
        return int(self.transmit_tick.size)


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Parameters
    ----------
    injected : Counter
        Faults by kind, as the radio tells.
    missed : list
        Faults, as (kind, pulse), without an event on their pulse.
    invented : list
        Events, as (kind, pulse), without a fault.
    misplaced : int
        Samples that no event covers and that are not the ones played there.
    not_silent : int
        Samples that an event covers and that are not zero.
    seconds : float
        Of the run.
    memory_bytes : list of int
        Resident memory after each tenth of the run.
    """

    injected: Counter[str]
    missed: list[tuple[str, int]]
    invented: list[tuple[str, int]]
    misplaced: int
    not_silent: int
    seconds: float
    memory_bytes: list[int]


def codes_of(first_pulse: int, pulses: int) -> NDArray[np.int16]:
    """Give codes that differ from pulse to pulse and from tick to tick, shape (pulses, values)."""
    generator = np.random.default_rng(first_pulse)
    codes: NDArray[np.int16] = generator.integers(
        1, LARGEST_CODE, (pulses, 2 * WINDOW), dtype=np.int16
    )
    return codes


def play(pulses: int, faults: int, seed: int = 1) -> Outcome:
    """Play a schedule with faults at random places.

    Parameters
    ----------
    pulses : int
        Of the schedule, a multiple of the block.
    faults : int
        About how many; evenly of all kinds but the lost link, which ends a run.
    seed : int
        Of the places.
    """
    settings = SoapySettings(
        "driver=moonecho_loopback,clock=stepped",
        transmit=True,
        attenuation_db=40.0,
        tx_gain_db=0.0,
        rx_gain_db=0.0,
        # The radio's clock stands at zero when it is opened, so this is the first tick.
        start_delay_s=0.1,
        device_settings=_faults(pulses, faults, seed, SAMPLE_RATE_HZ // 10),
    )
    device = SoapyDevice(settings)
    schedule = Ticks(np.arange(pulses, dtype=np.int64) * INTERVAL)
    events: Counter[tuple[str, int]] = Counter()
    misplaced = not_silent = 0
    memory: list[int] = []
    process = psutil.Process()
    began_s = time.perf_counter()
    with session(device, schedule) as armed:
        for captured in armed.exchange(_blocks(pulses)):
            wrong, loud = _judge(captured)
            misplaced, not_silent = misplaced + wrong, not_silent + loud
            events.update((event.kind, event.pulse) for event in captured.events)
            done = captured.first_pulse + captured.pulses
            if done * 10 // pulses > len(memory):
                memory.append(process.memory_info().rss)
        told = armed.read_back()
        log = device.read_setting("fault_log")
    seconds = time.perf_counter() - began_s
    injected: Counter[str] = Counter()
    due: Counter[tuple[str, int]] = Counter()
    for line in log.splitlines():
        kind, tick, _ = line.split()
        injected[kind] += 1
        if kind in EVENT_OF:
            due[EVENT_OF[kind], (int(tick) - told["first_tick"]) // INTERVAL] += 1
    return Outcome(
        injected,
        sorted((due - events).elements()),
        sorted((events - due).elements()),
        misplaced,
        not_silent,
        seconds,
        memory,
    )


def _faults(pulses: int, faults: int, seed: int, first_tick: int) -> dict[str, str]:
    """Spread faults over pulses, no two on one, and over the samples of a window."""
    generator = np.random.default_rng(seed)
    struck = np.sort(generator.choice(pulses, faults, replace=False))
    sample = generator.integers(0, WINDOW, faults)
    settings = {}
    for number, kind in enumerate(KINDS):
        ticks = first_tick + struck[number :: len(KINDS)] * INTERVAL
        ticks += sample[number :: len(KINDS)]
        text = " ".join(str(tick) for tick in ticks.tolist())
        settings[f"fault_{kind}"] = f"at={text}, samples=5" if text else ""
    return settings


def _blocks(pulses: int) -> Iterator[PlayedBlock]:
    for first in range(0, pulses, BLOCK):
        codes = codes_of(first, min(BLOCK, pulses - first))
        yield PlayedBlock(first, (codes / np.float32(LARGEST_CODE)).view(np.complex64))


def _judge(captured: CapturedBlock) -> tuple[int, int]:
    """Count samples that are wrong without an event, and not zero with one."""
    played = codes_of(captured.first_pulse, captured.pulses).reshape(-1, WINDOW, 2)
    covered = np.zeros(played.shape[:2], np.bool_)
    for event in captured.events:
        end = event.first_sample + event.samples
        covered[event.pulse - captured.first_pulse, event.first_sample : end] = True
    wrong = np.any(captured.samples != played, axis=2) & ~covered
    loud = np.any(captured.samples != 0, axis=2) & covered
    return int(wrong.sum()), int(loud.sum())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pulses", type=int, default=2_000_000)
    parser.add_argument("--faults", type=int, default=10_000)
    arguments = parser.parse_args()
    schedule_s = arguments.pulses * INTERVAL / SAMPLE_RATE_HZ
    outcome = play(arguments.pulses, arguments.faults)
    print(f"{arguments.pulses} pulses, {schedule_s:.0f} s of schedule")
    print(f"injected          {dict(sorted(outcome.injected.items()))}")
    print(f"without an event  {len(outcome.missed)} {outcome.missed[:5]}")
    print(f"without a fault   {len(outcome.invented)} {outcome.invented[:5]}")
    print(f"samples misplaced {outcome.misplaced}, lost and not zero {outcome.not_silent}")
    print("memory, MB        " + " ".join(f"{size / 1e6:.1f}" for size in outcome.memory_bytes))
    print(
        f"took              {outcome.seconds:.0f} s, {schedule_s / outcome.seconds:.1f} times as "
        "fast as the schedule"
    )


if __name__ == "__main__":
    main()
