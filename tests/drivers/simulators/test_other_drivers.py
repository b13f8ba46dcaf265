"""Drivers that nobody here wrote talk to a served instrument: PyMeasure, QCoDeS, tm_devices."""

from typing import Any

import pytest
from pymeasure.instruments import Instrument, SCPIMixin
from qcodes.instrument import VisaInstrument

from drivers.simulators.instrument import SimulatedInstrument
from drivers.simulators.servers.instrument_server import InstrumentServer
from tests.drivers.simulators.tektronix_manager import device_manager
from tests.drivers.simulators.toy import ADDRESSES, Address, ToyInstrument

pytestmark = [
    # tm_devices asks for a status byte, which a plain socket does not have.
    pytest.mark.filterwarnings("ignore:A VISA IO error occurred when:UserWarning"),
]


# What PyMeasure makes of an instrument that speaks SCPI, and one setting. It has no types, so that
# a class statement would not pass the type checker.
PyMeasureToy: Any = type(
    "PyMeasureToy",
    (SCPIMixin, Instrument),
    {"frequency": Instrument.control("FREQ?", "FREQ %.12g", "carrier, Hz")},
)


@ADDRESSES
def test_pymeasure(toy: ToyInstrument, server: InstrumentServer, address: Address) -> None:
    driver = PyMeasureToy(
        address(server), "toy", visa_library="@py", read_termination="\n", write_termination="\n"
    )
    try:
        assert driver.id == "Toys,T1000,0042,1.0"
        assert driver.options == ["OPT1", "OPT2"]
        assert driver.complete == "1"
        driver.frequency = 2.5e9
        assert driver.frequency == 2.5e9
        assert driver.check_errors() == []
        driver.write("NOPE")
        assert driver.check_errors() == [[-113.0, '"Undefined header;NOPE"']]
        driver.reset()
        driver.clear()
        assert driver.frequency == 1e9
        assert int(driver.status) == 0
        driver.write_binary_values("MEM:DATA ", [1, 10, 255], datatype="B", termination="\n")
        # It is not asked to read a block: PyMeasure does so until there is a timeout, which
        # pyvisa-py 0.8.1 never gives behind the end of a HiSLIP message.
        assert driver.complete == "1"
        assert toy.memory == bytes([1, 10, 255])
    finally:
        driver.adapter.close()


@ADDRESSES
def test_qcodes(server: InstrumentServer, address: Address) -> None:
    toy = VisaInstrument("toy", address(server), visalib="@py", terminator="\n")
    try:
        frequency = toy.add_parameter(
            "frequency", get_cmd="FREQ?", set_cmd="FREQ {:.12g}", get_parser=float
        )
        assert toy.get_idn() == {
            "vendor": "Toys", "model": "T1000", "serial": "0042", "firmware": "1.0",
        }  # fmt: skip
        frequency.set(2.5e9)
        assert frequency.get() == 2.5e9
        toy.device_clear()
        assert toy.ask("*OPC?") == "1"
    finally:
        toy.close()


@pytest.mark.parametrize("connection", ["hislip", "socket"])
def test_tm_devices(connection: str) -> None:
    # It chooses its driver by the identity, so that this has to be one that it knows.
    identity = "TEKTRONIX,AWG5208,B010203,FV:7.8.0157.1"
    with (
        InstrumentServer(SimulatedInstrument("awg", identity)) as server,
        device_manager() as manager,
    ):
        if connection == "hislip":
            endpoint = f"hislip0,{server.hislip_port}"
            awg = manager.add_awg("127.0.0.1", lan_device_endpoint=endpoint)
        else:
            awg = manager.add_awg("127.0.0.1", connection_type="SOCKET", port=server.socket_port)
        assert awg.idn_string == identity
        assert awg.query("*OPC?") == "1"
        awg.write("*CLS")
        awg.expect_esr(0)
        awg.write("NOPE")
        esr, errors = awg.get_errors()
        assert esr == 1 << 5
        assert errors[0] == '-113,"Undefined header;NOPE"'
