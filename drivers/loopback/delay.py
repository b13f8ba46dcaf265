"""The delay of the chain: whole ticks, and the part of a tick that is left."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

# A remainder below this counts as none: it turns the phase of the highest frequency by 3e-7 rad,
# less than float32 resolves. It also absorbs that `n / sample_rate` is not exact in binary.
_NEGLIGIBLE_TICKS = 1e-7


@dataclass(frozen=True, slots=True)
class TickDelay:
    """A delay counted on the sample clock.

    Parameters
    ----------
    whole_ticks : int
        The nearest whole number of ticks.
    fraction : float
        What is left, between -0.5 and 0.5 ticks; exactly 0.0 when it is too small to matter.
    """

    whole_ticks: int
    fraction: float

    @property
    def ticks(self) -> float:
        """The whole delay, ticks."""
        return self.whole_ticks + self.fraction

    @classmethod
    def from_seconds(cls, delay_s: float, sample_rate_hz: float) -> TickDelay:
        """Count a delay on a clock.

        Parameters
        ----------
        delay_s : float
            Delay, seconds.
        sample_rate_hz : float
            Rate of the clock, Hz.
        """
        ticks = delay_s * sample_rate_hz
        whole = round(ticks)
        fraction = ticks - whole
        return cls(whole, 0.0 if abs(fraction) < _NEGLIGIBLE_TICKS else fraction)


class BandLimitedDelay:
    """Delays windows by any number of ticks, by band-limited interpolation.

    A window is a finite burst: its samples are zero outside. What it is between samples is then
    the sum of one sinc per sample, and the delayed window is the convolution

        y[m] = sum_n x[n] sinc(m - n - d),   0 <= m, n < window_samples,

    whose kernel is cut at the lags that can occur, |m - n| < window_samples. Transforms of at
    least 2 window_samples - 1 points make that sum exact, with nothing wrapping round. (A phase
    ramp on the padded spectrum costs the same and interpolates with the periodic kernel instead,
    which leaks from the end of a window to its beginning.) What the delay pushes beyond the end of
    the window is cut off.

    Parameters
    ----------
    window_samples : int
        Length of a window.
    ticks : float
        Delay, ticks.
    """

    def __init__(self, window_samples: int, ticks: float) -> None:
        self.transform_samples = int(scipy.fft.next_fast_len(2 * window_samples - 1))
        lag = np.arange(1 - window_samples, window_samples)
        kernel = np.zeros(self.transform_samples)
        kernel[lag % self.transform_samples] = np.sinc(lag - ticks)
        # Transformed in double, once, so that only the windows themselves see float32.
        self._response: NDArray[np.complex64] = scipy.fft.fft(kernel).astype(np.complex64)

    def apply(self, padded: NDArray[np.complex64], workers: int) -> NDArray[np.complex64]:
        """Delay windows.

        Parameters
        ----------
        padded : complex64 array, shape (pulses, transform_samples)
            Windows with zeros after them; overwritten.
        workers : int
            Threads for the transforms.

        Returns
        -------
        complex64 array, shape (pulses, transform_samples)
            The delayed windows in the first ``window_samples`` of each row; the rest means nothing.
        """
        spectrum = scipy.fft.fft(padded, axis=1, overwrite_x=True, workers=workers)
        spectrum *= self._response
        delayed: NDArray[np.complex64] = scipy.fft.ifft(
            spectrum, axis=1, overwrite_x=True, workers=workers
        )
        return delayed


def lost_beyond(delay: TickDelay, window_samples: int) -> bool:
    """Tell whether a delay pushes all of a window out of itself."""
    return math.ceil(delay.ticks) >= window_samples
