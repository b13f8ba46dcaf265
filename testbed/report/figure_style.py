"""How every figure of a report looks: size, colours, quiet frames.

The colours are those of Okabe and Ito and the map *cividis*, which read the same to colour-blind
eyes and in grey. Figures are made without any global state of matplotlib.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

DPI = 110
"""Dots per inch: a figure of `WIDTH_IN` is as wide as the page."""

WIDTH_IN = 9.8
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#00795A"
INK = "#222222"
GREY = "#666666"
COLOUR_MAP = "cividis"
TITLE: dict[str, Any] = {"loc": "left", "fontsize": 10.5, "fontweight": "bold"}
"""Keyword arguments of every title."""


@dataclass(frozen=True, slots=True)
class PanelBox:
    """A part of a figure that can stand by itself, in fractions of the figure's size.

    Attributes
    ----------
    left, right : float
        Its edges, counted from the left.
    top, bottom : float
        Its edges, counted from the top.
    """

    left: float
    right: float
    top: float = 0.0
    bottom: float = 1.0


HALVES = (PanelBox(0.0, 0.5), PanelBox(0.5, 1.0))
QUARTERS = tuple(
    PanelBox(left, left + 0.5, top, top + 0.5) for top in (0.0, 0.5) for left in (0.0, 0.5)
)


def new_figure(height_in: float) -> Figure:
    """Make an empty figure as wide as the page."""
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def quiet(axes: Axes, grid: bool = False) -> None:
    """Take the noise out of a frame: thin grey lines, readable labels, no box."""
    axes.tick_params(labelsize=9, color=GREY, labelcolor=INK, width=0.8)
    axes.xaxis.label.set_fontsize(10)
    axes.yaxis.label.set_fontsize(10)
    for name, spine in axes.spines.items():
        spine.set_color(GREY)
        spine.set_linewidth(0.8)
        if grid and name in ("top", "right"):
            spine.set_visible(False)
    if grid:
        axes.grid(color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)


def to_png(figure: Figure) -> bytes:
    """Render a figure as PNG, `DPI` dots per inch."""
    return _encoded(_rendered(figure))


def to_pngs(figure: Figure, panels: Sequence[PanelBox]) -> tuple[bytes, tuple[bytes, ...]]:
    """Render a figure once, and cut it into its panels.

    Parameters
    ----------
    figure : Figure
        The figure.
    panels : sequence of PanelBox
        Its panels, row by row.

    Returns
    -------
    whole : bytes
        The figure as PNG.
    parts : tuple of bytes
        Each panel as PNG, to the pixel what the whole shows there.
    """
    pixels = _rendered(figure)
    height, width = pixels.shape[:2]
    parts = tuple(
        _encoded(
            pixels[
                round(box.top * height) : round(box.bottom * height),
                round(box.left * width) : round(box.right * width),
            ]
        )
        for box in panels
    )
    return _encoded(pixels), parts


def _rendered(figure: Figure) -> NDArray[np.uint8]:
    """Draw a figure: red, green, blue and opacity, shape (height, width, 4)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi=DPI)
    width = round(float(figure.get_size_inches()[0]) * DPI)
    return np.frombuffer(buffer.getbuffer(), dtype=np.uint8).reshape(-1, width, 4)


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    # Without matplotlib's version in it: the same run gives the same bytes.
    imsave(buffer, pixels, format="png", pil_kwargs={"pnginfo": None})
    return buffer.getvalue()
