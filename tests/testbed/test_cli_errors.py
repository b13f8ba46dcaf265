"""What is wrong with the command line's input: one line, the right exit code, no traceback."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

from drivers.errors import DeviceSettingsError, DeviceTimeoutError, SessionTerminated
from sim_core.errors import EpochError
from testbed import cli
from testbed.error_boundary import ErrorBoundary
from testbed.errors import OutputError
from testbed.options import DelayRequest, Place, read_delay_request, read_number, read_place

ROOT = Path(__file__).parents[2]
POINT_TARGET = ROOT / "configs" / "point_target.yaml"

DELAY = {
    "--site": "0,0",
    "--target": "40,0",
    "--start": "2024-03-21T12:00:00",
    "--duration": "10",
    "--step": "1",
}


def delay(**changed: str) -> list[str]:
    options = DELAY | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    return ["delay", *(part for pair in options.items() for part in pair)]


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("moonecho: error: ")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("moonecho: error: ").rstrip("\n")


BAD_COMMANDS: list[tuple[list[str], list[str]]] = [
    (["rnu"], ["rnu", "Did you mean 'run'"]),
    (["run"], ["CONFIG", "moonecho run --help"]),
    (["run", "a.yaml", "b.yaml"], ["b.yaml"]),
    (["run", "no/such.yaml"], ["no/such.yaml", "no folder no"]),
    (["run", "x.yaml", "--outt", "y"], ["--outt", "--out"]),
    (["run", str(POINT_TARGET), "--device", "Loop Back"], ["--device = Loop Back", "loopback"]),
    (["focus", "x", "--method", "backwards"], ["--method", "backwards", "range-doppler"]),
    (["delay", "--site", "0,0"], ["--target"]),
    (delay(site="95,0"), ["--site = 95,0", "-90 to 90 deg"]),
    (delay(site="-95,-20"), ["--site = -95,-20", "-90 to 90 deg"]),
    (delay(site="nan,0"), ["--site = nan,0", "latitude nan"]),
    (delay(site="0,inf"), ["--site = 0,inf", "longitude inf"]),
    (delay(site="10"), ["--site = 10", "1 value", "LAT,LON"]),
    (delay(site="1,2,3,4"), ["--site = 1,2,3,4", "4 values"]),
    (delay(site="1,,3"), ["--site = 1,,3", "'' is not a number"]),
    (delay(site="0,0,1e6"), ["--site = 0,0,1e6", "height", "-10000 to 20000 m"]),
    (delay(target="40N,3W"), ["--target = 40N,3W", "'40N' is not a number"]),
    (delay(start="yesterday"), ["--start = yesterday", "2001-02-09T01:49:49"]),
    (delay(start="2024-03-21T12:00:00+01:00"), ["--start", "2024-03-21T11:00:00"]),
    (delay(duration="10 min"), ["--duration = 10 min", "plain number in s: 600"]),
    (delay(duration="-1"), ["--duration = -1", "out of range"]),
    (delay(duration="nan"), ["--duration = nan", "out of range"]),
    (delay(step="0"), ["--step = 0", "out of range"]),
    (delay(step="1e-8"), ["--step = 1e-8", "1000000001 rows", "1e-06 s"]),
    (delay(carrier_hz="23 GHz"), ["--carrier-hz = 23 GHz", "2.3e10"]),
    (delay(carrier_hz="23"), ["--carrier-hz = 23", "1e6 to 1e12 Hz"]),
    (delay(relativity="half"), ["--relativity", "half", "full"]),
    (delay(kernel="de999"), ["--kernel = de999", "'de999' is not known", "de421 or de440"]),
    (delay(kernel="moon.bpc"), ["--kernel = moon.bpc", "ends in .bsp"]),
    (delay(lunar_orientation="de440"), ["--lunar-orientation = de440", "ends in .bpc"]),
    (delay(lunar_orientation="a.bsp"), ["--lunar-orientation = a.bsp", "no orientation"]),
    (delay(out="table.xlsx"), ["--out = table.xlsx", ".csv or .nc"]),
    (delay(out="table"), ["--out = table", "no suffix"]),
]


@pytest.mark.parametrize(("arguments", "says"), BAD_COMMANDS, ids=lambda one: " ".join(one)[:40])
def test_bad_options_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str], says: Sequence[str]
) -> None:
    assert cli.main(arguments) == 2
    line = error_line(capsys)
    for part in says:
        assert part in line


BAD_CONFIGURATIONS = [
    ("prf_hz: 600.0", "pfr_hz: 600", "radar.pfr_hz = 600: unknown key; did you mean prf_hz?"),
    ("2.3e10", "23 GHz", "radar.carrier_hz = 23 GHz:"),
    ("96.0e6", "70e6", "receiver.sample_rate_hz = 70e6:"),
    ("window_samples: 1024", "window_samples: 512", "receiver.window_samples = 512:"),
    ("geometry:", "geometry", "is not valid YAML"),
]


@pytest.mark.parametrize(("right", "wrong", "says"), BAD_CONFIGURATIONS)
def test_bad_configurations_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], right: str, wrong: str, says: str
) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(POINT_TARGET.read_text().replace(right, wrong, 1))
    assert cli.main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    line = error_line(capsys)
    assert line.startswith(f"{path}:")
    assert says in line
    assert not (tmp_path / "out").exists()


def moonecho(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "testbed.cli", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "configs"], "configs: is a folder; name a file in it"),
        (["run", "README"], "README: there is no such file"),
        (delay(site="-10,200", target="0,0,-5000"), "--target = 0,0,-5000: height"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_the_process_ends_with_2(arguments: list[str], says: str) -> None:
    done = moonecho(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("moonecho: error: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_a_traceback_is_there_for_those_who_ask() -> None:
    done = moonecho("run", "configs", MOONECHO_TRACEBACK="1")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("moonecho: error: configs")


def test_help_and_version_need_nothing_heavy() -> None:
    code = (
        "import sys; from testbed.cli import main; code = main(['--help']); "
        "print(sorted({'numpy', 'pydantic', 'rich', 'yaml', 'matplotlib'} & set(sys.modules))); "
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Exit codes" in done.stdout
    assert moonecho("--version").stdout.startswith("moonecho ")


@pytest.mark.parametrize("command", ["run", "delay", "focus"])
def test_each_help_has_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert cli.main([command, "--help"]) == 0
    assert f"Example: moonecho {command}" in " ".join(capsys.readouterr().out.split())


def test_a_closed_pipe_is_silent() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "testbed.cli", "--help"],
            cwd=ROOT,
            stdout=nobody,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.stderr == b""
    assert done.returncode == 141  # as of a process that SIGPIPE has ended


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OutputError("runs/a", "exists already", "name another"), 2, "runs/a: exists already"),
        (EpochError("1850 is too early", "give 1900 or later"), 2, "too early; give 1900"),
        (DeviceSettingsError("no such driver", "use loopback"), 2, "use loopback"),
        (DeviceTimeoutError("no answer in 5 s", "check the cable"), 3, "check the cable"),
        (KeyboardInterrupt(), 130, "Ctrl-C"),
        (SessionTerminated(signal.SIGTERM), 143, "SIGTERM"),
        (OSError(errno.ENOSPC, "No space left on device", "x.dat"), 2, "x.dat: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 2, "/x: Permission denied"),
        (MemoryError(), 2, "not enough memory"),
        (typer.BadParameter("two\nlines"), 2, "two lines; see moonecho --help"),
        (ZeroDivisionError("division\nby zero"), 70, "internal error: ZeroDivisionError: division"),
    ],
)
def test_each_error_has_its_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, says: str
) -> None:
    with ErrorBoundary() as boundary:
        raise error
    assert boundary.exit_code == code
    assert says in error_line(capsys)


def test_sigterm_lets_what_is_open_be_closed() -> None:
    code = """
import os, signal, sys
from testbed import cli
with cli.ErrorBoundary() as boundary, cli.ending_signals_raise():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)  # a second one does not cut the clean-up short
        print("closed")
sys.exit(boundary.exit_code)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (143, "closed\n")
    assert done.stderr == "moonecho: error: stopped by SIGTERM\n"


def test_a_delay_request_is_read() -> None:
    request = read_delay_request(
        site="-10,-20.5",
        target="40, -3.5, 650",
        start="2024-03-21 12:00:00Z",
        duration="100",
        step="0.1",
        kernel="de421",
        relativity="full",
        carrier_hz="2.3e10",
        out=Path("a.csv"),
    )
    assert request == DelayRequest(
        site=Place(-10.0, -20.5, 0.0),
        target=Place(40.0, -3.5, 650.0),
        start_utc="2024-03-21T12:00:00",
        duration_s=100.0,
        step_s=0.1,
        kernel="de421",
        relativity="full",
        carrier_hz=2.3e10,
        out=Path("a.csv"),
    )
    # Both ends: 100 / 0.1 is 1000 steps, whatever the last bit of the quotient.
    assert request.rows == 1001


def test_the_ends_of_the_ranges_are_in_them() -> None:
    assert read_place("--site", "90,-180,-1e4", (-1e4, 2e4)) == Place(90.0, -180.0, -1e4)
    assert read_number("--step", "1e-9", "s", 1e-9, 1.0) == 1e-9
