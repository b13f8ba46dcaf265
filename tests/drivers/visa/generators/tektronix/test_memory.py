"""Any waveform reaches the memory of the instrument bit by bit, with zeros behind it."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DriverError
from drivers.simulators.generators.tektronix.awg import SimulatedTektronixAwg
from drivers.visa.catalogue import open_generator
from drivers.visa.generators.tektronix import memory
from drivers.visa.generators.tektronix.awg import TektronixAwg
from drivers.visa.instrument import OutputSettings, Signal, Upload
from tests.drivers.visa.connected import connected
from tests.drivers.visa.generators.array_waveform import ArrayWaveform

Bench = tuple[SimulatedTektronixAwg, TektronixAwg]
# Samples in a block of the tests, so that short waveforms have several.
_BLOCK = 1000


def _bench(model: str) -> Iterator[Bench]:
    simulated = SimulatedTektronixAwg(model=model)
    with connected(simulated) as link:
        generator = open_generator(link)
        assert isinstance(generator, TektronixAwg)
        generator.ensure_ready()
        yield simulated, generator


@pytest.fixture(scope="module")
def single() -> Iterator[Bench]:
    """An AWG70001A: waveforms of 4800 samples at least, and of even length."""
    yield from _bench("AWG70001A")


@pytest.fixture(scope="module")
def double() -> Iterator[Bench]:
    """An AWG5204: 2400 samples at least, any length."""
    yield from _bench("AWG5204")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_BLOCK_SAMPLES", _BLOCK)


_FLOATS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=8)


@st.composite
def _waveforms(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.uint8], int]:
    """Noise beyond full scale with any values in it, markers, and the length of its chunks."""
    samples = draw(st.integers(1, 7000))
    random = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    values = random.uniform(-1.05, 1.05, (samples, 2)).astype(np.float32)
    for value in draw(_FLOATS):
        values[draw(st.integers(0, samples - 1)), draw(st.integers(0, 1))] = value
    markers = random.integers(0, 4, samples).astype(np.uint8)
    return values, markers, draw(st.integers(1, 3000))


def _bits(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(values).view(np.uint32)


def _output(signal: Signal) -> OutputSettings:
    return OutputSettings(signal, 1e9, (1,) if signal == "real" else (1, 2), 0.2, markers=2)


def _check(bench: Bench, upload: Upload, given_parts: list[NDArray[np.float32]],
           markers: NDArray[np.uint8]) -> None:  # fmt: skip
    simulated, _ = bench
    held = simulated.memory.waveforms[upload.name]
    model = simulated.model.memory
    samples = markers.size
    wanted = max(samples, model.min_samples)
    wanted += -wanted % model.granularity
    assert held.samples == wanted
    assert (upload.samples, upload.padded_samples) == (samples, wanted - samples)
    beyond = np.zeros(samples, bool)
    assert len(held.parts) == len(given_parts)
    for stored, values in zip(held.parts.values(), given_parts, strict=True):
        beyond |= np.abs(values) > 1.0
        # Bit by bit: also the sign of zero, and what is too small to be normal.
        np.testing.assert_array_equal(_bits(stored[:samples]), _bits(np.clip(values, -1.0, 1.0)))
        assert not _bits(stored[samples:]).any()
    np.testing.assert_array_equal(held.markers[:samples], markers)
    assert not held.markers[samples:].any()
    assert upload.clipped_samples == np.count_nonzero(beyond)


@settings(max_examples=60, deadline=None)
@given(_waveforms(), st.sampled_from(["list", "file"]))
def test_real_waveforms_arrive_bit_by_bit(
    single: Bench, waveform: tuple[NDArray[np.float32], NDArray[np.uint8], int], route: str
) -> None:
    values, markers, chunk = waveform
    _, generator = single
    generator.configure(_output("real"))
    generator.upload_route = "file" if route == "file" else "list"
    upload = generator.upload("any", ArrayWaveform(values[:, 0].copy(), markers, chunk))
    _check(single, upload, [values[:, 0]], markers)
    assert upload.full_scale_code == 127


@settings(max_examples=60, deadline=None)
@given(_waveforms())
def test_iq_waveforms_arrive_bit_by_bit(
    double: Bench, waveform: tuple[NDArray[np.float32], NDArray[np.uint8], int]
) -> None:
    values, markers, chunk = waveform
    _, generator = double
    generator.configure(_output("iq"))
    samples = values.view(np.complex64)[:, 0]
    upload = generator.upload("any", ArrayWaveform(samples, markers, chunk))
    _check(double, upload, [values[:, 0], values[:, 1]], markers)
    assert upload.full_scale_code == 8191


def test_what_is_not_a_number_is_refused(double: Bench) -> None:
    _, generator = double
    generator.configure(_output("real"))
    samples = np.zeros(3000, np.float32)
    samples[2999] = np.nan
    with pytest.raises(DriverError, match="not a number"):
        generator.upload("bad", ArrayWaveform(samples))


def test_a_waveform_that_failed_can_be_uploaded_again(double: Bench) -> None:
    simulated, generator = double
    generator.configure(_output("real"))
    samples = np.zeros(3000, np.float32)
    samples[2999] = np.inf
    with pytest.raises(DriverError, match="infinite"):
        generator.upload("again", ArrayWaveform(samples))
    samples[2999] = 0.5
    upload = generator.upload("again", ArrayWaveform(samples))
    np.testing.assert_array_equal(simulated.memory.get(upload.name).part("REAL"), samples)


def test_a_marker_that_is_not_in_use_is_refused(double: Bench) -> None:
    _, generator = double
    generator.configure(OutputSettings("real", 1e9, (1,), 0.2, markers=1))
    markers = np.full(3000, 2, np.uint8)
    with pytest.raises(DeviceSettingsError, match="above marker 1"):
        generator.upload("bad", ArrayWaveform(np.zeros(3000, np.float32), markers))


def test_what_exceeds_the_memory_is_refused_before_it_is_sent(double: Bench) -> None:
    class Endless(ArrayWaveform):
        @property
        def samples(self) -> int:
            return 2_000_000_001

    _, generator = double
    # Without what other tests have left in the memory.
    generator.ensure_ready()
    generator.configure(_output("real"))
    waveform = Endless(np.zeros(1, np.float32))
    with pytest.raises(DeviceSettingsError, match="at most 1999997600"):
        generator.upload("long", waveform)
    assert waveform.walks == 0


def test_complex_samples_do_not_go_by_file(double: Bench) -> None:
    _, generator = double
    generator.configure(_output("iq"))
    generator.upload_route = "file"
    with pytest.raises(DeviceSettingsError, match="waveform list"):
        generator.upload("iq", ArrayWaveform(np.zeros(3000, np.complex64)))
    generator.upload_route = "list"


def test_progress_counts_all_bytes(double: Bench) -> None:
    _, generator = double
    generator.configure(_output("iq"))
    told: list[tuple[int, int]] = []
    generator.upload(
        "some", ArrayWaveform(np.zeros(2500, np.complex64)), lambda *args: told.append(args)
    )
    done = [entry[0] for entry in told]
    assert done == sorted(done)
    # Eight bytes of samples and one of markers.
    assert told[-1] == (9 * 2500, 9 * 2500)
