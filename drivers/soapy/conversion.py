"""From samples of full scale 1.0 to those of a stream, and the rails of what comes back.

The converters of SoapySDR and of its drivers wrap where they should clip, and cut off where they
should round. So what is handed to them needs neither: whole codes within full scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drivers.clipping import ClipSpans, find_clipped, require_numbers

StreamSamples = NDArray[np.int16] | NDArray[np.float32]
"""I and Q in turn, shape (pulses, 2 * window_samples)."""

# Largest value that a converter to 16 bits can multiply by 2^15 without wrapping.
_LARGEST_FLOAT = 1.0 - 2.0**-15


@dataclass(frozen=True, slots=True)
class StreamScale:
    """Format of a stream and its full scale.

    Parameters
    ----------
    stream_format : str
        "CS16" or "CF32".
    full_scale : int
        What the radio gives for its codes: 2048 for 12 bits, 32768 or 32767 for 16.
    """

    stream_format: str
    full_scale: int

    @property
    def largest_code(self) -> int:
        """Code of full scale, whose negative exists too.

        A full scale that is a power of two has no such code of its own: 12 bits end at 2047.
        """
        power_of_two = self.full_scale & (self.full_scale - 1) == 0
        return self.full_scale - 1 if power_of_two else self.full_scale

    @property
    def is_integer(self) -> bool:
        """Whether the stream carries codes."""
        return self.stream_format == "CS16"

    @property
    def sample_bytes(self) -> int:
        """Size of a complex sample."""
        return 4 if self.is_integer else 8

    @property
    def full_scale_value(self) -> float:
        """What full scale is in the values of the stream."""
        return float(self.largest_code) if self.is_integer else 1.0

    def empty(self, pulses: int, window_samples: int) -> StreamSamples:
        """Make room for windows, filled with zeros."""
        shape = (pulses, 2 * window_samples)
        return np.zeros(shape, np.int16) if self.is_integer else np.zeros(shape, np.float32)


def to_stream(
    samples: NDArray[np.complex64], scale: StreamScale, first_pulse: int = 0
) -> tuple[StreamSamples, ClipSpans]:
    """Clip, round and scale windows for a stream.

    Codes are those that the loopback's DAC has: nearest to ``samples * largest_code``, half to
    even. A CF32 stream carries the same codes as fractions of full scale. They lie a quarter of a
    code outwards, so that a converter that cuts off finds the same code as one that rounds, and
    stay below 1.0, which wraps.

    Parameters
    ----------
    samples : complex64 array, shape (pulses, window_samples), C-contiguous
        1.0 on I or Q is full scale.
    scale : StreamScale
        Of the output.
    first_pulse : int
        Number of the first window, for errors.

    Returns
    -------
    values : int16 or float32 array, shape (pulses, 2 * window_samples)
        I and Q in turn.
    clipped : ClipSpans
        What was beyond full scale.

    Raises
    ------
    DriverError
        A sample is not a number or is infinite.
    """
    pulses, window_samples = samples.shape
    values = scale.empty(pulses, window_samples)
    spans = np.zeros((pulses, 3), np.int64)
    bad = np.zeros(pulses, np.bool_)
    step = 1.0 if scale.is_integer else 1.0 / scale.full_scale
    outwards = 0.0 if scale.is_integer else 0.25
    highest = float(scale.largest_code) if scale.is_integer else _LARGEST_FLOAT
    _to_stream(
        samples.view(np.float32),
        float(scale.largest_code),
        step,
        outwards,
        highest,
        values,
        spans,
        bad,
    )
    require_numbers(bad, first_pulse)
    return values, ClipSpans.from_rows(spans)


def as_complex(values: StreamSamples, scale: StreamScale) -> NDArray[np.complex64]:
    """Give samples of a stream, I and Q in turn, as complex values of full scale 1.0."""
    samples: NDArray[np.complex64] = values.astype(np.float32).view(np.complex64)
    return samples / np.float32(scale.full_scale_value)


def warm_up(transmit: StreamScale, receive: StreamScale) -> None:
    """Compile, or load what was compiled, for these streams.

    That takes seconds in which no thread of Python runs, and a radio that is running does not wait.
    """
    to_stream(np.zeros((1, 1), np.complex64), transmit)
    at_rails(receive.empty(1, 1), receive)


def at_rails(values: StreamSamples, scale: StreamScale) -> ClipSpans:
    """Find samples at the rails of the ADC.

    What a converter was given beyond full scale cannot be seen in its codes; a code at the rail is
    the most that can be told, so full scale itself counts.

    Parameters
    ----------
    values : int16 or float32 array, shape (pulses, 2 * window_samples)
        What was received.
    scale : StreamScale
        Of the input.
    """
    spans = np.zeros((values.shape[0], 3), np.int64)
    _find_rails(
        values,
        1.0 if scale.is_integer else float(scale.full_scale),
        scale.largest_code - 0.75,
        spans,
    )
    return ClipSpans.from_rows(spans)


# On one thread: others write and read meanwhile, and a pool that spins between its tasks would take
# the processor from them (measured on two: 50 Msamples/s each way with a pool, 370 without).
@njit(cache=True, nogil=True)
def _to_stream(
    samples: NDArray[np.float32],
    top: float,
    step: float,
    outwards: float,
    highest: float,
    values: StreamSamples,
    spans: NDArray[np.int64],
    bad: NDArray[np.bool_],
) -> None:
    for pulse in range(samples.shape[0]):
        row = samples[pulse]
        clipped = 0
        not_finite = 0
        for i in range(row.shape[0]):
            wanted = np.rint(np.float64(row[i]) * top)
            code = min(max(wanted, -top), top)
            clipped += wanted != code
            not_finite += not (abs(wanted) < np.inf)
            value = (code + outwards * np.sign(code)) * step
            values[pulse, i] = min(max(value, -highest), highest)
        if clipped > 0:
            find_clipped(row, top, top, spans[pulse])
        bad[pulse] = not_finite > 0


@njit(cache=True, nogil=True)
def _find_rails(
    values: StreamSamples, scale: float, limit: float, spans: NDArray[np.int64]
) -> None:
    for pulse in range(values.shape[0]):
        row = values[pulse]
        # Counted, not the largest one sought: a sum of truths becomes vector instructions.
        beyond = 0
        for i in range(row.shape[0]):
            beyond += np.rint(abs(np.float64(row[i])) * scale) > limit
        if beyond > 0:
            find_clipped(row, scale, limit, spans[pulse])
