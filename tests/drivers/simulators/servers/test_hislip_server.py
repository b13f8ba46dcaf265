"""The HiSLIP server, driven by pyvisa-py's client and, where that has no word, by raw messages."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyvisa_py.protocols.hislip import Instrument as Client

from drivers.simulators.scpi import definite_block
from drivers.simulators.servers.hislip_messages import HEADER, MessageType, message
from drivers.simulators.servers.hislip_server import MAX_PACKET_BYTES
from drivers.simulators.servers.instrument_server import InstrumentServer
from tests.drivers.simulators.toy import IDENTITY, ToyInstrument, opened


@pytest.fixture
def client(server: InstrumentServer) -> Iterator[Client]:
    opened_client = Client("127.0.0.1", port=server.hislip_port, timeout=5.0)
    yield opened_client
    opened_client.close()


def ask(client: Client, text: str) -> str:
    client.send(text.encode())
    return bytes(client.receive(1 << 20)).decode().rstrip("\n")


class Raw:
    """Both connections of a session, message by message."""

    def __init__(self, port: int) -> None:
        self.sync = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self.asynchronous = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self.send(MessageType.INITIALIZE, 0, 0x0100 << 16, b"hislip0")
        kind, control, parameter, _ = self.receive()
        assert (kind, control, parameter >> 16) == (MessageType.INITIALIZE_RESPONSE, 0, 0x0100)
        self.send_async(MessageType.ASYNC_INITIALIZE, 0, parameter & 0xFFFF)
        assert self.receive_async()[0] == MessageType.ASYNC_INITIALIZE_RESPONSE

    def send(self, kind: int, control: int = 0, parameter: int = 0, payload: bytes = b"") -> None:
        self.sync.sendall(HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload)

    def send_async(
        self, kind: int, control: int = 0, parameter: int = 0, payload: bytes = b""
    ) -> None:
        self.asynchronous.sendall(
            HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload
        )

    def receive(self) -> tuple[int, int, int, bytes]:
        return receive_message(self.sync)

    def receive_async(self) -> tuple[int, int, int, bytes]:
        return receive_message(self.asynchronous)

    def close(self) -> None:
        self.sync.close()
        self.asynchronous.close()


def receive_message(connection: socket.socket) -> tuple[int, int, int, bytes]:
    header = receive_exactly(connection, HEADER.size)
    prologue, kind, control, parameter, size = HEADER.unpack(header)
    assert prologue == b"HS"
    return kind, control, parameter, receive_exactly(connection, size)


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        assert more, "the server ended the connection"
        data += more
    return data


@pytest.fixture
def raw(server: InstrumentServer) -> Iterator[Raw]:
    connections = Raw(server.hislip_port)
    yield connections
    connections.close()


def test_a_visa_session_writes_queries_and_reads_status(
    toy: ToyInstrument, server: InstrumentServer
) -> None:
    with opened(server.hislip_address) as session:
        assert session.query("*IDN?") == IDENTITY
        session.write("FREQ 2.5 GHZ;:OUTP2 ON")
        assert session.query("FREQ?;:OUTP2?;:OUTP1?") == "2500000000;1;0"
        assert session.read_stb() == 0
        session.write("NOPE")
        assert session.query("*OPC?") == "1"
        assert session.read_stb() == 1 << 2
        assert session.query("SYST:ERR?") == '-113,"Undefined header;NOPE"'
        session.clear()
        assert session.query("*IDN?") == IDENTITY
    assert toy.frequency(1) == 2.5e9


def test_large_blocks_go_both_ways(toy: ToyInstrument, server: InstrumentServer) -> None:
    # Three of pyvisa-py's largest HiSLIP messages, with every byte there is.
    data = bytes(range(256)) * (3 * MAX_PACKET_BYTES // 256)
    with opened(server.hislip_address) as session:
        session.write_binary_values("MEM:DATA ", data, datatype="B")
        assert session.query("*OPC?") == "1"
        assert toy.memory == data
        session.write("MEM:DATA?")
        assert session.read_raw() == definite_block(data) + b"\n"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=3000), st.integers(17, 200))
def test_blocks_of_any_bytes_in_messages_of_any_size(
    toy: ToyInstrument, client: Client, data: bytes, message_bytes: int
) -> None:
    # pyvisa-py sends what the server takes; here it is made to send small messages.
    client.max_msg_size = message_bytes
    client._max_msg_size = message_bytes
    client.send(b"MEM:DATA " + definite_block(data) + b";DATA?\n")
    assert bytes(client.receive(10_000)) == definite_block(data) + b"\n"
    assert toy.memory == data


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=100))
def test_garbage_leaves_an_instrument_that_answers(client: Client, garbage: bytes) -> None:
    client.send(garbage)
    # If that was a query, its answer is recognised by its number and thrown away.
    assert ask(client, "*CLS;*IDN?") == IDENTITY


def test_a_trigger_message_is_a_trigger(toy: ToyInstrument, client: Client) -> None:
    client.trigger()
    client.trigger()
    assert ask(client, "*OPC?") == "1"
    assert toy.triggers == 2


def test_message_available_until_the_answer_is_read(client: Client) -> None:
    # IVI-6.1: the server takes an answer as read when the client tells (RMT-delivered).
    client.send(b"*IDN?")
    while not client.async_status_query() & 1 << 4:
        pass
    assert bytes(client.receive(1000)) == IDENTITY.encode() + b"\n"
    assert client.async_status_query() & 1 << 4 == 0


def test_status_is_answered_while_the_instrument_waits(toy: ToyInstrument, client: Client) -> None:
    client.send(b"*CLS;SWE;*OPC?")
    for _ in range(3):
        assert client.async_status_query() == 0
    toy.sweep_ended.set()
    assert bytes(client.receive(10)) == b"1\n"


def test_device_clear_ends_a_wait_and_empties_the_buffers(
    toy: ToyInstrument, client: Client
) -> None:
    client.send(b"SWE;*OPC?")
    client.device_clear()
    assert ask(client, "*IDN?") == IDENTITY
    toy.sweep_ended.set()
    assert ask(client, "*OPC?;SYST:ERR?") == '1;0,"No error"'


def test_a_message_that_a_device_clear_cuts_is_forgotten(raw: Raw, toy: ToyInstrument) -> None:
    raw.send(MessageType.DATA, 1, 0xFFFF_FF00, b"OUTP ON;:POIN")
    raw.send_async(MessageType.ASYNC_DEVICE_CLEAR)
    assert raw.receive_async()[0] == MessageType.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE
    raw.send(MessageType.DATA_END, 0, 0xFFFF_FF02, b"ts 7")
    raw.send(MessageType.DEVICE_CLEAR_COMPLETE)
    assert raw.receive()[0] == MessageType.DEVICE_CLEAR_ACKNOWLEDGE
    raw.send(MessageType.DATA_END, 0, 0xFFFF_FF00, b"OUTP?;:POIN?;:SYST:ERR?")
    assert raw.receive()[3] == b'0;16;0,"No error"\n'


def test_an_answer_that_is_not_read_is_interrupted(raw: Raw) -> None:
    raw.send(MessageType.DATA_END, 0, 0xFFFF_FF00, b"*IDN?")
    assert raw.receive() == (MessageType.DATA_END, 0, 0xFFFF_FF00, IDENTITY.encode() + b"\n")
    # The client tells by bit 0 that it has read all of it; without, it has not.
    raw.send(MessageType.DATA_END, 0, 0xFFFF_FF02, b"*OPC?")
    assert raw.receive() == (MessageType.INTERRUPTED, 0, 0xFFFF_FF02, b"")
    assert raw.receive_async() == (MessageType.ASYNC_INTERRUPTED, 0, 0xFFFF_FF02, b"")
    assert raw.receive() == (MessageType.DATA_END, 0, 0xFFFF_FF02, b"1\n")
    raw.send(MessageType.DATA_END, 1, 0xFFFF_FF04, b"SYST:ERR?;*ESR?")
    assert raw.receive()[3] == b'-410,"Query INTERRUPTED";132\n'


def test_an_answer_keeps_within_the_client_s_message_size(raw: Raw) -> None:
    raw.send_async(MessageType.ASYNC_MAXIMUM_MESSAGE_SIZE, payload=struct.pack("!Q", 24))
    assert raw.receive_async() == (
        MessageType.ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, 0, 0, struct.pack("!Q", MAX_PACKET_BYTES),
    )  # fmt: skip
    raw.send(MessageType.DATA_END, 0, 2, b"*IDN?")
    answer = b""
    kind = int(MessageType.DATA)
    while kind == MessageType.DATA:
        kind, _, parameter, part = raw.receive()
        assert parameter == 2
        assert len(part) <= 8
        answer += part
    assert kind == MessageType.DATA_END
    assert answer == IDENTITY.encode() + b"\n"


def test_service_is_requested_once(raw: Raw, toy: ToyInstrument) -> None:
    raw.send(MessageType.DATA_END, 0, 0, b"*CLS;*ESE 1;*SRE 32;SWE;*OPC")
    raw.send(MessageType.DATA_END, 0, 2, b"*ESE?")
    assert raw.receive()[3] == b"1\n"
    raw.send_async(MessageType.ASYNC_STATUS_QUERY, 1)
    assert raw.receive_async() == (MessageType.ASYNC_STATUS_RESPONSE, 0, 0, b"")
    toy.sweep_ended.set()
    assert raw.receive_async() == (MessageType.ASYNC_SERVICE_REQUEST, 0x60, 0, b"")
    # The poll shows the request in bit 6, and ends it.
    for byte in (0x60, 0x20):
        raw.send_async(MessageType.ASYNC_STATUS_QUERY, 1)
        assert raw.receive_async() == (MessageType.ASYNC_STATUS_RESPONSE, byte, 0, b"")


def test_an_exclusive_lock_keeps_others_out(
    server: InstrumentServer, client: Client, toy: ToyInstrument
) -> None:
    other = Client("127.0.0.1", port=server.hislip_port, timeout=5.0)
    try:
        assert client.async_lock_request(1.0) == "success"
        assert client.async_lock_request(1.0) == "error"
        assert client.async_lock_info() == 1
        assert other.async_lock_request(0.0) == "failure"
        other.send(b"POIN 7;POIN?")
        # What was sent before the release is done under the lock.
        client.send(b"POIN 3")
        assert client.async_lock_release() == "success"
        assert toy.points() in (3, 7)
        assert bytes(other.receive(100)) == b"7\n"
        assert client.async_lock_release() == "error"
        assert other.async_lock_request(1.0) == "success"
    finally:
        other.close()
    # A session that ends gives back what it holds.
    assert client.async_lock_request(5.0) == "success"


def test_a_shared_lock_is_for_those_who_know_the_word(server: InstrumentServer) -> None:
    one, two, three = (Client("127.0.0.1", port=server.hislip_port, timeout=5.0) for _ in range(3))
    try:
        assert one.async_lock_request(1.0, "word") == "success"
        assert two.async_lock_request(1.0, "word") == "success"
        assert three.async_lock_request(0.0, "other") == "failure"
        assert three.async_lock_request(0.0) == "failure"
        assert ask(two, "*OPC?") == "1"
        # One of those who share it may take it alone.
        assert two.async_lock_request(0.0) == "success"
        assert one.async_lock_request(0.0) == "failure"
        assert two.async_lock_release() == "success"
        assert two.async_lock_release() == "success shared"
        assert one.async_lock_release() == "success shared"
        assert three.async_lock_request(1.0, "other") == "success"
    finally:
        for session in (one, two, three):
            session.close()


def test_remote_and_local(raw: Raw) -> None:
    for control in range(7):
        raw.send_async(MessageType.ASYNC_REMOTE_LOCAL_CONTROL, control)
        assert raw.receive_async()[0] == MessageType.ASYNC_REMOTE_LOCAL_RESPONSE
    raw.send_async(MessageType.ASYNC_REMOTE_LOCAL_CONTROL, 7)
    assert raw.receive_async()[:2] == (MessageType.ERROR, 2)


def test_what_is_not_hislip_1_0_is_refused_and_the_session_goes_on(raw: Raw) -> None:
    raw.send(28, 0, 0, b"StartTLS of HiSLIP 2")
    assert raw.receive()[:2] == (MessageType.ERROR, 1)
    raw.send(200, 0, 0, b"somebody's own")
    assert raw.receive()[:2] == (MessageType.ERROR, 3)
    raw.send_async(33)
    assert raw.receive_async()[:2] == (MessageType.ERROR, 1)
    raw.send(MessageType.DATA_END, 0, 0, b" " * (MAX_PACKET_BYTES + 1))
    assert raw.receive()[:2] == (MessageType.ERROR, 4)
    raw.send(MessageType.DATA_END, 0, 0, b"*OPC?")
    assert raw.receive()[3] == b"1\n"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 1),
        (message(MessageType.DATA_END, payload=b"*IDN?"), 3),
        (message(MessageType.INITIALIZE, payload=b"gpib0"), 3),
        (message(MessageType.ASYNC_INITIALIZE, parameter=4711), 3),
        (message(MessageType.INITIALIZE, parameter=0x0100 << 16) + message(MessageType.DATA), 2),
    ],
)
def test_who_does_not_speak_it_is_told_and_dropped(
    server: InstrumentServer, sent: bytes, code: int
) -> None:
    with socket.create_connection(("127.0.0.1", server.hislip_port), timeout=5.0) as connection:
        connection.sendall(sent)
        kind, control, _, _ = receive_message(connection)
        if kind == MessageType.INITIALIZE_RESPONSE:
            kind, control, _, _ = receive_message(connection)
        assert (kind, control) == (MessageType.FATAL_ERROR, code)
        assert connection.recv(1) == b""
    with opened(server.hislip_address) as session:
        assert session.query("*OPC?") == "1"


def test_several_clients_talk_at_once(server: InstrumentServer) -> None:
    wrong: list[str] = []

    def talk(channel: int) -> None:
        client = Client("127.0.0.1", port=server.hislip_port, timeout=5.0)
        for number in range(50):
            answer = ask(client, f"SOUR{channel}:FREQ {number + 1} KHZ;FREQ?")
            if answer != str((number + 1) * 1000):
                wrong.append(answer)
        client.close()

    threads = [threading.Thread(target=talk, args=(channel,)) for channel in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
