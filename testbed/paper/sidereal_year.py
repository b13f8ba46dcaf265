"""The sidereal year over the near side that Table 1 and Fig. 1 share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim_core.geometry.moon_over_earth import SIDEREAL_YEAR_S, MoonOverEarth
from sim_core.geometry.motion import MotionModel
from sim_core.geometry.steering import TrackVelocity
from testbed.paper.context import PaperContext

FloatArray = npt.NDArray[np.float64]

VELOCITIES: tuple[TrackVelocity, TrackVelocity] = ("site", "moon_centre")
"""Rigorous, and the paper's."""


def year_motion(context: PaperContext) -> tuple[MotionModel, MoonOverEarth]:
    """Return the Moon's motion over the settings' sidereal year."""
    return context.moon(context.year_start, year_instants(context))


def year_instants(context: PaperContext) -> FloatArray:
    """Return the instants of a sidereal year in s from its begin, both ends included."""
    steps = max(1, round(SIDEREAL_YEAR_S / context.settings.fineness.doppler_step_s))
    return np.linspace(0.0, SIDEREAL_YEAR_S, steps + 1)


def recession_m_per_s(moon: MoonOverEarth) -> float:
    """Return how fast the Moon's centre recedes from first to last instant, on average."""
    first_m, last_m = np.linalg.norm(moon.centre_m[[0, -1]], axis=1).tolist()
    return float((last_m - first_m) / (moon.elapsed_s[-1] - moon.elapsed_s[0]))


def half_circle_deg(step_deg: float) -> FloatArray:
    """Return -90 to 90 deg in even steps, 0 in the middle: latitudes, longitudes of the near side.

    Parameters
    ----------
    step_deg : float
        About how long the steps are.
    """
    return np.linspace(-90.0, 90.0, 2 * round(90.0 / step_deg) + 1)
