"""The Moon's near side as a disc: orthographic, north up, east to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from testbed.report.figure_style import GREY, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = npt.NDArray[np.float64]

_LINES_DEG = (-60, -30, 0, 30, 60)


def near_side_grid(
    latitude_deg: FloatArray, longitude_deg: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Project the crossings of latitudes and longitudes.

    Parameters
    ----------
    latitude_deg, longitude_deg : ndarray of float64, shapes (rows,) and (columns,)
        Selenographic.

    Returns
    -------
    x, y : ndarray of float64, shape (rows, columns)
        On a disc of radius 1.
    """
    latitude, longitude = np.radians(latitude_deg)[:, None], np.radians(longitude_deg)[None, :]
    x = np.cos(latitude) * np.sin(longitude)
    return x, np.broadcast_to(np.sin(latitude), x.shape)


def near_side(axes: Axes) -> None:
    """Make axes the disc of the near side, with its graticule every 30 degrees over what is drawn.

    Parameters
    ----------
    axes : Axes
        To draw in.
    """
    along = np.linspace(-90.0, 90.0, 121)
    for line in _LINES_DEG:
        meridian_x, meridian_y = near_side_grid(along, np.array([float(line)]))
        parallel_x, parallel_y = near_side_grid(np.array([float(line)]), along)
        for x, y in ((meridian_x[:, 0], meridian_y[:, 0]), (parallel_x[0], parallel_y[0])):
            axes.plot(x, y, color=GREY, linewidth=0.4, alpha=0.7)
    turn = np.linspace(0.0, 2.0 * np.pi, 361)
    axes.plot(np.cos(turn), np.sin(turn), color=GREY, linewidth=0.9)
    for line in _LINES_DEG:
        name = "0°" if line == 0 else f"{abs(line)}° {'N' if line > 0 else 'S'}"
        x, y = near_side_grid(np.array([float(line)]), np.array([-90.0]))
        axes.text(x[0, 0] - 0.03, y[0, 0], name, fontsize=8, color=INK, ha="right", va="center")
    for sign, name in ((-1, "90° W"), (0, "0°"), (1, "90° E")):
        axes.text(sign, -1.06, name, fontsize=8, color=INK, ha="center", va="top")
    axes.set_aspect("equal")
    axes.set_xlim(-1.28, 1.12)
    axes.set_ylim(-1.2, 1.04)
    axes.set_axis_off()
