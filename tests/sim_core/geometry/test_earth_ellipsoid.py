import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.geometry.earth_ellipsoid import (
    WGS84_EQUATORIAL_M,
    WGS84_POLAR_M,
    ellipsoid_normal,
    geodetic_coordinates,
    meet_ellipsoid,
)
from sim_core.geometry.sites import EarthPoint

ORIGIN_M = np.array((3.2e8, -1.4e8, 0.9e8))


@given(st.floats(-90.0, 90.0), st.floats(-180.0, 180.0))
def test_ray_to_a_point_in_sight_ends_there(latitude_deg: float, longitude_deg: float) -> None:
    place = EarthPoint(latitude_deg, longitude_deg)
    place_m = place.earth_fixed_m()
    line = place_m - ORIGIN_M
    sine = -float(line @ place.east_north_up()[2]) / float(np.linalg.norm(line))
    found_m = meet_ellipsoid(ORIGIN_M, line)
    if sine > 0.05:
        # Rounding of 3.6e8 m, enlarged by the slant at which the ray comes in.
        assert found_m == pytest.approx(place_m, abs=1e-6 / sine)
    elif sine < -0.05:
        # The point is on the other side: the ray meets the near one first.
        assert np.linalg.norm(found_m - ORIGIN_M) < np.linalg.norm(line) - 1e3


def test_rays_along_the_axes_meet_them() -> None:
    directions = -np.eye(3)
    found_m = meet_ellipsoid(4e8 * np.eye(3), directions)
    radii_m = (WGS84_EQUATORIAL_M, WGS84_EQUATORIAL_M, WGS84_POLAR_M)
    assert found_m == pytest.approx(np.diag(radii_m), abs=1e-7)


def test_directions_need_no_unit_length() -> None:
    line = -ORIGIN_M
    assert meet_ellipsoid(ORIGIN_M, line) == pytest.approx(
        meet_ellipsoid(ORIGIN_M, line / np.linalg.norm(line)), abs=1e-6
    )


def test_misses_are_nan_one_by_one() -> None:
    aside = np.cross(ORIGIN_M, (0.0, 0.0, 1.0))
    aside /= np.linalg.norm(aside)
    offsets_m = np.array((0.0, 6.3e6, 6.4e6, -6.4e6))
    lines = -ORIGIN_M + offsets_m[:, None] * aside
    met = np.isfinite(meet_ellipsoid(ORIGIN_M, lines)).all(axis=1)
    # A ray at an offset of the equator's radius comes by a little closer, which 60 Earth radii
    # make 1 km.
    assert met.tolist() == [True, True, False, False]
    assert np.isnan(meet_ellipsoid(ORIGIN_M, ORIGIN_M)).all()
    latitude, longitude = geodetic_coordinates(meet_ellipsoid(ORIGIN_M, lines))
    assert np.isfinite(latitude).tolist() == np.isfinite(longitude).tolist() == met.tolist()


def test_shapes_are_broadcast() -> None:
    directions = -ORIGIN_M + np.zeros((2, 1, 3))
    found_m = meet_ellipsoid(np.broadcast_to(ORIGIN_M, (4, 3)), directions)
    assert found_m.shape == (2, 4, 3)
    assert geodetic_coordinates(found_m)[0].shape == (2, 4)


@given(st.floats(-90.0, 90.0), st.floats(-179.0, 179.0))
def test_normal_and_coordinates_are_those_of_the_point(
    latitude_deg: float, longitude_deg: float
) -> None:
    place = EarthPoint(latitude_deg, longitude_deg)
    normal = ellipsoid_normal(place.earth_fixed_m())
    # Rounding.
    assert normal == pytest.approx(place.east_north_up()[2], abs=1e-14)
    latitude_rad, longitude_rad = geodetic_coordinates(place.earth_fixed_m())
    assert float(latitude_rad) == pytest.approx(math.radians(latitude_deg), abs=1e-14)
    if abs(latitude_deg) < 89.9:
        assert float(longitude_rad) == pytest.approx(math.radians(longitude_deg), abs=1e-12)
