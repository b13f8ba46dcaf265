"""Axes with a map of the Earth behind them: longitude and latitude, coastlines, graticule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.patheffects import withStroke

from testbed.paper.coastlines import coastlines
from testbed.report.figure_style import GREY, INK, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = npt.NDArray[np.float64]


def plate_carree(axes: Axes, label_left: bool = True) -> None:
    """Make axes a map of longitude against latitude, in degrees."""
    axes.set_xlim(-180.0, 180.0)
    axes.set_ylim(-90.0, 90.0)
    axes.set_xticks(range(-180, 181, 60))
    axes.set_yticks(range(-90, 91, 30))
    axes.set_xlabel("longitude (° east)")
    if label_left:
        axes.set_ylabel("latitude (° north)")
    for line in coastlines():
        # White with a dark edge stands on light and dark ground alike.
        axes.plot(
            line[:, 0], line[:, 1], color="white", linewidth=0.7,
            path_effects=[withStroke(linewidth=1.5, foreground=INK)],
        )  # fmt: skip
    quiet(axes)


def seen_from(axes: Axes, position_m: FloatArray) -> None:
    """Make axes the Earth's disc as a distant place sees it, its radius 1.

    Parameters
    ----------
    axes : Axes
        To draw in.
    position_m : ndarray of float64, shape (3,)
        The place, Earth-fixed.
    """
    circle = np.linspace(0.0, 2.0 * np.pi, 361)
    axes.fill(np.cos(circle), np.sin(circle), facecolor="#EEF2F5", edgecolor=GREY, linewidth=0.8)
    for lines, colour, width in ((_graticule(), "#C9D1D8", 0.5), (coastlines(), GREY, 0.7)):
        for line in lines:
            axes.plot(*on_disc(position_m, _unit_vectors(line)), color=colour, linewidth=width)
    axes.set_aspect("equal")
    axes.set_xlim(-1.04, 1.04)
    axes.set_ylim(-1.04, 1.04)
    axes.set_axis_off()


def on_disc(position_m: FloatArray, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Project points of the Earth orthographically, north up; NaN where they are not seen.

    Parameters
    ----------
    position_m : ndarray of float64, shape (3,)
        From where it is seen.
    points : ndarray of float64, shape (points, 3)
        Earth-fixed, of any length: their directions count.
    """
    out = position_m / np.linalg.norm(position_m)
    east = np.array((-out[1], out[0], 0.0))
    east /= np.linalg.norm(east)
    north = np.cross(out, east)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    seen = unit @ out > 0.0
    return np.where(seen, unit @ east, np.nan), np.where(seen, unit @ north, np.nan)


def _graticule() -> list[FloatArray]:
    """Return meridians and parallels every 30 degrees, as longitude and latitude."""
    along, full = np.linspace(-90.0, 90.0, 181), np.linspace(-180.0, 180.0, 361)
    meridians = [
        np.stack((np.full_like(along, float(one)), along), axis=1) for one in range(-180, 180, 30)
    ]
    parallels = [
        np.stack((full, np.full_like(full, float(one))), axis=1) for one in range(-60, 61, 30)
    ]
    return meridians + parallels


def _unit_vectors(line: FloatArray) -> FloatArray:
    longitude, latitude = np.radians(line[:, 0]), np.radians(line[:, 1])
    return np.stack(
        (
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ),
        axis=1,
    )
