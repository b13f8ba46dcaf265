"""Minus signs: what is written with formats holds hyphens, what is read holds minus signs."""

from __future__ import annotations

import re
from dataclasses import replace

from testbed.paper.section import PaperFigure, PaperTable, Row, Section

# Before a digit, and after nothing that would make it a hyphen, as in dates and in names.
_NEGATIVE = re.compile(r"(?<![\w.)\-])-(?=[\d.])")


def with_minus_signs(text: str) -> str:
    """Return a text whose negative numbers have minus signs; dates keep their hyphens."""
    return _NEGATIVE.sub("\N{MINUS SIGN}", text)


def typeset(section: Section) -> Section:
    """Return a section with minus signs in all that is read; `data` and `files` are as they were.

    Parameters
    ----------
    section : Section
        As it was built.
    """
    return replace(
        section,
        paragraphs=tuple(map(with_minus_signs, section.paragraphs)),
        tables=tuple(map(_table, section.tables)),
        figures=tuple(map(_figure, section.figures)),
        summary=with_minus_signs(section.summary),
    )


def _table(table: PaperTable) -> PaperTable:
    return replace(
        table, caption=with_minus_signs(table.caption), rows=tuple(map(_row, table.rows))
    )


def _row(row: Row) -> Row:
    return replace(row, label=with_minus_signs(row.label), why=with_minus_signs(row.why))


def _figure(figure: PaperFigure) -> PaperFigure:
    return replace(
        figure, alt=with_minus_signs(figure.alt), caption=with_minus_signs(figure.caption)
    )
