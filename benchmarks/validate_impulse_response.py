"""Compare the measures of the impulse response with theory and with PERSEO; print the tables.

    python -m benchmarks.validate_impulse_response [--out FILE]

Takes a minute. docs/algorithms/impulse-response.md holds what was found.
"""

import argparse
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from perseo_quality.core.generic_dataclasses import MaskingMethod
from perseo_quality.core.signal_processing import evaluate_irf_resolution
from perseo_quality.point_targets_analysis.core.irf import compute_point_target_irf_analysis

from sim_core.focusing.response import islr
from sim_core.focusing.response.chip import Chip
from sim_core.focusing.response.impulse_response import AxisResponse, ImpulseResponse, measure
from sim_core.focusing.response.theory import AxisTheory, azimuth_theory
from sim_core.signal.window import Window
from tests.sim_core.focusing.response.ideal_images import WINDOWS, ideal, image_of, with_phase

PLACES = 25
# Samples per cell at which PERSEO is given the interpolated chip.
FINE = 32


def main() -> None:
    """Print the tables, or write them to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="where to write the tables")
    arguments = parser.parse_args()
    text = "\n".join(
        (
            f"Errors at {PLACES} random places, 1.2 to 2.2 samples per cell, both axes:\n",
            *_table(("taper", "IRW, cells", "PSLR, dB", "all ISLR, dB"), _measurement_errors()),
            "",
            f"Against perseo-quality {version('perseo-quality')} on {FINE} samples per cell:\n",
            *_table(
                ("taper", "IRW, cells", "PSLR, dB", "ISLR peak mask, dB", "resolution mask, dB"),
                _perseo_differences(),
            ),
            "",
            "Injected phases, relative errors:\n",
            *_table(("taper", "quadratic", "cubic"), _phase_errors()),
        )
    )
    if arguments.out is None:
        print(text)
    else:
        arguments.out.write_text(text + "\n")


def _measurement_errors() -> Iterator[tuple[str, ...]]:
    generator = np.random.default_rng(1)
    for window in WINDOWS:
        theory = azimuth_theory(window)
        errors = np.array(
            [
                _errors(axis, theory)
                for _ in range(PLACES)
                for axis in _axes(_measured(generator, window))
            ]
        )
        yield (_name(window), *(f"{value:.1e}" for value in np.max(np.abs(errors), axis=0)))


def _measured(generator: np.random.Generator, window: Window) -> ImpulseResponse:
    """Measure an ideal point at a random place, its spectrum anywhere."""
    row, column = generator.uniform(-3.0, 3.0, 2)
    turn = (float(generator.uniform(-3.0, 3.0)), float(generator.uniform(-0.4, 0.4)))
    oversampling = (float(generator.uniform(1.2, 2.2)), float(generator.uniform(1.2, 2.2)))
    samples = ideal(row, column, window, 1.0, turn, oversampling=oversampling)
    return measure(image_of(samples, oversampling))


def _axes(response: ImpulseResponse) -> tuple[AxisResponse, AxisResponse]:
    return response.range, response.azimuth


def _errors(axis: AxisResponse, theory: AxisTheory) -> tuple[float, float, float]:
    ratios = [
        axis.islr_by_name_db[one.name] - theory.islr_by_name_db[one.name] for one in islr.MEASURED
    ]
    sides = (axis.pslr_left_db - theory.pslr_db, axis.pslr_right_db - theory.pslr_db)
    return axis.irw_cells - theory.irw_cells, max(sides, key=abs), max(ratios, key=abs)


def _perseo_differences() -> Iterator[tuple[str, ...]]:
    """Give PERSEO the chip as we interpolate it, and compare; ours less theirs, range cut."""
    offset = np.arange(-20 * FINE, 20 * FINE + 1) / FINE
    for window in WINDOWS:
        image = image_of(ideal(0.3, 0.4, window))
        response, chip = measure(image), Chip.about(image, 128, 128)
        along_azimuth, along_range = chip.cut(0)(offset), chip.cut(1)(offset)
        area = np.outer(along_range, along_azimuth) / along_range[20 * FINE]
        widths = (evaluate_irf_resolution(along_range), evaluate_irf_resolution(along_azimuth))
        peak, resolution = (
            compute_point_target_irf_analysis(area, *widths, mask_method=mask, sslr_flag=False)
            for mask in (MaskingMethod.PEAK, MaskingMethod.RESOLUTION)
        )
        ours = response.range
        differences = (
            ours.irw_cells - widths[0] / FINE,
            ours.pslr_db - float(peak.range_pslr),
            ours.islr_by_name_db["perseo"] - float(peak.range_islr),
            ours.islr_by_name_db["perseo-resolution"] - float(resolution.range_islr),
        )
        yield (_name(window), *(f"{value:+.4f}" for value in differences))


def _phase_errors() -> Iterator[tuple[str, ...]]:
    generator = np.random.default_rng(2)
    for window in WINDOWS:
        errors = []
        for _ in range(PLACES // 2):
            quadratic, cubic = generator.uniform(-1.2, 1.2, 2)
            place = generator.uniform(-2.0, 2.0, 2)
            along_azimuth = with_phase(
                quadratic, cubic, (np.arange(257.0) - 128.0 - place[0]) / 1.28, window
            )
            along_range = with_phase(0.0, 0.0, (np.arange(257.0) - 128.0 - place[1]) / 1.2, window)
            spectrum = measure(image_of(np.outer(along_azimuth, along_range))).azimuth.spectrum
            if spectrum is not None:
                larger = max(abs(quadratic), abs(cubic))
                errors.append(
                    (
                        (spectrum.quadratic_rad - quadratic) / larger,
                        (spectrum.cubic_rad - cubic) / larger,
                    )
                )
        worst = np.max(np.abs(np.array(errors)), axis=0)
        yield (_name(window), *(f"{value:.1e}" for value in worst))


def _name(window: Window) -> str:
    parameters = {
        "generalized-hamming": f" {window.alpha:g}",
        "kaiser": f" {window.beta:g}",
        "taylor": f" {window.nbar}, {window.sidelobe_db:g} dB",
    }
    return window.name + parameters.get(window.name, "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


if __name__ == "__main__":
    main()
