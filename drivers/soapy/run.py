"""One run through a radio: three threads, and the blocks that go in and come out."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.clipping import clip_events
from drivers.errors import DeviceSettingsError, DriverError, LinkLostError
from drivers.interface import CapturedBlock, Event, PlayedBlock, Schedule
from drivers.schedule_check import smallest_gap
from drivers.soapy.alignment import make_marker
from drivers.soapy.capabilities import RadioFacts
from drivers.soapy.conversion import at_rails, to_stream
from drivers.soapy.flow import Flow
from drivers.soapy.ledger import Block, Ledger
from drivers.soapy.link import Link
from drivers.soapy.receiver import Receiver
from drivers.soapy.settings import SoapySettings
from drivers.soapy.status import StatusReader
from drivers.soapy.ticks import TickClock
from drivers.soapy.transmitter import Transmitter

_POLL_S = 0.1
_LEAST_BLOCKS = 2

# Of a continuous stream, so much is kept under way if the settings say less.
_CONTINUOUS_LEAD_S = 0.25

# A writer is inside a call for at most a tenth of a second.
_CALL_ENDS_S = 0.5


class Run:
    """One run.

    Parameters
    ----------
    link : Link
        With its streams open.
    settings : SoapySettings
        Of the radio.
    facts : RadioFacts
        What it can do.
    schedule : Schedule
        What is to be played.
    clock : TickClock
        Its sample clock.
    """

    def __init__(
        self,
        link: Link,
        settings: SoapySettings,
        facts: RadioFacts,
        schedule: Schedule,
        clock: TickClock,
    ) -> None:
        self._settings, self._facts, self._schedule = settings, facts, schedule
        self._offset = window_offsets(schedule, clock)
        self._ahead = self._pulses_ahead(clock)
        gap = smallest_gap(schedule)
        self._dead: DriverError | None = None
        self._yielded = False
        timed = facts.timed
        longest = int(np.diff(self._offset).max(initial=schedule.window_samples))
        lead_ticks = math.ceil(settings.start_delay_s * clock.rate)
        wait_s = (longest + 2 * lead_ticks + settings.receive_delay_ticks) / float(clock.rate)
        self.flow = Flow(
            link=link,
            ledger=Ledger(settings.on_loss, settings.max_repeats),
            clock=clock,
            window_samples=schedule.window_samples,
            transmit=facts.transmit,
            receive=facts.receive,
            slot_ticks=schedule.window_samples + (0 if gap is None else gap),
            first_tick=0,
            lead_ticks=lead_ticks,
            receive_delay_ticks=settings.receive_delay_ticks,
            continuous=settings.streaming == "continuous" or not timed,
            marker=None if timed else make_marker(facts.transmit),
            patience_s=settings.timeout_s + wait_s,
        )
        self._threads: list[threading.Thread] = []
        self._transmitter: Transmitter | None = None
        self._receiver: Receiver | None = None
        self._first_tick: int | None = None

    def start(self) -> None:
        """Let the output begin with what is written first. The threads follow the first block."""
        self.flow.link.drain_status()
        self.flow.link.activate_transmit()

    def _begin(self) -> None:
        """Choose the tick of the first window, and start the threads.

        Not before there is something to play: how long the first block takes to be made is not
        known, and the tick must not have passed by then.
        """
        flow, link = self.flow, self.flow.link
        if flow.timed:
            # On the grid of whole nanoseconds, so that the first burst is where it is said to be.
            now = flow.clock.tick(link.time_ns())
            self._first_tick = flow.clock.on_grid(now + flow.lead_ticks)
            flow.first_tick = flow.written_tick = self._first_tick
        else:
            link.require_success(link.activate_receive(None), "receive")
        flow.tokens.put(self._ahead)
        self._transmitter = Transmitter(flow)
        self._receiver = Receiver(flow)
        status = StatusReader(flow, self._settings.status_wait_s)
        flow.progress()
        self._threads = [
            threading.Thread(target=work, name=f"soapy-{name}", daemon=True)
            for name, work in (
                ("transmit", self._transmitter.run),
                ("receive", self._receiver.run),
                ("status", status.run),
            )
        ]
        for thread in self._threads:
            thread.start()

    def exchange(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        """Play blocks and give back what was received, in order."""
        under_way: deque[Block] = deque()
        pulses = 0
        for played in blocks:
            block = self._convert(played)
            if not self._threads:
                self._begin()
            under_way.append(block)
            pulses += block.pulses
            if self._dead is None:
                self.flow.feed.put(block)
            while under_way and (len(under_way) > _LEAST_BLOCKS and pulses > 4 * self._ahead):
                pulses -= under_way[0].pulses
                yield self._captured(under_way.popleft())
        self.flow.feed.put(None)
        while under_way:
            yield self._captured(under_way.popleft())

    def finish(self, deadline_s: float) -> bool:
        """Wait until writer and reader have ended, then end the status; tell whether all did."""
        if self._dead is not None:
            self.flow.stop.set()
        until_s = time.monotonic() + deadline_s
        for thread in self._threads[:2]:
            thread.join(max(0.0, until_s - time.monotonic()))
        ended = not any(thread.is_alive() for thread in self._threads[:2])
        self.flow.stop.set()
        if self._dead is None and self.flow.ledger.failure is not None:
            raise self.flow.ledger.failure
        return self.join(max(_CALL_ENDS_S, until_s - time.monotonic())) and ended

    def join(self, deadline_s: float = _CALL_ENDS_S) -> bool:
        """Ask the threads to end; tell whether they did within a deadline."""
        self.flow.stop.set()
        until_s = time.monotonic() + deadline_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def link_lost(self) -> bool:
        """Whether the run went on without its radio."""
        return self._dead is not None

    def told(self) -> dict[str, Any]:
        """Tell what became of the run; fit for JSON."""
        flow, receiver = self.flow, self._receiver
        told: dict[str, Any] = {
            "rate": str(flow.clock.rate),
            "timed": flow.timed,
            "continuous": flow.continuous,
            "pulses_ahead": self._ahead,
            "first_tick": self._first_tick,
            "counts": dict(sorted(flow.ledger.counts.items())),
            "link_lost": None if self._dead is None else str(self._dead),
        }
        if self._transmitter is not None:
            told["partial_writes"] = self._transmitter.partial_writes
        if receiver is not None:
            told["largest_stamp_error_ns"] = receiver.largest_stamp_error_ns
            if receiver.marker_place is not None:
                told["alignment"] = {
                    "marker_start": receiver.marker_start,
                    "fraction_ticks": receiver.marker_place.fraction,
                    "coherence": receiver.marker_place.coherence,
                }
        return told

    def _pulses_ahead(self, clock: TickClock) -> int:
        ahead, pulses = self._settings.pulses_ahead, self._schedule.pulses
        if self._settings.streaming == "continuous" or not self._facts.timed:
            interval_s = int(self._offset[-1]) / max(1, pulses - 1) / float(clock.rate)
            if interval_s > 0.0:
                ahead = max(ahead, min(pulses, math.ceil(_CONTINUOUS_LEAD_S / interval_s)))
        return ahead

    def _convert(self, played: PlayedBlock) -> Block:
        values, clipped = to_stream(played.samples, self._facts.transmit, played.first_pulse)
        pulses, window_samples = played.samples.shape
        end_pulse = played.first_pulse + pulses
        block = Block(
            first_pulse=played.first_pulse,
            played=values,
            received=self._facts.receive.empty(pulses, window_samples),
            offset=self._offset[played.first_pulse : end_pulse],
            last=end_pulse == self._schedule.pulses,
            unsettled=pulses,
            settled=np.zeros(pulses, np.bool_),
        )
        block.events.extend(clip_events("clipped_dac", played.first_pulse, clipped))
        return block

    def _captured(self, block: Block) -> CapturedBlock:
        ledger = self.flow.ledger
        while self._dead is None and not ledger.wait_for(block, _POLL_S):
            pass
        if self._dead is None and ledger.failure is not None and block.unsettled:
            self._survive(ledger.failure)
        events = block.events
        if self._dead is not None:
            events = [*events, *ledger.abandon(block, self._dead)]
        values, samples = block.received, self._schedule.window_samples
        rails = at_rails(values, self._facts.receive)
        events = [
            *events,
            *clip_events("clipped_adc", block.first_pulse, rails, "at the rails of the ADC"),
        ]
        self._yielded = True
        received: NDArray[np.int16] | NDArray[np.complex64] = (
            values.reshape(-1, samples, 2).view(np.int16)
            if self._facts.receive.is_integer
            else values.view(np.complex64)
        )
        return CapturedBlock(block.first_pulse, received, tuple(sorted(events, key=_by_pulse)))

    def _survive(self, failure: DriverError) -> None:
        """Go on without the radio, if what was recorded is worth more than an error."""
        keep = self._settings.on_loss == "flag" and (self._yielded or self.flow.ledger.settled > 0)
        if not (isinstance(failure, LinkLostError) and keep):
            raise failure
        self._dead = failure
        self.join()


def _by_pulse(event: Event) -> int:
    return event.pulse


def window_offsets(schedule: Schedule, clock: TickClock) -> NDArray[np.int64]:
    """Give the ticks of all windows from the first one on.

    Parameters
    ----------
    schedule : Schedule
        What is to be played.
    clock : TickClock
        The radio's.

    Returns
    -------
    int64 array, shape (pulses,)

    Raises
    ------
    DeviceSettingsError
        The library's nanoseconds cannot name these ticks.
    """
    offset: NDArray[np.int64] = schedule.window_start_tick - schedule.window_start_tick[0]
    grid = clock.grid_ticks
    if not clock.invertible and np.any(offset % grid):
        raise DeviceSettingsError(
            f"at {float(clock.rate):.12g} Hz only every {grid} ticks are a whole number of "
            "nanoseconds, and windows lie between those",
            f"use at most 1e9 Hz, or windows at multiples of {grid} ticks",
        )
    return offset
