import pytest

from drivers.errors import DeviceSettingsError
from drivers.visa.link.address import Protocol, parse_address


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("TCPIP::192.168.1.20::hislip0::INSTR", "hislip"),
        ("TCPIP0::awg.lab::hislip0,4880::INSTR", "hislip"),
        ("TCPIP::192.168.1.20::INSTR", "vxi-11"),
        ("TCPIP::192.168.1.20::inst0::INSTR", "vxi-11"),
        ("TCPIP::192.168.1.20,1024::inst0::INSTR", "vxi-11"),
        ("TCPIP::192.168.1.20::5025::SOCKET", "socket"),
        ("USB::0x0957::0x1799::MY1234::INSTR", "usb"),
        ("GPIB0::7::INSTR", "gpib"),
        ("GPIB::7", "gpib"),
    ],
)
def test_addresses_tell_their_protocol(name: str, protocol: Protocol) -> None:
    assert parse_address(name).protocol == protocol
    assert parse_address(name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "192.168.1.20",
        "awg.lab:5025",
        "TCPIP::::INSTR",
        "TCPIP:: host::INSTR",
        "TCPIP::host::hislip0,70000::INSTR",
        "TCPIP::host::hislip0,::INSTR",
        "TCPIP::host::0::SOCKET",
        "TCPIP::host::port::SOCKET",
        "TCPIP::host::SOCKET",
        "ASRL1::INSTR",
        "GPIB0::INTFC",
        "USB::1::2::3::RAW",
    ],
)
def test_other_names_are_refused_with_what_would_be_right(name: str) -> None:
    with pytest.raises(DeviceSettingsError) as caught:
        parse_address(name)
    assert "::" in caught.value.remedy or "port" in caught.value.remedy
