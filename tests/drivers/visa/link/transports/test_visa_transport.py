"""VISA's own calls through ctypes, to a stand-in for a vendor's library that is compiled here."""

import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from drivers.errors import DeviceTimeoutError, LinkLostError
from drivers.visa.link import Link
from tests.drivers.visa.link.store import Store

SOURCE = Path(__file__).with_name("stand_in_visa.c")
PIECE, LAST_PIECE, READ, TIMEOUT, STATUS, CLEAR = range(6)


class FrameServer:
    """What the library talks to: a store behind frames; notes how messages were put together."""

    def __init__(self) -> None:
        self.store = Store()
        self.pieces: list[tuple[int, bool]] = []
        self.cleared = 0
        self.silent = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"GPIB0::{self._listener.getsockname()[1]}::INSTR"

    def drop(self) -> None:
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.drop()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5.0)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            with suppress(OSError), connection, connection.makefile("rb") as stream:
                self._frames(connection, stream.read)

    def _frames(self, connection: socket.socket, read: Callable[[int], bytes]) -> None:
        message, answer = bytearray(), b""
        while len(head := read(5)) == 5:
            size, kind = struct.unpack("!IB", head)
            if kind in (PIECE, LAST_PIECE):
                self.pieces.append((size, kind == LAST_PIECE))
                message += read(size)
                if kind == LAST_PIECE:
                    answer = b"".join(self.store.answers(message, threading.Event()))
                    message = bytearray()
            elif kind == READ:
                data, answer = (b"", answer) if self.silent else (answer[:size], answer[size:])
                end = 2 if not data else 0 if answer else 1
                connection.sendall(struct.pack("!IB", len(data), end) + data)
            elif kind == STATUS:
                connection.sendall(struct.pack("!IB", 0, self.store.status_byte()))
            elif kind == CLEAR:
                message, answer = bytearray(), b""
                self.cleared += 1


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    built = tmp_path_factory.mktemp("visa") / "libvisa.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(built), str(SOURCE)]
    subprocess.run(command, check=True, timeout=30.0)
    return str(built)


@pytest.fixture
def server() -> Iterator[FrameServer]:
    server = FrameServer()
    yield server
    server.close()


def test_a_block_is_one_message_of_several_writes(library: str, server: FrameServer) -> None:
    with Link(server.address, visa_library=library) as link:
        assert link.identification == "ACME,STORE,42,1.0"
        data = np.resize(np.arange(256, dtype=np.uint8), 2_500_000)
        server.pieces.clear()
        link.write_block('BLOC "a",', data)
        assert link.query_block('BLOC? "a"') == data.tobytes()
        assert server.store.blocks["a"] == data.tobytes()
        # Header, three pieces, and the end, which alone carries END.
        assert [size for size, _ in server.pieces[:5]] == [18, 1 << 20, 1 << 20, 402_848, 1]
        assert [end for _, end in server.pieces[:5]] == [False] * 4 + [True]
        link.write("LONG")
        threading.Timer(0.05, server.store.finished.set).start()
        link.wait_complete("finish", 5.0)


def test_timeouts_and_interrupts_are_cleared(library: str, server: FrameServer) -> None:
    with Link(server.address, visa_library=library) as link:
        server.silent = True
        with pytest.raises(DeviceTimeoutError):
            link.query('TEXT? "old"', timeout_s=0.2)
        server.silent = False
        assert link.query('TEXT? "new"') == "new"
        assert server.cleared == 1

        def interrupted(done: int, whole: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            link.write_block('BLOC "a",', bytes(3 << 20), progress=interrupted)
        with link.urgent():
            link.write("OUTP OFF")
            assert link.query("OUTP?") == "0"
        assert server.cleared == 2
        assert server.store.blocks == {}


def test_a_dropped_link_is_lost_and_found(library: str, server: FrameServer) -> None:
    with Link(server.address, visa_library=library) as link:
        server.drop()
        with pytest.raises(LinkLostError):
            link.query('TEXT? "anyone"')
        assert link.lost
        link.reconnect()
        assert link.query('TEXT? "back"') == "back"


def test_nobody_is_there(library: str) -> None:
    with pytest.raises(LinkLostError):
        Link("GPIB0::1::INSTR", visa_library=library, timeout_s=1.0)
