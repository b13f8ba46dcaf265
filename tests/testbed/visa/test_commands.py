"""Commands and lab scripts with instruments: what fits, what is refused, what is switched off."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.simulators.laboratory import Laboratory
from drivers.simulators.servers.faults import Fault
from testbed import cli
from testbed.recording import Recording

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


def closed_port() -> str:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"TCPIP::127.0.0.1::{closed.getsockname()[1]}::SOCKET"


def script(name: str, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "lab_scripts" / name), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


Swap = Callable[[Laboratory], str]


@pytest.mark.parametrize(
    ("driver", "code", "says"),
    [
        (lambda lab: f"visa:{'+'.join(lab.addresses[::-1])}", 3, "exchange the two addresses"),
        (lambda lab: f"visa:{lab.addresses[0]}+{lab.addresses[0]}", 3, "which is no digitizer"),
        (lambda lab: f"visa:{closed_port()}+{lab.addresses[1]}", 3, "Connection refused"),
        (lambda lab: f"visa:{lab.addresses[0]}+{closed_port()}", 3, "Connection refused"),
        (lambda lab: f"visa:{lab.addresses[0]}", 2, "names no digitizer"),
        (lambda lab: "visa:", 2, "nothing behind the colon"),
        (lambda lab: "visa:here+there", 2, "'here'"),
        (lambda lab: "visa:ASRL1::INSTR+ASRL2::INSTR", 2, "ASRL1::INSTR"),
        (lambda lab: "visa:TCPIP::127.0.0.1::0::SOCKET+x", 2, "port '0'"),
    ],
    ids=["swapped", "twice", "no generator", "no digitizer", "one", "none", "words", "serial",
         "port 0"],
)  # fmt: skip
def test_wrong_addresses_are_errors_of_one_line(
    config: Path,
    tmp_path: Path,
    laboratory: Laboratory,
    capsys: pytest.CaptureFixture[str],
    driver: Swap,
    code: int,
    says: str,
) -> None:
    text = config.read_text().replace("transmit: false", "transmit: true")
    config.write_text(text)
    arguments = ["--device", driver(laboratory), "--out", str(tmp_path / "run")]
    assert cli.main(["run", str(config), *arguments]) == code
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "run").exists()
    assert cli.main(["plan", str(config), *arguments[:2]]) == code
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("attenuation_db: 20.0 ", "attenuation_db: null ", "device.visa.attenuation_db"),
        ("max_input_v: 0.5", "max_input_v: 0.01", "add attenuation"),
        ("max_output_power_dbm: 0.0", "max_output_power_dbm: -20.0", "device.visa.output_peak_v"),
        ("signal: real-if", "signal: modulated", "device.visa.signal"),
        ("generator_rate_hz: null", "generator_rate_hz: 1.0e9", "no whole multiple"),
        ("frequency_hz: null", "frequency_hz: 1.0e10", "short.yaml:"),
        ("input_channels: [1]", "input_channels: [7]", "7"),
        ("trigger_input: external", "trigger_input: channel 9", "9"),
    ],
)
def test_wrong_settings_are_errors_of_one_line(
    config: Path,
    tmp_path: Path,
    laboratory: Laboratory,
    capsys: pytest.CaptureFixture[str],
    right: str,
    wrong: str,
    says: str,
) -> None:
    text = config.read_text()
    assert right in text
    config.write_text(text.replace(right, wrong, 1))
    arguments = ["--device", laboratory.driver, "--out", str(tmp_path / "run")]
    assert cli.main(["run", str(config), *arguments]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()
    assert off(laboratory)


def off(laboratory: Laboratory) -> bool:
    return [laboratory.generator.execute(b"OUTP%d?" % n) for n in (1, 2, 3, 4)] == [b"0"] * 4


def test_instruments_elsewhere_need_leave(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # TEST-NET-1: refused before anybody is asked.
    elsewhere = "visa:TCPIP::192.0.2.1::hislip0::INSTR+TCPIP::192.0.2.2::hislip0::INSTR"
    assert cli.main(["run", str(config), "--device", elsewhere]) == 2
    assert "device.visa.transmit" in capsys.readouterr().err


def test_sigterm_in_the_middle_of_playback_switches_outputs_off(
    config: Path, tmp_path: Path
) -> None:
    with Laboratory() as laboratory:
        # The read-out takes its time, and meanwhile the generator's output is on.
        laboratory.servers[1].inject(Fault("slow", on="CURV", seconds=20.0))
        command = [sys.executable, "-m", "testbed.cli", "run", str(config)]
        command += ["--device", laboratory.driver, "--out", str(tmp_path / "run")]
        with subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as run:  # fmt: skip
            looking = threading.Event()
            for _ in range(600):
                if not off(laboratory) or run.poll() is not None:
                    break
                looking.wait(0.05)
            assert not off(laboratory)
            run.send_signal(signal.SIGTERM)
            assert run.wait(20.0) == 143
            assert run.stderr is not None
            assert run.stderr.read().splitlines()[-1].endswith("stopped by SIGTERM")
        assert off(laboratory)
    assert not (tmp_path / "run").exists()


def test_what_fits_is_told_without_touching_an_output(
    config: Path, laboratory: Laboratory, capsys: pytest.CaptureFixture[str]
) -> None:
    before = laboratory.bench.playbacks
    assert cli.main(["plan", str(config), "--device", laboratory.driver, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["fits"]
    checks = {one["name"]: one for one in plan["checks"]}
    assert "TEKTRONIX AWG5204" in plan["device"]["name"]
    assert checks["memory of the instruments"]["needed"] == "1 part of 96 windows"
    assert checks["levels"]["status"] == "fits"
    assert checks["time"]["remark"].endswith("in all")
    assert checks["leave to transmit"]["available"].startswith("not needed")
    assert laboratory.bench.playbacks == before
    assert off(laboratory)


def test_what_does_not_fit_is_told(
    config: Path, laboratory: Laboratory, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text()
    config.write_text(text.replace("frequency_hz: null", "frequency_hz: 2.0e9"))
    assert cli.main(["plan", str(config), "--device", laboratory.driver]) == 1
    told = capsys.readouterr().out
    assert "DOES NOT FIT" in told
    config.write_text(text.replace("attenuation_db: 20.0", "attenuation_db: null"))
    assert cli.main(["plan", str(config), "--device", laboratory.driver, "--json"]) == 0
    checks = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["attenuation"]["status"] == "to do"
    assert checks["levels"]["available"] == "not known"


def test_clocks_of_their_own_are_noted(
    config: Path, laboratory: Laboratory, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text()
    config.write_text(text.replace("clock_reference: external", "clock_reference: internal"))
    assert cli.main(["plan", str(config), "--device", laboratory.driver, "--json"]) == 0
    checks = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    # 98 windows of 11.6 us at 1e-6: 1.1 ns, of which 168 MHz makes 69 degrees.
    assert checks["clocks"]["status"] == "note"
    assert "69 degrees" in checks["clocks"]["remark"]


def test_a_full_run_passes_and_keeps_what_was_said(
    config: Path, tmp_path: Path, laboratory: Laboratory
) -> None:
    folder = tmp_path / "run"
    shown = script("full_run.py", str(config), laboratory.driver, str(folder))
    assert "FITS: instruments" in shown
    assert "PASS instruments" in shown
    assert off(laboratory)
    files = json.loads((folder / "report.json").read_text())["files"]
    told = Recording.open(folder).device["read_back"]
    for whose in ("generator", "digitizer"):
        name = files[f"commands_{whose}"]
        assert name == told["command_logs"][whose] == f"commands_{whose}.jsonl"
        lines = [json.loads(line) for line in (folder / name).read_text().splitlines()]
        sent = [line["sent"] for line in lines if "sent" in line]
        assert sent[0] == "*IDN?"
        # To the very end: outputs go off and the acquisition stops before the file is closed.
        assert any("OFF" in line or line.endswith(" 0") for line in sent[-8:])
        times = [line["time_s"] for line in lines if "time_s" in line]
        assert times == sorted(times)
        assert told[whose]["identity"].startswith("TEKTRONIX")


def test_the_delay_of_the_pair_is_calibrated(config: Path, laboratory: Laboratory) -> None:
    told = script("calibrate_delay.py", str(config), laboratory.driver, "16")
    assert "calibration:" in told
    samples = float(told.splitlines()[1].split()[1])
    # The marker's cable is as long as the signal's: no skew is left.
    assert samples == pytest.approx(0.0, abs=0.02)


def test_instruments_are_identified(laboratory: Laboratory) -> None:
    told = script("identify_instruments.py", *laboratory.addresses)
    assert "generator" in told
    assert "AWG5204" in told
    assert "digitizer" in told
    assert "max_record_samples" in told


def test_plan_and_identification_touch_no_output_that_is_on(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Laboratory("M8190A", "MSO44") as busy:
        busy.generator.execute(b":OUTP1 ON")
        modes = busy.generator.execute(b":TRAC1:DWID?;:TRAC2:DWID?")
        told = script("identify_instruments.py", busy.addresses[0])
        assert "signals: real" in told
        assert "limits: not asked" in told
        assert cli.main(["plan", str(config), "--device", busy.driver]) == 3
        assert ":OUTP1 is on; switch its outputs off" in capsys.readouterr().err
        assert busy.generator.execute(b":OUTP1?") == b"1"
        assert busy.generator.execute(b":TRAC1:DWID?;:TRAC2:DWID?") == modes


def test_a_waveform_is_uploaded_and_captured(config: Path, laboratory: Laboratory) -> None:
    played = laboratory.bench.playbacks
    told = script("upload_waveform.py", str(config), laboratory.driver)
    assert "clipped_samples: 0" in told
    # Uploading plays nothing.
    assert laboratory.bench.playbacks == played
    told = script("capture_waveform.py", str(config), laboratory.driver)
    assert laboratory.bench.playbacks == played + 1
    # 0.25 V behind 20 dB, at -3 dBFS; the chirp overshoots where it was cut to the band.
    peak_mv = float(next(line for line in told.splitlines() if "peak" in line).split()[1])
    assert peak_mv == pytest.approx(25.0 / 2.0**0.5, rel=0.15)
    assert off(laboratory)


def test_a_script_needs_leave(config: Path) -> None:
    elsewhere = "visa:TCPIP::192.0.2.1::hislip0::INSTR+TCPIP::192.0.2.2::hislip0::INSTR"
    told = script("capture_waveform.py", str(config), elsewhere, code=2)
    assert "no leave to transmit" in told
