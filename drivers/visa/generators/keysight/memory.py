"""Waveform memory of Keysight's modular generators: segments, defined and written.

Sources: `M8190A User's Guide`, section 8.22; `M8195A User's Guide`, section 6.21.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DriverError
from drivers.visa.generators.granularity import padded_chunks, padded_length
from drivers.visa.instrument import (
    GeneratorLimits,
    Progress,
    Upload,
    WaveformChunk,
    WaveformSource,
)
from drivers.visa.link import Link

_CHUNK_SAMPLES = 1 << 20
_LONGEST_NAME = 32


@dataclass(frozen=True, slots=True)
class Packing:
    """How memory holds samples.

    Parameters
    ----------
    pack : callable
        Makes of a chunk the words of each channel's memory, and counts what was clipped.
    sample_bytes : int
        Of a sample, in all memories together.
    code_bits : int
        Those of a word that are no markers.
    markers_apart : bool
        Whether a memory of more than one word a sample has markers in the others.
    """

    pack: Callable[[WaveformChunk], tuple[Sequence[NDArray[Any]], int]]
    sample_bytes: int
    code_bits: int = -1
    markers_apart: bool = False

    def codes(self, words: NDArray[Any], samples: int) -> NDArray[Any]:
        """Leave of the words of some samples what is no marker."""
        stride = words.size // samples if self.markers_apart else 1
        codes: NDArray[Any] = words.astype(np.int64)[::stride] & self.code_bits
        return codes


class SegmentMemory:
    """Segments by the names of their waveforms.

    Parameters
    ----------
    link : Link
        To the instrument.
    model : str
        Its name, for errors.
    channels : tuple of int
        That have a memory.
    most_segments : int
        That it holds.
    """

    def __init__(
        self, link: Link, model: str, channels: tuple[int, ...], most_segments: int
    ) -> None:
        self._link, self._model = link, model
        self._channels, self._used = channels, channels[:1]
        self.most_segments = most_segments
        self._ids: dict[str, int] = {}
        self.uploads: dict[str, Upload] = {}

    def clear(self, used: tuple[int, ...]) -> None:
        """Empty all memories: only so the places of segments are known.

        Parameters
        ----------
        used : tuple of int
            Channels that will hold waveforms.
        """
        for channel in self._channels:
            self._link.write(f":TRAC{channel}:DEL:ALL")
        self._used = used
        self._ids.clear()
        self.uploads.clear()

    def number(self, name: str) -> int:
        """Give the number of a segment."""
        return self._ids[name]

    def free_bytes(self, memories: Sequence[int]) -> int:
        """Ask for the largest piece of memory that is free in all of some channels."""
        # Bytes free, bytes in use, bytes of the largest piece.
        return min(self._link.query_whole_list(f":TRAC{memory}:FREE?", 3)[2] for memory in memories)

    def upload(
        self,
        name: str,
        source: WaveformSource,
        packing: Packing,
        limits: GeneratorLimits,
        progress: Progress | None,
    ) -> Upload:
        """Define a segment and write it, in order of its samples.

        Parameters
        ----------
        name : str
            Of which the segment keeps 32 characters.
        source : WaveformSource
            The waveform.
        packing : Packing
            How it is held.
        limits : GeneratorLimits
            Of a segment.
        progress : callable or None
            Is told of bytes done and of bytes in all.

        Raises
        ------
        DeviceSettingsError
            It does not fit.
        DriverError
            Memory holds other codes than were sent.
        """
        length = padded_length(source.samples, limits.min_segment_samples, limits.granularity)
        # An operation of its own: whether it was defined is known before it is written.
        with self._link.operation(f"define a segment for {name}"):
            number = self._define(name, length, limits)
        with self._link.operation(f"upload {name}"):
            clipped = self._write(number, source, length, packing, limits.granularity, progress)
        upload = Upload(
            name,
            source.samples,
            length - source.samples,
            clipped,
            (1 << limits.dac_bits - 1) - 1,
        )
        self.uploads[name] = upload
        return upload

    def _define(self, name: str, length: int, limits: GeneratorLimits) -> int:
        self._delete(name)
        self._require_room(name, length, limits)
        number = next(n for n in range(1, len(self._ids) + 2) if n not in self._ids.values())
        self._ids[name] = number
        for memory in self._used:
            self._link.write(f":TRAC{memory}:DEF {number},{length}")
            self._link.write(f':TRAC{memory}:NAME {number},"{name[:_LONGEST_NAME]}"')
        return number

    def _write(
        self,
        number: int,
        source: WaveformSource,
        length: int,
        packing: Packing,
        granularity: int,
        progress: Progress | None,
    ) -> int:
        """Write a segment and give how many samples were clipped."""
        offset = clipped = done = 0
        total = length * packing.sample_bytes
        for chunk in padded_chunks(source, length, largest=_CHUNK_SAMPLES, multiple=granularity):
            words, beyond = packing.pack(chunk)
            clipped += beyond
            for memory, data in zip(self._used, words, strict=True):
                self._link.write_block(
                    f":TRAC{memory}:DATA {number},{offset},",
                    data,
                    progress=_shifted(progress, done, total),
                )
                done += data.nbytes
                if offset == 0:
                    first = data[: granularity * (data.size // chunk.samples.size)]
                    self._verify(memory, number, packing, first, granularity)
            offset += chunk.samples.size
        return clipped

    def _verify(
        self, memory: int, number: int, packing: Packing, data: NDArray[Any], samples: int
    ) -> None:
        """Compare the first vector: which byte of a word comes first is nowhere to be asked."""
        answer = self._link.query_whole_list(f":TRAC{memory}:DATA? {number},0,{samples}", data.size)
        held = packing.codes(np.array(answer), samples)
        sent = packing.codes(data, samples)
        if not np.array_equal(held, sent):
            raise DriverError(
                f"segment {number} of the {self._model} begins with the codes {held[:4].tolist()} "
                f"where {sent[:4].tolist()} were sent",
                "reset the instrument (*RST): its byte order may have been changed",
            )

    def _require_room(self, name: str, length: int, limits: GeneratorLimits) -> None:
        if len(self._ids) >= self.most_segments:
            raise DeviceSettingsError(
                f"waveform {name} is one more than the {self.most_segments} that the {self._model} "
                "can hold",
                "upload it under the same name, or install option SEQ",
            )
        if length > limits.max_segment_samples:
            raise DeviceSettingsError(
                f"waveform {name} takes {length} samples, and {limits.max_segment_samples} are "
                f"free in the {self._model}",
                "play it in shorter parts, or at a lower rate",
            )

    def _delete(self, name: str) -> None:
        number = self._ids.pop(name, None)
        self.uploads.pop(name, None)
        if number is not None:
            for memory in self._used:
                self._link.write(f":TRAC{memory}:DEL {number}")

    def read_back(self) -> dict[str, Any]:
        """Tell what is in it; fit for JSON."""
        return {
            name: {
                "segment": self._ids[name],
                "samples": upload.samples,
                "padded_samples": upload.padded_samples,
                "clipped_samples": upload.clipped_samples,
            }
            for name, upload in self.uploads.items()
        }


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    if progress is None:
        return None
    told = progress
    return lambda done, _: told(before + done, total)
