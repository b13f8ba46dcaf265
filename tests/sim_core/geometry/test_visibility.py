from pathlib import Path

import numpy as np
import pytest
import spiceypy

from sim_core.errors import EpochError, NotVisibleError
from sim_core.geometry.light_time import two_way_light_times
from sim_core.geometry.motion import site_state, site_station, target_state, target_station
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import elevation_angles, look_angles, require_visible
from tests.sim_core.geometry import cspice_kernels
from tests.sim_core.moon_link import Link

APERTURE_S = np.linspace(-50.0, 50.0, 5)


def test_far_side_does_not_see_the_earth(link: Link) -> None:
    with pytest.raises(NotVisibleError, match=r"site \(0, 180\)") as caught:
        require_visible(link.model, LunarSite(0.0, 180.0), link.target, link.epoch, APERTURE_S)
    assert "near side" in caught.value.remedy


def test_far_side_of_the_earth_is_behind_its_limb(link: Link) -> None:
    opposite = EarthPoint(-link.target.latitude_deg, link.target.longitude_deg + 180.0)
    with pytest.raises(NotVisibleError, match="behind the Earth's limb") as caught:
        require_visible(link.model, link.site, opposite, link.epoch, APERTURE_S)
    assert "target" in caught.value.remedy


def test_point_in_the_zero_doppler_plane_is_visible(link: Link) -> None:
    require_visible(link.model, link.site, link.target, link.epoch, APERTURE_S)


def test_target_that_sets_within_the_aperture_is_refused(link: Link) -> None:
    # Walk along the equator to where the Moon stands just above the horizon and sinks.
    for longitude_deg in np.arange(0.0, 180.0, 0.05):
        target = EarthPoint(0.0, float(longitude_deg))
        at_target = elevation_angles(
            link.model, link.site, target, link.epoch, np.array([-50.0, 50.0])
        )[1]
        if at_target[0] > 0.0 > at_target[1]:
            break
    assert at_target[0] > 0.0 > at_target[1]
    require_visible(link.model, link.site, target, link.epoch, [-50.0])
    with pytest.raises(NotVisibleError):
        require_visible(link.model, link.site, target, link.epoch, [-50.0, 50.0])


def test_elevation_is_the_angle_of_the_triangle(link: Link) -> None:
    # On the Moon's sphere: up is the radius, so the angle at the site follows from three sides.
    instant = link.epoch.day, link.epoch.second
    site = np.array(site_state(link.model, link.site_station, *instant)[:3])
    moon = np.array(
        site_state(link.model, link.site_station._replace(x=0.0, y=0.0, z=0.0), *instant)
    )
    target = np.array(target_state(link.model, link.target_station, *instant)[:3])
    a, b, c = (
        float(np.linalg.norm(v)) for v in (target - moon[:3], target - site, site - moon[:3])
    )
    sine = (a * a - b * b - c * c) / (2.0 * b * c)
    at_site, at_target = elevation_angles(link.model, link.site, link.target, link.epoch, 0.0)
    # Squares of 4e8 m in doubles; the arcsine near 80 deg takes six times the error.
    assert at_site[0] == pytest.approx(np.arcsin(sine), abs=1e-12)
    # The target is seen at 80 deg and more, since it lies near the middle of the Earth's disc.
    assert np.rad2deg(at_target[0]) > 60.0


def test_earth_stands_still_in_the_sky_and_turns_below_the_moon(link: Link) -> None:
    at_site, at_target = elevation_angles(
        link.model, link.site, link.target, link.epoch, np.array([-200.0, 200.0])
    )
    # The Moon moves by 15 deg/h in the target's sky, the Earth by 0.5 deg/h at most in the site's,
    # where the target moves over the disc of 2 deg.
    assert abs(np.rad2deg(at_site[1] - at_site[0])) < 0.2
    assert 0.0 < abs(np.rad2deg(at_target[1] - at_target[0])) < 400.0 / 240.0


@pytest.mark.parametrize("seconds", [np.nan, np.inf, 1e7])
def test_instants_that_are_none_or_not_covered_are_refused(link: Link, seconds: float) -> None:
    for function in (elevation_angles, look_angles, require_visible):
        with pytest.raises(EpochError, match=r"not covered|no instant"):
            function(link.model, link.site, link.target, link.epoch, [0.0, seconds])


def test_look_angles_are_cspices(link: Link, cspice: None, tmp_path: Path) -> None:
    site, target = LunarSite(35.0, -20.0, 500.0), EarthPoint(link.target.latitude_deg, 20.0, 1e3)
    numbers = {"site": 301150, "target": 399150}
    cspice_kernels.write_de421(
        tmp_path / "de421.bsp",
        [
            (numbers["site"], 301, "MOON_ME_DE421", site.mean_earth_m()),
            (numbers["target"], 399, "ITRF93", target.earth_fixed_m()),
        ],
    )
    spiceypy.furnsh(str(tmp_path / "de421.bsp"))
    spiceypy.pdpool("BODY301_RADII", [1737.4] * 3)
    spiceypy.pdpool("BODY399_RADII", [6378.137, 6378.137, 6378.137 * (1.0 - 1 / 298.257223563)])
    times_s = np.linspace(-250.0, 250.0, 5)
    found = look_angles(link.model, site, target, link.epoch, times_s)
    stations = site_station(link.model.ephemeris, site), target_station(target)
    down_s = two_way_light_times(link.model, *stations, *link.epoch.split(times_s)).downlink_s
    for k, time_s in enumerate(times_s):
        et = cspice_kernels.ephemeris_time(link.epoch.plus_seconds(float(time_s)))
        # Transmission and reception, converged, with stellar aberration; azimuth clockwise.
        leaves, _ = spiceypy.azlcpo(
            "ELLIPSOID", str(numbers["target"]), et, "XCN+S", False, True,
            site.mean_earth_m() / 1e3, "MOON", "MOON_ME_DE421",
        )  # fmt: skip
        arrives, _ = spiceypy.azlcpo(
            "ELLIPSOID", str(numbers["site"]), et + float(down_s[k]), "CN+S", False, True,
            target.earth_fixed_m() / 1e3, "EARTH", "ITRF93",
        )  # fmt: skip
        # On the Moon: an orientation equal to 2e-12, aberration of second order left out by
        # CSPICE or us (5e-9); a target 0.25 m off makes 7e-10.
        assert found.site_azimuth_rad[k] == pytest.approx(leaves[1], abs=2e-8)
        assert found.site_elevation_rad[k] == pytest.approx(leaves[2], abs=2e-8)
        # On the Earth: ITRF93 is turned by up to 0.15 m of 6.4e6 m, 2.4e-8, against the IERS's;
        # the azimuth takes more of that near the zenith.
        cosine = np.cos(arrives[2])
        assert found.target_azimuth_rad[k] == pytest.approx(arrives[1], abs=6e-8 / cosine)
        assert found.target_elevation_rad[k] == pytest.approx(arrives[2], abs=6e-8)


def test_look_angles_contain_light_time_and_aberration(link: Link) -> None:
    found = look_angles(link.model, link.site, link.target, link.epoch, APERTURE_S)
    at_site, at_target = elevation_angles(
        link.model, link.site, link.target, link.epoch, APERTURE_S
    )
    # 30 km/s is 20 arc seconds; within 1.3 s the target moves by 465 m/s of 3.6e8 m.
    limit_rad = np.deg2rad(25.0 / 3600.0)
    assert 0.0 < np.max(np.abs(found.site_elevation_rad - at_site)) < limit_rad
    assert 0.0 < np.max(np.abs(found.target_elevation_rad - at_target)) < limit_rad
    assert not found.behind_moon.any()
    assert not found.behind_earth.any()


def test_azimuth_counts_from_north_clockwise(link: Link) -> None:
    # The Moon is north of a point in the far south and south of one in the far north; east of a
    # point in the west. On the Moon, the Earth is west of a site in the east.
    def azimuth_deg(latitude_deg: float, longitude_deg: float) -> float:
        target = EarthPoint(latitude_deg, longitude_deg)
        angles = look_angles(link.model, link.site, target, link.epoch, 0.0)
        return float(np.rad2deg(angles.target_azimuth_rad[0]))

    # The target lies near the point under the Moon.
    longitude_deg = link.target.longitude_deg
    north = azimuth_deg(-70.0, longitude_deg)
    assert min(north, 360.0 - north) < 10.0
    assert azimuth_deg(80.0, longitude_deg) == pytest.approx(180.0, abs=10.0)
    assert azimuth_deg(10.0, longitude_deg - 60.0) == pytest.approx(90.0, abs=15.0)
    assert azimuth_deg(10.0, longitude_deg + 60.0) == pytest.approx(270.0, abs=15.0)
    east_of_centre = look_angles(link.model, LunarSite(0.0, 60.0), link.target, link.epoch, 0.0)
    assert np.rad2deg(east_of_centre.site_azimuth_rad[0]) == pytest.approx(270.0, abs=15.0)


@pytest.mark.parametrize("offset_deg", [-0.3, 0.3])
def test_limbs_hide_what_is_below_the_horizon(link: Link, offset_deg: float) -> None:
    # On the ground, a limb is in the way exactly if the geometric elevation is negative.
    for longitude_deg in np.arange(0.0, 360.0, 10.0):
        target = EarthPoint(20.0, float(longitude_deg) + offset_deg)
        site = LunarSite(-30.0, float(longitude_deg) + offset_deg)
        at_earth = look_angles(link.model, link.site, target, link.epoch, 0.0)
        below = elevation_angles(link.model, link.site, target, link.epoch, 0.0)[1] < 0.0
        assert at_earth.behind_earth[0] == below[0]
        at_moon = look_angles(link.model, site, link.target, link.epoch, 0.0)
        below = elevation_angles(link.model, site, link.target, link.epoch, 0.0)[0] < 0.0
        assert at_moon.behind_moon[0] == below[0]
        assert not at_moon.behind_earth[0]


def test_height_sees_beyond_the_horizon(link: Link) -> None:
    # Walk to where the Moon is 3 deg below the horizon: at 1000 km the horizon dips by 30 deg,
    # at 1 km by 1 deg.
    for longitude_deg in np.arange(0.0, 180.0, 0.5):
        angles = look_angles(
            link.model, link.site, EarthPoint(0.0, float(longitude_deg)), link.epoch, 0.0
        )
        if -4.0 < np.rad2deg(angles.target_elevation_rad[0]) < -3.0:
            break
    for height_m, hidden in ((0.0, True), (1e3, True), (1e6, False)):
        target = EarthPoint(0.0, float(longitude_deg), height_m)
        angles = look_angles(link.model, link.site, target, link.epoch, 0.0)
        assert angles.behind_earth[0] == hidden
        assert angles.target_elevation_rad[0] < 0.0
    # A site in a crater, below the sphere, is not hidden by it.
    deep = look_angles(link.model, LunarSite(0.0, 0.0, -4e3), link.target, link.epoch, 0.0)
    assert not deep.behind_moon[0]
