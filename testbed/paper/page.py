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
    navigation,
    section,
)
from testbed.report.quantities import number

_NONE = "\N{EM DASH}"


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
            navigation([(one.key, one.title) for one in sections]),
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


def _comparison(rows: PaperTable) -> Markup:
    """Make a table; a reason that holds for several rows in a row is written once."""
    cells = []
    before = ""
    for row in rows.rows:
        cells.append(
            (
                row.label,
                f"{row.quantity} ({row.unit})" if row.unit else row.quantity,
                number(row.ours, row.decimals),
                _NONE if row.theirs is None else number(row.theirs, row.decimals),
                difference_text(row),
                "as above" if row.why == before else row.why,
            )
        )
        before = row.why
    return table(
        rows.caption,
        ("", "Quantity", "Ours", "Paper", "Difference", "Why"),
        cells,
        numeric=(2, 3, 4),
        class_="cards",
    )


def difference_text(row: Row) -> str:
    """Write a difference, in percent where the row is relative."""
    difference = row.difference
    if difference is None:
        return _NONE
    sign = "+" if difference > 0.0 else ""
    if row.relative:
        return f"{sign}{number(difference, 1)} %"
    return f"{sign}{number(difference, row.decimals)}"
