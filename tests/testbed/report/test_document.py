"""report.json: the keys that programs rely on, and nothing that JSON cannot say."""

import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.focusing.image import ReferenceBlocks
from testbed.report.document import build_document, plain_value, to_json
from testbed.report.loop_comparison import compare_pulses
from testbed.report.schema import load_schema
from testbed.results import RunResult
from tests.testbed.report.synthetic_result import (
    LINK_BUDGET,
    SAMPLE_RATE_HZ,
    azimuth_sampling,
    ground_image,
    ideal_image,
    measured_target,
    run_result,
    several_targets,
    target_result,
    without_peak,
)


def loop_of(result: RunResult) -> Any:
    return compare_pulses(result.played_pulse, result.recorded_pulse, SAMPLE_RATE_HZ, 30000)


def assert_valid(document: dict[str, Any]) -> None:
    schema = load_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


def read_back(document: dict[str, Any]) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    loaded: dict[str, Any] = json.loads(to_json(document), parse_constant=refuse)
    return loaded


def test_the_keys_that_programs_rely_on() -> None:
    result = run_result(events={"clipped_adc": 2})
    document = read_back(build_document(result, loop_of(result), {"report": "report.json"}))

    assert_valid(document)
    assert document["verdict"] == "pass"
    assert document["reasons"] == []
    for axis in ("range", "azimuth"):
        response = document["impulse_response"][axis]
        names = {
            "pslr_db",
            "pslr_left_db",
            "pslr_right_db",
            "islr_db",
            "islr_definition",
            "irw_cells",
            "irw_m",
        }
        assert names <= response.keys()
        assert names <= response["theory"].keys()
    assert document["peak"].keys() >= {
        "range_error_cells",
        "azimuth_error_cells",
        "phase_error_deg",
        "snr_db",
    }
    assert document["sampling"].keys() >= {
        "doppler_bandwidth_hz",
        "prf_hz",
        "undersampled",
        "ambiguity_spacing_s",
    }
    assert document["geometry"].keys() >= {
        "delay_min_s",
        "delay_min_transmit_s",
        "doppler_rate_hz_per_s",
        "delay_budget",
    }
    assert document["events"] == {"clipped_adc": 2}
    assert document["timing_s"]["focus"] == 7.43
    assert document["device"]["driver"] == "loopback"
    assert document["provenance"]["eop_span"] == ["1973-01-02", "2026-05-01"]


def test_the_theory_in_metres_scales_like_the_measured_width() -> None:
    response = build_document(run_result())["impulse_response"]["range"]

    # IRW of 0.8857 cells of 1/(80 MHz), half of it times c: 1.660 m of slant range.
    assert response["irw_m"] == pytest.approx(1.660, abs=1e-3)
    assert response["theory"]["irw_m"] == pytest.approx(response["irw_m"], rel=1e-12)
    assert response["theory"]["irw_s"] == pytest.approx(response["irw_s"], rel=1e-12)


def test_what_could_not_be_measured_is_null() -> None:
    result = run_result(
        target=without_peak(),
        verdict="inconclusive",
        reasons=("no peak was found",),
        recorded_pulse=np.zeros(1024, dtype=np.complex64),
        sampling=replace(azimuth_sampling(), ambiguity_spacing_s=math.inf),
    )
    document = read_back(build_document(result, loop_of(result)))

    assert_valid(document)
    assert document["impulse_response"]["azimuth"]["pslr_db"] is None
    assert document["impulse_response"]["azimuth"]["theory"]["irw_m"] is None
    assert document["impulse_response"]["azimuth"]["theory"]["pslr_db"] == pytest.approx(
        -13.26, abs=0.01
    )
    assert document["peak"]["snr_db"] is None
    assert document["checks"][0]["measured"] is None
    assert document["sampling"]["ambiguity_spacing_s"] is None
    assert document["loop"]["gain_db"] is None


def test_a_scene_without_targets_has_neither_response_nor_peak() -> None:
    document = read_back(build_document(run_result(targets=(), checks=())))

    assert_valid(document)
    assert document["impulse_response"] is None
    assert document["peak"] is None
    assert document["targets"] == []


def test_several_targets_are_listed_and_the_first_is_the_verdicts() -> None:
    second = target_result(excess_db=2.0, name="target 2")
    document = build_document(run_result(targets=(target_result(), second)))

    assert_valid(document)
    assert [target["name"] for target in document["targets"]] == ["target 1", "target 2"]
    assert document["impulse_response"] == document["targets"][0]["impulse_response"]
    assert document["peak"] == document["targets"][0]["peak"]


def test_all_measures_of_a_response_are_there() -> None:
    target = measured_target(offset_m=(100.0, -200.0, 3.0))
    document = read_back(build_document(run_result(target=target)))

    assert_valid(document)
    response = document["targets"][0]["impulse_response"]
    assert document["targets"][0]["offset_m"] == [100.0, -200.0, 3.0]
    for name, axis in (("range", target.response.range), ("azimuth", target.response.azimuth)):
        assert axis.spectrum is not None
        assert response[name]["quadratic_phase_deg"] == pytest.approx(
            math.degrees(axis.spectrum.quadratic_rad)
        )
        assert response[name]["irw_3db_cells"] == axis.irw_3db_cells
        assert response[name]["islr_by_name_db"]["null-to-null-10"] == response[name]["islr_db"]
        assert len(response[name]["side_lobes"]["level_db"]) == len(axis.side_lobes) >= 18
        assert max(response[name]["side_lobes"]["level_db"]) == pytest.approx(axis.pslr_db)
        assert response[name]["theory"]["reference"]
    # The 2-D ISLR of two unweighted sincs without end is -6.44 dB; out to 10 cells it is -6.94 dB.
    assert response["area"]["islr_db"] == pytest.approx(-6.94, abs=0.02)


def test_several_targets_have_a_summary() -> None:
    targets = (*several_targets(3), replace(without_peak(), name="target 4", problem="no peak"))
    summary = build_document(run_result(targets=targets))["summary"]

    assert (summary["targets"], summary["measured"]) == (4, 3)
    figure = summary["figures"]["range.pslr_deviation_db"]
    # 0, 0.01 and 0.02 dB above theory.
    assert figure["mean"] == pytest.approx(0.01)
    assert (figure["count"], figure["worst_target"]) == (3, "target 3")


def test_image_ground_and_link_are_told() -> None:
    image = replace(ideal_image(), references=ReferenceBlocks((-1.0, 0.0, 1.0), 2e-5, 0.01))
    result = run_result(image=image, ground=ground_image(), link_budget=LINK_BUDGET)
    document = read_back(build_document(result))

    assert_valid(document)
    assert document["image"]["references"]["lag_edges_s"] == [-1.0, 0.0, 1.0]
    assert document["image"]["spur"]["level_db"] == -58.2
    assert document["image"]["azimuth_ambiguity_db"] == -61.5
    assert document["ground"]["shape"] == [301, 401]
    assert document["ground"]["crs"].startswith("+proj=ortho")
    assert document["link_budget"]["image_snr_db"] == pytest.approx(33.0103)
    assert [term["unit"] for term in document["link_budget"]["terms"]] == ["W", "", "K"]


def test_lists_of_numbers_stand_in_a_line() -> None:
    value = {"list": [1.5, -2e-9, None], "text": "[\n 1,\n 2\n]", "words": ["a", "b"], "none": []}

    assert '"list": [ 1.5, -2e-09, null ]' in to_json(value)
    assert json.loads(to_json(value)) == value


def test_the_schema_refuses_a_misspelt_key_and_a_word_for_a_number() -> None:
    document = build_document(run_result())
    misspelt = document | {"verdikt": "pass"}
    worded = document | {"peak": document["peak"] | {"snr_db": "high"}}

    for wrong in (misspelt, worded):
        with pytest.raises(jsonschema.ValidationError):
            assert_valid(wrong)


def test_foreign_values_find_a_plain_form() -> None:
    values = {
        "float": np.float32(0.5),
        "count": np.int64(3),
        "flag": np.bool_(True),
        "array": np.arange(3),
        "path": Path("a/b"),
        "day": date(2001, 2, 9),
        "time": datetime(2001, 2, 9, 1, 49, 49, tzinfo=UTC),
        "nothing": np.float64("nan"),
        3: (1, {"inner": -math.inf}),
        "complex": 1 + 2j,
    }

    assert plain_value(values) == {
        "float": 0.5,
        "count": 3,
        "flag": True,
        "array": [0, 1, 2],
        "path": "a/b",
        "day": "2001-02-09",
        "time": "2001-02-09 01:49:49+00:00",
        "nothing": None,
        "3": [1, {"inner": None}],
        "complex": "(1+2j)",
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_nested_value_can_be_written_and_read(value: Any) -> None:
    assert read_back({"value": plain_value(value)})["value"] == plain_value(value)
