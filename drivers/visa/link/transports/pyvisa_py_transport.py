"""Messages over the connections of pyvisa-py (0.8).

pyvisa-py ends a message with every write (HiSLIP, VXI-11, USB), and sends 4096 bytes at a time
without a deadline (socket). A waveform has to go up as one message without being in memory as one,
so the messages are made from their pieces here, with what pyvisa-py makes them from.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from pyvisa_py.protocols.hislip import HEADER_SIZE, AsyncStatusResponse
from pyvisa_py.protocols.vxi11 import OP_FLAG_END, ErrorCodes

from drivers.visa.link.address import Address
from drivers.visa.link.transports.transport import LARGEST_PIECE
from drivers.visa.link.transports.visa_transport import (
    VisaTransport,
    link_errors,
    lost_error,
    timeout_error,
)


class HislipTransport(VisaTransport):
    """HiSLIP of pyvisa-py: Data messages, and DataEND for the last."""

    def __init__(self, resource: Any, address: Address, session: Any) -> None:
        super().__init__(resource, address)
        self._hislip = session.interface
        self._channels = (self._hislip._sync, self._hislip._async)
        self._in_message = False

    def write(self, piece: memoryview, *, last: bool, timeout_s: float) -> None:
        """Send a piece as messages of the protocol, as large as the instrument takes them."""
        hislip = self._hislip
        with link_errors(self._name, "take a command"):
            self._set_timeout(timeout_s)
            largest = max(hislip.max_msg_size - HEADER_SIZE, 1)
            self._in_message = True
            while len(piece) > largest:
                hislip._send_data_packet(piece[:largest])
                piece = piece[largest:]
            (hislip._send_data_end_packet if last else hislip._send_data_packet)(piece)
            self._in_message = False

    def status_byte(self) -> int:
        """Read it, past requests for service, which pyvisa-py takes for a wrong answer."""
        read: Callable[[], int] = self._hislip.async_status_query
        with link_errors(self._name, "give its status byte"):
            while True:
                try:
                    return read()
                except RuntimeError as error:
                    if "AsyncServiceRequest" not in str(error):
                        raise
                    read = self._status_response

    def clear(self, timeout_s: float) -> bool:
        """Clear the device, unless a message of the protocol was cut in two."""
        if self._in_message:
            return False
        self._set_timeout(timeout_s)
        # A request for service before the acknowledgement would be taken for a wrong one.
        self.status_byte()
        return super().clear(timeout_s)

    def _status_response(self) -> int:
        status: int = AsyncStatusResponse(self._channels[1]).server_status
        return status

    def break_off(self) -> None:
        """Shut both channels down."""
        for channel in self._channels:
            _shut_down(channel)


class Vxi11Transport(VisaTransport):
    """VXI-11 of pyvisa-py: one remote call for each piece."""

    def __init__(self, resource: Any, address: Address, session: Any) -> None:
        super().__init__(resource, address)
        self._session = session
        self._socket = session.interface.sock
        self._in_call = False

    def write(self, piece: memoryview, *, last: bool, timeout_s: float) -> None:
        """Send a piece by ``device_write``, as much at a time as the instrument takes."""
        session = self._session
        timeout_ms = max(1, round(timeout_s * 1000))
        with link_errors(self._name, "take a command"):
            self._set_timeout(timeout_s)
            while len(piece) > 0:
                part = bytes(piece[: session.max_recv_size])
                flags = OP_FLAG_END if last and len(part) == len(piece) else 0
                self._in_call = True
                error, count = session.interface.device_write(
                    session.link, timeout_ms, session.lock_timeout, flags, part
                )
                self._in_call = False
                if error == ErrorCodes.io_timeout:
                    raise timeout_error(self._name, "take a command")
                if error or count == 0:
                    raise lost_error(self._name, "take a command", f"VXI-11 error {error}")
                piece = piece[count:]

    def clear(self, timeout_s: float) -> bool:
        """Clear the device, unless a call was cut in two."""
        return not self._in_call and super().clear(timeout_s)

    def break_off(self) -> None:
        """Shut the connection down."""
        _shut_down(self._socket)


class SocketTransport(VisaTransport):
    """A raw socket, which pyvisa-py opens; bytes only, with no end and no status byte."""

    def __init__(self, resource: Any, address: Address, session: Any) -> None:
        super().__init__(resource, address)
        self._socket: socket.socket = session.interface

    def require_connected(self) -> None:
        """Refuse a socket that is not connected, which pyvisa-py takes for one that is."""
        with link_errors(self._name, "open"):
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self.close()
                raise OSError(error, os.strerror(error))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, piece: memoryview, *, last: bool, timeout_s: float) -> None:
        """Send a piece as it is, within the time."""
        with link_errors(self._name, "take a command"):
            self._socket.settimeout(timeout_s)
            self._socket.sendall(piece)

    def read(self, count: int, timeout_s: float) -> tuple[bytes | bytearray, bool]:
        """Receive what there is."""
        with link_errors(self._name, "answer"):
            self._socket.settimeout(timeout_s)
            data = self._socket.recv(count)
            if not data:
                raise ConnectionError("the instrument closed the connection")
        return data, False

    def discard(self) -> bytes:
        """Throw away late answers to questions that were given up."""
        found = b""
        with link_errors(self._name, "be listened to"):
            self._socket.setblocking(False)
            while len(found) < LARGEST_PIECE:
                try:
                    data = self._socket.recv(LARGEST_PIECE)
                except BlockingIOError:
                    break
                if not data:
                    raise ConnectionError("the instrument closed the connection")
                found += data
        return found

    def clear(self, timeout_s: float) -> bool:
        """Refuse: what was half sent, or may still come, is gone only with the connection."""
        return False

    def break_off(self) -> None:
        """Shut the connection down."""
        _shut_down(self._socket)


class WholeMessageTransport(VisaTransport):
    """USB of pyvisa-py, which ends a message with every write: pieces are gathered first.

    Memory grows with the message; a vendor's VISA has no such need.
    """

    def __init__(self, resource: Any, address: Address, _session: Any) -> None:
        super().__init__(resource, address)
        self._gathered = bytearray()
        # Its sessions for USB have no viReadSTB.
        self.has_status_byte = False

    def write(self, piece: memoryview, *, last: bool, timeout_s: float) -> None:
        """Gather, and send with the last piece."""
        self._gathered += piece
        if last:
            whole, self._gathered = self._gathered, bytearray()
            with link_errors(self._name, "take a command"):
                self._set_timeout(timeout_s)
                self._library.write(self._id, whole)

    def clear(self, timeout_s: float) -> bool:
        """Forget what was gathered; its sessions for USB have no viClear either."""
        self._gathered = bytearray()
        return False


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It was closed already, which is what was wanted.
        return
