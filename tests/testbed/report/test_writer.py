"""The report as files: complete, in the right order, never half-written."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from sim_core.focusing.image import ReferenceBlocks
from testbed.errors import OutputError
from testbed.report.schema import load_schema
from testbed.report.writer import STAGE, write_report
from tests.testbed.report.synthetic_result import (
    ground_image,
    ideal_image,
    run_result,
    several_targets,
    without_peak,
)


def test_a_report_has_its_three_parts(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    written = write_report(
        run_result(),
        tmp_path,
        {"recording": "recording.sigmf-meta"},
        lambda done, total: seen.append((done, total)),
    )

    document = json.loads(written.json.read_text("utf-8"))
    jsonschema.Draft202012Validator(load_schema()).validate(document)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "figures",
        "report.html",
        "report.json",
    ]
    assert {path.name for path in written.figures} == {
        "image.png",
        "cuts.png",
        "history.png",
        "pulse.png",
    }
    for name, file in document["files"].items():
        assert name == "recording" or (tmp_path / file).is_file()
    assert document["timing_s"][STAGE] > 0.0
    assert seen[0] == (0, 5)
    assert seen[-1] == (5, 5)


def test_several_targets_and_ground_have_files_of_their_own(tmp_path: Path) -> None:
    result = run_result(targets=several_targets(3), ground=ground_image())
    written = write_report(result, tmp_path, {"ground": "ground.tif"})

    files = json.loads(written.json.read_text("utf-8"))["files"]
    assert files["targets"] == "targets.csv"
    assert files["figure_targets"] == "figures/targets.png"
    assert files["figure_ground"] == "figures/ground.png"
    assert len((tmp_path / "targets.csv").read_text("utf-8").splitlines()) == 4
    page = written.page.read_text("utf-8")
    assert "Map of 3 targets" in page
    assert "401 x 301 pixels of 10 m x 10 m on the ellipsoid. Targets are circled." in page


def test_an_inconclusive_run_is_reported_like_any_other(tmp_path: Path) -> None:
    result = run_result(
        target=without_peak(),
        verdict="inconclusive",
        reasons=("no peak was found",),
        recorded_pulse=np.zeros(1024, dtype=np.complex64),
        delay_budget=(),
    )
    written = write_report(result, tmp_path)

    document = json.loads(written.json.read_text("utf-8"))
    jsonschema.Draft202012Validator(load_schema()).validate(document)
    assert document["verdict"] == "inconclusive"


def test_a_time_that_is_known_already_is_kept(tmp_path: Path) -> None:
    written = write_report(run_result(timing_s={STAGE: 4.5}), tmp_path)

    assert json.loads(written.json.read_text("utf-8"))["timing_s"] == {STAGE: 4.5}


def test_a_report_may_be_written_anew(tmp_path: Path) -> None:
    write_report(run_result(name="first"), tmp_path)
    written = write_report(run_result(name="second"), tmp_path)

    assert json.loads(written.json.read_text("utf-8"))["name"] == "second"


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_report(run_result(), tmp_path / "missing")

    assert str(tmp_path / "missing" / "figures") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_in_the_way_of_the_figures_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("in the way")

    with pytest.raises(OutputError, match="figures"):
        write_report(run_result(), tmp_path)
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize(
    ("full_azimuth_s", "words"), [(0.2, "Within the dotted lines"), (59.0, "Everywhere in it")]
)
def test_the_caption_says_where_the_whole_band_was_recorded(
    tmp_path: Path, full_azimuth_s: float, words: str
) -> None:
    image = replace(ideal_image(), full_azimuth_s=full_azimuth_s, full_range_s=(-1e-3, 1e-3))
    written = write_report(run_result(image=image), tmp_path)

    text = written.page.read_text("utf-8")
    assert f"{words} the whole Doppler band and the whole pulse of a target were recorded" in text
    assert "full resolution" not in text
    assert "defocused all the same" in text


def test_a_renewed_reference_is_not_called_defocused(tmp_path: Path) -> None:
    image = replace(ideal_image(), references=ReferenceBlocks((-1.0, 1.0), 0.0, 0.0))
    written = write_report(run_result(image=image), tmp_path)

    assert "defocused" not in written.page.read_text("utf-8")
