import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.parser import block_span, parse
from drivers.simulators.scpi.values import definite_block


def headers(message: bytes) -> list[str]:
    units, error = parse(message)
    assert error is None
    return [unit.text for unit in units]


# The rules of SCPI-99, volume 1, 6.2.4: a semicolon keeps the path, a colon after it goes back to
# the root, common commands leave the path where it is, and a new message begins at the root.
@pytest.mark.parametrize(
    ("message", "meant"),
    [
        (b"FREQ:STAR 3 MHZ;STOP 5 MHZ", ["FREQ:STAR", "FREQ:STOP"]),
        (b":FREQ:STAR 3 MHZ;:FREQ:STOP 5 MHZ", ["FREQ:STAR", "FREQ:STOP"]),
        (b"CURR:LEV 3;PROT:STAT OFF", ["CURR:LEV", "CURR:PROT:STAT"]),
        (b"FREQ:STAR 3;*CLS;STOP 5;*OPC?", ["FREQ:STAR", "*CLS", "FREQ:STOP", "*OPC?"]),
        (b"*RST;FREQ 3", ["*RST", "FREQ"]),
        (b"A:B:C 1;D 2;E:F 3;G 4", ["A:B:C", "A:B:D", "A:B:E:F", "A:B:E:G"]),
        (b"A:B 1;:C 2;D 3", ["A:B", "C", "D"]),
        (b"A:B?;C?", ["A:B?", "A:C?"]),
        (b"A:B 1\nC 2\n", ["A:B", "C"]),
        (b" ; ;A ;; B;\n", ["A", "B"]),
        (b"\tfreq:Star\t3 ; stop? ", ["FREQ:STAR", "FREQ:STOP?"]),
        (b"", []),
        (b"\n", []),
    ],
)
def test_headers_follow_the_path_rules(message: bytes, meant: list[str]) -> None:
    assert headers(message) == meant


@pytest.mark.parametrize(
    ("written", "kind", "text", "suffix"),
    [
        (b"12", "number", "12", ""),
        (b"-.5E-3", "number", "-.5E-3", ""),
        (b"+1. e +6 Hz", "number", "+1.E+6", "HZ"),
        (b"3.5MHz", "number", "3.5", "MHZ"),
        (b"2 m/s2", "number", "2", "M/S2"),
        (b"50%", "number", "50", "%"),
        (b"#hFf", "number", "#HFF", ""),
        (b"#Q17", "number", "#Q17", ""),
        (b"#B101", "number", "#B101", ""),
        (b"EXTernal", "mnemonic", "EXTERNAL", ""),
        (b'"a;b,c#1\'d""e"', "string", "a;b,c#1'd\"e", ""),
        (b"'it''s'", "string", "it's", ""),
        (b"(@1,2:4)", "expression", "@1,2:4", ""),
        (b"(1+(2*3))", "expression", "1+(2*3)", ""),
    ],
)
def test_parameters_are_read_as_what_they_are(
    written: bytes, kind: str, text: str, suffix: str
) -> None:
    units, error = parse(b"A " + written + b" , " + written + b";B")
    assert error is None
    assert [unit.text for unit in units] == ["A", "B"]
    for parameter in units[0].parameters:
        assert (parameter.kind, parameter.text, parameter.suffix) == (kind, text, suffix)
    assert len(units[0].parameters) == 2


@given(st.binary(max_size=300), st.binary(max_size=30))
def test_a_definite_block_holds_any_bytes(data: bytes, other: bytes) -> None:
    message = b"A " + definite_block(data) + b"," + definite_block(other) + b";B?\n"
    units, error = parse(bytearray(message))
    assert error is None
    assert [unit.text for unit in units] == ["A", "B?"]
    assert [bytes(parameter.data) for parameter in units[0].parameters] == [data, other]


@given(st.binary(max_size=300))
def test_an_indefinite_block_holds_all_to_the_end(data: bytes) -> None:
    units, error = parse(b"A 1,#0" + data + b"\n")
    assert error is None
    assert bytes(units[0].parameters[1].data) == data


@pytest.mark.parametrize(
    ("message", "code", "before"),
    [
        (b"A 1;B 1 2", -103, 1),
        (b"A 1;B 1,", -102, 1),
        (b"A ,1", -102, 0),
        (b'A "open', -151, 0),
        (b'A "open\nB 1', -151, 0),
        (b"A #3", -161, 0),
        (b"A #15ABC", -161, 0),
        (b"A #2x5ABC", -161, 0),
        (b"A #HXY", -161, 0),
        (b"A (1,2", -171, 0),
        (b"A !", -101, 0),
        (b"\xff\xfe", -101, 0),
        (b"1A", -101, 0),
        (b"A::B", -111, 0),
        (b":", -110, 0),
        (b"*", -110, 0),
        (b"A!", -111, 0),
        (b"A? ?", -101, 0),
    ],
)
def test_what_cannot_be_read_is_an_error_after_what_could(
    message: bytes, code: int, before: int
) -> None:
    units, error = parse(message)
    assert error is not None
    assert error.code == code
    assert len(units) == before


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(message: bytes) -> None:
    units, error = parse(message)
    assert error is None or -199 <= error.code <= -100
    assert all(unit.header for unit in units)


def test_where_a_block_lies_is_known_as_soon_as_its_header_is_there() -> None:
    assert block_span(b"#", 0) is None
    assert block_span(b"#41", 0) is None
    assert block_span(b"xx#41024", 2) == (8, 1032)
    for wrong in (b"#A", b"#0", b"#2x"):
        with pytest.raises(ScpiError) as refused:
            block_span(wrong, 0)
        assert refused.value.code == -161
