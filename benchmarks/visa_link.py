"""Rate and memory of blocks over a link, against a bare socket in the same run.

Blocks go to, and come from, a process that does nothing but speak HiSLIP, or a raw socket, and
throws away what it gets. The bare socket is what any way costs at least: `sendall` and `recv_into`
of one buffer. PyVISA's own `write_binary_values` and `query_binary_values` are the peers. Each way
runs in a process of its own, so that its memory can be told: growth is the peak of the resident
set above what it was before the block existed. The link makes the block as it is sent.

    python -m benchmarks.visa_link [--megabytes 400]
"""

import argparse
import json
import resource
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

PIECE = 1 << 20
HEADER = struct.Struct("!2sBBIQ")
# Message types of HiSLIP (IVI-6.1, table 4), request and response where there is one.
INITIALIZE, ASYNC_INITIALIZE, MAX_SIZE = (0, 1), (17, 18), (15, 16)
DATA, DATA_END = 6, 7
CLEAR, CLEAR_COMPLETE = (19, 23), (8, 9)
WAYS = ("bare", "link-hislip", "link-socket", "pyvisa-hislip", "pyvisa-socket")


class Wire:
    """A connection whose bytes are read into one buffer."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.buffer = memoryview(bytearray(PIECE))

    def take(self, count: int) -> bytes:
        """Receive so many bytes."""
        data = b""
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def drop(self, count: int) -> None:
        """Receive so many bytes and throw them away."""
        while count > 0:
            received = self.connection.recv_into(self.buffer, min(count, PIECE))
            if received == 0:
                raise EOFError
            count -= received


def answer(question: bytes, block: bytes) -> bytes:
    """Answer what is asked."""
    if question.startswith(b"*IDN"):
        return b"ACME,SINK,0,0\n"
    if question.startswith(b"BLOC?"):
        return b"#9%09d" % len(block) + block + b"\n"
    return b'0,"No error"\n' if question.startswith(b"SYST") else b"1\n"


def serve_hislip(wire: Wire, block: bytes) -> None:
    """Speak as much HiSLIP as is needed."""

    def send(kind: int, control: int, parameter: int, payload: bytes = b"") -> None:
        head = HEADER.pack(b"HS", kind, control, parameter, len(payload))
        wire.connection.sendall(head)
        wire.connection.sendall(payload)

    while True:
        _, kind, _control, parameter, size = HEADER.unpack(wire.take(HEADER.size))
        if kind in (DATA, DATA_END):
            text = wire.take(size) if size < 100 else b""
            wire.drop(size - len(text))
            if kind == DATA_END and b"?" in text:
                send(DATA_END, 0, parameter, answer(text, block))
            continue
        wire.drop(size)
        if kind == INITIALIZE[0]:
            send(INITIALIZE[1], 0, 0x0100_0001)
        elif kind == MAX_SIZE[0]:
            send(MAX_SIZE[1], 0, 0, struct.pack("!Q", PIECE + HEADER.size))
        else:
            responses = dict((ASYNC_INITIALIZE, CLEAR, CLEAR_COMPLETE))
            send(responses[kind], 0, 0)


def serve_socket(wire: Wire, block: bytes) -> None:
    """Take lines, and blocks in them by their length."""
    line = b""
    while True:
        line += wire.connection.recv(1)
        if line.endswith(b"#"):
            wire.drop(int(wire.take(int(wire.take(1)))))
        elif line.endswith(b"\n"):
            if b"?" in line:
                wire.connection.sendall(answer(line, block))
            line = b""
        elif not line:
            raise EOFError


def serve_bare(wire: Wire, block: bytes) -> None:
    """Take a size and so many bytes, and give a byte."""
    while True:
        wire.drop(struct.unpack("!Q", wire.take(8))[0])
        wire.connection.sendall(b"1")


def serve(size: int) -> None:
    """Listen on three ports, tell them, and serve until the input ends."""
    block = bytes(size)
    ports = []
    for serve_one in (serve_hislip, serve_socket, serve_bare):
        listener = socket.create_server(("127.0.0.1", 0))
        ports.append(listener.getsockname()[1])

        def accept(listener: socket.socket = listener, serve_one: Any = serve_one) -> None:
            while True:
                connection, _ = listener.accept()
                threading.Thread(
                    target=until_gone, args=(serve_one, Wire(connection), block), daemon=True
                ).start()

        threading.Thread(target=accept, daemon=True).start()
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


def until_gone(serve_one: Any, wire: Wire, block: bytes) -> None:
    """Serve a connection until its end."""
    try:
        serve_one(wire, block)
    except (EOFError, OSError):
        wire.connection.close()


def memory_bytes() -> int:
    """Largest resident set so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def made_as_sent(size: int) -> Iterator[memoryview]:
    """Give a block piece by piece."""
    piece = memoryview(np.random.default_rng(0).bytes(PIECE))
    for start in range(0, size, PIECE):
        yield piece[: size - start]


def measure(way: str, ports: list[int], size: int) -> dict[str, float]:
    """Send, and receive, a block one way; rates in bytes per second."""
    hislip, plain, bare = ports
    address = {
        "hislip": f"TCPIP::127.0.0.1::hislip0,{hislip}::INSTR",
        "socket": f"TCPIP::127.0.0.1::{plain}::SOCKET",
    }.get(way.rsplit("-", maxsplit=1)[-1], "")
    if way == "bare":
        with socket.create_connection(("127.0.0.1", bare)) as connection:
            before = memory_bytes()
            start = time.perf_counter()
            connection.sendall(struct.pack("!Q", size))
            for piece in made_as_sent(size):
                connection.sendall(piece)
            connection.recv(1)
            return {"up": size / (time.perf_counter() - start), "growth": memory_bytes() - before}
    if way.startswith("link"):
        from drivers.visa.link import Link

        with Link(address, timeout_s=30.0) as link:
            before = memory_bytes()
            start = time.perf_counter()
            link.write_block("BLOC ", made_as_sent(size), size=size, progress=lambda *_: None)
            link.query("*OPC?")
            up = size / (time.perf_counter() - start)
            growth = memory_bytes() - before
            start = time.perf_counter()
            received = len(link.query_block("BLOC?"))
            down = received / (time.perf_counter() - start)
        return {"up": up, "growth": growth, "down": down}
    import pyvisa

    resource_: Any = pyvisa.ResourceManager("@py").open_resource(
        address, timeout=60_000, read_termination="\n", write_termination="\n"
    )
    resource_.query("*IDN?")
    before = memory_bytes()
    block = np.frombuffer(b"".join(made_as_sent(size)), np.int8)
    start = time.perf_counter()
    resource_.write_binary_values("BLOC ", block, datatype="b")
    resource_.query("*OPC?")
    up = size / (time.perf_counter() - start)
    growth = memory_bytes() - before
    start = time.perf_counter()
    received = resource_.query_binary_values(
        "BLOC?", datatype="b", container=np.ndarray, chunk_size=PIECE
    ).size
    down = received / (time.perf_counter() - start)
    resource_.close()
    return {"up": up, "growth": growth, "down": down}


@contextmanager
def sink(size: int) -> Iterator[list[int]]:
    """Run the process that takes everything."""
    command = [sys.executable, "-m", "benchmarks.visa_link", "--serve", str(size)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=400.0)
    parser.add_argument("--down-megabytes", type=float, default=40.0)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    size = round(arguments.megabytes * 1e6)
    if arguments.serve is not None:
        serve(arguments.serve)
        return
    if arguments.measure:
        way, *ports = arguments.measure
        print(json.dumps(measure(way, [int(port) for port in ports], size)))
        return
    print(f"{'way':16}{'up MB/s':>10}{'of bare':>9}{'growth MB':>11}{'down MB/s':>11}")
    limit = 0.0
    with sink(round(arguments.down_megabytes * 1e6)) as ports:
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.visa_link", "--megabytes"]
            command += [str(arguments.megabytes), "--measure", way, *map(str, ports)]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            figures: dict[str, float] = json.loads(output)
            limit = limit or figures["up"]
            print(
                f"{way:16}{figures['up'] / 1e6:10.0f}{figures['up'] / limit:9.2f}"
                f"{figures['growth'] / 1e6:11.1f}{figures.get('down', 0.0) / 1e6:11.0f}"
            )


if __name__ == "__main__":
    main()
