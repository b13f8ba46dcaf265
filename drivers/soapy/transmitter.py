"""The thread that writes bursts, each at its tick and a few pulses ahead."""

from __future__ import annotations

from itertools import count
from queue import Empty

import numpy as np

from drivers.soapy.flow import Flow
from drivers.soapy.ledger import Block, Burst

_CALL_US = 100_000
_WAIT_S = 0.1
_SHORT_WAIT_S = 0.002

# Silence, and windows that touch, are written in pieces of at most this many samples.
_PIECE_SAMPLES = 65536


class Transmitter:
    """Plays blocks, and repeats what was lost.

    A pulse is played ``offset`` ticks after the first one. An echo that is synthesised does not
    depend on the time at which it is played, so a lost pulse can be played again in a slot of its
    own; all that follow come later by that slot.

    Parameters
    ----------
    flow : Flow
        The run.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow, self._link = flow, flow.link
        self._serial = count()
        self._credit = 0  # pulses that may be put under way
        self._block: Block | None = None
        self._row = 0
        self._last_offset = 0
        self._shift = 0  # by repeats, ticks
        self._ended = False
        self._silence = np.zeros(_PIECE_SAMPLES * flow.transmit.sample_bytes, np.uint8)
        # Another answer to a write is not an error: part of it was taken.
        self.partial_writes = 0

    def run(self) -> None:
        """Write until all is settled or the run stops; errors go to the ledger."""
        flow = self._flow
        with flow.guard("its output cannot be written"):
            if flow.marker is not None and not self._lead_in():
                return
            while not flow.stop.is_set():
                if not self._take_credit():
                    continue
                burst = self._next()
                if burst is None:
                    break
                self._credit -= burst.rows
                flow.ledger.launch(burst)
                if flow.continuous:
                    # Before it is written: the samples of what is written are read at once.
                    flow.orders.put(burst)
                    self._play(burst)
                else:
                    # After it is written: a clock that is stepped by the receiver cannot pass it.
                    self._play(burst)
                    flow.orders.put(burst)
        flow.orders.put(None)

    def _take_credit(self) -> bool:
        """Take what was done meanwhile; tell whether something may be played."""
        tokens = self._flow.tokens
        while self._credit == 0 or not tokens.empty():
            try:
                self._credit += tokens.get(timeout=_WAIT_S)
            except Empty:
                return False
        return True

    def _next(self) -> Burst | None:
        """Wait for the next thing to play; none when there is nothing to come."""
        flow = self._flow
        while not flow.stop.is_set():
            if flow.ledger.repeats:
                return self._repeat(*flow.ledger.repeats.popleft())
            if self._block is not None:
                block, row = self._block, self._row
                rows = self._touching(block, row)
                self._row += rows
                if self._row == block.pulses:
                    self._block = None
                tick = flow.first_tick + self._shift + int(block.offset[row])
                self._last_offset = int(block.offset[row + rows - 1])
                return Burst(next(self._serial), block, row, 0, tick, rows)
            if self._ended and flow.ledger.idle:
                return None
            try:
                block_or_end = flow.feed.get(timeout=_SHORT_WAIT_S)
            except Empty:
                continue
            # With nothing to play nothing went through, which was no fault of the link.
            flow.progress()
            if block_or_end is None:
                self._ended = True
            else:
                self._block, self._row = block_or_end, 0
        return None

    def _touching(self, block: Block, row: int) -> int:
        """Give how many windows from a row on can be played as one."""
        flow = self._flow
        length = flow.window_samples
        most = min(block.pulses - row, self._credit, _PIECE_SAMPLES // length)
        if not flow.continuous or most <= 1:
            return 1
        apart = np.flatnonzero(np.diff(block.offset[row : row + most]) != length)
        return int(apart[0]) + 1 if apart.size else most

    def _repeat(self, block: Block, row: int, attempt: int) -> Burst:
        flow = self._flow
        # Behind everything that was written; before all that is to come.
        tick = flow.first_tick + self._shift + self._last_offset + flow.slot_ticks
        if flow.timed:
            now = flow.clock.tick(flow.link.time_ns())
            late = max(0, now + flow.lead_ticks - tick)
            tick, self._shift = tick + late, self._shift + late
        self._shift += flow.slot_ticks
        return Burst(next(self._serial), block, row, attempt, tick)

    def _play(self, burst: Burst) -> None:
        flow, block = self._flow, burst.block
        if flow.continuous:
            self._silence_until(burst.tick)
        samples = burst.samples
        address = block.played.__array_interface__["data"][0] + burst.row * block.played.strides[0]
        last = block.last and burst.row + burst.rows == block.pulses
        ends = last and flow.marker is None
        end_burst = not flow.continuous or burst.attempt > 0 or ends
        self._write(address, samples, burst, end_burst=end_burst)
        flow.written_tick = burst.tick + samples
        if last and flow.marker is not None:
            self._lead_out()
        if last and flow.receive_delay_ticks and flow.timed and not flow.continuous:
            # The window is open for longer than the pulse. Something must be transmitted to its
            # end, or a clock that waits for both sides waits here.
            flow.written_tick = burst.tick + samples + flow.receive_delay_ticks - 1
            self._write(self._silence.__array_interface__["data"][0], 1, None, end_burst=True)

    def _lead_in(self) -> bool:
        """Send the marker, then silence until it was found; tell whether it was."""
        flow, marker = self._flow, self._flow.marker
        assert marker is not None
        values = marker.played
        flow.written_tick = 0
        self._write(values.__array_interface__["data"][0], marker.samples, None, end_burst=False)
        flow.written_tick = marker.samples
        while not flow.aligned.is_set():
            if flow.stop.is_set():
                return False
            self._silence_until(flow.written_tick + marker.samples)
        flow.first_tick = flow.written_tick
        return True

    def _lead_out(self) -> None:
        """Send the marker again, between silences: it shows whether samples were lost meanwhile."""
        flow, marker = self._flow, self._flow.marker
        assert marker is not None
        flow.last_marker_tick = flow.written_tick + marker.samples
        self._silence_until(flow.last_marker_tick)
        address = marker.played.__array_interface__["data"][0]
        self._write(address, marker.samples, None, end_burst=False)
        flow.written_tick += marker.samples
        self._silence_until(flow.written_tick + 4 * marker.samples + flow.receive_delay_ticks)
        self._write(self._silence.__array_interface__["data"][0], 1, None, end_burst=True)

    def _silence_until(self, tick: int) -> None:
        flow, address = self._flow, self._silence.__array_interface__["data"][0]
        while flow.written_tick < tick and not flow.stop.is_set():
            part = min(tick - flow.written_tick, _PIECE_SAMPLES)
            self._write(address, part, None, end_burst=False)
            flow.written_tick += part

    def _write(self, address: int, samples: int, burst: Burst | None, *, end_burst: bool) -> None:
        """Write samples from a tick on, in as many parts as the radio takes them."""
        flow, link, library = self._flow, self._link, self._link.library
        tick = self._flow.written_tick if burst is None else burst.tick
        time_ns = flow.clock.nanoseconds(tick) if flow.timed else 0
        done = 0
        while done < samples and not flow.stop.is_set():
            part = min(samples - done, link.transmit_samples)
            flags = 0
            if flow.timed and done == 0:
                flags |= library.SOAPY_SDR_HAS_TIME
            if end_burst and done + part == samples:
                flags |= library.SOAPY_SDR_END_BURST
            place = address + done * flow.transmit.sample_bytes
            reply = link.write(place, part, flags, time_ns, _CALL_US)
            if reply.ret > 0:
                self.partial_writes += reply.ret < part
                done += reply.ret
                flow.progress()
            elif reply.ret in (0, library.SOAPY_SDR_TIMEOUT):
                flow.require_progress("its output takes none")
                if reply.ret == 0:
                    flow.stop.wait(_SHORT_WAIT_S)
            else:
                self._refused(reply.ret, tick + done, burst)
                return

    def _refused(self, code: int, tick: int, burst: Burst | None) -> None:
        flow, library = self._flow, self._link.library
        flow.require_progress(f"its output answers {self._link.describe(code)}")
        if burst is None:
            flow.ledger.counts["silence_refused"] += 1
        elif code == library.SOAPY_SDR_TIME_ERROR:
            detail = "the radio refused it: its time had passed"
            flow.ledger.fault_at(tick, "late", detail, whole=True)
        elif code == library.SOAPY_SDR_UNDERFLOW:
            flow.ledger.fault_at(tick, "underflow", "the output ran dry", whole=False)
        else:
            detail = f"the output refused it: {self._link.describe(code)}"
            flow.ledger.fault_at(tick, "lost", detail, whole=False)
