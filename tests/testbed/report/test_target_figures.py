"""Figures of many targets: deviations from theory, the order of them, and the file."""

import csv
import io
import math
from dataclasses import replace

import pytest

from testbed.report.target_figures import (
    is_measured,
    largest_deviation_db,
    rank_targets,
    summarise_targets,
    target_figures,
    targets_csv,
)
from tests.testbed.report.synthetic_result import (
    measured_target,
    several_targets,
    target_result,
    without_peak,
)


def test_figures_are_in_degrees_and_against_theory() -> None:
    target = measured_target()
    figures = target_figures(target)
    spectrum = target.response.azimuth.spectrum

    assert spectrum is not None
    assert figures["azimuth.quadratic_phase_deg"] == math.degrees(spectrum.quadratic_rad)
    assert not [name for name in figures if name.endswith("_rad")]
    # A sinc against the pulse of time-bandwidth product 640: -13.26 and -13.28 dB.
    assert figures["range.pslr_deviation_db"] == pytest.approx(0.02, abs=0.005)
    assert figures["azimuth.irw_deviation_cells"] == pytest.approx(0.0, abs=5e-4)
    assert figures["peak.phase_error_deg"] == target.phase_error_deg


def test_the_worst_comes_first_and_what_has_no_peak_before_it() -> None:
    low = target_result(-0.5, name="low")
    missed = without_peak()
    ranked = rank_targets([*several_targets(2), low, missed])

    # Too low a side lobe is as far off theory as too high a one.
    assert [one.name for one in ranked[1:]] == ["low", "target 2", "target 1"]
    assert ranked[0] is missed
    assert math.isinf(largest_deviation_db(missed))
    assert not is_measured(missed)
    assert not is_measured(replace(target_result(), problem="at the edge"))


def test_only_what_was_measured_is_summarised() -> None:
    summary = summarise_targets([*several_targets(3), without_peak()])

    assert summary["range.pslr_db"].count == 3
    assert summarise_targets([without_peak()]) == {}


def test_the_file_can_be_read_as_a_table() -> None:
    missed = replace(without_peak(), name="missed", problem='no peak, "nothing" there')
    rows = list(csv.DictReader(io.StringIO(targets_csv([*several_targets(2), missed]))))

    assert [row["name"] for row in rows] == ["target 1", "target 2", "missed"]
    assert float(rows[1]["east_m"]) == 500.0
    assert float(rows[1]["range.pslr_deviation_db"]) == pytest.approx(0.01)
    assert rows[2]["range.pslr_db"] == ""
    assert rows[2]["problem"] == 'no peak, "nothing" there'
