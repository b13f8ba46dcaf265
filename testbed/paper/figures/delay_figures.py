"""Drawings of delays over apertures, and of what remains at the epochs that fit best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from testbed.report.figure_style import BLUE, COLOUR_MAP, GREY, TITLE, VERMILION, new_figure, quiet

FloatArray = npt.NDArray[np.float64]

_COLUMNS = 3


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Delay of one target, less its smallest.

    Parameters
    ----------
    excess_s : ndarray of float64, shape (instants,)
        Against transmit time.
    smallest_at_s : float
        Transmit time of the smallest.
    """

    excess_s: FloatArray
    smallest_at_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """Delays over one aperture, steered in two ways.

    Parameters
    ----------
    title : str
        What it is of.
    transmit_s : ndarray of float64, shape (instants,)
        Transmit times.
    rigorous, moon_centre : History
        Steered by the velocity of the site, and of the Moon's centre.
    published_at_s : float
        Where the published time span puts the smallest delay.
    """

    title: str
    transmit_s: FloatArray
    rigorous: History
    moon_centre: History
    published_at_s: float


def draw_histories(panels: Sequence[Histories]) -> Figure:
    """Draw delays over apertures, a panel for each.

    Parameters
    ----------
    panels : sequence of Histories
        What is drawn.
    """
    rows = -(-len(panels) // _COLUMNS)
    height_in = 0.5 + 2.7 * rows
    figure = new_figure(height_in)
    for index, one in enumerate(panels):
        row, column = divmod(index, _COLUMNS)
        top = 1.0 - (0.5 + 2.7 * row + 0.3) / height_in
        axes = figure.add_axes(
            (0.065 + 0.322 * column, top - 1.8 / height_in, 0.265, 1.8 / height_in)
        )
        for name, history, colour in (
            ("steered by the site's velocity", one.rigorous, BLUE),
            ("by that of the Moon's centre", one.moon_centre, VERMILION),
        ):
            axes.plot(one.transmit_s, 1e6 * history.excess_s, color=colour, label=name)
            axes.plot(history.smallest_at_s, 0.0, "o", color=colour, markersize=6)
        axes.axvline(one.published_at_s, color=GREY, linewidth=5.0, alpha=0.35, zorder=0,
                     label="smallest delay, paper")  # fmt: skip
        axes.set_title(one.title, **TITLE)
        axes.set_xlim(float(one.transmit_s[0]), float(one.transmit_s[-1]))
        axes.set_xlabel("transmit time (s)")
        if column == 0:
            axes.set_ylabel("delay less smallest (µs)")
        quiet(axes, grid=True)
        if index == 0:
            figure.legend(*axes.get_legend_handles_labels(), loc="upper center", ncols=3,
                          fontsize=9.5, frameon=False)  # fmt: skip
    return figure


def draw_residuals(
    names: Sequence[str],
    time_span_s: FloatArray,
    delay_s: FloatArray,
    rows: Sequence[str],
) -> Figure:
    """Draw residuals of published rows at several epochs.

    Parameters
    ----------
    names : sequence of str
        Of the epochs, best first.
    time_span_s, delay_s : ndarray of float64, shape (epochs, rows)
        Ours less the published.
    rows : sequence of str
        Names of the published rows.
    """
    from matplotlib import colormaps

    figure = new_figure(1.8 + 0.32 * len(names))
    colours = colormaps[COLOUR_MAP](np.linspace(0.0, 0.95, len(rows)))
    places = np.arange(len(names))[::-1]
    for column, (values, label) in enumerate(
        (
            (time_span_s, "time span, ours less paper's (s)"),
            (1e3 * delay_s, "smallest delay, ours less paper's (ms)"),
        )
    ):
        axes = figure.add_axes((0.215 + 0.40 * column, 0.14, 0.375, 0.72))
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        for index, name in enumerate(rows):
            axes.plot(
                values[:, index], places, "osD^vP"[index % 6], color=colours[index], label=name,
                markersize=6, markeredgecolor=GREY, markeredgewidth=0.5,
            )  # fmt: skip
        axes.set_yticks(places, names if column == 0 else [""] * len(names))
        axes.set_xlabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_ylim(-0.6, len(names) - 0.4)
        quiet(axes, grid=True)
        if column == 0:
            figure.legend(*axes.get_legend_handles_labels(), loc="upper center", ncols=3,
                          fontsize=9, frameon=False)  # fmt: skip
    return figure
