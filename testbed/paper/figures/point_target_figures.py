"""Drawings of the point target: its response, cuts against theory, replicas, and trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from testbed.report.figure_style import (
    BLUE,
    COLOUR_MAP,
    GREEN,
    GREY,
    INK,
    TITLE,
    VERMILION,
    new_figure,
    quiet,
)
from testbed.report.quantities import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim_core.focusing.response.impulse_response import AxisResponse
    from sim_core.focusing.response.theory import AxisTheory
    from testbed.paper.point_target_run import Replicas
    from testbed.paper.point_target_trials import ApertureSweep, Folding
    from testbed.paper.published import Cut
    from testbed.report.display import DisplayImage

FloatArray = npt.NDArray[np.float64]

_FLOOR_DB = -40.0
_CUT_HALF_CELLS = 10.0
_CUT_FLOOR_DB, _CUT_TOP_DB = -40.0, 24.0
_REPLICA_FLOOR_DB = -75.0


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """The surroundings of a point.

    Parameters
    ----------
    title : str
        Which run.
    chip : DisplayImage
        Levels, with axes in cells.
    metres_per_cell : tuple of float
        Of slant range, and of azimuth on the ground.
    """

    title: str
    chip: DisplayImage
    metres_per_cell: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class CutPanel:
    """A cut against its theory.

    Parameters
    ----------
    title, axis : str
        Which cut of which run, and along what.
    measured : AxisResponse
        The cut.
    theory : AxisTheory
        What it should be.
    published : Cut
        What the paper prints of it.
    metres_per_cell : float
        Of its axis.
    """

    title: str
    axis: str
    measured: AxisResponse
    theory: AxisTheory
    published: Cut
    metres_per_cell: float


def draw_responses(runs: Sequence[Surroundings]) -> Figure:
    """Draw the compressed point of each run, in cells and in metres.

    Parameters
    ----------
    runs : sequence of Surroundings
        The runs, side by side.
    """
    figure = new_figure(4.9)
    width = 0.86 / len(runs)
    for index, run in enumerate(runs):
        axes = figure.add_axes((0.065 + index * width, 0.115, width - 0.135, 0.68))
        picture = axes.imshow(
            np.maximum(run.chip.level_db, _FLOOR_DB),
            extent=(*run.chip.column_edges, *run.chip.row_edges),
            origin="lower",
            aspect="auto",
            cmap=COLOUR_MAP,
            vmin=_FLOOR_DB,
            vmax=0.0,
            interpolation="bilinear",
        )
        axes.set_xlabel("range (cells)")
        axes.set_ylabel("azimuth (cells)")
        axes.set_xticks(range(-10, 11, 5))
        axes.set_yticks(range(-10, 11, 5))
        axes.set_xlim(-_CUT_HALF_CELLS, _CUT_HALF_CELLS)
        axes.set_ylim(-_CUT_HALF_CELLS, _CUT_HALF_CELLS)
        axes.set_title(run.title, pad=36, **TITLE)
        top = axes.secondary_xaxis("top", functions=_scaling(run.metres_per_cell[0]))
        right = axes.secondary_yaxis("right", functions=_scaling(run.metres_per_cell[1]))
        top.set_xlabel("slant range (m)", fontsize=10)
        right.set_ylabel("azimuth on the ground (m)", fontsize=10)
        for edge in (top, right):
            edge.tick_params(labelsize=9, color=GREY, labelcolor=INK, width=0.8)
        quiet(axes)
    bar = figure.add_axes((0.905, 0.115, 0.014, 0.68), label="colour bar")
    figure.colorbar(picture, cax=bar).set_label("level (dB)")
    quiet(bar)
    return figure


def draw_cuts(panels: Sequence[CutPanel]) -> Figure:
    """Draw cuts against theory, two in a row.

    Parameters
    ----------
    panels : sequence of CutPanel
        The cuts.
    """
    rows = -(-len(panels) // 2)
    figure = new_figure(3.9 * rows)
    for index, panel in enumerate(panels):
        row, column = divmod(index, 2)
        axes = figure.add_axes(
            (0.065 + 0.5 * column, 1.0 - (row + 1) / rows + 0.14 / rows, 0.42, 0.66 / rows)
        )
        _draw_cut(axes, panel)
    return figure


def draw_replicas(runs: Sequence[tuple[str, Replicas, float]]) -> Figure:
    """Draw levels along the azimuth, far beyond the unambiguous lag.

    Parameters
    ----------
    runs : sequence of (title, replicas, spacing in s)
        The runs, one below the other.
    """
    figure = new_figure(0.4 + 2.5 * len(runs))
    height = 1.0 / len(runs)
    for index, (title, replicas, spacing_s) in enumerate(runs):
        axes = figure.add_axes(
            (0.075, 1.0 - (index + 1) * height + 0.22 * height, 0.91, 0.64 * height)
        )
        axes.plot(replicas.lag_s, replicas.level_db, color=BLUE, linewidth=0.9)
        edge_s = float(replicas.lag_s[-1])
        axes.set_xlim(-edge_s, edge_s)
        axes.set_ylim(_REPLICA_FLOOR_DB, 14.0)
        axes.set_yticks(range(-60, 1, 20))
        half = 0.5 * min(spacing_s, 2.0 * edge_s)
        axes.axvspan(-half, half, color=GREEN, alpha=0.10, linewidth=0.0)
        orders = [k for k in range(-9, 10) if k and abs(k) * spacing_s <= edge_s]
        for order in orders:
            axes.axvline(order * spacing_s, color=VERMILION, linewidth=0.9, linestyle=":")
            axes.annotate(
                f"{order:+d}".replace("-", "\N{MINUS SIGN}"),
                (order * spacing_s, 3.0),
                ha="center",
                fontsize=9,
                color=VERMILION,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
        axes.set_title(title, **TITLE)
        axes.set_ylabel("level (dB)")
        axes.set_xlabel("azimuth lag (s)")
        quiet(axes, grid=True)
    return figure


def draw_trials(
    sweep: ApertureSweep, folding: Folding, centroid_hz: float, published: Sequence[Cut]
) -> Figure:
    """Draw side-lobe ratios against what could have gone wrong, with the published ones.

    Parameters
    ----------
    sweep : ApertureSweep
        What a parabola leaves, against the aperture.
    folding : Folding
        What an azimuth FFT at the paper's PRF makes, against the Doppler centroid.
    centroid_hz : float
        That of the run, within half the PRF.
    published : sequence of Cut
        Drawn as pairs of levels.
    """
    figure = new_figure(4.2)
    columns: tuple[tuple[str, str, FloatArray, FloatArray, FloatArray], ...] = (
        (
            "Quadratic range model",
            "aperture (s)",
            sweep.aperture_s,
            sweep.pslr_db,
            sweep.islr_db,
        ),
        (
            "Azimuth FFT of the folded spectrum",
            "Doppler centroid within the band of the PRF (Hz)",
            folding.centroid_hz,
            folding.pslr_db,
            folding.islr_db,
        ),
    )
    styles = ((VERMILION, "--"), (GREEN, "-."))
    for index, (title, label, place, pslr_db, islr_db) in enumerate(columns):
        axes = figure.add_axes((0.065 + 0.5 * index, 0.13, 0.42, 0.77))
        axes.plot(place, pslr_db, color=BLUE, label="PSLR")
        axes.plot(place, islr_db, color=INK, linewidth=1.0, label="ISLR")
        for cut, (colour, style) in zip(published, styles, strict=True):
            for level, name in ((cut.pslr_db, f"paper, {cut.name}"), (cut.islr_db, None)):
                axes.axhline(level, color=colour, linestyle=style, linewidth=1.0, label=name)
        if index:
            # Not up into the legend.
            axes.axvline(
                centroid_hz, ymax=0.72, color=GREY, linestyle=":", linewidth=1.0, label="this run"
            )
        axes.set_xlim(float(place[0]), float(place[-1]))
        axes.set_ylim(-16.5, -4.0)
        axes.set_xlabel(label)
        axes.set_ylabel("ratio (dB)")
        axes.set_title(title, **TITLE)
        axes.legend(loc="upper left" if not index else "upper center", fontsize=9, frameon=False,
                    ncols=1 if not index else 2)  # fmt: skip
        quiet(axes, grid=True)
    return figure


def _draw_cut(axes: Axes, panel: CutPanel) -> None:
    cells = np.linspace(-_CUT_HALF_CELLS, _CUT_HALF_CELLS, 1601)
    axes.plot(panel.measured.offset_cells, panel.measured.level_db, color=BLUE, label="measured")
    axes.plot(cells, panel.theory.cut(cells), "--", color=VERMILION, linewidth=1.1, label="theory")
    axes.axhline(
        panel.published.pslr_db, color=GREEN, linestyle=":", linewidth=1.1, label="paper's PSLR"
    )
    notes = (
        f"PSLR {number(panel.measured.pslr_db, 2, 'dB')} (theory "
        f"{number(panel.theory.pslr_db, 2)}, paper {number(panel.published.pslr_db, 2)})",
        f"ISLR {number(panel.measured.islr_db, 2, 'dB')} (theory "
        f"{number(panel.theory.islr_db, 2)}, paper {number(panel.published.islr_db, 2)})",
    )
    axes.text(0.015, 0.975, "\n".join(notes), transform=axes.transAxes, va="top", fontsize=9,
              color=INK)  # fmt: skip
    axes.legend(loc="upper right", bbox_to_anchor=(1.0, 0.86), fontsize=9, frameon=False)
    axes.set_xlim(-_CUT_HALF_CELLS, _CUT_HALF_CELLS)
    axes.set_ylim(_CUT_FLOOR_DB, _CUT_TOP_DB)
    axes.set_xticks(range(-10, 11, 5))
    axes.set_yticks(range(-40, 1, 10))
    axes.set_xlabel(f"{panel.axis} (cells)")
    axes.set_ylabel("level (dB)")
    axes.set_title(panel.title, pad=36, **TITLE)
    top = axes.secondary_xaxis("top", functions=_scaling(panel.metres_per_cell))
    top.set_xlabel(f"{panel.axis} (m)", fontsize=10)
    top.tick_params(labelsize=9, color=GREY, labelcolor=INK, width=0.8)
    quiet(axes, grid=True)
    axes.spines["top"].set_visible(True)


def _scaling(
    factor: float,
) -> tuple[Callable[[npt.ArrayLike], npt.ArrayLike], Callable[[npt.ArrayLike], npt.ArrayLike]]:
    return (
        lambda value: np.multiply(value, factor),
        lambda value: np.divide(value, factor),
    )
