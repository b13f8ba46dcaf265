"""How a run is cut into parts that fit the memories, and windows drawn for them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.clipping import require_numbers
from drivers.errors import DeviceSettingsError, DriverError
from drivers.interface import PlayedBlock
from drivers.visa.instrument import DigitizerLimits, GeneratorLimits
from drivers.visa.pair.layout import REACH_SAMPLES, Layout
from drivers.visa.pair.settings import VisaSettings

# What the host holds of one part at once: 64 MB of windows, and as much of a float32 record. A part
# more costs a trigger and a pilot; a longer one would gain nothing but a later first block.
_MOST_WINDOW_SAMPLES = 1 << 23
_MOST_RECORD_SAMPLES = 1 << 24
# Before and after what a part needs of a record: what a trigger may be off.
_SPARE_SAMPLES = 4
# Of its own samples, that a digitizer adds to a record.
_ADDED_SAMPLES = 16
PILOTS = 2
"""Windows of a part that are none of the run's: one in front, and one behind them."""


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive windows that one trigger plays.

    Parameters
    ----------
    number : int
        Of the part.
    first_pulse, windows : int
        Which.
    """

    number: int
    first_pulse: int
    windows: int

    @property
    def name(self) -> str:
        """Of its waveform in the generator."""
        return f"moonecho_{self.number}"

    @property
    def rows(self) -> int:
        """Windows that are played for it: those of the pulses between two pilots."""
        return self.windows + PILOTS


@dataclass(frozen=True, slots=True)
class Span:
    """What a record must hold, after its trigger.

    Parameters
    ----------
    pre_trigger_s, duration_s : float
        Before and after the trigger.
    """

    pre_trigger_s: float
    duration_s: float

    @property
    def length_s(self) -> float:
        """Both."""
        return self.pre_trigger_s + self.duration_s


def record_span(layout: Layout, windows: int, skew_s: float) -> Span:
    """Return what a record of some windows must hold.

    Parameters
    ----------
    layout : Layout
        How they stand.
    windows : int
        Of the record.
    skew_s : float
        How much later than the trigger the signal arrives.
    """
    rate_hz = layout.sample_rate_hz
    reach = REACH_SAMPLES + _SPARE_SAMPLES
    begin_s = (layout.lead_samples - reach) / rate_hz + skew_s
    ticks = (windows - 1) * layout.period_samples + layout.lead_samples + layout.window_samples
    return Span(max(0.0, -begin_s), (ticks + reach) / rate_hz + max(0.0, skew_s))


def windows_in_generator(layout: Layout, limits: GeneratorLimits) -> int:
    """Return how many windows fit one waveform, with what granularity adds."""
    granularity = limits.granularity
    return limits.max_segment_samples // granularity * granularity // layout.period_played


def windows_on_host(layout: Layout) -> int:
    """Return how many windows the host holds of a part; one at least."""
    return max(1, _MOST_WINDOW_SAMPLES // layout.window_samples)


def windows_in_record(
    settings: VisaSettings, layout: Layout, limits: DigitizerLimits, record_rate_hz: float
) -> int:
    """Return how many windows a digitizer records after one trigger, or one trigger each.

    Parameters
    ----------
    settings : VisaSettings
        Records or segments.
    layout : Layout
        How windows stand.
    limits : DigitizerLimits
        As it tells.
    record_rate_hz : float
        Of its samples.
    """
    record_samples = min(limits.max_record_samples, _MOST_RECORD_SAMPLES)
    one_s = record_span(layout, 1, settings.trigger_skew_s).length_s
    if settings.capture == "segments":
        each = math.ceil(one_s * record_rate_hz) + _ADDED_SAMPLES
        return min(record_samples // each, limits.max_segments)
    length_s = (record_samples - _ADDED_SAMPLES) / record_rate_hz
    return math.floor((length_s - one_s) / layout.period_s) + 1


def windows_in_part(
    settings: VisaSettings,
    layout: Layout,
    generator: GeneratorLimits,
    digitizer: DigitizerLimits,
    record_rate_hz: float,
) -> int:
    """Return how many windows fit a part, between its pilots.

    Parameters
    ----------
    settings : VisaSettings
        Records or segments.
    layout : Layout
        How windows stand.
    generator, digitizer : limits
        As the instruments tell.
    record_rate_hz : float
        Of the digitizer.

    Raises
    ------
    DeviceSettingsError
        Not one.
    """
    recorded = windows_in_record(settings, layout, digitizer, record_rate_hz)
    played = windows_in_generator(layout, generator)
    for count, whose, samples in (
        (played, "the generator", generator.max_segment_samples),
        (recorded, "the digitizer", digitizer.max_record_samples),
    ):
        if count <= PILOTS:
            raise DeviceSettingsError(
                f"a window of {layout.window_samples} samples, and two pilots as long, do not fit "
                f"{whose}, which holds {samples} samples of its own",
                "shorten the windows, or lower the rate of that instrument",
            )
    return min(played - PILOTS, recorded - PILOTS, windows_on_host(layout))


def cut(pulses: int, most: int) -> tuple[Part, ...]:
    """Cut a run into parts of nearly the same size.

    Parameters
    ----------
    pulses : int
        Of the run.
    most : int
        Windows of a part.
    """
    size = math.ceil(pulses / math.ceil(pulses / most))
    return tuple(
        Part(number, first, min(size, pulses - first))
        for number, first in enumerate(range(0, pulses, size))
    )


class WindowStream:
    """Windows for one part after another, from blocks of any size.

    Parameters
    ----------
    blocks : iterator of PlayedBlock
        In order.
    window_samples : int
        Of each window.
    """

    def __init__(self, blocks: Iterator[PlayedBlock], window_samples: int) -> None:
        self._blocks = blocks
        self._rest: NDArray[np.complex64] = np.empty((0, window_samples), np.complex64)

    def take_into(self, out: NDArray[np.complex64]) -> None:
        """Fill an array of shape (windows, window_samples) with the next windows.

        Raises
        ------
        DriverError
            The blocks end early, or a sample is not a number.
        """
        filled = 0
        while filled < out.shape[0]:
            if not self._rest.shape[0]:
                block = next(self._blocks, None)
                if block is None:
                    raise DriverError(
                        f"the blocks end {out.shape[0] - filled} pulses before the end of a part",
                        "give every pulse of the schedule",
                    )
                finite = np.isfinite(block.samples.view(np.float32)).all(axis=1)
                require_numbers(np.logical_not(finite), block.first_pulse)
                self._rest = block.samples
            count = min(out.shape[0] - filled, self._rest.shape[0])
            out[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count

    def finish(self) -> None:
        """See that nothing is left over, which the blocks themselves refuse."""
        for _ in self._blocks:
            pass
