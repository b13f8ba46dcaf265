"""What every device can do, and what is exchanged with it.

A device plays windows of complex baseband and records the windows that come back. It knows
nothing of the Moon: a :class:`Schedule` tells it on which ticks of the sample clock the windows
stand, blocks of samples go in, blocks of samples and events come out. Full scale is 1.0 on I and
on Q, at the converter of the output as at that of the input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DriverError

CaptureFormat = Literal["ci16_le", "cf32_le"]
"""SigMF data type of what a device records: integer codes of a converter, or float32 pairs."""

EventKind = Literal[
    "clipped_dac", "clipped_adc", "late", "overflow", "underflow", "timeout", "lost"
]
"""``clipped_*``: beyond a converter's full scale. ``late``: played or recorded after its tick.
``overflow``, ``underflow``: the host was too slow to take or to give. ``timeout``: no answer.
``lost``: samples that never arrived; they stand as zeros."""

ReadBack = Mapping[str, Any]
"""What the device says that it is set to (rates, levels, firmware), fit for JSON. It goes into the
recording: what was asked for is in the configuration, what was done is here."""


class Schedule(Protocol):
    """What a device needs of a pulse schedule: whole ticks of the sample clock, no times.

    Ticks count from time zero of the run and may be negative.
    """

    @property
    def sample_rate_hz(self) -> float:
        """Rate of the sample clock, Hz."""
        ...

    @property
    def transmit_tick(self) -> NDArray[np.int64]:
        """Tick at which each pulse leaves the radar, shape (pulses,)."""
        ...

    @property
    def window_start_tick(self) -> NDArray[np.int64]:
        """Tick of the first sample of each receive window, shape (pulses,)."""
        ...

    @property
    def window_samples(self) -> int:
        """Samples in a window."""
        ...

    @property
    def pulses(self) -> int:
        """Number of pulses, which is that of windows."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a device can do; ``None`` stands for no limit.

    Parameters
    ----------
    min_sample_rate_hz, max_sample_rate_hz : float or None
        Range of the sample clock, Hz.
    dac_bits, adc_bits : int or None
        Resolution of the converters; ``None`` for float32 without a full scale.
    max_window_samples : int or None
        Longest window.
    max_total_samples : int or None
        Samples of all windows together: the memory of a generator or a digitizer that takes the
        whole run at once.
    window_granularity : int
        A window must be a whole multiple of this many samples.
    timed : bool
        Windows stand at their true ticks. If not, the device packs them back to back.
    radiates : bool
        A signal leaves a connector, so that an attenuation has to be stated before output goes on.
    """

    min_sample_rate_hz: float | None
    max_sample_rate_hz: float | None
    dac_bits: int | None
    adc_bits: int | None
    max_window_samples: int | None
    max_total_samples: int | None
    window_granularity: int
    timed: bool
    radiates: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the samples of one pulse.

    Parameters
    ----------
    kind : str
        One of :data:`EventKind`.
    pulse : int
        Number of the pulse in the schedule.
    first_sample, samples : int
        The stretch of the pulse's window from the first sample concerned to the last.
    detail : str
        What to know beyond that, for a reader.
    """

    kind: EventKind
    pulse: int
    first_sample: int
    samples: int
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class PlayedBlock:
    """Consecutive windows to play.

    Parameters
    ----------
    first_pulse : int
        Number of the first pulse in the schedule.
    samples : complex64 array, shape (pulses, window_samples), C-contiguous
        Complex baseband; 1.0 on I or Q is full scale of the output.

    Raises
    ------
    DriverError
        The array is not of that type, shape or layout. Stream interfaces read raw memory and
        would not notice.
    """

    first_pulse: int
    samples: NDArray[np.complex64]

    def __post_init__(self) -> None:
        samples = self.samples
        if samples.dtype != np.complex64 or samples.ndim != 2 or not samples.flags.c_contiguous:
            layout = "C-contiguous" if samples.flags.c_contiguous else "not C-contiguous"
            raise DriverError(
                f"the block to play at pulse {self.first_pulse} is a {layout} {samples.dtype} "
                f"array of shape {samples.shape}",
                "give a C-contiguous complex64 array of shape (pulses, window_samples)",
            )


@dataclass(frozen=True, slots=True, eq=False)
class CapturedBlock:
    """Consecutive windows that were recorded.

    Parameters
    ----------
    first_pulse : int
        Number of the first pulse in the schedule.
    samples : int16 array, shape (pulses, window_samples, 2), or complex64 (pulses, window_samples)
        Codes of I and Q for a device of capture format ``ci16_le``, else the values. The device
        does not use the memory again.
    events : tuple of Event
        What happened in these windows, by pulse in ascending order.
    """

    first_pulse: int
    samples: NDArray[np.int16] | NDArray[np.complex64]
    events: tuple[Event, ...] = ()

    @property
    def pulses(self) -> int:
        """Number of windows in the block."""
        return int(self.samples.shape[0])


class Device(Protocol):
    """Plays and records. Its life is that of :class:`drivers.lifecycle.Lifecycle`.

    Output is off from the moment a device is opened until ``start``, and after ``ensure_stopped``.
    :func:`drivers.session.session` makes these calls in their order; few have reason to make them
    by hand.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the device can do; asked of the hardware where it can tell."""
        ...

    @property
    def capture_format(self) -> CaptureFormat:
        """Which of the two forms the samples of its captured blocks have."""
        ...

    @property
    def code_scale(self) -> float:
        """Fraction of full scale per code; 1.0 when the capture format is ``cf32_le``."""
        ...

    def read_back(self) -> ReadBack:
        """Tell what the device is set to, as it says itself."""
        ...

    def ensure_ready(self) -> None:
        """Bring the device, from whatever was left of it, to a known state with its output off."""
        ...

    def prepare(self, schedule: Schedule) -> None:
        """Set rates, levels and times for a schedule. May be slow; nothing is played yet.

        Raises
        ------
        DeviceSettingsError
            The device cannot do this schedule.
        """
        ...

    def arm(self) -> None:
        """Make ready to begin at once; from here on a trigger may come."""
        ...

    def start(self) -> None:
        """Give the trigger, or set the time of tick zero."""
        ...

    def exchange(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        """Play the blocks and yield what comes back: every pulse once and in order.

        How far the device draws ahead on ``blocks`` is its own affair: the loopback gives one for
        one, an SDR keeps a few in flight, a generator with a memory draws all of them before it
        yields the first. What was lost is yielded as zeros with an event.
        """
        ...

    def wait_idle(self, deadline_s: float) -> None:
        """Wait until everything was played and recorded.

        Raises
        ------
        DeviceTimeoutError
            It was not within ``deadline_s`` seconds.
        """
        ...

    def ensure_stopped(self) -> None:
        """Silence the output and end all activity: from any state, any number of times.

        Never raises: it runs on the way out of a failure, and must not hide it.
        """
        ...


def in_order(blocks: Iterable[PlayedBlock], schedule: Schedule) -> Iterator[PlayedBlock]:
    """Pass on blocks that fill a schedule from its first pulse to its last.

    Parameters
    ----------
    blocks : iterable of PlayedBlock
        What is to be played.
    schedule : Schedule
        What it must fill.

    Yields
    ------
    PlayedBlock
        The blocks, one by one, as they are drawn.

    Raises
    ------
    DriverError
        A block leaves a gap, repeats pulses, has windows of another length, or the blocks end
        early or late.
    """
    expected = 0
    for block in blocks:
        pulses, window_samples = block.samples.shape
        if window_samples != schedule.window_samples:
            raise DriverError(
                f"the block to play at pulse {block.first_pulse} has windows of {window_samples} "
                f"samples",
                f"make them {schedule.window_samples} samples long, as the schedule says",
            )
        if block.first_pulse != expected:
            raise DriverError(
                f"the block to play begins at pulse {block.first_pulse}",
                f"give pulses in order and once; the next one is {expected}",
            )
        if expected + pulses > schedule.pulses:
            raise DriverError(
                f"the block to play at pulse {block.first_pulse} reaches to pulse "
                f"{expected + pulses - 1}",
                f"end with pulse {schedule.pulses - 1}, the last of the schedule",
            )
        yield block
        expected += pulses
    if expected != schedule.pulses:
        raise DriverError(
            f"only {expected} of the schedule's {schedule.pulses} pulses were given to be played",
            "give a block for every pulse",
        )
