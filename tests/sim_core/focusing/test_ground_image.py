"""Points on the ground, focused and projected, lie at their own east and north."""

import dataclasses
import functools
import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.focus import focus
from sim_core.focusing.ground_image import project_to_ground
from sim_core.focusing.image import Image, Method
from sim_core.focusing.settings import FocusSettings
from sim_core.focusing.slant_geometry import SlantGeometry, solve_slant_geometry
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.signal.pulse_schedule import PulseSchedule
from tests.sim_core.focusing.moon_scene import NARROW_CHIRP, MoonScene, echoes_of, moon_scene
from tests.sim_core.focusing.point_echoes import CARRIER_HZ

# East, north, reflectivity; 5 degrees of incidence: a cell is 2.4 m east and 90 m north.
POINTS = [(0.0, 0.0, 1.0), (2500.0, 1800.0, 0.5j), (-3100.0, -2600.0, -0.8), (5200.0, 900.0, 0.7)]
METHODS: list[Method] = ["range-doppler", "deramp"]


@functools.cache
def schedule() -> PulseSchedule:
    return moon_scene().narrow_windows(prf_hz=300.0, window_samples=480)


@functools.cache
def geometry_of(method: Method) -> SlantGeometry:
    return solve_slant_geometry(
        moon_scene().field,
        moon_scene().reference,
        schedule(),
        NARROW_CHIRP,
        CARRIER_HZ,
        method,
        half_east_m=6e3,
        half_north_m=4e3,
        height_m=(-20.0, 20.0),
    )


@functools.cache
def image_of(method: Method) -> Image:
    echoes = echoes_of(
        [moon_scene().field_history(east, north) for east, north, _ in POINTS],
        schedule(),
        NARROW_CHIRP,
        [value for _, _, value in POINTS],
    )
    return focus(
        echoes,
        schedule(),
        NARROW_CHIRP,
        CARRIER_HZ,
        moon_scene().reference,
        FocusSettings(method=method),
        field=moon_scene().field,
    )


def vertex(magnitude: np.ndarray) -> float:
    """Return the place of the highest of three values, by the parabola of their logarithms."""
    low, middle, high = np.log(magnitude)
    return float(0.5 * (low - high) / (low - 2.0 * middle + high))


@pytest.mark.parametrize("method", METHODS)
def test_points_are_at_their_places_with_their_own_phase(scene: MoonScene, method: Method) -> None:
    image, geometry = image_of(method), geometry_of(method)
    for east_m, north_m, value in POINTS:
        steps = (0.3, 10.0)
        grid = GroundGrid(scene.centre, east_m - 8 * 0.3, 0.3, 17, north_m - 8 * 10.0, 10.0, 17)
        ground = project_to_ground(image, geometry, grid)
        assert ground.method == method
        magnitude = np.abs(ground.samples)
        assert int(np.argmax(magnitude)) == 8 * 17 + 8
        # The bars: 0.02 cell and 0.5 degrees. Side lobes of the others are 3e-4 of a point here.
        assert abs(vertex(magnitude[8, 7:10])) * steps[0] < 0.02 * 2.4
        assert abs(vertex(magnitude[7:10, 8])) * steps[1] < 0.02 * 90.0
        assert magnitude[8, 8] == pytest.approx(abs(value), rel=3e-3)
        phase = math.degrees(np.angle(ground.samples[8, 8] / value))
        assert abs(phase) < 0.25


def test_both_methods_give_the_same_ground(scene: MoonScene) -> None:
    grid = GroundGrid(scene.centre, -3120.0, 0.5, 81, -2800.0, 10.0, 41)
    a, b = (project_to_ground(image_of(m), geometry_of(m), grid).samples for m in METHODS)
    # A point and its side lobes. What differs is the band that range-Doppler keeps, 2 % more, and
    # how either couples range into azimuth.
    assert np.max(np.abs(a - b)) < 0.02 * np.max(np.abs(a))


def test_where_the_image_does_not_reach_is_zero(scene: MoonScene) -> None:
    image, geometry = image_of("deramp"), geometry_of("deramp")
    cut = dataclasses.replace(image, samples=image.samples[: image.samples.shape[0] // 2])
    grid = GroundGrid.about(scene.centre, 5e3, 500.0, 500.0)
    samples = project_to_ground(cut, geometry, grid).samples
    # East is the way of falling lags here.
    lags = geometry.slant_of_grid(grid)[1]
    assert np.all(samples[lags > cut.azimuth_s()[-1]] == 0.0)
    assert np.all(samples[lags < cut.azimuth_s()[-1]] != 0.0)


def test_what_does_not_fit_is_refused(scene: MoonScene) -> None:
    image, geometry = image_of("deramp"), geometry_of("deramp")
    grid = GroundGrid.about(scene.centre, 100.0, 100.0, 50.0)
    with pytest.raises(FocusingError, match="does not fit a geometry of deramp"):
        project_to_ground(dataclasses.replace(image, method="range-doppler"), geometry, grid)
    sparse = dataclasses.replace(image, range_step_s=2.0 * image.range_step_s)
    with pytest.raises(FocusingError, match="samples per cell in range"):
        project_to_ground(sparse, geometry, grid)
    far = GroundGrid.about(scene.centre, 7e3, 100.0, 50.0)
    with pytest.raises(FocusingError, match="lies outside of the slant geometry"):
        project_to_ground(image, geometry, far)
