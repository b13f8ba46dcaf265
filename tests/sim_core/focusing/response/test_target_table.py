"""Tables of many targets: every figure by its name, and the worst with the target that has it."""

import math
from dataclasses import replace

import pytest

from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.response.target_table import response_figures, summarise
from tests.sim_core.focusing.response.ideal_images import ideal, image_of


def test_a_row_holds_the_figures_of_both_axes_and_the_area() -> None:
    response = measure(image_of(0.8 * ideal(0.3, 0.1)))
    figures = response_figures(response)
    assert figures["peak.magnitude"] == response.peak_magnitude == pytest.approx(0.8, abs=1e-4)
    for name, axis in (("range", response.range), ("azimuth", response.azimuth)):
        assert axis.spectrum is not None
        assert figures[f"{name}.pslr_db"] == axis.pslr_db
        assert figures[f"{name}.quadratic_rad"] == axis.spectrum.quadratic_rad
    assert response.area is not None
    assert figures["area.islr_db"] == response.area.islr_db
    bare = replace(response, area=None, range=replace(response.range, spectrum=None))
    assert response_figures(bare).keys() == figures.keys() - {
        "area.pslr_db", "area.islr_db", "range.quadratic_rad", "range.cubic_rad", "range.ripple_db",
    }  # fmt: skip


def test_the_worst_is_told_with_its_target() -> None:
    rows = [
        ("a", {"range.pslr_db": -13.2, "peak.range_error_cells": 0.01, "peak.snr_db": 60.0}),
        ("b", {"range.pslr_db": -13.1, "peak.range_error_cells": -0.04, "peak.snr_db": 70.0}),
        ("c", {"range.pslr_db": math.nan, "peak.range_error_cells": 0.03, "peak.snr_db": math.inf}),
        ("d", {}),
    ]
    summary = summarise(rows)
    # The highest side lobe, the largest error either way, the lowest signal to noise.
    assert {key: (one.worst, one.worst_target) for key, one in summary.items()} == {
        "range.pslr_db": (-13.1, "b"),
        "peak.range_error_cells": (-0.04, "b"),
        "peak.snr_db": (60.0, "a"),
    }
    pslr = summary["range.pslr_db"]
    assert pslr.count == 2
    assert pslr.mean == pytest.approx(-13.15)
    # Mean square of +-0.05 about the mean.
    assert pslr.scatter == pytest.approx(0.05)
    phases = [("a", {"range.pslr_deviation_db": -0.2, "azimuth.cubic_rad": -0.1}),
              ("b", {"range.pslr_deviation_db": 0.1, "azimuth.cubic_rad": 0.05})]  # fmt: skip
    assert {one.worst_target for one in summarise(phases).values()} == {"a"}


def test_nothing_measured_makes_an_empty_summary() -> None:
    assert summarise([("target 1", {}), ("target 2", {"range.pslr_db": math.nan})]) == {}
    assert summarise([]) == {}
