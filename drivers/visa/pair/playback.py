"""Windows of complex baseband as the waveform of a generator."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import scipy.fft
from numba import njit
from numpy.typing import NDArray

from drivers.clipping import ClipSpans
from drivers.visa.instrument import WaveformChunk
from drivers.visa.pair.layout import Layout
from drivers.visa.pair.oscillator import RADIANS, phase_at, phase_step, turns_of

# Generator samples of one chunk: 8 MB of complex64, for which a transform has its two cores.
_CHUNK_SAMPLES = 1 << 20


class WindowWaveform:
    """A part's windows, interpolated as they are uploaded.

    Each period of a window and its guards is taken as one period of a periodic signal: its
    spectrum is continued by zeros to the generator's rate. So every sample of a window is a sample
    of the waveform, and up to half the windows' rate nothing is lost. Where two periods meet the
    waveform jumps by what rings there, in the middle of the guard.

    Parameters
    ----------
    windows : complex64 array, shape (windows, window_samples)
        Not copied; to be left alone while this lives.
    layout : Layout
        How they stand.
    carrier_hz : float or None
        What the real part of the waveform is mixed up to, with phase zero at its first sample;
        ``None`` leaves it complex.
    marker : int
        Marker that tells where the waveform begins.
    marker_each : bool
        Whether it tells of each period instead.
    full_scale_code : int
        Largest code of the DAC; what rounds to more is clipped.
    holds_samples : bool
        Whether the DAC holds samples. All of the band is then played as weakly as its upper edge
        leaves the DAC, so that it leaves it flat.
    """

    def __init__(
        self,
        windows: NDArray[np.complex64],
        layout: Layout,
        carrier_hz: float | None,
        *,
        marker: int = 1,
        marker_each: bool = False,
        full_scale_code: int = 1 << 15,
        holds_samples: bool = False,
    ) -> None:
        self._windows = windows
        self._layout = layout
        self._is_complex = carrier_hz is None
        self._step = 0 if carrier_hz is None else phase_step(carrier_hz, layout.generator_rate_hz)
        self._marker_bit = np.uint8(1 << (marker - 1))
        self._marker_each = marker_each
        self._limit = 1.0 + 0.5 / full_scale_code
        self._clipped = np.zeros((windows.shape[0], 3), np.int64)
        self._weights = hold_weights(layout, carrier_hz or 0.0) if holds_samples else None

    @property
    def samples(self) -> int:
        """Its length in samples of the generator."""
        return int(self._windows.shape[0]) * self._layout.period_played

    @property
    def is_complex(self) -> bool:
        """Whether its samples are complex."""
        return self._is_complex

    @property
    def clipped(self) -> ClipSpans:
        """Where it passes full scale, by window and in samples of the windows, once walked."""
        return ClipSpans.from_rows(self._clipped)

    def chunks(self) -> Iterator[WaveformChunk]:
        """Walk through it, some whole periods at a time."""
        layout = self._layout
        period = layout.period_played
        batch = max(1, _CHUNK_SAMPLES // period)
        self._clipped[:] = 0
        turns = turns_of(self._step)
        for first in range(0, self._windows.shape[0], batch):
            windows = self._windows[first : first + batch]
            envelope = interpolate(windows, layout, self._weights)
            clipped = self._clipped[first : first + batch]
            samples: NDArray[np.float32] | NDArray[np.complex64]
            if self._is_complex:
                samples = envelope.reshape(-1)
                _find_clipped(envelope, self._limit, clipped)
            else:
                samples = np.empty(envelope.size, np.float32)
                phase = np.uint64(phase_at(self._step, first * period))
                _mix_up(
                    envelope, phase, np.uint64(self._step), turns, self._limit, samples, clipped
                )
            self._in_windows(clipped)
            yield WaveformChunk(samples, self._markers(first, windows.shape[0]))

    def _markers(self, first: int, count: int) -> NDArray[np.uint8]:
        layout = self._layout
        markers = np.zeros((count, layout.period_played), np.uint8)
        # As long as the guard before the window: hundreds of nanoseconds, which any input sees.
        high = max(layout.lead_samples, 1) * layout.factor
        if self._marker_each:
            markers[:, :high] = self._marker_bit
        elif first == 0:
            markers[0, :high] = self._marker_bit
        return markers.reshape(-1)

    def _in_windows(self, clipped: NDArray[np.int64]) -> None:
        """Turn places in a period into samples of its window; guards count as its ends."""
        layout = self._layout
        hit = clipped[:, 0] > 0
        places = clipped[hit, 1:] // layout.factor - layout.lead_samples
        clipped[hit, 1:] = np.clip(places, 0, layout.window_samples - 1)


def hold_weights(layout: Layout, carrier_hz: float) -> NDArray[np.float32]:
    """Return what makes the band flat behind a DAC that holds samples; 1 at its upper edge.

    Parameters
    ----------
    layout : Layout
        Rates, and the period.
    carrier_hz : float
        Of the middle of the band.

    Returns
    -------
    float32 array, shape (period_samples,)
        By frequency, in the order of a Fourier transform.
    """
    rate_hz = layout.sample_rate_hz
    frequency = scipy.fft.fftfreq(layout.period_samples, 1.0 / rate_hz) + carrier_hz
    edge = np.sinc((carrier_hz + 0.5 * rate_hz) / layout.generator_rate_hz)
    return np.asarray(edge / np.sinc(frequency / layout.generator_rate_hz), np.float32)


def interpolate(
    windows: NDArray[np.complex64],
    layout: Layout,
    weights: NDArray[np.float32] | None = None,
) -> NDArray[np.complex64]:
    """Interpolate windows, each in its guards, by a whole factor.

    Parameters
    ----------
    windows : complex64 array, shape (windows, window_samples)
        As scheduled.
    layout : Layout
        Guards and factor.
    weights : float32 array, shape (period_samples,), or None
        Of frequencies, in the order of a Fourier transform; 1 at the upper edge.

    Returns
    -------
    complex64 array, shape (windows, period_played)
        Sample ``(lead_samples + n) * factor`` of a row is sample n of its window.
    """
    count, period, workers = windows.shape[0], layout.period_samples, os.cpu_count() or 1
    padded = np.zeros((count, period), np.complex64)
    padded[:, layout.lead_samples : layout.lead_samples + layout.window_samples] = windows
    spectrum = scipy.fft.fft(padded, axis=1, workers=workers, overwrite_x=True)
    wide = np.zeros((count, layout.period_played), np.complex64)
    positive, negative = (period + 1) // 2, period // 2
    wide[:, :positive] = spectrum[:, :positive]
    wide[:, -negative:] = spectrum[:, -negative:]
    if period % 2 == 0 and layout.factor > 1:
        # The line at half the rate belongs to both ends.
        wide[:, -negative] *= np.float32(0.5)
        wide[:, negative] = wide[:, -negative]
    if weights is not None:
        # The copy at the upper edge has weight 1.
        wide[:, :positive] *= weights[:positive]
        wide[:, -negative:] *= weights[-negative:]
    result = scipy.fft.ifft(wide, axis=1, workers=workers, overwrite_x=True)
    result *= np.float32(layout.factor)
    return np.asarray(result, np.complex64)


@njit(cache=True, nogil=True)
def _mix_up(
    envelope: NDArray[np.complex64],
    phase: np.uint64,
    step: np.uint64,
    turns: NDArray[np.complex128],
    limit: float,
    out: NDArray[np.float32],
    clipped: NDArray[np.int64],
) -> None:
    """Write the real part of the envelopes on a carrier; count, first and last beyond ``limit``."""
    windows, period = envelope.shape
    for window in range(windows):
        for start in range(0, period, turns.size):
            angle = RADIANS * float(phase)
            carrier = complex(np.cos(angle), np.sin(angle))
            stop = min(start + turns.size, period)
            for sample in range(start, stop):
                turned = carrier * turns[sample - start]
                value = envelope[window, sample]
                mixed = value.real * turned.real - value.imag * turned.imag
                out[window * period + sample] = np.float32(mixed)
                if abs(mixed) > limit:
                    _count(clipped[window], sample)
            phase += step * np.uint64(stop - start)


@njit(cache=True, nogil=True)
def _find_clipped(
    envelope: NDArray[np.complex64], limit: float, clipped: NDArray[np.int64]
) -> None:
    """Count what lies beyond ``limit`` on I or on Q, and note the first and the last."""
    for window in range(envelope.shape[0]):
        for sample in range(envelope.shape[1]):
            value = envelope[window, sample]
            if abs(value.real) > limit or abs(value.imag) > limit:
                _count(clipped[window], sample)


@njit(cache=True, nogil=True)
def _count(clipped: NDArray[np.int64], sample: int) -> None:
    if clipped[0] == 0:
        clipped[1] = sample
    clipped[0] += 1
    clipped[2] = sample
