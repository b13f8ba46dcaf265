"""Who is there: asked with nothing but *IDN?, against a deadline, in a process of its own."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from drivers.errors import DeviceSettingsError, DeviceTimeoutError, LinkLostError
from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.servers.faults import Fault
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.discovery import ask_instrument, serial_number
from drivers.visa.errors import AnswerError

SCOPE = "TEKTRONIX,MSO58,C012345,CF:91.1CT FV:2.8.2.1"


@pytest.fixture
def server() -> Iterator[InstrumentServer]:
    with InstrumentServer(SimulatedInstrument("scope", SCOPE)) as server:
        yield server


@pytest.mark.parametrize("protocol", ["hislip", "socket"])
def test_an_instrument_is_known_by_what_it_says(server: InstrumentServer, protocol: str) -> None:
    address = server.hislip_address if protocol == "hislip" else server.socket_address
    told = ask_instrument(address)
    assert (told.identity, told.kind, told.problem) == (SCOPE, "digitizer", None)
    assert serial_number(address) == "C012345"


def test_nothing_is_cleared_by_asking(server: InstrumentServer) -> None:
    """Another program's errors are its own: who asks leaves them in the queue."""
    server.instrument.execute(b"NO:SUCH:COMMAND")
    assert serial_number(server.hislip_address) == "C012345"
    assert server.instrument.execute(b"SYST:ERR:COUN?") == b"1"


def test_one_that_no_driver_speaks_to_is_named_all_the_same() -> None:
    power_supply = SimulatedInstrument("supply", "Maker,Supply 3000,1,2")
    with InstrumentServer(power_supply) as server:
        told = ask_instrument(server.hislip_address)
    assert (told.kind, told.problem) == ("", None)


def test_one_that_says_nothing_costs_the_deadline(server: InstrumentServer) -> None:
    server.inject(Fault("silent", on="*IDN", times=2))
    with pytest.raises(DeviceTimeoutError):
        serial_number(server.hislip_address, deadline_s=0.3)
    told = ask_instrument(server.hislip_address, deadline_s=1.5)
    assert told.identity == ""
    assert told.problem is not None


def test_nonsense_is_no_identity() -> None:
    with (
        InstrumentServer(SimulatedInstrument("scope", "hello")) as server,
        pytest.raises(AnswerError, match="'hello'"),
    ):
        serial_number(server.hislip_address)


def test_where_nobody_listens_it_says_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    before = threading.active_count()
    with pytest.raises(LinkLostError, match="refused"):
        serial_number(f"TCPIP::127.0.0.1::{port}::SOCKET")
    assert threading.active_count() == before
    with pytest.raises(DeviceSettingsError, match="is no VISA address"):
        ask_instrument("somewhere")


def test_asking_has_one_deadline_however_the_answer_drips() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ended = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                while not ended.wait(0.1):
                    connection.sendall(b"A")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(DeviceTimeoutError):
                serial_number(f"TCPIP::127.0.0.1::{port}::SOCKET", deadline_s=0.4)
        finally:
            ended.set()
            thread.join()


def test_libraries_warn_nobody(server: InstrumentServer) -> None:
    """PyVISA-py warns of what it lacks when it is imported; errors and answers are one line."""
    code = f"""
from drivers.visa.discovery import serial_number
from drivers.visa.link import Link
print(serial_number({server.hislip_address!r}))
Link({server.hislip_address!r}).close()
"""
    done = subprocess.run(
        [sys.executable, "-W", "default::UserWarning", "-c", code],
        capture_output=True,
        text=True,
        timeout=60.0,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("C012345\n", "")
