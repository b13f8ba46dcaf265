"""Shares of the aperture, and masks of pulses."""

import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.pulse_weights import aperture_shares, gapless_interval_s, pulse_weights
from sim_core.focusing.reference import Reference
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER, Window
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, PolynomialDelay, schedule_of

HISTORY = PolynomialDelay()
REFERENCE = Reference.over(
    HISTORY, schedule_of(HISTORY, LinearChirp(1e13, 4e-6), 200.0, 20.0, 640), CARRIER_HZ
)
PULSES = REFERENCE.aperture.pulses


def test_even_pulses_count_for_one_each() -> None:
    # The intervals are whole ticks: 480 000 of them, all alike.
    assert pulse_weights(REFERENCE, NO_TAPER) == pytest.approx(np.ones(PULSES), abs=1e-12)


def test_a_taper_multiplies_the_shares() -> None:
    valid = np.arange(PULSES) % 7 != 3
    window = Window("hamming")
    tapered = pulse_weights(REFERENCE, window, valid)
    flat = pulse_weights(REFERENCE, NO_TAPER, valid)
    place = REFERENCE.place_in_band(REFERENCE.aperture.slow_time_s)
    assert tapered == pytest.approx(flat * window.weight(place))


def test_a_lost_pulse_is_bridged_by_its_neighbours() -> None:
    shares = aperture_shares(np.array([0.0, 1.0, 2.0, 4.0, 5.0, 6.0]))
    assert shares == pytest.approx([1.0, 1.0, 1.5, 1.5, 1.0, 1.0])


def test_a_gap_stays_empty() -> None:
    shares = aperture_shares(np.array([0.0, 1.0, 2.0, 9.0, 10.0, 11.0]))
    assert shares == pytest.approx(np.ones(6))


def test_shares_integrate_smooth_functions_over_dithered_pulses() -> None:
    times = np.arange(400.0) + np.random.default_rng(0).uniform(-0.3, 0.3, 400)
    # One and a quarter periods of a cosine, as at a side lobe. The trapezoidal rule leaves 1e-4,
    # the ends of the dithered aperture 0.3 / 400; random places alone 0.2 / sqrt(400).
    angle = 2.0 * np.pi * 1.25 * (times + 0.5) / 400.0
    exact = math.sin(2.5 * np.pi) / (2.5 * np.pi)
    shares = aperture_shares(times)
    weighted = float(np.sum(shares * np.cos(angle)) / np.sum(shares))
    assert weighted == pytest.approx(exact, abs=1e-3)


def test_the_interval_is_that_without_gaps() -> None:
    assert gapless_interval_s(np.array([0.0, 1.0, 2.0, 50.0, 51.0])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (np.ones(PULSES - 1, dtype=np.bool_), "does not fit 4000 pulses"),
        (np.ones((PULSES, 1), dtype=np.bool_), "does not fit"),
        (np.ones(PULSES, dtype=np.int64), "type int64"),
        (np.zeros(PULSES, dtype=np.bool_), "0 of 4000 pulses are valid"),
        (np.arange(PULSES) == 5, "1 of 4000 pulses are valid"),
    ],
)
def test_masks_that_say_nothing_are_refused(mask: np.ndarray, problem: str) -> None:
    with pytest.raises(FocusingError, match=problem):
        pulse_weights(REFERENCE, NO_TAPER, mask)
