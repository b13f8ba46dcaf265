"""What the threads of one run share."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from queue import SimpleQueue

from drivers.errors import DriverError, LinkLostError
from drivers.soapy.alignment import Marker
from drivers.soapy.conversion import StreamScale
from drivers.soapy.ledger import Block, Burst, Ledger
from drivers.soapy.link import Link
from drivers.soapy.ticks import TickClock


@dataclass(slots=True, eq=False)
class Flow:
    """One run: its clock, its queues and its end.

    Parameters
    ----------
    link : Link
        With its streams open.
    ledger : Ledger
        The bursts under way.
    clock : TickClock
        The radio's, or one that counts the samples of streams without time stamps.
    window_samples : int
        Of a window.
    transmit, receive : StreamScale
        Of the streams.
    slot_ticks : int
        What a repeated pulse takes up.
    first_tick : int
        Where the first window is played. Without time stamps the transmitter finds it.
    lead_ticks : int
        How far ahead of the radio's clock a pulse must be written.
    receive_delay_ticks : int
        By which windows are received later than they are played.
    continuous : bool
        One stream without gaps.
    marker : Marker or None
        What streams without time stamps are aligned with.
    patience_s : float
        Without a sample for so long the link counts as lost, seconds.
    written_tick : int
        End of what was written of a continuous stream. Nobody reads beyond it: there is nothing
        yet to be received, and a clock that is stepped by who reads waits there.
    last_marker_tick : int or None
        Where the marker that ends a stream without time stamps is played, once that is known.
    tokens : queue of int
        How many more pulses may be under way: all at first, then as many as were done.
    """

    link: Link
    ledger: Ledger
    clock: TickClock
    window_samples: int
    transmit: StreamScale
    receive: StreamScale
    slot_ticks: int
    first_tick: int
    lead_ticks: int
    receive_delay_ticks: int
    continuous: bool
    marker: Marker | None
    patience_s: float
    written_tick: int = 0
    last_marker_tick: int | None = None
    feed: SimpleQueue[Block | None] = field(default_factory=SimpleQueue)
    orders: SimpleQueue[Burst | None] = field(default_factory=SimpleQueue)
    tokens: SimpleQueue[int] = field(default_factory=SimpleQueue)
    stop: threading.Event = field(default_factory=threading.Event)
    aligned: threading.Event = field(default_factory=threading.Event)
    last_progress_s: float = field(default_factory=time.monotonic)

    @property
    def timed(self) -> bool:
        """Whether samples have time stamps."""
        return self.marker is None

    def progress(self) -> None:
        """Note that samples went through."""
        self.last_progress_s = time.monotonic()

    def require_progress(self, what: str) -> None:
        """Give up where nothing went through for too long.

        Raises
        ------
        LinkLostError
            The radio is gone, or does not answer.
        """
        if self.timed:
            try:
                self.link.time_ns()
            except DriverError as error:
                raise link_lost(f"{what}: {error.problem}") from error
        if time.monotonic() - self.last_progress_s > self.patience_s:
            raise link_lost(f"no sample for {self.patience_s:.3g} s ({what})")

    def guard(self, work: str) -> _Guard:
        """Catch what goes wrong in a thread, so that the run fails with it."""
        return _Guard(self, work)


class _Guard:
    """Hands the error of a thread to the ledger."""

    __slots__ = ("_flow", "_work")

    def __init__(self, flow: Flow, work: str) -> None:
        self._flow = flow
        self._work = work

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if error is None:
            return False
        # The binding throws RuntimeError; in mid-run, calls that worked before fail with the link.
        thrown = error.__cause__ if isinstance(error, DriverError) else error
        if isinstance(error, LinkLostError):
            failure: DriverError = error
        elif isinstance(thrown, (RuntimeError, OSError)):
            failure = link_lost(f"{self._work}: {getattr(error, 'problem', error)}")
        elif isinstance(error, DriverError):
            failure = error
        else:
            failure = DriverError(f"{self._work}: {error!r}", "report this against the driver")
        failure.__cause__ = error if failure is not error else error.__cause__
        self._flow.ledger.fail(failure)
        return True


def link_lost(why: str) -> LinkLostError:
    """Make the error of a link that is gone."""
    return LinkLostError(
        f"the link to the radio is lost: {' '.join(why.split())}",
        "check power and cable, or the server, and run again",
    )
