"""Our driver of SMW200A and SMBV100B on the simulated ones, and its headers in RsSmw's tree."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import DeviceSettingsError, DeviceStateError, DeviceTimeoutError
from drivers.simulators.bench.rf_bench import RfBench, Signal
from drivers.simulators.generators.rohde_schwarz.smw import Model, SimulatedSmw
from drivers.simulators.servers.instrument_server import InstrumentServer
from drivers.visa.catalogue import open_generator
from drivers.visa.errors import InstrumentError
from drivers.visa.generators.rohde_schwarz.smw import RohdeSchwarzSmw
from drivers.visa.instrument import OutputSettings
from drivers.visa.link import Link
from tests.drivers.visa.connected import connected, sent
from tests.drivers.visa.generators.array_waveform import ArrayWaveform, random_waveform
from tests.drivers.visa.vendor_headers import HeaderTree, headers_of

OUTPUT = OutputSettings(
    "modulated", 50e6, power_dbm=-3.0, frequency_hz=2.4e9, clock_reference="external"
)
# Where RsSmw has what a generator needs; the whole of it are 13 000 files.
PLACES = (
    "Internal",
    "CustomFiles",
    "Implementations/MassMemory",
    "Implementations/Output",
    "Implementations/Source/Bb/Arbitrary",
    "Implementations/Source/Frequency",
    "Implementations/Source/InputPy",
    "Implementations/Source/Power",
    "Implementations/Source/Roscillator",
)


def made(link: Link) -> RohdeSchwarzSmw:
    generator = open_generator(link)
    assert isinstance(generator, RohdeSchwarzSmw)
    return generator


def external(output: OutputSettings) -> OutputSettings:
    return OutputSettings(
        "modulated",
        output.sample_rate_hz,
        power_dbm=output.power_dbm,
        frequency_hz=output.frequency_hz,
        trigger="external",
    )


class Listener:
    """Keeps what is played into it."""

    def __init__(self, bench: RfBench, name: str) -> None:
        self.heard: list[Signal] = []
        bench.register_digitizer("listener", self.heard.append)
        bench.connect((name, "RF"), ("listener", "1"))
        bench.connect((name, "M1"), ("listener", "2"))


@pytest.mark.parametrize("model", ["SMW200A", "SMBV100B"])
def test_every_header_is_in_the_tree_of_rssmw(model: Model) -> None:
    tree = HeaderTree("RsSmw", PLACES)
    simulator = SimulatedSmw("smw", model=model)
    with connected(simulator) as link:
        generator = made(link)
        generator.ensure_ready()
        for output in (OUTPUT, external(OUTPUT)):
            generator.configure(output)
            generator.upload("a", random_waveform(600))
            generator.upload("b", random_waveform(10))
            generator.queue(["a", "b"])
            generator.arm()
            if output.trigger == "bus":
                generator.trigger()
            else:
                simulator.external_trigger()
            generator.wait_played(5.0)
            generator.read_back()
        # The second time there is something to delete.
        generator.ensure_ready()
        generator.ensure_stopped()
        headers = {header for message in sent(link) for header in headers_of(message)}
    # Common commands are those of IEEE 488.2.
    own = {header for header in headers if not header.startswith("*")}
    assert len(own) > 30
    assert {header for header in own if not tree.has(header)} == set()
    # Nothing that stands in the source was left out.
    source = HeaderTree("drivers.visa.generators.rohde_schwarz", ["smw.py"])
    assert len(source.headers) > 25
    assert source.unused(headers) == set()


@pytest.mark.parametrize(
    "header",
    [
        ":SOUR1:BB:ARB:WAV:SELE",
        ":SOUR1:BB:ARB:WAV",
        ":SOUR1:ARB:STAT",
        ":SOUR1:BB:ARB:TRIG:RMOD",
        ":OUTPU1:STAT",
        ":OUTP1:STAT1",
        ":MMEM:LOAD",
    ],
)
def test_a_wrong_header_is_not_in_the_tree(header: str) -> None:
    assert not HeaderTree("RsSmw", PLACES).has(header)


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
    simulator = SimulatedSmw("smw")
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        upload = generator.upload("w", source)
        generator.queue(["w"])
        loaded = simulator.loaded
    assert loaded is not None
    assert upload.samples == samples
    assert upload.padded_samples == max(0, 512 - samples)
    assert len(loaded.codes) == samples + upload.padded_samples
    wanted = np.rint(np.clip(parts.astype(float), -1.0, 1.0) * 32767.0)
    np.testing.assert_array_equal(loaded.codes[:samples], wanted)
    assert not loaded.codes[samples:].any()
    beyond = np.abs(np.rint(parts.astype(float) * 32767.0)) > 32767
    assert upload.clipped_samples == np.count_nonzero(beyond.any(axis=1))
    for bit in range(2):
        np.testing.assert_array_equal(loaded.markers[bit][:samples], (markers >> bit) & 1)
        assert not loaded.markers[bit][samples:].any()


def test_parts_play_once_each_at_one_level() -> None:
    """Parts of very different mean power: full scale has the same voltage in each."""
    bench = RfBench()
    simulator = SimulatedSmw("smw", bench=bench)
    listener = Listener(bench, "smw")
    full = np.zeros(2000, np.complex64)
    full[500:1500] = 1.0
    sparse = np.zeros(2000, np.complex64)
    sparse[500:520] = 1.0
    with connected(simulator) as link:
        generator = made(link)
        generator.ensure_ready()
        generator.configure(OUTPUT)
        for name, samples in (("full", full), ("sparse", sparse)):
            generator.upload(name, ArrayWaveform(samples))
        generator.queue(["full", "sparse", "full"])
        generator.arm()
        for played in range(3):
            assert len(listener.heard) == played
            generator.trigger()
            generator.wait_played(5.0)
        with pytest.raises(DeviceStateError):
            generator.trigger()
        generator.ensure_stopped()
    # -3 dBm are 0.2239 V peak at 50 ohm.
    peak_v = np.sqrt(2.0 * 50.0 * 1e-3 * 10.0**-0.3)
    for heard in listener.heard:
        volts = heard.sample("1", 505 / 50e6, 1e-11, 10_000)
        # Between samples of a step there is a ripple of the interpolation, below 1 % 5 samples in;
        # the amplitude of a full carrier is to be there to 0.01 dB, 0.12 %.
        turning = volts * np.exp(-2j * np.pi * 2.4e9 * (505 / 50e6 + 1e-11 * np.arange(10_000)))
        assert 2.0 * abs(np.mean(turning)) == pytest.approx(peak_v, rel=0.01)
    assert simulator.continuous == 0
    assert simulator.bare_carriers == 0


def test_level_is_exact_to_the_step_of_the_instrument() -> None:
    simulator = SimulatedSmw("smw")
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        for seed in range(5):
            generator.upload("w", random_waveform(700 + seed, seed))
            generator.queue(["w"])
            assert simulator.loaded is not None
            full_scale_dbm = simulator.level_dbm(1) + simulator.loaded.rms_offset_db
            assert full_scale_dbm == pytest.approx(-3.0, abs=1e-9)


def test_external_triggers_play_the_queue() -> None:
    bench = RfBench()
    simulator = SimulatedSmw("smw", bench=bench)
    listener = Listener(bench, "smw")
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(external(OUTPUT))
        generator.upload("a", random_waveform(600))
        generator.queue(["a", "a"])
        simulator.external_trigger()
        assert listener.heard == []
        generator.arm()
        for _ in range(2):
            simulator.external_trigger()
            generator.wait_played(5.0)
        generator.ensure_stopped()
        simulator.external_trigger()
    assert len(listener.heard) == 2


def test_outputs_are_off_before_anything_is_set_and_after_every_exit() -> None:
    simulator = SimulatedSmw("smw")
    simulator.execute(b":SOUR:BB:ARB:TRIG:SEQ AUTO;:OUTP1 ON;:OUTP2 ON")
    leaks = simulator.bare_carriers
    with connected(simulator) as link:
        generator = made(link)
        generator.ensure_ready()
        first = next(message for message in sent(link) if "?" not in message)
        assert first == ":OUTP:ALL:STAT OFF"
        assert not simulator.output_on(1)
        assert not simulator.output_on(2)
        generator.configure(OUTPUT)
        generator.upload("a", random_waveform(600))
        generator.queue(["a"])
        assert not simulator.output_on(1)
        generator.arm()
        assert simulator.output_on(1)
        generator.ensure_stopped()
        generator.ensure_stopped()
        assert link.query(":OUTP1:STAT?") == "0"
    assert simulator.bare_carriers == leaks


def test_waveforms_of_an_earlier_run_are_deleted_and_others_stay() -> None:
    simulator = SimulatedSmw("smw")
    with connected(simulator) as link:
        generator = made(link)
        generator.ensure_ready()
        generator.configure(OUTPUT)
        generator.upload("a", random_waveform(600))
        link.write_block("MMEM:DATA '/var/user/theirs.wv',", b"x")
        generator.ensure_ready()
    assert list(simulator.memory.files) == ["/var/user/theirs.wv"]


def test_read_back_fits_json_and_tells_levels() -> None:
    simulator = SimulatedSmw("smw")
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        generator.upload("a", ArrayWaveform(np.full(600, 0.5, np.complex64)))
        generator.queue(["a"])
        told = json.loads(json.dumps(generator.read_back()))
    assert told["mean_level_dbm"] == pytest.approx(-9.02)
    assert told["peak_envelope_dbm"] == pytest.approx(-9.02)
    assert told["sample_rate_hz"] == 50e6
    assert told["reference"] == "EXT"
    assert told["output_on"] is False
    assert told["waveforms"]["a"]["rms_offset_db"] == 6.02


@pytest.mark.parametrize(
    "changes",
    [
        {"signal": "iq"},
        {"channels": (2,)},
        {"sample_rate_hz": 1e9},
        {"frequency_hz": 7e9},
        {"frequency_hz": None},
        {"power_dbm": None},
        {"power_dbm": -3.005},
    ],
)
def test_what_it_cannot_do_is_refused(changes: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {
        "signal": "modulated",
        "sample_rate_hz": 50e6,
        "power_dbm": -3.0,
        "frequency_hz": 1e9,
    } | changes
    with connected(SimulatedSmw("smw")) as link, pytest.raises(DeviceSettingsError):
        made(link).configure(OutputSettings(**wanted))


def test_a_missing_reference_is_found() -> None:
    alone = SimulatedSmw("smw", external_reference=False)
    with connected(alone) as link, pytest.raises(InstrumentError, match="reference"):
        made(link).configure(OUTPUT)


def test_too_high_a_level_is_found_when_the_waveform_is_known() -> None:
    loud = OutputSettings("modulated", 50e6, power_dbm=30.0, frequency_hz=1e9)
    with connected(SimulatedSmw("smw")) as link:
        generator = made(link)
        generator.configure(loud)
        generator.upload("a", random_waveform(600))
        with pytest.raises(DeviceSettingsError, match="30"):
            generator.queue(["a"])
        generator.ensure_stopped()


def test_bad_waveforms_are_refused() -> None:
    with connected(SimulatedSmw("smw", disk_bytes=100_000)) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        with pytest.raises(DeviceSettingsError, match="called"):
            generator.upload("a/b", random_waveform(10))
        with pytest.raises(DeviceSettingsError, match="at most"):
            generator.upload("a", random_waveform(50_000))


def test_markers_that_make_a_file_too_long_are_refused() -> None:
    """Every change of a marker takes some bytes of the tags, for which there is 1 MiB."""
    restless = ArrayWaveform(
        np.zeros(200_000, np.complex64), (np.arange(200_000) % 4).astype(np.uint8)
    )
    with connected(SimulatedSmw("smw", disk_bytes=2 << 20)) as link:
        generator = made(link)
        generator.configure(OUTPUT)
        with pytest.raises(DeviceSettingsError, match="markers less often"):
            generator.upload("a", restless)
        generator.upload("b", random_waveform(200_000 // 4))


def test_a_waveform_that_does_not_end_in_time() -> None:
    slow = OutputSettings("modulated", 1e3, power_dbm=-3.0, frequency_hz=1e9)
    simulator = SimulatedSmw("smw")
    with connected(simulator) as link:
        generator = made(link)
        generator.configure(slow)
        generator.upload("a", random_waveform(600))
        generator.queue(["a"])
        generator.arm()
        generator.trigger()
        with pytest.raises(DeviceTimeoutError, match="still plays"):
            generator.wait_played(0.05)
        generator.ensure_stopped()
        assert link.query(":OUTP1:STAT?") == "0"
        assert link.query(":SOUR1:BB:ARB:STAT?") == "0"


def test_a_run_over_a_raw_socket() -> None:
    simulator = SimulatedSmw("smw")
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
