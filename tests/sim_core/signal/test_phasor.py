import math

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.signal.phasor import phasor


@numba.njit(nogil=True)
def compiled(cycles: float) -> tuple[float, float]:
    return phasor(cycles)


@given(st.floats(-1e5, 1e5))
def test_phasor_is_a_point_of_the_unit_circle(cycles: float) -> None:
    cosine, sine = compiled(cycles)
    # Whole cycles are exact to take off; the angle within one is a double.
    angle = 2.0 * math.pi * math.fmod(cycles, 1.0)
    # First terms left out of the two series: 1.8e-9 and 1.2e-10.
    assert cosine == pytest.approx(math.cos(angle), abs=2e-9)
    assert sine == pytest.approx(math.sin(angle), abs=2e-9)
    assert cosine**2 + sine**2 == pytest.approx(1.0, abs=4e-9)


@given(st.floats(-0.5, 0.5), st.integers(-100_000, 100_000))
def test_whole_cycles_change_nothing(cycles: float, turns: int) -> None:
    shifted = cycles + turns
    # The fraction that the sum still has: what rounding takes from it is no fault of the phasor.
    # At an eighth of a cycle the two series meet, 2e-9 apart.
    assert compiled(shifted) == pytest.approx(compiled(shifted - turns), abs=4e-9)


@pytest.mark.parametrize("quarter", range(-9, 10))
def test_quarters_are_exact(quarter: int) -> None:
    expected = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][quarter % 4]
    assert compiled(quarter / 4.0) == expected


@pytest.mark.parametrize("eighth", range(-9, 10, 2))
def test_octants_take_the_right_signs(eighth: int) -> None:
    for nudge in (-1e-12, 0.0, 1e-12):
        cosine, sine = compiled(eighth / 8.0 + nudge)
        angle = np.pi * eighth / 4.0
        assert (cosine, sine) == pytest.approx((np.cos(angle), np.sin(angle)), abs=2.1e-9)
