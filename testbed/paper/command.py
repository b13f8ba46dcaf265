"""``moonecho paper``: compute, draw, write, and say how it compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.atomic_file import write_atomically
from testbed.paper.context import PaperContext
from testbed.paper.document import paper_document, paper_json
from testbed.paper.page import difference_text, paper_page
from testbed.paper.registry import Part
from testbed.paper.section import PaperFigure, Section
from testbed.paper.settings import PaperSettings
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
    new = open_run_folder(folder, resume=False, bytes_needed=_BYTES_NEEDED, resumable=False)
    try:
        with RunProgress() as progress:
            context = PaperContext(settings, progress)
            sections = []
            for part in parts:
                with progress.stage(part.names[0], part.title) as advance:
                    sections.append(part.build(context, advance))
            figures = [figure for one in sections for figure in one.figures]
            pictures = {}
            with progress.stage("figures", "Draw the figures") as advance:
                (folder / FIGURES_FOLDER).mkdir()
                for done, figure in enumerate(figures):
                    pictures[figure.key] = _draw(figure, folder)
                    advance(done + 1, len(figures))
            for one in sections:
                for name, content in one.files.items():
                    write_atomically(folder / name, content)
            files = {key: f"{FIGURES_FOLDER}/{key}.png" for key in pictures}
            document = paper_document(sections, settings, progress.timing_s, files)
            page, json = folder / PAGE_NAME, folder / JSON_NAME
            write_atomically(page, paper_page(sections, pictures, document).encode("utf-8"))
            # Last: who finds it finds everything that it names.
            write_atomically(json, paper_json(document))
    finally:
        if new:
            remove_if_empty(folder)
    _summarise(sections, page, console)
    return WrittenPaper(tuple(sections), page, json)


def _draw(figure: PaperFigure, folder: Path) -> PageFigure:
    # Here and not above: matplotlib is for those who draw.
    from testbed.report.figure_style import to_png

    png = to_png(figure.draw())
    write_atomically(folder / FIGURES_FOLDER / f"{figure.key}.png", png)
    return PageFigure(figure.key, (PagePanel(png, 1.0),), figure.alt, figure.caption)


def _summarise(sections: Sequence[Section], page: Path, console: Console) -> None:
    """Print the tables, without their reasons, and where the page lies."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    for one in sections:
        for rows in one.tables:
            shown = Table(title=rows.caption, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
            for heading in ("", "Quantity"):
                shown.add_column(heading)
            for heading in ("Ours", "Paper", "Difference") if rows.compares else ("Ours",):
                shown.add_column(heading, justify="right")
            for row in rows.rows:
                beside = (
                    "" if row.theirs is None else number(row.theirs, row.decimals),
                    "" if row.theirs is None else difference_text(row),
                )
                shown.add_row(
                    row.label,
                    f"{row.quantity} ({row.unit})" if row.unit else row.quantity,
                    number(row.ours, row.decimals),
                    *(beside if rows.compares else ()),
                )
            console.print(shown)
    console.print(f"Report: {page}", soft_wrap=True, markup=False)
