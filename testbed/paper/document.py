"""paper.json: every value of the reproduction for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from testbed.paper import published
from testbed.paper.section import PaperTable, Section
from testbed.paper.settings import PaperSettings
from testbed.provenance import kernel_provenance, versions

SCHEMA_VERSION = "1.0"


def paper_document(
    sections: Sequence[Section],
    settings: PaperSettings,
    timing_s: Mapping[str, float],
    files: Mapping[str, str],
) -> dict[str, Any]:
    """Compose the document; ``docs/paper.md`` says what its keys mean.

    Parameters
    ----------
    sections : sequence of Section
        What was computed.
    settings : PaperSettings
        From what.
    timing_s : mapping
        Wall-clock seconds of each stage.
    files : mapping
        Names of figures' files, by key of the figure.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "source": published.SOURCE,
        "doi": published.DOI,
        "tables": {table.key: _rows(table) for one in sections for table in one.tables},
        "sections": {
            one.key: {
                "title": one.title,
                "summary": one.summary,
                "text": list(one.paragraphs),
                "tables": [table.key for table in one.tables],
                "figures": [figure.key for figure in one.figures],
                "files": list(one.files),
                "data": dict(one.data),
            }
            for one in sections
        },
        "figures": {
            figure.key: {"file": files[figure.key], "section": one.key, "caption": figure.caption}
            for one in sections
            for figure in one.figures
        },
        "settings": settings.model_dump(mode="json"),
        "timing_s": {key: round(spent, 3) for key, spent in timing_s.items()},
        "provenance": {
            "versions": versions(),
            "settings_sha256": settings.sha256(),
            "kernels": kernel_provenance(settings.ephemeris, "de421"),
        },
    }


def _rows(table: PaperTable) -> list[dict[str, Any]]:
    return [
        {
            "label": row.label,
            "quantity": row.quantity,
            "unit": row.unit,
            "ours": _number(row.ours),
            "theirs": row.theirs,
            "difference": _number(row.difference),
            "difference_unit": "%" if row.relative else row.unit,
            "why": row.why,
        }
        for row in table.rows
    ]


def _number(value: float | None) -> float | None:
    """Return a number that JSON can hold."""
    return None if value is None or not math.isfinite(value) else value


def paper_json(document: Mapping[str, Any]) -> bytes:
    """Write the document."""
    return (json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()
