import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.simulators.scpi import definite_block
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.simulators.servers.socket_server import MessageScanner
from tests.drivers.simulators.toy import IDENTITY, ToyInstrument, opened


def messages_of(data: bytes, sizes: list[int]) -> list[bytes]:
    """Feed bytes in pieces of some sizes, and give the messages that were found."""
    scanner = MessageScanner()
    found: list[bytes] = []
    at = 0
    for size in [*sizes, len(data)]:
        scanner.feed(data[at : at + size])
        at += size
        while (message := scanner.next_message()) is not None:
            found.append(bytes(message))
    return found


plain = st.binary(max_size=20).map(
    lambda data: bytes(byte for byte in data if byte not in b"\n'\"#")
)
quoted = st.binary(max_size=20).map(
    lambda data: b'"' + bytes(byte for byte in data if byte not in b'\n"') + b'"'
)
block = st.binary(max_size=40).map(definite_block)
message = st.lists(st.one_of(plain, quoted, block), max_size=5).map(lambda x: b"".join(x) + b"\n")


@given(st.lists(message, max_size=5), st.lists(st.integers(1, 30), max_size=40))
def test_messages_are_found_however_the_bytes_come(messages: list[bytes], sizes: list[int]) -> None:
    assert messages_of(b"".join(messages), sizes) == messages


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (b"A\nB\n\nC", [b"A\n", b"B\n", b"\n"]),
        (b"A #H1F\nB\n", [b"A #H1F\n", b"B\n"]),
        (b"A #3", []),
        (b"A #14\n\n\n\n\n", [b"A #14\n\n\n\n\n"]),
        (b"A '#19' \nB\n", [b"A '#19' \n", b"B\n"]),
        # A string that is never closed ends with its line, or all that follows would be lost.
        (b"A 'open\nB\n", [b"A 'open\n", b"B\n"]),
        # Without a length there is no way to know of newlines inside.
        (b"A #0x\ny\n", [b"A #0x\n", b"y\n"]),
    ],
)
def test_what_ends_a_message(data: bytes, messages: list[bytes]) -> None:
    assert messages_of(data, []) == messages
    assert messages_of(data, [1] * len(data)) == messages


def test_a_visa_session_writes_and_queries(toy: ToyInstrument, server: InstrumentServer) -> None:
    with opened(server.socket_address) as session:
        assert session.query("*IDN?") == IDENTITY
        session.write("FREQ 2.5 GHZ\nNOPE")
        assert session.query("FREQ?") == "2500000000"
        assert session.query("SYST:ERR?") == '-113,"Undefined header;NOPE"'
        data = bytes(range(256)) * 1024
        session.write_binary_values("MEM:DATA ", data, datatype="B")
        assert session.query("*OPC?") == "1"
        assert toy.memory == data
        assert session.query_binary_values("MEM:DATA?", datatype="B", container=bytes) == data


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=3000))
def test_blocks_of_any_bytes(toy: ToyInstrument, server: InstrumentServer, data: bytes) -> None:
    answer = definite_block(data) + b"\n"
    with socket.create_connection(("127.0.0.1", server.socket_port), timeout=5.0) as connection:
        connection.sendall(b"MEM:DATA " + definite_block(data) + b";DATA?\n")
        received = b""
        while len(received) < len(answer):
            received += connection.recv(1 << 16)
    assert received == answer
    assert toy.memory == data


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_garbage_leaves_an_instrument_that_answers(
    toy: ToyInstrument, server: InstrumentServer, garbage: bytes
) -> None:
    # A block that is announced and never comes would hold the line open, as it must.
    garbage = garbage.replace(b"#", b"$")
    with socket.create_connection(("127.0.0.1", server.socket_port), timeout=5.0) as connection:
        connection.sendall(garbage + b"\n!\nSYST:ERR?\n")
        stream = connection.makefile("rb")
        assert stream.readline().startswith(b"-1")
        connection.sendall(b"*CLS;*IDN?\n")
        assert stream.readline() == IDENTITY.encode() + b"\n"
        stream.close()


def test_a_message_that_a_disconnection_cuts_is_forgotten(
    toy: ToyInstrument, server: InstrumentServer
) -> None:
    with socket.create_connection(("127.0.0.1", server.socket_port), timeout=5.0) as connection:
        connection.sendall(b"OUTP ON;:MEM:DATA #3100short")
    with opened(server.socket_address) as session:
        assert session.query("OUTP?;:SYST:ERR?") == '0;0,"No error"'
