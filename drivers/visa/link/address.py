"""VISA addresses, checked before anything is opened.

PyVISA takes any host and any port, and finds out when it connects, or later.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Literal

from drivers.errors import DeviceSettingsError

Protocol = Literal["hislip", "vxi-11", "socket", "usb", "gpib"]

_FORMS = (
    "TCPIP::HOST::hislip0::INSTR, TCPIP::HOST::inst0::INSTR, TCPIP::HOST::PORT::SOCKET, "
    "USB::VENDOR::MODEL::SERIAL::INSTR or GPIB0::ADDRESS::INSTR"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instrument is, and how it is spoken to.

    Parameters
    ----------
    name : str
        The VISA address.
    protocol : str
        One of :data:`Protocol`.
    host : str or None
        Of one at a network.
    """

    name: str
    protocol: Protocol
    host: str | None = None

    def require_known_host(self) -> None:
        """Look its host up, where it is a name; nobody is connected to.

        Raises
        ------
        DeviceSettingsError
            Nobody knows it.
        """
        if self.host is None:
            return
        try:
            socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise DeviceSettingsError(
                f"{self.name!r} names host {self.host!r}, which is not known: {error}",
                "check its name, or give its number",
            ) from error


def parse_address(name: str) -> Address:
    """Check a VISA address, and tell its protocol.

    Parameters
    ----------
    name : str
        Such as ``TCPIP::192.168.1.20::hislip0::INSTR``.

    Returns
    -------
    Address
        It.

    Raises
    ------
    DeviceSettingsError
        It is none, or it is that of no instrument at a network, USB or GPIB.
    """
    # Here, since importing PyVISA takes a while that is not for those who only ask for help.
    from pyvisa import rname

    try:
        parsed = rname.ResourceName.from_string(name)
    except rname.InvalidResourceName as error:
        raise DeviceSettingsError(f"{name!r} is no VISA address", f"use {_FORMS}") from error
    if not getattr(parsed, "board", "0").isdecimal():
        raise DeviceSettingsError(f"{name!r} names no interface by its number", f"use {_FORMS}")
    if isinstance(parsed, rname.TCPIPSocket):
        _require_host(name, parsed.host_address)
        _require_port(name, parsed.port)
        return Address(name, "socket", parsed.host_address)
    if isinstance(parsed, rname.TCPIPInstr):
        host, _, host_port = parsed.host_address.partition(",")
        device, comma, port = parsed.lan_device_name.partition(",")
        _require_host(name, host)
        if host_port or comma:
            _require_port(name, host_port or port)
        is_hislip = device.lower().startswith("hislip")
        return Address(name, "hislip" if is_hislip else "vxi-11", host)
    if isinstance(parsed, rname.USBInstr):
        for number in (parsed.manufacturer_id, parsed.model_code):
            _require_number(name, number)
        return Address(name, "usb")
    if isinstance(parsed, rname.GPIBInstr):
        return Address(name, "gpib")
    raise DeviceSettingsError(f"{name!r} is not the address of an instrument", f"use {_FORMS}")


def _require_host(name: str, host: str) -> None:
    if not host or host != host.strip():
        raise DeviceSettingsError(f"{name!r} names no host", f"use {_FORMS}")


def _require_number(name: str, number: str) -> None:
    try:
        int(number, 0)
    except ValueError as error:
        raise DeviceSettingsError(
            f"{name!r} has {number!r} for a vendor or a model", "use numbers, such as 0x0957"
        ) from error


def _require_port(name: str, port: str) -> None:
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise DeviceSettingsError(f"{name!r} has port {port!r}", "use a port from 1 to 65535")
