"""What pages have in common: the frame of the document, and figures that it carries."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from testbed.report.markup import Markup, tag, void

# A page may load nothing but what it carries: a browser refuses the rest.
_CONTENT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class PagePanel:
    """A part of a figure: beside its neighbours where there is room, below them where not.

    Attributes
    ----------
    png : bytes
        The rendered panel.
    share : float
        Its part of the figure's width.
    """

    png: bytes
    share: float


@dataclass(frozen=True, slots=True)
class PageFigure:
    """A rendered figure as the page shows it.

    Attributes
    ----------
    key : str
        Which figure it is: ``image``, ``ground``, ``cuts``, ``targets``, ``history`` or ``pulse``.
    panels : tuple of PagePanel
        Its panels, row by row.
    alt : str
        What a reader who cannot see it must know.
    caption : str
        What stands below it.
    """

    key: str
    panels: tuple[PagePanel, ...]
    alt: str
    caption: str


def navigation(sections: Sequence[tuple[str, str]]) -> Markup:
    """Make the row of links to sections, given by key and title."""
    return tag(
        "nav",
        *(Markup(tag("a", title, href=f"#{key}") + " ") for key, title in sections),
        aria_label="Sections",
    )


def section(key: str, title: str, content: Sequence[Markup]) -> Markup:
    """Make a section with its heading, to which a link may lead."""
    return Markup(tag("section", tag("h2", title), *content, id=key) + "\n")


def complete_page(title: str, body: Markup) -> str:
    """Make an HTML document that refers to nothing outside itself.

    Parameters
    ----------
    title : str
        Of the window.
    body : Markup
        The element ``body``.
    """
    head = tag(
        "head",
        void("meta", charset="utf-8"),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", http_equiv="Content-Security-Policy", content=_CONTENT_POLICY),
        tag("title", title),
        tag("style", Markup(files("testbed.report").joinpath("page.css").read_text("utf-8"))),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def figure_markup(figure: PageFigure) -> Markup:
    """Make the element of a figure, its pictures inside it."""
    panels = tag(
        "div",
        *map(_panel, figure.panels),
        class_="panels",
        role="img",
        aria_label=figure.alt,
    )
    return tag("figure", panels, tag("figcaption", figure.caption))


def _panel(panel: PagePanel) -> Markup:
    width, height = _png_size(panel.png)
    data = base64.b64encode(panel.png).decode("ascii")
    return void(
        "img",
        src=f"data:image/png;base64,{data}",
        alt="",  # the figure has one text for all its panels
        width=width,
        height=height,
        # Rounded down: together they must not be wider than their row.
        style=f"--share:{math.floor(1e4 * panel.share) / 100:.2f}%",
    )


def _png_size(png: bytes) -> tuple[int, int]:
    """Read width and height from the header chunk, bytes 16 to 24 of every PNG."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
