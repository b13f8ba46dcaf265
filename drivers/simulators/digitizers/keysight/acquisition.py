"""What the simulated Keysight oscilloscopes have in common: trigger, ADC, records and segments.

Sample clocks run free: where the first sample lies relative to the trigger is another fraction of a
sample from shot to shot, and the record says which.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.bench.rf_bench import FrontEnd, Playback, Signal

# Of the trigger circuit, rms, and of the pause before the next segment.
_JITTER_S = 2e-12
_REARM_S = 1e-6
# Without a trigger, when the sweep is automatic.
_AUTO_TRIGGER_S = 0.05
# Of the input: a part of its range, and a rest.
_NOISE_OF_RANGE, _LEAST_NOISE_V = 1e-3, 100e-6


@dataclass(frozen=True, slots=True)
class Input:
    """A channel's ADC: its codes span ``range_v`` about ``offset_v``."""

    range_v: float
    offset_v: float
    bits: int

    @property
    def step_v(self) -> float:
        """Between codes."""
        return self.range_v / (1 << self.bits)

    @property
    def top(self) -> int:
        """Largest code; the smallest one is its negative."""
        return (1 << self.bits - 1) - 1

    def codes(self, volts: NDArray[np.float32]) -> NDArray[np.int16]:
        """Round voltages to codes, in place, and clip them."""
        volts -= np.float32(self.offset_v)
        volts /= np.float32(self.step_v)
        np.rint(volts, out=volts)
        np.clip(volts, -self.top, self.top, out=volts)
        return volts.astype(np.int16)


@dataclass(frozen=True, slots=True)
class Setup:
    """How an acquisition is taken.

    Parameters
    ----------
    inputs : mapping of int to Input
        Channels that are on.
    interval_s : float
        Between samples.
    points : int
        Of a record.
    start_s : float
        Where it begins, from the trigger on.
    segments : int
        Records.
    trigger : str
        Connector.
    level_v : float
        Of the trigger.
    slope : {"POS", "NEG", "EITH"}
        Of the trigger.
    automatic : bool
        Whether it does without one after a while.
    single : bool
        Whether it stops then.
    bandwidth_hz : float
        Of the inputs.
    reference : {"internal", "external"}
        Of the clock.
    """

    inputs: Mapping[int, Input]
    interval_s: float
    points: int
    start_s: float
    segments: int
    trigger: str
    level_v: float
    slope: str
    automatic: bool
    single: bool
    bandwidth_hz: float
    external_reference: bool


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One record of all channels.

    Parameters
    ----------
    setup : Setup
        How it was taken.
    codes : mapping of int to int16 array, shape (points,)
        By channel.
    origin_s : float
        Time of the first sample from the trigger on.
    tag_s : float
        Time of the trigger from the first one on.
    """

    setup: Setup
    codes: Mapping[int, NDArray[np.int16]]
    origin_s: float
    tag_s: float


class Acquisition:
    """The state machine: stopped, armed, done; and what was recorded.

    Parameters
    ----------
    seed : int
        Of the sample clock's phase and of the trigger's jitter.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._lock = threading.RLock()
        self._setup: Setup | None = None
        self._armed_at = self._first_trigger_s = 0.0
        self.shots: list[Shot] = []
        self.armed_event = self.triggered_event = self.done_event = self.processed_event = False

    @property
    def armed(self) -> bool:
        """Whether a trigger is waited for."""
        with self._lock:
            self._look()
            return self._setup is not None

    def arm(self, setup: Setup) -> None:
        """Begin; what was recorded before is gone."""
        with self._lock:
            self._setup = setup
            self.shots = []
            self.armed_event = True
            self.triggered_event = self.done_event = self.processed_event = False
            self._armed_at = time.monotonic()

    def stop(self) -> None:
        """End; what was recorded stays."""
        with self._lock:
            self._setup = None

    def take(self, event: str) -> bool:
        """Read an event and reset it: "armed", "triggered", "done" or "processed"."""
        with self._lock:
            self._look()
            happened = bool(getattr(self, f"{event}_event"))
            setattr(self, f"{event}_event", False)
            return happened

    def heard(self, signal: Signal) -> None:
        """Take what the bench plays, at every trigger that is in it."""
        with self._lock:
            setup, free_s = self._setup, -math.inf
            if setup is None:
                return
            for edge_s in _triggers(setup, signal):
                if self._setup is None:
                    return
                if edge_s < free_s:
                    continue
                self._record(setup, signal, float(edge_s))
                free_s = edge_s + setup.start_s + setup.points * setup.interval_s + _REARM_S

    def _look(self) -> None:
        """Trigger without a signal, when it is time for that."""
        setup = self._setup
        waited_s = time.monotonic() - self._armed_at
        if setup is not None and setup.automatic and waited_s > _AUTO_TRIGGER_S:
            silence = Signal(Playback(1.0, {}), {}, 0.0, 0, len(self.shots))
            while self._setup is setup:
                self._record(setup, silence, 0.0)
                if not setup.single:
                    return

    def _record(self, setup: Setup, signal: Signal, edge_s: float) -> None:
        trigger_s = edge_s + _JITTER_S * float(self._random.standard_normal())
        # The first sample is the first one of a free clock behind the start of the window.
        origin_s = setup.start_s + setup.interval_s * float(self._random.random())
        codes = {}
        for channel, one in setup.inputs.items():
            front = FrontEnd(
                setup.bandwidth_hz,
                _NOISE_OF_RANGE * one.range_v + _LEAST_NOISE_V,
                "external" if setup.external_reference else "internal",
            )
            volts = signal.sample(
                str(channel), trigger_s + origin_s, setup.interval_s, setup.points, front
            )
            codes[channel] = one.codes(volts)
        now_s = time.monotonic() + edge_s
        if not self.shots or not setup.single:
            self._first_trigger_s = now_s
        shot = Shot(setup, codes, origin_s, now_s - self._first_trigger_s)
        self.triggered_event = True
        if not setup.single:
            self.shots = [shot]
            self.done_event = self.processed_event = True
            return
        self.shots.append(shot)
        if len(self.shots) == setup.segments:
            self._setup = None
            self.done_event = self.processed_event = True


def _triggers(setup: Setup, signal: Signal) -> NDArray[np.float64]:
    if setup.trigger not in signal.connectors:
        return np.empty(0)
    found = [
        signal.edges(setup.trigger, setup.level_v, rising)
        for rising, slopes in ((True, ("POS", "EITH")), (False, ("NEG", "EITH")))
        if setup.slope in slopes
    ]
    return np.sort(np.concatenate(found))


def sample_rates(fastest_hz: float, slowest_hz: float) -> list[float]:
    """List the rates to which a clock can be divided: by 1, 2, 4, 5, 10, 20, 40, 50 and so on."""
    rates: list[float] = []
    decade = 1
    while fastest_hz / decade >= slowest_hz:
        rates += [fastest_hz / (decade * part) for part in (1, 2, 4, 5)]
        decade *= 10
    return [rate for rate in rates if rate >= slowest_hz]


def sized_block(data: bytes | memoryview) -> bytes:
    """Write a block with eight digits of length, as these oscilloscopes do."""
    return b"".join((f"#8{memoryview(data).nbytes:08d}".encode("ascii"), data))


def signed(value: float) -> str:
    """Write a number as these oscilloscopes do: with its sign and nine digits."""
    return f"{value:+.8E}"
