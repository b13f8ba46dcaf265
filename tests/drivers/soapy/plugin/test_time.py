"""The clock: ticks, nanoseconds, free-running and stepped."""

import signal
import subprocess
import sys
import threading

from hypothesis import given
from hypothesis import strategies as st

from tests.drivers.soapy.plugin.client import (
    BRIEF_US,
    HAS_TIME,
    RATE_HZ,
    TIMEOUT,
    TX,
    Client,
    Result,
    client,
    device,
    nanoseconds,
    noise,
    ticks,
)

# Ten years in nanoseconds, either way.
TEN_YEARS_NS = 10 * 366 * 86_400 * 10**9


def test_the_free_clock_runs() -> None:
    with device() as made:
        first = made.getHardwareTime()
        while made.getHardwareTime() == first:
            pass
        assert made.getHardwareTime() > first
        assert made.hasHardwareTime()
        assert not made.hasHardwareTime("pps")


@given(
    time_ns=st.integers(-TEN_YEARS_NS, TEN_YEARS_NS),
    rate_hz=st.integers(1_000, 10**9) | st.sampled_from([RATE_HZ, 10**9, 999_999_937]),
)
def test_nanoseconds_are_the_nearest_ticks_and_back(time_ns: int, rate_hz: int) -> None:
    with device(clock="stepped", rate=rate_hz) as made:
        made.setHardwareTime(time_ns)
        tick = int(made.readSetting("tick"))
        assert tick == ticks(time_ns, rate_hz)
        told_ns = made.getHardwareTime()
        assert told_ns == nanoseconds(tick, rate_hz)
        made.setHardwareTime(told_ns)
        assert int(made.readSetting("tick")) == tick


def test_a_change_of_rate_keeps_the_time() -> None:
    with device(clock="stepped") as made:
        made.setHardwareTime(10**9)
        made.setSampleRate(TX, 0, 1e6)
        assert made.getHardwareTime() == 10**9
        assert made.readSetting("tick") == "1000000"


def test_stepped_time_stands_still_without_a_caller() -> None:
    with client() as radio:
        radio.order(1000, 10)
        radio.burst(noise(10), 1000)
        assert radio.status().code == TIMEOUT
        assert radio.tick == 1000  # as far as the receiver lets the status go
        assert radio.read(10)[0].code == 10
        assert radio.tick == 1010


def test_a_reader_ahead_of_the_writer_waits_and_loses_nothing() -> None:
    sent = noise(100)
    with client() as radio:
        radio.order(5000, 100)
        assert radio.read(100, BRIEF_US)[0] == Result(TIMEOUT, 0, None)
        got = []
        reader = threading.Thread(target=lambda: got.append(radio.read(100)))
        reader.start()
        radio.burst(sent, 5000)
        reader.join()
        assert got[0][0].tick == 5000
        assert (got[0][1] == sent).all()


_PAUSED = """
import sys
import threading
from tests.drivers.soapy.plugin.client import client, noise
with client(patience_s=1) as radio:
    radio.order(5000, 100)
    got = []
    reader = threading.Thread(target=lambda: got.append(radio.read(100, 30_000_000)))
    reader.start()
    print("waiting", flush=True)
    sys.stdin.readline()
    radio.burst(noise(100), 5000)
    reader.join()
    assert (got[0][1] == noise(100)).all(), got[0][0]
"""


def test_a_pause_of_the_process_uses_up_no_patience() -> None:
    """A reader waits for a writer whose machine stops for longer than the patience."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _PAUSED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "waiting\n"
            child.send_signal(signal.SIGSTOP)
            threading.Event().wait(1.3)
            child.send_signal(signal.SIGCONT)
            child.communicate("go on\n", timeout=60.0)
            assert child.returncode == 0
        finally:
            child.kill()


def test_patience_is_long_unless_it_is_set() -> None:
    with device() as made:
        assert float(made.readSetting("patience_s")) == 60.0


def test_time_passes_a_transmitter_that_stays_silent() -> None:
    with client(patience_s=0.05) as radio:
        radio.order(5000, 100)
        assert radio.read(100)[0].code == 100
        # And holds for it again once it calls.
        radio.burst(noise(100), 6000)
        radio.order(5900, 200)
        assert radio.read(200)[0].tick == 5900


def test_time_passes_a_receiver_that_stays_silent() -> None:
    with client(patience_s=0.05) as radio:
        radio.burst(noise(100), 6000)
        assert radio.status(5_000_000).tick == 6100


def test_a_full_transmit_buffer_moves_time_as_far_as_the_receiver_lets_it() -> None:
    mtu = 65536
    with client(transmit_buffer=2 * mtu) as radio:
        sent = noise(mtu)
        radio.order(mtu // 2, 10)
        radio.write(sent, 0)
        radio.write(sent)
        part = radio.write(sent, timeout_us=BRIEF_US)
        assert part.code == mtu // 2
        assert radio.tick == mtu // 2


def test_pulses_of_a_long_delay_need_no_order_of_calls() -> None:
    """Pulses are written until the buffer is full; only reading lets the others out."""
    pulse, spacing, delay, pulses = 1000, 160_000, 259_200_000, 2000
    sent = noise(pulse)
    with device(clock="stepped", delay_ticks=delay, transmit_buffer=200_000) as made:
        radio = Client(made)
        made.activateStream(radio.tx)

        def write() -> None:
            for k in range(pulses):
                radio.burst(sent, k * spacing)
            radio.end_transmission(pulses * spacing)

        writer = threading.Thread(target=write)
        for k in range(8):
            radio.order(k * spacing + delay, pulse)
        writer.start()
        for k in range(pulses):
            result, samples = radio.read(pulse)
            assert result.tick == k * spacing + delay
            assert result.flags & HAS_TIME
            assert (samples == sent).all()
            if k + 8 < pulses:
                radio.order((k + 8) * spacing + delay, pulse)
        writer.join()
        made.closeStream(radio.tx)
        made.closeStream(radio.rx)
