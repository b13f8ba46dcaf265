"""Commands and answers that are text: lines of ASCII, and what is read out of them."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence

from drivers.errors import DeviceSettingsError, DeviceTimeoutError
from drivers.visa.errors import AnswerError, InstrumentMessage
from drivers.visa.link.transports.transport import Transport

LARGEST_TEXT = 16 << 20
"""Bytes of an answer that is text; none is meant to be as long."""

_PIECE = 1 << 16

# A string in quotes with commas in it is one field; a quote inside is doubled (IEEE 488.2, 8.7.8).
_FIELD = re.compile(r'\s*("(?:[^"]|"")*"|[^,]*?)\s*,')

# Tektronix's oscilloscopes give events when *ESR? was asked, whose answer then stands before them.
_ERROR = re.compile(r'\s*(?:\d+;)?([+-]?\d+)\s*,\s*"?(.*?)"?\s*', re.DOTALL)


def as_ascii(text: str) -> bytes:
    """Give a part of a command as bytes.

    Raises
    ------
    DeviceSettingsError
        It is not ASCII, or would end the command.
    """
    if not text.isascii() or "\n" in text or "\r" in text:
        raise DeviceSettingsError(
            f"{text!r} cannot be sent to an instrument", "use ASCII on one line"
        )
    return text.encode("ascii")


def as_message(command: str) -> memoryview:
    """Give a command with its end.

    Raises
    ------
    DeviceSettingsError
        As for :func:`as_ascii`.
    """
    return memoryview(as_ascii(command) + b"\n")


def receive_line(
    command: str, transport: Transport, end_s: float, most: int = LARGEST_TEXT
) -> bytearray:
    """Receive an answer to its end.

    Parameters
    ----------
    command : str
        The question, for errors.
    transport : Transport
        After it was sent.
    end_s : float
        When it has to be there, on the monotonic clock.
    most : int
        Bytes that it may have.

    Raises
    ------
    AnswerError
        It is too long to be text.
    DeviceTimeoutError, LinkLostError
        It did not come.
    """
    answer = bytearray()
    ended = False
    while not ended:
        left_s = end_s - time.monotonic()
        if left_s <= 0.0:
            raise DeviceTimeoutError(
                f"the answer to {command} came in part", "see that the network is in order"
            )
        data, ended = transport.read(_PIECE, left_s)
        answer += data
        if not transport.ends_messages:
            ended = answer.endswith(b"\n")
        if len(answer) > most:
            raise AnswerError(command, shown(answer), "a line of text")
    return answer


def as_text(command: str, answer: bytes | bytearray) -> str:
    """Give an answer without its end.

    Raises
    ------
    AnswerError
        It holds bytes that are no text.
    """
    text = bytes(answer).rstrip(b"\r\n")
    if not all(32 <= byte < 127 or byte in b"\t\r\n" for byte in text):
        raise AnswerError(command, shown(text), "printable ASCII")
    return text.decode("ascii").strip()


def as_number(command: str, answer: str) -> float:
    """Give an answer that is a number.

    Raises
    ------
    AnswerError
        It is none, or it is not finite (9.91E37 is SCPI's "not a number", 9.9E37 its infinity).
    """
    try:
        number = float(answer)
    except ValueError as error:
        raise AnswerError(command, repr(answer), "a number") from error
    if not math.isfinite(number) or abs(number) >= 9.9e37:
        raise AnswerError(command, repr(answer), "a finite number")
    return number


def as_whole(command: str, answer: str) -> int:
    """Give an answer that is a whole number, be it written as 1000 or as 1.0E+3.

    Raises
    ------
    AnswerError
        It is none.
    """
    try:
        return int(answer)
    except ValueError:
        number = as_number(command, answer)
    if number != round(number):
        raise AnswerError(command, repr(answer), "a whole number")
    return round(number)


def as_numbers(command: str, fields: Sequence[str], count: int) -> list[float]:
    """Give fields of an answer that are so many numbers.

    Raises
    ------
    AnswerError
        They are more or fewer, or one is none.
    """
    _require_count(command, fields, count)
    return [as_number(command, field) for field in fields]


def as_wholes(command: str, fields: Sequence[str], count: int) -> list[int]:
    """Give fields of an answer that are so many whole numbers.

    Raises
    ------
    AnswerError
        They are more or fewer, or one is none.
    """
    _require_count(command, fields, count)
    return [as_whole(command, field) for field in fields]


def _require_count(command: str, fields: Sequence[str], count: int) -> None:
    if len(fields) != count:
        told = ",".join(fields[:4])
        raise AnswerError(command, f"{told[:80]!r} ({len(fields)} fields)", f"{count} numbers")


def as_list(answer: str) -> list[str]:
    """Give the fields of an answer, which commas part; quotes around a field are taken off."""
    if not answer.strip():
        return []
    return [_unquoted(field) for field in _FIELD.findall(answer + ",")]


def as_error_message(command: str, answer: str) -> InstrumentMessage:
    """Give an entry of the error queue, ``-113,"Undefined header"``.

    Raises
    ------
    AnswerError
        It is none.
    """
    match = _ERROR.fullmatch(answer)
    if match is None:
        raise AnswerError(command, repr(answer), 'such as 0,"No error"')
    return InstrumentMessage(int(match[1]), match[2])


def shown(data: bytes | bytearray) -> str:
    """Give the beginning of an answer, for an error."""
    start = repr(bytes(data[:40]))
    return start if len(data) <= 40 else f"{start}... ({len(data)} bytes)"


def _unquoted(field: str) -> str:
    quoted = len(field) > 1 and field[0] == field[-1] == '"'
    return field[1:-1].replace('""', '"') if quoted else field
