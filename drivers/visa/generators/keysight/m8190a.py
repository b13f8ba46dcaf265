"""Arbitrary waveform generator Keysight M8190A: direct modes of 14 and 12 bits, and I/Q mixed up.

Source of commands: `M8190A User's Guide`, chapter 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceStateError
from drivers.visa.generators.checks import configured, refuse_other_kind
from drivers.visa.generators.keysight.memory import Packing
from drivers.visa.generators.keysight.sequencer import SegmentPlayer, Wiring
from drivers.visa.generators.keysight.settings import (
    LEVEL_TOLERANCE,
    RATE_TOLERANCE,
    StrictSettings,
)
from drivers.visa.generators.quantise import SampleFormat, quantise
from drivers.visa.instrument import (
    GeneratorLimits,
    Identity,
    OutputSettings,
    Progress,
    Signal,
    Upload,
    WaveformChunk,
    WaveformSource,
)
from drivers.visa.link import Link

_TRIGGER_LEVEL_V = 0.5
_INTERPOLATIONS = (3, 12, 24, 48)
# I and Q at full scale together are sqrt(2) longer than either, and the DAC would clip that.
_CARRIER_SCALE = 1.0 / math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class _Mode:
    """A mode of the DAC (``:TRACe:DWIDth``), and how its memory holds samples.

    ``interpolation`` is how many samples of the DAC there are for one in memory.
    """

    name: str
    form: SampleFormat
    granularity: int
    minimum: int
    interpolation: int = 1


_PRECISION = _Mode("WPR", SampleFormat(14, 2, 2), 48, 240)
_SPEED = _Mode("WSP", SampleFormat(12, 4, 2), 64, 320)
_UP_CONVERTER = tuple(
    _Mode(f"INTX{factor}", SampleFormat(15, 1, 1), 24, 120, factor) for factor in _INTERPOLATIONS
)


class KeysightM8190a:
    """A Keysight M8190A, as a :class:`drivers.visa.instrument.Generator`.

    Marker 1 is the sample marker of the first channel in use; marker 2 is its sync marker, which
    changes with whole vectors only (48, 64 or 24 samples).

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Its answer to ``*IDN?``.
    options : frozenset of str
        Its answer to ``*OPT?``: 14B and 12G are the direct modes, DUC the up-converter, AMP the
        amplified outputs, SEQ the sequencer.
    """

    def __init__(self, link: Link, identity: Identity, options: frozenset[str]) -> None:
        self._link, self._identity, self._options = link, identity, options
        self._channels = (1,) if "001" in options else (1, 2)
        self._outputs = tuple(
            f":OUTP{channel}{way}" for channel in self._channels for way in ("", ":COMP")
        )
        self._settings = StrictSettings(link, identity, self._outputs)
        numbers = tuple(str(channel) for channel in self._channels)
        self._player = SegmentPlayer(
            link, identity.model, "SEQ" in options, self._channels, numbers
        )
        self._output: OutputSettings | None = None
        self._mode = _PRECISION

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Real samples; I and Q at two channels; a carrier with option DUC."""
        pair: tuple[Signal, ...] = ("iq",) if len(self._channels) > 1 else ()
        modulated: tuple[Signal, ...] = ("modulated",) if "DUC" in self._options else ()
        return ("real", *pair, *modulated)

    def limits(self, output: OutputSettings) -> GeneratorLimits:
        """Ask for rates, memory and carrier in the mode that the settings lead to.

        Modes are set for that, and put back, since the instrument tells the limits of no other; on
        the way it may lose what was in memory. Once there are waveforms of ours the mode is theirs.

        Raises
        ------
        DeviceStateError
            A mode would have to be set while an output is on.
        """
        modes = [f":TRAC{channel}:DWID" for channel in self._channels]
        with self._link.operation("ask for limits"), self._settings.borrowed(modes):
            mode, low_hz, high_hz = self._choose(output)
            carrier: tuple[float, float] | None = None
            if output.signal == "modulated":
                carrier = self._settings.range(f":CARR{output.channels[0]}:FREQ:INT")
            parts = 2 if mode.interpolation > 1 else 1
            free = self._player.memory.free_bytes(output.channels) // (2 * parts)
        return GeneratorLimits(
            min_sample_rate_hz=low_hz,
            max_sample_rate_hz=high_hz,
            dac_bits=mode.form.bits,
            min_segment_samples=mode.minimum,
            max_segment_samples=free // mode.granularity * mode.granularity,
            granularity=mode.granularity,
            max_segments=self._player.memory.most_segments,
            frequency_hz=carrier,
            holds_samples=mode.interpolation == 1,
        )

    def _choose(self, output: OutputSettings) -> tuple[_Mode, float, float]:
        """Set the mode that fits a rate best; give it, and the rates of all modes of its kind."""
        self._require_channels(output)
        modes = self._modes(output.signal)
        found = []
        for mode in modes:
            self._enter(output, mode)
            low_hz, high_hz = self._settings.range(":FREQ:RAST")
            found.append((low_hz / mode.interpolation, high_hz / mode.interpolation))
        fits = [
            mode for mode, (low_hz, high_hz) in zip(modes, found, strict=True)
            if low_hz * (1.0 - 1e-9) <= output.sample_rate_hz <= high_hz * (1.0 + 1e-9)
        ]  # fmt: skip
        chosen = (fits or list(modes))[0]
        self._enter(output, chosen)
        return chosen, min(low for low, _ in found), max(high for _, high in found)

    def _modes(self, signal: Signal) -> tuple[_Mode, ...]:
        """List the modes for a signal, the best one first."""
        if self._player.memory.uploads:
            if (signal == "modulated") != (self._mode.interpolation > 1):
                raise DeviceStateError(
                    f"a signal of kind {signal} while waveforms of mode {self._mode.name} are in "
                    "memory",
                    "get ready, and configure it first",
                )
            return (self._mode,)
        if signal == "modulated":
            # The faster the DAC, the further off are its images.
            return _UP_CONVERTER[::-1]
        options = ((_PRECISION, "14B"), (_SPEED, "12G"))
        return tuple(mode for mode, option in options if option in self._options) or (_SPEED,)

    def _enter(self, output: OutputSettings, mode: _Mode) -> None:
        for channel in output.channels:
            self._settings.mode(f":TRAC{channel}:DWID", mode.name)

    def ensure_ready(self) -> None:
        """Outputs off, stop, clear errors, and empty memory: nobody else's is kept either."""
        self._output = None
        for channel in self._channels:
            self._link.write(f":OUTP{channel} OFF")
        self._link.write("*CLS")
        with self._link.operation("get ready"):
            for channel in self._channels:
                self._link.write(f":OUTP{channel}:COMP OFF")
            self._player.clear()
            if len(self._channels) > 1:
                self._link.write(":INST:COUP:STAT OFF")

    def configure(self, output: OutputSettings) -> None:
        """Set mode, clock, path, level, carrier, markers and trigger; outputs stay off.

        Raises
        ------
        DeviceSettingsError
            The instrument cannot have them, or has set something else.
        """
        if output.signal not in self.signals:
            raise DeviceSettingsError(
                f"the {self._identity.model} is to play a signal of kind {output.signal}",
                f"choose one of {', '.join(self.signals)}",
            )
        self._require_channels(output)
        self._output = None
        with self._link.operation("configure"):
            for channel in self._channels:
                self._link.write(f":OUTP{channel} OFF")
            self._configure_sequencer(output)
            mode, _, _ = self._choose(output)
            self._settings.reference(output.clock_reference)
            rate_hz = output.sample_rate_hz * mode.interpolation
            self._settings.number(":FREQ:RAST", rate_hz, RATE_TOLERANCE, "Hz")
            for channel in output.channels:
                self._configure_channel(channel, output)
        self._mode, self._output = mode, output

    def _configure_sequencer(self, output: OutputSettings) -> None:
        coupled = output.signal == "iq"
        numbers = tuple(str(channel) for channel in output.channels)
        wiring = Wiring(output.channels, numbers, numbers[0])
        self._player.configure(wiring, output.trigger, _TRIGGER_LEVEL_V)
        self._link.write(":ARM:TRIG:SOUR EXT")
        if len(self._channels) > 1:
            # Coupled channels start and advance together, by what the first one is told.
            self._link.write(f":INST:COUP:STAT {'ON' if coupled else 'OFF'}")

    def _configure_channel(self, channel: int, output: OutputSettings) -> None:
        self._link.write(f":FREQ:RAST:SOUR{channel} INT")
        peak_v = _peak_v(output)
        path = self._path(channel, 2.0 * peak_v)
        self._settings.word(f":OUTP{channel}:ROUT", path)
        # Every sample is held for its whole time; other formats would alter level and spectrum.
        self._settings.word(f":{path}{channel}:FORM", "NRZ")
        self._settings.number(f":{path}{channel}:VOLT:AMPL", 2.0 * peak_v, LEVEL_TOLERANCE, "V")
        if output.signal == "modulated":
            whole_hz, fraction_hz = divmod(output.frequency_hz or 0.0, 1.0)
            self._link.write(f":CARR{channel}:FREQ {whole_hz:.0f},{fraction_hz:.9f}")
            self._settings.number(f":CARR{channel}:SCAL", _CARRIER_SCALE, LEVEL_TOLERANCE, "")
            got = self._link.query_number_list(f":CARR{channel}:FREQ?", 2)
            if abs(sum(got) - (output.frequency_hz or 0.0)) > 1e-3:
                raise DeviceSettingsError(
                    f"the {self._identity.model} made {sum(got):.12g} Hz of a carrier of "
                    f"{output.frequency_hz} Hz",
                    "choose a carrier that it has",
                )
        for marker in ("SAMP", "SYNC"):
            header = f":MARK{channel}:{marker}:VOLT"
            self._settings.number(f"{header}:HIGH", output.marker_v, LEVEL_TOLERANCE, "V")
            self._link.write(f"{header}:LOW 0")

    def _path(self, channel: int, amplitude_v: float) -> str:
        """Find the output path for an amplitude, peak to peak: the direct one if it can."""
        paths = ("DAC", "DC", "AC") if "AMP" in self._options else ("DAC",)
        ranges = []
        for path in paths:
            low, high = self._settings.range(f":{path}{channel}:VOLT:AMPL")
            if low * (1.0 - 1e-9) <= amplitude_v <= high * (1.0 + 1e-9):
                return path
            ranges.append(f"{low / 2:g} to {high / 2:g} V ({path})")
        raise DeviceSettingsError(
            f"a full scale of {amplitude_v / 2:.4g} V at the DAC of the {self._identity.model}",
            f"choose {', '.join(ranges)}, peak into 50 ohm",
        )

    def upload(self, name: str, source: WaveformSource, progress: Progress | None = None) -> Upload:
        """Write a waveform into a segment, with zeros up to minimum and granularity behind it."""
        output = self._configured()
        self._player.require_idle("upload")
        refuse_other_kind(name, source, output)
        limits = self.limits(output)
        packing = Packing(
            pack=_pack_pair(self._mode) if output.signal == "iq" else self._pack,
            sample_bytes=4 if source.is_complex else 2,
            code_bits=-1 << self._mode.form.marker_bits,
        )
        return self._player.memory.upload(name, source, packing, limits, progress)

    def _pack(self, chunk: WaveformChunk) -> tuple[Sequence[NDArray[Any]], int]:
        codes, clipped = quantise(chunk, self._mode.form)
        return (codes,), clipped

    def queue(self, names: Sequence[str]) -> None:
        """Make uploaded waveforms those that the next triggers play, in this order, each once."""
        self._configured()
        with self._link.operation("queue waveforms"):
            self._player.queue(names)

    def arm(self) -> None:
        """Start, and switch outputs on when the first trigger is waited for."""
        output = self._configured()
        with self._link.operation("arm"):
            self._player.start()
            for channel in output.channels:
                self._link.write(f":OUTP{channel} ON")

    def trigger(self) -> None:
        """Play the next waveform, where the trigger is the bus."""
        output = self._configured()
        with self._link.operation("trigger"):
            self._player.trigger(output.trigger)

    def wait_played(self, deadline_s: float) -> None:
        """Wait until the waveform has been played and the next one waits for its trigger."""
        output = self._configured()
        with self._link.operation("wait until it has played"):
            self._player.wait_played(deadline_s, output)

    def read_back(self) -> dict[str, Any]:
        """Ask for what it is set to."""
        query, number = self._link.query, self._link.query_number
        with self._link.operation("read settings back"):
            channels = [
                {
                    "channel": channel,
                    "on": query(f":OUTP{channel}?") == "1",
                    "path": (path := query(f":OUTP{channel}:ROUT?")),
                    "format": query(f":{path}{channel}:FORM?"),
                    "amplitude_v": number(f":{path}{channel}:VOLT:AMPL?"),
                    "mode": query(f":TRAC{channel}:DWID?"),
                    "carrier_hz": query(f":CARR{channel}:FREQ?"),
                    "carrier_scale": number(f":CARR{channel}:SCAL?"),
                    "sample_marker_high_v": number(f":MARK{channel}:SAMP:VOLT:HIGH?"),
                }
                for channel in (self._output.channels if self._output is not None else ())
            ]
            return {
                "identity": str(self._identity),
                "firmware": self._identity.firmware,
                "options": sorted(self._options),
                "dac_rate_hz": number(":FREQ:RAST?"),
                "clock_source": query(":ROSC:SOUR?"),
                "reference_locked": self._settings.reference_locked(),
                "channels": channels,
                **self._player.read_back(),
            }

    def ensure_stopped(self) -> None:
        """Switch all outputs off and stop; every step is tried, whatever becomes of the others."""
        self._player.disarm()
        off = [f"{output} OFF" for output in self._outputs]
        self._link.send_all([*off, *self._player.stop_commands])

    def _configured(self) -> OutputSettings:
        return configured(self._output)

    def _require_channels(self, output: OutputSettings) -> None:
        wanted = 2 if output.signal == "iq" else 1
        if len(set(output.channels)) != wanted or not set(output.channels) <= set(self._channels):
            raise DeviceSettingsError(
                f"channels {output.channels} of the {self._identity.model} for a signal of kind "
                f"{output.signal}",
                f"give {wanted} of {', '.join(map(str, self._channels))}",
            )


def _peak_v(output: OutputSettings) -> float:
    """Give the voltage of the DAC's full scale into 50 ohm."""
    level = output.power_dbm if output.signal == "modulated" else output.peak_v
    if level is None or not math.isfinite(level):
        raise DeviceSettingsError(
            f"no level for a signal of kind {output.signal}",
            "give power_dbm of a carrier, else peak_v",
        )
    if output.signal != "modulated":
        return level
    carrier_v = math.sqrt(2.0 * 50.0 * 1e-3 * math.pow(10.0, level / 10.0))
    return carrier_v / _CARRIER_SCALE


def _pack_pair(mode: _Mode) -> Callable[[WaveformChunk], tuple[Sequence[NDArray[Any]], int]]:
    """Make I and Q the words of two channels, with both markers at I."""
    unmarked = replace(mode.form, marker_bits=0)

    def pack(chunk: WaveformChunk) -> tuple[Sequence[NDArray[Any]], int]:
        codes, clipped = quantise(chunk, unmarked)
        marked = codes[0::2] | (chunk.markers & np.uint8(3))
        return (marked.astype("<i2", copy=False), codes[1::2].copy()), clipped

    return pack
