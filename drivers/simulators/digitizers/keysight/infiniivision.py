"""A simulated Keysight InfiniiVision of the X series, with its rates, memory and codes.

Source: `InfiniiVision 3000T X-Series Programmer's Guide` and those of the other series.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.bench.rf_bench import RfBench, Signal
from drivers.simulators.digitizers.keysight.acquisition import (
    Acquisition,
    Input,
    Setup,
    Shot,
    sample_rates,
    signed,
    sized_block,
)
from drivers.simulators.instrument import CancelledError, SimulatedInstrument
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.errors import ScpiError

_DIVISIONS_V, _DIVISIONS_S = 8.0, 10.0
_SLOWEST_HZ = 1e3
_RUN_BIT, _ARMED_BIT = 3, 5
_SHARE_LEFT = {"LEFT": 0.1, "CENT": 0.5, "RIGH": 0.9}
# Points of the record that the screen shows, of which "NORMal" gives at most these.
_SCREEN_POINTS = 62_500
_DEFAULT_POINTS, _MOST_POINTS = 1000, 8_000_000
_LOWEST, _HIGHEST = 1, 0xFFFF
_FIELDS = ("XINCrement", "XORigin", "XREFerence", "YINCrement", "YORigin", "YREFerence")


@dataclass(frozen=True, slots=True)
class _Model:
    """What a model can do; rate and memory are those of one channel of a pair."""

    channels: int
    rate_hz: float
    memory: int
    bandwidth_hz: float
    segments: int
    fifty_ohm: bool
    reference: bool


_MODELS = {
    "DSOX1102G": _Model(2, 2e9, 1_000_000, 100e6, 50, False, False),
    "DSO-X 2024A": _Model(4, 2e9, 1_000_000, 200e6, 250, False, False),
    "DSO-X 3104T": _Model(4, 5e9, 4_000_000, 1e9, 1000, True, False),
    "DSO-X 4154A": _Model(4, 5e9, 4_000_000, 1.5e9, 1000, True, True),
    "DSO-X 6004A": _Model(4, 20e9, 4_000_000, 6e9, 1000, True, True),
}


class SimulatedInfiniiVision(SimulatedInstrument):
    """An InfiniiVision on the bench, with inputs "1" to "4" and "EXT".

    Parameters
    ----------
    name : str
        On the bench.
    bench : RfBench or None
        What it hears.
    model : str
        One of DSOX1102G, DSO-X 2024A, DSO-X 3104T, DSO-X 4154A, DSO-X 6004A.
    seed : int
        Of its clock's phase and of its trigger's jitter.
    """

    signed_error_numbers = True

    def __init__(
        self,
        name: str = "scope",
        *,
        bench: RfBench | None = None,
        model: str = "DSO-X 3104T",
        seed: int = 0,
    ) -> None:
        super().__init__(name, f"KEYSIGHT TECHNOLOGIES,{model},SIM00003,07.50.2021102830", "SGM")
        self._model = _MODELS[model]
        self.acquisition = Acquisition(seed)
        if bench is not None:
            bench.register_digitizer(name, self._heard)
        self._channels = range(1, self._model.channels + 1)
        self._declare_vertical()
        self._declare_horizontal()
        self._declare_trigger()
        self._declare_acquisition()
        self._declare_waveform()
        self._displayed.set(1, value=True)

    def reset(self) -> None:
        """Stop, and default settings."""
        self.acquisition.stop()
        self.acquisition.shots = []
        self._levels.clear()
        self._wanted_points = _DEFAULT_POINTS
        super().reset()
        self._displayed.set(1, value=True)

    def _heard(self, signal: Signal) -> None:
        self.acquisition.heard(signal)
        self.operations_ended()

    # Settings

    def _declare_vertical(self) -> None:
        settings, channel = self.settings, f":CHANnel<1:{self._model.channels}>"
        lowest = 8e-3
        self._displayed = settings.boolean(f"{channel}:DISPlay", False)
        self._range = settings.number(
            f"{channel}:RANGe", 40.0, unit="V", lowest=lowest, highest=40.0, clamp=True,
            answer=signed,
        )  # fmt: skip
        self._offset = settings.number(
            f"{channel}:OFFSet", 0.0, unit="V", lowest=-20.0, highest=20.0, answer=signed
        )
        impedances = ("ONEMeg", "FIFTy") if self._model.fifty_ohm else ("ONEMeg",)
        self._impedance = settings.choice(f"{channel}:IMPedance", impedances, "ONEM")
        self._coupling = settings.choice(f"{channel}:COUPling", ("AC", "DC"), "DC")
        self._limited = settings.boolean(f"{channel}:BWLimit", False)
        self._inverted = settings.boolean(f"{channel}:INVert", False)
        self._label = settings.string(f"{channel}:LABel", longest=32)
        self._probe = settings.number(
            f"{channel}:PROBe", 1.0, lowest=0.1, highest=10000.0, answer=signed
        )
        settings.choice(f"{channel}:UNITs", ("VOLT", "AMPere"), "VOLT")
        settings.number(f"{channel}:PROBe:SKEW", 0.0, unit="S", lowest=-1e-7, highest=1e-7)
        self.tree.command(f"{channel}:SCALe", self._set_scale, 1)
        self.tree.query(
            f"{channel}:SCALe", lambda call: signed(self._range(*call.suffixes) / _DIVISIONS_V), 0
        )
        self.tree.query(channel, self._channel_setup, 0)

    def _set_scale(self, call: Call) -> None:
        value = call.number(0, unit="V") * _DIVISIONS_V
        self._range.set(*call.suffixes, value=min(max(value, 8e-3), 40.0))

    def _channel_setup(self, call: Call) -> str:
        (n,) = call.suffixes
        return (
            f":CHAN{n}:RANG {self._range(n):+.3E};OFFS {self._offset(n):+.5E};"
            f"COUP {self._coupling(n)};IMP {self._impedance(n)};DISP {int(self._displayed(n))};"
            f'BWL {int(self._limited(n))};INV {int(self._inverted(n))};LAB "{self._label(n)}";'
            f"UNIT VOLT;PROB {self._probe(n):+.3E};PROB:SKEW +0.00E+00;STYP SING"
        )

    def _declare_horizontal(self) -> None:
        settings = self.settings
        self._time_mode = settings.choice(
            ":TIMebase:MODE", ("MAIN", "WINDow", "XY", "ROLL"), "MAIN"
        )
        self._time_range = settings.number(
            ":TIMebase:RANGe", 1e-3, unit="S", lowest=5e-9, highest=500.0, clamp=True,
            answer=signed,
        )  # fmt: skip
        self._position = settings.number(
            ":TIMebase:POSition", 0.0, unit="S", lowest=-500.0, highest=500.0, answer=signed
        )
        self._time_reference = settings.choice(
            ":TIMebase:REFerence", ("LEFT", "CENTer", "RIGHt"), "CENT"
        )
        self.tree.command(
            ":TIMebase:SCALe",
            lambda call: self._time_range.set(value=_DIVISIONS_S * call.number(0, unit="S")), 1,
        )  # fmt: skip
        self.tree.query(":TIMebase:SCALe", lambda _: signed(self._time_range() / _DIVISIONS_S), 0)
        self.tree.query(":TIMebase", self._timebase_setup, 0)

    def _timebase_setup(self, _: Call) -> str:
        return (
            f":TIM:MODE {self._time_mode()};REF {self._time_reference()};"
            f"MAIN:RANG {self._time_range():+.5E};POS {self._position():+.5E}"
        )

    def _declare_trigger(self) -> None:
        settings = self.settings
        sources = (*(f"CHANnel{n}" for n in self._channels), "EXTernal", "LINE")
        settings.choice(":TRIGger:MODE", ("EDGE",), "EDGE")
        self._sweep = settings.choice(":TRIGger:SWEep", ("AUTO", "NORMal"), "AUTO")
        self._trigger_source = settings.choice(":TRIGger[:EDGE]:SOURce", sources, "CHAN1")
        self._levels: dict[str, float] = {}
        self.tree.command(":TRIGger[:EDGE]:LEVel", self._set_level, (1, 2))
        self.tree.query(
            ":TRIGger[:EDGE]:LEVel",
            lambda _: signed(self._levels.get(self._trigger_source(), 0.0)), (0, 1),
        )  # fmt: skip
        self._slope = settings.choice(
            ":TRIGger[:EDGE]:SLOPe", ("POSitive", "NEGative", "EITHer", "ALTernate"), "POS"
        )
        settings.choice(":TRIGger[:EDGE]:COUPling", ("AC", "DC", "LFReject"), "DC")
        settings.number(":TRIGger:HOLDoff", 4e-8, unit="S", lowest=4e-8, highest=10.0)
        settings.number(":EXTernal:RANGe", 8.0, unit="V", lowest=1.6, highest=8.0)
        settings.number(":EXTernal:PROBe", 1.0, lowest=0.1, highest=10000.0)

    def _set_level(self, call: Call) -> None:
        source = self._trigger_source()
        if len(call) > 1:
            source = call.choice(1, *(f"CHANnel{n}" for n in self._channels), "EXTernal")
        self._levels[source] = call.number(0, unit="V")

    def _declare_acquisition(self) -> None:
        settings, tree = self.settings, self.tree
        self._type = settings.choice(
            ":ACQuire:TYPE", ("NORMal", "AVERage", "HRESolution", "PEAK"), "NORM"
        )
        self._mode = settings.choice(":ACQuire:MODE", ("RTIMe", "ETIMe", "SEGMented"), "RTIM")
        settings.whole(":ACQuire:COUNt", 8, lowest=2, highest=65536)
        settings.whole(":ACQuire:COMPlete", 100, lowest=0, highest=100)
        self._segment_count = settings.whole(
            ":ACQuire:SEGMented:COUNt", 2, lowest=2, highest=self._model.segments
        )
        self._segment = settings.whole(
            ":ACQuire:SEGMented:INDex", 1, lowest=1, highest=self._model.segments,
            changed=self._require_segment,
        )  # fmt: skip
        if self._model.reference:
            self._reference = settings.choice(":ACQuire:RSIGnal", ("OFF", "OUT", "IN"), "OFF")
        tree.query(":ACQuire:SRATe", lambda _: signed(self._timing()[0]), (0, 1))
        tree.query(":ACQuire:POINts", lambda _: str(self._timing()[1]), (0, 1))
        tree.command(":RUN", lambda _: self._arm(single=False), 0)
        tree.command(":SINGle", lambda _: self._arm(single=True), 0)
        tree.command(":STOP", lambda _: self.acquisition.stop(), 0)
        tree.command(":DIGitize", self._digitize)
        tree.command(":AUToscale", lambda _: None)
        tree.command(":SYSTem:PRESet", lambda _: self.reset(), 0)
        tree.query(":AER", lambda _: self._take("armed"), 0)
        tree.query(":TER", lambda _: self._take("triggered"), 0)
        tree.query(":OPERegister:CONDition", lambda _: f"{self._condition():+d}", 0)
        tree.query(":RSTate", lambda _: "RUN" if self.acquisition.armed else "STOP", 0)

    def _take(self, event: str) -> str:
        return f"{int(self.acquisition.take(event)):+d}"

    def _condition(self) -> int:
        armed = self.acquisition.armed
        return armed << _RUN_BIT | armed << _ARMED_BIT

    def _require_segment(self, index: int) -> None:
        if index > max(1, len(self.acquisition.shots)):
            raise ScpiError(-222, f"{len(self.acquisition.shots)} segments were acquired")

    def _bits(self) -> int:
        return 12 if self._type() == "HRES" else 8

    def _segments(self) -> int:
        return self._segment_count() if self._mode() == "SEGM" else 1

    def _timing(self) -> tuple[float, int]:
        """Give sample rate and points, as time range, memory and channels in use allow."""
        shared = any(self._displayed(n) and self._displayed(n + 1) for n in self._channels if n % 2)
        share = 2 if shared else 1
        memory = self._model.memory / share / self._segments() * (1.0 + 1e-9)
        duration_s = self._time_range()
        rates = sample_rates(self._model.rate_hz / share, _SLOWEST_HZ)
        rate_hz = next((rate for rate in rates if rate * duration_s <= memory), rates[-1])
        return rate_hz, max(1, math.ceil(rate_hz * duration_s * (1.0 - 1e-12)))

    def _arm(self, *, single: bool) -> None:
        rate_hz, points = self._timing()
        source = self._trigger_source()
        left = _SHARE_LEFT[self._time_reference()]
        inputs = {
            n: Input(self._range(n), self._offset(n), self._bits())
            for n in self._channels if self._displayed(n)
        }  # fmt: skip
        limited = any(self._limited(n) for n in inputs)
        self.acquisition.arm(
            Setup(
                inputs=inputs,
                interval_s=1.0 / rate_hz,
                points=points,
                start_s=self._position() - left * self._time_range(),
                segments=self._segments(),
                trigger=source.removeprefix("CHAN"),
                level_v=self._levels.get(source, 0.0),
                slope=self._slope(),
                automatic=self._sweep() == "AUTO",
                single=single,
                bandwidth_hz=25e6 if limited else self._model.bandwidth_hz,
                external_reference=self._model.reference and self._reference() == "IN",
            )
        )

    def _digitize(self, call: Call) -> None:
        """Take one acquisition; what follows waits for its end, a device clear ends it."""
        self._arm(single=True)
        try:
            self.wait(lambda: not self.acquisition.armed)
        except CancelledError:
            self.acquisition.stop()
            raise

    # Waveforms

    def _declare_waveform(self) -> None:
        settings, tree = self.settings, self.tree
        sources = tuple(f"CHANnel{n}" for n in self._channels)
        self._source = settings.choice(":WAVeform:SOURce", sources, "CHAN1")
        self._format = settings.choice(":WAVeform:FORMat", ("BYTE", "WORD", "ASCii"), "BYTE")
        self._order = settings.choice(":WAVeform:BYTeorder", ("MSBFirst", "LSBFirst"), "MSBF")
        self._unsigned = settings.boolean(":WAVeform:UNSigned", True)
        self._points_mode = settings.choice(
            ":WAVeform:POINts:MODE", ("NORMal", "MAXimum", "RAW"), "NORM"
        )
        self._wanted_points = _DEFAULT_POINTS
        tree.command(":WAVeform:POINts", self._set_points, 1)
        tree.query(":WAVeform:POINts", lambda _: f"{self._picked()[0].size:+d}", 0)
        tree.query(":WAVeform:DATA", self._data, 0)
        tree.query(":WAVeform:PREamble", lambda _: self._preamble(), 0)
        tree.query(":WAVeform:SEGMented:COUNt", lambda _: str(len(self.acquisition.shots)), 0)
        tree.query(":WAVeform:SEGMented:TTAG", lambda _: signed(self._shot().tag_s), 0)
        tree.query(":WAVeform:TYPE", lambda _: self._type(), 0)
        for place, node in enumerate(_FIELDS, start=4):
            tree.query(f":WAVeform:{node}", partial(self._field, place), 0)

    def _field(self, place: int, _: Call) -> str:
        return self._preamble().split(",")[place]

    def _set_points(self, call: Call) -> None:
        self._wanted_points = call.whole(0, lowest=1, highest=_MOST_POINTS)

    def _shot(self) -> Shot:
        shots = self.acquisition.shots
        if not shots:
            raise ScpiError(-230, "nothing was acquired")
        index = self._segment() if self._mode() == "SEGM" else 1
        return shots[min(index, len(shots)) - 1]

    def _picked(self) -> tuple[NDArray[np.int16], int]:
        """Give the points that are sent, and every how many samples one is."""
        shot = self._shot()
        channel = int(self._source().removeprefix("CHAN"))
        if channel not in shot.codes:
            raise ScpiError(-221, f"channel {channel} was off")
        codes = shot.codes[channel]
        wanted = self._wanted_points
        if self._points_mode() == "NORM":
            wanted = min(wanted, _SCREEN_POINTS)
        stride = max(1, math.ceil(codes.size / wanted))
        return codes[::stride], stride

    def _input(self) -> Input:
        return self._shot().setup.inputs[int(self._source().removeprefix("CHAN"))]

    def _preamble(self) -> str:
        codes, stride = self._picked()
        shot, one = self._shot(), self._input()
        form = self._format()
        width = 16 if form == "WORD" else 8
        middle = 1 << width - 1 if self._unsigned() else 0
        kinds = {"NORM": 0, "PEAK": 1, "AVER": 2, "HRES": 3}
        step_v = one.range_v / (1 << width)
        return ",".join((
            f"{ {'BYTE': 0, 'WORD': 1, 'ASC': 4}[form]:+d}",
            f"{kinds[self._type()]:+d}",
            f"{codes.size:+d}",
            "+1",
            signed(stride * shot.setup.interval_s),
            signed(shot.origin_s),
            "+0",
            signed(step_v),
            signed(one.offset_v),
            f"{middle:+d}",
        ))  # fmt: skip

    def _data(self, _: Call) -> bytes:
        codes, _stride = self._picked()
        one = self._input()
        if self._format() == "ASC":
            volts = codes * one.step_v + one.offset_v
            return sized_block(",".join(f"{value:.6E}" for value in volts.tolist()).encode())
        words = (codes.astype(np.int32) + (1 << one.bits - 1)) << 16 - one.bits
        words[codes <= -one.top] = _LOWEST
        words[codes >= one.top] = _HIGHEST
        if self._format() == "BYTE":
            values = np.where(codes <= -one.top, 1, words >> 8).astype(np.uint8)
            return sized_block((values if self._unsigned() else values ^ 0x80).tobytes())
        if not self._unsigned():
            words ^= 0x8000
        order = "<" if self._order() == "LSBF" else ">"
        return sized_block(words.astype(f"{order}u2").tobytes())
