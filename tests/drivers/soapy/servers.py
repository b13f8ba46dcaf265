"""SoapySDR's server on loopback TCP, and who transmits."""

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from tests.drivers.soapy.conftest import PLUGIN_FOLDER

STUB_SOURCE = Path(__file__).with_name("no_avahi.c")
START_S = 10.0


def build_stub(folder: Path) -> Path:
    """Compile what stands in for the Avahi daemon that Debian's server insists on."""
    library = folder / "no_avahi.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(STUB_SOURCE)]
    subprocess.run(command, check=True, timeout=30.0)
    return library


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(stub: Path, log: Path, lamps: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a server with the software radio; it is dead at the end, whatever happens."""
    port = free_port()
    environment = {
        **os.environ,
        "LD_PRELOAD": str(stub),
        "SOAPY_SDR_PLUGIN_PATH": str(PLUGIN_FOLDER),
        "MOONECHO_LOOPBACK_OUTPUT_FOLDER": str(lamps),
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["SoapySDRServer", f"--bind=tcp://127.0.0.1:{port}"],
            stdout=output,
            stderr=output,
            env=environment,
        )
    try:
        assert wait_until(lambda: answers(port) or process.poll() is not None, START_S)
        assert process.poll() is None, log.read_text()
        yield process, port
    finally:
        process.kill()
        process.wait(timeout=10.0)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def serves(port: int) -> bool:
    """Whether a server answers, and not only its machine."""
    asked = f"driver=remote,remote=tcp://127.0.0.1:{port},remote:driver=moonecho_loopback"
    command = ["SoapySDRUtil", f"--find={asked}"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60.0, check=False)
    return "moonecho_loopback" in told.stdout.replace(asked, "")


def transmitting(lamps: Path) -> bool:
    """Whether a software radio transmits: it holds a lock for as long, which dies with it."""
    for lamp in lamps.glob("*.output"):
        with lamp.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def dark(lamps: Path) -> bool:
    """Whether nothing transmits for a while: between two bursts the output is off too."""
    return not wait_until(lambda: transmitting(lamps), 0.2)


def wait_until(condition: Callable[[], bool], deadline_s: float) -> bool:
    """Ask again and again until a condition holds, or a deadline has passed."""
    until_s = time.monotonic() + deadline_s
    never = Event()
    while not condition():
        if time.monotonic() > until_s:
            return False
        never.wait(0.02)
    return True
