"""HiSLIP 1.0 in synchronised mode (IVI-6.1), as a simulated instrument speaks it.

Each client has two connections: program messages, answers and triggers go through the synchronous
one; status, locks and device clear through the other, also while a message is being done.
"""

from __future__ import annotations

import itertools
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.simulators.instrument import (
    MAX_MESSAGE_BYTES,
    CancelledError,
    Respond,
    SimulatedInstrument,
)
from drivers.simulators.scpi.command_tree import Piece
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.status import ServiceRequest
from drivers.simulators.servers.hislip_lock import LockTable
from drivers.simulators.servers.hislip_messages import (
    HEADER,
    NO_MESSAGE_ID,
    PROLOGUE,
    PROTOCOL_VERSION,
    RMT_DELIVERED,
    VENDOR_ID,
    Error,
    FatalError,
    Header,
    MessageType,
    ProtocolError,
    message,
    receive_header,
)
from drivers.simulators.servers.listener import LOOPBACK, DisconnectedError, Listener, Stream

MAX_PACKET_BYTES = 1 << 20
"""Of one HiSLIP message; a program message may come in many."""

_SUB_ADDRESSES = (b"hislip0", b"")
_JOINED_BYTES = 1 << 16
_MAX_REMOTE_CONTROL = 6
_DEFAULT_CLIENT_BYTES = 1 << 20


class _Session:
    """What the two connections of a client have in common."""

    def __init__(self, number: int, sync: Stream) -> None:
        self.number = number
        self.sync = sync
        self.asynchronous: Stream | None = None
        self.client_bytes = _DEFAULT_CLIENT_BYTES
        self.service = ServiceRequest()
        # Held to send on the asynchronous connection, and for what both threads change.
        self.lock = threading.RLock()
        self.cancel = threading.Event()
        self.clearing = False
        self.unread = False
        self.done_id = NO_MESSAGE_ID
        self.done = threading.Condition(self.lock)

    def send_async(self, data: bytes) -> None:
        """Send on the asynchronous connection."""
        with self.lock:
            if self.asynchronous is not None:
                self.asynchronous.send(data)

    def drop(self) -> None:
        """End both connections."""
        self.cancel.set()
        self.sync.drop()
        if self.asynchronous is not None:
            self.asynchronous.drop()


class HislipServer:
    """Lets clients talk to an instrument by HiSLIP, on 127.0.0.1.

    Parameters
    ----------
    instrument : SimulatedInstrument
        Which has the status byte and the error queue.
    respond : callable
        See :data:`drivers.simulators.instrument.Respond`; :class:`DisconnectedError` ends the
        session.
    port : int
        0 takes a free one.
    """

    def __init__(self, instrument: SimulatedInstrument, respond: Respond, port: int = 0) -> None:
        self._instrument = instrument
        self._respond = respond
        self._locks = LockTable()
        self._sessions: dict[int, _Session] = {}
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()
        self._listener = Listener(
            f"simulator {instrument.name} hislip", port, self._serve, self._announce
        )
        self.port = self._listener.port

    @property
    def address(self) -> str:
        """VISA resource name."""
        return f"TCPIP::{LOOPBACK}::hislip0,{self.port}::INSTR"

    def refuse(self, seconds: float) -> None:
        """End all sessions, and refuse clients for a while."""
        self._listener.refuse(seconds)

    def close(self) -> None:
        """End all sessions."""
        self._listener.close()

    def _serve(self, stream: Stream) -> None:
        """Serve one connection, of either kind."""
        with _violations_told(stream):
            header = receive_header(stream)
            if header.type == MessageType.INITIALIZE:
                self._serve_sync(stream, header)
            elif header.type == MessageType.ASYNC_INITIALIZE:
                self._serve_async(stream, header)
            else:
                raise ProtocolError(
                    FatalError.BAD_INITIALIZATION, "Initialize or AsyncInitialize comes first"
                )

    # The synchronous connection

    def _serve_sync(self, stream: Stream, header: Header) -> None:
        if header.payload_bytes > 256 or stream.exactly(header.payload_bytes) not in _SUB_ADDRESSES:
            raise ProtocolError(FatalError.BAD_INITIALIZATION, "the sub-address is hislip0")
        with self._guard:
            number = next(self._numbers) & 0xFFFF
            session = self._sessions[number] = _Session(number, stream)
        try:
            stream.send(
                message(MessageType.INITIALIZE_RESPONSE, parameter=PROTOCOL_VERSION << 16 | number)
            )
            program = bytearray()
            with _violations_told(stream):
                while True:
                    program = self._take_sync(session, receive_header(stream), program)
        finally:
            with self._guard:
                self._sessions.pop(number, None)
            self._locks.forget(number)
            session.drop()

    def _take_sync(self, session: _Session, header: Header, program: bytearray) -> bytearray:
        """Take one message, and give what is there of the program message."""
        kind, stream = header.type, session.sync
        if kind in (MessageType.DATA, MessageType.DATA_END):
            if session.asynchronous is None:
                raise ProtocolError(FatalError.CHANNEL_MISSING, "AsyncInitialize comes first")
            return self._take_data(session, header, program)
        if kind == MessageType.TRIGGER:
            stream.append(None, header.payload_bytes)
            if not session.clearing:
                self._begin_program(session, header)
                self._do(session, bytearray(b"*TRG"), header.parameter)
            return bytearray()
        stream.append(None, header.payload_bytes)
        if kind == MessageType.DEVICE_CLEAR_COMPLETE:
            with session.lock:
                session.clearing = session.unread = False
                session.cancel = threading.Event()
                session.done_id = NO_MESSAGE_ID
            stream.send(message(MessageType.DEVICE_CLEAR_ACKNOWLEDGE))
            return bytearray()
        if kind == MessageType.FATAL_ERROR:
            raise DisconnectedError
        if kind != MessageType.ERROR:
            stream.send(_refusal(kind))
        return program

    def _take_data(self, session: _Session, header: Header, program: bytearray) -> bytearray:
        stream = session.sync
        if header.payload_bytes > MAX_PACKET_BYTES:
            stream.append(None, header.payload_bytes)
            stream.send(message(MessageType.ERROR, Error.TOO_LARGE, payload=b"Message too large"))
            return program
        if session.clearing:
            stream.append(None, header.payload_bytes)
            return bytearray()
        if not program:
            self._begin_program(session, header)
        fits = len(program) + header.payload_bytes <= MAX_MESSAGE_BYTES
        stream.append(program if fits else None, header.payload_bytes)
        if not fits:
            self._instrument.errors.push(ScpiError(-363))
        if header.type == MessageType.DATA:
            return program
        if fits:
            self._do(session, program, header.parameter)
        return bytearray()

    def _begin_program(self, session: _Session, header: Header) -> None:
        """Find out whether the client has read the last answer, or interrupts it."""
        if header.control & RMT_DELIVERED:
            session.unread = False
        if not session.unread:
            return
        session.unread = False
        self._instrument.errors.push(ScpiError(-410))
        session.sync.send(message(MessageType.INTERRUPTED, parameter=header.parameter))
        session.send_async(message(MessageType.ASYNC_INTERRUPTED, parameter=header.parameter))

    def _do(self, session: _Session, program: bytearray, message_id: int) -> None:
        cancel = session.cancel
        self._locks.wait_for_turn(session.number, cancel)
        if cancel.is_set():
            return
        try:
            pieces = self._respond(program, cancel)
        except CancelledError:
            return
        if pieces and not cancel.is_set():
            session.unread = True
            self._send(session, pieces, message_id, cancel)
        with session.lock:
            session.done_id = message_id
            session.done.notify_all()
        if self._instrument.status.service_enable:
            self._announce()

    def _send(
        self, session: _Session, pieces: list[Piece], message_id: int, cancel: threading.Event
    ) -> None:
        views = [memoryview(piece).cast("B") for piece in pieces]
        size = sum(len(view) for view in views)
        most = max(1, session.client_bytes - HEADER.size)
        stream = session.sync
        if size <= min(most, _JOINED_BYTES):
            stream.send(
                message(MessageType.DATA_END, parameter=message_id, payload=b"".join(views))
            )
            return
        left = size
        for view in views:
            for first in range(0, len(view), most):
                if cancel.is_set():
                    return
                chunk = view[first : first + most]
                left -= len(chunk)
                kind = MessageType.DATA if left else MessageType.DATA_END
                stream.send(HEADER.pack(PROLOGUE, kind, 0, message_id, len(chunk)))
                stream.send(chunk)

    # The asynchronous connection

    def _serve_async(self, stream: Stream, header: Header) -> None:
        stream.append(None, header.payload_bytes)
        with self._guard:
            session = self._sessions.get(header.parameter)
        if session is None or session.asynchronous is not None:
            raise ProtocolError(FatalError.BAD_INITIALIZATION, "there is no such session")
        session.asynchronous = stream
        try:
            session.send_async(message(MessageType.ASYNC_INITIALIZE_RESPONSE, parameter=VENDOR_ID))
            with _violations_told(stream):
                while True:
                    self._take_async(session, receive_header(stream))
        finally:
            session.drop()

    def _take_async(self, session: _Session, header: Header) -> None:
        stream = session.asynchronous
        assert stream is not None
        if header.payload_bytes > MAX_PACKET_BYTES:
            stream.append(None, header.payload_bytes)
            session.send_async(message(MessageType.ERROR, Error.TOO_LARGE))
            return
        payload = stream.exactly(header.payload_bytes)
        kind = header.type
        if kind == MessageType.ASYNC_STATUS_QUERY:
            self._answer_status(session, header)
        elif kind == MessageType.ASYNC_MAXIMUM_MESSAGE_SIZE and len(payload) == 8:
            (session.client_bytes,) = struct.unpack("!Q", payload)
            session.send_async(
                message(
                    MessageType.ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE,
                    payload=struct.pack("!Q", MAX_PACKET_BYTES),
                )
            )
        elif kind == MessageType.ASYNC_LOCK:
            self._lock(session, header, payload)
        elif kind == MessageType.ASYNC_LOCK_INFO:
            exclusive, holders = self._locks.holders()
            session.send_async(message(MessageType.ASYNC_LOCK_INFO_RESPONSE, exclusive, holders))
        elif kind == MessageType.ASYNC_REMOTE_LOCAL_CONTROL:
            known = header.control <= _MAX_REMOTE_CONTROL
            session.send_async(
                message(MessageType.ASYNC_REMOTE_LOCAL_RESPONSE)
                if known
                else message(MessageType.ERROR, Error.UNKNOWN_CONTROL_CODE)
            )
        elif kind == MessageType.ASYNC_DEVICE_CLEAR:
            with session.lock:
                session.clearing = True
                session.cancel.set()
            self._instrument.device_clear()
            session.send_async(message(MessageType.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE))
        elif kind == MessageType.FATAL_ERROR:
            raise DisconnectedError
        elif kind != MessageType.ERROR:
            session.send_async(_refusal(kind))

    def _answer_status(self, session: _Session, header: Header) -> None:
        with session.lock:
            if header.control & RMT_DELIVERED:
                session.unread = False
            byte = self._instrument.status_byte(message_available=session.unread)
            session.service.update(byte, self._instrument.status.service_enable)
            session.send_async(
                message(MessageType.ASYNC_STATUS_RESPONSE, session.service.poll(byte))
            )

    def _lock(self, session: _Session, header: Header, word: bytes) -> None:
        if header.control == 1:
            answer = self._locks.request(
                session.number, word, header.parameter / 1e3, session.cancel
            )
        elif header.control == 0:
            self._wait_done(session, header.parameter)
            answer = self._locks.release(session.number)
        else:
            session.send_async(message(MessageType.ERROR, Error.UNKNOWN_CONTROL_CODE))
            return
        session.send_async(message(MessageType.ASYNC_LOCK_RESPONSE, answer))

    def _wait_done(self, session: _Session, message_id: int) -> None:
        """Wait until the messages up to this one are done, for they belong under the lock."""
        if not message_id and session.done_id == NO_MESSAGE_ID:
            # Not by the standard, but what pyvisa-py says if it has sent none.
            return
        with session.lock:
            session.done.wait_for(
                lambda: (
                    session.cancel.is_set()
                    # Numbers go round, so that what is half way ahead is behind.
                    or (session.done_id - message_id) & 0xFFFF_FFFF < 1 << 31
                ),
                timeout=1.0,
            )

    def _announce(self) -> None:
        """Tell clients that ask for it that their status byte has a new reason."""
        enabled = self._instrument.status.service_enable
        if not enabled:
            return
        with self._guard:
            sessions = list(self._sessions.values())
        for session in sessions:
            with session.lock:
                byte = self._instrument.status_byte(message_available=session.unread)
                if session.service.update(byte, enabled):
                    try:
                        session.send_async(message(MessageType.ASYNC_SERVICE_REQUEST, byte))
                    except DisconnectedError:
                        session.drop()


@contextmanager
def _violations_told(stream: Stream) -> Iterator[None]:
    """Tell the peer of a violation, which is the last that it hears."""
    try:
        yield
    except ProtocolError as violation:
        text = violation.text.encode("ascii")
        stream.send(message(MessageType.FATAL_ERROR, violation.code, payload=text))


def _refusal(kind: int) -> bytes:
    vendor = 128 <= kind <= 255
    code = Error.UNKNOWN_VENDOR_MESSAGE if vendor else Error.UNKNOWN_TYPE
    return message(MessageType.ERROR, code, payload=b"Unrecognized message type")
