"""Program messages over a plain socket: a newline ends each, but for those inside of a block."""

from __future__ import annotations

import re

from drivers.simulators.instrument import (
    MAX_MESSAGE_BYTES,
    CancelledError,
    Respond,
    SimulatedInstrument,
)
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.parser import block_span
from drivers.simulators.servers.listener import LOOPBACK, Listener, Stream

_MARK = re.compile(rb"[\n\"'#]")
_CLOSING = {ord('"'): re.compile(rb'["\n]'), ord("'"): re.compile(rb"['\n]")}
_NEWLINE = ord("\n")
_HASH = ord("#")

_JOINED_BYTES = 1 << 16


class MessageScanner:
    """Finds where messages end in bytes that come piece by piece, each byte looked at once.

    A string ends at a newline too, or one that is never closed would swallow all that follows.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._quote: int | None = None

    @property
    def pending_bytes(self) -> int:
        """How much of a message is there that has not ended."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._buffer += data

    def next_message(self) -> bytearray | None:
        """Give the next complete message, newline included, or none yet."""
        end = self._find_end()
        if end is None:
            return None
        # What is copied is the rest, which is short where the message is long.
        message, rest = self._buffer, self._buffer[end:]
        del message[end:]
        self._buffer = rest
        self._at = 0
        self._quote = None
        return message

    def _find_end(self) -> int | None:
        """Give the index behind the newline that ends the message."""
        buffer = self._buffer
        while self._at < len(buffer):
            mark = _MARK if self._quote is None else _CLOSING[self._quote]
            found = mark.search(buffer, self._at)
            if found is None:
                self._at = len(buffer)
                return None
            byte, at = buffer[found.start()], found.start()
            if byte == _NEWLINE:
                return at + 1
            if byte == _HASH:
                try:
                    span = block_span(buffer, at)
                except ScpiError:
                    self._at = at + 1
                    continue
                if span is None or span[1] > len(buffer):
                    # Look again from here once there is more.
                    self._at = at
                    return None
                self._at = span[1]
            else:
                self._quote = byte if self._quote is None else None
                self._at = at + 1
        return None


class SocketServer:
    """Lets clients talk to an instrument over a plain socket, on 127.0.0.1.

    Parameters
    ----------
    instrument : SimulatedInstrument
        Which has the error queue.
    respond : callable
        See :data:`drivers.simulators.instrument.Respond`.
    port : int
        0 takes a free one.
    """

    def __init__(self, instrument: SimulatedInstrument, respond: Respond, port: int = 0) -> None:
        self._instrument = instrument
        self._respond = respond
        self._listener = Listener(f"simulator {instrument.name} socket", port, self._serve)
        self.port = self._listener.port

    @property
    def address(self) -> str:
        """VISA resource name."""
        return f"TCPIP::{LOOPBACK}::{self.port}::SOCKET"

    def refuse(self, seconds: float) -> None:
        """End all connections, and refuse clients for a while."""
        self._listener.refuse(seconds)

    def close(self) -> None:
        """End all connections."""
        self._listener.close()

    def _serve(self, stream: Stream) -> None:
        scanner = MessageScanner()
        while True:
            scanner.feed(stream.some())
            while (message := scanner.next_message()) is not None:
                try:
                    pieces = self._respond(message, stream.dropped)
                except CancelledError:
                    return
                if sum(map(len, pieces)) <= _JOINED_BYTES:
                    pieces = [b"".join(pieces)]
                for piece in pieces:
                    stream.send(piece)
            if scanner.pending_bytes > MAX_MESSAGE_BYTES:
                self._instrument.errors.push(ScpiError(-363))
                return
