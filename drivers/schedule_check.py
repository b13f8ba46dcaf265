"""Whether a schedule can be played at all, and by a given device."""

from __future__ import annotations

import math

import numpy as np

from drivers.errors import DeviceSettingsError
from drivers.interface import Capabilities, Schedule


def require_playable(schedule: Schedule, capabilities: Capabilities) -> None:
    """Refuse a schedule that makes no sense, or that a device is not able to play.

    Touches nothing, so a plan can ask before there is a device.

    Parameters
    ----------
    schedule : Schedule
        What is to be played.
    capabilities : Capabilities
        What the device can do.

    Raises
    ------
    DeviceSettingsError
        Naming the first thing that does not fit.
    """
    _require_sound(schedule)
    rate_hz = schedule.sample_rate_hz
    lowest_hz, highest_hz = capabilities.min_sample_rate_hz, capabilities.max_sample_rate_hz
    if lowest_hz is not None and rate_hz < lowest_hz:
        raise DeviceSettingsError(
            f"sample rate {rate_hz:g} Hz is below what the device can do",
            f"use at least {lowest_hz:g} Hz",
        )
    if highest_hz is not None and rate_hz > highest_hz:
        raise DeviceSettingsError(
            f"sample rate {rate_hz:g} Hz is above what the device can do",
            f"use at most {highest_hz:g} Hz",
        )
    window, longest = schedule.window_samples, capabilities.max_window_samples
    if longest is not None and window > longest:
        raise DeviceSettingsError(
            f"a window of {window} samples is longer than the device can hold",
            f"use at most {longest} samples",
        )
    granularity = capabilities.window_granularity
    if window % granularity:
        raise DeviceSettingsError(
            f"a window of {window} samples does not fit the device's granularity of {granularity}",
            f"use {math.ceil(window / granularity) * granularity} samples",
        )
    total, memory = window * schedule.pulses, capabilities.max_total_samples
    if memory is not None and total > memory:
        raise DeviceSettingsError(
            f"{schedule.pulses} windows of {window} samples need {total} samples of memory and "
            f"the device has {memory}",
            f"play at most {memory // window} pulses",
        )


def smallest_gap(schedule: Schedule) -> int | None:
    """Give the fewest ticks between the end of a window and the start of the next.

    Parameters
    ----------
    schedule : Schedule
        The schedule.

    Returns
    -------
    int or None
        Ticks; negative when windows overlap, ``None`` when there is but one window.
    """
    if schedule.pulses < 2:
        return None
    return int(np.diff(schedule.window_start_tick).min()) - schedule.window_samples


def _require_sound(schedule: Schedule) -> None:
    rate_hz = schedule.sample_rate_hz
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise DeviceSettingsError(f"sample rate {rate_hz!r} Hz", "use a positive number of Hz")
    if schedule.pulses < 1 or schedule.window_samples < 1:
        raise DeviceSettingsError(
            f"a schedule of {schedule.pulses} pulses with windows of {schedule.window_samples} "
            "samples has nothing to play",
            "give at least one pulse and one sample",
        )
    for name in ("transmit_tick", "window_start_tick"):
        ticks = np.asarray(getattr(schedule, name))
        if ticks.dtype != np.int64 or ticks.shape != (schedule.pulses,):
            raise DeviceSettingsError(
                f"{name} is a {ticks.dtype} array of shape {ticks.shape}",
                f"give whole ticks, int64 of shape ({schedule.pulses},)",
            )
    gap = smallest_gap(schedule)
    if gap is not None and gap < 0:
        pulse = int(np.argmin(np.diff(schedule.window_start_tick)))
        raise DeviceSettingsError(
            f"the windows of pulses {pulse} and {pulse + 1} overlap by {-gap} samples",
            "shorten the windows or lower the pulse repetition frequency",
        )
