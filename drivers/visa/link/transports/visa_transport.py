"""Messages through VISA's own calls, and the errors that those raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyvisa
from pyvisa.constants import ResourceAttribute, StatusCode
from pyvisa_py.protocols.rpc import RPCError
from pyvisa_py.protocols.vxi11 import Vxi11Error

from drivers.errors import DeviceTimeoutError, DriverError, LinkLostError
from drivers.visa.link.address import Address

_END = (StatusCode.success, StatusCode.success_termination_character_read)


@contextmanager
def link_errors(name: str, doing: str) -> Iterator[None]:
    """Turn whatever a VISA raises into the errors of drivers.

    A vendor's VISA raises VisaIOError. pyvisa-py also lets through what its sockets raise, and
    RuntimeError, AssertionError or ValueError of its protocols when a peer breaks off or talks
    nonsense, and AttributeError of a session that another thread has closed.

    Parameters
    ----------
    name : str
        Address, for the errors.
    doing : str
        For the errors.

    Raises
    ------
    DeviceTimeoutError
        A timeout.
    LinkLostError
        Anything else that a VISA raises.
    """
    try:
        yield
    except DriverError:
        raise
    except pyvisa.errors.VisaIOError as error:
        if error.error_code == StatusCode.error_timeout:
            raise timeout_error(name, doing) from error
        raise lost_error(name, doing, error.description) from error
    except TimeoutError as error:
        raise timeout_error(name, doing) from error
    except (
        OSError,
        RuntimeError,
        AssertionError,
        ValueError,
        AttributeError,
        EOFError,
        RPCError,
        Vxi11Error,
        pyvisa.errors.InvalidSession,
    ) as error:
        raise lost_error(name, doing, str(error) or type(error).__name__) from error


def timeout_error(name: str, doing: str) -> DeviceTimeoutError:
    """Say that an instrument did not do something in time."""
    return DeviceTimeoutError(
        f"{name} did not {doing} in time", "see what it is busy with, or give it more time"
    )


def lost_error(name: str, doing: str, why: str) -> LinkLostError:
    """Say that a link failed to do something."""
    return LinkLostError(
        f"the link to {name} failed to {doing}: {' '.join(why.split()).rstrip('.')}",
        "see that the instrument is on, connected, and not held by another program",
    )


class VisaTransport:
    """Through VISA's own calls, with END of a piece switched by ``VI_ATTR_SEND_END_EN``.

    Parameters
    ----------
    resource : pyvisa resource
        Open.
    address : Address
        Its address.
    """

    def __init__(self, resource: Any, address: Address) -> None:
        self._resource = resource
        self._library = resource.visalib
        self._id = resource.session
        self._name = address.name
        self._timeout_ms: int | None = None
        self._sends_end: bool | None = None
        self.ends_messages = address.protocol != "socket"
        self.has_status_byte = self.ends_messages
        if not self.ends_messages:
            # So that viRead gives what is there, and does not wait for all that it has room for.
            with link_errors(self._name, "open"):
                self._library.set_attribute(self._id, ResourceAttribute.suppress_end_enabled, False)

    def write(self, piece: memoryview, *, last: bool, timeout_s: float) -> None:
        """Send a piece; a vendor's VISA copies it once."""
        with link_errors(self._name, "take a command"):
            self._set_timeout(timeout_s)
            if self.ends_messages and self._sends_end is not last:
                self._library.set_attribute(self._id, ResourceAttribute.send_end_enabled, last)
                self._sends_end = last
            sent = 0
            while sent < len(piece):
                count, _ = self._library.write(self._id, bytes(piece[sent:]))
                if count < 1:
                    raise lost_error(self._name, "take a command", "viWrite took nothing")
                sent += count

    def read(self, count: int, timeout_s: float) -> tuple[bytes | bytearray, bool]:
        """Receive up to ``count`` bytes."""
        with link_errors(self._name, "answer"):
            self._set_timeout(timeout_s)
            with self._library.ignore_warning(self._id, StatusCode.success_max_count_read):
                data, status = self._library.read(self._id, count)
        return data, self.ends_messages and status in _END

    def discard(self) -> bytes:
        """Find nothing: an answer belongs to its question, or is cleared away."""
        return b""

    def status_byte(self) -> int:
        """Read it by ``viReadSTB``."""
        with link_errors(self._name, "give its status byte"):
            status, _ = self._library.read_stb(self._id)
        return int(status)

    def clear(self, timeout_s: float) -> bool:
        """Clear the device."""
        with link_errors(self._name, "be cleared"):
            self._set_timeout(timeout_s)
            self._library.clear(self._id)
        return self.ends_messages

    def break_off(self) -> None:
        """Close the session, which ends what waits in it."""
        self.close()

    def close(self) -> None:
        """Close."""
        try:
            with link_errors(self._name, "close"):
                self._resource.close()
        except DriverError:
            return

    def _set_timeout(self, timeout_s: float) -> None:
        timeout_ms = max(1, round(timeout_s * 1000))
        if timeout_ms != self._timeout_ms:
            self._library.set_attribute(self._id, ResourceAttribute.timeout_value, timeout_ms)
            self._timeout_ms = timeout_ms
