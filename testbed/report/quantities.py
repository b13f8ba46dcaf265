"""Numbers as a report shows them: a unit that reads well, few digits, words for what is missing."""

from __future__ import annotations

import math

MISSING = "not measured"
"""What stands where a number should be and none was found."""

_MINUS = "\N{MINUS SIGN}"
_PREFIXES = (
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "\N{MICRO SIGN}"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
)


def scale_for(
    value: float, unit: str, largest: float = 1e9, smallest: float = 1e-15
) -> tuple[float, str]:
    """Choose the SI prefix that leaves one to three digits before the point.

    Parameters
    ----------
    value : float
        The largest value to show, in the unit without a prefix.
    unit : str
        The unit, such as ``"s"``.
    largest, smallest : float
        Largest and smallest factor to use; 1.0 keeps seconds from becoming kiloseconds, and
        hertz from becoming millihertz.

    Returns
    -------
    factor : float
        What one of the new unit is in the old.
    name : str
        The unit with its prefix.
    """
    size = abs(value)
    if not math.isfinite(size) or size == 0.0:
        return 1.0, unit
    usable = [one for one in _PREFIXES if smallest <= one[0] <= largest]
    for factor, prefix in usable:
        # 999.96 is shown as 1000 of the smaller unit: it belongs to the larger one.
        if size >= factor * 0.9995:
            return factor, prefix + unit
    factor, prefix = usable[-1]
    return factor, prefix + unit


def number(value: float | None, decimals: int, unit: str = "") -> str:
    """Write a number with a fixed count of decimals and its unit, or `MISSING`."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "infinite" if value > 0.0 else f"{_MINUS}infinite"
    # Adding zero turns a rounded "-0.00" into "0.00".
    text = f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", _MINUS)
    return f"{text}{unit}" if unit in ("", "°") else f"{text} {unit}"


def quantity(
    value: float | None,
    unit: str,
    digits: int = 4,
    largest: float = 1e9,
    smallest: float = 1e-15,
) -> str:
    """Write a value with an SI prefix and a count of significant digits.

    Parameters
    ----------
    value : float or None
        The value in the unit without a prefix.
    unit : str
        The unit, such as ``"s"`` or ``"Hz"``.
    digits : int
        Significant digits.
    largest, smallest : float
        Largest and smallest factor of a prefix, as in `scale_for`.

    Returns
    -------
    str
        For example ``"12.5 ns"``; `MISSING` for None and NaN.
    """
    if value is None or not math.isfinite(value):
        return number(value, 0)
    if value == 0.0:
        return f"0 {unit}"
    factor, name = scale_for(value, unit, largest, smallest)
    scaled = value / factor
    before = max(1, math.floor(math.log10(abs(scaled))) + 1)
    decimals = max(0, digits - before)
    if abs(scaled) < 0.5 * 10.0**-decimals:
        return f"below {10.0**-decimals:g} {name}"
    return number(scaled, decimals, name)


def seconds(value: float | None, digits: int = 4) -> str:
    """Write a time in seconds or a fraction of it: ``"2.336 s"``, ``"12.5 ns"``."""
    return quantity(value, "s", digits, largest=1.0)


def hertz(value: float | None, digits: int = 4) -> str:
    """Write a frequency: ``"468.2 Hz"``, ``"80 MHz"``."""
    return quantity(value, "Hz", digits, smallest=1.0)


def cycles(value: float | None) -> str:
    """Write a count of carrier cycles: three digits below a thousand, whole above."""
    if value is None or not math.isfinite(value):
        return number(value, 0)
    # A ten-thousandth of a cycle is a thirtieth of a degree: nothing that a radar sees.
    if 0.0 < abs(value) < 1e-4:
        return "below 0.0001"
    if abs(value) >= 1000.0:
        return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", _MINUS)
    return f"{value:.3g}".replace("-", _MINUS)


def measured(value: float | None, unit: str, show_unit: bool = False) -> str:
    """Write a metric with the decimals that its unit deserves: dB 2, cells 4, degrees 2."""
    decimals = {"dB": 2, "cells": 4, "degrees": 2}.get(unit, 4)
    return number(value, decimals, unit if show_unit else "")
