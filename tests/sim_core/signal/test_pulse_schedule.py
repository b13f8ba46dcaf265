import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import SamplingError
from sim_core.signal.pulse_schedule import PulseSchedule, follow_echo, transmit_ticks
from tests.sim_core.signal.conftest import HistoryMaker

RATE_HZ = 96e6
PULSE_S = 8e-6


def schedule_of(
    make_history: HistoryMaker, powers: list[float], window: int = 1024
) -> PulseSchedule:
    ticks = transmit_ticks(RATE_HZ, 600.0, 100.0)
    return follow_echo(ticks, make_history(powers), RATE_HZ, window, PULSE_S)


def test_papers_aperture_is_symmetric_about_time_zero() -> None:
    ticks = transmit_ticks(RATE_HZ, 600.0, 100.0)
    assert ticks.dtype == np.int64
    assert ticks.size == 60000
    # An even number of pulses has one at zero and one more before than after.
    assert ticks[30000] == 0
    assert ticks[0] == -30000 * 160000
    assert np.all(np.diff(ticks) == 160000)
    odd = transmit_ticks(RATE_HZ, 100.0, 0.11)
    assert np.array_equal(odd, -odd[::-1])


@given(st.floats(1e4, 1e9), st.floats(1.0, 5e3), st.integers(2, 3000), st.floats(-0.4, 0.4))
def test_interval_is_whole_and_nearest(
    sample_rate_hz: float, prf_hz: float, pulses: int, fraction: float
) -> None:
    ticks = transmit_ticks(sample_rate_hz, prf_hz, (pulses + fraction) / prf_hz)
    assert ticks.size == pulses
    interval = int(ticks[1] - ticks[0])
    assert np.all(np.diff(ticks) == interval)
    assert abs(interval - sample_rate_hz / prf_hz) <= 0.5 + 1e-6
    assert 0 in ticks


def test_prf_is_what_the_ticks_say() -> None:
    ticks = transmit_ticks(96e6, 700.0, 1.0)
    schedule = PulseSchedule(96e6, ticks, ticks + 1000, 100, PULSE_S)
    # 96e6 / 700 = 137142.86 ticks, of which there are only 137143.
    assert schedule.prf_hz == pytest.approx(96e6 / 137143, rel=1e-15)
    assert schedule.pulses == 700


def test_slow_time_is_that_of_the_pulse_centre() -> None:
    ticks = np.array([-96, 0, 192], dtype=np.int64)
    schedule = PulseSchedule(96e6, ticks, ticks + 1000, 100, PULSE_S)
    assert schedule.slow_time_s() == pytest.approx([3e-6, 4e-6, 6e-6], rel=1e-15)


def test_slice_is_the_schedule_of_its_pulses(make_history: HistoryMaker) -> None:
    whole = schedule_of(make_history, [2.33, 1e-7, 2e-10])
    part = whole.pulses_slice(100, 50)
    assert part.pulses == 50
    assert np.array_equal(part.transmit_tick, whole.transmit_tick[100:150])
    assert np.array_equal(part.window_start_tick, whole.window_start_tick[100:150])
    assert (part.window_samples, part.sample_rate_hz, part.pulse_duration_s) == (
        1024,
        RATE_HZ,
        PULSE_S,
    )
    assert whole.pulses_slice(59990, 50).pulses == 10


@pytest.mark.parametrize(
    "powers",
    [
        [2.3357, 0.0, 2.04e-10],  # zero Doppler in mid-aperture
        [2.5, 3.26e-6, 1e-10],  # +-75 kHz at 23 GHz: the range walks by 31000 ticks
        [2.5, -3.26e-6, 1e-10, 1e-14],
    ],
)
def test_windows_follow_the_echo_in_whole_ticks(
    make_history: HistoryMaker, powers: list[float]
) -> None:
    schedule = schedule_of(make_history, powers)
    assert schedule.window_start_tick.dtype == np.int64
    delay_s = make_history(powers).delay_s(schedule.slow_time_s())
    # Where an unstretched pulse begins in its window: 255 spare samples, 127 before it.
    begins = schedule.transmit_tick + delay_s * RATE_HZ - schedule.window_start_tick
    assert np.min(begins) >= 127.0 - 1e-6
    assert np.max(begins) <= 128.0 + 1e-6
    spare_after = schedule.window_samples - (np.max(begins) + 768)
    assert spare_after >= 127.0


def test_window_of_the_pulse_and_one_sample_is_the_shortest(make_history: HistoryMaker) -> None:
    assert schedule_of(make_history, [2.3], window=769).window_samples == 769
    with pytest.raises(SamplingError, match="does not hold a pulse of 768") as caught:
        schedule_of(make_history, [2.3], window=768)
    assert "769 samples" in caught.value.remedy


def test_windows_that_overlap_are_refused(make_history: HistoryMaker) -> None:
    # 160000 ticks apart, one less where the range shrinks by 3e-6.
    assert schedule_of(make_history, [2.3], window=160000).pulses == 60000
    with pytest.raises(SamplingError, match="overlap") as caught:
        schedule_of(make_history, [2.3, -3e-6], window=160000)
    assert "159999" in caught.value.remedy


@pytest.mark.parametrize(
    ("sample_rate_hz", "prf_hz", "aperture_s", "named"),
    [
        (1000.0, 3000.0, 1.0, "above the sample rate"),
        (96e6, 600.0, 1.0 / 600.0, "holds 1 pulse"),
        (96e6, 600.0, 0.0, "holds 0 pulse"),
    ],
)
def test_what_is_no_aperture_is_refused(
    sample_rate_hz: float, prf_hz: float, aperture_s: float, named: str
) -> None:
    with pytest.raises(SamplingError, match=named) as caught:
        transmit_ticks(sample_rate_hz, prf_hz, aperture_s)
    assert caught.value.remedy
