import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.reference import Aperture, Reference
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import (
    CARRIER_HZ,
    SAMPLE_RATE_HZ,
    PolynomialDelay,
    schedule_of,
)

WAVEFORM = LinearChirp(1e13, 4e-6)
HISTORY = PolynomialDelay(walk=2.3e-6)
SCHEDULE = schedule_of(HISTORY, WAVEFORM, prf_hz=60.0, duration_s=20.0, window_samples=640)


def test_slow_time_is_that_of_pulse_centres_about_the_middle() -> None:
    aperture = Aperture.of(SCHEDULE)
    assert aperture.transmit_s == pytest.approx(SCHEDULE.slow_time_s(), abs=1e-14)
    assert aperture.slow_time_s[0] == -aperture.slow_time_s[-1]
    assert aperture.duration_s == pytest.approx(20.0)
    assert aperture.edges_s[1] - aperture.transmit_s[-1] == pytest.approx(0.5 / 60.0)


def test_the_split_phase_is_exact() -> None:
    reference = Reference.over(HISTORY, SCHEDULE, CARRIER_HZ)
    beyond = reference.pulse_delay_s()
    cycles = reference.base_phase_cycles + CARRIER_HZ * beyond
    for n in (0, 17, -1):
        t = Fraction(SCHEDULE.slow_time_s()[n])
        exact = HISTORY.constant_s + t * (
            Fraction(HISTORY.walk)
            + t * (Fraction(HISTORY.curvature_per_s) / 2 + t * Fraction(HISTORY.cubic_per_s2) / 6)
        )
        wanted = float(Fraction(CARRIER_HZ) * exact % 1)
        # One ulp of a slow time of 10 s moves the delay by 4e-21 s: 1e-10 cycles.
        assert (cycles[n] - wanted + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=1e-8)


def test_the_base_is_whole_ticks() -> None:
    reference = Reference.over(HISTORY, SCHEDULE, CARRIER_HZ)
    assert reference.base_s == Fraction(reference.base_tick, int(SAMPLE_RATE_HZ))
    # Rounded to a tick at the middle of the aperture.
    beyond = reference.delay_beyond_base_s(np.zeros(1))
    assert abs(beyond[0]) * SAMPLE_RATE_HZ <= 0.5 + 1e-6


def test_the_band_of_the_aperture_is_centred() -> None:
    reference = Reference.over(HISTORY, SCHEDULE, CARRIER_HZ)
    aperture = reference.aperture
    place = reference.place_in_band(aperture.edges_s - aperture.middle_s)
    assert place == pytest.approx([-0.5, 0.5])
    assert reference.rate_slope_per_s() == pytest.approx(HISTORY.curvature_per_s, rel=1e-4)


def test_a_history_that_ends_too_early_is_refused() -> None:
    short = dataclasses.replace(HISTORY, stop_s=5.0)
    with pytest.raises(FocusingError, match="holds from -200 to 5 s"):
        Reference.over(short, SCHEDULE, CARRIER_HZ)


@pytest.mark.parametrize("ticks", [[0], [0, 0], [5, 3]])
def test_pulses_that_span_no_aperture_are_refused(ticks: list[int]) -> None:
    broken = dataclasses.replace(SCHEDULE, transmit_tick=np.array(ticks, dtype=np.int64))
    with pytest.raises(FocusingError, match="spans no aperture"):
        Aperture.of(broken)
