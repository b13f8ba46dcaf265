"""Rohde & Schwarz SMW200A and SMBV100B: vector signal generators with an arbitrary waveform source.

Commands are those of the SMW200A user manual, which the SMBV100B shares. Waveforms of a queue are
selected one by one, each with the level that its own mean power needs: in a multi segment waveform
only the segment with the highest mean power would have the level that is set.

While the baseband is off, an RF output that is on gives the bare carrier. So RF goes on only behind
a baseband that waits for its trigger, and off before the baseband does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from drivers.errors import DeviceSettingsError, DeviceStateError, DeviceTimeoutError
from drivers.visa.errors import InstrumentError
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
from drivers.visa.generators.granularity import padded_length
from drivers.visa.generators.rohde_schwarz.wv_file import (
    SAMPLE_FORMAT,
    WvSurvey,
    file_blocks,
    file_size,
    survey,
)
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
from drivers.visa.waiting import wait_until

FOLDER = "/var/user"
PREFIX = "moonecho_"

# Specifications of the baseband generators: samples, by the option that holds or extends them.
_MEMORY_SAMPLES = {
    "SMW-B10": 64 << 20,
    "SMW-B10F": 64 << 20,
    "SMW-B9": 256 << 20,
    "SMW-B9F": 256 << 20,
    "SMW-K511": 512 << 20,
    "SMW-K512": 1 << 30,
    "SMW-K515": 2 << 30,
    "SMBVB-K511": 256 << 20,
    "SMBVB-K512": 1 << 30,
    "SMBVB-K513": 2 << 30,
}
_LEAST_MEMORY_SAMPLES = 64 << 20
# The shortest blank that the manual lets into a multi segment waveform; shorter files are padded.
_MIN_SAMPLES = 512
# Kept for the tags: 40 000 windows with a marker each.
_TAG_BYTES = 1 << 20
_MAX_QUEUE = 10_000
_LEVEL_STEP_DB = 0.01
_LOAD_DEADLINE_S = 120.0
_RF_OFF = [":OUTP1:STAT OFF", ":OUTP:ALL:STAT OFF"]


class RohdeSchwarzSmw:
    """An SMW200A or SMBV100B, its baseband A and RF output A.

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
        self._uploaded: dict[str, WvSurvey] = {}
        self._queue: tuple[str, ...] = ()
        self._playing = 0
        self._armed = False

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    @property
    def signals(self) -> tuple[Signal, ...]:
        """A carrier that it modulates itself."""
        return ("modulated",)

    def limits(self, output: OutputSettings) -> GeneratorLimits:
        """Ask for rates, carriers and free disk; memory goes by the options that it names.

        Raises
        ------
        DeviceSettingsError
            It cannot play such a signal at all.
        """
        require_modulated(output, self._identity.model)
        link = self._link
        with link.operation("limits"):
            rates = [link.query_number(f":SOUR1:BB:ARB:CLOC? {end}") for end in ("MIN", "MAX")]
            carriers = [link.query_number(f":SOUR1:FREQ:CW? {end}") for end in ("MIN", "MAX")]
            free_bytes = link.query_whole(":SOUR1:BB:ARB:WAV:FREE?")
        memory = max([_LEAST_MEMORY_SAMPLES, *map(self._memory_samples, self._options)])
        largest_bytes = min(free_bytes, LARGEST_BLOCK) - _TAG_BYTES
        return GeneratorLimits(
            min_sample_rate_hz=rates[0],
            max_sample_rate_hz=rates[1],
            dac_bits=16,
            min_segment_samples=_MIN_SAMPLES,
            max_segment_samples=max(0, min(memory, largest_bytes // 4)),
            granularity=1,
            max_segments=_MAX_QUEUE,
            frequency_hz=(carriers[0], carriers[1]),
        )

    def ensure_ready(self) -> None:
        """Switch RF off before anything else, reset, and delete waveforms of an earlier run."""
        self._output, self._queue, self._armed = None, (), False
        self._uploaded.clear()
        link = self._link
        with link.operation("switch outputs off"):
            link.write(":OUTP:ALL:STAT OFF")
            link.write(":SOUR1:BB:ARB:STAT OFF")
            # What was in the error queue belongs to whoever was here before.
            link.write("*CLS")
        with link.operation("reset"):
            link.write("*RST")
            link.wait_complete("reset", _LOAD_DEADLINE_S)
            # Whatever its preset is: no output, and no carrier from the next one that goes on.
            link.write(":OUTP:ALL:STAT OFF")
        with link.operation("delete old waveforms"):
            link.write(f":MMEM:CDIR '{FOLDER}'")
            for entry in link.query_list(":SOUR1:BB:ARB:WAV:CAT?"):
                name = entry.strip("'\" ").removesuffix(".wv")
                if name.startswith(PREFIX):
                    link.write(f":SOUR1:BB:ARB:WAV:DEL '{FOLDER}/{name}.wv'")

    def configure(self, output: OutputSettings) -> None:
        """Set reference, carrier, trigger and markers; RF stays off, the level comes with a file.

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
        if abs(power_dbm / _LEVEL_STEP_DB - round(power_dbm / _LEVEL_STEP_DB)) > 1e-6:
            raise DeviceSettingsError(
                f"a level of {power_dbm} dBm", f"give whole multiples of {_LEVEL_STEP_DB} dB"
            )
        link = self._link
        with link.operation("configure"):
            link.write(":OUTP1:STAT OFF")
            external = output.clock_reference == "external"
            if external:
                link.write(":SOUR:ROSC:EXT:FREQ 10MHZ")
            link.write(f":SOUR:ROSC:SOUR {'EXT' if external else 'INT'}")
            link.write(f":SOUR1:FREQ:CW {frequency_hz!r}")
            # Pulses are shorter than the loop of the level control, and gaps between them longer:
            # closed, it would turn the level up in every gap. The table is used instead, and no
            # level search that would put a carrier out.
            link.write(":SOUR1:POW:ALC:STAT OFFT")
            self._configure_trigger(output)
            for marker in (1, 2):
                link.write(f":SOUR1:BB:ARB:TRIG:OUTP{marker}:MODE UNCH")
                link.write(f":OUTP:USER{marker}:DIR OUTP")
                link.write(f":OUTP:USER{marker}:SIGN MARKA{marker}")
        with link.operation("read settings back"):
            refuse_different("carrier", frequency_hz, link.query_number(":SOUR1:FREQ:CW?"), 1e-3)
            reference = link.query(":SOUR:ROSC:SOUR?")
        refuse_other_reference(output.clock_reference, reference)
        self._output = output

    def upload(self, name: str, source: WaveformSource, progress: Progress | None = None) -> Upload:
        """Write a waveform file; it is walked through twice, for levels and for samples.

        Raises
        ------
        DeviceSettingsError
            Too long for its memory, not complex, or a name that cannot be one of a file.
        """
        output = self._configured()
        refuse_other_kind(name, source, output)
        check_waveform_name(name, longest=60)
        limits = self.limits(output)
        samples = padded_length(source.samples, limits.min_segment_samples, limits.granularity)
        refuse_too_long(name, samples, limits)
        surveyed = survey(source, samples)
        size = file_size(surveyed, output.sample_rate_hz)
        room = 4 * limits.max_segment_samples + _TAG_BYTES
        if size > room:
            raise DeviceSettingsError(
                f"waveform {name} is a file of {size} bytes, with what its markers take",
                f"change markers less often; there is room for {room}",
            )
        path = self._path(name)
        with self._link.operation(f"upload of {name}"):
            self._link.write_block(
                f":MMEM:DATA '{path}',",
                file_blocks(source, surveyed, output.sample_rate_hz),
                size=size,
                progress=progress,
            )
            self._link.wait_complete(f"store {name}", _LOAD_DEADLINE_S)
        self._uploaded[name] = surveyed
        return Upload(
            name,
            source.samples,
            samples - source.samples,
            surveyed.clipped_samples,
            SAMPLE_FORMAT.full_scale_code,
        )

    def queue(self, names: Sequence[str]) -> None:
        """Load the first of the waveforms; each of the others when the one before was played.

        Raises
        ------
        DeviceSettingsError
            None, or one that was not uploaded.
        """
        self._configured()
        require_queueable(names, self._uploaded, _MAX_QUEUE)
        self._queue, self._playing, self._armed = tuple(names), 0, False
        self._load(self._queue[0])

    def arm(self) -> None:
        """Switch the baseband on, which then waits for its trigger, and RF behind it."""
        self._configured()
        if self._playing >= len(self._queue):
            raise DeviceStateError("nothing is left to play", "queue waveforms first")
        link = self._link
        with link.operation("arm"):
            link.write(":SOUR1:BB:ARB:STAT ON")
            link.wait_complete("load the waveform", _LOAD_DEADLINE_S)
            state = link.query(":SOUR1:BB:ARB:TRIG:RMOD?")
            if state.upper() != "STOP":
                raise DeviceStateError(
                    f"the baseband is in state {state} before its trigger",
                    "keep the trigger input still until the generator is armed",
                )
            link.write(":OUTP1:STAT ON")
            link.wait_complete("switch RF on", _LOAD_DEADLINE_S)
        self._armed = True

    def trigger(self) -> None:
        """Play the next waveform."""
        if not self._armed:
            raise DeviceStateError("a trigger before the generator is armed", "arm it first")
        with self._link.operation("trigger"):
            self._link.write(":SOUR1:BB:ARB:TRIG:EXEC")

    def wait_played(self, deadline_s: float) -> None:
        """Wait until the baseband has stopped, and arm it with the next waveform of the queue.

        Before an external trigger has come it is stopped, too: wait for the record first.

        Raises
        ------
        DeviceTimeoutError
            It was not within ``deadline_s`` seconds.
        """
        if not self._armed:
            raise DeviceStateError("nothing is being played", "arm the generator first")
        link = self._link
        with link.operation("wait until it was played"):
            wait_until(
                lambda: link.query(":SOUR1:BB:ARB:TRIG:RMOD?").upper() == "STOP",
                deadline_s,
                lambda: DeviceTimeoutError(
                    f"the baseband still plays after {deadline_s:g} s",
                    "wait longer than the waveform lasts",
                ),
            )
        self._armed = False
        self._playing += 1
        if self._playing < len(self._queue):
            self._load(self._queue[self._playing])
            self.arm()

    def read_back(self) -> dict[str, Any]:
        """Tell carrier, levels, clock, reference, trigger and waveform as the instrument says."""
        link = self._link
        with link.operation("read back"):
            answers: dict[str, Any] = {
                "carrier_hz": link.query_number(":SOUR1:FREQ:CW?"),
                "mean_level_dbm": link.query_number(":SOUR1:POW:POW?"),
                "peak_envelope_dbm": link.query_number(":SOUR1:POW:PEP?"),
                "level_control": link.query(":SOUR1:POW:ALC:STAT?"),
                "sample_rate_hz": link.query_number(":SOUR1:BB:ARB:CLOC?"),
                "reference": link.query(":SOUR:ROSC:SOUR?"),
                "trigger": link.query(":SOUR1:BB:ARB:TRIG:SOUR?"),
                "trigger_mode": link.query(":SOUR1:BB:ARB:TRIG:SEQ?"),
                "waveform": link.query(":SOUR1:BB:ARB:WAV:SEL?").strip("'\""),
                "output_on": link.query(":OUTP1:STAT?") == "1",
            }
        answers["identity"] = asdict(self._identity)
        answers["options"] = sorted(self._options)
        answers["waveforms"] = {name: asdict(one) for name, one in self._uploaded.items()}
        for one in answers["waveforms"].values():
            one["marker_changes"] = [len(changes) for changes in one["marker_changes"]]
        return answers

    def ensure_stopped(self) -> None:
        """Switch RF off, then the baseband, whatever became of the step before."""
        self._armed = False
        # What goes into a connection as it breaks is lost without a word: the second time it is
        # another connection, and the baseband goes off only behind that.
        self._link.send_all(_RF_OFF, _RF_OFF, [":SOUR1:BB:ARB:STAT OFF"])

    def _memory_samples(self, option: str) -> int:
        return _MEMORY_SAMPLES.get(option, 0)

    def _configure_trigger(self, output: OutputSettings) -> None:
        link = self._link
        # Once through the file per trigger, and no more.
        link.write(":SOUR1:BB:ARB:TRIG:SEQ SING")
        link.write(":SOUR1:BB:ARB:TRIG:SLUN SEQ")
        link.write(":SOUR1:BB:ARB:TRIG:SLEN 1")
        if output.trigger == "external":
            link.write(":SOUR:INP:USER3:DIR INP")
            link.write(":SOUR:INP:USER3:SIGN TRIG1")
            link.write(":SOUR:INP:USER:TRIG:SLOP POS")
            link.write(":SOUR1:BB:ARB:TRIG:SOUR EGT1")
        else:
            link.write(":SOUR1:BB:ARB:TRIG:SOUR INT")

    def _configured(self) -> OutputSettings:
        return configured(self._output)

    def _path(self, name: str) -> str:
        return f"{FOLDER}/{PREFIX}{name}.wv"

    def _load(self, name: str) -> None:
        """Select a file, with RF off, and set the level at which full scale is what it must be."""
        output = self._configured()
        _, power_dbm = carrier_of(output)
        surveyed = self._uploaded[name]
        level_dbm = round(power_dbm - surveyed.rms_offset_db, 2)
        link = self._link
        with link.operation(f"load {name}"):
            link.write(":OUTP1:STAT OFF")
            link.write(":SOUR1:BB:ARB:STAT OFF")
            link.write(f":SOUR1:BB:ARB:WAV:SEL '{self._path(name)}'")
            link.wait_complete(f"load {name}", _LOAD_DEADLINE_S)
        try:
            with link.operation(f"set the level of {name}"):
                link.write(f":SOUR1:POW:POW {level_dbm:.2f}")
        except InstrumentError as error:
            raise DeviceSettingsError(
                f"a full scale of {power_dbm} dBm, for which the instrument reports {error.text}",
                "choose another level",
            ) from error
        with link.operation(f"read {name} back"):
            level_read_dbm = link.query_number(":SOUR1:POW:POW?")
            points = link.query_whole(":SOUR1:BB:ARB:WAV:POIN?")
            clock_hz = link.query_number(":SOUR1:BB:ARB:CLOC?")
        refuse_different("level", level_dbm, level_read_dbm, 0.5 * _LEVEL_STEP_DB)
        refuse_different("sample rate", output.sample_rate_hz, clock_hz, 1e-3)
        refuse_different("length", surveyed.samples, points, 0.5)
