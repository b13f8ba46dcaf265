"""paper.html: every table beside the published values, every figure, and a sentence of why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from testbed.paper import published
from testbed.paper.coastlines import INSTALL, coastlines
from testbed.paper.section import PaperTable, Row, Section
from testbed.report.markup import Markup, table, tag
from testbed.report.page_frame import (
    PageFigure,
    complete_page,
    figure_markup,
    section,
)
from testbed.report.quantities import number

_NONE = "\N{EM DASH}"
# Headings of rows up to this length are kept on one line.
_LONGEST_ON_A_LINE = 22


def paper_page(
    sections: Sequence[Section],
    figures: Mapping[str, PageFigure],
    document: Mapping[str, Any],
) -> str:
    """Write the page.

    Parameters
    ----------
    sections : sequence of Section
        What was computed.
    figures : mapping of str to PageFigure
        The rendered figures, by key.
    document : mapping
        The content of ``paper.json``.
    """
    notes = [
        tag(
            "p",
            f"{published.SOURCE}, doi {published.DOI}: its tables and figures computed anew, each "
            "value beside the published one.",
        )
    ]
    if not coastlines():
        notes.append(tag("p", f"Maps are without coastlines: {INSTALL} brings them."))
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", "moonecho paper"),
            *notes,
            _contents(sections),
        ),
        "\n",
        tag("main", *(section(one.key, one.title, _content(one, figures)) for one in sections)),
        tag(
            "footer",
            f"Schema {document['schema_version']} of paper.json \N{MIDDLE DOT} settings "
            f"{document['provenance']['settings_sha256']}",
        ),
    )
    return complete_page("moonecho paper", body)


def _content(one: Section, figures: Mapping[str, PageFigure]) -> list[Markup]:
    return [
        *(tag("p", text) for text in one.paragraphs),
        *(_comparison(rows) for rows in one.tables),
        *(figure_markup(figures[figure.key]) for figure in one.figures),
    ]


def _contents(sections: Sequence[Section]) -> Markup:
    """Make the list of sections, each with what comes out."""
    items = [
        tag(
            "li",
            tag("a", one.title, href=f"#{one.key}"),
            f": {one.summary}" if one.summary else "",
        )
        for one in sections
    ]
    return tag("ul", *items, aria_label="Sections")


def _comparison(rows: PaperTable) -> Markup:
    """Make a table; a reason that holds for several rows in a row is written once."""
    cells = []
    before = ""
    for row in rows.rows:
        quantity = f"{row.quantity} ({row.unit})" if row.unit else row.quantity
        beside = (
            _NONE if row.theirs is None else number(row.theirs, row.decimals),
            difference_text(row),
        )
        cells.append(
            (
                _on_a_line(row.label),
                _on_a_line(quantity),
                number(row.ours, row.decimals),
                *(beside if rows.compares else ()),
                tag("span", "as above" if row.why == before else row.why, class_="why"),
            )
        )
        before = row.why
    headings = ("Paper", "Difference", "Why") if rows.compares else ("Why",)
    return table(
        rows.caption,
        ("", "Quantity", "Ours", *headings),
        cells,
        numeric=(2, 3, 4) if rows.compares else (2,),
        class_="cards",
    )


def _on_a_line(text: str) -> str:
    """Keep a short text from being broken between lines."""
    return text.replace(" ", "\N{NO-BREAK SPACE}") if len(text) <= _LONGEST_ON_A_LINE else text


def difference_text(row: Row) -> str:
    """Write a difference, in percent where the row is relative."""
    difference = row.difference
    if difference is None:
        return _NONE
    sign = "+" if difference > 0.0 else ""
    if row.relative:
        return f"{sign}{number(difference, 1)} %"
    return f"{sign}{number(difference, row.decimals)}"
