"""What an instrument understands: a tree of headers with a handler at each of its ends.

Headers are written as manuals write them: ``[:SOURce<1:2>]:FREQuency[:CW|:FIXed]`` has a node that
may be left out, with a numeric suffix of 1 or 2, and one that may be left out or be either word.
Brackets do not stand in brackets. Every way to write a header is put into the tree when it is
declared, so that finding one is a look-up for each of its nodes.
"""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.parser import Message, Unit, parse
from drivers.simulators.scpi.values import short_form

Piece = bytes | bytearray | memoryview
Answer = str | Piece
CommandHandler = Callable[[Call], None]
QueryHandler = Callable[[Call], Answer]

ParameterCount = int | tuple[int, int] | None
"""How many parameters there are: so many, from so many to so many, or any number (None)."""

# A driver that polls sends the same few short messages over and over.
_CACHED_MESSAGES = 512
_CACHED_MESSAGE_BYTES = 128

_ITEM = re.compile(r"\[([^\[\]]+)\]|([^\[\]]+)")
_NODE = re.compile(r":?(\*?[A-Za-z][A-Za-z0-9_]*)(?:<(\d+)(?::(\d+))?>)?")


class _Name(NamedTuple):
    """One way to write one level of a header."""

    name: str
    suffixes: range | None
    level: int


@dataclass(slots=True)
class _End:
    """What stands at the end of a header; ``places`` are where its suffixes are found."""

    places: tuple[int | None, ...]
    command: CommandHandler | None = None
    command_parameters: tuple[int, int] = (0, 0)
    query: QueryHandler | None = None
    query_parameters: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Node:
    """Where one can go from here; the same node is found under its long and its short form."""

    suffixes: range | None = None
    children: dict[str, _Node] = field(default_factory=dict)
    end: _End | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A unit of a message, and what is to be done with it.

    Parameters
    ----------
    call : Call
        What its handler gets.
    handler : callable
        Gives an answer if the call asks.
    ends_message : bool
        What follows is a message of its own.
    """

    call: Call
    handler: CommandHandler | QueryHandler
    ends_message: bool


@dataclass(frozen=True, slots=True)
class Program:
    """What a message asks for, up to its first error.

    Parameters
    ----------
    steps : tuple of Step
        In their order.
    error : ScpiError or None
        What is wrong behind them.
    """

    steps: tuple[Step, ...]
    error: ScpiError | None


class CommandTree:
    """Headers, and what happens when they come."""

    def __init__(self) -> None:
        self._root = _Node()
        self._headers: dict[str, set[str]] = {}
        self._programs: OrderedDict[bytes, Program] = OrderedDict()

    def command(
        self,
        header: str,
        handler: CommandHandler,
        parameters: ParameterCount = None,
        *,
        replace: bool = False,
    ) -> None:
        """Declare a command.

        Parameters
        ----------
        header : str
            As in a manual: ``OUTPut<1:4>[:STATe]``, ``*TRG``.
        handler : callable
            Gets a :class:`Call`.
        parameters : int, tuple of two int, or None
            How many it takes; more are answered with -108, less with -109.
        replace : bool
            Put it in the place of one that was declared before.

        Raises
        ------
        ValueError
            The header is not well formed, or was declared before.
        """
        for end in self._declare(header, "command", replace):
            end.command, end.command_parameters = handler, _counts(parameters)

    def query(
        self,
        header: str,
        handler: QueryHandler,
        parameters: ParameterCount = None,
        *,
        replace: bool = False,
    ) -> None:
        """Declare a query; its header is written without the question mark.

        The handler gives text, or bytes that are sent as they are. Otherwise like :meth:`command`.
        """
        for end in self._declare(header, "query", replace):
            end.query, end.query_parameters = handler, _counts(parameters)

    def headers(self) -> list[str]:
        """List what was declared, in its order; queries end with a question mark."""
        return [
            header + mark
            for header, forms in self._headers.items()
            for form, mark in (("command", ""), ("query", "?"))
            if form in forms
        ]

    def understand(self, message: Message) -> Program:
        """Find what a message asks for."""
        if len(message) > _CACHED_MESSAGE_BYTES:
            return self._resolve(message)
        key = bytes(message)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._resolve(key)
            if len(self._programs) > _CACHED_MESSAGES:
                self._programs.popitem(last=False)
        return program

    def _resolve(self, message: Message) -> Program:
        units, error = parse(message)
        steps: list[Step] = []
        for unit in units:
            try:
                steps.append(self._step(unit))
            except ScpiError as unknown:
                return Program(tuple(steps), unknown)
        return Program(tuple(steps), error)

    def _step(self, unit: Unit) -> Step:
        end, found = self._find(unit)
        suffixes = tuple(1 if place is None else found[place] for place in end.places)
        handler, (fewest, most) = (
            (end.query, end.query_parameters)
            if unit.query
            else (end.command, end.command_parameters)
        )
        if handler is None:
            raise ScpiError(-113, unit.text)
        if len(unit.parameters) < fewest:
            raise ScpiError(-109, unit.text)
        if len(unit.parameters) > most:
            raise ScpiError(-108, unit.text)
        call = Call(unit.text, unit.query, suffixes, unit.parameters)
        return Step(call, handler, unit.ends_message)

    def _find(self, unit: Unit) -> tuple[_End, tuple[int, ...]]:
        node = self._root
        found: list[int] = []
        for mnemonic in unit.header:
            child = node.children.get(mnemonic)
            suffix = 1
            if child is None:
                name = mnemonic.rstrip("0123456789")
                child = node.children.get(name)
                if child is None or child.suffixes is None:
                    raise ScpiError(-113, unit.text)
                digits = mnemonic[len(name) :]
                suffix = int(digits) if len(digits) < 10 else -1
                if suffix not in child.suffixes:
                    raise ScpiError(-114, unit.text)
            found.append(suffix)
            node = child
        if node.end is None:
            raise ScpiError(-113, unit.text)
        return node.end, tuple(found)

    def _declare(self, header: str, form: str, replace: bool) -> Iterator[_End]:
        header = header.removesuffix("?")
        forms = self._headers.setdefault(header, set())
        levels = _levels(header)
        ends = [self._end(names, levels) for names in _spellings(levels)]
        if not replace and any(getattr(end, form) is not None for end in ends):
            raise ValueError(f"{header} ({form}) was declared before; give replace=True if meant")
        forms.add(form)
        self._programs.clear()
        yield from ends

    def _end(self, names: tuple[_Name, ...], levels: list[_Level]) -> _End:
        node = self._root
        for name, suffixes, _ in names:
            keys = {name.upper(), short_form(name)}
            children = {id(node.children[key]) for key in keys if key in node.children}
            child = next((node.children[key] for key in keys if key in node.children), None)
            if child is None:
                child = _Node(suffixes)
            elif len(children) > 1:
                raise ValueError(f"{name} means two nodes")
            elif suffixes is not None and child.suffixes != suffixes:
                # The same word may come with another range of suffixes further down.
                known = child.suffixes or suffixes
                child.suffixes = range(
                    min(known.start, suffixes.start), max(known.stop, suffixes.stop)
                )
            for key in keys:
                node.children[key] = child
            node = child
        if node.end is None:
            node.end = _End(())
        place_of = {name.level: place for place, name in enumerate(names)}
        node.end.places = tuple(
            place_of.get(number) for number, level in enumerate(levels) if level.has_suffix
        )
        return node.end


class _Level(NamedTuple):
    """What may stand at one place of a header."""

    names: tuple[_Name, ...]
    optional: bool

    @property
    def has_suffix(self) -> bool:
        return any(name.suffixes is not None for name in self.names)


def _levels(header: str) -> list[_Level]:
    """Take a declared header apart."""
    levels: list[_Level] = []
    if "".join(match.group() for match in _ITEM.finditer(header)) != header or not header:
        raise ValueError(f"{header!r} is no header; write it like [:SOURce<1:2>]:FREQuency[:CW]")
    for match in _ITEM.finditer(header):
        optional = match.group(1) is not None
        inside = match.group(1) if optional else match.group(2)
        # A colon begins a level, unless it comes after a bar or stands inside of a range.
        for level in re.split(r"(?<![|])(?<!<\d)(?<!<\d\d)(?<!<\d\d\d):", inside):
            if not level:
                continue
            names = []
            for alternative in level.split("|"):
                node = _NODE.fullmatch(alternative)
                if node is None or not short_form(node.group(1)):
                    raise ValueError(f"{alternative!r} of the header {header!r} is no mnemonic")
                name, lowest, highest = node.groups()
                suffixes = None
                if lowest is not None:
                    suffixes = range(int(lowest), int(highest or lowest) + 1)
                names.append(_Name(name, suffixes, len(levels)))
            levels.append(_Level(tuple(names), optional))
    return levels


def _spellings(levels: list[_Level]) -> Iterator[tuple[_Name, ...]]:
    """Walk through all ways to write a header, but for long and short forms."""
    choices = [(*level.names, None) if level.optional else level.names for level in levels]
    for choice in itertools.product(*choices):
        names = tuple(name for name in choice if name is not None)
        if names:
            yield names


def _counts(parameters: ParameterCount) -> tuple[int, int]:
    if parameters is None:
        return 0, 1 << 30
    if isinstance(parameters, int):
        return parameters, parameters
    return parameters
