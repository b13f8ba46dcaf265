"""What was said to instruments lies beside the recording, whole, or not at all."""

import json
from pathlib import Path

import pytest

from drivers.errors import DeviceTimeoutError
from drivers.loopback.device import LoopbackDevice
from drivers.loopback.settings import LoopbackSettings
from drivers.simulators.laboratory import Laboratory
from drivers.visa.pair.device import VisaDevice
from drivers.visa.pair.settings import VisaSettings
from testbed.command_logs import kept_command_logs
from testbed.errors import OutputError


def device(laboratory: Laboratory) -> VisaDevice:
    return VisaDevice(VisaSettings(**laboratory.settings()))


def test_logs_begin_with_what_was_said_before(tmp_path: Path) -> None:
    # Left by a run that was killed.
    (tmp_path / "commands_generator.jsonl").write_text("old")
    with Laboratory() as laboratory:
        pair = device(laboratory)
        try:
            with kept_command_logs(pair, tmp_path) as names:
                pair.ensure_ready()
        finally:
            pair.ensure_stopped()
    assert names == {
        "generator": "commands_generator.jsonl",
        "digitizer": "commands_digitizer.jsonl",
    }
    for name in names.values():
        lines = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        sent = [line["sent"] for line in lines if "sent" in line]
        assert sent[0] == "*IDN?"
        assert "*CLS" in sent


def test_a_run_that_fails_leaves_none(tmp_path: Path) -> None:
    with Laboratory() as laboratory:
        pair = device(laboratory)
        try:
            with pytest.raises(DeviceTimeoutError), kept_command_logs(pair, tmp_path):
                raise DeviceTimeoutError("no trigger came", "wire the marker")
        finally:
            pair.ensure_stopped()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with Laboratory() as laboratory:
        pair = device(laboratory)
        try:
            with (
                pytest.raises(OutputError, match=r"commands_generator\.jsonl.*cannot be written"),
                kept_command_logs(pair, tmp_path / "nowhere"),
            ):
                pass
        finally:
            pair.ensure_stopped()


def test_other_devices_have_none(tmp_path: Path) -> None:
    with kept_command_logs(LoopbackDevice(LoopbackSettings(None, None)), tmp_path) as names:
        assert names == {}
    assert list(tmp_path.iterdir()) == []
