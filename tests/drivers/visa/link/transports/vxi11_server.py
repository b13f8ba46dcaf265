"""A VXI-11 core channel (VXI-11, revision 1.0, appendix B) in front of a simulated instrument."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from drivers.simulators.instrument import SimulatedInstrument

CREATE_LINK, WRITE, READ, STATUS, CLEAR, DESTROY_LINK = 10, 11, 12, 13, 15, 23
END_FLAG, END_REASON, COUNT_REASON = 8, 4, 1
IO_TIMEOUT = 15


class Vxi11Server:
    """Serves one connection after the other; no piece of a message is larger than it says."""

    def __init__(self, instrument: SimulatedInstrument, largest: int) -> None:
        self.instrument = instrument
        self.largest = largest
        self.writes: list[tuple[int, bool]] = []
        self.silent = False
        self.refuses = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"TCPIP::127.0.0.1,{self._listener.getsockname()[1]}::inst0::INSTR"
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        for connection in (self._listener, *self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(timeout=5.0)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            try:
                self._calls(connection)
            except (OSError, EOFError):
                connection.close()

    def _calls(self, connection: socket.socket) -> None:
        self._message, self._answer = bytearray(), b""
        with connection.makefile("rb") as stream:
            while True:
                record = b""
                last = False
                while not last:
                    mark = stream.read(4)
                    if len(mark) < 4:
                        raise EOFError
                    (length,) = struct.unpack("!I", mark)
                    last = bool(length >> 31)
                    record += stream.read(length & 0x7FFF_FFFF)
                # Call: xid, 0, version, program, version, procedure, two empty credentials.
                xid, _, _, _, _, procedure, *_ = struct.unpack("!10I", record[:40])
                result = self._do(procedure, record[40:])
                reply = struct.pack("!6I", xid, 1, 0, 0, 0, 0) + result
                connection.sendall(struct.pack("!I", len(reply) | 1 << 31) + reply)

    def _do(self, procedure: int, arguments: bytes) -> bytes:
        if procedure == CREATE_LINK:
            return struct.pack("!iiII", 9 if self.refuses else 0, 1, 0, self.largest)
        if procedure == WRITE:
            _, _, _, flags, size = struct.unpack("!iIIiI", arguments[:20])
            assert size <= self.largest
            self.writes.append((size, bool(flags & END_FLAG)))
            self._message += arguments[20 : 20 + size]
            if flags & END_FLAG:
                pieces = self.instrument.answers(self._message, threading.Event())
                self._answer, self._message = b"".join(pieces), bytearray()
            return struct.pack("!iI", 0, size)
        if procedure == READ:
            count = struct.unpack("!iI", arguments[:8])[1]
            if self.silent or not self._answer:
                return struct.pack("!iii", IO_TIMEOUT, 0, 0)
            data, self._answer = self._answer[:count], self._answer[count:]
            reason = COUNT_REASON if self._answer else END_REASON
            padding = bytes(-len(data) % 4)
            return struct.pack("!iiI", 0, reason, len(data)) + data + padding
        if procedure == STATUS:
            return struct.pack("!iI", 0, self.instrument.status_byte())
        if procedure == CLEAR:
            self._message, self._answer = bytearray(), b""
        return struct.pack("!i", 0)


@contextmanager
def vxi11_served(instrument: SimulatedInstrument, largest: int) -> Iterator[Vxi11Server]:
    """Serve an instrument for a while."""
    server = Vxi11Server(instrument, largest)
    try:
        yield server
    finally:
        server.close()
