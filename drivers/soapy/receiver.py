"""The thread that reads, and puts every sample where its time stamp says."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from queue import Empty
from typing import NamedTuple

import numpy as np

from drivers.errors import DriverError
from drivers.interface import EventKind
from drivers.soapy.alignment import MarkerPlace, find_marker
from drivers.soapy.conversion import StreamSamples, as_complex
from drivers.soapy.errors import AlignmentError
from drivers.soapy.flow import Flow
from drivers.soapy.ledger import Burst, Fault
from drivers.soapy.link import StreamReply

_CALL_S = 0.1
_WAIT_S = 0.1
_SHORT_WAIT_S = 0.002

# By so much a stream without time stamps may slip before its last marker is looked for in vain.
_SLIP_SAMPLES = 1 << 18

# A stamp may be rounded either way to a whole nanosecond, and not fall between ticks.
_STAMP_NS = 1.5
_STAMP_TICKS = 0.25


class _Cause(NamedTuple):
    kind: EventKind
    detail: str


_SILENT = _Cause("lost", "samples never arrived; the time stamps tell")
_GAVE_UP = _Cause("timeout", "the radio gave up waiting for samples at once")
_LATE = _Cause("late", "the radio was asked to receive it after its time")


@dataclass(slots=True, eq=False)
class _Window:
    """Windows of a burst that are being received: ticks [start, end), done as far as next."""

    burst: Burst
    values: StreamSamples
    start: int
    end: int
    next: int


class Receiver:
    """Orders windows and fills them.

    Parameters
    ----------
    flow : Flow
        The run.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow, self._link, self._library = flow, flow.link, flow.link.library
        self._windows: deque[_Window] = deque()
        self._next: int | None = None  # tick of the next sample, where it is known
        self._cause: _Cause | None = None  # of the next gap
        self._gave_up = False  # a read ended before its time
        self._ended = False
        self._samples = min(self._link.receive_samples, 65536)
        self._scratch: StreamSamples = flow.receive.empty(1, self._samples)[0]
        self._address = self._scratch.__array_interface__["data"][0]
        self.largest_stamp_error_ns = 0.0
        self.marker_place: MarkerPlace | None = None
        self.marker_start: int | None = None
        self._tail: list[tuple[int, StreamSamples]] = []  # about the marker that ends a stream

    def run(self) -> None:
        """Read until all windows are done or the run stops; errors go to the ledger."""
        flow = self._flow
        with flow.guard("its input cannot be read"):
            if flow.marker is not None:
                self._align()
            elif flow.continuous:
                start = flow.first_tick + flow.receive_delay_ticks
                code = self._link.activate_receive(flow.clock.nanoseconds(start))
                self._link.require_success(code, "receive")
                self._next = start
            while not flow.stop.is_set():
                # Looked up before the orders are: what was written by then has been ordered by now.
                written = flow.written_tick
                self._take_orders()
                if self._ended and not self._windows and self._checked():
                    return
                if flow.continuous:
                    self._read_to(written + flow.receive_delay_ticks)
                elif self._windows:
                    self._read(self._windows[0].end - self._windows[0].next)

    def _take_orders(self, *, patient: bool = True) -> None:
        """Take in what was ordered; where nothing is left to be read, wait for it if patient."""
        orders = self._flow.orders
        while not self._ended and (not orders.empty() or (patient and self._hungry())):
            try:
                burst = orders.get(timeout=_SHORT_WAIT_S if self._flow.continuous else _WAIT_S)
            except Empty:
                return
            if burst is None:
                self._ended = True
                return
            start = burst.tick + self._flow.receive_delay_ticks
            rows = burst.block.received[burst.row : burst.row + burst.rows]
            window = _Window(burst, rows.reshape(-1), start, start + burst.samples, start)
            self._windows.append(window)
            if not self._flow.continuous:
                self._order(window)

    def _order(self, window: _Window) -> None:
        flow = self._flow
        code = self._link.activate_receive(
            flow.clock.nanoseconds(window.start), flow.window_samples
        )
        if code == self._library.SOAPY_SDR_TIME_ERROR:
            self._give_up(window, _LATE)
        elif code:
            flow.require_progress(f"it refuses to receive: {self._link.describe(code)}")
            self._link.require_success(code, "receive")

    def _hungry(self) -> bool:
        """Whether there is nothing to read but what is still to be ordered."""
        if not self._flow.continuous:
            return not self._windows
        assert self._next is not None  # the streams have begun
        return self._next >= self._flow.written_tick + self._flow.receive_delay_ticks

    def _read_to(self, end: int) -> None:
        """Read what there is of a continuous stream before a tick."""
        assert self._next is not None
        if self._next < end:
            self._read(end - self._next)

    def _read(self, wanted: int) -> None:
        flow, library = self._flow, self._library
        began_s = time.monotonic()
        wanted = max(1, min(wanted, self._samples))
        reply = self._link.read(self._address, wanted, round(_CALL_S * 1e6))
        if reply.ret > 0:
            flow.progress()
            self._place(reply)
        elif reply.ret == library.SOAPY_SDR_TIMEOUT:
            self._timed_out(time.monotonic() - began_s)
        elif reply.ret == 0:
            flow.require_progress("its input gives none")
            flow.stop.wait(_SHORT_WAIT_S)
        elif reply.ret == library.SOAPY_SDR_OVERFLOW:
            self._lost(_Cause("overflow", "the host was too slow to take the samples"))
        elif reply.ret == library.SOAPY_SDR_CORRUPTION:
            self._lost(_Cause("lost", "a packet arrived corrupt"))
        elif reply.ret in (library.SOAPY_SDR_TIME_ERROR, library.SOAPY_SDR_STREAM_ERROR):
            self._late(reply)
        else:
            raise DriverError(
                f"the radio's input answers {self._link.describe(reply.ret)}",
                "see what `SoapySDRUtil --probe` tells of its streams",
            )

    def _place(self, reply: StreamReply) -> None:
        """Copy what was read to the windows that it belongs to."""
        first = self._tick(reply)
        if first is None:
            self._flow.ledger.counts["samples_without_a_time"] += reply.ret
            return
        end = first + reply.ret
        if self._flow.continuous:
            # Behind a gap a read goes on beyond what was written when it was asked for. What it
            # brought was ordered before it was written.
            self._take_orders(patient=False)
        windows, before = self._windows, self._next
        while windows and windows[0].end <= first:
            self._close(windows.popleft())
        for window in windows:
            if window.start >= end:
                break
            begin, stop = max(first, window.next), min(end, window.end)
            if begin >= stop:
                continue
            if begin > window.next:
                self._gap(window, begin)
            elif self._cause is not None and before is not None and window.start < before:
                # Something was lost in the middle of a window, and the next stamp says: nothing.
                self._note(window, self._cause, begin, 0)
            if self._gave_up and window.start <= first:
                self._note(window, _GAVE_UP, begin, 0)
                self._gave_up = False
            window.values[2 * (begin - window.start) : 2 * (stop - window.start)] = self._scratch[
                2 * (begin - first) : 2 * (stop - first)
            ]
            window.next = stop
        if self._cause is not None:
            self._flow.ledger.counts[f"read_{self._cause.kind}"] += 1
            self._cause = None
        if self._gave_up:
            self._flow.ledger.counts["timeouts_between_windows"] += 1
            self._gave_up = False
        self._next = end
        marker_tick = self._flow.last_marker_tick
        if marker_tick is not None and end > marker_tick - _SLIP_SAMPLES:
            self._tail.append((first, self._scratch[: 2 * reply.ret].copy()))
        ended = not self._flow.continuous and reply.flags & self._library.SOAPY_SDR_END_BURST
        while windows and (windows[0].end <= end or (ended and windows[0].start < end)):
            self._close(windows.popleft())

    def _tick(self, reply: StreamReply) -> int | None:
        """Give the tick of the first sample that was read."""
        flow = self._flow
        if not (flow.timed and reply.flags & self._library.SOAPY_SDR_HAS_TIME):
            return self._next
        tick = flow.clock.tick(reply.time_ns)
        error_ns = abs(reply.time_ns - flow.clock.nanoseconds(tick))
        if error_ns > self.largest_stamp_error_ns:
            self.largest_stamp_error_ns = error_ns
            if error_ns > max(_STAMP_NS, _STAMP_TICKS * 1e9 / float(flow.clock.rate)):
                raise DriverError(
                    f"the radio's time stamp {reply.time_ns} ns lies {error_ns} ns beside the "
                    "nearest tick of the sample clock",
                    "the radio counts other ticks than the schedule: use another sample rate",
                )
        return tick

    def _gap(self, window: _Window, end: int) -> None:
        """Note that the samples from where the window stands to ``end`` are lost."""
        self._note(window, self._cause or _SILENT, window.next, end - window.next)
        window.next = end

    def _note(self, window: _Window, cause: _Cause, first: int, samples: int) -> None:
        fault = Fault(cause.kind, first - window.start, samples, cause.detail)
        window.burst.faults.append(fault)

    def _close(self, window: _Window) -> None:
        """Give a window up for done: what is missing stays zero."""
        if window.next < window.end:
            self._gap(window, window.end)
        self._flow.ledger.receive(window.burst)
        self._flow.tokens.put(window.burst.rows)

    def _give_up(self, window: _Window, cause: _Cause) -> None:
        """Close a window of which nothing more will come."""
        self._windows.remove(window)
        if self._gave_up:
            self._note(window, _GAVE_UP, window.next, 0)
            self._gave_up = False
        self._cause = cause
        self._close(window)
        self._cause = None

    def _lost(self, cause: _Cause) -> None:
        if not self._flow.timed:
            raise AlignmentError(
                f"samples were lost ({cause.detail}), and nothing tells how many",
                "lower the sample rate, or use a radio with time stamps",
            )
        self._cause = cause

    def _late(self, reply: StreamReply) -> None:
        """Answer the error of a window that was ordered too late, or of a radio that is gone."""
        flow = self._flow
        window = self._windows[0] if self._windows else None
        timed = bool(reply.flags & self._library.SOAPY_SDR_HAS_TIME)
        if not timed and reply.ret == self._library.SOAPY_SDR_STREAM_ERROR:
            flow.require_progress(f"its input answers {self._link.describe(reply.ret)}")
        if flow.continuous or window is None:
            raise DriverError(
                f"the radio does not receive: {self._link.describe(reply.ret)}",
                "let it begin later (start_delay_s)",
            )
        flow.progress()  # who answers is there
        if timed:
            tick = flow.clock.tick(reply.time_ns)
            window = next((w for w in self._windows if w.start <= tick < w.end), window)
        self._give_up(window, _LATE)

    def _timed_out(self, waited_s: float) -> None:
        flow = self._flow
        flow.require_progress("its input is silent")
        if not (flow.timed and self._windows):
            return
        if waited_s < 0.5 * _CALL_S:
            # Of which window, only the next samples can tell: the end of one may be missing.
            self._gave_up = True
            return
        window, now = self._windows[0], flow.clock.tick(self._link.time_ns())
        if now - window.end > _CALL_S * float(flow.clock.rate):
            self._give_up(
                window, self._cause or _Cause("timeout", "the radio gave no answer for it")
            )

    def _checked(self) -> bool:
        """Tell whether a stream without time stamps is known to have kept its place.

        Raises
        ------
        AlignmentError
            It has not: the marker at its end is not where it was played.
        """
        flow, marker, played = self._flow, self._flow.marker, self._flow.last_marker_tick
        if marker is None or played is None:
            return True
        assert self._next is not None
        if self._next < played + 4 * marker.samples:
            return False
        samples = np.concatenate([as_complex(values, flow.receive) for _, values in self._tail])
        place = find_marker(samples, marker)
        slip = self._tail[0][0] + place.sample - played
        if slip:
            raise AlignmentError(
                f"the stream has slipped by {slip} samples between its two markers, and nothing "
                "tells where",
                "lower the sample rate, or use a radio with time stamps",
            )
        return True

    def _align(self) -> None:
        """Read until the marker was found, and count ticks from there."""
        flow, marker = self._flow, self._flow.marker
        assert marker is not None
        read = 0
        kept = np.zeros(0, np.complex64)
        while not flow.stop.is_set():
            reply = self._link.read(self._address, self._samples, round(_CALL_S * 1e6))
            if reply.ret < 0 and reply.ret != self._library.SOAPY_SDR_TIMEOUT:
                raise AlignmentError(
                    f"the input answers {self._link.describe(reply.ret)} before the marker",
                    "lower the sample rate, or use a radio with time stamps",
                )
            if reply.ret <= 0:
                flow.require_progress("its input is silent")
                continue
            flow.progress()
            read += reply.ret
            values = as_complex(self._scratch[: 2 * reply.ret], flow.receive)
            kept = np.concatenate([kept, values])
            if kept.size < 4 * marker.samples:
                continue
            position = read - kept.size
            try:
                place = find_marker(kept, marker)
            except AlignmentError:
                if read > float(flow.clock.rate) + 64 * marker.samples:
                    raise  # a second has passed
                # The last marker's length may hold the first part of it.
                kept = kept[-marker.samples :]
                continue
            self.marker_place = place
            self.marker_start = position + place.sample
            self._next = read - self.marker_start
            flow.aligned.set()
            return
