import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulators.instrument import CancelledError
from drivers.simulators.scpi import definite_block
from tests.drivers.simulators.toy import IDENTITY, ToyInstrument


@pytest.fixture
def toy() -> ToyInstrument:
    return ToyInstrument()


def test_who_it_is(toy: ToyInstrument) -> None:
    assert toy.execute(b"*IDN?\n") == IDENTITY.encode()
    assert toy.execute(b"*OPT?;*TST?;SYST:VERS?") == b"OPT1,OPT2;0;1999.0"


def test_several_queries_answer_in_one_message(toy: ToyInstrument) -> None:
    assert toy.execute(b"FREQ:STAR 3 MHZ;STOP 5 MHZ;STAR?;STOP?;*OPC?") == b"3000000;5000000;1"
    # A newline ends the response message, too (IEEE 488.2, 6.4.3).
    assert toy.execute(b"FREQ:STAR?\nFREQ:STOP?") == b"3000000\n5000000"
    assert toy.execute(b"FREQ:STAR 1") == b""


def test_an_empty_answer_is_an_answer(toy: ToyInstrument) -> None:
    toy.tree.query("NOTHing", lambda call: "")
    assert toy.answers(b"NOTH?", threading.Event()) == [b"", b"\n"]
    assert toy.answers(b"*WAI", threading.Event()) == []


def test_a_command_error_ends_a_message_and_others_do_not(toy: ToyInstrument) -> None:
    assert toy.execute(b"POIN 5;POIN 9999;POIN?;NOPE;POIN 6") == b"5"
    assert toy.execute(b"POIN?;SYST:ERR?;ERR?;ERR?;ERR:COUN?") == (
        b'5;-222,"Data out of range;9999";-113,"Undefined header;NOPE";0,"No error";0'
    )


def test_errors_name_the_header_if_they_name_nothing_else(toy: ToyInstrument) -> None:
    toy.execute(b"TRIG:SOUR;TRIG:SOUR 1,2")
    toy.execute(b"MEM:DATA (@1)")
    assert toy.execute(b"SYST:ERR?;ERR?") == (
        b'-109,"Missing parameter;TRIG:SOUR";-178,"Expression data not allowed;@1"'
    )


def test_signed_error_numbers(toy: ToyInstrument) -> None:
    toy.signed_error_numbers = True
    toy.execute(b"NOPE")
    assert toy.execute(b"SYST:ERR?;ERR?") == b'-113,"Undefined header;NOPE";+0,"No error"'


def test_the_queue_of_errors_is_bounded(toy: ToyInstrument) -> None:
    for _ in range(100):
        toy.execute(b"NOPE")
    count = int(toy.execute(b"SYST:ERR:COUN?"))
    answers = [toy.execute(b"SYST:ERR?") for _ in range(count)]
    assert answers[-1] == b'-350,"Queue overflow"'
    assert toy.execute(b"SYST:ERR?") == b'0,"No error"'


def test_status_registers_and_masks(toy: ToyInstrument) -> None:
    assert toy.execute(b"*ESR?;*ESR?") == b"128;0"
    toy.execute(b"*ESE 36;*SRE 255;NOPE")
    # Bit 6 cannot be enabled (IEEE 488.2, 10.34).
    assert toy.execute(b"*ESE?;*SRE?") == b"36;191"
    # Errors in the queue, event summary, master summary.
    assert toy.execute(b"*STB?") == str(1 << 2 | 1 << 5 | 1 << 6).encode()
    toy.execute(b"*CLS")
    assert toy.execute(b"*STB?;*ESR?;*ESE?") == b"0;0;36"
    toy.execute(b"*ESE 256")
    assert toy.errors.pop().code == -222


def test_scpi_registers(toy: ToyInstrument) -> None:
    toy.execute(b"STAT:OPER:ENAB 16;PTR 16;NTR 0;:STAT:QUES:ENAB #H7FFF")
    toy.status.operation.set_condition(16)
    assert toy.execute(b"STAT:OPER:COND?;ENAB?;:STAT:QUES:ENAB?;*STB?") == b"16;16;32767;128"
    assert toy.execute(b"STAT:OPER?;OPER:EVEN?;*STB?") == b"16;0;0"
    assert toy.execute(b"STAT:PRES;:STAT:OPER:ENAB?;:STAT:OPER:PTR?;NTR?") == b"0;32767;0"


def test_completion_of_what_is_under_way(toy: ToyInstrument) -> None:
    toy.execute(b"*CLS;SWE;*OPC")
    assert toy.execute(b"*ESR?") == b"0"
    toy.sweep_ended.set()
    assert toy.execute(b"*ESR?") == b"1"
    # With nothing under way it is complete at once.
    assert toy.execute(b"*OPC;*ESR?;*WAI;*OPC?") == b"1;1"


def test_clear_and_reset_forget_that_completion_was_wanted(toy: ToyInstrument) -> None:
    # IEEE 488.2, 10.3 and 10.32: both put the device into its OCIS.
    for forget in (b"*CLS", b"*RST"):
        toy.execute(b"*CLS;SWE;*OPC;" + forget)
        toy.sweep_ended.set()
        assert toy.execute(b"*ESR?") == b"0"
        toy.sweep_ended.clear()
    toy.execute(b"SWE;*OPC")
    toy.device_clear()
    toy.sweep_ended.set()
    assert toy.execute(b"*ESR?") == b"0"


@pytest.mark.parametrize("end", ["event", "reset"])
def test_a_wait_lets_others_in(toy: ToyInstrument, end: str) -> None:
    toy.execute(b"SWE")
    answers: list[bytes] = []
    waiting = threading.Thread(target=lambda: answers.append(toy.execute(b"*WAI;*OPC?")))
    waiting.start()
    # Another session is served meanwhile, and its own wait is its own.
    assert toy.execute(b"*IDN?") == IDENTITY.encode()
    assert waiting.is_alive()
    if end == "event":
        toy.sweep_ended.set()
        toy.operations_ended()
    else:
        toy.execute(b"*RST")
    waiting.join(timeout=5.0)
    assert answers == [b"1"]


def test_a_wait_can_be_cancelled(toy: ToyInstrument) -> None:
    toy.execute(b"SWE")
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        toy.answers(b"*OPC?", cancel)


def test_loss_of_power_resets_all(toy: ToyInstrument) -> None:
    toy.execute(b"*ESE 32;*SRE 32;*ESR?;OUTP ON;NOPE;STAT:OPER:ENAB 1")
    toy.power_on()
    assert toy.execute(b"*ESE?;*SRE?;OUTP?;*ESR?;SYST:ERR:COUN?;:STAT:OPER:ENAB?") == (
        b"0;0;0;128;0;0"
    )


def test_reset_leaves_status_and_errors(toy: ToyInstrument) -> None:
    # IEEE 488.2, 10.32.
    toy.execute(b"*ESE 32;OUTP ON;NOPE")
    assert toy.execute(b"*RST;*ESE?;OUTP?;SYST:ERR:COUN?") == b"32;0;1"


@given(st.binary(max_size=2000))
def test_a_block_goes_through_unchanged(data: bytes) -> None:
    toy = ToyInstrument()
    assert toy.execute(b"MEM:DATA " + definite_block(data) + b";DATA?\n") == definite_block(data)
    toy.execute(b"MEM:DATA #0" + data + b"\n")
    assert toy.memory == data


@given(st.binary(max_size=200))
def test_garbage_leaves_an_instrument_that_answers(garbage: bytes) -> None:
    toy = ToyInstrument()
    toy.execute(garbage)
    assert toy.execute(b"*IDN?") == IDENTITY.encode()
    # What cannot be a message at all leaves an error.
    toy.execute(b"*CLS")
    toy.execute(b"\xff" + garbage)
    assert toy.execute(b"SYST:ERR?").startswith(b"-1")


words = st.sampled_from(
    [b"*IDN?", b"FREQ", b":SOUR2:FREQ ", b"?", b";", b":", b"1E", b"MHZ", b"#", b"#3", b"(@1",
     b"'", b'"', b",", b" ", b"\n", b"POIN ", b"MAX", b"*RST", b"MEM:DATA ", b"SYST:ERR", b"\0"]
)  # fmt: skip


@given(st.lists(words, max_size=12).map(b"".join))
def test_neither_does_what_looks_like_a_message(garbage: bytes) -> None:
    toy = ToyInstrument()
    toy.execute(garbage)
    toy.execute(b"*CLS")
    assert toy.execute(b"*IDN?;SYST:ERR?") == IDENTITY.encode() + b';0,"No error"'
