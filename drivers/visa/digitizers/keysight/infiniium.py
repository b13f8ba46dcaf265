"""Oscilloscopes Keysight Infiniium: 9000, 90000, S, V, Z, EXR, MXR and UXR series.

Source of commands: `Infiniium Oscilloscopes Programmer's Guide`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import (
    DeviceSettingsError,
    DriverError,
)
from drivers.visa.digitizers.checks import (
    configured,
    require_recordable,
    require_recorded,
    trigger_channel,
)
from drivers.visa.digitizers.keysight.waveform import (
    Preamble,
    begin_single,
    given_up,
    require_all_segments,
)
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
from drivers.visa.link.text import as_numbers
from drivers.visa.waiting import wait_until

_ARM_DEADLINE_S = 10.0
_WORD = 2
_HOLE = 31232
_POINTS_PER_QUESTION = 1 << 22
# One step of the coarsest ADC at either end of the screen.
_USABLE_RANGE = 254 / 256
_TEST_LIMITS = re.compile(r"1,<numeric>([0-9.E+-]+):([0-9.E+-]+)")
_TEN_BITS = re.compile(r"(?:[DM]SOS|EXR|MXR|UXR)\w*", re.IGNORECASE)
_MAX_INPUT_V = 5.0
_MOST_SEGMENTS = 4096


class KeysightInfiniium:
    """An Infiniium, as a :class:`drivers.visa.instrument.Digitizer`.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Its answer to ``*IDN?``.
    options : frozenset of str
        Its answer to ``*OPT?``.
    """

    ERROR_QUERY = ":SYST:ERR? STR"
    """Without the word it answers with the number alone."""

    def __init__(self, link: Link, identity: Identity, options: frozenset[str]) -> None:
        self._link, self._identity, self._options = link, identity, options
        link.error_query = self.ERROR_QUERY
        self._channels = 8 if re.fullmatch(r"(?:MXR|EXR)\d\d8\w*", identity.model, re.I) else 4
        self._bits = 10 if _TEN_BITS.fullmatch(identity.model) else 8
        self._capture: CaptureSettings | None = None
        self._ranges_v: dict[int, float] = {}

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    def limits(self, channels: Sequence[int]) -> DigitizerLimits:
        """Ask for rates, memory and bandwidth (``TESTLIMITS?``), with the channels in use."""
        with self._link.operation("ask for limits"):
            self._switch(set(channels))
            slowest_hz, fastest_hz = self._test_limits(":ACQ:SRAT")
            _, points = self._test_limits(":ACQ:POIN")
            _, bandwidth_hz = self._test_limits(":ACQ:BAND")
        return DigitizerLimits(
            channels=self._channels,
            min_sample_rate_hz=slowest_hz,
            max_sample_rate_hz=fastest_hz,
            max_record_samples=int(points),
            max_segments=_MOST_SEGMENTS,
            adc_bits=self._bits,
            bandwidth_hz=bandwidth_hz,
            max_input_v=_MAX_INPUT_V,
        )

    def _switch(self, channels: set[int]) -> None:
        for channel in range(1, self._channels + 1):
            self._link.write(f":CHAN{channel}:DISP {int(channel in channels)}")

    def _test_limits(self, header: str) -> tuple[float, float]:
        answer = self._link.query(f"{header}:TESTLIMITS?")
        found = _TEST_LIMITS.fullmatch(answer)
        if found is None:
            raise AnswerError(f"{header}:TESTLIMITS?", repr(answer), "1,<numeric>LOW:HIGH")
        low, high = as_numbers(f"{header}:TESTLIMITS?", found.groups(), 2)
        return low, high

    def ensure_ready(self) -> None:
        """Stop, clear errors, and go back to the default settings."""
        self._capture = None
        with self._link.operation("get ready"):
            self._link.write(":STOP")
            self._link.write("*RST")
            self._link.write("*CLS")
            self._link.wait_complete("reset", _ARM_DEADLINE_S)
            self._link.write(":STOP")
            self._link.write(":SYST:HEAD OFF")
            self._link.write(":WAV:FORM WORD")
            self._link.write(":WAV:BYT LSBF")
            # Blocks that say how long they are.
            self._link.write(":WAV:STR OFF")
            self._link.write(":WAV:SEGM:ALL OFF")

    def configure(self, capture: CaptureSettings) -> CaptureSetup:
        """Set inputs, rate, points, trigger, segments and reference, and read them back.

        Raises
        ------
        DeviceSettingsError
            It cannot have them.
        """
        require_recordable(capture, self._channels, _MOST_SEGMENTS, self._identity.model)
        self._capture = None
        with self._link.operation("configure"):
            self._set_inputs(capture)
            self._set_trigger(capture)
            self._link.write(f":TIM:REFC {int(capture.clock_reference == 'external')}")
            if capture.segments == 1:
                self._link.write(":ACQ:MODE RTIM")
            else:
                self._link.write(":ACQ:MODE SEGM")
                self._link.write(f":ACQ:SEGM:COUN {capture.segments}")
            self._link.write(":ACQ:AVER 0")
            self._link.write(":ACQ:INT 0")
            self._link.write(":ACQ:BAND MAX")
            rate_hz, points = self._set_time(capture)
        self._capture = capture
        return CaptureSetup(
            sample_rate_hz=rate_hz,
            record_samples=points,
            segments=capture.segments,
            full_scale_v=0.5 * min(self._ranges_v.values()) * _USABLE_RANGE,
        )

    def _set_inputs(self, capture: CaptureSettings) -> None:
        triggering = trigger_channel(capture, self._channels)
        on = set(capture.channels) | ({triggering} if triggering is not None else set())
        self._switch(on)
        self._ranges_v = {}
        for channel in sorted(on):
            header = f":CHAN{channel}"
            largest_v = capture.full_scale_v
            if channel not in capture.channels:
                largest_v = 2.0 * abs(capture.trigger_level_v)
            self._link.write(f"{header}:INP DC50")
            self._link.write(f"{header}:RANG {2.0 * largest_v / _USABLE_RANGE:.6G}")
            self._link.write(f"{header}:OFFS 0")
            got_v = self._link.query_number(f"{header}:RANG?")
            if got_v * _USABLE_RANGE < 2.0 * largest_v * (1.0 - 1e-4):
                raise DeviceSettingsError(
                    f"the {self._identity.model} clips at {0.5 * got_v * _USABLE_RANGE:.4g} V "
                    f"where {largest_v:.4g} V must fit",
                    "attenuate the signal",
                )
            if channel in capture.channels:
                self._ranges_v[channel] = got_v

    def _set_trigger(self, capture: CaptureSettings) -> None:
        channel = trigger_channel(capture, self._channels)
        source = "AUX" if channel is None else f"CHAN{channel}"
        self._link.write(":TRIG:MODE EDGE")
        # An automatic sweep would record silence if the trigger is late.
        self._link.write(":TRIG:SWE TRIG")
        self._link.write(f":TRIG:EDGE:SOUR {source}")
        self._link.write(":TRIG:EDGE:SLOP POS")
        self._link.write(f":TRIG:LEV {source},{capture.trigger_level_v:.6G}")

    def _set_time(self, capture: CaptureSettings) -> tuple[float, int]:
        self._link.write(":ACQ:POIN AUTO")
        self._link.write(f":ACQ:SRAT {capture.sample_rate_hz:.12G}")
        rate_hz = self._link.query_number(":ACQ:SRAT?")
        if rate_hz < capture.sample_rate_hz * (1.0 - 1e-6):
            raise DeviceSettingsError(
                f"the {self._identity.model} samples at {rate_hz:.6g} Hz where "
                f"{capture.sample_rate_hz:.6g} Hz were asked for",
                "use one of its own rates",
            )
        duration_s = capture.pre_trigger_s + capture.duration_s
        # A sample more at either end, between which the trigger may lie anywhere.
        points = math.ceil(duration_s * rate_hz * (1.0 - 1e-12)) + 2
        self._link.write(":TIM:REF CENT")
        self._link.write(f":TIM:RANG {points / rate_hz:.12G}")
        self._link.write(f":ACQ:POIN {points}")
        got = self._link.query_whole(":ACQ:POIN?")
        if got < points:
            raise DeviceSettingsError(
                f"{capture.segments} records of {points} samples of the {self._identity.model}",
                f"record at most {got} samples each",
            )
        middle_s = 0.5 * (capture.duration_s - capture.pre_trigger_s)
        self._link.write(f":TIM:POS {middle_s:.12G}")
        return rate_hz, got

    def arm(self) -> None:
        """Begin one acquisition, and return when it waits for its trigger."""
        self._configured()
        with self._link.operation("arm"):
            self._link.write(":STOP")
            for register in (":AER?", ":ADER?", ":PDER?"):
                self._link.query(register)
            begin_single(self._link, self._identity.model)

    def wait_captured(self, deadline_s: float) -> None:
        """Wait until all segments are recorded; stop the acquisition if they are not in time."""
        capture = self._configured()
        with self._link.operation("wait for the records"):
            # Acquired is not enough: records can be read when they were processed.
            wait_until(
                lambda: self._link.query_whole(":PDER?") == 1,
                deadline_s,
                lambda: given_up(self._link, self._identity.model, capture.segments, deadline_s),
            )
            require_all_segments(self._link, self._identity.model, capture.segments)

    def fetch(self, channel: int, segment: int = 0, progress: Progress | None = None) -> Record:
        """Read a record out in parts, scaled by its own preamble.

        Raises
        ------
        DriverError
            It has holes, or another length than its preamble says.
        """
        capture = self._configured()
        require_recorded(capture, channel, segment)
        with self._link.operation("fetch a record"):
            if capture.segments > 1:
                self._link.write(f":ACQ:SEGM:IND {segment + 1}")
            self._link.write(f":WAV:SOUR CHAN{channel}")
            preamble = Preamble.parse(self._link.query_list(":WAV:PRE?"))
            if preamble.form != _WORD or preamble.reference_code != 0:
                raise DriverError(
                    f"a record in format {preamble.form} about code {preamble.reference_code}",
                    "see that nobody else sets the instrument",
                )
            codes = self._read(preamble.points, progress)
        if np.any(codes == _HOLE):
            raise DriverError(
                f"a record of the {self._identity.model} has samples that were not taken",
                "use real-time sampling, and a record that was not broken off",
            )
        return Record(
            codes=codes,
            volts_per_code=preamble.volts_per_code,
            offset_v=preamble.volts_of_reference,
            first_sample_s=preamble.first_sample_s,
            interval_s=preamble.interval_s,
            clipped=self._clipped(codes, channel, preamble),
        )

    def _read(self, points: int, progress: Progress | None) -> NDArray[np.int16]:
        codes = np.empty(points, "<i2")
        for first in range(0, points, _POINTS_PER_QUESTION):
            count = min(_POINTS_PER_QUESTION, points - first)
            block = self._link.query_block(f":WAV:DATA? {first + 1},{count}")
            if len(block) != 2 * count:
                raise DriverError(
                    f"{len(block)} bytes came for {count} samples",
                    "see that nobody else sets the instrument",
                )
            codes[first : first + count] = np.frombuffer(block, "<i2")
            if progress is not None:
                progress(2 * (first + count), 2 * points)
        return codes

    def _clipped(
        self, codes: NDArray[np.int16], channel: int, preamble: Preamble
    ) -> NDArray[np.bool_] | None:
        """Find samples within a step of the ADC of either end of the screen."""
        range_v = self._ranges_v[channel]
        limit_v = 0.5 * range_v - 1.5 * range_v / (1 << self._bits)
        top = limit_v / preamble.volts_per_code
        clipped: NDArray[np.bool_] = (codes > top) | (codes < -top)
        return clipped if clipped.any() else None

    def read_back(self) -> dict[str, Any]:
        """Ask for what it is set to."""
        query, number = self._link.query, self._link.query_number
        with self._link.operation("read settings back"):
            channels = [
                {
                    "channel": channel,
                    "range_v": number(f":CHAN{channel}:RANG?"),
                    "offset_v": number(f":CHAN{channel}:OFFS?"),
                    "input": query(f":CHAN{channel}:INP?"),
                }
                for channel in (self._capture.channels if self._capture is not None else ())
            ]
            return {
                "identity": str(self._identity),
                "firmware": self._identity.firmware,
                "options": sorted(self._options),
                "sample_rate_hz": number(":ACQ:SRAT?"),
                "record_samples": self._link.query_whole(":ACQ:POIN?"),
                "acquisition": query(":ACQ:MODE?"),
                "bandwidth_hz": number(":ACQ:BAND?"),
                "external_reference": query(":TIM:REFC?") == "1",
                "trigger": query(":TRIG:EDGE:SOUR?"),
                "channels": channels,
            }

    def ensure_stopped(self) -> None:
        """Stop the acquisition; never raises."""
        self._link.send_all([":STOP"])

    def _configured(self) -> CaptureSettings:
        return configured(self._capture)
