"""Drawings of Doppler shift and track angle over the Moon's near side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.ticker import MaxNLocator

from sim_core.geometry.doppler_map import DopplerMap
from sim_core.geometry.steering import TrackVelocity
from testbed.paper.figures.near_side import near_side, near_side_grid
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

FloatArray = npt.NDArray[np.float64]

# Orange to purple: told apart by every kind of colour-blindness.
_DIVERGING = "PuOr"
_NAMES: Mapping[TrackVelocity, tuple[str, str]] = {
    "site": ("velocity of the site", BLUE),
    "moon_centre": ("velocity of the Moon's centre", VERMILION),
}
_CLOSE_DAYS = 3.0


def draw_mean_shift(
    latitude_deg: FloatArray,
    longitude_deg: FloatArray,
    centre_hz: FloatArray,
    site_hz: FloatArray,
) -> Figure:
    """Draw the mean shift over the near side by both velocities, and along the equator.

    Parameters
    ----------
    latitude_deg, longitude_deg : ndarray of float64, shapes (rows,) and (columns,)
        The grid of sites.
    centre_hz, site_hz : ndarray of float64, shape (rows, columns)
        Mean shift by the velocity of the Moon's centre, and of the site.
    """
    figure = new_figure(4.6)
    x, y = near_side_grid(latitude_deg, longitude_deg)
    largest = 10.0 * np.ceil(0.1 * max(np.abs(centre_hz).max(), np.abs(site_hz).max()))
    levels = np.linspace(-largest, largest, round(0.4 * largest) + 1)
    lines_hz = np.arange(-largest, largest + 1.0, 10.0)
    for column, (title, values) in enumerate(
        (("Velocity of the Moon's centre", centre_hz), ("Velocity of the site", site_hz))
    ):
        axes = figure.add_axes((0.005 + 0.325 * column, 0.19, 0.32, 0.72))
        filled = axes.contourf(x, y, values, levels=levels, cmap=_DIVERGING)
        near_side(axes)
        if np.ptp(values) > 10.0:
            lines = axes.contour(
                x, y, values, levels=lines_hz[::2], colors=INK, linewidths=0.7, linestyles="solid"
            )
            halo: list[AbstractPathEffect] = [withStroke(linewidth=2.5, foreground="white")]
            places = _crossings(x[x.shape[0] // 2], values[values.shape[0] // 2], lines_hz[::2])
            for label in axes.clabel(lines, fontsize=8.5, fmt=_hertz, manual=places):
                label.set_path_effects(halo)
        else:
            axes.text(
                0.0, 0.12,
                f"{number(values.min(), 2)} to {number(values.max(), 2, 'Hz')}",
                ha="center", fontsize=9,
            )  # fmt: skip
        axes.set_title(title, **TITLE)
    bar = figure.add_axes((0.07, 0.125, 0.53, 0.028), label="colour bar")
    figure.colorbar(filled, cax=bar, orientation="horizontal", ticks=lines_hz[::2]).set_label(
        "mean Doppler shift (Hz)"
    )
    quiet(bar)
    axes = figure.add_axes((0.735, 0.19, 0.25, 0.68))
    middle = latitude_deg.size // 2
    for (name, colour), values in zip(_NAMES.values(), (site_hz, centre_hz), strict=True):
        axes.plot(longitude_deg, values[middle], color=colour, label=name.removeprefix("velocity "))
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xlim(-90.0, 90.0)
    axes.set_xticks(range(-90, 91, 45))
    axes.set_xlabel("longitude (° east)")
    axes.set_ylabel("mean Doppler shift (Hz)", labelpad=1)
    axes.set_title("Along the equator", **TITLE)
    axes.legend(fontsize=9, frameon=False, loc="best")
    quiet(axes, grid=True)
    return figure


def _hertz(level: float) -> str:
    return number(level, 0, "Hz")


def _crossings(x: FloatArray, values: FloatArray, levels: FloatArray) -> list[tuple[float, float]]:
    """Return where lines of a map are labelled: a little above its middle row, off the limb."""
    rising = values[-1] > values[0]
    along, at = (values, x) if rising else (values[::-1], x[::-1])
    crossed = [level for level in levels.tolist() if along[0] < level < along[-1]]
    places = [(float(np.interp(level, along, at)), 0.28) for level in crossed]
    return [place for place in places if abs(place[0]) < 0.92]


def draw_year(latitude_deg: FloatArray, longitude_deg: FloatArray, of: DopplerMap) -> Figure:
    """Draw the extremes of the shift over a year, and its rate, over the near side.

    Parameters
    ----------
    latitude_deg, longitude_deg : ndarray of float64, shapes (rows,) and (columns,)
        The grid of sites.
    of : DopplerMap
        On that grid.
    """
    figure = new_figure(8.6)
    x, y = near_side_grid(latitude_deg, longitude_deg)
    panels = (
        ("Largest shift", of.shift_hz.largest, 1.0, "Hz"),
        ("Smallest shift", of.shift_hz.smallest, 1.0, "Hz"),
        ("Mean rate", of.rate_hz_per_s.mean, 1e3, "mHz/s"),
        ("Steepest rate", of.rate_hz_per_s.smallest, 1e3, "mHz/s"),
    )
    for index, (title, values, factor, unit) in enumerate(panels):
        row, column = divmod(index, 2)
        axes = figure.add_axes((0.02 + 0.495 * column, 0.525 - 0.5 * row, 0.375, 0.43))
        filled = axes.contourf(x, y, factor * values, levels=24, cmap=COLOUR_MAP)
        near_side(axes)
        axes.contour(
            x, y, factor * values, levels=np.asarray(filled.levels)[::4], colors="white",
            linewidths=0.7, linestyles="solid",
        )  # fmt: skip
        axes.set_title(title, **TITLE)
        bar = figure.add_axes(
            (0.405 + 0.495 * column, 0.58 - 0.5 * row, 0.012, 0.34), label=f"colour bar {index}"
        )
        shown = figure.colorbar(filled, cax=bar, ticks=MaxNLocator(6))
        shown.set_label(f"{title.lower()} ({unit})")
        shown.ax.ticklabel_format(axis="y", useOffset=False)
        quiet(bar)
    return figure


def draw_split(
    days: FloatArray,
    whole_hz: FloatArray,
    moon_hz: FloatArray,
    earth_hz: FloatArray,
    in_sight: npt.NDArray[np.bool_],
) -> Figure:
    """Draw a shift and its parts against time, over all of it and over three days.

    Parameters
    ----------
    days : ndarray of float64, shape (instants,)
        Times.
    whole_hz, moon_hz, earth_hz : ndarray of float64, shape (instants,)
        The shift, and the parts of the Moon's motion and of the Earth's rotation.
    in_sight : ndarray of bool, shape (instants,)
        When the point of the ground sees the Moon.
    """
    figure = new_figure(6.2)
    for row, stop in enumerate((float(days[-1]), _CLOSE_DAYS)):
        axes = figure.add_axes((0.085, 0.58 - 0.49 * row, 0.90, 0.36))
        for name, values, colour, width in (
            ("Earth's rotation (eq. 5)", earth_hz, VERMILION, 0.9),
            ("Moon's motion (eq. 4)", moon_hz, GREEN, 1.6),
            ("both (eqs 1, 6)", whole_hz, BLUE, 0.9 if row == 0 else 1.8),
        ):
            axes.plot(days, 1e-3 * values, color=colour, linewidth=width, label=name)
        _shade(axes, days, in_sight)
        axes.set_xlim(0.0, stop)
        axes.set_xlabel("time (days)")
        axes.set_ylabel("Doppler shift (kHz)")
        axes.set_title("A sidereal month" if row == 0 else "Its first three days", **TITLE)
        quiet(axes, grid=True)
        if row == 1:
            axes.legend(loc="upper right", fontsize=9, framealpha=0.95, edgecolor="none", ncols=3)
            low, high = axes.get_ylim()
            axes.set_ylim(low, high + 0.18 * (high - low))
    return figure


def _shade(axes: Axes, days: FloatArray, where: npt.NDArray[np.bool_]) -> None:
    low, high = axes.get_ylim()
    axes.fill_between(
        days, low, high + 1.0 * (high - low), where=where, color="#E3E8EC", linewidth=0.0, zorder=0
    )
    axes.set_ylim(low, high)


def draw_extremes(
    years: Sequence[int],
    extremes_deg: Mapping[TrackVelocity, Sequence[tuple[float, float]]],
    published_deg: tuple[float, float],
) -> Figure:
    """Draw the smallest and the largest track angle of each year beside the paper's.

    Parameters
    ----------
    years : sequence of int
        The years.
    extremes_deg : mapping of velocity to pairs
        Smallest and largest angle of each year.
    published_deg : pair of float
        The paper's.
    """
    figure = new_figure(4.4)
    for end, (title, theirs) in enumerate(zip(("Smallest", "Largest"), published_deg, strict=True)):
        axes = figure.add_axes((0.085 + 0.50 * end, 0.135, 0.405, 0.77))
        for velocity, (name, colour) in _NAMES.items():
            values = [pair[end] for pair in extremes_deg[velocity]]
            axes.plot(years, values, "o-", color=colour, markersize=4, linewidth=1.0, label=name)
        axes.axhspan(theirs - 0.005, theirs + 0.005, color=GREY, alpha=0.25, linewidth=0.0,
                     label="paper, as printed")  # fmt: skip
        axes.set_title(f"{title} track angle of the near side", **TITLE)
        axes.set_xlabel("year")
        axes.set_ylabel("angle (°)" if end == 0 else "")
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.ticklabel_format(axis="y", useOffset=False)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.32 * (high - low))  # room for what the colours mean
        axes.legend(loc="upper left", fontsize=8.5, frameon=False)
        quiet(axes, grid=True)
    return figure
