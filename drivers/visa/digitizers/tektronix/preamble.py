"""What a Tektronix oscilloscope says of its records: scale, interval, and where the trigger was."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.visa.errors import AnswerError
from drivers.visa.link import Link
from drivers.visa.link.text import as_number

_FRAME_XZERO = re.compile(r"(\d+)\s*:\s*([-+0-9.eE]+)")


@dataclass(frozen=True, slots=True)
class Preamble:
    """What is the same for all records of a channel in one acquisition, and the times of each.

    Parameters
    ----------
    samples : int
        ``NR_PT``.
    interval_s : float
        ``XINCR``.
    trigger_sample : float
        ``PT_OFF``: the sample behind the trigger, counted from 0.
    volts_per_code, offset_v : float
        A voltage is code times ``YMULT`` plus offset, which is ``YZERO - YMULT YOFF``.
    xzero_s : tuple of float
        From the trigger to that sample, of each record.
    """

    samples: int
    interval_s: float
    trigger_sample: float
    volts_per_code: float
    offset_v: float
    xzero_s: tuple[float, ...]

    def first_sample_s(self, segment: int) -> float:
        """Return when the first sample was taken after the trigger; negative before."""
        return self.xzero_s[segment] - self.trigger_sample * self.interval_s


def read_preamble(link: Link, channel: int, segments: int) -> Preamble:
    """Ask for the preamble of a channel (``WFMOutpre``), and for the trigger of each segment.

    Parameters
    ----------
    link : Link
        To the oscilloscope.
    channel : int
        Input.
    segments : int
        Frames of FastFrame; 1 without.

    Raises
    ------
    AnswerError
        There are not as many times as segments.
    """
    link.write(f"DATa:SOUrce CH{channel}")
    link.write("DATa:FRAMESTARt 1")
    link.write("DATa:FRAMESTOP 1")
    volts_per_code = link.query_number("WFMOutpre:YMUlt?")
    zero_code = link.query_number("WFMOutpre:YOFf?")
    return Preamble(
        samples=link.query_whole("WFMOutpre:NR_Pt?"),
        interval_s=link.query_number("WFMOutpre:XINcr?"),
        trigger_sample=link.query_number("WFMOutpre:PT_Off?"),
        volts_per_code=volts_per_code,
        offset_v=link.query_number("WFMOutpre:YZEro?") - volts_per_code * zero_code,
        xzero_s=_frame_times(link, segments)
        if segments > 1
        else (link.query_number("WFMOutpre:XZEro?"),),
    )


def _frame_times(link: Link, segments: int) -> tuple[float, ...]:
    """Read XZERO of every frame: ``"1: 1.3E-11","2: 4.5E-12"``."""
    question = "HORizontal:FASTframe:XZEro:ALL?"
    told = _FRAME_XZERO.findall(link.query(question))
    found = {int(frame): as_number(question, time) for frame, time in told}
    if sorted(found) != list(range(1, segments + 1)):
        wanted = f"one time for each of {segments} frames"
        raise AnswerError(question, f"times of {len(found)} frames", wanted)
    return tuple(found[frame] for frame in range(1, segments + 1))
