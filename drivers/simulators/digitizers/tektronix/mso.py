"""A simulated Tektronix oscilloscope of the 4, 5 or 6 series.

It hears what is played on the bench. Its ADC runs on a clock of its own, so that every trigger
falls somewhere between two samples; XZERO says where, but for the jitter of the trigger. In trigger
mode AUTO it takes a record of noise when nothing comes.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drivers.simulators.bench.rf_bench import FrontEnd, Playback, Reference, RfBench, Signal
from drivers.simulators.digitizers.tektronix.events import TektronixEvents
from drivers.simulators.digitizers.tektronix.transfer import Frame, WaveformTransfer
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi import Call, ScpiError, quoted

_DIVISIONS = 10
# 256 levels of the ADC at 8 bits, of which 25 make a division.
_FULL_RANGE_DIVISIONS = 10.24
_MIN_RECORD = 1000
_FRAME_OVERHEAD = 512
_MAX_FRAMES = 1_000_000
_REARM_S = 2e-6
_TRIGGER_JITTER_S = 3e-12
_INPUT_NOISE_V = 60e-6
_NOISE_DIVISIONS = 0.008
_AUTO_S = 0.1
_MANTISSAS = (1.25, 3.125, 6.25)
_AUX = "EXT"


@dataclass(frozen=True, slots=True)
class _Model:
    """What a model can do; 12 bits up to ``fine_rate_hz``, 8 bits above."""

    channels: int
    max_rate_hz: float
    fine_rate_hz: float
    memory_samples: int
    bandwidth_hz: float
    has_aux: bool


MODELS = {
    "MSO44": _Model(4, 6.25e9, 3.125e9, 31_250_000, 1.5e9, has_aux=True),
    "MSO54": _Model(4, 6.25e9, 3.125e9, 62_500_000, 2e9, has_aux=False),
    "MSO56": _Model(6, 6.25e9, 3.125e9, 62_500_000, 2e9, has_aux=False),
    "MSO58": _Model(8, 6.25e9, 3.125e9, 62_500_000, 2e9, has_aux=False),
    "MSO58LP": _Model(8, 6.25e9, 3.125e9, 125_000_000, 1e9, has_aux=True),
    "MSO64": _Model(4, 25e9, 12.5e9, 62_500_000, 8e9, has_aux=False),
    "MSO64B": _Model(4, 50e9, 12.5e9, 62_500_000, 10e9, has_aux=False),
    "MSO68B": _Model(8, 50e9, 12.5e9, 62_500_000, 10e9, has_aux=False),
}


@njit(cache=True, nogil=True)
def _digitise(
    volts: NDArray[np.float32], zero_v: float, step_v: float, bits: int
) -> NDArray[np.int16]:
    """Round voltages to codes of so many bits, at the top of 16."""
    out = np.empty(volts.size, np.int16)
    highest = (1 << (bits - 1)) - 1
    for n in range(volts.size):
        code = round((volts[n] - zero_v) / step_v)
        code = min(highest, max(-highest - 1, code))
        out[n] = np.int16(code * (1 << (16 - bits)))
    return out


class SimulatedTektronixMso(SimulatedInstrument):
    """A simulated MSO of the 4, 5 or 6 series.

    Parameters
    ----------
    name : str
        On the bench: inputs are "1", "2"..., and "EXT" where there is an auxiliary trigger input.
    model : str
        One of :data:`MODELS`.
    bench : RfBench or None
        Where it listens.
    seed : int
        Of the phase of its clock and of its jitter.
    """

    def __init__(
        self,
        name: str = "scope",
        *,
        model: str = "MSO58",
        bench: RfBench | None = None,
        seed: int = 0,
    ) -> None:
        self.model = MODELS[model]
        super().__init__(name, f"TEKTRONIX,{model},C000001,CF:91.1CT FV:2.8.2.1", "5-RL-62.5M")
        self._random = np.random.default_rng(seed)
        self._shown = {1}
        self._running = False
        self._armed_s = 0.0
        # Answers to TRIGger:STATE? since it was started.
        self._states_shown = 0
        self._frames: list[Frame] = []
        self._wanted = 1
        self._acquisitions = 0
        self._events = TektronixEvents(self)
        self._declare_vertical(f"CH<1:{self.model.channels}>")
        self._declare_horizontal()
        self._declare_trigger()
        self._declare_acquisition()
        self._declare_rest()
        self._transfer = WaveformTransfer(self.tree, self.settings, self.model.channels, self)
        if bench is not None:
            bench.register_digitizer(name, self.heard)

    # Acquisition

    @property
    def frames(self) -> list[Frame]:
        """Records of the last acquisition; one if FastFrame is off."""
        return self._frames

    def warm_up(self) -> None:
        """Compile what rounds to codes of the ADC."""
        _digitise(np.zeros(1, np.float32), 0.0, 1.0, 8)

    def reset(self) -> None:
        """Do what ``*RST`` does: stop, and default settings."""
        super().reset()
        self._shown = {1}
        self._running = False

    def heard(self, signal: Signal) -> None:
        """Take records at the trigger's edges, as long as an acquisition wants some."""
        with self.lock:
            if not self._running:
                return
            for edge_s in self._edges(signal):
                if len(self._frames) == self._wanted:
                    break
                self._take(signal, float(edge_s))
            self._finish_if_full()

    def _edges(self, signal: Signal) -> list[float]:
        """Triggers that do not fall into the record of the one before."""
        source = self._trigger_source()
        rising = self._trigger_slope() != "FALL"
        if source == "AUX":
            times = signal.edges(_AUX, self._aux_level(), rising)
        else:
            channel = int(source[2:])
            times = signal.edges(str(channel), self._trigger_level(channel), rising)
        span_s = self._record() / self._rate()
        kept: list[float] = []
        for time_s in times:
            if not kept or time_s >= kept[-1] + span_s + _REARM_S:
                kept.append(float(time_s))
        return kept

    def _take(self, signal: Signal, edge_s: float) -> None:
        """Take a record whose trigger is at an edge, on the generator's clock."""
        interval_s = 1.0 / self._rate()
        record = self._record()
        before = round(record * self._position() / 100.0)
        # The sample that follows the trigger comes a fraction of an interval after it.
        behind_s = self._random.uniform() * interval_s
        told_s = behind_s + self._random.normal(0.0, _TRIGGER_JITTER_S)
        told_s = min(max(told_s, 0.0), np.nextafter(interval_s, 0.0))
        start_s = edge_s + behind_s - before * interval_s
        codes: dict[int, NDArray[np.int16]] = {}
        for channel in sorted(self._shown):
            scale_v = self._scale(channel)
            noise_v = float(np.hypot(_INPUT_NOISE_V, _NOISE_DIVISIONS * scale_v))
            front = FrontEnd(self._bandwidth(channel), noise_v, self._reference())
            volts = signal.sample(str(channel), start_s, interval_s, record, front)
            step_v = scale_v * _FULL_RANGE_DIVISIONS / (1 << self.adc_bits)
            codes[channel] = _digitise(volts, self.zero_v(channel), step_v, self.adc_bits)
        frame = Frame(codes, before, told_s, interval_s, {c: self.code_v(c) for c in codes})
        self._frames.append(frame)

    def _reference(self) -> Reference:
        return "external" if self._reference_source() == "EXT" else "internal"

    def _take_silence(self) -> None:
        self._take(Signal(Playback(1e9, {}), {}, 0.0, 0, self._acquisitions), 0.0)
        self._finish_if_full()

    def _finish_if_full(self) -> None:
        if len(self._frames) < self._wanted:
            return
        self._acquisitions += 1
        if self._stop_after() == "SEQ":
            self._running = False
        else:
            self._begin()
        self.operations_ended()

    def _begin(self) -> None:
        self._wanted = self._frame_count() if self._fast_frame() else 1
        self._frames = []
        self._armed_s = time.monotonic()

    def _look(self) -> bool:
        """Take a record of nothing if the mode says so; tells whether it is still running."""
        if self._trigger_mode() == "AUTO":
            while self._running and time.monotonic() >= self._armed_s + _AUTO_S:
                self._armed_s = time.monotonic()
                self._take_silence()
        return self._running

    @property
    def adc_bits(self) -> int:
        """Resolution at the rate that is set."""
        return 12 if self._rate() <= self.model.fine_rate_hz else 8

    def zero_v(self, channel: int) -> float:
        """Voltage of code 0."""
        return self._offset(channel) - self._vertical_position(channel) * self._scale(channel)

    def code_v(self, channel: int) -> float:
        """Volts per code of 16 bits."""
        return self._scale(channel) * _FULL_RANGE_DIVISIONS / 65536.0

    # What it understands

    def _declare_vertical(self, channel: str) -> None:
        settings, tree = self.settings, self.tree
        self._scale = settings.number(
            f"{channel}:SCAle", 0.1, unit="V", lowest=5e-4, highest=1.0, rounded=_three_digits
        )
        self._offset = settings.number(f"{channel}:OFFSet", 0.0, unit="V", lowest=-10, highest=10)
        self._vertical_position = settings.number(
            f"{channel}:POSition", 0.0, lowest=-5.0, highest=5.0
        )
        settings.number(f"{channel}:TERmination", 1e6, lowest=50.0, highest=1e6, rounded=_ohms)
        settings.choice(f"{channel}:COUPling", ("AC", "DC", "DCREJ"), "DC")
        full_hz = self.model.bandwidth_hz
        self._bandwidth = settings.number(
            f"{channel}:BANdwidth", full_hz, unit="HZ", lowest=20e6, highest=full_hz
        )
        tree.command(f"{channel}:BANdwidth", self._set_bandwidth, 1, replace=True)
        tree.query(f"{channel}:PROBETYPE", lambda _: "ANALOG", 0)
        tree.query(f"{channel}:PRObe:ID:SERnumber", lambda _: quoted("N/A"), 0)
        tree.query(f"{channel}:PRObe:ID:TYPe", lambda _: quoted("1X"), 0)
        tree.query(f"{channel}:CLIPping", lambda call: str(int(self._clips(call.suffixes[0]))), 0)
        for header in (
            f"DISplay:GLObal:{channel}:STATE",
            f"DISplay:WAVEView<1:1>:{channel}:STATE",
            f"SELect:{channel}",
        ):
            tree.command(header, self._show, 1)
            tree.query(header, lambda call: str(int(call.suffixes[-1] in self._shown)), 0)

    def _show(self, call: Call) -> None:
        if call.boolean(0):
            self._shown.add(call.suffixes[-1])
        else:
            self._shown.discard(call.suffixes[-1])

    def _set_bandwidth(self, call: Call) -> None:
        full_hz = self.model.bandwidth_hz
        if call.parameter(0, "mnemonic", "number").kind == "mnemonic":
            call.choice(0, "FULl")
            self._bandwidth.set(*call.suffixes, value=full_hz)
        else:
            value = call.number(0, unit="HZ", lowest=20e6, highest=full_hz)
            self._bandwidth.set(*call.suffixes, value=value)

    def _clips(self, channel: int) -> bool:
        highest = (1 << 15) - (1 << (16 - self.adc_bits))
        return any(
            channel in frame.codes
            and bool(np.any((frame.codes[channel] >= highest) | (frame.codes[channel] == -32768)))
            for frame in self._frames
        )

    def _declare_horizontal(self) -> None:
        settings, tree = self.settings, self.tree
        memory = self.model.memory_samples
        settings.choice("HORizontal:MODe", ("AUTO", "MANual"), "AUTO")
        settings.choice(
            "HORizontal:MODe:MANual:CONFIGure", ("HORIZontalscale", "RECORDLength"), "HORIZ"
        )
        self._rate = settings.number(
            "HORizontal:MODe:SAMPLERate",
            3.125e9,
            lowest=1.25,
            highest=self.model.max_rate_hz,
            rounded=self._next_rate,
            clamp=True,
        )
        self._record = settings.whole("HORizontal:MODe:RECOrdlength", 10_000)
        # A record that is too long or too short becomes the longest or the shortest.
        tree.command("HORizontal:MODe:RECOrdlength", self._set_record, 1, replace=True)
        tree.command("HORizontal:RECOrdlength", self._set_record, 1)
        tree.query("HORizontal:RECOrdlength", lambda _: str(self._record()), 0)
        tree.query("HORizontal:SAMPLERate", lambda _: f"{self._rate():.4E}", 0)
        tree.query("HORizontal:ACQDURATION", lambda _: f"{self._record() / self._rate():.9E}", 0)
        tree.query("HORizontal:MODe:SCAle", lambda _: f"{self._scale_s():.9E}", 0)
        tree.query("HORizontal:SCAle", lambda _: f"{self._scale_s():.9E}", 0)
        self._position = settings.number("HORizontal:POSition", 50.0, lowest=0.0, highest=100.0)
        settings.boolean("HORizontal:DELay:MODe", False)
        settings.number("HORizontal:DELay:TIMe", 0.0, unit="S")
        self._fast_frame = settings.boolean("HORizontal:FASTframe:STATE", False)
        self._frame_count = settings.whole(
            "HORizontal:FASTframe:COUNt", 10, lowest=1, highest=_MAX_FRAMES
        )
        tree.command("HORizontal:FASTframe:COUNt", self._set_frames, 1, replace=True)
        tree.query("HORizontal:FASTframe:MAXFRames", lambda _: str(self._max_frames()), 0)
        settings.choice("HORizontal:FASTframe:SUMFrame", ("NONe", "AVErage", "ENVelope"), "NON")
        self._selected = settings.whole("HORizontal:FASTframe:SELECTED", 1, lowest=1)
        tree.query("HORizontal:FASTframe:XZEro:ALL", self._all_xzero, 0)
        tree.query(
            "HORizontal:FASTframe:XZEro:SELECTED",
            lambda _: f"{self._frame(self._selected() - 1).xzero_s:.9E}",
            0,
        )
        self._memory = memory

    def _next_rate(self, rate_hz: float) -> float:
        """Return the lowest rate that there is from the one that is wanted on."""
        decade = math.floor(math.log10(rate_hz))
        ladder = [m * 10.0**d for d in (decade - 1, decade, decade + 1) for m in _MANTISSAS]
        ladder.append(self.model.max_rate_hz)
        return min(rate for rate in ladder if rate >= rate_hz * (1.0 - 1e-9))

    def _set_record(self, call: Call) -> None:
        wanted = call.whole(0)
        self._record.set(value=min(self._memory, max(_MIN_RECORD, wanted)))

    def _max_frames(self) -> int:
        return max(1, min(_MAX_FRAMES, self._memory // (self._record() + _FRAME_OVERHEAD)))

    def _set_frames(self, call: Call) -> None:
        wanted = call.whole(0, lowest=1)
        self._frame_count.set(value=min(wanted, self._max_frames()))

    def _scale_s(self) -> float:
        return self._record() / self._rate() / _DIVISIONS

    def _frame(self, index: int) -> Frame:
        if not 0 <= index < len(self._frames):
            raise ScpiError(-221, "there is no such waveform")
        return self._frames[index]

    def _all_xzero(self, _: Call) -> str:
        return ",".join(
            f'"{number}: {frame.xzero_s:.9E}"' for number, frame in enumerate(self._frames, 1)
        )

    def _declare_trigger(self) -> None:
        settings, tree = self.settings, self.tree
        inputs = tuple(f"CH{n}" for n in range(1, self.model.channels + 1))
        aux = ("AUXiliary",) if self.model.has_aux else ()
        self._trigger_source = settings.choice(
            "TRIGger:A:EDGE:SOUrce", (*inputs, "LINE", *aux), "CH1"
        )
        self._trigger_slope = settings.choice(
            "TRIGger:A:EDGE:SLOpe", ("RISe", "FALL", "EITher"), "RIS", long_answer=True
        )
        settings.choice("TRIGger:A:EDGE:COUPling", ("DC", "HFRej", "LFRej", "NOISErej"), "DC")
        settings.choice("TRIGger:A:TYPe", ("EDGE", "WIDth", "TIMEOut"), "EDGE")
        self._trigger_mode = settings.choice("TRIGger:A:MODe", ("AUTO", "NORMal"), "AUTO")
        settings.choice("TRIGger:A:HOLDoff:BY", ("TIMe", "RANDom"), "TIM")
        settings.number("TRIGger:A:HOLDoff:TIMe", 0.0, unit="S", lowest=0.0, highest=10.0)
        self._trigger_level = settings.number(
            f"TRIGger:A:LEVel:CH<1:{self.model.channels}>", 0.0, unit="V", lowest=-10, highest=10
        )
        self._aux_level = settings.number("TRIGger:AUXLevel", 0.0, unit="V", lowest=-5, highest=5)
        tree.query("TRIGger:STATE", lambda _: self._trigger_state(), 0)
        tree.command("TRIGger", self._force, 1)

    def _trigger_state(self) -> str:
        # Between two questions it begins, and fills what stands before a trigger.
        if not self._look() or self._states_shown < 1:
            self._states_shown += 1
            return "SAVE"
        if self._states_shown < 2:
            self._states_shown += 1
            return "ARMED"
        return "AUTO" if self._trigger_mode() == "AUTO" else "READY"

    def _force(self, call: Call) -> None:
        call.choice(0, "FORCe")
        if self._running:
            self._take_silence()

    def _declare_acquisition(self) -> None:
        settings, tree = self.settings, self.tree
        tree.command("ACQuire:STATE", self._set_state, 1)
        tree.query("ACQuire:STATE", lambda _: str(int(self._look())), 0)
        self._stop_after = settings.choice(
            "ACQuire:STOPAfter", ("RUNSTop", "SEQuence"), "RUNST", long_answer=True
        )
        settings.choice(
            "ACQuire:MODe", ("SAMple", "PEAKdetect", "HIRes", "AVErage", "ENVelope"), "SAM"
        )
        settings.whole("ACQuire:SEQuence:NUMSEQuence", 1, lowest=1, highest=1_000_000)
        tree.query("ACQuire:NUMACq", lambda _: str(self._acquisitions), 0)
        tree.query("ACQuire:NUMFRAMESACQuired", lambda _: str(len(self._frames)), 0)
        tree.query("ACQuire:MAXSamplerate", lambda _: f"{self.model.max_rate_hz:.4E}", 0)
        settings.boolean("ACQuire:FASTAcq:STATE", False)

    def _set_state(self, call: Call) -> None:
        parameter = call.parameter(0, "mnemonic", "number")
        if parameter.kind == "number":
            start = call.boolean(0)
        else:
            start = call.choice(0, "OFF", "ON", "RUN", "STOP") in ("ON", "RUN")
        self._running = start
        if start:
            self._acquisitions = self._states_shown = 0
            self._begin()
            if self._stop_after() == "SEQ":
                self.overlapped(lambda: not self._look())
        self.operations_ended()

    def _declare_rest(self) -> None:
        settings, tree = self.settings, self.tree
        settings.boolean("HEADer", False)
        settings.boolean("VERBose", True)
        self._reference_source = settings.choice(
            "ROSc:SOUrce", ("INTERnal", "EXTernal", "TRACking"), "INTER"
        )
        tree.query("ROSc:STATE", lambda _: "LOCKED", 0)
        tree.query("ETHERnet:NAME", lambda _: quoted(self.name), 0)
        tree.query("LICense:APPID", lambda _: quoted(""), 0)
        tree.query("BUSY", lambda _: str(int(self._look())), 0)


def _three_digits(value: float) -> float:
    return float(f"{value:.2e}")


def _ohms(value: float) -> float:
    return 50.0 if value < 1e3 else 1e6
