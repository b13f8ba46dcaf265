from typing import Any

import numpy as np
import pytest
import scipy.fft
from numpy.typing import NDArray

from drivers.soapy.alignment import find_marker, make_marker
from drivers.soapy.conversion import StreamScale
from drivers.soapy.errors import AlignmentError

MARKER = make_marker(StreamScale("CS16", 32768))


def shifted(delay: float, size: int = 4 * MARKER.samples) -> NDArray[Any]:
    """The marker, band-limited and delayed by any number of samples, by a turn of its spectrum."""
    padded = np.zeros(size, np.complex128)
    padded[: MARKER.samples] = MARKER.replica
    spectrum = scipy.fft.fft(padded)
    turned: NDArray[Any] = scipy.fft.ifft(
        spectrum * np.exp(-2j * np.pi * scipy.fft.fftfreq(size) * delay)
    )
    return turned


@pytest.mark.parametrize("delay", [0.0, 100.0, 517.25, 1000.49, 2000.5, 3333.9])
def test_place_to_a_thousandth_of_a_sample(delay: float) -> None:
    place = find_marker(0.3 * np.exp(1j) * shifted(delay), MARKER)
    # A parabola over eighths of a sample leaves less than 1e-3 of a sinc-shaped peak.
    assert place.sample + place.fraction == pytest.approx(delay, abs=1e-3)
    assert abs(place.fraction) <= 0.5
    # Seen at the nearest whole sample, a band of two thirds of the rate loses sinc^2; the edges of
    # a chirp of 2700 cycles x samples are not those of a rectangle, to a few thousandths.
    assert place.coherence == pytest.approx(np.sinc(2.0 / 3.0 * place.fraction) ** 2, abs=5e-3)


def test_place_in_noise() -> None:
    generator = np.random.default_rng(3)
    noise = generator.normal(0.0, 0.25, (2, 4 * MARKER.samples))
    received = shifted(777.3) + noise[0] + 1j * noise[1]
    place = find_marker(received, MARKER)
    # Cramer-Rao at 3 dB and 4096 samples: sqrt(6) / (2 pi 2/3 sqrt(2 * 4096 * 2)) = 5e-3 samples.
    assert place.sample + place.fraction == pytest.approx(777.3, abs=2.5e-2)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_part_of_a_marker_is_none(share: float) -> None:
    missing = round((1.0 - share) * MARKER.samples)
    received = shifted(3 * MARKER.samples + missing)[: 4 * MARKER.samples].copy()
    received[:missing] = 0.0  # what the turn of the spectrum wraps round
    with pytest.raises(AlignmentError, match="marker was not found"):
        find_marker(received, MARKER)


def test_silence_and_noise_hold_none() -> None:
    size = 4 * MARKER.samples
    noise = np.random.default_rng(4).normal(size=(2, size))
    for received in (np.zeros(size, np.complex64), noise[0] + 1j * noise[1]):
        with pytest.raises(AlignmentError):
            find_marker(received, MARKER)
