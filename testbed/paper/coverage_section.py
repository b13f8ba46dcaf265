"""Coverage in space, and distance: Table 2, Figs 2, 3 and 5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from sim_core.geometry.coverage import covered_latitudes
from sim_core.geometry.distance import distance_series
from sim_core.geometry.footprint import Footprint, footprint
from sim_core.geometry.moon_over_earth import SIDEREAL_MONTH_S
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.steering import ZeroDopplerFrame
from testbed.paper import published
from testbed.paper.beam_shape import beam_shape
from testbed.paper.context import EPOCH_KEY, NODAL_KEY, PaperContext
from testbed.paper.figures import coverage_figures as figures
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.report.progress import Advance

FloatArray = npt.NDArray[np.float64]

NODAL_CYCLE_YEARS = 18.6
_DAY_S = 86400.0
_JULIAN_YEAR_S = 365.25 * _DAY_S
# Of Fig. 2: look angles up to the limb, instants within a month.
_MAP_LOOKS_DEG, _MONTH_INSTANTS = np.arange(101) / 100.0, 220
_LEFT_OUT = "the rest is left out"
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
                "Widths taken from the beam's middle to its edges; the paper tells neither its "
                "distance nor the shape of its Earth.",
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
                "The same area over that of the ellipsoid, 510.07 million km\N{SUPERSCRIPT TWO}.",
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
                "Widths taken from edge to edge: "
                f"{100.0 * halved.area_m2 / 1e10 / row.area_1e4_km2:.0f} percent of what is "
                "printed.",
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
    worst, worst_full = (
        max(abs(row.difference) for row in one if row.difference is not None)
        for one in (rows, full_rows)
    )
    when = "of Table 3" if context.settings.epoch_utc is None else "of the settings"
    nearer = "the middle to the edges" if worst < worst_full else "edge to edge"
    least, most = published.TABLE_2_INCIDENCE_DEG
    return Section(
        "table2",
        "Table 2: coverage of a beam",
        (
            f"What a beam lights of the ellipsoid from {distance_km:,.0f} km, at the epoch "
            f"{when} ({context.table_epoch().utc_iso(0)} UTC), looking {side}, between incidence "
            f"angles of {least:g} and {most:g} degrees. The area is an integral over angles, exact "
            "to twelve digits; no pixel is counted.",
            "The paper does not say how its widths count. Read from the middle to the edges they "
            f"leave {worst:.1f} percent of a row at most, read from edge to edge "
            f"{worst_full:.1f} percent: from {nearer} is the nearer reading. It tells neither its "
            "distance, with the square of which a narrow beam's area grows, nor its Earth's shape "
            "for this table.",
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
        f"from {distance_km:,.0f} km, with widths from the middle to the edges, areas are off the "
        f"paper's by {worst:.1f} percent at most; with widths from edge to edge by "
        f"{worst_full:.1f}.",
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
    frame, seen = context.frame(context.year_start, elapsed_s)
    wanted, side = context.settings.look_angles_deg, context.settings.side
    looks = np.union1d(_MAP_LOOKS_DEG, wanted)
    widths = published.FIGURE_2_RANGE_WIDTHS_DEG
    maps, data = [], []
    for index, width in enumerate(widths):
        ends = np.empty((2, looks.size, elapsed_s.size))
        for row, look in enumerate(looks.tolist()):
            beam = beam_shape(look, published.FIGURE_2_AZIMUTH_WIDTH_DEG, width, 0.0, 90.0)
            ends[:, row] = covered_latitudes(frame, beam, side)
            advance(index * looks.size + row + 1, len(widths) * looks.size)
        ends[:, :, ~seen] = np.nan
        for name, latitude in zip(("southern", "northern"), ends, strict=True):
            maps.append((f"Beam of ±{width:g}°: its {name} edge", latitude))
        for look in wanted:
            index_of_look = int(np.searchsorted(looks, look))
            data.append(
                {
                    "range_half_width_deg": width,
                    "side": side,
                    "look_angle_deg": look,
                    "lowest_deg": _finite(np.nanmin, ends[0, index_of_look]),
                    "highest_deg": _finite(np.nanmax, ends[1, index_of_look]),
                }
            )
    days = elapsed_s / _DAY_S
    return Section(
        "figure2",
        "Fig. 2: latitudes of the covered strip",
        (
            "The strip in the zero-Doppler plane runs nearly along a meridian; its ends follow the "
            "Moon's declination, which swings once in the month, by 18 to 29 degrees as the nodal "
            "cycle goes. A beam beyond the limb ends there; one that passes a pole ends at the "
            "highest latitude that it reaches.",
            *context.sight_text(seen, "month", _LEFT_OUT),
        ),
        (),
        (
            PaperFigure(
                "figure2",
                lambda: figures.draw_latitude_maps(days, looks, maps),
                "Four maps of latitude against time and look angle: both edges of two beams",
                "Fig. 2: geocentric latitudes of the covered strip against time and look angle, "
                f"for beams turned {side}, from {context.settings.year_start_utc[:10]} on. White "
                "lines: every 30 degrees.",
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
    frame, seen = context.frame(
        start, step_s * np.arange(months * instants, dtype=np.float64), NODAL_KEY
    )
    years = (np.arange(months, dtype=np.float64) + 0.5) * SIDEREAL_MONTH_S / _JULIAN_YEAR_S
    least, limits = published.FIGURE_3_MIN_INCIDENCE_DEG, published.FIGURE_3_MAX_INCIDENCE_DEG
    panels, data, done = [], [], 0
    farthest = np.full((len(limits), months), np.nan)
    for most, of_months in zip(limits, farthest, strict=True):
        bands = []
        for side in _SIDES:
            # All look angles together: what the limits of incidence leave of half the disc.
            lowest, highest = (
                np.where(seen, end, np.nan).reshape(months, instants)
                for end in covered_latitudes(frame, beam_shape(0.6, 0.5, 0.6, least, most), side)
            )
            bands.append(
                figures.LatitudeBand(
                    f"turned {side}",
                    np.fmin.reduce(lowest, axis=1),
                    np.fmax.reduce(highest, axis=1),
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
            reached = np.fmax.reduce(np.fmax(np.abs(lowest), np.abs(highest)), axis=1)
            np.fmax(of_months, reached, out=of_months)
            done += 1
            advance(done, len(limits) * len(_SIDES))
        panels.append((f"Incidence of {least:g} to {most:g}°", bands))
    label = f"years from {context.settings.nodal_start_utc[:10]}"
    return Section(
        "figure3",
        "Fig. 3: latitudes within limits of incidence",
        (
            "All look angles together, to either side, month by month. How far from the equator "
            "they lie follows how high the Moon stands in the month, and with it the nodal cycle. "
            + " ".join(
                f"With incidence angles up to {most:g} degrees the farthest latitude of a month is "
                f"between {_degrees(np.nanmin, one)} and {_degrees(np.nanmax, one)}."
                for most, one in zip(limits, farthest, strict=True)
            ),
            *context.sight_text(seen, "nodal cycle", _LEFT_OUT),
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
        "; ".join(
            f"with incidence angles up to {most:g} degrees latitudes of up to "
            f"{_degrees(np.nanmax, one)} are lit at some time"
            for most, one in zip(limits, farthest, strict=True)
        )
        + ".",
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
    model, moon = context.moon(start, elapsed_s)
    seen = context.in_sight(model, moon)
    target = EarthPoint(0.0, 0.0)
    series = distance_series(model, context.site, target, start, elapsed_s)
    advance(1, 1)
    days = elapsed_s / _DAY_S
    turning_km, still_km, centre_km = (
        1e-3 * np.where(seen, one, np.nan)
        for one in (series.turning_m, series.still_m, series.centre_m)
    )
    swing_km = float(np.nanmax(np.abs(turning_km - centre_km)))
    orbit = 100.0 * float(np.nanmax(centre_km) / np.nanmin(centre_km) - 1.0)
    return Section(
        "figure5",
        "Fig. 5: distance over a sidereal month",
        (
            f"The orbit alone changes the distance by {orbit:.0f} percent within the month. The "
            f"Earth's rotation puts a wave of a day on it, of up to {swing_km:,.0f} km, about the "
            "Earth's radius: most of a fixed point's Doppler shift and rate is of that wave.",
            *context.sight_text(seen, "month", _LEFT_OUT),
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
            "turning_km": [float(np.nanmin(turning_km)), float(np.nanmax(turning_km))],
            "still_km": [float(np.nanmin(still_km)), float(np.nanmax(still_km))],
        },
        f"the Earth's rotation puts a wave of up to {swing_km:,.0f} km on the distance.",
    )


def _footprint(
    frame: ZeroDopplerFrame, row: published.Coverage, side: Side, share: float
) -> Footprint:
    least, most = published.TABLE_2_INCIDENCE_DEG
    beam = beam_shape(
        row.look_angle_deg, share * row.azimuth_width_deg, share * row.range_width_deg, least, most
    )
    return footprint(frame, beam, side)


def _finite(function: Callable[[FloatArray], Any], values: FloatArray) -> float | None:
    """Return an extreme of what is lit at all."""
    return float(function(values)) if np.isfinite(values).any() else None


def _degrees(function: Callable[[FloatArray], Any], values: FloatArray) -> str:
    """Write an extreme of latitudes."""
    return f"{function(values):.0f} degrees" if np.isfinite(values).any() else "none"
