"""The life of a Tektronix AWG: levels, sequence, triggers, and outputs that go off."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from drivers.errors import (
    DeviceSettingsError,
    DeviceStateError,
    DeviceTimeoutError,
    DriverError,
    LinkLostError,
)
from drivers.simulators.bench.rf_bench import Cable, RfBench, Signal
from drivers.simulators.generators.tektronix.awg import SimulatedTektronixAwg
from drivers.simulators.servers.faults import Fault
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.catalogue import open_generator
from drivers.visa.errors import AnswerError, InstrumentError
from drivers.visa.generators.tektronix.awg import TektronixAwg
from drivers.visa.instrument import OutputSettings
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.generators.array_waveform import ArrayWaveform

REAL = OutputSettings("real", 1e9, (1,), peak_v=0.2)
IQ = OutputSettings("iq", 1e9, (1, 2), peak_v=0.2)


@contextmanager
def _generator(
    model: str = "AWG5204", options: str | None = None, bench: RfBench | None = None
) -> Iterator[tuple[SimulatedTektronixAwg, TektronixAwg, Link]]:
    simulated = SimulatedTektronixAwg("awg", model=model, options=options, bench=bench)
    with connected(simulated) as link:
        generator = open_generator(link)
        assert isinstance(generator, TektronixAwg)
        generator.ensure_ready()
        yield simulated, generator, link


def _ramp(value: float, samples: int = 3000) -> ArrayWaveform:
    return ArrayWaveform(np.full(samples, value, np.float32))


@pytest.mark.parametrize("options", [None, "25"], ids=["sequence", "selected one by one"])
def test_every_trigger_plays_the_next_waveform_once(options: str | None) -> None:
    heard: list[float] = []
    bench = RfBench()
    bench.connect(("awg", "1"), ("scope", "1"), Cable())

    def listen(signal: Signal) -> None:
        # In the middle of 3000 samples at 1 GHz.
        heard.append(float(signal.sample("1", 1.5e-6, 1e-9, 1)[0]))

    bench.register_digitizer("scope", listen)
    with _generator(options=options, bench=bench) as (simulated, generator, _):
        assert generator.has_sequencer == (options is None)
        generator.configure(REAL)
        for name, value in (("a", 0.25), ("b", -1.0), ("c", 0.5)):
            generator.upload(name, _ramp(value))
        generator.queue(["a", "b", "c", "a"])
        assert not simulated.radiates(1)
        generator.arm()
        assert simulated.radiates(1)
        for _ in range(4):
            generator.trigger()
            generator.wait_played(1.0)
        # One code of 15 bits is 0.2 V / 16383 = 12 uV.
        assert heard == pytest.approx([0.05, -0.2, 0.1, 0.05], abs=1.3e-5)
        with pytest.raises(DeviceStateError, match="after 4 of 4"):
            generator.trigger()
        # A trigger too many plays silence, or nothing.
        simulated.external_trigger()
        assert all(value == 0.0 for value in heard[4:])
        generator.ensure_stopped()
        assert not simulated.radiates(1)
        assert simulated.run_state == 0


def test_i_and_q_go_to_two_outputs_with_the_marker() -> None:
    heard: list[tuple[float, float, float]] = []
    bench = RfBench()
    for name in ("1", "2"):
        bench.connect(("awg", name), ("scope", name), Cable())
    bench.connect(("awg", "M1"), ("scope", "4"), Cable())

    def listen(signal: Signal) -> None:
        i, q = (float(signal.sample(name, 1.5e-6, 1e-9, 1)[0]) for name in "12")
        heard.append((i, q, float(signal.edges("4", 0.5)[0])))

    bench.register_digitizer("scope", listen)
    with _generator("AWG70002A", bench=bench) as (_, generator, _):
        generator.configure(IQ)
        markers = np.zeros(3000, np.uint8)
        markers[500:600] = 1
        samples = np.full(3000, 0.5 - 0.25j, np.complex64)
        generator.upload("iq", ArrayWaveform(samples, markers))
        generator.queue(["iq"])
        generator.arm()
        generator.trigger()
        generator.wait_played(1.0)
    # One code of 9 bits is 0.2 V / 255.
    assert heard[0][:2] == pytest.approx((0.1, -0.05), abs=0.5 * 0.2 / 255)
    assert heard[0][2] == pytest.approx(500e-9, abs=1e-12)


def test_an_external_trigger_is_waited_for() -> None:
    with _generator() as (simulated, generator, _):
        generator.configure(replace(REAL, trigger="external"))
        generator.upload("a", _ramp(0.5))
        generator.queue(["a", "a"])
        generator.arm()
        with pytest.raises(DeviceTimeoutError, match=r"within 0.05 s \(run state 1\)"):
            generator.wait_played(0.05)
        with pytest.raises(DeviceStateError, match="trigger external"):
            generator.trigger()
        for _ in range(2):
            simulated.external_trigger()
            generator.wait_played(1.0)


def test_a_waveform_that_is_not_over_by_the_deadline() -> None:
    with _generator() as (_, generator, _):
        # 30 000 samples at 10 kS/s last 3 s.
        generator.configure(replace(REAL, sample_rate_hz=1e4))
        generator.upload("slow", _ramp(0.5, 30_000))
        generator.queue(["slow"])
        generator.arm()
        generator.trigger()
        with pytest.raises(DeviceTimeoutError, match="run state 2"):
            generator.wait_played(0.05)


@pytest.mark.parametrize(
    ("model", "output", "match"),
    [
        ("AWG5204", replace(REAL, signal="modulated"), "signal modulated"),
        ("AWG70001A", IQ, "signal iq"),
        ("AWG5204", replace(REAL, channels=(5,)), r"give 1 of 1 to 4"),
        ("AWG5204", replace(IQ, channels=(1, 1)), r"give 2 of 1 to 4"),
        ("AWG5204", replace(REAL, sample_rate_hz=2.6e9), r"300 to 2.5e\+09 Hz"),
        ("AWG5204", replace(REAL, sample_rate_hz=float("nan")), "sample rate of nan"),
        ("AWG5204", replace(REAL, peak_v=2.6), "up to 2.5 V"),
        ("AWG70002B", replace(REAL, peak_v=0.26), "up to 0.25 V"),
        ("AWG5204", replace(REAL, peak_v=None), "full scale of None"),
        ("AWG5204", replace(REAL, markers=3), "use 1 to 2"),
    ],
)
def test_impossible_settings_are_refused_unsent(
    model: str, output: OutputSettings, match: str
) -> None:
    with _generator(model) as (_, generator, link):
        before = len(sent(link))
        with pytest.raises(DeviceSettingsError, match=match):
            generator.configure(output)
        assert len(sent(link)) == before


def test_an_external_trigger_needs_the_sequencer() -> None:
    with (
        _generator(options="25") as (_, generator, _),
        pytest.raises(DeviceSettingsError, match="no sequencing"),
    ):
        generator.configure(replace(REAL, trigger="external"))


def test_a_level_that_the_instrument_does_not_have_is_found() -> None:
    # 20 mV peak to peak are below what the path has, which the instrument says.
    with _generator() as (simulated, generator, _):
        with pytest.raises(
            (DeviceSettingsError, InstrumentError), match=r"0\.02|Data out of range"
        ):
            generator.configure(replace(REAL, peak_v=0.01))
        assert not simulated.radiates(1)


def test_limits_are_asked_of_the_instrument() -> None:
    with _generator("AWG70001A") as (_, generator, _):
        limits = generator.limits(replace(REAL, markers=2))
    assert (limits.granularity, limits.min_segment_samples) == (2, 4800)
    # A silence, behind the last waveform of a sequence, has its place.
    assert limits.max_segment_samples == 2_000_000_000 - 4800
    assert limits.dac_bits == 8
    # The last step is the silence at the end.
    assert limits.max_segments == 16382
    assert (limits.min_sample_rate_hz, limits.max_sample_rate_hz) == (1.5e3, 50e9)


def test_the_high_voltage_path_is_taken_where_it_is_needed() -> None:
    with _generator() as (_, generator, _):
        generator.configure(replace(REAL, peak_v=1.5))
        channel = generator.read_back()["channels"][0]
        assert (channel["path"], channel["amplitude_v"]) == ("DCHV", 3.0)


def test_a_trigger_while_it_plays_is_refused() -> None:
    """The instrument would not take it, and a waveform would be left out."""
    with _generator() as (_, generator, _):
        generator.configure(REAL)
        generator.upload("a", _ramp(0.5))
        generator.queue(["a", "a"])
        generator.arm()
        generator.trigger()
        with pytest.raises(DeviceStateError, match="1 of 2 waveforms, 0 played"):
            generator.trigger()
        generator.wait_played(1.0)
        generator.trigger()


def test_a_stop_at_the_front_panel_is_found_at_once() -> None:
    with _generator() as (simulated, generator, _):
        generator.configure(replace(REAL, trigger="external"))
        generator.upload("a", _ramp(0.5))
        generator.queue(["a"])
        generator.arm()
        simulated.execute(b"AWGC:STOP")
        with pytest.raises(DriverError, match="stopped while it should play"):
            generator.wait_played(10.0)


def test_waveforms_of_another_signal_have_to_be_uploaded_anew() -> None:
    with _generator() as (simulated, generator, _):
        for output, waveform in (
            (IQ, ArrayWaveform(np.zeros(3000, np.complex64))),
            (REAL, _ramp(0.5)),
        ):
            generator.configure(output)
            with pytest.raises(DeviceSettingsError, match="not uploaded"):
                generator.queue(["a"])
            generator.upload("a", waveform)
            generator.queue(["a"])
            generator.arm()
            generator.trigger()
            generator.wait_played(1.0)
        with pytest.raises(DeviceSettingsError, match="waveform a is complex"):
            generator.upload("a", ArrayWaveform(np.zeros(3000, np.complex64)))
        assert simulated.memory.get("moonecho_idle").kind == "REAL"


def test_queue_refuses_what_is_not_there() -> None:
    with _generator() as (_, generator, _):
        with pytest.raises(DeviceStateError, match="configure"):
            generator.queue(["a"])
        generator.configure(REAL)
        with pytest.raises(DeviceStateError, match="queue waveforms"):
            generator.arm()
        with pytest.raises(DeviceSettingsError, match="waveform a, not uploaded"):
            generator.queue(["a"])
        with pytest.raises(DeviceSettingsError, match="0 waveforms"):
            generator.queue([])


def test_what_an_earlier_run_left_is_removed_and_nothing_else() -> None:
    with _generator() as (simulated, generator, _):
        simulated.execute(b'WLIS:WAV:NEW "theirs",2400')
        generator.configure(REAL)
        generator.upload("a", _ramp(0.5))
        generator.queue(["a"])
        assert sorted(simulated.memory.waveforms) == ["moonecho_a", "moonecho_idle", "theirs"]
        generator.ensure_ready()
        assert list(simulated.memory.waveforms) == ["theirs"]
        assert simulated.sequences.sequences == {}


def test_read_back_is_what_the_instrument_says() -> None:
    with _generator() as (_, generator, _):
        generator.configure(replace(REAL, clock_reference="external"))
        generator.upload("a", _ramp(2.0))
        told = generator.read_back()
    assert told["sample_rate_hz"] == 1e9
    assert told["clock_source"] == "EFIX"
    assert told["all_outputs_off"] is True
    assert told["waveforms"]["moonecho_a"]["clipped_samples"] == 3000
    assert told["channels"][0]["dac_bits"] == 15


def test_outputs_go_off_behind_a_link_that_broke() -> None:
    simulated = SimulatedTektronixAwg()
    with InstrumentServer(simulated) as server:
        with Link(server.hislip_address) as link:
            generator = open_generator(link)
            generator.ensure_ready()
            generator.configure(REAL)
            generator.upload("a", _ramp(0.5))
            generator.queue(["a"])
            generator.arm()
            assert simulated.radiates(1)
            server.inject(Fault("drop"))
            generator.ensure_stopped()
            assert not simulated.radiates(1)
            assert simulated.run_state == 0
        # A link that is closed cannot switch anything; and nothing is raised.
        generator.ensure_stopped()


def test_outputs_are_off_before_anything_is_set() -> None:
    simulated = SimulatedTektronixAwg()
    with connected(simulated) as link:
        simulated.execute(b'OUTP1 ON;:WLIS:WAV:NEW "x",2400;:SOUR1:WAV "x";:AWGC:RUN')
        assert simulated.radiates(1)
        generator = open_generator(link)
        asked = len(sent(link))
        generator.ensure_ready()
        assert sent(link)[asked] == "OUTPut:OFF ON"
        assert not simulated.radiates(1)
        assert simulated.run_state == 0


FAULTS = [
    (Fault("slow", on="RSTate", seconds=3.0), DeviceTimeoutError),
    (Fault("silent", on="RSTate"), DeviceTimeoutError),
    (Fault("garbage", on="RSTate"), AnswerError),
    (Fault("error", on="TRIGger:IMMediate"), InstrumentError),
    (Fault("drop", on="RSTate"), LinkLostError),
    (Fault("reboot", on="RSTate", seconds=0.3), LinkLostError),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS, ids=[fault.kind for fault, _ in FAULTS])
def test_faults_end_in_their_error_and_outputs_go_off(
    fault: Fault, error: type[DriverError]
) -> None:
    simulated = SimulatedTektronixAwg()
    with InstrumentServer(simulated) as server, Link(server.hislip_address, timeout_s=0.3) as link:
        generator = open_generator(link)
        generator.ensure_ready()
        generator.configure(REAL)
        generator.upload("a", _ramp(0.5))
        generator.queue(["a"])
        generator.arm()
        server.inject(fault)
        began_s = time.monotonic()
        with pytest.raises(error):
            generator.trigger()
            generator.wait_played(1.0)
        # The timeout, or what it takes to find that nobody is there: far less than the suite's.
        assert time.monotonic() - began_s < 5.0
        generator.ensure_stopped()
        assert not simulated.radiates(1)
        assert simulated.run_state == 0
        # And it can be used again.
        generator.ensure_ready()
        generator.configure(REAL)
