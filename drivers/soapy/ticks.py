"""Between whole ticks of the sample clock and the whole nanoseconds that the library speaks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TickClock:
    """A sample clock that counts from the zero of the radio's time.

    Ticks are the truth. Up to 1 GS/s a tick is at least a nanosecond, so that nearest rounding in
    both directions returns the tick one began with; above it does not, and only ticks on the grid
    (:attr:`grid_ticks`) can be named.

    Parameters
    ----------
    rate : Fraction
        Ticks in a second, exactly as the radio tells it.
    """

    rate: Fraction

    @property
    def grid_ticks(self) -> int:
        """Fewest ticks that are a whole number of nanoseconds; 1 where no grid is of use.

        A rate that is no whole number of hertz has a grid of hours; nearest rounding serves it.
        """
        if self.rate.denominator != 1:
            return 1
        return self.rate.numerator // math.gcd(self.rate.numerator, _NANOSECONDS)

    @property
    def invertible(self) -> bool:
        """Whether every tick has a nanosecond of its own."""
        return self.rate <= _NANOSECONDS

    def nanoseconds(self, tick: int) -> int:
        """Give the nanosecond nearest to a tick."""
        return _nearest(tick * _NANOSECONDS * self.rate.denominator, self.rate.numerator)

    def tick(self, nanoseconds: int) -> int:
        """Give the tick nearest to a nanosecond."""
        return _nearest(nanoseconds * self.rate.numerator, self.rate.denominator * _NANOSECONDS)

    def on_grid(self, tick: int) -> int:
        """Give the first tick on the grid that is not before ``tick``."""
        return -(-tick // self.grid_ticks) * self.grid_ticks


def _nearest(numerator: int, denominator: int) -> int:
    """Divide whole numbers and round to the nearest, ties upwards."""
    return (2 * numerator + denominator) // (2 * denominator)
