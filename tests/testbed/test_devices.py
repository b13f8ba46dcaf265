"""The list of devices where there is no SoapySDR, or a driver that misbehaves."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from drivers.simulators.laboratory import Laboratory

ROOT = Path(__file__).parents[2]


def devices(*arguments: str, modules: Path) -> subprocess.CompletedProcess[str]:
    """Run the real command with a folder of modules that come before all others."""
    return subprocess.run(
        [sys.executable, "-m", "testbed.cli", "devices", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_soapysdr_it_says_how_to_get_it(tmp_path: Path) -> None:
    # What Python finds where the binding is broken, or was built for another Python.
    (tmp_path / "SoapySDR.py").write_text("raise ImportError('no module _SoapySDR')\n")
    told = devices("soapy", "--json", modules=tmp_path)
    assert told.returncode == 0
    document = json.loads(told.stdout)
    assert document["instruments"] == []
    assert [one["driver"] for one in document["devices"]] == ["loopback"]
    (problem,) = document["problems"]
    assert "python3-soapysdr" in problem
    table = devices("soapy", modules=tmp_path)
    assert table.returncode == 0
    assert "Traceback" not in table.stderr
    assert "python3-soapysdr" in table.stdout


def test_a_driver_that_hangs_costs_the_deadline(tmp_path: Path) -> None:
    (tmp_path / "SoapySDR.py").write_text(
        "import threading\n"
        "class Device:\n"
        "    @staticmethod\n"
        "    def enumerate(*arguments):\n"
        "        threading.Event().wait()\n"
    )
    told = devices("driver=uhd", "--deadline", "1", "--json", modules=tmp_path)
    assert told.returncode == 0
    (problem,) = json.loads(told.stdout)["problems"]
    assert "did not answer within 1 s" in problem


def test_a_visa_library_that_hangs_costs_the_deadline(tmp_path: Path) -> None:
    # A vendor's VISA looks for instruments in its own time; this one never ends.
    (tmp_path / "pyvisa.py").write_text("import threading\nthreading.Event().wait()\n")
    told = devices("visa", "--deadline", "1", "--json", modules=tmp_path)
    assert told.returncode == 0
    document = json.loads(told.stdout)
    assert document["instruments"] == []
    assert document["problems"] == [
        "looking for instruments took longer than 1 s; see that it is switched on and that nobody "
        "else uses it; nothing but *IDN? was sent"
    ]


def test_an_address_where_nobody_answers_is_told(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"TCPIP::127.0.0.1::{closed.getsockname()[1]}::SOCKET"
    told = devices(address, "--json", modules=tmp_path)
    assert told.returncode == 0
    (instrument,) = json.loads(told.stdout)["instruments"]
    assert instrument["address"] == address
    assert "Connection refused" in instrument["problem"]
    refused = devices("TCPIP::", modules=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is no VISA address" in refused.stderr


def test_an_instrument_says_who_it_is_and_what_it_can_be(tmp_path: Path) -> None:
    with Laboratory() as laboratory:
        told = devices(f"visa:{laboratory.addresses[1]}", modules=tmp_path)
    assert told.returncode == 0
    assert laboratory.digitizer_model.name in told.stdout
    assert "digitizer" in told.stdout


def test_a_bad_deadline_is_an_error_of_one_line(tmp_path: Path) -> None:
    told = devices("--deadline", "soon", modules=tmp_path)
    assert told.returncode == 2
    assert told.stderr.startswith("moonecho: error: --deadline = soon")
