"""What a simulated Tektronix AWG refuses, plays and forgets."""

import numpy as np
import pytest

from drivers.simulators.bench.rf_bench import Cable, RfBench, Signal
from drivers.simulators.generators.tektronix.awg import SimulatedTektronixAwg


def _ask(awg: SimulatedTektronixAwg, message: str) -> str:
    return awg.execute(message.encode("ascii")).decode("ascii")


def _block(data: bytes) -> bytes:
    size = str(len(data))
    return f"#{len(size)}{size}".encode("ascii") + data


def _errors(awg: SimulatedTektronixAwg) -> list[int]:
    codes = []
    while code := int(_ask(awg, "SYST:ERR:CODE?")):
        codes.append(code)
    return codes


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('WLIS:WAV:NEW "a",2399', -222),
        ('WLIS:WAV:NEW "a",3000000000', -222),
        ('WLIS:WAV:NEW "a",2400;:WLIS:WAV:NEW "a",2400', -224),
        ('WLIS:WAV:NEW "a",2400,COMPLEX', -224),
        ('WLIS:WAV:LENG? "none"', -256),
        ('WLIS:WAV:NEW "a",2400;:WLIS:WAV:DATA "a",2399,2,#18abcdefgh', -222),
        ('WLIS:WAV:NEW "a",2400;:WLIS:WAV:DATA "a",0,2,#14abcd', -161),
        ('WLIS:WAV:NEW "a",2400;:WLIS:WAV:DATA:Q "a",0,1,#14abcd', -224),
        ("AWGC:RUN", -221),
        ('SOUR1:CASS:WAV "none"', -256),
        ("SOUR1:VOLT 6", -222),
        ("OUTP1:PATH ACD", -222),
        ("SOUR5:RMOD TRIG", -114),
        ("SOUR1:DAC:RES 11", -222),
        ("CLOC:SRAT 2.6E9", -222),
        ("CLOC:SRAT 2.6 GHZ", -222),
        ('MMEM:OPEN "none.wfmx"', -256),
        ('MMEM:DATA "a.txt",#14abcd;:MMEM:OPEN "a.txt"', -250),
        ('MMEM:DATA "a.wfmx",#14abcd;:MMEM:OPEN "a.wfmx"', -250),
        ('MMEM:DATA "a.wfmx",5,#14abcd', -222),
        ('SLIS:SEQ:STEP1:WINP "none",ATR', -256),
        ('SLIS:SEQ:NEW "s",2;:SLIS:SEQ:STEP3:WINP "s",ATR', -222),
        ('SLIS:SEQ:NEW "s",1;:SLIS:SEQ:STEP1:TASS2:WAV "s","a"', -222),
        ('SLIS:SEQ:NEW "s",1;:SOUR1:CASS:SEQ "s",1;:AWGC:RUN', -221),
    ],
)
def test_errors(message: str, code: int) -> None:
    awg = SimulatedTektronixAwg(model="AWG5204")
    awg.execute(message.encode("ascii"))
    assert _errors(awg) == [code]


def test_lengths_of_an_awg70001_are_even() -> None:
    awg = SimulatedTektronixAwg(model="AWG70001A")
    awg.execute(b'WLIS:WAV:NEW "odd",4801')
    assert _errors(awg) == [-222]
    assert _ask(awg, "WLIS:WAV:GRAN?;LMIN?") == "2;4800"


def test_blocks_hold_any_bytes_and_are_read_back() -> None:
    awg = SimulatedTektronixAwg()
    samples = np.frombuffer(bytes(range(256)) * 40, "<f4")[:2500]
    awg.execute(b'WLIS:WAV:NEW "a",2500')
    awg.execute(b'WLIS:WAV:DATA "a",0,2500,' + _block(samples.tobytes()))
    assert awg.execute(b'WLIS:WAV:DATA? "a",10,3') == _block(samples[10:13].tobytes())
    awg.execute(b'WLIS:WAV:MARK:DATA "a",100,2,#12\xc0\x40')
    assert awg.execute(b'WLIS:WAV:MARK:DATA? "a",99,4') == b"#14\x00\xc0\x40\x00"
    assert list(awg.memory.get("a").markers[99:103]) == [0, 3, 1, 0]
    assert _errors(awg) == []


def test_markers_take_bits_of_the_dac() -> None:
    """With 14 of 16 bits there are two markers, and a code is four times as large."""
    heard: list[tuple[float, set[str]]] = []
    bench = RfBench()
    for name in ("1", "M1", "M2"):
        bench.connect(("awg", name), ("scope", name), Cable())

    def listen(signal: Signal) -> None:
        heard.append((float(signal.sample("1", 1.5e-6, 1e-9, 1)[0]), set(signal.connectors)))

    bench.register_digitizer("scope", listen)
    awg = SimulatedTektronixAwg("awg", bench=bench)
    value = np.float32(100.4 / 8191.0)
    awg.execute(b'WLIS:WAV:NEW "a",3000')
    awg.execute(b'WLIS:WAV:DATA "a",0,3000,' + _block(np.full(3000, value, "<f4").tobytes()))
    awg.execute(b'SOUR1:CASS:WAV "a";:SOUR1:VOLT 0.5;:CLOC:SRAT 1E9;:SOUR1:RMOD TRIG;:OUTP1 ON')
    for bits in (16, 15, 14):
        awg.execute(f"SOUR1:DAC:RES {bits};:AWGC:RUN;:TRIG:IMM ATR;:AWGC:STOP".encode())
    assert _errors(awg) == []
    volts = [entry[0] for entry in heard]
    wanted = [0.25 * round(value * scale) / scale for scale in (32767, 16383, 8191)]
    # float32 and the interpolation of the bench leave 1e-6 of it.
    assert volts == pytest.approx(wanted, rel=3e-6)
    assert [entry[1] for entry in heard] == [{"1"}, {"1", "M1"}, {"1", "M1", "M2"}]


def test_nothing_leaves_an_output_that_is_off() -> None:
    bench = RfBench()
    awg = SimulatedTektronixAwg("awg", bench=bench)
    awg.execute(b'WLIS:WAV:NEW "a",2400;:SOUR1:CASS:WAV "a";:SOUR1:RMOD TRIG')
    for message in ("OUTP1 OFF", "OUTP1 ON;:OUTP:OFF ON"):
        awg.execute(f"{message};:AWGC:RUN;*TRG;:AWGC:STOP".encode())
    assert bench.playbacks == 0
    awg.execute(b"OUTP:OFF OFF;:AWGC:RUN;*TRG")
    assert bench.playbacks == 1


def test_run_states() -> None:
    awg = SimulatedTektronixAwg()
    awg.execute(b'WLIS:WAV:NEW "a",3000;:SOUR1:CASS:WAV "a";:CLOC:SRAT 300')
    assert _ask(awg, "AWGC:RST?") == "0"
    awg.execute(b"*TRG")
    assert _ask(awg, "AWGC:RST?") == "0"
    assert _ask(awg, "AWGC:RUN;RST?;:AWGC:STOP") == "2"
    awg.execute(b"SOUR1:RMOD TRIG;:AWGC:RUN")
    assert _ask(awg, "AWGC:RST?") == "1"
    # Ten seconds at 300 Hz.
    assert _ask(awg, "TRIG:IMM BTR;:AWGC:RST?") == "1"
    assert _ask(awg, "TRIG:IMM ATR;:AWGC:RST?") == "2"
    assert _ask(awg, "AWGC:STOP;RST?") == "0"


def test_a_sequence_ends_in_zero_volts_and_goes_on_where_it_is_told() -> None:
    awg = SimulatedTektronixAwg()
    awg.execute(b'WLIS:WAV:NEW "a",2400;:SLIS:SEQ:NEW "s",3,1')
    for step in (1, 2, 3):
        awg.execute(f'SLIS:SEQ:STEP{step}:TASS:WAV "s","a"'.encode())
    awg.execute(b'SLIS:SEQ:STEP1:WINP "s",ATR;:SLIS:SEQ:STEP3:WINP "s",BTR')
    awg.execute(b'SLIS:SEQ:STEP3:GOTO "s",END;:SOUR1:CASS:SEQ "s",1;:AWGC:RUN')
    assert _ask(awg, "AWGC:RST?;:SOUR1:SCST?") == "1;1"
    # Step 2 does not wait, and step 3 not for trigger A.
    awg.external_trigger("ATR")
    assert _ask(awg, "SOUR1:SCST?") == "3"
    awg.external_trigger("ATR")
    assert _ask(awg, "SOUR1:SCST?") == "3"
    while _ask(awg, "AWGC:RST?") == "2":
        pass
    awg.external_trigger("BTR")
    assert _ask(awg, "AWGC:RST?") == "2"
    assert _ask(awg, 'SLIS:SEQ:STEP3:GOTO? "s";:SLIS:SEQ:STEP1:RCO? "s"') == "END;ONCE"


def test_opening_a_file_goes_on_while_other_commands_are_done() -> None:
    awg = SimulatedTektronixAwg()
    header = (
        '<DataFile offset="000000290" version="0.1"><DataSetsCollection '
        'xmlns="http://www.tektronix.com"><NumberSamples>4000000</NumberSamples>'
        "<MarkersIncluded>false</MarkersIncluded><NumberFormat>Single</NumberFormat>"
        "<Endian>Little</Endian></DataSetsCollection></DataFile>"
    ).ljust(290)
    awg.execute(b'MMEM:DATA "big.wfmx",' + _block(header.encode("ascii") + bytes(16_000_000)))
    # 16 MB at 400 MB/s are 40 ms.
    assert _ask(awg, 'MMEM:OPEN "big.wfmx";:WLIS:SIZE?') == "0"
    assert _ask(awg, "*OPC?;:WLIS:LIST?") == '1;"big"'
    assert awg.memory.get("big").samples == 4_000_000


def test_reset_deletes_everything_and_leaves_outputs_off() -> None:
    awg = SimulatedTektronixAwg()
    awg.execute(b'WLIS:WAV:NEW "a",2400;:SOUR1:WAV "a";:OUTP1 ON;:AWGC:RUN;:CLOC:SRAT 1E9')
    assert awg.radiates(1)
    awg.execute(b"*RST")
    assert not awg.radiates(1)
    assert _ask(awg, "AWGC:RST?;:WLIS:SIZE?;:OUTP1?;:SOUR1:RMOD?") == "0;0;0;CONT"
    assert float(_ask(awg, "CLOC:SRAT?")) == 2.5e9
