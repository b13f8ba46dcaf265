"""Errors that a person can act on: what is wrong, where it is written, and what would be right.

Every one of them prints as a single line, so that a terminal, a log and a CI annotation show the
same thing. The command line turns them into an exit code (:attr:`MoonechoError.exit_code`) and
never into a traceback.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from drivers.errors import DeviceSettingsError
from sim_core.errors import SimCoreError

LONGEST_VALUE = 60
"""Characters of an offending value that an error shows; what is longer is cut in the middle."""


class MoonechoError(Exception):
    """Bad input or a bad surrounding, known by name: one line, exit code 2.

    Attributes
    ----------
    exit_code : int
        What the process returns when this error ends it.
    """

    exit_code: int = 2

    def __str__(self) -> str:
        """Return the message on one line, whatever the parts of it contained."""
        return one_line(super().__str__())


class ConfigError(MoonechoError):
    """A key of a configuration is wrong.

    Prints as ``FILE:LINE: KEY = VALUE: PROBLEM; REMEDY``; what is not known is left out.

    Parameters
    ----------
    file : str or Path
        The configuration, as the user named it.
    line : int or None
        Line of the key, counted from 1; ``None`` when there is no such line.
    key : str or None
        Dotted path of the key, such as ``radar.prf_hz``; ``None`` for the file as a whole.
    value : object
        The offending value as it is written; ``None`` when the key has none.
    problem, remedy : str
        What is wrong, and what would be right.
    further : int
        How many more problems the same file has; the line ends in ``(and N more)``.
    """

    def __init__(
        self,
        file: str | Path,
        line: int | None,
        key: str | None,
        value: object,
        problem: str,
        remedy: str,
        *,
        further: int = 0,
    ) -> None:
        self.file = Path(file)
        self.line = line
        self.key = key
        self.value = value
        self.problem = problem
        self.remedy = remedy
        self.further = further
        place = str(file) if line is None else f"{file}:{line}"
        more = f" (and {further} more)" if further else ""
        super().__init__(f"{place}: {_subject(key, value)}{problem}; {remedy}{more}")


class OptionError(MoonechoError):
    """An option or argument of the command line is wrong.

    Prints as ``OPTION = VALUE: PROBLEM; REMEDY``.

    Parameters
    ----------
    option : str
        As it is typed: ``--site``.
    value : object
        What was given; ``None`` when nothing was.
    problem, remedy : str
        What is wrong, and what would be right.
    """

    def __init__(self, option: str, value: object, problem: str, remedy: str) -> None:
        self.option = option
        self.value = value
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{_subject(option, value)}{problem}; {remedy}")


class _PathError(MoonechoError):
    """What the errors about a file or folder share: ``PATH: PROBLEM; REMEDY``."""

    def __init__(self, path: str | Path, problem: str, remedy: str) -> None:
        self.path = Path(path)
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}; {remedy}")


class OutputError(_PathError):
    """A result cannot be written: no permission, no space, or something is there already."""


class RecordingError(_PathError):
    """A recording cannot be read: missing, cut short, foreign, or not one of ours."""


class GeometryFileError(_PathError):
    """A file of delay histories cannot be read: missing, damaged, or not one of ours."""


class KeySource(Protocol):
    """Where the keys of a configuration are written."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    def line(self, key: str) -> int | None:
        """Line of a dotted key, or of its nearest parent that is written."""
        ...

    def value(self, key: str) -> object:
        """Value of a dotted key as it is written; ``None`` when it is not."""
        ...

    def option(self, key: str) -> str | None:
        """Option of the command line that has overridden a dotted key, if one has."""
        ...


class HasSource(Protocol):
    """A configuration that knows where its keys are written."""

    @property
    def source(self) -> KeySource:
        """Where the keys are written."""
        ...


_COMPUTED = (SimCoreError, DeviceSettingsError)


@contextmanager
def locate_errors(
    configuration: HasSource, key: str, kinds: tuple[type[Exception], ...] = _COMPUTED
) -> Iterator[None]:
    """Give errors of the physics and of the device settings the place of the key to blame.

    Parameters
    ----------
    configuration : HasSource
        The configuration that the wrapped computation takes its input from.
    key : str
        Dotted path of the key that decides it, such as ``geometry.epoch_utc``.
    kinds : tuple of type, optional
        The errors that are this key's fault, where another key is to blame for the rest. By default
        all of the physics and of the device settings.

    Raises
    ------
    ConfigError
        In place of an error of these kinds raised inside.
    OptionError
        The same, where an option of the command line has overridden the key.
    """
    try:
        yield
    except _COMPUTED as error:
        if not isinstance(error, kinds):
            raise
        source = configuration.source
        option = source.option(key)
        if option is not None:
            raise OptionError(option, source.value(key), error.problem, error.remedy) from error
        raise ConfigError(
            source.path,
            source.line(key),
            key,
            source.value(key),
            error.problem,
            error.remedy,
        ) from error


@contextmanager
def locate_option_errors(
    option: str, value: object, kinds: tuple[type[Exception], ...] = _COMPUTED
) -> Iterator[None]:
    """Give errors of the physics and of the device settings the option to blame.

    Parameters
    ----------
    option : str
        As it is typed: ``--start``.
    value : object
        What was given.
    kinds : tuple of type, optional
        As for `locate_errors`.

    Raises
    ------
    OptionError
        In place of an error of these kinds raised inside.
    """
    try:
        yield
    except _COMPUTED as error:
        if not isinstance(error, kinds):
            raise
        raise OptionError(option, value, error.problem, error.remedy) from error


def one_line(text: str) -> str:
    """Return a text without line breaks or control characters.

    Parameters
    ----------
    text : str
        Any text, also one made from a file that is no text.
    """
    joined = " ".join(text.split())
    return "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in joined
    )


def shown(value: object) -> str:
    """Return a value as an error line shows it: as in YAML, on one line, not too long.

    Parameters
    ----------
    value : object
        A scalar, list or mapping of a configuration, or the text of an option.
    """
    text = one_line(_as_yaml(value))
    if len(text) > LONGEST_VALUE:
        half = (LONGEST_VALUE - 3) // 2
        text = f"{text[:half]}...{text[-half:]}"
    return text


def _as_yaml(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_as_yaml(item) for item in value) + "]"
    return str(value) or '""'


def _subject(name: str | None, value: object) -> str:
    if name is None:
        return ""
    return f"{name}: " if value is None else f"{name} = {shown(value)}: "
