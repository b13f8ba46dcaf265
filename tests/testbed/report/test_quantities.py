"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.report.quantities import (
    MISSING,
    cycles,
    hertz,
    measured,
    number,
    quantity,
    scale_for,
    seconds,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.3356123, "2.336 s"),
        (12.5e-9, "12.50 ns"),
        (-2.55e-7, "−255.0 ns"),
        (0.0, "0 s"),
        (9.9996e-4, "1.000 ms"),
        (1234.6, "1235 s"),
        (1.75e-19, "below 0.001 fs"),
        (math.nan, MISSING),
        (None, MISSING),
        (math.inf, "infinite"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(468.2, "468.2 Hz"), (2.3e10, "23.00 GHz"), (0.35, "0.350 Hz"), (8e7, "80.00 MHz")],
)
def test_hertz(value: float, text: str) -> None:
    assert hertz(value) == text


def test_a_value_that_rounds_to_zero_has_no_sign() -> None:
    assert number(-0.0004, 2) == "0.00"


def test_a_unit_stands_only_behind_a_number() -> None:
    assert number(1.0, 1, "dB") == "1.0 dB"
    assert number(1.0, 1, "°") == "1.0°"
    assert number(math.nan, 1, "dB") == MISSING
    assert measured(-13.2615, "dB", show_unit=True) == "−13.26 dB"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5865.2, "5\u202f865"),
        (0.05291, "0.0529"),
        (4e-9, "below 0.0001"),
        (0.0, "0"),
        (None, MISSING),
    ],
)
def test_cycles(value: float | None, text: str) -> None:
    assert cycles(value) == text


@given(st.floats(1e-14, 1e11))
def test_the_prefix_leaves_one_to_three_digits(value: float) -> None:
    factor, _ = scale_for(value, "Hz")

    assert 0.999 <= value / factor < 1000.0


@given(st.floats(-1e12, 1e12))
def test_the_text_reads_back_to_its_digits(value: float) -> None:
    text = quantity(value, "", digits=6, largest=1.0, smallest=1.0).strip()

    read = 0.0 if text.startswith("below") else float(text.replace("−", "-"))
    # Six digits, and at most five decimals below one.
    assert read == pytest.approx(value, rel=5.1e-6, abs=5.1e-6)
