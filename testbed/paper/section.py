"""What a section of the reproduction holds: words, tables, figures, and data for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """A value of ours beside the published one.

    Parameters
    ----------
    label : str
        What the row is of: site, look angle, beam.
    quantity : str
        What is compared.
    unit : str
        Its unit.
    ours : float
        Computed here.
    theirs : float or None
        Published; None where the paper gives none.
    why : str
        A sentence that explains the difference.
    decimals : int
        That are shown.
    relative : bool
        Whether the difference is shown in percent.
    """

    label: str
    quantity: str
    unit: str
    ours: float
    theirs: float | None
    why: str
    decimals: int = 3
    relative: bool = False

    @property
    def difference(self) -> float | None:
        """Ours less theirs; of theirs, in percent, where the row is `relative`."""
        if self.theirs is None:
            return None
        difference = self.ours - self.theirs
        return 100.0 * difference / self.theirs if self.relative else difference


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A table of the page.

    Parameters
    ----------
    key : str
        Name in ``paper.json``, such as ``table2``.
    caption : str
        What stands above it.
    rows : tuple of Row
        Its rows.
    """

    key: str
    caption: str
    rows: tuple[Row, ...]

    @property
    def compares(self) -> bool:
        """Whether the paper gives any of its values."""
        return any(row.theirs is not None for row in self.rows)


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A figure of the page.

    Parameters
    ----------
    key : str
        Name of its file and in ``paper.json``, such as ``figure4``.
    draw : callable
        Makes the figure when the page is written.
    alt : str
        What a reader who cannot see it must know.
    caption : str
        What stands below it.
    """

    key: str
    draw: Callable[[], Figure]
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the reproduction.

    Parameters
    ----------
    key : str
        Its name, also in addresses within the page.
    title : str
        Its heading.
    paragraphs : tuple of str
        What it says: assumptions, and what comes out.
    tables : tuple of PaperTable
        Its tables.
    figures : tuple of PaperFigure
        Its figures.
    data : mapping
        What ``paper.json`` holds beyond the tables, fit for JSON.
    summary : str
        What comes out, in a sentence or two for the head of the page.
    files : mapping of str to bytes
        Further files that are written beside the page, by name.
    """

    key: str
    title: str
    paragraphs: tuple[str, ...]
    tables: tuple[PaperTable, ...] = ()
    figures: tuple[PaperFigure, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
