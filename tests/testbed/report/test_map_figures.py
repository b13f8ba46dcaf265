"""Maps: targets stand where they are, and the ground has its north up."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Annotation

from testbed.report.display import ground_picture
from testbed.report.figure_style import HALVES
from testbed.report.map_figures import draw_ground, draw_targets, ground_note
from testbed.results import TargetResult
from tests.testbed.report.figure_checks import assert_publishable, assert_stays_in_panel
from tests.testbed.report.synthetic_result import (
    ground_image,
    several_targets,
    target_result,
    without_peak,
)


@pytest.mark.parametrize(
    "targets",
    [
        several_targets(2),
        several_targets(200),
        (*several_targets(3), replace(without_peak(), offset_m=(0.0, 900.0, 0.0))),
        (without_peak(), without_peak()),
    ],
)
def test_targets_are_drawn_where_they_are(targets: tuple[TargetResult, ...]) -> None:
    figure = draw_targets(targets)

    assert_publishable(figure)
    assert_stays_in_panel(figure, HALVES)
    [shown] = figure.axes[0].collections
    measured = [one for one in targets if np.isfinite(one.range_error_cells)]
    assert np.array_equal(
        np.asarray(shown.get_offsets()).reshape(-1, 2),
        1e-3 * np.array([one.offset_m[:2] for one in measured]).reshape(-1, 2),
    )


def test_the_worst_is_named_in_each_axis() -> None:
    figure = draw_targets(several_targets(3))
    names = [note.get_text() for note in figure.axes[0].findobj(Annotation)]

    assert names == ["worst: target 3"]
    [shown] = figure.axes[0].collections
    # The scale is no finer than 0.05 dB: what is good looks good.
    assert shown.get_clim() == (-0.05, 0.05)
    [wide] = draw_targets((target_result(), target_result(2.0))).axes[0].collections
    assert wide.get_clim()[1] == pytest.approx(2.0)


@pytest.mark.parametrize("distributed", [False, True])
def test_the_ground_has_east_right_and_north_up(distributed: bool) -> None:
    ground = ground_image()
    figure = draw_ground(ground, several_targets(2), distributed)

    assert_publishable(figure)
    [picture] = figure.axes[0].get_images()
    # The outer edges of pixels of 10 m.
    assert picture.get_extent() == pytest.approx([-2.005, 2.005, -1.505, 1.505])
    assert picture.origin == "lower"
    shown = np.asarray(picture.get_array())
    brightest = np.unravel_index(int(np.argmax(shown)), shown.shape)
    # The point stands a kilometre east and north: at 3/4 and 5/6 of the extents.
    assert brightest[1] / shown.shape[1] == pytest.approx(0.75, abs=0.01)
    assert brightest[0] / shown.shape[0] == pytest.approx(2.505 / 3.01, abs=0.01)


def test_points_keep_their_height_and_ground_its_mean() -> None:
    ground = ground_image()

    assert np.max(ground_picture(ground, 40, False).level_db) == pytest.approx(-6.02, abs=0.01)
    mean_db = ground_picture(ground, 40, True).level_db
    # All the power is in the picture; the point's block has 7 rows, the others 7.5 on average.
    assert np.mean(10.0 ** (0.1 * mean_db)) == pytest.approx(
        np.mean(np.abs(ground.samples) ** 2), rel=0.075
    )
    assert "mean power" in ground_note((), True)
    assert "circled" in ground_note(several_targets(2), False)
    assert "circled" not in ground_note(several_targets(50), False)


def test_an_empty_ground_and_a_strip_can_be_drawn() -> None:
    ground = ground_image()
    empty = replace(ground, samples=np.zeros_like(ground.samples))
    strip = replace(ground, samples=ground.samples[:9], grid=replace(ground.grid, rows=9))

    for one in (empty, strip):
        assert_publishable(draw_ground(one, (), False))
