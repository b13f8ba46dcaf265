"""Every way out of a run that does not end in a report: refused, stopped, out of room, resumed."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from testbed.config import Configuration
from testbed.errors import ConfigError, OutputError, RecordingError
from testbed.experiment import focus_recording
from tests.testbed.experiments import Run, changed, quiet, run


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("data", None, "checksum"),
        ("meta", ("moonecho:radar_carrier_hz", 1e10), "moonecho:radar_carrier_hz"),
        ("meta", ("moonecho:epoch_utc", "2010-01-01T00:00:00"), "moonecho:epoch_utc"),
    ],
    ids=["a sample", "the carrier", "the epoch"],
)
def test_a_recording_that_was_changed_is_refused(
    smoke_run: Run, tmp_path: Path, file: str, change: tuple[str, Any] | None, words: str
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("recording.sigmf-meta", "recording.sigmf-data"):
        (folder / name).write_bytes((smoke_run.folder / name).read_bytes())
    if change is None:
        with (folder / "recording.sigmf-data").open("r+b") as samples:
            samples.seek(4 * 1024 * 3000 + 2048)
            samples.write(b"\x11\x02")
    else:
        meta = folder / "recording.sigmf-meta"
        content = json.loads(meta.read_text())
        content["global"][change[0]] = change[1]
        meta.write_text(json.dumps(content))
    with pytest.raises(RecordingError, match=words):
        focus_recording(folder, method=None, out_dir=tmp_path / "out", console=quiet())
    assert not (tmp_path / "out").exists()


def test_there_must_be_a_run_to_resume(smoke: Configuration, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="no run to go on with"):
        run(smoke, tmp_path, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_resume_keeps_the_recording(smoke: Configuration, tmp_path: Path) -> None:
    first = run(smoke, tmp_path / "run")
    recorded = first.folder / "recording.sigmf-meta"
    before = recorded.read_bytes()
    (first.folder / "report.json").unlink()
    run(smoke, first.folder, resume=True)
    assert recorded.read_bytes() == before
    assert (first.folder / "report.json").exists()
    with pytest.raises(RecordingError, match="another configuration"):
        run(changed(smoke, {"seed": 7}), first.folder, resume=True)


def test_an_existing_run_is_not_written_over(smoke: Configuration, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"not empty.*--out"):
        run(smoke, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"geometry.epoch_utc": "1961-06-01T00:00:00"}, "geometry.epoch_utc"),
        ({"geometry.epoch_utc": "2051-06-01T00:00:00"}, "geometry.epoch_utc"),
        ({"geometry.site.longitude_deg": 180.0}, "geometry.site"),
        ({"geometry.aim.look.angle_deg": 1.15}, "geometry.aim.look.angle_deg"),
        (
            {"geometry.aim": {"ground": {"latitude_deg": 0.0, "longitude_deg": 165.0}}},
            "geometry.aim",
        ),
        ({"scene.targets": [{"east_m": 50e3}]}, r"scene.targets\[0\]"),
        ({"focusing.method": "range-doppler", "radar.prf_hz": 40.0}, "focusing.method"),
        ({"device.driver": "visa:TCPIP::awg::INSTR"}, "device.driver"),
        ({"device.driver": "nowhere:x"}, "device.driver"),
        ({"radar.aperture_s": 2.0}, "radar.aperture_s"),
        # 12 km east is 24 s of azimuth lag; 10 s of aperture hold 5 s either side.
        (
            {"scene.targets": [{"east_m": 12e3}], "receiver.window_samples": 8192},
            r"scene.targets\[0\]",
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_impossible_experiments_are_refused_before_anything_is_written(
    smoke: Configuration, tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError, match=key) as caught:
        run(changed(smoke, changes), tmp_path / "run")
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "testbed.cli", *map(str, arguments)]


def test_full_disk_leaves_no_recording(repository: Path, tmp_path: Path) -> None:
    """A file-size limit stands in for the disk's end: the write fails in mid-run all the same."""
    config = repository / "configs" / "smoke.yaml"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = subprocess.run(
        command("run", config, "--out", tmp_path / "run"),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=repository,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert os.strerror(errno.EFBIG).lower() in done.stderr.lower()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_run_that_is_stopped_leaves_no_half_written_recording(
    repository: Path, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen(
        command("run", repository / "configs" / "point_target.yaml", "--out", folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=repository,
    )
    part = folder / "recording.sigmf-data.part"
    deadline = time.monotonic() + 60.0
    # The file is there from the first block on; the stage takes a second or more after that.
    while not part.exists() and process.poll() is None and time.monotonic() < deadline:
        os.sched_yield()
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert len(error.strip().splitlines()) == 1
    assert "Traceback" not in error
    assert not folder.exists()


def test_unwritable_folder_is_one_line(repository: Path, tmp_path: Path) -> None:
    # A file where a folder is wanted: root may write to anything else.
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        command("run", repository / "configs" / "smoke.yaml", "--out", tmp_path / "file" / "run"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=repository,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "file" in done.stderr
