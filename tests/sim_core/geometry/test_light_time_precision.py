"""The bars of the light times: extended precision, noise, and the echo's three instants."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import EpochError
from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.ephemeris import Ephemeris
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import two_way, two_way_light_times
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    motion_model,
    site_state,
    site_station,
    target_state,
    target_station,
)
from sim_core.geometry.sites import EarthPoint, LunarSite
from tests.sim_core.geometry import extended_precision
from tests.sim_core.geometry.given_orientation import day_of_given_parameters
from tests.sim_core.moon_link import Link

YEAR = Epoch.from_utc("2024-01-01"), Epoch.from_utc("2025-01-01")

# Two units in the last place of a light time between 1 and 2 s.
TWO_ULP_S = 4.5e-16

DEGREES_OF_LATITUDE = st.floats(-80.0, 80.0)


@pytest.fixture(scope="module")
def year() -> MotionModel:
    return motion_model(*YEAR)[0]


@pytest.mark.parametrize("relativistic", [False, True])
def test_delay_at_random_epochs_in_extended_precision(
    ephemeris: Ephemeris, relativistic: bool
) -> None:
    assert extended_precision.enough()
    rng = np.random.default_rng(11)
    legs, sums = [], []
    # 1950 to 2050; published Earth orientation does not reach so far.
    for day in np.floor(rng.uniform(2433282.5, 2469807.5, 500) - 0.5) + 0.5:
        model = MotionModel(ephemeris, day_of_given_parameters(float(day)), relativistic)
        site = LunarSite(*rng.uniform((-80.0, -80.0, -3e3), (80.0, 80.0, 3e3)))
        target = EarthPoint(*rng.uniform((-90.0, -180.0, -100.0), (90.0, 180.0, 5e3)))
        second = float(rng.uniform(0.0, 86390.0))
        found = two_way(
            model, site_station(ephemeris, site), target_station(target), float(day), second
        )
        expected = extended_precision.two_way(
            model.orientation, site.mean_earth_m(), target.earth_fixed_m(), float(day), second,
            relativistic=relativistic,
        )  # fmt: skip
        errors = [float(f - e) for f, e in zip(found[:2], expected, strict=True)]
        legs += errors
        sums.append(sum(errors))
    # The bar is 2e-15 s. One rounding of a light time is 1.1e-16 s at most, and the Moon's series
    # leaves 5e-17 s: less than one unit in the last place.
    assert np.max(np.abs(legs)) < 2.3e-16
    assert np.max(np.abs(sums)) < 4e-16
    assert np.std(sums) < 1.2e-16
    # Nothing in it is biased: the mean of 500 is good to 5e-18 s.
    assert abs(np.mean(sums)) < 2e-17


def test_noise_is_below_a_unit_in_the_last_place(link: Link) -> None:
    seconds = np.arange(-5.0, 5.0, 1e-3)
    solved = two_way_light_times(
        link.model, link.site_station, link.target_station, *link.epoch.split(seconds)
    )
    relative_s = (solved.downlink_s - solved.downlink_s[0]) + (solved.uplink_s - solved.uplink_s[0])
    fit = np.polynomial.Chebyshev.fit(seconds, relative_s, 5)
    # The bar is 1e-15 s. Two roundings to 2.2e-16 s are 9e-17 s rms.
    assert np.std(relative_s - fit(seconds)) < 1.3e-16


@given(
    DEGREES_OF_LATITUDE,
    st.floats(-80.0, 80.0),
    DEGREES_OF_LATITUDE,
    st.floats(-180.0, 180.0),
    st.floats(100.0, 366.0 * 86400.0 - 100.0),
    st.booleans(),
)
def test_three_instants_of_an_echo_give_the_same_light_times(
    year: MotionModel,
    site_latitude: float,
    site_longitude: float,
    latitude: float,
    longitude: float,
    seconds: float,
    relativistic: bool,
) -> None:
    model = year._replace(relativistic=relativistic)
    stations = (
        site_station(model.ephemeris, LunarSite(site_latitude, site_longitude)),
        target_station(EarthPoint(latitude, longitude)),
    )
    day, second = YEAR[0].split(np.array([seconds]))
    sent = two_way_light_times(model, *stations, day, second)
    for given_, later_s in (("bounce", sent.downlink_s), ("receive", sent.delay_s)):
        instant: Literal["bounce", "receive"] = "bounce" if given_ == "bounce" else "receive"
        found = two_way_light_times(model, *stations, day, second + later_s, instant)
        # Instants of a day are rounded to 7e-12 s, in which a leg changes by 1e-17 s.
        assert abs(found.downlink_s[0] - sent.downlink_s[0]) <= TWO_ULP_S
        assert abs(found.uplink_s[0] - sent.uplink_s[0]) <= TWO_ULP_S
        assert found.residual_s[0] <= TWO_ULP_S
        # Rates: of the geometry before the last step, good to 1e-15.
        assert found.downlink_rate[0] == pytest.approx(sent.downlink_rate[0], abs=2e-15)
        assert found.uplink_rate[0] == pytest.approx(sent.uplink_rate[0], abs=2e-15)


def test_ends_far_off_the_surfaces_are_solved_as_well(link: Link) -> None:
    # A relay 60 000 km from the Moon and a target in geostationary orbit: the bounce is 0.2 s from
    # where it is expected, and the expansion has to be made anew.
    site, target = Station(5e7, 2e7, -1e7), Station(3e7, 2.9e7, 0.0)
    day, second = link.epoch.day, link.epoch.second
    down_s, up_s, _, _, residual_s = two_way(link.model, site, target, day, second)
    assert residual_s <= TWO_ULP_S
    assert not 1.14 < down_s < 1.38

    def barycentric(state: tuple[float, ...], at_s: float) -> np.ndarray:
        common = position_and_velocity(link.model.ephemeris.barycentre, day, at_s)
        return np.asarray(np.array(state[:3]) + np.array(common[:3]))

    bounce_s, back_s = second + down_s, second + down_s + up_s
    start = barycentric(site_state(link.model, site, day, second), second)
    middle = barycentric(target_state(link.model, target, day, bounce_s), bounce_s)
    end = barycentric(site_state(link.model, site, day, back_s), back_s)
    # Barycentric vectors in doubles: 3e-5 m.
    per_c = 1.0 / SPEED_OF_LIGHT_M_PER_S
    assert np.linalg.norm(middle - start) * per_c == pytest.approx(down_s, abs=3e-13)
    assert np.linalg.norm(end - middle) * per_c == pytest.approx(up_s, abs=3e-13)


@pytest.mark.parametrize("seconds", [np.nan, np.inf, -1e6, 1e6])
@pytest.mark.parametrize("instant", ["transmit", "bounce", "receive"])
def test_times_that_the_model_does_not_cover_are_refused(
    link: Link, seconds: float, instant: Literal["transmit", "bounce", "receive"]
) -> None:
    times = np.array([0.0, seconds])
    with pytest.raises(EpochError, match="not covered by the model") as caught:
        two_way_light_times(
            link.model, link.site_station, link.target_station,
            np.full(2, link.epoch.day), link.epoch.second + times, instant,
        )  # fmt: skip
    assert "holds from 2451949.500" in caught.value.remedy
