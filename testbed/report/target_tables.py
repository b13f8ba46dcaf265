"""Tables of many targets: what they come to together, and a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from testbed.report.markup import Markup, table, tag
from testbed.report.quantities import measured, number
from testbed.report.target_figures import is_measured, rank_targets, summarise_targets

if TYPE_CHECKING:
    from testbed.results import TargetResult

_MOST_ROWS = 40
"""More targets than these are shown by the best and the worst of them."""

_SUMMARY: tuple[tuple[str, str, int], ...] = (
    ("range.pslr_deviation_db", "Range PSLR off theory (dB)", 3),
    ("azimuth.pslr_deviation_db", "Azimuth PSLR off theory (dB)", 3),
    ("range.islr_db", "Range ISLR (dB)", 2),
    ("azimuth.islr_db", "Azimuth ISLR (dB)", 2),
    ("area.islr_db", "ISLR in both axes (dB)", 2),
    ("range.irw_deviation_cells", "Range IRW off theory (cells)", 4),
    ("azimuth.irw_deviation_cells", "Azimuth IRW off theory (cells)", 4),
    ("peak.range_error_cells", "Range error (cells)", 4),
    ("peak.azimuth_error_cells", "Azimuth error (cells)", 4),
    ("peak.phase_error_deg", "Phase error (°)", 3),
    ("peak.magnitude_error_db", "Magnitude error (dB)", 3),
    ("azimuth.quadratic_phase_deg", "Quadratic phase in azimuth (°)", 2),
    ("azimuth.cubic_phase_deg", "Cubic phase in azimuth (°)", 2),
    ("peak.snr_db", "Peak over background (dB)", 1),
)
"""Figures of the summary with their labels and decimals."""


def summary_table(targets: Sequence[TargetResult]) -> Markup:
    """Tabulate mean, scatter and worst of each figure over all targets.

    Parameters
    ----------
    targets : sequence of TargetResult
        The targets.

    Returns
    -------
    Markup
    """
    summary = summarise_targets(targets)
    rows = [
        (
            label,
            number(summary[key].mean, decimals),
            number(summary[key].scatter, decimals),
            number(summary[key].worst, decimals),
            summary[key].worst_target,
        )
        for key, label, decimals in _SUMMARY
        if key in summary
    ]
    count = sum(map(is_measured, targets))
    if not rows:
        return tag("p", f"None of {len(targets)} targets could be measured.")
    return table(
        f"{count} of {len(targets)} targets measured",
        ("Figure", "Mean", "Scatter", "Worst", "Where"),
        rows,
        numeric=(1, 2, 3),
        class_="metrics",
    )


def targets_table(targets: Sequence[TargetResult]) -> Markup:
    """Tabulate targets in a row each; of many the worst and the best.

    Parameters
    ----------
    targets : sequence of TargetResult
        The targets.

    Returns
    -------
    Markup
    """
    ranked = rank_targets(targets)
    worst = next(filter(is_measured, ranked), None)
    if len(targets) <= _MOST_ROWS:
        return _rows("All targets", targets, worst)
    half = _MOST_ROWS // 2
    return Markup(
        _rows(f"The {half} targets farthest off theory, of {len(targets)}", ranked[:half], worst)
        + _rows(f"The {half} nearest to theory", ranked[-half:], worst)
        + tag("p", "All of them are in targets.csv and report.json.")
    )


def _rows(caption: str, targets: Sequence[TargetResult], worst: TargetResult | None) -> Markup:
    return table(
        f"{caption}: PSLR and ISLR in dB, IRW and errors in cells, range before azimuth",
        (
            "Target",
            "East, north (km)",
            "PSLR",
            "ISLR",
            "IRW",
            "Error",
            "Phase (°)",
            "Magnitude (dB)",
        ),
        [(_name(one, worst), *_cells(one)) for one in targets],
        numeric=range(1, 8),
        class_="cards",
    )


def _name(target: TargetResult, worst: TargetResult | None) -> Markup:
    if not is_measured(target):
        return tag("span", target.name, " ", tag("span", "not measured", class_="mark fail"))
    if target is worst:
        return tag("span", target.name, " ", tag("span", "worst", class_="mark inconclusive"))
    return tag("span", target.name)


def _cells(target: TargetResult) -> tuple[object, ...]:
    east_m, north_m, _ = target.offset_m
    place = f"{number(1e-3 * east_m, 3)}, {number(1e-3 * north_m, 3)}"
    if not is_measured(target):
        return (place, "", "", "", "", "", "")
    in_range, in_azimuth = target.response.range, target.response.azimuth
    return (
        place,
        f"{measured(in_range.pslr_db, 'dB')}, {measured(in_azimuth.pslr_db, 'dB')}",
        f"{measured(in_range.islr_db, 'dB')}, {measured(in_azimuth.islr_db, 'dB')}",
        f"{measured(in_range.irw_cells, 'cells')}, {measured(in_azimuth.irw_cells, 'cells')}",
        f"{number(target.range_error_cells, 4)}, {number(target.azimuth_error_cells, 4)}",
        number(target.phase_error_deg, 3),
        number(target.magnitude_error_db, 3),
    )
