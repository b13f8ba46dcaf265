import math
from collections.abc import Callable

import pytest

from drivers.simulators.scpi import Call, ScpiError
from drivers.simulators.scpi.parser import parse


def call(parameters: bytes) -> Call:
    (unit,), error = parse(b"A " + parameters)
    assert error is None
    return Call(unit.text, unit.query, (), unit.parameters)


# IEEE 488.2, table 7-2, and SCPI-99, volume 1, 7.5: M is milli, but mega before HZ and OHM. The
# values are exact: the power of ten is put to the digits before they become binary.
@pytest.mark.parametrize(
    ("written", "unit", "value"),
    [
        (b"1.5 MHZ", "HZ", 1.5e6),
        (b"1.5MAHZ", "HZ", 1.5e6),
        (b"3 KHZ", "HZ", 3e3),
        (b"2.4GHz", "HZ", 2.4e9),
        (b"1 MOHM", "OHM", 1e6),
        (b"50 OHM", "OHM", 50.0),
        (b"3 MA", "A", 3e-3),
        (b"7 MV", "V", 7e-3),
        (b"7 UV", "V", 7e-6),
        (b"2 MAV", "V", 2e6),
        (b"100 NS", "S", 1e-7),
        (b"4.2 PS", "S", 4.2e-12),
        (b"1 FS", "S", 1e-15),
        (b"1 AS", "S", 1e-18),
        (b"1 EXHZ", "HZ", 1e18),
        (b"1 PEHZ", "HZ", 1e15),
        (b"1 THZ", "HZ", 1e12),
        (b"-10 DBM", "DBM", -10.0),
        (b"25", "HZ", 25.0),
        (b"#H10", "", 16.0),
        (b"#Q17", "", 15.0),
        (b"#B101", "", 5.0),
        (b"INF", "HZ", math.inf),
        (b"NINFinity", "HZ", -math.inf),
    ],
)
def test_units_and_multipliers(written: bytes, unit: str, value: float) -> None:
    assert call(written).number(0, unit=unit) == value


def test_a_unit_may_have_several_names() -> None:
    assert call(b"25 GSA/S").number(0, unit=("HZ", "SA/S")) == 25e9


def test_names_stand_for_limits_and_the_default() -> None:
    for word, value in ((b"MIN", 1.0), (b"MAXimum", 9.0), (b"def", 5.0)):
        assert call(word).number(0, lowest=1, highest=9, default=5) == value
        assert call(word).whole(0, lowest=1, highest=9, default=5) == value


def test_whole_numbers_are_exact_and_others_rounded() -> None:
    assert call(b"9007199254740993").whole(0) == 2**53 + 1
    assert call(b"1.6E1").whole(0) == 16
    assert call(b"2.6").whole(0) == 3
    assert call(b"#HFFFFFFFFFFFFFFFF").whole(0) == 2**64 - 1


def test_the_other_kinds() -> None:
    many = call(b"ON,0,2.0,EXT,'a b',#13x;y,(@1,3:5),CHAN2")
    assert len(many) == 8
    assert many.boolean(0) is True
    assert many.boolean(1) is False
    assert many.boolean(2) is True
    assert many.choice(3, "INTernal", "EXTernal") == "EXT"
    assert many.long_choice(3, "INTernal", "EXTernal") == "EXTernal"
    assert many.mnemonic(3) == "EXT"
    assert many.string(4) == "a b"
    assert bytes(many.block(5)) == b"x;y"
    assert many.channels(6) == (1, 3, 4, 5)
    assert many.choice(7, "CHANnel1", "CHANnel2") == "CHAN2"


@pytest.mark.parametrize(
    ("written", "read", "code"),
    [
        (b"1", lambda c: c.number(1), -109),
        (b"1 V", lambda c: c.number(0, unit="HZ"), -131),
        (b"1 XHZ", lambda c: c.number(0, unit="HZ"), -131),
        (b"1 V", lambda c: c.number(0), -138),
        (b"1 V", lambda c: c.whole(0), -138),
        (b"10", lambda c: c.number(0, highest=9), -222),
        (b"-INF", lambda c: c.number(0), -101),
        (b"NINF", lambda c: c.number(0, lowest=0), -222),
        (b"1E99", lambda c: c.whole(0), -222),
        (b"INF", lambda c: c.whole(0), -224),
        (b"1E99999", lambda c: c.number(0), -123),
        (b"1E-9999999", lambda c: c.number(0), -123),
        (b"1" * 300, lambda c: c.number(0), -124),
        (b"MIN", lambda c: c.number(0), -224),
        (b"FOO", lambda c: c.number(0), -141),
        (b"'1'", lambda c: c.number(0), -158),
        (b"#11x", lambda c: c.number(0), -168),
        (b"(@1)", lambda c: c.number(0), -178),
        (b"1", lambda c: c.string(0), -128),
        (b"FOO", lambda c: c.string(0), -148),
        (b"FOO", lambda c: c.boolean(0), -141),
        (b"FOO", lambda c: c.choice(0, "INTernal"), -224),
        (b"INTE", lambda c: c.choice(0, "INTernal"), -224),
        (b"FOO", lambda c: c.block(0), -148),
        (b"(1)", lambda c: c.channels(0), -171),
        (b"(@1:)", lambda c: c.channels(0), -171),
        (b"(@9999)", lambda c: c.channels(0), -171),
    ],
)
def test_what_is_not_meant_is_refused(
    written: bytes, read: Callable[[Call], object], code: int
) -> None:
    if code == -101:
        _, error = parse(b"A " + written)
        assert error is not None
        assert error.code == code
        return
    with pytest.raises(ScpiError) as refused:
        read(call(written))
    assert refused.value.code == code
