"""The M8190A's driver on the simulated instrument."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceStateError, DeviceTimeoutError
from drivers.simulators.bench.rf_bench import Cable, RfBench, Signal
from drivers.simulators.generators.keysight.m8190a import SimulatedM8190A
from drivers.visa.catalogue import open_generator
from drivers.visa.errors import InstrumentError
from drivers.visa.generators.keysight.m8190a import KeysightM8190a
from drivers.visa.instrument import OutputSettings
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.generators.array_waveform import ArrayWaveform, random_waveform

REAL = OutputSettings("real", 1.92e9, peak_v=0.25)
SPEED = replace(REAL, sample_rate_hz=9.6e9)
IQ = OutputSettings("iq", 1e9, channels=(1, 2), peak_v=0.25)
MODULATED = OutputSettings("modulated", 96e6, power_dbm=-6.0, frequency_hz=1.25e9)

CASES = {
    # settings, largest code, left shift, granularity, minimum
    "14 bits": (REAL, 8191, 2, 48, 240),
    "12 bits": (SPEED, 2047, 4, 64, 320),
    "I/Q at two channels": (IQ, 8191, 2, 48, 240),
    "up-converter": (MODULATED, 16383, 1, 24, 120),
}


class Pair(NamedTuple):
    """Driver, simulated instrument, and the link between them."""

    driver: KeysightM8190a
    instrument: SimulatedM8190A
    link: Link


@pytest.fixture(scope="module", params=list(CASES))
def configured(request: pytest.FixtureRequest) -> Iterator[tuple[str, Pair]]:
    instrument = SimulatedM8190A()
    with connected(instrument) as link:
        driver = open_generator(link)
        assert isinstance(driver, KeysightM8190a)
        driver.ensure_ready()
        driver.configure(CASES[request.param][0])
        yield request.param, Pair(driver, instrument, link)


@pytest.fixture
def heard() -> list[Signal]:
    return []


@pytest.fixture
def bench(heard: list[Signal]) -> RfBench:
    bench = RfBench(clock_error_ppm=0.0, free_carrier=False)
    for output in ("1", "2", "M1", "M2"):
        bench.connect(("awg", output), ("scope", output), Cable())
    bench.register_digitizer("scope", heard.append)
    return bench


@pytest.fixture
def pair(bench: RfBench) -> Iterator[Pair]:
    instrument = SimulatedM8190A(bench=bench)
    with connected(instrument) as link:
        driver = open_generator(link)
        assert isinstance(driver, KeysightM8190a)
        driver.ensure_ready()
        yield Pair(driver, instrument, link)


VALUES = arrays.arrays(
    np.float32,
    st.integers(1, 900),
    elements=st.floats(-1.5, 1.5, width=32),
    fill=st.floats(-1.0, 1.0, width=32),
)


@settings(max_examples=25, deadline=None)
@given(values=VALUES, seed=st.integers(0, 99), chunk=st.integers(1, 400))
def test_any_waveform_reaches_memory_bit_by_bit(
    configured: tuple[str, Pair], values: NDArray[np.float32], seed: int, chunk: int
) -> None:
    case, pair = configured
    output, top, shift, granularity, minimum = CASES[case]
    markers = np.random.default_rng(seed).integers(0, 4, values.size).astype(np.uint8)
    samples = values if output.signal == "real" else values + 1j * values[::-1]
    source = ArrayWaveform(samples.astype(np.complex64 if samples.dtype.kind == "c" else "f4"),
                           markers, chunk)  # fmt: skip
    upload = pair.driver.upload("any", source)
    length = -(-max(values.size, minimum) // granularity) * granularity
    # Said by closed form: nearest code, half to even, at most full scale; zeros behind.
    parts = [values.astype(np.float64), values[::-1].astype(np.float64)]
    codes = [np.clip(np.rint(part * top), -top, top).astype(int) for part in parts]
    beyond = [np.abs(np.rint(part * top)) > top for part in parts]
    padding = length - values.size
    marked = np.pad(markers.astype(int), (0, padding))
    i_code, q_code = (np.pad(code << shift, (0, padding)) for code in codes)
    held = {channel: memory.segments for channel, memory in pair.instrument.memory.items()}
    if output.signal == "real":
        assert np.array_equal(held[1][1].words[:, 0], i_code | marked)
        assert upload.clipped_samples == beyond[0].sum()
    elif output.signal == "iq":
        assert np.array_equal(held[1][1].words[:, 0], i_code | marked)
        assert np.array_equal(held[2][1].words[:, 0], q_code)
    else:
        assert np.array_equal(held[1][1].words[:, 0], i_code | marked & 1)
        assert np.array_equal(held[1][1].words[:, 1], q_code | marked >> 1)
    if output.signal != "real":
        assert upload.clipped_samples == (beyond[0] | beyond[1]).sum()
    assert (upload.samples, upload.padded_samples) == (values.size, padding)
    assert upload.full_scale_code == top
    # The segment of the same name was replaced, not added to.
    assert list(held[1]) == [1]


@pytest.mark.parametrize("case", list(CASES))
def test_limits_are_those_of_the_mode(pair: Pair, case: str) -> None:
    output, top, _, granularity, minimum = CASES[case]
    limits = pair.driver.limits(output)
    assert limits.dac_bits == top.bit_length() + 1
    assert (limits.granularity, limits.min_segment_samples) == (granularity, minimum)
    words = 2 if output.signal == "modulated" else 1
    assert limits.max_segment_samples == 2 * 1024**3 // words // granularity * granularity
    assert limits.max_segments == 512 * 1024 - 1
    low, high = limits.min_sample_rate_hz, limits.max_sample_rate_hz
    if output.signal == "modulated":
        assert (low, high) == (125e6 / 48, 7.2e9 / 3)
        assert limits.frequency_hz == (0.0, 12e9)
    else:
        assert (low, high) == (125e6, 12e9)
    assert limits.holds_samples is (output.signal != "modulated")
    assert not pair.instrument.outputs_on()


@pytest.mark.parametrize("case", list(CASES))
def test_each_trigger_plays_the_next_waveform_once(
    pair: Pair, heard: list[Signal], case: str
) -> None:
    output, driver = CASES[case][0], pair.driver
    driver.configure(output)
    sources = {name: _source(output, seed) for seed, name in enumerate(("a", "b"))}
    for name, source in sources.items():
        driver.upload(name, source)
    driver.queue(["a", "b", "a"])
    assert not pair.instrument.outputs_on()
    driver.arm()
    assert pair.instrument.outputs_on() == {str(channel) for channel in output.channels}
    for number, name in enumerate("aba"):
        assert len(heard) == number
        driver.trigger()
        driver.wait_played(2.0)
        assert len(heard) == number + 1
        _require_played(output, sources[name], heard[number])
    with pytest.raises(DeviceStateError):
        driver.trigger()
    # A trigger too many from outside plays nothing.
    pair.instrument.execute(b":TRIG:ADV1")
    assert len(heard) == 3
    driver.ensure_stopped()
    assert not pair.instrument.outputs_on()
    assert pair.instrument.execute(b":STAT:OPER:RUN:COND?") == b"0"


def _source(output: OutputSettings, seed: int) -> ArrayWaveform:
    """A pulse of a tone a twentieth of the rate, and a marker over its first half."""
    place = np.arange(1000)
    tone = np.exp(2j * np.pi * (place / 20.0 + seed / 4.0)) * np.hanning(place.size)
    markers = (place < 500).astype(np.uint8)
    real = output.signal == "real"
    samples = tone.real.astype(np.float32) if real else tone.astype(np.complex64)
    return ArrayWaveform(samples, markers)


def _require_played(output: OutputSettings, source: ArrayWaveform, signal: Signal) -> None:
    """Compare the voltages at the bench with the waveform, at its own samples."""
    samples = next(iter(source.chunks())).samples
    interval_s = 1.0 / output.sample_rate_hz
    time_s = np.arange(samples.size) * interval_s
    if output.signal == "modulated":
        # 0 dBm is 1 mW in 50 ohm: a peak of sqrt(2 * 50 * 1e-3) V.
        peak_v = math.sqrt(0.1 * 10.0 ** ((output.power_dbm or 0.0) / 10.0))
        carrier = np.exp(2j * np.pi * (output.frequency_hz or 0.0) * time_s)
        wanted = {"1": peak_v * (samples * carrier).real}
    elif output.signal == "iq":
        wanted = {"1": 0.25 * samples.real, "2": 0.25 * samples.imag}
    else:
        wanted = {"1": 0.25 * samples.real}
    bits = 12 if output is SPEED else 14
    for connector, volts in wanted.items():
        found = signal.sample(connector, 0.0, interval_s, samples.size)
        # Half a code, and what interpolation does to a sample at its own place; held ones stand.
        limit_v = np.abs(volts).max() * (0.5 / (1 << bits - 1) + 3e-5)
        assert np.abs(found - volts).max() < limit_v
    # The marker rises with the first sample and falls in the middle.
    assert signal.edges("M1", 0.5, rising=False) == pytest.approx(500 * interval_s, abs=1e-13)


def test_the_input_plays_when_the_trigger_is_external(pair: Pair, heard: list[Signal]) -> None:
    driver = pair.driver
    driver.configure(replace(REAL, trigger="external"))
    driver.upload("a", _source(REAL, 0))
    driver.queue(["a", "a"])
    driver.arm()
    with pytest.raises(DeviceStateError):
        driver.trigger()
    with pytest.raises(DeviceTimeoutError, match="waiting for a trigger"):
        driver.wait_played(0.02)
    for number in (1, 2):
        pair.instrument.trigger_input()
        driver.wait_played(2.0)
        assert len(heard) == number
    driver.ensure_stopped()


def test_with_the_bus_the_input_is_shut(pair: Pair, heard: list[Signal]) -> None:
    driver = pair.driver
    driver.configure(REAL)
    driver.upload("a", _source(REAL, 0))
    driver.queue(["a"])
    driver.arm()
    pair.instrument.trigger_input()
    assert not heard
    driver.ensure_stopped()


def test_without_the_sequencer_there_is_one_waveform(bench: RfBench, heard: list[Signal]) -> None:
    instrument = SimulatedM8190A(bench=bench, options="002,14B,12G")
    with connected(instrument) as link:
        driver = open_generator(link)
        assert driver.signals == ("real", "iq")
        driver.ensure_ready()
        driver.configure(REAL)
        assert driver.limits(REAL).max_segments == 1
        driver.upload("a", _source(REAL, 0))
        with pytest.raises(DeviceSettingsError, match="option SEQ"):
            driver.upload("b", _source(REAL, 1))
        driver.queue(["a"])
        driver.arm()
        driver.trigger()
        driver.wait_played(2.0)
        assert len(heard) == 1
        driver.ensure_stopped()
        driver.upload("a", _source(REAL, 1))
        driver.queue(["a"])
        driver.arm()
        driver.trigger()
        driver.wait_played(2.0)
        _require_played(REAL, _source(REAL, 1), heard[1])
        driver.ensure_stopped()


def test_outputs_go_off_before_anything_is_set(pair: Pair) -> None:
    pair.instrument.execute(b":OUTP1 ON;:OUTP2 ON")
    before = len(sent(pair.link))
    pair.driver.ensure_ready()
    assert sent(pair.link)[before : before + 2] == [":OUTP1 OFF", ":OUTP2 OFF"]
    assert not pair.instrument.outputs_on()


def test_a_path_is_chosen_for_the_level(pair: Pair) -> None:
    for peak_v, path in ((0.25, "DAC"), (0.45, "DC"), (0.9, "AC"), (0.12, "DC")):
        pair.driver.configure(replace(REAL, peak_v=peak_v))
        channel = pair.driver.read_back()["channels"][0]
        assert channel["path"] == path
        assert channel["amplitude_v"] == pytest.approx(2 * peak_v)


@pytest.mark.parametrize(
    ("output", "what"),
    [
        (replace(REAL, sample_rate_hz=13e9), ":FREQ:RAST"),
        (replace(REAL, sample_rate_hz=1e8), ":FREQ:RAST"),
        (replace(REAL, peak_v=1.1), "full scale of 1.1 V"),
        (replace(REAL, peak_v=None), "no level"),
        (replace(REAL, channels=(3,)), "channels"),
        (replace(IQ, channels=(1,)), "channels"),
        (replace(MODULATED, power_dbm=None), "no level"),
        (replace(MODULATED, power_dbm=20.0), "full scale"),
        (replace(REAL, marker_v=2.0), ":MARK1:SAMP:VOLT:HIGH"),
    ],
)
def test_what_it_cannot_have_is_refused(pair: Pair, output: OutputSettings, what: str) -> None:
    with pytest.raises(DeviceSettingsError, match=what):
        pair.driver.configure(output)
    with pytest.raises(DeviceStateError):
        pair.driver.upload("a", _source(REAL, 0))
    assert not pair.instrument.outputs_on()


def test_a_missing_reference_is_refused(pair: Pair) -> None:
    external = replace(REAL, clock_reference="external")
    pair.driver.configure(external)
    assert pair.driver.read_back()["clock_source"] == "EXT"
    assert pair.driver.read_back()["reference_locked"] is True
    pair.instrument.external_clock = False
    assert pair.driver.read_back()["reference_locked"] is False
    with pytest.raises(DeviceSettingsError, match="REF CLK IN"):
        pair.driver.configure(external)


def test_order_of_calls_and_of_waveforms(pair: Pair) -> None:
    driver = pair.driver
    with pytest.raises(DeviceStateError):
        driver.arm()
    driver.configure(REAL)
    with pytest.raises(DeviceStateError, match="nothing is queued"):
        driver.arm()
    with pytest.raises(DeviceSettingsError, match="not uploaded"):
        driver.queue(["a"])
    with pytest.raises(DeviceSettingsError, match="complex"):
        driver.upload("a", random_waveform(100))
    driver.upload("a", _source(REAL, 0))
    # A rate of the other mode would cost what is in memory.
    assert driver.limits(SPEED).dac_bits == 14
    with pytest.raises(DeviceStateError, match="mode WPR"):
        driver.limits(MODULATED)
    driver.queue(["a"])
    driver.arm()
    with pytest.raises(DeviceStateError, match="armed"):
        driver.upload("b", _source(REAL, 0))


def test_errors_of_the_instrument_carry_the_command(pair: Pair) -> None:
    pair.driver.configure(REAL)
    # Somebody else has taken the segment that would be ours.
    pair.instrument.execute(b":TRAC1:DEF 1,240")
    with pytest.raises(InstrumentError, match=":TRAC1:DEF 1,1008") as caught:
        pair.driver.upload("a", _source(REAL, 0))
    assert caught.value.code == -221


def test_progress_and_flat_blocks(pair: Pair) -> None:
    told: list[tuple[int, int]] = []
    pair.driver.configure(IQ)
    samples = (1 << 20) + 5
    pair.driver.upload("long", random_waveform(samples), lambda done, of: told.append((done, of)))
    length = -(-samples // 48) * 48
    assert told[-1] == (4 * length, 4 * length)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    offsets = [text.split(",")[1] for text in sent(pair.link) if text.startswith(":TRAC1:DATA 1")]
    first = (1 << 20) // 48 * 48
    assert offsets == ["0", str(first)]


def names(read_back: dict[str, dict[str, object]]) -> Sequence[str]:
    return list(read_back["waveforms"])


def test_read_back_tells_what_was_padded_and_clipped(pair: Pair) -> None:
    pair.driver.configure(REAL)
    pair.driver.upload("a", ArrayWaveform(np.array([0.5, 1.5, -2.0], np.float32)))
    found = pair.driver.read_back()
    assert names(found) == ["a"]
    assert found["waveforms"]["a"] == {
        "segment": 1, "samples": 3, "padded_samples": 237, "clipped_samples": 2,
    }  # fmt: skip
    assert found["state"] == "stopped"
    assert found["dac_rate_hz"] == 1.92e9
