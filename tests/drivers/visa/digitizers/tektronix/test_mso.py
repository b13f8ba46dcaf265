"""What a Tektronix MSO records: volts and times of what was played, in every segment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceTimeoutError
from drivers.simulators.bench.rf_bench import Cable, Playback, RfBench
from drivers.simulators.digitizers.tektronix.mso import SimulatedTektronixMso
from drivers.simulators.servers.faults import Fault
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.catalogue import open_digitizer
from drivers.visa.digitizers.tektronix.mso import TektronixMso
from drivers.visa.errors import AnswerError, InstrumentError
from drivers.visa.instrument import CaptureSettings, Record
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent

RATE_HZ = 1e9
TONE_HZ = 40e6
AMPLITUDE_V = 0.2
MARKERS = (1000, 8000, 15_000)
CAPTURE = CaptureSettings(
    (1,), 1.25e9, 4e-6, pre_trigger_s=0.5e-6, full_scale_v=0.25, trigger_input="channel 4"
)


@contextmanager
def _scope(model: str = "MSO58") -> Iterator[tuple[SimulatedTektronixMso, TektronixMso, RfBench]]:
    bench = RfBench(seed=1)
    for source, sink in (("1", "1"), ("M1", "4"), ("M1", "EXT")):
        bench.connect(("awg", source), ("scope", sink), Cable())
    simulated = SimulatedTektronixMso("scope", model=model, bench=bench)
    with connected(simulated) as link:
        digitizer = open_digitizer(link)
        assert isinstance(digitizer, TektronixMso)
        digitizer.ensure_ready()
        yield simulated, digitizer, bench


def _play(bench: RfBench, amplitude_v: float = AMPLITUDE_V) -> None:
    n = np.arange(20_000)
    volts = (amplitude_v * np.cos(2.0 * np.pi * TONE_HZ / RATE_HZ * n)).astype(np.float32)
    markers = np.zeros(n.size, np.uint8)
    for first in MARKERS:
        markers[first : first + 50] = 1
    bench.play("awg", Playback(RATE_HZ, {"1": volts}, {"M1": markers}))


def _volts(record: Record) -> NDArray[np.float64]:
    return record.codes.astype(np.float64) * record.volts_per_code + record.offset_v


def _error_v(record: Record, marker: int, delay_s: float = 0.0) -> float:
    """Root mean square of what is not the tone that was played, by the times of the record."""
    volts = _volts(record)
    time_s = record.first_sample_s + np.arange(volts.size) * record.interval_s
    played_s = time_s + marker / RATE_HZ - delay_s
    # The bandwidth of 2 GHz leaves 1 - ln(2)/2 (40 MHz / 2 GHz)^2 of the tone, 1.4e-4 less.
    wanted = AMPLITUDE_V * (1 - 1.4e-4) * np.cos(2.0 * np.pi * TONE_HZ * played_s)
    return float(np.std(volts - wanted))


# Noise of 0.008 divisions of 50 mV and 60 uV at the input make 0.404 mV; a code of 12 bits is
# 125 uV and makes 36 uV; the jitter of 3 ps makes 0.15 mV of a tone of 50 V/us.
EXPECTED_V = np.sqrt(0.404e-3**2 + 36e-6**2 + 0.15e-3**2)


@pytest.mark.parametrize("segments", [1, 3])
def test_records_are_in_volts_and_in_seconds_after_the_trigger(segments: int) -> None:
    with _scope() as (_, digitizer, bench):
        setup = digitizer.configure(replace(CAPTURE, segments=segments))
        digitizer.arm()
        _play(bench)
        digitizer.wait_captured(1.0)
        records = [digitizer.fetch(1, segment) for segment in range(segments)]
    assert setup.sample_rate_hz == 1.25e9
    assert setup.full_scale_v == pytest.approx(0.25)
    assert setup.segments == segments
    starts = {record.first_sample_s for record in records}
    assert len(starts) == segments
    for record, marker in zip(records, MARKERS, strict=False):
        assert record.codes.dtype == np.int16
        assert record.codes.size == setup.record_samples
        assert record.interval_s == pytest.approx(0.8e-9)
        assert record.first_sample_s <= -0.5e-6
        assert record.first_sample_s + record.codes.size * record.interval_s >= 4e-6
        assert record.clipped is None
        assert _error_v(record, marker) < 1.15 * EXPECTED_V


def test_the_time_of_a_record_is_the_trigger_s_to_its_jitter() -> None:
    """Shots differ by their phase against the clock; XZERO takes it out, down to 3 ps."""
    errors_s = []
    with _scope() as (_, digitizer, bench):
        digitizer.configure(CAPTURE)
        for _ in range(12):
            digitizer.arm()
            _play(bench)
            digitizer.wait_captured(1.0)
            record = digitizer.fetch(1)
            time_s = record.first_sample_s + np.arange(record.codes.size) * record.interval_s
            phase = 2.0 * np.pi * TONE_HZ * (time_s + MARKERS[0] / RATE_HZ)
            measured = np.angle(np.mean(_volts(record) * np.exp(-1j * phase)))
            errors_s.append(float(measured) / (2.0 * np.pi * TONE_HZ))
    # Noise of 0.4 mV against 200 mV over 5600 samples is 0.15 ps.
    assert np.std(errors_s) < 6e-12
    assert abs(np.mean(errors_s)) < 4e-12


def test_the_auxiliary_input_triggers_where_there_is_one() -> None:
    with _scope("MSO44") as (_, digitizer, bench):
        digitizer.configure(replace(CAPTURE, trigger_input="external"))
        digitizer.arm()
        _play(bench)
        digitizer.wait_captured(1.0)
        assert digitizer.fetch(1).codes.size > 5000
    with (
        _scope("MSO58") as (_, digitizer, _),
        pytest.raises(DeviceSettingsError, match="no auxiliary input"),
    ):
        digitizer.configure(replace(CAPTURE, trigger_input="external"))


def test_clipped_samples_are_told() -> None:
    with _scope() as (_, digitizer, bench):
        digitizer.configure(CAPTURE)
        digitizer.arm()
        _play(bench, amplitude_v=0.5)
        digitizer.wait_captured(1.0)
        record = digitizer.fetch(1)
        assert digitizer.read_back()["channels"][0]["clipping"] == "1"
    assert record.clipped is not None
    # |0.5 cos| is above 0.254 V, where codes of 8 bits end, for 2 acos(0.508) / pi of the time.
    assert record.clipped.mean() == pytest.approx(2.0 * np.arccos(0.508) / np.pi, abs=5e-3)
    assert np.abs(_volts(record)).max() == pytest.approx(0.256, abs=1e-3)


def test_a_trigger_that_does_not_come_stops_the_acquisition() -> None:
    with _scope() as (simulated, digitizer, bench):
        digitizer.configure(replace(CAPTURE, segments=4))
        digitizer.arm()
        _play(bench)
        with pytest.raises(DeviceTimeoutError, match=r"finish its record within 0\.05 s") as caught:
            digitizer.wait_captured(0.05)
        assert "3 segments were recorded" in caught.value.__notes__
        assert simulated.execute(b"ACQ:STATE?") == b"0"
        # The next one is as if nothing had been.
        digitizer.configure(CAPTURE)
        digitizer.arm()
        _play(bench)
        digitizer.wait_captured(1.0)


def test_limits_are_asked_of_the_instrument() -> None:
    with _scope("MSO64B") as (_, digitizer, _):
        limits = digitizer.limits((1, 2))
        assert limits.channels == 4
        assert limits.max_sample_rate_hz == 50e9
        assert limits.max_record_samples == 62_500_000
        assert limits.bandwidth_hz == 10e9
        assert limits.adc_bits == 12


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"channels": (9,)}, "give 1 to 8"),
        ({"channels": ()}, "give 1 to 8"),
        ({"trigger_input": "channel 9"}, "N of 1 to 8"),
        ({"trigger_input": "somewhere"}, 'or "channel N"'),
        ({"sample_rate_hz": 7e9}, "sample rate of 7e"),
        ({"duration_s": 1.0}, "record at most 62500000"),
        ({"segments": 100_000}, "100000 segments became"),
        ({"full_scale_v": 20.0}, "full scale of 20 V"),
    ],
)
def test_what_it_cannot_record_is_refused(change: dict[str, Any], match: str) -> None:
    with (
        _scope() as (_, digitizer, _),
        pytest.raises((DeviceSettingsError, InstrumentError), match=match),
    ):
        digitizer.configure(replace(CAPTURE, **change))


def test_the_slowest_rate_that_is_fast_enough_is_taken() -> None:
    with _scope() as (_, digitizer, _):
        assert digitizer.configure(replace(CAPTURE, sample_rate_hz=1.3e9)).sample_rate_hz == 3.125e9
        assert digitizer.configure(replace(CAPTURE, sample_rate_hz=100e6)).sample_rate_hz == 125e6


def test_a_curve_that_is_cut_short_is_an_error() -> None:
    simulated = SimulatedTektronixMso("scope", model="MSO44")
    with (
        InstrumentServer(simulated) as server,
        Link(server.hislip_address, timeout_s=0.3) as link,
    ):
        digitizer = open_digitizer(link)
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        digitizer.arm()
        simulated.execute(b"TRIG FORC")
        digitizer.wait_captured(1.0)
        server.inject(Fault("wrong-length", on="CURV"))
        with pytest.raises((AnswerError, DeviceTimeoutError)):
            digitizer.fetch(1)
        assert digitizer.fetch(1).codes.size > 5000
        digitizer.ensure_stopped()


def test_read_back_is_what_the_instrument_says() -> None:
    with _scope() as (_, digitizer, _):
        digitizer.configure(replace(CAPTURE, clock_reference="external"))
        told = digitizer.read_back()
    assert told["reference_source"] == "EXT"
    assert told["reference_locked"] is True
    assert told["sample_rate_hz"] == 1.25e9
    assert told["channels"] == [
        {
            "channel": 1,
            "v_per_division": 0.05,
            "termination_ohm": 50.0,
            "bandwidth_hz": 2e9,
            "clipping": "0",
        }
    ]


def test_operation_complete_is_never_an_event() -> None:
    """``*OPC`` would put one into the queue, which would be taken for an error."""
    bench = RfBench()
    simulated = SimulatedTektronixMso("scope", bench=bench)
    with connected(simulated) as link:
        digitizer = open_digitizer(link)
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        digitizer.ensure_stopped()
        assert "*OPC" not in sent(link)
        assert not any("SYST" in message.upper() for message in sent(link))


def test_arming_ends_when_it_is_ready_and_not_before() -> None:
    simulated = SimulatedTektronixMso("scope")
    with connected(simulated) as link:
        digitizer = open_digitizer(link)
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        digitizer.arm()
        states = [
            entry.text for entry in link.log.entries if entry.text in ("SAVE", "ARMED", "READY")
        ]
    assert states == ["SAVE", "ARMED", "READY"]
