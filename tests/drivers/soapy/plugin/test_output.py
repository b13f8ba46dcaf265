"""When the output is on, and that nothing transmits once its client is gone."""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tests.drivers.soapy.plugin.client import LEAD, UNDERFLOW, Client, client, device, noise
from tests.drivers.soapy.servers import wait_until

# For a machine under load; a radio that is left alone needs 0.1 s at most.
DARK_S = 5.0


def _transmits(lamp: Path) -> bool:
    """Whether a device holds the lock of its file."""
    with lamp.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOONECHO_LOOPBACK_OUTPUT_FOLDER", str(tmp_path))
    return tmp_path


def test_the_output_is_on_from_the_first_sample_to_the_last(folder: Path) -> None:
    with client(watchdog_s=60) as radio:
        (lamp,) = folder.iterdir()
        assert lamp.name.startswith(f"{os.getpid()}-")
        assert not _transmits(lamp)
        radio.order(1000, 100)
        radio.burst(noise(100), 1000)
        assert _transmits(lamp)
        assert radio.device.readSensor("transmitting") == "true"
        radio.read(100)
        assert not _transmits(lamp)
        assert radio.device.readSensor("transmitting") == "false"
    assert list(folder.iterdir()) == []


def test_a_starved_burst_does_not_transmit(folder: Path) -> None:
    with client(clock="free") as radio:
        (lamp,) = folder.iterdir()
        radio.write(noise(1000), radio.tick + LEAD)
        assert _transmits(lamp)
        assert radio.status(5_000_000).code == UNDERFLOW
        assert not _transmits(lamp)


@pytest.mark.parametrize("end", [True, False])
def test_the_output_goes_out_with_its_samples_though_nobody_calls(folder: Path, end: bool) -> None:
    with client(clock="free") as radio:
        (lamp,) = folder.iterdir()
        radio.write(noise(1000), radio.tick + LEAD, end=end)
        assert _transmits(lamp)
        assert wait_until(lambda: not _transmits(lamp), DARK_S)
        # And so again, after the watch has seen the first one end.
        radio.write(noise(1000), radio.tick + LEAD, end=end)
        assert _transmits(lamp)
        assert wait_until(lambda: not _transmits(lamp), DARK_S)


def test_stepped_time_that_stands_still_transmits_nothing_and_loses_nothing(folder: Path) -> None:
    sent = noise(1000)
    with client(watchdog_s=0.05) as radio:
        (lamp,) = folder.iterdir()
        radio.order(0, 1000)
        radio.burst(sent, 0)
        assert wait_until(lambda: not _transmits(lamp), DARK_S)
        assert radio.device.readSensor("transmitting") == "false"
        radio.device.writeSetting("watchdog_s", "60")
        first = radio.read(400)[1]
        assert _transmits(lamp)
        rest = radio.read(600)[1]
        assert not _transmits(lamp)
    np.testing.assert_array_equal(np.concatenate([first, rest]), sent)


@pytest.mark.parametrize("how", ["close", "deactivate", "unmake"])
def test_every_way_to_stop_silences(folder: Path, how: str) -> None:
    with device() as made:
        radio = Client(made)
        (lamp,) = folder.iterdir()
        made.activateStream(radio.tx)
        radio.write(noise(1000), radio.tick + 10**10)
        assert _transmits(lamp)
        if how == "deactivate":
            made.deactivateStream(radio.tx)
        elif how == "close":
            made.closeStream(radio.tx)
        else:
            made.close()
            assert list(folder.iterdir()) == []
            return
        assert not _transmits(lamp)


def test_nothing_transmits_after_a_kill_and_the_next_run_works(folder: Path) -> None:
    transmit = """
        from tests.drivers.soapy.plugin.client import Client, device, noise
        with device(rate=1_000_000) as made:
            radio = Client(made)
            made.activateStream(radio.tx)
            start = radio.tick + 100_000
            while True:
                radio.write(noise(65536), start)
                start = None
                print("on", flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(transmit)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "on\n"
        (lamp,) = folder.iterdir()
        assert _transmits(lamp)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert not _transmits(lamp)
    with client() as radio:
        radio.order(10, 100)
        radio.burst(noise(100), 10)
        assert (radio.read(100)[1] == noise(100)).all()
