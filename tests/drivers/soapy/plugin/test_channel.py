"""What the channel does to samples: nothing at all, or a delay, a gain, noise and clipping."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.drivers.soapy.plugin.client import RX, TX, Samples, client, noise

FULL_SCALE = 32767


def _through(sent: NDArray[Any], samples: int, **arguments: Any) -> NDArray[Any]:
    """What is received from tick 0 on of what is sent from tick 0 on."""
    with client(**arguments) as radio:
        radio.order(0, samples)
        radio.burst(sent, 0)
        radio.end_transmission(max(samples, sent.shape[0]))
        received: NDArray[Any] = radio.read(samples)[1]
        return received


def test_codes_arrive_as_they_left() -> None:
    edges = np.array([[-32768, 32767], [0, -1], [1, -32767], [-32768, -32768]], np.int16)
    np.testing.assert_array_equal(_through(edges, 4), edges)
    sent = noise(50_000)
    np.testing.assert_array_equal(_through(sent, 50_000), sent)


def test_gains_that_cancel_leave_codes_alone() -> None:
    sent = noise(100)
    with client(gain_db=-30) as radio:
        radio.device.setGain(TX, 0, 10.25)
        radio.device.setGain(RX, 0, 19.75)
        radio.order(0, 100)
        radio.burst(sent, 0)
        np.testing.assert_array_equal(radio.read(100)[1], sent)


@given(delay=st.integers(0, 5000), length=st.integers(1, 9000), lead=st.integers(-300, 300))
@settings(max_examples=40)
def test_whole_delays_are_exact(delay: int, length: int, lead: int) -> None:
    sent = noise(length, seed=delay)
    start = 10_000
    with client(delay_ticks=delay) as radio:
        first = start + delay - lead
        radio.order(first, length + 600)
        radio.burst(sent, start)
        radio.end_transmission(first + length + 600)
        received = radio.read(length + 600)[1]
    expected = np.zeros((length + 1200, 2), np.int16)
    expected[300 + lead : 300 + lead + length] = sent
    np.testing.assert_array_equal(received[: length + 300], expected[300 : length + 600])


@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.999])
@pytest.mark.parametrize("frequency", [-0.45, 0.05, 0.44])
def test_fractions_delay_a_tone_by_its_phase(fraction: float, frequency: float) -> None:
    """Up to 0.45 of the sample rate, against the closed form."""
    at = np.arange(2000)
    level = 0.9 * FULL_SCALE
    tone = level * np.exp(2j * np.pi * frequency * at)
    sent = np.stack([tone.real, tone.imag], 1).round().astype(np.int16)
    received = _through(sent, 2000, delay_ticks=100 + fraction).astype(np.float64)
    middle = slice(300, 1800)  # where the filter sees the tone alone
    shifted = level * np.exp(2j * np.pi * frequency * (at[middle] - 100 - fraction))
    error = received[middle, 0] + 1j * received[middle, 1] - shifted
    # Rounded twice, each 1/12 code^2 on I and on Q; the filter's own error, below -80 dB, is 3
    # codes at most at the edge of its band.
    assert np.sqrt(np.mean(abs(error) ** 2)) < 3.0


def test_gain_is_that_of_the_voltage_and_rounds_to_nearest() -> None:
    sent = noise(1000) // 4
    received = _through(sent, 1000, gain_db=3.0)
    np.testing.assert_array_equal(received, np.rint(sent * 10 ** (3.0 / 20)).astype(np.int16))


def test_the_receiver_clips_at_full_scale_and_counts() -> None:
    sent: Samples = np.array([[30000, -30000], [100, 20000]], np.int16)
    with client(gain_db=6.0) as radio:
        radio.order(0, 2)
        radio.burst(sent, 0)
        np.testing.assert_array_equal(radio.read(2)[1], [[32767, -32767], [200, 32767]])
        assert radio.device.readSetting("clipped_values") == "3"


def test_other_full_scales_are_kept() -> None:
    """A 12-bit radio: codes to 2047 pass, larger ones are clipped."""
    with client(dac_full_scale=2047, adc_full_scale=2047) as radio:
        radio.order(0, 2)
        radio.burst(np.array([[2047, -2047], [2048, -32768]], np.int16), 0)
        np.testing.assert_array_equal(radio.read(2)[1], [[2047, -2047], [2047, -2047]])


def test_unequal_full_scales_keep_the_fraction() -> None:
    sent = np.array([[2047, -1024]], np.int16)
    received = _through(sent, 1, dac_full_scale=2047, adc_full_scale=32767)
    np.testing.assert_array_equal(received, np.rint(sent * (32767 / 2047)))


def test_floats_are_rounded_and_clipped_not_wrapped() -> None:
    half = 0.5 / FULL_SCALE
    infinite = complex(np.inf, -np.inf)
    values = np.array([1.0, 1.5j, -1.0 - 7j, half, 3 * half, np.nan, infinite], np.complex64)
    received = _through(values, 7, transmit_format="CF32")
    np.testing.assert_array_equal(
        received,
        [[32767, 0], [0, 32767], [-32767, -32767], [0, 0], [2, 0], [0, 0], [32767, -32767]],
    )


def test_floats_arrive_at_full_scale_one() -> None:
    sent = noise(1000)
    received = _through(sent, 1000, receive_format="CF32")
    expected = sent.astype(np.float32).view(np.complex64)[:, 0] / np.float32(FULL_SCALE)
    # One rounding of the reciprocal and one of the product, 6e-8 each.
    np.testing.assert_allclose(received, expected, rtol=2e-7)


def test_noise_has_its_level_and_depends_on_seed_and_tick_alone() -> None:
    nothing = np.zeros((1, 2), np.int16)
    samples = 65_536
    one = _through(nothing, samples, noise_dbfs=-20.0, noise_seed=5).astype(np.float64)
    value = one[:, 0] + 1j * one[:, 1]
    # The mean square of n complex Gaussian samples scatters by 1/sqrt(n) = 0.4 %; five of that.
    assert np.mean(abs(value) ** 2) / (0.1 * FULL_SCALE) ** 2 == pytest.approx(1.0, rel=0.02)
    assert abs(np.mean(value)) < 5 * 0.1 * FULL_SCALE / np.sqrt(samples)
    assert abs(np.mean(value[1:] * value[:-1].conj())) < 5 * (0.1 * FULL_SCALE) ** 2 / np.sqrt(
        samples
    )
    # Circular: no part of I is in Q.
    assert abs(np.mean(value**2)) < 5 * (0.1 * FULL_SCALE) ** 2 / np.sqrt(samples)
    with client(noise_dbfs=-20.0, noise_seed=5) as radio:
        radio.order(1000, 100)
        radio.end_transmission(0)
        np.testing.assert_array_equal(radio.read(100)[1], one[1000:1100])
    other = _through(nothing, samples, noise_dbfs=-20.0, noise_seed=6)
    assert abs(np.mean(one * other)) < 5 * (0.1 * FULL_SCALE) ** 2 / np.sqrt(samples)
