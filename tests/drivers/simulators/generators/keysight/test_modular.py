"""The simulated M8190A and M8195A as somebody else's program would use them.

Commands are those of published programs for the physical instruments, and of the guides' examples.
"""

import threading
from typing import Any

import numpy as np
import pytest
from pymeasure.adapters import VISAAdapter
from pymeasure.instruments import Instrument, SCPIMixin
from qcodes.instrument import VisaInstrument

from drivers.simulators.bench.rf_bench import Cable, RfBench, Signal
from drivers.simulators.generators.keysight.m8190a import SimulatedM8190A
from drivers.simulators.generators.keysight.m8195a import SimulatedM8195A
from drivers.simulators.servers.instrument_server import InstrumentServer

IDLE, WAITS_FOR_TRIGGER, RUNS, WAITS_FOR_ADVANCE = range(4)
FIRST, LAST, MARKERS = 1 << 28, 1 << 30, 1 << 24
AUTO, CONDITIONAL, REPEAT, SINGLE = (mode << 16 for mode in range(4))


def pymeasure_driver(address: str) -> Any:
    """Write a driver as PyMeasure would; neither it nor QCoDeS has one of these generators."""
    settings = {
        "raster": Instrument.control(":FREQ:RAST?", ":FREQ:RAST %.12g", "sample rate, Hz"),
        "output": Instrument.control(
            ":OUTP1?", ":OUTP1 %d", "switch", values={True: 1, False: 0}, map_values=True
        ),
    }
    driver = type("Awg", (SCPIMixin, Instrument), settings)
    return driver(VISAAdapter(address, visa_library="@py"), "awg")


def state(awg: SimulatedM8190A, channel: str = "1") -> tuple[int, int]:
    value = int(awg.execute(f":STAB{channel}:SEQ:STAT?".encode()))
    return value >> 25 & 3, value & 0xFFFFFF


@pytest.fixture
def heard() -> list[Signal]:
    return []


@pytest.fixture
def awg(heard: list[Signal]) -> SimulatedM8190A:
    bench = RfBench(clock_error_ppm=0.0)
    for output in ("1", "2", "M1", "M2"):
        bench.connect(("awg", output), ("scope", output), Cable())
    bench.register_digitizer("scope", heard.append)
    awg = SimulatedM8190A(bench=bench)
    awg.execute(b":TRAC1:DWID WPR;:INIT:CONT1 OFF;:OUTP1 ON")
    for number, code in ((1, 8191), (2, -8191)):
        words = np.full(240, code << 2, "<i2")
        words[:48] |= 3
        awg.execute(f":TRAC1:DEF {number},240".encode())
        awg.execute(f":TRAC1:DATA {number},0,#3480".encode() + words.tobytes())
    return awg


def table(awg: SimulatedM8190A, *entries: tuple[int, int, int]) -> None:
    """Write control, loops and segment of each entry, and start."""
    for index, (mode, loops, segment) in enumerate(entries):
        flags = (FIRST if index == 0 else 0) | (LAST if index == len(entries) - 1 else 0)
        control = mode | flags | MARKERS
        entry = f":STAB1:DATA {index},{control},1,{loops},{segment},0,#HFFFFFFFF"
        awg.execute(entry.encode())
    awg.execute(b":FUNC1:MODE STS;:STAB1:SEQ:SEL 0;:INIT:IMM1")
    assert awg.errors.pop().code == 0


def test_pymeasure_uploads_and_plays(heard: list[Signal], awg: SimulatedM8190A) -> None:
    with InstrumentServer(awg) as server:
        there = pymeasure_driver(server.hislip_address)
        assert "M8190A" in there.id
        there.raster = 4e9
        assert there.raster == 4e9
        words = (np.round(8191 * np.sin(2 * np.pi * np.arange(480) / 48)).astype(int) << 2).tolist()
        there.write(":ABOR1;:TRAC1:DEL:ALL")
        assert int(there.ask(":TRAC1:DEF:NEW? 480")) == 1
        there.adapter.write_binary_values(":TRAC1:DATA 1,0,", words, datatype="h")
        assert [int(word) for word in there.values(":TRAC1:DATA? 1,0,480")] == words
        there.output = True
        there.write(":TRAC1:SEL 1;:TRAC1:ADV AUTO;:TRAC1:COUN 3;:INIT:IMM1;:TRIG:BEG1")
        assert there.complete == "1"
        assert there.check_errors() == []
        there.adapter.close()
    # Three times over: 1440 samples at 4 GSa/s.
    assert heard[0].end_s == 1440 / 4e9
    volts = heard[0].sample("1", 0.0, 1 / 4e9, 480)
    # Its amplitude is 0.7 V peak to peak after a reset, and at a sample's own instant it is held.
    assert np.abs(volts - 0.35 * (np.array(words) >> 2) / 8191).max() < 1e-6


def test_qcodes_sees_its_settings(awg: SimulatedM8190A) -> None:
    with InstrumentServer(awg) as server:
        there = VisaInstrument("awg", server.hislip_address, visalib="@py", terminator="\n")
        there.add_parameter("reference", get_cmd=":ROSC:SOUR?", set_cmd=":ROSC:SOUR {}")
        there.add_parameter("route", get_cmd=":OUTP1:ROUT?", set_cmd=":OUTP1:ROUT {}")
        there.add_parameter("offset", get_cmd=":DAC1:VOLT:OFFS?", get_parser=float)
        for name, value in (("reference", "EXT"), ("route", "AC")):
            there.parameters[name](value)
            assert there.parameters[name]() == value
        assert there.parameters["offset"]() == 0.0
        assert there.ask(":TRAC1:CAT?") == "1,240,2,240"
        assert there.ask(":SYST:ERR?") == '0,"No error"'
        there.close()


def test_automatic_entries_follow_each_other(heard: list[Signal], awg: SimulatedM8190A) -> None:
    table(awg, (AUTO, 2, 1), (AUTO, 1, 2))
    assert state(awg) == (WAITS_FOR_TRIGGER, 0)
    awg.execute(b":TRIG:BEG1")
    assert heard[0].end_s == 720 / 7.2e9
    assert state(awg)[0] == WAITS_FOR_TRIGGER
    awg.execute(b":TRIG:BEG1")
    assert len(heard) == 2


@pytest.mark.parametrize(("mode", "loops", "plays"), [(SINGLE, 2, 2), (REPEAT, 2, 1)])
def test_entries_that_wait(
    heard: list[Signal], awg: SimulatedM8190A, mode: int, loops: int, plays: int
) -> None:
    table(awg, (mode, loops, 1), (AUTO, 1, 2))
    awg.execute(b":TRIG:BEG1")
    for number in range(1, plays + 1):
        assert state(awg) == (WAITS_FOR_ADVANCE, 0)
        assert len(heard) == number
        awg.execute(b":TRIG:ADV1")
    assert state(awg)[0] == WAITS_FOR_TRIGGER
    assert len(heard) == plays + 1


def test_a_conditional_entry_goes_on_until_it_is_told(
    heard: list[Signal], awg: SimulatedM8190A
) -> None:
    table(awg, (CONDITIONAL, 1, 1), (AUTO, 1, 2))
    awg.execute(b":TRIG:BEG1")
    threading.Event().wait(0.01)
    assert state(awg) == (RUNS, 0)
    awg.execute(b":TRIG:ADV1")
    assert state(awg)[0] == WAITS_FOR_TRIGGER
    assert len(heard) == 2


def test_a_trigger_while_it_plays_is_ignored(heard: list[Signal], awg: SimulatedM8190A) -> None:
    # 4.8 million samples at 125 MSa/s are 38 ms.
    awg.execute(b":FREQ:RAST MIN;:TRAC1:DEF 3,4800000")
    table(awg, (AUTO, 1, 3))
    awg.execute(b":TRIG:BEG1;:TRIG:BEG1")
    assert state(awg)[0] == RUNS
    assert len(heard) == 1
    assert awg.execute(b":STAT:OPER:RUN:COND?") == b"1"
    awg.execute(b":ABOR1")
    assert state(awg)[0] == IDLE


def test_markers_follow_their_bits(heard: list[Signal], awg: SimulatedM8190A) -> None:
    table(awg, (AUTO, 1, 1))
    awg.execute(b":TRIG:BEG1")
    for marker in ("M1", "M2"):
        assert heard[0].edges(marker, 0.25, rising=False) == pytest.approx(48 / 7.2e9, abs=1e-13)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b":TRAC1:DEF 3,100", -222),
        (b":TRAC1:DEF 3,241", -222),
        (b":TRAC1:DEF 1,240", -221),
        (b":TRAC1:DEF 3,1E12", -222),
        (b":TRAC1:DEF 3,48E8", -225),
        (b":TRAC1:DATA 1,24,#3480" + bytes(480), -222),
        (b":TRAC1:DEF 3,240;:TRAC1:DATA 3,48,#3480" + bytes(480), -223),
        (b":TRAC1:DATA 9,0,#3480" + bytes(480), -222),
        (b":FREQ:RAST 13E9", -222),
        (b":DAC1:VOLT:AMPL 1.5", -222),
        (b":STAB1:DATA 0,1,2,3", -109),
        (b":TRAC3:SEL 1", -114),
    ],
)
def test_errors_are_those_of_scpi(awg: SimulatedM8190A, command: bytes, code: int) -> None:
    awg.execute(command)
    assert awg.errors.pop().code == code
    assert awg.errors.pop().code == 0


def test_memory_is_not_written_while_it_plays(awg: SimulatedM8190A) -> None:
    table(awg, (AUTO, 1, 1))
    awg.execute(b":TRAC1:DEL:ALL")
    assert awg.errors.pop().code == -221


def test_options_that_are_not_there() -> None:
    awg = SimulatedM8190A(options="001,14B")
    for command, code in (
        (b":TRAC1:DWID WSP", -241),
        (b":TRAC1:DWID INTX3", -241),
        (b":OUTP1:ROUT AC", -241),
        (b":TRAC1:DEF 2,240", -222),
    ):
        awg.execute(command)
        assert awg.errors.pop().code == code


def test_a_reset_silences_and_empties(awg: SimulatedM8190A) -> None:
    table(awg, (AUTO, 1, 1))
    awg.execute(b"*RST")
    assert not awg.outputs_on()
    assert awg.execute(b":TRAC1:CAT?;:STAB1:SEQ:STAT?;:TRAC1:DWID?") == b"0,0;0;WSP"


def test_an_m8195a_loses_samples_of_another_kind() -> None:
    awg = SimulatedM8195A()
    awg.execute(b":TRAC1:DEF 1,1280;:TRAC2:DEF 1,1280")
    awg.execute(b":INST:DACM MARK")
    assert awg.execute(b":TRAC1:CAT?;:TRAC2:CAT?") == b"0,0;1,1280"
    # Memory of two channels with markers cannot be read at the whole rate.
    awg.execute(b":INST:DACM DCM")
    assert awg.execute(b":INST:MEM:EXT:RDIV?") == b"DIV2"
    awg.execute(b":INST:MEM:EXT:RDIV DIV1")
    assert awg.errors.pop().code == -221
