from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from rasterio.warp import transform

from sim_core.errors import CoordinateError
from sim_core.geometry.ground_grid import GroundGrid, Surface
from sim_core.geometry.sites import EarthPoint

CENTRE = EarthPoint(-23.4, 121.7, 380.0)
GRID = GroundGrid.about(CENTRE, 10e3, 6e3, 2e3)


def projected(place: EarthPoint) -> tuple[float, float]:
    """Let PROJ, through GDAL, project a place to the grid's reference system."""
    x, y = transform("EPSG:4326", GRID.crs(), [place.longitude_deg], [place.latitude_deg])[:2]
    return float(x[0]), float(y[0])


def test_a_grid_about_a_centre_has_a_place_on_it() -> None:
    assert GRID.shape == (7, 11)
    assert GRID.east_m()[5] == 0.0
    assert GRID.north_m()[3] == 0.0
    assert GRID.north_m()[0] == -6e3
    place = GRID.place(3, 5)
    assert place.latitude_deg == pytest.approx(CENTRE.latitude_deg, abs=1e-12)
    # It lies on the ellipsoid, below the centre.
    assert place.height_m == pytest.approx(0.0, abs=5e-9)
    assert GRID.up_m().shape == GRID.shape
    assert GRID.up_m(slice(2, 4)) == pytest.approx(GRID.up_m()[2:4], abs=0.0)
    assert GRID.up_m()[3, 5] == pytest.approx(-380.0, abs=5e-9)


def test_a_plane_is_flat() -> None:
    plane = GroundGrid.about(CENTRE, 4e3, 4e3, 2e3, surface="plane", height_m=12.0)
    assert np.all(plane.up_m() == 12.0)
    expected = CENTRE.offset(-4e3, 4e3, 12.0)
    assert plane.place(4, 0) == expected


def test_the_reference_system_is_what_proj_makes_of_it() -> None:
    """Latitude and longitude of the grid's places, projected by PROJ, are the offsets."""
    for row, column in ((0, 0), (6, 10), (2, 7)):
        place = GRID.place(row, column)
        east_m, north_m = projected(place)
        # Degrees in doubles keep 1.4e-14 deg of 122: 2e-9 m, and PROJ's own series a little less.
        assert east_m == pytest.approx(GRID.east_m()[column], abs=2e-8)
        assert north_m == pytest.approx(GRID.north_m()[row], abs=2e-8)


def test_corners_are_half_a_pixel_further_out() -> None:
    assert projected(GRID.corners()["north_west"]) == pytest.approx((-11e3, 7e3), abs=2e-8)
    a, _, c, _, e, f = GRID.north_up_transform()
    assert (c, f) == (-11e3, 7e3)
    # The centre of the last pixel of the last row, counted from the north.
    assert (c + a * 10.5, f + e * 6.5) == (10e3, -6e3)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: replace(GRID, east_step_m=0.0), "holds no places"),
        (lambda: replace(GRID, north_step_m=float("nan")), "holds no places"),
        (lambda: replace(GRID, rows=0), "holds no places"),
        (lambda: replace(GRID, surface=cast(Surface, "geoid")), "unknown"),
        (lambda: replace(GRID, east_start_m=3e6), "not on the ground"),
        (lambda: replace(GRID, height_m=float("inf")), "not on the ground"),
        (lambda: GroundGrid.about(CENTRE, 1e3, 1e3, 0.0), "is none"),
        (lambda: GroundGrid.about(CENTRE, -1e3, 1e3, 10.0), "is none"),
    ],
)
def test_grids_of_nothing_are_refused(make: Callable[[], object], problem: str) -> None:
    with pytest.raises(CoordinateError, match=problem):
        make()
