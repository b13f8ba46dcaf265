"""What a simulated Tektronix oscilloscope records, hands out and refuses."""

import numpy as np
import pytest

from drivers.simulators.bench.rf_bench import Cable, Playback, RfBench
from drivers.simulators.digitizers.tektronix.mso import SimulatedTektronixMso


def _ask(scope: SimulatedTektronixMso, message: str) -> str:
    return scope.execute(message.encode("ascii")).decode("latin-1")


def _scope(model: str = "MSO58") -> tuple[SimulatedTektronixMso, RfBench]:
    bench = RfBench()
    scope = SimulatedTektronixMso("scope", model=model, bench=bench)
    bench.connect(("awg", "1"), ("scope", "1"), Cable())
    scope.execute(
        b"HOR:MODE MAN;:HOR:MODE:SAMPLER 1.25E9;:HOR:MODE:RECO 2000;:CH1:SCA 0.1;"
        b":TRIG:A:MOD NORM;:TRIG:A:LEV:CH1 0.05;:ACQ:STOPA SEQ"
    )
    return scope, bench


def _play(bench: RfBench, volts: float = 0.2) -> None:
    """A step of many microseconds."""
    samples = np.zeros(10_000, np.float32)
    samples[3000:] = volts
    bench.play("awg", Playback(1e9, {"1": samples}))


def test_it_records_only_while_it_acquires() -> None:
    scope, bench = _scope()
    _play(bench)
    assert _ask(scope, "TRIG:STATE?;:ACQ:STATE?;NUMAC?") == "SAVE;0;0"
    scope.execute(b"ACQ:STATE ON")
    # It begins, fills what stands before a trigger, and waits.
    states = [_ask(scope, "TRIG:STATE?;:ACQ:STATE?") for _ in range(3)]
    assert states == ["SAVE;1", "ARMED;1", "READY;1"]
    _play(bench, 0.03)
    assert _ask(scope, "ACQ:STATE?") == "1"
    _play(bench)
    assert _ask(scope, "TRIG:STATE?;:ACQ:STATE?;NUMAC?") == "SAVE;0;1"
    assert len(scope.frames) == 1


def test_the_trigger_is_where_the_preamble_says() -> None:
    scope, bench = _scope()
    scope.execute(b"HOR:POS 25;:DAT:WID 2;:ACQ:STATE ON")
    _play(bench)
    told = _ask(scope, "WFMO:PT_OFF?;XZERO?;XINCR?;YMULT?;YZERO?;NR_PT?").split(";")
    pt_off, xzero, xincr, ymult, yzero, nr_pt = map(float, told)
    assert (pt_off, nr_pt, xincr) == (500.0, 2000.0, 0.8e-9)
    assert 0.0 <= xzero < xincr
    volts = scope.frames[0].codes[1] * ymult + yzero
    # The level is reached where the step is, a quarter of the record from its beginning.
    assert abs(int(np.argmax(volts > 0.1)) - 500) <= 2
    assert volts[600:].mean() == pytest.approx(0.2, abs=2e-4)


def test_curves_in_all_encodings_are_the_same() -> None:
    scope, bench = _scope()
    scope.execute(b"ACQ:STATE ON")
    _play(bench)
    codes = scope.frames[0].codes[1]
    # 12 bits in 16: the lower four are 0.
    assert not np.any(codes & 0xF)
    kinds = {"RIB": ">i2", "SRI": "<i2", "RPB": ">u2", "SRP": "<u2"}
    for encoding, kind in kinds.items():
        block = scope.execute(f"DAT:ENC {encoding};WID 2;STAR 1;STOP 2000;:CURV?".encode())
        assert block[:6] == b"#44000"
        values = np.frombuffer(block[6:], kind).astype(int)
        np.testing.assert_array_equal(values - (32768 if "u" in kind else 0), codes)
    text = _ask(scope, "DAT:ENC ASCI;:DAT:STAR 11;:DAT:STOP 20;:CURV?")
    assert [int(value) for value in text.split(",")] == list(codes[10:20])
    block = scope.execute(b"DAT:ENC SRI;WID 1;STAR 1;STOP 2000;:CURV?")
    np.testing.assert_array_equal(np.frombuffer(block[6:], np.int8), codes >> 8)
    assert _ask(scope, "WFMO:BYT_N?;BIT_N?;BN_F?;BYT_O?") == "1;8;RI;LSB"


def test_above_its_rate_of_12_bits_it_has_8() -> None:
    scope, bench = _scope()
    scope.execute(b"HOR:MODE:SAMPLER 6.25E9;:ACQ:STATE ON")
    _play(bench)
    assert not np.any(scope.frames[0].codes[1] & 0xFF)


def test_what_is_beyond_the_screen_is_clipped() -> None:
    scope, bench = _scope()
    scope.execute(b"ACQ:STATE ON")
    _play(bench, 0.7)
    # 5.12 divisions of 0.1 V, less one code of 12 bits.
    assert scope.frames[0].codes[1].max() == 0x7FF0
    assert _ask(scope, "CH1:CLIP?") == "1"


def test_frames_are_those_of_their_triggers() -> None:
    scope, bench = _scope()
    scope.execute(b"HOR:FAST:STATE ON;COUN 2;:ACQ:STATE ON")
    _play(bench, 0.1)
    assert _ask(scope, "ACQ:STATE?;NUMFRAMESACQ?") == "1;1"
    _play(bench, 0.3)
    assert _ask(scope, "ACQ:STATE?;NUMFRAMESACQ?") == "0;2"
    highs = []
    for frame in (1, 2):
        scope.execute(f"DAT:FRAMESTAR {frame};FRAMESTOP {frame}".encode())
        block = scope.execute(b"DAT:ENC SRI;WID 2;STAR 1;STOP 2000;:CURV?")
        highs.append(np.frombuffer(block[6:], "<i2")[1500:].mean() * scope.code_v(1))
    assert highs == pytest.approx([0.1, 0.3], abs=2e-4)
    times = _ask(scope, "HOR:FAST:XZE:ALL?")
    assert times.startswith('"1: ')
    assert times.count(":") == 2


def test_limits_become_what_it_has() -> None:
    scope, _ = _scope("MSO64")
    assert _ask(scope, "HOR:MODE:RECO 1E12;RECO?") == "62500000"
    assert _ask(scope, "HOR:MODE:RECO 1;RECO?") == "1000"
    assert float(_ask(scope, "HOR:MODE:SAMPLER 1E12;SAMPLER?")) == 25e9
    assert float(_ask(scope, "HOR:MODE:SAMPLER 2E9;SAMPLER?")) == 3.125e9
    assert _ask(scope, "HOR:MODE:RECO 1000000;:HOR:FAST:COUN 100000;COUN?;MAXFR?") == "62;62"


def test_events_come_after_the_status_register() -> None:
    scope, _ = _scope()
    scope.execute(b"*CLS;:CH1:SCA 100;:NOPE")
    assert _ask(scope, "EVM?") == '1,"No events to report - new events pending *ESR?"'
    assert _ask(scope, "*ESR?") == str(16 + 32)
    assert _ask(scope, "EVM?") == '222,"Data out of range;100"'
    assert _ask(scope, "ALLE?") == '113,"Undefined header;NOPE"'
    assert _ask(scope, "EVM?") == '0,"No events to report - queue empty"'
    scope.execute(b"NOPE")
    scope.execute(b"*ESR?")
    # Reading the register again forgets what was not asked for.
    assert _ask(scope, "*ESR?;:EVQ?") == "0;0"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("CURV?", "221"),
        ("CH9:SCA 1", "114"),
        ("TRIG:A:EDGE:SOU AUX", "224"),
        ("DAT:WID 4", "222"),
        ("DAT:SOU CH2", "0"),
    ],
)
def test_errors(message: str, code: str) -> None:
    scope, _ = _scope()
    scope.execute(b"*CLS")
    scope.execute(message.encode("ascii"))
    assert _ask(scope, "*ESR?;:EVM?").split(";", 1)[1].split(",")[0] == code
