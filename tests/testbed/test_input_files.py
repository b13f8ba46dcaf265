"""A recording is focused again from its own folder alone, and never with other inputs."""

from pathlib import Path

import numpy as np
import pytest

from testbed.config import Configuration
from testbed.errors import ConfigError, RecordingError
from testbed.experiment import focus_recording
from tests.testbed.experiments import Run, changed, quiet, run


@pytest.fixture(scope="module")
def replica_run(smoke: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("replica")
    replica = folder / "replica.npy"
    # The nominal pulse of the configuration, sampled from its leading edge.
    ticks = np.arange(768) / 96e6
    np.save(replica, np.exp(1j * np.pi * 1e13 * (ticks - 4e-6) ** 2))
    made = run(changed(smoke, {"focusing.replica": str(replica)}), folder / "run")
    replica.unlink()
    return made


def test_a_run_keeps_the_files_that_it_was_given(replica_run: Run, tmp_path: Path) -> None:
    assert replica_run.result.verdict == "pass"
    again = focus_recording(
        replica_run.folder, method=None, out_dir=tmp_path / "again", console=quiet()
    )
    assert again.verdict == "pass"
    assert again.targets[0].response.peak_magnitude == pytest.approx(
        replica_run.result.targets[0].response.peak_magnitude, rel=1e-6
    )


def test_a_file_that_is_not_what_was_recorded_with_is_refused(
    replica_run: Run, tmp_path: Path
) -> None:
    (kept,) = (replica_run.folder / "inputs").iterdir()
    content = kept.read_bytes()
    try:
        kept.write_bytes(content[:-8] + bytes(8))
        with pytest.raises(RecordingError, match="is not what was recorded with"):
            focus_recording(replica_run.folder, method=None, out_dir=tmp_path, console=quiet())
        kept.unlink()
        with pytest.raises(RecordingError, match="which the run had kept"):
            focus_recording(replica_run.folder, method=None, out_dir=tmp_path, console=quiet())
    finally:
        kept.write_bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"text", "is no NumPy file"), ("matrix", "in 2 dimensions")],
)
def test_a_file_that_cannot_be_used_is_refused_by_its_key(
    smoke: Configuration, tmp_path: Path, content: bytes | str | None, words: str
) -> None:
    path = tmp_path / "replica.npy"
    if content == "matrix":
        np.save(path, np.ones((2, 2)))
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        run(changed(smoke, {"focusing.replica": str(path)}), tmp_path / "run")
    assert caught.value.key == "focusing.replica"
    assert not (tmp_path / "run").exists()
