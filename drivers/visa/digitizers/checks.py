"""What a digitizer cannot record or give, found before it is told."""

from __future__ import annotations

from drivers.errors import DeviceSettingsError, DeviceStateError
from drivers.visa.instrument import CaptureSettings


def trigger_channel(capture: CaptureSettings, channels: int) -> int | None:
    """Give the channel that triggers; None for the external input.

    Raises
    ------
    DeviceSettingsError
        There is no such input.
    """
    if capture.trigger_input == "external":
        return None
    kind, _, number = capture.trigger_input.partition(" ")
    if kind != "channel" or not number.isdecimal() or not 1 <= int(number) <= channels:
        raise DeviceSettingsError(
            f"trigger_input = {capture.trigger_input!r}",
            f'use "external", or "channel N" with N of 1 to {channels}',
        )
    return int(number)


def require_recordable(
    capture: CaptureSettings, channels: int, most_segments: int, model: str
) -> None:
    """Raise :class:`DeviceSettingsError` unless inputs, times and segments make a record."""
    wanted = capture.channels
    if (
        not wanted
        or len(set(wanted)) != len(wanted)
        or not set(wanted) <= set(range(1, channels + 1))
    ):
        raise DeviceSettingsError(
            f"channels {wanted} of the {model}", f"give some of 1 to {channels}, each once"
        )
    if capture.segments < 1 or not capture.duration_s > 0.0 or capture.pre_trigger_s < 0.0:
        raise DeviceSettingsError(
            f"{capture.segments} records of {capture.duration_s} s and {capture.pre_trigger_s} s "
            "before the trigger",
            "record something, at least once",
        )
    if capture.segments > most_segments:
        raise DeviceSettingsError(
            f"{capture.segments} segments of the {model}", f"take at most {most_segments}"
        )


def require_recorded(capture: CaptureSettings, channel: int, segment: int) -> None:
    """Raise :class:`DeviceSettingsError` unless a channel and a segment were recorded."""
    if channel not in capture.channels or not 0 <= segment < capture.segments:
        raise DeviceSettingsError(
            f"channel {channel}, segment {segment}",
            f"fetch channels {capture.channels}, segments 0 to {capture.segments - 1}",
        )


def configured(capture: CaptureSettings | None) -> CaptureSettings:
    """Give what a digitizer is set to, or raise :class:`DeviceStateError`."""
    if capture is None:
        raise DeviceStateError("the digitizer is not configured", "configure it first")
    return capture
