"""The sequencer of Keysight's modular generators: what plays when, and what it waits for.

Source: `M8190A User's Guide`, chapter 3 and sections 8.21 (``:STABle``), 8.8 (``:TRIGger``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.generators.keysight.segments import WaveformMemory
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.command_tree import CommandTree
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.settings import SettingTable
from drivers.simulators.scpi.values import short_form

# ``:STABle:SEQuence:STATe?`` has the state in bits 25 and 26.
IDLE, WAITS_FOR_TRIGGER, RUNS, WAITS_FOR_ADVANCE = range(4)
_STATE_SHIFT = 25

_AUTO, _CONDITIONAL, _REPEAT, _SINGLE = range(4)
ADVANCES = ("AUTO", "CONDitional", "REPeat", "SINGle")

# Bits of the control word of a table entry.
_COMMAND = 1 << 31
_END_SEQUENCE = 1 << 30
_MARKERS = 1 << 24
_ADVANCE_SHIFT = 16
# What an entry is after ``:STABle:RESet``: a command, an idle delay.
_BLANK = (_COMMAND, 1, 0, 0, 640, 0)
_WHOLE = 0xFFFFFFFF
# Of a piece of a sequence; a longer one is not computed.
_MOST_SAMPLES = 1 << 28


@dataclass(frozen=True, slots=True)
class Step:
    """What is played in one go: a segment, from one sample to another, some times.

    Parameters
    ----------
    index : int
        Of the table entry.
    segment : int
        Its number; 0 is an idle delay.
    first, last : int
        Samples; ``last`` 0xFFFFFFFF is the segment's own. Of an idle delay: value and length.
    loops : int
        How often.
    markers : bool
        Whether they are output.
    waits : bool
        For an advancement event when it is over.
    endless : bool
        It goes on until that event.
    """

    index: int
    segment: int
    first: int
    last: int
    loops: int
    markers: bool
    waits: bool
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What a sequencer is set to.

    Parameters
    ----------
    mode : str
        "ARB" plays a segment, "STS" a sequence.
    continuous : bool
        Whether it starts without a trigger, and again.
    start : int
        Table entry at which the sequence begins.
    segment, advance, loops, markers
        Of "ARB".
    """

    mode: str
    continuous: bool
    start: int
    segment: int
    advance: int
    loops: int
    markers: bool


class Sequencer:
    """State and table of one sequencer.

    Parameters
    ----------
    play : callable
        Plays steps one after the other; gives how long that takes, in seconds.
    chosen : callable
        What it is set to.
    entries : int
        Of the table.
    """

    def __init__(
        self,
        play: Callable[[Sequence[Step]], float],
        chosen: Callable[[], Selection],
        entries: int,
    ) -> None:
        self._play, self._chosen = play, chosen
        self.entries = entries
        self.table: dict[int, tuple[int, ...]] = {}
        self._state, self._index = IDLE, 0
        self._steps: Iterator[Step] = iter(())
        self._waits = self._endless = self._advance_stored = False
        self._ends_at = 0.0

    @property
    def state(self) -> tuple[int, int]:
        """State and index of the entry that is played or was played last."""
        self._settle()
        return self._state, self._index

    @property
    def stopped(self) -> bool:
        """Whether nothing was started."""
        return self._state == IDLE

    def initiate(self) -> None:
        """Start: wait for a trigger, or play at once if continuous."""
        if not self.stopped:
            return
        self._state, self._index, self._advance_stored = WAITS_FOR_TRIGGER, 0, False
        if self._chosen().continuous:
            self._begin()

    def abort(self) -> None:
        """Stop at once."""
        self._state = IDLE

    def trigger(self) -> None:
        """Begin; a trigger at another time is ignored."""
        if self.state[0] == WAITS_FOR_TRIGGER:
            self._begin()

    def advance(self) -> None:
        """Take an advancement event; one that comes too early is kept, a second one is not."""
        state = self.state[0]
        if state == WAITS_FOR_ADVANCE:
            self._go_on()
        elif state == RUNS:
            self._advance_stored = True

    def slope(self, *, begins: bool, advances: bool) -> None:
        """Take a slope of the trigger input: a beginning where that is waited for, or an advance.

        The guides do not say whether the slope that begins counts as an advancement event too; here
        it does not.
        """
        waits = self.state[0] == WAITS_FOR_TRIGGER
        if waits and begins:
            self._begin()
        elif advances and not waits:
            self.advance()

    def _begin(self) -> None:
        self._steps = self._walk()
        self._go_on()

    def _go_on(self) -> None:
        """Play up to the next step that waits, or up to the end."""
        piece: list[Step] = []
        for step in self._steps:
            piece.append(step)
            if step.waits:
                break
        self._waits = bool(piece) and piece[-1].waits
        self._endless = bool(piece) and piece[-1].endless
        self._state = RUNS
        if piece:
            self._index = piece[-1].index
            duration_s = self._play(piece)
            self._ends_at = time.monotonic() + duration_s

    def _settle(self) -> None:
        """Bring the state up to now."""
        while self._state == RUNS and time.monotonic() >= self._ends_at:
            if self._endless and not self._advance_stored:
                return
            if self._waits and not self._advance_stored:
                self._state = WAITS_FOR_ADVANCE
            elif self._waits:
                self._advance_stored = False
                self._go_on()
            elif self._chosen().continuous:
                return
            else:
                self._state = WAITS_FOR_TRIGGER

    def _walk(self) -> Iterator[Step]:
        chosen = self._chosen()
        if chosen.mode == "ARB":
            yield from _loops(
                0, chosen.segment, 0, _WHOLE, chosen.loops, chosen.markers, chosen.advance
            )
            return
        index, first = chosen.start, True
        entries: list[tuple[int, tuple[int, ...]]] = []
        while first or not entries[-1][1][0] & _END_SEQUENCE:
            if index not in self.table:
                raise ScpiError(-221, f"no entry {index}, and no end of the sequence before it")
            entries.append((index, self.table[index]))
            index, first = index + 1, False
        for _ in range(max(1, entries[0][1][1])):
            for number, (control, _, loops, segment, start, end) in entries:
                advance = control >> _ADVANCE_SHIFT & 3
                if control & _COMMAND:
                    yield Step(number, 0, segment, start, 1, False, advance != _AUTO)
                else:
                    markers = bool(control & _MARKERS)
                    yield from _loops(number, segment, start, end, loops, markers, advance)


def _loops(
    index: int, segment: int, first: int, last: int, loops: int, markers: bool, advance: int
) -> Iterator[Step]:
    if advance == _SINGLE:
        for _ in range(loops):
            yield Step(index, segment, first, last, 1, markers, True)
    elif advance == _CONDITIONAL:
        yield Step(index, segment, first, last, 1, markers, True, endless=True)
    else:
        yield Step(index, segment, first, last, loops, markers, advance == _REPEAT)


class SequencerSettings:
    """Settings of sequencers, and the commands that run them.

    Parameters
    ----------
    settings : SettingTable
        The instrument's.
    suffix : str
        What its headers have: ``<1:2>``, or nothing where there is one sequencer.
    channels : int
        Of ``:TRACe``.
    """

    def __init__(self, settings: SettingTable, suffix: str, channels: int) -> None:
        table, start = f"[:SOURce]:STABle{suffix}", f":INITiate:CONTinuous{suffix}"
        trace = f":TRACe<1:{channels}>"
        self._suffixed = bool(suffix)
        modes = ("ARBitrary", "STSequence", "STSCenario")
        self.mode = settings.choice(f"[:SOURce]:FUNCtion{suffix}:MODE", modes, "ARB")
        self.start = settings.whole(f"{table}:SEQuence:SELect", 0, lowest=0)
        self.continuous = settings.boolean(f"{start}[:STATe]", True)
        self.gated = settings.boolean(f":INITiate:GATE{suffix}[:STATe]", False)
        self.hardware_off = {
            node: settings.boolean(f":TRIGger:{node}{suffix}:HWDisable[:STATe]", False)
            for node in ("BEGin", "ADVance", "ENABle")
        }
        self.advance_source = settings.choice(
            ":TRIGger:SOURce:ADVance", ("TRIGger", "EVENt", "INTernal"), "EVEN"
        )
        self.segment = settings.whole(f"{trace}:SELect", 1, lowest=1)
        self.advance = settings.choice(f"{trace}:ADVance", ADVANCES, "AUTO")
        self.loops = settings.whole(f"{trace}:COUNt", 1, lowest=1, highest=_WHOLE)
        self.markers = settings.boolean(f"{trace}:MARKer[:STATe]", False)
        settings.choice(f"{start}:ENABle", ("SELF", "ARMed"), "SELF")
        settings.choice(":TRIGger:SOURce:ENABle", ("TRIGger", "EVENt"), "TRIG")
        settings.boolean(f"{table}:DYNamic[:STATe]", False)
        settings.whole(f"{table}:SCENario:SELect", 0, lowest=0)
        settings.whole(f"{table}:SCENario:COUNt", 1, lowest=1, highest=_WHOLE)
        settings.choice(f"{table}:SCENario:ADVance", ADVANCES, "AUTO")

    def of(self, channel: int) -> Selection:
        """Give what the sequencer of a channel is set to."""
        suffixes = (channel,) if self._suffixed else ()
        return Selection(
            mode=self.mode(*suffixes),
            continuous=self.continuous(*suffixes),
            start=self.start(*suffixes),
            segment=self.segment(channel),
            advance=[short_form(word) for word in ADVANCES].index(self.advance(channel)),
            loops=self.loops(channel),
            markers=self.markers(channel),
        )

    def hardware(self, node: str, channel: int) -> bool:
        """Whether the trigger input may begin or advance ("BEGin", "ADVance")."""
        return not self.hardware_off[node](*((channel,) if self._suffixed else ()))


def declare_sequencer(
    tree: CommandTree, sequencer_of: Callable[..., Sequencer], suffix: str
) -> None:
    """Put the commands that fill and run sequencers into a tree.

    Parameters
    ----------
    tree : CommandTree
        The instrument's.
    sequencer_of : callable
        Sequencer of a header's suffixes.
    suffix : str
        What headers have: ``<1:2>``, or nothing.
    """
    table = f"[:SOURce]:STABle{suffix}"

    def of(call: Call) -> Sequencer:
        return sequencer_of(*call.suffixes)

    def write(call: Call) -> None:
        sequencer = of(call)
        if not sequencer.stopped:
            raise ScpiError(-221, "stop first")
        index = call.whole(0, lowest=0)
        if len(call) == 2 and call.parameter(1).kind == "block":
            values = np.frombuffer(call.block(1), "<u4").tolist()
        else:
            values = [call.whole(at, lowest=0, highest=_WHOLE) for at in range(1, len(call))]
        if not values or len(values) % 6:
            raise ScpiError(-109, "entries of six values each")
        for at in range(0, len(values), 6):
            if index >= sequencer.entries:
                raise ScpiError(-222, f"index {index}")
            sequencer.table[index] = tuple(values[at : at + 6])
            index += 1

    def read(call: Call) -> str:
        first, values = call.whole(0, lowest=0), call.whole(1, lowest=6)
        entries = range(first, first + values // 6)
        found = [value for at in entries for value in of(call).table.get(at, _BLANK)]
        return ",".join(map(str, found))

    def state(call: Call) -> str:
        now, index = of(call).state
        return str(now << _STATE_SHIFT | index)

    tree.command(f"{table}:DATA", write)
    tree.query(f"{table}:DATA", read, 2)
    tree.command(f"{table}:RESet", lambda call: of(call).table.clear(), 0)
    tree.query(f"{table}:SEQuence:STATe", state, 0)
    tree.command(f":ABORt{suffix}", lambda call: of(call).abort(), 0)
    tree.command(f":INITiate:IMMediate{suffix}", lambda call: of(call).initiate(), 0)
    tree.command(f":TRIGger:BEGin{suffix}[:IMMediate]", lambda call: of(call).trigger(), 0)
    tree.command(f":TRIGger:ADVance{suffix}[:IMMediate]", lambda call: of(call).advance(), 0)
    tree.command(f":TRIGger:ENABle{suffix}[:IMMediate]", lambda call: None, 0)


def gather(memory: WaveformMemory, steps: Sequence[Step]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Put the samples of steps one behind the other.

    Parameters
    ----------
    memory : WaveformMemory
        Where the segments are.
    steps : sequence of Step
        Played without a pause.

    Returns
    -------
    words : array, shape (samples, words)
        As they are in memory; a view of it where there is one step.
    marked : bool array, shape (samples,)
        Whether markers are output.
    """
    pieces: list[NDArray[Any]] = []
    marked: list[NDArray[np.bool_]] = []
    total = 0
    for step in steps:
        if step.segment:
            words = memory.segment(step.segment).words
            piece = words[step.first : min(step.last, len(words) - 1) + 1]
        else:
            piece = np.full((step.last, memory.form.words), step.first, memory.form.word)
        total += len(piece) * step.loops
        if total > _MOST_SAMPLES:
            raise ScpiError(-225, "more than a simulated sequence can hold")
        pieces += [piece] * step.loops
        marked += [np.full(len(piece), step.markers)] * step.loops
    if len(pieces) == 1:
        return pieces[0], marked[0]
    return np.concatenate(pieces), np.concatenate(marked)
