"""A listening socket on the loopback address, with a thread for each connection."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable

LOOPBACK = "127.0.0.1"

_BACKLOG = 16
_TICK_S = 0.05
_RECEIVE_BYTES = 1 << 18


class DisconnectedError(Exception):
    """The peer has gone."""


class Stream:
    """Bytes of a connection, read through a buffer.

    Parameters
    ----------
    connection : socket
        Connected.

    Attributes
    ----------
    dropped : Event
        Set when it is ended from this side.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.dropped = threading.Event()
        self._buffer = b""
        self._at = 0

    def some(self) -> bytes:
        """Give what is there, at least one byte."""
        if self._at < len(self._buffer):
            data, self._buffer = self._buffer[self._at :], b""
            self._at = 0
            return data
        return self._receive()

    def exactly(self, count: int) -> bytes:
        """Give so many bytes."""
        while len(self._buffer) - self._at < count:
            self._buffer = self._buffer[self._at :] + self._receive()
            self._at = 0
        data = self._buffer[self._at : self._at + count]
        self._at += count
        return data

    def append(self, message: bytearray | None, count: int) -> None:
        """Put so many bytes at the end of a message, or throw them away."""
        while count > 0:
            data = self.some()
            if len(data) > count:
                self._buffer, self._at = data, count
                data = data[:count]
            if message is not None:
                message += data
            count -= len(data)

    def _receive(self) -> bytes:
        try:
            data = self.connection.recv(_RECEIVE_BYTES)
        except OSError as error:
            raise DisconnectedError from error
        if not data:
            raise DisconnectedError
        return data

    def send(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it."""
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise DisconnectedError from error

    def drop(self) -> None:
        """End the connection; whoever reads or writes it gets :class:`DisconnectedError`."""
        self.dropped.set()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class Listener:
    """Accepts connections on 127.0.0.1.

    Parameters
    ----------
    name : str
        Of its threads.
    port : int
        0 takes a free one.
    serve : callable
        Is called with each connection in a thread of its own; the connection ends with it.
    tick : callable or None
        Is called every 50 ms.
    """

    def __init__(
        self,
        name: str,
        port: int,
        serve: Callable[[Stream], None],
        tick: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._serve = serve
        self._tick = tick
        self._closing = threading.Event()
        self._refuse_until = 0.0
        self._lock = threading.Lock()
        self._connections: dict[Stream, threading.Thread] = {}
        self._numbers = itertools.count(1)
        self._socket = self._listen(port)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)
        self._thread.start()

    def refuse(self, seconds: float) -> None:
        """Drop all connections, and refuse new ones for a while."""
        self._refuse_until = time.monotonic() + seconds
        self._stop_listening()
        self._drop_all()

    def close(self) -> None:
        """End all; no thread is left."""
        self._closing.set()
        self._stop_listening()
        self._drop_all()
        self._thread.join()
        with self._lock:
            threads = list(self._connections.values())
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def _listen(self, port: int) -> socket.socket:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.settimeout(_TICK_S)
        try:
            listening.bind((LOOPBACK, port))
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
        return listening

    def _stop_listening(self) -> None:
        # Wakes the accepting thread, which closes the socket; peers are refused from here on.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _drop_all(self) -> None:
        with self._lock:
            streams = list(self._connections)
        for stream in streams:
            stream.drop()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                pass
            except OSError:
                self._reopen()
            else:
                self._begin(connection)
            if self._tick is not None:
                self._tick()
        self._socket.close()
        # A connection that was accepted while it closed.
        self._drop_all()

    def _reopen(self) -> None:
        self._socket.close()
        self._closing.wait(max(0.0, self._refuse_until - time.monotonic()))
        if not self._closing.is_set():
            self._socket = self._listen(self.port)

    def _begin(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = Stream(connection)
        thread = threading.Thread(
            target=self._run,
            args=(stream,),
            name=f"{self._name} {next(self._numbers)}",
            daemon=True,
        )
        with self._lock:
            self._connections[stream] = thread
        thread.start()

    def _run(self, stream: Stream) -> None:
        try:
            with contextlib.suppress(DisconnectedError):
                self._serve(stream)
        finally:
            stream.drop()
            stream.connection.close()
            with self._lock:
                self._connections.pop(stream, None)
