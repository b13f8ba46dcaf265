import numpy as np
import pytest

from sim_core.errors import NotVisibleError
from sim_core.geometry.motion import site_state, target_state
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import elevation_angles, require_visible
from tests.sim_core.geometry.conftest import Link

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
