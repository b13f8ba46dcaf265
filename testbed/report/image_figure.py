"""The image of a report: the surroundings of a target beside the whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from testbed.report.display import chip_around, whole_image
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
from testbed.report.quantities import number, scale_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from sim_core.focusing.image import Image
    from sim_core.focusing.response.impulse_response import AxisResponse
    from testbed.results import TargetResult

_CHIP_FLOOR_DB = -40.0
_CHIP_HALF_WIDTH_CELLS = 8.0
_FEW = 60  # targets whose rings do not cover the image

IMAGE_PANELS = (PanelBox(0.0, 0.64), PanelBox(0.64, 1.0))
"""The surroundings of the target with their colour bar, and the whole image."""


def draw_image(
    image: Image, target: TargetResult | None, others: Sequence[TargetResult] = ()
) -> Figure:
    """Draw the surroundings of a target in cells and metres, beside the whole image.

    Parameters
    ----------
    image : Image
        The focused image.
    target : TargetResult or None
        The target to zoom in on; None zooms in on the middle of the image.
    others : sequence of TargetResult
        More targets, marked in the whole image where they are predicted.

    Returns
    -------
    Figure
    """
    figure = new_figure(5.0)
    chip_axes = figure.add_axes((0.075, 0.115, 0.40, 0.73))
    colour_axes = figure.add_axes((0.555, 0.115, 0.014, 0.73), label="colour bar")
    whole_axes = figure.add_axes((0.715, 0.115, 0.265, 0.73))

    range_s, azimuth_s = _point_of(image, target)
    chip = chip_around(image, range_s, azimuth_s, _CHIP_HALF_WIDTH_CELLS)
    picture = chip_axes.imshow(
        np.maximum(chip.level_db, _CHIP_FLOOR_DB),
        extent=(*chip.column_edges, *chip.row_edges),
        origin="lower",
        aspect="auto",
        cmap=COLOUR_MAP,
        vmin=_CHIP_FLOOR_DB,
        vmax=0.0,
        interpolation="bilinear",
    )
    chip_axes.set_xlabel("range from the prediction (cells)")
    chip_axes.set_ylabel("azimuth from the prediction (cells)")
    chip_axes.set_title("Around the target", pad=34, **TITLE)
    if target is not None:
        chip_axes.plot(0.0, 0.0, "+", color=VERMILION, markersize=9, markeredgewidth=1.2)
        _add_metres(chip_axes, target)
    colour_bar = figure.colorbar(picture, cax=colour_axes)
    colour_bar.set_label("level (dB)")

    # No more rows and columns than the axes have pixels: scaling down would drop some of them.
    extent = whole_axes.get_window_extent()
    zoom = DPI / figure.dpi
    whole = whole_image(image, rows=int(extent.height * zoom), columns=int(extent.width * zoom))
    floor_db = _floor_of(whole.level_db)
    delay_factor, delay_unit = scale_for(max(map(abs, whole.column_edges)), "s", largest=1.0)
    whole_axes.imshow(
        np.maximum(whole.level_db, floor_db),
        extent=(
            whole.column_edges[0] / delay_factor,
            whole.column_edges[1] / delay_factor,
            *whole.row_edges,
        ),
        origin="lower",
        aspect="auto",
        cmap=COLOUR_MAP,
        vmin=floor_db,
        vmax=0.0,
        interpolation="nearest",
    )
    _mark_whole_band(whole_axes, image, delay_factor)
    _mark_zoom(whole_axes, image, range_s, azimuth_s, delay_factor)
    whole_axes.plot(
        [other.predicted_range_s / delay_factor for other in others],
        [other.predicted_azimuth_s for other in others],
        "o",
        markersize=8 if len(others) <= _FEW else 4,
        markerfacecolor="none",
        markeredgecolor=VERMILION,
        markeredgewidth=0.9 if len(others) <= _FEW else 0.6,
    )
    # What is drawn over the image must not widen its axes.
    whole_axes.set_xlim(whole.column_edges[0] / delay_factor, whole.column_edges[1] / delay_factor)
    whole_axes.set_ylim(whole.row_edges)
    whole_axes.set_xlabel(f"two-way delay ({delay_unit})")
    whole_axes.set_ylabel("zero-Doppler time (s)")
    whole_axes.set_title(f"Whole image, from {number(floor_db, 0, 'dB')}", **TITLE)
    for axes in (chip_axes, whole_axes, colour_axes):
        quiet(axes)
    return figure


def _add_metres(axes: Axes, target: TargetResult) -> None:
    """Put metres on the top and right edges of an image in cells."""
    scales = (
        _metres_per_cell(target.response.range, target.range_irw_m),
        _metres_per_cell(target.response.azimuth, target.azimuth_irw_m),
    )
    if scales[0] is not None:
        metres = axes.secondary_xaxis("top", functions=_scaling(scales[0]))
        metres.set_xlabel("slant range (m)", fontsize=10)
        metres.tick_params(labelsize=9, color=GREY, labelcolor=INK, width=0.8)
    if scales[1] is not None:
        metres = axes.secondary_yaxis("right", functions=_scaling(scales[1]))
        metres.set_ylabel("azimuth (m)", fontsize=10)
        metres.tick_params(labelsize=9, color=GREY, labelcolor=INK, width=0.8)


def _metres_per_cell(response: AxisResponse, irw_m: float) -> float | None:
    if not response.irw_cells > 0.0 or not math.isfinite(irw_m) or irw_m <= 0.0:
        return None
    return irw_m / response.irw_cells


def _scaling(
    factor: float,
) -> tuple[Callable[[ArrayLike], ArrayLike], Callable[[ArrayLike], ArrayLike]]:
    return (
        lambda value: np.multiply(value, factor),
        lambda value: np.divide(value, factor),
    )


def _mark_zoom(
    axes: Axes, image: Image, range_s: float, azimuth_s: float, delay_factor: float
) -> None:
    """Frame the chip in the whole image; a frame of a few pixels gets a ring to be found by."""
    half_range_s = _CHIP_HALF_WIDTH_CELLS / image.range_bandwidth_hz
    half_azimuth_s = _CHIP_HALF_WIDTH_CELLS / image.azimuth_bandwidth_hz
    axes.add_patch(
        Rectangle(
            ((range_s - half_range_s) / delay_factor, azimuth_s - half_azimuth_s),
            2.0 * half_range_s / delay_factor,
            2.0 * half_azimuth_s,
            fill=False,
            edgecolor=VERMILION,
            linewidth=1.2,
        )
    )
    axes.plot(
        range_s / delay_factor,
        azimuth_s,
        "o",
        markersize=17,
        markerfacecolor="none",
        markeredgecolor=VERMILION,
        markeredgewidth=1.4,
    )


def _mark_whole_band(axes: Axes, image: Image, delay_factor: float) -> None:
    """Frame the part of the image whose targets were recorded over all of band and pulse."""
    lowest_s, highest_s = image.full_range_s
    limits = (lowest_s, highest_s, image.full_azimuth_s)
    if not all(map(math.isfinite, limits)):
        return
    axes.add_patch(
        Rectangle(
            (lowest_s / delay_factor, -image.full_azimuth_s),
            (highest_s - lowest_s) / delay_factor,
            2.0 * image.full_azimuth_s,
            fill=False,
            edgecolor="white",
            linewidth=0.9,
            linestyle=":",
        )
    )


def _point_of(image: Image, target: TargetResult | None) -> tuple[float, float]:
    """Where to zoom in: the prediction, or the middle of the image if there is none."""
    rows, columns = image.samples.shape
    range_s = image.range_start_s + 0.5 * (columns - 1) * image.range_step_s
    azimuth_s = image.azimuth_start_s + 0.5 * (rows - 1) * image.azimuth_step_s
    if target is not None and math.isfinite(target.predicted_range_s):
        range_s = target.predicted_range_s
    if target is not None and math.isfinite(target.predicted_azimuth_s):
        azimuth_s = target.predicted_azimuth_s
    return range_s, azimuth_s


def _floor_of(level_db: NDArray[np.float32]) -> float:
    """Choose the darkest level of a whole image: the background's, between -80 and -30 dB."""
    finite = level_db[np.isfinite(level_db)]
    if not finite.size:
        return -60.0
    return float(np.clip(10.0 * np.floor(np.median(finite) / 10.0), -80.0, -30.0))
