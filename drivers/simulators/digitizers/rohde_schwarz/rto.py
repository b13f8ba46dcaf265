"""A simulated R&S RTO2044: four channels of 8 bits, an external trigger input, a history.

Headers and what they take are those of the RTO and RTP user manuals; what they leave open is named
in ``docs/instruments/rohde_schwarz.md``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.bench.rf_bench import FrontEnd, Playback, RfBench, Signal
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.values import definite_block

_IDENTITY = "Rohde&Schwarz,RTO,1329.7002k44/101376,5.05.1.0"
_OPTIONS = "B1,B4,B104,K17"
_MODEL = "RTO2044"
_CHANNELS = 4
_ADC_RATE_HZ = 10e9
_BANDWIDTH_HZ = {"FULL": 4e9, "B800": 800e6, "B200": 200e6, "B20": 20e6}
_DIVISIONS = 10
# The ten divisions are 253 of the 256 codes.
_SCREEN_CODES = 253
_NOISE_OF_RANGE = 0.0015
_JITTER_S = 1e-12
# Between the end of a record and the next trigger: with the host's processing, and without.
_REARM_S = {False: 50e-6, True: 300e-9}
_WAITS_FOR_TRIGGER = 1 << 3
_MEASURES = 1 << 4
_FORMATS = {("ASC", 0), ("REAL", 32), ("INT", 8), ("INT", 16)}


@dataclass(frozen=True, slots=True, eq=False)
class Acquisition:
    """One record of all channels that were on.

    Parameters
    ----------
    codes : dict of int to int8 array
        By channel.
    first_sample_s : float
        After the trigger.
    trigger_s : float
        On the clock of what was heard.
    volts_per_code, centre_v : dict of int to float
        Of each channel.
    interval_s : float
        Between samples.
    """

    codes: dict[int, NDArray[np.int8]]
    first_sample_s: float
    trigger_s: float
    volts_per_code: dict[int, float]
    centre_v: dict[int, float]
    interval_s: float


class SimulatedRto(SimulatedInstrument):
    """Digitizer with connectors "1" to "4" and "EXT" on the bench.

    Parameters
    ----------
    name : str
        In the laboratory.
    bench : RfBench or None
        What it hears.
    external_reference : bool
        Whether 10 MHz is connected to it.
    memory_samples : int
        Of a channel.
    seed : int
        Of trigger jitter, and of where the ADC's clock stands at a trigger.
    """

    def __init__(
        self,
        name: str,
        *,
        bench: RfBench | None = None,
        external_reference: bool = True,
        memory_samples: int = 100_000_000,
        seed: int = 0,
    ) -> None:
        super().__init__(name, _IDENTITY, _OPTIONS)
        self._external_reference = external_reference
        self._memory_samples = memory_samples
        self._random = np.random.default_rng(seed)
        self._running = False
        self._single = False
        self._format = ("ASC", 0)
        self._shown = 0
        self.acquisitions: list[Acquisition] = []
        self._declare_channels()
        self._declare_trigger()
        self._declare_acquisition()
        self._declare_data()
        if bench is not None:
            bench.register_digitizer(name, self._heard)

    def reset(self) -> None:
        """Stop, and forget what was acquired."""
        super().reset()
        self._stop()
        self._format = ("ASC", 0)
        self._discard()

    @property
    def waiting(self) -> bool:
        """Whether it waits for a trigger."""
        return self._running

    @property
    def interval_s(self) -> float:
        """Between samples."""
        return 1.0 / self._rate_hz()

    @property
    def record_samples(self) -> int:
        """Of each record."""
        if self.constant() == "RECL":
            return int(self.points())
        wanted = round(self.range_s() * self._rate_hz())
        return int(max(1, min(wanted, self.points_limit())))

    def _declare_channels(self) -> None:
        settings = self.settings
        channel = f"CHANnel<1:{_CHANNELS}>"
        self.channel_on = settings.boolean(f"{channel}[:WAVeform<1:3>]:STATe", False)
        self.range_v = settings.number(
            f"{channel}:RANGe", 0.5, unit="V", lowest=0.01, highest=10.0,
            changed=lambda *_: self._discard(),
        )  # fmt: skip
        self.tree.command(f"{channel}:SCALe", self._set_scale, 1)
        self.tree.query(f"{channel}:SCALe", self._scale, 0)
        self.offset_v = settings.number(f"{channel}:OFFSet", 0.0, unit="V")
        self.position = settings.number(f"{channel}:POSition", 0.0, lowest=-5.0, highest=5.0)
        self.coupling = settings.choice(f"{channel}:COUPling", ("DC", "DCLimit", "AC"), "DCL")
        self.bandwidth = settings.choice(f"{channel}:BANDwidth", tuple(_BANDWIDTH_HZ), "FULL")
        settings.boolean(f"{channel}:GND", False)
        settings.boolean(f"{channel}:INVert", False)
        settings.number(f"{channel}:IMPedance", 50.0, unit="OHM", lowest=0.1, highest=1e5)
        settings.boolean(f"{channel}:OVERload", False)
        settings.choice(
            f"{channel}[:WAVeform<1:3>]:ARIThmetics", ("OFF", "ENVelope", "AVERage"), "OFF"
        )

    def _declare_trigger(self) -> None:
        settings = self.settings
        trigger = "TRIGger<1:3>"
        sources = (*(f"CHANnel{n}" for n in range(1, _CHANNELS + 1)), "EXTernanalog", "LINE")
        self.trigger_source = settings.choice(f"{trigger}:SOURce[:SELect]", sources, "CHAN1")
        self.trigger_level_v = settings.number(f"{trigger}:LEVel<1:5>[:VALue]", 0.0, unit="V")
        self.trigger_type = settings.choice(
            f"{trigger}:TYPE",
            ("EDGE", "ANEDge", "GLITch", "WIDTh", "RUNT", "WINDow", "TIMeout", "INTerval"),
            "EDGE",
        )
        slopes = ("POSitive", "NEGative", "EITHer")
        self.edge_slope = settings.choice(f"{trigger}:EDGE:SLOPe", slopes, "POS")
        self.analog_slope = settings.choice(f"{trigger}:ANEDge:SLOPe", slopes, "POS")
        settings.choice(f"{trigger}:ANEDge:COUPling", ("DC", "DCLimit", "AC"), "DC")
        self.trigger_mode = settings.choice(
            f"{trigger}:MODE", ("AUTO", "NORMal", "FREerun"), "AUTO"
        )
        settings.boolean(f"{trigger}:OFFSet:LIMited", True)

    def _declare_acquisition(self) -> None:
        settings, tree = self.settings, self.tree
        self.wanted_rate_hz = settings.number(
            "ACQuire:SRReal|SRATe", _ADC_RATE_HZ, unit=("HZ", "SA/S"), lowest=2.0,
            highest=_ADC_RATE_HZ, changed=lambda _: self._discard(),
        )  # fmt: skip
        tree.query("ACQuire:SRReal|SRATe", lambda _: f"{self._rate_hz():.15G}", replace=True)
        tree.query("ACQuire:RESolution", lambda _: f"{self.interval_s:.15G}", 0)
        tree.query("ACQuire:POINts:ARATe", lambda _: f"{_ADC_RATE_HZ:.0f}", 0)
        self.constant = settings.choice("ACQuire:POINts:AUTO", ("RESolution", "RECLength"), "RES")
        self.points = settings.whole(
            "ACQuire:POINts[:VALue]", 1000, lowest=1000, highest=self._memory_samples
        )
        tree.query("ACQuire:POINts[:VALue]", lambda _: str(self.record_samples), replace=True)
        self.points_limit = settings.number(
            "ACQuire:POINts:MAXimum", 1e6, lowest=1000, highest=self._memory_samples, clamp=True,
            rounded=round,
        )  # fmt: skip
        settings.boolean("ACQuire:POINts:AADJust", True)
        self.count = settings.whole("ACQuire:COUNt", 1, lowest=1, highest=16_777_215)
        self.segmented = settings.boolean("ACQuire:SEGMented:STATe", False)
        self.all_segments = settings.boolean("ACQuire:SEGMented:MAX", False)
        settings.boolean("ACQuire:SEGMented:AUToreplay", False)
        tree.query("ACQuire:AVAilable", lambda _: str(len(self.acquisitions)), 0)
        tree.query("ACQuire:CURRent", lambda _: str(len(self.acquisitions)), 0)
        self.range_s = settings.number(
            "TIMebase:RANGe", 100e-9, unit="S", lowest=250e-12, highest=100e3,
            changed=lambda _: self._discard(),
        )  # fmt: skip
        tree.command("TIMebase:SCALe", self._set_time_scale, 1)
        tree.query("TIMebase:SCALe", lambda _: f"{self.range_s() / _DIVISIONS:.15G}", 0)
        tree.query("TIMebase:DIVisions", lambda _: str(_DIVISIONS), 0)
        self.time_reference = settings.number("TIMebase:REFerence", 50.0, lowest=0, highest=100)
        self.time_position_s = settings.number("TIMebase:HORizontal:POSition", 0.0, unit="S")
        settings.boolean("HDEFinition:STATe", False)
        settings.number("HDEFinition:BWIDth", 1e9, unit="HZ", lowest=1e4, highest=1e9)
        self.reference = settings.choice(
            "SENSe[:ROSCillator]:SOURce", ("INTernal", "EXTernal"), "INT",
            changed=self._check_reference,
        )  # fmt: skip
        settings.number(
            "SENSe[:ROSCillator]:EXTernal:FREQuency", 10e6, unit="HZ", lowest=1e6, highest=20e6
        )
        tree.command("RUNSingle|SINGle", lambda _: self._run(single=True), 0)
        tree.command("RUN|RUNContinous|RUNCont", lambda _: self._run(single=False), 0)
        tree.command("STOP", lambda _: self._stop(), 0)

    def _declare_data(self) -> None:
        settings, tree = self.settings, self.tree
        tree.command("FORMat[:DATA]", self._set_format, (1, 2))
        tree.query("FORMat[:DATA]", lambda _: f"{self._format[0]},{self._format[1]}", 0)
        settings.choice("FORMat:BORDer", ("LSBFirst", "MSBFirst"), "LSBF")
        settings.boolean("EXPort:WAVeform:INCXvalues", False)
        settings.boolean("EXPort:WAVeform:MULTichannel", False)
        settings.boolean("DISPlay:TRIGger:LINes", True)
        settings.boolean("SYSTem:DISPlay:UPDate", False)
        tree.query("DIAGnostic:SERVice:WFAModel", lambda _: _MODEL, 0)
        waveform = f"CHANnel<1:{_CHANNELS}>[:WAVeform<1:3>]"
        tree.query(f"{waveform}:DATA:HEADer", self._header, 0)
        tree.query(f"{waveform}:DATA[:VALues]", self._values, (0, 2))
        history = f"{waveform}:HISTory"
        settings.boolean(f"{history}:STATe", False)
        tree.command(f"{history}:CURRent", self._show, 1)
        tree.query(f"{history}:CURRent", lambda _: str(self._shown), 0)
        tree.query(f"{history}:TSRelative", lambda _: f"{self._relative_s():.15G}", 0)

    # Settings

    def _rate_hz(self) -> float:
        """Give the rate that the ADC's is a whole multiple of, at or above what is wanted."""
        if self.constant() == "RECL":
            return self.points() / self.range_s()
        return _ADC_RATE_HZ / max(1, math.floor(_ADC_RATE_HZ / self.wanted_rate_hz() + 1e-9))

    def _set_scale(self, call: Call) -> None:
        scale = call.number(0, unit="V", lowest=0.001, highest=1.0)
        self.range_v.set(*call.suffixes, value=scale * _DIVISIONS)

    def _scale(self, call: Call) -> str:
        return f"{self.range_v(*call.suffixes) / _DIVISIONS:.15G}"

    def _set_time_scale(self, call: Call) -> None:
        scale = call.number(0, unit="S", lowest=25e-12, highest=10e3)
        self.range_s.set(value=scale * _DIVISIONS)

    def _check_reference(self, value: str) -> None:
        if value == "EXT" and not self._external_reference:
            raise ScpiError(-221, "no external reference")

    def _set_format(self, call: Call) -> None:
        kind = call.choice(0, "ASCii", "REAL", "INT")
        width = call.whole(1) if len(call) > 1 else {"ASC": 0, "REAL": 32, "INT": 8}[kind]
        if (kind, width) not in _FORMATS:
            raise ScpiError(-224, f"{kind},{width}")
        self._format = (kind, width)

    # Acquisition

    def _run(self, *, single: bool) -> None:
        self._discard()
        self._single = single
        self._running = True
        self._show_state()
        if single:
            self.overlapped(lambda: not self._running)
        if self.trigger_mode(1) != "NORM":
            # Nothing comes while nothing plays: the automatic trigger records silence.
            silence = Signal(Playback(1.0, {}), {}, 0.0, 0, 0)
            while self._running and single:
                self._acquire(silence, 0.0)

    def _stop(self) -> None:
        self._running = False
        self._show_state()
        self.operations_ended()

    def _discard(self) -> None:
        self.acquisitions.clear()
        self._shown = 0

    def _show_state(self) -> None:
        self.status.operation.set_condition(_WAITS_FOR_TRIGGER | _MEASURES if self._running else 0)

    def _wanted(self) -> int:
        """Records of a series, with as many as the memory holds for a limit."""
        room = max(1, self._memory_samples // self.record_samples)
        return room if self.segmented() and self.all_segments() else min(room, self.count())

    def _heard(self, signal: Signal) -> None:
        with self.lock:
            if not self._running:
                return
            source = self.trigger_source(1)
            external = source.startswith("EXT")
            connector = "EXT" if external else source[-1]
            level_v = self.trigger_level_v(1, 5 if external else int(connector))
            slope = self.analog_slope(1) if external else self.edge_slope(1)
            ready_s = -math.inf
            for edge_s in signal.edges(connector, level_v, slope == "POS"):
                if edge_s < ready_s or not self._running:
                    continue
                self._acquire(signal, float(edge_s))
                before_s = self._start_s()
                ready_s = edge_s + max(0.0, before_s + self.range_s())
                ready_s += _REARM_S[self.segmented()]

    def _start_s(self) -> float:
        """Give where the screen begins, after the trigger."""
        return self.time_position_s() - self.time_reference() / 100.0 * self.range_s()

    def _acquire(self, signal: Signal, edge_s: float) -> None:
        interval_s = self.interval_s
        trigger_s = edge_s + self._random.normal(0.0, _JITTER_S)
        # The ADC's clock runs on its own: the first sample is as late as it happens to be.
        first_s = self._start_s() + interval_s * self._random.random()
        codes: dict[int, NDArray[np.int8]] = {}
        volts_per_code: dict[int, float] = {}
        centre_v: dict[int, float] = {}
        for channel in range(1, _CHANNELS + 1):
            if not self.channel_on(channel, 1):
                continue
            step_v = self.range_v(channel) / _SCREEN_CODES
            middle_v = self.offset_v(channel)
            middle_v -= self.position(channel) * self.range_v(channel) / _DIVISIONS
            front = FrontEnd(
                bandwidth_hz=_BANDWIDTH_HZ[self.bandwidth(channel)],
                noise_v_rms=_NOISE_OF_RANGE * self.range_v(channel),
                reference="external" if self.reference() == "EXT" else "internal",
            )
            volts = signal.sample(
                str(channel), trigger_s + first_s, interval_s, self.record_samples, front
            )
            volts -= np.float32(middle_v)
            volts /= np.float32(step_v)
            codes[channel] = np.clip(np.rint(volts, out=volts), -128, 127).astype(np.int8)
            volts_per_code[channel], centre_v[channel] = step_v, middle_v
        self.acquisitions.append(
            Acquisition(codes, first_s, trigger_s, volts_per_code, centre_v, interval_s)
        )
        if not self._single:
            del self.acquisitions[:-1]
        elif len(self.acquisitions) >= self._wanted():
            self._stop()

    # Data

    def _record(self, channel: int) -> Acquisition:
        """Give the acquisition that is shown, or -221 if the channel has none."""
        index = len(self.acquisitions) - 1 + self._shown
        if self._running or index < 0 or channel not in self.acquisitions[index].codes:
            raise ScpiError(-221, f"channel {channel} has no waveform")
        return self.acquisitions[index]

    def _show(self, call: Call) -> None:
        self._shown = call.whole(0, lowest=1 - max(1, len(self.acquisitions)), highest=0)

    def _relative_s(self) -> float:
        if not self.acquisitions:
            raise ScpiError(-221, "nothing was acquired")
        shown = self.acquisitions[len(self.acquisitions) - 1 + self._shown]
        return shown.trigger_s - self.acquisitions[-1].trigger_s

    def _header(self, call: Call) -> str:
        record = self._record(call.suffixes[0])
        samples = record.codes[call.suffixes[0]].size
        last_s = record.first_sample_s + (samples - 1) * record.interval_s
        return f"{record.first_sample_s:.15G},{last_s:.15G},{samples},1"

    def _values(self, call: Call) -> str | bytes:
        channel = call.suffixes[0]
        record = self._record(channel)
        codes = record.codes[channel]
        if len(call) == 2:
            first = call.whole(0, lowest=0, highest=codes.size - 1)
            codes = codes[first : first + call.whole(1, lowest=1, highest=codes.size - first)]
        elif len(call) == 1:
            raise ScpiError(-109)
        kind, width = self._format
        if kind == "INT":
            raw = codes if width == 8 else codes.astype("<i2") * np.int16(256)
            return definite_block(raw.tobytes())
        step_v = np.float32(record.volts_per_code[channel])
        volts = codes * step_v + np.float32(record.centre_v[channel])
        if kind == "REAL":
            return definite_block(volts.astype("<f4").tobytes())
        return ",".join(f"{value:.8G}" for value in volts)
