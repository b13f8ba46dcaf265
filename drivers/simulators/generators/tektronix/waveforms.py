"""Waveform list and disk of a simulated Tektronix AWG."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi import Call, ScpiError, definite_block, quoted

# Bits of markers in WLISt:WAVeform:MARKer:DATA; in a .wfmx file they begin at bit 0.
MARKER_SHIFT = 6
_NAMESPACE = "{http://www.tektronix.com}"
_HOME = "\\Users\\OEM\\Documents"
_LONGEST_NAME = 64
_OPENED_BYTES_PER_S = 400e6


@dataclass(eq=False, slots=True)
class Waveform:
    """An entry of the waveform list.

    Parameters
    ----------
    parts : dict
        float32 samples by component: "REAL", or "I" and "Q"; all of one length.
    markers : uint8 array
        One byte a sample, marker 1 in bit 0.
    sample_rate_hz : float
        That it is meant for.
    """

    parts: dict[str, NDArray[np.float32]]
    markers: NDArray[np.uint8]
    sample_rate_hz: float = 0.0

    @classmethod
    def zeros(cls, samples: int, kind: str) -> Waveform:
        """Make one of zeros, "REAL" or "IQ"; memory is taken as it is written to."""
        names = ("I", "Q") if kind == "IQ" else ("REAL",)
        return cls({name: np.zeros(samples, "<f4") for name in names}, np.zeros(samples, np.uint8))

    @property
    def samples(self) -> int:
        """Its length."""
        return self.markers.size

    @property
    def kind(self) -> str:
        """One of "REAL" and "IQ"."""
        return "IQ" if "Q" in self.parts else "REAL"

    def part(self, component: str) -> NDArray[np.float32]:
        """Give a component; -224 where there is none of the name."""
        if component not in self.parts:
            raise ScpiError(-224, f"waveform is {self.kind}, component {component}")
        return self.parts[component]


@dataclass(frozen=True, slots=True)
class MemoryModel:
    """What a model's waveforms can be.

    Parameters
    ----------
    granularity, min_samples : int
        Of one.
    max_samples : int
        Of one, and of all together.
    max_block_bytes : int
        Of one command.
    """

    granularity: int
    min_samples: int
    max_samples: int
    max_block_bytes: int


def read_wfmx(data: bytes | bytearray | memoryview) -> Waveform:
    """Read a ``.wfmx`` file.

    Parameters
    ----------
    data : bytes-like
        The whole file.

    Raises
    ------
    ScpiError
        -250: it is none, or shorter than its header says.
    """
    head = bytes(data[:64])
    start = head.find(b'offset="')
    digits = head[start + 8 :].split(b'"')[0]
    if not head.startswith(b"<DataFile") or start < 0 or not digits.isdigit():
        raise ScpiError(-250, "no wfmx file")
    offset = int(digits)
    try:
        root = ElementTree.fromstring(bytes(data[:offset]))
    except ElementTree.ParseError as error:
        raise ScpiError(-250, f"header of wfmx file: {error}") from error

    def text(tag: str) -> str:
        element = root.find(f".//{_NAMESPACE}{tag}")
        return "" if element is None or element.text is None else element.text

    if (text("NumberFormat"), text("Endian")) != ("Single", "Little"):
        raise ScpiError(-250, "number format of wfmx file")
    samples = int(text("NumberSamples"))
    has_markers = text("MarkersIncluded") == "true"
    if len(data) != offset + (5 if has_markers else 4) * samples:
        raise ScpiError(-250, "length of wfmx file")
    values = np.frombuffer(data, "<f4", samples, offset).copy()
    markers = np.zeros(samples, np.uint8)
    if has_markers:
        markers = np.frombuffer(data, np.uint8, samples, offset + 4 * samples).copy()
    return Waveform({"REAL": values}, markers)


@dataclass(eq=False)
class WaveformList:
    """Waveforms by name, and the commands that make and fill them.

    Parameters
    ----------
    instrument : SimulatedInstrument
        In whose tree the commands are declared.
    model : MemoryModel
        Its limits.
    deleted : callable
        Is told the name of every waveform that is deleted.
    """

    instrument: SimulatedInstrument
    model: MemoryModel
    deleted: Callable[[str], None]
    files: dict[str, bytearray] = field(default_factory=dict)
    folder: str = _HOME
    _waveforms: dict[str, Waveform] = field(default_factory=dict)
    _opening: list[tuple[float, str, Waveform]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._declare_list()
        self._declare_disk()

    @property
    def waveforms(self) -> dict[str, Waveform]:
        """All that are in the list, in the order in which they came."""
        self._settle()
        return self._waveforms

    def get(self, name: str) -> Waveform:
        """Give a waveform; -256 where there is none of the name."""
        if name not in self.waveforms:
            raise ScpiError(-256, name)
        return self.waveforms[name]

    def add(self, name: str, waveform: Waveform) -> None:
        """Put one into the list.

        Raises
        ------
        ScpiError
            -222: its length is not one that can be played. -225: there is no room for it.
        """
        self._check(name, waveform)
        self.waveforms.pop(name, None)
        self.waveforms[name] = waveform

    def _check(self, name: str, waveform: Waveform) -> None:
        model = self.model
        samples = waveform.samples
        if not model.min_samples <= samples <= model.max_samples or samples % model.granularity:
            raise ScpiError(-222, f"{samples} samples")
        if not 0 < len(name) <= _LONGEST_NAME:
            raise ScpiError(-224, "name of waveform")
        self._require_room(name, samples)

    def _require_room(self, name: str, samples: int) -> None:
        others = [one.samples for key, one in self.waveforms.items() if key != name]
        others += [one.samples for _, key, one in self._opening if key != name]
        if sum(others) + samples > self.model.max_samples:
            raise ScpiError(-225, f"{samples} samples more than {sum(others)}")

    def path(self, file: str) -> str:
        """Give a file's full path in capitals, as the disk does not tell case apart."""
        bare = file.removeprefix("C:").removeprefix("c:").replace("/", "\\")
        return (bare if bare.startswith("\\") else f"{self.folder}\\{bare}").upper()

    def _declare_list(self) -> None:
        tree, model = self.instrument.tree, self.model
        tree.query("WLISt:LIST", lambda _: quoted(",".join(self.waveforms)))
        tree.query("WLISt:SIZE", lambda _: str(len(self.waveforms)))
        tree.query("WLISt:LAST", lambda _: quoted(next(reversed(self.waveforms), "")))
        tree.query("WLISt:NAME", self._name)
        tree.query("WLISt:WAVeform:GRANularity", lambda _: str(model.granularity))
        tree.query("WLISt:WAVeform:LMINimum", lambda _: str(model.min_samples))
        tree.query("WLISt:WAVeform:LMAXimum", lambda _: str(model.max_samples))
        tree.command("WLISt:WAVeform:NEW", self._new)
        tree.command("WLISt:WAVeform:DELete", self._delete)
        tree.query("WLISt:WAVeform:LENGth", lambda call: str(self.get(call.string(0)).samples))
        tree.query("WLISt:WAVeform:TYPE", lambda call: self.get(call.string(0)).kind)
        tree.query("WLISt:WAVeform:TSTamp", lambda _: quoted("2026/11/20 12:00:00.0"))
        tree.command("WLISt:WAVeform:SRATe", self._set_rate)
        tree.query(
            "WLISt:WAVeform:SRATe", lambda call: f"{self.get(call.string(0)).sample_rate_hz:.10E}"
        )
        for header, part in (("DATA", "REAL"), ("DATA:I", "I"), ("DATA:Q", "Q")):
            tree.command(f"WLISt:WAVeform:{header}", partial(self._write_samples, component=part))
            tree.query(f"WLISt:WAVeform:{header}", partial(self._read_samples, component=part))
        tree.command("WLISt:WAVeform:MARKer:DATA", self._write_markers)
        tree.query("WLISt:WAVeform:MARKer:DATA", self._read_markers)

    def _name(self, call: Call) -> str:
        names = list(self.waveforms)
        return quoted(names[call.whole(0, lowest=0, highest=len(names) - 1)])

    def _new(self, call: Call) -> None:
        kind = call.choice(2, "REAL", "IQ") if len(call) > 2 else "REAL"
        samples = call.whole(1, lowest=1)
        name = call.string(0)
        if name in self.waveforms:
            raise ScpiError(-224, f"waveform {name} exists")
        # The length is looked at before memory is asked for it.
        if samples > self.model.max_samples:
            raise ScpiError(-222, f"{samples} samples")
        self._require_room(name, samples)
        self.add(name, Waveform.zeros(samples, kind))

    def _delete(self, call: Call) -> None:
        if call.parameter(0, "string", "mnemonic").kind == "mnemonic":
            call.choice(0, "ALL")
            names = list(self.waveforms)
        else:
            names = [call.string(0)]
            self.get(names[0])
        for name in names:
            del self.waveforms[name]
            self.deleted(name)

    def _set_rate(self, call: Call) -> None:
        self.get(call.string(0)).sample_rate_hz = call.number(1, lowest=0.0)

    def _span(self, call: Call, size: int, least: int) -> tuple[int, int]:
        """Give the start and the number that may stand behind a name."""
        start = call.whole(1, lowest=0) if len(call) > least else 0
        count = call.whole(2, lowest=0) if len(call) > least + 1 else size - start
        if not 0 <= count <= size - start:
            raise ScpiError(-222, "beyond the end")
        return start, count

    def _write(self, call: Call, samples: int, width: int) -> tuple[slice, memoryview]:
        """Give where a block is to go, and its bytes."""
        start, count = self._span(call, samples, 2)
        data = call.block(len(call) - 1)
        if data.nbytes > self.model.max_block_bytes:
            raise ScpiError(-223, f"{data.nbytes} bytes")
        if len(call) < 4:
            # Without a number of samples it is that of the block.
            count = min(count, data.nbytes // width)
        if data.nbytes != count * width:
            raise ScpiError(-161, f"{data.nbytes} bytes for {count} samples")
        return slice(start, start + count), data

    def _write_samples(self, call: Call, component: str) -> None:
        target = self.get(call.string(0)).part(component)
        span, data = self._write(call, target.size, 4)
        target[span] = np.frombuffer(data, "<f4")

    def _read_samples(self, call: Call, component: str) -> bytes:
        source = self.get(call.string(0)).part(component)
        start, count = self._span(call, source.size, 1)
        return definite_block(source[start : start + count].tobytes())

    def _write_markers(self, call: Call) -> None:
        markers = self.get(call.string(0)).markers
        span, data = self._write(call, markers.size, 1)
        markers[span] = np.frombuffer(data, np.uint8) >> MARKER_SHIFT

    def _read_markers(self, call: Call) -> bytes:
        markers = self.get(call.string(0)).markers
        start, count = self._span(call, markers.size, 1)
        return definite_block((markers[start : start + count] << MARKER_SHIFT).tobytes())

    def _declare_disk(self) -> None:
        tree = self.instrument.tree
        tree.command("MMEMory:CDIRectory", self._change_folder)
        tree.query("MMEMory:CDIRectory", lambda _: quoted(self.folder))
        tree.query("MMEMory:CATalog", self._catalog)
        tree.command("MMEMory:DATA", self._write_file)
        tree.query("MMEMory:DATA", self._read_file)
        tree.query("MMEMory:DATA:SIZE", lambda call: str(len(self._file(call.string(0)))))
        tree.command("MMEMory:DELete", self._delete_file)
        tree.command("MMEMory:OPEN", self._open)

    def _change_folder(self, call: Call) -> None:
        self.folder = call.string(0).rstrip("\\") if len(call) else _HOME

    def _catalog(self, _: Call) -> str:
        entries = [f'"{name},,{len(data)}"' for name, data in self.files.items()]
        used = sum(len(data) for data in self.files.values())
        return ",".join([str(used), "100000000000", *entries])

    def _file(self, name: str) -> bytearray:
        path = self.path(name)
        if path not in self.files:
            raise ScpiError(-256, name)
        return self.files[path]

    def _write_file(self, call: Call) -> None:
        path = self.path(call.string(0))
        data = call.block(len(call) - 1)
        if len(call) == 2:
            self.files[path] = bytearray(data)
            return
        start = call.whole(1, lowest=0)
        file = self.files.setdefault(path, bytearray())
        if start > len(file):
            raise ScpiError(-222, "behind the end of the file")
        file[start : start + data.nbytes] = data

    def _read_file(self, call: Call) -> bytes:
        file = self._file(call.string(0))
        start, count = self._span(call, len(file), 1)
        return definite_block(bytes(file[start : start + count]))

    def _delete_file(self, call: Call) -> None:
        self._file(call.string(0))
        del self.files[self.path(call.string(0))]

    def _open(self, call: Call) -> None:
        file = call.string(0)
        data = self._file(file)
        if not file.lower().endswith(".wfmx"):
            raise ScpiError(-250, f"format of {file}")
        name = file.rsplit("\\", 1)[-1].rsplit(".", 1)[0]
        waveform = read_wfmx(data)
        self._check(name, waveform)
        over_s = time.monotonic() + len(data) / _OPENED_BYTES_PER_S
        self._opening.append((over_s, name, waveform))
        self.instrument.overlapped(lambda: time.monotonic() >= over_s)

    def _settle(self) -> None:
        """Take in what was opened meanwhile."""
        now_s = time.monotonic()
        for entry in [entry for entry in self._opening if entry[0] <= now_s]:
            self._opening.remove(entry)
            self._waveforms[entry[1]] = entry[2]
