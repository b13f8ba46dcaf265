"""The summary at the terminal, also where that is a pipe."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from testbed.report.terminal import print_summary
from testbed.results import RunResult
from tests.testbed.report.synthetic_result import (
    azimuth_sampling,
    run_result,
    several_targets,
    target_result,
    without_peak,
)


def printed(
    result: RunResult, encoding: str = "utf-8", colour: bool = False, width: int = 80
) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    print_summary(result, Path("runs/a/report.html"), console)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_a_pipe_gets_plain_text_of_eighty_columns() -> None:
    text = printed(run_result())

    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "PASS point_target" in text
    assert "Report: runs/a/report.html" in text


def test_numbers_can_be_copied() -> None:
    row = next(line for line in printed(run_result()).splitlines() if "Range PSLR" in line)

    assert row.split() == ["Range", "PSLR", "-13.28", "-13.28", "-13.00", "dB", "pass"]


def test_several_targets_take_two_more_lines() -> None:
    one, three = printed(run_result()), printed(run_result(targets=several_targets(3)), width=120)
    lines = [line for line in three.splitlines() if line not in one.splitlines()]

    assert lines == [
        "3 targets: worst PSLR off theory by 0.020 dB in range (target 3)",
        "Worst errors: -0.0150 cells in azimuth (target 1), 0.25 degrees of phase (target 1)",
    ]
    missed = (without_peak(), without_peak())
    assert "2 targets, none measured" in printed(run_result(targets=missed))
    assert "3 targets, 2 of them" in printed(
        run_result(targets=(*several_targets(2), without_peak()))
    )


def test_no_line_is_empty_at_the_start_or_ends_in_blanks() -> None:
    lines = printed(run_result()).split("\n")

    assert lines[0].startswith("Check")
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (80, ["Check", "Measured", "Theory", "Limit", "Unit", "Result"]),
        (60, ["Check", "Measured", "Limit", "Unit", "Result"]),
        (50, ["Check", "Measured", "Limit", "Result"]),
        # Too narrow for the least: the lines go on beyond the edge.
        (30, ["Check", "Measured", "Limit", "Result"]),
    ],
)
def test_a_narrow_console_loses_columns_but_no_digits(width: int, headings: list[str]) -> None:
    lines = printed(run_result(), width=width).splitlines()

    assert lines[0].split() == headings
    assert "-13.28" in lines[2]
    assert "…" not in "".join(lines)


def test_a_minimum_at_the_end_of_the_aperture_is_called_so() -> None:
    text = printed(run_result(delay_min_transmit_s=50.0))

    assert "at the end of the aperture, 50.000 s" in text
    assert "at -1.170 s" in printed(run_result())


def test_reasons_are_typed_with_ascii_signs() -> None:
    reason = "Peak phase error is −3.00 degrees, outside its limit of ±2.00 degrees"
    text = printed(run_result(verdict="fail", reasons=(reason,)), "ascii")

    assert "outside its limit of +-2.00" in text
    assert "is -3.00 degrees" in text


def test_what_noise_broke_or_kept_is_not_judged() -> None:
    result = run_result(
        target=target_result(excess_db=1.47, snr_db=12.0),
        verdict="inconclusive",
        reasons=("the peak is close to the background",),
    )
    rows = printed(result).splitlines()[2:11]

    assert {row.rpartition("  ")[2] for row in rows} == {"not judged"}


def test_a_terminal_gets_colour() -> None:
    text = printed(run_result(), colour=True)

    assert "\x1b[" in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_can_be_written(encoding: str) -> None:
    target = target_result(name="Ziel ½ ☾")
    text = printed(run_result(target=target, name="Mond ☾", events={"späte": 1}), encoding)

    assert "PASS Mond" in text


def test_a_fail_tells_reasons_events_and_under_sampling() -> None:
    result = run_result(
        target=target_result(excess_db=1.47),
        verdict="fail",
        reasons=("range.pslr_db is [bold]-11.81[/] dB",),
        events={"clipped_adc": 12, "late": 0},
        sampling=azimuth_sampling(100.0),
    )
    text = printed(result)

    assert "FAIL" in text
    # Not taken for rich's markup.
    assert "- range.pslr_db is [bold]-11.81[/] dB" in text
    assert "ADC clipped 12" in text
    assert "late" not in text
    assert "under-sampled, replicas every 21.37 s" in text


def test_what_was_not_measured_is_no_fail() -> None:
    text = printed(run_result(target=without_peak(), verdict="inconclusive"))

    assert "INCONCLUSIVE" in text
    assert "no value" in text
    assert "nan" not in text


def test_a_long_path_is_not_broken() -> None:
    stream = io.StringIO()
    path = Path("/".join(["a-long-folder-name"] * 8)) / "report.html"
    print_summary(run_result(), path, Console(file=stream, width=80))

    assert f"Report: {path}" in stream.getvalue()


def test_predicted_earth_orientation_is_said() -> None:
    span = {"source": "IERS", "first_utc": "2027-01-01", "last_utc": "2027-01-02"}
    predicted = run_result(provenance={"eop_span": span | {"predicted": True}})
    final = run_result(provenance={"eop_span": span | {"predicted": False}})

    assert "Earth orientation: predicted values" in printed(predicted)
    assert "Earth orientation" not in printed(final)
