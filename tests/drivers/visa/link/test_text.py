import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.visa.errors import AnswerError, InstrumentMessage
from drivers.visa.link.text import (
    as_error_message,
    as_list,
    as_number,
    as_numbers,
    as_text,
    as_whole,
    as_wholes,
)


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))))
def test_quoted_fields_come_back(fields: list[str]) -> None:
    quoted = ",".join('"' + field.replace('"', '""') + '"' for field in fields)
    assert as_list(quoted) == fields


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        ("", []),
        ("A", ["A"]),
        (" A , B,C ", ["A", "B", "C"]),
        ("A,,C", ["A", "", "C"]),
        ("A,", ["A", ""]),
        ('"a,b",3, "c"', ["a,b", "3", "c"]),
        ('"not closed, 3', ['"not closed', "3"]),
    ],
)
def test_lists(answer: str, fields: list[str]) -> None:
    assert as_list(answer) == fields


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_in_any_form(number: int) -> None:
    assert as_whole("N?", str(number)) == number
    assert as_whole("N?", f"{number:+d}") == number
    assert as_whole("N?", f"{number}.0") == number
    assert as_whole("N?", f"{number:.15E}") == number


@pytest.mark.parametrize("answer", ["1.5", "", "ten", "nan", "9.9E37"])
def test_what_is_no_whole_number(answer: str) -> None:
    with pytest.raises(AnswerError):
        as_whole("N?", answer)


@pytest.mark.parametrize("answer", ["inf", "-inf", "nan", "9.9E37", "-9.9E37", "9.91E37", "1,2"])
def test_what_is_no_number(answer: str) -> None:
    with pytest.raises(AnswerError, match=r"F\?"):
        as_number("F?", answer)


@pytest.mark.parametrize("answer", [b"\x00abc\n", b"12\xb5V\n", b"a\x1b[0m"])
def test_what_is_no_text(answer: bytes) -> None:
    with pytest.raises(AnswerError):
        as_text("T?", answer)
    assert as_text("T?", b" volts \r\n") == "volts"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ('0,"No error"', (0, "No error")),
        ('+0,"No error"', (0, "No error")),
        ('-113,"Undefined header;NONSENSE"', (-113, "Undefined header;NONSENSE")),
        ('-222 , "Data, out of range"', (-222, "Data, out of range")),
        ("301,busy", (301, "busy")),
    ],
)
def test_entries_of_the_error_queue(answer: str, message: tuple[int, str]) -> None:
    assert as_error_message("SYST:ERR?", answer) == InstrumentMessage(*message)


@pytest.mark.parametrize("answer", ["", "No error", "1", '"0",No error'])
def test_what_is_no_entry(answer: str) -> None:
    with pytest.raises(AnswerError):
        as_error_message("SYST:ERR?", answer)


@pytest.mark.parametrize("fields", [[], ["1"], ["1", "2", "3"], ["1", "two"], ["1", "9.91E37"]])
def test_other_fields_than_so_many_numbers_are_refused(fields: list[str]) -> None:
    for read in (as_numbers, as_wholes):
        with pytest.raises(AnswerError, match="L"):
            read("L?", fields, 2)


def test_so_many_numbers() -> None:
    assert as_numbers("L?", ["1.5", "-2E3"], 2) == [1.5, -2000.0]
    assert as_wholes("L?", ["1.0E+3", "-2"], 2) == [1000, -2]
    with pytest.raises(AnswerError):
        as_wholes("L?", ["1.5"], 1)
