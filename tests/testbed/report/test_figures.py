"""Figures: every one can be drawn whatever the run found, and shows what it says."""

import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Annotation, Text

from testbed.report.curve_figures import draw_cuts, draw_history, draw_pulse
from testbed.report.figure_style import to_png
from testbed.report.image_figure import draw_image
from testbed.report.loop_comparison import compare_pulses
from testbed.results import HistoryCurves
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

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SMALLEST_FONT_PT = 9.0


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def assert_publishable(figure: Figure) -> None:
    """Rendered, labelled on both axes of every frame, and in letters that can be read."""
    assert to_png(figure).startswith(PNG_SIGNATURE)
    for axes in figure.axes:
        assert axes.get_ylabel()
        if axes.get_label() != "colour bar":
            assert axes.get_xlabel()
    sizes = [
        FontProperties(size=text.get_fontsize()).get_size_in_points()
        for text in figure.findobj(Text)
        if text.get_text()
    ]
    assert min(sizes) >= SMALLEST_FONT_PT


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


def test_silence_can_be_drawn() -> None:
    nothing = np.zeros(1024, dtype=np.complex64)
    for played, recorded in ((nothing, nothing), (played_window(), nothing)):
        loop = compare_pulses(played, recorded, SAMPLE_RATE_HZ, 0)
        assert_publishable(draw_pulse(played, recorded, loop, SAMPLE_RATE_HZ, 80e6))
