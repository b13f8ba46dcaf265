"""Settings that a generator cannot have, found before or after it is told them."""

from __future__ import annotations

import re

from drivers.errors import DeviceSettingsError
from drivers.visa.instrument import GeneratorLimits

_NAME = re.compile(r"[A-Za-z0-9_]+")


def refuse_outside(what: str, value: float, lowest: float, highest: float, unit: str) -> None:
    """Raise :class:`DeviceSettingsError` unless a value is within limits."""
    if not lowest <= value <= highest:
        raise DeviceSettingsError(
            f"{what} {value:g} {unit}", f"give {lowest:g} to {highest:g} {unit}"
        )


def refuse_different(what: str, wanted: float, read: float, tolerance: float) -> None:
    """Raise :class:`DeviceSettingsError` if an instrument set something else than it was told."""
    if not abs(read - wanted) <= tolerance:
        raise DeviceSettingsError(
            f"{what} {wanted:.12g} became {read:.12g}", "choose one that the instrument has"
        )


def refuse_too_long(name: str, samples: int, limits: GeneratorLimits) -> None:
    """Raise :class:`DeviceSettingsError` unless a waveform fits the memory that is free."""
    if samples > limits.max_segment_samples:
        raise DeviceSettingsError(
            f"waveform {name} of {samples} samples",
            f"give at most {limits.max_segment_samples}, or free memory",
        )


def check_waveform_name(name: str, longest: int) -> None:
    """Raise :class:`DeviceSettingsError` unless a name can be one of a file."""
    if not _NAME.fullmatch(name) or len(name) > longest:
        raise DeviceSettingsError(
            f"a waveform called {name!r}",
            f"use 1 to {longest} letters, digits and underscores",
        )
