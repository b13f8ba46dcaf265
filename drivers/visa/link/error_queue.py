"""The error queue of an instrument, read once for each thing that is done with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from drivers.errors import DriverError, LinkLostError
from drivers.visa.errors import InstrumentError, InstrumentMessage, LinkInterruptedError
from drivers.visa.link.command_log import CommandLog

# An instrument that never says that its queue is empty must not hold us.
_MOST_ERRORS = 64
_COMMANDS_KEPT = 12


@dataclass(slots=True)
class _Operation:
    """What is being done, and the last of what was sent for it."""

    name: str
    deadline_s: float
    commands: deque[str] = field(default_factory=lambda: deque(maxlen=_COMMANDS_KEPT))


class ErrorQueue:
    """Knows what was sent since the queue was empty; used by one thread at a time.

    Parameters
    ----------
    ask : callable
        Reads one entry, within a number of seconds.
    log : CommandLog
        Where it is written that the queue could not be read.
    """

    def __init__(self, ask: Callable[[float], InstrumentMessage], log: CommandLog) -> None:
        self._ask = ask
        self._log = log
        self._operation: _Operation | None = None
        # Others have used the instrument before.
        self._unread = True

    def note(self, command: str) -> None:
        """Remember what is sent."""
        if self._operation is not None:
            self._operation.commands.append(command)

    def distrust(self) -> None:
        """Take the queue for full of what others caused."""
        self._unread = True

    @contextmanager
    def watched(self, name: str, deadline_s: float | None) -> Iterator[None]:
        """Read the queue at the end of an operation; one within another is part of it.

        Parameters
        ----------
        name : str
            Of the operation.
        deadline_s : float or None
            How long the first answer may take.

        Raises
        ------
        InstrumentError
            The queue is not empty.
        """
        if self._operation is not None:
            yield
            return
        if self._unread:
            # An operation that was broken off left its errors behind, which are not ours.
            self._drain_quietly()
        operation = self._operation = _Operation(name, deadline_s or 0.0)
        self._unread = True
        try:
            yield
            commands = tuple(operation.commands)
            if commands:
                self._raise(name, commands)
            self._unread = False
        except DriverError as error:
            if not isinstance(error, InstrumentError | LinkLostError | LinkInterruptedError):
                for message in self._drain_quietly():
                    error.add_note(f"the instrument reports {message}")
            raise
        finally:
            self._operation = None

    def check(self, command: str) -> None:
        """Read the queue after one command of an operation.

        Raises
        ------
        InstrumentError
            It is not empty.
        """
        if self._operation is not None:
            self._raise(self._operation.name, (command,))

    def drain(self) -> list[InstrumentMessage]:
        """Read the queue until it is empty, or 64 times; oldest first."""
        messages: list[InstrumentMessage] = []
        deadline_s = 0.0 if self._operation is None else self._operation.deadline_s
        while len(messages) < _MOST_ERRORS:
            message = self._ask(deadline_s)
            if message.code == 0:
                break
            messages.append(message)
        return messages

    def _raise(self, name: str, commands: tuple[str, ...]) -> None:
        messages = self.drain()
        if messages:
            raise InstrumentError(name, commands, tuple(messages))

    def _drain_quietly(self) -> list[InstrumentMessage]:
        """Read the queue without adding to what went wrong already."""
        try:
            messages = self.drain()
        except DriverError as error:
            self._log.event(f"the error queue was not read: {error.problem}")
            return []
        self._unread = False
        return messages
