"""Whether an instrument has finished what it was told to do."""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.errors import DeviceTimeoutError
from drivers.visa.errors import AnswerError
from drivers.visa.link.line import Line

_FIRST_POLL_S, _LAST_POLL_S = 0.001, 0.05
# Bit 5 of the status byte (IEEE 488.2, 11.2.1).
_EVENT_SUMMARY = 0x20


def completed(
    line: Line, tell: Callable[[str], None], ask: Callable[[str, float], str], deadline_s: float
) -> bool:
    """Wait for an instrument to finish.

    Parameters
    ----------
    line : Line
        To it.
    tell, ask : callable
        Send a command; send a question and give its answer, within seconds.
    deadline_s : float
        How long it may take.

    Returns
    -------
    bool
        Whether it did; if not, it was cleared.

    Raises
    ------
    AnswerError
        ``*OPC?`` was answered with something else than 1.
    LinkLostError
        It is gone.
    """
    if not line.has_status_byte:
        try:
            answer = ask("*OPC?", deadline_s)
        except DeviceTimeoutError:
            return False
        if answer != "1":
            raise AnswerError("*OPC?", repr(answer), "1")
        return True
    end_s = time.monotonic() + deadline_s
    # Enabled is the bit of "operation complete" alone; reading the register resets it.
    ask("*ESE 1;*ESR?", deadline_s)
    tell("*OPC")
    interval_s = _FIRST_POLL_S
    while not line.status_byte() & _EVENT_SUMMARY:
        if time.monotonic() >= end_s:
            line.clear()
            return False
        line.turn.pause(interval_s)
        interval_s = min(2.0 * interval_s, _LAST_POLL_S)
    ask("*ESR?", deadline_s)
    return True
