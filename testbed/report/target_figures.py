"""The figures of all targets: a row for each, what they come to together, and a file of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim_core.focusing.response.target_table import (
    FigureSummary,
    response_figures,
    summarise,
)

if TYPE_CHECKING:
    from testbed.results import TargetResult

PEAK_ERRORS = (
    "range_error_cells",
    "azimuth_error_cells",
    "phase_error_deg",
    "magnitude_error_db",
)
"""Attributes of `TargetResult` that hold a peak against its prediction."""


def target_figures(target: TargetResult) -> dict[str, float]:
    """Return the figures of a target by name, angles in degrees.

    Parameters
    ----------
    target : TargetResult
        The target.

    Returns
    -------
    dict of str to float
        Those of `response_figures`, deviations of PSLR and width from theory, and errors of the
        peak; NaN or left out where it was not measured.
    """
    figures = {f"peak.{name}": float(getattr(target, name)) for name in PEAK_ERRORS}
    for key, value in response_figures(target.response).items():
        if key.endswith("_rad"):
            figures[f"{key.removesuffix('_rad')}_phase_deg"] = math.degrees(value)
        else:
            figures[key] = value
    for name, axis, theory in (
        ("range", target.response.range, target.range_theory),
        ("azimuth", target.response.azimuth, target.azimuth_theory),
    ):
        figures[f"{name}.pslr_deviation_db"] = axis.pslr_db - theory.pslr_db
        figures[f"{name}.irw_deviation_cells"] = axis.irw_cells - theory.irw_cells
    return figures


def is_measured(target: TargetResult) -> bool:
    """Tell whether a target has a response."""
    return math.isfinite(target.response.peak_magnitude) and not target.problem


def summarise_targets(targets: Sequence[TargetResult]) -> dict[str, FigureSummary]:
    """Summarise all targets, figure by figure."""
    return summarise((one.name, target_figures(one)) for one in targets if is_measured(one))


def rank_targets(targets: Sequence[TargetResult]) -> list[TargetResult]:
    """Sort targets, the worst first: what has no response, then by deviation of PSLR from theory.

    Parameters
    ----------
    targets : sequence of TargetResult
        The targets.

    Returns
    -------
    list of TargetResult
    """
    return sorted(targets, key=lambda target: -largest_deviation_db(target))


def largest_deviation_db(target: TargetResult) -> float:
    """Return by how much PSLR is off theory, in the axis where it is more; infinite without one."""
    if not is_measured(target):
        return math.inf
    figures = target_figures(target)
    return max(abs(figures[f"{axis}.pslr_deviation_db"]) for axis in ("range", "azimuth"))


def targets_csv(targets: Sequence[TargetResult]) -> str:
    """Write all targets as a table of comma-separated values, a header first.

    Parameters
    ----------
    targets : sequence of TargetResult
        The targets; one at least.

    Returns
    -------
    str
        The names of the columns end in their units; what was not measured is empty.
    """
    rows = []
    for target in targets:
        east_m, north_m, up_m = target.offset_m
        place = {
            "name": target.name,
            "east_m": east_m,
            "north_m": north_m,
            "up_m": up_m,
            "latitude_deg": target.latitude_deg,
            "longitude_deg": target.longitude_deg,
            "height_m": target.height_m,
            "amplitude": target.amplitude,
        }
        figures = {
            key: value for key, value in target_figures(target).items() if math.isfinite(value)
        }
        rows.append({**place, **figures, "problem": target.problem})
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "problem"))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, "problem"], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
