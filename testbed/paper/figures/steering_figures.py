"""Drawings of steering angles and of what rigorous steering differs by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from sim_core.geometry.delay_minimum import SteeringDifference
from sim_core.geometry.pointing import Side
from sim_core.geometry.steering import Steering
from testbed.report.figure_style import (
    BLUE,
    COLOUR_MAP,
    GREEN,
    TITLE,
    VERMILION,
    new_figure,
    quiet,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = npt.NDArray[np.float64]

_DAY_S, _HOUR_S = 86400.0, 3600.0
_Quantity = tuple[str, float, Callable[[Steering], FloatArray]]
_COLOURS: dict[Side, str] = {"north": BLUE, "south": VERMILION}


@dataclass(frozen=True, slots=True, eq=False)
class Steered:
    """Steering by one look angle to one side."""

    look_deg: float
    side: Side
    steering: Steering


def draw_angles(day: Sequence[Steered], month: Sequence[Steered]) -> Figure:
    """Draw azimuth, elevation, yaw and pitch over a day and over a month.

    Parameters
    ----------
    day, month : sequence of Steered
        All look angles, both sides.
    """
    return _draw(
        day,
        month,
        (
            ("azimuth (°)", 1.0, lambda one: one.azimuth_rad),
            ("elevation (°)", 1.0, lambda one: one.elevation_rad),
            ("yaw (°)", 1.0, lambda one: one.yaw_rad),
            ("pitch (°)", 1.0, lambda one: one.pitch_rad),
        ),
    )


def draw_rates(day: Sequence[Steered], month: Sequence[Steered]) -> Figure:
    """Draw the rates of azimuth, elevation, yaw and pitch over a day and over a month.

    Parameters
    ----------
    day, month : sequence of Steered
        All look angles, both sides.
    """
    return _draw(
        day,
        month,
        (
            ("azimuth (m°/s)", 1e3, lambda one: one.azimuth_rad_per_s),
            ("elevation (µ°/s)", 1e6, lambda one: one.elevation_rad_per_s),
            ("yaw (µ°/s)", 1e6, lambda one: one.yaw_rad_per_s),
            ("pitch (µ°/s)", 1e6, lambda one: one.pitch_rad_per_s),
        ),
    )


def _draw(
    day: Sequence[Steered], month: Sequence[Steered], quantities: Sequence[_Quantity]
) -> Figure:
    """Draw two quantities of the sky for each beam, and two of the attitude, which all share."""
    figure = new_figure(9.2)
    farthest = max(one.look_deg for one in month)
    columns = (
        ("A day", day, _HOUR_S, "time (h)"),
        (
            f"A sidereal month, {farthest:g}°",
            [one for one in month if one.look_deg == farthest],
            _DAY_S,
            "time (days)",
        ),
    )
    for column, (title, beams, unit_s, time_label) in enumerate(columns):
        times = beams[0].steering.elapsed_s / unit_s
        for row, (label, factor, of) in enumerate(quantities):
            axes = figure.add_axes((0.095 + 0.49 * column, 0.76 - 0.23 * row, 0.40, 0.175))
            if row < 2:
                _draw_beams(axes, times, beams, factor, of)
            else:
                axes.plot(times, factor * np.rad2deg(of(beams[0].steering)), color=GREEN)
            axes.set_xlim(float(times[0]), float(times[-1]))
            axes.ticklabel_format(axis="y", useOffset=False)
            if column == 0:
                axes.set_ylabel(label)
                axes.yaxis.set_label_coords(-0.175, 0.5)
                axes.set_xticks(range(0, 25, 4))
            if row == 0:
                axes.set_title(title, **TITLE)
            if row == len(quantities) - 1:
                axes.set_xlabel(time_label)
            quiet(axes, grid=True)
    _name_colours(figure)
    return figure


def _draw_beams(
    axes: Axes,
    times: FloatArray,
    beams: Sequence[Steered],
    factor: float,
    of: Callable[[Steering], FloatArray],
) -> None:
    """Draw a line for each beam, paler the nearer it looks to the Earth's centre."""
    farthest = max(one.look_deg for one in beams)
    for one in beams:
        strength = 0.3 + 0.7 * (one.look_deg / farthest if farthest > 0.0 else 1.0)
        axes.plot(times, factor * np.rad2deg(of(one.steering)), color=_COLOURS[one.side],
                  alpha=strength, linewidth=1.2)  # fmt: skip


def _name_colours(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    names = (
        ("turned north (paler: smaller look angle)", BLUE),
        ("turned south", VERMILION),
        ("all beams", GREEN),
    )
    figure.legend(
        [Line2D([], [], color=colour) for _, colour in names], [name for name, _ in names],
        loc="upper center", ncols=3, fontsize=9.5, frameon=False,
    )  # fmt: skip


def draw_differences(compared: Sequence[tuple[str, SteeringDifference]]) -> Figure:
    """Draw what Moon-centre steering differs by from rigorous steering, for several sites.

    Parameters
    ----------
    compared : sequence of (site, SteeringDifference)
        The sites.
    """
    from matplotlib import colormaps

    figure = new_figure(4.3)
    colours = colormaps[COLOUR_MAP](np.linspace(0.0, 0.9, len(compared)))
    styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))
    for column, label in enumerate(
        (
            "angle between the planes (°)",
            "smallest delay later by (s)",
        )
    ):
        axes = figure.add_axes((0.075 + 0.44 * column, 0.14, 0.35, 0.77))
        for index, (place, one) in enumerate(compared):
            values = one.minimum_shift_s if column else np.rad2deg(one.plane_angle_rad)
            axes.plot(
                one.elapsed_s / _DAY_S, values, color=colours[index], linewidth=1.8,
                linestyle=styles[index % len(styles)], label=place,
            )  # fmt: skip
        axes.set_xlim(0.0, float(compared[0][1].elapsed_s[-1]) / _DAY_S)
        axes.set_xlabel("time (days of a sidereal month)")
        axes.set_ylabel(label)
        quiet(axes, grid=True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=9, frameon=False,
                title="site (° N, ° E)", title_fontsize=9)  # fmt: skip
    return figure
