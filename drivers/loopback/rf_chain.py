"""The way of the samples from the digital output to the digital input.

DAC (clip, round) -> delay -> gain -> noise -> ADC (clip, round). Each sample is read once and
written once where there is no delay of a part of a tick: a full run is tens of millions of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from drivers.clipping import ClipSpans, find_clipped, require_numbers
from drivers.loopback.delay import BandLimitedDelay, TickDelay
from drivers.loopback.noise import ReceiverNoise
from drivers.loopback.settings import LoopbackSettings

# Rows that pass through the transforms of a fractional delay at once: 8 MiB at 1024 samples a
# window, so that one pass still finds in the cache some of what the last one left.
_TRANSFORM_PULSES = 512

Recorded = NDArray[np.int16] | NDArray[np.float32]
"""Codes of the ADC, or values where it is ideal: I and Q in turn, shape (pulses, values)."""


def largest_code(bits: int) -> int:
    """Give the largest code of a converter, 2^(bits - 1) - 1.

    The smallest is its negative: one code of two's complement stays unused, as waveform formats of
    generators have it. The converter is then odd (a signal turned by 180 degrees has the codes
    turned by 180 degrees) and clips without adding a mean, and zero is a code (mid-tread).

    Parameters
    ----------
    bits : int
        Resolution.
    """
    return (1 << (bits - 1)) - 1


@dataclass(frozen=True, slots=True, eq=False)
class ChainOutput:
    """What the chain makes of a block of windows.

    Parameters
    ----------
    samples : int16 array (pulses, window_samples, 2), or complex64 (pulses, window_samples)
        Codes of the ADC, or values where it is ideal.
    clipped_dac, clipped_adc : ClipSpans
        What was clipped where.
    """

    samples: NDArray[np.int16] | NDArray[np.complex64]
    clipped_dac: ClipSpans
    clipped_adc: ClipSpans


class RfChain:
    """The loopback's chain, set for one window length and sample rate.

    Full scale is 1.0 on I and on Q at both converters, and corresponds to the largest code, see
    :func:`largest_code`. Codes are rounded to nearest, half to even, which adds no mean. The gain
    acts between the converters, on the signal and not on the noise, which is that of the input.

    A window is a finite burst. What a delay pushes beyond its end is lost to it, as to a receiver
    whose gate closes, and what comes in at its beginning is silence.

    Parameters
    ----------
    settings : LoopbackSettings
        What the chain does.
    sample_rate_hz : float
        Rate of the sample clock, Hz.
    window_samples : int
        Length of a window.
    """

    def __init__(
        self, settings: LoopbackSettings, sample_rate_hz: float, window_samples: int
    ) -> None:
        self.delay = TickDelay.from_seconds(settings.delay_s, sample_rate_hz)
        self._window_samples = window_samples
        self._dac_limit = largest_code(settings.dac_bits) if settings.dac_bits is not None else 0
        self._adc_limit = largest_code(settings.adc_bits) if settings.adc_bits is not None else 0
        self._gain = 10.0 ** (settings.gain_db / 20.0)
        self._fractional = (
            BandLimitedDelay(window_samples, self.delay.ticks) if self.delay.fraction else None
        )
        self._threads = len(os.sched_getaffinity(0))
        self._noise = (
            ReceiverNoise(
                10.0 ** (settings.noise_dbfs / 20.0), settings.seed, window_samples, self._threads
            )
            if settings.noise_dbfs is not None
            else None
        )

    @property
    def code_scale(self) -> float:
        """Fraction of full scale per code of the ADC; 1.0 where it is ideal."""
        return 1.0 / self._adc_limit if self._adc_limit else 1.0

    def process(self, first_pulse: int, samples: NDArray[np.complex64]) -> ChainOutput:
        """Pass consecutive windows through the chain.

        Parameters
        ----------
        first_pulse : int
            Number of the first window, which decides its noise.
        samples : complex64 array, shape (pulses, window_samples), C-contiguous
            What is played.

        Returns
        -------
        ChainOutput
            What is recorded.

        Raises
        ------
        DriverError
            A sample is not a number or is infinite.
        """
        pulses, window_samples = samples.shape
        played = samples.view(np.float32)
        noise = (
            self._noise.draw(first_pulse, pulses)
            if self._noise is not None
            else np.empty((0, 0), np.float32)
        )
        shape = (pulses, 2 * window_samples)
        recorded: Recorded = (
            np.empty(shape, np.int16) if self._adc_limit else np.empty(shape, np.float32)
        )
        dac_spans = np.zeros((pulses, 3), np.int64)
        adc_spans = np.zeros((pulses, 3), np.int64)
        bad = np.zeros(pulses, np.bool_)
        if self._fractional is None:
            _convert(
                played,
                2 * self.delay.whole_ticks,
                self._dac_limit,
                self._gain,
                noise,
                self._adc_limit,
                recorded,
                dac_spans,
                adc_spans,
                bad,
            )
            require_numbers(bad, first_pulse)
        else:
            for start in range(0, pulses, _TRANSFORM_PULSES):
                part = slice(start, min(start + _TRANSFORM_PULSES, pulses))
                padded = np.zeros(
                    (part.stop - start, self._fractional.transform_samples), np.complex64
                )
                _to_analog(
                    played[part],
                    self._dac_limit,
                    padded.view(np.float32),
                    dac_spans[part],
                    bad[part],
                )
                # Before the transform, which would spread one bad sample over its window.
                require_numbers(bad, first_pulse)
                delayed = self._fractional.apply(padded, self._threads)
                _to_digital(
                    delayed.view(np.float32),
                    self._gain,
                    noise[part] if self._noise is not None else noise,
                    self._adc_limit,
                    recorded[part],
                    adc_spans[part],
                )
        return ChainOutput(
            _as_captured(recorded, window_samples),
            ClipSpans.from_rows(dac_spans),
            ClipSpans.from_rows(adc_spans),
        )


def _as_captured(
    recorded: Recorded, window_samples: int
) -> NDArray[np.int16] | NDArray[np.complex64]:
    if recorded.dtype == np.int16:
        return recorded.reshape(-1, window_samples, 2).view(np.int16)
    return recorded.view(np.complex64)


# The loops below run over I and Q alike, as one row of 2 * window_samples numbers, which the
# compiler turns into vector instructions. They count what is clipped; where that is not zero, and
# only there, the row is read again for the place. Arithmetic is in double: it costs nothing beside
# the memory traffic, and a float32 product would move the ties of a 16-bit rounding. A limit of
# zero stands for an ideal converter.


@njit(cache=True, nogil=True)
def _dac_row(
    played: NDArray[np.float32],
    limit: int,
    row: NDArray[np.float64],
    span: NDArray[np.int64],
) -> bool:
    """Fill ``row`` with what the DAC makes of ``played``; tell whether a value is not finite.

    ``row`` may be shorter than ``played``, by what the delay cuts off; all of ``played`` is looked
    at for clipping and for bad values.
    """
    bad = 0
    kept = row.shape[0]
    if limit == 0:
        for i in range(played.shape[0]):
            bad += not (abs(played[i]) < np.inf)
        for i in range(kept):
            row[i] = played[i]
        return bad > 0
    top = np.float64(limit)
    step = 1.0 / top
    clipped = 0
    for i in range(kept):
        wanted = np.rint(np.float64(played[i]) * top)
        code = min(max(wanted, -top), top)
        clipped += wanted != code
        bad += not (abs(wanted) < np.inf)
        row[i] = code * step
    for i in range(kept, played.shape[0]):
        wanted = np.rint(np.float64(played[i]) * top)
        clipped += abs(wanted) > top
        bad += not (abs(wanted) < np.inf)
    if clipped > 0:
        find_clipped(played, top, top, span)
    return bad > 0


@njit(cache=True, nogil=True)
def _adc_row(
    row: NDArray[np.float64],
    gain: float,
    noise: NDArray[np.float32],
    limit: int,
    recorded: Recorded,
    span: NDArray[np.int64],
) -> None:
    """Fill ``recorded`` with what the ADC makes of ``row``, which is changed; no noise if empty."""
    if noise.shape[0] > 0:
        for i in range(row.shape[0]):
            row[i] = row[i] * gain + noise[i]
    else:
        for i in range(row.shape[0]):
            row[i] = row[i] * gain
    if limit == 0:
        for i in range(row.shape[0]):
            recorded[i] = row[i]
        return
    top = np.float64(limit)
    clipped = 0
    for i in range(row.shape[0]):
        wanted = np.rint(row[i] * top)
        code = min(max(wanted, -top), top)
        clipped += wanted != code
        recorded[i] = code
    if clipped > 0:
        find_clipped(row, top, top, span)


@njit(cache=True, parallel=True, nogil=True)
def _convert(
    played: NDArray[np.float32],
    shift: int,
    dac_limit: int,
    gain: float,
    noise: NDArray[np.float32],
    adc_limit: int,
    recorded: Recorded,
    dac_spans: NDArray[np.int64],
    adc_spans: NDArray[np.int64],
    bad: NDArray[np.bool_],
) -> None:
    """Do the whole chain for a delay of ``shift // 2`` whole ticks, row by row in the cache."""
    values = played.shape[1]
    for pulse in prange(played.shape[0]):
        row = np.empty(values, np.float64)
        row[:shift] = 0.0
        bad[pulse] = _dac_row(played[pulse], dac_limit, row[shift:], dac_spans[pulse])
        own_noise = noise[pulse] if noise.shape[0] > 0 else noise[:, 0]
        _adc_row(row, gain, own_noise, adc_limit, recorded[pulse], adc_spans[pulse])


@njit(cache=True, parallel=True, nogil=True)
def _to_analog(
    played: NDArray[np.float32],
    dac_limit: int,
    padded: NDArray[np.float32],
    dac_spans: NDArray[np.int64],
    bad: NDArray[np.bool_],
) -> None:
    """Do the DAC's part, into rows that have room for a transform after each window."""
    values = played.shape[1]
    for pulse in prange(played.shape[0]):
        row = np.empty(values, np.float64)
        bad[pulse] = _dac_row(played[pulse], dac_limit, row, dac_spans[pulse])
        for i in range(values):
            padded[pulse, i] = row[i]


@njit(cache=True, parallel=True, nogil=True)
def _to_digital(
    analog: NDArray[np.float32],
    gain: float,
    noise: NDArray[np.float32],
    adc_limit: int,
    recorded: Recorded,
    adc_spans: NDArray[np.int64],
) -> None:
    """Do gain, noise and ADC for as much of each row as ``recorded`` has room for."""
    values = recorded.shape[1]
    for pulse in prange(analog.shape[0]):
        row = np.empty(values, np.float64)
        for i in range(values):
            row[i] = analog[pulse, i]
        own_noise = noise[pulse] if noise.shape[0] > 0 else noise[:, 0]
        _adc_row(row, gain, own_noise, adc_limit, recorded[pulse], adc_spans[pulse])
