import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.loopback.delay import BandLimitedDelay, TickDelay, lost_beyond

WINDOW = 256  # samples

# What float32 transforms of 512 points leave: about log2(512) roundings of 6e-8.
FLOAT32_TRANSFORM = 1e-6


def pulse(time_ticks: NDArray[np.float64]) -> NDArray[np.complex128]:
    """A Gaussian pulse of rms width 6 ticks at 0.15 cycles per tick.

    Its spectrum has an rms width of 1 / (2 pi 6) = 0.027 cycles per tick, so that 0.5 cycles lie 13
    rms widths from its centre: band-limited to 1e-37.
    """
    shifted = time_ticks - 60.0
    return np.exp(-0.5 * (shifted / 6.0) ** 2 + 2j * np.pi * 0.15 * shifted)


def delayed(samples: NDArray[np.complex64], ticks: float) -> NDArray[np.complex64]:
    delay = BandLimitedDelay(WINDOW, ticks)
    padded = np.zeros((samples.shape[0], delay.transform_samples), np.complex64)
    padded[:, :WINDOW] = samples
    return delay.apply(padded, workers=2)[:, :WINDOW]


@pytest.mark.parametrize("ticks", [0.1, 0.5, 3.7, 41.25, 150.9])
def test_band_limited_pulse_arrives_as_the_closed_form_says(ticks: float) -> None:
    time = np.arange(WINDOW, dtype=np.float64)
    played = pulse(time)[None].astype(np.complex64)
    np.testing.assert_allclose(
        delayed(played, ticks)[0], pulse(time - ticks), atol=FLOAT32_TRANSFORM
    )


@pytest.mark.parametrize("ticks", [196.4, 220.5, 255.5])
def test_what_leaves_the_window_at_its_end_does_not_come_in_at_its_beginning(ticks: float) -> None:
    time = np.arange(WINDOW, dtype=np.float64)
    found = delayed(pulse(time)[None].astype(np.complex64), ticks)[0]
    np.testing.assert_allclose(found, pulse(time - ticks), atol=FLOAT32_TRANSFORM)
    # The closed form has 1 at tick 60 + 196.4 and nothing before tick 100.
    assert np.abs(found[:100]).max() < FLOAT32_TRANSFORM


def test_each_sample_becomes_a_sinc_even_at_the_edges() -> None:
    """An impulse has power up to half the sample rate, where a periodic kernel would wrap."""
    lag = np.arange(WINDOW)
    for place in (0, 100, WINDOW - 1):
        played = np.zeros((1, WINDOW), np.complex64)
        played[0, place] = 1.0
        np.testing.assert_allclose(
            delayed(played, 7.3)[0], np.sinc(lag - place - 7.3), atol=FLOAT32_TRANSFORM
        )


def test_whole_ticks_and_nothing_left_over() -> None:
    # 5 / 96e6 is not exact in binary, and neither is its product with 96e6.
    for ticks in range(2000):
        assert TickDelay.from_seconds(ticks / 96e6, 96e6) == TickDelay(ticks, 0.0)


@given(st.floats(0.0, 1e-3), st.floats(1e6, 1e9))
def test_whole_and_fraction_make_the_delay(delay_s: float, sample_rate_hz: float) -> None:
    delay = TickDelay.from_seconds(delay_s, sample_rate_hz)
    assert abs(delay.fraction) <= 0.5
    # Within what is neglected, 1e-7 ticks, plus a rounding of up to 1e6 ticks in double.
    assert delay.ticks == pytest.approx(delay_s * sample_rate_hz, abs=1.1e-7)


@pytest.mark.parametrize(
    ("delay", "lost"),
    [
        (TickDelay(0, 0.0), False),
        (TickDelay(255, 0.0), False),
        (TickDelay(255, 0.1), True),
        (TickDelay(255, -0.1), False),
        (TickDelay(256, 0.0), True),
    ],
)
def test_delay_longer_than_the_window(delay: TickDelay, lost: bool) -> None:
    assert lost_beyond(delay, WINDOW) is lost
