from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.response.spur import find_spur
from sim_core.signal.window import Window
from tests.sim_core.focusing.response.ideal_images import ideal, image_of

SHAPE = (1201, 257)
HERE = [(0.0, 0.0)]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("place", [(200.3, 60.4), (-450.0, -100.2), (300.4, 0.3)])
def test_a_ghost_is_found_off_the_side_lobes_and_on_them(
    place: tuple[float, float], order: Literal["C", "F"]
) -> None:
    # The last place is on the point's own azimuth side lobes, -57 dB there.
    samples = ideal(0.2, 0.1, shape=SHAPE) + 0.02 * ideal(*place, shape=SHAPE)
    image = image_of(np.asarray(samples, dtype=np.complex64, order=order))
    spur = find_spur(image, HERE)
    assert spur is not None
    # Its level is that between the samples; the side lobes have 0.07 of it, either way.
    assert spur.level_db == pytest.approx(-34.0, abs=0.7)
    assert spur.excess_db == pytest.approx(-34.0, abs=1.3)
    assert spur.azimuth_s / image.azimuth_step_s == pytest.approx(place[0], abs=0.2)
    assert spur.range_s / image.range_step_s == pytest.approx(place[1], abs=0.2)


@pytest.mark.parametrize("window", [Window(), Window("hann")])
def test_side_lobes_alone_are_no_spur(window: Window) -> None:
    samples = ideal(0.2, 0.1, window, shape=SHAPE)
    samples += 0.5 * ideal(300.0, 60.0, window, shape=SHAPE)
    image = image_of(samples)
    places = [*HERE, (60.0 * image.range_step_s, 300.0 * image.azimuth_step_s)]
    spur = find_spur(image, places)
    assert spur is not None
    assert spur.excess_db < -70.0


@pytest.mark.parametrize("axis", [0, 1])
def test_a_line_through_the_image_is_found(axis: int) -> None:
    # A tone, or an offset, focuses in one axis at most.
    samples = ideal(0.0, 0.0, shape=SHAPE)
    line = np.zeros(SHAPE, dtype=np.complex128)
    line[(slice(None), 40) if axis == 0 else (900, slice(None))] = 3e-3
    spur = find_spur(image_of(samples + line), HERE)
    assert spur is not None
    assert spur.level_db == pytest.approx(-50.0, abs=3.0)


def test_noise_alone_reaches_what_is_expected_of_it() -> None:
    generator = np.random.default_rng(4)
    noise = generator.standard_normal(SHAPE) + 1j * generator.standard_normal(SHAPE)
    spur = find_spur(image_of(ideal(0.0, 0.0, shape=SHAPE) + 1e-3 * noise), HERE)
    assert spur is not None
    # The highest of 3e5 exponential powers scatters by 0.4 dB; between white samples the
    # interpolation finds some 1.5 dB more.
    assert spur.level_db == pytest.approx(spur.noise_peak_db, abs=3.0)


def test_samples_may_be_mapped_from_a_file(tmp_path: Path) -> None:
    samples = ideal(0.0, 0.0, shape=SHAPE) + 0.01 * ideal(200.0, 60.0, shape=SHAPE)
    mapped = np.memmap(tmp_path / "image", dtype=np.complex64, mode="w+", shape=SHAPE)
    mapped[:] = samples
    spur = find_spur(image_of(mapped), HERE)
    assert spur is not None
    assert spur == find_spur(image_of(samples), HERE)


def test_without_targets_the_highest_is_the_reference() -> None:
    image = image_of(ideal(100.0, 20.0, shape=SHAPE))
    spur = find_spur(image, [])
    assert spur is not None
    assert spur.level_db == pytest.approx(0.0)
    assert spur.azimuth_s / image.azimuth_step_s == pytest.approx(100.0, abs=1e-3)


def test_an_image_that_is_all_neighbourhood_has_no_spur() -> None:
    assert find_spur(image_of(ideal(0.0, 0.0, shape=(41, 41))), HERE) is None


def test_an_empty_image_and_samples_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(FocusingError, match="empty"):
        find_spur(image_of(np.zeros(SHAPE, dtype=np.complex64)), HERE)
    samples = ideal(0.0, 0.0, shape=SHAPE)
    samples[1000, 200] = np.nan
    with pytest.raises(FocusingError, match="no numbers"):
        find_spur(image_of(samples), HERE)
