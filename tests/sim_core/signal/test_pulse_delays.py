from fractions import Fraction

import numpy as np
import pytest

from sim_core.signal.pulse_delays import pulse_delays
from sim_core.signal.pulse_schedule import follow_echo, transmit_ticks
from tests.sim_core.signal.conftest import HistoryMaker

CARRIER_HZ = 23e9
RATE_HZ = 96e6
PULSE_S = 8e-6
POWERS = (2.3357, 2.3e-6, 1.0174e-10)


def test_delays_are_those_of_exact_arithmetic(make_history: HistoryMaker) -> None:
    history = make_history(POWERS)
    schedule = follow_echo(transmit_ticks(RATE_HZ, 7.0, 100.0), history, RATE_HZ, 1024, PULSE_S)
    delays = pulse_delays(schedule, history, CARRIER_HZ, envelope_lag_s=3e-9)
    for n in (0, 100, 350, 699):
        leaves_s = Fraction(int(schedule.transmit_tick[n])) / Fraction(RATE_HZ)
        centre_s = leaves_s + Fraction(PULSE_S) / 2
        # The same power series in rational numbers.
        delay_s = sum(
            (Fraction(power) * centre_s**k for k, power in enumerate(POWERS)), Fraction(0)
        )
        opens_s = Fraction(int(schedule.window_start_tick[n])) / Fraction(RATE_HZ)
        offset_s = float(leaves_s + delay_s - opens_s + Fraction(3e-9))
        # The history's series is rounded to 5e-20 s, slow time to 7e-15 s at a rate of 2.3e-6.
        assert delays.window_offset_s[n] == pytest.approx(offset_s, abs=1e-18)
        cycles = float(-(Fraction(CARRIER_HZ) * delay_s) % 1)
        assert (delays.carrier_cycles[n] - cycles + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=2e-8)


def test_derivatives_are_the_historys(make_history: HistoryMaker) -> None:
    history = make_history(POWERS)
    schedule = follow_echo(transmit_ticks(RATE_HZ, 7.0, 100.0), history, RATE_HZ, 1024, PULSE_S)
    delays = pulse_delays(schedule, history, CARRIER_HZ)
    slow_time_s = schedule.slow_time_s()
    np.testing.assert_array_equal(delays.rate, history.delay_rate(slow_time_s))
    np.testing.assert_array_equal(delays.acceleration, history.delay_acceleration(slow_time_s))
