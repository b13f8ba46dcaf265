"""Figures: every one can be drawn whatever the run found, and shows what it says."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.text import Annotation, Text

from testbed.report.curve_figures import draw_cuts, draw_history, draw_pulse
from testbed.report.figure_style import HALVES, QUARTERS, to_pngs
from testbed.report.image_figure import IMAGE_PANELS, draw_image
from testbed.report.loop_comparison import compare_pulses
from testbed.results import HistoryCurves
from tests.testbed.report.figure_checks import (
    assert_publishable,
    assert_stays_in_panel,
    texts,
)
from tests.testbed.report.synthetic_result import (
    SAMPLE_RATE_HZ,
    azimuth_sampling,
    history_curves,
    ideal_image,
    played_window,
    quantised,
    target_result,
    without_peak,
)


def test_the_image_shows_cells_metres_and_decibels() -> None:
    figure = draw_image(ideal_image(), target_result())

    assert_publishable(figure)
    shown = texts(figure)
    assert "slant range (m)" in shown
    assert "azimuth (m)" in shown
    assert "level (dB)" in shown
    assert "range from the prediction (cells)" in shown


@pytest.mark.parametrize(
    "order",
    ["C", "F"],
)
def test_an_image_may_lie_in_memory_either_way(order: str) -> None:
    image = ideal_image()
    samples = np.asfortranarray(image.samples) if order == "F" else image.samples

    assert_publishable(draw_image(replace(image, samples=samples), target_result()))


def test_marks_do_not_widen_the_image() -> None:
    image = replace(ideal_image(), full_azimuth_s=59.0)
    whole_axes = draw_image(image, target_result(predicted_azimuth_s=30.0)).axes[-1]

    # 600 rows at 600 Hz: one second.
    low_s, high_s = whole_axes.get_ylim()
    assert high_s - low_s == pytest.approx(1.0)


def test_an_image_without_target_or_signal_can_be_drawn() -> None:
    image = ideal_image()
    silent = replace(image, samples=np.zeros_like(image.samples), full_azimuth_s=math.inf)

    assert_publishable(draw_image(silent, None))
    assert_publishable(draw_image(silent, without_peak()))
    nowhere = replace(without_peak(), predicted_range_s=math.nan, predicted_azimuth_s=math.nan)
    assert_publishable(draw_image(silent, nowhere))


def test_the_cuts_name_their_numbers_beside_theory() -> None:
    figure = draw_cuts(target_result(excess_db=1.47))

    assert_publishable(figure)
    shown = "\n".join(texts(figure))
    assert "PSLR −11.81 dB (theory −13.28)" in shown
    assert "PSLR −13.26 dB (theory −13.26)" in shown
    assert "measured" in shown
    assert "theory" in shown


def test_the_highest_side_lobe_is_pointed_at() -> None:
    axes = draw_cuts(target_result(excess_db=1.47)).axes[0]
    pointers = [
        text
        for text in axes.texts
        if isinstance(text, Annotation) and text.get_text() == "−11.81 dB"
    ]

    assert len(pointers) == 1
    # The first side lobe of a sinc is 1.43 cells from the peak, here raised on the left.
    assert pointers[0].xy == pytest.approx((-1.43, -11.81), abs=0.03)


@pytest.mark.parametrize("excess_db", [0.0, 23.3, 60.0])
@pytest.mark.parametrize("at_cells", [-9.5, -4.6, 1.4, 9.5])
def test_side_lobes_above_the_peak_leave_numbers_and_labels_free(
    excess_db: float, at_cells: float
) -> None:
    target = target_result()
    cut = target.response.range
    lobe_db = -13.28 + excess_db
    level_db = np.where(
        np.abs(cut.offset_cells - at_cells) < 0.4,
        lobe_db - 40.0 * (cut.offset_cells - at_cells) ** 2,
        np.minimum(cut.level_db, lobe_db - 15.0),
    )
    raised = replace(
        cut,
        level_db=level_db,
        pslr_db=lobe_db,
        pslr_left_db=lobe_db if at_cells < 0.0 else lobe_db - 10.0,
        pslr_right_db=lobe_db if at_cells > 0.0 else lobe_db - 10.0,
    )
    figure = draw_cuts(replace(target, response=replace(target.response, range=raised)))

    assert_publishable(figure)
    assert_stays_in_panel(figure, HALVES)
    axes = figure.axes[0]
    frame = axes.get_window_extent()
    numbers = next(text for text in axes.texts if "PSLR" in text.get_text())
    label = next(text for text in axes.texts if isinstance(text, Annotation))
    highest = axes.transData.transform((0.0, max(lobe_db, 0.0)))[1]
    assert numbers.get_window_extent().y0 > highest
    written = Text.get_window_extent(label)
    assert frame.x0 <= written.x0
    assert written.x1 <= frame.x1
    assert written.y1 <= frame.y1


def test_the_side_lobes_of_a_strong_taper_are_in_sight() -> None:
    target = target_result(excess_db=-50.0)
    axes = draw_cuts(target).axes[0]

    assert axes.get_ylim()[0] < -63.28


def test_cuts_that_were_not_measured_leave_theory_alone() -> None:
    figure = draw_cuts(without_peak())

    assert_publishable(figure)
    assert "PSLR not measured (theory −13.28)" in "\n".join(texts(figure))


def test_the_history_marks_its_minimum() -> None:
    figure = draw_history(history_curves(), 2.335612345678, -1.17, azimuth_sampling())

    assert_publishable(figure)
    shown = "\n".join(texts(figure))
    assert "2.335612346 s" in shown
    assert "−1.170 s" in shown
    assert "delay (ns)" in shown


def test_one_prf_is_drawn_where_it_undersamples() -> None:
    enough = draw_history(history_curves(), 2.3356, -1.17, azimuth_sampling(600.0))
    too_low = draw_history(history_curves(), 2.3356, -1.17, azimuth_sampling(100.0))

    assert "one PRF: 100.0 Hz" in texts(too_low)
    assert not any("one PRF" in text for text in texts(enough))


def test_a_history_without_change_or_minimum_can_be_drawn() -> None:
    time_s = np.linspace(-1.0, 1.0, 11)
    flat = HistoryCurves(time_s, np.full(11, 2.3), np.full(11, 1.15), np.zeros(11))

    assert_publishable(draw_history(flat, 2.3, math.nan, azimuth_sampling()))


def test_the_pulse_shows_what_the_fit_leaves() -> None:
    played = played_window()
    recorded = 0.5 * np.roll(quantised(played, 8), 31)
    loop = compare_pulses(played, recorded, SAMPLE_RATE_HZ, 30000)
    figure = draw_pulse(played, recorded, loop, SAMPLE_RATE_HZ, 80e6)

    assert_publishable(figure)
    shown = "\n".join(texts(figure))
    assert "Pulse 30000" in shown
    assert f"Recorded minus fitted: −{-loop.residual_db:.1f} dB" in shown


def test_what_could_not_be_fitted_says_why() -> None:
    generator = np.random.default_rng(5)
    noise = generator.standard_normal(1024) + 1j * generator.standard_normal(1024)
    loop = compare_pulses(played_window(), noise, SAMPLE_RATE_HZ, 0)
    figure = draw_pulse(played_window(), noise, loop, SAMPLE_RATE_HZ, 80e6)

    assert_publishable(figure)
    assert "Nothing fitted: noise exceeds the pulse" in texts(figure)


@pytest.mark.parametrize("amplitude", [1.0, 0.3535])
def test_panels_hold_their_axes_whole(amplitude: float) -> None:
    played = played_window()
    recorded = amplitude * quantised(played, 12)
    loop = compare_pulses(played, recorded, SAMPLE_RATE_HZ, 30000)

    assert_stays_in_panel(draw_image(ideal_image(), target_result()), IMAGE_PANELS)
    assert_stays_in_panel(draw_cuts(target_result()), HALVES)
    history = draw_history(history_curves(), 2.335612345678, 50.0, azimuth_sampling(100.0))
    assert_stays_in_panel(history, HALVES)
    assert_stays_in_panel(draw_pulse(played, recorded, loop, SAMPLE_RATE_HZ, 80e6), QUARTERS)


def test_panels_are_parts_of_the_whole() -> None:
    whole, parts = to_pngs(draw_cuts(target_result()), HALVES)
    pixels, left, right = (imread(io.BytesIO(png), format="png") for png in (whole, *parts))

    np.testing.assert_array_equal(np.concatenate((left, right), axis=1), pixels)


def test_silence_can_be_drawn() -> None:
    nothing = np.zeros(1024, dtype=np.complex64)
    for played, recorded in ((nothing, nothing), (played_window(), nothing)):
        loop = compare_pulses(played, recorded, SAMPLE_RATE_HZ, 0)
        assert_publishable(draw_pulse(played, recorded, loop, SAMPLE_RATE_HZ, 80e6))
