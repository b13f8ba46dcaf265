"""`moonecho devices` and `moonecho plan` with the software radio attached."""

import json
from pathlib import Path

import pytest

from testbed import cli
from testbed.config import load_configuration
from tests.drivers.soapy.servers import transmitting

RADIO = "soapy:driver=moonecho_loopback"


def test_the_software_radio_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["problems"] == []
    radio = next(one for one in document["devices"] if one["driver"].startswith(RADIO))
    assert radio["radiates"] is False
    told = radio["capabilities"]
    assert (told["driver_key"], told["hardware_time"]) == ("moonecho_loopback", True)
    assert told["tx"][0]["formats"] == ["CS16", "CF32"]
    assert cli.main(["devices", "driver=moonecho_loopback"]) == 0
    shown = capsys.readouterr().out
    assert RADIO in shown
    assert "full scale 32767" in shown


def test_what_is_written_passes_plan(
    repository: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lamps = tmp_path / "lamps"
    lamps.mkdir()
    monkeypatch.setenv("MOONECHO_LOOPBACK_OUTPUT_FOLDER", str(lamps))
    text = (repository / "configs" / "smoke.yaml").read_text()
    # The radio ends at 1 GHz.
    for right, wrong in (("96.0e6", "1.2e9"), ("1024", "10240"), ("600.0", "100.0")):
        text = text.replace(right, wrong, 1)
    fast, scaled = tmp_path / "fast.yaml", tmp_path / "scaled.yaml"
    fast.write_text(text)
    assert cli.main(["plan", str(fast), "--device", RADIO, "--write", str(scaled)]) == 1
    told = capsys.readouterr()
    assert "DOES NOT FIT: smoke" in told.out
    assert told.err == f"Written: {scaled}\n"
    written = load_configuration(scaled)
    assert written.receiver.sample_rate_hz == 1e9
    assert written.device.driver == RADIO
    assert cli.main(["plan", str(scaled)]) == 0
    assert "FITS: smoke-scaled" in capsys.readouterr().out
    # A file that is there is not written over.
    assert cli.main(["plan", str(fast), "--device", RADIO, "--write", str(scaled)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert not transmitting(lamps)


def test_a_radio_that_is_not_there_is_hardware_trouble(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    smoke = str(repository / "configs" / "smoke.yaml")
    assert cli.main(["plan", smoke, "--device", "soapy:driver=none_of_any_sort"]) == 3
    assert "none_of_any_sort" in capsys.readouterr().err
