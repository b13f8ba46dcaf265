"""Oscilloscopes Tektronix MSO of the 4, 5 and 6 series.

Commands are those of the 4/5/6 Series MSO programmer manual. Records are 16-bit integers; the
preamble (``WFMOutpre``) scales them, and its XZERO says where between two samples the trigger was.
Several segments are frames of FastFrame. Events are read by ``*ESR?`` and ``EVMsg?``, since there
is no ``SYSTem:ERRor?``; operation complete would be an event, so ``*OPC?`` is asked instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from drivers.errors import DeviceSettingsError, DeviceTimeoutError
from drivers.visa.digitizers.checks import trigger_channel
from drivers.visa.digitizers.tektronix.preamble import Preamble, read_preamble
from drivers.visa.errors import AnswerError
from drivers.visa.instrument import (
    CaptureSettings,
    CaptureSetup,
    DigitizerLimits,
    Identity,
    Progress,
    Record,
)
from drivers.visa.link import Link
from drivers.visa.waiting import wait_until

_RESET_S = 30.0
_SETTLE_S = 10.0
_ARM_S = 10.0
_ADC_BITS = 12
# Ten divisions are on the screen; the ADC reaches a little further.
_HALF_SCREEN_DIVISIONS = 5.0
# Codes of 8 bits end here, those of 12 bits a little above: both are beyond the screen.
_LAST_CODE = 0x7F00
# Data sheet: 2.3 V rms into 50 ohm at the most sensitive ranges, taken for a peak.
_MAX_INPUT_V = 2.3
_TRIGGER_V_PER_DIVISION = 0.5
# Longer than any record; the instrument makes of it what it has.
_LONGEST_RECORD = 1_000_000_000_000
# On either side of what is wanted: the trigger falls between samples, and its place is rounded.
_SPARE_SAMPLES = 8
_RATE_TRIALS = 12


class TektronixMso:
    """An MSO of the 4, 5 or 6 series, as a :class:`drivers.visa.instrument.Digitizer`.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Its answer to ``*IDN?``.
    options : frozenset of str
        Its answer to ``*OPT?``.
    """

    ERROR_QUERY: ClassVar[str] = "*ESR?;:EVMsg?"

    def __init__(self, link: Link, identity: Identity, options: frozenset[str]) -> None:
        self._link = link
        self._identity = identity
        self._options = options
        self._channels = int(identity.model[4]) if identity.model[4:5].isdigit() else 4
        self._capture: CaptureSettings | None = None
        self._setup: CaptureSetup | None = None
        self._preambles: dict[int, Preamble] = {}

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    def limits(self, channels: Sequence[int]) -> DigitizerLimits:
        """Ask what it can record with these channels.

        The longest record is found by asking for one that is longer. The number of segments is that
        of records as long as they are set to at the moment.

        Parameters
        ----------
        channels : sequence of int
            Inputs.

        Returns
        -------
        DigitizerLimits
        """
        self._check_channels(channels)
        with self._link.operation("ask for limits"):
            record = self._link.query_whole("HORizontal:MODe:RECOrdlength?")
            self._link.write("HORizontal:MODe MANual")
            self._link.write(f"HORizontal:MODe:RECOrdlength {_LONGEST_RECORD}")
            self._link.query("*OPC?")
            longest = self._link.query_whole("HORizontal:MODe:RECOrdlength?")
            self._link.write(f"HORizontal:MODe:RECOrdlength {record}")
            # That the value was too large is what was wanted.
            self._link.drain_errors()
            rate_hz = self._link.query_number("ACQuire:MAXSamplerate?")
            bandwidths = []
            for channel in channels:
                self._link.write(f"CH{channel}:BANdwidth FULl")
                bandwidths.append(self._link.query_number(f"CH{channel}:BANdwidth?"))
            frames = self._link.query_whole("HORizontal:FASTframe:MAXFRames?")
        return DigitizerLimits(
            channels=self._channels,
            min_sample_rate_hz=1.0,
            max_sample_rate_hz=rate_hz,
            max_record_samples=longest,
            max_segments=frames,
            adc_bits=_ADC_BITS,
            bandwidth_hz=min(bandwidths),
            max_input_v=_MAX_INPUT_V,
        )

    def ensure_ready(self) -> None:
        """Stop, and reset to the factory's settings."""
        self._link.write("ACQuire:STATE OFF")
        self._link.write("*CLS")
        with self._link.operation("reset", deadline_s=_RESET_S):
            self._link.write("*RST")
            self._link.query("*OPC?", timeout_s=_RESET_S)
            self._link.write("HEADer OFF")
            self._link.write("ACQuire:STATE OFF")
            self._link.write("*CLS")
        self._preambles.clear()
        self._setup = None

    def configure(self, capture: CaptureSettings) -> CaptureSetup:
        """Set inputs, time base, segments, trigger and reference; read back what became of them.

        Parameters
        ----------
        capture : CaptureSettings
            How to record. ``trigger_input`` "external" is the auxiliary input, where there is one.

        Returns
        -------
        CaptureSetup

        Raises
        ------
        DeviceSettingsError
            It cannot record like this.
        """
        self._check_channels(capture.channels)
        with self._link.operation("configure", deadline_s=_SETTLE_S):
            self._link.write("ACQuire:STATE OFF")
            self._link.write("ACQuire:MODe SAMple")
            self._link.write("ACQuire:STOPAfter SEQuence")
            self._link.write("ACQuire:SEQuence:NUMSEQuence 1")
            full_scale_v = self._configure_inputs(capture)
            rate_hz, record = self._configure_time_base(capture)
            self._configure_segments(capture.segments)
            self._configure_trigger(capture)
            self._configure_reference(capture)
            for command in (
                "ENCdg SRIbinary",
                "WIDth 2",
                "RESample 1",
                "STARt 1",
                f"STOP {record}",
            ):
                self._link.write(f"DATa:{command}")
            self._link.query("*OPC?", timeout_s=_SETTLE_S)
        self._capture = capture
        self._setup = CaptureSetup(rate_hz, record, capture.segments, full_scale_v)
        self._preambles.clear()
        return self._setup

    def _configure_inputs(self, capture: CaptureSettings) -> float:
        """Set the inputs; returns the smallest full scale of those that are recorded."""
        trigger = trigger_channel(capture, self._channels)
        used = {*capture.channels, *(() if trigger is None else (trigger,))}
        for channel in range(1, self._channels + 1):
            state = "ON" if channel in used else "OFF"
            self._link.write(f"DISplay:GLObal:CH{channel}:STATE {state}")
        full_scales = []
        for channel in sorted(used):
            name = f"CH{channel}"
            self._link.write(f"{name}:TERmination 50")
            self._link.write(f"{name}:COUPling DC")
            self._link.write(f"{name}:BANdwidth FULl")
            self._link.write(f"{name}:POSition 0")
            self._link.write(f"{name}:OFFSet 0")
            if channel not in capture.channels:
                self._link.write(f"{name}:SCAle {_TRIGGER_V_PER_DIVISION}")
                continue
            scale_v = capture.full_scale_v / _HALF_SCREEN_DIVISIONS
            # Upwards to three digits, which are as many as it may have.
            step_v = 10.0 ** (math.floor(math.log10(scale_v)) - 2)
            scale_v = math.ceil(scale_v / step_v * (1.0 - 1e-12)) * step_v
            self._link.write(f"{name}:SCAle {scale_v:.6G}")
            full_scales.append(self._link.query_number(f"{name}:SCAle?") * _HALF_SCREEN_DIVISIONS)
        smallest_v = min(full_scales)
        if smallest_v < capture.full_scale_v * (1.0 - 1e-6):
            raise DeviceSettingsError(
                f"a full scale of {capture.full_scale_v:g} V became {smallest_v:g} V",
                "choose one that the inputs have, or attenuate the signal",
            )
        return smallest_v

    def _configure_time_base(self, capture: CaptureSettings) -> tuple[float, int]:
        """Set rate, record and trigger position; returns rate, Hz, and length of the record."""
        link = self._link
        link.write("HORizontal:MODe MANual")
        link.write("HORizontal:MODe:MANual:CONFIGure HORIZontalscale")
        link.write("HORizontal:DELay:MODe OFF")
        rate_hz = self._configure_rate(capture.sample_rate_hz)
        wanted_s = capture.pre_trigger_s + capture.duration_s
        wanted = math.ceil(wanted_s * rate_hz) + 2 * _SPARE_SAMPLES
        link.write(f"HORizontal:MODe:RECOrdlength {wanted}")
        record = link.query_whole("HORizontal:MODe:RECOrdlength?")
        if record < wanted:
            raise DeviceSettingsError(
                f"a record of {wanted_s:g} s at {rate_hz:g} Hz has {wanted} samples",
                f"record at most {record} at once, or more slowly",
            )
        before = capture.pre_trigger_s * rate_hz + _SPARE_SAMPLES
        link.write(f"HORizontal:POSition {100.0 * before / record:.9G}")
        placed = link.query_number("HORizontal:POSition?") / 100.0 * record
        behind = record - placed
        if placed < before - _SPARE_SAMPLES or behind < capture.duration_s * rate_hz:
            raise DeviceSettingsError(
                f"{capture.pre_trigger_s:g} s before the trigger became {placed / rate_hz:g} s "
                f"of {record / rate_hz:g} s",
                "record longer before or behind the trigger",
            )
        return rate_hz, record

    def _configure_rate(self, wanted_hz: float) -> float:
        """Set the slowest rate that is fast enough."""
        asked_hz = wanted_hz
        rate_hz = 0.0
        for _ in range(_RATE_TRIALS):
            self._link.write(f"HORizontal:MODe:SAMPLERate {asked_hz:.12G}")
            rate_hz = self._link.query_number("HORizontal:MODe:SAMPLERate?")
            if rate_hz >= wanted_hz * (1.0 - 1e-9):
                return rate_hz
            asked_hz *= 1.25
        raise DeviceSettingsError(
            f"a sample rate of {wanted_hz:g} Hz became {rate_hz:g} Hz",
            "choose one that the oscilloscope has with these channels",
        )

    def _configure_segments(self, segments: int) -> None:
        if segments == 1:
            self._link.write("HORizontal:FASTframe:STATE OFF")
            return
        self._link.write("HORizontal:FASTframe:STATE ON")
        self._link.write("HORizontal:FASTframe:SUMFrame NONe")
        self._link.write(f"HORizontal:FASTframe:COUNt {segments}")
        made = self._link.query_whole("HORizontal:FASTframe:COUNt?")
        if made != segments:
            raise DeviceSettingsError(
                f"{segments} segments became {made}", "record fewer or shorter ones at once"
            )

    def _configure_trigger(self, capture: CaptureSettings) -> None:
        channel = trigger_channel(capture, self._channels)
        source = "AUXiliary" if channel is None else f"CH{channel}"
        self._link.write("TRIGger:A:TYPe EDGE")
        self._link.write(f"TRIGger:A:EDGE:SOUrce {source}")
        told = self._link.query("TRIGger:A:EDGE:SOUrce?")
        if not source.upper().startswith(told.upper()):
            raise DeviceSettingsError(
                f"trigger input {capture.trigger_input!r} on {self._identity}",
                "it has no auxiliary input: wire the marker to an input, "
                "and let the trigger input be 'channel N'",
            )
        self._link.write("TRIGger:A:EDGE:SLOpe RISe")
        self._link.write("TRIGger:A:EDGE:COUPling DC")
        level = "TRIGger:AUXLevel" if channel is None else f"TRIGger:A:LEVel:{source}"
        self._link.write(f"{level} {capture.trigger_level_v:.6G}")
        self._link.write("TRIGger:A:MODe NORMal")

    def _configure_reference(self, capture: CaptureSettings) -> None:
        source = "EXTernal" if capture.clock_reference == "external" else "INTERnal"
        self._link.write(f"ROSc:SOUrce {source}")

    def arm(self) -> None:
        """Begin one acquisition, and wait until it waits for its trigger.

        Raises
        ------
        DeviceTimeoutError
            It does not come to wait.
        """
        self._preambles.clear()
        with self._link.operation("arm"):
            self._link.write("ACQuire:STATE ON")
            # SAVE is what it says until it has begun, ARMED until there is enough before a trigger.
            self._poll("TRIGger:STATE?", {"READY"}, _ARM_S, "wait for a trigger")

    def wait_captured(self, deadline_s: float) -> None:
        """Wait until all segments are recorded.

        Parameters
        ----------
        deadline_s : float
            From now on, s.

        Raises
        ------
        DeviceTimeoutError
            No trigger came, or not enough; the acquisition is stopped.
        """
        with self._link.operation("wait for the record"):
            try:
                self._poll("ACQuire:STATE?", {"0"}, deadline_s, "finish its record")
            except DeviceTimeoutError as error:
                frames = self._link.query("ACQuire:NUMFRAMESACQuired?")
                self._link.write("ACQuire:STATE OFF")
                error.add_note(f"{frames} segments were recorded")
                raise

    def _poll(self, query: str, wanted: set[str], deadline_s: float, what: str) -> None:
        answer = ""

        def reached() -> bool:
            nonlocal answer
            answer = self._link.query(query).upper()
            return answer in wanted

        wait_until(
            reached,
            deadline_s,
            lambda: DeviceTimeoutError(
                f"the oscilloscope did not {what} within {deadline_s:g} s ({query} {answer})",
                "see that the marker arrives at its trigger input, and its level",
            ),
        )

    def fetch(self, channel: int, segment: int = 0, progress: Progress | None = None) -> Record:
        """Read a record out.

        Parameters
        ----------
        channel : int
            Input.
        segment : int
            From 0 on.
        progress : callable or None
            Is told of bytes.

        Returns
        -------
        Record
            int16 codes.

        Raises
        ------
        AnswerError
            The curve is not as long as the preamble says.
        """
        with self._link.operation(f"read channel {channel}, segment {segment}"):
            if channel not in self._preambles:
                segments = 1 if self._setup is None else self._setup.segments
                self._preambles[channel] = read_preamble(self._link, channel, segments)
            preamble = self._preambles[channel]
            frame = segment + 1
            command = (
                f"DATa:SOUrce CH{channel};:DATa:FRAMESTARt {frame};:DATa:FRAMESTOP {frame};:CURVe?"
            )
            data = self._link.query_block(command, progress=progress)
        if len(data) != 2 * preamble.samples:
            raise AnswerError(command, f"{len(data)} bytes", f"{preamble.samples} samples of 2")
        codes = np.frombuffer(data, "<i2")
        clipped = (codes >= _LAST_CODE) | (codes <= -_LAST_CODE)
        return Record(
            codes=codes,
            volts_per_code=preamble.volts_per_code,
            offset_v=preamble.offset_v,
            first_sample_s=preamble.first_sample_s(segment),
            interval_s=preamble.interval_s,
            clipped=clipped if clipped.any() else None,
        )

    def read_back(self) -> dict[str, Any]:
        """Ask for what it is set to."""
        link = self._link
        with link.operation("read settings back"):
            channels = [
                {
                    "channel": n,
                    "v_per_division": link.query_number(f"CH{n}:SCAle?"),
                    "termination_ohm": link.query_number(f"CH{n}:TERmination?"),
                    "bandwidth_hz": link.query_number(f"CH{n}:BANdwidth?"),
                    "clipping": link.query(f"CH{n}:CLIPping?"),
                }
                for n in (() if self._capture is None else self._capture.channels)
            ]
            return {
                "identity": str(self._identity),
                "firmware": self._identity.firmware,
                "options": sorted(self._options),
                "sample_rate_hz": link.query_number("HORizontal:MODe:SAMPLERate?"),
                "record_samples": link.query_whole("HORizontal:MODe:RECOrdlength?"),
                "fast_frame": link.query("HORizontal:FASTframe:STATE?") == "1",
                "acquisition_mode": link.query("ACQuire:MODe?"),
                "trigger_source": link.query("TRIGger:A:EDGE:SOUrce?"),
                "reference_source": link.query("ROSc:SOUrce?"),
                "reference_locked": link.query("ROSc:STATE?").upper() == "LOCKED",
                "channels": channels,
            }

    def ensure_stopped(self) -> None:
        """Stop the acquisition; never raises."""
        self._link.send_all(["ACQuire:STATE OFF"])

    def _check_channels(self, channels: Sequence[int]) -> None:
        if not channels or not set(channels) <= set(range(1, self._channels + 1)):
            raise DeviceSettingsError(
                f"inputs {tuple(channels)} of {self._identity}", f"give 1 to {self._channels}"
            )
