"""What carries messages: pieces in order, the last of which ends the message."""

from __future__ import annotations

from typing import Protocol

LARGEST_PIECE = 1 << 20
"""Bytes that a transport is given at a time."""


class Transport(Protocol):
    """A connection that carries messages."""

    @property
    def ends_messages(self) -> bool:
        """Whether the end of a message is told apart from its bytes (END)."""
        ...

    @property
    def has_status_byte(self) -> bool:
        """Whether the status byte can be read while a command is at work."""
        ...

    def write(self, piece: memoryview, *, last: bool, timeout_s: float) -> None:
        """Send a piece of a message; ``last`` ends it."""
        ...

    def read(self, count: int, timeout_s: float) -> tuple[bytes | bytearray, bool]:
        """Receive 1 to ``count`` bytes, and whether they end the message."""
        ...

    def discard(self) -> bytes:
        """Throw away, and give, what has come without having been asked for."""
        ...

    def status_byte(self) -> int:
        """Read the status byte, beside all messages."""
        ...

    def clear(self, timeout_s: float) -> bool:
        """Abort messages both ways; False where only a new connection does that."""
        ...

    def break_off(self) -> None:
        """Make a call in another thread fail."""
        ...

    def close(self) -> None:
        """Close; never raises."""
        ...
