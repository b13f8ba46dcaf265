"""Whatever is scheduled comes back exact, with a writer, a reader and a status reader at once."""

import threading
from dataclasses import dataclass

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drivers.soapy.plugin.client import (
    END_BURST,
    HAS_TIME,
    OVERFLOW,
    RATE_HZ,
    TIMEOUT,
    Client,
    Samples,
    client,
    device,
    noise,
)

_AHEAD = 8


@dataclass(frozen=True)
class Burst:
    """A burst and the silence before it, ticks."""

    gap: int
    samples: int


_BURSTS = st.lists(
    st.builds(Burst, gap=st.integers(0, 5000), samples=st.integers(1, 9000)),
    min_size=1,
    max_size=30,
)


def _play(radio: Client, starts: list[int], sent: list[Samples], delay: int) -> list[Samples]:
    """Play bursts and receive each where it arrives."""
    received: list[Samples] = []
    acknowledged: list[int] = []

    def order(k: int) -> None:
        if k < len(starts):
            assert radio.order(starts[k] + delay, sent[k].shape[0]) == 0

    def write() -> None:
        for start, samples in zip(starts, sent, strict=True):
            radio.burst(samples, start)
        radio.end_transmission(starts[-1] + sent[-1].shape[0])

    def acknowledge() -> None:
        while len(acknowledged) < len(starts):
            event = radio.status(100_000)
            if event.code != TIMEOUT:
                assert event.code == 0
                assert event.tick is not None
                acknowledged.append(event.tick)

    threads = [threading.Thread(target=work) for work in (write, acknowledge)]
    for k in range(_AHEAD):
        order(k)
    for thread in threads:
        thread.start()
    for k, (start, samples) in enumerate(zip(starts, sent, strict=True)):
        parts: list[Samples] = []
        while True:
            result, part = radio.read(65536)
            if result.code == TIMEOUT:
                continue
            assert result.tick == start + delay + sum(map(len, parts))
            parts.append(part)
            if result.flags & END_BURST:
                break
        received.append(np.concatenate(parts))
        assert received[-1].shape == samples.shape
        order(k + _AHEAD)
    for thread in threads:
        thread.join()
    assert acknowledged == [s + len(b) for s, b in zip(starts, sent, strict=True)]
    return received


@given(bursts=_BURSTS, delay=st.integers(0, 20_000), first=st.integers(-(10**12), 10**12))
@settings(max_examples=25)
def test_random_schedules_come_back_exact(bursts: list[Burst], delay: int, first: int) -> None:
    starts, at = [], first
    for burst in bursts:
        starts.append(at + burst.gap)
        at = starts[-1] + burst.samples
    sent = [noise(burst.samples, seed=k) for k, burst in enumerate(bursts)]
    with client(delay_ticks=delay) as radio:
        radio.device.deactivateStream(radio.tx)
        radio.device.setHardwareTime(first * 125 // 12 - 1)
        radio.device.activateStream(radio.tx)
        received = _play(radio, starts, sent, delay)
    for got, samples in zip(received, sent, strict=True):
        np.testing.assert_array_equal(got, samples)


def test_the_same_in_free_running_time() -> None:
    sent = [noise(1000, seed=k) for k in range(15)]
    with client(clock="free", rate=1_000_000, delay_ticks=500) as radio:
        # Eight bursts ahead are 160 ms, for a machine under load.
        first = radio.tick + 100_000
        starts = [first + 20_000 * k for k in range(15)]
        received = _play(radio, starts, sent, 500)
    for got, samples in zip(received, sent, strict=True):
        np.testing.assert_array_equal(got, samples)


def test_memory_stays_flat_over_many_pulses() -> None:
    """20 000 pulses 2.7 s behind: what is under way, and no more as time goes on."""
    pulse, spacing = 256, 160_000
    delay = round(2.7 * RATE_HZ)
    sent = noise(pulse)
    sizes = []
    with client(delay_ticks=delay) as radio:
        behind = -(-delay // spacing)
        for k in range(20_000):
            radio.burst(sent, k * spacing)
            if k >= behind:
                echo = (k - behind) * spacing + delay
                radio.order(echo, pulse)
                result, samples = radio.read(pulse)
                assert (result.code, result.tick) == (pulse, echo)
                assert (samples == sent).all()
                assert radio.status().code == 0
            if k % 5000 == 4999:
                sizes.append(psutil.Process().memory_info().rss)
        # Blocks of 16 KiB for each pulse under way make 27 MB; from there on it does not grow.
        assert sizes[-1] - sizes[0] < 8e6


@pytest.mark.parametrize("clock", ["free", "stepped"])
def test_closing_while_others_wait_lets_them_go(clock: str) -> None:
    """Threads that wait inside are released by deactivation, and get what an idle stream gives."""
    with device(clock=clock) as made:
        radio = Client(made)
        made.activateStream(radio.tx)
        radio.order(radio.tick + 10**10, 1000)
        codes: list[int] = []
        reader = threading.Thread(target=lambda: codes.append(radio.read(1000, 200_000)[0].code))
        status = threading.Thread(target=lambda: codes.append(radio.status(200_000).code))
        for thread in (reader, status):
            thread.start()
        made.deactivateStream(radio.rx)
        made.deactivateStream(radio.tx)
        for thread in (reader, status):
            thread.join()
        assert codes == [TIMEOUT, TIMEOUT]
        made.closeStream(radio.rx)
        made.closeStream(radio.tx)


def test_continuous_streams_from_two_threads_are_exact() -> None:
    blocks = [noise(65_536, seed=k) for k in range(8)]
    rounds = 20
    with client(delay_ticks=1000) as radio:
        radio.order(0, 0)

        def write() -> None:
            for k in range(rounds * len(blocks)):
                block, done = blocks[k % len(blocks)], 0
                while done < block.shape[0]:
                    done += radio.write(block[done:], 0 if k == done == 0 else None).code

        writer = threading.Thread(target=write)
        writer.start()
        period = np.concatenate(blocks)
        at = 0
        while at < rounds * period.shape[0]:
            result, samples = radio.read(65_536)
            assert result.flags & HAS_TIME
            assert result.code != OVERFLOW
            assert result.tick == at
            first = (at - 1000) % period.shape[0]
            expected = np.take(period, np.arange(first, first + result.code), 0, mode="wrap")
            skip = max(1000 - at, 0)
            assert (samples[skip:] == expected[skip:]).all()
            at += result.code
        writer.join()
