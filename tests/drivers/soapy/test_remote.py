"""The radio behind SoapySDR's server on loopback TCP, and what is left of a killed end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.errors import DriverError
from drivers.interface import PlayedBlock
from drivers.lifecycle import DeviceState
from drivers.soapy.device import SoapyDevice
from drivers.soapy.settings import SoapySettings
from tests.drivers.soapy.radios import codes, play, settings
from tests.drivers.soapy.servers import (
    build_stub,
    dark,
    server,
    serves,
    transmitting,
    wait_until,
)

MakeSchedule = Callable[..., Any]
MakeWindows = Callable[..., NDArray[np.complex64]]
InBlocks = Callable[..., Iterator[PlayedBlock]]

REPOSITORY = Path(__file__).parents[3]

# What was written ahead ends within 10 ms, and the radio's own watch looks every 20 ms; the rest is
# for a machine under load.
DARK_S = 5.0

# Plays for ever, for whoever kills it.
ENDLESS = """
import sys
import numpy as np
from drivers.interface import PlayedBlock
from drivers.session import session
from drivers.soapy.device import SoapyDevice
from tests.drivers.conftest import _make_schedule
from tests.drivers.soapy.radios import settings

pulses = 100_000
schedule = _make_schedule(pulses, window_samples=4000, interval=5000)
arguments, protocol = sys.argv[1:]
stream = {"remote:prot": protocol} if protocol else {}
device = SoapyDevice(
    settings(arguments, tx_stream_arguments=stream, rx_stream_arguments=stream)
)
block = np.full((10, 4000), 0.5, np.complex64)
with session(device, schedule) as armed:
    for _ in armed.exchange(PlayedBlock(first, block) for first in range(0, pulses, 10)):
        pass
"""


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_stub(tmp_path_factory.mktemp("stub"))


def remote(
    port: int, clock: str = "stepped", protocol: str = "tcp", **changes: Any
) -> SoapySettings:
    # Larger packets are for TCP alone: those of UDP end at 4144 bytes.
    stream = {"remote:prot": protocol, **({"remote:mtu": "8192"} if protocol == "tcp" else {})}
    return settings(
        f"driver=remote,remote=tcp://127.0.0.1:{port},remote:driver=moonecho_loopback,"
        f"clock={clock}",
        tx_stream_arguments=stream,
        rx_stream_arguments=stream,
        **changes,
    )


def endless(arguments: str, protocol: str, lamps: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "MOONECHO_LOOPBACK_OUTPUT_FOLDER": str(lamps)}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", ENDLESS, arguments, protocol],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("streaming", ["bursts", "continuous"])
def test_samples_pass_bit_for_bit(
    protocol: str,
    streaming: str,
    stub: Path,
    tmp_path: Path,
    make_schedule: MakeSchedule,
    make_windows: MakeWindows,
    in_blocks: InBlocks,
) -> None:
    # Longer than a packet, so that the remainder of one comes without a time stamp.
    schedule = make_schedule(40, window_samples=5000, interval=7000)
    played = make_windows(40, window_samples=5000)
    with server(stub, tmp_path / "log", tmp_path) as (_, port):
        device = SoapyDevice(remote(port, protocol=protocol, streaming=streaming))
        result = play(device, schedule, in_blocks(played, 7))
        assert result.events == []
        np.testing.assert_array_equal(result.samples, codes(played))
        assert not transmitting(tmp_path)


def test_faults_are_told_through_the_server(
    stub: Path,
    tmp_path: Path,
    make_schedule: MakeSchedule,
    make_windows: MakeWindows,
    in_blocks: InBlocks,
) -> None:
    schedule, played = make_schedule(60, window_samples=300), make_windows(60, window_samples=300)
    faults = {
        "fault_late_transmit": "at=105000",
        "fault_drop": "at=110020, samples=9",
        "fault_underflow": "at=120010",
    }
    with server(stub, tmp_path / "log", tmp_path) as (_, port):
        result = play(
            SoapyDevice(remote(port, device_settings=faults)), schedule, in_blocks(played, 7)
        )
    first = (result.told["first_tick"] - 100_000) // 1000
    assert [(e.kind, e.pulse + first, e.first_sample, e.samples) for e in result.events] == [
        ("late", 5, 0, 300),
        ("lost", 10, 20, 9),
        ("underflow", 20, 10, 290),
    ]


def test_server_that_is_killed_is_a_lost_link_and_the_next_one_works(
    stub: Path,
    tmp_path: Path,
    make_schedule: MakeSchedule,
    make_windows: MakeWindows,
    in_blocks: InBlocks,
) -> None:
    played = make_windows(2000)
    with server(stub, tmp_path / "log", tmp_path) as (process, port):
        device = SoapyDevice(remote(port, on_loss="abort"))

        def blocks() -> Iterator[PlayedBlock]:
            for block in in_blocks(played, 50):
                if block.first_pulse == 500:
                    process.kill()
                yield block

        with pytest.raises(DriverError, match="link to the radio is lost"):
            play(device, make_schedule(2000), blocks())
    assert device.state is DeviceState.STOPPED
    assert not transmitting(tmp_path)
    with server(stub, tmp_path / "log", tmp_path) as (_, port):
        result = play(SoapyDevice(remote(port)), make_schedule(100), in_blocks(played[:100]))
        np.testing.assert_array_equal(result.samples, codes(played[:100]))


@pytest.mark.parametrize(
    ("protocol", "moment"), [("tcp", "opened"), ("tcp", "transmitting"), ("udp", "transmitting")]
)
def test_client_that_is_killed_leaves_no_output_and_the_next_one_works(
    protocol: str,
    moment: str,
    stub: Path,
    tmp_path: Path,
    make_schedule: MakeSchedule,
    make_windows: MakeWindows,
    in_blocks: InBlocks,
) -> None:
    schedule, played = make_schedule(50), make_windows(50)
    with server(stub, tmp_path / "log", tmp_path) as (process, port):
        victim = endless(remote(port, clock="free").arguments, protocol, tmp_path)
        try:
            if moment == "opened":
                assert wait_until(lambda: any(tmp_path.glob("*.output")), 20.0)
            else:
                assert wait_until(lambda: transmitting(tmp_path), 20.0)
        finally:
            victim.kill()
            victim.wait(timeout=10.0)
        # While the server still runs, whether it serves or hangs.
        assert wait_until(lambda: dark(tmp_path), DARK_S)
        assert process.poll() is None
        # SoapyRemote's server may hang where a client with TCP streams has died (see
        # docs/soapy-device.md); then another one must be started.
        result = None
        if protocol == "udp" or not wait_until(lambda: not serves(port), 0.5):
            result = play(SoapyDevice(remote(port)), schedule, in_blocks(played))
    if result is None:
        assert not transmitting(tmp_path)
        with server(stub, tmp_path / "log", tmp_path) as (_, port):
            result = play(SoapyDevice(remote(port)), schedule, in_blocks(played))
    np.testing.assert_array_equal(result.samples, codes(played))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_process_that_is_ended_transmits_no_more(
    number: signal.Signals,
    tmp_path: Path,
) -> None:
    victim = endless("driver=moonecho_loopback", "", tmp_path)
    try:
        assert wait_until(lambda: transmitting(tmp_path), 20.0)
        victim.send_signal(number)
        victim.wait(timeout=10.0)
    finally:
        victim.kill()
        victim.wait(timeout=10.0)
    assert not transmitting(tmp_path)
