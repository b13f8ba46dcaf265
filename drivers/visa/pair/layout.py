"""How windows stand in the memory of a generator: back to back, with silence between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import scipy.fft

from drivers.errors import DeviceSettingsError
from drivers.visa.pair.filters import FIRST_REACH, SECOND_REACH

REACH_SAMPLES = math.ceil(FIRST_REACH + SECOND_REACH) + 1
"""Of both filters of a capture to either side of a sample, in samples of the windows' rate, and one
more since taps are whole."""

# What the analogue path rings, and what it delays the signal, fits in here on either side: 80 ns
# at 100 MHz, 16 m of cable.
_SETTLING_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Windows of one length, each in the middle of a period.

    Parameters
    ----------
    sample_rate_hz : float
        Of the windows.
    window_samples : int
        In each.
    guard_samples : int
        Silence between one and the next; half of it before the first, half after the last.
    factor : int
        Samples of the generator per sample of a window.
    """

    sample_rate_hz: float
    window_samples: int
    guard_samples: int
    factor: int

    @property
    def period_samples(self) -> int:
        """From a window to the next, in samples of the windows' rate."""
        return self.window_samples + self.guard_samples

    @property
    def lead_samples(self) -> int:
        """From the beginning of a period to its window, in samples of the windows' rate."""
        return self.guard_samples // 2

    @property
    def period_s(self) -> float:
        """From a window to the next."""
        return self.period_samples / self.sample_rate_hz

    @property
    def period_played(self) -> int:
        """From a window to the next, in samples of the generator."""
        return self.period_samples * self.factor

    @property
    def generator_rate_hz(self) -> float:
        """Rate of the generator."""
        return self.sample_rate_hz * self.factor


def choose_guard(
    window_samples: int, sample_rate_hz: float, asked: int | None, rearm_s: float = 0.0
) -> int:
    """Choose the silence between windows.

    A captured sample is a sum over :data:`REACH_SAMPLES` to either side. Where all of these lie in
    the window's own period, nothing of the next window is in it.

    Parameters
    ----------
    window_samples : int
        In a window.
    sample_rate_hz : float
        Theirs.
    asked : int or None
        By the settings; ``None`` takes the least that is enough, and what makes a period that a
        Fourier transform likes.
    rearm_s : float
        That a digitizer needs between the end of one record and the next trigger.

    Raises
    ------
    DeviceSettingsError
        What was asked for is not enough.
    """
    least = 2 * REACH_SAMPLES + math.ceil(rearm_s * sample_rate_hz)
    if asked is None:
        least += 2 * _SETTLING_SAMPLES
        return int(scipy.fft.next_fast_len(window_samples + least)) - window_samples
    if asked < least:
        raise DeviceSettingsError(
            f"guard_samples = {asked} is shorter than the filters' {2 * REACH_SAMPLES} samples"
            + (f" and {rearm_s:g} s of rearming" if rearm_s else ""),
            f"use at least {least}, or null",
        )
    return asked
