from fractions import Fraction

import numpy as np
import pytest

from sim_core.errors import EpochError
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from tests.sim_core.geometry import extended_precision
from tests.sim_core.geometry.extended_precision import Extended
from tests.sim_core.moon_link import Link

CARRIER_HZ = 23e9


@pytest.fixture(scope="module")
def instants() -> np.ndarray:
    return np.random.default_rng(3).uniform(-125.0, 125.0, 2000)


def test_history_is_the_solved_delay(
    link: Link, history: DelayHistory, instants: np.ndarray
) -> None:
    solved = two_way_light_times(
        link.model, link.site_station, link.target_station, *link.epoch.split(instants)
    )
    # Both legs are below 2 s and so is half of the reference: their differences are exact.
    half_s = 0.5 * history.reference_delay_s
    expected = (solved.downlink_s - half_s) + (solved.uplink_s - half_s)
    found = history.relative_delay_s(instants, Fraction(history.reference_delay_s))
    # The solver's own noise is 1e-16 s; the largest of 2000 values is some four times that.
    assert np.max(np.abs(found - expected)) < 5e-16
    assert np.std(found - expected) < 1.5e-16
    assert np.std(found - expected) == pytest.approx(history.noise_s, rel=0.2)
    # The rounding of a double between 2 and 4 s: 2.2e-16 s more.
    assert np.max(np.abs(history.delay_s(instants) - solved.delay_s)) < 1e-15
    assert np.max(np.abs(history.downlink_s(instants) - solved.downlink_s)) < 5e-16


def test_stated_error_is_that_of_the_fit_not_of_single_light_times(history: DelayHistory) -> None:
    # The bar is 2e-16 s. Two fits of 8 coefficients to 2048 values with noise of 1e-16 s differ by
    # 1e-16 s * sqrt(2 * 15 / 2048) = 1.2e-17 s rms at the ends of a segment.
    assert 0.0 < history.error_s < 6e-17
    assert 5e-17 < history.noise_s < 1.5e-16


@pytest.mark.parametrize("relativistic", [False, True])
def test_history_in_extended_precision(link: Link, relativistic: bool) -> None:
    model = link.relativistic if relativistic else link.model
    history = solve_delay_history(
        model, link.site_station, link.target_station, link.epoch, -125.0, 125.0
    )
    reference = history.reference_delay_s
    errors = []
    for transmit_s in np.random.default_rng(1).uniform(-125.0, 125.0, 40):
        down_s, up_s = extended_precision.two_way(
            link.model.orientation,
            link.site.mean_earth_m(),
            link.target.earth_fixed_m(),
            link.epoch.day,
            float(link.epoch.second + transmit_s),
            relativistic=relativistic,
        )
        # The instant that the other evaluation is given, less the epoch, without rounding.
        exact_s = float(Fraction(link.epoch.second + transmit_s) - Fraction(link.epoch.second))
        found = history.relative_delay_s(exact_s, Fraction(reference))
        expected = (down_s - Extended(0.5 * reference)) + (up_s - Extended(0.5 * reference))
        errors.append(float(Extended(found) - expected))
    # The bar is 2e-16 s. The fit's noise is 1e-17 s at its ends, and sums at the Moon's distance
    # leave 2e-17 s that do not average out within an aperture.
    assert np.max(np.abs(errors)) < 6e-17


def test_derivatives_are_those_of_the_solver(
    link: Link, history: DelayHistory, instants: np.ndarray
) -> None:
    solved = two_way_light_times(
        link.model, link.site_station, link.target_station, *link.epoch.split(instants)
    )
    # Fitted to noise of 1e-16 s in segments of 250 s with 2048 nodes; the rate of degree 7 at a
    # segment's end takes up to 49 times the fit's 1e-17 s per 125 s. Solver's own: 2e-16, for the
    # geometry before its last step.
    assert np.max(np.abs(history.delay_rate(instants) - solved.delay_rate)) < 1e-15
    step_s = 1.0
    inner = instants[np.abs(instants) < 120.0]
    numerical = history.delay_rate(inner + step_s) - history.delay_rate(inner - step_s)
    assert history.delay_acceleration(inner) == pytest.approx(numerical / (2.0 * step_s), abs=2e-15)


def test_segments_meet(link: Link) -> None:
    history = solve_delay_history(
        link.model, link.site_station, link.target_station, link.epoch, -280.0, 280.0
    )
    segments = history.coefficients.shape[1]
    length_s = (history.stop_s - history.start_s) / segments
    joints = history.start_s + length_s * np.arange(1, segments)
    assert joints.size >= 2
    before, after = np.nextafter(joints, -np.inf), np.nextafter(joints, np.inf)
    reference = Fraction(history.reference_delay_s)
    step_s = history.relative_delay_s(after, reference) - history.relative_delay_s(
        before, reference
    )
    # Two fits with 2e-17 s at their ends each.
    assert np.max(np.abs(step_s)) < 1e-16


@pytest.mark.parametrize(
    "reference_s",
    [
        Fraction(224237171, 96_000_000),
        Fraction(1, 3) + 2,
        Fraction(23357, 10_000),
        Fraction(0),
    ],
)
def test_relative_delay_is_exact_in_its_reference(
    history: DelayHistory, reference_s: Fraction
) -> None:
    times = np.linspace(-50.0, 50.0, 11)
    found = history.relative_delay_s(times, reference_s)
    remainder = history.relative_delay_s(times, Fraction(history.reference_delay_s))
    for value, rest in zip(found, remainder, strict=True):
        exact = Fraction(history.reference_delay_s) - reference_s + Fraction(float(rest))
        # Two roundings of the result.
        assert abs(Fraction(float(value)) - exact) <= 2.3e-16 * abs(exact) + Fraction(1, 10**25)


def test_scalars_and_shapes(history: DelayHistory) -> None:
    assert history.delay_s(0.0).shape == ()
    assert history.delay_s([[0.0, 1.0, 2.0]]).shape == (1, 3)
    assert history.delay_s([]).shape == (0,)
    both_ends = history.delay_s([history.start_s, history.stop_s])
    assert np.all(np.isfinite(both_ends))


@pytest.mark.parametrize("transmit_s", [-125.001, 125.001, 1e9, np.inf, np.nan])
@pytest.mark.parametrize("quantity", ["delay_s", "delay_rate", "delay_acceleration", "downlink_s"])
def test_times_outside_the_span_are_refused(
    history: DelayHistory, quantity: str, transmit_s: float
) -> None:
    with pytest.raises(EpochError, match="outside the delay history") as caught:
        getattr(history, quantity)([0.0, transmit_s])
    assert "-125 to 125 s" in caught.value.remedy


def test_doppler_is_what_a_receiver_counts(history: DelayHistory) -> None:
    # Cycles of the carrier that leave within dt arrive within dt + d tau; the receiver counts the
    # same cycles. Rates are formed from differences of exact remainders: 3e-16 s over 4 s.
    reference = Fraction(history.reference_delay_s)
    leaves_s = np.linspace(-100.0, 100.0, 41)
    half_s = 2.0
    moved_s = history.relative_delay_s(leaves_s + half_s, reference)
    moved_s -= history.relative_delay_s(leaves_s - half_s, reference)
    cycles = CARRIER_HZ * 2.0 * half_s
    received_hz_less_carrier = -CARRIER_HZ * moved_s / (2.0 * half_s + moved_s)
    assert cycles / (2.0 * half_s) == CARRIER_HZ
    # Third derivative over the interval: 4.7 Hz/s * (7e-5 / s)^... is nothing; noise 2e-5 Hz.
    found = history.doppler_hz(leaves_s, CARRIER_HZ)
    assert found == pytest.approx(received_hz_less_carrier, abs=1e-4)


def test_doppler_falls_through_zero_in_mid_aperture(history: DelayHistory) -> None:
    # The paper's geometry: -4.68 Hz/s for the look angle 0.1 deg to the south; its digits.
    rate = (history.doppler_hz(50.0, CARRIER_HZ) - history.doppler_hz(-50.0, CARRIER_HZ)) / 100.0
    assert float(rate) == pytest.approx(-4.68, abs=0.006)
    # Approaching before, receding after.
    assert history.doppler_hz(-50.0, CARRIER_HZ) > 0.0 > history.doppler_hz(50.0, CARRIER_HZ)


def test_any_span_can_be_solved(link: Link) -> None:
    short = solve_delay_history(
        link.model, link.site_station, link.target_station, link.epoch, 1.0, 1.5
    )
    long = solve_delay_history(
        link.model, link.site_station, link.target_station, link.epoch, -280.0, 280.0
    )
    times = np.linspace(1.0, 1.5, 7)
    # Two fits to noise of 2e-16 s, and the last place of 2.3 s.
    assert short.delay_s(times) == pytest.approx(long.delay_s(times), rel=0.0, abs=1.5e-15)
    assert long.error_s < 1e-15


def test_clock_of_the_radar_stretches_the_delay(link: Link) -> None:
    clock = LunarClock(link.model, link.site_station, link.epoch, -130.0, 130.0)
    stations = link.site_station, link.target_station
    in_tdb = solve_delay_history(link.model, *stations, link.epoch, -120.0, 120.0)
    on_clock = solve_delay_history(link.model, *stations, link.epoch, -100.0, 100.0, clock)
    readings_s = np.linspace(-100.0, 100.0, 21)
    tdb_s = clock.tdb_s(readings_s)
    arrives_s = tdb_s + in_tdb.delay_s(tdb_s)
    # What the clock shows when the echo arrives, less what it showed when the pulse left.
    rate = clock.rate_offset(tdb_s + 0.5 * in_tdb.delay_s(tdb_s))
    expected_s = (arrives_s - tdb_s) * (1.0 + rate)
    # Instants of 100 s in doubles: 1.4e-14 s each.
    assert on_clock.delay_s(readings_s) == pytest.approx(expected_s, rel=0.0, abs=5e-14)
    gained_s = on_clock.delay_s(0.0) - in_tdb.delay_s(0.0)
    assert float(gained_s) == pytest.approx(float(clock.rate_offset(0.0)) * 2.3357, rel=1e-3)


def test_receive_time_finds_the_transmit_time(history: DelayHistory) -> None:
    left_s = np.linspace(-125.0, 125.0, 1001)
    received_s = left_s + history.delay_s(left_s)
    found_s = history.transmit_at_receive_s(received_s)
    # Instants of 127 s in doubles: 1.4e-14 s each.
    assert np.max(np.abs(found_s - left_s)) < 5e-14
    assert np.max(np.abs(found_s + history.delay_s(found_s) - received_s)) < 3e-14
    # At a rate of 3e-6 that is nothing in the delay, whose last digit remains.
    assert np.max(np.abs(history.delay_at_receive_s(received_s) - history.delay_s(left_s))) < 1e-15
    assert history.transmit_at_receive_s(float(received_s[500])).shape == ()
    assert history.transmit_at_receive_s([]).shape == (0,)


def test_doppler_at_receive_time_is_what_arrives_then(history: DelayHistory) -> None:
    left_s = np.linspace(-100.0, 100.0, 51)
    received_s = left_s + history.delay_s(left_s)
    # 4.7 Hz/s times 5e-14 s.
    assert history.doppler_at_receive_hz(received_s, CARRIER_HZ) == pytest.approx(
        history.doppler_hz(left_s, CARRIER_HZ), abs=1e-11
    )
    # A receiver's phase is -2 pi f tau(u(t)): its derivative in receive time is the shift. Taken
    # over 4 s of exact remainders; the third derivative of the delay is 1e-13 / s^2.
    half_s = 2.0
    reference = Fraction(history.reference_delay_s)
    ends = [history.transmit_at_receive_s(received_s + sign * half_s) for sign in (1.0, -1.0)]
    moved_s = history.relative_delay_s(ends[0], reference) - history.relative_delay_s(
        ends[1], reference
    )
    found_hz = -CARRIER_HZ * moved_s / (2.0 * half_s)
    assert history.doppler_at_receive_hz(received_s, CARRIER_HZ) == pytest.approx(
        found_hz, abs=1e-3
    )


@pytest.mark.parametrize("receive_s", [-125.0, 127.4, np.nan, np.inf])
def test_receive_times_outside_the_span_are_refused(
    history: DelayHistory, receive_s: float
) -> None:
    with pytest.raises(EpochError, match="receive times") as caught:
        history.doppler_at_receive_hz([0.0, receive_s], CARRIER_HZ)
    assert "it holds from -122.66" in caught.value.remedy


@pytest.mark.parametrize("span_s", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0)])
def test_an_empty_span_is_refused(link: Link, span_s: tuple[float, float]) -> None:
    with pytest.raises(EpochError, match="spans nothing"):
        solve_delay_history(link.model, link.site_station, link.target_station, link.epoch, *span_s)


def test_what_is_added_on_the_way_is_in_the_delay_and_its_derivatives(
    link: Link, history: DelayHistory
) -> None:
    class Bending:
        """Uplink and downlink grow by different parabolas, of up to 2e-7 s."""

        def added_s(self, tdb_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return 1e-7 + 1e-11 * tdb_s**2, 1e-9 * tdb_s

    times_s = np.linspace(-125.0, 125.0, 101)
    longer = solve_delay_history(
        link.model, link.site_station, link.target_station, link.epoch, -125.0, 125.0,
        path=Bending(),
    )  # fmt: skip
    down_s, up_s = Bending().added_s(times_s)
    reference = Fraction(history.reference_delay_s)
    added_s = longer.relative_delay_s(times_s, reference) - history.relative_delay_s(
        times_s, reference
    )
    # Sums of numbers below 4e-4 s: 5e-20 s.
    assert added_s == pytest.approx(down_s + up_s, rel=0.0, abs=1e-18)
    added_rate = longer.delay_rate(times_s) - history.delay_rate(times_s)
    assert added_rate == pytest.approx(2e-11 * times_s + 1e-9, rel=0.0, abs=1e-20)
    down_more_s = longer.downlink_s(times_s) - history.downlink_s(times_s)
    assert down_more_s == pytest.approx(down_s, rel=0.0, abs=5e-16)
    assert longer.error_s < history.error_s + 1e-19


def test_what_is_added_too_roughly_shows_in_the_stated_error(link: Link) -> None:
    class Rough:
        """A period of 20 s is too short for the series of a segment."""

        def added_s(self, tdb_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return 1e-9 * np.sin(0.1 * np.pi * tdb_s), np.zeros_like(tdb_s)

    history = solve_delay_history(
        link.model, link.site_station, link.target_station, link.epoch, -125.0, 125.0,
        path=Rough(),
    )  # fmt: skip
    assert history.error_s > 3e-10
