"""A simulated Keysight Infiniium, with its rates, memory and codes.

Source: `Infiniium Oscilloscopes Programmer's Guide`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

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
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.errors import ScpiError

_DIVISIONS_V, _DIVISIONS_S = 8.0, 10.0
_SLOWEST_HZ = 1e3
_SHARE_LEFT = {"LEFT": 0.0, "CENT": 0.5, "RIGH": 1.0}
# The screen is this many codes high in the format WORD, on either side of its middle.
_SCREEN_CODES = 30720
_SMALLEST_RANGE_V, _LARGEST_RANGE_V = 8e-3, 8.0


@dataclass(frozen=True, slots=True)
class _Model:
    channels: int
    rate_hz: float
    memory: int
    bandwidth_hz: float
    bits: int
    segments: int


_MODELS = {
    "DSOS204A": _Model(4, 10e9, 100_000_000, 2e9, 10, 8192),
    "DSO9404A": _Model(4, 10e9, 20_000_000, 4e9, 8, 4096),
    "MXR608A": _Model(8, 16e9, 200_000_000, 6e9, 10, 65536),
}


class SimulatedInfiniium(SimulatedInstrument):
    """An Infiniium on the bench, with inputs "1" to "4" (or "8") and "EXT", which it calls AUX.

    Parameters
    ----------
    name : str
        On the bench.
    bench : RfBench or None
        What it hears.
    model : str
        One of DSOS204A, DSO9404A, MXR608A.
    seed : int
        Of its clock's phase and of its trigger's jitter.
    """

    def __init__(
        self,
        name: str = "scope",
        *,
        bench: RfBench | None = None,
        model: str = "DSOS204A",
        seed: int = 0,
    ) -> None:
        super().__init__(name, f"KEYSIGHT TECHNOLOGIES,{model},SIM00004,06.70.00801", "SGM")
        self._model = _MODELS[model]
        self.acquisition = Acquisition(seed)
        if bench is not None:
            bench.register_digitizer(name, self._heard)
        self._channels = range(1, self._model.channels + 1)
        self._rates = sample_rates(self._model.rate_hz, _SLOWEST_HZ)
        self._declare_system()
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
        for automatic, value in self._automatic():
            automatic.set(None, value)
        super().reset()
        self._displayed.set(1, value=True)

    def _automatic(self) -> tuple[tuple[_Automatic, float], ...]:
        return (
            (self._rate, self._rates[0]),
            (self._points, 0.0),
            (self._bandwidth, self._model.bandwidth_hz),
        )

    def _heard(self, signal: Signal) -> None:
        self.acquisition.heard(signal)
        self.operations_ended()

    def _declare_system(self) -> None:
        self.settings.boolean(":SYSTem:HEADer", False)
        self.tree.query("SYSTem:ERRor[:NEXT]", self._error, (0, 1), replace=True)

    def _error(self, call: Call) -> str:
        """Give the number alone, unless text is asked for."""
        answer = self.error_answer()
        if len(call) and call.choice(0, "NUMBer", "STRing") == "STR":
            return answer
        return answer.split(",")[0]

    def _declare_vertical(self) -> None:
        settings, channel = self.settings, f":CHANnel<1:{self._model.channels}>"
        self._displayed = settings.boolean(f"{channel}:DISPlay", False)
        self._range = settings.number(
            f"{channel}:RANGe", 8.0, unit="V", lowest=_SMALLEST_RANGE_V, highest=_LARGEST_RANGE_V,
            answer=signed,
        )  # fmt: skip
        self._offset = settings.number(
            f"{channel}:OFFSet", 0.0, unit="V", lowest=-12.0, highest=12.0, answer=signed
        )
        settings.choice(f"{channel}:INPut", ("DC50", "DCFifty", "DC", "AC", "LFR1"), "DC50")
        settings.boolean(f"{channel}:DIFFerential", False)
        settings.string(f"{channel}:LABel", longest=16)
        self.tree.command(
            f"{channel}:SCALe",
            lambda call: self._range.set(
                *call.suffixes, value=_DIVISIONS_V * call.number(0, unit="V")
            ), 1,
        )  # fmt: skip
        self.tree.query(
            f"{channel}:SCALe", lambda call: signed(self._range(*call.suffixes) / _DIVISIONS_V), 0
        )
        for n in range(1, 17):
            settings.boolean(f":FUNCtion{n}:DISPlay", False)

    def _declare_horizontal(self) -> None:
        settings = self.settings
        self._time_range = settings.number(
            ":TIMebase:RANGe", 1e-6, unit="S", lowest=5e-11, highest=200.0, answer=signed
        )
        self._position = settings.number(
            ":TIMebase:POSition", 0.0, unit="S", lowest=-200.0, highest=200.0, answer=signed
        )
        self._time_reference = settings.choice(
            ":TIMebase:REFerence", ("LEFT", "CENTer", "RIGHt"), "CENT"
        )
        self._reference = settings.boolean(":TIMebase:REFClock", False)
        settings.boolean(":TIMebase:ROLL:ENABLE", False)
        self.tree.command(
            ":TIMebase:SCALe",
            lambda call: self._time_range.set(value=_DIVISIONS_S * call.number(0, unit="S")), 1,
        )  # fmt: skip
        self.tree.query(":TIMebase:SCALe", lambda _: signed(self._time_range() / _DIVISIONS_S), 0)

    def _declare_trigger(self) -> None:
        settings, tree = self.settings, self.tree
        self._trigger_names = (*(f"CHANnel{n}" for n in self._channels), "AUX", "LINE")
        settings.choice(":TRIGger:MODE", ("EDGE",), "EDGE")
        self._sweep = settings.choice(":TRIGger:SWEep", ("AUTO", "TRIGgered", "SINGle"), "AUTO")
        self._trigger_source = settings.choice(":TRIGger:EDGE:SOURce", self._trigger_names, "CHAN1")
        self._slope = settings.choice(
            ":TRIGger:EDGE:SLOPe", ("POSitive", "NEGative", "EITHer"), "POS"
        )
        settings.choice(":TRIGger:EDGE:COUPling", ("AC", "DC", "LFReject", "HFReject"), "DC")
        self._levels: dict[str, float] = {}

        def set_level(call: Call) -> None:
            self._levels[call.choice(0, *self._trigger_names)] = call.number(1, unit="V")

        def get_level(call: Call) -> str:
            return signed(self._levels.get(call.choice(0, *self._trigger_names), 0.0))

        tree.command(":TRIGger:LEVel", set_level, 2)
        tree.query(":TRIGger:LEVel", get_level, 1)

    def _declare_acquisition(self) -> None:
        settings, tree, model = self.settings, self.tree, self._model
        modes = ("RTIMe", "ETIMe", "PDETect", "HRESolution", "SEGMented", "SEGPdetect", "SEGHres")
        self._mode = settings.choice(":ACQuire:MODE", modes, "RTIM")
        self._segment_count = settings.whole(
            ":ACQuire:SEGMented:COUNt", 2, lowest=2, highest=model.segments
        )
        self._segment = settings.whole(
            ":ACQuire:SEGMented:INDex", 1, lowest=1, highest=model.segments
        )
        self._rate = _Automatic(self._rates[0])
        self._points = _Automatic(0.0)
        self._bandwidth = _Automatic(model.bandwidth_hz)
        tree.command(":ACQuire:SRATe[:ANALog]", self._set_rate, 1)
        tree.query(":ACQuire:SRATe[:ANALog]", lambda _: signed(self._timing()[0]), 0)
        tree.command(":ACQuire:POINts[:ANALog]", self._set_points, 1)
        tree.query(":ACQuire:POINts[:ANALog]", lambda _: str(self._timing()[1]), 0)
        tree.command(":ACQuire:BANDwidth", self._set_bandwidth, 1)
        tree.query(":ACQuire:BANDwidth", lambda _: signed(self._bandwidth.value), 0)
        limits = {
            "SRATe": f"1,<numeric>{self._rates[-1]:.5E}:{self._rates[0]:.5E}",
            "POINts": f"1,<numeric>16:{model.memory}",
            "BANDwidth": f"1,<numeric>{1e8:.5E}:{model.bandwidth_hz:.5E}",
        }
        for node, answer in limits.items():
            tree.query(f":ACQuire:{node}:TESTLIMITS", partial(_constant, answer), 0)
        settings.boolean(":ACQuire:AVERage", False)
        settings.whole(":ACQuire:AVERage:COUNt", 16, lowest=2, highest=65534)
        settings.choice(":ACQuire:INTerpolate", ("0", "1", "ON", "OFF"), "0")
        settings.whole(":ACQuire:COMPlete", 90, lowest=0, highest=100)
        tree.command(":RUN", lambda _: self._arm(single=False), 0)
        tree.command(":SINGle", lambda _: self._arm(single=True), 0)
        tree.command(":STOP", lambda _: self.acquisition.stop(), 0)
        tree.command(":DIGitize", self._digitize)
        tree.query(":AER", lambda _: str(int(self.acquisition.take("armed"))), 0)
        tree.query(":TER", lambda _: str(int(self.acquisition.take("triggered"))), 0)
        tree.query(":ADER", lambda _: str(int(self.acquisition.take("done"))), 0)
        tree.query(":PDER", lambda _: str(int(self.acquisition.take("processed"))), 0)
        tree.query(":AST", self._acquisition_state, 0)
        tree.query(":RSTate", lambda _: "SING" if self.acquisition.armed else "STOP", 0)

    def _acquisition_state(self, _: Call) -> str:
        if self.acquisition.armed:
            return "ARM"
        return "ADONE" if self.acquisition.shots else "TRIG"

    def _set_rate(self, call: Call) -> None:
        if call.parameter(0).kind == "mnemonic" and call.mnemonic(0) in ("AUTO", "MAX"):
            self._rate.set(None, self._rates[0])
            return
        wanted_hz = call.number(0, unit="SA/S", lowest=self._rates[-1], highest=self._rates[0])
        # The slowest one that is fast enough.
        faster = [rate for rate in self._rates if rate >= wanted_hz * (1.0 - 1e-9)]
        self._rate.set(faster[-1], faster[-1])

    def _set_points(self, call: Call) -> None:
        if call.parameter(0).kind == "mnemonic" and call.mnemonic(0) == "AUTO":
            self._points.set(None, 0.0)
        else:
            points = call.whole(0, lowest=16, highest=self._model.memory)
            self._points.set(float(points), float(points))

    def _set_bandwidth(self, call: Call) -> None:
        highest = self._model.bandwidth_hz
        if call.parameter(0).kind == "mnemonic" and call.mnemonic(0) in ("AUTO", "MAX"):
            self._bandwidth.set(None, highest)
        else:
            value = call.number(0, unit="HZ", lowest=1e8, highest=highest)
            self._bandwidth.set(value, value)

    def _segments(self) -> int:
        return self._segment_count() if self._mode().startswith("SEG") else 1

    def _timing(self) -> tuple[float, int]:
        memory = self._model.memory // self._segments()
        duration_s = self._time_range()
        rate_hz = self._rate.chosen
        if rate_hz is None:
            rate_hz = next(
                (rate for rate in self._rates if rate * duration_s <= memory * (1.0 + 1e-9)),
                self._rates[-1],
            )
        points = self._points.chosen or math.ceil(rate_hz * duration_s * (1.0 - 1e-12))
        return rate_hz, max(16, min(int(points), memory))

    def _arm(self, *, single: bool) -> None:
        rate_hz, points = self._timing()
        source = self._trigger_source()
        # The record lies about the middle of the time range.
        left = _SHARE_LEFT[self._time_reference()]
        middle_s = self._position() + (0.5 - left) * self._time_range()
        self.acquisition.arm(
            Setup(
                inputs={
                    n: Input(self._range(n), self._offset(n), self._model.bits)
                    for n in self._channels if self._displayed(n)
                },
                interval_s=1.0 / rate_hz,
                points=points,
                start_s=middle_s - 0.5 * points / rate_hz,
                segments=self._segments(),
                trigger="EXT" if source == "AUX" else source.removeprefix("CHAN"),
                level_v=self._levels.get(source, 0.0),
                slope=self._slope(),
                automatic=self._sweep() == "AUTO",
                single=single,
                bandwidth_hz=self._bandwidth.value,
                external_reference=self._reference(),
            )
        )  # fmt: skip

    def _digitize(self, call: Call) -> None:
        """Take one acquisition, which ``*OPC?`` waits for."""
        self._arm(single=True)
        self.overlapped(lambda: not self.acquisition.armed)

    # Waveforms

    def _declare_waveform(self) -> None:
        settings, tree = self.settings, self.tree
        sources = tuple(f"CHANnel{n}" for n in self._channels)
        self._source = settings.choice(":WAVeform:SOURce", sources, "CHAN1")
        self._format = settings.choice(
            ":WAVeform:FORMat", ("ASCii", "BYTE", "WORD", "BINary"), "ASC"
        )
        self._order = settings.choice(":WAVeform:BYTeorder", ("MSBFirst", "LSBFirst"), "MSBF")
        self._streaming = settings.boolean(":WAVeform:STReaming", True)
        self._all = settings.boolean(":WAVeform:SEGMented:ALL", False)
        settings.choice(":WAVeform:VIEW", ("ALL", "MAIN", "WINDow"), "ALL")
        tree.query(":WAVeform:POINts", lambda _: str(self._codes().size), 0)
        tree.query(":WAVeform:DATA", self._data, (0, 2))
        tree.query(":WAVeform:PREamble", lambda _: self._preamble(), 0)
        tree.query(":WAVeform:SEGMented:COUNt", lambda _: str(len(self.acquisition.shots)), 0)
        tree.query(":WAVeform:SEGMented:TTAG", lambda _: signed(self._shot().tag_s), 0)
        tree.query(":WAVeform:YUNits", lambda _: "VOLT", 0)
        for node, place in (
            ("XINCrement", 4), ("XORigin", 5), ("YINCrement", 7), ("YORigin", 8),
        ):  # fmt: skip
            tree.query(f":WAVeform:{node}", partial(self._field, place), 0)

    def _field(self, place: int, _: Call) -> str:
        return self._preamble().split(",")[place]

    def _shot(self) -> Shot:
        shots = self.acquisition.shots
        if not shots:
            raise ScpiError(-230, "nothing was acquired")
        index = self._segment() if self._mode().startswith("SEG") else 1
        if index > len(shots):
            raise ScpiError(-222, f"{len(shots)} segments were acquired")
        return shots[index - 1]

    def _channel(self) -> int:
        channel = int(self._source().removeprefix("CHAN"))
        if channel not in self._shot().codes:
            raise ScpiError(-221, f"channel {channel} was off")
        return channel

    def _codes(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        channel = self._channel()
        if self._all() and self._segments() > 1:
            return np.concatenate([shot.codes[channel] for shot in self.acquisition.shots])
        return self._shot().codes[channel]

    def _scale(self) -> tuple[float, int]:
        """Give volts per code of the format, and codes per step of the ADC."""
        one = self._shot().setup.inputs[self._channel()]
        if self._format() == "BYTE":
            return one.range_v / (2.0 * (_SCREEN_CODES >> 8)), 0
        return one.range_v / (2.0 * _SCREEN_CODES), 2 * _SCREEN_CODES >> one.bits

    def _preamble(self) -> str:
        shot, codes = self._shot(), self._codes()
        one = shot.setup.inputs[self._channel()]
        step_v, _ = self._scale()
        form = {"ASC": 0, "BYTE": 1, "WORD": 2, "BIN": 2}[self._format()]
        duration_s = shot.setup.points * shot.setup.interval_s
        fields = [
            str(form), "1", str(codes.size), "1", f"{shot.setup.interval_s:.14E}",
            f"{shot.origin_s:.14E}", "0", f"{step_v:.14E}", f"{one.offset_v:.14E}", "0",
            "3", f"{duration_s:.14E}", f"{shot.setup.start_s:.14E}", f"{one.range_v:.14E}",
            f"{one.offset_v:.14E}", '"20 NOV 2026"', '"12:00:00:00"',
            f'"{self.identity.split(",")[1]}:{self.identity.split(",")[2]}"',
            "4" if self._segments() > 1 else "0", "100", "2", "1",
            f"{shot.setup.bandwidth_hz:.14E}", "0.00000000000000E+00",
        ]  # fmt: skip
        if self._segments() > 1:
            fields.append(str(len(self.acquisition.shots)))
        return ",".join(fields)

    def _data(self, call: Call) -> bytes:
        codes = self._codes()
        first = call.whole(0, lowest=1) - 1 if len(call) else 0
        count = call.whole(1, lowest=1) if len(call) > 1 else codes.size
        codes = codes[first : first + count]
        one = self._shot().setup.inputs[self._channel()]
        form = self._format()
        if form == "ASC":
            volts = codes * one.step_v + one.offset_v
            return ",".join(f"{value:.5E}" for value in volts.tolist()).encode() + b","
        step_v, factor = self._scale()
        if form == "BYTE":
            data = np.rint(codes * (one.step_v / step_v)).astype(np.int8).tobytes()
        else:
            order = "<" if self._order() == "LSBF" else ">"
            data = (codes.astype(np.int32) * factor).astype(f"{order}i2").tobytes()
        return b"#0" + data if self._streaming() else sized_block(data)


def _constant(answer: str, _: Call) -> str:
    return answer


class _Automatic:
    """A number that is chosen, or follows from the rest."""

    def __init__(self, value: float) -> None:
        self.chosen: float | None = None
        self.value = value

    def set(self, chosen: float | None, value: float) -> None:
        """Choose it, or leave it to the instrument."""
        self.chosen, self.value = chosen, value
