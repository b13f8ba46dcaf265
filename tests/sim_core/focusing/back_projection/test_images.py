import dataclasses
import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.back_projection.images import BackProjection
from sim_core.focusing.back_projection.slant_axes import SlantAxes
from sim_core.focusing.focus import focus
from sim_core.focusing.ground_image import project_to_ground
from sim_core.focusing.image import SlantGridSettings
from sim_core.focusing.prediction import PredictedPeak, predict_peak
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.response.point_difference import point_difference
from sim_core.focusing.settings import FocusSettings
from sim_core.geometry.delay_history import DelayHistory
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import surface_up_m
from sim_core.signal.nonlinear_fm import nonlinear_chirp
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import Window
from tests.sim_core.focusing.moon_scene import MoonScene, compressed_chirp, echoes_of, solve
from tests.sim_core.focusing.point_echoes import CARRIER_HZ

WAVEFORM = LinearChirp(1.0e13, 8.0e-6)


def silent(fraction: float) -> None:
    """Take no notice of the progress."""


def back_projection(
    scene: MoonScene,
    schedule: PulseSchedule,
    histories: list[DelayHistory],
    settings: FocusSettings | None = None,
) -> BackProjection:
    return BackProjection.of(
        echoes_of(histories, schedule, WAVEFORM),
        schedule,
        WAVEFORM,
        CARRIER_HZ,
        scene.reference,
        settings or FocusSettings(),
        scene.field,
    )


def predicted(scene: MoonScene, schedule: PulseSchedule, history: DelayHistory) -> PredictedPeak:
    return predict_peak(history, scene.reference, schedule, WAVEFORM, CARRIER_HZ, "back-projection")


@pytest.mark.parametrize(
    "place", [(0.0, 0.0), (28e3, 0.0), (0.0, -28e3), (28e3, 28e3), (-28e3, 28e3)]
)
def test_points_are_at_the_limit_of_theory_all_over_the_scene(
    scene: MoonScene, place: tuple[float, float]
) -> None:
    history = scene.history(*place)
    schedule = scene.windows(WAVEFORM, 30.0, 100.0, follow=history)
    peak = predicted(scene, schedule, history)
    (chip,) = back_projection(scene, schedule, [history]).chips(
        [(peak.range_s, peak.azimuth_s)], silent
    )
    assert chip.method == "back-projection"
    response = measure(chip, peak.range_s, peak.azimuth_s)
    # The bars are 0.01 dB, at the centre, and 0.05 dB; 0.02 cell; 0.5 deg. What is left is the
    # folded skirts of each echo, some 1e-4 of the sum over 3000 pulses: 4e-3 dB of a side lobe.
    assert response.azimuth.pslr_db == pytest.approx(-13.2615, abs=0.006)
    cells, closed_form = compressed_chirp(WAVEFORM)
    side_lobe = np.max(np.abs(closed_form[cells > 1.1]))
    assert response.range.pslr_db == pytest.approx(20.0 * np.log10(side_lobe), abs=0.006)
    assert response.peak_magnitude == pytest.approx(1.0, abs=3e-4)
    assert response.peak_range_s == pytest.approx(peak.range_s, abs=2e-4 * chip.range_cell_s)
    assert response.peak_azimuth_s == pytest.approx(peak.azimuth_s, abs=2e-4 * chip.azimuth_cell_s)
    phase = math.remainder(response.peak_phase_rad - peak.phase_rad, math.tau)
    assert math.degrees(phase) == pytest.approx(0.0, abs=0.02)


def test_points_above_the_ground_are_sharp_on_their_own_height(scene: MoonScene) -> None:
    up_m = float(surface_up_m(scene.centre, 3e3, -2e3, 400.0))
    history = solve(scene.centre.offset(3e3, -2e3, up_m))
    schedule = scene.windows(WAVEFORM, 30.0, 100.0, follow=history)
    peak = predicted(scene, schedule, history)
    images = back_projection(scene, schedule, [history])
    place = [(peak.range_s, peak.azimuth_s)]
    (chip,) = images.chips(place, silent, heights_m=[400.0])
    response = measure(chip, *place[0])
    # As on the ground; on pixels of the ground below, a height of 400 m leaves 6 rad at the ends.
    assert response.azimuth.pslr_db == pytest.approx(-13.2615, abs=0.006)
    assert response.peak_azimuth_s == pytest.approx(peak.azimuth_s, abs=2e-4 * chip.azimuth_cell_s)
    (below,) = images.chips(place, silent)
    assert measure(below, *place[0]).azimuth.irw_cells > 1.5 * response.azimuth.irw_cells


def test_deramping_agrees(scene: MoonScene) -> None:
    history = scene.history(1500.0, 800.0)
    schedule = scene.windows(WAVEFORM, 60.0, 60.0, follow=history)
    peak = predicted(scene, schedule, history)
    standard = back_projection(scene, schedule, [history])
    nearby = (peak.range_s, peak.azimuth_s)
    chips = standard.chips([(0.0, 0.0), nearby], silent)
    settings = FocusSettings(
        method="deramp",
        grid=SlantGridSettings(azimuth_s=(peak.azimuth_s - 1.0, peak.azimuth_s + 1.0)),
    )
    image = focus(
        standard.source,
        schedule,
        WAVEFORM,
        CARRIER_HZ,
        scene.reference,
        settings,
        field=scene.field,
    )
    difference = point_difference(image, chips, *nearby)
    assert difference == point_difference(image, chips[1], *nearby)
    assert difference.range_cells == pytest.approx(0.0, abs=0.02)
    assert difference.azimuth_cells == pytest.approx(0.0, abs=0.02)
    assert math.degrees(difference.phase_rad) == pytest.approx(0.0, abs=0.5)
    assert difference.magnitude_db == pytest.approx(0.0, abs=0.01)
    assert difference.range_pslr_db == pytest.approx(0.0, abs=0.02)
    assert difference.azimuth_pslr_db == pytest.approx(0.0, abs=0.02)


def test_an_image_holds_its_chips(scene: MoonScene) -> None:
    history = scene.history(-300.0, 200.0)
    schedule = scene.windows(WAVEFORM, 10.0, 30.0, 900)
    images = back_projection(scene, schedule, [history])
    whole = images.slant_image(silent, SlantGridSettings(azimuth_s=(0.4, 1.0)))
    # The reference point is a whole number of samples away, the extents are what was asked for.
    assert whole.azimuth_start_s / whole.azimuth_step_s == pytest.approx(
        round(whole.azimuth_start_s / whole.azimuth_step_s), abs=1e-9
    )
    assert 0.4 <= whole.azimuth_s()[0] < 0.4 + whole.azimuth_step_s
    assert whole.range_s()[0] == pytest.approx(whole.full_range_s[0], abs=whole.range_step_s)
    axes = SlantAxes(
        float(whole.azimuth_s()[11]), whole.azimuth_step_s, 9, float(whole.range_s()[30]),
        whole.range_step_s, 17,
    )  # fmt: skip
    (part,) = images.slant_images([axes], silent)
    assert np.max(np.abs(part.samples - whole.samples[11:20, 30:47])) < 5e-5
    assert part.azimuth_bandwidth_hz == whole.azimuth_bandwidth_hz


def test_steps_may_be_given(scene: MoonScene) -> None:
    schedule = scene.windows(WAVEFORM, 10.0, 30.0, 900)
    grid = SlantGridSettings((-0.2, 0.2), (-2e-7, 2e-7), 0.01, 5e-9)
    image = back_projection(scene, schedule, [scene.reference]).slant_image(silent, grid)
    assert image.samples.shape == (41, 81)
    assert np.argmax(np.abs(image.samples)) == 20 * 81 + 40
    assert image.samples[20, 40] == pytest.approx(1.0, abs=1e-3)


def test_the_ground_has_the_phase_of_its_reflectivity(scene: MoonScene) -> None:
    places = [(0.0, 0.0), (60.0, 400.0)]
    schedule = scene.windows(WAVEFORM, 20.0, 60.0)
    images = back_projection(scene, schedule, [scene.history(*place) for place in places])
    fine = GroundGrid(scene.centre, 0.0, 20.0, 4, 0.0, 100.0, 5)
    (image,) = images.ground_images([fine], silent)
    assert (image.grid, image.method) == (fine, "back-projection")
    samples = image.samples
    # Two points, each in the other's side lobes: 400 m to the north are 22 cells.
    assert samples[0, 0] == pytest.approx(1.0, abs=0.02)
    assert samples[4, 3] == pytest.approx(1.0, abs=0.02)


def test_a_slant_image_projects_to_the_one_on_the_ground(scene: MoonScene) -> None:
    place = (150.0, 220.0)
    schedule = scene.windows(WAVEFORM, 20.0, 60.0)
    images = back_projection(scene, schedule, [scene.history(*place)])
    ground = GroundGrid(scene.centre, 100.0, 10.0, 11, 160.0, 15.0, 9)
    (direct,) = images.ground_images([ground], silent)
    slant = images.slant_image(silent, SlantGridSettings((-0.9, 0.2), (-6e-7, 3e-7)))
    projected = project_to_ground(slant, images.slant_geometry()[0], ground)
    # The projection interpolates to -73 dB either way.
    assert np.max(np.abs(projected.samples - direct.samples)) < 5e-4
    assert np.max(np.abs(direct.samples)) == pytest.approx(1.0, abs=1e-3)


def test_any_waveform_will_do(scene: MoonScene) -> None:
    """A non-linear chirp 28 km to the east, where 290 Hz of Doppler frequency are left in it."""
    waveform = nonlinear_chirp(80e6, 8e-6, Window("hamming"))
    history = scene.history(28e3, -9e3)
    schedule = scene.windows(waveform, 20.0, 100.0, follow=history)
    peak = predict_peak(history, scene.reference, schedule, waveform, CARRIER_HZ, "back-projection")
    images = BackProjection.of(
        echoes_of([history], schedule, waveform),
        schedule,
        waveform,
        CARRIER_HZ,
        scene.reference,
        FocusSettings(),
        scene.field,
    )
    (chip,) = images.chips([(peak.range_s, peak.azimuth_s)], silent)
    response = measure(chip, peak.range_s, peak.azimuth_s)
    assert response.peak_magnitude == pytest.approx(1.0, abs=1e-3)
    assert response.peak_range_s == pytest.approx(peak.range_s, abs=2e-3 * chip.range_cell_s)
    assert response.peak_azimuth_s == pytest.approx(peak.azimuth_s, abs=2e-3 * chip.azimuth_cell_s)
    phase = math.remainder(response.peak_phase_rad - peak.phase_rad, math.tau)
    assert math.degrees(phase) == pytest.approx(0.0, abs=0.05)


def test_focus_forms_back_projected_images(scene: MoonScene) -> None:
    schedule = scene.windows(WAVEFORM, 20.0, 40.0)
    valid = np.ones(schedule.pulses, dtype=np.bool_)
    valid[[3, 100, 101, 102, 500]] = False
    echoes = echoes_of([scene.reference], schedule, WAVEFORM)
    echoes.samples[~valid] = np.nan
    grid = SlantGridSettings((-0.25, 0.25), (-5e-7, 5e-7))
    settings = FocusSettings(method="back-projection", grid=grid)
    seen: list[float] = []
    image = focus(
        echoes, schedule, WAVEFORM, CARRIER_HZ, scene.reference, settings, seen.append,
        field=scene.field, pulse_valid=valid,
    )  # fmt: skip
    assert seen[-1] == pytest.approx(1.0)
    response = measure(image)
    assert response.peak_magnitude == pytest.approx(1.0, abs=1e-3)
    assert math.degrees(response.peak_phase_rad) == pytest.approx(0.0, abs=0.02)
    with pytest.raises(FocusingError, match="delays of all places"):
        focus(echoes, schedule, WAVEFORM, CARRIER_HZ, scene.reference, settings)


def test_tapers_and_the_delay_of_the_chain_count(scene: MoonScene) -> None:
    taper = Window("taylor", nbar=5, sidelobe_db=35.0)
    settings = FocusSettings(range_window=taper, azimuth_window=taper)
    schedule = scene.windows(WAVEFORM, 20.0, 60.0)
    late = dataclasses.replace(schedule, window_start_tick=schedule.window_start_tick - 20)
    images = back_projection(scene, schedule, [scene.reference], settings)
    (chip,) = images.chips([(0.0, 0.0)], silent)
    assert measure(chip).azimuth.pslr_db == pytest.approx(-35.2, abs=0.1)
    assert measure(chip).peak_magnitude == pytest.approx(1.0, abs=1e-3)
    # The same samples, said to be recorded 20 ticks earlier by a chain that is early by as much.
    early = dataclasses.replace(
        images,
        schedule=late,
        settings=dataclasses.replace(settings, chain_delay_s=-20.0 / schedule.sample_rate_hz),
    )
    (same,) = early.chips([(0.0, 0.0)], silent)
    assert abs(same.samples[51, 51]) == pytest.approx(abs(chip.samples[51, 51]), abs=1e-3)


def test_refuses_what_it_cannot_form(scene: MoonScene) -> None:
    schedule = scene.windows(WAVEFORM, 4.0, 60.0)
    images = back_projection(scene, schedule, [scene.reference])
    with pytest.raises(FocusingError, match="outside of the slant geometry"):
        images.chips([(0.0, 80.0)], silent)
    with pytest.raises(FocusingError, match="receive windows hold"):
        images.chips([(8e-6, 0.0)], silent)
    elsewhere = GroundGrid(scene.centre.offset(10.0, 0.0, 0.0), 0.0, 1.0, 3, 0.0, 1.0, 3)
    with pytest.raises(FocusingError, match="about the field's centre"):
        images.ground_images([elsewhere], silent)
    small = dataclasses.replace(images, settings=FocusSettings(memory_bytes=1000))
    with pytest.raises(FocusingError, match="raise memory_bytes"):
        small.chips([(0.0, 0.0)], silent)
