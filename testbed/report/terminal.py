"""The verdict at the terminal: a table of checks, the device's events, where the report lies."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from testbed.report.quantities import hertz, measured, seconds
from testbed.report.wording import VERDICT_WORDS, check_label, events_sentence
from testbed.verification import unit_of

if TYPE_CHECKING:
    from testbed.results import Check, RunResult

_VERDICT_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}


def print_summary(
    result: RunResult, report: Path | None = None, console: Console | None = None
) -> None:
    """Print what a run found.

    Parameters
    ----------
    result : RunResult
        What the run found.
    report : Path, optional
        The page to point to.
    console : rich.console.Console, optional
        Where to print; standard output by default. Without a terminal the text is plain and
        80 columns wide.
    """
    output = Console(highlight=False) if console is None else console
    if result.checks:
        output.print(_checks_table(result))
    for line in (*_facts(result), ""):
        output.print(_text(line, output))
    word = Text(VERDICT_WORDS[result.verdict], style=_VERDICT_STYLES[result.verdict])
    output.print(word, _text(result.name, output))
    for reason in result.reasons:
        output.print(_text(f"- {reason}", output))
    if report is not None:
        # A path that is broken over two lines cannot be clicked or copied.
        output.print(_text(f"Report: {report}", output), soft_wrap=True)


def _checks_table(result: RunResult) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("Check", no_wrap=True)
    for heading in ("Measured", "Theory", "Limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Unit", no_wrap=True)
    table.add_column("Result", no_wrap=True)
    for check in result.checks:
        unit = unit_of(check.name)
        within = "+-" if check.name.startswith("peak.") else ""
        table.add_row(
            check_label(check.name),
            _ascii(measured(check.measured, unit)),
            "" if check.theory is None else _ascii(measured(check.theory, unit)),
            within + _ascii(measured(check.limit, unit)),
            unit,
            _mark(check),
        )
    return table


def _mark(check: Check) -> Text:
    if check.passed:
        return Text("pass", style="green")
    if math.isnan(check.measured):
        return Text("no value", style="yellow")
    return Text("FAIL", style="bold red")


def _facts(result: RunResult) -> list[str]:
    sampling = result.sampling
    finding = (
        f": under-sampled, replicas every {seconds(sampling.ambiguity_spacing_s)}"
        if sampling.undersampled
        else ""
    )
    return [
        f"Doppler bandwidth {hertz(sampling.doppler_bandwidth_hz)}, "
        f"PRF {hertz(sampling.prf_hz)}{finding}",
        f"Focused by {result.image.method}; smallest delay {result.delay_min_s:.9f} s "
        f"at {result.delay_min_transmit_s:+.3f} s",
        f"Device events: {events_sentence(result.events)}",
    ]


def _ascii(number: str) -> str:
    """Write the minus as it is typed, so that a number can be copied and searched for."""
    return number.replace("\N{MINUS SIGN}", "-")


def _text(text: str, console: Console) -> Text:
    """Make text that the console can write whatever its encoding, and without markup."""
    known = _ascii(text).encode(console.encoding, errors="replace")
    return Text(known.decode(console.encoding))
