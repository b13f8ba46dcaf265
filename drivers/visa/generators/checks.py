"""What a generator cannot have or do, found before it is told, or after."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from drivers.errors import DeviceSettingsError, DeviceStateError
from drivers.visa.instrument import (
    ClockReference,
    GeneratorLimits,
    OutputSettings,
    WaveformSource,
)

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


def configured(output: OutputSettings | None) -> OutputSettings:
    """Give what a generator is set to, or raise :class:`DeviceStateError`."""
    if output is None:
        raise DeviceStateError("the generator is not configured", "configure it first")
    return output


def require_modulated(output: OutputSettings, model: str) -> None:
    """Raise :class:`DeviceSettingsError` unless it is a modulated signal at output 1."""
    if output.signal != "modulated" or output.channels != (1,):
        raise DeviceSettingsError(
            f"a {output.signal} signal at outputs {output.channels}",
            f"give {model} a modulated one at output 1",
        )


def carrier_of(output: OutputSettings) -> tuple[float, float]:
    """Give carrier, Hz, and level, dBm, or raise :class:`DeviceSettingsError`."""
    if output.frequency_hz is None or output.power_dbm is None:
        raise DeviceSettingsError(
            "a modulated output without carrier or level", "give frequency_hz and power_dbm"
        )
    return float(output.frequency_hz), float(output.power_dbm)


def refuse_other_reference(wanted: ClockReference, told: str) -> None:
    """Raise :class:`DeviceSettingsError` if an instrument follows another reference."""
    if told[:3].upper() != wanted[:3].upper():
        raise DeviceSettingsError(
            f"the reference is {told} and not {wanted}",
            "connect 10 MHz to REF IN, or take the internal reference",
        )


def refuse_other_kind(name: str, source: WaveformSource, output: OutputSettings) -> None:
    """Raise :class:`DeviceSettingsError` if a waveform is real or complex, and has not to be."""
    if source.is_complex != (output.signal != "real"):
        raise DeviceSettingsError(
            f"waveform {name} is {'complex' if source.is_complex else 'real'}",
            f"give what a signal of kind {output.signal} needs",
        )


def require_queueable(names: Sequence[str], uploaded: Container[str], most: int) -> None:
    """Raise :class:`DeviceSettingsError` unless so many waveforms, all of them there, can queue."""
    unknown = [name for name in names if name not in uploaded]
    if unknown or not 0 < len(names) <= most:
        what = f"waveform {unknown[0]}, not uploaded" if unknown else f"{len(names)} waveforms"
        raise DeviceSettingsError(
            f"the queue is to hold {what}", f"queue 1 to {most} uploaded waveforms"
        )
