"""report.json: a run's result as plain values that a program can read.

The keys are described in ``schema.json`` beside this module and in ``docs/report-schema.md``.
Values that are not finite numbers are written as null: JSON has no other way to say so.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from testbed.report.target_figures import is_measured, summarise_targets

if TYPE_CHECKING:
    from sim_core.focusing.ground_image import GroundImage
    from sim_core.focusing.image import Image
    from sim_core.focusing.response.area_metrics import AreaResponse
    from sim_core.focusing.response.cut_metrics import SideLobe
    from sim_core.focusing.response.impulse_response import AxisResponse
    from sim_core.focusing.response.theory import AxisTheory
    from sim_core.signal.link_budget import BudgetTerm
    from testbed.report.loop_comparison import LoopComparison
    from testbed.results import RunResult, TargetResult

SCHEMA_VERSION = "1.1"
"""Version of the keys: the first number rises when a key changes its name or meaning."""

_NUMBERS = re.compile(r"\[\n\s+(?:(?:-?[0-9][-+.0-9eE]*|null),?\s+)+\]")


def build_document(
    result: RunResult, loop: LoopComparison | None = None, files: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Turn a result into the content of ``report.json``.

    Parameters
    ----------
    result : RunResult
        What the run found.
    loop : LoopComparison, optional
        The played against the recorded pulse; null in the document when it is not given.
    files : Mapping of str to str, optional
        Files of the run by what they are, as names relative to the run's folder.

    Returns
    -------
    dict
        Only str, bool, int, finite float, None, list and dict.
    """
    first = result.targets[0] if result.targets else None
    document = {
        "schema_version": SCHEMA_VERSION,
        "name": result.name,
        "verdict": result.verdict,
        "reasons": result.reasons,
        "checks": [
            {
                "name": check.name,
                "measured": check.measured,
                "limit": check.limit,
                "theory": check.theory,
                "passed": check.passed,
            }
            for check in result.checks
        ],
        "impulse_response": None if first is None else _impulse_response(first, result.image),
        "peak": None if first is None else _peak(first),
        "targets": [_target(target, result.image) for target in result.targets],
        "summary": _summary(result.targets),
        "sampling": {
            "doppler_bandwidth_hz": result.sampling.doppler_bandwidth_hz,
            "doppler_centroid_hz": result.sampling.doppler_centroid_hz,
            "doppler_rate_hz_per_s": result.sampling.doppler_rate_hz_per_s,
            "prf_hz": result.sampling.prf_hz,
            "undersampled": result.sampling.undersampled,
            "ambiguity_spacing_s": result.sampling.ambiguity_spacing_s,
        },
        "geometry": {
            "delay_min_s": result.delay_min_s,
            "delay_min_transmit_s": result.delay_min_transmit_s,
            "doppler_rate_hz_per_s": result.sampling.doppler_rate_hz_per_s,
            "delay_budget": [
                {
                    "name": term.name,
                    "size_s": term.size_s,
                    "change_s": term.change_s,
                    "included": term.included,
                    "note": term.note,
                }
                for term in result.delay_budget
            ],
        },
        "link_budget": _link_budget(result.link_budget),
        "schedule": {
            "pulses": result.schedule.pulses,
            "window_samples": result.schedule.window_samples,
            "sample_rate_hz": result.schedule.sample_rate_hz,
            "prf_hz": result.schedule.prf_hz,
            "pulse_duration_s": result.schedule.pulse_duration_s,
        },
        "image": {
            "method": result.image.method,
            "shape": result.image.samples.shape,
            "azimuth_start_s": result.image.azimuth_start_s,
            "azimuth_step_s": result.image.azimuth_step_s,
            "range_start_s": result.image.range_start_s,
            "range_step_s": result.image.range_step_s,
            "azimuth_bandwidth_hz": result.image.azimuth_bandwidth_hz,
            "range_bandwidth_hz": result.image.range_bandwidth_hz,
            "full_azimuth_s": result.image.full_azimuth_s,
            "full_range_s": result.image.full_range_s,
            **_image_quality(result),
        },
        "ground": None if result.ground is None else _ground(result.ground),
        "loop": None
        if loop is None
        else {
            "pulse": loop.pulse,
            "gain_db": loop.gain_db,
            "phase_deg": loop.phase_deg,
            "delay_s": loop.delay_s,
            "residual_db": loop.residual_db,
        },
        "events": result.events,
        "timing_s": result.timing_s,
        "device": result.device,
        "provenance": result.provenance,
        "configuration": result.configuration,
        "files": files or {},
    }
    plain: dict[str, Any] = plain_value(document)
    return plain


def to_json(document: Mapping[str, Any]) -> str:
    """Write a document as text: two blanks of indent, lists of numbers in a line."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # A line break never stands in a string of JSON, so this finds nothing but lists.
    return _NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n"


def plain_value(value: object) -> Any:
    """Reduce a value to what JSON knows.

    Parameters
    ----------
    value : object
        Scalars, mappings and sequences, with numpy values, times, paths and the like in them.

    Returns
    -------
    None, bool, int, float, str, list or dict
        Numbers that are not finite become None; whatever has no form in JSON becomes its str.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return plain_value(value.item())
    if isinstance(value, np.ndarray):
        return plain_value(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return [plain_value(item) for item in value]
    return str(value)


def _impulse_response(target: TargetResult, image: Image) -> dict[str, Any]:
    response = target.response
    return {
        "range": _axis(
            response.range, target.range_theory, target.range_irw_m, image.range_bandwidth_hz
        ),
        "azimuth": _axis(
            response.azimuth,
            target.azimuth_theory,
            target.azimuth_irw_m,
            image.azimuth_bandwidth_hz,
        ),
        "area": None if response.area is None else _area(response.area),
    }


def _axis(
    response: AxisResponse, theory: AxisTheory, irw_m: float, bandwidth_hz: float
) -> dict[str, Any]:
    metres_per_cell = irw_m / response.irw_cells if response.irw_cells else math.nan
    return {
        **_lobes(response),
        "irw_s": response.irw_s,
        "irw_m": irw_m,
        "equivalent_width_cells": response.equivalent_width_cells,
        **_spectrum(response),
        "theory": {
            **_lobes(theory),
            "irw_s": theory.irw_cells / bandwidth_hz,
            "irw_m": theory.irw_cells * metres_per_cell,
            "reference": theory.reference,
        },
    }


def _lobes(response: AxisResponse | AxisTheory) -> dict[str, Any]:
    """Return what a measured cut and its theory have in common."""
    return {
        "pslr_db": response.pslr_db,
        "pslr_left_db": response.pslr_left_db,
        "pslr_right_db": response.pslr_right_db,
        "islr_db": response.islr_db,
        "islr_definition": response.islr_definition,
        "islr_by_name_db": response.islr_by_name_db,
        "irw_cells": response.irw_cells,
        "irw_3db_cells": response.irw_3db_cells,
        "null_left_cells": response.null_left_cells,
        "null_right_cells": response.null_right_cells,
        "side_lobes": _side_lobes(response.side_lobes),
    }


def _side_lobes(lobes: Sequence[SideLobe]) -> dict[str, Any]:
    return {
        "offset_cells": [lobe.offset_cells for lobe in lobes],
        "level_db": [lobe.level_db for lobe in lobes],
    }


def _spectrum(response: AxisResponse) -> dict[str, float]:
    spectrum = response.spectrum
    if spectrum is None:
        names = ("quadratic_phase_deg", "cubic_phase_deg", "residual_phase_deg", "ripple_db")
        return dict.fromkeys(names, math.nan)
    return {
        "quadratic_phase_deg": math.degrees(spectrum.quadratic_rad),
        "cubic_phase_deg": math.degrees(spectrum.cubic_rad),
        "residual_phase_deg": math.degrees(spectrum.residual_rad),
        "ripple_db": spectrum.ripple_db,
    }


def _area(area: AreaResponse) -> dict[str, Any]:
    return {
        "pslr_db": area.pslr_db,
        "side_lobe_range_cells": area.side_lobe_range_cells,
        "side_lobe_azimuth_cells": area.side_lobe_azimuth_cells,
        "islr_db": area.islr_db,
        "islr_definition": area.islr_definition,
    }


def _peak(target: TargetResult) -> dict[str, Any]:
    return {
        "range_error_cells": target.range_error_cells,
        "azimuth_error_cells": target.azimuth_error_cells,
        "phase_error_deg": target.phase_error_deg,
        "magnitude_error_db": target.magnitude_error_db,
        "snr_db": target.response.snr_db,
        "range_s": target.response.peak_range_s,
        "azimuth_s": target.response.peak_azimuth_s,
        "predicted_range_s": target.predicted_range_s,
        "predicted_azimuth_s": target.predicted_azimuth_s,
        "magnitude": target.response.peak_magnitude,
        "phase_deg": math.degrees(target.response.peak_phase_rad),
    }


def _target(target: TargetResult, image: Image) -> dict[str, Any]:
    return {
        "name": target.name,
        "latitude_deg": target.latitude_deg,
        "longitude_deg": target.longitude_deg,
        "height_m": target.height_m,
        "offset_m": target.offset_m,
        "amplitude": target.amplitude,
        "problem": target.problem,
        "impulse_response": _impulse_response(target, image),
        "peak": _peak(target),
    }


def _summary(targets: Sequence[TargetResult]) -> dict[str, Any]:
    return {
        "targets": len(targets),
        "measured": sum(map(is_measured, targets)),
        "figures": {
            name: {
                "count": one.count,
                "mean": one.mean,
                "scatter": one.scatter,
                "worst": one.worst,
                "worst_target": one.worst_target,
            }
            for name, one in summarise_targets(targets).items()
        },
    }


def _link_budget(terms: Sequence[BudgetTerm]) -> dict[str, Any] | None:
    if not terms:
        return None
    return {
        "terms": [
            {"name": term.name, "value": term.value, "unit": term.unit, "db": term.db}
            for term in terms
        ],
        "image_snr_db": math.fsum(term.db for term in terms),
    }


def _image_quality(result: RunResult) -> dict[str, Any]:
    references, spur = result.image.references, result.quality.spur
    return {
        "references": None
        if references is None
        else {
            "lag_edges_s": references.lag_edges_s,
            "skew_hz_per_s2": references.skew_hz_per_s2,
            "residual_rad": references.residual_rad,
        },
        "range_window_loss_db": result.window_loss_db[0],
        "azimuth_window_loss_db": result.window_loss_db[1],
        "azimuth_ambiguity_db": result.quality.azimuth_ambiguity_db,
        "spur": None
        if spur is None
        else {
            "level_db": spur.level_db,
            "excess_db": spur.excess_db,
            "range_s": spur.range_s,
            "azimuth_s": spur.azimuth_s,
            "noise_peak_db": spur.noise_peak_db,
        },
    }


def _ground(ground: GroundImage) -> dict[str, Any]:
    grid = ground.grid
    return {
        "shape": grid.shape,
        "east_start_m": grid.east_start_m,
        "east_step_m": grid.east_step_m,
        "north_start_m": grid.north_start_m,
        "north_step_m": grid.north_step_m,
        "surface": grid.surface,
        "height_m": grid.height_m,
        "crs": grid.crs(),
    }
