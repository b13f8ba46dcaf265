"""Timed bursts out and in, and what goes wrong with them, as SoapySDR programs see it."""

import numpy as np
import pytest
import SoapySDR

from tests.drivers.soapy.plugin.client import (
    BRIEF_US,
    END_ABRUPT,
    END_BURST,
    HAS_TIME,
    LEAD,
    NOT_SUPPORTED,
    OVERFLOW,
    STREAM_ERROR,
    TIME_ERROR,
    TIMEOUT,
    UNDERFLOW,
    Client,
    Result,
    Samples,
    client,
    device,
    noise,
)


def test_receive_now_then_timeout_after_the_burst() -> None:
    with client(clock="free") as radio:
        before = radio.tick
        assert radio.order(None, 1000) == 0
        result, samples = radio.read(4096)
        assert result.code == 1000
        assert result.flags == HAS_TIME | END_BURST
        assert result.tick is not None
        assert before <= result.tick <= radio.tick
        assert not samples.any()
        assert radio.read(4096, BRIEF_US)[0] == Result(TIMEOUT, 0, None)


def test_reception_begins_at_the_tick_that_was_asked_for() -> None:
    with client(clock="free") as radio:
        for lead in (LEAD + 1, LEAD + 2):
            start = radio.tick + lead
            radio.order(start, 10)
            result, _ = radio.read(10)
            assert result == Result(10, HAS_TIME | END_BURST, start)


def test_a_burst_comes_back_after_the_delay_to_the_tick() -> None:
    sent = noise(1000)
    with client(delay_ticks=12_345) as radio:
        radio.order(100_000 + 12_345 - 3, 1006)
        radio.burst(sent, 100_000)
        radio.end_transmission(200_000)
        result, samples = radio.read(2000)
        assert result == Result(1006, HAS_TIME | END_BURST, 112_342)
        np.testing.assert_array_equal(samples[3:-3], sent)
        assert not samples[:3].any()
        assert not samples[-3:].any()


def test_long_bursts_are_written_and_read_in_parts() -> None:
    sent = noise(150_000)
    with client() as radio:
        mtu = radio.device.getStreamMTU(radio.tx)
        radio.order(7, 150_000)
        first = radio.write(sent, 7, end=True)
        assert first.code == mtu < 150_000
        second = radio.write(sent[mtu:], end=True)
        third = radio.write(sent[mtu + second.code :], end=True)
        assert mtu + second.code + third.code == 150_000
        parts: list[Samples] = []
        at = 7
        while True:
            result, samples = radio.read(mtu)
            assert result.tick == at
            parts.append(samples)
            at += result.code
            if result.flags & END_BURST:
                break
        np.testing.assert_array_equal(np.concatenate(parts), sent)


def test_a_full_buffer_takes_a_part_and_then_nothing() -> None:
    mtu = 65536
    with client(clock="free", transmit_buffer=2 * mtu) as radio:
        sent = noise(mtu)
        later = radio.tick + 10**10  # 100 s ahead: nothing leaves
        assert radio.write(sent[:-10], later).code == mtu - 10
        assert radio.write(sent).code == mtu
        part = radio.write(sent, end=True, timeout_us=BRIEF_US)
        assert part.code == 10
        assert radio.write(sent, end=True, timeout_us=BRIEF_US).code == TIMEOUT


@pytest.mark.parametrize(
    ("manner", "code"), [("time_error", TIME_ERROR), ("stream_error", STREAM_ERROR)]
)
def test_late_reception_is_told_once(manner: str, code: int) -> None:
    with client(late_receive=manner) as radio:
        radio.device.deactivateStream(radio.tx)
        radio.order(5000, 100)
        assert radio.read(100)[0].code == 100
        radio.order(4999, 100)
        radio.order(6000, 100)
        assert radio.read(100)[0] == Result(code, HAS_TIME, 4999)
        assert radio.read(100)[0] == Result(100, HAS_TIME | END_BURST, 6000)


def test_late_transmission_is_told_once_and_not_transmitted() -> None:
    sent = noise(300)
    with client() as radio:
        radio.order(1000, 100)
        radio.burst(sent[:100], 1000)
        assert radio.read(100)[0].code == 100
        # Late, in two writes: neither is transmitted.
        assert radio.write(sent[:100], 1050).code == 100
        assert radio.write(sent[100:], end=True).code == 200
        radio.order(1100, 1000)
        radio.burst(sent, 1500)
        radio.end_transmission(5000)
        _, samples = radio.read(1000)
        assert not samples[:400].any()
        np.testing.assert_array_equal(samples[400:700], sent)
        events = [radio.status() for _ in range(4)]
        assert events == [
            Result(0, HAS_TIME | END_BURST, 1100),
            Result(TIME_ERROR, HAS_TIME, 1050),
            Result(0, HAS_TIME | END_BURST, 1800),
            Result(TIMEOUT, 0, None),
        ]


def test_late_transmission_told_by_the_write() -> None:
    with client(clock="free", late_transmit="return") as radio:
        late = radio.tick - 1
        assert radio.write(noise(10), late, end=True).code == TIME_ERROR
        assert radio.status().code == TIMEOUT


def test_bursts_that_overlap_what_was_written_are_late() -> None:
    with client() as radio:
        radio.burst(noise(100), 1000)
        assert radio.write(noise(100), 1099, end=True).code == 100
        assert radio.status() == Result(TIME_ERROR, HAS_TIME, 1099)


def test_a_burst_is_acknowledged_when_it_has_left() -> None:
    with device(clock="stepped") as made:  # no receiver that could hold time back
        tx = made.setupStream(SoapySDR.SOAPY_SDR_TX, "CS16")
        made.activateStream(tx)
        sent = noise(96)
        made.writeStream(tx, [sent], 96, HAS_TIME | END_BURST, 1_000_000)
        told = made.readStreamStatus(tx)
        assert (told.ret, told.flags, told.timeNs) == (0, HAS_TIME | END_BURST, 1_001_000)
        assert told.chanMask == 1
        assert made.readSetting("tick") == str(96_000 + 96)
        made.closeStream(tx)


def test_a_burst_that_is_not_ended_underflows() -> None:
    with client(clock="free") as radio:
        start = radio.tick + LEAD
        radio.write(noise(1000), start)
        assert radio.status(5_000_000) == Result(UNDERFLOW, HAS_TIME, start + 1000)
        assert radio.status().code == TIMEOUT  # once
        # What follows without a time leaves at once, and is no burst of its own.
        assert radio.write(noise(10), end=True).code == 10
        ended = radio.status(5_000_000)
        assert ended.code == 0
        assert ended.tick is not None
        assert ended.tick > start + 1000


def test_what_is_not_read_overflows_and_resumes_with_a_time() -> None:
    with client(clock="free", receive_buffer=5000) as radio:
        start = radio.tick + LEAD
        radio.order(start, 0)
        while radio.tick < start + 20_000:
            pass
        got, tick = 0, start
        while True:
            result, samples = radio.read(2000)
            if result.code == OVERFLOW:
                break
            assert result.tick == tick
            tick += samples.shape[0]
            got += samples.shape[0]
        assert got == 5000
        assert result == Result(OVERFLOW, HAS_TIME, start + 5000)
        resumed, _ = radio.read(100)
        assert resumed.code == 100
        assert resumed.tick is not None
        assert resumed.tick >= start + 20_000


def test_the_read_before_an_overflow_is_marked() -> None:
    with client(clock="free", receive_buffer=500) as radio:
        start = radio.tick + LEAD
        radio.order(start, 0)
        while radio.tick < start + 1000:
            pass
        result, _ = radio.read(2000)
        assert result == Result(500, HAS_TIME | END_ABRUPT, start)


def test_continuous_streams_run_without_gaps() -> None:
    sent = noise(200_000)
    with client(delay_ticks=10) as radio:
        assert radio.order(0, 0) == 0
        parts: list[Samples] = []
        done = 0
        while done < sent.shape[0]:
            done += radio.write(sent[done : done + 5000], 0 if done == 0 else None).code
            while sum(map(len, parts)) < done:
                result, samples = radio.read(min(3000, done - sum(map(len, parts))))
                assert result.tick == sum(map(len, parts))
                parts.append(samples)
        received = np.concatenate(parts)
        np.testing.assert_array_equal(received[10:], sent[:-10])
        assert radio.status().code == TIMEOUT  # no underflow: the next sample can still come


def test_a_read_gives_what_came_until_its_timeout() -> None:
    with client() as radio:
        radio.order(0, 100)
        radio.write(noise(60), 0)
        result, _ = radio.read(100, BRIEF_US)
        assert result == Result(60, HAS_TIME, 0)
        assert radio.read(100, BRIEF_US)[0].code == TIMEOUT
        radio.write(noise(60), end=True)
        assert radio.read(100)[0] == Result(40, HAS_TIME | END_BURST, 60)


def test_a_full_command_queue_refuses_one_more() -> None:
    with client(command_queue=3) as radio:
        assert [radio.order(1000 * k, 10) for k in range(1, 5)] == [0, 0, 0, STREAM_ERROR]


def test_reception_ends_at_a_time() -> None:
    with client() as radio:
        radio.device.deactivateStream(radio.tx)
        radio.order(960, 0)
        radio.device.deactivateStream(radio.rx, HAS_TIME, 20_000)  # tick 1920
        assert radio.read(5000)[0] == Result(960, HAS_TIME | END_BURST, 960)
        assert radio.read(5000, BRIEF_US)[0].code == TIMEOUT


def test_deactivation_silences_what_has_not_left() -> None:
    sent = noise(1000)
    with client(delay_ticks=50) as radio:
        radio.order(0, 500)
        radio.burst(sent, 0)
        assert radio.read(500)[0].code == 500  # time is 500
        radio.device.deactivateStream(radio.tx)
        assert radio.write(sent).code == STREAM_ERROR
        radio.order(500, 1000)
        _, samples = radio.read(1000)
        np.testing.assert_array_equal(samples[:50], sent[450:500])  # was under way
        assert not samples[50:].any()


def test_flags_that_it_does_not_know_are_refused() -> None:
    with client() as radio:
        trigger = SoapySDR.SOAPY_SDR_WAIT_TRIGGER
        assert radio.device.activateStream(radio.rx, trigger) == NOT_SUPPORTED
        assert radio.device.deactivateStream(radio.rx, trigger) == NOT_SUPPORTED
        assert radio.device.activateStream(radio.tx, 0, 0, 100) == NOT_SUPPORTED
        assert radio.device.readStreamStatus(radio.rx).ret == NOT_SUPPORTED


def test_streams_that_cannot_be_are_refused() -> None:
    with device() as made:
        for bad in ("CS8", "cf32", ""):
            with pytest.raises(ValueError, match="CS16 or CF32"):
                made.setupStream(SoapySDR.SOAPY_SDR_RX, bad)
        with pytest.raises(ValueError, match="channel 0"):
            made.setupStream(SoapySDR.SOAPY_SDR_RX, "CS16", [1])
        stream = made.setupStream(SoapySDR.SOAPY_SDR_RX, "CS16")
        with pytest.raises(RuntimeError, match="open already"):
            made.setupStream(SoapySDR.SOAPY_SDR_RX, "CS16")
        made.closeStream(stream)
        made.closeStream(made.setupStream(SoapySDR.SOAPY_SDR_RX, "CS16"))


@pytest.mark.parametrize(
    "order", ["deactivate both", "transmitter first", "receiver first", "none"]
)
def test_teardown_in_any_order(order: str) -> None:
    with device(clock="stepped") as made:
        radio = Client(made)
        made.activateStream(radio.tx)
        radio.order(100, 50)
        radio.write(noise(70), 90)  # a burst that stays open, and a reception that is not read
        if order == "deactivate both":
            made.deactivateStream(radio.rx)
            made.deactivateStream(radio.tx)
        if order != "none":
            streams = (radio.tx, radio.rx)
            for stream in streams if order == "transmitter first" else reversed(streams):
                made.closeStream(stream)
            assert made.readSensor("transmitting") == "false"
            # And the device can be used again.
            again = Client(made)
            made.activateStream(again.tx)
            start = again.tick + 1000
            again.order(start, 10)
            again.burst(noise(10), start)
            np.testing.assert_array_equal(again.read(10)[1], noise(10))
            made.closeStream(again.tx)
            made.closeStream(again.rx)
