"""The same experiment through the in-process loopback, the software radio, and a server of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drivers.soapy.errors import PulseLostError
from testbed.config import Configuration
from testbed.experiment import record
from testbed.recording import Recording
from testbed.report.progress import RunProgress
from testbed.scenario import Scenario, build_scenario
from tests.drivers.soapy.servers import build_stub, server, transmitting
from tests.testbed.experiments import Run, changed, run

# Converters of the loopback with 14 and 12 bits end at these codes.
CONVERTERS = "dac_full_scale=8191,adc_full_scale=2047"


def through(configuration: Configuration, arguments: str, folder: Path, **more: object) -> Run:
    changes = {"device.driver": f"soapy:{arguments}"}
    return run(changed(configuration, changes | more), folder)


def recorded(of: Run) -> np.ndarray:
    recording = Recording.open(of.folder / "recording.sigmf-meta")
    return np.asarray(recording.read_raw(0, recording.schedule.pulses))


def require_same(one: Run, other: Run) -> None:
    """The samples bit for bit, and all that was measured in them."""
    assert np.array_equal(recorded(one), recorded(other))
    first, second = one.report, other.report
    for key in ("verdict", "checks", "targets"):
        assert json.dumps(first[key]) == json.dumps(second[key])


def test_the_main_job_records_the_same_samples_through_the_radio(
    smoke: Configuration, smoke_run: Run, tmp_path: Path
) -> None:
    radio = through(smoke, f"driver=moonecho_loopback,{CONVERTERS}", tmp_path / "run")
    assert radio.result.verdict == "pass"
    assert not radio.result.events
    require_same(smoke_run, radio)
    told = radio.report["device"]["read_back"]
    assert (told["driver_key"], told["timed"]) == ("moonecho_loopback", True)


def test_the_main_job_records_the_same_samples_through_a_server(
    smoke: Configuration, smoke_run: Run, tmp_path: Path
) -> None:
    stub, lamps = build_stub(tmp_path), tmp_path / "lamps"
    lamps.mkdir()
    with server(stub, tmp_path / "log", lamps) as (_, port):
        arguments = (
            f"driver=remote,remote=tcp://127.0.0.1:{port},"
            f"remote:driver=moonecho_loopback,{CONVERTERS}"
        )
        tcp = {"remote:prot": "tcp", "remote:mtu": "8192"}
        radio = through(
            smoke,
            arguments,
            tmp_path / "run",
            **{"device.soapy.tx_stream_arguments": tcp, "device.soapy.rx_stream_arguments": tcp},
        )
    require_same(smoke_run, radio)


@pytest.fixture(scope="module")
def short(smoke: Configuration) -> Scenario:
    return build_scenario(changed(smoke, {"radar.aperture_s": 5.0, "radar.prf_hz": 100.0}))


def record_through(driver: str, scenario: Scenario, folder: Path, **more: object) -> Recording:
    """Record alone, which is all that differs between devices."""
    configuration = changed(scenario.configuration, {"device.driver": driver} | more)
    folder.mkdir()
    with RunProgress() as progress:
        return record(replace(scenario, configuration=configuration), folder, progress)


def test_one_line_of_the_configuration_is_enough(short: Scenario, tmp_path: Path) -> None:
    ideal = {"device.loopback.dac_bits": 16, "device.loopback.adc_bits": 16}
    loopback = record_through("loopback", short, tmp_path / "loopback", **ideal)
    radio = record_through("soapy:driver=moonecho_loopback", short, tmp_path / "radio")
    pulses = short.schedule.pulses
    assert np.array_equal(loopback.read_raw(0, pulses), radio.read_raw(0, pulses))
    assert loopback.code_scale == radio.code_scale
    assert not radio.events


def test_floats_come_through_as_floats(short: Scenario, tmp_path: Path) -> None:
    as_floats = {"device.soapy.stream_format": "CF32"}
    radio = record_through("soapy:driver=moonecho_loopback", short, tmp_path / "f", **as_floats)
    codes = record_through("soapy:driver=moonecho_loopback", short, tmp_path / "c")
    pulses = short.schedule.pulses
    assert radio.read_raw(0, 1).dtype == np.complex64
    # The radio has codes of 16 bits either way.
    assert np.allclose(radio.read(0, pulses), codes.read(0, pulses), rtol=0, atol=0.51 / 32767)


def test_a_lost_pulse_is_an_event(
    short: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamps = tmp_path / "lamps"
    lamps.mkdir()
    monkeypatch.setenv("MOONECHO_LOOPBACK_OUTPUT_FOLDER", str(lamps))
    fault = {"device.soapy.device_settings": {"fault_overflow": "count=3, samples=100"}}
    driver = "soapy:driver=moonecho_loopback"
    flagged = record_through(driver, short, tmp_path / "flag", **fault)
    assert [event.kind for event in flagged.events].count("overflow") == 3
    retry = {"device.soapy.on_loss": "retry"}
    whole = record_through(driver, short, tmp_path / "retry", **fault, **retry)
    clean = record_through(driver, short, tmp_path / "clean")
    pulses = short.schedule.pulses
    assert np.array_equal(whole.read_raw(0, pulses), clean.read_raw(0, pulses))
    with pytest.raises(PulseLostError):
        record_through(
            driver, short, tmp_path / "abort", **fault, **{"device.soapy.on_loss": "abort"}
        )
    assert not list((tmp_path / "abort").glob("recording*"))
    assert not transmitting(lamps)
