"""The one way to an instrument: commands, questions and blocks over VISA.

A link is shared by threads, keeps a deadline for everything, and is left in order by whatever goes
wrong: after a timeout, an interrupt or a block that was cut off, the instrument is cleared, or
connected to anew, before anything else is sent.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from drivers.errors import DeviceSettingsError, DeviceTimeoutError, DriverError
from drivers.visa.errors import BlockSizeError, InstrumentMessage, WrongInstrumentError
from drivers.visa.instrument import Progress
from drivers.visa.link import text
from drivers.visa.link.address import parse_address
from drivers.visa.link.blocks import BlockReader, Buffer, block_header, send_block, size_of
from drivers.visa.link.command_log import CommandLog
from drivers.visa.link.completion import completed
from drivers.visa.link.error_queue import ErrorQueue
from drivers.visa.link.line import Line
from drivers.visa.link.transports.transport import Transport

# What an instrument still has to work through when the last byte of a block has left.
_DIGESTED_BYTES_PER_S = 10e6


class Link:
    """A connection to one instrument.

    It is asked who it is when the link is opened, since pyvisa-py opens sockets that nobody listens
    to. Errors that it reports from before the first operation are logged, and not taken for ours.

    Parameters
    ----------
    address : str
        VISA address: HiSLIP, VXI-11, raw socket, USB, GPIB.
    visa_library : str
        "@py" for pyvisa-py; "@ivi", or the path of a library, for a vendor's VISA.
    timeout_s : float
        How long it may take to answer, or to take a piece of a block.
    log : CommandLog or None
        Where all that is said is written; a new one by default.

    Attributes
    ----------
    identification : str
        The answer to ``*IDN?``.
    error_query : str
        What reads one entry of the error queue; of the dialect.
    check_every_command : bool
        Read the error queue after each command of an operation, to find the one that it is about:
        for a dialect on an instrument that it has not been tried on.

    Raises
    ------
    DeviceSettingsError
        The address, the library or the timeout is none; nothing was opened.
    LinkLostError, DeviceTimeoutError
        Nobody is there, or nobody answers.
    """

    def __init__(
        self,
        address: str,
        *,
        visa_library: str = "@py",
        timeout_s: float = 5.0,
        log: CommandLog | None = None,
    ) -> None:
        if not (math.isfinite(timeout_s) and timeout_s > 0.0):
            raise DeviceSettingsError(f"timeout_s = {timeout_s}", "give seconds, more than 0")
        self.address = address
        self.timeout_s = timeout_s
        self.log = CommandLog() if log is None else log
        self.error_query = "SYST:ERR?"
        self.check_every_command = False
        self._errors = ErrorQueue(self._ask_for_error, self.log)
        self._digesting_s = 0.0
        self._line = Line(parse_address(address), visa_library, timeout_s, self.log)
        self._turn = self._line.turn
        try:
            self.identification = self.query("*IDN?")
        except BaseException:
            self.close()
            raise

    @property
    def lost(self) -> bool:
        """Whether the connection is gone; :meth:`reconnect`, or an urgent use, brings it back."""
        return self._line.lost

    # Messages

    def write(self, command: str) -> None:
        """Send a command.

        Parameters
        ----------
        command : str
            ASCII, without its end.

        Raises
        ------
        DeviceTimeoutError, LinkLostError
            It could not be sent.
        """
        message = text.as_message(command)
        with self._exchange(command) as transport:
            transport.write(message, last=True, timeout_s=self.timeout_s)
        if self.check_every_command:
            self._errors.check(command)

    def query(self, command: str, *, timeout_s: float | None = None) -> str:
        """Send a question and give the answer, without its end.

        Parameters
        ----------
        command : str
            ASCII, without its end.
        timeout_s : float or None
            In place of that of the link.

        Raises
        ------
        AnswerError
            The answer is no text.
        DeviceTimeoutError, LinkLostError
            There is none.
        """
        message = text.as_message(command)
        end_s = time.monotonic() + self._patience_s(timeout_s)
        with self._exchange(command) as transport:
            transport.write(message, last=True, timeout_s=self.timeout_s)
            answer = text.receive_line(command, transport, end_s)
        self._digesting_s = 0.0
        self.log.received(answer.decode("latin-1").rstrip())
        return text.as_text(command, answer)

    def query_number(self, command: str) -> float:
        """Ask for a number; `AnswerError` where the answer is none."""
        return text.as_number(command, self.query(command))

    def query_whole(self, command: str) -> int:
        """Ask for a whole number; `AnswerError` where the answer is none."""
        return text.as_whole(command, self.query(command))

    def query_list(self, command: str) -> list[str]:
        """Ask for fields, which commas part; quotes around a field are taken off."""
        return text.as_list(self.query(command))

    def query_number_list(self, command: str, count: int) -> list[float]:
        """Ask for so many numbers; `AnswerError` where the answer is something else."""
        return text.as_numbers(command, self.query_list(command), count)

    def query_whole_list(self, command: str, count: int) -> list[int]:
        """Ask for so many whole numbers; `AnswerError` where the answer is something else."""
        return text.as_wholes(command, self.query_list(command), count)

    def write_block(
        self,
        command: str,
        data: Buffer | Iterable[Buffer],
        *,
        size: int | None = None,
        progress: Progress | None = None,
        suffix: str = "",
        timeout_s: float | None = None,
    ) -> None:
        """Send a command that ends in a block, as one message, piece by piece.

        Memory does not grow with the block when it is made as it is sent.

        Parameters
        ----------
        command : str
            Up to where the block begins, with the comma before it.
        data : buffer, or iterable of buffers
            The bytes.
        size : int or None
            How many they are; needed for an iterable.
        progress : callable or None
            Is told of bytes sent and of bytes in all.
        suffix : str
            What follows the block.
        timeout_s : float or None
            How long a piece may take, in place of the link's timeout. For the whole, there is a
            deadline that grows with its size.

        Raises
        ------
        BlockSizeError
            It is not as long as was said, or too long.
        DeviceTimeoutError, LinkLostError
            It could not be sent.
        """
        if size is None:
            size = size_of(data)
        if size is None:
            raise BlockSizeError("a block that is made as it is sent", "say its size")
        space = "" if command.endswith((",", " ")) else " "
        head = text.as_ascii(command + space) + block_header(size)
        tail = text.as_ascii(suffix) + b"\n"
        piece_s = self.timeout_s if timeout_s is None else timeout_s
        with self._exchange(f"{command}{space}#<{size} bytes>{suffix}") as transport:
            transport.write(memoryview(head), last=False, timeout_s=piece_s)
            digest = send_block(transport, data, size, piece_s, self._turn, progress)
            transport.write(memoryview(tail), last=True, timeout_s=piece_s)
        self._digesting_s += size / _DIGESTED_BYTES_PER_S
        self.log.event(f"block of {size} bytes sent, SHA-256 {digest}")
        if self.check_every_command:
            self._errors.check(command)

    def query_block(
        self,
        command: str,
        *,
        progress: Progress | None = None,
        timeout_s: float | None = None,
    ) -> bytearray:
        """Send a question and give the block that is the answer, read by its length.

        Parameters
        ----------
        command : str
            ASCII, without its end.
        progress : callable or None
            Is told of bytes received and of bytes in all.
        timeout_s : float or None
            How long each piece may take, in place of the link's timeout.

        Returns
        -------
        bytearray
            Its bytes, without header and end.

        Raises
        ------
        AnswerError
            The answer is no block, or not as long as it says.
        DeviceTimeoutError, LinkLostError
            There is none.
        """
        message = text.as_message(command)
        piece_s = self._patience_s(timeout_s)
        with self._exchange(command) as transport:
            transport.write(message, last=True, timeout_s=self.timeout_s)
            reader = BlockReader(command, transport, piece_s, self._turn)
            block, wrong = reader.read(progress)
        self._digesting_s = 0.0
        digest = hashlib.sha256(block).hexdigest()
        self.log.received(f"#<{len(block)} bytes>, SHA-256 {digest}")
        if wrong is not None:
            raise wrong
        return block

    # Operations

    @contextmanager
    def operation(self, name: str, *, deadline_s: float | None = None) -> Iterator[None]:
        """Have the link to oneself, and find at the end what the instrument reports as an error.

        Operations nest; the outermost one reads the error queue, also when something else went
        wrong, to which it then adds what it found.

        Parameters
        ----------
        name : str
            What is done, for errors.
        deadline_s : float or None
            How long the instrument may be busy with it before it tells of errors.

        Raises
        ------
        InstrumentError
            The instrument reports an error.
        """
        with self._turn.taken(), self._errors.watched(name, deadline_s):
            yield

    @contextmanager
    def urgent(self, patience_s: float = 1.0) -> Iterator[None]:
        """Have the link before all others, to switch outputs off.

        Whoever uses it is interrupted: between commands or pieces of a block, or after a moment by
        breaking the connection. Then the instrument is cleared or connected to anew, also when the
        link was lost.

        Parameters
        ----------
        patience_s : float
            Given to whoever uses the link, twice.

        Raises
        ------
        DeviceTimeoutError
            The link is not to be had.
        """
        with self._turn.urgent(self._line.break_off, patience_s):
            yield

    def wait_complete(self, what: str, deadline_s: float) -> None:
        """Wait until the instrument has finished all that it was told to do.

        Where the status byte can be read, it is (``*OPC``, event status summary), so that the link
        is not blocked by a question; elsewhere ``*OPC?`` is asked.

        Parameters
        ----------
        what : str
            What is waited for, for the error.
        deadline_s : float
            How long that may take.

        Raises
        ------
        DeviceTimeoutError
            It has not finished; the instrument was cleared.
        """
        with self._turn.taken():
            if not completed(self._line, self.write, self._ask_within, deadline_s):
                raise DeviceTimeoutError(
                    f"{self.address} did not {what} within {deadline_s:g} s",
                    "see whether a trigger or a reference clock is missing, or give it more time",
                )

    def drain_errors(self) -> list[InstrumentMessage]:
        """Read the error queue until it is empty, or 64 times; oldest first."""
        with self._turn.taken():
            return self._errors.drain()

    # The connection

    def send_all(self, *steps: Sequence[str]) -> None:
        """Send commands that stop an instrument, before all else; never raises.

        Every one is tried, whatever became of those before it, and the instrument has to answer at
        the end of each step: what is written into a connection that has just broken fails only
        later. If anything failed, the step is made once more. Answers are waited for twice the
        timeout in all; behind that, commands are still written, once. A step ends early only when
        nobody is there.

        Parameters
        ----------
        steps : sequences of str
            Commands in the order in which they are sent; outputs first.
        """
        end_s = time.monotonic() + 2.0 * self.timeout_s
        for commands in steps:
            try:
                with self.urgent():
                    if not self._sent_all(commands, end_s) and time.monotonic() < end_s:
                        self._sent_all(commands, end_s)
            except DriverError as error:
                self.log.event(f"not stopped: {error}")

    def _sent_all(self, commands: Sequence[str], end_s: float) -> bool:
        """Try all commands and wait for an answer; tells whether none failed."""
        failed = 0
        # An answer comes when all before it is done; the link may be closed after this.
        for message in (*commands, "*STB?"):
            left_s = end_s - time.monotonic()
            try:
                if message != "*STB?":
                    self.write(message)
                elif left_s > 0.0:
                    self.query(message, timeout_s=min(self.timeout_s, left_s))
            except DriverError as error:
                failed += 1
                self.log.event(f"{message} failed: {error}")
                # The link was lost, and connecting anew did not help either.
                if self.lost and failed > 1:
                    raise
        return failed == 0

    def clear(self) -> None:
        """Abort what the instrument is doing with our messages, and discard its answers.

        Raises
        ------
        LinkLostError
            It can be neither cleared nor connected to anew.
        """
        self._line.clear()

    def reconnect(self) -> None:
        """Connect anew, also to an instrument that was lost; its settings may be gone.

        Raises
        ------
        LinkLostError, DeviceTimeoutError
            It is not there.
        WrongInstrumentError
            Another one is.
        """
        with self._turn.taken():
            self._line.reopen(self.timeout_s)
            answer = self.query("*IDN?")
            if answer != self.identification:
                self.close()
                raise WrongInstrumentError(
                    f"{self.address} is now {answer!r} and was {self.identification!r}",
                    "see which instrument has the address",
                )
            self._errors.distrust()

    def close(self) -> None:
        """Close; never raises."""
        try:
            with self.urgent():
                self._line.close()
        except DriverError as error:
            self.log.event(f"not closed: {error}")

    def __enter__(self) -> Link:
        """Use the link."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @contextmanager
    def _exchange(self, command: str) -> Iterator[Transport]:
        with self._line.exchange(command) as transport:
            self._errors.note(command)
            yield transport

    def _ask_within(self, command: str, timeout_s: float) -> str:
        return self.query(command, timeout_s=timeout_s)

    def _ask_for_error(self, deadline_s: float) -> InstrumentMessage:
        command = self.error_query
        return text.as_error_message(
            command, self.query(command, timeout_s=max(deadline_s, self.timeout_s))
        )

    def _patience_s(self, timeout_s: float | None) -> float:
        # After a block an instrument may answer only when it has worked through it.
        return (self.timeout_s if timeout_s is None else timeout_s) + self._digesting_s
