"""Tables of the page: metrics of a response, its peak, all targets, the delay budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from testbed.report.markup import Markup, table, tag
from testbed.report.quantities import cycles, measured, number, seconds

if TYPE_CHECKING:
    from sim_core.focusing.image import Image
    from sim_core.focusing.impulse_response import AxisResponse
    from sim_core.focusing.theory import AxisTheory
    from sim_core.geometry.delay_terms import DelayTerm
    from testbed.results import TargetResult


def metrics_table(target: TargetResult, image: Image) -> Markup:
    """Tabulate a target's metrics with their theory, and say how they are defined.

    Parameters
    ----------
    target : TargetResult
        The target.
    image : Image
        The image that it was measured in; its bandwidths turn cells into seconds.

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
        "metres are slant range and distance on the ground along azimuth.",
    )
    return Markup(metrics + definitions)


def _axis_cells(
    response: AxisResponse, theory: AxisTheory, irw_m: float, bandwidth_hz: float
) -> dict[str, tuple[str, str]]:
    """Write each metric of one axis, measured and theoretical, by the label of its row."""
    metres_per_cell = irw_m / response.irw_cells if response.irw_cells else math.nan
    expected_pslr = measured(theory.pslr_db, "dB")
    return {
        "PSLR (dB)": (measured(response.pslr_db, "dB"), expected_pslr),
        "PSLR, left side (dB)": (measured(response.pslr_left_db, "dB"), expected_pslr),
        "PSLR, right side (dB)": (measured(response.pslr_right_db, "dB"), expected_pslr),
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


def targets_table(targets: Sequence[TargetResult]) -> Markup:
    """Tabulate all targets of a scene in a row each."""
    rows = [
        (
            target.name,
            f"{number(target.latitude_deg, 5, '°')}, {number(target.longitude_deg, 5, '°')}",
            number(target.height_m, 1),
            measured(target.response.range.pslr_db, "dB"),
            measured(target.response.azimuth.pslr_db, "dB"),
            measured(target.response.range.irw_cells, "cells"),
            measured(target.response.azimuth.irw_cells, "cells"),
            number(target.range_error_cells, 3),
            number(target.azimuth_error_cells, 3),
            number(target.phase_error_deg, 2),
            number(target.response.snr_db, 1),
        )
        for target in targets
    ]
    return table(
        "All targets: PSLR in dB, IRW and errors in cells, range before azimuth",
        (
            "Target",
            "Latitude, longitude",
            "Height (m)",
            "PSLR r",
            "PSLR a",
            "IRW r",
            "IRW a",
            "Error r",
            "Error a",
            "Phase (°)",
            "Over background (dB)",
        ),
        rows,
        numeric=range(2, 11),
        class_="cards",
    )


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
