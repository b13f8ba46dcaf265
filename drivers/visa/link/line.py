"""A connection that is brought back in order by whatever goes wrong with it.

An exchange is a message that is sent and, for a question, the answer that is received. What was not
brought to its end (a timeout, an interrupt, a block that was cut off) would be taken for part of
the next one, so the instrument is cleared, or connected to anew, before that is sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from drivers.errors import DeviceTimeoutError, LinkLostError
from drivers.visa.link.address import Address
from drivers.visa.link.command_log import CommandLog
from drivers.visa.link.text import shown
from drivers.visa.link.transports.loading import connections
from drivers.visa.link.transports.transport import Transport
from drivers.visa.link.turn import Turn

# For clearing, and once more for connecting anew.
RECOVERY_S = 2.0
_RETRY_S = 0.05


class Line:
    """The connection of a link.

    Parameters
    ----------
    address : Address
        Of the instrument.
    visa_library : str
        As for :func:`drivers.visa.link.transports.connection.open_transport`.
    timeout_s : float
        To open it, and at most for clearing.
    log : CommandLog
        Where all of it is written.

    Raises
    ------
    DeviceSettingsError
        The library does not exist, or does not know this kind of address.
    LinkLostError, DeviceTimeoutError
        Nobody is there.
    """

    def __init__(
        self, address: Address, visa_library: str, timeout_s: float, log: CommandLog
    ) -> None:
        self.turn = Turn()
        self.lost = False
        self._address = address
        self._visa_library = visa_library
        self._timeout_s = timeout_s
        self._log = log
        self._closed = False
        # Whether an exchange was begun and not brought to its end.
        self._unsettled = False
        self._transport = self._open()

    @property
    def has_status_byte(self) -> bool:
        """Whether the status byte can be read while a command is at work."""
        return self._transport.has_status_byte

    @contextmanager
    def exchange(self, command: str) -> Iterator[Transport]:
        """Have the connection for one exchange.

        Parameters
        ----------
        command : str
            What is sent, for the log.

        Yields
        ------
        Transport
            To send it by, and to receive the answer.

        Raises
        ------
        DeviceTimeoutError
            Raised inside, and the line is in order again.
        LinkLostError
            The line is lost.
        LinkInterruptedError
            Another thread needs it urgently.
        """
        with self.turn.taken():
            self._make_ready()
            self._log.sent(command)
            self._unsettled = True
            with self._failures_noted():
                yield self._transport
            self._unsettled = False

    def status_byte(self) -> int:
        """Read the status byte, beside all exchanges.

        Raises
        ------
        DeviceTimeoutError, LinkLostError, LinkInterruptedError
            As for :meth:`exchange`.
        """
        with self.turn.taken():
            if self.lost or self._closed:
                raise self._gone()
            self._unsettled = True
            with self._failures_noted():
                status = self._transport.status_byte()
            self._unsettled = False
            return status

    def clear(self) -> None:
        """Clear the instrument, or connect anew where that cannot be done.

        Raises
        ------
        LinkLostError
            Neither can be done, or the line was lost before.
        """
        with self.turn.taken():
            if self.lost or self._closed:
                raise self._gone()
            self._settle()

    def reopen(self, patience_s: float) -> None:
        """Connect anew; an instrument may need a moment to let go of the old connection.

        Raises
        ------
        LinkLostError
            It is not there.
        """
        with self.turn.taken():
            # Until it is back: an interrupt may leave neither the old connection nor a new one.
            self.lost = True
            self._transport.break_off()
            self._transport.close()
            end_s = time.monotonic() + patience_s
            while True:
                try:
                    self._transport = self._open()
                except (DeviceTimeoutError, LinkLostError) as error:
                    if time.monotonic() + _RETRY_S >= end_s:
                        self._lose(error.problem)
                        raise LinkLostError(error.problem, error.remedy) from error
                    Event().wait(_RETRY_S)
                else:
                    self._unsettled = self.lost = self._closed = False
                    return

    def break_off(self) -> None:
        """Make whatever another thread does with the line fail."""
        self._log.event("broken off, since it is needed urgently")
        self._transport.break_off()

    def close(self) -> None:
        """Close it for good."""
        if not self._closed:
            self._closed = True
            self._transport.close()
            self._log.event("closed")

    def _open(self) -> Transport:
        transport: Transport = connections().open_transport(
            self._address, self._visa_library, self._timeout_s
        )
        self._log.event(f"opened {self._address.name} by {self._visa_library}")
        return transport

    @contextmanager
    def _failures_noted(self) -> Iterator[None]:
        try:
            yield
        except DeviceTimeoutError as error:
            self._log.event(f"timeout: {error.problem}")
            self._unsettled = True
            # Whoever is in a hurry puts it in order, and does not wait for this.
            self.turn.give_way()
            try:
                self._settle()
            except LinkLostError as lost:
                raise lost from error
            raise
        except LinkLostError as error:
            self._unsettled = True
            # A connection that another thread broke in order to be heard is not lost.
            self.turn.give_way()
            self._lose(error.problem)
            raise

    def _make_ready(self) -> None:
        if self._closed or (self.lost and not self.turn.is_urgent):
            raise self._gone()
        if self.lost:
            self.reopen(RECOVERY_S)
        elif self._unsettled:
            self._settle()
        with self._failures_noted():
            late = self._transport.discard()
        if late:
            self._log.event(f"discarded {shown(late)}, which nobody asked for")

    def _settle(self) -> None:
        try:
            if self._transport.clear(min(self._timeout_s, RECOVERY_S)):
                self._unsettled = False
                self._log.event("cleared")
                return
        except (DeviceTimeoutError, LinkLostError) as error:
            self._log.event(f"not cleared: {error.problem}")
        self.reopen(RECOVERY_S)

    def _lose(self, why: str) -> None:
        self.lost = True
        self._log.event(f"lost: {why}")

    def _gone(self) -> LinkLostError:
        if self._closed:
            return LinkLostError(f"the link to {self._address.name} is closed", "open it")
        return LinkLostError(
            f"the link to {self._address.name} was lost",
            "see that the instrument is on, reconnect, and set it up from the beginning",
        )
