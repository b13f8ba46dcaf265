"""The verdict at the terminal: a table of checks, the device's events, where the report lies."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from testbed.report.quantities import hertz, measured, seconds
from testbed.report.wording import (
    VERDICT_WORDS,
    check_label,
    events_sentence,
    mark_of,
    minimum_place,
    predicted_orientation,
    target_sentences,
)
from testbed.verification import unit_of

if TYPE_CHECKING:
    from testbed.results import RunResult

_VERDICT_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}
_MARK_STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}

_HEADINGS = ("Check", "Measured", "Theory", "Limit", "Unit", "Result")
_NUMERIC = {"Measured", "Theory", "Limit"}
_EXPENDABLE = ("Theory", "Unit")
"""Columns that go, in this order, where the console is too narrow for all: a number that is cut
off is worse than one that is missing."""


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
        for row in _checks_table(result, output.width):
            output.print(row, soft_wrap=True)
        output.print()
    for line in _facts(result):
        _print_wrapped(line, output)
    output.print()
    word = Text(VERDICT_WORDS[result.verdict], style=_VERDICT_STYLES[result.verdict])
    output.print(word, _text(result.name, output))
    for reason in result.reasons:
        _print_wrapped(f"- {reason}", output, indent="  ")
    if report is not None:
        # A path that is broken over two lines cannot be clicked or copied.
        output.print(_text(f"Report: {report}", output), soft_wrap=True)


def _checks_table(result: RunResult, width: int) -> list[Text]:
    """Write the checks as lines that end with their last letter, also in a pipe."""
    rows: list[dict[str, str]] = [dict(zip(_HEADINGS, _HEADINGS, strict=True))]
    styles = ["bold"]
    for check in result.checks:
        unit = unit_of(check.name)
        within = "+-" if check.name.startswith("peak.") else ""
        colour, word = mark_of(check, result.verdict)
        cells = (
            check_label(check.name),
            _ascii(measured(check.measured, unit)),
            "" if check.theory is None else _ascii(measured(check.theory, unit)),
            within + _ascii(measured(check.limit, unit)),
            unit,
            word,
        )
        rows.append(dict(zip(_HEADINGS, cells, strict=True)))
        styles.append(_MARK_STYLES[colour])

    widths = {name: max(len(row[name]) for row in rows) for name in _HEADINGS}
    shown = list(_HEADINGS)
    for name in _EXPENDABLE:
        if sum(widths[one] + 2 for one in shown) - 2 > width:
            shown.remove(name)
    lines = []
    for row, style in zip(rows, styles, strict=True):
        cells_before = [
            row[name].rjust(widths[name]) if name in _NUMERIC else row[name].ljust(widths[name])
            for name in shown[:-1]
        ]
        line = Text("  ".join((*cells_before, "")), style="bold" if row is rows[0] else "")
        lines.append(line.append(row[shown[-1]], style=style))
    lines.insert(1, Text("-" * max(line.cell_len for line in lines)))
    return lines


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
        f"Focused by {result.image.method}",
        *target_sentences(result),
        f"Smallest delay {result.delay_min_s:.9f} s "
        f"{minimum_place(result.delay_min_transmit_s, result.history)}",
        f"Device events: {events_sentence(result.events)}",
        *predicted_orientation(result.provenance),
    ]


def _print_wrapped(text: str, console: Console, indent: str = "") -> None:
    # rich leaves the blank at which it breaks a line.
    lines = textwrap.wrap(
        text,
        console.width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        console.print(_text(line, console), soft_wrap=True)


def _ascii(text: str) -> str:
    """Write signs as they are typed, so that a number can be copied and searched for."""
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{PLUS-MINUS SIGN}", "+-")


def _text(text: str, console: Console) -> Text:
    """Make text that the console can write whatever its encoding, and without markup."""
    known = _ascii(text).encode(console.encoding, errors="replace")
    return Text(known.decode(console.encoding))
