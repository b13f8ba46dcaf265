"""A known pulse in front of every part, to tell how the signal arrives.

The phase of a generator's carrier against its marker is another one after every trigger; the pilot
tells it. It also tells a signal cable that is not there from a scene that is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from drivers.errors import DriverError

# It must not clip, whatever follows it.
_LEVEL = 0.5
# Share of the power at its place that must be the pilot's; of noise, the largest of N places has
# ln(N) / N, 0.02 of 256.
_LEAST_COHERENCE = 0.25


class SignalMissingError(DriverError):
    """What was played did not arrive at the input, though its trigger did."""


@dataclass(frozen=True, slots=True)
class PilotPlace:
    """How a pilot came back.

    Parameters
    ----------
    delay_samples : float
        Behind its place, in samples of the windows.
    gain : complex
        Of the chain, from its place on.
    coherence : float
        Share of the power there that is the pilot's.
    """

    delay_samples: float
    gain: complex
    coherence: float


def make_pilot(window_samples: int) -> NDArray[np.complex64]:
    """Make a chirp over two thirds of the band, as long as a window.

    Its correlation is one narrow peak, and real, so that a fraction of a sample changes no phase.

    Parameters
    ----------
    window_samples : int
        Its length.

    Returns
    -------
    complex64 array, shape (window_samples,)
    """
    offset = np.arange(window_samples) - 0.5 * (window_samples - 1)
    return np.asarray(
        _LEVEL * np.exp(2j * np.pi * offset**2 / (3.0 * window_samples)), np.complex64
    )


def find_pilot(received: NDArray[np.complex64]) -> PilotPlace:
    """Find a pilot in its window.

    Parameters
    ----------
    received : complex64 array, shape (window_samples,)
        The window.

    Returns
    -------
    PilotPlace

    Raises
    ------
    SignalMissingError
        It is not there.
    """
    samples = received.size
    pilot = make_pilot(samples).astype(np.complex128)
    size = int(scipy.fft.next_fast_len(2 * samples))
    spectrum = scipy.fft.fft(received.astype(np.complex128), size)
    correlation = scipy.fft.ifft(spectrum * np.conj(scipy.fft.fft(pilot, size)))
    lag = int(np.argmax(np.abs(correlation)))
    lag = lag if lag < size // 2 else lag - size
    energy = float(np.vdot(pilot, pilot).real * np.vdot(received, received).real)
    peak = complex(correlation[lag])
    coherence = abs(peak) ** 2 / energy if energy > 0.0 else 0.0
    if coherence < _LEAST_COHERENCE:
        raise SignalMissingError(
            f"what was played did not arrive: {coherence:.3f} of the power at the input is that of "
            "the pilot in front of the windows",
            "check the cable from the output to the input, output_channels, input_channels, "
            f"frequency_hz and the levels; it must be {_LEAST_COHERENCE:g}",
        )
    before, at, after = np.abs(correlation[[lag - 1, lag, (lag + 1) % size]])
    fraction = 0.5 * (before - after) / (before - 2.0 * at + after)
    gain = peak / float(np.vdot(pilot, pilot).real)
    return PilotPlace(lag + float(fraction), gain, coherence)
