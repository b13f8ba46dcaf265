"""A simulated Keysight N5182B (MXG) with its dual ARB player.

Headers and what they take are those of the X-Series Signal Generators SCPI Command Reference; what
it leaves open is named in ``docs/instruments/keysight.md``.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.generators.mass_memory import MassMemory
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.values import quoted

_IDENTITY = "Keysight Technologies, N5182B, MY53050123, B.01.86"
_OPTIONS = "022,1EA,503,506,653,655,656,657,UNV"
_FOLDERS = {"/USER/BBG1/WAVEFORM/": "WFM1:", "/USER/BBG1/MARKERS/": "MKR1:", "/USER/SEQ/": "SEQ:"}
_MIN_POINTS = 60
_MAX_SEGMENTS = 1024
_MARKER_CHOICES = ("ALL", "NONE")
_FULL_SCALE_CODE = 32767


@dataclass(frozen=True, slots=True)
class Segment:
    """A waveform of the player, and which of its markers a sequence lets through.

    Parameters
    ----------
    name : str
        With its folder.
    repetitions : int
        How often a sequence plays it, but in segment advance.
    marker_mask : int
        Bits of markers.
    """

    name: str
    repetitions: int = 1
    marker_mask: int = 0x0F


class SimulatedMxg(SimulatedInstrument):
    """Generator with connectors "RF", "M1" and "M2" on the bench.

    Parameters
    ----------
    name : str
        In the laboratory.
    bench : RfBench or None
        What it plays into.
    external_reference : bool
        Whether 10 MHz is connected to it.
    memory_samples : int
        Of the player.

    Attributes
    ----------
    bare_carriers : int
        How often the RF output was on with no modulation behind it.
    continuous : int
        How often something was begun that would not have ended by itself.
    unlocked : bool
        Whether it says that its 10 MHz reference is unlocked.
    """

    signed_error_numbers = True

    def __init__(
        self,
        name: str,
        *,
        bench: RfBench | None = None,
        external_reference: bool = True,
        memory_samples: int = 512 << 20,
    ) -> None:
        super().__init__(name, _IDENTITY, _OPTIONS)
        self._bench = bench
        self._external_reference = external_reference
        self.memory = MassMemory(5 * memory_samples, self._resolve)
        self.sequences: dict[str, tuple[Segment, ...]] = {}
        self.header_rms: dict[str, float] = {}
        self.bare_carriers = 0
        self.continuous = 0
        self.unlocked = False
        self._selected = ""
        self._segment = 0
        self._playing_until_s = -math.inf
        self._declare_files()
        self._declare_rf()
        self._declare_player()

    def reset(self) -> None:
        """Select nothing; files stay."""
        super().reset()
        self._selected, self._segment = "", 0
        self._playing_until_s = -math.inf

    def power_on(self) -> None:
        """Come up with an empty waveform memory, which is volatile."""
        super().power_on()
        with self.lock:
            kept = {name: data for name, data in self.memory.files.items() if name[:4] == "SEQ:"}
            self.memory.files.clear()
            self.memory.files.update(kept)
            self.header_rms.clear()

    @property
    def playing(self) -> bool:
        """Whether the player plays."""
        return time.monotonic() < self._playing_until_s

    @property
    def waiting(self) -> bool:
        """Whether the player waits for a trigger."""
        return self.player_on() and not self.playing and self.trigger_type() in ("SING", "SADV")

    def iq(self, name: str) -> NDArray[np.int16]:
        """Give what a waveform holds, shape (samples, 2)."""
        data = np.frombuffer(self.memory.read(f"WFM1:{name}"), ">i2")
        return data.astype(np.int16).reshape(-1, 2)

    def markers(self, name: str) -> NDArray[np.uint8]:
        """Give the marker bytes of a waveform."""
        return np.frombuffer(self.memory.read(f"MKR1:{name}"), np.uint8)

    def trigger(self) -> None:
        """Play, if the player waits for ``*TRG``."""
        if not self.waiting or self.trigger_source() != "BUS":
            raise ScpiError(-211)
        self._play_next()

    def external_trigger(self) -> None:
        """Give a rising slope to the trigger input."""
        with self.lock:
            if self.waiting and self.trigger_source() == "EXT":
                self._play_next()

    def _declare_files(self) -> None:
        tree = self.tree
        self.memory.declare(tree, self._check_file, self._deleted)
        tree.query("MMEMory:CATalog", self._catalog, (0, 1))
        tree.command("[SOURce]:RADio|RADio1:ARB:SEQuence[:MWAVeform]", self._define_sequence)
        tree.query("[SOURce]:RADio|RADio1:ARB:SEQuence[:MWAVeform]", self._describe_sequence, 1)
        tree.command("[SOURce]:RADio|RADio1:ARB:HEADer:RMS", self._set_rms, 2)
        tree.query(
            "[SOURce]:RADio|RADio1:ARB:HEADer:RMS",
            lambda call: f"{self._rms(call.string(0)):.9E}",
            1,
        )

    def _declare_rf(self) -> None:
        settings = self.settings
        self.frequency_hz = settings.number(
            "[SOURce]:FREQuency[:CW|:FIXed]",
            6e9,
            unit="HZ",
            lowest=9e3,
            highest=6e9,
            rounded=lambda value: round(value, 2),
        )
        self.power_dbm = settings.number(
            "[SOURce]:POWer[:LEVel][:IMMediate][:AMPLitude]",
            -144.0,
            unit="DBM",
            lowest=-144.0,
            highest=19.0,
            rounded=lambda value: round(value, 2),
        )
        settings.number("[SOURce]:PHASe[:ADJust]", 0.0, unit=("RAD", "DEG"))
        self.level_control = settings.boolean("[SOURce]:POWer:ALC[:STATe]", True)
        settings.choice("[SOURce]:POWer:ALC:SEARch", ("ON", "OFF", "ONCE"), "OFF")
        self.search_reference = settings.choice(
            "[SOURce]:POWer:ALC:SEARch:REFerence", ("FIXed", "RMS", "MANual", "MODulated"), "RMS"
        )
        settings.boolean("[SOURce]:POWer:PROTection[:STATe]", False)
        self.automatic_reference = settings.boolean("[SOURce]:ROSCillator:SOURce:AUTO", True)
        self.tree.query("[SOURce]:ROSCillator:SOURce", lambda _: self._reference(), 0)
        self.tree.query(
            "STATus:QUEStionable:FREQuency:CONDition", lambda _: str(2 * self.unlocked), 0
        )
        self.output_on = settings.boolean("OUTPut[:STATe]", False, changed=self._switch_output)
        self.modulation_on = settings.boolean(
            "OUTPut:MODulation[:STATe]", True, changed=self._switch_modulation
        )
        settings.boolean("[SOURce]:LFOutput:STATe", False)
        settings.choice("[SOURce]:LFOutput:SOURce", ("INTernal", "FUNCtion"), "INT")
        settings.number("[SOURce]:LFOutput:AMPLitude", 0.0, unit="VP", lowest=0.0, highest=3.5)

    def _declare_player(self) -> None:
        settings, tree = self.settings, self.tree
        arb = "[SOURce]:RADio|RADio1:ARB"
        self.player_on = settings.boolean(f"{arb}[:STATe]", False, changed=self._switch_player)
        tree.command(f"{arb}:WAVeform", self._select, 1)
        tree.query(f"{arb}:WAVeform", lambda _: quoted(self._selected), 0)
        self.rate_hz = settings.number(
            f"{arb}:SCLock:RATE", 200e6, unit="HZ", lowest=1e3, highest=200e6
        )
        self.scaling_percent = settings.number(f"{arb}:RSCaling", 70.0, lowest=1.0, highest=100.0)
        trigger = f"{arb}:TRIGger"
        self.trigger_type = settings.choice(
            f"{trigger}:TYPE", ("CONTinuous", "SINGle", "GATE", "SADVance"), "CONT"
        )
        settings.choice(f"{trigger}:TYPE:CONTinuous[:TYPE]", ("FREE", "TRIGger", "RESet"), "FREE")
        self.advance = settings.choice(
            f"{trigger}:TYPE:SADVance[:TYPE]", ("SINGle", "CONTinuous"), "CONT"
        )
        self.trigger_source = settings.choice(
            f"{trigger}[:SOURce]", ("KEY", "EXTernal", "BUS"), "EXT"
        )
        external = f"{trigger}[:SOURce]:EXTernal"
        settings.choice(
            f"{external}[:SOURce]", ("EPT1", "EPT2", "EPTRIGGER1", "EPTRIGGER2"), "EPT1"
        )
        settings.choice(f"{external}:SLOPe", ("POSitive", "NEGative"), "POS")
        settings.boolean(f"{external}:DELay:STATe", False)
        self.retrigger = settings.choice(f"{arb}:RETRigger", ("ON", "OFF", "IMMediate"), "ON")
        routes = ("NONE", "M1", "M2", "M3", "M4")
        settings.choice(f"{arb}:MDEStination:PULSe", routes, "NONE")
        settings.choice(f"{arb}:MDEStination:ALCHold", routes, "NONE")
        for marker in range(1, 5):
            settings.choice(f"{arb}:MPOLarity:MARKer{marker}", ("POSitive", "NEGative"), "POS")

    def _resolve(self, name: str) -> str:
        name = name.strip()
        for path, folder in _FOLDERS.items():
            if name.upper().startswith(path):
                return folder + name[len(path) :]
        before, at, behind = name.partition("@")
        if at:
            return f"{behind.rstrip(':').upper()}:{before}"
        folder, colon, file = name.partition(":")
        if not colon or f"{folder.upper()}:" not in _FOLDERS.values() or not 0 < len(file) <= 23:
            raise ScpiError(-257, name)
        return f"{folder.upper()}:{file}"

    def _check_file(self, whole: str, data: memoryview) -> None:
        folder, _, file = whole.partition(":")
        if folder == "WFM1":
            points, rest = divmod(data.nbytes, 4)
            if rest or points % 2 or points < _MIN_POINTS:
                raise ScpiError(629, f"{points} points", "File format invalid")
            if 5 * points > self.memory.free_bytes + self._bytes_of(file):
                raise ScpiError(-225, whole)
            # New IQ makes all markers zero, and the header that of a new file.
            self.memory.files[f"MKR1:{file}"] = memoryview(bytes(points))
            self.header_rms.pop(whole, None)
        elif folder == "MKR1":
            waveform = self.memory.files.get(f"WFM1:{file}")
            if waveform is None or waveform.nbytes != 4 * data.nbytes:
                raise ScpiError(629, whole, "File format invalid")
        else:
            raise ScpiError(-257, whole)

    def _bytes_of(self, file: str) -> int:
        files = self.memory.files
        return sum(
            files[f"{at}:{file}"].nbytes for at in ("WFM1", "MKR1") if f"{at}:{file}" in files
        )

    def _deleted(self, whole: str) -> None:
        folder, _, file = whole.partition(":")
        self.header_rms.pop(whole, None)
        self.sequences.pop(whole, None)
        if folder == "WFM1":
            self.memory.files.pop(f"MKR1:{file}", None)

    def _catalog(self, call: Call) -> str:
        folder = call.string(0).upper() if call.parameters else "WFM1:"
        if folder not in _FOLDERS.values():
            raise ScpiError(-257, folder)
        listed = [
            quoted(f"{whole.partition(':')[2]},{folder[:-1]},{data.nbytes}")
            for whole, data in self.memory.files.items()
            if whole.startswith(folder)
        ]
        return ",".join([str(self.memory.used_bytes), str(self.memory.free_bytes), *listed])

    def _define_sequence(self, call: Call) -> None:
        whole = self._resolve(call.string(0))
        entries = (len(call) - 1) // 3
        if not whole.startswith("SEQ:") or len(call) != 3 * entries + 1 or entries < 1:
            raise ScpiError(-220, whole)
        if entries > _MAX_SEGMENTS:
            raise ScpiError(-223, whole)
        segments = []
        for first in range(1, len(call), 3):
            name = self._resolve(call.string(first))
            self.memory.read(name)
            repetitions = call.whole(first + 1, lowest=1, highest=65535)
            segments.append(Segment(name, repetitions, _marker_mask(call.mnemonic(first + 2))))
        self.sequences[whole] = tuple(segments)
        self.memory.files[whole] = memoryview(b"\0" * 16 * entries)

    def _describe_sequence(self, call: Call) -> str:
        segments = self.sequences.get(self._resolve(call.string(0)))
        if segments is None:
            raise ScpiError(-256, call.string(0))
        return ",".join(f'"{one.name}",{one.repetitions},ALL' for one in segments)

    def _set_rms(self, call: Call) -> None:
        whole = self._resolve(call.string(0))
        self.memory.read(whole)
        self.header_rms[whole] = call.number(1, lowest=1e-6, highest=math.sqrt(2.0))

    def _rms(self, name: str) -> float:
        whole = self._resolve(name)
        if whole in self.header_rms:
            return self.header_rms[whole]
        segments = self.sequences.get(whole, (Segment(whole),))
        parts = [np.frombuffer(self.memory.read(one.name), ">i2") for one in segments]
        codes = np.concatenate(parts).astype(np.float64)
        return max(1e-6, math.sqrt(2.0 * float(np.mean(codes**2))) / _FULL_SCALE_CODE)

    def _reference(self) -> str:
        return "EXT" if self._external_reference and self.automatic_reference() else "INT"

    def _switch_output(self, on: bool) -> None:
        if on and not (self.player_on() and self.modulation_on()):
            self.bare_carriers += 1

    def _switch_modulation(self, on: bool) -> None:
        if not on and self.output_on():
            self.bare_carriers += 1

    def _switch_player(self, on: bool) -> None:
        self._playing_until_s = -math.inf
        self._segment = 0
        if not on:
            if self.player_on() and self.output_on():
                self.bare_carriers += 1
            return
        if not self._selected:
            raise ScpiError(-221, "no waveform is selected")
        if self.trigger_type() == "CONT":
            self.continuous += 1

    def _select(self, call: Call) -> None:
        whole = self._resolve(call.string(0))
        self.memory.read(whole)
        self._selected, self._segment = whole, 0

    def _play_next(self) -> None:
        segments = self.sequences.get(self._selected, (Segment(self._selected),))
        if self.trigger_type() == "SADV":
            chosen: tuple[Segment, ...] = (segments[self._segment],)
            self._segment = (self._segment + 1) % len(segments)
            if self.advance() != "SING":
                self.continuous += 1
        else:
            chosen = tuple(one for one in segments for _ in range(one.repetitions))
        parts = [self.iq(one.name[5:]) for one in chosen]
        codes = parts[0] if len(parts) == 1 else np.concatenate(parts)
        marks = np.concatenate([self.markers(one.name[5:]) & one.marker_mask for one in chosen])
        self._playing_until_s = time.monotonic() + len(codes) / self.rate_hz()
        if self._bench is not None:
            self._bench.play(self.name, self._playback(codes, marks))

    def _playback(self, codes: NDArray[np.int16], marks: NDArray[np.uint8]) -> Playback:
        outputs = {}
        if self.output_on() and self.modulation_on():
            # The level is that of a signal whose mean amplitude is what the header says.
            power_w = 1e-3 * 10.0 ** (self.power_dbm() / 10.0)
            peak_v = math.sqrt(2.0 * 50.0 * power_w) / self._rms(self._selected)
            peak_v *= self.scaling_percent() / 100.0
            volts = codes.astype(np.float32)
            volts *= np.float32(peak_v / _FULL_SCALE_CODE)
            outputs["RF"] = volts.view(np.complex64)[:, 0]
        return Playback(
            sample_rate_hz=self.rate_hz(),
            outputs=outputs,
            markers={"M1": marks & np.uint8(1), "M2": marks & np.uint8(2)},
            carrier_hz=self.frequency_hz(),
            reference="external" if self._reference() == "EXT" else "internal",
        )


def _marker_mask(text: str) -> int:
    """Read ``ALL``, ``NONE``, or markers behind one another: ``M1M3``."""
    if text in _MARKER_CHOICES:
        return 0x0F if text == "ALL" else 0
    mask = 0
    for number in text.split("M")[1:]:
        if number not in ("1", "2", "3", "4"):
            raise ScpiError(-224, text)
        mask |= 1 << (int(number) - 1)
    return mask
