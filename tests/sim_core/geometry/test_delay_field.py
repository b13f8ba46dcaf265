from fractions import Fraction

import numpy as np
import pytest

from sim_core.errors import DelayFieldError
from sim_core.geometry.delay_field import DelayField, solve_delay_field
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.motion import target_station
from sim_core.geometry.path_terms import PathEffects, PathTerms
from sim_core.geometry.sites import EarthPoint, surface_up_m
from sim_core.geometry.weather import Weather
from tests.sim_core.moon_link import Link

CARRIER_HZ = 23e9
HALF_SPAN_S = 60.0
SCENE_M = 28e3


def solve(link: Link, place: EarthPoint, effects: PathEffects | None = None) -> DelayHistory:
    path = None
    if effects is not None:
        path = PathTerms(link.model, link.site_station, place, link.epoch, effects)
    return solve_delay_history(
        link.model,
        link.site_station,
        target_station(place),
        link.epoch,
        -HALF_SPAN_S,
        HALF_SPAN_S,
        None,
        path,
    )


def difference_s(one: DelayHistory, other: DelayHistory, times_s: np.ndarray) -> np.ndarray:
    about_s = Fraction(other.reference_delay_s)
    return one.relative_delay_s(times_s, about_s) - other.relative_delay_s(times_s, about_s)


@pytest.fixture(scope="module")
def field(link: Link) -> DelayField:
    reference = solve(link, link.target)
    return solve_delay_field(
        lambda place: solve(link, place), reference, link.target, SCENE_M, SCENE_M
    )


@pytest.fixture(scope="module")
def places() -> np.ndarray:
    """East, north, up over +-28 km, up from -200 to 5000 m; shape (3, 40)."""
    generator = np.random.default_rng(11)
    east, north = generator.uniform(-SCENE_M, SCENE_M, (2, 40))
    return np.stack((east, north, generator.uniform(-200.0, 5000.0, 40)))


def test_field_is_the_solved_delay(link: Link, field: DelayField, places: np.ndarray) -> None:
    times_s = np.linspace(-HALF_SPAN_S, HALF_SPAN_S, 50)
    found = field.relative_delay_s(places[0], places[1], places[2], times_s)
    expected = np.array(
        [
            difference_s(solve(link, link.target.offset(*place)), field.reference, times_s)
            for place in places.T
        ]
    )
    # The bar: 2e-6 cycles at 23 GHz. Single histories have 1e-17 s rms of noise themselves.
    assert np.max(np.abs(found - expected)) < 1e-16
    assert 0.0 < field.error_s < 1e-16


def test_field_of_150_km(link: Link) -> None:
    field = solve_delay_field(
        lambda place: solve(link, place), solve(link, link.target), link.target, 150e3, 150e3
    )
    # One degree more in each axis than 28 km need, and no worse.
    assert field.error_s < 1e-16


def test_field_with_tide_and_air(link: Link) -> None:
    effects = PathEffects(solid_tide=True, weather=Weather.standard(0.0))
    field = solve_delay_field(
        lambda place: solve(link, place, effects),
        solve(link, link.target, effects),
        link.target,
        2e3,
        2e3,
        (-200.0, 2000.0),
    )
    # The tide is a difference over 200 m (1e-16 s of rounding, times 1e-3), the air smooth.
    assert field.error_s < 1e-16


def test_history_of_a_place(link: Link, field: DelayField) -> None:
    exact = solve(link, link.target.offset(12e3, -20e3, 300.0))
    found = field.history(12e3, -20e3, 300.0)
    times_s = np.linspace(-HALF_SPAN_S, HALF_SPAN_S, 33)
    about_s = Fraction(exact.reference_delay_s)
    assert (found.start_s, found.stop_s) == (-HALF_SPAN_S, HALF_SPAN_S)
    error_s = found.relative_delay_s(times_s, about_s) - exact.relative_delay_s(times_s, about_s)
    assert np.max(np.abs(error_s)) < 1e-16
    # An ulp of 2.3 s.
    assert np.max(np.abs(found.delay_s(times_s) - exact.delay_s(times_s))) < 5e-16
    # Derivatives of polynomials of degree n over 60 s: the error grows by n^2 / 60 s each time.
    rate_error = found.delay_rate(times_s) - exact.delay_rate(times_s)
    assert np.max(np.abs(rate_error)) < 1e-16
    acceleration_error = found.delay_acceleration(times_s) - exact.delay_acceleration(times_s)
    assert np.max(np.abs(acceleration_error)) < 1e-16
    # 1e-16 of the carrier.
    assert found.doppler_hz(times_s, CARRIER_HZ) == pytest.approx(
        exact.doppler_hz(times_s, CARRIER_HZ), abs=3e-6
    )


def test_centre_is_the_reference(field: DelayField) -> None:
    times_s = np.linspace(-HALF_SPAN_S, HALF_SPAN_S, 33)
    assert np.max(np.abs(field.relative_delay_s(0.0, 0.0, 0.0, times_s))) < 1e-16


def test_offsets_are_broadcast(field: DelayField) -> None:
    rows = field.time_coefficients(np.array([[0.0], [1e3]]), np.array([0.0, 5.0, 9.0]), 10.0)
    assert rows.shape == (6, field.terms)
    assert rows[4] == pytest.approx(field.time_coefficients(1e3, 5.0, 10.0)[0], abs=0.0)


def test_places_on_the_edge_are_covered(field: DelayField) -> None:
    up_m = surface_up_m(field.centre, SCENE_M, -SCENE_M, field.up_m[0] + 1.0)
    assert field.covers(SCENE_M, -SCENE_M, up_m)
    assert not field.covers(SCENE_M + 1.0, 0.0, 0.0)
    assert not field.covers(0.0, 0.0, field.up_m[1] + 1.0)
    assert not field.covers(np.nan, 0.0, 0.0)


def test_refuses_places_and_times_outside(field: DelayField) -> None:
    with pytest.raises(DelayFieldError, match="30000 m north"):
        field.time_coefficients([0.0, 1.0], [0.0, 30e3], 0.0)
    with pytest.raises(DelayFieldError, match="outside the delay field"):
        field.history(0.0, 0.0, -1e4)
    with pytest.raises(DelayFieldError, match="transmit times"):
        field.relative_delay_s(0.0, 0.0, 0.0, [0.0, 61.0])


@pytest.mark.parametrize(
    ("half_m", "up_m"),
    [(0.0, (0.0, 1.0)), (np.nan, (0.0, 1.0)), (1e3, (5.0, 5.0)), (1e3, (0.0, np.inf))],
)
def test_refuses_fields_without_places(
    link: Link, field: DelayField, half_m: float, up_m: tuple[float, float]
) -> None:
    with pytest.raises(DelayFieldError, match="holds no places"):
        solve_delay_field(
            lambda place: solve(link, place), field.reference, link.target, half_m, 1e3, up_m
        )


def test_refuses_delays_with_a_step(link: Link, field: DelayField) -> None:
    centre = link.target
    other = solve(link, centre.offset(100.0, 0.0, 0.0))

    def step(place: EarthPoint) -> DelayHistory:
        return other if place.longitude_deg > centre.longitude_deg + 1e-5 else field.reference

    with pytest.raises(DelayFieldError, match="east"):
        solve_delay_field(step, field.reference, centre, 1e3, 1e3)
