"""Keysight N5182B (MXG) and N5172B (EXG): vector signal generators with a dual ARB player.

Commands are those of the X-Series Signal Generators SCPI Command Reference and Programming Guide.
IQ goes into volatile memory (``WFM1:``) as big-endian int16, markers into a file of the same name
with a byte for each sample. Writing IQ makes all markers zero, so that they follow.

Several waveforms become a sequence whose segments each wait for a trigger (segment advance,
single). While the ARB player is off, an RF output that is on gives the bare carrier: RF goes on
last and off first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DeviceStateError, DeviceTimeoutError
from drivers.visa.generators.checks import (
    carrier_of,
    check_waveform_name,
    configured,
    refuse_different,
    refuse_other_kind,
    refuse_other_reference,
    refuse_outside,
    refuse_too_long,
    require_modulated,
    require_queueable,
)
from drivers.visa.generators.granularity import padded_chunks, padded_length
from drivers.visa.generators.quantise import Codes, SampleFormat, quantise
from drivers.visa.instrument import (
    GeneratorLimits,
    Identity,
    OutputSettings,
    Progress,
    Signal,
    Upload,
    WaveformSource,
)
from drivers.visa.link import Link
from drivers.visa.link.blocks import LARGEST_BLOCK
from drivers.visa.link.text import as_wholes

SAMPLE_FORMAT = SampleFormat(bits=16, big_endian=True)
"""1.0 is 32767 (Programming Guide, "Creating and Downloading Waveform Files")."""

PREFIX = "ME_"
SEQUENCE = "MOONECHO"

# Same chapter: at least 60 samples, an even number of them; a segment name has 23 characters.
_MIN_SAMPLES = 60
_GRANULARITY = 2
_NAME_CHARACTERS = 23
# Four bytes of IQ and one of markers.
_BYTES_PER_SAMPLE = 5
_MAX_SEGMENTS = 1024
_LARGEST_CHUNK = 1 << 18
_DEADLINE_S = 60.0
# The end of a waveform is not told: it is reckoned, and this is added.
_MARGIN_S = 0.01
# Data Questionable Frequency condition register: 10 MHz, and 1 GHz reference unlocked.
_UNLOCKED = 0b110


class KeysightMxg:
    """An N5182B or N5172B.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        What it answered to ``*IDN?``.
    options : frozenset of str
        What it answered to ``*OPT?``.
    """

    def __init__(self, link: Link, identity: Identity, options: frozenset[str]) -> None:
        self._link = link
        self._identity = identity
        self._options = options
        self._output: OutputSettings | None = None
        self._uploaded: dict[str, Upload] = {}
        self._queue: tuple[str, ...] = ()
        self._played = 0
        self._armed = False
        self._triggered_s: float | None = None

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    @property
    def signals(self) -> tuple[Signal, ...]:
        """A carrier that it modulates itself."""
        return ("modulated",)

    def limits(self, output: OutputSettings) -> GeneratorLimits:
        """Ask for rates, carriers and what is left of the waveform memory.

        Raises
        ------
        DeviceSettingsError
            It cannot play such a signal at all.
        """
        require_modulated(output, self._identity.model)
        link = self._link
        with link.operation("limits"):
            rates = [link.query_number(f":RAD:ARB:SCL:RATE? {end}") for end in ("MIN", "MAX")]
            carriers = [link.query_number(f":FREQ? {end}") for end in ("MIN", "MAX")]
            free_bytes, _ = self._catalog("WFM1:")
        longest = min(free_bytes // _BYTES_PER_SAMPLE, LARGEST_BLOCK // 4)
        return GeneratorLimits(
            min_sample_rate_hz=rates[0],
            max_sample_rate_hz=rates[1],
            dac_bits=16,
            min_segment_samples=_MIN_SAMPLES,
            max_segment_samples=longest // _GRANULARITY * _GRANULARITY,
            granularity=_GRANULARITY,
            max_segments=_MAX_SEGMENTS,
            frequency_hz=(carriers[0], carriers[1]),
        )

    def ensure_ready(self) -> None:
        """Switch RF off before anything else, reset, and delete waveforms of an earlier run."""
        self._output, self._queue, self._armed = None, (), False
        self._uploaded.clear()
        link = self._link
        with link.operation("switch outputs off"):
            link.write(":OUTP OFF")
            link.write(":OUTP:MOD OFF")
            link.write(":RAD:ARB OFF")
            # What was in the error queue belongs to whoever was here before.
            link.write("*CLS")
        with link.operation("reset"):
            link.write("*RST")
            link.wait_complete("reset", _DEADLINE_S)
            # Its preset can be one that the user saved.
            link.write(":OUTP OFF")
            link.write(":RAD:ARB OFF")
        with link.operation("delete old waveforms"):
            for name in self._catalog("WFM1:")[1]:
                if name.startswith(PREFIX):
                    link.write(f':MMEM:DEL "WFM1:{name}"')
            if SEQUENCE in self._catalog("SEQ:")[1]:
                link.write(f':MMEM:DEL "SEQ:{SEQUENCE}"')

    def configure(self, output: OutputSettings) -> None:
        """Set reference, carrier, level, rate, trigger and markers; RF stays off.

        Raises
        ------
        DeviceSettingsError
            It cannot have these settings, or sets something else in their place.
        """
        limits = self.limits(output)
        low_hz, high_hz = limits.min_sample_rate_hz, limits.max_sample_rate_hz
        refuse_outside("sample rate", output.sample_rate_hz, low_hz, high_hz, "Hz")
        frequency_hz, power_dbm = carrier_of(output)
        if limits.frequency_hz is not None:
            refuse_outside("carrier", frequency_hz, *limits.frequency_hz, "Hz")
        link = self._link
        with link.operation("read level limits"):
            low_dbm, high_dbm = (link.query_number(f":POW? {end}") for end in ("MIN", "MAX"))
        refuse_outside("level", power_dbm, low_dbm, high_dbm, "dBm")
        external = output.clock_reference == "external"
        with link.operation("configure"):
            link.write(":OUTP OFF")
            link.write(f":ROSC:SOUR:AUTO {'ON' if external else 'OFF'}")
            link.write(f":FREQ {frequency_hz!r}")
            link.write(f":POW {power_dbm:.2f}")
            # Pulses are shorter than the loop of the level control, and gaps between them longer:
            # closed, it would turn the level up in every gap. Open, the level is what a search at
            # full scale finds, behind an attenuator that keeps the search from the output.
            link.write(":POW:ALC OFF")
            link.write(":POW:ALC:SEAR:REF RMS")
            link.write(":POW:PROT ON")
            link.write(":POW:ALC:SEAR ON")
            link.write(f":RAD:ARB:SCL:RATE {output.sample_rate_hz!r}")
            link.write(":RAD:ARB:RSC 100")
            for command in (":RAD:ARB:MDES:PULS NONE", ":RAD:ARB:MDES:ALCH NONE"):
                link.write(command)
            for marker in (1, 2):
                link.write(f":RAD:ARB:MPOL:MARK{marker} POS")
            self._configure_trigger(output)
        with link.operation("read settings back"):
            reference = link.query(":ROSC:SOUR?")
            refuse_different("carrier", frequency_hz, link.query_number(":FREQ?"), 1e-2)
            refuse_different("level", power_dbm, link.query_number(":POW?"), 1e-3)
            rate_hz = link.query_number(":RAD:ARB:SCL:RATE?")
            refuse_different("sample rate", output.sample_rate_hz, rate_hz, 1e-3)
        refuse_other_reference(output.clock_reference, reference)
        self._output = output

    def upload(self, name: str, source: WaveformSource, progress: Progress | None = None) -> Upload:
        """Write IQ, and in a second walk markers.

        Raises
        ------
        DeviceSettingsError
            Too long for its memory, not complex, or a name that cannot be one of a segment.
        """
        output = self._configured()
        refuse_other_kind(name, source, output)
        check_waveform_name(name, _NAME_CHARACTERS - len(PREFIX))
        limits = self.limits(output)
        length = padded_length(source.samples, _MIN_SAMPLES, _GRANULARITY)
        refuse_too_long(name, length, limits)
        clipped = 0

        def codes() -> Iterator[Codes]:
            nonlocal clipped
            for chunk in padded_chunks(source, length, largest=_LARGEST_CHUNK):
                part, beyond = quantise(chunk, SAMPLE_FORMAT)
                clipped += beyond
                yield part

        whole = length * _BYTES_PER_SAMPLE
        written = 0

        def count(done: int, _: int) -> None:
            if progress is not None:
                progress(written + done, whole)

        link = self._link
        with link.operation(f"upload of {name}"):
            link.write_block(
                f':MMEM:DATA "WFM1:{PREFIX}{name}",', codes(), size=4 * length, progress=count
            )
            written = 4 * length
            link.write_block(
                f':MMEM:DATA "MKR1:{PREFIX}{name}",',
                _marker_bytes(source, length),
                size=length,
                progress=count,
            )
            # The level is that of a signal with this mean amplitude: full scale, whatever the
            # waveform's own is.
            link.write(f':RAD:ARB:HEAD:RMS "WFM1:{PREFIX}{name}",1')
            link.wait_complete(f"store {name}", _DEADLINE_S)
        self._uploaded[name] = Upload(
            name, source.samples, length - source.samples, clipped, SAMPLE_FORMAT.full_scale_code
        )
        return self._uploaded[name]

    def queue(self, names: Sequence[str]) -> None:
        """Select the only waveform, or a sequence of several.

        Raises
        ------
        DeviceSettingsError
            None, one that was not uploaded, or more than a sequence holds.
        """
        self._configured()
        require_queueable(names, self._uploaded, _MAX_SEGMENTS)
        link = self._link
        with link.operation("queue"):
            link.write(":OUTP OFF")
            link.write(":RAD:ARB OFF")
            if len(names) == 1:
                link.write(":RAD:ARB:TRIG:TYPE SING")
                link.write(f':RAD:ARB:WAV "WFM1:{PREFIX}{names[0]}"')
            else:
                segments = ",".join(f'"WFM1:{PREFIX}{name}",1,ALL' for name in names)
                link.write(f':RAD:ARB:SEQ "SEQ:{SEQUENCE}",{segments}')
                link.write(f':RAD:ARB:HEAD:RMS "SEQ:{SEQUENCE}",1')
                link.write(":RAD:ARB:TRIG:TYPE SADV")
                link.write(":RAD:ARB:TRIG:TYPE:SADV SING")
                link.write(f':RAD:ARB:WAV "SEQ:{SEQUENCE}"')
            link.wait_complete("select the waveforms", _DEADLINE_S)
        self._queue, self._played, self._armed = tuple(names), 0, False

    def arm(self) -> None:
        """Switch the player on, which then waits for its trigger, and RF behind it."""
        self._configured()
        if self._played >= len(self._queue):
            raise DeviceStateError("nothing is left to play", "queue waveforms first")
        link = self._link
        with link.operation("arm"):
            link.write(":RAD:ARB ON")
            link.wait_complete("load the waveforms", _DEADLINE_S)
            link.write(":OUTP:MOD ON")
            link.write(":OUTP ON")
            link.wait_complete("switch RF on", _DEADLINE_S)
        self._triggered_s = None
        self._armed = True

    def trigger(self) -> None:
        """Play the next waveform (``*TRG``)."""
        if not self._armed or self._played >= len(self._queue):
            raise DeviceStateError("a trigger before the generator is armed", "arm it first")
        with self._link.operation("trigger"):
            self._link.write("*TRG")
        self._triggered_s = time.monotonic()

    def wait_played(self, deadline_s: float) -> None:
        """Wait as long as the waveform lasts: from the bus trigger, or from this call on.

        The instrument does not tell whether its player waits or plays.

        Raises
        ------
        DeviceTimeoutError
            It lasts longer than ``deadline_s`` seconds.
        """
        output = self._configured()
        if not self._armed or self._played >= len(self._queue):
            raise DeviceStateError("nothing is being played", "arm the generator first")
        upload = self._uploaded[self._queue[self._played]]
        duration_s = (upload.samples + upload.padded_samples) / output.sample_rate_hz
        began_s = time.monotonic() if self._triggered_s is None else self._triggered_s
        left_s = began_s + duration_s + _MARGIN_S - time.monotonic()
        if left_s > deadline_s + _MARGIN_S:
            raise DeviceTimeoutError(
                f"waveform {upload.name} lasts {left_s:g} s more, and not {deadline_s:g} s",
                "wait longer than the waveform lasts",
            )
        threading.Event().wait(max(0.0, left_s))
        with self._link.operation("wait until it was played"):
            self._link.wait_complete("end the waveform", max(1.0, deadline_s))
        self._triggered_s = None
        self._played += 1

    def read_back(self) -> dict[str, Any]:
        """Tell carrier, level, rate, reference, trigger and waveform as the instrument says."""
        link = self._link
        with link.operation("read back"):
            answers: dict[str, Any] = {
                "carrier_hz": link.query_number(":FREQ?"),
                "full_scale_dbm": link.query_number(":POW?"),
                "level_control": link.query(":POW:ALC?") == "1",
                "sample_rate_hz": link.query_number(":RAD:ARB:SCL:RATE?"),
                "runtime_scaling_percent": link.query_number(":RAD:ARB:RSC?"),
                "reference": link.query(":ROSC:SOUR?"),
                "reference_locked": not link.query_whole(":STAT:QUES:FREQ:COND?") & _UNLOCKED,
                "trigger": link.query(":RAD:ARB:TRIG:SOUR?"),
                "trigger_mode": link.query(":RAD:ARB:TRIG:TYPE?"),
                "waveform": link.query(":RAD:ARB:WAV?").strip('"'),
                "output_on": link.query(":OUTP?") == "1",
            }
        answers["identity"] = asdict(self._identity)
        answers["options"] = sorted(self._options)
        answers["waveforms"] = {name: asdict(one) for name, one in self._uploaded.items()}
        return answers

    def ensure_stopped(self) -> None:
        """Switch RF off, then modulation and player, whatever became of the step before."""
        self._armed = False
        # What goes into a connection as it breaks is lost without a word: the second time it is
        # another connection, and the player goes off only behind that.
        self._link.send_all([":OUTP OFF"], [":OUTP OFF"], [":OUTP:MOD OFF", ":RAD:ARB OFF"])

    def _configured(self) -> OutputSettings:
        return configured(self._output)

    def _configure_trigger(self, output: OutputSettings) -> None:
        link = self._link
        link.write(":RAD:ARB:TRIG:TYPE SING")
        # A trigger while a waveform plays would play it once more behind that.
        link.write(":RAD:ARB:RETR OFF")
        if output.trigger == "external":
            link.write(":RAD:ARB:TRIG:SOUR EXT")
            link.write(":RAD:ARB:TRIG:SOUR:EXT EPT1")
            link.write(":RAD:ARB:TRIG:SOUR:EXT:SLOP POS")
            link.write(":RAD:ARB:TRIG:SOUR:EXT:DEL:STAT OFF")
        else:
            link.write(":RAD:ARB:TRIG:SOUR BUS")

    def _catalog(self, folder: str) -> tuple[int, list[str]]:
        """Ask for bytes that are free, and files."""
        question = f':MMEM:CAT? "{folder}"'
        fields = self._link.query_list(question)
        _, free_bytes = as_wholes(question, fields[:2], 2)
        return free_bytes, [entry.split(",")[0] for entry in fields[2:]]


def _marker_bytes(source: WaveformSource, length: int) -> Iterator[NDArray[np.uint8]]:
    for chunk in padded_chunks(source, length, largest=_LARGEST_CHUNK):
        # Bits 0 to 3 are markers 1 to 4.
        yield chunk.markers & np.uint8(0x0F)
