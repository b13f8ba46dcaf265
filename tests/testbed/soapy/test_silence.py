"""However the command ends, its radio is silent afterwards."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.soapy.servers import transmitting, wait_until

ROOT = Path(__file__).parents[3]

# Its clock runs, and windows follow each other almost without a pause.
RADIO = "soapy:driver=moonecho_loopback,clock=free"
DEADLINE_S = 30.0


@pytest.fixture
def config(repository: Path, tmp_path: Path) -> Path:
    """100 s at a rate that a busy machine keeps up with."""
    text = (repository / "configs" / "point_target.yaml").read_text()
    for right, wrong in (
        ("sample_rate_hz: 96.0e6 ", "sample_rate_hz: 1.2e6 "),
        ("chirp_rate_hz_per_s: 1.0e13", "chirp_rate_hz_per_s: 1.0e9"),
        ("pulse_duration_s: 8.0e-6", "pulse_duration_s: 1.0e-3"),
        ("window_samples: 1024", "window_samples: 1900"),
    ):
        assert right in text
        text = text.replace(right, wrong)
    path = tmp_path / "long.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def lamps(tmp_path: Path) -> Path:
    folder = tmp_path / "lamps"
    folder.mkdir()
    return folder


@pytest.fixture
def playing(config: Path, lamps: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The real command line, in the middle of a run."""
    arguments = ["run", str(config), "--device", RADIO, "--out", str(tmp_path / "run")]
    process = subprocess.Popen(
        [sys.executable, "-m", "testbed.cli", *arguments],
        cwd=ROOT,
        env=os.environ | {"MOONECHO_LOOPBACK_OUTPUT_FOLDER": str(lamps)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait_until(lambda: transmitting(lamps), DEADLINE_S)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE_S)


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGINT, 130, "stopped by Ctrl-C"),
        (signal.SIGHUP, 129, "stopped by SIGHUP"),
    ],
)
def test_a_signal_silences_the_output(
    playing: subprocess.Popen[str],
    lamps: Path,
    tmp_path: Path,
    number: signal.Signals,
    code: int,
    says: str,
) -> None:
    playing.send_signal(number)
    _, errors = playing.communicate(timeout=DEADLINE_S)
    assert playing.returncode == code
    assert errors.splitlines()[-1] == f"moonecho: error: {says}"
    assert "Traceback" not in errors
    assert not transmitting(lamps)
    # Of a run that was stopped nothing is left that could be taken for a recording.
    assert not (tmp_path / "run").exists()


def test_a_kill_silences_the_output(playing: subprocess.Popen[str], lamps: Path) -> None:
    playing.kill()
    playing.communicate(timeout=DEADLINE_S)
    assert not transmitting(lamps)
