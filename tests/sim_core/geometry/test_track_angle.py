import math

import numpy as np
import pytest

from sim_core.geometry.doppler_map import site_grid
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.moon_over_earth import SIDEREAL_YEAR_S, MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import MotionModel, motion_model
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import TrackVelocity, steer_along
from sim_core.geometry.track_angle import track_angle_spread_rad
from tests.sim_core.geometry.lunar_month import lunar_month


@pytest.fixture(scope="module")
def year() -> tuple[MotionModel, MoonOverEarth]:
    """Return the sidereal year of 2009, every hour."""
    epoch = Epoch.from_utc("2009-01-01")
    model, _ = motion_model(epoch, epoch.plus_seconds(SIDEREAL_YEAR_S))
    return model, moon_over_earth(model, epoch, np.linspace(0.0, SIDEREAL_YEAR_S, 8767))


@pytest.mark.parametrize("velocity_of", ["site", "moon_centre"])
def test_angle_is_a_right_one_and_the_pitch(velocity_of: TrackVelocity) -> None:
    _, model, moon = lunar_month()
    grid = site_grid(model.ephemeris, [-60.0, 10.0], [0.0, 80.0])
    spread = track_angle_spread_rad(moon, grid, velocity_of)
    for i, latitude in enumerate(grid.latitude_deg):
        for j, longitude in enumerate(grid.longitude_deg):
            site = LunarSite(float(latitude), float(longitude))
            pitch = steer_along(model, moon, site, 0.0, "north", velocity_of).pitch_rad
            # Rounding.
            assert spread.largest[i, j] == pytest.approx(0.5 * math.pi + pitch.max(), abs=1e-14)
            assert spread.smallest[i, j] == pytest.approx(0.5 * math.pi + pitch.min(), abs=1e-14)
            mean = np.trapezoid(pitch, moon.elapsed_s) / np.ptp(moon.elapsed_s)
            assert spread.mean[i, j] == pytest.approx(0.5 * math.pi + mean, abs=1e-12)


def test_extremes_of_the_near_side_are_the_papers(
    year: tuple[MotionModel, MoonOverEarth],
) -> None:
    # 89.82 to 90.17 deg, at a date that the paper does not name. From year to year they vary by
    # 0.02 deg; by the velocity of the Moon's centre they reach 0.01 deg farther.
    model, moon = year
    grid = site_grid(model.ephemeris, np.arange(-90.0, 91.0, 30.0), np.arange(-90.0, 91.0, 30.0))
    centre = track_angle_spread_rad(moon, grid, "moon_centre")
    assert round(math.degrees(centre.smallest.min()), 2) == 89.82
    assert round(math.degrees(centre.largest.max()), 2) == 90.17
    site = track_angle_spread_rad(moon, grid)
    assert math.degrees(site.smallest.min()) == pytest.approx(89.82, abs=0.02)
    assert math.degrees(site.largest.max()) == pytest.approx(90.17, abs=0.02)


def test_means_of_a_year_spread_by_the_sites_own_velocity(
    year: tuple[MotionModel, MoonOverEarth],
) -> None:
    # The mean of each site over a year differs from a right angle by 0.010 deg times the sine of
    # the longitude and the cosine of the latitude if the site's velocity is left out (4.6 of
    # 26 200 m/s), and not at all if not.
    model, moon = year
    grid = site_grid(model.ephemeris, [0.0, 60.0], np.arange(-90.0, 91.0, 30.0))
    centre = np.rad2deg(track_angle_spread_rad(moon, grid, "moon_centre").mean)
    site = np.rad2deg(track_angle_spread_rad(moon, grid).mean)
    assert np.ptp(centre, axis=1) == pytest.approx([0.0205, 0.0103], abs=5e-4)
    assert np.ptp(site) < 2e-4
