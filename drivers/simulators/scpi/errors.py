"""Errors of an instrument: SCPI's standard numbers and texts, and the queue that keeps them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

# SCPI-99, volume 2, section 21.8.
STANDARD_TEXTS = {
    -100: "Command error",
    -101: "Invalid character",
    -102: "Syntax error",
    -103: "Invalid separator",
    -104: "Data type error",
    -105: "GET not allowed",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -110: "Command header error",
    -111: "Header separator error",
    -112: "Program mnemonic too long",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -120: "Numeric data error",
    -121: "Invalid character in number",
    -123: "Exponent too large",
    -124: "Too many digits",
    -128: "Numeric data not allowed",
    -130: "Suffix error",
    -131: "Invalid suffix",
    -134: "Suffix too long",
    -138: "Suffix not allowed",
    -140: "Character data error",
    -141: "Invalid character data",
    -144: "Character data too long",
    -148: "Character data not allowed",
    -150: "String data error",
    -151: "Invalid string data",
    -158: "String data not allowed",
    -160: "Block data error",
    -161: "Invalid block data",
    -168: "Block data not allowed",
    -170: "Expression error",
    -171: "Invalid expression",
    -178: "Expression data not allowed",
    -200: "Execution error",
    -203: "Command protected",
    -210: "Trigger error",
    -211: "Trigger ignored",
    -212: "Arm ignored",
    -213: "Init ignored",
    -214: "Trigger deadlock",
    -220: "Parameter error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -225: "Out of memory",
    -230: "Data corrupt or stale",
    -240: "Hardware error",
    -241: "Hardware missing",
    -250: "Mass storage error",
    -252: "Missing media",
    -254: "Media full",
    -256: "File name not found",
    -257: "File name error",
    -300: "Device-specific error",
    -310: "System error",
    -311: "Memory error",
    -313: "Calibration memory lost",
    -321: "Out of memory",
    -330: "Self-test failed",
    -340: "Calibration failed",
    -350: "Queue overflow",
    -360: "Communication error",
    -363: "Input buffer overrun",
    -365: "Time out error",
    -400: "Query error",
    -410: "Query INTERRUPTED",
    -420: "Query UNTERMINATED",
    -430: "Query DEADLOCKED",
    -440: "Query UNTERMINATED after indefinite response",
}

MAX_TEXT_CHARACTERS = 255
"""Of description and device-dependent information together (SCPI-99, 21.8.1)."""


class ScpiError(Exception):
    """A program message asks for what the instrument does not know or cannot do.

    Parameters
    ----------
    code : int
        Standard (negative) or instrument's own (positive) number.
    detail : str
        Device-dependent information, which follows the text after a semicolon.
    text : str or None
        Description; that of the standard where left out.
    """

    def __init__(self, code: int, detail: str = "", text: str | None = None) -> None:
        self.code = code
        self.detail = detail
        self.description = STANDARD_TEXTS.get(code, "Device error") if text is None else text
        super().__init__(code, detail, self.description)

    @property
    def text(self) -> str:
        """Description and detail, as the error queue gives them."""
        whole = f"{self.description};{self.detail}" if self.detail else self.description
        return whole[:MAX_TEXT_CHARACTERS]

    def __str__(self) -> str:
        """Give ``code,"text"``."""
        quoted = self.text.replace('"', '""')
        return f'{self.code},"{quoted}"'


NO_ERROR = ScpiError(0, text="No error")


class ErrorQueue:
    """The newest errors get lost when it is full, and -350 stands in their place.

    Parameters
    ----------
    happened : callable
        Is told of every error, also of one for which there is no room.
    depth : int
        Entries, -350 included.
    """

    def __init__(self, happened: Callable[[ScpiError], None], depth: int = 32) -> None:
        self._happened = happened
        self._depth = depth
        self._entries: deque[ScpiError] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, error: ScpiError) -> None:
        """Put an error at the end."""
        self._happened(error)
        if len(self._entries) < self._depth:
            self._entries.append(error)
        else:
            self._entries[-1] = ScpiError(-350)

    def pop(self) -> ScpiError:
        """Take the oldest error, or ``0,"No error"``."""
        return self._entries.popleft() if self._entries else NO_ERROR

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
