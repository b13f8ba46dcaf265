"""Measures on responses that are known in closed form, at random places between the samples."""

import math
from functools import cache
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from perseo_quality.core.generic_dataclasses import MaskingMethod
from perseo_quality.core.signal_processing import evaluate_irf_resolution
from perseo_quality.point_targets_analysis.core.irf import compute_point_target_irf_analysis

from sim_core.errors import FocusingError
from sim_core.focusing.response import islr
from sim_core.focusing.response.chip import Chip
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.response.theory import AxisTheory
from sim_core.focusing.response.theory import azimuth_theory as computed_theory
from sim_core.signal.window import NO_TAPER, Window
from tests.sim_core.focusing.response.ideal_images import (
    AZIMUTH_BANDWIDTH_HZ,
    RANGE_BANDWIDTH_HZ,
    WINDOWS,
    ideal,
    image_of,
)


@cache
def azimuth_theory(window: Window) -> AxisTheory:
    return computed_theory(window)


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: f"{w.name}")
@given(
    row=st.floats(-3.0, 3.0),
    column=st.floats(-3.0, 3.0),
    phase=st.floats(-3.1, 3.1),
    turn=st.tuples(st.floats(-3.0, 3.0), st.floats(-0.4, 0.4)),
    oversampling=st.tuples(st.floats(1.2, 2.2), st.floats(1.2, 2.2)),
)
@settings(max_examples=6, deadline=None)
def test_ideal_responses_between_the_samples(
    window: Window,
    row: float,
    column: float,
    phase: float,
    turn: tuple[float, float],
    oversampling: tuple[float, float],
) -> None:
    samples = ideal(row, column, window, phase, turn, oversampling=oversampling)
    response = measure(image_of(samples, oversampling))
    theory = azimuth_theory(window)
    for axis in (response.range, response.azimuth):
        # The project's bars for metrics on ideal responses.
        assert axis.irw_cells == pytest.approx(theory.irw_cells, abs=5e-4)
        assert axis.irw_3db_cells == pytest.approx(theory.irw_3db_cells, abs=5e-4)
        assert axis.null_left_cells == pytest.approx(theory.null_left_cells, abs=5e-4)
        assert axis.null_right_cells == pytest.approx(theory.null_right_cells, abs=5e-4)
        assert axis.pslr_left_db == pytest.approx(theory.pslr_db, abs=5e-3)
        assert axis.pslr_right_db == pytest.approx(theory.pslr_db, abs=5e-3)
        assert axis.islr_db == pytest.approx(theory.islr_db, abs=5e-3)
        expected = {one.name: theory.islr_by_name_db[one.name] for one in islr.MEASURED}
        assert dict(axis.islr_by_name_db) == pytest.approx(expected, abs=5e-3)
        # Secondary side lobes: all of them, as far down as the samples hold digits.
        assert len(axis.side_lobes) == len(theory.side_lobes)
        for lobe, theirs in zip(axis.side_lobes, theory.side_lobes, strict=True):
            assert lobe.level_db == pytest.approx(theirs.level_db, abs=5e-3)
            assert lobe.offset_cells == pytest.approx(theirs.offset_cells, abs=1e-3)
    step_s = (1.0 / (AZIMUTH_BANDWIDTH_HZ * oversampling[0]), 1 / RANGE_BANDWIDTH_HZ)
    assert response.peak_azimuth_s / step_s[0] == pytest.approx(row, abs=1e-4)
    assert response.peak_range_s * oversampling[1] / step_s[1] == pytest.approx(column, abs=1e-4)
    assert response.peak_magnitude == pytest.approx(1.0, abs=1e-5)
    # The spectrum is off centre: an error of the position of 1e-4 sample turns it by 3e-4.
    assert math.remainder(response.peak_phase_rad - phase, math.tau) == pytest.approx(0, abs=5e-4)


def test_a_convention_that_reaches_beyond_the_image_is_no_number() -> None:
    # 44 cells in azimuth: after the interpolation's margin 10 cells are left, and not 20.
    samples = ideal(0.2, 0.1, shape=(57, 257))
    response = measure(image_of(samples))
    by_name = response.azimuth.islr_by_name_db
    assert by_name["null-to-null-10"] == pytest.approx(-10.158, abs=0.02)
    assert math.isnan(by_name["null-to-null-20"])
    assert math.isnan(by_name["iso-2-20"])
    assert not math.isnan(response.range.islr_by_name_db["null-to-null-20"])


def test_cuts_for_plots_are_those_of_theory() -> None:
    response = measure(image_of(ideal(0.37, -0.21)))
    theory = azimuth_theory(NO_TAPER)
    for axis in (response.range, response.azimuth):
        assert axis.offset_cells[0] == pytest.approx(-16.0)
        assert axis.offset_cells[-1] == pytest.approx(16.0)
        lobes = theory.cut(axis.offset_cells) > -40.0
        difference = axis.level_db[lobes] - theory.cut(axis.offset_cells[lobes])
        # 1e-5 of the peak at 40 dB below it.
        assert np.max(np.abs(difference)) < 0.02


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: f"{w.name}")
@pytest.mark.parametrize(
    ("mask", "name"),
    [(MaskingMethod.PEAK, "perseo"), (MaskingMethod.RESOLUTION, "perseo-resolution")],
)
def test_perseo_finds_the_same_in_its_own_definitions(
    window: Window, mask: MaskingMethod, name: str
) -> None:
    """PERSEO is given samples of our interpolation, 32 per cell; it works on samples."""
    fine = 32
    image = image_of(ideal(0.3, 0.4, window))
    chip = Chip.about(image, 128, 128)
    offset = np.arange(-20 * fine, 20 * fine + 1) / fine
    along_azimuth, along_range = chip.cut(0)(offset), chip.cut(1)(offset)
    area = np.outer(along_range, along_azimuth) / along_range[20 * fine]
    widths = (evaluate_irf_resolution(along_range), evaluate_irf_resolution(along_azimuth))
    theirs = compute_point_target_irf_analysis(area, *widths, mask_method=mask, sslr_flag=False)

    response = measure(image)
    for axis, width, pslr, ratio in (
        (response.range, widths[0], theirs.range_pslr, theirs.range_islr),
        (response.azimuth, widths[1], theirs.azimuth_pslr, theirs.azimuth_islr),
    ):
        # Their crossing is read off a line in dB between samples 1/32 cell apart.
        assert axis.irw_cells == pytest.approx(width / fine, abs=1e-3)
        # Their side lobe is the highest of such samples. With the resolution mask, what is left of
        # the main lobe beyond 1 IRW may be higher.
        if mask is MaskingMethod.PEAK:
            assert axis.pslr_db == pytest.approx(float(pslr), abs=0.02)
        # They sum samples, and the masks end at samples: at a null, where that is nothing, or with
        # the resolution mask at 1 IRW, where half of a sample at either end is up to 0.5 dB of the
        # side lobes of a taper.
        scatter = 0.005 if mask is MaskingMethod.PEAK else 0.6
        assert axis.islr_by_name_db[name] == pytest.approx(float(ratio), abs=scatter)


def test_signal_to_noise_is_that_of_the_background() -> None:
    generator = np.random.default_rng(3)
    shape = (512, 257)
    noise = generator.standard_normal(shape) + 1j * generator.standard_normal(shape)
    samples = ideal(0.2, 0.1, shape=shape) + 10.0 ** (-40.0 / 20.0) / math.sqrt(2.0) * noise
    # A second target must not count as background.
    samples += np.roll(ideal(0.0, 0.0, shape=shape), (130, 60), axis=(0, 1))
    response = measure(image_of(samples))
    # The median of 1e5 powers scatters by 0.02 dB; the second target's side lobes add to it, and
    # the noise in the peak itself.
    assert response.snr_db == pytest.approx(40.0, abs=0.3)


def test_without_any_background_the_ratio_is_infinite() -> None:
    samples = ideal(0.0, 0.0)
    samples[:90], samples[:, :90], samples[-90:], samples[:, -90:] = 0.0, 0.0, 0.0, 0.0
    assert measure(image_of(samples)).snr_db == math.inf


def test_the_expected_place_decides_between_two_points() -> None:
    samples = ideal(-60.0, 0.0) + 3.0 * ideal(60.0, 0.0)
    image = image_of(samples)
    response = measure(image, 0.0, -60.0 * image.azimuth_step_s)
    assert response.peak_magnitude == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("offset_cells", "where"),
    [
        # On the flank of the main lobe, and where only side lobes reach into the search window.
        ((0.0, 9.2), r"9\.2 cells \(115 ns\) later in range"),
        ((0.0, 26.7), r"26\.7 cells \(333\.\d ns\) later in range"),
        ((0.0, -26.7), r"26\.7 cells \(333\.\d ns\) earlier in range"),
        ((30.3, 0.0), r"30\.3 cells \(0\.0647\d s\) later in azimuth"),
        ((30.3, 12.4), r"12\.4 cells .* in range and 30\.3 cells .* later in azimuth"),
    ],
)
def test_an_echo_elsewhere_is_not_measured_by_its_side_lobes(
    offset_cells: tuple[float, float], where: str, order: Literal["C", "F"]
) -> None:
    samples = ideal(1.28 * offset_cells[0], 1.2 * offset_cells[1])
    image = image_of(np.asarray(samples, order=order))
    with pytest.raises(FocusingError, match=rf"not a peak, .* of the image lies {where}") as caught:
        measure(image)
    assert "calibration.delay_s" in caught.value.remedy


def test_an_echo_at_the_edge_is_told_from_its_side_lobes_to_a_sample() -> None:
    image = image_of(ideal(0.0, 126.0))
    with pytest.raises(FocusingError, match=r"lies 105\.0 cells"):
        measure(image)


def test_noise_without_an_echo_may_have_peaks_but_they_do_not_stand_out() -> None:
    generator = np.random.default_rng(8)
    shape = (257, 257)
    noise = generator.standard_normal(shape) + 1j * generator.standard_normal(shape)
    try:
        response = measure(image_of(noise))
    except FocusingError as error:
        assert "not a peak" in error.problem or "no main lobe" in error.problem
    else:
        assert response.snr_db < 20.0


def test_a_point_outside_of_the_image_is_refused() -> None:
    with pytest.raises(FocusingError, match=r"range 0\.0001 s, outside"):
        measure(image_of(ideal(0.0, 0.0)), expected_range_s=1e-4)


def test_a_point_at_the_edge_is_refused() -> None:
    image = image_of(ideal(-120.0, 0.0))
    with pytest.raises(FocusingError, match="cells from the image's edge in azimuth"):
        measure(image, expected_azimuth_s=-120.0 * image.azimuth_step_s)


def test_an_empty_image_is_refused() -> None:
    with pytest.raises(FocusingError, match="empty"):
        measure(image_of(np.zeros((257, 257), dtype=np.complex128)))


def test_samples_that_are_no_numbers_are_refused() -> None:
    samples = ideal(0.0, 0.0)
    samples[140, 128] = np.nan
    with pytest.raises(FocusingError, match=r"no numbers|empty"):
        measure(image_of(samples))


def test_a_blur_without_side_lobes_is_refused() -> None:
    place = (np.arange(257) - 128) / 60.0
    blur = np.exp(-(place**2))
    with pytest.raises(FocusingError, match="no main lobe"):
        measure(image_of(np.multiply.outer(blur, blur).astype(np.complex128)))


def test_too_few_samples_per_cell_are_refused() -> None:
    with pytest.raises(FocusingError, match="samples per range cell"):
        measure(image_of(ideal(0.0, 0.0), oversampling=(1.28, 1.0)))
