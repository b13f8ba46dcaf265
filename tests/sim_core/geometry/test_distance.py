import math

import numpy as np
import pytest

from sim_core.errors import EpochError
from sim_core.geometry.distance import distance_series
from sim_core.geometry.moon_over_earth import SIDEREAL_MONTH_S
from sim_core.geometry.motion import site_station
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import elevation_angles
from tests.sim_core.geometry.lunar_month import lunar_month

SITE, TARGET = LunarSite(10.0, 20.0), EarthPoint(35.0, -20.0)


def test_distances_are_those_of_the_earth_fixed_frame() -> None:
    epoch, model, moon = lunar_month()
    series = distance_series(model, SITE, TARGET, epoch, moon.elapsed_s)
    position_m = moon.site_motion(site_station(model.ephemeris, SITE)).position_m
    turning_m = np.linalg.norm(position_m - TARGET.earth_fixed_m(), axis=1)
    # Rounding of 4e8 m, and at most 1e-10 s of time.
    assert series.turning_m == pytest.approx(turning_m, abs=1e-6)
    assert series.centre_m == pytest.approx(np.linalg.norm(position_m, axis=1), abs=1e-6)
    _, elevation = elevation_angles(model, SITE, TARGET, epoch, moon.elapsed_s)
    assert (series.in_sight == (elevation > 0.0)).all()


def test_rotation_makes_a_wave_of_a_day() -> None:
    epoch, model, _ = lunar_month()
    elapsed_s = np.arange(0.0, SIDEREAL_MONTH_S, 1800.0)
    series = distance_series(model, SITE, TARGET, epoch, elapsed_s)
    assert series.turning_m[0] == series.still_m[0]
    wave_m = series.turning_m - series.still_m
    # Twice the target's distance from the Earth's axis in a day; and the still one makes as much in
    # a month.
    from_axis_m = float(np.hypot(*TARGET.earth_fixed_m()[:2]))
    in_a_day_m = [np.ptp(wave_m[48 * day : 48 * (day + 1)]) for day in range(27)]
    assert 1.6 * from_axis_m < min(in_a_day_m) < max(in_a_day_m) < 2.5 * from_axis_m
    assert np.ptp(wave_m) < 4.05 * from_axis_m
    # Its period: the lunar day of 24 h 50 min, from the times at which it passes its mean upwards.
    above = (wave_m > np.convolve(wave_m, np.ones(51) / 51.0, "same"))[60:-60]
    rises = np.flatnonzero(~above[:-1] & above[1:])
    assert np.mean(np.diff(rises)) * 1800.0 / 3600.0 == pytest.approx(24.3, abs=0.7)


def test_still_earth_is_the_turning_one_a_sidereal_day_later() -> None:
    epoch, model, _ = lunar_month()
    sidereal_day_s = 86164.09890369732
    series = distance_series(model, SITE, TARGET, epoch, [sidereal_day_s])
    # 1 ms of the day's length, nutation of a day, polar motion: 1e-7 rad of the Earth's radius.
    assert series.turning_m == pytest.approx(series.still_m, abs=6.4)


@pytest.mark.parametrize("elapsed_s", [[math.nan], [1e12]])
def test_instants_that_are_none_are_refused(elapsed_s: list[float]) -> None:
    epoch, model, _ = lunar_month()
    with pytest.raises(EpochError):
        distance_series(model, SITE, TARGET, epoch, elapsed_s)
