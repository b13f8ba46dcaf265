"""A simulated Tektronix AWG5200 or AWG70000.

Limits are those of the data sheets. What is played goes to the bench at once; the run state says
"running" for as long as it would take, or in continuous mode until it is stopped. A continuous
waveform goes to the bench once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drivers.simulators.bench.rf_bench import Playback, Reference, RfBench
from drivers.simulators.generators.tektronix.models import MODELS
from drivers.simulators.generators.tektronix.sequences import SequenceList
from drivers.simulators.generators.tektronix.waveforms import Waveform, WaveformList
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi import Call, ScpiError, quoted

_STOPPED, _WAITING, _RUNNING = 0, 1, 2
_COMPONENTS = {"REAL": ("REAL",), "IQ": ("I", "Q")}


@njit(cache=True, nogil=True)
def _through_dac(
    samples: NDArray[np.float32], full_scale: float, peak_v: float, offset_v: float
) -> NDArray[np.float32]:
    """Round samples to codes of +-full_scale, and give volts."""
    out = np.empty(samples.size, np.float32)
    for n in range(samples.size):
        value = min(1.0, max(-1.0, samples[n]))
        out[n] = np.float32(round(value * full_scale) / full_scale * peak_v + offset_v)
    return out


class SimulatedTektronixAwg(SimulatedInstrument):
    """A simulated AWG5200 or AWG70000.

    Parameters
    ----------
    name : str
        On the bench: outputs are "1", "2"...; markers of channel 1 "M1", "M2"..., those of another
        one "2M1"....
    model : str
        One of :data:`drivers.simulators.generators.tektronix.models.MODELS`.
    options : str or None
        Answer to ``*OPT?``; by default one with sequencing.
    bench : RfBench or None
        Where its outputs go.
    memory_samples : int or None
        Of all waveforms together; that of the model by default.
    """

    def __init__(
        self,
        name: str = "awg",
        *,
        model: str = "AWG5204",
        options: str | None = None,
        bench: RfBench | None = None,
        memory_samples: int | None = None,
    ) -> None:
        self.model = MODELS[model]
        licences = self.model.options if options is None else options
        super().__init__(name, f"TEKTRONIX,{model},B000001,FV:7.5.0146.0", licences)
        self._bench = bench
        self._licences = frozenset(licences.split(","))
        memory = self.model.memory
        if memory_samples is not None:
            memory = replace(memory, max_samples=memory_samples)
        self.memory = WaveformList(self, memory, self._unload)
        self.sequences = SequenceList(
            self.tree, licensed=bool(self._licences & {"SEQ", "03"}), deleted=self._unload
        )
        self._assets: dict[int, tuple[str, str, int, str]] = {}
        self._on: dict[int, bool] = {}
        self._state = _STOPPED
        self._step = 1
        self._over_s = 0.0
        self._declare_run()
        self._declare_clock()
        for_channels = f"SOURce<1:{self.model.channels}>"
        self._declare_sources(for_channels)
        self._declare_outputs(f"OUTPut<1:{self.model.channels}>")
        self._declare_trigger()
        self._declare_misc()

    # What is played

    @property
    def run_state(self) -> int:
        """0 stopped, 1 waiting for a trigger, 2 running; as ``AWGControl:RSTate?``."""
        if self._state == _RUNNING and time.monotonic() >= self._over_s:
            self._state = _WAITING
        return self._state

    def radiates(self, channel: int) -> bool:
        """Whether an output is connected: its own switch, and that of all outputs."""
        return self._on.get(channel, False) and not self._all_off()

    def warm_up(self) -> None:
        """Compile what rounds to codes of the DAC."""
        _through_dac(np.zeros(1, np.float32), 1.0, 1.0, 0.0)

    def reset(self) -> None:
        """Do what ``*RST`` does: waveforms and sequences are deleted, outputs off."""
        super().reset()
        self._state = _STOPPED
        self._assets.clear()
        self._on.clear()
        self.memory.waveforms.clear()
        self.sequences.sequences.clear()

    def trigger(self) -> None:
        """Do what ``*TRG`` does: trigger A."""
        self.external_trigger("ATR")

    def external_trigger(self, source: str = "ATR") -> None:
        """Have a trigger at an input, or forced; one that nobody waits for does nothing.

        Parameters
        ----------
        source : {"ATR", "BTR", "ITR"}
            Which.
        """
        with self.lock:
            if self.run_state != _WAITING:
                return
            sequence = self._sequence()
            if sequence is None:
                channel = min(self._assets)
                if self._trigger_input(channel) == source:
                    self._play({c: asset[0] for c, asset in self._assets.items()})
                    if self._run_mode(channel) == "TCON":
                        self._over_s = float("inf")
                return
            steps = self.sequences.sequences[sequence].steps
            if steps[self._step - 1].wait == source:
                self._play_steps(sequence)

    def _sequence(self) -> str | None:
        """Name of the sequence that is assigned to the lowest channel, if it is one."""
        if not self._assets:
            return None
        name, kind, _, _ = self._assets[min(self._assets)]
        return name if kind == "SEQ" else None

    def _play_steps(self, name: str) -> None:
        """Play the step that was triggered, and those behind it that do not wait."""
        sequence = self.sequences.sequences[name]
        following: int | None = self._step
        self._over_s = time.monotonic()
        for _ in range(len(sequence.steps)):
            assert following is not None
            step = sequence.steps[following - 1]
            for _ in range(step.repeats or 1):
                self._play(
                    {
                        channel: step.assets.get(track, "")
                        for channel, (_, _, track, _) in self._assets.items()
                    },
                    after_s=self._over_s,
                )
            following = sequence.after(following)
            if step.repeats is None or following is None:
                # For ever, or 0 V until it is stopped.
                self._over_s = float("inf")
                return
            self._step = following
            if sequence.steps[following - 1].wait != "OFF":
                return

    def _play(self, waveforms: dict[int, str], after_s: float | None = None) -> None:
        """Put one waveform for each channel on the bench."""
        rate_hz = self._rate()
        outputs: dict[str, NDArray[np.float32]] = {}
        markers: dict[str, NDArray[np.uint8]] = {}
        samples = 0
        marker_v = 1.0
        for channel, name in waveforms.items():
            waveform = self.memory.get(name)
            samples = max(samples, waveform.samples)
            if not self.radiates(channel):
                continue
            outputs[str(channel)] = self._volts(channel, waveform)
            in_use = self.model.dac_bits - self._resolution(channel)
            for marker in range(1, in_use + 1):
                label = f"M{marker}" if channel == 1 else f"{channel}M{marker}"
                markers[label] = waveform.markers & np.uint8(1 << (marker - 1))
                marker_v = self._marker_high(channel, marker)
        self._state = _RUNNING
        begin_s = time.monotonic() if after_s is None else after_s
        self._over_s = begin_s + samples / rate_hz
        if self._bench is not None and outputs:
            reference: Reference = "internal" if self._clock_source() == "INT" else "external"
            self._bench.play(
                self.name,
                Playback(
                    sample_rate_hz=rate_hz,
                    outputs=outputs,
                    markers=markers,
                    reference=reference,
                    zero_order_hold=True,
                    marker_v=marker_v,
                ),
            )

    def _volts(self, channel: int, waveform: Waveform) -> NDArray[np.float32]:
        component = self._assets[channel][3] or waveform.kind
        if component == "IQ":
            component = "I"
        full_scale = (1 << (self._resolution(channel) - 1)) - 1
        peak_v = 0.5 * self._amplitude(channel)
        offset_v = self._offset(channel)
        return _through_dac(waveform.part(component), float(full_scale), peak_v, offset_v)

    # What it understands

    def _declare_run(self) -> None:
        tree = self.tree
        tree.command("AWGControl:RUN[:IMMediate]", lambda _: self._run(), 0)
        tree.command("AWGControl:STOP[:IMMediate]", lambda _: self._stop(), 0)
        tree.query("AWGControl:RSTate", lambda _: str(self.run_state), 0)
        tree.query("AWGControl:CONFigure:CNUMber", lambda _: str(self.model.channels), 0)

    def _run(self) -> None:
        if not self._assets:
            raise ScpiError(-221, "nothing is assigned to a channel")
        sequence = self._sequence()
        self._step = 1
        if sequence is not None:
            self._run_sequence(sequence)
            return
        for name, *_ in self._assets.values():
            self.memory.get(name)
        if self._run_mode(min(self._assets)) == "CONT":
            self._play({channel: asset[0] for channel, asset in self._assets.items()})
            self._over_s = float("inf")
        else:
            self._state = _WAITING

    def _run_sequence(self, name: str) -> None:
        if name not in self.sequences.sequences:
            raise ScpiError(-256, name)
        steps = self.sequences.sequences[name].steps
        for number, step in enumerate(steps, start=1):
            for _, _, track, _ in self._assets.values():
                if track not in step.assets:
                    raise ScpiError(-221, f"step {number} has no waveform on track {track}")
                self.memory.get(step.assets[track])
        self._state = _WAITING
        if not steps or steps[0].wait == "OFF":
            self._play_steps(name)

    def _stop(self) -> None:
        self._state = _STOPPED

    def _declare_clock(self) -> None:
        settings = self.settings
        lowest, highest = self.model.rate_hz
        self._rate = settings.number(
            "CLOCk:SRATe", highest, unit="HZ", lowest=lowest, highest=highest, answer=_ten_digits
        )
        header = f"SOURce<1:{self.model.channels}>:FREQuency[:CW|:FIXed]"
        self.tree.command(
            header,
            lambda call: self._rate.set(value=call.number(0, lowest=lowest, highest=highest)),
            1,
        )
        self.tree.query(header, lambda _: _ten_digits(self._rate()), (0, 1))
        sources = ("INTernal", "EFIXed", "EVARiable", "EXTernal")
        self._clock_source = settings.choice("CLOCk:SOURce", sources, "INT")
        settings.number("CLOCk:EREFerence:FREQuency", 35e6, lowest=35e6, highest=240e6)
        settings.number("CLOCk:ECLock:FREQuency", 6.25e9, lowest=6.25e9, highest=12.5e9)

    def _declare_sources(self, source: str) -> None:
        settings, tree, model = self.settings, self.tree, self.model
        self._run_mode = settings.choice(
            f"{source}:RMODe", ("CONTinuous", "TRIGgered", "TCONtinuous"), "CONT"
        )
        self._trigger_input = settings.choice(
            f"{source}:TINPut", ("ATRigger", "BTRigger", "ITRigger"), "ATR"
        )
        level = f"{source}:VOLTage[:LEVel][:IMMediate]"
        self._amplitude = settings.number(
            f"{level}[:AMPLitude]",
            next(iter(model.paths.values()))[1],
            unit="V",
            lowest=lambda channel: self._amplitudes(channel)[0],
            highest=lambda channel: self._amplitudes(channel)[1],
        )
        self._offset = settings.number(f"{level}:OFFSet", 0.0, unit="V", lowest=-2.0, highest=2.0)
        self._resolution = settings.whole(
            f"{source}:DAC:RESolution",
            model.dac_bits,
            lowest=model.dac_bits - model.markers,
            highest=model.dac_bits,
        )
        marker = f"{source}:MARKer<1:{model.markers}>:VOLTage[:LEVel][:IMMediate]"
        low, high = model.marker_v
        self._marker_high = settings.number(f"{marker}:HIGH", 1.0, lowest=low, highest=high)
        settings.number(f"{marker}:LOW", 0.0, lowest=low, highest=high)
        settings.number(f"{source}:SKEW", 0.0, unit="S", lowest=-2e-9, highest=2e-9)
        tree.command(f"{source}:CASSet:WAVeform", self._assign_waveform, (1, 2))
        tree.command(f"{source}:WAVeform", self._assign_waveform, 1)
        tree.query(f"{source}:WAVeform", lambda call: quoted(self._asset(call)[0]))
        tree.command(f"{source}:CASSet:SEQuence", self._assign_sequence, (2, 3))
        tree.command(f"{source}:CASSet:CLEar", lambda call: self._clear_asset(call.suffixes[0]))
        tree.query(f"{source}:CASSet", self._asset_answer)
        tree.query(f"{source}:CASSet:TYPE", lambda call: self._asset(call)[1])
        tree.query(f"{source}:SCSTep", lambda _: str(self._step), 0)
        tree.command(f"{source}:JUMP:FORCe", self._jump, 1)

    def _amplitudes(self, channel: int) -> tuple[float, float]:
        return self.model.paths[self._path(channel)]

    def _asset(self, call: Call) -> tuple[str, str, int, str]:
        return self._assets.get(call.suffixes[0], ("", "NONE", 1, ""))

    def _asset_answer(self, call: Call) -> str:
        name, kind, track, _ = self._asset(call)
        return quoted(f"{name},{track}" if kind == "SEQ" else name)

    def _unload(self, name: str) -> None:
        """Forget an asset that was deleted; channels that have it stop and are switched off."""
        for channel in [c for c, asset in self._assets.items() if asset[0] == name]:
            self._clear_asset(channel)
            self._on[channel] = False
            self._state = _STOPPED

    def _clear_asset(self, channel: int) -> None:
        self._assets.pop(channel, None)

    def _assign_waveform(self, call: Call) -> None:
        name = call.string(0)
        component = call.choice(1, "I", "Q", "IQ") if len(call) > 1 else ""
        if not name:
            self._clear_asset(call.suffixes[0])
            return
        if component and component not in (*_COMPONENTS[self.memory.get(name).kind], "IQ"):
            raise ScpiError(-224, f"component {component}")
        self.memory.get(name)
        self._assets[call.suffixes[0]] = (name, "WAV", 1, component)

    def _assign_sequence(self, call: Call) -> None:
        sequence = self.sequences.get(call)
        track = call.whole(1, lowest=1, highest=sequence.tracks)
        component = call.choice(2, "I", "Q", "IQ") if len(call) > 2 else ""
        self._assets[call.suffixes[0]] = (call.string(0), "SEQ", track, component)

    def _jump(self, call: Call) -> None:
        name = self._sequence()
        if name is None or self.run_state == _STOPPED:
            raise ScpiError(-221, "no sequence is running")
        last = len(self.sequences.sequences[name].steps)
        if call.parameter(0, "mnemonic", "number").kind == "mnemonic":
            word = call.choice(0, "FIRSt", "CURRent", "LAST", "END")
            self._step = {"FIRS": 1, "CURR": self._step}.get(word, last)
        else:
            self._step = call.whole(0, lowest=1, highest=last)
        self._play_steps(name)

    def _declare_outputs(self, output: str) -> None:
        settings, tree = self.settings, self.tree
        tree.command(f"{output}[:STATe]", self._switch, 1)
        tree.query(
            f"{output}[:STATe]", lambda call: str(int(self._on.get(call.suffixes[0], False))), 0
        )
        self._all_off = settings.boolean("OUTPut:OFF", False)
        first = next(iter(self.model.paths))
        dc_high = ("DCHB", "DCHV", "ACDirect", "ACAMplified")
        names = dc_high if first == "DCHB" else ("DIRect", "AC", "DCAmplified")
        self._path = settings.choice(f"{output}:PATH", names, first, changed=self._check_path)
        settings.choice(f"{output}:WVALue:ANALog[:STATe]", ("FIRSt", "ZERO"), "ZERO")
        settings.choice(f"{output}:SVALue:ANALog[:STATe]", ("OFF", "ZERO"), "ZERO")
        marker = f"MARKer<1:{self.model.markers}>"
        settings.choice(f"{output}:WVALue:{marker}", ("FIRSt", "LOW", "HIGH"), "LOW")
        settings.choice(f"{output}:SVALue:{marker}", ("OFF", "LOW"), "LOW")

    def _switch(self, call: Call) -> None:
        self._on[call.suffixes[0]] = call.boolean(0)

    def _check_path(self, channel: int, path: str) -> None:
        if path not in self.model.paths or (path == "DCHV" and "HV" not in self._licences):
            # These are the words of an AWG70000 without an amplifier, as tm_devices knows them.
            raise ScpiError(-222, f"Data Out of Range - OUTPUT{channel}:PATH {path}\r\n")
        lowest, highest = self.model.paths[path]
        amplitude_v = min(highest, max(lowest, self._amplitude(channel)))
        if amplitude_v != self._amplitude(channel):
            self._amplitude.set(channel, value=amplitude_v)

    def _declare_trigger(self) -> None:
        tree = self.tree
        tree.command("TRIGger[:SEQuence]:IMMediate", self._force, (0, 1))
        for header, default, read in (
            ("SLOPe", "POS", lambda call: call.choice(0, "POSitive", "NEGative")),
            ("LEVel", "1.4", lambda call: f"{call.number(0, unit='V', lowest=-5, highest=5):g}"),
            ("IMPedance", "50", lambda call: call.choice(0, "50", "1000")),
            ("MODE", "SYNC", lambda call: call.choice(0, "SYNChronous", "ASYNchronous")),
        ):
            self._declare_input(f"TRIGger[:SEQuence]:{header}", default, read)

    def _declare_input(self, header: str, default: str, read: Callable[[Call], str]) -> None:
        """Declare a setting whose second parameter says of which trigger input it is."""
        inputs = ("ATRigger", "BTRigger")
        values: dict[str, str] = {}

        def set_value(call: Call) -> None:
            values[call.choice(1, *inputs) if len(call) > 1 else "ATR"] = read(call)

        def get_value(call: Call) -> str:
            return values.get(call.choice(0, *inputs) if len(call) else "ATR", default)

        self.tree.command(header, set_value, (1, 2))
        self.tree.query(header, get_value, (0, 1))

    def _force(self, call: Call) -> None:
        self.external_trigger(call.choice(0, "ATRigger", "BTRigger") if len(call) else "ATR")

    def _declare_misc(self) -> None:
        tree, settings = self.tree, self.settings
        settings.choice("INSTrument:MODE", ("AWG", "FGEN"), "AWG")
        tree.query("SYSTem:ERRor:CODE[:NEXT]", lambda _: str(self.errors.pop().code), 0)
        tree.query("SYSTem:ERRor:ALL", self._all_errors, 0)

    def _all_errors(self, _: Call) -> str:
        answers = [self.error_answer()]
        while len(self.errors):
            answers.append(self.error_answer())
        return ",".join(answers)


def _ten_digits(value: float) -> str:
    return f"{value:.10E}"
