"""From the bytes of an answer to what was asked for."""

from __future__ import annotations

import math
import re

from drivers.visa.errors import AnswerError, InstrumentMessage

LARGEST_TEXT = 16 << 20
"""Bytes of an answer that is text; none is meant to be as long."""

LARGEST_BLOCK_ANSWER = 1 << 36
"""Bytes of an answer that is a block; a length beyond is taken for a fault."""

# A string in quotes with commas in it is one field; a quote inside is doubled (IEEE 488.2, 8.7.8).
_FIELD = re.compile(r'\s*("(?:[^"]|"")*"|[^,]*?)\s*,')

# Tektronix's oscilloscopes give events when *ESR? was asked, whose answer then stands before them.
_ERROR = re.compile(r'\s*(?:\d+;)?([+-]?\d+)\s*,\s*"?(.*?)"?\s*', re.DOTALL)


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


def block_start(command: str, data: bytes | bytearray) -> tuple[int, int | None] | None:
    """Read the header of a block.

    Parameters
    ----------
    command : str
        The question, for errors.
    data : bytes
        The beginning of the answer.

    Returns
    -------
    tuple, or None
        Bytes of the header, and of the block (None for ``#0``, whose end is that of the message).
        None when more of the answer is needed.

    Raises
    ------
    AnswerError
        It is no block.
    """
    if len(data) < 2:
        if data[:1] in (b"", b"#"):
            return None
        raise AnswerError(command, shown(data), "a block")
    if data[:2] == b"#0":
        return 2, None
    if data[:2] == b"#(":
        end = data.find(b")", 2, 24)
        if end < 0 and len(data) < 24:
            return None
        digits, header = data[2 : max(end, 2)], end + 1
    else:
        count = data[1] - ord("0")
        if data[:1] != b"#" or not 1 <= count <= 9:
            raise AnswerError(command, shown(data), "a block")
        header = 2 + count
        if len(data) < header:
            return None
        digits = data[2:header]
    if not bytes(digits).isdigit() or int(digits) > LARGEST_BLOCK_ANSWER:
        raise AnswerError(command, shown(data), "a block")
    return header, int(digits)


def shown(data: bytes | bytearray) -> str:
    """Give the beginning of an answer, for an error."""
    start = repr(bytes(data[:40]))
    return start if len(data) <= 40 else f"{start}... ({len(data)} bytes)"


def _unquoted(field: str) -> str:
    quoted = len(field) > 1 and field[0] == field[-1] == '"'
    return field[1:-1].replace('""', '"') if quoted else field
