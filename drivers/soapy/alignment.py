"""Where windows lie in a stream without time stamps: a marker at its start tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from drivers.soapy.conversion import StreamSamples, StreamScale, to_stream
from drivers.soapy.errors import AlignmentError

MARKER_SAMPLES = 4096
"""Long enough for a gain of 36 dB over noise, and 65 us at most radios' rates."""

# Half of full scale: a marker must not clip, whatever lies behind the output.
_LEVEL = 0.5
# Share of the power at the marker's place that must be the marker's. In noise alone the largest of
# 2^20 places has 14 / 4096; half a marker, at the end of what was received, has less than 0.1 at
# the wrong place.
_LEAST_COHERENCE = 0.25
# Samples on either side of a marker that tell of the part of a sample: far more than the main lobe
# of its correlation has.
_ABOUT = 256


@dataclass(frozen=True, slots=True, eq=False)
class Marker:
    """A chirp over two thirds of the band.

    Its autocorrelation is one narrow peak, and unlike a sequence of phases it passes filters.

    Parameters
    ----------
    played : int16 or float32 array, shape (1, 2 * samples)
        As the stream has it.
    replica : complex64 array, shape (samples,)
        Full scale 1.0.
    """

    played: StreamSamples
    replica: NDArray[np.complex64]

    @property
    def samples(self) -> int:
        """Length."""
        return int(self.replica.size)


@dataclass(frozen=True, slots=True)
class MarkerPlace:
    """Where a marker was found.

    Parameters
    ----------
    sample : int
        Nearest sample to its first one.
    fraction : float
        What is left, -0.5 to 0.5 samples.
    coherence : float
        Share of the power there that is the marker's.
    """

    sample: int
    fraction: float
    coherence: float


def make_marker(scale: StreamScale, samples: int = MARKER_SAMPLES) -> Marker:
    """Make a marker for a stream.

    Parameters
    ----------
    scale : StreamScale
        Of the output.
    samples : int
        Length.
    """
    n = np.arange(samples)
    # From -1/3 to 1/3 of the sample rate.
    cycles = (n - 0.5 * (samples - 1)) ** 2 / (3.0 * samples)
    replica = (_LEVEL * np.exp(2j * np.pi * cycles)).astype(np.complex64)
    played, _ = to_stream(np.ascontiguousarray(replica[np.newaxis]), scale)
    return Marker(played, replica)


def find_marker(received: NDArray[np.complex64], marker: Marker) -> MarkerPlace:
    """Find a marker.

    Correlation by transforms, and a parabola through the logarithm of the three values about its
    peak. The peak is interpolated eight times first, by zero padding of the spectrum, since a
    parabola fits the main lobe of a sinc only near its top.

    Parameters
    ----------
    received : complex64 array, shape (samples,)
        With the whole of the marker in it.
    marker : Marker
        What to look for.

    Returns
    -------
    MarkerPlace

    Raises
    ------
    AlignmentError
        There is none.
    """
    size = int(scipy.fft.next_fast_len(received.size + marker.samples))
    spectrum = scipy.fft.fft(received.astype(np.complex128), size)
    spectrum *= np.conj(scipy.fft.fft(marker.replica.astype(np.complex128), size))
    correlation = scipy.fft.ifft(spectrum)[: max(1, received.size - marker.samples + 1)]
    peak = int(np.argmax(np.abs(correlation)))
    there = received[peak : peak + marker.samples].astype(np.complex128)
    energy = float(np.vdot(there, there).real * np.vdot(marker.replica, marker.replica).real)
    coherence = float(np.abs(correlation[peak]) ** 2) / energy if energy > 0.0 else 0.0
    if coherence < _LEAST_COHERENCE:
        raise AlignmentError(
            f"the marker was not found: at best {coherence:.3f} of the power is the marker's",
            f"check cable, levels and gains; it must be {_LEAST_COHERENCE:g}",
        )
    fraction = _peak_offset(received, marker, peak)
    whole = round(peak + fraction)
    return MarkerPlace(whole, peak + fraction - whole, coherence)


def _peak_offset(received: NDArray[np.complex64], marker: Marker, peak: int) -> float:
    """Give the offset of a peak of the correlation from sample ``peak``, in samples."""
    begin = max(0, peak - _ABOUT)
    near = received[begin : peak + marker.samples + _ABOUT].astype(np.complex128)
    size = int(scipy.fft.next_fast_len(near.size + marker.samples))
    spectrum = scipy.fft.fft(near, size)
    spectrum *= np.conj(scipy.fft.fft(marker.replica.astype(np.complex128), size))
    frequency = scipy.fft.fftfreq(size)
    turned = spectrum * np.exp(2j * np.pi * frequency * (peak - begin))
    offsets = np.arange(-8, 9) / 8.0
    level = np.abs(np.exp(2j * np.pi * np.outer(offsets, frequency)) @ turned)
    top = int(np.argmax(level[1:-1])) + 1
    before, at, after = np.log(level[top - 1 : top + 2])
    return float(offsets[top] + (before - after) / (before - 2.0 * at + after) / 16.0)
