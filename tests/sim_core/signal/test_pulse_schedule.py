import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import SamplingError
from sim_core.signal.pulse_schedule import (
    PulseSchedule,
    follow_echo,
    leave_out_pulses,
    transmit_ticks,
)
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


@given(
    st.floats(1e5, 1e9),
    st.floats(1.0, 5e3),
    st.integers(2, 500),
    st.floats(0.0, 0.499),
    st.integers(0, 2**64 - 1),
)
def test_dithered_pulses_keep_their_order_and_their_mean_frequency(
    sample_rate_hz: float, prf_hz: float, pulses: int, part: float, seed: int
) -> None:
    even = transmit_ticks(sample_rate_hz, prf_hz, pulses / prf_hz)
    interval = int(even[1] - even[0])
    dither_s = part * interval / sample_rate_hz
    ticks = transmit_ticks(sample_rate_hz, prf_hz, pulses / prf_hz, dither_s, seed)
    assert np.all(np.diff(ticks) > 0)
    assert np.max(np.abs(ticks - even)) <= dither_s * sample_rate_hz * (1.0 + 1e-9)
    again = transmit_ticks(sample_rate_hz, prf_hz, pulses / prf_hz, dither_s, seed)
    assert np.array_equal(ticks, again)


def test_dither_is_even_and_depends_on_the_seed() -> None:
    even = transmit_ticks(RATE_HZ, 600.0, 50.0)
    offset = transmit_ticks(RATE_HZ, 600.0, 50.0, 1e-4, 7) - even
    # 19201 values from -9600 to 9600, each as likely: mean and variance to five deviations.
    assert offset.min() >= -9600
    assert offset.max() <= 9600
    variance = (19201**2 - 1) / 12.0
    assert abs(offset.mean()) < 5.0 * np.sqrt(variance / offset.size)
    assert offset.var() == pytest.approx(variance, rel=5.0 * np.sqrt(0.8 / offset.size))
    # Successive pulses, and other seeds, have nothing to do with each other.
    for other in (np.roll(offset, 1), transmit_ticks(RATE_HZ, 600.0, 50.0, 1e-4, 8) - even):
        assert abs(np.mean(offset * other)) < 5.0 * variance / np.sqrt(offset.size)
    # A longer aperture goes on with the same numbers: the seed means one train.
    longer = transmit_ticks(RATE_HZ, 600.0, 60.0, 1e-4, 7) - transmit_ticks(RATE_HZ, 600.0, 60.0)
    assert np.array_equal(longer[:30000], offset)


def test_frequency_is_meaningful_with_dither_and_gaps(make_history: HistoryMaker) -> None:
    ticks = transmit_ticks(RATE_HZ, 600.0, 10.0, 2e-4, 3)
    ticks = leave_out_pulses(ticks, [(100, 1), (1000, 500), (5990, 10)])
    assert ticks.size == 6000 - 511
    schedule = follow_echo(ticks, make_history([2.5, 3e-6, 1e-10]), RATE_HZ, 1024, PULSE_S)
    # The ends are off by up to 2e-4 s of 10 s each.
    assert schedule.prf_hz == pytest.approx(600.0, rel=4e-5)
    begins = schedule.transmit_tick + RATE_HZ * make_history([2.5, 3e-6, 1e-10]).delay_s(
        schedule.slow_time_s()
    )
    begins -= schedule.window_start_tick
    assert 127.0 - 1e-6 <= np.min(begins) <= np.max(begins) <= 128.0 + 1e-6


def test_gaps_leave_the_other_pulses_where_they_are() -> None:
    ticks = transmit_ticks(RATE_HZ, 600.0, 1.0)
    left = leave_out_pulses(ticks, [(10, 5), (12, 8), (0, 1)])
    assert np.array_equal(left, np.delete(ticks, [0, *range(10, 20)]))
    assert np.array_equal(leave_out_pulses(ticks, []), ticks)


@pytest.mark.parametrize(
    "gaps", [[(-1, 2)], [(0, 0)], [(599, 2)], [(600, 1)], [(0, 599)], [(0, 300), (300, 300)]]
)
def test_gaps_that_are_none_or_leave_nothing_are_refused(gaps: list[tuple[int, int]]) -> None:
    with pytest.raises(SamplingError, match="gap"):
        leave_out_pulses(transmit_ticks(RATE_HZ, 600.0, 1.0), gaps)


@pytest.mark.parametrize("dither_s", [-1e-6, 0.5 / 600.0, 1.0, float("nan")])
def test_dither_that_could_change_the_order_is_refused(dither_s: float) -> None:
    with pytest.raises(SamplingError, match="order of pulses"):
        transmit_ticks(RATE_HZ, 600.0, 1.0, dither_s)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_are_of_64_bits(seed: int) -> None:
    with pytest.raises(SamplingError, match="no seed"):
        transmit_ticks(RATE_HZ, 600.0, 1.0, 1e-6, seed)


def test_dither_that_makes_windows_overlap_is_refused(make_history: HistoryMaker) -> None:
    ticks = transmit_ticks(RATE_HZ, 600.0, 1.0, 0.4 / 600.0, 1)
    with pytest.raises(SamplingError, match="overlap"):
        follow_echo(ticks, make_history([2.5]), RATE_HZ, 100_000, PULSE_S)
