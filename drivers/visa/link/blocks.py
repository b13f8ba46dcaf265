"""Blocks of IEEE 488.2: ``#``, a digit that counts digits, the length, and the bytes.

``#0`` begins a block of no stated length, which only the end of the message ends. Beyond
999 999 999 bytes R&S instruments write the length in parentheses: ``#(1234567890)``.

Blocks are sent as they are made, and received by their length: never is one read to a character,
which may be one of its bytes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from drivers.errors import DeviceTimeoutError
from drivers.visa.errors import AnswerError, BlockSizeError
from drivers.visa.instrument import Progress
from drivers.visa.link.text import shown
from drivers.visa.link.transports.transport import LARGEST_PIECE, Transport
from drivers.visa.link.turn import Turn

Buffer = bytes | bytearray | memoryview | np.ndarray[Any, np.dtype[Any]]
"""Bytes in a row; arrays are C-contiguous."""

_BYTES = (bytes, bytearray, memoryview)

LARGEST_BLOCK = 999_999_999
"""Bytes whose number has no more than nine digits."""

LARGEST_BLOCK_ANSWER = 1 << 36
"""Bytes of an answer that is a block; a length beyond is taken for a fault."""

# A block may take as long as the slowest of buses needs (GPIB with an old controller); that nothing
# moves at all is found much sooner, by the timeout of each piece.
_SLOWEST_BYTES_PER_S = 0.5e6
_SHORTEST_BLOCK_S = 30.0
_SAY_SIZE = "say the size of what is sent"


def block_header(size: int) -> bytes:
    """Give the header of a block of definite length.

    Parameters
    ----------
    size : int
        Bytes of the block.

    Returns
    -------
    bytes
        ``#<digits><size>`` (IEEE 488.2, 7.7.6).

    Raises
    ------
    BlockSizeError
        More than :data:`LARGEST_BLOCK`, or negative.
    """
    if not 0 <= size <= LARGEST_BLOCK:
        raise BlockSizeError(
            f"a block of {size} bytes", f"send 0 to {LARGEST_BLOCK} bytes with one command"
        )
    length = str(size)
    return f"#{len(length)}{length}".encode("ascii")


def size_of(data: Buffer | Iterable[Buffer]) -> int | None:
    """Give the bytes of a buffer, or None for an iterable of buffers."""
    if isinstance(data, np.ndarray):
        return data.nbytes
    return memoryview(data).nbytes if isinstance(data, _BYTES) else None


def pieces(data: Buffer | Iterable[Buffer], largest: int) -> Iterator[memoryview]:
    """Cut buffers into pieces, without a copy.

    Parameters
    ----------
    data : buffer, or iterable of buffers
        Such as bytes or C-contiguous arrays.
    largest : int
        Bytes of a piece, at most.

    Yields
    ------
    memoryview
        Of bytes; not empty.
    """
    buffers: Iterable[Any] = (data,) if isinstance(data, (*_BYTES, np.ndarray)) else data
    for buffer in buffers:
        view = memoryview(buffer)
        if view.nbytes > 0:
            flat = view.cast("B")
            for start in range(0, view.nbytes, largest):
                yield flat[start : start + largest]


def block_start(command: str, data: bytes | bytearray) -> tuple[int, int | None] | None:
    """Read the header of a block.

    Parameters
    ----------
    command : str
        The question, for errors.
    data : bytes
        The beginning of the answer.

    Returns
    -------
    tuple, or None
        Bytes of the header, and of the block (None for ``#0``, whose end is that of the message).
        None when more of the answer is needed.

    Raises
    ------
    AnswerError
        It is no block.
    """
    if len(data) < 2:
        if data[:1] in (b"", b"#"):
            return None
        raise AnswerError(command, shown(data), "a block")
    if data[:2] == b"#0":
        return 2, None
    if data[:2] == b"#(":
        end = data.find(b")", 2, 24)
        if end < 0 and len(data) < 24:
            return None
        digits, header = data[2 : max(end, 2)], end + 1
    else:
        count = data[1] - ord("0")
        if data[:1] != b"#" or not 1 <= count <= 9:
            raise AnswerError(command, shown(data), "a block")
        header = 2 + count
        if len(data) < header:
            return None
        digits = data[2:header]
    if not bytes(digits).isdigit() or int(digits) > LARGEST_BLOCK_ANSWER:
        raise AnswerError(command, shown(data), "a block")
    return header, int(digits)


def block_deadline_s(size: int) -> float:
    """Give the time that a block may take in all, either way."""
    return max(_SHORTEST_BLOCK_S, size / _SLOWEST_BYTES_PER_S)


def send_block(
    transport: Transport,
    data: Buffer | Iterable[Buffer],
    size: int,
    piece_s: float,
    turn: Turn,
    progress: Progress | None,
) -> str:
    """Send the bytes of a block, piece by piece; header and end of the message are the caller's.

    Parameters
    ----------
    transport : Transport
        After the header.
    data : buffer, or iterable of buffers
        The bytes.
    size : int
        How many they must be.
    piece_s : float
        How long each piece may take.
    turn : Turn
        Asked between pieces.
    progress : callable or None
        Is told of bytes sent and of bytes in all.

    Returns
    -------
    str
        SHA-256 of what was sent.

    Raises
    ------
    BlockSizeError
        They are not as many.
    DeviceTimeoutError, LinkLostError
        They could not be sent.
    """
    allowed_s = block_deadline_s(size)
    digest = hashlib.sha256()
    sent, spent_s = 0, 0.0
    for piece in pieces(data, LARGEST_PIECE):
        if sent + len(piece) > size:
            raise BlockSizeError(f"a block is longer than its {size} bytes", _SAY_SIZE)
        turn.give_way()
        if spent_s >= allowed_s:
            raise DeviceTimeoutError(
                f"{sent} of {size} bytes were taken in {spent_s:.0f} s",
                "see that the network is in order, or send less at a time",
            )
        began_s = time.monotonic()
        transport.write(piece, last=False, timeout_s=min(piece_s, allowed_s - spent_s))
        # Time that the bytes take to be made is not the instrument's.
        spent_s += time.monotonic() - began_s
        digest.update(piece)
        sent += len(piece)
        if progress is not None:
            progress(sent, size)
    if sent < size:
        raise BlockSizeError(f"a block has {sent} of its {size} bytes", _SAY_SIZE)
    return digest.hexdigest()


class BlockReader:
    """Receives one block; an answer that is wrong and yet complete leaves the link in order.

    Parameters
    ----------
    command : str
        The question.
    transport : Transport
        After it was sent.
    piece_s : float
        How long each piece may take, the first one too.
    turn : Turn
        Asked between pieces.
    """

    def __init__(self, command: str, transport: Transport, piece_s: float, turn: Turn) -> None:
        self._command = command
        self._transport = transport
        self._piece_s = piece_s
        self._turn = turn
        self._end_s = time.monotonic() + piece_s
        self._ended = False

    def read(self, progress: Progress | None) -> tuple[bytearray, AnswerError | None]:
        """Receive it.

        Parameters
        ----------
        progress : callable or None
            Is told of bytes received and of bytes in all.

        Returns
        -------
        block : bytearray
            Its bytes, as far as they came.
        wrong : AnswerError or None
            What is wrong with an answer that was received to its end.

        Raises
        ------
        AnswerError
            It is no block, or more came than was said; the rest of the answer is still to come.
        DeviceTimeoutError, LinkLostError
            It did not come.
        """
        start = bytearray()
        header = None
        while header is None and not self._ended:
            start += self._receive(LARGEST_PIECE)
            try:
                header = block_start(self._command, start)
            except AnswerError as no_block:
                self._receive_end(start)
                return start, no_block
        if header is None:
            return start, AnswerError(self._command, shown(start), "a block")
        skip, size = header
        if size is None:
            return self._read_to_end(start[skip:])
        self._end_s = time.monotonic() + block_deadline_s(size)
        block = bytearray(size)
        view = memoryview(block)
        filled = min(len(start) - skip, size)
        view[:filled] = start[skip : skip + filled]
        rest = start[skip + filled :]
        while filled < size and not self._ended:
            if progress is not None:
                progress(filled, size)
            data = self._receive(min(LARGEST_PIECE, size - filled), f"{filled} of {size} bytes")
            view[filled : filled + len(data)] = data
            filled += len(data)
        if filled < size:
            said = f"a block of {size} bytes that ended after {filled}"
            return block[:filled], AnswerError(self._command, said, "as long as it says")
        if progress is not None:
            progress(filled, size)
        self._receive_end(rest)
        if rest.strip():
            said = f"a block of {size} bytes and then {shown(rest)}"
            wrong = AnswerError(self._command, said, "as long as it says")
            if not self._ended:
                raise wrong
            return block, wrong
        return block, None

    def _read_to_end(self, block: bytearray) -> tuple[bytearray, AnswerError | None]:
        if not self._transport.ends_messages:
            raise AnswerError(
                self._command, "a block of unknown length", "one of known length on a raw socket"
            )
        while not self._ended:
            if len(block) > LARGEST_BLOCK_ANSWER:
                raise AnswerError(self._command, shown(block), "shorter")
            self._end_s = time.monotonic() + self._piece_s
            block += self._receive(LARGEST_PIECE)
        if block.endswith(b"\n"):
            del block[-1]
        return block, None

    def _receive_end(self, rest: bytearray) -> None:
        """Receive what follows a block: its end, which is a line feed where there is no END."""
        while not self._ended:
            if not self._transport.ends_messages and rest:
                # Anything but a line feed is left for clearing, since nothing tells where it ends.
                self._ended = rest.endswith(b"\n") and not rest.strip()
                return
            if len(rest) > LARGEST_PIECE:
                return
            rest += self._receive(LARGEST_PIECE, "the end of the answer")

    def _receive(self, count: int, what: str = "a block") -> bytes | bytearray:
        self._turn.give_way()
        left_s = self._end_s - time.monotonic()
        if left_s <= 0.0:
            raise DeviceTimeoutError(
                f"{self._command}: the answer came too slowly, with {what}",
                "see that the network is in order, or ask for less at a time",
            )
        data, self._ended = self._transport.read(count, min(left_s, self._piece_s))
        return data
