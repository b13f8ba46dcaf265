"""Blocks of IEEE 488.2: ``#``, a digit that counts digits, the length, and the bytes.

``#0`` begins a block of no stated length, which only the end of the message ends. Beyond
999 999 999 bytes R&S instruments write the length in parentheses: ``#(1234567890)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from drivers.visa.errors import BlockSizeError

Buffer = bytes | bytearray | memoryview | np.ndarray[Any, np.dtype[Any]]
"""Bytes in a row; arrays are C-contiguous."""

_BYTES = (bytes, bytearray, memoryview)

LARGEST_BLOCK = 999_999_999
"""Bytes whose number has no more than nine digits."""


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
