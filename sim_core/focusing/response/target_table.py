"""The responses of many targets, each against its prediction, and what they come to together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim_core.errors import FocusingError
from sim_core.focusing.image import Image
from sim_core.focusing.response.impulse_response import AxisResponse, ImpulseResponse, measure
from sim_core.signal.window import NO_TAPER, Window


class Prediction(Protocol):
    """Where the peak of a target must lie; see `prediction.PredictedPeak`."""

    @property
    def range_s(self) -> float:
        """Two-way delay against the reference's."""

    @property
    def azimuth_s(self) -> float:
        """Lag against the reference's."""

    @property
    def phase_rad(self) -> float:
        """Phase of the peak."""


@dataclass(frozen=True, slots=True, eq=False)
class TargetMeasurement:
    """One target of a table.

    Parameters
    ----------
    name : str
        Name of the target.
    response : ImpulseResponse or None
        What was measured; None if nothing could be.
    problem : str
        Why nothing could be measured; empty otherwise.
    range_error_cells, azimuth_error_cells, phase_error_rad : float
        Measured less predicted place and phase of the peak; NaN without a response.
    """

    name: str
    response: ImpulseResponse | None
    problem: str
    range_error_cells: float
    azimuth_error_cells: float
    phase_error_rad: float

    def values(self) -> dict[str, float]:
        """Return all figures by name, such as ``range.pslr_db``, the columns of a table.

        Returns
        -------
        dict of str to float
            Empty without a response.
        """
        response = self.response
        if response is None:
            return {}
        values = {
            "peak.range_error_cells": self.range_error_cells,
            "peak.azimuth_error_cells": self.azimuth_error_cells,
            "peak.phase_error_rad": self.phase_error_rad,
            "peak.magnitude": response.peak_magnitude,
            "peak.snr_db": response.snr_db,
        }
        for name, axis in (("range", response.range), ("azimuth", response.azimuth)):
            values |= {f"{name}.{key}": value for key, value in _axis_values(axis).items()}
        if response.area is not None:
            values |= {
                "area.pslr_db": response.area.pslr_db,
                "area.islr_db": response.area.islr_db,
            }
        return values


def _axis_values(axis: AxisResponse) -> dict[str, float]:
    values = {
        "irw_cells": axis.irw_cells,
        "pslr_db": axis.pslr_db,
        "pslr_left_db": axis.pslr_left_db,
        "pslr_right_db": axis.pslr_right_db,
        "islr_db": axis.islr_db,
    }
    if axis.spectrum is not None:
        values |= {
            "quadratic_rad": axis.spectrum.quadratic_rad,
            "cubic_rad": axis.spectrum.cubic_rad,
            "ripple_db": axis.spectrum.ripple_db,
        }
    return values


@dataclass(frozen=True, slots=True)
class QuantitySummary:
    """One figure over all targets that have it.

    Parameters
    ----------
    count : int
        How many targets have it.
    mean, scatter : float
        Mean, and root mean square about it.
    worst : float
        The highest; of errors and phases, which have signs, the largest in magnitude; of peaks and
        signal-to-noise ratios the lowest.
    worst_target : str
        Name of the target that has it.
    """

    count: int
    mean: float
    scatter: float
    worst: float
    worst_target: str


def measure_targets(
    images: Image | Sequence[Image],
    predictions: Sequence[Prediction],
    names: Sequence[str] = (),
    search_cells: float = 8.0,
    range_window: Window = NO_TAPER,
    azimuth_window: Window = NO_TAPER,
) -> tuple[TargetMeasurement, ...]:
    """Measure many targets; one that cannot be measured says why, and the others go on.

    Parameters
    ----------
    images : Image or sequence of Image
        The image of all targets, or one for each.
    predictions : sequence of Prediction
        Where their peaks must lie, and with what phase.
    names : sequence of str, optional
        Their names; by default "target 1" and so on.
    search_cells, range_window, azimuth_window
        See `impulse_response.measure`.

    Returns
    -------
    tuple of TargetMeasurement
        In the order of the predictions.

    Raises
    ------
    FocusingError
        If there are not as many images or names as predictions.
    """
    count = len(predictions)
    each = [images] * count if isinstance(images, Image) else list(images)
    named = list(names) or [f"target {number}" for number in range(1, count + 1)]
    if len(each) != count or len(named) != count:
        raise FocusingError(
            f"{len(each)} images and {len(named)} names for {count} predictions",
            "give one image for all or one for each, and a name for each or none",
        )
    return tuple(
        _measure_one(image, prediction, name, search_cells, range_window, azimuth_window)
        for image, prediction, name in zip(each, predictions, named, strict=True)
    )


def _measure_one(
    image: Image,
    prediction: Prediction,
    name: str,
    search_cells: float,
    range_window: Window,
    azimuth_window: Window,
) -> TargetMeasurement:
    try:
        response = measure(
            image,
            prediction.range_s,
            prediction.azimuth_s,
            search_cells,
            range_window,
            azimuth_window,
        )
    except FocusingError as error:
        return TargetMeasurement(name, None, str(error), math.nan, math.nan, math.nan)
    return TargetMeasurement(
        name=name,
        response=response,
        problem="",
        range_error_cells=(response.peak_range_s - prediction.range_s) / image.range_cell_s,
        azimuth_error_cells=(response.peak_azimuth_s - prediction.azimuth_s) / image.azimuth_cell_s,
        phase_error_rad=math.remainder(response.peak_phase_rad - prediction.phase_rad, math.tau),
    )


def summarise(measurements: Sequence[TargetMeasurement]) -> dict[str, QuantitySummary]:
    """Summarise a table, figure by figure.

    Parameters
    ----------
    measurements : sequence of TargetMeasurement
        The table; targets without a response and figures that are no numbers are left out.

    Returns
    -------
    dict of str to QuantitySummary
        By the names of `TargetMeasurement.values`; empty if no target was measured.
    """
    columns: dict[str, list[tuple[float, str]]] = {}
    for one in measurements:
        for key, value in one.values().items():
            if math.isfinite(value):
                columns.setdefault(key, []).append((value, one.name))
    return {key: _summary(key, column) for key, column in columns.items()}


def _summary(key: str, column: list[tuple[float, str]]) -> QuantitySummary:
    values = np.array([value for value, _ in column])
    if "_error_" in key or key.endswith("_rad"):
        worst = int(np.argmax(np.abs(values)))
    elif key in ("peak.magnitude", "peak.snr_db"):
        worst = int(np.argmin(values))
    else:
        worst = int(np.argmax(values))
    return QuantitySummary(
        count=values.size,
        mean=float(np.mean(values)),
        scatter=float(np.std(values)),
        worst=float(values[worst]),
        worst_target=column[worst][1],
    )
