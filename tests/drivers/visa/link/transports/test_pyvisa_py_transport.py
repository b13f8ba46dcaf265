"""What pyvisa-py does not do itself: VXI-11 piece by piece, and memory that does not grow."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from drivers.errors import DeviceSettingsError, DeviceTimeoutError, LinkLostError
from drivers.simulators.servers.faults import Fault
from drivers.visa.link import Link
from tests.drivers.visa.link.store import WAYS, Store, Way, served
from tests.drivers.visa.link.transports.vxi11_server import vxi11_served


def test_vxi11_carries_a_block_as_one_message_of_several_calls() -> None:
    store = Store()
    with (
        vxi11_served(store, largest=100_000) as server,
        Link(server.address, timeout_s=2.0) as link,
    ):
        data = np.resize(np.arange(256, dtype=np.uint8), 2_500_000)
        server.writes.clear()
        link.write_block('BLOC "a",', data, suffix=";:OUTP ON")
        assert [end for _, end in server.writes] == [False] * (len(server.writes) - 1) + [True]
        assert len(server.writes) > 25
        assert store.blocks["a"] == data.tobytes()
        assert store.output_on
        assert link.query_block('BLOC? "a"') == data.tobytes()
        link.write("LONG")
        threading.Timer(0.05, store.finished.set).start()
        link.wait_complete("finish", 5.0)


def test_vxi11_is_cleared_after_a_timeout_and_an_interrupt() -> None:
    store = Store()
    with (
        vxi11_served(store, largest=100_000) as server,
        Link(server.address, timeout_s=2.0) as link,
    ):
        server.silent = True
        with pytest.raises(DeviceTimeoutError):
            link.query('TEXT? "old"', timeout_s=0.2)
        server.silent = False
        assert link.query('TEXT? "new"') == "new"

        def interrupted(done: int, whole: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            link.write_block('BLOC "a",', bytes(3 << 20), progress=interrupted)
        assert link.query('TEXT? "next"') == "next"
        assert store.blocks == {}
        # Connected to anew, where a call was cut in two.
        link.reconnect()
        assert link.query('TEXT? "last"') == "last"


def test_vxi11_that_is_refused() -> None:
    with vxi11_served(Store(), largest=1000) as server:
        server.refuses = True
        with pytest.raises(LinkLostError, match="link: 9"):
            Link(server.address, timeout_s=1.0)


def test_what_pyvisa_py_needs_a_library_for_is_named() -> None:
    # PyUSB is no dependency.
    with pytest.raises((DeviceSettingsError, LinkLostError), match="USB"):
        Link("USB::0x0957::0x1799::MY1234::INSTR", timeout_s=1.0)


@pytest.mark.parametrize("way", WAYS)
def test_an_instrument_that_does_not_say_who_it_is(way: Way) -> None:
    with served(way) as (_, server, address):
        server.inject(Fault("silent", times=0))
        with pytest.raises(DeviceTimeoutError):
            Link(address, timeout_s=0.2)


UPLOAD = """
import resource, sys
from drivers.visa.link import Link

def pieces(count):
    for _ in range(count):
        yield bytes(1 << 20)

with Link(sys.argv[1]) as link:
    link.write_block('BLOC "small",', pieces(2), size=2 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    link.write_block('BLOC "large",', pieces(100), size=100 << 20)
    assert link.query("*OPC?") == "1"
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("way", WAYS)
def test_memory_does_not_grow_with_a_block(way: Way) -> None:
    with served(way) as (store, _, address):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", UPLOAD, address],
            check=True,
            capture_output=True,
            text=True,
            timeout=60.0,
        )
        assert len(store.blocks["large"]) == 100 << 20
    # A few pieces of 1 MiB for 100 MiB: what the allocator keeps of them, in KiB.
    assert int(run.stdout) < 8 << 10
