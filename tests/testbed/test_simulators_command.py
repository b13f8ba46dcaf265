"""`moonecho simulators`: a bench for anyone to try, and the command that it names."""

import io
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from drivers.simulators.laboratory import Laboratory
from drivers.simulators.models import MODELS
from testbed import cli
from testbed.config import load_configuration
from testbed.simulators_command import (
    CONFIGURATION,
    DEFAULT_ADDRESSES,
    DEFAULT_ATTENUATION_DB,
    next_command,
    open_laboratory,
    serve,
    settings_yaml,
)
from tests.testbed.experiments import changed

ROOT = Path(__file__).parents[2]


def test_what_is_shipped_runs_on_the_default_bench() -> None:
    shipped = load_configuration(ROOT / CONFIGURATION)
    assert shipped.device.visa_addresses == DEFAULT_ADDRESSES
    assert shipped.device.visa.attenuation_db == DEFAULT_ATTENUATION_DB
    # The default models need nothing beside it.
    default = Laboratory()
    settings = {**default.generator_model.settings, **default.digitizer_model.settings}
    assert settings == {}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_keys_that_a_model_needs_are_keys_of_the_section(model: object) -> None:
    shipped = load_configuration(ROOT / CONFIGURATION)
    settings = getattr(model, "settings", {})
    changed(shipped, {f"device.visa.{key}": value for key, value in settings.items()})


def test_lines_for_a_configuration_are_what_the_bench_is(tmp_path: Path) -> None:
    with Laboratory("SMW200A", attenuation_db=30.0) as laboratory:
        lines = yaml.safe_load(settings_yaml(laboratory))["device"]
        assert lines["driver"] == "visa"
        assert lines["visa"]["generator"] == laboratory.addresses[0]
        assert float(lines["visa"]["attenuation_db"]) == 30.0
        assert lines["visa"]["signal"] == "modulated"
        assert next_command(laboratory) == "moonecho run bench.yaml"
    with Laboratory() as laboratory:
        told = shlex.split(next_command(laboratory))
        assert told == ["moonecho", "run", CONFIGURATION, "--device", laboratory.driver]


def test_it_runs_until_it_is_ended() -> None:
    shown = io.StringIO()
    ended = threading.Event()
    ended.set()
    laboratory = open_laboratory("awg5204", "mso44", 20.0, socket=True, port=0)
    serve(laboratory, Console(file=shown, width=60), ended)
    text = shown.getvalue()
    assert "AWG5204" in text
    # Addresses and the command are to be copied: never broken into lines.
    assert f"moonecho run {CONFIGURATION} --device 'visa:TCPIP::127.0.0.1::" in text
    assert text.count("::SOCKET") == 5 + 1


def test_the_command_ends_with_sigterm() -> None:
    command = [sys.executable, "-m", "testbed.cli", "simulators", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as bench:  # fmt: skip
        assert bench.stdout is not None
        assert bench.stderr is not None
        lines = iter(bench.stdout.readline, "")
        told = next(line for line in lines if "Ctrl-C" in line)
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(20.0) == 143
        assert bench.stderr.read() == "moonecho: error: stopped by SIGTERM\n"
    assert told


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["simulators", "--list"]) == 0
    shown = capsys.readouterr().out
    assert all(model.name in shown for model in MODELS)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--generator", "AWG1"], "--generator = AWG1: there is no simulated generator"),
        (["--digitizer", "AWG5204"], "use one of MSO44"),
        (["--attenuation", "20 dB"], "--attenuation = 20 dB: is not a plain number"),
        (["--attenuation", "-3"], "give 0 to 200 dB"),
        (["--port", "70000"], "--port = 70000"),
    ],
)
def test_bad_options_are_errors_of_one_line(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["simulators", *options]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


def test_a_port_in_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert cli.main(["simulators", "--port", str(port)]) == 2
    assert "in use" in capsys.readouterr().err
