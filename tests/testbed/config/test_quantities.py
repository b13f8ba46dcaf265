"""Units: the number that a person meant."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.config.quantities import conversion_factor, plain_number, read_quantity, unit_of

REL = 1e-12  # products of a few factors in double precision


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("23 GHz", "Hz", 2.3e10),
        ("23ghz", "Hz", 2.3e10),
        ("100MHz", "Hz", 1e8),
        ("96_000_000", "Hz", 9.6e7),
        ("9,6e7", "Hz", 9.6e7),
        ("8 us", "s", 8e-6),
        ("8 µs", "s", 8e-6),
        ("2 min", "s", 120),
        ("10 MHz/us", "Hz/s", 1e13),
        ("20 km", "m", 2e4),
        ("pi", "deg", None),
        ("360 arcsec", "deg", 0.1),
        ("1 rad", "deg", math.degrees(1)),
        ("-3 dB", "dBFS", -3),
        ("12 bit", "bits", 12),
        ("23 GHz", "s", None),
        ("23 Mm", "m", 2.3e7),
        ("1e400 Hz", "Hz", None),
        ("10 MHz", "Hz/s", None),
    ],
)
def test_quantities_are_converted(text: str, unit: str, number: float | None) -> None:
    quantity = read_quantity(text)
    factor = conversion_factor(quantity.unit, unit) if quantity is not None else None
    if number is None or quantity is None or factor is None:
        assert number is None
        assert quantity is None or factor is None
    else:
        assert quantity.number * factor == pytest.approx(number, rel=REL)


def test_the_unit_is_the_end_of_the_name() -> None:
    keys = {
        "radar.chirp_rate_hz_per_s": "Hz/s",
        "radar.carrier_hz": "Hz",
        "level_dbfs": "dBFS",
        "scene.targets[0].east_m": "m",
        "seed": "",
    }
    assert {key: unit_of(key) for key in keys} == keys


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_plain_numbers_read_back(value: float) -> None:
    # Twelve digits are shown.
    assert float(plain_number(value)) == pytest.approx(value, rel=1e-11)
