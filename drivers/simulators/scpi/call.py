"""What a handler is called with: the suffixes of a header, and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN

from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.values import (
    Parameter,
    decimal_number,
    matching_choice,
    named_number,
    short_form,
    unit_exponent,
    within,
)

_MAX_WHOLE_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Call:
    """One command or query, as an instrument gets it.

    Whatever reads a parameter raises :class:`ScpiError`: -109 if it is missing, -104 or one of
    -128 to -178 if it is of the wrong kind, and what is said with each method.

    Parameters
    ----------
    header : str
        As it was sent, in capitals, from the root on.
    query : bool
        Whether it asks.
    suffixes : tuple of int
        Numeric suffix of every node that was declared with one; 1 where it was left out.
    parameters : tuple of Parameter
        As written.
    """

    header: str
    query: bool
    suffixes: tuple[int, ...]
    parameters: tuple[Parameter, ...]

    def __len__(self) -> int:
        return len(self.parameters)

    def parameter(self, index: int, *kinds: str) -> Parameter:
        """Give a parameter, if it is of one of some kinds."""
        if index >= len(self.parameters):
            raise ScpiError(-109)
        parameter = self.parameters[index]
        if kinds and parameter.kind not in kinds:
            raise parameter.refused()
        return parameter

    def number(
        self,
        index: int,
        *,
        unit: str | Sequence[str] = (),
        lowest: float | None = None,
        highest: float | None = None,
        default: float | None = None,
    ) -> float:
        """Read a number: decimal or not, with a unit and its multiplier, or MIN, MAX, DEF.

        Parameters
        ----------
        index : int
            Which parameter.
        unit : str or sequence of str
            In what it may be given; none if it has no unit.
        lowest, highest : float or None
            Limits: others are refused with -222. MIN and MAX stand for them.
        default : float or None
            What DEF stands for.
        """
        parameter = self.parameter(index, "number", "mnemonic")
        if parameter.kind == "mnemonic":
            value = named_number(parameter.text, lowest, highest, default)
        else:
            units = (unit,) if isinstance(unit, str) and unit else tuple(unit)
            exponent = unit_exponent(parameter.suffix, units)
            value = float(decimal_number(parameter.text).scaleb(exponent))
        within(value, lowest, highest)
        return value

    def whole(
        self,
        index: int,
        *,
        lowest: int | None = None,
        highest: int | None = None,
        default: int | None = None,
    ) -> int:
        """Read a whole number; another one is rounded (IEEE 488.2, 7.7.2.3)."""
        parameter = self.parameter(index, "number", "mnemonic")
        if parameter.kind == "mnemonic":
            named = named_number(parameter.text, lowest, highest, default)
            if abs(named) == float("inf"):
                raise ScpiError(-224, parameter.text)
            return int(named)
        unit_exponent(parameter.suffix, ())
        number = decimal_number(parameter.text)
        if number.adjusted() > _MAX_WHOLE_DIGITS:
            raise ScpiError(-222, parameter.text[:40])
        value = int(number.to_integral_value(ROUND_HALF_EVEN))
        within(value, lowest, highest)
        return value

    def boolean(self, index: int) -> bool:
        """Read ON, OFF or a number, of which all but 0 are on (SCPI-99, volume 1, 7.3)."""
        parameter = self.parameter(index, "number", "mnemonic")
        if parameter.kind == "number":
            return self.whole(index) != 0
        if parameter.text not in ("ON", "OFF"):
            raise ScpiError(-141, parameter.text)
        return parameter.text == "ON"

    def choice(self, index: int, *choices: str) -> str:
        """Read one of some mnemonics (``INTernal``), and give its short form (``INT``).

        A mnemonic that is none of them is refused with -224.
        """
        return short_form(self.long_choice(index, *choices))

    def long_choice(self, index: int, *choices: str) -> str:
        """Read one of some mnemonics, and give it as it stands among the choices."""
        parameter = self.parameter(index, "mnemonic", "number")
        found = matching_choice(parameter.text + parameter.suffix, choices)
        if found is None:
            raise ScpiError(-224, parameter.text)
        return found

    def mnemonic(self, index: int) -> str:
        """Read any mnemonic, in capitals."""
        return self.parameter(index, "mnemonic").text

    def string(self, index: int) -> str:
        """Read a string in single or in double quotes; bytes beyond ASCII are taken as Latin-1."""
        return self.parameter(index, "string").text

    def block(self, index: int) -> memoryview:
        """Read a block: a view of the message, which it keeps in memory as long as it is kept."""
        return self.parameter(index, "block").data

    def channels(self, index: int) -> tuple[int, ...]:
        """Read a channel list: ``(@1,3:5)`` gives 1, 3, 4, 5. What is none is refused with -171."""
        text = self.parameter(index, "expression").text.strip()
        if not text.startswith("@"):
            raise ScpiError(-171, text)
        found: list[int] = []
        for entry in text[1:].split(","):
            first, colon, last = (part.strip() for part in entry.partition(":"))
            if not _is_channel(first) or (colon and not _is_channel(last)):
                raise ScpiError(-171, text)
            found.extend(range(int(first), int(last if colon else first) + 1))
        return tuple(found)


def _is_channel(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3
