"""The thread that asks what became of transmissions."""

from __future__ import annotations

from drivers.interface import EventKind
from drivers.soapy.errors import AlignmentError
from drivers.soapy.flow import Flow
from drivers.soapy.link import StreamReply

# Above all serial numbers.
_EVERYTHING = 1 << 62


class StatusReader:
    """Lays complaints on the bursts they are about, and tells which bursts are past complaint.

    A radio that acknowledges bursts does so in order, so what is acknowledged is past complaint.
    One that does not is given a while: what was received before a question that found no answer in
    all of ``wait_s`` counts as past it.

    Parameters
    ----------
    flow : Flow
        The run.
    wait_s : float
        See above, seconds.
    """

    def __init__(self, flow: Flow, wait_s: float) -> None:
        self._flow, self._link, self._ledger = flow, flow.link, flow.ledger
        self._wait_us = round(wait_s * 1e6)

    def run(self) -> None:
        """Read until the run stops; errors go to the ledger."""
        with self._flow.guard("its status cannot be read"):
            while not self._flow.stop.is_set():
                if not self._ask():
                    return

    def _ask(self) -> bool:
        """Ask once; tell whether asking again is of use."""
        library = self._link.library
        received = self._ledger.last_received()
        reply = self._link.status(self._wait_us)
        if reply.ret == library.SOAPY_SDR_TIMEOUT:
            self._ledger.cover(received)
        elif reply.ret == library.SOAPY_SDR_NOT_SUPPORTED:
            self._ledger.cover(_EVERYTHING)
            return False
        elif reply.ret >= 0:
            if reply.flags & library.SOAPY_SDR_END_BURST:
                self._ledger.acknowledge(self._tick(reply))
        else:
            self._complain(reply)
        return True

    def _complain(self, reply: StreamReply) -> None:
        library, tick = self._link.library, self._tick(reply)
        if reply.ret == library.SOAPY_SDR_TIME_ERROR:
            self._lay(tick, "late", "the radio had it after its time to be played", whole=True)
        elif reply.ret == library.SOAPY_SDR_UNDERFLOW:
            self._lay(tick, "underflow", "the output ran dry", whole=False)
        elif reply.ret == library.SOAPY_SDR_STREAM_ERROR:
            self._flow.require_progress("its status is an error")
            self._flow.stop.wait(self._wait_us * 1e-6)
            self._ledger.counts["status_errors"] += 1
        else:
            detail = f"the output reports {self._link.describe(reply.ret)}"
            self._lay(tick, "lost", detail, whole=True)

    def _lay(self, tick: int | None, kind: EventKind, detail: str, *, whole: bool) -> None:
        if not self._flow.timed:
            raise AlignmentError(
                f"{detail}, and without time stamps nothing tells where the output stands since",
                "lower the sample rate, or use a radio with time stamps",
            )
        if tick is None:
            self._ledger.fault_unplaced(kind, detail)
        else:
            self._ledger.fault_at(tick, kind, detail, whole=whole)

    def _tick(self, reply: StreamReply) -> int | None:
        if self._flow.timed and reply.flags & self._link.library.SOAPY_SDR_HAS_TIME:
            return self._flow.clock.tick(reply.time_ns)
        return None
