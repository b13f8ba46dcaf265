"""A simulated Keysight M8190A: two channels of 14 or 12 bits, or an I/Q up-converter in each.

Source: `M8190A User's Guide`, chapters 3 and 8. Errors carry SCPI's numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

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

_CHANNELS = (1, 2)
_FORMATS = {
    "WPR": WordFormat("<i2", 1, 48, 240),
    "WSP": WordFormat("<i2", 1, 64, 320),
    "INTX3": WordFormat("<i2", 2, 24, 120),
    "INTX12": WordFormat("<i2", 2, 24, 120),
    "INTX24": WordFormat("<i2", 2, 24, 120),
    "INTX48": WordFormat("<i2", 2, 24, 120),
}
_MODES = ("WSPeed", "WPRecision", "INTX3", "INTX12", "INTX24", "INTX48")
_OPTION_OF = {"WPR": "14B", "WSP": "12G"}
_LARGEST_RATE_HZ = {"WPR": 8e9, "WSP": 12e9}
_SMALLEST_RATE_HZ, _LARGEST_INTERPOLATED_HZ = 125e6, 7.2e9
# Left shift and largest value of the bits above the markers.
_CODES = {"WPR": (2, 8191.0), "WSP": (4, 2047.0)}
_IQ_CODES = (1, 16383.0)
# Smallest and largest amplitude, peak to peak into 50 ohm, single-ended.
_AMPLITUDES_V = {"DAC": (0.35, 0.7), "DC": (0.15, 1.0), "AC": (0.2, 2.0)}
_SEQUENCE_ENTRIES = 512 * 1024 - 1


class SimulatedM8190A(SimulatedInstrument):
    """An M8190A on the bench, with outputs "1", "2" and markers "M1" to "M4".

    M1 and M2 are the sample and the sync marker of channel 1, M3 and M4 those of channel 2.

    Parameters
    ----------
    name : str
        On the bench.
    bench : RfBench or None
        What hears it.
    options : str
        As ``*OPT?`` tells them.
    memory_samples : int
        Of each channel.
    """

    def __init__(
        self,
        name: str = "awg",
        *,
        bench: RfBench | None = None,
        options: str = "002,14B,12G,02G,AMP,DUC,SEQ",
        memory_samples: int = 2 * 1024**3,
    ) -> None:
        super().__init__(name, "Agilent Technologies,M8190A,SIM00001,5.7.0.0-1.6", options)
        self._bench = bench
        self._options = frozenset(options.split(","))
        sequenced = "SEQ" in self._options
        self._first_mode = "WSP" if "12G" in self._options else "WPR"
        self.memory = {
            channel: WaveformMemory(
                2 * memory_samples,
                _SEQUENCE_ENTRIES if sequenced else 1,
                _FORMATS[self._first_mode],
            )
            for channel in _CHANNELS
        }
        self._sequence = SequencerSettings(self.settings, "<1:2>", 2)
        entries = _SEQUENCE_ENTRIES if sequenced else 1
        self._sequencers = {
            channel: Sequencer(
                partial(self._play, channel), partial(self._sequence.of, channel), entries
            )
            for channel in _CHANNELS
        }
        declare_traces(self.tree, self.memory.__getitem__, self._require_stopped, 2)
        declare_sequencer(self.tree, self._sequencer, "<1:2>")
        self._declare_outputs()
        self._declare_clock()
        self.tree.query(":STATus:OPERation:RUN:CONDition", lambda _: str(self._running()), 0)

    def reset(self) -> None:
        """Stop, outputs off, memory and table empty."""
        for channel in _CHANNELS:
            self._sequencers[channel].abort()
            self._sequencers[channel].table.clear()
            self.memory[channel].segments.clear()
            self.memory[channel].set_form(_FORMATS[self._first_mode])
        super().reset()

    def trigger_input(self) -> None:
        """Do what a slope at the trigger input does."""
        with self.lock:
            advances = self._sequence.advance_source() == "TRIG"
            for channel in self._masters():
                self._sequencers[channel].slope(
                    begins=self._sequence.hardware("BEGin", channel),
                    advances=advances and self._sequence.hardware("ADVance", channel),
                )

    def outputs_on(self) -> frozenset[str]:
        """Connectors that are switched on."""
        return frozenset(str(channel) for channel in _CHANNELS if self._output(channel))

    def _masters(self) -> tuple[int, ...]:
        return (1,) if self._coupled() else _CHANNELS

    def _sequencer(self, channel: int) -> Sequencer:
        return self._sequencers[1 if self._coupled() else channel]

    def _running(self) -> int:
        return sum(
            1 << channel - 1 for channel in _CHANNELS if not self._sequencer(channel).stopped
        )

    def _require_stopped(self, channel: int) -> None:
        if not self._sequencer(channel).stopped:
            raise ScpiError(-221, "stop first")

    def _set_mode(self, channel: int, mode: str) -> None:
        needed = _OPTION_OF.get(mode, "DUC")
        if needed not in self._options:
            raise ScpiError(-241, f"option {needed}")
        self._require_stopped(channel)
        for one in _CHANNELS if self._coupled() else (channel,):
            self.memory[one].set_form(_FORMATS[mode])

    def _declare_outputs(self) -> None:
        settings = self.settings
        self._coupled = settings.boolean(":INSTrument:COUPle[:STATe]", False)
        self._mode = settings.choice(
            ":TRACe<1:2>:DWIDth", _MODES, self._first_mode, changed=self._set_mode
        )
        self._output = settings.boolean(":OUTPut<1:2>[:NORMal][:STATe]", False)
        settings.boolean(":OUTPut<1:2>:COMPlement[:STATe]", False)
        self._route = settings.choice(
            ":OUTPut<1:2>:ROUTe[:SELect]", ("DAC", "DC", "AC"), "DAC", changed=self._set_route
        )
        self._amplitude = {
            path: settings.number(
                f"[:SOURce]:{path}<1:2>:VOLTage[:LEVel][:IMMediate][:AMPLitude]",
                low if path == "AC" else high, unit="V", lowest=low, highest=high,
            )
            for path, (low, high) in _AMPLITUDES_V.items()
        }  # fmt: skip
        formats = ("RZ", "DNRZ", "NRZ", "DOUBlet")
        self._dac_format = {
            path: settings.choice(f"[:SOURce]:{path}<1:2>:FORMat", formats, "DNRZ")
            for path in _AMPLITUDES_V
        }
        self._offset = settings.number(
            "[:SOURce]:DAC<1:2>:VOLTage[:LEVel][:IMMediate]:OFFSet",
            0.0, unit="V", lowest=-0.02, highest=0.02,
        )  # fmt: skip
        self._carrier = settings.number(
            "[:SOURce]:CARRier<1:2>:FREQuency:INTegral", 1e9, unit="HZ", lowest=0.0, highest=12e9
        )
        self._carrier_fraction = settings.number(
            "[:SOURce]:CARRier<1:2>:FREQuency:FRACtional", 0.0, unit="HZ", lowest=0.0, highest=1.0
        )
        self.tree.command("[:SOURce]:CARRier<1:2>:FREQuency", self._set_carrier, (1, 2))
        self.tree.query("[:SOURce]:CARRier<1:2>:FREQuency", self._get_carrier, 0)
        self._scale = settings.number(
            "[:SOURce]:CARRier<1:2>:SCALe", 1.0, lowest=0.0, highest=2.828
        )
        self._marker_high = {}
        for node in ("SAMPle", "SYNC"):
            header = f"[:SOURce]:MARKer<1:2>:{node}:VOLTage[:LEVel][:IMMediate]"
            self._marker_high[node] = settings.number(
                f"{header}:HIGH", 0.5, unit="V", lowest=-0.5, highest=1.75
            )
            settings.number(f"{header}:LOW", 0.0, unit="V", lowest=-0.5, highest=1.75)

    def _declare_clock(self) -> None:
        settings = self.settings
        self._rate = settings.number(
            "[:SOURce]:FREQuency:RASTer", 7.2e9, unit="HZ",
            lowest=_SMALLEST_RATE_HZ, highest=self._largest_rate_hz,
        )  # fmt: skip
        sources = ("INTernal", "EXTernal")
        settings.choice("[:SOURce]:FREQuency:RASTer:SOURce<1:2>", sources, "INT")
        self._reference = settings.choice(
            "[:SOURce]:ROSCillator:SOURce", ("EXTernal", "AXI", "INTernal"), "INT"
        )
        settings.number("[:SOURce]:ROSCillator:FREQuency", 1e8, unit="HZ", lowest=1e6, highest=2e8)
        self.external_clock = True
        self.tree.query("[:SOURce]:ROSCillator:SOURce:CHECk", self._check_reference, 1)
        settings.choice(":ARM:TRIGger:SOURce", ("EXTernal", "INTernal"), "EXT")
        settings.choice(":FORMat:BORDer", ("NORMal", "SWAPped"), "NORM")
        for node in ("TRIGger", "EVENt"):
            settings.number(f":ARM:{node}:LEVel", 0.0, unit="V", lowest=-5.0, highest=5.0)
            slopes = ("POSitive", "NEGative", "EITHer")
            settings.choice(f":ARM:{node}:SLOPe", slopes, "POS")
            settings.choice(f":ARM:{node}:IMPedance", ("LOW", "HIGH"), "HIGH")

    def _largest_rate_hz(self) -> float:
        modes = [self._mode(channel) for channel in _CHANNELS]
        chosen = modes[:1] if self._coupled() else modes
        return min(_LARGEST_RATE_HZ.get(mode, _LARGEST_INTERPOLATED_HZ) for mode in chosen)

    def _check_reference(self, call: Call) -> str:
        source = call.choice(0, "EXTernal", "AXI", "INTernal")
        return str(int(source != "EXT" or self.external_clock))

    def _set_route(self, channel: int, path: str) -> None:
        if path != "DAC" and "AMP" not in self._options:
            raise ScpiError(-241, "option AMP")

    def _set_carrier(self, call: Call) -> None:
        (channel,) = call.suffixes
        whole = call.number(0, unit="HZ", lowest=0.0, highest=12e9, default=1e9)
        fraction = call.number(1, unit="HZ", lowest=0.0, highest=1.0) if len(call) > 1 else 0.0
        self._carrier.set(channel, value=whole)
        self._carrier_fraction.set(channel, value=fraction)

    def _get_carrier(self, call: Call) -> str:
        (channel,) = call.suffixes
        return f"{self._carrier(channel):.12G},{self._carrier_fraction(channel):.12G}"

    def _play(self, master: int, steps: Sequence[Step]) -> float:
        """Play through the channels that a sequencer runs."""
        outputs: dict[str, NDArray[np.float32] | NDArray[np.complex64]] = {}
        markers: dict[str, NDArray[np.uint8]] = {}
        mode = self._mode(master)
        interpolated = mode.startswith("INTX")
        for channel in _CHANNELS if self._coupled() else (master,):
            if not self.memory[channel].segments:
                continue
            words, marked = gather(self.memory[channel], steps)
            if self._output(channel):
                outputs[str(channel)] = self._volts(channel, mode, words)
            sample, sync = self._markers(channel, words, marked, interpolated)
            markers[f"M{2 * channel - 1}"], markers[f"M{2 * channel}"] = sample, sync
        factor = int(mode.removeprefix("INTX")) if interpolated else 1
        carrier_hz = self._carrier(master) + self._carrier_fraction(master)
        playback = Playback(
            sample_rate_hz=self._rate() / factor,
            outputs=outputs,
            markers=markers,
            carrier_hz=carrier_hz if interpolated else None,
            zero_order_hold=not interpolated and self._holds(master),
            reference="internal" if self._reference() == "INT" else "external",
            marker_v=self._marker_high["SAMPle"](master),
        )
        if self._bench is None:
            return playback.duration_s
        return self._bench.play(self.name, playback)

    def _holds(self, channel: int) -> bool:
        return self._dac_format[self._route(channel)](channel) in {"NRZ", "DNRZ"}

    def _volts(
        self, channel: int, mode: str, words: NDArray[Any]
    ) -> NDArray[np.float32] | NDArray[np.complex64]:
        peak_v = self._amplitude[self._route(channel)](channel) / 2.0
        if not mode.startswith("INTX"):
            shift, full_scale = _CODES[mode]
            volts = (words[:, 0] >> shift).astype(np.float32)
            volts *= np.float32(peak_v / full_scale)
            return volts
        shift, full_scale = _IQ_CODES
        scaled = (words >> shift).astype(np.float32) * np.float32(self._scale(channel) / full_scale)
        envelope = scaled.view(np.complex64)[:, 0]
        # The DAC clips what is longer than its full scale.
        length = np.maximum(np.abs(envelope), np.float32(1.0))
        result: NDArray[np.complex64] = (envelope / length * np.float32(peak_v)).astype(
            np.complex64
        )
        return result

    def _markers(
        self, channel: int, words: NDArray[Any], marked: NDArray[np.bool_], interpolated: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        sample = (words[:, 0] & 1).astype(np.uint8) * marked
        sync = (words[:, 1] & 1 if interpolated else words[:, 0] >> 1 & 1).astype(np.uint8) * marked
        # Of a vector only the bit of the first sample counts.
        vector = self.memory[channel].form.granularity
        return sample, np.repeat(sync[::vector], vector)[: len(sync)]
