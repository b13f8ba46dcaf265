"""Our driver of RTO and RTP on the simulated one, and its headers in RsRtx's and QCoDeS's."""

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.errors import DeviceSettingsError, DeviceStateError, DeviceTimeoutError, DriverError
from drivers.simulators.bench.rf_bench import Cable, Playback, RfBench
from drivers.simulators.digitizers.rohde_schwarz.rto import SimulatedRto
from drivers.simulators.servers.faults import Fault
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.catalogue import open_digitizer
from drivers.visa.digitizers.rohde_schwarz.rto import RohdeSchwarzRto
from drivers.visa.instrument import CaptureSettings, Record
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.vendor_headers import HeaderTree, headers_of

TONE_HZ = 37e6
RATE_HZ = 250e6
CAPTURE = CaptureSettings(
    (1,), RATE_HZ, 4e-6, pre_trigger_s=0.5e-6, full_scale_v=0.2, clock_reference="external"
)
PLACES = (
    "Internal",
    "Implementations/Acquire",
    "Implementations/Channel",
    "Implementations/Export",
    "Implementations/FormatPy",
    "Implementations/Run.py",
    "Implementations/Sense",
    "Implementations/Timebase",
    "Implementations/Trigger",
)
# RsRtx sends none of these; QCoDeS's driver does.
QCODES_HEADERS = {"DIAG:SERV:WFAM?", "STAT:OPER:COND?", "STOP"}


def made(link: Link) -> RohdeSchwarzRto:
    digitizer = open_digitizer(link)
    assert isinstance(digitizer, RohdeSchwarzRto)
    return digitizer


def tone(amplitude_v: float = 0.1, samples: int = 2000) -> Playback:
    """A cosine whose phase is zero where the marker rises, at sample 500."""
    phase = 2.0 * np.pi * TONE_HZ * (np.arange(samples) - 500) / 500e6
    marker = np.zeros(samples, np.uint8)
    marker[500:600] = 1
    volts = (amplitude_v * np.cos(phase)).astype(np.float32)
    return Playback(500e6, {"1": volts}, {"M1": marker}, reference="external")


def wired() -> RfBench:
    bench = RfBench(seed=2)
    bench.connect(("awg", "1"), ("scope", "1"))
    bench.connect(("awg", "1"), ("scope", "2"), Cable(6.0, 3e-9))
    bench.connect(("awg", "M1"), ("scope", "EXT"))
    return bench


def times_of(record: Record) -> NDArray[np.float64]:
    return record.first_sample_s + record.interval_s * np.arange(record.codes.size, dtype=float)


def phasor(record: Record) -> complex:
    """Amplitude and phase at the trigger, over 2.5 us in which the tone is on."""
    times = times_of(record)
    on = (times > 0.1e-6) & (times < 2.6e-6)
    window = np.hanning(np.count_nonzero(on))
    turning = record.codes[on] * np.exp(-2j * np.pi * TONE_HZ * times[on])
    return complex(2.0 * np.sum(turning * window) / np.sum(window))


def test_every_header_is_in_their_trees() -> None:
    tree = HeaderTree("rsrtx", PLACES)
    qcodes = HeaderTree("qcodes.instrument_drivers.rohde_schwarz", ["RTO1000.py"])
    bench = wired()
    with connected(SimulatedRto("scope", bench=bench)) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        for trigger, segments in (("external", 1), ("channel 1", 2)):
            digitizer.configure(
                CaptureSettings(
                    (1, 2), RATE_HZ, 1e-6, segments=segments, full_scale_v=0.2,
                    trigger_input=trigger, trigger_level_v=0.05, clock_reference="external",
                )
            )  # fmt: skip
            digitizer.arm()
            while not digitizer_done(link):
                bench.play("awg", tone())
            digitizer.wait_captured(5.0)
            digitizer.fetch(1)
            digitizer.read_back()
        digitizer.ensure_stopped()
        headers = {header for message in sent(link) for header in headers_of(message)}
    own = {header for header in headers if not header.startswith("*")}
    assert len(own) > 40
    assert {header for header in own if not tree.has(header)} == QCODES_HEADERS
    assert all(qcodes.has(header) for header in QCODES_HEADERS)
    # Nothing that stands in the source was left out.
    source = HeaderTree("drivers.visa.digitizers.rohde_schwarz", ["rto.py"])
    assert len(source.headers) > 25
    assert source.unused(headers) == set()


def digitizer_done(link: Link) -> bool:
    return link.query_whole("STAT:OPER:COND?") & 0b11000 == 0


def test_a_wrong_header_is_not_in_the_tree() -> None:
    tree = HeaderTree("rsrtx", PLACES)
    for header in ("ACQ:SRRE", "CHAN1:WAV1:DATA:HEADR?", "CHAN1:DATA", "TRIG1:LEV5:VALU", "RUNX"):
        assert not tree.has(header)


def test_samples_and_their_times() -> None:
    """The tone comes back with its amplitude, and with phase zero at the trigger."""
    bench = wired()
    with connected(SimulatedRto("scope", bench=bench)) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        setup = digitizer.configure(CAPTURE)
        assert setup.sample_rate_hz == RATE_HZ
        assert setup.full_scale_v == pytest.approx(0.2)
        offsets = set()
        for _ in range(4):
            digitizer.arm()
            bench.play("awg", tone())
            digitizer.wait_captured(5.0)
            record = digitizer.fetch(1)
            assert record.codes.size == setup.record_samples
            assert record.first_sample_s <= -0.5e-6
            assert times_of(record)[-1] >= 4e-6
            assert record.clipped is None
            found = phasor(record)
            # 8 bits and noise of 0.6 mV, over 625 samples weighed by a Hann window: 0.04 mV on
            # each axis; the Gaussian of 4 GHz costs 3e-5. 1 ps of jitter turns by 2e-4.
            assert abs(found) == pytest.approx(0.1, abs=2e-4)
            assert np.angle(found) == pytest.approx(0.0, abs=2e-3)
            offsets.add(round((record.first_sample_s * RATE_HZ) % 1.0, 3))
    # The grid does not stand still against the trigger.
    assert len(offsets) == 4


def test_segments_are_told_apart() -> None:
    bench = wired()
    with connected(SimulatedRto("scope", bench=bench)) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        digitizer.configure(
            CaptureSettings(
                (1, 2), RATE_HZ, 3e-6, segments=3, full_scale_v=0.2, clock_reference="external"
            )
        )
        digitizer.arm()
        for amplitude_v in (0.03, 0.06, 0.12):
            bench.play("awg", tone(amplitude_v))
        digitizer.wait_captured(5.0)
        for segment, amplitude_v in enumerate((0.03, 0.06, 0.12)):
            assert abs(phasor(digitizer.fetch(1, segment))) == pytest.approx(amplitude_v, abs=2e-4)
            late = phasor(digitizer.fetch(2, segment))
            # 6 dB, and 3 ns of cable.
            assert abs(late) == pytest.approx(amplitude_v * 10**-0.3, abs=2e-4)
            turned = late * np.exp(2j * np.pi * TONE_HZ * 3e-9)
            assert np.angle(turned) == pytest.approx(0.0, abs=1.5e-2)
        told = json.loads(json.dumps(digitizer.read_back()))
    assert told["segmentation"] is True
    assert told["model"] == "RTO2044"
    assert told["range_v"] == {"1": 0.4, "2": 0.4}
    assert len(told["segment_times_s"]) == 3


def test_clipping_is_told() -> None:
    bench = wired()
    with connected(SimulatedRto("scope", bench=bench)) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        digitizer.arm()
        bench.play("awg", tone(0.3))
        digitizer.wait_captured(5.0)
        record = digitizer.fetch(1)
    assert record.clipped is not None
    # A cosine of 0.3 V is beyond 0.2 V for acos(2/3) * 2 / pi = 53.5 % of the time that it is on,
    # which are 3 us of 4.5 us.
    on = (times_of(record) > 0.1e-6) & (times_of(record) < 2.9e-6)
    share = np.mean(record.clipped[on])
    assert share == pytest.approx(2.0 * math.acos(2.0 / 3.0) / math.pi, abs=0.02)
    assert not record.clipped[times_of(record) > 3.2e-6].any()


def test_no_trigger_is_a_timeout_and_the_link_lives() -> None:
    bench = wired()
    simulator = SimulatedRto("scope", bench=bench)
    with connected(simulator) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        digitizer.arm()
        with pytest.raises(DeviceTimeoutError, match="0 of 1 triggers"):
            digitizer.wait_captured(0.1)
        assert not simulator.waiting
        with pytest.raises(DeviceStateError):
            digitizer.fetch(1)
        digitizer.arm()
        bench.play("awg", tone())
        digitizer.wait_captured(5.0)
        assert abs(phasor(digitizer.fetch(1))) == pytest.approx(0.1, abs=2e-4)


def test_progress_is_told_and_long_records_are_read_in_pieces() -> None:
    bench = wired()
    with connected(SimulatedRto("scope", bench=bench)) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        digitizer.configure(CaptureSettings((1,), 10e9, 450e-6, full_scale_v=0.2))
        digitizer.arm()
        bench.play("awg", tone())
        digitizer.wait_captured(20.0)
        done: list[tuple[int, int]] = []
        record = digitizer.fetch(1, progress=lambda now, whole: done.append((now, whole)))
    assert record.codes.size >= 4_500_000
    assert [now for now, _ in done] == [16_000_000, 4 * record.codes.size]


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": (5,)},
        {"channels": ()},
        {"sample_rate_hz": 20e9},
        {"full_scale_v": 6.0},
        {"full_scale_v": 0.0},
        {"duration_s": 1.0},
        {"segments": 100_000},
        {"trigger_input": "channel 7"},
        {"trigger_input": "line"},
    ],
)
def test_what_it_cannot_do_is_refused(changes: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {
        "channels": (1,),
        "sample_rate_hz": 1e9,
        "duration_s": 10e-6,
    } | changes
    with connected(SimulatedRto("scope")) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        with pytest.raises(DriverError):
            digitizer.configure(CaptureSettings(**wanted))


def test_a_missing_reference_is_found() -> None:
    with connected(SimulatedRto("scope", external_reference=False)) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        with pytest.raises(DriverError, match="reference"):
            digitizer.configure(CAPTURE)


def test_calls_out_of_order_are_refused() -> None:
    with connected(SimulatedRto("scope")) as link:
        digitizer = made(link)
        for call in (
            digitizer.arm,
            lambda: digitizer.wait_captured(1.0),
            lambda: digitizer.fetch(1),
        ):
            with pytest.raises(DeviceStateError):
                call()
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        with pytest.raises(DeviceStateError):
            digitizer.wait_captured(1.0)


def test_limits_are_those_of_the_model() -> None:
    with connected(SimulatedRto("scope")) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        limits = digitizer.limits((1, 2))
    assert limits.channels == 4
    assert limits.bandwidth_hz == 4e9
    assert limits.max_sample_rate_hz == 10e9
    assert limits.max_record_samples == 100_000_000
    with pytest.raises(DeviceSettingsError), connected(SimulatedRto("scope")) as link:
        made(link).limits((9,))


def test_it_is_stopped_over_a_link_in_trouble() -> None:
    simulator = SimulatedRto("scope", bench=wired())
    with InstrumentServer(simulator) as server, Link(server.hislip_address, timeout_s=0.5) as link:
        digitizer = made(link)
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        digitizer.arm()
        server.inject(Fault("error", on="STOP"))
        digitizer.ensure_stopped()
        digitizer.ensure_stopped()
        assert digitizer_done(link)


def test_a_timeout_and_a_record_over_a_raw_socket() -> None:
    bench = wired()
    with (
        InstrumentServer(SimulatedRto("scope", bench=bench)) as server,
        Link(server.socket_address) as link,
    ):
        digitizer = made(link)
        digitizer.ensure_ready()
        digitizer.configure(CAPTURE)
        digitizer.arm()
        with pytest.raises(DeviceTimeoutError, match="0 of 1 triggers"):
            digitizer.wait_captured(0.1)
        digitizer.arm()
        bench.play("awg", tone())
        digitizer.wait_captured(5.0)
        assert abs(phasor(digitizer.fetch(1))) == pytest.approx(0.1, abs=2e-4)
