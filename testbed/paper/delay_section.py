"""Smallest two-way delays and what they leave of an aperture: Table 3, and the epoch behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from sim_core.geometry.delay_minimum import DelayTable
from sim_core.geometry.epoch_search import EpochFit, EpochSearch
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.motion import MotionModel, site_station, target_station
from sim_core.geometry.sites import EarthPoint
from testbed.paper import published
from testbed.paper.context import (
    EPOCH_KEY,
    HOUR_S,
    PUBLISHED_DELAYS,
    TOLERANCE_S,
    PaperContext,
)
from testbed.paper.figures import delay_figures as figures
from testbed.paper.misprint import MISPRINTED_ROW, Misprint, misprint_text, seek_misprint
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.report.progress import Advance
from testbed.report.quantities import number, seconds

FloatArray = npt.NDArray[np.float64]

_CURVE_INSTANTS = 241
# Largest second derivative of a range: so much the radar's velocity along the line of sight
# changes in a second by which a smallest delay moves.
_RANGE_BEND_M_PER_S2 = 0.03
# Delays this near the tolerance lie on its edge.
_EDGE_SHARE = 0.98


def build_table_3(context: PaperContext, advance: Advance) -> Section:
    """Compute smallest delays and time spans by both ways of steering, at the epoch that fits best.

    Parameters
    ----------
    context : PaperContext
        Settings and epoch.
    advance : callable
        Is told of steps done.
    """
    best = context.best_fit()
    search = context.search() if context.settings.epoch_utc is None else None
    advance(1, 3)
    model = context.model(best.epoch, HOUR_S, EPOCH_KEY, HOUR_S)
    panels = _panels(model, best)
    advance(2, 3)
    misprint = seek_misprint(context, search) if search is not None else None
    rounded = _rounded(context) if search is not None else None
    advance(3, 3)
    tables = [
        PaperTable(
            "table3",
            _caption("velocity of the Moon's centre (the paper's)"),
            _rows(best, search is not None, misprint),
        ),
        PaperTable(
            "table3_rigorous",
            _caption("velocity of the site (rigorous)"),
            _rigorous_rows(best),
        ),
    ]
    drawings = [
        PaperFigure(
            "table3",
            lambda: figures.draw_histories(panels),
            "Six panels of delay against transmit time: two parabolas each, their minima marked",
            "Two-way delay, less the smallest of each, against transmit time within the aperture "
            "of each row. Marks: smallest delays. Grey: where the paper's time span puts them, on "
            "the side where ours lies.",
        )
    ]
    if rounded is not None:
        tables.append(
            PaperTable(
                "table3_rounded",
                f"Table 3 at the best epoch within rounding, {_name(rounded)}",
                _rows(rounded, True, misprint, 0.5 * TOLERANCE_S),
            )
        )
    if search is not None:
        tables.append(PaperTable("table3_epochs", "Epochs that fit best", _epoch_rows(search)))
        drawings.append(
            PaperFigure(
                "epochs",
                lambda: figures.draw_residuals(
                    [_name(fit) for fit in search.fits],
                    np.array([fit.time_span_residual_s for fit in search.fits]),
                    np.array([fit.delay_residual_s for fit in search.fits]),
                    [_label(row) for row in published.TABLE_3],
                ),
                "Residuals of six time spans and six delays for each of the epochs that fit best",
                "What remains at the best epochs, ours less the paper's: time spans, and smallest "
                "delays with the 0.1 ms within which they are sought.",
            )
        )
    return Section(
        "table3",
        "Smallest delay and lost aperture",
        (
            *_text(best, search),
            *(_limit_text(best, rounded) if search is not None else ()),
            *(misprint_text(misprint) if misprint is not None else ()),
        ),
        tuple(tables),
        tuple(drawings),
        {
            "epoch_utc": best.epoch.utc_iso(0),
            "side": best.side,
            "time_span_rms_s": best.time_span_rms_s,
            "smallest_delay_at_s": {
                "rigorous": best.rigorous.transmit_s.tolist(),
                "moon_centre": best.moon_centre.transmit_s.tolist(),
                "minus_half_the_delay": (-0.5 * best.rigorous.delay_s).tolist(),
            },
            "search": None if search is None else _search_data(search),
            "rounded": None if rounded is None else _fit_data(rounded),
            "misprint": {} if misprint is None else asdict(misprint),
        },
        _summary(best, search is not None, misprint),
    )


def _summary(best: EpochFit, sought: bool, misprint: Misprint | None) -> str:
    delay_ms = 1e3 * float(np.abs(best.delay_residual_s).max())
    off_s, spans = np.abs(best.time_span_residual_s), "time spans by up to"
    if misprint is not None and misprint.likely:
        off_s, spans = np.delete(off_s, MISPRINTED_ROW), "five of the time spans by up to"
    epoch = f"{best.epoch.utc_iso(0)} UTC, {'which fits best' if sought else 'as the settings say'}"
    return (
        f"at {epoch}, the six smallest delays differ from the paper's by up to {delay_ms:.2f} ms "
        f"and {spans} {off_s.max():.1f} s, by the velocity of the Moon's centre; rigorous steering "
        "puts the smallest delay half a delay before the moment of steering and gives the lost "
        "aperture back."
    )


def _text(best: EpochFit, search: EpochSearch | None) -> tuple[str, ...]:
    off_s = float(np.abs(best.rigorous.transmit_s + 0.5 * best.rigorous.delay_s).max())
    halves_s = np.array([0.5 * row.aperture_s for row in published.TABLE_3])
    left_out_s = float((halves_s - best.rigorous.time_span_s).max())
    lost_s = halves_s - best.moon_centre.time_span_s
    theirs_s = halves_s - np.array([row.time_span_s for row in published.TABLE_3])
    if search is None:
        how = (
            f"At {best.epoch.utc_iso(0)} UTC, as the settings say, beams turned {best.side}. The "
            "paper names no epoch."
        )
    else:
        left = search.without_orientation
        first, last = search.start.utc_iso(0)[:4], search.stop.plus_seconds(-86400.0).utc_iso(0)[:4]
        years = f"in {first}" if first == last else f"from {first} to {last}"
        how = (
            f"The paper names no epoch. Of {search.crossings} passages of the Moon through the "
            f"distances that the delays ask for, {years}"
            + (f" ({left} of them beyond the known Earth orientation)" if left else "")
            + f", all six delays hold within {1e3 * TOLERANCE_S:g} ms for {search.hours:.1f} "
            "hours, both sides "
            f"counted. Time spans fit best at {best.epoch.utc_iso(0)} UTC, beams turned "
            f"{best.side}: rms {best.time_span_rms_s:.2f} s."
        )
    return (
        how,
        "The paper's lost aperture is a steering error. Steered by the velocity of the site, the "
        "smallest delay belongs to what leaves half a delay before the moment of steering, within "
        f"{seconds(off_s, 1)} in all rows, and all but {left_out_s:.2f} s of either half of the "
        "aperture is there. Steered by the velocity of the Moon's centre, which leaves out the "
        f"site's own 4.6 m/s, it moves by {lost_s.min():.1f} to {lost_s.max():.1f} s off the "
        f"middle; the paper's time spans put it {theirs_s.min():.1f} to {theirs_s.max():.1f} s "
        "off.",
        "Both legs of the light time are solved, with aberration. A time span is that from the "
        "transmission of the smallest delay to the nearer end of the aperture, whose transmit "
        "times run from minus to plus half its length.",
    )


def _limit_text(best: EpochFit, rounded: EpochFit | None) -> tuple[str, ...]:
    """Say how the tolerance decides the epoch, and what comes of the paper's rounding."""
    printed = int((np.abs(best.delay_residual_s) <= 0.5 * TOLERANCE_S).sum())
    edge = (
        "The best epoch lies on the edge of that tolerance, so that the tolerance decides it. "
        if _share_of_tolerance(best) > _EDGE_SHARE
        else ""
    )
    of_rounding = (
        "At no epoch of these years do all six round to the printed ones."
        if rounded is None
        else "Within rounding, 0.05 ms, time spans fit best at "
        f"{rounded.epoch.utc_iso(0)} UTC, beams turned {rounded.side}, where their rms is "
        f"{rounded.time_span_rms_s:.2f} s; a table below is of that epoch."
    )
    return (
        f"{edge}The tolerance is one of the last printed digit: {printed} of the six delays round "
        f"to the printed one. {of_rounding}",
    )


def _share_of_tolerance(fit: EpochFit) -> float:
    """Return the largest difference of delays, by both ways of steering, of the tolerance."""
    theirs_s = np.array([row.delay_min_s for row in published.TABLE_3])
    off_s = np.abs([fit.rigorous.delay_s - theirs_s, fit.delay_residual_s])
    return float(off_s.max()) / TOLERANCE_S


def _caption(velocity: str) -> str:
    return f"Table 3 by the {velocity}: site, look angle, aperture"


def _label(row: published.DelayMinimum) -> str:
    return (
        f"({row.site_latitude_deg:g}, {row.site_longitude_deg:g}) {row.look_angle_deg:g}°, "
        f"{row.aperture_s:g} s"
    )


def _rows(
    fit: EpochFit, sought: bool, misprint: Misprint | None, within_s: float = TOLERANCE_S
) -> tuple[Row, ...]:
    """Compare by the velocity of the Moon's centre; say why by whether the epoch was sought."""
    given = "At the epoch of the settings; the paper names none."
    why = f"The epoch is sought so that all six lie within {1e3 * within_s:g} ms."
    return (
        *_delay_rows(fit.moon_centre, why if sought else given),
        *_span_rows(
            fit.moon_centre,
            [
                _why_of_span(index, residual_s, sought, misprint)
                for index, residual_s in enumerate(fit.time_span_residual_s.tolist())
            ],
        ),
    )


def _why_of_span(index: int, residual_s: float, sought: bool, misprint: Misprint | None) -> str:
    if index == MISPRINTED_ROW and misprint is not None and misprint.likely:
        return (
            f"Does not go with the next two rows at any of the {misprint.epochs} epochs that fit "
            "best: most likely a misprint of one digit."
        )
    speed_m_per_s = _RANGE_BEND_M_PER_S2 * abs(residual_s)
    epoch = "the paper names no epoch" if sought else "the epoch is that of the settings"
    return (
        f"As much as {speed_m_per_s:.2f} m/s of the radar's velocity along the line of sight "
        f"makes; {epoch}."
    )


def _rigorous_rows(fit: EpochFit) -> tuple[Row, ...]:
    """Compare by the velocity of the site, and with half the delay."""
    gain = (
        "Rigorous steering gives the lost aperture back: half the aperture less half the delay is "
        "left."
    )
    return (
        *_delay_rows(fit.rigorous, "The smallest delay hardly depends on the steering."),
        *_span_rows(fit.rigorous, [gain] * len(published.TABLE_3)),
        *(
            Row(
                _label(row),
                "smallest delay leaves at",
                "s",
                float(leaves_s),
                None,
                f"Half the delay before the moment of steering is {number(-0.5 * delay_s, 4)} s.",
                decimals=4,
            )
            for row, leaves_s, delay_s in zip(
                published.TABLE_3, fit.rigorous.transmit_s, fit.rigorous.delay_s, strict=True
            )
        ),
    )


def _delay_rows(table: DelayTable, why: str) -> list[Row]:
    return [
        Row(_label(row), "smallest delay", "s", float(ours_s), row.delay_min_s, why, decimals=5)
        for row, ours_s in zip(published.TABLE_3, table.delay_s, strict=True)
    ]


def _span_rows(table: DelayTable, whys: Sequence[str]) -> list[Row]:
    return [
        Row(_label(row), "time span", "s", float(ours_s), row.time_span_s, why, decimals=2)
        for row, ours_s, why in zip(published.TABLE_3, table.time_span_s, whys, strict=True)
    ]


def _epoch_rows(search: EpochSearch) -> tuple[Row, ...]:
    return tuple(
        Row(
            _name(fit),
            "rms of the time spans' residuals",
            "s",
            fit.time_span_rms_s,
            None,
            f"Delays off by {1e3 * np.abs(fit.delay_residual_s).max():.3f} ms at most, time spans "
            f"by {_signed(fit.time_span_residual_s)} s.",
            decimals=2,
        )
        for fit in search.fits
    )


def _name(fit: EpochFit) -> str:
    return f"{fit.epoch.utc_iso(0).replace('T', ' ')} {fit.side}"


def _signed(values: FloatArray) -> str:
    return ", ".join(f"{one:+.2f}" for one in values.tolist())


def _search_data(search: EpochSearch) -> dict[str, Any]:
    return {
        "crossings": search.crossings,
        "without_earth_orientation": search.without_orientation,
        "hours": search.hours,
        "fits": [_fit_data(fit) for fit in search.fits],
    }


def _fit_data(fit: EpochFit) -> dict[str, Any]:
    return {
        "epoch_utc": fit.epoch.utc_iso(0),
        "side": fit.side,
        "time_span_rms_s": fit.time_span_rms_s,
        "time_span_residual_s": fit.time_span_residual_s.tolist(),
        "delay_residual_s": fit.delay_residual_s.tolist(),
    }


def _rounded(context: PaperContext) -> EpochFit | None:
    """Return the best fit at which all delays round to the printed ones, if there is one."""
    fits = context.search_for(PUBLISHED_DELAYS, tolerance_s=0.5 * TOLERANCE_S).fits
    return fits[0] if fits else None


def _panels(model: MotionModel, fit: EpochFit) -> list[figures.Histories]:
    """Solve delays over each row's aperture for both ways of steering."""
    panels = []
    for index, row in enumerate(published.TABLE_3):
        transmit_s = np.linspace(-0.5 * row.aperture_s, 0.5 * row.aperture_s, _CURVE_INSTANTS)
        curves = [
            figures.History(
                _excess_s(model, table, index, transmit_s), float(table.transmit_s[index])
            )
            for table in (fit.rigorous, fit.moon_centre)
        ]
        late = 1.0 if fit.moon_centre.transmit_s[index] > 0.0 else -1.0
        panels.append(
            figures.Histories(
                _label(row),
                transmit_s,
                curves[0],
                curves[1],
                late * (0.5 * row.aperture_s - row.time_span_s),
            )
        )
    return panels


def _excess_s(
    model: MotionModel, table: DelayTable, index: int, transmit_s: Sequence[float] | FloatArray
) -> FloatArray:
    """Return delays of a row's target less the smallest."""
    target = EarthPoint(
        float(np.rad2deg(table.latitude_rad[index])), float(np.rad2deg(table.longitude_rad[index]))
    )
    site = site_station(model.ephemeris, table.cases[index].site)
    times = two_way_light_times(model, site, target_station(target), *table.epoch.split(transmit_s))
    return np.asarray(times.delay_s - table.delay_s[index])
