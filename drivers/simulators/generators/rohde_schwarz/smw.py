"""A simulated SMW200A or SMBV100B: baseband A with its waveform source, and RF output A.

Headers and what they take are those of the SMW200A user manual; what it leaves open is named in
``docs/instruments/rohde_schwarz.md``.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.generators.mass_memory import MassMemory
from drivers.simulators.generators.rohde_schwarz.wv_reader import WvWaveform, read_wv
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.errors import ScpiError

Model = Literal["SMW200A", "SMBV100B"]

HOME = "/var/user"
_TRIGGER_SOURCES = (
    "INTernal", "INTA", "INTB", "EGT1", "EGT2", "EGC1", "EGC2", "ELTRigger", "ELCLock",
    "EXTernal", "BEXTernal", "OBASeband", "BBSY",
)  # fmt: skip
_TRIGGER_MODES = ("AUTO", "RETRigger", "AAUTo", "ARETrigger", "SINGle")
_MARKER_MODES = ("UNCHanged", "RESTart", "PULSe", "PATTern", "RATio", "TRIGger")
_ALC_STATES = ("AUTO", "ON", "OFF", "OFFTable", "ONSample", "ONTable", "PRESet")
_MAX_PEP_DBM = 20.0
_MIN_LEVEL_DBM = -145.0


@dataclass(frozen=True, slots=True)
class _Specification:
    identity: str
    options: str
    max_clock_hz: float
    max_frequency_hz: float
    memory_samples: int


_SPECIFICATIONS: dict[Model, _Specification] = {
    "SMW200A": _Specification(
        "Rohde&Schwarz,SMW200A,1412.0000K02/105578,5.30.175.21",
        "SMW-B10,SMW-B13,SMW-B1006,SMW-K511,SMW-K522",
        200e6,
        6e9,
        512 << 20,
    ),
    "SMBV100B": _Specification(
        "Rohde&Schwarz,SMBV100B,1423.1003K02/101234,5.30.175.21",
        "SMBVB-B1006,SMBVB-K511,SMBVB-K523",
        300e6,
        6e9,
        256 << 20,
    ),
}


class SimulatedSmw(SimulatedInstrument):
    """Generator with connectors "RF", "M1" and "M2" on the bench.

    Parameters
    ----------
    name : str
        In the laboratory.
    bench : RfBench or None
        What it plays into.
    model : {"SMW200A", "SMBV100B"}
        Which of them.
    external_reference : bool
        Whether 10 MHz is connected to it.
    disk_bytes : int
        Room for files.

    Attributes
    ----------
    loaded : WvWaveform or None
        What is in the memory of the baseband.
    bare_carriers : int
        How often the RF output was on with no baseband behind it.
    continuous : int
        How often something was begun that would not have ended by itself.
    """

    def __init__(
        self,
        name: str,
        *,
        bench: RfBench | None = None,
        model: Model = "SMW200A",
        external_reference: bool = True,
        disk_bytes: int = 64 << 30,
    ) -> None:
        self._specification = _SPECIFICATIONS[model]
        super().__init__(name, self._specification.identity, self._specification.options)
        self._bench = bench
        self._external_reference = external_reference
        self._folder = HOME
        self.memory = MassMemory(disk_bytes, self._resolve)
        self.loaded: WvWaveform | None = None
        self.bare_carriers = 0
        self.continuous = 0
        self._playing_until_s = -math.inf
        self._declare_files()
        self._declare_rf()
        self._declare_baseband()

    def reset(self) -> None:
        """Forget what is loaded; files stay."""
        super().reset()
        self.loaded = None
        self._selected = ""
        self._playing_until_s = -math.inf

    @property
    def waiting(self) -> bool:
        """Whether the baseband waits for a trigger."""
        return self.arb_on(1) and not self.playing

    @property
    def playing(self) -> bool:
        """Whether the baseband plays."""
        return time.monotonic() < self._playing_until_s

    def external_trigger(self) -> None:
        """Give a rising slope to the trigger input."""
        with self.lock:
            if self.arb_on(1) and self.trigger_source(1) not in ("INT", "INTA", "INTB"):
                self._play()

    def _declare_files(self) -> None:
        tree = self.tree
        self.memory.declare(tree)
        tree.command("MMEMory:CDIRectory", self._change_folder, (0, 1))
        tree.query("MMEMory:CDIRectory", lambda _: f'"{self._folder}"', 0)
        tree.query("MMEMory:CATalog", self._catalog, (0, 1))
        tree.command("MMEMory:MDIRectory", lambda call: None, 1)
        waveforms = "[SOURce<1:2>]:BB:ARBitrary:WAVeform"
        tree.query(f"{waveforms}:CATalog", lambda _: ",".join(self._waveform_names()) or "''", 0)
        tree.query(f"{waveforms}:CATalog:LENGth", lambda _: str(len(self._waveform_names())), 0)
        tree.command(f"{waveforms}:DELete", lambda call: self._delete_waveform(call.string(0)), 1)
        tree.query(f"{waveforms}:FREE", lambda _: str(self.memory.free_bytes), 0)
        tree.query(f"{waveforms}:POINts", lambda _: str(self._points()), 0)
        tree.command(f"{waveforms}:SELect", self._select, 1)
        tree.query(f"{waveforms}:SELect", lambda _: f'"{self._selected}"', 0)
        self._selected = ""

    def _declare_rf(self) -> None:
        settings, limits = self.settings, self._specification
        self.frequency_hz = settings.number(
            "[SOURce<1:2>]:FREQuency[:CW|:FIXed]",
            1e9,
            unit="HZ",
            lowest=100e3,
            highest=limits.max_frequency_hz,
            rounded=lambda value: round(value, 3),
        )
        self.level_dbm = settings.number(
            "[SOURce<1:2>]:POWer:POWer",
            -30.0,
            unit="DBM",
            lowest=_MIN_LEVEL_DBM,
            highest=lambda *_: _MAX_PEP_DBM - self._crest_db(),
            rounded=lambda value: round(value, 2),
        )
        self.offset_db = settings.number(
            "[SOURce<1:2>]:POWer[:LEVel][:IMMediate]:OFFSet", 0.0, unit="DB"
        )
        level = "[SOURce<1:2>]:POWer[:LEVel][:IMMediate][:AMPLitude]"
        self.tree.command(level, self._set_level, 1)
        self.tree.query(level, self._level, (0, 1))
        self.tree.query(
            "[SOURce<1:2>]:POWer:PEP",
            lambda call: f"{self.level_dbm(*call.suffixes) + self._crest_db():.2f}",
            0,
        )
        self.tree.query("[SOURce<1:2>]:POWer:RANGe:UPPer", lambda _: f"{_MAX_PEP_DBM:.2f}", 0)
        self.tree.query("[SOURce<1:2>]:POWer:RANGe:LOWer", lambda _: f"{_MIN_LEVEL_DBM:.2f}", 0)
        self.level_control = settings.choice("[SOURce<1:2>]:POWer:ALC[:STATe]", _ALC_STATES, "AUTO")
        self.reference = settings.choice(
            "[SOURce]:ROSCillator[:INTernal]:SOURce",
            ("INTernal", "EXTernal", "ELOop"),
            "INT",
            changed=self._check_reference,
        )
        settings.choice(
            "[SOURce]:ROSCillator:EXTernal:FREQuency",
            ("100MHZ", "10MHZ", "13MHZ", "1GHZ", "5MHZ", "VARiable"),
            "10MHZ",
        )
        self.output_on = settings.boolean("OUTPut<1:2>[:STATe]", False, changed=self._switch)
        self.tree.command("OUTPut:ALL[:STATe]", self._switch_all, 1)
        self.tree.query("OUTPut:ALL[:STATe]", lambda _: str(int(self.output_on(1))), 0)

    def _declare_baseband(self) -> None:
        settings, tree = self.settings, self.tree
        arb = "[SOURce<1:2>]:BB:ARBitrary"
        self.clock_hz = settings.number(
            f"{arb}:CLOCk", 1e6, unit="HZ", lowest=400.0, highest=self._specification.max_clock_hz
        )
        self.trigger_source = settings.choice(f"{arb}:TRIGger:SOURce", _TRIGGER_SOURCES, "INT")
        self.trigger_mode = settings.choice(f"{arb}[:TRIGger]:SEQuence", _TRIGGER_MODES, "AUTO")
        self.length_unit = settings.choice(f"{arb}:TRIGger:SLUNit", ("SEQuence", "SAMPle"), "SEQ")
        self.length = settings.whole(f"{arb}:TRIGger:SLENgth", 1, lowest=1, highest=(1 << 32) - 1)
        self.marker_mode = settings.choice(f"{arb}:TRIGger:OUTPut<1:3>:MODE", _MARKER_MODES, "UNCH")
        self.arb_on = settings.boolean(f"{arb}:STATe", False, changed=self._switch_arb)
        tree.command(f"{arb}:TRIGger:EXECute", self._execute_trigger, 0)
        tree.command(f"{arb}:TRIGger:ARM:EXECute", lambda _: self._stop_playing(), 0)
        tree.query(f"{arb}:TRIGger:RMODe", lambda _: "RUN" if self.playing else "STOP", 0)
        tree.command(f"{arb}:PRESet", lambda _: self.arb_on.set(1, value=False), 0)
        for user, signals in (("OUTPut<1:2>:USER<1:6>", _OUTPUT_SIGNALS),
                              ("[SOURce]:INPut:USER<1:6>", _INPUT_SIGNALS)):  # fmt: skip
            settings.choice(f"{user}:DIRection", ("INPut", "OUTPut", "UNUSed"), "UNUS")
            settings.choice(f"{user}:SIGNal", signals, "NONE")
        settings.choice("[SOURce]:INPut:USER:TRIGger:SLOPe", ("NEGative", "POSitive"), "POS")

    def _resolve(self, name: str) -> str:
        name = name.strip()
        if not name or name.endswith("/"):
            raise ScpiError(-257, name)
        return name if name.startswith("/") else f"{self._folder}/{name}"

    def _change_folder(self, call: Call) -> None:
        self._folder = call.string(0).rstrip("/") if call.parameters else HOME

    def _catalog(self, _: Call) -> str:
        files = [f"{len(data)}" for data in self.memory.files.values()]
        names = [path.rpartition("/") for path in self.memory.files]
        listed = [
            f'"{name},BIN,{size}"'
            for (folder, _, name), size in zip(names, files, strict=True)
            if folder == self._folder
        ]
        return ",".join([str(self.memory.used_bytes), str(self.memory.free_bytes), *listed])

    def _waveform_names(self) -> list[str]:
        found = (path.rpartition("/") for path in self.memory.files)
        return [name[:-3] for at, _, name in found if at == self._folder and name.endswith(".wv")]

    def _waveform_path(self, name: str) -> str:
        path = self._resolve(name)
        return path if path.endswith(".wv") else f"{path}.wv"

    def _delete_waveform(self, name: str) -> None:
        self.memory.delete(self._waveform_path(name))

    def _points(self) -> int:
        return 0 if self.loaded is None else len(self.loaded.codes)

    def _select(self, call: Call) -> None:
        path = self._waveform_path(call.string(0))
        waveform = read_wv(self.memory.read(path), path)
        if len(waveform.codes) > self._specification.memory_samples:
            raise ScpiError(-225, path)
        low, high = 400.0, self._specification.max_clock_hz
        if not low <= waveform.clock_hz <= high:
            raise ScpiError(-222, f"{path}: tag CLOCK")
        self.loaded, self._selected = waveform, path
        self.clock_hz.set(*call.suffixes, value=waveform.clock_hz)
        self._stop_playing()

    def _crest_db(self) -> float:
        if self.loaded is None:
            return 0.0
        return self.loaded.rms_offset_db - self.loaded.peak_offset_db

    def _level_number(self, call: Call) -> float:
        """Read a level as the command means it, with the offset in it."""
        offset_db = self.offset_db(*call.suffixes)
        return call.number(
            0,
            unit="DBM",
            lowest=_MIN_LEVEL_DBM + offset_db,
            highest=_MAX_PEP_DBM - self._crest_db() + offset_db,
        )

    def _set_level(self, call: Call) -> None:
        level_dbm = self._level_number(call) - self.offset_db(*call.suffixes)
        self.level_dbm.set(*call.suffixes, value=round(level_dbm, 2))

    def _level(self, call: Call) -> str:
        if call.parameters:
            call.mnemonic(0)
            return f"{self._level_number(call):.2f}"
        return f"{self.level_dbm(*call.suffixes) + self.offset_db(*call.suffixes):.2f}"

    def _check_reference(self, value: str) -> None:
        if value == "EXT" and not self._external_reference:
            raise ScpiError(50, text="Extern reference out of range or disconnected")

    def _switch_all(self, call: Call) -> None:
        for path in (1, 2):
            self.output_on.set(path, value=call.boolean(0))

    def _switch(self, path: int, on: bool) -> None:
        if on and path == 1 and not self.arb_on(1):
            self.bare_carriers += 1

    def _switch_arb(self, path: int, on: bool) -> None:
        self._stop_playing()
        if not on:
            if self.arb_on(path) and self.output_on(1):
                self.bare_carriers += 1
            return
        if self.loaded is None:
            raise ScpiError(-221, "no waveform is selected")
        if self.trigger_mode(path) in ("AUTO", "RETR"):
            self._play()

    def _execute_trigger(self, _: Call) -> None:
        if self.arb_on(1) and self.trigger_source(1) in ("INT", "INTA", "INTB"):
            self._play()

    def _stop_playing(self) -> None:
        self._playing_until_s = -math.inf

    def _play(self) -> None:
        """Play what is loaded: in mode SINGle and with the whole file as unit, once through."""
        waveform = self.loaded
        if waveform is None or (self.playing and self.trigger_mode(1) == "SING"):
            return
        samples = len(waveform.codes)
        if self.trigger_mode(1) != "SING":
            self.continuous += 1
        elif self.length_unit(1) == "SAMP":
            samples = self.length(1)
        else:
            samples *= self.length(1)
        self._playing_until_s = time.monotonic() + samples / self.clock_hz(1)
        if self._bench is not None:
            self._bench.play(self.name, self._playback(waveform, samples))

    def _playback(self, waveform: WvWaveform, samples: int) -> Playback:
        codes, markers = waveform.codes, waveform.markers[:2]
        if samples != len(codes):
            # More or less than once through it, as a length in samples has it.
            place = np.arange(samples) % len(codes)
            codes, markers = codes[place], tuple(marker[place] for marker in markers)
        outputs = {}
        if self.output_on(1):
            # A carrier of full scale is above the mean level by what the file says.
            power_dbm = self.level_dbm(1) + waveform.rms_offset_db
            peak_v = math.sqrt(2.0 * 50.0 * 1e-3 * 10.0 ** (power_dbm / 10.0))
            volts = codes.astype(np.float32)
            volts *= np.float32(peak_v / 32767)
            outputs["RF"] = volts.view(np.complex64)[:, 0]
        return Playback(
            sample_rate_hz=self.clock_hz(1),
            outputs=outputs,
            markers={"M1": markers[0], "M2": markers[1]},
            carrier_hz=self.frequency_hz(1),
            reference="external" if self.reference() == "EXT" else "internal",
        )


_OUTPUT_SIGNALS = (
    "NONE", "MARKA1", "MARKA2", "MARKA3", "MARKB1", "MARKB2", "MARKB3", "LOW", "HIGH", "SYNCOUT",
)  # fmt: skip
_INPUT_SIGNALS = ("NONE", "TRIG1", "TRIG2", "CLOCK1", "CLOCK2", "NSEGM1", "NSEGM2")
