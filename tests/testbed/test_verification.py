"""Verdicts: limits kept, limits broken, and measurements that say nothing about the chain."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.verification import MIN_SNR_DB, check_limits, unit_of, verify
from tests.testbed.report.synthetic_result import (
    LIMITS,
    AxisBounds,
    Bounds,
    PeakBounds,
    target_result,
    without_peak,
)


def test_a_response_that_reaches_theory_passes() -> None:
    judgement = verify(target_result(), LIMITS)

    assert judgement.verdict == "pass"
    assert judgement.reasons == ()
    assert len(judgement.checks) == 10
    assert all(check.passed for check in judgement.checks)


def test_the_checks_carry_the_theory_beside_the_measured_value() -> None:
    by_name = {check.name: check for check in check_limits(target_result(), LIMITS)}

    # Autocorrelation of a linear FM pulse of time-bandwidth product 640, and a sinc.
    assert by_name["range.pslr_db"].theory == pytest.approx(-13.27, abs=0.02)
    assert by_name["azimuth.pslr_db"].theory == pytest.approx(-13.2615, abs=1e-3)
    assert by_name["azimuth.irw_cells"].theory == pytest.approx(0.88589, abs=1e-4)
    assert by_name["peak.phase_error_deg"].theory == 0.0


def test_the_papers_range_cut_fails_and_says_which_limit_it_breaks() -> None:
    # Figure 7 of the paper: PSLR -11.81 dB where theory has -13.28 dB.
    judgement = verify(target_result(excess_db=1.47), LIMITS)

    assert judgement.verdict == "fail"
    assert judgement.reasons[0] == "Range PSLR is −11.81 dB, above its limit of −13.00 dB"
    assert [check.name for check in judgement.checks if not check.passed] == [
        "range.pslr_db",
        "range.islr_db",
    ]


def test_a_value_a_hair_above_its_limit_is_told_apart_from_it() -> None:
    target = target_result(phase_error_deg=2.00004)

    judgement = verify(target, LIMITS)

    assert judgement.reasons == (
        "Peak phase error is 2.00004 degrees, outside its limit of ±2.00 degrees",
    )


def test_a_limit_is_written_in_full() -> None:
    limits = Bounds(peak=PeakBounds(range_error_cells=0.012345))
    judgement = verify(target_result(range_error_cells=-0.06), limits)

    assert judgement.reasons == (
        "Peak range error is −0.0600 cells, outside its limit of ±0.012345 cells",
    )


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize(
    ("name", "limit"),
    [("range_error_cells", 0.05), ("azimuth_error_cells", 0.05), ("phase_error_deg", 2.0)],
)
def test_errors_of_the_peak_are_judged_by_magnitude(name: str, limit: float, sign: float) -> None:
    kept = target_result(**{name: sign * limit})
    broken = target_result(**{name: sign * limit * 1.01})

    assert verify(kept, LIMITS).verdict == "pass"
    assert verify(broken, LIMITS).verdict == "fail"


def test_without_a_peak_nothing_is_known() -> None:
    judgement = verify(without_peak(), LIMITS)

    assert judgement.verdict == "inconclusive"
    assert judgement.reasons == ("no peak was found where target 1 is predicted",)
    assert not any(check.passed for check in judgement.checks)


def test_why_nothing_was_measured_is_passed_on() -> None:
    judgement = verify(without_peak(), LIMITS, doubts=("the main lobe has no null",))

    assert judgement.verdict == "inconclusive"
    assert judgement.reasons[-1] == "the main lobe has no null"


def test_a_silent_image_has_no_peak() -> None:
    target = target_result()
    silent = replace(target, response=replace(target.response, peak_magnitude=0.0))

    assert verify(silent, LIMITS).verdict == "inconclusive"


def test_a_peak_close_to_the_noise_is_inconclusive_even_if_limits_are_broken() -> None:
    judgement = verify(target_result(excess_db=3.0, snr_db=MIN_SNR_DB - 0.1), LIMITS)

    assert judgement.verdict == "inconclusive"
    assert "19.9 dB above the background" in judgement.reasons[0]


def test_an_infinite_ratio_to_the_noise_is_a_good_one() -> None:
    assert verify(target_result(snr_db=math.inf), LIMITS).verdict == "pass"


@pytest.mark.parametrize("kind", ["lost", "late", "overflow", "underflow", "timeout"])
def test_holes_in_the_recording_make_it_inconclusive(kind: str) -> None:
    judgement = verify(target_result(), LIMITS, {kind: 2})

    assert judgement.verdict == "inconclusive"
    assert judgement.reasons[0].endswith(": 2")
    assert verify(target_result(), LIMITS, {kind: 2}, pulses=199).verdict == "inconclusive"


def test_few_lost_pulses_are_left_out_of_the_image_and_told() -> None:
    judgement = verify(target_result(), LIMITS, {"lost": 1, "late": 1}, pulses=200)

    assert judgement.verdict == "pass"
    assert judgement.reasons[0] == (
        "the device reported lost pulses: 1, left out of the image; every limit is kept"
    )


def test_events_that_did_not_happen_change_nothing() -> None:
    assert verify(target_result(), LIMITS, {"lost": 0, "clipped_adc": 0}).reasons == ()


def test_clipping_is_told_but_the_limits_decide() -> None:
    passed = verify(target_result(), LIMITS, {"clipped_dac": 1}, pulses=6000)
    failed = verify(target_result(excess_db=1.0), LIMITS, {"clipped_adc": 7})

    assert passed.verdict == "pass"
    assert passed.reasons == ("the DAC clipped in 1 of 6000 pulses; every limit is kept",)
    assert failed.verdict == "fail"
    assert failed.reasons[-1] == "the ADC clipped in 7 pulses"


def test_one_value_that_could_not_be_measured_is_inconclusive() -> None:
    judgement = verify(target_result(phase_error_deg=math.nan), LIMITS)

    assert judgement.verdict == "inconclusive"
    assert judgement.reasons == ("Peak phase error could not be measured",)


def test_a_broken_limit_outweighs_a_value_that_could_not_be_measured() -> None:
    judgement = verify(target_result(excess_db=1.47, phase_error_deg=math.nan), LIMITS)

    assert judgement.verdict == "fail"
    assert "Peak phase error could not be measured" in judgement.reasons


def test_what_has_no_limit_is_not_judged() -> None:
    nothing = AxisBounds(pslr_db=None, islr_db=None, irw_cells=None)
    limits = Bounds(nothing, nothing, PeakBounds(None, None, 2.0, None))

    assert [check.name for check in check_limits(target_result(9.0), limits)] == [
        "peak.phase_error_deg"
    ]
    assert verify(target_result(excess_db=9.0), limits).verdict == "pass"


@given(excess_db=st.floats(-5.0, 5.0), limit_db=st.floats(-20.0, -8.0))
def test_the_verdict_follows_the_limit(excess_db: float, limit_db: float) -> None:
    target = target_result(excess_db=excess_db)
    limits = Bounds(range=AxisBounds(pslr_db=limit_db, islr_db=None))

    kept = target.response.range.pslr_db <= limit_db

    assert verify(target, limits).verdict == ("pass" if kept else "fail")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("range.pslr_db", "dB"),
        ("peak.range_error_cells", "cells"),
        ("peak.phase_error_deg", "degrees"),
        ("whatever", ""),
    ],
)
def test_the_unit_is_in_the_name(name: str, unit: str) -> None:
    assert unit_of(name) == unit
