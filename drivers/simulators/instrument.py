"""A simulated instrument: what it understands, its errors, its status, what is under way.

A family declares its commands in ``tree`` and its settings in ``settings``; what IEEE 488.2 and
SCPI-99 demand of every instrument is there already. One lock is held while a command is done, so
that handlers need no other; it is let go while ``*OPC?`` or ``*WAI`` waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.command_tree import CommandTree, Piece
from drivers.simulators.scpi.errors import ErrorQueue, ScpiError
from drivers.simulators.scpi.parser import Message
from drivers.simulators.scpi.settings import SettingTable
from drivers.simulators.scpi.status import (
    OPERATION_COMPLETE,
    POWER_ON,
    Status,
    StatusRegister,
)

MAX_MESSAGE_BYTES = 1 << 30
"""Of one program message; servers throw a longer one away and answer -363."""

# How long a wait sleeps between two looks at operations that do not tell when they end.
_LOOK_S = 0.002


class CancelledError(Exception):
    """What was waited for is no longer wanted: a device clear, or the end of a session."""


Respond = Callable[[bytearray, threading.Event], list[Piece]]
"""How servers let a program message be done: see :meth:`SimulatedInstrument.answers`."""


class SimulatedInstrument:
    """An instrument that executes program messages.

    Parameters
    ----------
    name : str
        In the simulated laboratory.
    identity : str
        Answer to ``*IDN?``: manufacturer, model, serial number, firmware, with commas between.
    options : str
        Answer to ``*OPT?``; "0" where it is empty.

    Attributes
    ----------
    tree : CommandTree
        What it understands.
    settings : SettingTable
        Values with a command and a query each.
    lock : RLock
        Held while a command is done.
    errors : ErrorQueue
        What ``SYSTem:ERRor?`` gives.
    status : Status
        Registers.
    signed_error_numbers : bool
        Answer ``+0,"No error"`` for ``0,"No error"``.
    """

    signed_error_numbers = False

    def __init__(self, name: str, identity: str, options: str = "") -> None:
        self.name = name
        self.identity = identity
        self.options = options
        self.tree = CommandTree()
        self.settings = SettingTable(self.tree)
        self.lock = threading.RLock()
        self.status = Status()
        self.errors = ErrorQueue(self.status.note_error)
        self._changed = threading.Condition(self.lock)
        self._under_way: list[Callable[[], bool]] = []
        self._completion_wanted: list[Callable[[], bool]] | None = None
        self._cancel = threading.Event()
        self._declare_common()
        self._declare_status()

    def execute(self, message: Message) -> bytes:
        """Do one complete program message.

        Parameters
        ----------
        message : bytes or bytearray
            With or without a newline at its end.

        Returns
        -------
        bytes
            Response message without its newline; empty if nothing was asked.
        """
        return b"".join(self.answers(message, threading.Event()))[:-1]

    def answers(self, message: Message, cancel: threading.Event) -> list[Piece]:
        """Do one complete program message, and give the pieces of the response.

        Parameters
        ----------
        message : bytes or bytearray
            Blocks stay views of it, so nobody may change it afterwards.
        cancel : Event
            Ends what the message waits for.

        Returns
        -------
        list of bytes-like
            To be sent one after the other, the newline at the end included; none if nothing was
            asked.

        Raises
        ------
        CancelledError
            It was.
        """
        pieces: list[Piece] = []
        separator = b""
        with self.lock:
            program = self.tree.understand(message)
            self._cancel = cancel
            for step in program.steps:
                try:
                    answer = step.handler(step.call)
                except ScpiError as error:
                    self._fail(error, step.call.header)
                else:
                    if step.call.query and answer is not None:
                        text = answer.encode("latin-1") if isinstance(answer, str) else answer
                        pieces += [separator, text] if separator else [text]
                        separator = b";"
                if step.ends_message and separator:
                    separator = b"\n"
            if program.error is not None:
                self.errors.push(program.error)
        if pieces:
            pieces.append(b"\n")
        return pieces

    def reset(self) -> None:
        """Do what ``*RST`` does; a family extends it."""
        self._under_way.clear()
        self._completion_wanted = None
        self.settings.reset()

    def warm_up(self) -> None:
        """Compile what it computes with; a family that compiles something extends it."""

    def power_on(self) -> None:
        """Come up after a loss of power; a family extends it to forget what is volatile."""
        with self.lock:
            self.reset()
            self.errors.clear()
            self.status.clear()
            self.status.event = POWER_ON
            self.status.event_enable = self.status.service_enable = 0
            self.status.operation.preset()
            self.status.questionable.preset()

    def trigger(self) -> None:
        """Do what ``*TRG`` does; a family that can be triggered by the bus extends it.

        Raises
        ------
        ScpiError
            -211: it does not wait for one.
        """
        raise ScpiError(-211)

    def device_clear(self) -> None:
        """Forget that ``*OPC`` was sent, as a device clear demands (IEEE 488.2, 5.8)."""
        with self.lock:
            self._completion_wanted = None

    def self_test(self) -> int:
        """Do what ``*TST?`` does, and give what it answers."""
        return 0

    def overlapped(self, finished: Callable[[], bool] | threading.Event) -> None:
        """Begin an operation that goes on while other commands are done.

        Parameters
        ----------
        finished : callable or Event
            Whether it has ended. ``*OPC``, ``*OPC?`` and ``*WAI`` wait for it.
        """
        with self.lock:
            ended = finished.is_set if isinstance(finished, threading.Event) else finished
            self._under_way.append(ended)

    def operations_ended(self) -> None:
        """Wake what waits for an operation, which would else look for itself within 2 ms."""
        with self.lock:
            self._changed.notify_all()

    def status_byte(self, *, message_available: bool = False) -> int:
        """Give the status byte, with the master summary in bit 6."""
        self._note_completion()
        return self.status.byte(errors=len(self.errors) > 0, message_available=message_available)

    def error_answer(self) -> str:
        """Take the oldest error as ``SYSTem:ERRor?`` answers it."""
        error = self.errors.pop()
        sign = "+" if self.signed_error_numbers and error.code >= 0 else ""
        return f"{sign}{error}"

    def wait(self, finished: Callable[[], bool]) -> None:
        """Wait, with the lock let go meanwhile; for handlers that are not overlapped.

        Raises
        ------
        CancelledError
            By a device clear, or the end of the session.
        """
        cancel = self._cancel
        while not finished():
            if cancel.is_set():
                raise CancelledError
            self._changed.wait(_LOOK_S)
        self._cancel = cancel

    def _wait_for_operations(self) -> None:
        waited = list(self._under_way)
        # *RST, from another session, ends what it waits for by forgetting it.
        self.wait(lambda: all(ended not in self._under_way or ended() for ended in waited))

    def _note_completion(self) -> None:
        # Status can be asked for while a command is being done; then the next look has it.
        if not self._under_way and self._completion_wanted is None:
            return
        if not self.lock.acquire(blocking=False):
            return
        try:
            self._under_way = [ended for ended in self._under_way if not ended()]
            wanted = self._completion_wanted
            if wanted is not None and all(ended not in self._under_way for ended in wanted):
                self._completion_wanted = None
                self.status.event |= OPERATION_COMPLETE
        finally:
            self.lock.release()

    def _fail(self, error: ScpiError, header: str) -> None:
        self.errors.push(
            error if error.detail else ScpiError(error.code, header, error.description)
        )

    def _declare_common(self) -> None:
        tree, status = self.tree, self.status
        tree.query("*IDN", lambda _: self.identity, 0)
        tree.query("*OPT", lambda _: self.options or "0", 0)
        tree.command("*RST", lambda _: self.reset(), 0)
        tree.command("*CLS", lambda _: self._clear_status(), 0)
        tree.query("*TST", lambda _: str(self.self_test()), 0)
        tree.command("*TRG", lambda _: self.trigger(), 0)
        tree.command("*WAI", lambda _: self._wait_for_operations(), 0)
        tree.command("*OPC", lambda _: self._want_completion(), 0)
        tree.query("*OPC", self._answer_completion, 0)
        tree.query("*ESR", lambda _: str(self._read_event()), 0)
        tree.query("*STB", lambda _: str(self.status_byte()), 0)

        def set_event_enable(call: Call) -> None:
            status.event_enable = call.whole(0, lowest=0, highest=255)

        def set_service_enable(call: Call) -> None:
            # Bit 6 cannot be enabled (IEEE 488.2, 10.34).
            status.service_enable = call.whole(0, lowest=0, highest=255) & ~(1 << 6)

        tree.command("*ESE", set_event_enable, 1)
        tree.query("*ESE", lambda _: str(status.event_enable), 0)
        tree.command("*SRE", set_service_enable, 1)
        tree.query("*SRE", lambda _: str(status.service_enable), 0)

    def _declare_status(self) -> None:
        tree = self.tree
        tree.query("SYSTem:ERRor[:NEXT]", lambda _: self.error_answer(), 0)
        tree.query("SYSTem:ERRor:COUNt", lambda _: str(len(self.errors)), 0)
        tree.query("SYSTem:VERSion", lambda _: "1999.0", 0)
        tree.command("STATus:PRESet", lambda _: self._preset_status(), 0)
        for node, register in (
            ("OPERation", self.status.operation),
            ("QUEStionable", self.status.questionable),
        ):
            self._declare_register(f"STATus:{node}", register)

    def _declare_register(self, header: str, register: StatusRegister) -> None:
        tree = self.tree
        tree.query(f"{header}[:EVENt]", lambda _: str(register.read_event()), 0)
        tree.query(f"{header}:CONDition", lambda _: str(register.condition), 0)
        for node, attribute in (
            ("ENABle", "enable"),
            ("PTRansition", "positive"),
            ("NTRansition", "negative"),
        ):

            def set_mask(call: Call, attribute: str = attribute) -> None:
                setattr(register, attribute, call.whole(0, lowest=0, highest=65535) & 0x7FFF)

            def get_mask(call: Call, attribute: str = attribute) -> str:
                return str(getattr(register, attribute))

            tree.command(f"{header}:{node}", set_mask, 1)
            tree.query(f"{header}:{node}", get_mask, 0)

    def _preset_status(self) -> None:
        self.status.operation.preset()
        self.status.questionable.preset()

    def _clear_status(self) -> None:
        self.errors.clear()
        self.status.clear()
        self._completion_wanted = None

    def _read_event(self) -> int:
        self._note_completion()
        return self.status.read_event()

    def _want_completion(self) -> None:
        self._completion_wanted = list(self._under_way)

    def _answer_completion(self, _: Call) -> str:
        self._wait_for_operations()
        return "1"
