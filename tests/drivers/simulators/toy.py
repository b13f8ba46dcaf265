"""A small simulated instrument that has one of everything, for tests of what all stand on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.scpi import Call, ScpiError, definite_block
from drivers.simulators.servers.instrument_server import InstrumentServer

IDENTITY = "Toys,T1000,0042,1.0"

Address = Callable[[InstrumentServer], str]
ADDRESSES = pytest.mark.parametrize(
    "address",
    [lambda server: server.hislip_address, lambda server: server.socket_address],
    ids=["hislip", "socket"],
)


class ToyInstrument(SimulatedInstrument):
    """Has settings of every kind, a memory, and an operation that ends when it is told."""

    def __init__(self) -> None:
        super().__init__("toy", IDENTITY, "OPT1,OPT2")
        self.memory = b""
        self.sweep_ended = threading.Event()
        self.triggers = 0
        values = self.settings
        self.frequency = values.number(
            "[:SOURce<1:2>]:FREQuency[:CW|:FIXed]", 1e9, unit="HZ", lowest=1e3, highest=6e9
        )
        self.start = values.number("[:SOURce<1:2>]:FREQuency:STARt", 1e6, unit="HZ")
        self.stop = values.number("[:SOURce<1:2>]:FREQuency:STOP", 2e6, unit="HZ")
        self.output = values.boolean("OUTPut<1:2>[:STATe]", False)
        self.mode = values.choice("TRIGger:SOURce", ("INTernal", "EXTernal", "BUS"), "INT")
        self.label = values.string("DISPlay:TEXT")
        self.points = values.whole("POINts", 16, lowest=1, highest=1024)
        self.tree.command("MEMory:DATA", self._write, 1)
        self.tree.query("MEMory:DATA", lambda _: definite_block(self.memory), 0)
        self.tree.command("SWEep", lambda _: self.overlapped(self.sweep_ended), 0)

    def _write(self, call: Call) -> None:
        data = call.block(0)
        if len(data) > 1 << 29:
            raise ScpiError(-225)
        self.memory = bytes(data)

    def trigger(self) -> None:
        self.triggers += 1


@contextmanager
def opened(address: str, timeout_s: float = 5.0) -> Iterator[MessageBasedResource]:
    """Open an address by pyvisa-py, and close it."""
    manager = pyvisa.ResourceManager("@py")
    resource = manager.open_resource(address)
    assert isinstance(resource, MessageBasedResource)
    resource.timeout = timeout_s * 1e3
    if address.endswith("SOCKET"):
        resource.read_termination = resource.write_termination = "\n"
    else:
        resource.read_termination, resource.write_termination = "\n", ""
    try:
        yield resource
    finally:
        resource.close()
