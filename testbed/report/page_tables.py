"""Tables of the page: measures of a response, its peak, the budgets of delay and link."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim_core.focusing.response import islr
from testbed.report.markup import Markup, table, tag
from testbed.report.quantities import cycles, measured, number, seconds

if TYPE_CHECKING:
    from sim_core.focusing.image import Image
    from sim_core.focusing.response.impulse_response import AxisResponse
    from sim_core.focusing.response.theory import AxisTheory
    from sim_core.geometry.delay_terms import DelayTerm
    from sim_core.signal.link_budget import BudgetTerm
    from testbed.results import TargetResult

_NO_LOSS_DB = 1e-6


def metrics_table(
    target: TargetResult, image: Image, window_loss_db: tuple[float, float]
) -> Markup:
    """Tabulate a target's metrics with their theory, and say how they are defined.

    Parameters
    ----------
    target : TargetResult
        The target.
    image : Image
        The image that it was measured in; its bandwidths turn cells into seconds.
    window_loss_db : tuple of float
        What the tapers in range and azimuth lose of the signal-to-noise ratio, dB.

    Returns
    -------
    Markup
    """
    response = target.response
    in_range = _axis_cells(
        response.range, target.range_theory, target.range_irw_m, image.range_bandwidth_hz
    )
    in_azimuth = _axis_cells(
        response.azimuth, target.azimuth_theory, target.azimuth_irw_m, image.azimuth_bandwidth_hz
    )
    metrics = table(
        f"Response of {target.name}",
        ("Value", "Range", "Range theory", "Azimuth", "Azimuth theory"),
        [(label, *cells, *in_azimuth[label]) for label, cells in in_range.items()],
        numeric=(1, 2, 3, 4),
        class_="metrics",
    )
    definitions = tag(
        "p",
        f"ISLR in range: {_definition(response.range)}. "
        f"In azimuth: {_definition(response.azimuth)}. "
        "A range cell is 1/bandwidth of two-way delay, an azimuth cell 1/Doppler bandwidth; "
        "metres are slant range and distance on the ground along azimuth. "
        f"{_assumptions(target)}{_window_losses(window_loss_db)}",
    )
    return Markup(metrics + definitions)


def _assumptions(target: TargetResult) -> str:
    assumed = (target.range_theory.reference, target.azimuth_theory.reference)
    if not all(assumed):
        return ""
    return f"Theory assumes in range: {assumed[0]}; in azimuth: {assumed[1]}."


def _window_losses(loss_db: tuple[float, float]) -> str:
    if not any(one > _NO_LOSS_DB for one in loss_db):
        return ""
    return (
        f" The tapers lose {number(loss_db[0], 2, 'dB')} of the signal-to-noise ratio in range and "
        f"{number(loss_db[1], 2, 'dB')} in azimuth."
    )


def _axis_cells(
    response: AxisResponse, theory: AxisTheory, irw_m: float, bandwidth_hz: float
) -> dict[str, tuple[str, str]]:
    """Write each metric of one axis, measured and theoretical, by the label of its row."""
    metres_per_cell = irw_m / response.irw_cells if response.irw_cells else math.nan
    return {
        "PSLR (dB)": (measured(response.pslr_db, "dB"), measured(theory.pslr_db, "dB")),
        "PSLR, left side (dB)": (
            measured(response.pslr_left_db, "dB"),
            measured(theory.pslr_left_db, "dB"),
        ),
        "PSLR, right side (dB)": (
            measured(response.pslr_right_db, "dB"),
            measured(theory.pslr_right_db, "dB"),
        ),
        "ISLR (dB)": (measured(response.islr_db, "dB"), measured(theory.islr_db, "dB")),
        "IRW (cells)": (measured(response.irw_cells, "cells"), measured(theory.irw_cells, "cells")),
        "IRW (time)": (seconds(response.irw_s), seconds(theory.irw_cells / bandwidth_hz)),
        "IRW (m)": (number(irw_m, 3), number(theory.irw_cells * metres_per_cell, 3)),
    }


def _definition(response: AxisResponse) -> str:
    definition: str = response.islr_definition
    return definition.replace("+-", "\N{PLUS-MINUS SIGN}")


def peak_table(target: TargetResult) -> Markup:
    """Tabulate where a target's peak lies against where it is predicted."""
    response = target.response
    rows = (
        (
            "Range",
            number(response.peak_range_s * 1e9, 3, "ns"),
            number(target.predicted_range_s * 1e9, 3, "ns"),
            number(target.range_error_cells, 4, "cells"),
        ),
        (
            "Azimuth",
            number(response.peak_azimuth_s * 1e3, 3, "ms"),
            number(target.predicted_azimuth_s * 1e3, 3, "ms"),
            number(target.azimuth_error_cells, 4, "cells"),
        ),
        (
            "Phase",
            number(math.degrees(response.peak_phase_rad), 2, "°"),
            "",
            number(target.phase_error_deg, 3, "°"),
        ),
        (
            "Magnitude",
            number(20.0 * math.log10(response.peak_magnitude), 2, "dB full scale")
            if response.peak_magnitude > 0.0
            else number(math.nan, 2),
            "",
            number(target.magnitude_error_db, 3, "dB"),
        ),
        ("Peak over background", number(response.snr_db, 1, "dB"), "", ""),
    )
    return table(
        "Peak against prediction; times count from the scene's reference point",
        ("Peak", "Measured", "Predicted", "Error"),
        rows,
        numeric=(1, 2, 3),
        class_="metrics",
    )


def shape_table(target: TargetResult) -> Markup:
    """Tabulate what else describes a response: widths, nulls, and the phase left over the band."""
    axes = (
        (target.response.range, target.range_theory),
        (target.response.azimuth, target.azimuth_theory),
    )
    cells = [_shape_cells(response, theory) for response, theory in axes]
    rows = [(label, *pair, *cells[1][label]) for label, pair in cells[0].items()]
    return table(
        "Widths, nulls and residual phase; phases are those at the edges of the band",
        ("Value", "Range", "Range theory", "Azimuth", "Azimuth theory"),
        rows,
        numeric=(1, 2, 3, 4),
        class_="metrics",
    )


def _shape_cells(response: AxisResponse, theory: AxisTheory) -> dict[str, tuple[str, str]]:
    def nulls(one: AxisResponse | AxisTheory) -> str:
        if math.isnan(one.null_left_cells):
            return number(math.nan, 0)
        return f"{number(one.null_left_cells, 3)}, {number(one.null_right_cells, 3)}"

    spectrum = response.spectrum
    phases = (math.nan, math.nan, math.nan)
    if spectrum is not None:
        radians = (spectrum.quadratic_rad, spectrum.cubic_rad, spectrum.residual_rad)
        phases = (math.degrees(radians[0]), math.degrees(radians[1]), math.degrees(radians[2]))
    return {
        "IRW at −3 dB (cells)": (
            number(response.irw_3db_cells, 4),
            number(theory.irw_3db_cells, 4),
        ),
        "First nulls (cells)": (nulls(response), nulls(theory)),
        "Equivalent width (cells)": (number(response.equivalent_width_cells, 4), ""),
        "Quadratic phase (°)": (number(phases[0], 2), number(0.0, 0)),
        "Cubic phase (°)": (number(phases[1], 2), number(0.0, 0)),
        "Other phase, rms (°)": (number(phases[2], 2), number(0.0, 0)),
        "Ripple of the band (dB)": (
            number(math.nan if spectrum is None else spectrum.ripple_db, 2),
            "",
        ),
    }


def islr_table(target: TargetResult) -> Markup:
    """Tabulate the integrated side-lobe ratios by their conventions."""
    response = target.response
    in_range, in_azimuth = response.range.islr_by_name_db, response.azimuth.islr_by_name_db
    theories = (target.range_theory.islr_by_name_db, target.azimuth_theory.islr_by_name_db)
    rows: list[tuple[str, ...]] = [
        (
            definition.description.replace("+-", "±"),
            number(in_range.get(definition.name), 2),
            number(theories[0].get(definition.name), 2),
            number(in_azimuth.get(definition.name), 2),
            number(theories[1].get(definition.name), 2),
        )
        for definition in islr.MEASURED
    ]
    if response.area is not None:
        definition = response.area.islr_definition.replace("+-", "±")
        both = number(response.area.islr_db, 2)
        rows.append((f"both axes: {definition}", both, "", both, ""))
    return table(
        "ISLR by its conventions (dB)",
        ("Convention", "Range", "Range theory", "Azimuth", "Azimuth theory"),
        rows,
        numeric=(1, 2, 3, 4),
        class_="metrics",
    )


def link_table(terms: Sequence[BudgetTerm], window_loss_db: tuple[float, float]) -> Markup:
    """Tabulate the terms of the radar equation, down to the peak in the image.

    Parameters
    ----------
    terms : sequence of BudgetTerm
        The terms; one at least.
    window_loss_db : tuple of float
        What the tapers in range and azimuth lose, which is not among the terms.

    Returns
    -------
    Markup
    """
    # A loss of nothing says nothing.
    rows = [
        (term.name, _term_value(term.value, term.unit), number(term.db, 2))
        for term in terms
        if term.db != 0.0
    ]
    total_db = math.fsum(term.db for term in terms)
    rows.append((tag("strong", "in the image, without tapers"), "", number(total_db, 2)))
    if any(loss_db > _NO_LOSS_DB for loss_db in window_loss_db):
        tapered_db = total_db - math.fsum(window_loss_db)
        rows.append((tag("strong", "in the image"), "", number(tapered_db, 2)))
    return table(
        "Signal-to-noise ratio of a target of amplitude 1",
        ("Term", "Value", "dB"),
        rows,
        numeric=(1, 2),
        class_="metrics",
    )


def _term_value(value: float, unit: str) -> str:
    text = f"{value:.5g}".replace("-", "−")
    return f"{text} {unit}".rstrip()


def budget_table(terms: Sequence[DelayTerm], carrier_hz: float | None) -> Markup:
    """Tabulate the terms of the delay.

    Parameters
    ----------
    terms : sequence of DelayTerm
        The terms.
    carrier_hz : float or None
        Carrier of the radar, which turns a change of delay into cycles; None leaves them out.

    Returns
    -------
    Markup
    """
    changes = [
        "" if carrier_hz is None else cycles(abs(term.change_s) * carrier_hz) for term in terms
    ]
    rows = [
        (
            term.name,
            seconds(term.size_s, 5),
            seconds(term.change_s, 4),
            change,
            "yes" if term.included else "no",
            term.note,
        )
        for term, change in zip(terms, changes, strict=True)
    ]
    return table(
        "Delay budget: what the two-way delay is made of, and its change over the aperture",
        ("Term", "Size", "Change", "Change (cycles)", "Included", "Note"),
        rows,
        numeric=(1, 2, 3),
        class_="cards",
    )
