"""Our driver of the N5182B on the simulated one."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import DeviceSettingsError, DeviceStateError, DeviceTimeoutError
from drivers.simulators.bench.rf_bench import RfBench, Signal
from drivers.simulators.generators.keysight.mxg import SimulatedMxg
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.catalogue import open_generator
from drivers.visa.generators.keysight.mxg import KeysightMxg
from drivers.visa.instrument import OutputSettings
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.generators.array_waveform import ArrayWaveform, random_waveform

OUTPUT = OutputSettings(
    "modulated", 50e6, power_dbm=-3.0, frequency_hz=2.4e9, clock_reference="external"
)
EXTERNAL = OutputSettings("modulated", 50e6, power_dbm=-3.0, frequency_hz=2.4e9, trigger="external")


def made(link: Link) -> KeysightMxg:
    generator = open_generator(link)
    assert isinstance(generator, KeysightMxg)
    return generator


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_waveform_arrives_bit_for_bit(data: st.DataObject) -> None:
    samples = data.draw(st.integers(1, 2000))
    seed = data.draw(st.integers(0, 1 << 30))
    chunk = data.draw(st.integers(1, 3000))
    random = np.random.default_rng(seed)
    # Beyond full scale, too: 1.2 is limited.
    parts = random.uniform(-1.2, 1.2, (samples, 2)).astype(np.float32)
    parts[random.integers(0, samples)] = data.draw(
        st.tuples(st.floats(-2.0, 2.0, width=32), st.floats(-2.0, 2.0, width=32))
    )
    markers = random.integers(0, 4, samples).astype(np.uint8)
    source = ArrayWaveform(parts.view(np.complex64)[:, 0], markers, chunk)
    simulator = SimulatedMxg("mxg")
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        upload = generator.upload("w", source)
        codes, marks = simulator.iq("ME_w"), simulator.markers("ME_w")
    # At least 60, and an even number.
    assert upload.padded_samples == max(60, samples + samples % 2) - samples
    assert len(codes) == len(marks) == samples + upload.padded_samples
    wanted = np.rint(np.clip(parts.astype(float), -1.0, 1.0) * 32767.0)
    np.testing.assert_array_equal(codes[:samples], wanted)
    assert not codes[samples:].any()
    np.testing.assert_array_equal(marks[:samples], markers)
    assert not marks[samples:].any()
    beyond = np.abs(np.rint(parts.astype(float) * 32767.0)) > 32767
    assert upload.clipped_samples == np.count_nonzero(beyond.any(axis=1))
    # Once for IQ, once for markers.
    assert source.walks == 2


def test_markers_survive_since_they_follow_iq() -> None:
    simulator = SimulatedMxg("mxg")
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        done: list[tuple[int, int]] = []
        generator.upload("w", random_waveform(1000), lambda now, whole: done.append((now, whole)))
        blocks = [message for message in sent(link) if "MMEM:DATA" in message]
    assert [block.split('"')[1] for block in blocks] == ["WFM1:ME_w", "MKR1:ME_w"]
    assert simulator.markers("ME_w").any()
    assert done[-1] == (5000, 5000)
    assert [now for now, _ in done] == sorted(now for now, _ in done)


def test_a_sequence_waits_before_each_part() -> None:
    bench = RfBench()
    heard: list[Signal] = []
    bench.register_digitizer("listener", heard.append)
    bench.connect(("mxg", "RF"), ("listener", "1"))
    bench.connect(("mxg", "M1"), ("listener", "2"))
    simulator = SimulatedMxg("mxg", bench=bench)
    with connected(simulator) as link:
        generator = made(link)
        generator.ensure_ready()
        generator.configure(OUTPUT)
        for name, amplitude in (("a", 1.0), ("b", 0.5)):
            samples = np.full(1000, amplitude, np.complex64)
            markers = np.zeros(1000, np.uint8)
            markers[100:200] = 1
            generator.upload(name, ArrayWaveform(samples, markers))
        generator.queue(["a", "b"])
        generator.arm()
        for played in range(2):
            assert len(heard) == played
            generator.trigger()
            generator.wait_played(5.0)
        with pytest.raises(DeviceStateError):
            generator.trigger()
        generator.ensure_stopped()
    peak_v = np.sqrt(2.0 * 50.0 * 1e-3 * 10.0**-0.3)
    for signal, amplitude in zip(heard, (1.0, 0.5), strict=True):
        times = 500 / 50e6 + 1e-11 * np.arange(10_000)
        volts = signal.sample("1", times[0], 1e-11, times.size)
        carrier = 2.0 * abs(np.mean(volts * np.exp(-2j * np.pi * 2.4e9 * times)))
        # 240 periods: what is left of the double frequency is below 1/(4 pi 240) = 3e-4.
        assert carrier == pytest.approx(amplitude * peak_v, rel=1e-3)
        # The marker rises with sample 100; its crossing is known to the bench exactly.
        assert signal.edges("2", 0.5) == pytest.approx([100 / 50e6], abs=1e-15)
    assert simulator.continuous == 0
    assert simulator.bare_carriers == 0


def test_external_triggers_play_the_queue() -> None:
    simulator = SimulatedMxg("mxg", bench=RfBench())
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(EXTERNAL)
        generator.upload("a", random_waveform(600))
        generator.queue(["a", "a"])
        generator.arm()
        for _ in range(2):
            assert simulator.waiting
            simulator.external_trigger()
            generator.wait_played(5.0)
        generator.ensure_stopped()


def test_outputs_are_off_before_anything_is_set() -> None:
    simulator = SimulatedMxg("mxg")
    simulator.execute(b":OUTP ON")
    with connected(simulator) as link:
        generator = made(link)
        generator.ensure_ready()
        first = next(message for message in sent(link) if "?" not in message)
        assert first == ":OUTP OFF"
        generator.configure(OUTPUT)
        generator.upload("a", random_waveform(600))
        generator.queue(["a"])
        assert link.query(":OUTP?") == "0"
        generator.arm()
        assert link.query(":OUTP?") == "1"
        generator.ensure_stopped()
        assert link.query(":OUTP?;:RAD:ARB?") == "0;0"


def test_files_of_an_earlier_run_are_deleted_and_others_stay() -> None:
    simulator = SimulatedMxg("mxg")
    with connected(simulator) as link:
        generator = made(link)
        generator.ensure_ready()
        generator.configure(OUTPUT)
        for name in ("a", "b"):
            generator.upload(name, random_waveform(600))
        generator.queue(["a", "b"])
        link.write_block(':MMEM:DATA "WFM1:THEIRS",', bytes(240))
        generator.ensure_ready()
        # Last year's markers, whose IQ is gone, go with it.
        link.query("*OPC?")
    assert sorted(simulator.memory.files) == ["MKR1:THEIRS", "WFM1:THEIRS"]


def test_read_back_fits_json() -> None:
    with connected(SimulatedMxg("mxg")) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        generator.upload("a", random_waveform(61))
        generator.queue(["a"])
        told = json.loads(json.dumps(generator.read_back()))
    assert told["full_scale_dbm"] == -3.0
    assert told["sample_rate_hz"] == 50e6
    assert told["reference"] == "EXT"
    assert told["reference_locked"] is True
    assert told["level_control"] is False
    assert told["waveform"] == "WFM1:ME_a"
    assert told["waveforms"]["a"]["padded_samples"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"signal": "real"},
        {"channels": (1, 2)},
        {"sample_rate_hz": 300e6},
        {"frequency_hz": 7e9},
        {"frequency_hz": None},
        {"power_dbm": None},
        {"power_dbm": 25.0},
        # The instrument rounds to 0.01 dB.
        {"power_dbm": -3.006},
    ],
)
def test_what_it_cannot_do_is_refused(changes: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {
        "signal": "modulated",
        "sample_rate_hz": 50e6,
        "power_dbm": -3.0,
        "frequency_hz": 1e9,
    } | changes
    with connected(SimulatedMxg("mxg")) as link, pytest.raises(DeviceSettingsError):
        made(link).configure(OutputSettings(**wanted))


def test_an_unlocked_reference_is_told() -> None:
    simulated = SimulatedMxg("mxg")
    with connected(simulated) as link:
        generator = open_generator(link)
        simulated.unlocked = True
        assert generator.read_back()["reference_locked"] is False


def test_a_missing_reference_is_found() -> None:
    alone = SimulatedMxg("mxg", external_reference=False)
    with connected(alone) as link, pytest.raises(DeviceSettingsError, match="reference"):
        made(link).configure(OUTPUT)


def test_bad_waveforms_are_refused() -> None:
    with connected(SimulatedMxg("mxg", memory_samples=10_000)) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        assert generator.limits(OUTPUT).max_segment_samples == 10_000
        with pytest.raises(DeviceSettingsError, match="called"):
            generator.upload("a" * 21, random_waveform(10))
        with pytest.raises(DeviceSettingsError, match="at most 10000"):
            generator.upload("a", random_waveform(10_001))


def test_a_waveform_that_does_not_end_in_time() -> None:
    slow = OutputSettings("modulated", 1e3, power_dbm=-3.0, frequency_hz=1e9)
    with connected(SimulatedMxg("mxg")) as link:
        generator = made(link)
        generator.configure(slow)
        generator.upload("a", random_waveform(6000))
        generator.queue(["a"])
        generator.arm()
        generator.trigger()
        with pytest.raises(DeviceTimeoutError, match="lasts"):
            generator.wait_played(0.05)
        generator.ensure_stopped()
        assert link.query(":OUTP?") == "0"


def test_a_run_over_a_raw_socket() -> None:
    simulator = SimulatedMxg("mxg")
    with InstrumentServer(simulator) as server, Link(server.socket_address) as link:
        generator = made(link)
        generator.ensure_ready()
        generator.configure(OUTPUT)
        generator.upload("a", random_waveform(100_000))
        generator.queue(["a", "a"])
        generator.arm()
        for _ in range(2):
            generator.trigger()
            generator.wait_played(5.0)
        generator.ensure_stopped()
        assert link.query(":OUTP?") == "0"
    assert simulator.bare_carriers == 0
