from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from drivers.errors import DeviceSettingsError
from drivers.soapy.run import window_offsets
from drivers.soapy.ticks import TickClock


def test_offsets_count_from_the_first_window(make_schedule: Callable[..., Any]) -> None:
    offsets = window_offsets(make_schedule(4, interval=1001), TickClock(Fraction(96_000_000)))
    assert offsets.tolist() == [0, 1001, 2002, 3003]


def test_above_one_gigahertz_windows_must_lie_on_the_grid(
    make_schedule: Callable[..., Any],
) -> None:
    clock = TickClock(Fraction(2_400_000_000))  # 12 ticks are 5 ns
    assert window_offsets(make_schedule(3, interval=1200), clock).tolist() == [0, 1200, 2400]
    with pytest.raises(DeviceSettingsError, match=r"every 12 ticks .* multiples of 12 ticks"):
        window_offsets(make_schedule(3, interval=1201), clock)
