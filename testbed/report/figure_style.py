"""How every figure of a report looks: size, colours, quiet frames.

The colours are those of Okabe and Ito and the map *cividis*, which read the same to colour-blind
eyes and in grey. Figures are made without any global state of matplotlib.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def new_figure(height_in: float) -> Figure:
    """Make an empty figure as wide as the page."""
    figure = Figure(figsize=(WIDTH_IN, height_in), facecolor="white")
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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
