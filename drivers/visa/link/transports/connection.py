"""From a VISA address to a connection that carries messages."""

from __future__ import annotations

import socket
import traceback
from typing import Any

import pyvisa

from drivers.errors import DeviceSettingsError
from drivers.visa.link.address import Address
from drivers.visa.link.transports.pyvisa_py_transport import (
    HislipTransport,
    SocketTransport,
    Vxi11Transport,
    WholeMessageTransport,
)
from drivers.visa.link.transports.transport import Transport
from drivers.visa.link.transports.visa_transport import VisaTransport, link_errors, lost_error


def resource_manager(visa_library: str) -> pyvisa.ResourceManager:
    """Load a VISA library.

    Parameters
    ----------
    visa_library : str
        "@py" for pyvisa-py, or what :class:`pyvisa.ResourceManager` takes: "@ivi", or the path of
        a vendor's library.

    Raises
    ------
    DeviceSettingsError
        There is no such library.
    """
    try:
        return pyvisa.ResourceManager(visa_library)
    except (OSError, ValueError, pyvisa.errors.LibraryError) as error:
        raise DeviceSettingsError(
            f"VISA library {visa_library!r} cannot be loaded: {error}",
            "use '@py', or install the vendor's VISA",
        ) from error


def open_transport(address: Address, visa_library: str, timeout_s: float) -> Transport:
    """Open a connection.

    Parameters
    ----------
    address : Address
        Of the instrument.
    visa_library : str
        As for :func:`resource_manager`.
    timeout_s : float
        Within which it must open.

    Raises
    ------
    DeviceSettingsError
        There is no such library, or it does not know this kind of address.
    LinkLostError
        Nobody answers at the address.
    """
    manager = resource_manager(visa_library)
    with link_errors(address.name, "open"):
        try:
            resource = manager.open_resource(
                address.name, open_timeout=max(1, round(timeout_s * 1000))
            )
        except ValueError as error:
            raise DeviceSettingsError(
                f"{visa_library} has no way to {address.name}: {' '.join(str(error).split())}",
                "install what it names, or use a vendor's VISA",
            ) from error
        except BaseException as error:
            _close_what_was_left(error)
            # pyvisa-py raises Exception itself, of no class of its own, where it cannot connect.
            if type(error) is not Exception:
                raise
            raise lost_error(address.name, "open", str(error)) from error
    # What the library calls itself decides, not what it was asked for: "@py" can be a default.
    if str(manager.visalib.library_path) != "py":
        return VisaTransport(resource, address)
    library: Any = manager.visalib
    session = library.sessions[resource.session]
    match address.protocol:
        case "hislip":
            return HislipTransport(resource, address, session)
        case "vxi-11":
            return Vxi11Transport(resource, address, session)
        case "usb":
            return WholeMessageTransport(resource, address, session)
        case "socket":
            transport = SocketTransport(resource, address, session)
            transport.require_connected()
            return transport
        case _:
            # Its sessions for GPIB know END.
            return VisaTransport(resource, address)


def _close_what_was_left(error: BaseException | None) -> None:
    """Close the sockets that pyvisa-py leaves open where it fails to open a connection.

    Nothing refers to them but the error; an instrument that takes one connection at a time would
    refuse the next one until they are collected.
    """
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            owner = frame.f_locals.get("self")
            for left in list(getattr(owner, "__dict__", {}).values()):
                # A socket of its own, or of a client that it has.
                for connection in (left, getattr(left, "sock", None)):
                    if isinstance(connection, socket.socket):
                        connection.close()
        error = error.__cause__ or error.__context__
