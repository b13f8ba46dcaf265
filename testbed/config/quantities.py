"""Units: the one a key's name carries, and what a quantity with another unit is in it.

Configurations hold plain numbers in the unit that the key names. A person who writes ``23 GHz`` is
told the number that was meant.
"""

import math
import re
from dataclasses import dataclass

_PREFIXES = {
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "µ": 1e-6,  # U+00B5, the micro sign
    "\u03bc": 1e-6,  # the Greek letter
    "m": 1e-3,
    "c": 1e-2,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
}

_OTHER_NAMES = {
    "deg": {"°": 1.0, "degree": 1.0, "degrees": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600}
    | {"rad": 180 / math.pi, "mrad": 0.18 / math.pi},
    "s": {"sec": 1.0, "second": 1.0, "seconds": 1.0, "min": 60.0, "h": 3600.0},
    "m": {"metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0},
    "dB": {"dB": 1.0, "dBFS": 1.0},
    "samples": {"sample": 1.0},
    "bits": {"bit": 1.0},
}

_UNIT_OF_SUFFIX = {
    "_hz_per_s": "Hz/s",
    "_hz": "Hz",
    "_s": "s",
    "_m": "m",
    "_deg": "deg",
    "_dbfs": "dBFS",
    "_dbm": "dBm",
    "_dbm_at_full_scale": "dBm",
    "_db": "dB",
    "_cells": "cells",
    "_samples": "samples",
    "_ticks": "ticks",
    "_bits": "bits",
    "_hpa": "hPa",
    "_k": "K",
    "_percent": "%",
    "_tecu": "TECU",
}

_QUANTITY = re.compile(r"\s*([-+]?(?:\d[\d_]*(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(\D.*?)?\s*")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and the unit written behind it, empty where there was none."""

    number: float
    unit: str


def unit_of(key: str) -> str:
    """Return the unit that a key's name ends in, or an empty text.

    Parameters
    ----------
    key : str
        Dotted path or bare name: ``radar.chirp_rate_hz_per_s`` gives ``Hz/s``.
    """
    for suffix, unit in _UNIT_OF_SUFFIX.items():
        if key.endswith(suffix):
            return unit
    return ""


def read_quantity(text: str) -> Quantity | None:
    """Read a number with an optional unit, also with a decimal comma or underscores.

    Parameters
    ----------
    text : str
        Such as ``23 GHz``, ``100MHz``, ``9,6e7`` or ``96_000_000``.

    Returns
    -------
    Quantity or None
        ``None`` where the text is no such thing.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number = float(match[1].replace("_", "").replace(",", "."))
    return Quantity(number, match[2] or "") if math.isfinite(number) else None


def conversion_factor(unit: str, wanted: str) -> float | None:
    """Return the factor from one unit into another.

    Parameters
    ----------
    unit : str
        The unit written; an empty text means the wanted one.
    wanted : str
        The unit of the key, as `unit_of` gives it.

    Returns
    -------
    float or None
        ``None`` where the one does not measure the other.
    """
    if unit in {"", wanted}:
        return 1.0
    if "/" in wanted:
        over, under = wanted.split("/")
        parts = unit.split("/")
        if len(parts) != 2:
            return None
        above, below = (conversion_factor(parts[0], over), conversion_factor(parts[1], under))
        return None if above is None or below is None else above / below
    others = _OTHER_NAMES.get("dB" if wanted == "dBFS" else wanted, {})
    if unit in others:
        return others[unit]
    if wanted not in {"Hz", "s", "m"}:
        return 1.0 if unit.casefold() == wanted.casefold() else None
    if not unit.casefold().endswith(wanted.casefold()):
        return None
    prefix = unit[: -len(wanted)]
    # ghz, KHZ: what is meant is clear, as long as it is not milli against mega.
    return _PREFIXES.get(prefix) or _PREFIXES.get({"g": "G", "K": "k", "t": "T"}.get(prefix, " "))


def plain_number(value: float) -> str:
    """Return a number as one would write it in a configuration: ``2.3e10``, ``8e-6``, ``600``.

    Parameters
    ----------
    value : float
        Any finite number.
    """
    if isinstance(value, int):
        return str(value)
    text = f"{value:.12g}"
    if value and not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.11e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        text = f"{mantissa}e{int(exponent)}"
    return text
