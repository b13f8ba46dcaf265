import math
from fractions import Fraction

import erfa
import numpy as np
import pytest

from sim_core.errors import MediumError
from sim_core.geometry.delay_history import solve_delay_history
from sim_core.geometry.delay_terms import DelayTerm, delay_budget
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.ionosphere import Ionosphere
from sim_core.geometry.light_time import shapiro_delay_s, two_way_light_times
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.path_terms import PathEffects, PathTerms
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.solid_tide import station_displacement_m
from sim_core.geometry.visibility import elevation_angles
from sim_core.geometry.weather import Weather
from tests.sim_core.moon_link import Link

C = 299792458.0
NO_EFFECTS = PathEffects()
EVERYTHING = PathEffects(True, Weather.standard(0.0), Ionosphere(20.0), 23e9)


def path(
    link: Link, effects: PathEffects = NO_EFFECTS, place: EarthPoint | None = None
) -> PathTerms:
    return PathTerms(link.model, link.site_station, place or link.target, link.epoch, effects)


def delay_s(model: MotionModel, link: Link, target: Station, seconds: np.ndarray) -> np.ndarray:
    solved = two_way_light_times(model, link.site_station, target, *link.epoch.split(seconds))
    return solved.delay_s


def test_nothing_is_added_to_empty_space(link: Link) -> None:
    down_s, up_s = path(link).added_s(np.array([0.0, 50.0]))
    assert not down_s.any()
    assert not up_s.any()
    assert not NO_EFFECTS.any


def test_tide_is_the_light_time_to_the_displaced_target(link: Link) -> None:
    seconds = np.array([-100.0, 0.0, 100.0])
    found_s = path(link).solid_tide_s(seconds)
    target = target_station(link.target)
    day, second = link.epoch.split(seconds)
    solved = two_way_light_times(link.model, link.site_station, target, day, second)
    moved_m = station_displacement_m(link.model, target, day, second + solved.downlink_s)
    for k in range(seconds.size):
        displaced = Station(*(np.array(target) + moved_m[k]).tolist())
        expected_s = delay_s(link.model, link, displaced, seconds[k : k + 1]) - solved.delay_s[k]
        # Two light times of 2.3 s subtracted: a few ulp of 4e-16.
        assert found_s[k] == pytest.approx(float(expected_s[0]), abs=2e-15)


def test_tide_shortens_the_delay_under_the_moon_and_lengthens_it_at_the_horizon(link: Link) -> None:
    # Near full Moon: Sun and Moon raise the same tide.
    middle = np.array([0.0])
    overhead = path(link)
    assert np.degrees(overhead.elevation_rad(0.0)[0]) > 70.0
    high_s = float(overhead.solid_tide_s(middle)[0])
    # Twice 0.2 to 0.4 m of rise.
    assert -2.7e-9 < high_s < -1.3e-9
    aside = path(link, place=EarthPoint(0.0, link.target.longitude_deg + 78.0))
    assert 0.0 < np.degrees(aside.elevation_rad(0.0)[0]) < 20.0
    assert abs(float(aside.solid_tide_s(middle)[0])) < 0.5 * abs(high_s)


def test_sub_daily_rotation_is_the_difference_of_two_orientations(link: Link) -> None:
    start, stop = link.epoch.plus_seconds(-300.0), link.epoch.plus_seconds(300.0)
    turned, _ = motion_model(start, stop, sub_daily_rotation=True)
    seconds = np.linspace(-200.0, 200.0, 9)
    for place in (link.target, EarthPoint(50.0, link.target.longitude_deg + 50.0)):
        target = target_station(place)
        expected_s = delay_s(turned, link, target, seconds) - delay_s(
            link.model, link, target, seconds
        )
        found_s = path(link, place=place).sub_daily_rotation_s(seconds)
        # Two light times of 2.3 s subtracted, and two expansions of the same splines.
        assert found_s == pytest.approx(expected_s, abs=2e-15)
        # Not more than 4 cm on the way there and back.
        assert 1e-13 < np.max(np.abs(found_s)) < 3e-10


def test_elevation_is_that_of_the_visibility_at_the_bounce(link: Link) -> None:
    seconds = np.array([-100.0, 0.0, 100.0])
    solved = two_way_light_times(
        link.model, link.site_station, target_station(link.target), *link.epoch.split(seconds)
    )
    _, expected = elevation_angles(
        link.model, link.site, link.target, link.epoch, seconds + solved.downlink_s
    )
    # Both at one instant; the definition of that of the site may differ by 1.3 s of 1 km/s.
    assert path(link).elevation_rad(seconds) == pytest.approx(expected, abs=5e-6)


def test_air_grows_as_the_cosecant_and_changes_as_the_moon_sets(link: Link) -> None:
    weather = Weather.standard(0.0)
    sizes_s, sines = [], []
    for longitude_deg in (0.0, 30.0, 50.0, 65.0, 75.0):
        place = EarthPoint(link.target.latitude_deg, link.target.longitude_deg + longitude_deg)
        terms = path(link, place=place)
        hydrostatic_s, wet_s = terms.troposphere_s(np.array([-50.0, 0.0, 50.0]), weather)
        sizes_s.append(float(hydrostatic_s[1]))
        sines.append(math.sin(float(terms.elevation_rad(0.0)[0])))
        # East of the point below the Moon, which moves west in the sky: it sinks.
        if longitude_deg >= 30.0:
            assert np.all(np.diff(hydrostatic_s) > 0.0)
            assert np.all(np.diff(wet_s) > 0.0)
    assert np.all(np.diff(sizes_s) > 0.0)
    # Two ways of 7.7 ns in the zenith; shells are 4 percent shorter than slabs at 10 deg.
    assert np.array(sizes_s) * np.array(sines) == pytest.approx(
        np.full(5, 2 * 2.3070 / C), rel=0.04
    )


def test_electrons_delay_the_envelope_and_advance_the_phase(link: Link) -> None:
    terms = path(link, PathEffects(ionosphere=Ionosphere(10.0), carrier_hz=23e9))
    down_s, up_s = terms.added_s(np.array([0.0]))
    group_s = float(terms.ionosphere_s(np.array([0.0]), Ionosphere(10.0))[0])
    assert group_s > 2 * 2.54e-11
    assert float(down_s[0] + up_s[0]) == -group_s
    assert float(terms.envelope_lag_s(0.0)[0]) == pytest.approx(2.0 * group_s)
    assert not path(link).envelope_lag_s(0.0).any()


def test_history_contains_what_is_added_without_loss(link: Link) -> None:
    target, terms = target_station(link.target), path(link, EVERYTHING)
    span = (link.model, link.site_station, target, link.epoch, -125.0, 125.0)
    plain, complete = solve_delay_history(*span), solve_delay_history(*span, path=terms)
    seconds = np.linspace(-124.0, 124.0, 77)
    reference = complete.reference_delay_s
    difference_s = (complete.relative_delay_s(seconds, Fraction(reference))) - (
        plain.relative_delay_s(seconds, Fraction(reference))
    )
    down_s, up_s = terms.added_s(seconds)
    # Two expansions of noise 2e-16 s each, averaged by the fit.
    assert difference_s == pytest.approx(down_s + up_s, abs=5e-16)
    # The added part is expanded as well as the rest: the error is what it was.
    assert complete.error_s < plain.error_s + 3e-16


def budget(link: Link, effects: PathEffects, place: EarthPoint) -> dict[str, DelayTerm]:
    terms = delay_budget(
        link.model, link.site_station, place, link.epoch, -50.0, 50.0, effects,
        sub_daily_rotation=False,
    )  # fmt: skip
    return {term.name: term for term in terms}


NAMES = {
    "light time",
    "motion during the light time",
    "Shapiro, Sun",
    "Shapiro, Earth",
    "Shapiro, Moon",
    "station vectors to the BCRS",
    "proper time of the lunar clock",
    "sub-daily Earth rotation",
    "solid Earth tide",
    "troposphere, hydrostatic",
    "troposphere, wet",
    "ionosphere, group",
}


def test_budget_lists_all_terms_with_their_sizes(link: Link) -> None:
    terms = budget(link, NO_EFFECTS, link.target)
    assert set(terms) == NAMES
    assert {name for name in terms if terms[name].included} == {
        "light time", "motion during the light time",
    }  # fmt: skip
    # Sizes as in the table of the geometry notes: s, two-way.
    assert 2.33 < terms["light time"].size_s < 2.70
    assert abs(terms["motion during the light time"].size_s) < 0.7e-6
    assert 40e-9 < terms["Shapiro, Sun"].size_s < 60e-9
    assert terms["Shapiro, Earth"].size_s == pytest.approx(0.24e-9, rel=0.2)
    assert terms["Shapiro, Moon"].size_s == pytest.approx(4e-12, rel=0.2)
    assert abs(terms["station vectors to the BCRS"].size_s) < 5e-9
    assert abs(terms["proper time of the lunar clock"].size_s) < 3e-9
    assert abs(terms["solid Earth tide"].size_s) < 3e-9
    assert terms["troposphere, hydrostatic"].size_s > 2 * 7.6e-9
    assert 2 * 0.2e-9 < terms["troposphere, wet"].size_s < 2 * 1e-9
    assert terms["ionosphere, group"].size_s == pytest.approx(2 * 20 * 2.54e-12, rel=0.1)


def test_budget_says_what_is_assumed(link: Link) -> None:
    terms = budget(link, NO_EFFECTS, link.target)
    assert {name for name in terms if terms[name].assumed} == {
        "troposphere, hydrostatic", "troposphere, wet", "ionosphere, group",
    }  # fmt: skip
    assert "20 TECU" in terms["ionosphere, group"].note
    assert "standard atmosphere" in terms["troposphere, wet"].note
    given = budget(link, EVERYTHING, link.target)
    assert not any(term.assumed for term in given.values())
    assert all(given[name].included for name in sorted(NAMES) if name.startswith(("tropo", "iono")))
    assert given["solid Earth tide"].included


def test_budget_of_a_low_target_has_no_troposphere_to_show(link: Link) -> None:
    low = EarthPoint(link.target.latitude_deg, link.target.longitude_deg + 92.0)
    elevation_deg = math.degrees(float(path(link, place=low).elevation_rad(0.0)[0]))
    assert elevation_deg < 3.0
    terms = budget(link, NO_EFFECTS, low)
    assert math.isnan(terms["troposphere, wet"].size_s)
    assert "mapping functions" in terms["troposphere, wet"].note
    with pytest.raises(MediumError, match="mapping functions"):
        path(link, EVERYTHING, low).added_s(np.array([0.0]))


def test_shapiro_is_positive_and_largest_when_the_mass_is_near_the_line() -> None:
    # A mass moves from the side of a path into it, both ends at one distance from it.
    distance_m, sun = 1.496e11, 1.32712440018e20
    delays_s = [
        shapiro_delay_s(sun, distance_m, distance_m, 2.0 * distance_m * math.sin(half_angle))
        for half_angle in (1e-3, 0.5, 1.0, 1.5, math.asin(1.0 - (6.96e8 / distance_m) ** 2 / 2.0))
    ]
    assert delays_s[0] > 0.0
    assert np.all(np.diff(delays_s) > 0.0)
    # Shapiro's test: 4 GM/c^3 ln(2 r / d) = 120 us one way past the Sun's limb.
    assert delays_s[-1] == pytest.approx(
        4 * sun / C**3 * math.log(2 * distance_m / 6.96e8), rel=1e-3
    )


@pytest.mark.parametrize("text", ["2001-06-21T12:00:00", "2001-06-28T12:00:00"])
def test_shapiro_of_the_sun_from_another_ephemeris_of_the_earth(text: str) -> None:
    # An eclipse, where Moon, Earth and Sun are in line, and the quarter a week later.
    epoch = Epoch.from_utc(text)
    model, _ = motion_model(epoch.plus_seconds(-60.0), epoch.plus_seconds(60.0))
    site = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    terms = delay_budget(
        model, site, EarthPoint(0.0, 0.0), epoch, -50.0, 50.0, NO_EFFECTS, sub_daily_rotation=False
    )
    sizes_s = {term.name: term.size_s for term in terms}
    heliocentric, _ = erfa.epv00(epoch.day, epoch.second / 86400.0)
    sun_m = float(np.linalg.norm(heliocentric["p"])) * 149597870700.0
    # ln((1 + x)/(1 - x)) = 2 x with x = r12 / (r1 + r2); the Moon is up to 0.27 percent nearer.
    apart_m = 0.5 * C * sizes_s["light time"]
    expected_s = 2 * 2 * 1.32712440018e20 / C**3 * apart_m / sun_m
    assert sizes_s["Shapiro, Sun"] == pytest.approx(expected_s, rel=2e-3)
