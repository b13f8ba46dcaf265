"""A simulated Keysight M8195A: four DACs of 8 bits at 53.76 to 65 GSa/s, and extended memory.

Source: `M8195A User's Guide`, chapters 1, 3, 5 and 6. Errors carry SCPI's numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.generators.keysight.segments import (
    WaveformMemory,
    WordFormat,
    declare_traces,
)
from drivers.simulators.generators.keysight.sequencer import (
    Sequencer,
    SequencerSettings,
    Step,
    declare_sequencer,
    gather,
)
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.errors import ScpiError

_CHANNELS = (1, 2, 3, 4)
_RATE_HZ = (53.76e9, 65e9)
_AMPLITUDE_V, _OFFSET_V = (0.075, 1.0), (-1.0, 3.3)
_FULL_SCALE = 127.0
_VECTOR, _VECTORS_AT_LEAST = 256, 5
_SEGMENTS, _ENTRIES = (1 << 24) - 1, (1 << 24) - 1
_MODES = ("SINGle", "DUAL", "FOUR", "MARKer", "DCDuplicate", "DCMarker")


@dataclass(frozen=True, slots=True)
class _DacMode:
    """Channels that generate a signal, and how fast extended memory can be then."""

    channels: tuple[int, ...]
    markers: bool
    smallest_divider: int


_DAC_MODES = {
    "SING": _DacMode((1,), False, 1),
    "DUAL": _DacMode((1, 4), False, 2),
    "FOUR": _DacMode((1, 2, 3, 4), False, 4),
    "MARK": _DacMode((1,), True, 1),
    "DCD": _DacMode((1, 2), False, 2),
    "DCM": _DacMode((1, 2), True, 2),
}


class SimulatedM8195A(SimulatedInstrument):
    """An M8195A on the bench, with outputs "1" to "4", and "M1", "M2" where 3 and 4 are markers.

    Parameters
    ----------
    name : str
        On the bench.
    bench : RfBench or None
        What hears it.
    options : str
        As ``*OPT?`` tells them.
    memory_bytes : int
        Of all channels together.
    """

    def __init__(
        self,
        name: str = "awg",
        *,
        bench: RfBench | None = None,
        options: str = "004,16G,SEQ,FSW",
        memory_bytes: int = 16 * 1024**3,
    ) -> None:
        super().__init__(name, "Keysight Technologies,M8195A,SIM00002,3.6.0.0-1.1", options)
        self._bench = bench
        self._options = frozenset(options.split(","))
        sequenced = "SEQ" in self._options
        self.external_clock = True
        self.memory = {
            channel: WaveformMemory(memory_bytes, _SEGMENTS if sequenced else 1, _form(False, 1))
            for channel in _CHANNELS
        }
        self._sequence = SequencerSettings(self.settings, "", 4)
        self._sequencer = Sequencer(
            self._play, lambda: self._sequence.of(1), _ENTRIES if sequenced else 1
        )
        declare_traces(self.tree, self.memory.__getitem__, self._require_stopped, 4)
        declare_sequencer(self.tree, lambda *_: self._sequencer, "")
        self._declare_modes()
        self._declare_outputs()
        self._declare_clock()

    def reset(self) -> None:
        """Stop, outputs off, memory and table empty."""
        self._sequencer.abort()
        self._sequencer.table.clear()
        for memory in self.memory.values():
            memory.segments.clear()
        super().reset()
        self._set_forms("SING", 1)

    def trigger_input(self) -> None:
        """Do what a slope at the trigger input does."""
        with self.lock:
            advances = self._sequence.advance_source() == "TRIG"
            self._sequencer.slope(
                begins=self._sequence.hardware("BEGin", 1),
                advances=advances and self._sequence.hardware("ADVance", 1),
            )

    def outputs_on(self) -> frozenset[str]:
        """Connectors that are switched on."""
        return frozenset(str(channel) for channel in _CHANNELS if self._output(channel))

    def _require_stopped(self, _: int) -> None:
        if not self._sequencer.stopped:
            raise ScpiError(-221, "stop first")

    def _set_forms(self, mode: str, divider: int) -> None:
        chosen = _DAC_MODES[mode]
        for channel, memory in self.memory.items():
            memory.set_form(_form(chosen.markers and channel == 1, divider))

    def _set_mode(self, mode: str) -> None:
        self._require_stopped(1)
        chosen = _DAC_MODES[mode]
        if "001" in self._options and len(chosen.channels) > 1:
            raise ScpiError(-241, "option 001 has one channel")
        if "002" in self._options and mode == "FOUR":
            raise ScpiError(-241, "option 002 has two channels")
        divider = max(int(self._divider().removeprefix("DIV")), chosen.smallest_divider)
        # The divider follows: that memory cannot be read faster.
        self._divider.set(value=f"DIV{divider}")
        self._set_forms(mode, divider)

    def _set_divider(self, divider: str) -> None:
        self._require_stopped(1)
        number = int(divider.removeprefix("DIV"))
        if number < _DAC_MODES[self._mode()].smallest_divider:
            raise ScpiError(-221, f"{divider} is too fast for this DAC mode")
        self._set_forms(self._mode(), number)

    def _declare_modes(self) -> None:
        settings = self.settings
        self._divider = settings.choice(
            ":INSTrument:MEMory:EXTended:RDIVider", ("DIV1", "DIV2", "DIV4"), "DIV1"
        )
        self._mode = settings.choice(":INSTrument:DACMode", _MODES, "SING", changed=self._set_mode)
        self.tree.command(":INSTrument:MEMory:EXTended:RDIVider", self._divide, 1, replace=True)
        self._source = settings.choice(":TRACe<1:4>:MMODe", ("INTernal", "EXTended"), "EXT")

    def _divide(self, call: Call) -> None:
        divider = call.choice(0, "DIV1", "DIV2", "DIV4")
        self._set_divider(divider)
        self._divider.set(value=divider)

    def _declare_outputs(self) -> None:
        settings = self.settings
        level = "[:SOURce]:VOLTage<1:4>[:LEVel][:IMMediate]"
        self._output = settings.boolean(":OUTPut<1:4>[:STATe]", False)
        self._amplitude = settings.number(
            f"{level}[:AMPLitude]", 0.5, unit="V", lowest=_AMPLITUDE_V[0], highest=_AMPLITUDE_V[1]
        )
        self._offset = settings.number(
            f"{level}:OFFSet", 0.0, unit="V", lowest=_OFFSET_V[0], highest=_OFFSET_V[1]
        )

    def _declare_clock(self) -> None:
        settings = self.settings
        self._rate = settings.number(
            "[:SOURce]:FREQuency:RASTer", 64e9, unit="HZ", lowest=_RATE_HZ[0], highest=_RATE_HZ[1]
        )
        self._reference = settings.choice(
            "[:SOURce]:ROSCillator:SOURce", ("EXTernal", "AXI", "INTernal"), "AXI"
        )
        settings.number("[:SOURce]:ROSCillator:FREQuency", 1e8, unit="HZ", lowest=1e7, highest=17e9)
        self.tree.query("[:SOURce]:ROSCillator:SOURce:CHECk", self._check_reference, 1)
        settings.choice(":ARM:TRIGger:SOURce", ("TRIGger", "EVENt", "INTernal"), "TRIG")
        for node in ("TRIGger", "EVENt"):
            settings.number(f":ARM:{node}:LEVel", 0.0, unit="V", lowest=-4.0, highest=4.0)
            slopes = ("POSitive", "NEGative", "EITHer")
            settings.choice(f":ARM:{node}:SLOPe", slopes, "POS")

    def _check_reference(self, call: Call) -> str:
        source = call.choice(0, "EXTernal", "AXI", "INTernal")
        return str(int(source != "EXT" or self.external_clock))

    def _play(self, steps: Sequence[Step]) -> float:
        chosen = _DAC_MODES[self._mode()]
        outputs: dict[str, NDArray[np.float32] | NDArray[np.complex64]] = {}
        markers: dict[str, NDArray[np.uint8]] = {}
        for channel in chosen.channels:
            memory = self.memory[channel]
            if self._source(channel) != "EXT" or not memory.segments:
                continue
            words, marked = gather(memory, steps)
            if self._output(channel):
                outputs[str(channel)] = self._volts(channel, words[:, 0])
            if chosen.markers and channel == 1:
                for bit, output in ((0, 3), (1, 4)):
                    if self._output(output):
                        level = (words[:, 1] >> bit & 1).astype(np.uint8) * marked
                        markers[f"M{bit + 1}"] = level
        playback = Playback(
            sample_rate_hz=self._rate() / int(self._divider().removeprefix("DIV")),
            outputs=outputs,
            markers=markers,
            # Slower memory is interpolated, and what is held then is too short to matter.
            zero_order_hold=self._divider() == "DIV1",
            reference="external" if self._reference() == "EXT" else "internal",
            marker_v=self._amplitude(3),
        )
        if self._bench is None:
            return playback.duration_s
        return self._bench.play(self.name, playback)

    def _volts(self, channel: int, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        volts = codes.astype(np.float32)
        volts *= np.float32(self._amplitude(channel) / 2.0 / _FULL_SCALE)
        volts += np.float32(self._offset(channel))
        return volts


def _form(markers: bool, divider: int) -> WordFormat:
    """Give the format of extended memory; a vector is shorter where memory is slower."""
    vector = _VECTOR // divider
    return WordFormat("i1", 2 if markers else 1, vector, _VECTORS_AT_LEAST * vector)
