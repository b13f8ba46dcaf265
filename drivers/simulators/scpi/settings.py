"""Settings: a value with a command that sets it and a query that gives it.

A simulated instrument is mostly a table of these. Each keeps its value itself, one for each
combination of the header's suffixes, goes back to its default with ``*RST``, and checks what it is
set to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.command_tree import CommandTree
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.values import numeric_answer, quoted, short_form

T = TypeVar("T")
Limit = float | Callable[..., float | None] | None
"""A limit, one that depends on other settings (called with the suffixes), or none."""


class Setting(Generic[T]):
    """One declared setting; calling it gives its value.

    Parameters
    ----------
    default : value
        After ``*RST``.
    changed : callable or None
        Is called with the suffixes, then the value that it is to be set to, before it is; may raise
        :class:`ScpiError` to refuse it.
    """

    def __init__(self, default: T, changed: Callable[..., object] | None = None) -> None:
        self.default = default
        self._changed = changed
        self._values: dict[tuple[int, ...], T] = {}

    def __call__(self, *suffixes: int) -> T:
        """Give the value of a combination of suffixes."""
        return self._values.get(suffixes, self.default)

    def set(self, *suffixes: int, value: T) -> None:
        """Set the value, as its command does."""
        if self._changed is not None:
            self._changed(*suffixes, value)
        self._values[suffixes] = value

    def reset(self) -> None:
        """Go back to the default."""
        self._values.clear()


class SettingTable:
    """Declares settings in a command tree, and resets them together.

    Every method declares both forms of a header and gives its :class:`Setting`. ``changed`` and
    ``default`` are the setting's own.

    Parameters
    ----------
    tree : CommandTree
        Where they are declared.
    """

    def __init__(self, tree: CommandTree) -> None:
        self._tree = tree
        self._resets: list[Callable[[], None]] = []

    def reset(self) -> None:
        """Bring all to their defaults."""
        for reset in self._resets:
            reset()

    def number(
        self,
        header: str,
        default: float,
        *,
        unit: str | Sequence[str] = (),
        lowest: Limit = None,
        highest: Limit = None,
        rounded: Callable[[float], float] = float,
        clamp: bool = False,
        answer: Callable[[float], str] = numeric_answer,
        changed: Callable[..., object] | None = None,
    ) -> Setting[float]:
        """Declare a number.

        Parameters
        ----------
        header : str
            As in a manual.
        default : float
            After ``*RST``, and what DEF stands for.
        unit : str or sequence of str
            In capitals.
        lowest, highest : float, callable or None
            Limits, and what MIN and MAX stand for, also in the query.
        rounded : callable
            Makes of a value what the instrument can do: ``lambda hz: round(hz / 1e3) * 1e3``.
        clamp : bool
            Set the limit in place of a value beyond it, rather than answer -222.
        answer : callable
            Writes the number.
        changed : callable or None
            See :class:`Setting`.
        """
        setting = Setting(default, changed)

        def limits(call: Call) -> tuple[float | None, float | None]:
            return _limit(lowest, call), _limit(highest, call)

        def set_value(call: Call) -> None:
            low, high = limits(call)
            if clamp and call.parameter(0).kind == "number":
                value = call.number(0, unit=unit)
                value = value if low is None else max(low, value)
                value = value if high is None else min(high, value)
            else:
                value = call.number(0, unit=unit, lowest=low, highest=high, default=default)
            setting.set(*call.suffixes, value=rounded(value))

        def get_value(call: Call) -> str:
            if call.parameters:
                low, high = limits(call)
                call.mnemonic(0)
                return answer(call.number(0, lowest=low, highest=high, default=default))
            return answer(setting(*call.suffixes))

        return self._declare(header, setting, set_value, get_value, most=1)

    def whole(
        self,
        header: str,
        default: int,
        *,
        lowest: Limit = None,
        highest: Limit = None,
        changed: Callable[..., object] | None = None,
    ) -> Setting[int]:
        """Declare a whole number; arguments as of :meth:`number`."""
        setting = Setting(default, changed)

        def read(call: Call) -> int:
            low, high = _limit(lowest, call), _limit(highest, call)
            return call.whole(
                0,
                lowest=None if low is None else int(low),
                highest=None if high is None else int(high),
                default=default,
            )

        def get_value(call: Call) -> str:
            if call.parameters:
                call.mnemonic(0)
                return str(read(call))
            return str(setting(*call.suffixes))

        def set_value(call: Call) -> None:
            setting.set(*call.suffixes, value=read(call))

        return self._declare(header, setting, set_value, get_value, most=1)

    def boolean(
        self, header: str, default: bool, *, changed: Callable[..., object] | None = None
    ) -> Setting[bool]:
        """Declare a switch, which answers 1 or 0."""
        setting = Setting(default, changed)
        return self._declare(
            header,
            setting,
            lambda call: setting.set(*call.suffixes, value=call.boolean(0)),
            lambda call: str(int(setting(*call.suffixes))),
        )

    def choice(
        self,
        header: str,
        choices: Sequence[str],
        default: str,
        *,
        long_answer: bool = False,
        changed: Callable[..., object] | None = None,
    ) -> Setting[str]:
        """Declare a choice of mnemonics.

        Parameters
        ----------
        header : str
            As in a manual.
        choices : sequence of str
            As in a manual: ``("INTernal", "EXTernal")``.
        default : str
            Short form of one of them; a value is always a short form.
        long_answer : bool
            Answer ``INTERNAL`` in place of ``INT``.
        changed : callable or None
            See :class:`Setting`.

        Raises
        ------
        ValueError
            The default is the short form of none.
        """
        words = {short_form(choice): choice.upper() for choice in choices}
        if default not in words:
            raise ValueError(f"{default!r} is none of {', '.join(words)}")
        setting = Setting(default, changed)

        def get_value(call: Call) -> str:
            value = setting(*call.suffixes)
            return words[value] if long_answer else value

        return self._declare(
            header,
            setting,
            lambda call: setting.set(*call.suffixes, value=call.choice(0, *choices)),
            get_value,
        )

    def string(
        self,
        header: str,
        default: str = "",
        *,
        longest: int = 255,
        changed: Callable[..., object] | None = None,
    ) -> Setting[str]:
        """Declare a string, answered in double quotes; a longer one is refused with -223."""
        setting = Setting(default, changed)

        def set_value(call: Call) -> None:
            value = call.string(0)
            if len(value) > longest:
                raise ScpiError(-223, call.header)
            setting.set(*call.suffixes, value=value)

        return self._declare(
            header, setting, set_value, lambda call: quoted(setting(*call.suffixes))
        )

    def _declare(
        self,
        header: str,
        setting: Setting[T],
        set_value: Callable[[Call], None],
        get_value: Callable[[Call], str],
        most: int = 0,
    ) -> Setting[T]:
        self._tree.command(header, set_value, 1)
        self._tree.query(header, get_value, (0, most))
        self._resets.append(setting.reset)
        return setting


def _limit(limit: Limit, call: Call) -> float | None:
    return limit(*call.suffixes) if callable(limit) else limit
