"""Measures on responses that are known in closed form, at random places between the samples."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from perseo_quality.core.signal_processing import evaluate_irf_resolution
from perseo_quality.point_targets_analysis.core.irf import compute_point_target_irf_analysis

from sim_core.errors import FocusingError
from sim_core.focusing.cut_metrics import measure_cut
from sim_core.focusing.image import Image
from sim_core.focusing.impulse_response import measure
from sim_core.focusing.interpolation import KnabKernel, interpolate
from sim_core.focusing.theory import azimuth_theory, point_response
from sim_core.focusing.window import NO_TAPER, Window

RANGE_BANDWIDTH_HZ = 80e6
AZIMUTH_BANDWIDTH_HZ = 468.0
WINDOWS = [
    NO_TAPER,
    Window("generalized-hamming", alpha=0.75),
    Window("hamming"),
    Window("hann"),
    Window("kaiser", beta=2.5),
    Window("kaiser", beta=4.0),
    Window("taylor", nbar=4, sidelobe_db=30.0),
    Window("taylor", nbar=5, sidelobe_db=35.0),
]


def image_of(
    samples: npt.NDArray[np.complex128], oversampling: tuple[float, float] = (1.28, 1.2)
) -> Image:
    """Put zero lag and zero delay in the middle of some samples."""
    rows, columns = samples.shape
    azimuth_step_s = 1.0 / (AZIMUTH_BANDWIDTH_HZ * oversampling[0])
    range_step_s = 1.0 / (RANGE_BANDWIDTH_HZ * oversampling[1])
    return Image(
        samples=samples.astype(np.complex64),
        azimuth_start_s=-(rows // 2) * azimuth_step_s,
        azimuth_step_s=azimuth_step_s,
        range_start_s=-(columns // 2) * range_step_s,
        range_step_s=range_step_s,
        method="range-doppler",
        range_bandwidth_hz=RANGE_BANDWIDTH_HZ,
        azimuth_bandwidth_hz=AZIMUTH_BANDWIDTH_HZ,
        azimuth_ambiguity_s=128.0,
        full_azimuth_s=14.0,
        full_range_s=(-1e-6, 1e-6),
    )


def ideal(
    row: float,
    column: float,
    window: Window = NO_TAPER,
    phase_rad: float = 0.0,
    turn: tuple[float, float] = (0.0, 0.0),
    shape: tuple[int, int] = (257, 257),
    oversampling: tuple[float, float] = (1.28, 1.2),
) -> npt.NDArray[np.complex128]:
    """Sample a perfect response whose peak lies `row`, `column` samples from the middle."""
    v = np.arange(shape[0]) - shape[0] // 2 - row
    h = np.arange(shape[1]) - shape[1] // 2 - column
    along_azimuth = point_response(v / oversampling[0], window, None) * np.exp(1j * turn[0] * v)
    along_range = point_response(h / oversampling[1], window, None) * np.exp(1j * turn[1] * h)
    return np.outer(np.exp(1j * phase_rad) * along_azimuth, along_range)


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: f"{w.name}")
@given(
    row=st.floats(-3.0, 3.0),
    column=st.floats(-3.0, 3.0),
    phase=st.floats(-3.1, 3.1),
    turn=st.tuples(st.floats(-3.0, 3.0), st.floats(-0.4, 0.4)),
)
@settings(max_examples=6, deadline=None)
def test_ideal_responses_between_the_samples(
    window: Window, row: float, column: float, phase: float, turn: tuple[float, float]
) -> None:
    response = measure(image_of(ideal(row, column, window, phase, turn)))
    theory = azimuth_theory(window)
    for axis in (response.range, response.azimuth):
        # The project's bars for metrics on ideal responses.
        assert axis.irw_cells == pytest.approx(theory.irw_cells, abs=5e-4)
        assert axis.pslr_left_db == pytest.approx(theory.pslr_db, abs=5e-3)
        assert axis.pslr_right_db == pytest.approx(theory.pslr_db, abs=5e-3)
        assert axis.islr_db == pytest.approx(theory.islr_db, abs=5e-3)
    assert response.peak_azimuth_s * AZIMUTH_BANDWIDTH_HZ * 1.28 == pytest.approx(row, abs=1e-4)
    assert response.peak_range_s * RANGE_BANDWIDTH_HZ * 1.2 == pytest.approx(column, abs=1e-4)
    assert response.peak_magnitude == pytest.approx(1.0, abs=1e-5)
    # The spectrum is off centre: an error of the position of 1e-4 sample turns it by 3e-4.
    assert math.remainder(response.peak_phase_rad - phase, math.tau) == pytest.approx(0, abs=5e-4)


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


def test_perseo_finds_the_same_in_its_own_definitions() -> None:
    """PERSEO: IRW by crossing at half power; PSLR; ISLR from the nulls out to 10 IRW."""
    fine = 32
    half = 12 * fine
    offset = np.arange(-half, half + 1) / fine
    cut = np.sinc(offset)
    area = np.multiply.outer(cut, cut)
    width_px = evaluate_irf_resolution(cut)
    theirs = compute_point_target_irf_analysis(area, width_px, width_px, sslr_flag=False)

    response = measure(image_of(ideal(0.3, 0.4)))
    # Their crossing is read off a line in dB between samples 1/32 cell apart.
    assert response.range.irw_cells == pytest.approx(width_px / fine, abs=1e-3)
    # Their side lobe is the highest of such samples.
    assert response.range.pslr_db == pytest.approx(float(theirs.range_pslr), abs=0.02)

    samples = ideal(0.0, 0.4)[128]
    kernel = KnabKernel.for_oversampling(1.2, 64)
    metrics = measure_cut(
        lambda x: interpolate(samples, 128.4 + 1.2 * x, kernel),
        "range",
        extent_cells=10.0 * response.range.irw_cells,
    )
    assert metrics.islr_db == pytest.approx(-10.216, abs=2e-3)
    # They sum samples, and the mask of the main lobe ends at a sample.
    assert metrics.islr_db == pytest.approx(float(theirs.range_islr), abs=0.05)


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
