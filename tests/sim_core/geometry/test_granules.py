from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import chebyshev

from sim_core.errors import EpochError, KernelError
from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.granules import (
    Granules,
    Span,
    chebyshev_table,
    combine,
    julian_date,
    on_one_grid,
    require_covered,
)

DAY_S = 86400


def exactly(granules: Granules, second: Fraction, component: int) -> Fraction:
    """Value of a series at an exact instant, in exact arithmetic."""
    number = min(
        int((second - granules.origin_s) // granules.granule_s), len(granules.coefficients) - 1
    )
    start_s = granules.origin_s + number * granules.granule_s
    x = 2 * (second - start_s) / granules.granule_s - 1
    b1 = b2 = Fraction(0)
    coefficients = [Fraction(c) for c in granules.coefficients[number, component].tolist()]
    for c in coefficients[:0:-1]:
        b1, b2 = c + 2 * x * b1 - b2, b1
    return coefficients[0] + x * b1 - b2


def like_the_moon(origin_s: Fraction, granule_s: Fraction, count: int = 4) -> Granules:
    """Smooth from granule to granule: a circle of 3.8e8 m in 27.3 days."""
    degree = 12
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    blocks = []
    for number in range(count):
        seconds = float(granule_s) * (number + 0.5 * (nodes + 1.0))
        angle = 2.0 * np.pi * seconds / (27.3 * DAY_S)
        values = 3.8e8 * np.stack((np.cos(angle), np.sin(angle), 0.1 * np.cos(angle)), axis=1)
        blocks.append(chebyshev.chebfit(nodes, values, degree).T)
    return Granules(origin_s, granule_s, np.array(blocks))


@given(
    origin_s=st.floats(-3e9, 3e9),
    granule_s=st.floats(1e5, 4e5),
    part=st.floats(0.0, 1.0),
)
def test_a_table_is_where_its_granules_are(origin_s: float, granule_s: float, part: float) -> None:
    granules = like_the_moon(Fraction(origin_s), Fraction(granule_s))
    table = chebyshev_table(granules)
    seconds_since_j2000 = round(origin_s + (0.01 + 0.98 * part) * 4 * granule_s)
    # From noon to midnight.
    days, second = divmod(seconds_since_j2000 + DAY_S // 2, DAY_S)
    found = position_and_velocity(table, 2451544.5 + days, float(second))
    for component in range(3):
        expected = float(exactly(granules, Fraction(seconds_since_j2000), component))
        # Two units in the last place of 3.8e8 m and Clenshaw's sums; in days as doubles the place
        # of the granules alone would be off by 2e-5 s, or 2 cm. At a joint two fits meet in 1e-6 m.
        assert found[component] == pytest.approx(expected, abs=1e-6)


def test_whole_days_leave_coefficients_alone() -> None:
    granules = like_the_moon(Fraction(-DAY_S // 2), Fraction(4 * DAY_S))
    table = chebyshev_table(granules)
    assert (table.start_day, table.granule_days) == (2451544.5, 4.0)
    np.testing.assert_array_equal(table.coefficients, granules.coefficients)


@pytest.mark.parametrize(("length", "offset"), [(2, 0), (3, 1), (6, 2), (4, 2), (1, 3)])
def test_sums_on_different_granules_are_exact_to_rounding(length: int, offset: int) -> None:
    a = like_the_moon(Fraction(0), Fraction(4 * DAY_S), 6)
    b = like_the_moon(Fraction(offset * DAY_S), Fraction(length * DAY_S), 5)
    both = combine("a file", [a, b.scaled(-0.5)])
    end_s = both.origin_s + len(both.coefficients) * both.granule_s
    assert both.origin_s == max(a.origin_s, b.origin_s)
    assert end_s == min(24 * DAY_S, (offset + 5 * length) * DAY_S)
    for k in range(40):
        second = both.origin_s + (end_s - both.origin_s) * Fraction(2 * k + 1, 80)
        for component in range(3):
            expected = exactly(a, second, component) - exactly(b, second, component) / 2
            # Coefficients of 3.8e8 m, rounded and summed: a few of 6e-8 m.
            assert abs(float(exactly(both, second, component) - expected)) < 3e-7


def test_granules_without_a_common_divisor_are_refused() -> None:
    a = like_the_moon(Fraction(0), Fraction(4 * DAY_S))
    b = like_the_moon(Fraction(1, 7), Fraction(4 * DAY_S))
    with pytest.raises(KernelError, match=r"a\.bsp \(345600 s, 345600 s\) have no common grid"):
        on_one_grid("a.bsp", [a, b])


def test_covered_spans_meet_their_ends() -> None:
    covered = [Span(0.0, 10.0), Span(20.0, 30.0)]
    for wanted in (Span(0.0, 10.0), Span(20.0, 20.0), Span(25.0, 30.0)):
        require_covered("a.bsp", "Moon", covered, wanted)
    for wanted in (Span(-1.0, 5.0), Span(10.0, 20.0), Span(12.0, 13.0), Span(29.0, 31.0)):
        with pytest.raises(EpochError, match=r"a\.bsp does not cover"):
            require_covered("a.bsp", "Moon", covered, wanted)


def test_dates_before_the_calendar_have_none() -> None:
    assert julian_date(0.0) == "2451545.000 (2000-01-01)"
    # DE441 begins in the year -13200.
    assert julian_date(-479695089600.0) == "-3100481.500"
