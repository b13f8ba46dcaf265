"""Messages of HiSLIP 1.0 (IVI-6.1): their numbers, their header, their codes."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from drivers.simulators.servers.listener import Stream

HEADER = struct.Struct("!2sBBIQ")
PROLOGUE = b"HS"
PROTOCOL_VERSION = 0x0100
VENDOR_ID = 0x4D45
"""Two letters, which nobody has registered for simulated instruments."""

NO_MESSAGE_ID = 0xFFFF_FEFE
"""Two before the first, as a client counts that has sent none."""

RMT_DELIVERED = 1


class MessageType(IntEnum):
    """What a message is (IVI-6.1, table 4)."""

    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    FATAL_ERROR = 2
    ERROR = 3
    ASYNC_LOCK = 4
    ASYNC_LOCK_RESPONSE = 5
    DATA = 6
    DATA_END = 7
    DEVICE_CLEAR_COMPLETE = 8
    DEVICE_CLEAR_ACKNOWLEDGE = 9
    ASYNC_REMOTE_LOCAL_CONTROL = 10
    ASYNC_REMOTE_LOCAL_RESPONSE = 11
    TRIGGER = 12
    INTERRUPTED = 13
    ASYNC_INTERRUPTED = 14
    ASYNC_MAXIMUM_MESSAGE_SIZE = 15
    ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_SERVICE_REQUEST = 20
    ASYNC_STATUS_QUERY = 21
    ASYNC_STATUS_RESPONSE = 22
    ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 23
    ASYNC_LOCK_INFO = 24
    ASYNC_LOCK_INFO_RESPONSE = 25


class FatalError(IntEnum):
    """Why a session ends (table 7)."""

    UNIDENTIFIED = 0
    BAD_HEADER = 1
    CHANNEL_MISSING = 2
    BAD_INITIALIZATION = 3
    TOO_MANY_CLIENTS = 4


class Error(IntEnum):
    """Why a message was thrown away (table 8)."""

    UNIDENTIFIED = 0
    UNKNOWN_TYPE = 1
    UNKNOWN_CONTROL_CODE = 2
    UNKNOWN_VENDOR_MESSAGE = 3
    TOO_LARGE = 4


class Header(NamedTuple):
    """First 16 bytes of a message."""

    type: int
    control: int
    parameter: int
    payload_bytes: int


class ProtocolError(Exception):
    """The peer does not speak HiSLIP, or not in this order; the session cannot go on.

    Parameters
    ----------
    code : FatalError
        What it is told.
    text : str
        In words.
    """

    def __init__(self, code: FatalError, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


def receive_header(stream: Stream) -> Header:
    """Read a header.

    Raises
    ------
    ProtocolError
        It does not begin with "HS".
    DisconnectedError
        The peer has gone.
    """
    prologue, kind, control, parameter, payload_bytes = HEADER.unpack(stream.exactly(HEADER.size))
    if prologue != PROLOGUE:
        raise ProtocolError(FatalError.BAD_HEADER, "a message begins with HS")
    return Header(kind, control, parameter, payload_bytes)


def message(kind: MessageType, control: int = 0, parameter: int = 0, payload: bytes = b"") -> bytes:
    """Make a message."""
    return HEADER.pack(PROLOGUE, kind, control, parameter, len(payload)) + payload
