"""What the paper could not do: the aperture given back, the PRF, any site and look angle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim_core.errors import PointingError
from sim_core.focusing.sampling import LEAST_PRF_RATIO
from sim_core.geometry.delay_minimum import DelayCase, DelayTable, delay_table
from sim_core.geometry.motion import MotionModel
from sim_core.geometry.steering import TrackVelocity
from testbed.errors import locate_errors
from testbed.paper import published
from testbed.paper.context import PaperContext
from testbed.paper.figures import beyond_figures as figures
from testbed.paper.look_geometry import LookGeometry
from testbed.paper.look_sweep import LookSweep, look_of
from testbed.paper.point_target_run import run_simulation
from testbed.paper.point_target_section import PROPER_PRF_HZ
from testbed.paper.prf_sweep import (
    SWEPT_PRF_HZ,
    PrfEffect,
    least_prf_hz,
    lit_width_m,
    prf_effect,
)
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.paper.typography import with_minus_signs
from testbed.report.progress import Advance

# PRFs of the focused runs against their Doppler bandwidth: the paper's, and enough.
_RUN_RATIOS = (0.27, 2.0)
_RUN_APERTURE_S = 20.0
_RUN_SPACINGS = 1.15
_WANTED_AMBIGUITY_DB = -20.0


def build_beyond(
    context: PaperContext,
    advance: Advance,
    *,
    run_aperture_s: float = _RUN_APERTURE_S,
    run_ratios: Sequence[float] = _RUN_RATIOS,
) -> Section:
    """Compute what rigorous steering gives back, what the PRF does, and looks from the site.

    Parameters
    ----------
    context : PaperContext
        Settings, epoch and side.
    advance : callable
        Is told of steps done.
    run_aperture_s : float
        Aperture of the focused runs: shorter ones cost less.
    run_ratios : sequence of float
        Their PRFs against their Doppler bandwidth.

    Raises
    ------
    ConfigError
        If a beam of the settings misses the Earth.
    """
    model = context.table_model()
    steps = 3 + len(run_ratios)
    look_deg = context.settings.look_angles_deg[0]
    with locate_errors(context.settings, "look_angles_deg", (PointingError,)):
        look = look_of(context, model, look_deg)
        cases = _published_cases(context, model)
        own_cases = _own_cases(context, model)
    advance(1, steps)
    effects = [prf_effect(look, published.TABLE_4, float(prf)) for prf in SWEPT_PRF_HZ]
    advance(2, steps)
    run_rows: list[Row] = []
    for index, ratio in enumerate(run_ratios):
        run_rows += _focused_rows(context, look, run_aperture_s, ratio)
        advance(3 + index, steps)
    looks = LookSweep.of(context, model, PROPER_PRF_HZ)
    advance(steps, steps)
    least_hz = least_prf_hz(look, published.TABLE_4, _WANTED_AMBIGUITY_DB)
    lit_km = 1e-3 * lit_width_m(look, published.TABLE_4)
    curves = _prf_curves(effects, lit_km)
    shown = [*cases, *own_cases[: int(_is_new(own_cases[0], cases))]]
    case_names = [with_minus_signs(f"{one.name}\n{one.look_deg:g}°") for one in shown]
    panels = _bars(shown)
    looks_curves = looks.curves()
    return Section(
        "beyond",
        "Beyond the paper",
        _paragraphs(context, cases, effects, least_hz, lit_km),
        (
            PaperTable(
                "beyond_aperture",
                "Usable aperture, twice the time span of Table 3, by both ways of steering",
                _case_rows(cases),
            ),
            PaperTable(
                "beyond_aperture_site",
                f"The same from the site of the settings, {published.TABLE_4.aperture_s:g} s",
                _case_rows(own_cases),
            ),
            PaperTable(
                "beyond_prf",
                f"Effect of the PRF on {published.TABLE_4.aperture_s:g} s of aperture, look angle "
                f"{look_deg:g}° from {own_cases[0].name}",
                _prf_rows(effects),
            ),
            PaperTable(
                "beyond_prf_runs",
                f"The same, focused: a point over {run_aperture_s:g} s of aperture",
                tuple(run_rows),
            ),
            PaperTable("beyond_looks", looks.caption, looks.rows()),
        ),
        (
            PaperFigure(
                "beyond_aperture",
                lambda: figures.draw_apertures(case_names, panels),
                "Bars of usable aperture and azimuth resolution for six cases and both steerings",
                "What steering by the velocity of the Moon's centre costs, and rigorous steering "
                "gives back: the six cases of Table 3, and the site of the settings where it is "
                "another.",
            ),
            PaperFigure(
                "beyond_prf",
                lambda: figures.draw_prf(curves),
                "Swath along the azimuth and level of ambiguities, both against the PRF",
                "Effect of the PRF: widths along the azimuth on the ground, and the energy of all "
                f"replicas of an even scene through an antenna of "
                f"{published.TABLE_4.antenna_azimuth_m:g} m, used both ways. White: range-Doppler.",
            ),
            PaperFigure(
                "beyond_looks",
                lambda: figures.draw_looks(looks.look_deg, looks.chosen, looks_curves),
                "Panels of what a site sees against the look angle",
                f"{looks.caption}. Marks: the look angles of the settings.",
            ),
        ),
        {
            "prf": [
                {
                    "prf_hz": one.prf_hz,
                    "method": one.method,
                    "spacing_s": one.spacing_s,
                    "free_width_m": one.free_width_m,
                    "whole_width_m": one.whole_width_m,
                    "ambiguity_db": one.ambiguity_db,
                }
                for one in effects
            ],
            "lit_width_m": 1e3 * lit_km,
            "least_prf_hz": least_hz if math.isfinite(least_hz) else None,
        },
        _summary(cases, least_hz),
    )


@dataclass(frozen=True, slots=True)
class _SteeredCase:
    """A site and look: usable aperture and azimuth resolution by both ways of steering."""

    name: str
    look_deg: float
    aperture_s: float
    published_s: float | None
    usable_s: tuple[float, float]
    resolution_m: tuple[float, float]


_WAYS: tuple[TrackVelocity, TrackVelocity] = ("moon_centre", "site")


def _published_cases(context: PaperContext, model: MotionModel) -> list[_SteeredCase]:
    """Return the rows of Table 3."""
    best = context.best_fit()
    spans_s = [2.0 * row.time_span_s for row in published.TABLE_3]
    return _steered_cases(model, (best.moon_centre, best.rigorous), spans_s)


def _own_cases(context: PaperContext, model: MotionModel) -> list[_SteeredCase]:
    """Return the site of the settings at their look angles, with the aperture of Table 4."""
    looks_deg = context.settings.look_angles_deg
    cases = [
        DelayCase(context.site, math.radians(look), published.TABLE_4.aperture_s)
        for look in looks_deg
    ]
    epoch, side = context.table_epoch(), context.table_side()
    centre, site = (delay_table(model, epoch, cases, side, way) for way in _WAYS)
    return _steered_cases(model, (centre, site), [None] * len(cases))


def _steered_cases(
    model: MotionModel, tables: tuple[DelayTable, DelayTable], published_s: Sequence[float | None]
) -> list[_SteeredCase]:
    cases = []
    for index, (case, theirs_s) in enumerate(zip(tables[0].cases, published_s, strict=True)):
        usable_s = [2.0 * max(float(one.time_span_s[index]), 0.0) for one in tables]
        # What is never in the aperture resolves nothing.
        resolution_m = [
            LookGeometry.of(
                model,
                case.site,
                table.epoch,
                case.look_angle_rad,
                table.side,
                case.aperture_s,
                table.velocity_of,
            ).azimuth_resolution_m(published.TABLE_4.carrier_hz, one_s)
            if one_s > 0.0
            else math.nan
            for table, one_s in zip(tables, usable_s, strict=True)
        ]
        cases.append(
            _SteeredCase(
                f"({case.site.latitude_deg:g}, {case.site.longitude_deg:g})",
                round(math.degrees(case.look_angle_rad), 9),
                case.aperture_s,
                theirs_s,
                (usable_s[0], usable_s[1]),
                (resolution_m[0], resolution_m[1]),
            )
        )
    return cases


def _case_rows(cases: Sequence[_SteeredCase]) -> tuple[Row, ...]:
    rows = []
    for one in cases:
        label = f"{one.name}, look {one.look_deg:g}°, {one.aperture_s:g} s"
        rows += [
            Row(
                label, "usable aperture, Moon's centre", "s", one.usable_s[0], one.published_s,
                _own_velocity(one), decimals=1,
            ),
            Row(
                label, "usable aperture, site", "s", one.usable_s[1], None,
                "Only the delay itself is left: the smallest belongs to what leaves half of it "
                "before the moment of steering. Beginning that much earlier gives back the rest.",
                decimals=1,
            ),
            Row(
                label, "azimuth resolution, Moon's centre", "m", one.resolution_m[0], None,
                "At half power on the ground, at 23 GHz: the Doppler bandwidth of the usable "
                "aperture." if one.usable_s[0] > 0.0
                else "None: the smallest delay lies outside the aperture.",
                decimals=2,
            ),
            Row(
                label, "azimuth resolution, site", "m", one.resolution_m[1], None,
                "The same.", decimals=2,
            ),
        ]  # fmt: skip
    return tuple(rows)


def _is_new(one: _SteeredCase, cases: Sequence[_SteeredCase]) -> bool:
    """Tell whether none of several cases is of the same site, look and aperture."""
    known = [(each.name, each.look_deg, each.aperture_s) for each in cases]
    return (one.name, one.look_deg, one.aperture_s) not in known


def _own_velocity(case: _SteeredCase) -> str:
    twice = "" if case.published_s is None else (
        " The paper's column is twice its printed time span; differences as in Table 3."
    )  # fmt: skip
    return (
        "Steering leaves out the site's own velocity: the smallest delay is off the middle, and "
        f"what is symmetric about it is shorter.{twice}"
    )


def _bars(cases: Sequence[_SteeredCase]) -> tuple[figures.Bars, figures.Bars]:
    usable, resolution = (
        np.array([one.usable_s for one in cases]),
        np.array([one.resolution_m for one in cases]),
    )
    return (
        figures.Bars(
            "Usable aperture",
            "usable aperture (s)",
            usable[:, 0],
            usable[:, 1],
            np.array([one.aperture_s for one in cases]),
        ),
        figures.Bars(
            "Azimuth resolution on the ground",
            "width at half power (m)",
            resolution[:, 0],
            resolution[:, 1],
        ),
    )


def _prf_rows(effects: Sequence[PrfEffect]) -> tuple[Row, ...]:
    shown = [one for one in effects if one.prf_hz in (50.0, 100.0, 200.0, 400.0, 600.0, 800.0)]
    quantities: tuple[tuple[str, str, Callable[[PrfEffect], float], str, int], ...] = (
        (
            "replicas", "s", lambda one: one.spacing_s,
            "PRF over Doppler rate.", 1,
        ),
        (
            "width between replicas", "km", lambda one: 1e-3 * one.free_width_m,
            "The same on the ground, at equal range.", 1,
        ),
        (
            "width with the whole Doppler band", "km", lambda one: 1e-3 * one.whole_width_m,
            "PRF less Doppler bandwidth, over Doppler rate: what range-Doppler focuses fully. "
            "De-ramping keeps the width between replicas.", 1,
        ),
        (
            "replicas of an even scene", "dB", lambda one: one.ambiguity_db,
            "Two-way pattern of the 20 m antenna at the replicas' places, added up.", 1,
        ),
    )  # fmt: skip
    return tuple(
        Row(f"PRF {one.prf_hz:g} Hz, {one.method}", quantity, unit, value(one), None, why, decimals)
        for quantity, unit, value, why, decimals in quantities
        for one in shown
    )


def _focused_rows(
    context: PaperContext, look: LookGeometry, aperture_s: float, ratio: float
) -> list[Row]:
    """Focus a point at a PRF and return what is measured."""
    carrier_hz = published.TABLE_4.carrier_hz
    prf_hz = round(ratio * look.doppler_bandwidth_hz(carrier_hz, aperture_s))
    radar = replace(published.TABLE_4, aperture_s=aperture_s, prf_hz=float(prf_hz))
    look_deg = context.settings.look_angles_deg[0]
    run = run_simulation(context, radar, _RUN_SPACINGS, look_deg)
    azimuth, theory = run.target.response.azimuth, run.target.azimuth_theory
    label = f"PRF {run.sampling.prf_hz:.0f} Hz, {run.method}"
    rows = [
        Row(
            label, "PSLR, azimuth", "dB", azimuth.pslr_db, None,
            f"Theory {theory.pslr_db:.2f} dB: near the point no PRF does harm.", decimals=2,
        )
    ]  # fmt: skip
    ratio_found = None if run.replicas is None else run.replicas.ratio
    first = [] if ratio_found is None else [
        one for one in ratio_found.replicas if math.isfinite(one.energy_db)
    ]  # fmt: skip
    if first:
        rows += [
            Row(
                label, "first replica, peak", "dB", first[0].peak_db, None,
                f"At {run.sampling.ambiguity_spacing_s:.1f} s of lag; the longer the aperture and "
                "the farther away, the more it is smeared.",
                decimals=1,
            ),
            Row(
                label, "first replica, energy", "dB", first[0].energy_db, None,
                "All of the point's: how low the peak is tells nothing of a scene.", decimals=2,
            ),
        ]  # fmt: skip
    return rows


def _prf_curves(effects: Sequence[PrfEffect], lit_km: float) -> figures.PrfCurves:
    bandwidth_hz = effects[-1].doppler_bandwidth_hz
    return figures.PrfCurves(
        prf_hz=np.array([one.prf_hz for one in effects]),
        free_km=np.array([1e-3 * one.free_width_m for one in effects]),
        whole_km=np.array([1e-3 * one.whole_width_m for one in effects]),
        ambiguity_db=np.array([one.ambiguity_db for one in effects]),
        doppler_bandwidth_hz=bandwidth_hz,
        least_prf_hz=LEAST_PRF_RATIO * bandwidth_hz,
        lit_km=lit_km,
    )


def _paragraphs(
    context: PaperContext,
    cases: Sequence[_SteeredCase],
    effects: Sequence[PrfEffect],
    least_hz: float,
    lit_km: float,
) -> tuple[str, ...]:
    place = f"({context.site.latitude_deg:g}, {context.site.longitude_deg:g})"
    worst = min(cases, key=lambda one: one.usable_s[0] / one.aperture_s)
    theirs = min(effects, key=lambda one: abs(one.prf_hz - published.TABLE_4.prf_hz))
    proper = min(effects, key=lambda one: abs(one.prf_hz - PROPER_PRF_HZ))
    half_s = max(0.5 * (one.aperture_s - one.usable_s[1]) for one in cases)
    limit = f"{least_hz:.0f} Hz" if math.isfinite(least_hz) else "more than 5000 Hz"
    return (
        "Steering. The paper loses a part of every aperture because its zero-Doppler plane is "
        "normal to the velocity of the Moon's centre. Taken normal to that of the site, it leaves "
        f"half a delay, {half_s:.2f} s, to one side. Of the paper's cases the worst, "
        f"{worst.name} at {worst.look_deg:g} deg, goes from {worst.usable_s[0]:.1f} to "
        f"{worst.usable_s[1]:.1f} s of {worst.aperture_s:g} s, and its azimuth resolution from "
        f"{worst.resolution_m[0]:.2f} to {worst.resolution_m[1]:.2f} m.",
        f"PRF, from {place} at {context.settings.look_angles_deg[0]:g} deg. Below the Doppler "
        "bandwidth an azimuth FFT folds; de-ramping to the scene reference "
        "point does not care, within the width between replicas: "
        f"{1e-3 * theirs.free_width_m:.0f} km at {theirs.prf_hz:g} Hz, "
        f"{1e-3 * proper.free_width_m:.0f} km at {proper.prf_hz:g} Hz. But the 20 m antenna hears "
        f"{lit_km:.0f} km of azimuth: with a scene in it, replicas are "
        f"{theirs.ambiguity_db:+.1f} dB of the scene at {theirs.prf_hz:g} Hz and still "
        f"{proper.ambiguity_db:+.1f} dB at {proper.prf_hz:g} Hz. A scene, other than a point on "
        f"its own, wants {limit} for {_WANTED_AMBIGUITY_DB:g} dB, or a longer antenna.",
        "Looks. The site, the look angles, the beam and the epoch come from the settings: "
        "`moonecho paper --only beyond --config FILE` computes this table for any others.",
    )


def _summary(cases: Sequence[_SteeredCase], least_hz: float) -> str:
    gained = max(one.usable_s[1] - one.usable_s[0] for one in cases)
    text = f"rigorous steering gives back up to {gained:.0f} s of aperture"
    if math.isfinite(least_hz):
        text += f"; imaging a scene with the paper's antenna takes a PRF of {least_hz:.0f} Hz"
    return f"{text}."
