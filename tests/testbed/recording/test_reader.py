import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf
from hypothesis import given
from hypothesis import strategies as st

from drivers.interface import CaptureFormat, Event
from testbed.errors import RecordingError
from testbed.recording import Recording, RecordingContext

Write = Callable[..., Any]
Edit = Callable[[dict[str, Any]], Any]

META, DATA = "recording.sigmf-meta", "recording.sigmf-data"


@pytest.mark.parametrize("capture_format", ["ci16_le", "cf32_le"])
def test_gives_back_what_was_written(
    capture_format: CaptureFormat,
    tmp_path: Path,
    write_recording: Write,
    make_context: Callable[..., RecordingContext],
) -> None:
    events = (Event("clipped_adc", 2, 3, 4, "x"), Event("clipped_adc", 3, 0, 1, "y"))
    samples = write_recording(tmp_path, capture_format, events)
    context = make_context(capture_format)
    recording = Recording.open(tmp_path, verify=True)
    for name in (
        "capture_format",
        "code_scale",
        "carrier_hz",
        "epoch_utc",
        "configuration",
        "seed",
        "versions",
    ):
        assert getattr(recording, name) == getattr(context, name)
    schedule = recording.schedule
    np.testing.assert_array_equal(schedule.transmit_tick, context.schedule.transmit_tick)
    np.testing.assert_array_equal(schedule.window_start_tick, context.schedule.window_start_tick)
    assert schedule.transmit_tick.dtype == np.int64
    assert schedule.sample_rate_hz == context.schedule.sample_rate_hz
    assert schedule.window_samples == context.schedule.window_samples
    assert schedule.pulse_duration_s == context.schedule.pulse_duration_s
    assert recording.events == events
    assert recording.device["driver"] == "loopback"
    assert recording.device["read_back"]["sample_rate_hz"] == 96e6

    raw = recording.read_raw(0, 23)
    assert raw.dtype == samples.dtype
    np.testing.assert_array_equal(raw, samples)
    # The caller's own: what is done to it is not done to the file.
    raw[...] = 0
    np.testing.assert_array_equal(recording.read_raw(0, 23), samples)
    scaled = recording.read(5, 7)
    assert scaled.dtype == np.complex64
    assert scaled.shape == (7, 64)
    expected = samples[5:12]
    if capture_format == "ci16_le":
        expected = (expected[..., 0] + 1j * expected[..., 1]) / 2047.0
    # One product in float32: 1.5 * 2^-24 of full scale at most.
    np.testing.assert_allclose(scaled, expected, rtol=0, atol=1e-7)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, write_recording: Write) -> Recording:
    folder = tmp_path_factory.mktemp("recording")
    write_recording(folder)
    return Recording.open(folder)


@given(first=st.integers(-3, 30), count=st.integers(-3, 30))
def test_any_part_is_that_of_the_whole(recording: Recording, first: int, count: int) -> None:
    if first < 0 or count < 0 or first + count > 23:
        with pytest.raises(IndexError, match="which has 23"):
            recording.read(first, count)
        return
    whole = recording.read(0, 23)
    np.testing.assert_array_equal(recording.read(first, count), whole[first : first + count])


@pytest.mark.parametrize("name", ["", "recording", META, DATA])
def test_any_of_its_names_will_do(name: str, tmp_path: Path, write_recording: Write) -> None:
    write_recording(tmp_path)
    assert Recording.open(tmp_path / name).path == tmp_path / META
    assert Recording.open(str(tmp_path / name)).schedule.pulses == 23


def refused(path: Path, message: str, **options: Any) -> None:
    with pytest.raises(RecordingError, match=message) as caught:
        Recording.open(path, **options)
    assert "\n" not in str(caught.value)
    assert str(path.parent) in str(caught.value)


@pytest.mark.parametrize("name", ["absent", "absent.sigmf-meta", "absent/recording"])
def test_missing_recording(name: str, tmp_path: Path) -> None:
    refused(tmp_path / name, "there is no such recording")


def test_folder_without_or_with_several_recordings(tmp_path: Path, write_recording: Write) -> None:
    refused(tmp_path, "holds no finished recording; name a folder with")
    write_recording(tmp_path)
    (tmp_path / "second.sigmf-meta").write_bytes((tmp_path / META).read_bytes())
    refused(tmp_path, "holds 2 recordings; name one: recording.sigmf-meta, second.sigmf-meta")


def test_unfinished_recording(tmp_path: Path) -> None:
    (tmp_path / f"{DATA}.part").touch()
    refused(tmp_path / META, "was not finished; record again")


def test_one_file_of_the_two(tmp_path: Path, write_recording: Write) -> None:
    write_recording(tmp_path)
    (tmp_path / DATA).rename(tmp_path / "kept")
    refused(tmp_path / META, f"{DATA}: the samples are missing; copy both files")
    (tmp_path / "kept").rename(tmp_path / DATA)
    (tmp_path / META).unlink()
    refused(tmp_path / DATA, f"{META} is missing beside its samples")


@pytest.mark.parametrize(
    ("change", "how"), [(-1, "cut short"), (-256, "cut short"), (4, "too long")]
)
def test_samples_of_another_length(
    change: int, how: str, tmp_path: Path, write_recording: Write
) -> None:
    write_recording(tmp_path)
    data = tmp_path / DATA
    data.write_bytes((data.read_bytes() + bytes(256))[: 23 * 64 * 4 + change])
    refused(
        tmp_path / META,
        rf"is {how}: {23 * 64 * 4 + change} bytes where 23 windows of 64 samples take 5888",
    )


def test_empty_samples(tmp_path: Path, write_recording: Write) -> None:
    write_recording(tmp_path)
    (tmp_path / DATA).write_bytes(b"")
    refused(tmp_path, "is cut short: 0 bytes")


def test_changed_samples_are_found_when_asked_for(tmp_path: Path, write_recording: Write) -> None:
    write_recording(tmp_path)
    data = bytearray((tmp_path / DATA).read_bytes())
    data[1000] ^= 1
    (tmp_path / DATA).write_bytes(data)
    Recording.open(tmp_path)
    refused(tmp_path, "do not match the checksum core:sha512", verify=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is not JSON"),
        (b'{"global": {', "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "no SigMF metadata"),
        (b'{"global": [], "captures": []}', "no SigMF metadata"),
        (b'{"global": {}}', "no SigMF metadata"),
    ],
    ids=["empty", "cut short", "binary", "deep", "list", "global is a list", "no captures"],
)
def test_metadata_that_is_none(
    text: bytes, message: str, tmp_path: Path, write_recording: Write
) -> None:
    write_recording(tmp_path)
    (tmp_path / META).write_bytes(text)
    refused(tmp_path, message)


def test_recording_of_another_program_says_what_is_missing(tmp_path: Path) -> None:
    foreign = sigmf.fromarray(np.zeros(100, np.complex64))
    foreign.tofile(tmp_path / "recording")
    refused(tmp_path, r"was not recorded by moonecho: .* \(moonecho:transmit_tick and others\)")


def drop(section: str, key: str) -> Edit:
    def edit(metadata: dict[str, Any]) -> None:
        part = metadata[section]
        del (part[0] if isinstance(part, list) else part)[key]

    return edit


def put(section: str, key: str, value: Any) -> Edit:
    def edit(metadata: dict[str, Any]) -> None:
        part = metadata[section]
        (part[0] if isinstance(part, list) else part)[key] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop("captures", "moonecho:transmit_tick"), "lacks moonecho:transmit_tick"),
        (drop("global", "moonecho:configuration"), "lacks moonecho:configuration"),
        (drop("global", "core:sample_rate"), "lacks core:sample_rate"),
        (lambda m: m["captures"].clear(), "0 captures; it must be one"),
        (lambda m: m["captures"].append({}), "2 captures; it must be one"),
        (put("global", "core:datatype", "cf64_le"), r'"cf64_le"; it must be ci16_le or cf32_le'),
        (put("global", "core:datatype", 16), "core:datatype = 16"),
        (put("global", "core:sample_rate", "96 MHz"), r'"96 MHz"; it must be a positive number'),
        (put("global", "core:sample_rate", 0), "core:sample_rate = 0"),
        (put("global", "core:sample_rate", True), "core:sample_rate = true"),
        (put("global", "moonecho:radar_carrier_hz", -1.0), "moonecho:radar_carrier_hz = -1.0"),
        (put("global", "moonecho:configuration", []), r"configuration = \[\]; .* an object"),
        (put("global", "moonecho:epoch_utc", 5), "moonecho:epoch_utc is missing or no text"),
        (put("global", "moonecho:seed", 1.5), "moonecho:seed = 1.5; .* whole number of at least 0"),
        (put("captures", "moonecho:code_scale", None), "code_scale = null; .* a positive number"),
        (put("captures", "moonecho:window_samples", 0), "window_samples = 0"),
        (put("captures", "moonecho:window_samples", 64.0), "window_samples = 64.0"),
        (put("captures", "moonecho:transmit_tick", [1, 2.5]), "a list of whole ticks"),
        (put("captures", "moonecho:transmit_tick", [1 << 70]), "a list of whole ticks"),
        (put("captures", "moonecho:transmit_tick", []), "0 transmit ticks and 23 window start"),
        (put("captures", "moonecho:window_start_tick", [1, 2]), "23 transmit ticks and 2 window"),
        (put("global", "core:extensions", []), "version none of the extension moonecho"),
        (
            put("global", "core:extensions", [{"name": "moonecho", "version": "2.0.0"}]),
            "version 2.0.0 of the extension moonecho; this program reads version 1",
        ),
        (
            lambda m: m["annotations"].append({"moonecho:kind": "late", "moonecho:first_pulse": 1}),
            "an annotation is damaged",
        ),
        (lambda m: m.update(annotations=[3]), "an annotation is damaged"),
    ],
)
def test_damaged_metadata_names_the_key(
    edit: Edit, message: str, tmp_path: Path, write_recording: Write
) -> None:
    write_recording(tmp_path)
    metadata = json.loads((tmp_path / META).read_text())
    edit(metadata)
    (tmp_path / META).write_text(json.dumps(metadata))
    refused(tmp_path, message)


def test_later_minor_version_is_read(tmp_path: Path, write_recording: Write) -> None:
    write_recording(tmp_path)
    metadata = json.loads((tmp_path / META).read_text())
    put("global", "core:extensions", [{"name": "moonecho", "version": "1.9.0"}])(metadata)
    put("captures", "moonecho:something_new", 1)(metadata)
    (tmp_path / META).write_text(json.dumps(metadata))
    assert Recording.open(tmp_path).schedule.pulses == 23


def test_checksum_that_is_missing_matters_only_when_asked_for(
    tmp_path: Path, write_recording: Write
) -> None:
    write_recording(tmp_path)
    metadata = json.loads((tmp_path / META).read_text())
    del metadata["global"]["core:sha512"]
    (tmp_path / META).write_text(json.dumps(metadata))
    Recording.open(tmp_path)
    refused(tmp_path, "core:sha512 is missing", verify=True)
