from fractions import Fraction

import numpy as np
import pytest

from sim_core.errors import EpochError
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from tests.sim_core.geometry import extended_precision
from tests.sim_core.geometry.conftest import Link
from tests.sim_core.geometry.extended_precision import Extended

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
    # The solver's own noise is 2e-16 s; the largest of 2000 values is some five times that.
    assert np.max(np.abs(found - expected)) < 1.5e-15
    assert np.std(found - expected) < 3e-16
    # The rounding of a double between 2 and 4 s: 2.2e-16 s more.
    assert np.max(np.abs(history.delay_s(instants) - solved.delay_s)) < 1.5e-15
    assert np.max(np.abs(history.downlink_s(instants) - solved.downlink_s)) < 1e-15
    assert history.error_s < 1e-15


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
    # Noise of 2e-16 s, averaged over 32 nodes for 10 coefficients: 1e-16 s, and four times that at
    # most; the other evaluation's own 5e-17 s.
    assert np.max(np.abs(errors)) < 7e-16


def test_derivatives_are_those_of_the_solver(
    link: Link, history: DelayHistory, instants: np.ndarray
) -> None:
    solved = two_way_light_times(
        link.model, link.site_station, link.target_station, *link.epoch.split(instants)
    )
    # Fitted to noise of 2e-16 s in segments of 64 s with 32 nodes; the rate of degree 9 at a
    # segment's end takes 81 times the noise per 32 s: 5e-16 / s. Solver's own: 1e-22.
    assert np.max(np.abs(history.delay_rate(instants) - solved.delay_rate)) < 2e-15
    step_s = 1.0
    inner = instants[np.abs(instants) < 120.0]
    numerical = history.delay_rate(inner + step_s) - history.delay_rate(inner - step_s)
    assert history.delay_acceleration(inner) == pytest.approx(numerical / (2.0 * step_s), abs=2e-15)


def test_segments_meet(history: DelayHistory) -> None:
    segments = history.coefficients.shape[1]
    length_s = (history.stop_s - history.start_s) / segments
    joints = history.start_s + length_s * np.arange(1, segments)
    assert joints.size >= 3
    before, after = np.nextafter(joints, -np.inf), np.nextafter(joints, np.inf)
    reference = Fraction(history.reference_delay_s)
    step_s = history.relative_delay_s(after, reference) - history.relative_delay_s(
        before, reference
    )
    # Two fits to 32 noisy values each.
    assert np.max(np.abs(step_s)) < 1e-15


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
