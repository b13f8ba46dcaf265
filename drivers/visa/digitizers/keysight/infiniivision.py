"""Oscilloscopes Keysight InfiniiVision 1000, 2000, 3000, 4000 and 6000 X-Series.

Source of commands: `InfiniiVision 3000T X-Series Programmer's Guide`; the other series' are alike.
``:SINGle`` is used and not ``:DIGitize``, which answers nothing until it has triggered: one could
neither see that it is armed nor give up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
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

_ARM_DEADLINE_S = 10.0
_RUNS = 1 << 3
_WORD = 1
# Of the 256 codes of the screen one is a hole, and those at either end are clipped.
_USABLE_CODES = 126 / 128
# Samples that the window is longer than asked for at either end: it is rounded to the screen.
_MARGIN = 1.02
_HOLE, _CLIPPED_LOW, _CLIPPED_HIGH = 0, 1, 255
_UNSIGNED_TO_SIGNED = 1 << 15


@dataclass(frozen=True, slots=True)
class _Series:
    """What no command tells, by the data sheets: of one channel of each pair, with full memory.

    ``bandwidth_unit_hz`` is what the second and third digit of the model count.
    """

    rate_hz: float
    memory: int
    segments: int
    max_input_v: float
    fifty_ohm: bool
    reference: bool
    bandwidth_unit_hz: float = 1e8


_SERIES = {
    "1": _Series(2e9, 1_000_000, 50, 30.0, False, False, 1e7),
    "2": _Series(2e9, 1_000_000, 250, 30.0, False, False),
    "3": _Series(5e9, 4_000_000, 1000, 5.0, True, False),
    "4": _Series(5e9, 4_000_000, 1000, 5.0, True, True),
    "6": _Series(20e9, 4_000_000, 1000, 5.0, True, True),
}
# 6000 X-Series models have the bandwidth of their licence: this without one, and that at most.
_LEAST_BANDWIDTH_HZ, _LICENSED_BANDWIDTH_HZ = 1e9, 6e9
_MODEL = re.compile(r"(?:DSO|MSO|EDU)-?X ?(\d)(\d\d)(\d)\w*", re.IGNORECASE)


class KeysightInfiniiVision:
    """An InfiniiVision X-Series, as a :class:`drivers.visa.instrument.Digitizer`.

    Its rate cannot be set: it is the fastest one with which the record fits into memory.
    :meth:`rate_for` tells it; settings that ask for a higher one are refused.

    Parameters
    ----------
    link : Link
        To the instrument.
    identity : Identity
        Its answer to ``*IDN?``.
    options : frozenset of str
        Its answer to ``*OPT?``.
    """

    def __init__(self, link: Link, identity: Identity, options: frozenset[str]) -> None:
        self._link, self._identity, self._options = link, identity, options
        found = _MODEL.fullmatch(identity.model)
        if found is None or found.group(1) not in _SERIES:
            raise DeviceSettingsError(
                f"{identity.model} is no InfiniiVision that is known",
                f"use one of the series {', '.join(f'{number}000 X' for number in _SERIES)}",
            )
        self._series = _SERIES[found.group(1)]
        named_hz = int(found.group(2)) * self._series.bandwidth_unit_hz
        self._bandwidth_hz = named_hz or _LEAST_BANDWIDTH_HZ
        self._widest_hz = named_hz or _LICENSED_BANDWIDTH_HZ
        self._channels = int(found.group(3))
        self._capture: CaptureSettings | None = None

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self._identity

    def limits(self, channels: Sequence[int]) -> DigitizerLimits:
        """Tell what it can record; rates and memory are of the data sheet, halved by a pair.

        Channels 1 and 2, and 3 and 4, share an ADC and its memory.
        """
        pairs = [(channel - 1) // 2 for channel in channels]
        share = 2 if len(set(pairs)) < len(pairs) else 1
        return DigitizerLimits(
            channels=self._channels,
            min_sample_rate_hz=1.0,
            max_sample_rate_hz=self._series.rate_hz / share,
            max_record_samples=self._series.memory // share,
            max_segments=self._series.segments,
            adc_bits=8,
            bandwidth_hz=self._bandwidth_hz,
            max_input_v=self._series.max_input_v,
            widest_hz=self._widest_hz,
        )

    def ensure_ready(self) -> None:
        """Stop, clear errors, and go back to the default settings."""
        self._capture = None
        with self._link.operation("get ready"):
            self._link.write(":STOP")
            self._link.write("*RST")
            self._link.write("*CLS")
            self._link.wait_complete("reset", _ARM_DEADLINE_S)
            self._link.write(":STOP")
            self._link.write(":WAV:FORM WORD")
            self._link.write(":WAV:BYT LSBF")
            self._link.write(":WAV:UNS 1")
            self._link.write(":WAV:POIN:MODE RAW")

    def rate_for(self, capture: CaptureSettings) -> float:
        """Set channels, segments and time, and ask for the rate that it takes with them.

        Raises
        ------
        DeviceSettingsError
            It has no such channels, or no record as long.
        """
        require_recordable(capture, self._channels, self._series.segments, self._identity.model)
        self._capture = None
        with self._link.operation("ask for a rate"):
            self._switch(self._in_use(capture))
            self._set_segments(capture.segments)
            self._set_time(capture)
            return self._link.query_number(":ACQ:SRAT?")

    def configure(self, capture: CaptureSettings) -> CaptureSetup:
        """Set inputs, time, trigger, segments and reference, and read back what became of them.

        Raises
        ------
        DeviceSettingsError
            It cannot have them.
        """
        require_recordable(capture, self._channels, self._series.segments, self._identity.model)
        self._capture = None
        with self._link.operation("configure"):
            full_scale_v = self._set_inputs(capture)
            self._set_trigger(capture)
            self._set_reference(capture)
            self._set_segments(capture.segments)
            self._set_time(capture)
            rate_hz = self._link.query_number(":ACQ:SRAT?")
            duration_s = self._link.query_number(":TIM:RANG?")
        if rate_hz < capture.sample_rate_hz * (1.0 - 1e-6):
            raise DeviceSettingsError(
                f"the {self._identity.model} samples at {rate_hz:.6g} Hz for records of "
                f"{duration_s:.6g} s, and {capture.sample_rate_hz:.6g} Hz were asked for",
                "record shorter parts, fewer segments, or not both channels of a pair",
            )
        self._capture = capture
        return CaptureSetup(
            sample_rate_hz=rate_hz,
            record_samples=math.floor(rate_hz * duration_s),
            segments=capture.segments,
            full_scale_v=full_scale_v,
        )

    def _in_use(self, capture: CaptureSettings) -> set[int]:
        triggering = trigger_channel(capture, self._channels)
        return set(capture.channels) | ({triggering} if triggering is not None else set())

    def _switch(self, on: set[int]) -> None:
        for channel in range(1, self._channels + 1):
            self._link.write(f":CHAN{channel}:DISP {int(channel in on)}")

    def _set_inputs(self, capture: CaptureSettings) -> float:
        """Switch channels, and give what all of them bear without clipping."""
        wanted, on = set(capture.channels), self._in_use(capture)
        self._switch(on)
        ranges = []
        for channel in sorted(on):
            header = f":CHAN{channel}"
            self._link.write(f"{header}:PROB 1")
            if self._series.fifty_ohm:
                self._link.write(f"{header}:IMP FIFT")
            self._link.write(f"{header}:COUP DC")
            self._link.write(f"{header}:BWL 0")
            self._link.write(f"{header}:INV 0")
            largest_v = capture.full_scale_v
            if channel not in wanted:
                largest_v = 2.0 * abs(capture.trigger_level_v)
            self._link.write(f"{header}:RANG {2.0 * largest_v / _USABLE_CODES:.6G}")
            self._link.write(f"{header}:OFFS 0")
            if channel in wanted:
                ranges.append(self._link.query_number(f"{header}:RANG?"))
        full_scale_v = 0.5 * min(ranges) * _USABLE_CODES
        if full_scale_v < capture.full_scale_v * (1.0 - 1e-4):
            raise DeviceSettingsError(
                f"the {self._identity.model} clips at {full_scale_v:.4g} V where "
                f"{capture.full_scale_v:.4g} V must fit",
                "attenuate the signal",
            )
        return full_scale_v

    def _set_trigger(self, capture: CaptureSettings) -> None:
        channel = trigger_channel(capture, self._channels)
        self._link.write(":TRIG:MODE EDGE")
        # An automatic sweep would record silence if the trigger is late.
        self._link.write(":TRIG:SWE NORM")
        self._link.write(f":TRIG:EDGE:SOUR {'EXT' if channel is None else f'CHAN{channel}'}")
        if channel is None:
            self._link.write(":EXT:PROB 1")
        self._link.write(":TRIG:EDGE:COUP DC")
        self._link.write(":TRIG:EDGE:SLOP POS")
        self._link.write(f":TRIG:EDGE:LEV {capture.trigger_level_v:.6G}")

    def _set_reference(self, capture: CaptureSettings) -> None:
        if capture.clock_reference == "external" and not self._series.reference:
            raise DeviceSettingsError(
                f"the {self._identity.model} has no input for a reference clock",
                "use the internal reference, and expect the clocks to differ by some 1e-6",
            )
        if self._series.reference:
            wanted = "IN" if capture.clock_reference == "external" else "OFF"
            self._link.write(f":ACQ:RSIG {wanted}")

    def _set_segments(self, segments: int) -> None:
        self._link.write(":ACQ:TYPE NORM")
        if segments == 1:
            self._link.write(":ACQ:MODE RTIM")
        else:
            self._link.write(":ACQ:MODE SEGM")
            self._link.write(f":ACQ:SEGM:COUN {segments}")

    def _set_time(self, capture: CaptureSettings) -> None:
        duration_s = _MARGIN * (capture.pre_trigger_s + capture.duration_s)
        self._link.write(":TIM:MODE MAIN")
        self._link.write(":TIM:REF CENT")
        self._link.write(f":TIM:RANG {duration_s:.9G}")
        got_s = self._link.query_number(":TIM:RANG?")
        if got_s < duration_s * (1.0 - 1e-3):
            raise DeviceSettingsError(
                f"a record of {duration_s:.4g} s of the {self._identity.model}",
                f"record at most {got_s:.4g} s",
            )
        # The middle of the screen; the trigger stands half the margin behind what is asked for.
        early_s = capture.pre_trigger_s * _MARGIN + 0.5 * (got_s - duration_s)
        self._link.write(f":TIM:POS {0.5 * got_s - early_s:.9G}")

    def arm(self) -> None:
        """Begin one acquisition, and return when it waits for its trigger."""
        self._configured()
        with self._link.operation("arm"):
            self._link.write(":STOP")
            self._link.query(":AER?")
            begin_single(self._link, self._identity.model)

    def wait_captured(self, deadline_s: float) -> None:
        """Wait until all segments are recorded; stop the acquisition if they are not in time."""
        capture = self._configured()
        with self._link.operation("wait for the records"):
            wait_until(
                lambda: not self._link.query_whole(":OPER:COND?") & _RUNS,
                deadline_s,
                lambda: given_up(self._link, self._identity.model, capture.segments, deadline_s),
            )
            require_all_segments(self._link, self._identity.model, capture.segments)

    def fetch(self, channel: int, segment: int = 0, progress: Progress | None = None) -> Record:
        """Read a record out, scaled by its own preamble.

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
            self._link.write(":WAV:POIN MAX")
            preamble = Preamble.parse(self._link.query_list(":WAV:PRE?"))
            block = self._link.query_block(":WAV:DATA?", progress=progress)
        words: NDArray[np.uint16] = np.frombuffer(block, "<u2").astype(np.uint16, copy=False)
        if preamble.form != _WORD or words.size != preamble.points:
            raise DriverError(
                f"a record of {words.size} words has the preamble of {preamble.points} points in "
                f"format {preamble.form}",
                "see that nobody else sets the instrument",
            )
        clipped = self._examine(words)
        # Their words are 0 to 65535 and ours signed: less 32768, which the offset knows.
        words ^= np.uint16(_UNSIGNED_TO_SIGNED)
        middle = _UNSIGNED_TO_SIGNED - preamble.reference_code
        return Record(
            codes=words.view(np.int16),
            volts_per_code=preamble.volts_per_code,
            offset_v=preamble.volts_of_reference + middle * preamble.volts_per_code,
            first_sample_s=preamble.first_sample_s,
            interval_s=preamble.interval_s,
            clipped=clipped,
        )

    def _examine(self, words: NDArray[np.uint16]) -> NDArray[np.bool_] | None:
        """Refuse holes, and find what was clipped: words 1 and 65535, or their high bytes."""
        holes = int(np.count_nonzero(words == _HOLE))
        if holes:
            raise DriverError(
                f"a record of the {self._identity.model} has {holes} samples that were not taken",
                "use real-time sampling, and a record that was not broken off",
            )
        high = words >> 8
        clipped: NDArray[np.bool_] = (high <= _CLIPPED_LOW) | (high == _CLIPPED_HIGH)
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
                    "impedance": query(f":CHAN{channel}:IMP?"),
                    "coupling": query(f":CHAN{channel}:COUP?"),
                }
                for channel in (self._capture.channels if self._capture is not None else ())
            ]
            return {
                "identity": str(self._identity),
                "firmware": self._identity.firmware,
                "options": sorted(self._options),
                "sample_rate_hz": number(":ACQ:SRAT?"),
                "time_range_s": number(":TIM:RANG?"),
                "acquisition": f"{query(':ACQ:TYPE?')} {query(':ACQ:MODE?')}",
                "reference": query(":ACQ:RSIG?") if self._series.reference else "internal",
                "trigger": query(":TRIG:EDGE:SOUR?"),
                "trigger_level_v": number(":TRIG:EDGE:LEV?"),
                "channels": channels,
            }

    def ensure_stopped(self) -> None:
        """Stop the acquisition; never raises."""
        self._link.send_all([":STOP"])

    def _configured(self) -> CaptureSettings:
        return configured(self._capture)
