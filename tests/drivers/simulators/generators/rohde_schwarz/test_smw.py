"""The simulated SMW200A, driven by RsSmw, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from RsSmw import RsSmw, enums

from drivers.simulators.bench.rf_bench import RfBench, Signal
from drivers.simulators.generators.rohde_schwarz.smw import Model, SimulatedSmw
from drivers.simulators.servers.instrument_server import InstrumentServer

HEADER = b"{TYPE: SMU-WV,0}{CLOCK: 1e6}{LEVEL OFFS: 0,0}"


def loaded(simulator: SimulatedSmw, samples: int = 1000) -> None:
    """Give it a carrier of full scale."""
    codes = np.zeros((samples, 2), "<i2")
    codes[:, 0] = 32767
    file = HEADER + f"{{WAVEFORM-{4 * samples + 1}:#".encode() + codes.tobytes() + b"}"
    size = str(len(file))
    block = f"#{len(size)}{size}".encode() + file
    simulator.execute(b"MMEM:DATA '/var/user/carrier.wv'," + block)
    simulator.execute(b"SOUR:BB:ARB:WAV:SEL 'carrier'")
    assert simulator.execute(b"SYST:ERR?").startswith(b"0,")


@pytest.mark.parametrize("model", ["SMW200A", "SMBV100B"])
def test_rssmw_uploads_and_plays(model: Model, tmp_path: Path) -> None:
    """Their driver, by HiSLIP through pyvisa-py: file, level, trigger, output."""
    bench = RfBench()
    heard: list[Signal] = []
    bench.register_digitizer("listener", heard.append)
    bench.connect(("smw", "RF"), ("listener", "1"))
    bench.connect(("smw", "M1"), ("listener", "2"))
    simulator = SimulatedSmw("smw", bench=bench, model=model)
    turn = 2.0 * np.pi * np.arange(1000) / 100.0
    path = tmp_path / "theirs.wv"
    with InstrumentServer(simulator) as server:
        smw = RsSmw(server.hislip_address, True, True, "SelectVisa='@py'")
        try:
            assert model in smw.utilities.idn_string
            samples, _, _ = smw.arb_files.create_waveform_file_from_samples(
                (0.5 * np.cos(turn)).tolist(),
                (0.5 * np.sin(turn)).tolist(),
                str(path),
                clock_freq=1e6,
                auto_scale=False,
                additional_tags=["{MARKER LIST 1: 0:0;10:1;20:0}"],
            )
            smw.arb_files.send_waveform_file_to_instrument(str(path), "/var/user/theirs.wv")
            arb = smw.source.bb.arbitrary
            arb.waveform.set_select("/var/user/theirs.wv")
            assert arb.waveform.get_points() == samples
            assert arb.waveform.catalog.get_value() == ["theirs"]
            assert arb.clock.get_value() == 1e6
            smw.source.frequency.cw.set_value(1e9)
            smw.source.power.level.immediate.set_amplitude(-10.0)
            # The envelope is constant: no peak above the mean.
            assert smw.source.power.get_pep() == -10.0
            arb.trigger.set_sequence(enums.DmTrigMode.SINGle)
            arb.trigger.set_source(enums.TrigSour.INTernal)
            arb.set_state(True)
            smw.output.state.set_value(True)
            assert arb.trigger.get_rmode() == enums.TrigRunMode.STOP
            assert heard == []
            arb.trigger.execute.set()
            assert smw.utilities.query_all_errors() is None
            smw.output.state.set_value(False)
            assert smw.output.state.get_value() is False
        finally:
            smw.close()
    assert simulator.loaded is not None
    np.testing.assert_array_equal(
        simulator.loaded.codes[:, 0], np.floor(0.5 * np.cos(turn) * 32767.0 + 0.5)
    )
    assert len(heard) == 1
    # -10 dBm of a constant envelope are 0.1 V peak; the marker rises with sample 10.
    volts = heard[0].sample("1", 500e-6, 1e-11, 10_000)
    assert np.max(np.abs(volts)) == pytest.approx(0.1, rel=1e-3)
    assert heard[0].edges("2", 0.5) == pytest.approx([10e-6], abs=1e-15)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"{TYPE: SMU-WV,0}",
        HEADER,
        HEADER + b"{WAVEFORM-5:#1234",
        HEADER + b"{WAVEFORM-6:#12345}",
        HEADER + b"{WAVEFORM-9:#1234}",
        b"{TYPE: SMU-DL,0}{CLOCK: 1e6}{LEVEL OFFS: 0,0}{WAVEFORM-5:#1234}",
        b"{TYPE: SMU-WV,0}{LEVEL OFFS: 0,0}{WAVEFORM-5:#1234}",
        b"{TYPE: SMU-WV,0}{CLOCK: fast}{LEVEL OFFS: 0,0}{WAVEFORM-5:#1234}",
        b"{TYPE: SMU-WV,0}{CLOCK: 1e6}{WAVEFORM-5:#1234}",
        HEADER + b"{SAMPLES: 2}{WAVEFORM-5:#1234}",
        HEADER + b"{MARKER LIST 1: 0:2}{WAVEFORM-5:#1234}",
        HEADER + b"{MARKER LIST 1: 5:1}{WAVEFORM-5:#1234}",
        HEADER + b"{MARKER LIST 1: 0}{WAVEFORM-5:#1234}",
    ],
)
def test_files_that_are_none_are_not_loaded(file: bytes) -> None:
    simulator = SimulatedSmw("smw")
    size = str(len(file))
    block = f"#{len(size)}{size}".encode() + file
    simulator.execute(b"MMEM:DATA 'bad.wv'," + block)
    assert simulator.execute(b"SYST:ERR?") == b'0,"No error"'
    simulator.execute(b"SOUR:BB:ARB:WAV:SEL 'bad'")
    assert simulator.execute(b"SYST:ERR?").startswith(b"-230,")
    assert simulator.loaded is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"SOUR:BB:ARB:WAV:SEL 'nothing'", b"-256"),
        (b"MMEM:DEL 'nothing.wv'", b"-256"),
        (b"MMEM:DATA? 'nothing.wv'", b"-256"),
        (b"MMEM:DATA '',#11x", b"-257"),
        (b"SOUR:BB:ARB:STAT ON", b"-221"),
        (b"SOUR:BB:ARB:CLOC 1GHZ", b"-222"),
        (b"SOUR:FREQ 1KHZ", b"-222"),
        (b"SOUR:POW 40DBM", b"-222"),
        (b"SOUR:BB:ARB:TRIG:SOUR NEVER", b"-224"),
        (b"SOUR3:FREQ 1GHZ", b"-114"),
    ],
)
def test_what_it_cannot_do(message: bytes, code: bytes) -> None:
    simulator = SimulatedSmw("smw")
    simulator.execute(message)
    assert simulator.execute(b"SYST:ERR?").startswith(code + b",")


def test_a_level_goes_by_the_peak_of_the_waveform() -> None:
    """What is set is the mean level; what is limited is the peak."""
    simulator = SimulatedSmw("smw")
    loaded(simulator)
    assert simulator.execute(b"SOUR:POW -3;:SOUR:POW:PEP?") == b"-3.00"
    assert simulator.execute(b"SOUR:POW? MAX") == simulator.execute(b"SOUR:POW:RANG:UPP?")


def test_a_level_offset_counts_where_the_manual_says() -> None:
    simulator = SimulatedSmw("smw")
    simulator.execute(b"SOUR:POW:LEV:IMM:OFFS 10;:SOUR:POW:LEV:IMM:AMPL 0")
    assert simulator.execute(b"SOUR:POW:POW?;:SOUR:POW?") == b"-10;0.00"


def test_a_bare_carrier_is_noted() -> None:
    simulator = SimulatedSmw("smw")
    loaded(simulator)
    simulator.execute(b"SOUR:BB:ARB:TRIG:SEQ SING;:SOUR:BB:ARB:STAT ON;:OUTP ON")
    assert simulator.bare_carriers == 0
    simulator.execute(b"SOUR:BB:ARB:STAT OFF")
    assert simulator.bare_carriers == 1
    simulator.execute(b"OUTP OFF;:OUTP ON")
    assert simulator.bare_carriers == 2


def test_continuous_playing_is_noted() -> None:
    simulator = SimulatedSmw("smw")
    loaded(simulator)
    simulator.execute(b"SOUR:BB:ARB:TRIG:SEQ AUTO;:SOUR:BB:ARB:STAT ON")
    assert simulator.continuous == 1


def test_reset_forgets_settings_and_keeps_files() -> None:
    simulator = SimulatedSmw("smw")
    loaded(simulator)
    simulator.execute(b"OUTP ON;:SOUR:FREQ 3GHZ;*RST")
    assert simulator.execute(b"OUTP?;:SOUR:FREQ?") == b"0;1000000000"
    assert simulator.loaded is None
    assert simulator.execute(b"SOUR:BB:ARB:WAV:CAT?") == b"carrier"


def test_files_come_back_as_they_were() -> None:
    simulator = SimulatedSmw("smw")
    simulator.execute(b"MMEM:DATA '/var/user/x.bin',#3256" + bytes(range(256)))
    assert simulator.execute(b"MMEM:DATA? '/var/user/x.bin'") == b"#3256" + bytes(range(256))
    assert b'"x.bin,BIN,256"' in simulator.execute(b"MMEM:CAT?")
    simulator.execute(b"MMEM:DEL 'x.bin'")
    assert b"x.bin" not in simulator.execute(b"MMEM:CAT?")


def test_a_full_disk_takes_no_more() -> None:
    simulator = SimulatedSmw("smw", disk_bytes=100)
    simulator.execute(b"MMEM:DATA 'a',#299" + bytes(99))
    simulator.execute(b"MMEM:DATA 'b',#12xx")
    assert simulator.execute(b"SYST:ERR?").startswith(b"-254,")
    # In the place of itself there is room.
    simulator.execute(b"MMEM:DATA 'a',#299" + bytes(99))
    assert simulator.execute(b"SYST:ERR?").startswith(b"0,")
