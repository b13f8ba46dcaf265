"""The sidereal year that Table 1 and Figs 1 and 4 share, and the same in other years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.moon_over_earth import SIDEREAL_YEAR_S, MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import MotionModel, motion_model
from sim_core.geometry.steering import TrackVelocity
from testbed.paper.context import PaperContext

FloatArray = npt.NDArray[np.float64]

VELOCITIES: tuple[TrackVelocity, TrackVelocity] = ("site", "moon_centre")
"""Rigorous, and the paper's."""


def year_motion(context: PaperContext, finer: int = 1) -> tuple[MotionModel, MoonOverEarth]:
    """Return the Moon's motion over the settings' sidereal year; see `year_instants`."""
    return context.moon(context.year_start, year_instants(context, finer))


def year_instants(context: PaperContext, finer: int = 1) -> FloatArray:
    """Return the instants of a sidereal year in s from its begin, both ends included.

    Parameters
    ----------
    context : PaperContext
        Settings.
    finer : int
        Into how many parts each of the settings' steps is cut.
    """
    steps = max(1, round(SIDEREAL_YEAR_S / context.settings.fineness.doppler_step_s))
    return np.linspace(0.0, SIDEREAL_YEAR_S, finer * steps + 1)


def search_years(context: PaperContext) -> range:
    """Return the years of the settings' search."""
    years = context.settings.search_years
    return range(years.first, years.last + 1)


def year_motions(
    context: PaperContext, years: Iterable[int], elapsed_s: FloatArray
) -> Iterator[tuple[int, tuple[MotionModel, MoonOverEarth] | None]]:
    """Yield the Moon's motion over sidereal years, one after the other.

    Parameters
    ----------
    context : PaperContext
        Settings.
    years : iterable of int
        Years; each span begins on 1 January, 0 h UTC.
    elapsed_s : ndarray of float64, shape (instants,)
        Instants within each.

    Yields
    ------
    year : int
    motion : (MotionModel, MoonOverEarth) or None
        None where the ephemeris, or what is known of the Earth's orientation, ends before.
    """
    for year in years:
        try:
            start = Epoch.from_utc(f"{year:04d}-01-01T00:00:00")
            model, _ = motion_model(
                start, start.plus_seconds(SIDEREAL_YEAR_S), context.settings.ephemeris
            )
        except EpochError:
            yield year, None
            continue
        yield year, (model, moon_over_earth(model, start, elapsed_s))


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
