"""Sequences of Keysight's modular generators, which M8190A and M8195A have in common.

A queue is a sequence whose every entry plays its segment once and then waits for an advancement
event, the last one too: a trigger too many ends the sequence and plays nothing. Without option SEQ
there is one segment, which waits in the same way.

Sources: `M8190A User's Guide`, chapter 3, sections 8.8, 8.21; `M8195A User's Guide`, chapter 4,
sections 6.9, 6.20.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from drivers.errors import DeviceStateError, DeviceTimeoutError
from drivers.visa.generators.checks import require_queueable
from drivers.visa.generators.keysight.memory import SegmentMemory
from drivers.visa.instrument import OutputSettings, Upload
from drivers.visa.link import Link
from drivers.visa.waiting import wait_until

IDLE, WAITS_FOR_TRIGGER, RUNS, WAITS_FOR_ADVANCE = range(4)
_STATES = ("stopped", "waiting for a trigger", "playing", "waiting for the next trigger")
# ``:STABle:SEQuence:STATe?`` has the state in bits 25 and 26, the table entry below.
_STATE_SHIFT = 25

# Bits of the control word of a table entry.
_FIRST_OF_SEQUENCE = 1 << 28
_LAST_OF_SEQUENCE = 1 << 30
_MARKERS = 1 << 24
_SINGLE = 3 << 16
_WHOLE_SEGMENT = 0xFFFFFFFF
_ENTRIES_PER_MESSAGE = 32

SEQUENCE_ENTRIES = 512 * 1024 - 1
"""Of the M8190A's table, less one; the M8195A has more."""

_ARM_DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which numbers headers carry.

    Parameters
    ----------
    memories : tuple of int
        Channels whose memory holds the waveforms.
    tables : tuple of str
        Numbers of the sequence tables: "1", or nothing where there is one.
    master : str
        Number of what is started and triggered.
    """

    memories: tuple[int, ...]
    tables: tuple[str, ...]
    master: str


@dataclass(slots=True)
class _Queue:
    """What the next triggers play."""

    uploads: list[Upload] = field(default_factory=list)
    armed: bool = False
    triggered: int = 0
    played: int = 0
    triggered_s: float = 0.0


class SegmentPlayer:
    """Plays one segment of its ``memory`` after each trigger.

    Parameters
    ----------
    link : Link
        To the instrument.
    model : str
        Its name, for errors.
    sequenced : bool
        Whether it has option SEQ.
    all_memories : tuple of int
        Channels that have a memory.
    all_sequencers : tuple of str
        Numbers of the sequencers, as in :class:`Wiring`.
    """

    def __init__(
        self,
        link: Link,
        model: str,
        sequenced: bool,
        all_memories: tuple[int, ...],
        all_sequencers: tuple[str, ...],
    ) -> None:
        self._link, self._model, self.sequenced = link, model, sequenced
        self.memory = SegmentMemory(link, model, all_memories, SEQUENCE_ENTRIES if sequenced else 1)
        self._sequencers = all_sequencers
        self._wiring = Wiring(all_memories[:1], all_sequencers[:1], all_sequencers[0])
        self._queue = _Queue()

    @property
    def stop_commands(self) -> tuple[str, ...]:
        """Commands that stop it, none of which needs another."""
        return tuple(f":ABOR{number}" for number in self._sequencers)

    def disarm(self) -> None:
        """Take it that it was stopped."""
        self._queue.armed = False

    def clear(self) -> None:
        """Stop, and empty memory and tables: only so the places of segments are known."""
        for number in self._sequencers:
            self._link.write(f":ABOR{number}")
        for number in self._sequencers:
            self._link.write(f":INIT:CONT{number}:STAT OFF")
            self._link.write(f":INIT:GATE{number}:STAT OFF")
            if self.sequenced:
                self._link.write(f":STAB{number}:RES")
        self.memory.clear(self._wiring.memories)
        self._queue = _Queue()

    def configure(self, wiring: Wiring, trigger: str, level_v: float) -> None:
        """Set how it is triggered; memory is emptied.

        Parameters
        ----------
        wiring : Wiring
            Numbers.
        trigger : {"bus", "external"}
            What plays the next segment.
        level_v : float
            Of the trigger input's rising slope.
        """
        self._wiring = wiring
        self.clear()
        self._link.write(":TRIG:SOUR:ADV TRIG")
        self._link.write(":ARM:TRIG:SLOP POS")
        self._link.write(f":ARM:TRIG:LEV {level_v:.6G}")
        closed = "OFF" if trigger == "external" else "ON"
        for number in wiring.tables:
            self._link.write(f":TRIG:BEG{number}:HWD {closed}")
            self._link.write(f":TRIG:ADV{number}:HWD {closed}")

    def queue(self, names: Sequence[str]) -> None:
        """Make segments those that the next triggers play, in this order, each once.

        Raises
        ------
        DeviceSettingsError
            There are none, too many, or one that was not uploaded.
        """
        self.require_idle("queue")
        require_queueable(names, self.memory.uploads, self.memory.most_segments)
        self._queue = _Queue([self.memory.uploads[name] for name in names])
        if self.sequenced:
            self._write_table([self.memory.number(name) for name in names])
        else:
            self._select(self.memory.number(names[0]))

    def _write_table(self, numbers: Sequence[int]) -> None:
        entries = []
        for index, number in enumerate(numbers):
            control = _MARKERS | _SINGLE
            if index == 0:
                control |= _FIRST_OF_SEQUENCE
            if index == len(numbers) - 1:
                control |= _LAST_OF_SEQUENCE
            entries.append(f"{control},1,1,{number},0,{_WHOLE_SEGMENT}")
        for table in self._wiring.tables:
            self._link.write(f":STAB{table}:RES")
            for first in range(0, len(entries), _ENTRIES_PER_MESSAGE):
                values = ",".join(entries[first : first + _ENTRIES_PER_MESSAGE])
                self._link.write(f":STAB{table}:DATA {first},{values}")
            self._link.write(f":FUNC{table}:MODE STS")
            self._link.write(f":STAB{table}:SEQ:SEL 0")

    def _select(self, number: int) -> None:
        for memory in self._wiring.memories:
            self._link.write(f":TRAC{memory}:SEL {number}")
            self._link.write(f":TRAC{memory}:ADV SING")
            self._link.write(f":TRAC{memory}:COUN 1")
            self._link.write(f":TRAC{memory}:MARK ON")
        for table in self._wiring.tables:
            self._link.write(f":FUNC{table}:MODE ARB")

    def start(self) -> None:
        """Start the sequencer, and return when it waits for its first trigger."""
        if not self._queue.uploads:
            raise DeviceStateError("nothing is queued", "queue waveforms, then arm")
        self._link.write(f":ABOR{self._wiring.master}")
        self._link.write(f":INIT:IMM{self._wiring.master}")
        self._wait(WAITS_FOR_TRIGGER, None, "wait for its trigger", _ARM_DEADLINE_S)
        self._queue.armed, self._queue.triggered, self._queue.played = True, 0, 0

    def trigger(self, trigger: str) -> None:
        """Begin the sequence, or advance in it.

        Raises
        ------
        DeviceStateError
            The trigger is external, or nothing is left to play.
        """
        queue = self._queue
        if trigger != "bus" or not queue.armed or queue.triggered >= len(queue.uploads):
            raise DeviceStateError(
                f"a trigger by command after {queue.triggered} of {len(queue.uploads)} waveforms, "
                f"{'armed' if queue.armed else 'not armed'}, trigger {trigger}",
                "arm with the trigger on bus, and trigger once per waveform",
            )
        event = "ADV" if queue.triggered else "BEG"
        self._link.write(f":TRIG:{event}{self._wiring.master}")
        queue.triggered_s = time.monotonic()
        queue.triggered += 1

    def wait_played(self, deadline_s: float, output: OutputSettings) -> None:
        """Wait until the segment has been played and an advancement event is waited for."""
        queue = self._queue
        if not queue.armed or queue.played >= len(queue.uploads):
            raise DeviceStateError("nothing is being played", "arm, and trigger")
        end_s = time.monotonic() + deadline_s
        if output.trigger == "bus":
            # Asking before it can be over would only keep the instrument busy.
            upload = queue.uploads[queue.played]
            samples = upload.samples + upload.padded_samples
            over_s = queue.triggered_s + samples / output.sample_rate_hz
            threading.Event().wait(max(0.0, min(over_s, end_s) - time.monotonic()))
        index = queue.played if self.sequenced else None
        left_s = max(0.0, end_s - time.monotonic())
        self._wait(WAITS_FOR_ADVANCE, index, "play its waveform", left_s, deadline_s)
        queue.played += 1

    def state(self) -> tuple[int, int]:
        """Ask for the sequencer's state and its table entry (``:STABle:SEQuence:STATe?``)."""
        value = self._link.query_whole(f":STAB{self._wiring.master}:SEQ:STAT?")
        return value >> _STATE_SHIFT & 3, value & ((1 << _STATE_SHIFT) - 1)

    def _wait(
        self, wanted: int, index: int | None, what: str, left_s: float, told_s: float | None = None
    ) -> None:
        state = 0

        def reached() -> bool:
            nonlocal state
            state, at = self.state()
            return state == wanted and index in (None, at)

        wait_until(
            reached,
            left_s,
            lambda: DeviceTimeoutError(
                f"the {self._model} did not {what} within "
                f"{left_s if told_s is None else told_s:g} s; it is {_STATES[state]}",
                "see that its trigger arrives, and that the waveform is not longer",
            ),
        )

    def require_idle(self, what: str) -> None:
        """Refuse what would disturb a queue that waits for its triggers."""
        if self._queue.armed:
            raise DeviceStateError(f"{what} while armed", "stop it first")

    def read_back(self) -> dict[str, Any]:
        """Tell state and segments; fit for JSON."""
        state, index = self.state()
        return {
            "state": _STATES[state],
            "table_entry": index,
            "waveforms": self.memory.read_back(),
        }
