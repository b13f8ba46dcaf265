"""The simulated RTO2044, driven by QCoDeS and RsRtx, and what it refuses."""

import importlib

import numpy as np
import pytest
from numpy.typing import NDArray
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzRTO1000

from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.digitizers.rohde_schwarz.rto import SimulatedRto
from drivers.simulators.servers.instrument_server import InstrumentServer

TONE_HZ = 20e6


def wired() -> tuple[RfBench, SimulatedRto]:
    bench = RfBench(seed=4)
    bench.connect(("awg", "1"), ("scope", "1"))
    bench.connect(("awg", "M1"), ("scope", "EXT"))
    return bench, SimulatedRto("scope", bench=bench)


def tone(samples: int = 2500) -> Playback:
    volts = 0.1 * np.cos(2.0 * np.pi * TONE_HZ * np.arange(samples) / 500e6)
    marker = np.zeros(samples, np.uint8)
    marker[:50] = 1
    return Playback(500e6, {"1": volts.astype(np.float32)}, {"M1": marker})


def phasor(times: NDArray[np.float64], volts: NDArray[np.float64]) -> complex:
    """Amplitude and phase at the trigger, from 0.2 us to 3.8 us."""
    on = (times > 0.2e-6) & (times < 3.8e-6)
    window = np.hanning(np.count_nonzero(on))
    turning = volts[on] * np.exp(-2j * np.pi * TONE_HZ * times[on])
    return complex(2.0 * np.sum(turning * window) / np.sum(window))


def prepared(simulator: SimulatedRto, *messages: bytes) -> None:
    for message in (
        b"CHAN1:STAT ON;:CHAN1:RANG 0.4;:CHAN1:COUP DC",
        b"ACQ:SRR 1E9;:TIM:RANG 4E-6;:TIM:HOR:POS 2E-6",
        b"TRIG1:SOUR EXT;:TRIG1:TYPE ANED;:TRIG1:LEV5 0.5;:TRIG1:MODE NORM",
        *messages,
    ):
        simulator.execute(message)
    assert simulator.execute(b"SYST:ERR?").startswith(b"0,")


def test_qcodes_captures_a_trace() -> None:
    bench, simulator = wired()
    with InstrumentServer(simulator) as server:
        scope = RohdeSchwarzRTO1000("rto", server.hislip_address, visalib="@py")
        try:
            assert scope.model == "RTO2044"
            scope.ch1.state("ON")
            scope.ch1.coupling("DC")
            scope.ch1.range(0.4)
            scope.timebase_range(4e-6)
            scope.timebase_position(2e-6)
            scope.acquisition_sample_rate(1e9)
            scope.trigger_source("EXT")
            scope.trigger_level(0.5)
            scope.trigger_mode("NORMAL")
            scope.num_acquisitions(1)
            scope.run_single()
            assert scope.is_running()
            assert not scope.is_triggered()
            bench.play("awg", tone())
            assert not scope.is_running()
            scope.ch1.trace.prepare_trace()
            volts = np.asarray(scope.ch1.trace.get())
            times = np.asarray(scope.ch1.trace.setpoints[0])
            assert scope.error_count() == 0
        finally:
            scope.close()
    assert volts.size == 4000
    found = phasor(times, volts)
    # 8 bits and 0.6 mV of noise over 3600 samples that a Hann window weighs: 0.02 mV. Their scale
    # is ours, by a rule that nobody here wrote: 253 codes for ten divisions.
    assert abs(found) == pytest.approx(0.1, abs=2e-4)
    assert np.angle(found) == pytest.approx(0.0, abs=2e-3)


def test_rsrtx_captures_a_trace() -> None:
    # It has no types.
    rsrtx = importlib.import_module("rsrtx")
    enums = rsrtx.enums
    bench, simulator = wired()
    with InstrumentServer(simulator) as server:
        scope = rsrtx.RsRtx(server.hislip_address, True, True, "SelectVisa='@py'")
        try:
            scope.channel.state.set(True)
            scope.channel.range.set(0.4)
            scope.acquire.set_sr_real(1e9)
            scope.timebase.set_range(4e-6)
            scope.timebase.horizontal.set_position(2e-6)
            scope.trigger.source.select.set(enums.SourceDetailed.EXTernanalog)
            scope.trigger.typePy.set(enums.TriggerType.ANEDge)
            scope.utilities.write("TRIG1:LEV5 0.5")
            scope.trigger.mode.set(enums.TriggerMode.NORMal)
            scope.utilities.write("RUNS")
            bench.play("awg", tone())
            assert scope.utilities.query_opc() == 1
            assert scope.acquire.get_available() == 1
            header = scope.channel.waveform.data.header.get()
            volts = np.asarray(scope.channel.waveform.data.values.get())
            assert scope.utilities.query_all_errors() is None
        finally:
            scope.close()
    assert header.Record_Length == volts.size == 4000
    times = header.Start + np.arange(4000) / 1e9
    assert times[-1] == pytest.approx(header.Stop, abs=1e-15)
    assert abs(phasor(times, volts)) == pytest.approx(0.1, abs=2e-4)


def test_all_formats_tell_the_same() -> None:
    bench, simulator = wired()
    prepared(simulator, b"TIM:RANG 1E-6;:TIM:HOR:POS 0.5E-6", b"RUNS")
    bench.play("awg", tone())
    codes = simulator.acquisitions[0].codes[1].astype(float)
    volts = codes * 0.4 / 253.0
    read = {
        kind: simulator.execute(f"FORM {kind};:CHAN1:DATA?".encode())
        for kind in ("REAL,32", "INT,8", "INT,16", "ASC,0")
    }
    assert np.frombuffer(read["REAL,32"][6:], "<f4") == pytest.approx(volts, rel=1e-6)
    np.testing.assert_array_equal(np.frombuffer(read["INT,8"][6:], np.int8), codes)
    np.testing.assert_array_equal(np.frombuffer(read["INT,16"][6:], "<i2"), 256.0 * codes)
    text = np.array([float(field) for field in read["ASC,0"].split(b",")])
    assert text == pytest.approx(volts, abs=1e-8)
    part = simulator.execute(b"FORM INT,8;:CHAN1:DATA? 10,5")
    np.testing.assert_array_equal(np.frombuffer(part[3:], np.int8), codes[10:15])


def test_a_series_of_segments_and_its_history() -> None:
    bench, simulator = wired()
    prepared(simulator, b"ACQ:SEGM:STAT ON;:ACQ:COUN 3", b"RUNS")
    for _ in range(2):
        bench.play("awg", tone())
        assert simulator.waiting
    bench.play("awg", tone())
    assert not simulator.waiting
    starts = set()
    for index in (-2, -1, 0):
        starts.add(simulator.execute(f"CHAN1:HIST:CURR {index};:CHAN1:DATA:HEAD?".encode()))
    assert len(starts) == 3
    simulator.execute(b"CHAN1:HIST:CURR -3")
    assert simulator.execute(b"SYST:ERR?").startswith(b"-222,")


def test_several_triggers_in_one_playback() -> None:
    """Between segments it is blind: 0.3 us with segmentation, 50 us without."""
    bench, simulator = wired()
    marker = np.zeros(10_000, np.uint8)
    marker[::1000] = 1
    pulses = Playback(500e6, {"1": np.zeros(10_000, np.float32)}, {"M1": marker})
    for segmented, wanted in ((b"ON", 10), (b"OFF", 1)):
        setup = b"TIM:RANG 1E-6;:TIM:HOR:POS 0.5E-6;:ACQ:COUN 10;:ACQ:SEGM:STAT " + segmented
        prepared(simulator, setup, b"RUNS")
        bench.play("awg", pulses)
        assert int(simulator.execute(b"ACQ:AVA?")) == wanted
        simulator.execute(b"STOP")


def test_automatic_trigger_records_silence() -> None:
    _, simulator = wired()
    prepared(simulator, b"TRIG1:MODE AUTO", b"RUNS")
    volts = np.frombuffer(simulator.execute(b"FORM REAL,32;:CHAN1:DATA?")[7:], "<f4")
    # 0.15 % of the range, and a step of 1/253 of it.
    assert np.std(volts) == pytest.approx(0.4 * np.hypot(0.0015, 1 / 253 / np.sqrt(12)), rel=0.1)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"CHAN1:DATA?", b"-221"),
        (b"CHAN1:DATA:HEAD?", b"-221"),
        (b"CHAN5:STAT ON", b"-114"),
        (b"CHAN1:RANG 100", b"-222"),
        (b"FORM REAL,64", b"-224"),
        (b"TRIG1:SOUR NOTHING", b"-224"),
        (b"CHAN1:HIST:TSR?", b"-221"),
    ],
)
def test_what_it_cannot_do(message: bytes, code: bytes) -> None:
    simulator = SimulatedRto("scope")
    simulator.execute(message)
    assert simulator.execute(b"SYST:ERR?").startswith(code + b",")
