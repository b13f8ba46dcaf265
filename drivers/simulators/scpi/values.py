"""Parameters of a program message, what they can be read as, and how answers are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from drivers.simulators.scpi.errors import ScpiError

ParameterKind = Literal["mnemonic", "number", "string", "block", "expression"]

# IEEE 488.2, table 7-2: powers of ten.
_MULTIPLIERS = {
    "EX": 18, "PE": 15, "T": 12, "G": 9, "MA": 6, "K": 3, "": 0,
    "M": -3, "U": -6, "N": -9, "P": -12, "F": -15, "A": -18,
}  # fmt: skip
# SCPI-99, volume 1, 7.5: for historical reasons, M of these is mega.
_MEGA_UNITS = ("HZ", "OHM")

_MAX_EXPONENT = 32_000  # IEEE 488.2, 7.7.2.4.1
_MAX_DIGITS = 255

_NOT_ALLOWED = {
    "mnemonic": -148,
    "number": -128,
    "string": -158,
    "block": -168,
    "expression": -178,
}


_NO_BYTES = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, as it was written.

    Parameters
    ----------
    kind : str
        One of :data:`ParameterKind`.
    text : str
        Mnemonic in capitals; digits of a number; inside of a string or of an expression; empty for
        a block.
    suffix : str
        Unit of a number in capitals.
    data : memoryview
        Bytes of a block: a view into the message, which lives as long as the view does.
    """

    kind: ParameterKind
    text: str
    suffix: str = ""
    data: memoryview = _NO_BYTES

    def refused(self) -> ScpiError:
        """Give the error of a parameter that is of the wrong kind."""
        return ScpiError(_NOT_ALLOWED[self.kind], self.text)


def short_form(name: str) -> str:
    """Leave out the lower-case letters: ``FREQuency`` gives ``FREQ``, ``NR_Pt`` gives ``NR_P``."""
    return "".join(character for character in name if not character.islower())


def decimal_number(text: str) -> Decimal:
    """Read a number as it was written: decimal, or ``#H``, ``#Q``, ``#B``.

    Raises
    ------
    ScpiError
        -123 or -124: no instrument takes such an exponent or so many digits.
    """
    if text[0] == "#":
        return Decimal(int(text[2:], {"H": 16, "Q": 8, "B": 2}[text[1]]))
    mantissa, _, exponent = text.partition("E")
    if len(mantissa) > _MAX_DIGITS:
        raise ScpiError(-124)
    if len(exponent) > 6 or (exponent and abs(int(exponent)) > _MAX_EXPONENT):
        raise ScpiError(-123)
    return Decimal(text)


def unit_exponent(suffix: str, units: Sequence[str]) -> int:
    """Find the power of ten of a suffix such as ``MHZ``.

    Parameters
    ----------
    suffix : str
        In capitals; empty for the unit itself.
    units : sequence of str
        What the parameter can be given in, in capitals; all stand for the same.

    Raises
    ------
    ScpiError
        -131 for another unit, -138 where there is none.
    """
    if not suffix:
        return 0
    if not units:
        raise ScpiError(-138, suffix)
    for unit in units:
        if suffix.endswith(unit):
            multiplier = suffix[: len(suffix) - len(unit)]
            if multiplier == "M" and unit in _MEGA_UNITS:
                return 6
            if multiplier in _MULTIPLIERS:
                return _MULTIPLIERS[multiplier]
    raise ScpiError(-131, suffix)


def named_number(
    name: str, lowest: float | None, highest: float | None, default: float | None
) -> float:
    """Give what MIN, MAX, DEF, INF or NINF stands for.

    Raises
    ------
    ScpiError
        -141 for any other name, -224 where the parameter has no such value.
    """
    if name in ("INF", "INFINITY"):
        return math.inf
    if name in ("NINF", "NINFINITY"):
        return -math.inf
    named = {
        "MIN": lowest, "MINIMUM": lowest, "MAX": highest, "MAXIMUM": highest,
        "DEF": default, "DEFAULT": default,
    }  # fmt: skip
    if name not in named:
        raise ScpiError(-141, name)
    value = named[name]
    if value is None:
        raise ScpiError(-224, name)
    return value


def within(value: float, lowest: float | None, highest: float | None) -> None:
    """Refuse a value beyond its limits with -222."""
    if (lowest is not None and not value >= lowest) or (
        highest is not None and not value <= highest
    ):
        raise ScpiError(-222, f"{value:.12g}")


def matching_choice(word: str, choices: Sequence[str]) -> str | None:
    """Find the one of some choices (``INTernal``) that a word in capitals means, or none."""
    for choice in choices:
        if word in (choice.upper(), short_form(choice)):
            return choice
    return None


def numeric_answer(value: float) -> str:
    """Write a number with all digits that it has."""
    return f"{value:.15G}"


def quoted(text: str) -> str:
    """Write a string: in double quotes, and those inside of it doubled."""
    escaped = text.replace('"', '""')
    return f'"{escaped}"'


def definite_block(data: bytes | bytearray | memoryview) -> bytes:
    """Write a block of bytes with its length before it (IEEE 488.2, 8.7.9)."""
    size = memoryview(data).nbytes
    digits = str(size)
    return b"".join((f"#{len(digits)}{digits}".encode("ascii"), data))
