from pathlib import Path

import numpy as np
import pytest
import spiceypy

from sim_core.errors import EpochError
from sim_core.geometry.moon_over_earth import moon_over_earth
from sim_core.geometry.motion import Station, site_station
from sim_core.geometry.pointing import track_over_earth
from sim_core.geometry.sites import LunarSite
from tests.sim_core.geometry.cspice_kernels import ephemeris_time, write_de421
from tests.sim_core.geometry.lunar_month import lunar_month

SITE = LunarSite(10.0, 20.0)
SITE_NUMBER = 301100


def five_point_derivative(values: list[np.ndarray], step_s: float) -> np.ndarray:
    difference = values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]
    return np.asarray(difference / (12.0 * step_s))


def test_velocities_and_accelerations_are_derivatives() -> None:
    epoch, model, moon = lunar_month()
    station = site_station(model.ephemeris, SITE)
    step_s = 20.0
    near = [
        moon_over_earth(model, epoch, moon.elapsed_s[:60] + 100.0 + t).site_motion(station)
        for t in (-2.0 * step_s, -step_s, step_s, 2.0 * step_s)
    ]
    motion = moon_over_earth(model, epoch, moon.elapsed_s[:60] + 100.0).site_motion(station)
    numerical = five_point_derivative([m.position_m for m in near], step_s)
    # Fourth order: (W h)^4 / 30 = 2e-13 of 28 km/s; positions of 4e8 m round by 6e-8 m.
    assert motion.velocity_m_per_s == pytest.approx(numerical, abs=3e-8)
    numerical = five_point_derivative([m.velocity_m_per_s for m in near], step_s)
    # The motion of the pole is left out of the acceleration: 1e-7 of 2 m/s^2.
    assert motion.acceleration_m_per_s2 == pytest.approx(numerical, abs=4e-7)
    numerical = five_point_derivative([m.own_velocity_m_per_s for m in near], step_s)
    # Of which the site has the Moon's radius over its distance, 0.005.
    assert motion.own_acceleration_m_per_s2 == pytest.approx(numerical, abs=2e-9)


def test_motion_is_that_of_the_single_track() -> None:
    epoch, model, moon = lunar_month()
    station = site_station(model.ephemeris, SITE)
    motion = moon.site_motion(station)
    for k in (0, 77, 199):
        track = track_over_earth(model, station, epoch.plus_seconds(float(moon.elapsed_s[k])))
        # Rounding of 4e8 m and of 28 km/s; epochs are split differently by 1e-10 s.
        assert motion.position_m[k] == pytest.approx(track.position_m, abs=1e-5)
        assert motion.velocity_m_per_s[k] == pytest.approx(track.velocity_m_per_s, abs=1e-9)


def test_motion_is_cspices(cspice: None, tmp_path: Path) -> None:
    epoch, model, moon = lunar_month()
    kernel = tmp_path / "moon.bsp"
    write_de421(kernel, [(SITE_NUMBER, 301, "MOON_ME_DE421", SITE.mean_earth_m())])
    spiceypy.furnsh(str(kernel))
    motion = moon.site_motion(site_station(model.ephemeris, SITE))
    for k in range(0, 200, 20):
        et = ephemeris_time(epoch) + float(moon.elapsed_s[k])
        state = 1e3 * np.array(spiceypy.spkezr(str(SITE_NUMBER), et, "ITRF93", "NONE", "399")[0])
        # ITRF93 lies 0.25 m off on the equator at most, an angle of 4e-8 rad: 14 m at the Moon and
        # 1 mm/s of the track. The range rate does not know it.
        assert motion.position_m[k] == pytest.approx(state[:3], abs=16.0)
        assert motion.velocity_m_per_s[k] == pytest.approx(state[3:], abs=1.2e-3)
        recession = state[:3] @ state[3:] / np.linalg.norm(state[:3])
        ours = motion.position_m[k] @ motion.velocity_m_per_s[k]
        # One double of time is good to 6e-8 s, in which a range rate changes by 1e-11 m/s.
        assert ours / np.linalg.norm(motion.position_m[k]) == pytest.approx(recession, abs=1e-8)


def test_earth_spins_as_it_should() -> None:
    _, _, moon = lunar_month()
    # IERS Conventions 2010, table 1.1 (nominal): 7.292115e-5 rad/s; a day's length varies by 3 ms,
    # the pole lies within 0.6 arc seconds and turns within 0.1 arc seconds a month.
    assert np.linalg.norm(moon.spin_rad_per_s, axis=1) == pytest.approx(7.292115e-5, rel=4e-8)
    across = np.hypot(moon.spin_rad_per_s[:, 0], moon.spin_rad_per_s[:, 1])
    assert (across / 7.292115e-5 < 4e-6).all()


def test_site_turns_with_the_moon() -> None:
    _, model, moon = lunar_month()
    own = moon.site_motion(site_station(model.ephemeris, LunarSite(0.0, 0.0))).own_velocity_m_per_s
    # 1737.4 km times a turn in 27.32 days: 4.624 m/s; librations turn it by 3 percent.
    assert np.linalg.norm(own, axis=1) == pytest.approx(4.624, rel=0.03)
    still = moon.site_motion(Station(0.0, 0.0, 0.0))
    assert not still.own_velocity_m_per_s.any()
    assert still.position_m == pytest.approx(moon.centre_m, abs=0.0)


@pytest.mark.parametrize("elapsed_s", [[np.nan], [np.inf], [-1e9], [[0.0, 1.0]]])
def test_instants_that_are_none_are_refused(elapsed_s: list[float]) -> None:
    epoch, model, _ = lunar_month()
    with pytest.raises(EpochError):
        moon_over_earth(model, epoch, elapsed_s)
