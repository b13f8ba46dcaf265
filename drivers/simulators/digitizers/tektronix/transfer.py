"""How a simulated Tektronix oscilloscope hands out records: preamble and curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.scpi import (
    Call,
    CommandTree,
    ScpiError,
    SettingTable,
    definite_block,
    quoted,
)

# Encoding, number format and byte order of each word of DATa:ENCdg.
_ENCODINGS = {
    "ASCI": ("ASC", "RI", "MSB"),
    "RIB": ("BIN", "RI", "MSB"),
    "RPB": ("BIN", "RP", "MSB"),
    "SRI": ("BIN", "RI", "LSB"),
    "SRP": ("BIN", "RP", "LSB"),
}
_LAST = 1 << 40


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What was recorded after one trigger.

    Parameters
    ----------
    codes : dict
        int16 samples by channel.
    trigger_sample : int
        The first sample behind the trigger.
    xzero_s : float
        From the trigger to that sample.
    interval_s : float
        Between samples.
    code_v : dict
        Volts per code by channel.
    """

    codes: dict[int, NDArray[np.int16]]
    trigger_sample: int
    xzero_s: float
    interval_s: float
    code_v: dict[int, float]


class Oscilloscope(Protocol):
    """What the transfer needs of the oscilloscope."""

    @property
    def frames(self) -> list[Frame]:
        """Records of the last acquisition."""
        ...

    def zero_v(self, channel: int) -> float:
        """Voltage of code 0."""
        ...


class WaveformTransfer:
    """Declares ``DATa``, ``WFMOutpre`` and ``CURVe?``.

    Parameters
    ----------
    tree : CommandTree
        Where they are declared.
    settings : SettingTable
        Of the same instrument.
    channels : int
        That it has.
    oscilloscope : Oscilloscope
        Whose records these are.
    """

    def __init__(
        self, tree: CommandTree, settings: SettingTable, channels: int, oscilloscope: Oscilloscope
    ) -> None:
        self._oscilloscope = oscilloscope
        names = tuple(f"CH{n}" for n in range(1, channels + 1))
        self._source = settings.choice("DATa:SOUrce", names, "CH1")
        tree.query("DATa:SOUrce:AVAILable", self._available, 0)
        words = ("ASCIi", "RIBinary", "RPBinary", "SRIbinary", "SRPbinary")
        self._encoding = settings.choice("DATa:ENCdg", words, "RIB", long_answer=True)
        self._width = settings.whole("DATa:WIDth", 1, lowest=1, highest=2)
        self._start = settings.whole("DATa:STARt", 1, lowest=1, highest=_LAST)
        self._stop = settings.whole("DATa:STOP", 10_000_000, lowest=1, highest=_LAST)
        self._first_frame = settings.whole("DATa:FRAMESTARt", 1, lowest=1, highest=_LAST)
        self._last_frame = settings.whole("DATa:FRAMESTOP", _LAST, lowest=1, highest=_LAST)
        self._resample = settings.whole("DATa:RESample", 1, lowest=1, highest=1_000_000)
        tree.query("CURVe", self._curve, 0)
        fields = self._fields()
        for header, field in fields.items():
            tree.query(f"WFMOutpre:{header}", partial(_told, field), 0)
        tree.query("WFMOutpre", lambda _: ";".join(field() for field in fields.values()), 0)

    def _channel(self) -> int:
        return int(self._source()[2:])

    def _available(self, _: Call) -> str:
        frames = self._oscilloscope.frames
        return ",".join(f"CH{n}" for n in sorted(frames[0].codes)) if frames else "NONE"

    def _chosen(self) -> list[Frame]:
        """Frames from the first to the last that are to be transferred."""
        frames = self._oscilloscope.frames
        if not frames or self._channel() not in frames[0].codes:
            raise ScpiError(-221, f"waveform of {self._source()} does not exist")
        first = min(self._first_frame(), len(frames))
        return frames[first - 1 : max(first, min(self._last_frame(), len(frames)))]

    def _span(self) -> slice:
        record = self._chosen()[0].codes[self._channel()].size
        first, last = sorted((min(self._start(), record), min(self._stop(), record)))
        return slice(first - 1, last, self._resample())

    def _points(self) -> int:
        span = self._span()
        return len(range(span.start, span.stop, span.step))

    def _fields(self) -> dict[str, Callable[[], str]]:
        def number(value: float) -> str:
            return f"{value:.10E}"

        def format_of() -> tuple[str, str, str]:
            return _ENCODINGS[self._encoding()]

        def frame() -> Frame:
            return self._chosen()[0]

        def step_v() -> float:
            return frame().code_v[self._channel()] * (1 if self._width() == 2 else 256)

        return {
            "BYT_Nr": lambda: str(self._width()),
            "BIT_Nr": lambda: str(8 * self._width()),
            "ENCdg": lambda: {"ASC": "ASCII", "BIN": "BINARY"}[format_of()[0]],
            "BN_Fmt": lambda: format_of()[1],
            "BYT_Or": lambda: format_of()[2],
            "WFId": lambda: quoted(f"Ch{self._channel()}, DC coupling, {self._points()} points"),
            "NR_Pt": lambda: str(self._points()),
            "PT_Fmt": lambda: "Y",
            "PT_ORder": lambda: "LINEAR",
            "XUNit": lambda: quoted("s"),
            "XINcr": lambda: number(frame().interval_s * self._resample()),
            "XZEro": lambda: number(frame().xzero_s),
            "PT_Off": lambda: str(frame().trigger_sample - self._span().start),
            "YUNit": lambda: quoted("V"),
            "YMUlt": lambda: number(step_v()),
            "YOFf": lambda: number(0.0),
            "YZEro": lambda: number(self._oscilloscope.zero_v(self._channel())),
        }

    def _curve(self, _: Call) -> bytes:
        span = self._span()
        return b";".join(
            self._encoded(frame.codes[self._channel()][span]) for frame in self._chosen()
        )

    def _encoded(self, codes: NDArray[np.int16]) -> bytes:
        encoding, numbers, order = _ENCODINGS[self._encoding()]
        values = codes if self._width() == 2 else codes >> 8
        if encoding == "ASC":
            return ",".join(map(str, values)).encode("ascii")
        if numbers == "RP":
            values = values.astype(np.int32) + (1 << (8 * self._width() - 1))
        kind = ("u" if numbers == "RP" else "i") + str(self._width())
        return definite_block(values.astype((">" if order == "MSB" else "<") + kind).tobytes())


def _told(field: Callable[[], str], _: Call) -> str:
    return field()
