"""The drivers of InfiniiVision and Infiniium on the simulated instruments."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceStateError, DeviceTimeoutError, DriverError
from drivers.simulators.bench.rf_bench import Cable, Playback, RfBench
from drivers.simulators.digitizers.keysight.infiniium import SimulatedInfiniium
from drivers.simulators.digitizers.keysight.infiniivision import SimulatedInfiniiVision
from drivers.visa.catalogue import open_digitizer
from drivers.visa.digitizers.keysight.waveform import Preamble
from drivers.visa.errors import AnswerError, InstrumentError
from drivers.visa.instrument import CaptureSettings, Digitizer, Record
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent

PLAYED_HZ, TONE_HZ, TRIGGER_SAMPLE, SAMPLES = 1e9, 31e6, 500, 12000
ATTENUATION_DB, JITTER_S = 6.0, 2e-12
PEAK_V = 0.4
ARRIVING_V = PEAK_V * 10 ** (-ATTENUATION_DB / 20)

CAPTURE = CaptureSettings(
    channels=(1,), sample_rate_hz=1e9, duration_s=8e-6, pre_trigger_s=0.4e-6, full_scale_v=0.25
)
Simulated = SimulatedInfiniiVision | SimulatedInfiniium
# Model, its bits, its bandwidth, and whether it has a reference input.
MODELS: dict[str, tuple[Callable[..., Simulated], int, float, bool]] = {
    "DSO-X 2024A": (SimulatedInfiniiVision, 8, 200e6, False),
    "DSO-X 3104T": (SimulatedInfiniiVision, 8, 1e9, False),
    "DSO-X 4154A": (SimulatedInfiniiVision, 8, 1.5e9, True),
    "DSO-X 6004A": (SimulatedInfiniiVision, 8, 6e9, True),
    "DSOS204A": (SimulatedInfiniium, 10, 2e9, True),
    "DSO9404A": (SimulatedInfiniium, 8, 4e9, True),
    "MXR608A": (SimulatedInfiniium, 10, 6e9, True),
}


class Bench(NamedTuple):
    driver: Digitizer
    instrument: Any
    link: Link
    play: Callable[[], float]
    model: str


def playback(peak_v: float = PEAK_V) -> Playback:
    place = np.arange(SAMPLES)
    volts = peak_v * np.sin(2.0 * np.pi * TONE_HZ * place / PLAYED_HZ)
    marker = ((place >= TRIGGER_SAMPLE) & (place < TRIGGER_SAMPLE + 200)).astype(np.uint8)
    return Playback(PLAYED_HZ, {"1": volts.astype(np.float32)}, {"M1": marker})


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    model = getattr(request, "param", "DSO-X 3104T")
    rf_bench = RfBench(seed=5, clock_error_ppm=0.0)
    for into in ("1", "2"):
        rf_bench.connect(("awg", "1"), ("scope", into), Cable(ATTENUATION_DB, 3e-9))
    for into in ("EXT", "4"):
        rf_bench.connect(("awg", "M1"), ("scope", into), Cable(0.0, 3e-9))
    instrument = MODELS[model][0]("scope", bench=rf_bench, model=model)
    with connected(instrument) as link:
        driver = open_digitizer(link)
        driver.ensure_ready()
        yield Bench(driver, instrument, link, lambda: rf_bench.play("awg", playback()), model)


every_model = pytest.mark.parametrize("bench", list(MODELS), indirect=True)
both_families = pytest.mark.parametrize("bench", ["DSO-X 3104T", "DSOS204A"], indirect=True)


def volts_of(record: Record) -> NDArray[np.float64]:
    return np.asarray(record.codes * record.volts_per_code + record.offset_v, np.float64)


def require_tone(record: Record, model: str) -> None:
    """Compare a record with what was played, at its own instants, sample by sample."""
    _, bits, bandwidth_hz, _ = MODELS[model]
    volts = volts_of(record)
    time_s = record.first_sample_s + record.interval_s * np.arange(volts.size)
    wanted = ARRIVING_V * np.sin(
        2.0 * np.pi * TONE_HZ * (time_s + TRIGGER_SAMPLE / PLAYED_HZ)
    )  # fmt: skip
    # Half a code of the range, six times noise (1e-3 of it and 0.1 mV, rms; 200 000 samples) and
    # five times the trigger's jitter, and what a Gaussian takes from the tone.
    range_v = 2.0 * CAPTURE.full_scale_v * 1.02
    loss_v = ARRIVING_V * (1.0 - 2.0 ** (-0.5 * (TONE_HZ / bandwidth_hz) ** 2))
    limit_v = (
        0.5 * range_v / (1 << bits)
        + 6.0 * (1e-3 * range_v + 1e-4)
        + 5.0 * JITTER_S * 2.0 * math.pi * TONE_HZ * ARRIVING_V
        + loss_v
    )
    assert np.abs(volts - wanted).max() < limit_v
    # The whole of what was asked for, and the sub-sample place of the trigger in it: noise averages
    # to sigma / (A pi f sqrt(2 N)), which for all of these is below the jitter.
    assert time_s[0] <= -CAPTURE.pre_trigger_s
    assert time_s[-1] >= CAPTURE.duration_s - record.interval_s
    base = np.exp(2j * np.pi * TONE_HZ * time_s)
    whole = int(10 / (TONE_HZ * record.interval_s))
    found, expected = np.vdot(base[:whole], volts[:whole]), np.vdot(base[:whole], wanted[:whole])
    late_s = float(np.angle(found / expected)) / (2.0 * np.pi * TONE_HZ)
    assert abs(late_s) < 6.0 * JITTER_S + 10e-12


@every_model
@pytest.mark.parametrize("segments", [1, 3])
def test_records_are_what_was_played(bench: Bench, segments: int) -> None:
    setup = bench.driver.configure(replace(CAPTURE, segments=segments))
    assert setup.segments == segments
    assert setup.sample_rate_hz >= CAPTURE.sample_rate_hz
    assert setup.full_scale_v >= CAPTURE.full_scale_v * (1.0 - 1e-4)
    bench.driver.arm()
    for _ in range(segments):
        bench.play()
    bench.driver.wait_captured(5.0)
    told: list[tuple[int, int]] = []
    starts = set()
    for segment in range(segments):
        record = bench.driver.fetch(1, segment, lambda done, of: told.append((done, of)))
        assert record.codes.dtype == np.int16
        assert record.clipped is None
        assert record.codes.size >= setup.record_samples
        assert record.interval_s == pytest.approx(1.0 / setup.sample_rate_hz, rel=1e-8)
        require_tone(record, bench.model)
        starts.add(record.first_sample_s)
    # Where the first sample lies is told to a fraction of a sample, anew for each.
    assert len(starts) == segments
    assert told[-1] == (2 * record.codes.size, 2 * record.codes.size)
    bench.driver.ensure_stopped()


@both_families
def test_a_channel_can_trigger(bench: Bench) -> None:
    bench.driver.configure(replace(CAPTURE, trigger_input="channel 4", channels=(1, 2)))
    bench.driver.arm()
    bench.play()
    bench.driver.wait_captured(5.0)
    for channel in (1, 2):
        require_tone(bench.driver.fetch(channel), bench.model)


@both_families
def test_clipped_samples_are_flagged_where_they_are(bench: Bench) -> None:
    bench.driver.configure(replace(CAPTURE, full_scale_v=0.1))
    bench.driver.arm()
    bench.play()
    bench.driver.wait_captured(5.0)
    record = bench.driver.fetch(1)
    assert record.clipped is not None
    time_s = record.first_sample_s + record.interval_s * np.arange(record.codes.size)
    wanted = ARRIVING_V * np.sin(2.0 * np.pi * TONE_HZ * (time_s + TRIGGER_SAMPLE / PLAYED_HZ))
    # Apart from where noise and a step of the ADC decide.
    sure_v = 6.0 * (1e-3 * 0.2 + 1e-4) + 3.0 * 0.2 / 256
    assert record.clipped[np.abs(wanted) > 0.1 + sure_v].all()
    assert not record.clipped[np.abs(wanted) < 0.1 - sure_v].any()


@both_families
def test_without_a_trigger_it_gives_up(bench: Bench) -> None:
    bench.driver.configure(replace(CAPTURE, segments=3))
    bench.driver.arm()
    bench.play()
    with pytest.raises(DeviceTimeoutError, match="did not record 3 triggers"):
        bench.driver.wait_captured(0.05)
    assert not bench.instrument.acquisition.armed
    # And can begin anew.
    bench.driver.configure(CAPTURE)
    bench.driver.arm()
    bench.play()
    bench.driver.wait_captured(5.0)
    require_tone(bench.driver.fetch(1), bench.model)


@both_families
def test_a_level_that_the_marker_does_not_reach(bench: Bench) -> None:
    bench.driver.configure(replace(CAPTURE, trigger_level_v=1.5))
    bench.driver.arm()
    bench.play()
    with pytest.raises(DeviceTimeoutError, match="crosses its level"):
        bench.driver.wait_captured(0.05)


@every_model
def test_limits(bench: Bench) -> None:
    _, bits, bandwidth_hz, _ = MODELS[bench.model]
    limits = bench.driver.limits((1,))
    assert limits.adc_bits == bits
    # A 6000 X-Series has at least 1 GHz; what its licence adds it does not tell.
    assert limits.bandwidth_hz == (1e9 if bench.model == "DSO-X 6004A" else bandwidth_hz)
    assert limits.channels == (8 if bench.model == "MXR608A" else 4)
    setup = bench.driver.configure(
        replace(CAPTURE, sample_rate_hz=limits.max_sample_rate_hz, duration_s=2e-6)
    )
    assert setup.sample_rate_hz == limits.max_sample_rate_hz


@every_model
def test_the_reference(bench: Bench) -> None:
    external = replace(CAPTURE, clock_reference="external")
    if not MODELS[bench.model][3]:
        with pytest.raises(DeviceSettingsError, match="no input for a reference"):
            bench.driver.configure(external)
        return
    bench.driver.configure(external)
    found = bench.driver.read_back()
    assert found.get("external_reference") is True or found["reference"] == "IN"
    bench.driver.configure(CAPTURE)
    found = bench.driver.read_back()
    assert found.get("external_reference") is False or found["reference"] == "OFF"


@both_families
@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"channels": ()}, "channels"),
        ({"channels": (1, 1)}, "channels"),
        ({"channels": (9,)}, "channels"),
        ({"trigger_input": "channel 9"}, "trigger_input"),
        ({"trigger_input": "front door"}, "trigger_input"),
        ({"full_scale_v": 30.0}, "30 V"),
        ({"duration_s": 0.0}, "record"),
        ({"segments": 100_000}, "100000 segments"),
    ],
)
def test_what_it_cannot_have_is_refused(bench: Bench, wrong: dict[str, Any], what: str) -> None:
    with pytest.raises((DeviceSettingsError, InstrumentError), match=what):
        bench.driver.configure(replace(CAPTURE, **wrong))
    with pytest.raises(DeviceStateError):
        bench.driver.arm()


def test_an_infiniivision_says_when_memory_is_too_short(bench: Bench) -> None:
    # 4 Mpts at 5 GSa/s are 0.8 ms; longer ones are sampled slower.
    assert bench.driver.configure(replace(CAPTURE, duration_s=1.5e-3)).sample_rate_hz == 2.5e9
    with pytest.raises(DeviceSettingsError, match="shorter parts"):
        bench.driver.configure(replace(CAPTURE, duration_s=5e-3))


@pytest.mark.parametrize("bench", ["DSO9404A"], indirect=True)
def test_an_infiniium_says_when_memory_is_too_short(bench: Bench) -> None:
    with pytest.raises((DeviceSettingsError, InstrumentError)):
        bench.driver.configure(replace(CAPTURE, duration_s=50e-3))


@both_families
def test_a_record_of_a_channel_that_was_off(bench: Bench) -> None:
    bench.driver.configure(CAPTURE)
    bench.driver.arm()
    bench.play()
    bench.driver.wait_captured(5.0)
    for channel, segment in ((2, 0), (1, 1)):
        with pytest.raises(DeviceSettingsError, match="fetch channels"):
            bench.driver.fetch(channel, segment)


@both_families
def test_holes_are_no_samples(bench: Bench) -> None:
    bench.driver.configure(CAPTURE)
    bench.driver.arm()
    bench.play()
    bench.driver.wait_captured(5.0)
    # What equivalent-time sampling leaves, by each family's code of a hole. The simulated ones have
    # none, so that the block is made here.
    middle, hole = (0, 31232) if bench.model == "DSOS204A" else (0x8000, 0)
    words = np.full(bench.instrument.acquisition.shots[0].codes[1].size, middle, "<u2")
    words[100] = hole
    block = b"#8%08d" % words.nbytes + words.tobytes()
    bench.instrument.tree.query(":WAVeform:DATA", lambda _: block, replace=True)
    with pytest.raises(DriverError, match="not taken"):
        bench.driver.fetch(1)


@both_families
def test_errors_of_the_instrument_carry_their_text(bench: Bench) -> None:
    bench.driver.configure(CAPTURE)
    bench.link.timeout_s = 0.2
    # Nothing was recorded: such a question is answered with an error, which is no answer.
    with pytest.raises(DeviceTimeoutError) as caught:
        bench.driver.fetch(1)
    assert any("nothing was acquired" in note for note in caught.value.__notes__)


@both_families
def test_only_stopping_is_sent_to_stop(bench: Bench) -> None:
    bench.driver.configure(CAPTURE)
    bench.driver.arm()
    before = len(sent(bench.link))
    bench.driver.ensure_stopped()
    first, *others = sent(bench.link)[before:]
    assert first == ":STOP"
    assert all(text.endswith("?") for text in others)
    assert not bench.instrument.acquisition.armed
    bench.link.close()
    bench.driver.ensure_stopped()


@pytest.mark.parametrize("answer", ["", "1,2,3", "1,0,1000,1,1e-9,x,0,1,0,0"])
def test_what_is_no_preamble(answer: str) -> None:
    with pytest.raises(AnswerError, match="number"):
        Preamble.parse(answer.split(","))
