from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.interface import PlayedBlock


@dataclass(frozen=True)
class Ticks:
    """The least that a device needs of a schedule."""

    sample_rate_hz: float
    transmit_tick: NDArray[np.int64]
    window_start_tick: NDArray[np.int64]
    window_samples: int

    @property
    def pulses(self) -> int:
        return int(self.transmit_tick.size)


def _make_schedule(
    pulses: int = 10,
    window_samples: int = 64,
    interval: int = 1000,
    sample_rate_hz: float = 1e6,
) -> Ticks:
    transmit_tick = np.arange(pulses, dtype=np.int64) * interval - pulses * interval // 2
    return Ticks(sample_rate_hz, transmit_tick, transmit_tick + 2_500_000, window_samples)


def _in_blocks(samples: NDArray[np.complex64], sizes: int | list[int] = 4) -> Iterator[PlayedBlock]:
    ends = np.arange(sizes, samples.shape[0], sizes) if isinstance(sizes, int) else np.cumsum(sizes)
    first = 0
    for part in np.split(samples, ends):
        if part.shape[0]:
            yield PlayedBlock(first, part)
        first += part.shape[0]


@pytest.fixture(scope="session")
def make_schedule() -> Callable[..., Ticks]:
    """Schedules with windows 2.5 s after their pulses, as from the Moon."""
    return _make_schedule


@pytest.fixture(scope="session")
def in_blocks() -> Callable[..., Iterator[PlayedBlock]]:
    """Cuts windows, shape (pulses, samples), into blocks of one size or of given sizes."""
    return _in_blocks


@pytest.fixture(scope="session")
def make_windows() -> Callable[..., NDArray[np.complex64]]:
    """Random windows with I and Q evenly within a peak."""

    def make(
        pulses: int = 10, window_samples: int = 64, peak: float = 0.9
    ) -> NDArray[np.complex64]:
        values = np.random.default_rng(7).uniform(-peak, peak, (pulses, 2 * window_samples))
        return values.astype(np.float32).view(np.complex64)

    return make
