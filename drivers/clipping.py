"""Full scale of a converter, and what lies beyond it.

Full scale is 1.0 on I and on Q and corresponds to the largest code. Codes are rounded to nearest,
half to even, which adds no mean, in double: a float32 product would move the ties of 16 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drivers.errors import DriverError
from drivers.interface import Event, EventKind

Reals = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class ClipSpans:
    """Where the samples of each window passed a converter's full scale, on I or on Q.

    Parameters
    ----------
    count : int64 array, shape (pulses,)
        Number of such samples.
    first, last : int64 array, shape (pulses,)
        The first and the last of them; undefined where ``count`` is zero.
    """

    count: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def from_rows(cls, rows: NDArray[np.int64]) -> ClipSpans:
        """Take the columns of rows that :func:`find_clipped` filled, shape (pulses, 3)."""
        return cls(rows[:, 0], rows[:, 1], rows[:, 2])


def clip_events(
    kind: EventKind, first_pulse: int, spans: ClipSpans, what: str = "beyond full scale"
) -> Iterator[Event]:
    """Give an event for each window that was clipped.

    Parameters
    ----------
    kind : str
        "clipped_dac" or "clipped_adc".
    first_pulse : int
        Number of the first window.
    spans : ClipSpans
        What was clipped.
    what : str
        How the samples are described.
    """
    for row in np.flatnonzero(spans.count).tolist():
        first, last, count = int(spans.first[row]), int(spans.last[row]), int(spans.count[row])
        samples = "sample" if count == 1 else "samples"
        yield Event(kind, first_pulse + row, first, last - first + 1, f"{count} {samples} {what}")


def require_numbers(bad: NDArray[np.bool_], first_pulse: int) -> None:
    """Refuse samples that are not numbers.

    Parameters
    ----------
    bad : bool array, shape (pulses,)
        Windows that hold such a sample.
    first_pulse : int
        Number of the first window.

    Raises
    ------
    DriverError
        There is one.
    """
    if bad.any():
        raise DriverError(
            f"the samples to play of pulse {first_pulse + int(np.argmax(bad))} hold a value that "
            "is not a number or is infinite",
            "look for a division by zero or an overflow where the echo is made",
        )


@njit(cache=True, nogil=True)
def find_clipped(values: Reals, scale: float, limit: float, span: NDArray[np.int64]) -> None:
    """Write count, first and last of the samples that clip on I or on Q into ``span``.

    Clipped is what, times ``scale`` and rounded, is above ``limit`` in magnitude.
    """
    for sample in range(values.shape[0] // 2):
        i_code = np.rint(values[2 * sample] * scale)
        q_code = np.rint(values[2 * sample + 1] * scale)
        if abs(i_code) > limit or abs(q_code) > limit:
            if span[0] == 0:
                span[1] = sample
            span[0] += 1
            span[2] = sample
