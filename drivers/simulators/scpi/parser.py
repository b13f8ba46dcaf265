"""Program messages: from bytes to headers and parameters (IEEE 488.2, chapter 7; SCPI-99, 6).

Nothing here knows what an instrument understands. A message is read unit by unit up to the first
error, so that what stands before it can still be done.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.values import Parameter

Message = bytes | bytearray

_NEWLINE = ord("\n")
_SEMICOLON = ord(";")
_COMMA = ord(",")
_HASH = ord("#")

# IEEE 488.2, 7.4.1.2: white space is all control characters but the newline, and the space.
_SPACE = rb"[\x00-\x09\x0b-\x20]*"
_BLANK = re.compile(_SPACE)
_END_OF_UNIT = re.compile(_SPACE + rb"(?:[;\n]|\Z)")
_HEADER = re.compile(
    _SPACE + rb"(\*[A-Za-z]\w*|:?[A-Za-z]\w*(?::[A-Za-z]\w*)*)(\??)(?=[\x00-\x20;]|\Z)"
)
_HEADER_LIKE = re.compile(_SPACE + rb"[^\x00-\x20;]*")
_MNEMONIC = re.compile(rb"[A-Za-z]\w*")
_NUMBER = re.compile(
    rb"([+-]?(?:\d+\.?\d*|\.\d+)(?:[\x00-\x09\x0b-\x20]*[eE][\x00-\x09\x0b-\x20]*[+-]?\d+)?)"
    + _SPACE
    + rb"(/?[A-Za-z%][A-Za-z0-9%/.-]*)?"
)
_NON_DECIMAL = re.compile(rb"#(?:[Hh][0-9A-Fa-f]+|[Qq][0-7]+|[Bb][01]+)(?!\w)")
_STRINGS = {
    ord('"'): re.compile(rb'"((?:[^"\n]|"")*)"'),
    ord("'"): re.compile(rb"'((?:[^'\n]|'')*)'"),
}
_EXPRESSION = re.compile(rb"\(((?:[^()\n\"';]|\([^()\n\"';]*\))*)\)")
_WHITE = re.compile(r"[\x00-\x20]")


class Unit(NamedTuple):
    """One command or query of a program message.

    Parameters
    ----------
    header : tuple of str
        Mnemonics from the root on, in capitals; ``("*IDN",)`` for a common command.
    query : bool
        Whether it ends with a question mark.
    parameters : tuple of Parameter
        As written.
    ends_message : bool
        A newline follows: what comes after is a message of its own.
    """

    header: tuple[str, ...]
    query: bool
    parameters: tuple[Parameter, ...]
    ends_message: bool

    @property
    def text(self) -> str:
        """The header, as errors name it."""
        return ":".join(self.header) + ("?" if self.query else "")


def block_span(message: Message, at: int) -> tuple[int, int] | None:
    """Find where the bytes of a definite block lie.

    Parameters
    ----------
    message : bytes or bytearray
        Which may not be complete.
    at : int
        Where its ``#`` stands.

    Returns
    -------
    tuple of two int, or None
        First byte and the one behind the last, by its header; None while that is not complete.

    Raises
    ------
    ScpiError
        -161: no digits where there must be some.
    """
    if at + 1 >= len(message):
        return None
    digits = message[at + 1] - ord("0")
    if not 1 <= digits <= 9:
        raise ScpiError(-161)
    length = bytes(message[at + 2 : at + 2 + digits])
    if not length.isdigit() and length:
        raise ScpiError(-161)
    if len(length) < digits:
        return None
    first = at + 2 + digits
    return first, first + int(length)


def parse(message: Message) -> tuple[list[Unit], ScpiError | None]:
    """Take a message apart.

    Parameters
    ----------
    message : bytes or bytearray
        Complete, with or without the newline at its end.

    Returns
    -------
    units : list of Unit
        Up to the first error.
    error : ScpiError or None
        That error.
    """
    units: list[Unit] = []
    path: tuple[str, ...] = ()
    at = 0
    end = len(message)
    try:
        while at < end:
            empty = _END_OF_UNIT.match(message, at)
            if empty is not None:
                # Nothing between two semicolons is allowed, and means nothing.
                at = empty.end()
                if message[at - 1] == _NEWLINE:
                    path = ()
                continue
            header, query, absolute, at = _header(message, at)
            if header[0][0] != "*":
                if not absolute:
                    header = path + header
                path = header[:-1]
            parameters, at = _parameters(message, at)
            ends_message = at < end and message[at] == _NEWLINE
            if ends_message:
                path = ()
            units.append(Unit(header, query, parameters, ends_message))
            at += 1
    except ScpiError as error:
        return units, error
    return units, None


def _header(message: Message, at: int) -> tuple[tuple[str, ...], bool, bool, int]:
    found = _HEADER.match(message, at)
    if found is None:
        wrong = _HEADER_LIKE.match(message, at)
        text = "" if wrong is None else printable(wrong.group()[:40])
        first = text[:1]
        if first.isalpha() or first in "*:":
            raise ScpiError(-111 if first.isalpha() else -110, text)
        raise ScpiError(-101, text)
    text = found.group(1).decode("ascii").upper()
    query = found.end(2) > found.start(2)
    absolute = text[0] == ":"
    return tuple(text.lstrip(":").split(":")), query, absolute, found.end()


def _parameters(message: Message, at: int) -> tuple[tuple[Parameter, ...], int]:
    """Read parameters, and give where the separator behind them stands."""
    end = len(message)
    at = _after_blank(message, at)
    parameters: list[Parameter] = []
    if at >= end or message[at] in (_SEMICOLON, _NEWLINE):
        return (), at
    while True:
        parameter, at = _parameter(message, at)
        parameters.append(parameter)
        at = _after_blank(message, at)
        if at >= end or message[at] in (_SEMICOLON, _NEWLINE):
            return tuple(parameters), at
        if message[at] != _COMMA:
            raise ScpiError(-103, printable(bytes(message[at : at + 20])))
        at = _after_blank(message, at + 1)


def _parameter(message: Message, at: int) -> tuple[Parameter, int]:
    first = message[at] if at < len(message) else _SEMICOLON
    found: re.Match[bytes] | None
    if first in _STRINGS:
        found = _STRINGS[first].match(message, at)
        if found is None:
            raise ScpiError(-151)
        quote = chr(first)
        text = found.group(1).decode("latin-1").replace(quote * 2, quote)
        return Parameter("string", text), found.end()
    if first == _HASH:
        return _block_or_number(message, at)
    found = _NUMBER.match(message, at)
    if found is not None:
        number = _WHITE.sub("", found.group(1).decode("ascii").upper())
        suffix = (found.group(2) or b"").decode("ascii").upper()
        return Parameter("number", number, suffix), found.end()
    found = _MNEMONIC.match(message, at)
    if found is not None:
        return Parameter("mnemonic", found.group().decode("ascii").upper()), found.end()
    if first == ord("("):
        found = _EXPRESSION.match(message, at)
        if found is None:
            raise ScpiError(-171)
        return Parameter("expression", found.group(1).decode("latin-1")), found.end()
    if first in (_SEMICOLON, _NEWLINE, _COMMA):
        raise ScpiError(-102, "parameter expected")
    raise ScpiError(-101, printable(bytes(message[at : at + 20])))


def _block_or_number(message: Message, at: int) -> tuple[Parameter, int]:
    number = _NON_DECIMAL.match(message, at)
    if number is not None:
        return Parameter("number", number.group().decode("ascii").upper()), number.end()
    if message[at + 1 : at + 2] == b"0":
        # An indefinite block ends with the message, whose newline is not part of it.
        first, last = at + 2, len(message)
        if last > first and message[last - 1] == _NEWLINE:
            last -= 1
        end = len(message)
    else:
        span = block_span(message, at)
        if span is None or span[1] > len(message):
            raise ScpiError(-161, "shorter than its length")
        first, last = span
        end = last
    return Parameter("block", "", data=memoryview(message)[first:last].toreadonly()), end


def _after_blank(message: Message, at: int) -> int:
    found = _BLANK.match(message, at)
    return at if found is None else found.end()


def printable(data: bytes) -> str:
    """Show bytes in an error's text, with dots for those that are no ASCII."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "." for byte in data)
