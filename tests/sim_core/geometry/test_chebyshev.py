from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.polynomial import chebyshev as cheb

from sim_core.geometry.chebyshev import (
    ChebyshevTable,
    displacement,
    locate,
    position_and_velocity,
    position_velocity_acceleration,
    series,
    series_difference,
    three_series,
    two_product,
    two_sum,
)

coefficients_of_any_series = arrays(
    np.float64, st.integers(1, 15), elements=st.floats(-1e9, 1e9, allow_subnormal=False)
)
arguments = st.floats(-1.0, 1.0)


@pytest.fixture
def table() -> ChebyshevTable:
    """Three granules of four days of the function t^2 + (k + 1) t, t in days, component k."""
    coefficients = np.zeros((3, 3, 5))
    for granule in range(3):
        for k in range(3):
            # t = 4 granule + 2 + 2 x
            shift = 4.0 * granule + 2.0
            power = [shift**2 + (k + 1) * shift, 4.0 * shift + 2.0 * (k + 1), 4.0]
            coefficients[granule, k, :3] = cheb.poly2cheb(power)
    return ChebyshevTable(2451544.5, 4.0, coefficients)


@given(coefficients_of_any_series, arguments)
def test_series_and_derivative_are_numpys(coefficients: np.ndarray, x: float) -> None:
    value, derivative = series(coefficients, x)
    size = np.sum(np.abs(coefficients))
    # Rounding of a sum of n terms; the derivative's terms are larger by up to n^2.
    assert value == pytest.approx(cheb.chebval(x, coefficients), abs=1e-13 * size)
    expected = cheb.chebval(x, cheb.chebder(coefficients)) if coefficients.size > 1 else 0.0
    assert derivative == pytest.approx(expected, abs=1e-11 * size)


@given(coefficients_of_any_series, arguments, st.floats(-1e-4, 1e-4))
def test_difference_has_no_cancellation(coefficients: np.ndarray, x: float, dx: float) -> None:
    extended = coefficients.astype(np.longdouble)
    y = np.longdouble(x) + np.longdouble(dx)
    expected = cheb.chebval(y, extended) - cheb.chebval(np.longdouble(x), extended)
    slope = np.sum(np.abs(coefficients) * np.arange(coefficients.size) ** 2)
    size = np.sum(np.abs(coefficients))
    # Relative to the largest possible slope; x87's own cancellation is 1e-19 of the sum.
    tolerance = 2e-15 * slope * abs(dx) + 1e-17 * size
    assert abs(float(series_difference(coefficients, x, dx) - expected)) <= tolerance


@pytest.mark.parametrize("second", [0.0, 1e-9, 43200.0, 86399.0])
@pytest.mark.parametrize("day", range(12))
def test_value_and_rate_of_a_known_function(table: ChebyshevTable, day: int, second: float) -> None:
    t = day + second / 86400.0
    found = position_and_velocity(table, table.start_day + day, second)
    expected = [t * t + (k + 1) * t for k in range(3)]
    expected += [(2.0 * t + (k + 1)) / 86400.0 for k in range(3)]
    # Sums of numbers up to 150.
    assert found == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_displacement_of_a_known_function(table: ChebyshevTable) -> None:
    t, duration_s = 5.0 + 1000.0 / 86400.0, 1.25
    step = duration_s / 86400.0
    expected = [step * (2.0 * t + step + (k + 1)) for k in range(3)]
    found = displacement(table, table.start_day + 5.0, 1000.0, duration_s)
    assert found == pytest.approx(expected, rel=1e-14)


def test_granules_meet_where_the_next_begins(table: ChebyshevTable) -> None:
    assert table.stop_day == table.start_day + 12.0
    assert locate(table, table.start_day + 4.0, 0.0) == (1, -1.0)
    granule, x = locate(table, table.start_day + 3.0, 86399.999999)
    assert granule == 0
    assert x == pytest.approx(1.0, abs=1e-11)


def test_outside_the_table_the_last_granule_is_continued(table: ChebyshevTable) -> None:
    assert locate(table, table.start_day + 12.0, 0.0) == (2, 1.0)
    assert locate(table, table.start_day - 1.0, 0.0) == (0, -1.5)


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_acceleration_of_a_known_function(table: ChebyshevTable, unit: float) -> None:
    t, day_s = 5.0 + 1000.0 / 86400.0, 86400.0
    position, velocity, acceleration, rest = position_velocity_acceleration(
        table._replace(unit=unit), table.start_day + 5.0, 1000.0
    )
    # Sums of numbers up to 150.
    expected = [unit * (t * t + (k + 1) * t) for k in range(3)]
    assert position == pytest.approx(expected, rel=1e-13)
    assert velocity == pytest.approx(
        [unit * (2.0 * t + k + 1) / day_s for k in range(3)], rel=1e-12
    )
    assert acceleration == pytest.approx([unit * 2.0 / day_s**2] * 3, rel=1e-10)
    # Two roundings of a result below 100 times the unit.
    assert np.max(np.abs(rest)) <= 2.0 * np.spacing(100.0 * unit)


@given(arguments)
def test_unit_scales_what_a_table_gives(x: float) -> None:
    table = ChebyshevTable(2451544.5, 8.0, np.arange(1.0, 13.0).reshape(1, 3, 4) / 7.0)
    second = 43200.0 * 8.0 * (1.0 + x) * 0.999
    plain = position_and_velocity(table, 2451544.5, second)
    scaled = position_and_velocity(table._replace(unit=1e3), 2451544.5, second)
    assert scaled == pytest.approx([1e3 * value for value in plain], rel=1e-14)
    moved = displacement(table._replace(unit=1e3), 2451544.5, second, 1.25)
    # Two roundings, relative to the largest of three components.
    expected = [1e3 * value for value in displacement(table, 2451544.5, second, 1.25)]
    assert moved == pytest.approx(expected, rel=1e-13, abs=1e-17)


@given(arrays(np.float64, (4, 9), elements=st.floats(-1e3, 1e3)), arguments)
def test_three_series_are_those_one_by_one(rows: np.ndarray, x: float) -> None:
    found = three_series(rows, 1, x)
    single = [series(rows[k], x) for k in (1, 2, 3)]
    size = np.sum(np.abs(rows)) + 1e-300
    assert found[:3] == pytest.approx([value for value, _ in single], abs=1e-14 * size)
    assert found[3:] == pytest.approx([slope for _, slope in single], abs=1e-12 * size)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_sum_and_its_rest_are_exact(a: float, b: float) -> None:
    total, rest = two_sum(a, b)
    assert Fraction(total) + Fraction(rest) == Fraction(a) + Fraction(b)


@given(st.floats(1e-3, 1e9) | st.floats(-1e9, -1e-3), st.floats(1e-3, 1e9) | st.floats(-1e9, -1e-3))
def test_product_and_its_rest_are_exact(a: float, b: float) -> None:
    product, rest = two_product(a, b)
    assert Fraction(product) + Fraction(rest) == Fraction(a) * Fraction(b)
