"""Coverage in space and time: Table 2, Figs 2 to 5."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from sim_core.geometry.coverage import coverage_hours, covered_latitudes
from sim_core.geometry.distance import distance_series
from sim_core.geometry.footprint import BeamShape, Footprint, footprint
from sim_core.geometry.moon_over_earth import SIDEREAL_MONTH_S, SIDEREAL_YEAR_S
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.steering import ZeroDopplerFrame
from testbed.paper import published
from testbed.paper.context import EPOCH_KEY, NODAL_KEY, PaperContext
from testbed.paper.figures import coverage_figures as figures
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.report.progress import Advance

FloatArray = npt.NDArray[np.float64]

NODAL_CYCLE_YEARS = 18.6
_DAY_S = 86400.0
_JULIAN_YEAR_S = 365.25 * _DAY_S
# Of Fig. 2: look angles up to the limb, instants within a month.
_LARGEST_LOOK_DEG, _LOOKS, _MONTH_INSTANTS = 1.0, 101, 220
_SIDES: tuple[Side, Side] = ("north", "south")


def build_table_2(context: PaperContext, advance: Advance) -> Section:
    """Compute what beams light of the Earth, and set it beside Table 2.

    Parameters
    ----------
    context : PaperContext
        Settings and epoch.
    advance : callable
        Is told of beams done.
    """
    frame, _ = context.frame(context.table_epoch(), np.zeros(1), EPOCH_KEY)
    distance_km = 1e-3 * float(np.linalg.norm(frame.position_m[0]))
    side = context.table_side()
    rows, shares, full_rows, lit = [], [], [], []
    for index, row in enumerate(published.TABLE_2):
        label = f"{row.look_angle_deg:g}, {row.azimuth_width_deg:g}, {row.range_width_deg:g}"
        whole = _footprint(frame, row, side, 1.0)
        rows.append(
            Row(
                label,
                "area",
                "10\N{SUPERSCRIPT FOUR} km\N{SUPERSCRIPT TWO}",
                whole.area_m2 / 1e10,
                row.area_1e4_km2,
                "Widths taken from the beam's middle to its edges. What is left is of the size "
                "that distance and shape of the Earth make; the paper tells neither.",
                decimals=2,
                relative=True,
            )
        )
        shares.append(
            Row(
                label,
                "share of the Earth",
                "%",
                100.0 * whole.share_of_earth,
                row.percent_of_earth,
                "The same area over that of the ellipsoid, 510.07 million "
                "km\N{SUPERSCRIPT TWO}; the paper prints two digits.",
                decimals=3,
                relative=True,
            )
        )
        halved = _footprint(frame, row, side, 0.5)
        full_rows.append(
            Row(
                label,
                "area",
                "10\N{SUPERSCRIPT FOUR} km\N{SUPERSCRIPT TWO}",
                halved.area_m2 / 1e10,
                row.area_1e4_km2,
                "Widths taken from edge to edge: about a quarter of what is printed, so this is "
                "not what the paper means.",
                decimals=2,
                relative=True,
            )
        )
        lit.append(
            figures.LitGround(
                f"look {row.look_angle_deg:g}°, ±{row.azimuth_width_deg:g}° × "
                f"±{row.range_width_deg:g}°",
                whole.outlines_m,
            )
        )
        advance(index + 1, len(published.TABLE_2))
    position_m = frame.position_m[0]
    worst = max(abs(row.difference) for row in rows if row.difference is not None)
    least, most = published.TABLE_2_INCIDENCE_DEG
    return Section(
        "table2",
        "Coverage of a beam",
        (
            f"What a beam lights of the ellipsoid from {distance_km:,.0f} km, at the epoch of "
            f"Table 3 ({context.table_epoch().utc_iso(0)} UTC), looking {side}, between incidence "
            f"angles of {least:g} and {most:g} degrees. The area is an integral over angles, exact "
            "to twelve digits; no pixel is counted.",
            "The paper does not say how its widths count. Read from the middle to the edges they "
            f"reproduce every row within {worst:.1f} percent; read from edge to edge they do not. "
            "It tells neither its distance nor its Earth's shape for this table; a sphere of 6371 "
            "km changes the narrow beams by up to 2.5 percent.",
        ),
        (
            PaperTable(
                "table2",
                "Table 2: look angle, azimuth and range width (deg)",
                (*rows, *shares),
            ),
            PaperTable(
                "table2_full_widths",
                "The same with widths from edge to edge",
                tuple(full_rows),
            ),
        ),
        (
            PaperFigure(
                "footprints",
                lambda: figures.draw_footprints(position_m, lit),
                "The Earth's disc as the radar sees it, with the lit ground of each row of Table 2",
                "What the beams of Table 2 light, on the Earth as the radar sees it (north up).",
            ),
        ),
        {"distance_km": distance_km, "side": side},
        f"with widths from the middle to the edges all areas are within {worst:.1f} percent of the "
        f"paper's, from {distance_km:,.0f} km.",
    )


def build_figure_2(context: PaperContext, advance: Advance) -> Section:
    """Compute the latitudes of the covered strip against time and look angle.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told of strips done.
    """
    elapsed_s = np.linspace(0.0, SIDEREAL_MONTH_S, _MONTH_INSTANTS)
    frame, _ = context.frame(context.year_start, elapsed_s)
    looks = np.linspace(0.0, _LARGEST_LOOK_DEG, _LOOKS)
    widths = published.FIGURE_2_RANGE_WIDTHS_DEG
    maps, data = [], []
    for index, width in enumerate(widths):
        ends = np.empty((2, looks.size, elapsed_s.size))
        for row, look in enumerate(looks.tolist()):
            beam = _beam(look, published.FIGURE_2_AZIMUTH_WIDTH_DEG, width, 0.0, 90.0)
            ends[:, row] = covered_latitudes(frame, beam, "north")
            advance(index * looks.size + row + 1, len(widths) * looks.size)
        for name, latitude in zip(("southern", "northern"), ends, strict=True):
            maps.append((f"Beam of ±{width:g}°: its {name} edge", latitude))
        for look in context.settings.look_angles_deg:
            nearest = int(np.argmin(np.abs(looks - look)))
            data.append(
                {
                    "range_half_width_deg": width,
                    "look_angle_deg": float(looks[nearest]),
                    "lowest_deg": _finite(np.nanmin, ends[0, nearest]),
                    "highest_deg": _finite(np.nanmax, ends[1, nearest]),
                }
            )
    days = elapsed_s / _DAY_S
    return Section(
        "figure2",
        "Latitudes of the covered strip",
        (
            "The strip in the zero-Doppler plane runs nearly along a meridian; its ends follow the "
            "Moon's declination, which swings once in the month, by 18 to 29 degrees as the nodal "
            "cycle goes. A beam beyond the limb ends there; one that passes a pole ends at the "
            "highest latitude that it reaches.",
        ),
        (),
        (
            PaperFigure(
                "figure2",
                lambda: figures.draw_latitude_maps(days, looks, maps),
                "Four maps of latitude against time and look angle: both edges of two beams",
                "Fig. 2: geocentric latitudes of the covered strip against time and look angle, "
                f"for beams turned north, from {context.settings.year_start_utc[:10]} on. White: "
                "every 30 degrees.",
            ),
        ),
        {"strips": data},
        "the covered strip follows the Moon's declination through the month.",
    )


def build_figure_3(context: PaperContext, advance: Advance) -> Section:
    """Compute the latitudes that can be covered within limits of incidence, over a nodal cycle.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told of strips done.
    """
    start = context.instant(NODAL_KEY)
    months = round(NODAL_CYCLE_YEARS * _JULIAN_YEAR_S / SIDEREAL_MONTH_S)
    instants = max(8, round(SIDEREAL_MONTH_S / _DAY_S / context.settings.fineness.nodal_step_days))
    step_s = SIDEREAL_MONTH_S / instants
    frame, _ = context.frame(
        start, step_s * np.arange(months * instants, dtype=np.float64), NODAL_KEY
    )
    years = (np.arange(months, dtype=np.float64) + 0.5) * SIDEREAL_MONTH_S / _JULIAN_YEAR_S
    least, limits = published.FIGURE_3_MIN_INCIDENCE_DEG, published.FIGURE_3_MAX_INCIDENCE_DEG
    panels, data, done = [], [], 0
    farthest_deg = 0.0
    for most in limits:
        bands, farthest_deg = [], 0.0
        for side in _SIDES:
            # All look angles together: what the limits of incidence leave of half the disc.
            lowest, highest = (
                end.reshape(months, instants)
                for end in covered_latitudes(frame, _beam(0.6, 0.5, 0.6, least, most), side)
            )
            bands.append(
                figures.LatitudeBand(
                    f"turned {side}",
                    lowest.min(axis=1),
                    highest.max(axis=1),
                    lowest.max(axis=1),
                    highest.min(axis=1),
                )
            )
            data.append(
                {
                    "max_incidence_deg": most,
                    "side": side,
                    "lowest_deg": _finite(np.nanmin, lowest),
                    "highest_deg": _finite(np.nanmax, highest),
                }
            )
            farthest_deg = max(farthest_deg, float(np.nanmax(np.abs((lowest, highest)))))
            done += 1
            advance(done, len(limits) * len(_SIDES))
        panels.append((f"Incidence of {least:g} to {most:g}°", bands))
    label = f"years from {context.settings.nodal_start_utc[:10]}"
    return Section(
        "figure3",
        "Latitudes within limits of incidence",
        (
            "All look angles together, to either side, month by month. With incidence angles up to "
            "79 degrees the high latitudes come into reach in every month, while the Moon stands "
            f"high; with 40 degrees nothing beyond {farthest_deg:.0f} degrees is ever lit. Around "
            "the minor standstill of the Moon the ranges are narrower, and steadier.",
        ),
        (),
        (
            PaperFigure(
                "figure3",
                lambda: figures.draw_latitude_bands(years, panels, label),
                "Bands of latitude against time for two limits of incidence and both sides",
                "Fig. 3: latitudes that can be covered over the nodal cycle of 18.6 years: at some "
                "time in a sidereal month (pale), and at all times (dark).",
            ),
        ),
        {"ranges": data},
        f"with incidence angles up to {limits[-1]:g} degrees nothing beyond {farthest_deg:.0f} "
        f"degrees of latitude is ever lit, with {limits[0]:g} degrees the poles are.",
    )


def build_figure_4(context: PaperContext, advance: Advance) -> Section:
    """Compute the hours for which places are lit in a sidereal year.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told of places done.
    """
    settings, fineness = context.settings, context.settings.fineness
    instants = max(1, round(SIDEREAL_YEAR_S / fineness.hours_step_s))
    step_s = SIDEREAL_YEAR_S / instants
    frame, seen = context.frame(
        context.year_start, step_s * (np.arange(instants, dtype=np.float64) + 0.5)
    )
    # A radar lights nothing while the Earth is below its horizon.
    frame = ZeroDopplerFrame(*(getattr(frame, one.name)[seen] for one in fields(frame)))
    half = 0.5 * fineness.hours_grid_deg
    latitude = np.arange(-90.0 + half, 90.0, fineness.hours_grid_deg)
    longitude = np.arange(-180.0 + half, 180.0, fineness.hours_grid_deg)
    published_hours = dict(published.FIGURE_4_HOURS)
    maps, rows, data = [], [], []
    for index, look in enumerate(settings.hours_look_angles_deg):

        def tell(done: int, total: int, before: int = index) -> None:
            advance(before * total + done, len(settings.hours_look_angles_deg) * total)

        beam = _beam(
            look,
            settings.beam.half_azimuth_deg,
            settings.beam.half_range_deg,
            settings.beam.min_incidence_deg,
            settings.beam.max_incidence_deg,
        )
        hours = coverage_hours(frame, step_s, beam, _SIDES, latitude, longitude, tell)
        mean = hours.mean(axis=1)
        best = int(np.argmax(mean))
        maps.append((f"Look angle {look:g}°, both sides", hours))
        rows.append(
            Row(
                f"look angle {look:g}°",
                f"most hours, at {abs(latitude[best]):.0f}° "
                f"{'north' if latitude[best] >= 0.0 else 'south'}",
                "h",
                float(mean[best]),
                published_hours.get(look),
                "The paper gives a number that is exceeded, and no beam: here its widths of Fig. 2 "
                "are taken to the edges, and the largest incidence of Fig. 3.",
                decimals=0,
            )
        )
        data.append(
            {
                "look_angle_deg": look,
                "most_hours": float(hours.max()),
                "latitude_deg": latitude.tolist(),
                "mean_hours": [round(one, 2) for one in mean.tolist()],
            }
        )
    beam_text = (
        f"±{settings.beam.half_azimuth_deg:g}° in azimuth, ±{settings.beam.half_range_deg:g}° in "
        f"range, incidence {settings.beam.min_incidence_deg:g} to "
        f"{settings.beam.max_incidence_deg:g}°"
    )
    return Section(
        "figure4",
        "Hours of coverage",
        (
            f"Hours in the sidereal year from {settings.year_start_utc} for which a place is lit, "
            f"from instants every {step_s / 60.0:.1f} min; beam {beam_text}, both sides.",
            "At 0.4 degrees low and middle latitudes are covered most; at 0.6 degrees the beam "
            "passes over the high latitudes, where meridians meet and a place stays in the strip. "
            "North and south differ by where the perigee stands: from a near Moon the beam is "
            "narrower on the ground and falls short of the pole that is turned to the Moon.",
        ),
        (PaperTable("figure4", "Fig. 4: most hours of a latitude", tuple(rows)),),
        (
            PaperFigure(
                "figure4",
                lambda: figures.draw_hours(latitude, longitude, maps),
                "Maps of hours of coverage with means over longitude beside them",
                f"Fig. 4: hours of coverage in a sidereal year ({beam_text}). At the right the "
                "mean over longitudes, with the spread along a parallel.",
            ),
        ),
        {"maps": data},
        "; ".join(
            f"at {look:g} degrees up to {row.ours:.0f} h in the year"
            for look, row in zip(settings.hours_look_angles_deg, rows, strict=True)
        )
        + ", above what the paper's maps exceed.",
    )


def build_figure_5(context: PaperContext, advance: Advance) -> Section:
    """Compute the distance from radar to target with and without the Earth's rotation.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told when it is done.
    """
    start = context.year_start
    elapsed_s = np.linspace(0.0, SIDEREAL_MONTH_S, 3000)
    model = context.model(start, SIDEREAL_MONTH_S)
    target = EarthPoint(0.0, 0.0)
    series = distance_series(model, context.site, target, start, elapsed_s)
    advance(1, 1)
    days, turning_km, still_km = elapsed_s / _DAY_S, 1e-3 * series.turning_m, 1e-3 * series.still_m
    swing_km = float(np.abs(series.turning_m - series.centre_m).max()) / 1e3
    return Section(
        "figure5",
        "Distance over a sidereal month",
        (
            "The orbit alone changes the distance by a tenth within the month. The Earth's "
            f"rotation puts a wave of a day on it, of up to {swing_km:,.0f} km: the Earth's "
            "radius. Doppler shift and rate come from that wave.",
        ),
        (),
        (
            PaperFigure(
                "figure5",
                lambda: figures.draw_distances(days, turning_km, still_km, "0° N 0° E"),
                "Two curves of distance against time, one smooth, one with a wave of a day",
                "Fig. 5: distance from the radar to a point on the equator, with the Earth turning "
                "and with the Earth held still as it stood at the start.",
            ),
        ),
        {
            "turning_km": [float(turning_km.min()), float(turning_km.max())],
            "still_km": [float(still_km.min()), float(still_km.max())],
        },
        f"the Earth's rotation puts a wave of up to {swing_km:,.0f} km on the distance.",
    )


def _footprint(
    frame: ZeroDopplerFrame, row: published.Coverage, side: Side, share: float
) -> Footprint:
    least, most = published.TABLE_2_INCIDENCE_DEG
    beam = _beam(
        row.look_angle_deg, share * row.azimuth_width_deg, share * row.range_width_deg, least, most
    )
    return footprint(frame, beam, side)


def _beam(
    look_deg: float, azimuth_deg: float, range_deg: float, least_deg: float, most_deg: float
) -> BeamShape:
    """Make a beam of angles in degrees; widths are those to the edges."""
    return BeamShape(
        math.radians(look_deg),
        math.radians(range_deg),
        math.radians(azimuth_deg),
        math.radians(least_deg),
        math.radians(most_deg),
    )


def _finite(function: Callable[[FloatArray], Any], values: FloatArray) -> float | None:
    """Return an extreme of what is lit at all."""
    return float(function(values)) if np.isfinite(values).any() else None
