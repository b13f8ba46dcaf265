"""Rohde & Schwarz RTO and RTP oscilloscopes.

Commands are those of the RTO and RTP user manuals. Samples are read as voltages (``REAL,32``): the
instrument scales them itself, which its integers leave to the reader. Where the first sample lies
between trigger and grid, to a fraction of a sample, is told by the header of each waveform.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceStateError, DeviceTimeoutError, DriverError
from drivers.visa.digitizers.checks import trigger_channel
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

# Model numbers: RTO2044 is 4 GHz with four channels, RTP164 16 GHz.
_MODEL = re.compile(r"RTO\d?\d(\d)([24])|RTP(\d\d)([24])")
# What a model number of RTO means in GHz, where it is not the digit itself (RTO2004).
_LOWEST_BANDWIDTH_HZ = 600e6
_ADC_BITS = 8
_MIN_RATE_HZ = 2.0
_MIN_RECORD_SAMPLES = 1000
# Data sheet: 5 V (RMS) into 50 ohm.
_MAX_INPUT_V = 5.0
_EXTERNAL_LEVEL = 5
_WAITS_FOR_TRIGGER = 1 << 3
_MEASURES = 1 << 4
_ARM_S = 10.0
_SETTLE_S = 30.0
_SAMPLES_PER_READ = 4_000_000


class RohdeSchwarzRto:
    """An RTO or RTP.

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
        self._model: str | None = None
        self._capture: CaptureSettings | None = None
        self._setup: CaptureSetup | None = None
        self._captured = False
        self._armed = False

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    def limits(self, channels: Sequence[int]) -> DigitizerLimits:
        """Ask for rate of the ADC and memory; bandwidth and channels are in the model's number.

        Raises
        ------
        DeviceSettingsError
            A channel that it has not.
        """
        inputs, bandwidth_hz = self._inputs()
        if not channels or any(not 1 <= channel <= inputs for channel in channels):
            raise DeviceSettingsError(f"channels {tuple(channels)}", f"give 1 to {inputs}")
        with self._link.operation("limits"):
            rate_hz = self._link.query_number("ACQ:POIN:ARAT?")
            samples = int(self._link.query_number("ACQ:POIN:MAX?"))
        return DigitizerLimits(
            channels=inputs,
            min_sample_rate_hz=_MIN_RATE_HZ,
            max_sample_rate_hz=rate_hz,
            max_record_samples=samples,
            max_segments=max(1, samples // _MIN_RECORD_SAMPLES),
            adc_bits=_ADC_BITS,
            bandwidth_hz=bandwidth_hz,
            max_input_v=_MAX_INPUT_V,
        )

    def ensure_ready(self) -> None:
        """Stop, reset, and give records all of the memory."""
        self._capture, self._setup, self._captured, self._armed = None, None, False, False
        link = self._link
        with link.operation("stop"):
            link.write("STOP")
            link.write("*CLS")
        with link.operation("reset"):
            link.write("*RST")
            link.wait_complete("reset", _SETTLE_S)
            link.write("STOP")
            link.write("ACQ:POIN:MAX MAX")
            link.write("FORM:DATA REAL,32")
            link.write("FORM:BORD LSBF")
            link.write("EXP:WAV:INCX OFF")
            link.write("EXP:WAV:MULT OFF")

    def configure(self, capture: CaptureSettings) -> CaptureSetup:
        """Set inputs, trigger, rate, time and segments, and read back what became of them.

        Raises
        ------
        DeviceSettingsError
            It cannot have these settings, or sets less in their place.
        """
        limits = self.limits(capture.channels)
        if not 0.0 < capture.full_scale_v <= limits.max_input_v:
            raise DeviceSettingsError(
                f"an input range of {capture.full_scale_v:g} V",
                f"give up to {limits.max_input_v:g} V",
            )
        if not limits.min_sample_rate_hz <= capture.sample_rate_hz <= limits.max_sample_rate_hz:
            raise DeviceSettingsError(
                f"a sample rate of {capture.sample_rate_hz:g} Hz",
                f"give {limits.min_sample_rate_hz:g} to {limits.max_sample_rate_hz:g} Hz",
            )
        link = self._link
        with link.operation("configure"):
            link.write("STOP")
            link.write(
                f"SENS:ROSC:SOUR {'EXT' if capture.clock_reference == 'external' else 'INT'}"
            )
            for channel in range(1, limits.channels + 1):
                link.write(f"CHAN{channel}:STAT {'ON' if channel in capture.channels else 'OFF'}")
            for channel in capture.channels:
                # DC is 50 ohm, DCLimit would be 1 Mohm.
                link.write(f"CHAN{channel}:COUP DC")
                link.write(f"CHAN{channel}:BAND FULL")
                link.write(f"CHAN{channel}:RANG {2.0 * capture.full_scale_v!r}")
                link.write(f"CHAN{channel}:OFFS 0")
                link.write(f"CHAN{channel}:POS 0")
            self._configure_trigger(capture, limits.channels)
            self._configure_time(capture, limits.max_sample_rate_hz)
            link.wait_complete("settle", _SETTLE_S)
        self._setup = self._read_setup(capture, limits)
        self._capture, self._captured, self._armed = capture, False, False
        return self._setup

    def arm(self) -> None:
        """Begin a series of acquisitions; returns when the first one waits for its trigger.

        Raises
        ------
        DeviceTimeoutError
            It does not come to wait.
        """
        self._configured()
        link = self._link
        self._captured, self._armed = False, False
        with link.operation("arm"):
            link.write("RUNS")
            wait_until(self._waits_or_is_done, _ARM_S, self._not_armed)
        self._armed = True

    def wait_captured(self, deadline_s: float) -> None:
        """Wait until all segments are recorded (``*OPC`` of the series).

        Raises
        ------
        DeviceTimeoutError
            No trigger came, or not enough; the acquisition is stopped.
        """
        _, setup = self._configured()
        if not self._armed:
            raise DeviceStateError("nothing is being recorded", "arm the digitizer first")
        link = self._link
        with link.operation("wait for the record"):
            try:
                link.wait_complete("record", deadline_s)
            except DeviceTimeoutError as error:
                link.write("STOP")
                come = link.query_whole("ACQ:AVA?")
                raise DeviceTimeoutError(
                    f"{come} of {setup.segments} triggers came within {deadline_s:g} s",
                    "see cable, level and slope of the trigger",
                ) from error
            come = link.query_whole("ACQ:AVA?")
        self._armed = False
        if come != setup.segments:
            raise DeviceTimeoutError(
                f"{come} of {setup.segments} segments were recorded",
                "take fewer or shorter segments, which fit the memory",
            )
        self._captured = True

    def fetch(self, channel: int, segment: int = 0, progress: Progress | None = None) -> Record:
        """Read a record, in pieces that end in the answer's own memory.

        Raises
        ------
        DeviceStateError
            Nothing was recorded, or not there.
        AnswerError
            The answer is not as long as the header says.
        """
        capture, setup = self._configured()
        if (
            not self._captured
            or channel not in capture.channels
            or segment not in range(setup.segments)
        ):
            raise DeviceStateError(
                f"no record of channel {channel}, segment {segment}",
                "record first, and ask for what was recorded",
            )
        link = self._link
        with link.operation(f"fetch channel {channel}, segment {segment}"):
            if setup.segments > 1:
                # The newest one is 0, those before it are negative.
                link.write(f"CHAN{channel}:WAV1:HIST:STAT ON")
                link.write(f"CHAN{channel}:WAV1:HIST:CURR {segment + 1 - setup.segments}")
                link.wait_complete("show the segment", _SETTLE_S)
            first_s, samples = self._header(f"CHAN{channel}:WAV1:DATA:HEAD?")
            volts = np.empty(samples, np.float32)
            for first in range(0, samples, _SAMPLES_PER_READ):
                part = volts[first : first + _SAMPLES_PER_READ]
                question = f"CHAN{channel}:WAV1:DATA:VAL? {first},{part.size}"
                data = link.query_block(question)
                if len(data) != part.nbytes:
                    raise AnswerError(question, f"{len(data)} bytes", f"{part.nbytes} bytes")
                part[:] = np.frombuffer(data, "<f4")
                if progress is not None:
                    progress(4 * (first + part.size), 4 * samples)
        clipped: NDArray[np.bool_] | None = np.abs(volts) >= np.float32(setup.full_scale_v)
        return Record(
            codes=volts,
            volts_per_code=1.0,
            offset_v=0.0,
            first_sample_s=first_s,
            interval_s=1.0 / setup.sample_rate_hz,
            clipped=clipped if np.any(clipped) else None,
        )

    def read_back(self) -> dict[str, Any]:
        """Tell rate, record, inputs, trigger, reference and times of segments as it says."""
        link = self._link
        channels = () if self._capture is None else self._capture.channels
        with link.operation("read back"):
            answers: dict[str, Any] = {
                "sample_rate_hz": link.query_number("ACQ:SRR?"),
                "record_samples": link.query_whole("ACQ:POIN:VAL?"),
                "acquisitions": link.query_whole("ACQ:AVA?"),
                "segmentation": link.query("ACQ:SEGM:STAT?") == "1",
                "reference": link.query("SENS:ROSC:SOUR?"),
                "trigger_source": link.query("TRIG1:SOUR:SEL?"),
                "trigger_mode": link.query("TRIG1:MODE?"),
                "range_v": {str(one): link.query_number(f"CHAN{one}:RANG?") for one in channels},
            }
            if self._captured and self._setup is not None and self._setup.segments > 1:
                answers["segment_times_s"] = self._segment_times_s(
                    channels[0], self._setup.segments
                )
        answers["identity"] = asdict(self._identity)
        answers["model"] = self._model
        answers["options"] = sorted(self._options)
        return answers

    def ensure_stopped(self) -> None:
        """Stop the acquisition."""
        self._armed = False
        self._link.send_all(["STOP"])

    def _inputs(self) -> tuple[int, float]:
        """Give the number of channels and the bandwidth."""
        if self._model is None:
            with self._link.operation("ask for the model"):
                self._model = self._link.query("DIAG:SERV:WFAM?").strip("\"' ")
        found = _MODEL.fullmatch(self._model)
        if found is None:
            raise DriverError(f"the model is {self._model!r}", "add it to the models of its driver")
        gigahertz, channels = (found[1], found[2]) if found[1] is not None else (found[3], found[4])
        return int(channels), float(gigahertz) * 1e9 or _LOWEST_BANDWIDTH_HZ

    def _waits_or_is_done(self) -> bool:
        condition = self._link.query_whole("STAT:OPER:COND?")
        return bool(condition & _WAITS_FOR_TRIGGER or not condition & _MEASURES)

    def _not_armed(self) -> DeviceTimeoutError:
        self._link.write("STOP")
        return DeviceTimeoutError(
            f"the {self._identity.model} does not wait for a trigger", "see what its screen says"
        )

    def _configure_trigger(self, capture: CaptureSettings, inputs: int) -> None:
        link = self._link
        channel = trigger_channel(capture, inputs)
        if channel is None:
            link.write("TRIG1:SOUR:SEL EXT")
            # The external input has an edge trigger of its own.
            link.write("TRIG1:TYPE ANED")
            link.write("TRIG1:ANED:COUP DC")
            link.write("TRIG1:ANED:SLOP POS")
            level = _EXTERNAL_LEVEL
        else:
            level = channel
            link.write(f"CHAN{level}:STAT ON")
            link.write(f"TRIG1:SOUR:SEL CHAN{level}")
            link.write("TRIG1:TYPE EDGE")
            link.write("TRIG1:EDGE:SLOP POS")
        link.write(f"TRIG1:LEV{level}:VAL {capture.trigger_level_v!r}")
        link.write("TRIG1:MODE NORM")
        link.write("TRIG1:OFFS:LIM OFF")

    def _configure_time(self, capture: CaptureSettings, adc_rate_hz: float) -> None:
        link = self._link
        # Rates are those of the ADC, divided.
        rate_hz = adc_rate_hz / max(1, math.floor(adc_rate_hz / capture.sample_rate_hz + 1e-9))
        # A sample more at each end, since the grid does not begin at the trigger.
        range_s = capture.pre_trigger_s + capture.duration_s + 2.0 / rate_hz
        range_s = max(range_s, _MIN_RECORD_SAMPLES / rate_hz)
        start_s = -capture.pre_trigger_s - 1.0 / rate_hz
        link.write("ACQ:POIN:AUTO RES")
        link.write(f"ACQ:SRR {rate_hz!r}")
        link.write(f"TIM:RANG {range_s!r}")
        link.write("TIM:REF 50")
        link.write(f"TIM:HOR:POS {start_s + range_s / 2.0!r}")
        link.write(f"ACQ:SEGM:STAT {'ON' if capture.segments > 1 else 'OFF'}")
        link.write("ACQ:SEGM:MAX OFF")
        link.write("ACQ:SEGM:AUT OFF")
        link.write(f"ACQ:COUN {capture.segments}")

    def _read_setup(self, capture: CaptureSettings, limits: DigitizerLimits) -> CaptureSetup:
        link = self._link
        with link.operation("read settings back"):
            rate_hz = link.query_number("ACQ:SRR?")
            samples = link.query_whole("ACQ:POIN:VAL?")
            segments = link.query_whole("ACQ:COUN?")
            ranges_v = [link.query_number(f"CHAN{one}:RANG?") for one in capture.channels]
            reference = link.query("SENS:ROSC:SOUR?")
        wanted_s = capture.pre_trigger_s + capture.duration_s
        if rate_hz < capture.sample_rate_hz * (1.0 - 1e-9) or samples < wanted_s * rate_hz:
            raise DeviceSettingsError(
                f"{wanted_s:g} s at {capture.sample_rate_hz:g} Hz became {samples} samples at "
                f"{rate_hz:g} Hz",
                f"record at most {limits.max_record_samples} samples",
            )
        if segments != capture.segments or segments * samples > limits.max_record_samples:
            raise DeviceSettingsError(
                f"{capture.segments} segments of {samples} samples",
                f"take no more than {limits.max_record_samples // samples}",
            )
        if min(ranges_v) < 2.0 * capture.full_scale_v * (1.0 - 1e-6):
            raise DeviceSettingsError(
                f"an input range of {capture.full_scale_v:g} V became {min(ranges_v) / 2.0:g} V",
                "choose one that the instrument has",
            )
        if reference[:3].upper() != capture.clock_reference[:3].upper():
            raise DeviceSettingsError(
                f"the reference is {reference} and not {capture.clock_reference}",
                "connect 10 MHz to REF IN, or take the internal reference",
            )
        return CaptureSetup(rate_hz, samples, segments, min(ranges_v) / 2.0)

    def _configured(self) -> tuple[CaptureSettings, CaptureSetup]:
        if self._capture is None or self._setup is None:
            raise DeviceStateError("the digitizer is not configured", "call configure first")
        return self._capture, self._setup

    def _header(self, question: str) -> tuple[float, int]:
        """Give time of the first sample after the trigger, and number of samples."""
        first_s, _, samples, each = self._link.query_number_list(question, 4)
        if each != 1.0 or samples < 1.0:
            told = f"{samples:g} samples of {each:g} values"
            raise AnswerError(question, told, "one value for each sample")
        return first_s, int(samples)

    def _segment_times_s(self, channel: int, segments: int) -> list[float]:
        """Ask when the segments were triggered, against the last one."""
        times_s = []
        for index in range(1 - segments, 1):
            self._link.write(f"CHAN{channel}:WAV1:HIST:CURR {index}")
            times_s.append(self._link.query_number(f"CHAN{channel}:WAV1:HIST:TSR?"))
        return times_s
