"""What can go wrong with an instrument beyond what can with any device."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import DriverError


@dataclass(frozen=True, slots=True)
class InstrumentMessage:
    """An entry of an instrument's error queue.

    Parameters
    ----------
    code : int
        Negative numbers are those of SCPI-99 (volume 2, 21.8), positive ones the instrument's own.
    text : str
        As the instrument puts it.
    """

    code: int
    text: str

    def __str__(self) -> str:
        """Give code and text as the instrument does."""
        return f'{self.code},"{self.text}"'


class InstrumentError(DriverError):
    """An instrument put something into its error queue.

    Parameters
    ----------
    operation : str
        What was being done.
    commands : sequence of str
        What was sent meanwhile, in order; the last few where there were many.
    messages : sequence of InstrumentMessage
        What the queue held, oldest first; at least one.
    """

    def __init__(
        self, operation: str, commands: tuple[str, ...], messages: tuple[InstrumentMessage, ...]
    ) -> None:
        said = ", ".join(str(message) for message in messages)
        sent = " | ".join(commands) or "nothing"
        super().__init__(
            f"{operation}: the instrument reports {said} after {sent}",
            "see what its programmer's manual says of this error and of these commands",
        )
        self.operation = operation
        self.commands = commands
        self.messages = messages

    @property
    def command(self) -> str:
        """What was sent; where there were several commands, all of them behind one another."""
        return "; ".join(self.commands)

    @property
    def code(self) -> int:
        """Number of the first error."""
        return self.messages[0].code

    @property
    def text(self) -> str:
        """Text of the first error."""
        return self.messages[0].text


class AnswerError(DriverError):
    """An instrument gave an answer that is none to its question.

    Parameters
    ----------
    command : str
        The question.
    answer : str
        What came back, shortened.
    wanted : str
        What would have been an answer.
    """

    def __init__(self, command: str, answer: str, wanted: str) -> None:
        super().__init__(
            f"{command} was answered with {answer}",
            f"it should be {wanted}; see that nobody else talks to the instrument",
        )
        self.command = command
        self.answer = answer


class WrongInstrumentError(DriverError):
    """Another instrument, or another model, than the one that is needed."""


class LinkInterruptedError(DriverError):
    """An exchange gave way to another thread, which has to switch outputs off."""


class BlockSizeError(DriverError):
    """A block is longer or shorter than was said, or than a block can be."""


class ReferenceUnlockedError(DriverError):
    """An instrument does not follow the reference of 10 MHz that it is set to."""
