import math
from pathlib import Path

import numpy as np
import pytest
import spiceypy

from sim_core.errors import PointingError
from sim_core.geometry.moon_over_earth import moon_over_earth
from sim_core.geometry.motion import Station, site_state, site_station, target_state
from sim_core.geometry.pointing import Side, aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.steering import (
    Steering,
    TrackVelocity,
    steer,
    steer_along,
    zero_doppler_frame,
)
from tests.sim_core.geometry.cspice_kernels import ephemeris_time, write_de421
from tests.sim_core.geometry.lunar_month import lunar_month

SITE = LunarSite(10.0, 20.0)
SITE_NUMBER, AIM_NUMBER = 301100, 399100
ANGLES = ("azimuth", "elevation", "yaw", "pitch")


@pytest.mark.parametrize("side", ["north", "south"])
def test_aim_is_that_of_the_single_steering(side: Side) -> None:
    epoch, model, moon = lunar_month()
    steering = steer_along(model, moon, SITE, math.radians(0.3), side)
    station = site_station(model.ephemeris, SITE)
    for k in (0, 61, 199):
        at = epoch.plus_seconds(float(moon.elapsed_s[k]))
        aim = aim_point(model, station, at, math.radians(0.3), side)
        # Rounding of 3.6e8 m, and at most 1e-10 s of time.
        assert steering.aim_m[k] == pytest.approx(aim.earth_fixed_m(), abs=1e-5)
        assert math.degrees(steering.latitude_rad[k]) == pytest.approx(aim.latitude_deg, abs=1e-10)


@pytest.mark.parametrize("velocity_of", ["site", "moon_centre"])
def test_frame_is_the_zero_doppler_plane(velocity_of: TrackVelocity) -> None:
    epoch, model, moon = lunar_month()
    motion = moon.site_motion(site_station(model.ephemeris, SITE))
    frame = zero_doppler_frame(motion, velocity_of)
    axes = np.stack((frame.along, frame.inward, frame.northward), axis=1)
    assert axes @ axes.transpose(0, 2, 1) == pytest.approx(
        np.broadcast_to(np.eye(3), (200, 3, 3)), abs=1e-15
    )
    assert (frame.northward[:, 2] > 0.8).all()
    outward = motion.position_m / np.linalg.norm(motion.position_m, axis=1, keepdims=True)
    off = np.arccos(-np.sum(outward * frame.inward, axis=1))
    assert np.rad2deg(off).max() < 0.2  # the paper: 0.18 deg

    # B = V + R x W, from states with axes at rest: what the docstring says, by another way.
    place = site_station(model.ephemeris, SITE)
    for k in (0, 130):
        day, second = epoch.split(float(moon.elapsed_s[k]))
        instant = float(day), float(second)
        centre = np.array(target_state(model, Station(0.0, 0.0, 0.0), *instant))
        site = np.array(site_state(model, place, *instant)) - centre
        moves = site_state(model, place if velocity_of == "site" else Station(0, 0, 0), *instant)
        pole = np.array(target_state(model, Station(0.0, 0.0, 1.0), *instant)) - centre
        x_axis = np.array(target_state(model, Station(1.0, 0.0, 0.0), *instant)) - centre
        y_axis = np.array(target_state(model, Station(0.0, 1.0, 0.0), *instant)) - centre
        to_earth_fixed = np.stack((x_axis[:3], y_axis[:3], pole[:3]))
        spin = to_earth_fixed.T @ motion.spin_rad_per_s[k]
        track = np.array(moves)[3:] - centre[3:] + np.cross(site[:3], spin)
        direction = to_earth_fixed @ track / np.linalg.norm(track)
        # Axes as differences of positions of 4.7e6 m: 1e-9 of each.
        assert frame.along[k] == pytest.approx(direction, abs=1e-8)


@pytest.mark.parametrize("velocity_of", ["site", "moon_centre"])
def test_rates_are_derivatives(velocity_of: TrackVelocity) -> None:
    epoch, model, moon = lunar_month()
    elapsed_s, step_s = moon.elapsed_s[1:-1:10], 30.0

    def at(shift_s: float) -> Steering:
        look = math.radians(0.4)
        return steer(model, SITE, epoch, elapsed_s + shift_s, look, "south", velocity_of)

    near = [at(shift * step_s) for shift in (-2.0, -1.0, 1.0, 2.0)]
    steering = at(0.0)
    for name in ANGLES:
        before, back, on, after = (getattr(s, f"{name}_rad") for s in near)
        numerical = (before - 8.0 * back + 8.0 * on - after) / (12.0 * step_s)
        rate = getattr(steering, f"{name}_rad_per_s")
        # The motion of the pole is left out of the track's acceleration, 4e-7 m/s^2 of 27 km/s:
        # 1.5e-11 rad/s, or 1e-6 deg in 20 minutes.
        assert rate == pytest.approx(numerical, abs=1.5e-11), name
        assert np.abs(rate).max() < 1e-5


def test_rates_follow_a_look_angle_that_changes() -> None:
    epoch, model, _ = lunar_month()
    elapsed_s = np.arange(0.0, 600.0, 10.0)
    look = math.radians(0.2) + 1e-6 * elapsed_s
    steering = steer(model, LunarSite(0.0, 40.0), epoch, elapsed_s, look, "north")
    numerical = np.gradient(steering.elevation_rad, elapsed_s)[1:-1]
    # Second order: (W h)^2 / 6 = 1e-7 of 1e-6 rad/s.
    assert steering.elevation_rad_per_s[1:-1] == pytest.approx(numerical, abs=1e-11)
    assert np.abs(steering.elevation_rad_per_s).max() > 3e-7


def test_sky_angles_are_cspices(cspice: None, tmp_path: Path) -> None:
    epoch, model, _ = lunar_month()
    steering = steer(model, SITE, epoch, [4e4], math.radians(0.5), "north")
    kernel = tmp_path / "link.bsp"
    write_de421(
        kernel,
        [
            (SITE_NUMBER, 301, "MOON_ME_DE421", SITE.mean_earth_m()),
            (AIM_NUMBER, 399, "ITRF93", steering.aim_m[0]),
        ],
    )
    spiceypy.furnsh(str(kernel))
    et = ephemeris_time(epoch) + 4e4
    line, _ = spiceypy.spkpos(str(AIM_NUMBER), et, "MOON_ME_DE421", "NONE", str(SITE_NUMBER))
    east, north, up = SITE.east_north_up() @ (line / np.linalg.norm(line))
    # ITRF93 lies 0.25 m off at most, at 3.6e8 m.
    assert steering.elevation_rad[0] == pytest.approx(math.asin(up), abs=2e-9)
    assert steering.azimuth_rad[0] == pytest.approx(
        math.atan2(east, north) % (2.0 * math.pi), abs=2e-9 / math.hypot(east, north)
    )
    assert steering.range_m[0] == pytest.approx(1e3 * np.linalg.norm(line), abs=0.3)


def test_yaw_and_pitch_turn_an_antenna_from_the_centre_into_the_plane() -> None:
    _, model, moon = lunar_month()
    motion = moon.site_motion(site_station(model.ephemeris, SITE))
    frame = zero_doppler_frame(motion)
    steering = steer_along(model, moon, SITE, math.radians(0.2), "south")
    outward = motion.position_m / np.linalg.norm(motion.position_m, axis=1, keepdims=True)
    west = np.cross(outward, (0.0, 0.0, 1.0))
    west /= np.linalg.norm(west, axis=1, keepdims=True)
    north = np.cross(west, outward)
    yaw, pitch = steering.yaw_rad[:, None], steering.pitch_rad[:, None]
    yawed = np.cos(yaw) * west + np.sin(yaw) * north
    turned = np.cos(pitch) * yawed + np.sin(pitch) * outward
    assert turned == pytest.approx(frame.along, abs=1e-15)
    # The same turns carry the boresight from the centre to where look angles count from.
    assert np.sin(pitch) * yawed - np.cos(pitch) * outward == pytest.approx(frame.inward, abs=1e-15)
    # Both are small: the Moon's orbit is inclined by up to 28.6 deg and moves at 1 km/s of 27, and
    # its distance changes by 80 m/s at most.
    assert np.rad2deg(np.abs(yaw)).max() < 1.3
    assert np.rad2deg(np.abs(pitch)).max() < 0.2
    other = steer_along(model, moon, SITE, math.radians(0.7), "north")
    assert (other.yaw_rad == steering.yaw_rad).all()


def test_beams_off_the_plane() -> None:
    _, model, moon = lunar_month()
    frame = zero_doppler_frame(moon.site_motion(site_station(model.ephemeris, SITE)))
    looks = np.deg2rad([-0.5, 0.0, 0.5])[:, None]
    beams = frame.beam(looks, math.radians(0.25))
    assert beams.shape == (3, 200, 3)
    assert np.linalg.norm(beams, axis=-1) == pytest.approx(1.0, abs=4e-16)
    ahead = np.sum(beams * frame.along, axis=-1)
    assert ahead == pytest.approx(math.sin(math.radians(0.25)), abs=1e-15)
    ground_m = frame.ground(looks)
    assert ground_m.shape == (3, 200, 3)
    # North is north.
    assert (np.diff(ground_m[..., 2], axis=0) > 2e6).all()


def test_incidence_is_seen_from_the_ground() -> None:
    _, model, moon = lunar_month()
    steering = steer_along(model, moon, SITE, math.radians(0.6), "south")
    motion = moon.site_motion(site_station(model.ephemeris, SITE))
    for k in (0, 150):
        place = EarthPoint.from_earth_fixed(steering.aim_m[k])
        line = motion.position_m[k] - steering.aim_m[k]
        cosine = place.east_north_up()[2] @ line / np.linalg.norm(line)
        assert steering.incidence_rad[k] == pytest.approx(math.acos(cosine), abs=1e-12)
        assert steering.longitude_rad[k] == pytest.approx(
            math.radians(place.longitude_deg), abs=1e-14
        )


def test_beam_past_the_limb_has_no_ground() -> None:
    _, model, moon = lunar_month()
    # The Earth's radius is 0.90 to 1.03 deg wide over a month.
    steering = steer_along(model, moon, SITE, math.radians(0.95), "north")
    missed = np.isnan(steering.range_m)
    assert missed.any() and not missed.all()
    assert (np.isnan(steering.incidence_rad) == missed).all()
    assert (np.isnan(steering.latitude_rad) == missed).all()
    assert np.isfinite(steering.elevation_rad).all()
    distance_m = np.linalg.norm(moon.centre_m, axis=1)
    assert distance_m[missed].min() > distance_m[~missed].max() - 3e6  # which latitude, too


def test_azimuth_makes_no_steps_of_a_turn() -> None:
    epoch, model, _ = lunar_month()
    # Seen from the south, the Earth swings about north.
    elapsed_s = np.arange(0.0, 27.0 * 86400.0, 3600.0)
    steering = steer(model, LunarSite(-40.0, 0.0), epoch, elapsed_s, math.radians(0.1), "north")
    assert np.ptp(steering.azimuth_rad % (2.0 * math.pi)) > 6.0
    assert np.abs(np.diff(steering.azimuth_rad)).max() < 0.01


@pytest.mark.parametrize("look_angle_rad", [-0.001, 1.6, math.nan, [0.1] * 199 + [-0.1]])
def test_look_angle_that_is_none_is_refused(look_angle_rad: float) -> None:
    _, model, moon = lunar_month()
    with pytest.raises(PointingError, match="look angle"):
        steer_along(model, moon, SITE, look_angle_rad, "north")


def test_still_sky_gives_angles_at_once() -> None:
    epoch, model, _ = lunar_month()
    moon = moon_over_earth(model, epoch, [0.0])
    assert steer_along(model, moon, SITE, 0.001, "south").azimuth_rad.shape == (1,)
