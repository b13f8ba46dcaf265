"""What the oscilloscopes of Keysight have in common: preambles, and waiting for a state."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.errors import DeviceSettingsError, DeviceTimeoutError
from drivers.visa.errors import AnswerError
from drivers.visa.instrument import CaptureSettings

_POLL_S = (0.001, 0.05)


@dataclass(frozen=True, slots=True)
class Preamble:
    """The first ten fields of ``:WAVeform:PREamble?``, which all series have.

    Parameters
    ----------
    form : int
        Format, numbered otherwise in every family.
    points : int
        Of the record.
    interval_s, first_sample_s : float
        XINCrement and XORigin, less XREFerence intervals.
    volts_per_code, volts_of_reference : float
        YINCrement and YORigin.
    reference_code : int
        YREFerence.
    further : tuple of str
        Fields behind those.
    """

    form: int
    points: int
    interval_s: float
    first_sample_s: float
    volts_per_code: float
    volts_of_reference: float
    reference_code: int
    further: tuple[str, ...] = ()

    @classmethod
    def parse(cls, fields: list[str], command: str = ":WAV:PRE?") -> Preamble:
        """Read the fields of an answer.

        Raises
        ------
        AnswerError
            There are too few, or one is no number.
        """
        try:
            numbers = [float(field) for field in fields[:10]]
            form, _, points, _, interval_s, origin_s, place, step_v, origin_v, code = numbers
        except ValueError as error:
            wanted = "ten numbers: format, type, points, count, x and y scaling"
            raise AnswerError(command, repr(",".join(fields))[:200], wanted) from error
        return cls(
            int(form), int(points), interval_s, origin_s - place * interval_s, step_v, origin_v,
            round(code), tuple(fields[10:]),
        )  # fmt: skip


def trigger_channel(capture: CaptureSettings, channels: int) -> int | None:
    """Give the channel that triggers; None for the external input.

    Raises
    ------
    DeviceSettingsError
        There is no such input.
    """
    if capture.trigger_input == "external":
        return None
    kind, _, number = capture.trigger_input.partition(" ")
    if kind != "channel" or not number.isdecimal() or not 1 <= int(number) <= channels:
        raise DeviceSettingsError(
            f"trigger_input = {capture.trigger_input!r}",
            f'use "external", or "channel N" with N of 1 to {channels}',
        )
    return int(number)


def require_channels(capture: CaptureSettings, channels: int, model: str) -> None:
    """Refuse inputs that are not there, or none, and times and numbers that make no record."""
    wanted = capture.channels
    if (
        not wanted
        or len(set(wanted)) != len(wanted)
        or not set(wanted) <= set(range(1, channels + 1))
    ):
        raise DeviceSettingsError(
            f"channels {wanted} of the {model}", f"give some of 1 to {channels}, each once"
        )
    if capture.segments < 1 or not capture.duration_s > 0.0 or capture.pre_trigger_s < 0.0:
        raise DeviceSettingsError(
            f"{capture.segments} records of {capture.duration_s} s and {capture.pre_trigger_s} s "
            "before the trigger",
            "record something, at least once",
        )


def wait_until(
    reached: Callable[[], bool], deadline_s: float, late: Callable[[], DeviceTimeoutError]
) -> None:
    """Ask until something is so, less and less often.

    Raises
    ------
    DeviceTimeoutError
        Of ``late``, if it is not within the deadline.
    """
    end_s = time.monotonic() + deadline_s
    pause_s, longest_s = _POLL_S
    while not reached():
        if time.monotonic() >= end_s:
            raise late()
        threading.Event().wait(pause_s)
        pause_s = min(2.0 * pause_s, longest_s)
