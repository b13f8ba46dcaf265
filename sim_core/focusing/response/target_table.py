"""The figures of many responses as a table, and what they come to together."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sim_core.focusing.response.impulse_response import AxisResponse, ImpulseResponse


def response_figures(response: ImpulseResponse) -> dict[str, float]:
    """Return the figures of a response by name, such as ``range.pslr_db``: a row of a table.

    Parameters
    ----------
    response : ImpulseResponse
        What was measured.

    Returns
    -------
    dict of str to float
        Of the peak, of both axes, and of the area; what was not measured is left out or NaN.
    """
    figures = {"peak.magnitude": response.peak_magnitude, "peak.snr_db": response.snr_db}
    for name, axis in (("range", response.range), ("azimuth", response.azimuth)):
        figures |= {f"{name}.{key}": value for key, value in _axis_figures(axis).items()}
    if response.area is not None:
        figures |= {"area.pslr_db": response.area.pslr_db, "area.islr_db": response.area.islr_db}
    return figures


def _axis_figures(axis: AxisResponse) -> dict[str, float]:
    figures = {
        "pslr_db": axis.pslr_db,
        "pslr_left_db": axis.pslr_left_db,
        "pslr_right_db": axis.pslr_right_db,
        "islr_db": axis.islr_db,
        "irw_cells": axis.irw_cells,
    }
    if axis.spectrum is not None:
        figures |= {
            "quadratic_rad": axis.spectrum.quadratic_rad,
            "cubic_rad": axis.spectrum.cubic_rad,
            "ripple_db": axis.spectrum.ripple_db,
        }
    return figures


@dataclass(frozen=True, slots=True)
class FigureSummary:
    """One figure over all targets that have it.

    Parameters
    ----------
    count : int
        How many targets have it.
    mean, scatter : float
        Mean, and root mean square about it.
    worst : float
        The highest; of errors, deviations and phases, which have signs, the largest in magnitude;
        of peaks and signal-to-noise ratios the lowest.
    worst_target : str
        Name of the target that has it.
    """

    count: int
    mean: float
    scatter: float
    worst: float
    worst_target: str


def summarise(rows: Iterable[tuple[str, Mapping[str, float]]]) -> dict[str, FigureSummary]:
    """Summarise a table, figure by figure.

    Parameters
    ----------
    rows : iterable of (str, mapping of str to float)
        Name and figures of each target. Figures that are not finite are left out.

    Returns
    -------
    dict of str to FigureSummary
        By the names of the figures; empty if there are none.
    """
    columns: dict[str, list[tuple[float, str]]] = {}
    for name, figures in rows:
        for key, value in figures.items():
            if math.isfinite(value):
                columns.setdefault(key, []).append((value, name))
    return {key: _summary(key, column) for key, column in columns.items()}


def _summary(key: str, column: list[tuple[float, str]]) -> FigureSummary:
    values = np.array([value for value, _ in column])
    if "_error_" in key or "_deviation_" in key or key.endswith(("_rad", "_deg")):
        worst = int(np.argmax(np.abs(values)))
    elif key in ("peak.magnitude", "peak.snr_db"):
        worst = int(np.argmin(values))
    else:
        worst = int(np.argmax(values))
    return FigureSummary(
        count=values.size,
        mean=float(np.mean(values)),
        scatter=float(np.std(values)),
        worst=float(values[worst]),
        worst_target=column[worst][1],
    )
