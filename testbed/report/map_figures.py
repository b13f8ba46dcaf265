"""Maps of a report: where the targets lie and how they did, and the image on the ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.figure import Figure

from testbed.report.display import ground_picture
from testbed.report.figure_style import (
    COLOUR_MAP,
    DPI,
    GREY,
    INK,
    TITLE,
    VERMILION,
    PanelBox,
    new_figure,
    quiet,
)
from testbed.report.quantities import number
from testbed.report.target_figures import is_measured, target_figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sim_core.focusing.ground_image import GroundImage
    from testbed.report.display import DisplayImage
    from testbed.results import TargetResult

    FloatArray = NDArray[np.float64]

_LEAST_SCALE_DB = 0.05
"""Deviations up to this are those of a good image: they stay pale."""

_MOST_NAMES = 40
"""More targets than these are not circled one by one."""

_POINTS_SPAN_DB = 50.0
_GROUND_SPAN_DB = 30.0
_BRIGHTEST = 99.7
"""Percentile of the ground's levels that is shown brightest: a reflector must not darken it all."""

GROUND_PANELS = (PanelBox(0.0, 1.0),)


def draw_targets(targets: Sequence[TargetResult]) -> Figure:
    """Draw where targets lie, and by how much their PSLR is off theory in range and azimuth.

    Parameters
    ----------
    targets : sequence of TargetResult
        The targets; those that could not be measured are crosses.

    Returns
    -------
    Figure
    """
    figure = new_figure(4.3)
    measured = [target for target in targets if is_measured(target)]
    figures = [target_figures(target) for target in measured]
    missed = [target for target in targets if not is_measured(target)]
    for column, axis in enumerate(("range", "azimuth")):
        axes = figure.add_axes((0.082 + 0.5 * column, 0.13, 0.31, 0.75))
        bar_axes = figure.add_axes((0.405 + 0.5 * column, 0.13, 0.012, 0.75), label="colour bar")
        off_db = np.array([one[f"{axis}.pslr_deviation_db"] for one in figures])
        scale_db = max(_LEAST_SCALE_DB, float(np.max(np.abs(off_db), initial=0.0)))
        east_km, north_km = _places_km(measured)
        shown = axes.scatter(
            east_km,
            north_km,
            c=off_db,
            s=_marker_area(len(targets)),
            cmap="PuOr_r",
            vmin=-scale_db,
            vmax=scale_db,
            edgecolors=GREY,
            linewidths=0.7 if len(targets) <= _MOST_NAMES else 0.25,
        )
        axes.plot(*_places_km(missed), "x", color=VERMILION, markersize=8, markeredgewidth=1.6)
        if measured:
            worst = int(np.argmax(np.abs(off_db)))
            side: Literal["left", "right"] = (
                "right" if east_km[worst] > np.mean(east_km) else "left"
            )
            _ring(axes, float(east_km[worst]), float(north_km[worst]), measured[worst].name, side)
        figure.colorbar(shown, cax=bar_axes).set_label("PSLR off theory (dB)")
        axes.set_title(f"PSLR in {axis}", **TITLE)
        axes.set_xlabel("east (km)")
        axes.set_ylabel("north (km)")
        axes.margins(0.16)
        axes.set_aspect("equal", adjustable="datalim")
        quiet(axes, grid=True)
        quiet(bar_axes)
    return figure


def _places_km(targets: Sequence[TargetResult]) -> tuple[FloatArray, FloatArray]:
    offset_m = np.array([target.offset_m for target in targets]).reshape(-1, 3)
    return 1e-3 * offset_m[:, 0], 1e-3 * offset_m[:, 1]


def _marker_area(targets: int) -> float:
    """Choose the area of a marker, in square points, such that a grid of them stays apart."""
    return float(np.clip(8000.0 / max(targets, 1), 9.0, 130.0))


def _ring(
    axes: Axes, east_km: float, north_km: float, name: str, side: Literal["left", "right"]
) -> None:
    """Ring a target; its name stands inwards, where it stays in the axes."""
    axes.plot(
        east_km,
        north_km,
        "o",
        markersize=17,
        markerfacecolor="none",
        markeredgecolor=VERMILION,
        markeredgewidth=1.4,
    )
    axes.annotate(
        f"worst: {name}",
        (east_km, north_km),
        xytext=(0, 12),
        textcoords="offset points",
        ha=side,
        fontsize=9,
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )


def draw_ground(ground: GroundImage, targets: Sequence[TargetResult], distributed: bool) -> Figure:
    """Draw an image on the ground, east to the right and north up.

    Parameters
    ----------
    ground : GroundImage
        The image.
    targets : sequence of TargetResult
        Targets, whose places are circled; of more than 40 none is.
    distributed : bool
        Whether the ground reflects everywhere, and not only where the targets are.

    Returns
    -------
    Figure
    """
    height_in, width_in = _ground_size_in(ground)
    figure = new_figure(height_in + 0.95)
    across, down = figure.get_size_inches()
    left, bottom = 0.5 * (across - width_in) / across, 0.55 / down
    axes = figure.add_axes((left, bottom, width_in / across, height_in / down))
    bar_axes = figure.add_axes(
        (left + (width_in + 0.15) / across, bottom, 0.012, height_in / down), label="colour bar"
    )
    pixels = math.floor(min(height_in, width_in) * DPI)
    picture = ground_picture(ground, pixels, distributed)
    top_db, floor_db = _ground_levels(picture, distributed)
    (west_m, east_m), (south_m, north_m) = picture.column_edges, picture.row_edges
    shown = axes.imshow(
        np.maximum(picture.level_db - top_db, floor_db),
        extent=(1e-3 * west_m, 1e-3 * east_m, 1e-3 * south_m, 1e-3 * north_m),
        origin="lower",
        aspect="auto",
        cmap="gray" if distributed else COLOUR_MAP,
        vmin=floor_db,
        vmax=0.0,
        interpolation="nearest",
    )
    inside = [target for target in targets if _holds(picture, target)]
    if len(targets) <= _MOST_NAMES:
        axes.plot(
            *_places_km(inside),
            "o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor=VERMILION,
            markeredgewidth=1.3,
        )
    label = "brightest" if distributed else "highest"
    figure.colorbar(shown, cax=bar_axes).set_label(f"against {label} (dB)")
    axes.set_title("Image on the ground", **TITLE)
    axes.set_xlabel("east (km)")
    axes.set_ylabel("north (km)")
    for one in (axes, bar_axes):
        quiet(one)
    return figure


def _ground_size_in(ground: GroundImage) -> tuple[float, float]:
    """Choose height and width of the axes, in inches: as the ground, within what the page holds."""
    grid = ground.grid
    extent_m = (grid.rows * grid.north_step_m, grid.columns * grid.east_step_m)
    scale = min(6.6 / extent_m[0], 7.4 / extent_m[1])
    # A strip is widened: it must hold its labels.
    return max(1.6, extent_m[0] * scale), max(1.2, extent_m[1] * scale)


def _ground_levels(picture: DisplayImage, distributed: bool) -> tuple[float, float]:
    """Choose the brightest level, and the darkest against it."""
    finite = picture.level_db[np.isfinite(picture.level_db)]
    if not finite.size:
        return 0.0, -_POINTS_SPAN_DB
    if distributed:
        return float(np.percentile(finite, _BRIGHTEST)), -_GROUND_SPAN_DB
    return float(np.max(finite)), -_POINTS_SPAN_DB


def _holds(picture: DisplayImage, target: TargetResult) -> bool:
    east_m, north_m, _ = target.offset_m
    (west, east), (south, north) = picture.column_edges, picture.row_edges
    return west <= east_m <= east and south <= north_m <= north


def ground_note(targets: Sequence[TargetResult], distributed: bool) -> str:
    """Say how an image on the ground is shown."""
    circles = "Targets are circled. " if 0 < len(targets) <= _MOST_NAMES else ""
    if not distributed:
        return f"{circles}Each pixel is the largest of its block."
    return (
        f"{circles}Each pixel is the mean power of its block, which lessens the speckle; "
        f"{number(100.0 - _BRIGHTEST, 1)} per cent of them are brighter than the scale's end."
    )
