"""Waveform memory of Keysight's modular generators: segments, as ``:TRACe`` defines and fills them.

Source: `M8190A User's Guide`, section 8.22, and `M8195A User's Guide`, section 6.21.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.command_tree import CommandTree
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.values import quoted

Words = NDArray[np.int16] | NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class WordFormat:
    """How a mode holds a sample.

    Parameters
    ----------
    word : str
        NumPy's type of a word.
    words : int
        Words of a sample: one, or two (I and Q, or sample and marker).
    granularity, minimum : int
        Of a segment, in samples.
    """

    word: str
    words: int
    granularity: int
    minimum: int

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample."""
        return np.dtype(self.word).itemsize * self.words


@dataclass(slots=True, eq=False)
class Segment:
    """A segment: its words, shape (samples, words), and how far it has been written."""

    words: NDArray[Any]
    written: int = 0
    name: str = ""
    comment: str = ""


class WaveformMemory:
    """Segments of one channel.

    Parameters
    ----------
    size_bytes : int
        Of the memory.
    last_id : int
        Largest number of a segment.
    form : WordFormat
        Of the mode.
    """

    def __init__(self, size_bytes: int, last_id: int, form: WordFormat) -> None:
        self.size_bytes, self.last_id = size_bytes, last_id
        self.form = form
        self.segments: dict[int, Segment] = {}

    @property
    def used_bytes(self) -> int:
        """Bytes of all segments."""
        return sum(segment.words.nbytes for segment in self.segments.values())

    def set_form(self, form: WordFormat) -> None:
        """Change the mode; samples of another kind are worth nothing and go."""
        if (form.word, form.words) != (self.form.word, self.form.words):
            self.segments.clear()
        self.form = form

    def define(self, number: int, samples: int, value: int = 0) -> None:
        """Make a segment.

        Raises
        ------
        ScpiError
            -222: number, length, granularity; -221: there is one; -225: no room.
        """
        form = self.form
        if not 1 <= number <= self.last_id:
            raise ScpiError(-222, f"segment id {number}")
        if number in self.segments:
            raise ScpiError(-221, f"segment {number} exists")
        if samples < form.minimum or samples % form.granularity:
            raise ScpiError(
                -222, f"{samples} samples, not {form.minimum} or more by {form.granularity}"
            )
        if samples * form.sample_bytes > self.size_bytes - self.used_bytes:
            raise ScpiError(-225, f"{samples} samples")
        words = np.zeros((samples, form.words), form.word)
        if value:
            words[:] = value
        self.segments[number] = Segment(words)

    def segment(self, number: int) -> Segment:
        """Give a segment, or raise -222."""
        if number not in self.segments:
            raise ScpiError(-222, f"no segment {number}")
        return self.segments[number]

    def write(self, number: int, offset: int, words: NDArray[Any]) -> None:
        """Write part of a segment: a whole number of vectors, behind what was written before.

        Raises
        ------
        ScpiError
            -222: an offset that is none; -223: longer than the segment.
        """
        segment, form = self.segment(number), self.form
        if offset % form.granularity or words.size % (form.granularity * form.words):
            raise ScpiError(-222, f"offset and length must be multiples of {form.granularity}")
        if offset and offset < segment.written:
            raise ScpiError(-222, "offsets must ascend")
        rows = words.reshape(-1, form.words)
        if offset + len(rows) > len(segment.words):
            raise ScpiError(-223, f"segment {number}")
        segment.words[offset : offset + len(rows)] = rows
        segment.written = offset + len(rows)

    def delete(self, number: int) -> None:
        """Remove a segment."""
        self.segment(number)
        del self.segments[number]


def declare_traces(
    tree: CommandTree,
    memory_of: Callable[[int], WaveformMemory],
    stopped: Callable[[int], None],
    channels: int,
) -> None:
    """Put the part of ``:TRACe`` that handles memory into a command tree.

    Parameters
    ----------
    tree : CommandTree
        The instrument's.
    memory_of : callable
        Memory of a channel.
    stopped : callable
        Raises unless the channel may be written.
    channels : int
        How many there are.
    """
    trace = f":TRACe<1:{channels}>"

    def memory(call: Call) -> WaveformMemory:
        return memory_of(call.suffixes[0])

    def writable(call: Call) -> WaveformMemory:
        stopped(call.suffixes[0])
        return memory(call)

    def define(call: Call) -> None:
        value = call.whole(2) if len(call) > 2 else 0
        writable(call).define(call.whole(0), call.whole(1), value)

    def define_new(call: Call) -> str:
        target = writable(call)
        number = next(n for n in range(1, len(target.segments) + 2) if n not in target.segments)
        target.define(number, call.whole(0))
        return str(number)

    def write(call: Call) -> None:
        target = memory(call)
        if len(call) == 3 and call.parameter(2).kind == "block":
            data = call.block(2)
            if data.nbytes % np.dtype(target.form.word).itemsize:
                raise ScpiError(-161, "half a word")
            words = np.frombuffer(data, target.form.word)
        else:
            info = np.iinfo(target.form.word)
            words = np.array(
                [call.whole(at, lowest=info.min, highest=info.max) for at in range(2, len(call))],
                target.form.word,
            )
        target.write(call.whole(0), call.whole(1), words)

    def read(call: Call) -> str:
        target = memory(call)
        words = target.segment(call.whole(0)).words
        offset, samples = call.whole(1, lowest=0), call.whole(2, lowest=1)
        if offset % target.form.granularity or samples % target.form.granularity:
            raise ScpiError(-222, f"multiples of {target.form.granularity}")
        return ",".join(map(str, words[offset : offset + samples].ravel().tolist()))

    def catalogue(call: Call) -> str:
        segments = memory(call).segments
        entries = [f"{number},{len(one.words)}" for number, one in sorted(segments.items())]
        return ",".join(entries) or "0,0"

    def free(call: Call) -> str:
        target = memory(call)
        left = target.size_bytes - target.used_bytes
        return f"{left},{target.used_bytes},{left}"

    tree.command(f"{trace}:DEFine", define, (2, 4))
    tree.query(f"{trace}:DEFine:NEW", define_new, (1, 3))
    tree.command(f"{trace}[:DATA]", write)
    tree.query(f"{trace}[:DATA]", read, 3)
    tree.query(f"{trace}:CATalog", catalogue, 0)
    tree.query(f"{trace}:FREE", free, 0)
    tree.command(f"{trace}:DELete[:SEGMent]", lambda call: writable(call).delete(call.whole(0)), 1)
    tree.command(f"{trace}:DELete:ALL", lambda call: writable(call).segments.clear(), 0)
    for node, attribute in (("NAME", "name"), ("COMMent", "comment")):

        def set_text(call: Call, attribute: str = attribute) -> None:
            setattr(memory(call).segment(call.whole(0)), attribute, call.string(1))

        def get_text(call: Call, attribute: str = attribute) -> str:
            return quoted(getattr(memory(call).segment(call.whole(0)), attribute))

        tree.command(f"{trace}:{node}", set_text, 2)
        tree.query(f"{trace}:{node}", get_text, 1)
