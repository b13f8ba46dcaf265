import numpy as np
import pytest

from sim_core.geometry.epoch import Epoch
from sim_core.geometry.lunar_clock import L_B, LunarClock, clock_rate_offset
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S, MotionModel, Station, motion_model
from tests.sim_core.moon_link import Link

MICROSECOND_PER_DAY = 1e-6 / 86400.0

# Potentials of the planets at the Earth, GM / mean distance: Jupiter 1.267e17 / 7.8e11, Saturn
# 3.79e16 / 1.43e12, Venus, Uranus and Neptune 1.3e4 together, in m^2/s^2. The model leaves them
# out.
PLANETS = (1.62e5 + 2.65e4 + 1.3e4) / SPEED_OF_LIGHT_M_PER_S**2


def rates(model: MotionModel, site: Station, epoch: Epoch, seconds: np.ndarray) -> np.ndarray:
    return np.array(
        [
            clock_rate_offset(model, site, float(day), float(second))
            for day, second in zip(*epoch.split(seconds), strict=True)
        ]
    )


def test_clock_gains_56_microseconds_a_day_in_the_long_run(link: Link) -> None:
    # 235 lunations are 19 years (Meton), so that both the month's and the year's terms average out;
    # six samples in a month are enough for that, one a day is plenty. Ashby and Patla (2024),
    # Astronomical Journal 168:112: 56.02 us/day for clocks on the Moon's surface against those on
    # the geoid, which is what TDB keeps pace with. Their surface is the selenoid; a kilometre of
    # height makes 0.002 us/day.
    seconds = (np.arange(6939) + 0.5) * 6939.69 * 86400.0 / 6939
    epoch = Epoch.from_utc("2005-01-01")
    mean = float(np.mean(rates(link.model, link.site_station, epoch, seconds)))
    assert (mean - PLANETS) / MICROSECOND_PER_DAY == pytest.approx(56.02, abs=0.05)


def test_rate_is_against_tdb_and_not_tcb(link: Link) -> None:
    # Against TCB, without L_B, a lunar clock loses 1.5e-8. Against TDB it gains 6.5e-10, and the
    # month and the year each change that by 3.3e-10: v_Earth v_Moon / c^2, and the orbit's
    # eccentricity 0.0167 of 2 U/c^2.
    rate = clock_rate_offset(link.model, link.site_station, link.epoch.day, link.epoch.second)
    assert -1e-10 < rate < 1.4e-9
    assert rate - L_B == pytest.approx(-1.486e-8, abs=0.08e-8)
    assert L_B == 1.550519768e-8


def test_rate_follows_the_phases_of_the_moon(link: Link) -> None:
    # At new Moon the Moon moves against the Earth's orbital motion, so its clock runs faster than
    # at full Moon, when it moves with it: 2 * 30.3 km/s * 1.02 km/s / c^2 = 6.8e-10 between them.
    # At new Moon it is nearer to the Sun by 7.5e8 m, 0.0061 m/s^2 of its pull: 0.5e-10 less.
    new = Epoch.from_utc("2024-01-11T11:57:00")
    full = Epoch.from_utc("2024-01-25T17:54:00")
    at_new, at_full = (
        clock_rate_offset(link.model, link.site_station, e.day, e.second) for e in (new, full)
    )
    # Distance and speed of the Earth and of the Moon change in the fortnight: 1e-11 each.
    assert at_new - at_full == pytest.approx(6.3e-10, abs=0.3e-10)


def test_higher_sites_run_faster(link: Link) -> None:
    # g h / c^2 with g = 1.62 m/s^2; rounding of a rate of 1e-8 is 2e-24.
    station = np.array(link.site_station)
    higher = Station(*(station * (1.0 + 1000.0 / np.linalg.norm(station))).tolist())
    at = link.epoch.day, link.epoch.second
    gained = clock_rate_offset(link.model, higher, *at)
    gained -= clock_rate_offset(link.model, link.site_station, *at)
    # The Earth's pull (0.0027 m/s^2) and the site's speed add two parts in a thousand.
    assert gained == pytest.approx(1.624 * 1000.0 / SPEED_OF_LIGHT_M_PER_S**2, rel=0.01)


def test_clock_shows_the_integral_of_its_rate() -> None:
    epoch = Epoch.from_utc("2024-05-01")
    span_s = 5.0 * 86400.0
    model, _ = motion_model(epoch, epoch.plus_seconds(span_s))
    site = Station(1737.4e3, 0.0, 0.0)
    clock = LunarClock(model, site, epoch, -10.0, span_s)
    assert clock.tdb_s(0.0) == pytest.approx(0.0, abs=1e-20)
    seconds = np.linspace(0.0, span_s, 4001)
    sampled = rates(model, site, epoch, seconds)
    # The spline through hourly values; a second between the nodes.
    assert clock.rate_offset(seconds) == pytest.approx(sampled, abs=1e-16)
    gained_s = float(np.trapezoid(sampled, seconds))
    reading_s = span_s - 1.0
    expected_s = reading_s - gained_s * reading_s / span_s
    # Doubles of 4e5 s resolve 6e-11 s; the rate at the end times what was cut off there, 1e-10 s.
    assert clock.tdb_s(reading_s) == pytest.approx(expected_s, abs=1e-9)


def test_tdb_is_the_inverse_of_the_reading(link: Link) -> None:
    clock = LunarClock(link.model, link.site_station, link.epoch, -125.0, 125.0)
    rate = float(clock.rate_offset(0.0))
    readings_s = np.linspace(-100.0, 100.0, 21)
    # The rate changes by 7e-10 in a fortnight and as much in a year: up to 1e-15 a second, which is
    # 5e-12 s after 100 s.
    assert clock.tdb_s(readings_s) - readings_s == pytest.approx(-rate * readings_s, abs=5e-12)
