"""Locks that the sessions of a HiSLIP server hold (IVI-6.1, 6.5: exclusive and shared)."""

from __future__ import annotations

import threading
import time
from enum import IntEnum

_LOOK_S = 0.05


class LockAnswer(IntEnum):
    """Control code of an AsyncLockResponse."""

    FAILURE = 0
    EXCLUSIVE = 1
    SHARED = 2
    ERROR = 3


class LockTable:
    """Who holds the instrument: one session alone, or some that know the same word."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._exclusive: int | None = None
        self._shared: set[int] = set()
        self._word = b""

    def request(
        self, session: int, word: bytes, timeout_s: float, cancel: threading.Event
    ) -> LockAnswer:
        """Take a lock: an exclusive one, or with a word the shared one of that word."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            if (session in self._shared) if word else (session == self._exclusive):
                return LockAnswer.ERROR
            while not self._is_free(session, word):
                left = deadline - time.monotonic()
                if left <= 0.0 or cancel.is_set():
                    return LockAnswer.FAILURE
                self._changed.wait(min(left, _LOOK_S))
            if word:
                self._word = word
                self._shared.add(session)
            else:
                self._exclusive = session
            return LockAnswer.EXCLUSIVE

    def release(self, session: int) -> LockAnswer:
        """Give back the exclusive lock, or else the shared one, and tell which it was."""
        with self._changed:
            if self._exclusive == session:
                self._exclusive = None
                answer = LockAnswer.EXCLUSIVE
            elif session in self._shared:
                self._shared.remove(session)
                answer = LockAnswer.SHARED
            else:
                return LockAnswer.ERROR
            self._changed.notify_all()
            return answer

    def forget(self, session: int) -> None:
        """Give back all that a session held."""
        while self.release(session) is not LockAnswer.ERROR:
            pass

    def holders(self) -> tuple[bool, int]:
        """Tell whether there is an exclusive lock, and how many sessions hold one."""
        with self._changed:
            sessions = self._shared | ({self._exclusive} - {None})
            return self._exclusive is not None, len(sessions)

    def wait_for_turn(self, session: int, cancel: threading.Event) -> None:
        """Wait while others hold the instrument."""
        if self._exclusive is None and not self._shared:
            return
        with self._changed:
            while not self._may_talk(session) and not cancel.is_set():
                self._changed.wait(_LOOK_S)

    def _is_free(self, session: int, word: bytes) -> bool:
        if self._exclusive not in (None, session):
            return False
        if word:
            return not self._shared or word == self._word
        return not self._shared or session in self._shared

    def _may_talk(self, session: int) -> bool:
        if self._exclusive is not None:
            return self._exclusive == session
        return not self._shared or session in self._shared
