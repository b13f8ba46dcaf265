import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from sim_core.errors import PointingError
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.earth_ellipsoid import WGS84_EQUATORIAL_M, WGS84_POLAR_M
from sim_core.geometry.earth_orientation import earth_fixed_to_celestial
from sim_core.geometry.motion import Station, site_state, site_station, target_station
from sim_core.geometry.pointing import (
    Side,
    Track,
    aim_point,
    meet_earth,
    track_over_earth,
    zero_doppler_direction,
)
from sim_core.geometry.sites import EarthPoint, LunarSite
from tests.sim_core.moon_link import Link

CARRIER_HZ = 23e9


def aimed_history(
    link: Link, site: LunarSite, look_angle_deg: float, side: Side
) -> tuple[EarthPoint, DelayHistory]:
    station = site_station(link.model.ephemeris, site)
    target = aim_point(link.model, station, link.epoch, math.radians(look_angle_deg), side)
    history = solve_delay_history(
        link.model, station, target_station(target), link.epoch, -60.0, 60.0
    )
    return target, history


@pytest.mark.parametrize("side", ["north", "south"])
@pytest.mark.parametrize("look_angle_deg", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("site", [LunarSite(0.0, 0.0), LunarSite(10.0, 10.0)])
def test_delay_is_least_for_what_is_reflected_at_the_epoch(
    link: Link, site: LunarSite, look_angle_deg: float, side: Side
) -> None:
    _, history = aimed_history(link, site, look_angle_deg, side)
    least = minimize_scalar(
        lambda t: float(history.delay_rate(t)) ** 2, bounds=(-20.0, 20.0), method="bounded",
        options={"xatol": 1e-9},
    ).x  # fmt: skip
    # The paper's own tables have the minimum at -1.17 s with rigorous steering. Aberration of both
    # legs moves it by milliseconds.
    assert least == pytest.approx(-0.5 * float(history.delay_s(0.0)), abs=0.01)


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg", "look_angle_deg", "delay_s"),
    [
        # A first look at the paper's Table 3, at this epoch and on a sphere of 6371 km.
        (0.0, 0.0, 0.1, 2.3357),
        (0.0, 0.0, 0.2, 2.3363),
        (10.0, 10.0, 0.1, 2.3361),
    ],
)
@pytest.mark.parametrize("side", ["north", "south"])
def test_delays_are_those_of_the_papers_table_3(
    link: Link,
    latitude_deg: float,
    longitude_deg: float,
    look_angle_deg: float,
    delay_s: float,
    side: Side,
) -> None:
    _, history = aimed_history(link, LunarSite(latitude_deg, longitude_deg), look_angle_deg, side)
    # Half of the last digit; the ellipsoid lies up to 7 km higher than that sphere near the equator
    # (5e-5 s two-way).
    assert float(history.delay_s(-1.17)) == pytest.approx(delay_s, abs=1e-4)


@pytest.mark.parametrize(("look_angle_deg", "rate"), [(0.1, -4.68), (0.8, -3.80)])
def test_doppler_rate_is_the_known_one(link: Link, look_angle_deg: float, rate: float) -> None:
    _, history = aimed_history(link, LunarSite(0.0, 0.0), look_angle_deg, "south")
    # Half of the last digit.
    found = -CARRIER_HZ * float(history.delay_acceleration(0.0))
    assert found == pytest.approx(rate, abs=0.006)


@pytest.mark.parametrize("look_angle_deg", [0.0, 0.1, 0.5, 0.9])
def test_north_is_north_and_south_is_south(link: Link, look_angle_deg: float) -> None:
    north, _ = aimed_history(link, link.site, look_angle_deg, "north")
    south, _ = aimed_history(link, link.site, look_angle_deg, "south")
    if look_angle_deg == 0.0:
        # One and the same direction.
        assert north.latitude_deg == pytest.approx(south.latitude_deg, abs=1e-9)
    else:
        assert north.latitude_deg > south.latitude_deg
    # On the ellipsoid, to the rounding of 3.6e8 m.
    assert abs(north.height_m) < 1e-6
    assert abs(south.height_m) < 1e-6


def test_track_is_the_motion_over_the_turning_earth(link: Link) -> None:
    track = track_over_earth(link.model, link.site_station, link.epoch)
    step_s = 5.0
    positions = [
        track_over_earth(link.model, link.site_station, link.epoch.plus_seconds(t)).position_m
        for t in (-2.0 * step_s, -step_s, step_s, 2.0 * step_s)
    ]
    numerical = positions[0] - 8.0 * positions[1] + 8.0 * positions[2] - positions[3]
    numerical = numerical / (12.0 * step_s)
    # (w h)^4 / 30 = 6e-16 of 27 km/s, and rounding of 3.6e8 m over 10 s.
    assert track.velocity_m_per_s == pytest.approx(numerical, abs=1e-6)
    # Known: 22.5 to 28.7 km/s over a year, the most at perigee on the equator.
    assert 22.5e3 < np.linalg.norm(track.velocity_m_per_s) < 28.7e3
    # Mostly the Earth's rotation: westwards, less the Moon's own 1 km/s eastwards.
    west = np.cross(track.position_m, (0.0, 0.0, 1.0))
    cosine = west @ track.velocity_m_per_s / np.linalg.norm(west)
    assert cosine / np.linalg.norm(track.velocity_m_per_s) > 0.98


@pytest.mark.parametrize("look_angle_deg", [0.0, 0.3, 1.0])
def test_beam_lies_in_the_zero_doppler_plane(link: Link, look_angle_deg: float) -> None:
    track = track_over_earth(link.model, link.site_station, link.epoch)
    beam = zero_doppler_direction(track, math.radians(look_angle_deg), "north")
    assert np.linalg.norm(beam) == pytest.approx(1.0, abs=1e-15)
    speed = np.linalg.norm(track.velocity_m_per_s)
    assert beam @ track.velocity_m_per_s / speed == pytest.approx(0.0, abs=1e-15)
    inward = -track.position_m / np.linalg.norm(track.position_m)
    off_deg = math.degrees(math.acos(min(1.0, float(beam @ inward))))
    # The Earth's centre itself lies up to 0.2 deg off the plane (the paper: 0.18 deg).
    assert abs(off_deg - look_angle_deg) < 0.2


def test_velocity_of_the_centre_would_miss_zero_doppler(link: Link) -> None:
    # What the paper did: 4.6 m/s of the site, left out of 27 km/s, turn the plane by up to 1e-2
    # deg, which the beam sweeps in tens of seconds at (10, 10).
    station = site_station(link.model.ephemeris, LunarSite(10.0, 10.0))
    track = track_over_earth(link.model, station, link.epoch)
    instant = link.epoch.day, link.epoch.second
    own = np.array(site_state(link.model, station, *instant))[3:]
    own -= np.array(site_state(link.model, Station(0.0, 0.0, 0.0), *instant))[3:]
    assert np.linalg.norm(own) == pytest.approx(4.6, abs=0.3)
    axes = [earth_fixed_to_celestial(link.model.orientation, *instant, *axis) for axis in np.eye(3)]
    own_earth_fixed = np.array(axes)[:, :3] @ own
    wrong = Track(track.position_m, track.velocity_m_per_s - own_earth_fixed)
    beam = zero_doppler_direction(wrong, math.radians(0.1), "north")
    target = target_station(meet_earth(track.position_m, beam))
    history = solve_delay_history(link.model, station, target, link.epoch, -60.0, 60.0)
    moved_s = float(history.delay_rate(-1.17) / history.delay_acceleration(-1.17))
    # 20 to 40 s at (10, 10), over the paper's rows.
    assert 15.0 < abs(moved_s) < 50.0


@pytest.mark.parametrize("look_angle_deg", [1.1, 5.0, 90.0, 179.0])
@pytest.mark.parametrize("side", ["north", "south"])
def test_look_angle_that_misses_the_earth_is_refused(
    link: Link, look_angle_deg: float, side: Side
) -> None:
    with pytest.raises(PointingError, match="misses the Earth by") as caught:
        aim_point(link.model, link.site_station, link.epoch, math.radians(look_angle_deg), side)
    assert "look angle" in caught.value.remedy


def test_miss_distance_is_told(link: Link) -> None:
    track = track_over_earth(link.model, link.site_station, link.epoch)
    beam = zero_doppler_direction(track, math.radians(1.2), "north")
    nearest = track.position_m - (track.position_m @ beam) * beam
    with pytest.raises(PointingError) as caught:
        meet_earth(track.position_m, beam)
    told_km = float(caught.value.problem.split(" by ")[1].split(" km")[0])
    # Between the distances from the polar and the equatorial radius.
    distance_km = float(np.linalg.norm(nearest)) / 1e3
    assert distance_km - 6378.2 <= told_km <= (distance_km - 6356.7) * 1.004 + 1.0


@given(
    st.floats(-60.0, 60.0),
    st.floats(-180.0, 180.0),
    st.floats(3.5e8, 4.1e8),
    st.floats(-1.0, 1.0),
    st.floats(-1.0, 1.0),
)
def test_ray_meets_the_ellipsoid_where_it_first_enters(
    latitude_deg: float, longitude_deg: float, distance_m: float, east: float, north: float
) -> None:
    lat, lon = math.radians(latitude_deg), math.radians(longitude_deg)
    outward = np.array(
        (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))
    )
    aside = np.cross((0.0, 0.0, 1.0), outward)
    aside /= np.linalg.norm(aside)
    # Offsets of up to 6000 km, so every ray meets the Earth: 0.7 of its radius both ways.
    through = 4.2e6 * (east * aside + north * np.cross(outward, aside))
    origin = distance_m * outward
    direction = (through - origin) / np.linalg.norm(through - origin)
    point = meet_earth(origin, direction).earth_fixed_m()

    def inside(distance: float) -> float:
        x, y, z = origin + distance * direction
        return float(1.0 - (x * x + y * y) / WGS84_EQUATORIAL_M**2 - z * z / WGS84_POLAR_M**2)

    # March in steps of 50 km until inside, then halve.
    steps = np.arange(distance_m - 7e6, distance_m + 7e6, 5e4)
    first = next(k for k, step in enumerate(steps) if inside(step) > 0.0)
    outer, inner = float(steps[first - 1]), float(steps[first])
    for _ in range(60):
        middle = 0.5 * (outer + inner)
        outer, inner = (outer, middle) if inside(middle) > 0.0 else (middle, inner)
    # Rounding of 4e8 m, enlarged where the ray enters at a slant (sine 0.35 at the least).
    assert point == pytest.approx(origin + inner * direction, abs=1e-5)


def test_ray_away_from_the_earth_is_refused() -> None:
    with pytest.raises(PointingError):
        meet_earth(np.array((3.8e8, 0.0, 0.0)), np.array((1.0, 0.0, 0.0)))


def test_site_moves_with_the_moon_in_the_fixed_frame(link: Link) -> None:
    # Distances are the same in both frames.
    track = track_over_earth(link.model, link.site_station, link.epoch)
    state = np.array(site_state(link.model, link.site_station, link.epoch.day, link.epoch.second))
    # From the barycentre 4670 km off, towards the Moon.
    assert np.linalg.norm(track.position_m) - np.linalg.norm(state[:3]) == pytest.approx(
        4.37e6, abs=0.3e6
    )
