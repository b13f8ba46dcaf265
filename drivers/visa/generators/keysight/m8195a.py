"""Arbitrary waveform generator Keysight M8195A: 8 bits at up to 65 GSa/s.

Source of commands: `M8195A User's Guide`, chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError
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
_FORM = SampleFormat(8, word_bytes=1)
# Vectors of 256 samples, and five of them at least; those of slower memory are divisors of it.
_GRANULARITY, _MINIMUM = 256, 1280
_DIVIDERS = (4, 2, 1)
# With markers memory of two channels cannot be read at the full rate.
_FASTEST_DIVIDER = {"real": 1, "iq": 2}
_DAC_MODES = {"real": "MARK", "iq": "DCM"}
_DIVIDER = ":INST:MEM:EXT:RDIV"
_MARKER_OUTPUTS = (3, 4)
_CHANNELS = (1, 2, 3, 4)


class KeysightM8195a:
    """A Keysight M8195A, as a :class:`drivers.visa.instrument.Generator`.

    Samples are those of extended memory, which the DACs interpolate where it is read at a half or a
    quarter of their rate. Markers 1 and 2 leave channels 3 and 4; their edges must be 128 samples
    of the DAC apart.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Its answer to ``*IDN?``.
    options : frozenset of str
        Its answer to ``*OPT?``: 001, 002 or 004 channels, SEQ the sequencer.
    """

    def __init__(self, link: Link, identity: Identity, options: frozenset[str]) -> None:
        self._link, self._identity, self._options = link, identity, options
        outputs = tuple(f":OUTP{channel}" for channel in _CHANNELS)
        self._settings = StrictSettings(link, identity, outputs)
        self._player = SegmentPlayer(link, identity.model, "SEQ" in options, _CHANNELS, ("",))
        self._output: OutputSettings | None = None

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Real samples at channel 1; I and Q at channels 1 and 2, where there are two."""
        return ("real",) if "001" in self._options else ("real", "iq")

    def limits(self, output: OutputSettings) -> GeneratorLimits:
        """Ask for rates and memory; between a divided rate and the next there are gaps.

        The mode is set for that, and put back; on the way it may lose what was in memory.

        Raises
        ------
        DeviceStateError
            It would have to be set while an output is on.
        """
        self._require_channels(output)
        modes = [":INST:DACM", *(f":TRAC{channel}:MMOD" for channel in output.channels), _DIVIDER]
        with self._link.operation("ask for limits"), self._settings.borrowed(modes):
            low_hz, high_hz = self._settings.range(":FREQ:RAST")
            divider = self._divider(output, low_hz, high_hz) or _DIVIDERS[0]
            self._enter(output, divider)
            # Of channel 1, whose samples have a byte of markers each.
            free = self._player.memory.free_bytes(output.channels) // 2
        return GeneratorLimits(
            min_sample_rate_hz=low_hz / _DIVIDERS[0],
            max_sample_rate_hz=high_hz / _FASTEST_DIVIDER[output.signal],
            dac_bits=_FORM.bits,
            min_segment_samples=_MINIMUM,
            max_segment_samples=free // _GRANULARITY * _GRANULARITY,
            granularity=_GRANULARITY,
            max_segments=self._player.memory.most_segments,
            # Slower memory is interpolated to the rate of the DACs.
            holds_samples=divider == 1,
        )

    def _divider(self, output: OutputSettings, low_hz: float, high_hz: float) -> int | None:
        """Give the divider of extended memory that reaches a rate; None in a gap."""
        for divider in _DIVIDERS:
            if divider < _FASTEST_DIVIDER[output.signal]:
                return None
            rate_hz = output.sample_rate_hz * divider
            if low_hz * (1.0 - 1e-9) <= rate_hz <= high_hz * (1.0 + 1e-9):
                return divider
        return None

    def _enter(self, output: OutputSettings, divider: int) -> None:
        """Set DAC mode and divider."""
        self._settings.mode(":INST:DACM", _DAC_MODES[output.signal])
        for channel in output.channels:
            self._settings.mode(f":TRAC{channel}:MMOD", "EXT")
        self._settings.mode(_DIVIDER, f"DIV{divider}")

    def ensure_ready(self) -> None:
        """Outputs off, stop, clear errors, and empty memory: nobody else's is kept either."""
        self._output = None
        for channel in _CHANNELS:
            self._link.write(f":OUTP{channel} OFF")
        self._link.write("*CLS")
        with self._link.operation("get ready"):
            self._player.clear()

    def configure(self, output: OutputSettings) -> None:
        """Set mode, clock, level, markers and trigger; outputs stay off.

        Raises
        ------
        DeviceSettingsError
            The instrument cannot have them, or has set something else.
        """
        self._require_channels(output)
        level_v = output.peak_v
        if level_v is None or not math.isfinite(level_v):
            raise DeviceSettingsError(
                f"no level for a signal of kind {output.signal}", "give peak_v"
            )
        self._output = None
        with self._link.operation("configure"):
            for channel in _CHANNELS:
                self._link.write(f":OUTP{channel} OFF")
            self._player.configure(
                Wiring(output.channels, ("",), ""), output.trigger, _TRIGGER_LEVEL_V
            )
            self._link.write(":ARM:TRIG:SOUR TRIG")
            self._settings.reference(output.clock_reference)
            low_hz, high_hz = self._settings.range(":FREQ:RAST")
            divider = self._divider(output, low_hz, high_hz)
            if divider is None:
                raise self._rate_error(output, low_hz, high_hz)
            self._enter(output, divider)
            self._settings.number(
                ":FREQ:RAST", output.sample_rate_hz * divider, RATE_TOLERANCE, "Hz"
            )
            for channel in output.channels:
                self._set_level(channel, 2.0 * level_v, 0.0)
            for channel in _MARKER_OUTPUTS:
                self._set_level(channel, output.marker_v, 0.5 * output.marker_v)
        self._output = output

    def _set_level(self, channel: int, amplitude_v: float, offset_v: float) -> None:
        self._settings.number(f":VOLT{channel}:AMPL", amplitude_v, LEVEL_TOLERANCE, "V")
        self._link.write(f":VOLT{channel}:OFFS {offset_v:.9G}")

    def _rate_error(
        self, output: OutputSettings, low_hz: float, high_hz: float
    ) -> DeviceSettingsError:
        bands = [
            f"{low_hz / divider:.6g} to {high_hz / divider:.6g} Hz"
            for divider in _DIVIDERS if divider >= _FASTEST_DIVIDER[output.signal]
        ]  # fmt: skip
        return DeviceSettingsError(
            f"a sample rate of {output.sample_rate_hz:.12g} Hz for the {self._identity.model}",
            f"choose {', or '.join(bands)}",
        )

    def upload(self, name: str, source: WaveformSource, progress: Progress | None = None) -> Upload:
        """Write a waveform into a segment, with zeros up to minimum and granularity behind it."""
        output = self._configured()
        self._player.require_idle("upload")
        refuse_other_kind(name, source, output)
        limits = self.limits(output)
        packing = Packing(_pack, 3 if source.is_complex else 2, markers_apart=True)
        return self._player.memory.upload(name, source, packing, limits, progress)

    def queue(self, names: Sequence[str]) -> None:
        """Make uploaded waveforms those that the next triggers play, in this order, each once."""
        self._configured()
        with self._link.operation("queue waveforms"):
            self._player.queue(names)

    def arm(self) -> None:
        """Start, and switch outputs and markers on when the first trigger is waited for."""
        output = self._configured()
        with self._link.operation("arm"):
            self._player.start()
            for channel in (*output.channels, *_MARKER_OUTPUTS):
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
                    "amplitude_v": number(f":VOLT{channel}:AMPL?"),
                    "offset_v": number(f":VOLT{channel}:OFFS?"),
                }
                for channel in _CHANNELS
            ]
            return {
                "identity": str(self._identity),
                "firmware": self._identity.firmware,
                "options": sorted(self._options),
                "dac_rate_hz": number(":FREQ:RAST?"),
                "rate_divider": query(f"{_DIVIDER}?"),
                "dac_mode": query(":INST:DACM?"),
                "clock_source": query(":ROSC:SOUR?"),
                "reference_locked": self._settings.reference_locked(),
                "channels": channels,
                **self._player.read_back(),
            }

    def ensure_stopped(self) -> None:
        """Switch all outputs off and stop; every step is tried, whatever becomes of the others."""
        self._player.disarm()
        off = [f":OUTP{channel} OFF" for channel in _CHANNELS]
        self._link.send_all([*off, *self._player.stop_commands])

    def _configured(self) -> OutputSettings:
        return configured(self._output)

    def _require_channels(self, output: OutputSettings) -> None:
        if output.signal not in self.signals:
            raise DeviceSettingsError(
                f"the {self._identity.model} is to play a signal of kind {output.signal}",
                f"choose one of {', '.join(self.signals)}",
            )
        wanted = (1,) if output.signal == "real" else (1, 2)
        if output.channels != wanted:
            raise DeviceSettingsError(
                f"channels {output.channels} of the {self._identity.model} for a signal of kind "
                f"{output.signal}",
                f"give {wanted}: channels 3 and 4 are its markers",
            )


def _pack(chunk: WaveformChunk) -> tuple[Sequence[NDArray[Any]], int]:
    """Put a byte of markers behind each sample of channel 1; channel 2 has none."""
    codes, clipped = quantise(chunk, _FORM)
    parts = 2 if np.iscomplexobj(chunk.samples) else 1
    first = np.empty((chunk.samples.size, 2), np.int8)
    first[:, 0] = codes[::parts]
    first[:, 1] = chunk.markers & np.uint8(3)
    words: tuple[NDArray[Any], ...] = (first.reshape(-1),)
    if parts == 2:
        words = (*words, codes[1::2].copy())
    return words, clipped
