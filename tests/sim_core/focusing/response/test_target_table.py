import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.prediction import PredictedPeak
from sim_core.focusing.response.target_table import measure_targets, summarise
from tests.sim_core.focusing.response.ideal_images import ideal, image_of

SHAPE = (401, 301)
# Rows and columns from the middle, phase and amplitude.
TARGETS = [(-100.3, -60.2, 0.5, 1.0), (90.4, 70.1, -1.0, 0.8), (0.0, 0.0, 2.0, 0.9)]


def test_targets_are_measured_against_their_predictions_and_summarised() -> None:
    samples = sum(
        (a * ideal(row, column, phase_rad=phase, shape=SHAPE) for row, column, phase, a in TARGETS),
        start=np.zeros(SHAPE, dtype=np.complex128),
    )
    image = image_of(samples)
    predictions = [
        PredictedPeak((column + 0.012) * image.range_step_s, row * image.azimuth_step_s, phase)
        for row, column, phase, _ in TARGETS
    ]
    # One that is not in the image, one at its edge, one where there is nothing.
    predictions += [
        PredictedPeak(1.0, 0.0, 0.0),
        PredictedPeak(0.0, 195.0 * image.azimuth_step_s, 0.0),
    ]
    names = ["a", "b", "c", "outside", "edge"]
    table = measure_targets(image, predictions, names)
    assert [one.name for one in table] == names
    for one, (_, _, _, amplitude) in zip(table[:3], TARGETS, strict=True):
        assert one.response is not None
        assert one.problem == ""
        # 0.012 sample less than predicted; the others' side lobes move a peak by 1e-3 of a cell.
        assert one.range_error_cells == pytest.approx(-0.01, abs=2e-3)
        assert one.azimuth_error_cells == pytest.approx(0.0, abs=2e-3)
        assert one.phase_error_rad == pytest.approx(0.0, abs=5e-3)
        assert one.values()["peak.magnitude"] == pytest.approx(amplitude, abs=5e-3)
    assert "outside of the image" in table[3].problem
    assert "edge" in table[4].problem or "not a peak" in table[4].problem
    assert table[3].values() == {}
    assert math.isnan(table[3].range_error_cells)

    summary = summarise(table)
    assert summary["peak.range_error_cells"].count == 3
    assert summary["peak.range_error_cells"].mean == pytest.approx(-0.01, abs=1e-3)
    assert summary["peak.magnitude"].worst_target == "b"
    pslr = [one.values()["range.pslr_db"] for one in table[:3]]
    assert summary["range.pslr_db"].worst == max(pslr)
    assert summary["range.pslr_db"].worst_target == names[int(np.argmax(pslr))]
    assert summary["azimuth.quadratic_rad"].worst == max(
        (one.values()["azimuth.quadratic_rad"] for one in table[:3]), key=abs
    )


def test_each_target_may_have_an_image_of_its_own() -> None:
    images = [image_of(ideal(0.3, 0.1)), image_of(2.0 * ideal(-0.2, 0.4))]
    table = measure_targets(images, [PredictedPeak(0.0, 0.0, 0.0)] * 2)
    assert [one.name for one in table] == ["target 1", "target 2"]
    assert [one.values()["peak.magnitude"] for one in table] == pytest.approx([1.0, 2.0], abs=1e-4)


def test_nothing_measured_makes_an_empty_summary() -> None:
    image = image_of(np.zeros((257, 257), dtype=np.complex64))
    table = measure_targets(image, [PredictedPeak(0.0, 0.0, 0.0)])
    assert "empty" in table[0].problem
    assert summarise(table) == {}
    assert measure_targets(image, []) == ()


def test_counts_that_do_not_agree_are_refused() -> None:
    image = image_of(ideal(0.0, 0.0))
    with pytest.raises(FocusingError, match="2 images and 1 names for 1"):
        measure_targets([image, image], [PredictedPeak(0.0, 0.0, 0.0)])
