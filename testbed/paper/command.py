"""``moonecho paper``: compute, draw, write, and say how it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.atomic_file import write_atomically
from testbed.paper.context import PaperContext
from testbed.paper.document import paper_document, paper_json
from testbed.paper.page import difference_text, paper_page
from testbed.paper.point_target_run import require_temporary_space
from testbed.paper.registry import Part
from testbed.paper.section import PaperFigure, Section
from testbed.paper.settings import PaperSettings
from testbed.paper.typography import typeset
from testbed.report.page_frame import PageFigure, PagePanel
from testbed.report.progress import RunProgress
from testbed.report.quantities import number
from testbed.run_folder import open_run_folder, remove_if_empty

if TYPE_CHECKING:
    from rich.console import Console

PAGE_NAME = "paper.html"
JSON_NAME = "paper.json"
FIGURES_FOLDER = "figures"

# A page of some megabytes and its figures once more.
_BYTES_NEEDED = 32 << 20


@dataclass(frozen=True, slots=True)
class WrittenPaper:
    """What was written.

    Parameters
    ----------
    sections : tuple of Section
        What was computed.
    page, json : Path
        The page, and the document for programs.
    """

    sections: tuple[Section, ...]
    page: Path
    json: Path


def reproduce(
    settings: PaperSettings, parts: Sequence[Part], folder: Path, console: Console
) -> WrittenPaper:
    """Compute parts of the paper, and write page, figures and document.

    Parameters
    ----------
    settings : PaperSettings
        What is asked for.
    parts : sequence of Part
        Which parts.
    folder : Path
        Where to; new or empty.
    console : Console
        Where the summary goes; the bars go to the standard error.

    Returns
    -------
    WrittenPaper

    Raises
    ------
    MoonechoError
        If the folder cannot be used.
    SimCoreError
        If the settings ask for what is not there: an epoch without Earth orientation, a beam
        beside the Earth.
    """
    temporary = max((part.temporary_bytes for part in parts), default=0)
    if temporary:
        require_temporary_space(temporary)
    new = open_run_folder(folder, resume=False, bytes_needed=_BYTES_NEEDED, resumable=False)
    try:
        with RunProgress() as progress:
            context = PaperContext(settings, progress)
            sections = []
            for part in parts:
                with progress.stage(part.names[0], part.title) as advance:
                    sections.append(typeset(part.build(context, advance)))
            figures = [figure for one in sections for figure in one.figures]
            pictures = {}
            with progress.stage("figures", "Draw the figures") as advance:
                for done, figure in enumerate(figures):
                    pictures[figure.key] = _draw(figure)
                    advance(done + 1, len(figures))
            names = {key: f"{FIGURES_FOLDER}/{key}.png" for key in pictures}
            document = paper_document(sections, settings, progress.timing_s, names)
            page = paper_page(sections, pictures, document).encode("utf-8")
            files = {names[key]: one.panels[0].png for key, one in pictures.items()}
            for section in sections:
                files.update(section.files)
            # The document last: who finds it finds everything that it names.
            _write(folder, {**files, PAGE_NAME: page, JSON_NAME: paper_json(document)})
    finally:
        if new:
            remove_if_empty(folder)
    _summarise(sections, folder / PAGE_NAME, console)
    return WrittenPaper(tuple(sections), folder / PAGE_NAME, folder / JSON_NAME)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files or none: what is left behind would have the folder refused next time."""
    complete = False
    try:
        (folder / FIGURES_FOLDER).mkdir()
        for name, content in files.items():
            write_atomically(folder / name, content)
        complete = True
    finally:
        if not complete:
            for name in files:
                (folder / name).unlink(missing_ok=True)
            remove_if_empty(folder / FIGURES_FOLDER)


def _draw(figure: PaperFigure) -> PageFigure:
    # Here and not above: matplotlib is for those who draw.
    from testbed.report.figure_style import to_png

    png = to_png(figure.draw())
    return PageFigure(figure.key, (PagePanel(png, 1.0),), figure.alt, figure.caption)


def _summarise(sections: Sequence[Section], page: Path, console: Console) -> None:
    """Print what each section found, the tables that compare, and where the page lies."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    for one in sections:
        console.print(f"[bold]{one.title}[/]: {escape(one.summary)}" if one.summary else one.title)
        for rows in (rows for rows in one.tables if rows.compares):
            shown = Table(title=rows.caption, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
            for heading in ("", "Quantity"):
                shown.add_column(heading)
            for heading in ("Ours", "Paper", "Difference"):
                shown.add_column(heading, justify="right")
            for row in (row for row in rows.rows if row.theirs is not None):
                shown.add_row(
                    row.label,
                    f"{row.quantity} ({row.unit})" if row.unit else row.quantity,
                    number(row.ours, row.decimals),
                    number(row.theirs, row.decimals),
                    difference_text(row),
                )
            console.print(shown)
    console.print(f"Report: {page}", soft_wrap=True, markup=False)
