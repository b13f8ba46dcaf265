import math
from pathlib import Path

import numpy as np
import pytest
import spiceypy

from sim_core.errors import CoordinateError
from sim_core.geometry.delay_history import solve_delay_history
from sim_core.geometry.doppler_map import doppler_map, doppler_series, site_grid
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.moon_over_earth import SIDEREAL_YEAR_S, MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.steering import TrackVelocity
from tests.sim_core.geometry.cspice_kernels import ephemeris_time, write_de421
from tests.sim_core.geometry.lunar_month import lunar_month
from tests.sim_core.moon_link import Link

CARRIER_HZ = 1.5e9  # Fig. 1 of the paper
HZ_PER_M_PER_S = 2.0 * CARRIER_HZ / SPEED_OF_LIGHT_M_PER_S
AIM = EarthPoint(35.0, -20.0, 300.0)
LATITUDES_DEG, LONGITUDES_DEG = (-60.0, 0.0, 30.0), (-80.0, 0.0, 45.0, 90.0)


@pytest.fixture(scope="module")
def year() -> tuple[MotionModel, MoonOverEarth]:
    """Return a sidereal year from 2001 on, every two hours."""
    epoch = Epoch.from_utc("2001-01-01")
    model, _ = motion_model(epoch, epoch.plus_seconds(SIDEREAL_YEAR_S))
    return model, moon_over_earth(model, epoch, np.linspace(0.0, SIDEREAL_YEAR_S, 4384))


def test_grid_holds_the_sites() -> None:
    _, model, _ = lunar_month()
    grid = site_grid(model.ephemeris, LATITUDES_DEG, LONGITUDES_DEG)
    assert grid.principal_axes_m.shape == (3, 4, 3)
    for i, latitude in enumerate(LATITUDES_DEG):
        for j, longitude in enumerate(LONGITUDES_DEG):
            station = site_station(model.ephemeris, LunarSite(latitude, longitude))
            assert grid.principal_axes_m[i, j] == pytest.approx(station, abs=1e-9)


@pytest.mark.parametrize("aim", [None, AIM])
@pytest.mark.parametrize("velocity_of", ["site", "moon_centre"])
def test_parts_add_up(aim: EarthPoint | None, velocity_of: TrackVelocity) -> None:
    _, model, moon = lunar_month()
    grid = site_grid(model.ephemeris, LATITUDES_DEG, LONGITUDES_DEG)
    series = doppler_series(moon, grid, CARRIER_HZ, aim, velocity_of)
    assert series.shift_hz.shape == (3, 4, 200)
    # Eq. 6 of the paper: to the rounding of products of 28 km/s with 3.6e8 m, divided by 3.6e8 m.
    closure_hz = series.moon_hz + series.earth_hz - series.shift_hz
    assert np.abs(closure_hz).max() < 1e-14 * HZ_PER_M_PER_S * 3e4
    if aim is None:
        # The point before the Earth's centre lies on the axis of W x R: it moves across.
        assert np.abs(series.earth_hz).max() < 1e-15 * HZ_PER_M_PER_S * 3e4
    else:
        # 465 m/s of the ground on the equator.
        assert 0.7 * 465.0 * math.cos(math.radians(35.0)) < (
            np.abs(series.earth_hz).max() / HZ_PER_M_PER_S
        ) < 465.2 * math.cos(math.radians(35.0))  # fmt: skip


@pytest.mark.parametrize("aimed", [True, False])
def test_shift_and_rate_are_derivatives_of_the_distance(aimed: bool) -> None:
    epoch, model, _ = lunar_month()
    site, step_s = LunarSite(-20.0, 50.0), 30.0
    grid = site_grid(model.ephemeris, [site.latitude_deg], [site.longitude_deg])
    elapsed_s = np.linspace(1e3, 20.0 * 86400.0, 15)
    moon = moon_over_earth(model, epoch, elapsed_s)
    series = doppler_series(moon, grid, CARRIER_HZ, AIM if aimed else None)
    station = site_station(model.ephemeris, site)
    here_m = moon.site_motion(station).position_m
    if aimed:
        point_m = np.broadcast_to(AIM.earth_fixed_m(), here_m.shape)
    else:
        outward = here_m / np.linalg.norm(here_m, axis=1, keepdims=True)
        point_m = np.array(
            [EarthPoint.from_earth_fixed(6.37e6 * u).earth_fixed_m() for u in outward]
        )
        # On the ellipsoid before the centre: put up or down along that line.
        semi_axes_m = np.array((6378137.0, 6378137.0, 6378137.0 * (1.0 - 1.0 / 298.257223563)))
        point_m = outward / np.linalg.norm(outward / semi_axes_m, axis=1, keepdims=True)
    ranges_m = [
        np.linalg.norm(
            moon_over_earth(model, epoch, elapsed_s + n * step_s).site_motion(station).position_m
            - point_m,
            axis=1,
        )
        for n in (-2, -1, 0, 1, 2)
    ]
    first = (ranges_m[0] - 8.0 * ranges_m[1] + 8.0 * ranges_m[3] - ranges_m[4]) / (12.0 * step_s)
    # Distances round by 6e-8 m, up to 18 of them over 360 s, and so does each of three components:
    # 1e-8 m/s. Fourth order: (W h)^4 / 30 = 8e-13 of 500 m/s.
    assert series.shift_hz[0, 0] == pytest.approx(-HZ_PER_M_PER_S * first, abs=1e-7)
    second = -ranges_m[0] + 16.0 * ranges_m[1] - 30.0 * ranges_m[2] + 16.0 * ranges_m[3]
    second = (second - ranges_m[4]) / (12.0 * step_s**2)
    # The motion of the pole that accelerations leave out has up to 4e-7 m/s^2. (Rounding: 64 times
    # 6e-8 m over 12 h^2, 4e-10 m/s^2.)
    assert series.rate_hz_per_s[0, 0] == pytest.approx(-HZ_PER_M_PER_S * second, abs=4e-6)


def test_shift_is_cspices(cspice: None, tmp_path: Path) -> None:
    epoch, model, moon = lunar_month()
    site = LunarSite(-20.0, 50.0)
    kernel = tmp_path / "link.bsp"
    write_de421(
        kernel,
        [
            (301100, 301, "MOON_ME_DE421", site.mean_earth_m()),
            (399100, 399, "ITRF93", AIM.earth_fixed_m()),
        ],
    )
    spiceypy.furnsh(str(kernel))
    grid = site_grid(model.ephemeris, [site.latitude_deg], [site.longitude_deg])
    series = doppler_series(moon, grid, CARRIER_HZ, AIM)
    for k in range(0, 200, 25):
        et = ephemeris_time(epoch) + float(moon.elapsed_s[k])
        state = 1e3 * np.array(spiceypy.spkezr("301100", et, "J2000", "NONE", "399100")[0])
        rate = state[:3] @ state[3:] / np.linalg.norm(state[:3])
        # ITRF93 lies 0.25 m off at most, 4e-8 rad: that much of the ground's 465 m/s.
        assert series.shift_hz[0, 0, k] == pytest.approx(
            -HZ_PER_M_PER_S * rate, abs=2e-5 * HZ_PER_M_PER_S
        )


def test_shift_is_that_of_the_solved_echo(link: Link) -> None:
    # The instant's shift against the light times of both legs.
    history = solve_delay_history(
        link.model, link.site_station, target_station(link.target), link.epoch, -120.0, 120.0
    )
    bounce_s = np.linspace(-100.0, 100.0, 21)
    grid = site_grid(link.model.ephemeris, [0.0], [0.0])
    moon = moon_over_earth(link.model, link.epoch, bounce_s)
    series = doppler_series(moon, grid, CARRIER_HZ, link.target)
    transmit_s = bounce_s - history.downlink_s(bounce_s - 1.168)
    solved_hz = history.doppler_hz(transmit_s, CARRIER_HZ)
    # Within 100 s of zero Doppler the shift is below 31 Hz, and two legs of the order of v/c from
    # the instant's geometry: the common 30 km/s over c, 1e-4, of it.
    assert np.abs(solved_hz).max() > 30.0
    assert solved_hz == pytest.approx(series.shift_hz[0, 0], abs=1e-4 * 31.0)
    slope = np.polyfit(bounce_s, solved_hz, 2)[1]
    assert series.rate_hz_per_s[0, 0, 10] == pytest.approx(slope, rel=1e-4)


def test_map_is_the_spread_of_the_series() -> None:
    _, model, moon = lunar_month()
    grid = site_grid(model.ephemeris, LATITUDES_DEG, LONGITUDES_DEG)
    series = doppler_series(moon, grid, CARRIER_HZ, AIM)
    spread = doppler_map(moon, grid, CARRIER_HZ, AIM)
    for name in ("shift_hz", "moon_hz", "earth_hz", "rate_hz_per_s"):
        values, found = getattr(series, name), getattr(spread, name)
        assert (found.largest == values.max(axis=2)).all()
        assert (found.smallest == values.min(axis=2)).all()
        mean = np.trapezoid(values, moon.elapsed_s) / np.ptp(moon.elapsed_s)
        # Rounding of sums of 200 values of up to 5 kHz.
        assert found.mean == pytest.approx(mean, abs=1e-9)


def test_mean_of_a_year_is_what_the_distance_has_gained(
    year: tuple[MotionModel, MoonOverEarth],
) -> None:
    model, moon = year
    grid = site_grid(model.ephemeris, LATITUDES_DEG, LONGITUDES_DEG)
    mean_hz = doppler_map(moon, grid, CARRIER_HZ).shift_hz.mean
    for i, latitude in enumerate(LATITUDES_DEG):
        for j, longitude in enumerate(LONGITUDES_DEG):
            station = site_station(model.ephemeris, LunarSite(latitude, longitude))
            distance_m = np.linalg.norm(moon.site_motion(station).position_m, axis=1)
            gained = (distance_m[-1] - distance_m[0]) / SIDEREAL_YEAR_S
            # The trapezoidal rule over steps of two hours: h^2/12 times the change of the
            # derivative, 3e-3 m/s^2 at most, over a year.
            assert mean_hz[i, j] == pytest.approx(-HZ_PER_M_PER_S * gained, abs=6e-3)


def test_mean_of_a_year_by_the_moons_centre_is_the_papers_pattern(
    year: tuple[MotionModel, MoonOverEarth],
) -> None:
    # Fig. 1: from one limb to the other through zero near the middle. It is there only if the
    # site's own velocity is left out: 4.63 m/s times the sine of the longitude, less what the
    # direction to the Earth's centre differs from the Moon's centre (nothing, to first order).
    model, moon = year
    grid = site_grid(model.ephemeris, [0.0], [-90.0, -45.0, 0.0, 45.0, 90.0])
    rigorous = doppler_map(moon, grid, CARRIER_HZ).shift_hz.mean[0]
    centre = doppler_map(moon, grid, CARRIER_HZ, None, "moon_centre").shift_hz.mean[0]
    assert np.ptp(rigorous) < 0.3
    expected = HZ_PER_M_PER_S * 4.62 * np.sin(np.deg2rad(grid.longitude_deg))
    # Librations and the orbit's eccentricity change it by some percent.
    assert centre - rigorous == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize(("latitude", "longitude"), [(91.0, 0.0), (0.0, 400.0), (math.nan, 0.0)])
def test_site_that_is_none_is_refused(latitude: float, longitude: float) -> None:
    _, model, _ = lunar_month()
    with pytest.raises(CoordinateError):
        site_grid(model.ephemeris, [0.0, latitude], [longitude])
