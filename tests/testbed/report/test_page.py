"""The page: complete, self-contained, the verdict first, and safe against what it shows."""

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from testbed.report.document import build_document
from testbed.report.loop_comparison import compare_pulses
from testbed.report.page import build_page
from testbed.report.page_frame import PageFigure, PagePanel
from testbed.results import ImageQuality, RunResult
from tests.testbed.report.page_reader import Page
from tests.testbed.report.synthetic_result import (
    LINK_BUDGET,
    SAMPLE_RATE_HZ,
    azimuth_sampling,
    measured_target,
    run_result,
    several_targets,
    target_result,
    without_peak,
)

# The smallest PNG: enough for the page, which only embeds it.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000030802000000368849d60000000049454e44ae426082"
)
FIGURES = tuple(
    PageFigure(
        key, (PagePanel(PNG, 0.64), PagePanel(PNG, 0.36)), f"alt of {key}", f"caption of {key}"
    )
    for key in ("image", "cuts", "history", "pulse")
)
SECTIONS = [
    "checks",
    "image",
    "response",
    "sampling",
    "geometry",
    "loop",
    "device",
    "timing",
    "provenance",
    "configuration",
]


def page_of(result: RunResult, **document_changes: Any) -> tuple[Page, str]:
    loop = compare_pulses(result.played_pulse, result.recorded_pulse, SAMPLE_RATE_HZ, 30000)
    document = build_document(result, loop, {"report": "report.json"}) | document_changes
    html = build_page(result, document, loop, FIGURES)
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page, html


def undersampled() -> RunResult:
    return run_result(sampling=azimuth_sampling(100.0))


def failed() -> RunResult:
    target = target_result(excess_db=1.47)
    return run_result(
        target=target,
        verdict="fail",
        reasons=("Range PSLR is −11.81 dB, above its limit of −13.00 dB",),
        events={"clipped_adc": 12},
    )


def inconclusive() -> RunResult:
    return run_result(
        target=without_peak(),
        verdict="inconclusive",
        reasons=("no peak was found where target 1 is predicted",),
        recorded_pulse=np.zeros(1024, dtype=np.complex64),
        delay_budget=(),
        delay_min_s=math.nan,
        delay_min_transmit_s=math.nan,
    )


def bare() -> RunResult:
    return run_result(
        targets=(),
        checks=(),
        delay_budget=(),
        timing_s={},
        device={},
        provenance={},
        configuration={},
    )


@pytest.mark.parametrize("result", [run_result(), failed(), inconclusive(), undersampled(), bare()])
def test_every_page_is_whole_and_stands_alone(result: RunResult) -> None:
    page, html = page_of(result)

    assert [attributes.get("id") for attributes in page.all("section")] == SECTIONS
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script|<link", html, re.IGNORECASE)
    for _, attributes in page.elements:
        assert "onload" not in attributes
        assert (attributes.get("src") or "data:").startswith("data:")
        assert (attributes.get("href") or "#").startswith("#")
    identifiers = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {(link["href"] or "").removeprefix("#") for link in page.all("a")} <= identifiers
    assert all(image["width"] and image["height"] for image in page.all("img"))
    # One text for all panels of a figure: to who cannot see them they are one picture.
    shown = [
        key for key in ("image", "cuts", "history", "pulse") if result.targets or key != "cuts"
    ]
    pictures = [one for one in page.all("div") if one.get("role") == "img"]
    assert [one["aria-label"] for one in pictures] == [f"alt of {key}" for key in shown]
    assert all(image["alt"] == "" for image in page.all("img"))
    assert page.all("html")[0]["lang"] == "en"
    assert not re.search(r"\b(nan|inf|None)\b", page.text)


def test_the_verdict_comes_first_in_word_and_colour() -> None:
    for result, word in (
        (run_result(), "PASS"),
        (failed(), "FAIL"),
        (inconclusive(), "INCONCLUSIVE"),
    ):
        page, html = page_of(result)
        banner = next(
            attributes
            for attributes in page.all("div")
            if (attributes.get("class") or "").startswith("verdict")
        )
        assert banner["class"] == f"verdict {result.verdict}"
        assert html.index(f">{word}<") < html.index("<table")
        assert f".verdict.{result.verdict}" in page.style
        assert all(reason in page.text for reason in result.reasons)


def test_a_pass_shows_measured_theory_and_limit() -> None:
    page, _ = page_of(run_result())

    assert "10 of 10 limits kept" in page.text
    assert "Range PSLR" in page.text
    assert "−13.28 dB" in page.text
    assert "≤\N{NO-BREAK SPACE}−13.00" in page.text
    assert "±2.00" in page.text
    assert "The device reported no events" in page.text


def test_a_fail_marks_the_broken_limits() -> None:
    page, _ = page_of(failed())
    marks = [a.get("class") for a in page.all("span") if (a.get("class") or "").startswith("mark")]

    assert marks[:3] == ["mark fail", "mark fail", "mark pass"]
    assert "ADC clipped" in page.text


def test_what_was_not_measured_is_said_so() -> None:
    page, _ = page_of(inconclusive())

    assert "not measured" in page.text
    assert "no value" in page.text
    assert "Not measurable: the recorded pulse is silent." in page.text


def test_an_inconclusive_run_judges_nothing() -> None:
    result = run_result(
        target=target_result(excess_db=1.47, snr_db=12.0),
        verdict="inconclusive",
        reasons=("the peak of target 1 stands 12.0 dB above the background",),
    )
    page, _ = page_of(result)
    marks = {a["class"] for a in page.all("span") if (a.get("class") or "").startswith("mark")}

    assert marks == {"mark inconclusive"}
    assert page.text.count("not judged") == 11
    assert "limits kept" not in page.text
    assert "FAIL" not in page.text


def test_a_pulse_below_the_noise_has_no_gain_or_delay() -> None:
    generator = np.random.default_rng(2)
    noise = generator.standard_normal(1024) + 1j * generator.standard_normal(1024)
    page, _ = page_of(run_result(recorded_pulse=noise.astype(np.complex64)))

    assert "Not measurable: noise exceeds the pulse." in page.text
    assert "Difference to signal" not in page.text


def test_a_minimum_at_the_end_of_the_aperture_is_called_so() -> None:
    page, _ = page_of(run_result(delay_min_transmit_s=50.0))

    assert "for what leaves at the end of the aperture, 50.000 s" in page.text


def test_cells_of_a_card_carry_their_heading() -> None:
    page, _ = page_of(run_result())
    cells = page.all("td") + page.all("th")
    labels = {cell["data-label"] for cell in cells if "data-label" in cell}

    assert {"Size", "Change (cycles)", "Note", "Bandwidth", "Phase"} <= labels


def test_under_sampling_is_named_with_its_numbers() -> None:
    page, _ = page_of(undersampled())

    assert "Under-sampled in azimuth" in page.text
    # 4.68 Hz/s over 100 s against 100 Hz, and replicas every 100/4.68 s.
    assert "468.0 Hz is 4.68 times the PRF of 100.0 Hz" in page.text
    assert "every 21.37 s" in page.text


def test_enough_sampling_is_told_too() -> None:
    page, _ = page_of(run_result())

    assert "the PRF of 600.0 Hz is 1.28 times the Doppler bandwidth of 468.0 Hz" in page.text


def test_the_delay_budget_says_what_the_run_left_out() -> None:
    page, _ = page_of(run_result())

    assert "Shapiro delay of the Sun" in page.text
    # 2.3 ps at 23 GHz.
    assert "0.0529" in page.text


def test_a_single_target_has_no_section_of_its_own() -> None:
    page, _ = page_of(run_result())

    assert "All targets" not in page.text
    assert "The tapers lose" not in page.text


def test_more_measures_are_folded_away() -> None:
    page, html = page_of(run_result(target=measured_target(), window_loss_db=(0.93, 0.0)))
    folded = html[html.index("<details>") :]

    for words in ("First nulls (cells)", "Quadratic phase", "PERSEO", "ISO/TS 19159-3"):
        assert words in folded
    assert "The tapers lose 0.93 dB of the signal-to-noise ratio in range and 0.00 dB" in page.text


def test_the_image_says_what_else_is_in_it() -> None:
    page, _ = page_of(run_result())

    assert "stands at −58.2 dB against the highest target" in page.text
    assert "hold −61.5 dB of its energy" in page.text
    silent, _ = page_of(run_result(quality=ImageQuality(math.nan, None)))
    assert "highest target" not in silent.text
    assert "replicas of the first target" not in silent.text


def test_a_link_budget_adds_up() -> None:
    page, _ = page_of(run_result(link_budget=LINK_BUDGET, window_loss_db=(0.93, 0.07)))

    ids = [section.get("id") for section in page.all("section")]
    assert ids == [*SECTIONS[:5], "link", *SECTIONS[5:]]
    # 60 dB less 26.99 dB, and the tapers' 1 dB.
    assert "33.01" in page.text
    assert "32.01" in page.text
    assert "1e+06 W" in page.text
    assert "losses of the radar" not in page.text


def test_several_targets_are_tabulated_with_the_worst_marked() -> None:
    missed = replace(without_peak(), name="target 4", problem="no peak")
    page, html = page_of(run_result(targets=(*several_targets(3), missed)))

    assert [one.get("id") for one in page.all("section")] == [
        *SECTIONS[:3], "targets", *SECTIONS[3:],
    ]  # fmt: skip
    assert "3 of 4 targets measured" in page.text
    assert "1.000, −0.500" in page.text
    assert re.search(r"target 3 <span class=.mark inconclusive.>worst", html)
    assert re.search(r"target 4 <span class=.mark fail.>not measured", html)
    assert not re.search(r"\b(nan|inf|None)\b", page.text)


def test_of_many_targets_the_best_and_the_worst_are_shown() -> None:
    page, _ = page_of(run_result(targets=several_targets(90)))

    assert "The 20 targets farthest off theory, of 90" in page.text
    assert "The 20 nearest to theory" in page.text
    shown = page.text[page.text.index("The 20 targets") :]
    # The deviation rises with the number.
    assert "target 90" in shown and "target 71" in shown and "target 20" in shown
    assert "target 50" not in shown


def test_no_target_of_several_measured_is_said_so() -> None:
    page, _ = page_of(run_result(targets=(without_peak(), without_peak())))

    assert "None of 2 targets could be measured." in page.text


def test_hostile_names_stay_text() -> None:
    hostile = "<script>alert('x')</script>\"&amp;</td></table>"
    result = replace(
        failed(),
        name=hostile,
        reasons=(hostile,),
        targets=(target_result(name=hostile),),
        events={hostile: 1},
        timing_s={hostile: 1.0},
        device={"driver": hostile, hostile: {"x": [hostile]}},
        provenance={"versions": {hostile: hostile}},
        configuration={"name": hostile},
    )
    page, html = page_of(result, files={hostile: hostile})

    assert "<script" not in html
    assert page.text.count("<script>alert('x')</script>") >= 9


def test_the_configuration_is_there_in_full() -> None:
    page, _ = page_of(run_result())
    shown = page.text[page.text.index("Complete resolved configuration") :]
    text = shown[shown.index("{") : shown.rindex("}") + 1]

    assert json.loads(text) == run_result().configuration


def test_a_missing_figure_leaves_the_page_whole() -> None:
    result = run_result()
    loop = compare_pulses(result.played_pulse, result.recorded_pulse, SAMPLE_RATE_HZ, 0)
    page = Page()
    page.feed(build_page(result, build_document(result, loop), loop, ()))
    page.close()

    assert page.all("img") == []
    assert len(page.all("section")) == len(SECTIONS)


def test_the_embedded_size_is_the_pictures() -> None:
    page, _ = page_of(run_result())

    assert (page.all("img")[0]["width"], page.all("img")[0]["height"]) == ("2", "3")
