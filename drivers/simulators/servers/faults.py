"""Faults that a simulated instrument shows on purpose."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from drivers.simulators.instrument import CancelledError
from drivers.simulators.scpi.command_tree import Piece

FaultKind = Literal[
    "slow", "silent", "garbage", "nonsense", "wrong-length", "error", "drop", "reboot"
]

NONSENSE = b"what,is, this?"
"""Fields, as many as some answers have, of which none is a number or a word that is known."""

_SEARCHED_BYTES = 512


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with a program message.

    Parameters
    ----------
    kind : str
        ``slow``: it is done ``seconds`` later. ``silent``: it is done, and the answer is lost.
        ``garbage``: the answer is other bytes. ``nonsense``: it is a text that answers nothing.
        ``wrong-length``: the last quarter of the answer is lost, so that a block ends before its
        length. ``error``: it is done, and ``code`` is put into the error queue. ``drop``: the link
        is dropped in place of doing it. ``reboot``: the same, and the instrument loses its state
        and refuses links for ``seconds``.
    on : str
        A message is concerned if it contains this; upper and lower case are the same. Any, if
        empty. Only the first 512 bytes of a message are searched.
    after : int
        So many messages that are concerned pass unharmed.
    seconds : float
        Of ``slow`` and ``reboot``.
    times : int
        How often it happens; 0 stands for always.
    code : int
        Of ``error``.
    """

    kind: FaultKind
    on: str = ""
    after: int = 0
    seconds: float = 1.0
    times: int = 1
    code: int = -310

    def __post_init__(self) -> None:
        """Refuse a kind that there is not, and numbers below zero.

        Raises
        ------
        ValueError
            Names the field.
        """
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"kind = {self.kind!r}: give one of {', '.join(get_args(FaultKind))}")
        for field in ("after", "seconds", "times"):
            if getattr(self, field) < 0:
                raise ValueError(f"{field} = {getattr(self, field)}: give 0 or more")


class FaultPlan:
    """Faults that wait for their messages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait."""
        with self._lock:
            self._waiting.append((fault, [0]))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()

    def take(self, message: bytes | bytearray) -> list[Fault]:
        """Give what goes wrong with a message."""
        if not self._waiting:
            return []
        text = bytes(message[:_SEARCHED_BYTES]).upper()
        happening: list[Fault] = []
        with self._lock:
            for fault, seen in list(self._waiting):
                if fault.on.upper().encode("latin-1") not in text:
                    continue
                seen[0] += 1
                if seen[0] > fault.after:
                    happening.append(fault)
                if fault.times and seen[0] >= fault.after + fault.times:
                    self._waiting.remove((fault, seen))
        return happening


def delay(seconds: float, cancel: threading.Event) -> None:
    """Wait.

    Raises
    ------
    CancelledError
        By a device clear, or the end of the session.
    """
    if cancel.wait(seconds):
        raise CancelledError


def garbled(pieces: list[Piece], seed: int = 0) -> list[Piece]:
    """Put other bytes, none of them a newline, in the place of an answer of the same length."""
    size = sum(len(piece) for piece in pieces) - 1
    random = np.random.default_rng(seed)
    return [random.integers(0x80, 0x100, size, dtype=np.uint8).tobytes(), b"\n"]


def shortened(pieces: list[Piece]) -> list[Piece]:
    """Leave out the last quarter of an answer, at least one byte."""
    answer = b"".join(pieces)[:-1]
    return [answer[: len(answer) * 3 // 4], b"\n"]
