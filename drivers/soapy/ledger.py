"""What is under way in the radio, and what became of it.

Three threads write here and one reads. A burst is one attempt at a pulse. It is settled once its
window was received and the radio can have no more to say of its transmission; what was lost is
zeros by then, or on its way to be played again.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DriverError
from drivers.interface import Event, EventKind
from drivers.soapy.conversion import StreamSamples
from drivers.soapy.errors import PulseLostError
from drivers.soapy.settings import OnLoss


class Fault(NamedTuple):
    """Something that happened to a burst; with no samples, nothing was lost by it."""

    kind: EventKind
    first_sample: int
    samples: int
    detail: str


@dataclass(slots=True, eq=False)
class Block:
    """Consecutive windows on their way through the radio.

    Parameters
    ----------
    first_pulse : int
        Number of the first.
    played, received : arrays, shape (pulses, 2 * window_samples)
        What goes out, and what came back; zeros until then.
    offset : int64 array, shape (pulses,)
        Ticks from the first window of the schedule.
    last : bool
        Nothing follows it.
    unsettled : int
        Windows that are not settled yet.
    settled : bool array, shape (pulses,)
        Which are.
    events : list of Event
        Of the settled ones.
    """

    first_pulse: int
    played: StreamSamples
    received: StreamSamples
    offset: NDArray[np.int64]
    last: bool
    unsettled: int
    settled: NDArray[np.bool_]
    events: list[Event] = field(default_factory=list)

    @property
    def pulses(self) -> int:
        """Number of windows."""
        return int(self.played.shape[0])

    @property
    def window_samples(self) -> int:
        """Length of a window."""
        return int(self.played.shape[1]) // 2


@dataclass(slots=True, eq=False)
class Burst:
    """One attempt at a pulse, at ``tick`` of the radio's clock.

    In a continuous stream it may be several, ``rows``, whose windows touch: they go out in one
    write and come back in one read, so that short windows cost no more than long ones.
    """

    serial: int
    block: Block
    row: int
    attempt: int
    tick: int
    rows: int = 1
    received: bool = False
    faults: list[Fault] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Length."""
        return self.rows * self.block.window_samples

    def faults_by_row(self) -> dict[int, list[Fault]]:
        """Give the faults of each row of the block, as places in its window."""
        length = self.block.window_samples
        found: dict[int, list[Fault]] = {}
        for kind, first, samples, detail in self.faults:
            end = first + samples
            begin = min(first // length, self.rows - 1)
            for row in range(begin, max(begin + 1, -(-end // length))):
                start = max(first, row * length)
                part = max(0, min(end, (row + 1) * length) - start)
                fault = Fault(kind, start - row * length, part, detail)
                found.setdefault(self.row + row, []).append(fault)
        return found


class Ledger:
    """The bursts under way.

    Parameters
    ----------
    on_loss : str
        What follows when a pulse is lost.
    max_repeats : int
        How often a pulse is played again.
    """

    def __init__(self, on_loss: OnLoss, max_repeats: int) -> None:
        self._on_loss = on_loss
        self._max_repeats = max_repeats
        self._changed = threading.Condition()
        self._under_way: deque[Burst] = deque()
        self._covered = -1
        self.repeats: deque[tuple[Block, int, int]] = deque()
        self.failure: DriverError | None = None
        self.counts: Counter[str] = Counter()
        self.settled = 0

    def launch(self, burst: Burst) -> None:
        """Note a burst that is about to be written, so that complaints about it find it."""
        with self._changed:
            self._under_way.append(burst)

    def fault_at(self, tick: int, kind: EventKind, detail: str, *, whole: bool) -> None:
        """Lay a complaint of the transmitter on the burst of its tick, or on the one before it.

        Parameters
        ----------
        tick : int
            Of which the complaint speaks. From there on the burst is lost.
        kind : str
            Of event.
        detail : str
            For a reader.
        whole : bool
            All of the burst is lost.
        """
        with self._changed:
            burst = self._burst_at(tick)
            if burst is None:
                self.counts["complaints_without_a_pulse"] += 1
                return
            first = 0 if whole else min(max(tick - burst.tick, 0), burst.samples)
            # Complaints about the time behind a window have cost none of its samples.
            burst.faults.append(Fault(kind, first, burst.samples - first, detail))

    def fault_unplaced(self, kind: EventKind, detail: str) -> None:
        """Lay a complaint without a time on the oldest burst that may yet be complained about."""
        with self._changed:
            for burst in self._under_way:
                if burst.serial > self._covered:
                    burst.faults.append(Fault(kind, 0, burst.samples, detail))
                    return
            self.counts["complaints_without_a_pulse"] += 1

    def receive(self, burst: Burst) -> None:
        """Note that the window of a burst is as complete as it will be."""
        with self._changed:
            burst.received = True
            self._settle()

    def last_received(self) -> int:
        """Give the serial number up to which all windows were received."""
        with self._changed:
            serial = self._covered
            for burst in self._under_way:
                if not burst.received:
                    break
                serial = max(serial, burst.serial)
            return serial

    def acknowledge(self, tick: int | None) -> None:
        """Note that the transmission is well told up to the burst that ends at ``tick``.

        Without a tick, acknowledgements come one a burst.
        """
        with self._changed:
            if tick is None:
                self._cover(self._covered + 1)
                return
            burst = self._burst_at(tick - 1)
            if burst is not None:
                self._cover(burst.serial)

    def cover(self, serial: int) -> None:
        """Note that no complaint about bursts up to a serial number is to come."""
        with self._changed:
            self._cover(serial)

    def fail(self, error: DriverError) -> None:
        """End everything with an error; the first one counts."""
        with self._changed:
            if self.failure is None:
                self.failure = error
            self._changed.notify_all()

    def wait_for(self, block: Block, timeout_s: float) -> bool:
        """Wait until a block is settled, or something failed; tell whether that is so."""
        with self._changed:
            return self._changed.wait_for(
                lambda: block.unsettled == 0 or self.failure is not None, timeout_s
            )

    def abandon(self, block: Block, failure: DriverError) -> list[Event]:
        """Give up the windows of a block that are not settled; tell so of each."""
        with self._changed:
            samples = block.window_samples
            rows = np.flatnonzero(~block.settled)
            block.received[rows] = 0
            self.counts["lost"] += rows.size
            return [
                Event("lost", block.first_pulse + row, 0, samples, failure.problem)
                for row in rows.tolist()
            ]

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and nothing waits to be played again."""
        with self._changed:
            return not self._under_way and not self.repeats

    def _burst_at(self, tick: int) -> Burst | None:
        for burst in reversed(self._under_way):
            if burst.tick <= tick:
                return burst
        return None

    def _cover(self, serial: int) -> None:
        self._covered = max(self._covered, serial)
        self._settle()

    def _settle(self) -> None:
        while self._under_way:
            burst = self._under_way[0]
            if not burst.received or burst.serial > self._covered:
                return
            self._under_way.popleft()
            self._close(burst)

    def _close(self, burst: Burst) -> None:
        block, settled = burst.block, burst.rows
        block.settled[burst.row : burst.row + burst.rows] = True
        for row, faults in burst.faults_by_row().items() if burst.faults else ():
            if self._is_repeated(burst, row, faults):
                block.settled[row] = False
                settled -= 1
        block.unsettled -= settled
        self.settled += settled
        if block.unsettled == 0 or self.failure is not None:
            self._changed.notify_all()

    def _is_repeated(self, burst: Burst, row: int, faults: list[Fault]) -> bool:
        """Draw the consequences of what happened to a window; tell whether it is played again."""
        block, lost = burst.block, [fault for fault in faults if fault.samples]
        pulse = block.first_pulse + row
        for fault in faults:
            self.counts[fault.kind] += 1
        if lost and self._on_loss == "abort" and self.failure is None:
            fault = lost[0]
            self.failure = PulseLostError(
                f"pulse {pulse} was lost ({fault.kind}: {fault.detail})",
                "ease the load, or let it be flagged or played again with on_loss",
            )
        if lost and self._on_loss == "retry" and burst.attempt < self._max_repeats:
            block.received[row] = 0
            self.counts["repeats"] += 1
            self.repeats.append((block, row, burst.attempt + 1))
            return True
        for fault in faults:
            end = fault.first_sample + fault.samples
            block.received[row, 2 * fault.first_sample : 2 * end] = 0
            block.events.append(Event(fault.kind, pulse, *fault[1:]))
        return False
