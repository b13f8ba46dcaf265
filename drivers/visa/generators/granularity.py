"""Waveforms of a length that a generator can hold: padded with zeros, never tiled or wrapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DriverError
from drivers.visa.instrument import WaveformChunk, WaveformSource


def padded_length(samples: int, minimum: int, granularity: int) -> int:
    """Give the shortest length that a generator can hold a waveform in.

    Parameters
    ----------
    samples : int
        Length of the waveform.
    minimum : int
        Shortest segment.
    granularity : int
        A segment is a multiple of this.

    Returns
    -------
    int
        At least ``samples`` and ``minimum``, and a multiple of ``granularity``.

    Raises
    ------
    DriverError
        There are no samples.
    """
    if samples < 1:
        raise DriverError(f"a waveform has {samples} samples", "give at least one")
    return -(-max(samples, minimum) // granularity) * granularity


def padded_chunks(
    source: WaveformSource, length: int, *, largest: int, multiple: int = 1
) -> Iterator[WaveformChunk]:
    """Walk through a waveform with zeros behind it, in chunks that a dialect can send.

    Parameters
    ----------
    source : WaveformSource
        The waveform.
    length : int
        With the zeros, as :func:`padded_length` gives it.
    largest : int
        Samples of a chunk, at most.
    multiple : int
        Every chunk begins and ends at a multiple of this.

    Yields
    ------
    WaveformChunk
        Of ``largest`` samples, less what ``multiple`` does not allow; the last may be shorter.
        Arrays are not used again.

    Raises
    ------
    DriverError
        The waveform is not as long as it says, or lengths are no multiples.
    """
    size = largest // multiple * multiple
    if size < 1 or length % multiple or length < source.samples:
        raise DriverError(
            f"{source.samples} samples in {length}, {largest} at a time in multiples of {multiple}",
            "give a length that is a multiple and holds the waveform",
        )
    room = _Room(source.is_complex, size, length)
    given = 0
    for chunk in source.chunks():
        given += chunk.samples.size
        if given > source.samples:
            break
        taken = 0
        while taken < chunk.samples.size:
            taken += room.take(chunk, taken)
            if room.is_full:
                yield room.hand_out()
    if given != source.samples:
        raise DriverError(
            f"a waveform of {source.samples} samples gives {given}",
            "report this against whatever makes the waveform",
        )
    while not room.is_done:
        yield room.hand_out()


class _Room:
    """Zeros that are filled with samples and handed out when full, until the length is reached."""

    def __init__(self, is_complex: bool, size: int, length: int) -> None:
        self._dtype = np.dtype(np.complex64 if is_complex else np.float32)
        self._size = size
        self._left = length
        self._renew()

    @property
    def is_full(self) -> bool:
        """Whether there is no room left in this chunk."""
        return self._filled == self._markers.size

    @property
    def is_done(self) -> bool:
        """Whether all chunks were handed out."""
        return self._left == 0

    def take(self, chunk: WaveformChunk, first: int) -> int:
        """Take samples from ``first`` on, and tell how many."""
        count = min(chunk.samples.size - first, self._markers.size - self._filled)
        here = slice(self._filled, self._filled + count)
        self._samples[here] = chunk.samples[first : first + count]
        self._markers[here] = chunk.markers[first : first + count]
        self._filled += count
        return count

    def hand_out(self) -> WaveformChunk:
        """Give the chunk, with zeros where nothing was filled in."""
        chunk = WaveformChunk(self._samples, self._markers)
        self._left -= self._markers.size
        self._renew()
        return chunk

    def _renew(self) -> None:
        count = min(self._size, self._left)
        self._samples: NDArray[Any] = np.zeros(count, self._dtype)
        self._markers = np.zeros(count, np.uint8)
        self._filled = 0
