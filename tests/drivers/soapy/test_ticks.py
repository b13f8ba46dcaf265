from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.soapy.ticks import TickClock

HOUR_NS = 3600 * 10**9


@given(
    rate=st.fractions(min_value=1, max_value=10**9),
    tick=st.integers(-(10**15), 10**15),
)
def test_up_to_one_gigahertz_every_tick_comes_back(rate: Fraction, tick: int) -> None:
    clock = TickClock(rate)
    assert clock.invertible
    nanoseconds = clock.nanoseconds(tick)
    # Nearest: at most half a nanosecond beside the exact time.
    assert abs(nanoseconds - tick * 10**9 / rate) <= Fraction(1, 2)
    assert clock.tick(nanoseconds) == tick


@given(rate=st.integers(1, 4 * 10**9), number=st.integers(0, 10**6))
def test_ticks_on_the_grid_are_whole_nanoseconds(rate: int, number: int) -> None:
    clock = TickClock(Fraction(rate))
    tick = clock.on_grid(number)
    assert 0 <= tick - number < clock.grid_ticks
    assert (tick * 10**9) % rate == 0
    assert clock.tick(clock.nanoseconds(tick)) == tick


@pytest.mark.parametrize(
    ("rate", "grid"),
    [(96_000_000, 12), (100_000_000, 1), (61_440_000, 192), (2_000_000_000, 2)],
)
def test_grid_of_common_rates(rate: int, grid: int) -> None:
    assert TickClock(Fraction(rate)).grid_ticks == grid


def test_above_one_gigahertz_ticks_share_nanoseconds() -> None:
    clock = TickClock(Fraction(2_400_000_000))
    assert not clock.invertible
    assert clock.nanoseconds(1) == clock.nanoseconds(0) or clock.nanoseconds(
        1
    ) == clock.nanoseconds(2)
