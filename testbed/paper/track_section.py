"""Angle between track and direction to the Earth's centre: Table 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.geometry.doppler_map import site_grid
from sim_core.geometry.moon_over_earth import MoonOverEarth
from sim_core.geometry.motion import MotionModel
from sim_core.geometry.steering import TrackVelocity
from sim_core.geometry.track_angle import track_angle_spread_rad
from testbed.paper import published
from testbed.paper.context import PaperContext
from testbed.paper.figures import doppler_figures as figures
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.paper.sidereal_year import (
    VELOCITIES,
    half_circle_deg,
    recession_m_per_s,
    search_years,
    year_instants,
    year_motion,
    year_motions,
)
from testbed.report.progress import Advance
from testbed.report.quantities import number

FloatArray = npt.NDArray[np.float64]

_NAMES = {"site": "velocity of the site", "moon_centre": "velocity of the Moon's centre"}
# Between sites of a row, and of the extremes by year, which hardly depend on the site.
_ROW_GRID_DEG, _COARSE_GRID_DEG = 5.0, 15.0
# Half the range of a row of Table 1 is reproduced to this, a step and a half of its last digit.
_REPRODUCED_DEG = 0.0015
_MET = "Met: "
# Half of the last digit of the near side's extremes.
_PRINTED_DEG = 0.005


def build_table_1(context: PaperContext, advance: Advance) -> Section:
    """Compute angles of the track by two readings, and set them beside Table 1.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told of years done.
    """
    model, moon = year_motion(context)
    latitudes = [row.site_latitude_deg for row in published.TABLE_1]
    rows_grid = site_grid(model.ephemeris, latitudes, half_circle_deg(_ROW_GRID_DEG))
    site, centre = (track_angle_spread_rad(moon, rows_grid, one) for one in VELOCITIES)
    means = np.rad2deg(centre.mean)
    middle = means.shape[1] // 2
    recession = recession_m_per_s(moon)
    distance_m = np.linalg.norm(moon.centre_m, axis=1)
    fastest = float(np.abs(np.sum(moon.centre_m * moon.centre_m_per_s, axis=1) / distance_m).max())
    by_longitude, by_time = [], []
    for index, row in enumerate(published.TABLE_1):
        spread = float(means[index].max()), float(means[index].mean()), float(means[index].min())
        extremes = (
            float(np.rad2deg(site.largest[index, middle])),
            float(np.rad2deg(site.mean[index, middle])),
            float(np.rad2deg(site.smallest[index, middle])),
        )
        by_longitude += _angle_rows(row, spread, _why_of_spread(row, spread, recession))
        by_time += _angle_rows(
            row,
            extremes,
            "Extremes in time of a site at longitude 0: the Moon recedes and approaches by up to "
            f"{fastest:.0f} m/s at every latitude alike, so this cannot be what the rows mean.",
        )
    near_grid = site_grid(
        model.ephemeris, half_circle_deg(_ROW_GRID_DEG), half_circle_deg(_ROW_GRID_DEG)
    )
    here = {one: _extremes_deg(moon, near_grid.latitude_deg, model, one) for one in VELOCITIES}
    years = _extremes_by_year(context, advance)
    begin = context.settings.year_start_utc
    met = _met_labels(by_longitude)
    sized = f"the paper's rows of {_listed(met)}, not of the others" if met else "none of its rows"
    return Section(
        "table1",
        "Table 1: angle of the track",
        (
            "The angle between the velocity of the radar over the turning Earth and the direction "
            "to the Earth's centre departs from 90 degrees by the speed at which the Moon recedes, "
            "over that of the track, 22 to 29 km/s. The paper names neither sites nor averaging.",
            "Two readings: the spread over near-side longitudes of the means of a sidereal year, "
            f"with the velocity of the Moon's centre, is shown first; it has the size of {sized}. "
            "The extremes over the year of a site at longitude 0 are "
            f"{_times_as_large(by_time)} as large as the paper's. Its extremes of the whole near "
            f"side are of the second kind. {_near_side_verdict(here, begin)} Its rows do not "
            "change smoothly with latitude, as either kind does; no common set of sites and epochs "
            "was found behind them.",
            years.together(),
            f"Assumed: sidereal year from {context.settings.year_start_utc}, {moon.elapsed_s.size} "
            "instants, planetocentric latitudes in the mean-Earth frame, longitudes of -90 to 90 "
            "degrees every 5 degrees, Earth-fixed axes (ITRS).",
        ),
        (
            PaperTable(
                "table1",
                "Table 1 as the spread over longitudes of yearly means, velocity of the Moon's "
                "centre",
                tuple(by_longitude),
            ),
            PaperTable(
                "table1_in_time",
                "Table 1 as extremes over the year of a site at longitude 0, velocity of the site",
                tuple(by_time),
            ),
            PaperTable(
                "table1_near_side",
                "Extremes over the year and the whole near side",
                tuple(
                    Row(
                        f"{name}, {_NAMES[velocity]}",
                        "track angle",
                        "deg",
                        here[velocity][end],
                        published.NEAR_SIDE_EXTREMES_DEG[end],
                        f"{_verdict(here[velocity][end], end)} in the year from {begin}. "
                        f"{years.why(velocity, end)}",
                    )
                    for velocity in VELOCITIES
                    for end, name in enumerate(("smallest", "largest"))
                ),
            ),
        ),
        (
            PaperFigure(
                "track_angles",
                lambda: figures.draw_extremes(
                    years.years, years.extremes_deg, published.NEAR_SIDE_EXTREMES_DEG
                ),
                "Largest and smallest track angle of each year by two velocities, with the paper's",
                "Extremes of the track angle over the near side in sidereal years from 1 January. "
                "They follow the Moon's largest speed of recession. Grey: what rounds to the "
                f"paper's digits. The tables above are for the year from {begin}.",
            ),
        ),
        {
            "recession_m_per_s": recession,
            "years": years.years,
            "extremes_deg": {
                velocity: [list(pair) for pair in years.extremes_deg[velocity]]
                for velocity in VELOCITIES
            },
            "years_without_earth_orientation": years.left_out,
        },
        _summary(here["site"], by_longitude),
    )


def _summary(extremes_deg: tuple[float, float], rows: list[Row]) -> str:
    met = _met_labels(rows)
    least, most = published.NEAR_SIDE_EXTREMES_DEG
    text = (
        f"extremes of the near side {extremes_deg[0]:.2f} and {extremes_deg[1]:.2f} degrees, the "
        f"paper's {least:g} and {most:g}; of its rows by latitude {len(met)} of "
        f"{len(published.TABLE_1)} are met"
    )
    return f"{text} ({', '.join(met)})." if met else f"{text}."


def _met_labels(rows: list[Row]) -> list[str]:
    """Return the latitudes whose rows are met."""
    return list(dict.fromkeys(row.label for row in rows if row.why.startswith(_MET)))


def _listed(names: Sequence[object]) -> str:
    """Write a list in words."""
    *first, last = (str(name) for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def _times_as_large(rows: list[Row]) -> str:
    """Say how much wider, from largest to smallest, rows are than the paper's."""
    ratios = [
        (high.ours - low.ours) / (high.theirs - low.theirs)
        for high, low in zip(rows[::3], rows[2::3], strict=True)
        if high.theirs is not None and low.theirs is not None
    ]
    return f"{min(ratios):.0f} to {max(ratios):.0f} times"


def _is_met(value_deg: float, end: int) -> bool:
    """Tell whether an extreme of the near side rounds to the paper's digits."""
    return abs(value_deg - published.NEAR_SIDE_EXTREMES_DEG[end]) <= _PRINTED_DEG


def _verdict(value_deg: float, end: int) -> str:
    return "Met" if _is_met(value_deg, end) else "Not met"


def _near_side_verdict(here_deg: Mapping[TrackVelocity, tuple[float, float]], begin: str) -> str:
    """Say which of the near side's extremes are met in the settings' year."""
    met = [
        f"the {name} by the {_NAMES[velocity]}"
        for velocity in VELOCITIES
        for end, name in enumerate(("smallest", "largest"))
        if _is_met(here_deg[velocity][end], end)
    ]
    count = 2 * len(VELOCITIES)
    text = f"In the year from {begin}, {len(met)} of {count} come out to the printed digit"
    return f"{text} ({_listed(met)})." if met else f"{text}."


def _angle_rows(
    row: published.TrackAngles, ours_deg: tuple[float, float, float], why: str
) -> list[Row]:
    latitude = row.site_latitude_deg
    place = f"{abs(latitude):g}°" + ("" if latitude == 0.0 else " N" if latitude > 0.0 else " S")
    theirs = row.max_deg, row.mean_deg, row.min_deg
    return [
        Row(place, name, "deg", ours, published_deg, why)
        for name, ours, published_deg in zip(("max", "mean", "min"), ours_deg, theirs, strict=True)
    ]


def _why_of_spread(
    row: published.TrackAngles, ours_deg: tuple[float, float, float], recession: float
) -> str:
    """Say what a row of Table 1 owes to, and whether it is met."""
    half_deg = 0.5 * (ours_deg[0] - ours_deg[2])
    theirs_deg = 0.5 * (row.max_deg - row.min_deg)
    way = "recedes" if recession > 0.0 else "approaches"
    shift = (
        f"the Moon {way} by {abs(recession):.2f} m/s on average over this year, which moves all by "
        f"{number(ours_deg[1] - 90.0, 3)} deg"
    )
    sizes = f"{half_deg:.4f} deg about the mean, the paper's {theirs_deg:.4f}"
    if abs(half_deg - theirs_deg) <= _REPRODUCED_DEG:
        return f"{_MET}{sizes}; {shift}."
    if theirs_deg > half_deg:
        sizes += ", which no choice of longitudes at this latitude makes"
    return f"Not met: {sizes}. Besides, {shift}."


@dataclass(frozen=True, slots=True)
class _YearlyExtremes:
    """Smallest and largest track angle of the near side by velocity and year, in deg."""

    years: list[int]
    extremes_deg: dict[TrackVelocity, list[tuple[float, float]]]
    left_out: list[int]

    def why(self, velocity: TrackVelocity, end: int) -> str:
        """Say in which years the paper's extreme is met."""
        values = [pair[end] for pair in self.extremes_deg[velocity]]
        if not values:
            return "Depends on the year, which the paper does not name."
        met = [year for year, value in zip(self.years, values, strict=True) if _is_met(value, end)]
        return (
            "Depends on the year, which the paper does not name: "
            f"{min(values):.3f} to {max(values):.3f} from {self.years[0]} to {self.years[-1]}; the "
            f"paper's digits are met in {_listed(met) if met else 'none'}."
        )

    def together(self) -> str:
        """Say in which years both extremes are met at once."""
        if not self.years:
            return "No year of the search is covered by ephemeris and Earth orientation."
        parts = []
        for velocity in VELOCITIES:
            met = [
                year
                for year, pair in zip(self.years, self.extremes_deg[velocity], strict=True)
                if _is_met(pair[0], 0) and _is_met(pair[1], 1)
            ]
            parts.append(f"by the {_NAMES[velocity]} in {_listed(met) if met else 'no year'}")
        return (
            f"Of the sidereal years from 1 January of {self.years[0]} to {self.years[-1]}, both "
            f"extremes of the near side hold together {', '.join(parts)}."
        )


def _extremes_by_year(context: PaperContext, advance: Advance) -> _YearlyExtremes:
    """Compute the extremes of the near side for each of the years of the search."""
    wanted = search_years(context)
    found = _YearlyExtremes([], {one: [] for one in VELOCITIES}, [])
    for done, (year, motion) in enumerate(year_motions(context, wanted, year_instants(context))):
        advance(done + 1, len(wanted))
        if motion is None:
            found.left_out.append(year)
            continue
        model, moon = motion
        found.years.append(year)
        for velocity in VELOCITIES:
            found.extremes_deg[velocity].append(
                _extremes_deg(moon, half_circle_deg(_COARSE_GRID_DEG), model, velocity)
            )
    return found


def _extremes_deg(
    moon: MoonOverEarth, latitude_deg: FloatArray, model: MotionModel, velocity: TrackVelocity
) -> tuple[float, float]:
    """Return the smallest and the largest track angle of the near side."""
    grid = site_grid(model.ephemeris, latitude_deg, latitude_deg)
    spread = track_angle_spread_rad(moon, grid, velocity)
    return float(np.rad2deg(spread.smallest.min())), float(np.rad2deg(spread.largest.max()))
