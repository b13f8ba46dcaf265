"""Commands and answers that are text: one line of ASCII."""

from __future__ import annotations

import time

from drivers.errors import DeviceSettingsError, DeviceTimeoutError
from drivers.visa.errors import AnswerError
from drivers.visa.link.text import LARGEST_TEXT, shown
from drivers.visa.link.transports.transport import Transport

_PIECE = 1 << 16


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


def receive_line(command: str, transport: Transport, end_s: float) -> bytearray:
    """Receive an answer to its end.

    Parameters
    ----------
    command : str
        The question, for errors.
    transport : Transport
        After it was sent.
    end_s : float
        When it has to be there, on the monotonic clock.

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
        if len(answer) > LARGEST_TEXT:
            raise AnswerError(command, shown(answer), "a line of text")
    return answer
