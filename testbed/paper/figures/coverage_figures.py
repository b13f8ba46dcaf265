"""Drawings of coverage: footprints, latitudes, hours over the globe, distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from testbed.paper.figures.globe import on_disc, plate_carree, seen_from
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

FloatArray = npt.NDArray[np.float64]

_LINE_COLOURS = (BLUE, VERMILION, GREEN, GREY)


@dataclass(frozen=True, slots=True, eq=False)
class LitGround:
    """Outlines of a footprint, and what to call it."""

    label: str
    outlines_m: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LatitudeBand:
    """Latitudes in deg, month by month: reached at some time in it, and at all times.

    Parameters
    ----------
    label : str
        What to call it.
    lowest_deg, highest_deg : ndarray of float64, shape (months,)
        Between which latitudes are covered at some time.
    always_lowest_deg, always_highest_deg : ndarray of float64, shape (months,)
        Between which they are covered at all times; the first above the second where none is.
    """

    label: str
    lowest_deg: FloatArray
    highest_deg: FloatArray
    always_lowest_deg: FloatArray
    always_highest_deg: FloatArray


def draw_footprints(position_m: FloatArray, lit: Sequence[LitGround]) -> Figure:
    """Draw footprints on the Earth's disc as the radar sees it.

    Parameters
    ----------
    position_m : ndarray of float64, shape (3,)
        The radar, Earth-fixed.
    lit : sequence of LitGround
        The footprints.
    """
    columns = 3
    rows = -(-len(lit) // columns)
    figure = new_figure(3.35 * rows)
    for index, one in enumerate(lit):
        row, column = divmod(index, columns)
        axes = figure.add_axes(
            (column / columns + 0.01, 1.0 - (row + 1) / rows + 0.01, 0.313, 0.88 / rows)
        )
        seen_from(axes, position_m)
        for outline in one.outlines_m:
            x, y = on_disc(position_m, outline)
            axes.fill(x, y, facecolor=VERMILION, edgecolor=VERMILION, alpha=0.55, linewidth=0.8)
        axes.set_title(one.label, **TITLE)
    return figure


def draw_latitude_maps(
    days: FloatArray,
    look_deg: FloatArray,
    maps: Sequence[tuple[str, FloatArray]],
) -> Figure:
    """Draw latitudes against time and look angle.

    Parameters
    ----------
    days : ndarray of float64, shape (instants,)
        Times.
    look_deg : ndarray of float64, shape (looks,)
        Look angles.
    maps : sequence of (title, latitudes in deg of shape (looks, instants))
        The maps, two in a row; NaN where nothing is lit.
    """
    rows = -(-len(maps) // 2)
    figure = new_figure(0.3 + 2.9 * rows)
    levels = np.arange(-90.0, 91.0, 15.0)
    for index, (title, latitude_deg) in enumerate(maps):
        row, column = divmod(index, 2)
        axes = figure.add_axes(
            (0.065 + 0.445 * column, 1.0 - (row + 1) / rows + 0.19 / rows, 0.39, 0.68 / rows)
        )
        filled = axes.contourf(days, look_deg, latitude_deg, levels=levels, cmap=COLOUR_MAP)
        lines = axes.contour(
            days, look_deg, latitude_deg, levels=levels[::2], colors="white", linewidths=0.6,
            linestyles="solid",
        )  # fmt: skip
        # Room about a label, lest the line be read as going on into its minus sign.
        axes.clabel(lines, fontsize=8, inline_spacing=12, fmt=lambda level: number(level, 0, "°"))
        axes.set_xlabel("time (days of a sidereal month)")
        if column == 0:
            axes.set_ylabel("look angle (°)")
        axes.set_title(title, **TITLE)
        quiet(axes)
    bar = figure.add_axes((0.925, 0.12, 0.014, 0.76), label="colour bar")
    figure.colorbar(filled, cax=bar, ticks=levels[::2]).set_label("geocentric latitude (°)")
    quiet(bar)
    return figure


def draw_latitude_bands(
    years: FloatArray, panels: Sequence[tuple[str, Sequence[LatitudeBand]]], time_label: str
) -> Figure:
    """Draw the latitudes that are covered against time, a panel for each limit.

    Parameters
    ----------
    years : ndarray of float64, shape (months,)
        Times.
    panels : sequence of (title, bands)
        What each panel shows.
    time_label : str
        Label of the time axis.
    """
    figure = new_figure(0.2 + 2.9 * len(panels))
    height = 2.9 / (0.2 + 2.9 * len(panels))
    for row, (title, bands) in enumerate(panels):
        bottom = 1.0 - (row + 0.83) * height
        for column, (band, colour) in enumerate(zip(bands, (BLUE, VERMILION), strict=True)):
            axes = figure.add_axes((0.075 + 0.485 * column, bottom, 0.425, 0.70 * height))
            axes.fill_between(
                years, band.lowest_deg, band.highest_deg, color=colour, alpha=0.22, linewidth=0.0
            )
            axes.fill_between(
                years, band.always_lowest_deg, band.always_highest_deg,
                where=band.always_lowest_deg < band.always_highest_deg,
                color=colour, alpha=0.6, linewidth=0.0,
            )  # fmt: skip
            for edge in (band.lowest_deg, band.highest_deg):
                axes.plot(years, edge, color=colour, linewidth=0.9)
            axes.set_xlim(float(years[0]), float(years[-1]))
            axes.set_ylim(-90.0, 90.0)
            axes.set_yticks(range(-90, 91, 30))
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            if column == 0:
                axes.set_ylabel("geocentric latitude (°)")
            if row == len(panels) - 1:
                axes.set_xlabel(time_label)
            axes.set_title(f"{title}, {band.label}", **TITLE)
            quiet(axes, grid=True)
    return figure


def draw_hours(
    latitude_deg: FloatArray, longitude_deg: FloatArray, maps: Sequence[tuple[str, FloatArray]]
) -> Figure:
    """Draw the hours for which places are lit.

    Parameters
    ----------
    latitude_deg, longitude_deg : ndarray of float64, shapes (rows,) and (columns,)
        The grid.
    maps : sequence of (title, hours of shape (rows, columns))
        The maps, each with its mean over longitudes beside it.
    """
    figure = new_figure(0.2 + 3.6 * len(maps))
    height = 1.0 / len(maps)
    for index, (title, hours) in enumerate(maps):
        bottom = 1.0 - (index + 1) * height + 0.17 * height
        axes = figure.add_axes((0.07, bottom, 0.60, 0.72 * height))
        shown = axes.pcolormesh(
            longitude_deg, latitude_deg, hours, cmap=COLOUR_MAP, shading="nearest", vmin=0.0,
            rasterized=True,
        )  # fmt: skip
        plate_carree(axes)
        axes.set_title(title, **TITLE)
        bar = figure.add_axes((0.685, bottom, 0.012, 0.72 * height), label=f"colour bar {index}")
        figure.colorbar(shown, cax=bar).set_label("hours in a sidereal year")
        quiet(bar)
        side = figure.add_axes((0.80, bottom, 0.175, 0.72 * height))
        mean = hours.mean(axis=1)
        side.plot(mean, latitude_deg, color=BLUE)
        best = int(np.argmax(mean))
        side.plot(mean[best], latitude_deg[best], "o", color=VERMILION, markersize=5)
        side.annotate(
            f"{mean[best]:.0f} h", (mean[best], latitude_deg[best]), xytext=(-7, 0),
            textcoords="offset points", ha="right", va="center_baseline", fontsize=9, color=INK,
        )  # fmt: skip
        side.set_ylim(-90.0, 90.0)
        side.set_yticks(range(-90, 91, 30))
        side.set_xlim(left=0.0)
        side.set_xlabel("mean over longitudes (h)")
        quiet(side, grid=True)
    return figure


def draw_hours_by_year(
    years: Sequence[int],
    most_hours: Mapping[float, Sequence[float]],
    latitude_deg: Mapping[float, Sequence[float]],
    published_hours: Sequence[tuple[float, float]],
) -> Figure:
    """Draw the most hours of a latitude against the year, and where they are.

    Parameters
    ----------
    years : sequence of int
        The years.
    most_hours, latitude_deg : mapping of float to sequence of float
        By look angle in deg: for each year the hours, and the latitude.
    published_hours : sequence of (look angle in deg, hours)
        What the paper's maps exceed.
    """
    figure = new_figure(3.7)
    theirs = dict(published_hours)
    panels = (("Most hours of a latitude", "hours", most_hours), ("Where", "latitude (° north)",
              latitude_deg))  # fmt: skip
    for column, (title, label, values) in enumerate(panels):
        axes = figure.add_axes((0.085 + 0.50 * column, 0.155, 0.405, 0.74))
        for (look, of_years), colour in zip(values.items(), _LINE_COLOURS, strict=False):
            # Latitudes jump from one pole to the other: nothing lies between two years.
            axes.plot(
                years, of_years, "o-" if column == 0 else "o", color=colour, markersize=4,
                linewidth=1.0, label=f"look angle {look:g}°",
            )  # fmt: skip
            if column == 0 and look in theirs:
                axes.axhline(theirs[look], color=colour, linewidth=1.0, linestyle="--")
        if column == 0:
            axes.set_ylim(0.0, 1.3 * axes.get_ylim()[1])
            axes.legend(loc="upper left", fontsize=8.5, frameon=False, ncols=2)
        else:
            axes.set_ylim(-90.0, 90.0)
            axes.set_yticks(range(-90, 91, 30))
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.set_title(title, **TITLE)
        axes.set_xlabel("year")
        axes.set_ylabel(label)
        quiet(axes, grid=True)
    return figure


def draw_distances(
    days: FloatArray, turning_km: FloatArray, at_rest_km: FloatArray, target: str
) -> Figure:
    """Draw the distance from radar to target with and without the Earth's rotation.

    Parameters
    ----------
    days : ndarray of float64, shape (instants,)
        Times.
    turning_km, at_rest_km : ndarray of float64, shape (instants,)
        Distances.
    target : str
        Name of the target.
    """
    figure = new_figure(3.9)
    axes = figure.add_axes((0.085, 0.14, 0.90, 0.76))
    axes.plot(days, 1e-3 * turning_km, color=BLUE, linewidth=0.9, label="Earth turning")
    axes.plot(days, 1e-3 * at_rest_km, color=VERMILION, linewidth=1.8, label="Earth at rest")
    axes.set_xlim(float(days[0]), float(days[-1]))
    axes.set_xlabel("time (days of a sidereal month)")
    axes.set_ylabel("distance (1000 km)")
    axes.set_title(f"Distance from the radar to {target}", **TITLE)
    axes.legend(loc="best", fontsize=9, frameon=False)
    quiet(axes, grid=True)
    return figure
