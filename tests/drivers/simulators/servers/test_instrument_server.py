"""A served instrument as a whole: threads, faults, memory; driven by pyvisa-py."""

import socket
import threading
import tracemalloc

import pytest
import pyvisa

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi import Call, definite_block
from drivers.simulators.servers.faults import Fault
from drivers.simulators.servers.instrument_server import InstrumentServer
from tests.drivers.simulators.toy import ADDRESSES, IDENTITY, Address, ToyInstrument, opened


def simulator_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "simulator toy" in thread.name]


def test_addresses_are_on_loopback_and_ports_free(server: InstrumentServer) -> None:
    assert server.hislip_address == f"TCPIP::127.0.0.1::hislip0,{server.hislip_port}::INSTR"
    assert server.socket_address == f"TCPIP::127.0.0.1::{server.socket_port}::SOCKET"
    with pytest.raises(OSError, match="in use"):
        InstrumentServer(server.instrument, hislip_port=server.hislip_port)
    with pytest.raises(OSError, match="in use"):
        InstrumentServer(server.instrument, socket_port=server.socket_port)


def test_two_servers_may_serve_the_same_instrument(
    toy: ToyInstrument, server: InstrumentServer
) -> None:
    with (
        InstrumentServer(toy) as second,
        opened(server.hislip_address) as one,
        opened(second.socket_address) as other,
    ):
        one.write("POIN 7")
        assert one.query("*OPC?") == "1"
        assert other.query("POIN?") == "7"


@ADDRESSES
def test_closing_ends_all_threads_whatever_they_do(toy: ToyInstrument, address: Address) -> None:
    server = InstrumentServer(toy)
    # One waits for a message, one for an operation, one for the rest of a block.
    with opened(address(server)), opened(address(server)) as busy, opened(address(server)) as cut:
        busy.write("SWE;*OPC?")
        cut.write_raw(b"MEM:DATA #3100abc")
        assert simulator_threads()
        server.close()
        assert not simulator_threads()
    for port in (server.hislip_port, server.socket_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5.0)
    server.close()


@ADDRESSES
def test_slow(server: InstrumentServer, address: Address) -> None:
    server.inject(Fault("slow", on="POIN?", seconds=0.3))
    with opened(address(server), timeout_s=0.1) as session:
        assert session.query("*IDN?") == IDENTITY
        with pytest.raises(pyvisa.VisaIOError, match="TMO"):
            session.query("POIN?")
        session.timeout = 5000
        if address(server).endswith("INSTR"):
            # The late answer has the number of the query that nobody waits for any more.
            assert session.query("*OPC?") == "1"
        else:
            # A plain socket has no such numbers.
            assert session.read() == "16"
            assert session.query("*OPC?") == "1"


@ADDRESSES
def test_silent(toy: ToyInstrument, server: InstrumentServer, address: Address) -> None:
    server.inject(Fault("silent", on="POIN?"))
    with opened(address(server), timeout_s=0.1) as session:
        with pytest.raises(pyvisa.VisaIOError, match="TMO"):
            session.query("POIN 8;POIN?")
        session.timeout = 5000
        assert session.query("POIN?") == "8"


@ADDRESSES
def test_garbage(server: InstrumentServer, address: Address) -> None:
    server.inject(Fault("garbage", on="*IDN"))
    with opened(address(server)) as session:
        session.write("*IDN?")
        answer = session.read_raw()
        assert len(answer) == len(IDENTITY) + 1
        assert all(byte >= 0x80 for byte in answer[:-1])
        assert session.query("*IDN?") == IDENTITY


@ADDRESSES
def test_wrong_length(toy: ToyInstrument, server: InstrumentServer, address: Address) -> None:
    toy.memory = bytes(100)
    server.inject(Fault("wrong-length", on="MEM:DATA?"))
    with opened(address(server), timeout_s=0.2) as session:
        session.write("MEM:DATA?")
        answer = session.read_raw()
        assert answer.startswith(b"#3100")
        assert len(answer) == 105 * 3 // 4 + 1
        assert session.query("*OPC?") == "1"


@ADDRESSES
def test_error(server: InstrumentServer, address: Address) -> None:
    server.inject(Fault("error", on="OUTP", code=-241))
    with opened(address(server)) as session:
        session.write("OUTP ON")
        assert session.query("OUTP?;:SYST:ERR?;ERR?") == '1;-241,"Hardware missing";0,"No error"'


def link_errors() -> tuple[type[BaseException], ...]:
    # What pyvisa-py 0.8.1 raises of a link that its peer ends: over HiSLIP an error of its own.
    return (pyvisa.VisaIOError, OSError, RuntimeError)


@ADDRESSES
def test_drop(toy: ToyInstrument, server: InstrumentServer, address: Address) -> None:
    server.inject(Fault("drop", on="OUTP"))
    with opened(address(server), timeout_s=0.2) as session:
        assert session.query("*OPC?") == "1"
        with pytest.raises(link_errors()):
            session.query("OUTP ON;OUTP?")
    # The message was not done, and the instrument is there for a new link.
    with opened(address(server)) as session:
        assert session.query("OUTP?") == "0"


@ADDRESSES
def test_reboot(toy: ToyInstrument, server: InstrumentServer, address: Address) -> None:
    with opened(address(server), timeout_s=0.2) as session:
        session.write("POIN 9;:OUTP ON;*ESE 4")
        assert session.query("*OPC?") == "1"
        server.inject(Fault("reboot", on="SYST:ERR", seconds=0.1))
        with pytest.raises(link_errors()):
            session.query("SYST:ERR?")
    wait_until_accepted(server.hislip_port)
    wait_until_accepted(server.socket_port)
    with opened(address(server)) as session:
        assert session.query("POIN?;:OUTP?;*ESE?;*ESR?") == "16;0;0;128"


def wait_until_accepted(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5.0).close()
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
        else:
            return
    raise AssertionError("refused for 10 s")


def test_while_it_reboots_links_are_refused(toy: ToyInstrument) -> None:
    with InstrumentServer(toy) as server:
        server.reboot(60.0)
        for port in (server.hislip_port, server.socket_port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=5.0)
    # Closing does not wait for the end of it.
    assert not simulator_threads()


def test_faults_can_be_taken_back(server: InstrumentServer) -> None:
    server.inject(Fault("drop", times=0))
    server.clear_faults()
    with opened(server.hislip_address) as session:
        assert session.query("*IDN?") == IDENTITY


class Memory(SimulatedInstrument):
    """Keeps a waveform where it came in."""

    def __init__(self) -> None:
        super().__init__("memory", "A,B,C,D")
        self.data = memoryview(b"")
        self.tree.command("DATA", self._keep, 1)
        self.tree.query("DATA", lambda _: self.data, 0)

    def _keep(self, call: Call) -> None:
        self.data = call.block(0)


@ADDRESSES
def test_a_long_waveform_is_in_memory_once(address: Address) -> None:
    size = 24 << 20
    memory = Memory()
    chunk = bytes(range(256)) * (1 << 10)
    with InstrumentServer(memory) as server, opened(address(server)) as session:
        header = b"DATA " + definite_block(bytes(size))[:10]
        tracemalloc.start()
        try:
            if address(server).endswith("SOCKET"):
                session.write_raw(header)
                for _ in range(size // len(chunk)):
                    session.write_raw(chunk)
                session.write_raw(b"\n")
            else:
                # One program message; pyvisa-py sends packets of 1 MiB of it.
                session.write_raw(header + chunk * (size // len(chunk)))
            assert session.query("*OPC?") == "1"
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert memory.data.nbytes == size
        assert memory.data[: len(chunk)] == chunk
    # A bytearray grows with an eighth to spare; the client's message is there, too, over HiSLIP,
    # and beside them packets and what was received of them.
    client_bytes = 0 if address(server).endswith("SOCKET") else 2 * size
    assert peak - client_bytes < 1.125 * size + (4 << 20)
