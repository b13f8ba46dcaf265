"""The M8195A's driver on the simulated instrument."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DriverError
from drivers.simulators.bench.rf_bench import Cable, RfBench, Signal
from drivers.simulators.generators.keysight.m8195a import SimulatedM8195A
from drivers.visa.catalogue import open_generator
from drivers.visa.generators.keysight.m8195a import KeysightM8195a
from drivers.visa.instrument import OutputSettings
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.generators.array_waveform import ArrayWaveform

REAL = OutputSettings("real", 15e9, peak_v=0.25)
IQ = OutputSettings("iq", 15e9, channels=(1, 2), peak_v=0.25)


class Pair(NamedTuple):
    driver: KeysightM8195a
    instrument: SimulatedM8195A
    link: Link


@pytest.fixture(scope="module", params=["real", "iq"])
def configured(request: pytest.FixtureRequest) -> Iterator[Pair]:
    instrument = SimulatedM8195A()
    with connected(instrument) as link:
        driver = open_generator(link)
        assert isinstance(driver, KeysightM8195a)
        driver.ensure_ready()
        driver.configure(REAL if request.param == "real" else IQ)
        yield Pair(driver, instrument, link)


@pytest.fixture
def heard() -> list[Signal]:
    return []


@pytest.fixture
def pair(heard: list[Signal]) -> Iterator[Pair]:
    bench = RfBench(clock_error_ppm=0.0)
    for output in ("1", "2", "M1", "M2"):
        bench.connect(("awg", output), ("scope", output), Cable())
    bench.register_digitizer("scope", heard.append)
    instrument = SimulatedM8195A(bench=bench)
    with connected(instrument) as link:
        driver = open_generator(link)
        assert isinstance(driver, KeysightM8195a)
        driver.ensure_ready()
        yield Pair(driver, instrument, link)


@settings(max_examples=25, deadline=None)
@given(
    values=arrays.arrays(
        np.float32,
        st.integers(1, 2000),
        elements=st.floats(-1.5, 1.5, width=32),
        fill=st.floats(-1.0, 1.0, width=32),
    ),
    seed=st.integers(0, 99),
)
def test_any_waveform_reaches_memory_bit_by_bit(
    configured: Pair, values: NDArray[np.float32], seed: int
) -> None:
    is_pair = "DCM" in configured.instrument.execute(b":INST:DACM?").decode()
    markers = np.random.default_rng(seed).integers(0, 4, values.size).astype(np.uint8)
    samples = (values + 1j * values[::-1]).astype(np.complex64) if is_pair else values
    upload = configured.driver.upload("any", ArrayWaveform(samples, markers, 333))
    length = -(-max(values.size, 1280) // 256) * 256
    codes = np.clip(np.rint(values.astype(np.float64) * 127), -127, 127).astype(int)
    padding = length - values.size
    first = configured.instrument.memory[1].segments[1].words
    assert np.array_equal(first[:, 0], np.pad(codes, (0, padding)))
    assert np.array_equal(first[:, 1], np.pad(markers, (0, padding)))
    if is_pair:
        second = configured.instrument.memory[2].segments[1].words
        assert np.array_equal(second[:, 0], np.pad(codes[::-1], (0, padding)))
    assert (upload.samples, upload.padded_samples) == (values.size, padding)
    beyond = np.abs(np.rint(values.astype(np.float64) * 127)) > 127
    assert upload.clipped_samples == (beyond | beyond[::-1] if is_pair else beyond).sum()


def _source(is_complex: bool) -> ArrayWaveform:
    place = np.arange(2560)
    tone = np.exp(2j * np.pi * place / 20.0) * np.hanning(place.size)
    samples = tone.astype(np.complex64) if is_complex else tone.real.astype(np.float32)
    return ArrayWaveform(samples, (place < 512).astype(np.uint8))


@pytest.mark.parametrize("output", [REAL, replace(REAL, sample_rate_hz=60e9), IQ])
def test_each_trigger_plays_the_next_waveform_once(
    pair: Pair, heard: list[Signal], output: OutputSettings
) -> None:
    driver = pair.driver
    driver.configure(output)
    source = _source(output.signal == "iq")
    driver.upload("a", source)
    driver.queue(["a", "a"])
    driver.arm()
    assert pair.instrument.outputs_on() == {"3", "4", *map(str, output.channels)}
    interval_s = 1.0 / output.sample_rate_hz
    samples = next(iter(source.chunks())).samples
    for number in (1, 2):
        driver.trigger()
        driver.wait_played(2.0)
        assert len(heard) == number
        for channel, part in zip(output.channels, (samples.real, samples.imag), strict=False):
            found = heard[-1].sample(str(channel), 0.0, interval_s, samples.size)
            # Half a code, and the bench's interpolation.
            assert np.abs(found - 0.25 * part).max() < 0.25 * (0.5 / 127 + 3e-5)
        assert heard[-1].edges("M1", 0.5, rising=False) == pytest.approx(
            512 * interval_s, abs=1e-13
        )
    driver.ensure_stopped()
    assert not pair.instrument.outputs_on()


@pytest.mark.parametrize(
    ("output", "divider"),
    [
        (replace(REAL, sample_rate_hz=13.44e9), "DIV4"),
        (replace(REAL, sample_rate_hz=32.5e9), "DIV2"),
        (replace(REAL, sample_rate_hz=64e9), "DIV1"),
        (replace(IQ, sample_rate_hz=30e9), "DIV2"),
    ],
)
def test_the_divider_follows_the_rate(pair: Pair, output: OutputSettings, divider: str) -> None:
    pair.driver.configure(output)
    found = pair.driver.read_back()
    assert found["rate_divider"] == divider
    assert found["dac_rate_hz"] == output.sample_rate_hz * int(divider[3])
    assert found["dac_mode"] == ("MARK" if output.signal == "real" else "DCM")


@pytest.mark.parametrize(
    ("output", "what"),
    [
        # Between the rates of one divider and of the next.
        (replace(REAL, sample_rate_hz=20e9), "13.44e\\+09|1.344e\\+10 to 1.625e\\+10 Hz"),
        (replace(IQ, sample_rate_hz=60e9), "choose"),
        (replace(REAL, sample_rate_hz=1e9), "choose"),
        (replace(REAL, peak_v=0.6), ":VOLT1:AMPL"),
        (replace(REAL, peak_v=None), "no level"),
        (replace(REAL, channels=(2,)), "channels"),
        (replace(REAL, signal="modulated"), "kind modulated"),
    ],
)
def test_what_it_cannot_have_is_refused(pair: Pair, output: OutputSettings, what: str) -> None:
    with pytest.raises(DeviceSettingsError, match=what):
        pair.driver.configure(output)
    assert not pair.instrument.outputs_on()


def test_limits(pair: Pair) -> None:
    limits = pair.driver.limits(REAL)
    assert (limits.min_sample_rate_hz, limits.max_sample_rate_hz) == (13.44e9, 65e9)
    assert (limits.granularity, limits.min_segment_samples, limits.dac_bits) == (256, 1280, 8)
    assert limits.max_segment_samples == 8 * 1024**3
    assert pair.driver.limits(IQ).max_sample_rate_hz == 32.5e9


def test_outputs_go_off_before_anything_is_set(pair: Pair) -> None:
    pair.instrument.execute(b":OUTP1 ON;:OUTP2 ON")
    before = len(sent(pair.link))
    pair.driver.ensure_ready()
    assert sent(pair.link)[before : before + 4] == [f":OUTP{n} OFF" for n in (1, 2, 3, 4)]
    assert not pair.instrument.outputs_on()


def test_samples_that_are_no_numbers_are_refused(pair: Pair) -> None:
    pair.driver.configure(REAL)
    with pytest.raises(DriverError, match="not a number"):
        pair.driver.upload("a", ArrayWaveform(np.array([0.0, np.nan], np.float32)))
