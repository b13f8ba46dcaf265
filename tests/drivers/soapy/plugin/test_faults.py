"""Every fault on purpose: what the client sees, where the samples are, and what the log says."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.drivers.soapy.plugin.client import (
    BRIEF_US,
    END_ABRUPT,
    END_BURST,
    HAS_TIME,
    ONE_PACKET,
    OVERFLOW,
    STREAM_ERROR,
    TIME_ERROR,
    TIMEOUT,
    UNDERFLOW,
    Client,
    Result,
    Samples,
    client,
    noise,
)

PULSE = 1000


def _pulse(radio: Client, start: int) -> Samples:
    """Write a pulse and order its reception."""
    sent = noise(PULSE, seed=start)
    assert radio.order(start, PULSE) == 0
    radio.burst(sent, start)
    return sent


def test_late_transmission() -> None:
    with client(fault_late_transmit="at=2500") as radio:
        for start in (0, 2000, 4000):
            sent = _pulse(radio, start)
            result, samples = radio.read(PULSE)
            assert result.tick == start
            np.testing.assert_array_equal(samples, 0 * sent if start == 2000 else sent)
        told = [radio.status() for _ in range(4)]
        assert [(event.code, event.tick) for event in told] == [
            (0, 1000),
            (TIME_ERROR, 2000),
            (0, 5000),
            (TIMEOUT, None),
        ]
        assert radio.faults() == [("late_transmit", 2000, PULSE)]


def test_late_reception() -> None:
    with client(fault_late_receive="at=2000") as radio:
        for start in (0, 2000, 4000):
            sent = _pulse(radio, start)
            result, samples = radio.read(PULSE)
            if start == 2000:
                assert result == Result(TIME_ERROR, HAS_TIME, 2000)
            else:
                np.testing.assert_array_equal(samples, sent)
        assert radio.faults() == [("late_receive", 2000, PULSE)]


def test_overflow() -> None:
    with client(fault_overflow="at=300, samples=50") as radio:
        sent = _pulse(radio, 0)
        before, first = radio.read(PULSE)
        assert before == Result(300, HAS_TIME | END_ABRUPT, 0)
        assert radio.read(PULSE)[0] == Result(OVERFLOW, HAS_TIME, 300)
        after, rest = radio.read(PULSE)
        assert after == Result(PULSE - 350, HAS_TIME | END_BURST, 350)
        np.testing.assert_array_equal(first, sent[:300])
        np.testing.assert_array_equal(rest, sent[350:])
        assert radio.faults() == [("overflow", 300, 50)]


def test_overflow_to_the_end_of_a_burst() -> None:
    with client(fault_overflow="at=900, samples=5000") as radio:
        _pulse(radio, 0)
        sent = _pulse(radio, 2000)
        assert [radio.read(PULSE)[0].code for _ in range(2)] == [900, OVERFLOW]
        result, samples = radio.read(PULSE)
        assert result.tick == 2000
        np.testing.assert_array_equal(samples, sent)
        assert radio.faults() == [("overflow", 900, 100)]


def test_dropped_samples_show_in_the_next_time_alone() -> None:
    with client(fault_drop="at=300, samples=50") as radio:
        sent = _pulse(radio, 0)
        assert radio.read(PULSE)[0] == Result(300, HAS_TIME | ONE_PACKET, 0)
        after, rest = radio.read(PULSE)
        assert after == Result(PULSE - 350, HAS_TIME | END_BURST, 350)
        np.testing.assert_array_equal(rest, sent[350:])
        assert radio.faults() == [("drop", 300, 50)]


def test_underflow() -> None:
    with client(fault_underflow="at=400, samples=30") as radio:
        sent = _pulse(radio, 0)
        _, samples = radio.read(PULSE)
        np.testing.assert_array_equal(samples[:400], sent[:400])
        assert not samples[400:430].any()
        np.testing.assert_array_equal(samples[430:], sent[430:])
        assert radio.status() == Result(UNDERFLOW, HAS_TIME, 400)
        assert radio.status() == Result(0, HAS_TIME | END_BURST, PULSE)
        assert radio.faults() == [("underflow", 400, 30)]


def test_partial_write() -> None:
    sent = noise(PULSE)
    with client(fault_partial_write="at=0, samples=7") as radio:
        radio.order(0, PULSE)
        assert radio.write(sent, 0, end=True).code == 7
        assert radio.write(sent[7:], end=True).code == PULSE - 7
        np.testing.assert_array_equal(radio.read(PULSE)[1], sent)
        assert radio.status().tick == PULSE
        assert radio.faults() == [("partial_write", 0, 7)]


def test_timeout_loses_nothing() -> None:
    with client(fault_timeout="at=10") as radio:
        sent = _pulse(radio, 0)
        assert radio.read(PULSE)[0] == Result(TIMEOUT, 0, None)
        result, samples = radio.read(PULSE)
        assert result.tick == 0
        np.testing.assert_array_equal(samples, sent)
        assert radio.faults() == [("timeout", 0, 0)]


@pytest.mark.parametrize(
    ("manner", "code"), [("error", STREAM_ERROR), ("silence", TIMEOUT), ("zero", 0)]
)
def test_disconnect(manner: str, code: int) -> None:
    with client(fault_disconnect="at=2500", link_lost=manner) as radio:
        _pulse(radio, 0)
        assert radio.read(PULSE)[0].code == PULSE
        radio.order(2000, PULSE)
        sent = noise(PULSE)
        assert radio.write(sent, 2000, end=True, timeout_us=BRIEF_US).code == code
        assert radio.read(PULSE, BRIEF_US)[0].code == code
        assert radio.status().code == code
        assert radio.device.readSensor("transmitting") == "false"
        assert radio.order(4000, PULSE) == STREAM_ERROR
        with pytest.raises(RuntimeError, match="link to the device is lost"):
            radio.device.getHardwareTime()
        assert radio.faults() == [("disconnect", 2500, 0)]
        # Plugged in again, with the streams inactive.
        radio.device.writeSetting("link", "up")
        assert radio.write(sent, 4000).code == STREAM_ERROR
        radio.device.activateStream(radio.tx)
        sent = _pulse(radio, 4000)
        np.testing.assert_array_equal(radio.read(PULSE)[1], sent)


def test_the_plug_is_pulled() -> None:
    with client() as radio:
        radio.write(noise(10), 1000)
        assert radio.device.readSensor("transmitting") == "true"
        radio.device.writeSetting("link", "down")
        assert radio.device.readSensor("transmitting") == "false"
        assert radio.read(10)[0].code == STREAM_ERROR


def test_faults_by_count_stop_after_so_many() -> None:
    with client(fault_timeout="count=3") as radio:
        for start in range(0, 10_000, 1000):
            _pulse(radio, start)
            codes = [radio.read(PULSE)[0].code]
            if codes[0] == TIMEOUT:
                codes.append(radio.read(PULSE)[0].code)
            assert codes == ([TIMEOUT, PULSE] if start < 3000 else [PULSE])


def _struck(radio: Client, spacing: int, pulses: int) -> Iterator[int]:
    for k in range(pulses):
        _pulse(radio, k * spacing)
        if radio.read(PULSE)[0].code == TIME_ERROR:
            yield k


def test_chance_depends_on_seed_and_tick_alone() -> None:
    struck = []
    for seed in (1, 1, 2):
        with client(fault_late_receive=f"probability=0.1, seed={seed}") as radio:
            struck.append(list(_struck(radio, 1600, 1000)))
    assert struck[0] == struck[1] != struck[2]
    # 1000 draws of 0.1: 100 with a standard deviation of 9.5; five of them.
    assert all(abs(len(hits) - 100) < 48 for hits in struck)


def test_an_empty_rule_ends_faults() -> None:
    with client(fault_timeout="probability=1") as radio:
        _pulse(radio, 0)
        assert radio.read(PULSE)[0].code == TIMEOUT
        radio.device.writeSetting("fault_timeout", "")
        assert radio.read(PULSE)[0].code == PULSE
        radio.device.writeSetting("fault_log", "")
        assert radio.faults() == []


def test_all_kinds_at_once_leave_every_sample_at_its_tick() -> None:
    """2000 pulses, a client that takes what comes: the log accounts for all that is missing."""
    pulses, spacing = 2000, 1600
    lossy = "late_transmit late_receive overflow drop underflow"
    kinds = [*lossy.split(), "timeout", "partial_write"]
    faults = {f"fault_{kind}": f"probability=0.03, seed={seed}" for seed, kind in enumerate(kinds)}
    expected = {k: noise(PULSE, seed=k * spacing) for k in range(pulses)}
    received = np.zeros((pulses, PULSE, 2), np.int16)
    valid = np.zeros((pulses, PULSE), np.bool_)
    codes: dict[int, list[int]] = {}
    with client(command_queue=2, **faults) as radio:
        for k in range(pulses):
            _pulse(radio, k * spacing)
            quiet = 0
            while quiet < 2:  # one may be injected; never two in a row without a sample between
                result, samples = radio.read(PULSE, 0)
                quiet = quiet + 1 if result.code == TIMEOUT else 0
                if result.code > 0:
                    assert result.tick is not None
                    at = result.tick - k * spacing
                    received[k, at : at + result.code] = samples
                    valid[k, at : at + result.code] = True
                elif result.tick is not None:
                    codes.setdefault(result.code, []).append(result.tick)
        while (told := radio.status()).code != TIMEOUT:
            assert told.tick is not None
            codes.setdefault(told.code, []).append(told.tick)
        log = radio.faults()
    sent = np.stack([expected[k] for k in range(pulses)])
    lost = np.zeros((pulses, PULSE), np.bool_)
    for kind, tick, samples in log:
        k, at = divmod(tick, spacing)
        if kind in ("late_receive", "overflow", "drop"):
            lost[k, at : at + samples] = True
        elif kind == "underflow":
            sent[k, at : at + samples] = 0
        elif kind == "late_transmit":
            sent[k] = 0
    np.testing.assert_array_equal(valid, ~lost)
    np.testing.assert_array_equal(received[valid], sent[valid])
    ticks_of = {kind: [tick for name, tick, _ in log if name == kind] for kind in kinds}
    assert all(len(ticks) > 20 for ticks in ticks_of.values())
    assert codes[OVERFLOW] == ticks_of["overflow"]
    assert codes[UNDERFLOW] == ticks_of["underflow"]
    assert sorted(codes[TIME_ERROR]) == sorted(ticks_of["late_transmit"] + ticks_of["late_receive"])
