"""Stages: bars at a terminal, silence elsewhere, times everywhere."""

import io
import re

import pytest
from rich.console import Console

from testbed.report.progress import RunProgress


def terminal() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=True, width=100), stream


def test_each_stage_has_a_bar_and_a_time() -> None:
    console, stream = terminal()
    with RunProgress(console) as progress:
        with progress.stage("record", "play and record") as advance:
            for block in range(4):
                advance(block + 1, 4)
        with progress.stage("focus"):
            pass

    assert "play and record" in stream.getvalue()
    assert "focus" in stream.getvalue()
    assert "100%" in stream.getvalue()
    # One clock, the time since the stage's start: two would need labels.
    assert all(len(re.findall(r"\d:\d\d", line)) <= 1 for line in stream.getvalue().splitlines())
    assert list(progress.timing_s) == ["record", "focus"]
    assert all(seconds >= 0.0 for seconds in progress.timing_s.values())


def test_nothing_is_printed_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with (
        RunProgress(Console(file=stream)) as progress,
        progress.stage("record") as advance,
    ):
        advance(1, 2)

    assert stream.getvalue() == ""
    assert "record" in progress.timing_s


def test_bars_can_be_switched_off() -> None:
    console, stream = terminal()
    with RunProgress(console, show=False) as progress, progress.stage("record"):
        pass

    assert "record" not in stream.getvalue()


def test_an_interrupt_passes_and_leaves_the_terminal_alone() -> None:
    console, stream = terminal()
    progress = RunProgress(console)
    with pytest.raises(KeyboardInterrupt), progress, progress.stage("record") as advance:
        advance(1, 4)
        raise KeyboardInterrupt

    assert "record" in progress.timing_s
    # The cursor, hidden while bars are drawn, is shown again.
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_a_stage_entered_twice_adds_up() -> None:
    progress = RunProgress(Console(file=io.StringIO()))
    with progress.stage("record"):
        pass
    first_s = progress.timing_s["record"]
    with progress.stage("record"):
        pass

    assert progress.timing_s["record"] > first_s


def test_a_stage_without_work_is_no_division_by_zero() -> None:
    console, _ = terminal()
    with RunProgress(console) as progress, progress.stage("record") as advance:
        advance(0, 0)


def test_what_is_transferred_inside_a_stage_has_a_bar_that_goes() -> None:
    console, stream = terminal()
    with RunProgress(console) as progress, progress.stage("record") as advance:
        for done in (0, 200, 400):
            progress.transfer("upload part 1 of 2", done, 400)
        progress.transfer("upload part 2 of 2", 100, 400)
        advance(1, 2)
    shown = stream.getvalue()
    assert "upload part 2 of 2" in shown
    # The first is not left behind, nor are hundreds of parts.
    assert "upload part 1 of 2" not in shown[shown.rindex("upload part 2 of 2") :]
    assert list(progress.timing_s) == ["record"]
