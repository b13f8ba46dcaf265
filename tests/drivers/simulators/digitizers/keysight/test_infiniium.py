"""The simulated Infiniium, and QCoDeS's driver on it."""

import math
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from qcodes.instrument_drivers.Keysight import KeysightInfiniium

from drivers.simulators.bench.rf_bench import Playback, RfBench
from drivers.simulators.digitizers.keysight.infiniium import SimulatedInfiniium
from drivers.simulators.servers.instrument_server import InstrumentServer

RATE_HZ, TONE_HZ, PEAK_V = 2e9, 50e6, 0.3
TRIGGER_SAMPLE = 400


def playback() -> Playback:
    samples = np.arange(16000)
    markers = np.zeros(samples.size, np.uint8)
    markers[TRIGGER_SAMPLE : TRIGGER_SAMPLE + 200] = 1
    volts = PEAK_V * np.sin(2.0 * np.pi * TONE_HZ * samples / RATE_HZ)
    return Playback(RATE_HZ, {"1": volts.astype(np.float32)}, {"M1": markers})


@pytest.fixture
def qcodes(bench: RfBench) -> Iterator[tuple[KeysightInfiniium, SimulatedInfiniium]]:
    simulated = SimulatedInfiniium("scope", bench=bench)
    with InstrumentServer(simulated) as server:
        scope = KeysightInfiniium(
            "infiniium", server.hislip_address, visalib="@py", silence_pyvisapy_warning=True
        )
        yield scope, simulated
        scope.close()


def test_qcodes_reads_what_the_bench_played(
    bench: RfBench, qcodes: tuple[KeysightInfiniium, SimulatedInfiniium]
) -> None:
    scope, simulated = qcodes
    # Its limits come from the instrument.
    assert (scope.min_pts, scope.max_pts) == (16, 100_000_000)
    assert (scope.min_bw, scope.max_bw) == (1e8, 2e9)
    assert scope.max_srat == 1e10
    scope.ch1.display(True)
    scope.ch1.range(0.8)
    scope.ch1.offset(0.0)
    scope.sample_rate(5e9)
    scope.timebase_range(2e-6)
    scope.timebase_position(3e-6)
    scope.trigger_sweep("TRIG")
    scope.trigger_edge_source("AUX")
    scope.trigger_edge_slope("POS")
    scope.trigger_level_aux(0.5)
    assert scope.trigger_level_aux() == 0.5

    def play_when_armed() -> None:
        while not simulated.acquisition.armed:
            threading.Event().wait(0.001)
        bench.play("awg", playback())

    thread = threading.Thread(target=play_when_armed, daemon=True)
    thread.start()
    # It waits by *OPC?.
    scope.digitize()
    thread.join(5.0)
    scope.ch1.update_setpoints()
    time_s = scope.ch1.time_axis()
    # What its trace does, but for the container: it hands PyVISA a type, `npt.NDArray`, that PyVISA
    # 1.16 calls, so that a record of 10000 samples becomes an array of 10000 dimensions.
    scope.write(":WAV:DATA?")
    assert scope.visa_handle.read_bytes(2) == b"#0"
    codes = np.array(
        scope.visa_handle.read_binary_values("h", header_fmt="empty", data_points=time_s.size)
    )
    volts = codes * float(scope.ask(":WAV:YINC?")) + float(scope.ask(":WAV:YOR?"))
    assert volts.shape == time_s.shape == (10000,)
    assert scope.ch1.trace.unit == "V"
    wanted = PEAK_V * np.sin(2.0 * np.pi * TONE_HZ * (time_s + TRIGGER_SAMPLE / RATE_HZ))
    # Half a code of 1024, five times noise (0.9 mV rms) and jitter (2 ps), and what a Gaussian of
    # 2 GHz takes from 50 MHz.
    slope = 2.0 * math.pi * TONE_HZ * PEAK_V
    loss_v = PEAK_V * (1.0 - 2.0 ** (-0.5 * (TONE_HZ / 2e9) ** 2))
    limit_v = 0.4 / 1024 + 5.0 * 0.9e-3 + 5.0 * 2e-12 * slope + loss_v
    assert np.abs(volts - wanted).max() < limit_v
    assert scope.trigger_state() == "ADONE"
    assert simulated.errors.pop().code == 0


def test_qcodes_sets_what_it_reads(qcodes: tuple[KeysightInfiniium, SimulatedInfiniium]) -> None:
    scope, simulated = qcodes
    scope.acquire_points(1000)
    scope.acquire_mode("SEGMented")
    scope.average(1)
    scope.bandwidth(1e9)
    assert scope.acquire_points() == 1000
    assert scope.average() == 1
    assert scope.bandwidth() == 1e9
    scope.run()
    assert scope.run_mode.cache() == "SING"
    scope.stop()
    assert simulated.errors.pop().code == 0


def test_the_error_query_gives_text_only_if_it_is_asked_to() -> None:
    scope = SimulatedInfiniium()
    scope.execute(b"NONSENSE;:NONSENSE")
    scope.execute(b"NONSENSE")
    assert scope.execute(b":SYST:ERR?") == b"-113"
    assert scope.execute(b":SYST:ERR? STR") == b'-113,"Undefined header;NONSENSE"'
    assert scope.execute(b":SYST:ERR? STR") == b'0,"No error"'


def test_segments_have_a_trigger_and_a_time_each(bench: RfBench) -> None:
    scope = SimulatedInfiniium("scope", bench=bench)
    scope.execute(
        b":CHAN1:RANG 0.8;:TRIG:SWE TRIG;:TRIG:EDGE:SOUR AUX;:TRIG:LEV AUX,0.5;"
        b":ACQ:MODE SEGM;:ACQ:SEGM:COUN 3;:ACQ:SRAT 5e9;:TIM:RANG 1e-7;:SING"
    )
    assert scope.execute(b":AER?;:AER?;:ADER?") == b"1;0;0"
    origins, tags = [], []
    for _ in range(3):
        assert scope.execute(b":ADER?") == b"0"
        bench.play("awg", playback())
    assert scope.execute(b":ADER?;:PDER?;:WAV:SEGM:COUN?") == b"1;1;3"
    for index in (1, 2, 3):
        scope.execute(f":ACQ:SEGM:IND {index}".encode())
        origins.append(float(scope.execute(b":WAV:XOR?")))
        tags.append(float(scope.execute(b":WAV:SEGM:TTAG?")))
    # Each begins at its own fraction of a sample, within one behind the start of the window.
    assert len(set(origins)) == 3
    assert all(-5e-8 <= origin < -5e-8 + 2e-10 for origin in origins)
    assert tags[0] == 0.0 < tags[1] < tags[2]
    one = len(scope.execute(b":WAV:FORM WORD;:WAV:STR OFF;:WAV:DATA?")) - 10
    every = len(scope.execute(b":WAV:SEGM:ALL ON;:WAV:DATA?")) - 10
    assert (one, every) == (2 * 500, 2 * 1500)


def test_errors_are_those_of_scpi() -> None:
    scope = SimulatedInfiniium()
    for command, code in (
        (b":WAV:DATA?", -230),
        (b":ACQ:SRAT 1e12", -222),
        (b":ACQ:POIN 1e12", -222),
        (b":TRIG:LEV NOWHERE,1", -224),
        (b":CHAN5:RANG 1", -114),
    ):
        scope.execute(command)
        assert scope.errors.pop().code == code
