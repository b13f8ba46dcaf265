import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import CoordinateError
from sim_core.geometry.sites import LUNAR_RADIUS_M, EarthPoint, LunarSite, surface_up_m

latitudes = st.floats(-90.0, 90.0)
longitudes = st.floats(-180.0, 180.0)
heights = st.floats(-10e3, 100e3)


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg", "height_m", "expected_m"),
    [
        # Axes and equatorial radius, polar radius of WGS84 by definition.
        (0.0, 0.0, 0.0, (6378137.0, 0.0, 0.0)),
        (0.0, 90.0, 100.0, (0.0, 6378237.0, 0.0)),
        (0.0, -180.0, 0.0, (-6378137.0, 0.0, 0.0)),
        (90.0, 0.0, 0.0, (0.0, 0.0, 6356752.314245)),
        (-90.0, 77.0, -52.0, (0.0, 0.0, -6356700.314245)),
        # 45 deg: N = a / sqrt(1 - e2/2) = 6388838.290 m.
        (45.0, 0.0, 0.0, (4517590.878849, 0.0, 4487348.408866)),
    ],
)
def test_points_of_the_ellipsoid(
    latitude_deg: float,
    longitude_deg: float,
    height_m: float,
    expected_m: tuple[float, float, float],
) -> None:
    found = EarthPoint(latitude_deg, longitude_deg, height_m).earth_fixed_m()
    # The table's digits.
    assert found == pytest.approx(expected_m, abs=2e-6)


@given(latitudes, longitudes, heights)
def test_earth_fixed_coordinates_come_back(
    latitude_deg: float, longitude_deg: float, height_m: float
) -> None:
    point = EarthPoint(latitude_deg, longitude_deg, height_m)
    again = EarthPoint.from_earth_fixed(point.earth_fixed_m())
    # Fukushima's method in double precision: 1e-9 of 6.4e6 m is 6 mm, it reaches some nanometres.
    assert again.earth_fixed_m() == pytest.approx(point.earth_fixed_m(), abs=1e-7)
    assert again.height_m == pytest.approx(height_m, abs=1e-7)


@given(latitudes, longitudes, st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(-1e3, 1e3))
def test_offset_is_measured_along_east_north_and_up(
    latitude_deg: float, longitude_deg: float, east_m: float, north_m: float, up_m: float
) -> None:
    point = EarthPoint(latitude_deg, longitude_deg)
    axes = point.east_north_up()
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-15)
    assert np.linalg.det(axes) == pytest.approx(1.0, abs=1e-14)
    shift = point.offset(east_m, north_m, up_m).earth_fixed_m() - point.earth_fixed_m()
    assert axes @ shift == pytest.approx((east_m, north_m, up_m), abs=1e-6)


def test_offset_east_and_north_turn_the_right_way() -> None:
    point = EarthPoint(40.0, 10.0)
    assert point.offset(1000.0, 0.0, 0.0).longitude_deg > 10.0
    assert point.offset(0.0, 1000.0, 0.0).latitude_deg > 40.0
    assert point.offset(0.0, 0.0, 1000.0).height_m == pytest.approx(1000.0, abs=1e-6)


def test_lunar_sites_lie_on_the_sphere() -> None:
    # Doubles of 1.7e6 m, cosines of 90 deg of 6e-17.
    assert LUNAR_RADIUS_M == 1737.4e3
    assert LunarSite(0.0, 0.0).mean_earth_m() == pytest.approx((1737.4e3, 0.0, 0.0), abs=1e-9)
    assert LunarSite(0.0, 90.0, 600.0).mean_earth_m() == pytest.approx((0, 1738e3, 0), abs=1e-9)
    assert LunarSite(-90.0, 0.0).mean_earth_m() == pytest.approx((0, 0, -1737.4e3), abs=1e-9)
    half = 1737.4e3 * math.sqrt(0.5)
    assert LunarSite(45.0, 0.0).mean_earth_m() == pytest.approx((half, 0.0, half), abs=1e-9)


@pytest.mark.parametrize("place", [LunarSite, EarthPoint])
@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg", "height_m", "named"),
    [
        (90.001, 0.0, 0.0, "latitude"),
        (-91.0, 0.0, 0.0, "latitude"),
        (math.nan, 0.0, 0.0, "latitude"),
        (0.0, 361.0, 0.0, "longitude"),
        (0.0, math.inf, 0.0, "longitude"),
        (0.0, math.nan, 0.0, "longitude"),
        (0.0, 0.0, math.nan, "height"),
        (0.0, 0.0, -2e6, "height"),
    ],
)
def test_what_is_no_place_is_refused(
    place: type[LunarSite] | type[EarthPoint],
    latitude_deg: float,
    longitude_deg: float,
    height_m: float,
    named: str,
) -> None:
    with pytest.raises(CoordinateError, match=named) as caught:
        place(latitude_deg, longitude_deg, height_m)
    assert caught.value.remedy.startswith("give")


@pytest.mark.parametrize("half_m", [1e3, 28e3, 150e3])
def test_surface_lies_at_the_height(half_m: float) -> None:
    centre = EarthPoint(40.0, -10.0, 250.0)
    generator = np.random.default_rng(5)
    east_m, north_m = generator.uniform(-half_m, half_m, (2, 50))
    height_m = generator.uniform(-200.0, 5000.0, 50)
    up_m = surface_up_m(centre, east_m, north_m, height_m)
    reached_m = [
        centre.offset(*offset).height_m for offset in zip(east_m, north_m, up_m, strict=True)
    ]
    # ERFA's heights are good to a few ulp of the Earth's radius, 9e-10 m each.
    assert np.max(np.abs(np.array(reached_m) - height_m)) < 1e-8


def test_surface_falls_off_by_the_curvature() -> None:
    # On the equator to the east the ellipsoid is a circle: R - sqrt(R^2 - e^2).
    radius_m, east_m = 6378137.0, 20e3
    up_m = surface_up_m(EarthPoint(0.0, 30.0), east_m, 0.0)
    assert float(up_m) == pytest.approx(np.sqrt(radius_m**2 - east_m**2) - radius_m, abs=1e-8)
