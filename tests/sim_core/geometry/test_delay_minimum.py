import math

import numpy as np
import pytest

from sim_core.errors import PointingError
from sim_core.geometry.delay_history import solve_delay_history
from sim_core.geometry.delay_minimum import (
    DelayCase,
    delay_minima,
    delay_table,
    steering_difference,
)
from sim_core.geometry.moon_over_earth import moon_over_earth
from sim_core.geometry.motion import site_station, target_station
from sim_core.geometry.pointing import SIDES, Side
from sim_core.geometry.sites import EarthPoint, LunarSite
from tests.sim_core.geometry.lunar_month import TABLE_3, lunar_month

CASES = [row.case for row in TABLE_3]


def test_minimum_is_that_of_the_delay_history() -> None:
    epoch, model, _ = lunar_month()
    table = delay_table(model, epoch, CASES, "north", "moon_centre")
    for k, case in enumerate(CASES):
        station = site_station(model.ephemeris, case.site)
        target = target_station(
            EarthPoint(
                math.degrees(table.latitude_rad[k]), math.degrees(table.longitude_rad[k])
            )
        )  # fmt: skip
        history = solve_delay_history(model, station, target, epoch, -60.0, 60.0)
        # The rate changes by 2e-10 per second: 1e-5 s are 2e-15.
        assert float(history.delay_rate(table.transmit_s[k])) == pytest.approx(0.0, abs=3e-15)
        assert float(history.delay_s(table.transmit_s[k])) == pytest.approx(
            table.delay_s[k], abs=1e-15
        )
        grid_s = np.linspace(-60.0, 60.0, 1201)
        assert history.delay_s(grid_s).min() >= table.delay_s[k]


@pytest.mark.parametrize("side", SIDES)
def test_rigorous_steering_gives_the_aperture_back(side: Side) -> None:
    epoch, model, _ = lunar_month()
    table = delay_table(model, epoch, CASES, side)
    # The smallest delay belongs to what leaves half a delay before the moment of steering.
    assert table.transmit_s == pytest.approx(-0.5 * table.delay_s, abs=0.01)
    apertures_s = np.array([case.aperture_s for case in CASES])
    assert table.time_span_s == pytest.approx(0.5 * apertures_s - 1.17, abs=0.01)


@pytest.mark.parametrize("side", SIDES)
def test_steering_by_the_moons_centre_loses_what_the_paper_lost(side: Side) -> None:
    epoch, model, _ = lunar_month()
    table = delay_table(model, epoch, CASES, side, "moon_centre")
    at_centre = np.array([case.site.latitude_deg == 0.0 for case in CASES])
    # The paper's rows: 5 to 12 s and 42 to 44 s; at this epoch librations are others.
    assert (np.abs(table.transmit_s[at_centre]) < 13.0).all()
    assert (np.abs(table.transmit_s[~at_centre]) > 15.0).all()
    apertures_s = np.array([case.aperture_s for case in CASES])
    assert (table.time_span_s == 0.5 * apertures_s - np.abs(table.transmit_s)).all()


def test_difference_is_that_of_the_tables() -> None:
    epoch, model, _ = lunar_month()
    moon = moon_over_earth(model, epoch, [0.0])
    for case in CASES:
        difference = steering_difference(model, moon, case.site, case.look_angle_rad, "south")
        tables = [
            delay_table(model, epoch, [case], "south", "moon_centre"),
            delay_table(model, epoch, [case], "south", "site"),
        ]
        shift_s = tables[0].transmit_s[0] - tables[1].transmit_s[0]
        assert difference.minimum_shift_s[0] == pytest.approx(shift_s, abs=3e-5)
        # Of the angle between the planes only the part across the beam moves the aim.
        off_plane = abs(difference.off_plane_rad[0])
        assert off_plane < difference.plane_angle_rad[0]
        moved_m = off_plane * 3.5e8
        assert difference.aim_shift_m[0] == pytest.approx(moved_m, rel=0.05)
        # The plane goes over the ground as the point below the Moon does: 465 m/s on the equator,
        # less a 27th for the Moon's own way, at latitudes of up to 28.6 deg; a little more where
        # the beam comes in at a slant.
        assert 390.0 < difference.aim_shift_m[0] / abs(shift_s) < 465.0


def test_difference_over_a_month_is_of_the_known_size() -> None:
    _, model, moon = lunar_month()
    difference = steering_difference(model, moon, LunarSite(10.0, 10.0), math.radians(0.1), "north")
    # 4.6 m/s of 22.5 to 28.7 km/s at most: 0.0118 deg.
    assert np.rad2deg(difference.plane_angle_rad).max() < 0.0118
    assert 20.0 < np.abs(difference.minimum_shift_s).max() < 60.0
    # 0.4 km/s over 20 to 60 s.
    assert 8e3 < difference.aim_shift_m.max() < 3e4


def test_target_far_off_the_plane_has_no_minimum_near() -> None:
    epoch, model, moon = lunar_month()
    station = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    west = EarthPoint(0.0, 150.0).earth_fixed_m()
    least = delay_minima(model, station, west, epoch, moon.elapsed_s[:1])
    assert np.isnan(least.transmit_s[0]) and np.isnan(least.delay_s[0])


def test_no_ground_no_minimum() -> None:
    epoch, model, moon = lunar_month()
    difference = steering_difference(model, moon, LunarSite(0.0, 0.0), math.radians(1.2), "north")
    assert np.isnan(difference.minimum_shift_s).all()
    with pytest.raises(PointingError, match="misses"):
        delay_table(model, epoch, [DelayCase(LunarSite(0.0, 0.0), math.radians(1.2), 1.0)], "north")
