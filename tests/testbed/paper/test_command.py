"""`moonecho paper`: its options, other sites, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from testbed import cli
from testbed.errors import OptionError
from testbed.paper.registry import PARTS, chosen_parts
from tests.testbed.paper.reproduction import COARSE, reproduced


def names(*only: str) -> list[str]:
    return [part.names[0] for part in chosen_parts(only)]


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("moonecho: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_only_names_parts_in_the_order_of_the_page() -> None:
    assert chosen_parts([]) == PARTS
    assert names("figure5", "table1,figure3") == ["table1", "figure3", "figure5"]
    assert names("table2, table2") == ["table2"]
    for part in PARTS:
        for name in part.names:
            assert chosen_parts([name]) == (part,)


@pytest.mark.parametrize("wrong", ["table9", "", "table1,,figure1", "Table1"])
def test_only_refuses_what_there_is_not(wrong: str) -> None:
    with pytest.raises(OptionError, match="--only") as caught:
        chosen_parts([wrong])
    assert all(name in str(caught.value) for part in PARTS for name in part.names)


def test_bad_options_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert cli.main(["paper", "--out", str(out), "--only", "table9"]) == 2
    assert "table9: is none of the paper's" in error_line(capsys)
    assert cli.main(["paper", "--out", str(out), "--config", str(tmp_path / "no.yaml")]) == 2
    assert "no.yaml" in error_line(capsys)
    assert cli.main(["paper"]) == 2
    assert "--out" in error_line(capsys)
    assert not out.exists()


def test_a_folder_that_is_not_empty_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert cli.main(["paper", "--out", str(tmp_path), "--only", "figure5"]) == 2
    line = error_line(capsys)
    assert "the folder is not empty" in line
    assert "--resume" not in line  # `paper` has no such option
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("text", "part", "says"),
    [
        ("site: {latitude_deg: 0, longitude_deg: 180}", "figure2", "site = {"),
        ("year_start_utc: 2045-01-01T00:00:00", "figure1", "year_start_utc = 2045"),
        ("year_start_utc: 1961-01-01T00:00:00", "steering", "year_start_utc = 1961"),
        ("nodal_start_utc: 2020-01-01T00:00:00", "figure3", "nodal_start_utc = 2020"),
        ("epoch_utc: 2045-01-01T00:00:00", "table3", "epoch_utc = 2045"),
        ("search_years: {first: 2040, last: 2041}", "table2", "search_years = {"),
        ("ephemeris: no/such.bsp", "figure5", "ephemeris = no/such.bsp"),
        (
            "look_angles_deg: [1.0]\nyear_start_utc: 2021-01-07T00:00:00\nsite: "
            "{latitude_deg: 0, longitude_deg: 0}",
            "steering",
            "look_angles_deg = [1.0]",
        ),
    ],
)
def test_settings_that_cannot_be_computed_name_their_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, part: str, says: str
) -> None:
    path, out = tmp_path / "case.yaml", tmp_path / "out"
    path.write_text(f"{text}\n")
    assert cli.main(["paper", "--out", str(out), "--config", str(path), "--only", part]) == 2
    line = error_line(capsys)
    assert f"{path}:1: {says}" in line
    assert not out.exists()


def test_another_radar_from_a_file(tmp_path: Path) -> None:
    settings = COARSE + (
        "site: {latitude_deg: 20, longitude_deg: -40, height_m: 500}\n"
        "side: north\nlook_angles_deg: [0.25]\nhours_look_angles_deg: [0.3]\n"
        "epoch_utc: 2022-05-17T15:00:00\n"
    )
    run = reproduced(tmp_path, settings, "figure4,figure5,table3,steering")
    assert run.document["settings"]["site"]["latitude_deg"] == 20.0
    assert list(run.document["sections"]) == ["figure4", "figure5", "table3", "steering"]
    told = run.data("steering")
    assert (told["csv"]["look_angle_deg"], told["csv"]["side"]) == (0.25, "north")
    # West of the middle the site's own velocity has the other sign.
    shift_s = {one["site"]: one["minimum_shift_s"] for one in told["difference"]}
    assert min(shift_s["(20, -40)"]) > 0.0 > max(shift_s["(0, 45)"])
    assert [one["look_angle_deg"] for one in run.data("figure4")["maps"]] == [0.3]
    assert run.data("table3")["epoch_utc"] == "2022-05-17T15:00:00"
    assert run.data("table3")["search"] is None
    assert run.data("table3")["side"] == "north"


def test_a_site_at_the_limb_lights_nothing_while_the_earth_is_set(tmp_path: Path) -> None:
    hours = []
    for longitude in (80, 90):
        folder = tmp_path / str(longitude)
        folder.mkdir()
        site = f"site: {{latitude_deg: 0, longitude_deg: {longitude}}}\n"
        run = reproduced(folder, f"{COARSE}{site}hours_look_angles_deg: [0.4]\n", "figure4")
        hours.append(np.mean(run.data("figure4")["maps"][0]["mean_hours"]))
    # At 90 deg the Earth is up for about half of the time, at 80 deg always.
    assert hours[1] / hours[0] == pytest.approx(0.5, abs=0.05)
