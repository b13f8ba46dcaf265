"""The lab scripts as a person runs them, on the software radio."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.lab_scripts.conftest import PLUGIN_FOLDER

ROOT = Path(__file__).parents[2]
# A chain with a delay between ticks, 20 dB of attenuation, and noise at -60 dBFS.
RADIO = "soapy:driver=moonecho_loopback,delay_ticks=100.25,gain_db=-20,noise_dbfs=-60"


@pytest.fixture
def config(repository: Path, tmp_path: Path) -> Path:
    text = (repository / "configs" / "smoke.yaml").read_text()
    path = tmp_path / "short.yaml"
    path.write_text(text.replace("prf_hz: 600.0 ", "prf_hz: 100.0 "))
    return path


def script(name: str, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "lab_scripts" / name), *arguments],
        env=os.environ | {"SOAPY_SDR_PLUGIN_PATH": str(PLUGIN_FOLDER)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_first_loopback_finds_the_echo(config: Path) -> None:
    told = script("first_loopback.py", str(config), RADIO)
    assert "driver_key: moonecho_loopback" in told
    # 30 dB under full scale and 20 dB of loss: 10 dB over the noise before compression.
    assert "100.25" in told
    assert "at -20.0" in told


def test_a_chain_that_clips_is_told(config: Path) -> None:
    told = script("first_loopback.py", str(config), "soapy:driver=moonecho_loopback,gain_db=12")
    assert "clipped" in told
    assert "lower rx_gain_db" in told


def test_the_delay_is_calibrated_to_a_fraction_of_a_sample(config: Path) -> None:
    told = script("calibrate_delay.py", str(config), RADIO, "64")
    calibration = yaml.safe_load(told)["calibration"]
    # 64 bursts of 768 samples 37 dB over the noise: 1e-4 samples; the radio's own interpolator is
    # good to 1e-3.
    assert float(calibration["delay_s"]) * 96e6 == pytest.approx(100.25, abs=2e-3)
    assert calibration["gain_db"] == pytest.approx(-20.0, abs=0.01)


def test_a_full_run_passes_with_what_it_measured(config: Path, tmp_path: Path) -> None:
    told = script("full_run.py", str(config), RADIO, str(tmp_path / "run"))
    assert "FITS: smoke" in told
    assert "PASS smoke" in told


def test_a_radio_without_leave_is_refused(config: Path) -> None:
    told = script("calibrate_delay.py", str(config), "soapy:driver=uhd", code=2)
    assert "no leave to transmit" in told


@pytest.mark.parametrize(
    "name", ["first_loopback.py", "calibrate_delay.py", "full_run.py", "measure_replica.py"]
)
def test_a_script_without_arguments_says_what_it_takes(name: str) -> None:
    assert "give CONFIG" in script(name, code=2)


def test_a_number_that_is_none_is_told(config: Path) -> None:
    assert "BURSTS = many" in script("calibrate_delay.py", str(config), RADIO, "many", code=2)


def test_lost_pulses_are_left_out_of_a_replica(config: Path, tmp_path: Path) -> None:
    energies = []
    for device in (RADIO, f"{RADIO},fault_overflow=probability=0.2"):
        text = yaml.safe_load(config.read_text())
        text["device"]["driver"] = device
        text["receiver"]["window_samples"] = 900  # room for the delay
        (tmp_path / "loop.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
        target = tmp_path / "replica.npy"
        script("measure_replica.py", str(tmp_path / "loop.yaml"), str(target), "64")
        energies.append(float(np.sum(np.abs(np.load(target)) ** 2)))
    # 64 or about 50 averages of noise 37 dB below the pulse: 0.2 % at most. Zeros among them would
    # take away 20 %, or as few samples of each as were lost.
    assert energies[1] == pytest.approx(energies[0], rel=2e-3)
