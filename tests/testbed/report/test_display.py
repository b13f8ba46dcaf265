"""No target is lost on the way to the screen, and a chip is interpolated where it should be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.report.display import chip_around, whole_image
from tests.testbed.report.synthetic_result import ideal_image


@given(row=st.integers(0, 599), column=st.integers(0, 159), by_column=st.booleans())
def test_a_single_bright_sample_survives(row: int, column: int, by_column: bool) -> None:
    image = ideal_image()
    samples = np.full(image.samples.shape, 1e-3, dtype=np.complex64)
    samples[row, column] = 1.0
    if by_column:
        samples = np.asfortranarray(samples)

    shown = whole_image(replace(image, samples=samples), rows=37, columns=23)

    assert shown.level_db.shape == (37, 23)
    brightest = np.unravel_index(np.argmax(shown.level_db), shown.level_db.shape)
    assert shown.level_db[brightest] == 0.0
    # The block that shows it covers its place.
    assert brightest[0] == pytest.approx((row + 0.5) * 37 / 600, abs=1.0)
    assert brightest[1] == pytest.approx((column + 0.5) * 23 / 160, abs=1.0)
    # All others are at 1e-3 of the amplitude.
    others = np.delete(shown.level_db.ravel(), np.argmax(shown.level_db))
    np.testing.assert_allclose(others, -60.0, atol=1e-3)


def test_a_small_image_keeps_its_samples() -> None:
    image = ideal_image(rows=30, columns=20)

    assert whole_image(image, rows=400, columns=300).level_db.shape == (30, 20)


def test_the_axes_reach_from_edge_to_edge() -> None:
    image = ideal_image(rows=600, columns=160)
    shown = whole_image(image, rows=100, columns=50)

    assert shown.row_edges[1] - shown.row_edges[0] == pytest.approx(600 / 600.0)
    assert shown.column_edges[1] - shown.column_edges[0] == pytest.approx(160 / 96e6)


def test_nothing_is_dark_everywhere() -> None:
    image = ideal_image()
    silent = replace(image, samples=np.zeros_like(image.samples))

    assert np.all(np.isneginf(whole_image(silent, 50, 50).level_db))
    assert np.all(np.isneginf(chip_around(silent, 0.0, 0.0).level_db))


def test_a_chip_shows_the_sinc_in_cells() -> None:
    chip = chip_around(ideal_image(noise=0.0), 0.0, 0.0, half_width_cells=6.0)
    rows, columns = chip.level_db.shape
    azimuth = np.linspace(*chip.row_edges, 2 * rows + 1)[1::2]
    across = np.linspace(*chip.column_edges, 2 * columns + 1)[1::2]

    assert chip.row_edges == pytest.approx((-6.0, 6.0), abs=0.1)
    assert chip.column_edges == pytest.approx((-6.0, 6.0), abs=0.1)
    expected = np.abs(np.multiply.outer(np.sinc(azimuth), np.sinc(across)))
    # A sinc cut off at 22 cells rings by about 1/(pi 22) in the outermost cells, less inside.
    np.testing.assert_allclose(10.0 ** (chip.level_db / 20.0), expected, atol=0.012)


@pytest.mark.parametrize("centroid", [-0.45, -0.2, 0.2, 0.45])
def test_a_doppler_centroid_does_not_matter(centroid: float) -> None:
    image = ideal_image(noise=0.0)
    turned = np.exp(2j * np.pi * centroid * np.arange(image.samples.shape[0]))[:, np.newaxis]
    shifted = replace(image, samples=(image.samples * turned).astype(np.complex64))

    plain = 10.0 ** (chip_around(image, 0.0, 0.0).level_db / 20.0)
    moved = 10.0 ** (chip_around(shifted, 0.0, 0.0).level_db / 20.0)

    # Alike but for the rounding of the centroid to a bin of the chip's spectrum.
    np.testing.assert_allclose(moved, plain, atol=0.01)


@pytest.mark.parametrize(("range_s", "azimuth_s"), [(-1e-6, 0.0), (0.0, 0.6), (1e-3, -1e3)])
def test_a_point_at_or_beyond_the_edge_still_gives_a_picture(
    range_s: float, azimuth_s: float
) -> None:
    chip = chip_around(ideal_image(), range_s, azimuth_s)

    assert min(chip.level_db.shape) > 1
    assert chip.column_edges[0] < chip.column_edges[1]
    assert chip.row_edges[0] < chip.row_edges[1]
