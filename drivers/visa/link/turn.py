"""Whose turn it is on a link: one thread at a time, and whoever has to switch outputs off first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers.errors import DeviceTimeoutError
from drivers.visa.errors import LinkInterruptedError


class Turn:
    """A lock that can be taken again by whoever has it, and that gives way to what is urgent.

    While a thread has something urgent, every other one is refused: at its next command, or between
    two pieces of a block, it gets :class:`LinkInterruptedError`, which ends its operation and frees
    the lock. One that waits for an instrument is given a moment, and then its connection is broken.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._urgent: list[int] = []
        self._somebody_urgent = threading.Event()

    @property
    def is_urgent(self) -> bool:
        """Whether the calling thread has something urgent."""
        return threading.get_ident() in self._urgent

    def give_way(self) -> None:
        """Return, unless another thread has something urgent.

        Raises
        ------
        LinkInterruptedError
            One has.
        """
        if self._urgent and not self.is_urgent:
            raise LinkInterruptedError(
                "the exchange was given up, since another thread switches outputs off",
                "bring the instrument to a known state before going on",
            )

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until another thread has something urgent."""
        if self.is_urgent:
            threading.Event().wait(seconds)
        else:
            self._somebody_urgent.wait(seconds)
            self.give_way()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn and have it.

        Raises
        ------
        LinkInterruptedError
            Another thread has something urgent.
        """
        self.give_way()
        with self._lock:
            self.give_way()
            yield

    @contextmanager
    def urgent(self, break_off: Callable[[], None], patience_s: float) -> Iterator[None]:
        """Have the turn before all others, soon.

        Parameters
        ----------
        break_off : callable
            Makes whoever is waiting for the instrument fail; called from this thread.
        patience_s : float
            Given to whoever has the turn, before and after that.

        Raises
        ------
        DeviceTimeoutError
            Whoever has the turn does not let go.
        """
        me = threading.get_ident()
        self._urgent.append(me)
        self._somebody_urgent.set()
        try:
            if not self._lock.acquire(timeout=patience_s):
                # Two that are urgent do not break each other off.
                if self._urgent[0] == me:
                    break_off()
                if not self._lock.acquire(timeout=patience_s):
                    raise DeviceTimeoutError(
                        f"the link was not free {2 * patience_s:g} s after it was needed urgently",
                        "switch the outputs off at the instrument",
                    )
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._urgent.remove(me)
            if not self._urgent:
                self._somebody_urgent.clear()
