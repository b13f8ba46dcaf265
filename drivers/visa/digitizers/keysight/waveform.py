"""What the oscilloscopes of Keysight have in common: preambles, triggers that are waited for."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import DeviceTimeoutError, DriverError
from drivers.visa.link import Link
from drivers.visa.link.text import as_numbers
from drivers.visa.waiting import wait_until

_ARM_DEADLINE_S = 10.0


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
        # Format, type, points, count, x and y scaling.
        numbers = as_numbers(command, fields[:10], 10)
        form, _, points, _, interval_s, origin_s, place, step_v, origin_v, code = numbers
        return cls(
            int(form), int(points), interval_s, origin_s - place * interval_s, step_v, origin_v,
            round(code), tuple(fields[10:]),
        )  # fmt: skip


def begin_single(link: Link, model: str) -> None:
    """Begin one acquisition, and return when it waits for its trigger."""
    link.write(":SING")
    wait_until(
        lambda: link.query_whole(":AER?") == 1,
        _ARM_DEADLINE_S,
        lambda: late(model, "wait for a trigger", _ARM_DEADLINE_S),
    )


def late(model: str, what: str, deadline_s: float) -> DeviceTimeoutError:
    """Give the error of an acquisition that did not come about."""
    return DeviceTimeoutError(
        f"the {model} did not {what} within {deadline_s:g} s",
        "see that the marker reaches the trigger input and crosses its level",
    )


def given_up(link: Link, model: str, segments: int, deadline_s: float) -> DeviceTimeoutError:
    """Stop the acquisition, and give its error."""
    link.write(":STOP")
    return late(model, f"record {segments} triggers", deadline_s)


def require_all_segments(link: Link, model: str, segments: int) -> None:
    """Raise :class:`DriverError` unless the instrument holds as many segments."""
    if segments > 1:
        taken = link.query_whole(":WAV:SEGM:COUN?")
        if taken < segments:
            raise DriverError(
                f"the {model} holds {taken} of {segments} segments",
                "see that nobody stopped it at its front panel",
            )
