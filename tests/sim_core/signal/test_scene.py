import numpy as np
import pytest

from sim_core.errors import SamplingError
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import EarthPoint
from sim_core.signal.scene import Scene, point_grid, scene_of_image

CENTRE = EarthPoint(40.0, 10.0, 120.0)
# Three rows to the north, five columns to the east.
GRID = GroundGrid(CENTRE, -200.0, 100.0, 5, -50.0, 50.0, 3, "ellipsoid", 120.0)


def test_point_grid_has_a_scatterer_on_each_place() -> None:
    scene = point_grid(GRID, 0.5j)
    assert scene.scatterers == 15
    assert scene.east_m.reshape(3, 5)[1] == pytest.approx([-200.0, -100.0, 0.0, 100.0, 200.0])
    assert scene.north_m.reshape(3, 5)[:, 2] == pytest.approx([-50.0, 0.0, 50.0])
    assert np.all(scene.reflectivity == 0.5j)
    heights_m = [
        CENTRE.offset(*place).height_m
        for place in zip(scene.east_m, scene.north_m, scene.up_m, strict=True)
    ]
    # ERFA's rounding, as in test_sites.
    assert heights_m == pytest.approx([120.0] * 15, abs=1e-8)


def test_pixels_that_are_zero_are_no_scatterers() -> None:
    image = np.zeros((3, 5), dtype=complex)
    image[2, 1], image[0, 4] = 2.0 - 1.0j, 1.0j
    scene = scene_of_image(image, GRID)
    assert scene.east_m.tolist() == [200.0, -100.0]
    assert scene.north_m.tolist() == [-50.0, 50.0]
    assert scene.reflectivity.tolist() == [1.0j, 2.0 - 1.0j]


def test_scatterers_stay_within_their_pixels() -> None:
    flat = GroundGrid(CENTRE, 0.0, 10.0, 100, 0.0, 20.0, 100, "plane", 3.0)
    plain = point_grid(flat)
    moved = scene_of_image(np.ones((100, 100)), flat, scatter=np.random.default_rng(0))
    east, north = moved.east_m - plain.east_m, moved.north_m - plain.north_m
    assert np.all(np.abs(east) <= 5.0)
    assert np.all(np.abs(north) <= 10.0)
    # A uniform spread of width w has w / sqrt(12), of 1e4 values known to 1 %.
    assert np.std(east) == pytest.approx(10.0 / np.sqrt(12.0), rel=0.03)
    assert np.std(north) == pytest.approx(20.0 / np.sqrt(12.0), rel=0.03)
    assert np.all(moved.up_m == 3.0)


def test_speckle_keeps_the_mean_power() -> None:
    flat = GroundGrid(CENTRE, 0.0, 10.0, 200, 0.0, 10.0, 200, "plane")
    scene = scene_of_image(np.full((200, 200), 2.0), flat, speckle=np.random.default_rng(0))
    power = np.abs(scene.reflectivity) ** 2
    # Exponential: mean and standard deviation of 4; 4e4 values give them to 0.5 and 1 %.
    assert np.mean(power) == pytest.approx(4.0, rel=0.02)
    assert np.std(power) == pytest.approx(4.0, rel=0.04)
    again = scene_of_image(np.full((200, 200), 2.0), flat, speckle=np.random.default_rng(0))
    np.testing.assert_array_equal(again.reflectivity, scene.reflectivity)


@pytest.mark.parametrize(
    ("place", "reflectivity", "problem"),
    [
        ([], [], "no scatterers"),
        ([1.0, 2.0], [1.0], "no scatterers"),
        ([[1.0]], [[1.0]], "no scatterers"),
        ([np.nan], [1.0], "not finite"),
        ([0.0], [complex(np.inf, 0.0)], "not finite"),
    ],
)
def test_refuses_what_is_no_scatterer(
    place: list[float], reflectivity: list[complex], problem: str
) -> None:
    offset_m = np.array(place)
    with pytest.raises(SamplingError, match=problem):
        Scene(offset_m, offset_m, offset_m, np.array(reflectivity))


def test_refuses_images_without_a_scene() -> None:
    with pytest.raises(SamplingError, match="does not fit"):
        scene_of_image(np.ones((5, 3)), GRID)
    with pytest.raises(SamplingError, match="zero everywhere"):
        scene_of_image(np.zeros((3, 5)), GRID)
