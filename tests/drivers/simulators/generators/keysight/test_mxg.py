"""The simulated N5182B, driven by QCoDeS and PyMeasure, and what it refuses."""

import numpy as np
import pytest
from pymeasure.adapters import VISAAdapter
from pymeasure.instruments.agilent import Agilent8257D
from qcodes.instrument_drivers.Keysight import KeysightN5183B

from drivers.simulators.bench.rf_bench import RfBench, Signal
from drivers.simulators.generators.keysight.mxg import SimulatedMxg
from drivers.simulators.servers.instrument_server import InstrumentServer


def block(data: bytes) -> bytes:
    size = str(len(data))
    return f"#{len(size)}{size}".encode() + data


def ramp(points: int = 100) -> bytes:
    return np.arange(2 * points, dtype=">i2").tobytes()


def error(simulator: SimulatedMxg) -> bytes:
    return simulator.execute(b"SYST:ERR?").split(b",")[0]


def test_qcodes_sets_and_asks() -> None:
    simulator = SimulatedMxg("mxg")
    with InstrumentServer(simulator) as server:
        generator = KeysightN5183B("mxg", server.hislip_address, visalib="@py")
        try:
            assert generator.get_idn()["model"] == "N5182B"
            generator.frequency(2.5e9)
            generator.power(-12.5)
            generator.phase_offset(0.5)
            generator.rf_output(True)
            assert generator.frequency() == 2.5e9
            assert generator.power() == -12.5
            assert generator.phase_offset() == 0.5
            assert generator.auto_freq_ref() is True
            assert generator.rf_output() is True
            generator.rf_output(False)
            assert generator.rf_output() is False
        finally:
            generator.close()
    assert simulator.frequency_hz() == 2.5e9
    assert simulator.execute(b"SYST:ERR?") == b'+0,"No error"'


# PyMeasure does not know whether the 8257D speaks SCPI; the N5182B does.
@pytest.mark.filterwarnings("ignore:It is not known whether this device support:FutureWarning")
def test_pymeasure_sets_and_asks() -> None:
    simulator = SimulatedMxg("mxg")
    with InstrumentServer(simulator) as server:
        adapter = VISAAdapter(server.hislip_address, visa_library="@py")
        generator = Agilent8257D(adapter)
        generator.power = -20.0
        generator.frequency = 1.5e9
        generator.enable()
        generator.enable_modulation()
        assert generator.power == -20.0
        assert generator.frequency == 1.5e9
        assert generator.is_enabled
        assert generator.has_modulation
        generator.disable_modulation()
        generator.disable()
        assert generator.is_enabled is False
        adapter.close()
    assert simulator.execute(b"OUTP?;:SYST:ERR?") == b'0;+0,"No error"'


def test_iq_makes_markers_zero() -> None:
    simulator = SimulatedMxg("mxg")
    simulator.execute(b':MMEM:DATA "WFM1:A",' + block(ramp()))
    simulator.execute(b':MMEM:DATA "MKR1:A",' + block(bytes([1] * 100)))
    assert simulator.markers("A").all()
    np.testing.assert_array_equal(simulator.iq("A").ravel(), np.arange(200))
    simulator.execute(b':MMEM:DATA "WFM1:A",' + block(ramp()))
    assert not simulator.markers("A").any()
    assert error(simulator) == b"+0"


def test_names_are_the_same_file_in_each_form() -> None:
    simulator = SimulatedMxg("mxg")
    simulator.execute(b':MMEM:DATA "/USER/BBG1/WAVEFORM/A",' + block(ramp()))
    assert simulator.execute(b':MMEM:DATA? "A@WFM1"') == block(ramp())
    simulator.execute(b':MMEM:DEL "WFM1:A"')
    assert simulator.memory.files == {}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        # 59 points, an odd number of them, and half a point.
        (b':MMEM:DATA "WFM1:A",' + block(bytes(236)), b"+629"),
        (b':MMEM:DATA "WFM1:A",' + block(bytes(244)), b"+629"),
        (b':MMEM:DATA "WFM1:A",' + block(bytes(242)), b"+629"),
        (b':MMEM:DATA "MKR1:B",' + block(bytes(100)), b"+629"),
        (b':MMEM:DATA "WFM1:ABCDEFGHIJKLMNOPQRSTUVWX",' + block(ramp()), b"-257"),
        (b':MMEM:DATA "NOWHERE:A",' + block(ramp()), b"-257"),
        (b':MMEM:DATA "WFM1:A",' + block(bytes(80_000)), b"-225"),
        (b':RAD:ARB:WAV "WFM1:NONE"', b"-256"),
        (b':RAD:ARB:SEQ "SEQ:S","WFM1:NONE",1,ALL', b"-256"),
        (b':RAD:ARB:SEQ "SEQ:S","WFM1:NONE",1', b"-220"),
        (b":RAD:ARB ON", b"-221"),
        (b"*TRG", b"-211"),
        (b":POW 30", b"-222"),
        (b":FREQ 7GHZ", b"-222"),
    ],
)
def test_what_it_cannot_do(message: bytes, code: bytes) -> None:
    simulator = SimulatedMxg("mxg", memory_samples=1000)
    simulator.execute(message)
    assert error(simulator) == code


def test_a_header_says_what_the_level_means() -> None:
    """Level of the mean amplitude in the header: by default the waveform's own."""
    bench = RfBench()
    heard: list[Signal] = []
    bench.register_digitizer("listener", heard.append)
    bench.connect(("mxg", "RF"), ("listener", "1"))
    simulator = SimulatedMxg("mxg", bench=bench)
    half = np.zeros((2000, 2), ">i2")
    half[:, 0] = 16384
    simulator.execute(b':MMEM:DATA "WFM1:A",' + block(half.tobytes()))
    for command in (
        b':RAD:ARB:WAV "WFM1:A";TRIG:TYPE SING;SOUR BUS;:RAD:ARB:SCL:RATE 50E6;:RAD:ARB:RSC 100',
        b":FREQ 1E9;:POW 0;:RAD:ARB ON;:OUTP ON;*TRG",
        b':RAD:ARB OFF;:RAD:ARB:HEAD:RMS "WFM1:A",1;:RAD:ARB ON;*TRG',
    ):
        simulator.execute(command)
    assert error(simulator) == b"+0"
    # 0 dBm are 0.3162 V peak, in the middle of 2000 samples.
    peaks = [np.max(np.abs(one.sample("1", 20e-6, 1.3e-11, 5000))) for one in heard]
    assert peaks == pytest.approx([0.3162, 0.3162 / 2.0], rel=1e-3)


def test_a_bare_carrier_and_continuous_playing_are_noted() -> None:
    simulator = SimulatedMxg("mxg")
    simulator.execute(b':MMEM:DATA "WFM1:A",' + block(ramp()))
    simulator.execute(b':RAD:ARB:WAV "WFM1:A";:RAD:ARB ON;:OUTP ON')
    assert (simulator.continuous, simulator.bare_carriers) == (1, 0)
    simulator.execute(b":OUTP:MOD OFF")
    assert simulator.bare_carriers == 1


def test_waveforms_are_gone_without_power_and_sequences_are_not() -> None:
    simulator = SimulatedMxg("mxg")
    simulator.execute(b':MMEM:DATA "WFM1:A",' + block(ramp()))
    simulator.execute(b':RAD:ARB:SEQ "SEQ:S","WFM1:A",1,M1M2')
    simulator.power_on()
    assert list(simulator.memory.files) == ["SEQ:S"]
    simulator.execute(b':RAD:ARB:WAV "WFM1:A"')
    assert error(simulator) == b"-256"
