"""Hours for which places are lit in a sidereal year, and how the year matters: Fig. 4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from sim_core.geometry.coverage import coverage_hours
from sim_core.geometry.footprint import BeamShape
from sim_core.geometry.moon_over_earth import SIDEREAL_YEAR_S
from sim_core.geometry.motion import site_station
from sim_core.geometry.pointing import Side
from sim_core.geometry.steering import ZeroDopplerFrame, zero_doppler_frame
from testbed.paper import published
from testbed.paper.beam_shape import beam_shape
from testbed.paper.context import BoolArray, PaperContext
from testbed.paper.figures import coverage_figures as figures
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.paper.sidereal_year import search_years, year_motions
from testbed.report.progress import Advance

FloatArray = npt.NDArray[np.float64]

_SIDES: tuple[Side, Side] = ("north", "south")
# Of the hours by year: every second year, no finer than this. Against the maps' own fineness the
# most hours of a latitude are off by 0.1 percent.
_YEARS_APART, _YEAR_STEP_S, _YEAR_GRID_DEG = 2, 1800.0, 2.0
_YEAR_LONGITUDES_DEG = np.array((-120.0, 0.0, 120.0))
# Beyond it meridians meet fast enough to keep a place in the strip; within it both sides of the
# equator are called different if their most hours are, by this share.
_HIGH_LATITUDE_DEG, _DIFFERENT = 60.0, 0.05
_LEFT_OUT = "the rest is left out"


def build_figure_4(context: PaperContext, advance: Advance) -> Section:
    """Compute the hours for which places are lit in a sidereal year.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told of maps and years done, in parts of a thousand.
    """
    settings, fineness = context.settings, context.settings.fineness
    elapsed_s, step_s = _instants(fineness.hours_step_s)
    frame, seen = context.frame(context.year_start, elapsed_s)
    frame = _while_seen(frame, seen)
    latitude, longitude = (
        np.arange(-end + 0.5 * fineness.hours_grid_deg, end, fineness.hours_grid_deg)
        for end in (90.0, 180.0)
    )
    looks = settings.hours_look_angles_deg
    years = _years(context, lambda share: advance(round(500 * share), 1000))
    maps, rows, data, remarks = [], [], [], []
    for index, look in enumerate(looks):

        def tell(done: int, total: int, before: int = index) -> None:
            advance(500 + round(500 * (before + done / total) / len(looks)), 1000)

        hours = coverage_hours(
            frame, step_s, _beam(context, look), _SIDES, latitude, longitude, tell
        )
        mean = hours.mean(axis=1)
        best = int(np.argmax(mean))
        maps.append((f"Look angle {look:g}°, both sides", hours))
        rows.append(_row(context, look, float(mean[best]), float(latitude[best])))
        remarks.append(_remark(look, latitude, mean))
        data.append(
            {
                "look_angle_deg": look,
                "most_hours": float(hours.max()),
                "latitude_deg": latitude.tolist(),
                "mean_hours": [round(one, 2) for one in mean.tolist()],
            }
        )
    beam_text = _beam_text(context)
    return Section(
        "figure4",
        "Fig. 4: hours of coverage",
        (
            f"Hours in the sidereal year from {settings.year_start_utc} for which a place is lit, "
            f"from instants every {step_s / 60.0:.1f} min; beam {beam_text}, both sides.",
            *context.sight_text(seen, "year", _LEFT_OUT),
            " ".join(remarks),
            *(years.paragraph(look) for look in looks if years.years),
        ),
        (
            PaperTable(
                "figure4", "Fig. 4: most hours of a latitude, mean over longitudes", tuple(rows)
            ),
        ),
        (
            PaperFigure(
                "figure4",
                lambda: figures.draw_hours(latitude, longitude, maps),
                "Maps of hours of coverage with means over longitude beside them",
                f"Fig. 4: hours of coverage in a sidereal year ({beam_text}). At the right the "
                "mean over longitudes.",
            ),
            PaperFigure(
                "figure4_years",
                lambda: figures.draw_hours_by_year(
                    years.years, years.most_hours, years.latitude_deg, published.FIGURE_4_HOURS
                ),
                "Most hours of a latitude against the year, and which latitude that is",
                "Most hours of a latitude, mean over longitudes, in sidereal years from 1 January "
                f"(every {_YEARS_APART}nd year), and where they are. Broken: what the paper's maps "
                "exceed.",
            ),
        ),
        {
            "maps": data,
            "years": years.years,
            "years_without_earth_orientation": years.left_out,
            "most_hours_by_year": [
                {
                    "look_angle_deg": look,
                    "hours": [round(one, 1) for one in years.most_hours[look]],
                    "latitude_deg": years.latitude_deg[look],
                }
                for look in looks
            ],
        },
        "; ".join(_summary(look, row) for look, row in zip(looks, rows, strict=True)) + ".",
    )


def _instants(longest_step_s: float) -> tuple[FloatArray, float]:
    """Return the middles of even steps of a sidereal year, and how long these are."""
    count = max(1, round(SIDEREAL_YEAR_S / longest_step_s))
    step_s = SIDEREAL_YEAR_S / count
    return step_s * (np.arange(count, dtype=np.float64) + 0.5), step_s


def _while_seen(frame: ZeroDopplerFrame, seen: BoolArray) -> ZeroDopplerFrame:
    """Leave out when the Earth is below the radar's horizon: it lights nothing then."""
    return ZeroDopplerFrame(*(getattr(frame, one.name)[seen] for one in fields(frame)))


def _beam(context: PaperContext, look_deg: float) -> BeamShape:
    beam = context.settings.beam
    return beam_shape(
        look_deg,
        beam.half_azimuth_deg,
        beam.half_range_deg,
        beam.min_incidence_deg,
        beam.max_incidence_deg,
    )


def _beam_text(context: PaperContext) -> str:
    beam = context.settings.beam
    return (
        f"±{beam.half_azimuth_deg:g}° in azimuth, ±{beam.half_range_deg:g}° in range, incidence "
        f"{beam.min_incidence_deg:g} to {beam.max_incidence_deg:g}°"
    )


def _place(latitude_deg: float) -> str:
    half = "north" if latitude_deg >= 0.0 else "south"
    return f"{abs(latitude_deg):.0f}° {half}"


def _published_hours(look_deg: float) -> float | None:
    return dict(published.FIGURE_4_HOURS).get(look_deg)


def _row(context: PaperContext, look_deg: float, hours: float, latitude_deg: float) -> Row:
    theirs = _published_hours(look_deg)
    if theirs is None:
        why = "The paper shows no map of this look angle."
    else:
        why = (
            f"The paper gives a number that its map exceeds, which ours {_verdict(hours, theirs)}; "
            "it names neither year nor beam."
        )
        if _is_of_the_paper(context):
            why += (
                " Here its widths of Fig. 2 are taken to the edges, and the incidences of Fig. 3."
            )
    return Row(
        f"look angle {look_deg:g}°",
        f"most hours, at {_place(latitude_deg)}",
        "h",
        hours,
        theirs,
        why,
        decimals=0,
    )


def _verdict(hours: float, theirs: float) -> str:
    return "does too" if hours > theirs else "does not"


def _is_of_the_paper(context: PaperContext) -> bool:
    """Tell whether the beam is made of widths and incidences that the paper names elsewhere."""
    beam = context.settings.beam
    return (
        beam.half_azimuth_deg == published.FIGURE_2_AZIMUTH_WIDTH_DEG
        and beam.half_range_deg in published.FIGURE_2_RANGE_WIDTHS_DEG
        and beam.min_incidence_deg == published.FIGURE_3_MIN_INCIDENCE_DEG
        and beam.max_incidence_deg in published.FIGURE_3_MAX_INCIDENCE_DEG
    )


def _remark(look_deg: float, latitude_deg: FloatArray, mean_hours: FloatArray) -> str:
    """Say where a map is highest, and whether both sides of the equator are alike."""
    if not mean_hours.any():
        return f"At {look_deg:g} degrees nothing is lit."
    best_deg = float(latitude_deg[np.argmax(mean_hours)])
    text = f"At {look_deg:g} degrees most hours lie at {_place(best_deg)}"
    if abs(best_deg) > _HIGH_LATITUDE_DEG:
        text += ", where meridians meet and a place stays in the strip"
    north, south = (
        float(mean_hours[one].max()) for one in (latitude_deg > 0.0, latitude_deg < 0.0)
    )
    if abs(north - south) > _DIFFERENT * max(north, south):
        text += f"; north and south differ, with up to {north:.0f} and {south:.0f} h"
    return f"{text}."


def _summary(look_deg: float, row: Row) -> str:
    text = f"at {look_deg:g} degrees up to {row.ours:.0f} h in the year"
    if row.theirs is None:
        return text
    way = "above" if row.ours > row.theirs else "not above"
    return f"{text}, {way} the {row.theirs:.0f} h that the paper's map exceeds"


@dataclass(frozen=True, slots=True)
class _Years:
    """Most hours of a latitude by look angle and year, and where they are."""

    years: list[int]
    most_hours: dict[float, list[float]]
    latitude_deg: dict[float, list[float]]
    left_out: list[int]

    def paragraph(self, look_deg: float) -> str:
        """Say how the hours of a look angle depend on the year."""
        hours = self.most_hours[look_deg]
        least, most = int(np.argmin(hours)), int(np.argmax(hours))
        if len(hours) == 1:
            text = (
                f"At {look_deg:g} degrees the most hours of a latitude are {hours[0]:.0f} in "
                f"{self.years[0]}"
            )
        else:
            text = (
                f"The hours depend on the year: at {look_deg:g} degrees the most of a latitude are "
                f"between {hours[least]:.0f} (in {self.years[least]}) and {hours[most]:.0f} (in "
                f"{self.years[most]})"
            )
        theirs = _published_hours(look_deg)
        if theirs is None:
            return f"{text}."
        above = sum(one > theirs for one in hours)
        if len(hours) == 1:
            return f"{text}, {'above' if above else 'not above'} the paper's {theirs:.0f} h."
        return (
            f"{text}; above the paper's {theirs:.0f} h in {above} of {len(hours)} years computed."
        )


def _years(context: PaperContext, tell: Callable[[float], None]) -> _Years:
    """Compute the most hours of a latitude for some of the years of the search."""
    fineness, looks = context.settings.fineness, context.settings.hours_look_angles_deg
    elapsed_s, step_s = _instants(max(_YEAR_STEP_S, fineness.hours_step_s))
    grid_deg = max(_YEAR_GRID_DEG, fineness.hours_grid_deg)
    latitude = np.arange(-90.0 + 0.5 * grid_deg, 90.0, grid_deg)
    found = _Years([], {one: [] for one in looks}, {one: [] for one in looks}, [])
    wanted = search_years(context)[::_YEARS_APART]
    for done, (year, motion) in enumerate(year_motions(context, wanted, elapsed_s)):
        tell((done + 1) / len(wanted))
        if motion is None:
            found.left_out.append(year)
            continue
        model, moon = motion
        station = site_station(model.ephemeris, context.site)
        frame = _while_seen(
            zero_doppler_frame(moon.site_motion(station)), context.earth_up(model, moon)
        )
        found.years.append(year)
        for look in looks:
            beam = _beam(context, look)
            mean = coverage_hours(frame, step_s, beam, _SIDES, latitude, _YEAR_LONGITUDES_DEG).mean(
                axis=1
            )
            best = int(np.argmax(mean))
            found.most_hours[look].append(float(mean[best]))
            found.latitude_deg[look].append(float(latitude[best]))
    return found
