"""Stages of a run: a bar for each at the terminal, and the time that each took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

Advance: TypeAlias = Callable[[int, int], None]
"""What a computation calls as it goes on: ``advance(done, total)``."""


class RunProgress:
    """Bars for the stages of a run, and their wall-clock times.

    Used as a context manager around the whole run. The bars go to standard error, so that
    standard output stays the result's; where that is no terminal nothing is printed, and the
    times are taken all the same.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where the bars go; standard error by default.
    show : bool, optional
        True or False to show or hide the bars whatever the console is.

    Attributes
    ----------
    timing_s : dict of str to float
        Wall-clock seconds of each finished stage, by its key, in the order of their ends.
        A stage that is entered again adds to its time.
    """

    def __init__(self, console: Console | None = None, show: bool | None = None) -> None:
        output = Console(stderr=True) if console is None else console
        self.timing_s: dict[str, float] = {}
        self._transfers: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", justify="left"),
            BarColumn(bar_width=32),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=output,
            disable=not (output.is_terminal if show is None else show),
            # The stages load both cores: a bar that is drawn more often costs them time.
            refresh_per_second=5,
        )

    def __enter__(self) -> Self:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop drawing; the terminal is left as it was, also after Ctrl-C."""
        self._progress.stop()

    def transfer(self, what: str, done: int, total: int) -> None:
        """Show how far something under way inside a stage is, in a bar of its own.

        Parameters
        ----------
        what : str
            Tells it from others; the bar says it.
        done, total : int
            In any unit.
        """
        task = self._transfers.get(what)
        if task is None:
            task = self._transfers[what] = self._progress.add_task(f"  {what:<28}", total=None)
        self._progress.update(task, completed=done, total=max(total, 1))
        if done >= total:
            # Hundreds of parts are not to fill the terminal.
            self._progress.remove_task(self._transfers.pop(what))

    @contextmanager
    def stage(self, key: str, description: str | None = None) -> Iterator[Advance]:
        """Run one stage of the run.

        Parameters
        ----------
        key : str
            Key of the stage in `timing_s` and in the report, such as ``"focus"``.
        description : str, optional
            What the bar says; the key by default.

        Yields
        ------
        callable
            ``advance(done, total)``, for the computation to call as it goes on; it may be left
            uncalled, and then the bar only shows that the stage is running.
        """
        task = self._progress.add_task(f"{description or key:<30}", total=None)

        def advance(done: int, total: int) -> None:
            self._progress.update(task, completed=done, total=max(total, 1))

        started_s = time.perf_counter()
        try:
            yield advance
        except BaseException:
            # The bar stays where the stage broke off.
            self._progress.stop_task(task)
            raise
        finally:
            elapsed_s = time.perf_counter() - started_s
            self.timing_s[key] = self.timing_s.get(key, 0.0) + elapsed_s
        self._progress.update(task, completed=1, total=1)
        self._progress.stop_task(task)
