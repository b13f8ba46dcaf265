import hashlib
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf

from drivers.interface import CapturedBlock, CaptureFormat, Event
from testbed.errors import OutputError, RecordingError
from testbed.recording import Recording, RecordingContext, RecordingWriter

Write = Callable[..., Any]
Context = Callable[..., RecordingContext]

EVENTS = (
    Event("clipped_dac", 3, 10, 2, "2 samples beyond full scale"),
    Event("clipped_dac", 4, 0, 64, "64 samples beyond full scale"),
    Event("clipped_adc", 15, 63, 1, "1 sample beyond full scale"),
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("capture_format", ["ci16_le", "cf32_le"])
def test_other_programs_read_it(
    capture_format: CaptureFormat, tmp_path: Path, write_recording: Write
) -> None:
    samples = write_recording(tmp_path, capture_format, EVENTS)
    assert names(tmp_path) == ["recording.sigmf-data", "recording.sigmf-meta"]
    command = Path(sys.executable).with_name("sigmf_validate")
    checked = subprocess.run(
        [command, "-v", tmp_path / "recording.sigmf-meta"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr
    assert "Validated all 1 files OK" in checked.stderr
    # Not skipping the checksum, so that sigmf compares it.
    read = sigmf.fromfile(tmp_path / "recording.sigmf-meta", autoscale=False)
    as_complex = samples[..., 0] + 1j * samples[..., 1] if samples.ndim == 3 else samples
    np.testing.assert_array_equal(read[:], as_complex.ravel())
    assert read.sample_rate == 96e6
    assert len(read.get_annotations(3 * 64 + 11)) == 1


def test_checksum_is_that_of_the_file(tmp_path: Path, write_recording: Write) -> None:
    samples = write_recording(tmp_path)
    data = (tmp_path / "recording.sigmf-data").read_bytes()
    assert data == samples.astype("<i2").tobytes()
    declared = sigmf.fromfile(tmp_path / "recording", skip_checksum=True).sha512
    assert declared == hashlib.sha512(data).hexdigest()


def test_nothing_has_its_final_name_before_the_end(tmp_path: Path, make_context: Context) -> None:
    with RecordingWriter(tmp_path, make_context()) as writer:
        writer.append(CapturedBlock(0, np.zeros((10, 64, 2), np.int16)))
        assert names(tmp_path) == ["recording.sigmf-data.part"]
    assert names(tmp_path) == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_failure_leaves_nothing(
    failure: type[BaseException], tmp_path: Path, make_context: Context
) -> None:
    with pytest.raises(failure), RecordingWriter(tmp_path, make_context()) as writer:
        writer.append(CapturedBlock(0, np.zeros((10, 64, 2), np.int16)))
        raise failure
    assert names(tmp_path) == []


def test_pulses_that_are_missing(tmp_path: Path, make_context: Context) -> None:
    with RecordingWriter(tmp_path, make_context()) as writer:
        writer.append(CapturedBlock(0, np.zeros((10, 64, 2), np.int16)))
        with pytest.raises(RecordingError, match="only 10 of 23 pulses were recorded"):
            writer.finish({})
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("first_pulse", "shape", "dtype", "message"),
    [
        (1, (10, 64, 2), np.int16, "do not follow the 0 of 23"),
        (0, (24, 64, 2), np.int16, "do not follow the 0 of 23"),
        (0, (10, 65, 2), np.int16, r"does not fit a recording of ci16_le"),
        (0, (10, 64), np.complex64, r"does not fit a recording of ci16_le"),
        (0, (10, 64, 2), np.int32, r"does not fit a recording of ci16_le"),
    ],
)
def test_block_that_does_not_fit(
    first_pulse: int,
    shape: tuple[int, ...],
    dtype: Any,
    message: str,
    tmp_path: Path,
    make_context: Context,
) -> None:
    with (
        RecordingWriter(tmp_path, make_context()) as writer,
        pytest.raises(ValueError, match=message),
    ):
        writer.append(CapturedBlock(first_pulse, np.zeros(shape, dtype)))


def test_finished_recording_takes_no_more(tmp_path: Path, make_context: Context) -> None:
    block = CapturedBlock(0, np.zeros((23, 64, 2), np.int16))
    with RecordingWriter(tmp_path, make_context()) as writer:
        writer.append(block)
        writer.finish({})
        with pytest.raises(ValueError, match="is closed"):
            writer.append(block)
    writer.abort()
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize("name", ["recording.sigmf-meta", "recording.sigmf-data"])
def test_recording_is_never_overwritten(name: str, tmp_path: Path, make_context: Context) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(OutputError, match=rf"{name}: there is a recording of that name"):
        RecordingWriter(tmp_path, make_context())
    assert (tmp_path / name).read_text() == "precious"
    RecordingWriter(tmp_path, make_context(), name="another").abort()


def test_two_writers_do_not_share_a_file(tmp_path: Path, make_context: Context) -> None:
    with RecordingWriter(tmp_path, make_context()) as writer:
        with pytest.raises(OutputError, match="another process is recording here"):
            RecordingWriter(tmp_path, make_context())
        writer.append(CapturedBlock(0, np.zeros((23, 64, 2), np.int16)))
        writer.finish({})
    Recording.open(tmp_path, verify=True)


def test_folder_that_is_not_there(tmp_path: Path, make_context: Context) -> None:
    with pytest.raises(OutputError, match="no such file or directory"):
        RecordingWriter(tmp_path / "absent", make_context())


@pytest.mark.parametrize("value", [float("inf"), {1, 2}])
def test_configuration_that_json_cannot_say_is_refused_before_the_run(
    value: Any, tmp_path: Path, make_context: Context
) -> None:
    with pytest.raises((ValueError, TypeError), match="JSON"):
        RecordingWriter(tmp_path, make_context(configuration={"key": value}))
    assert names(tmp_path) == []


SCRIPT = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from drivers.interface import CapturedBlock
from sim_core.signal.pulse_schedule import PulseSchedule
from testbed.errors import OutputError
from testbed.recording import RecordingContext, RecordingWriter

ticks = np.arange(4000, dtype=np.int64) * 10_000
context = RecordingContext(
    PulseSchedule(1e6, ticks, ticks, 1024, 1e-4), "ci16_le", 1.0, 1e9, "2001-02-09T01:49:49", {}, 0,
    "loopback", {},
)

def limit(megabytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (megabytes * 10**6, resource.RLIM_INFINITY))

def record(prepare, play):
    prepare()
    try:
        with RecordingWriter(sys.argv[1], context) as writer:
            for first in range(0, 4000, 400):
                writer.append(CapturedBlock(first, np.ones((400, 1024, 2), np.int16)))
                play(first)
            writer.finish({})
    except OutputError as error:
        print(error, flush=True)
        sys.exit(2)

def wait_in_the_middle(first):
    if first == 2000:
        print("recording", flush=True)
        signal.pause()
"""


def run_script(folder: Path, repository: Path, call: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", f"{SCRIPT}\n{call}", str(folder)],
        cwd=repository,
        stdout=subprocess.PIPE,
        text=True,
    )


# The recording takes 4000 x 1024 x 4 bytes = 16.4 MB. A limit on the size of a file is met as a
# full disk is: the call that would pass it fails.
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("record(lambda: limit(5), print)", r"cannot be written, file too large \(for 16\.4 MB\)"),
        (
            "record(lambda: None, lambda first: limit(5))",
            r"cannot be written, file too large \(after 5\.0 MB of 16\.4 MB\)",
        ),
        (
            "record(lambda: None, lambda first: limit(0) if first == 3600 else None)",
            r"recording\.sigmf-(data|meta)\.part: cannot be written, file too large",
        ),
    ],
    ids=["before the run", "in the middle", "at the end"],
)
def test_full_disk_is_one_line_and_leaves_nothing(
    call: str, message: str, tmp_path: Path, repository: Path
) -> None:
    with run_script(tmp_path, repository, call) as process:
        told, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    (line,) = [line for line in told.splitlines() if "recording" in line]
    assert line.startswith(str(tmp_path))
    assert line.endswith("; make room, change the permissions, or choose another folder")
    assert re.search(message, line)
    assert names(tmp_path) == []


def test_killed_process_leaves_no_final_name_and_the_next_one_records(
    tmp_path: Path, repository: Path, write_recording: Write
) -> None:
    with run_script(tmp_path, repository, "record(lambda: None, wait_in_the_middle)") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "recording\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    assert names(tmp_path) == ["recording.sigmf-data.part"]
    with pytest.raises(RecordingError, match=r"only recording\.sigmf-data\.part"):
        Recording.open(tmp_path)
    samples = write_recording(tmp_path)
    assert names(tmp_path) == ["recording.sigmf-data", "recording.sigmf-meta"]
    np.testing.assert_array_equal(Recording.open(tmp_path, verify=True).read_raw(0, 23), samples)
