"""Back-projection in the paper's geometry: 60 to 100 s of aperture at a few pulses per second.

Few pulses make the tests quick, and cost nothing of what is tested: replicas of a point stand PRF
over Doppler rate apart, 4 s of lag or 90 cells and more.
"""

import dataclasses
import math

import numpy as np
import pytest
import scipy.fft

from sim_core.errors import DelayFieldError, FocusingError
from sim_core.focusing import parallel
from sim_core.focusing.back_projection import projection
from sim_core.focusing.back_projection.projection import (
    OVERSAMPLING,
    PixelGrid,
    PixelPlan,
    back_project,
    ground_pixels,
)
from sim_core.focusing.pulse_weights import pulse_weights
from sim_core.focusing.range_compression.compression import RangeCompression
from sim_core.focusing.range_compression.gates import plan_gates
from sim_core.focusing.reference import Reference
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import surface_up_m
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER
from tests.sim_core.focusing.moon_scene import MoonScene, compressed_chirp, echoes_of
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, Echoes

WAVEFORM = LinearChirp(1.0e13, 8.0e-6)
CORNERS = [(0.0, 0.0), (28e3, 0.0), (0.0, 28e3), (-28e3, -28e3), (28e3, -28e3)]
# Skirts of the sampled echo that are folded into the band, -30 dB and less, add up at random: some
# 1e-3 of each pulse, of which the sum over a thousand leaves this much.
FOLDED = 3.0e-4


def chip_about(
    scene: MoonScene, east_m: float, north_m: float, shape: tuple[int, int] = (41, 41)
) -> GroundGrid:
    """Make a grid whose middle pixel is the place: 3 m east and 5 m north are a third of a cell."""
    rows, columns = shape
    return GroundGrid(
        scene.centre,
        east_m - 3.0 * (columns // 2),
        3.0,
        columns,
        north_m - 5.0 * (rows // 2),
        5.0,
        rows,
    )


def project(
    scene: MoonScene,
    echoes: Echoes,
    schedule: PulseSchedule,
    grids: list[PixelGrid],
    pulse_valid: np.ndarray | None = None,
    reference: Reference | None = None,
) -> list[np.ndarray]:
    split = reference or Reference.over(scene.reference, schedule, CARRIER_HZ)
    weight = pulse_weights(split, NO_TAPER, pulse_valid)
    plan = PixelPlan.of(grids, scene.field, split, WAVEFORM)
    frame_s = split.pulse_delay_s()
    gates = plan_gates(schedule, WAVEFORM, split, frame_s, 0.0, extent_s=plan.extent_s)
    compression = RangeCompression.plan(
        schedule,
        WAVEFORM,
        split,
        frame_s,
        weight / np.sum(weight),
        gates,
        NO_TAPER,
        oversampling=OVERSAMPLING,
    )
    seen: list[float] = []
    images = back_project(echoes, compression, plan, seen.append)
    assert seen == sorted(seen) and seen[-1] == pytest.approx(1.0)
    return images


def image_of(
    scene: MoonScene,
    place: tuple[float, float],
    schedule: PulseSchedule,
    grid: GroundGrid,
    pulse_valid: np.ndarray | None = None,
) -> np.ndarray:
    echoes = echoes_of([scene.history(*place)], schedule, WAVEFORM)
    return project(scene, echoes, schedule, [ground_pixels(grid)], pulse_valid)[0]


def summed_up(
    scene: MoonScene,
    place: tuple[float, float],
    schedule: PulseSchedule,
    grid: GroundGrid,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Evaluate the sum over pulses on paper, from exact delays and the pulse's autocorrelation."""
    split = Reference.over(scene.reference, schedule, CARRIER_HZ)
    transmit_s = split.aperture.transmit_s
    pulse = np.full(transmit_s.size, 1.0 / transmit_s.size) if weight is None else weight
    point = scene.history(*place)
    reference_rate = scene.reference.delay_rate(transmit_s)
    east, north = np.meshgrid(grid.east_m(), grid.north_m())
    pixel_s = scene.field.relative_delay_s(east, north, grid.up_m(), transmit_s)
    point_s = point.relative_delay_s(transmit_s, split.base_s) - split.pulse_delay_s()
    further_s = pixel_s - point_s
    cycles = CARRIER_HZ * further_s * (1.0 - reference_rate / (1.0 + reference_rate))
    # The Doppler frequency that is left differs between pixel and point by far too little to shift
    # one against the other: 1e-2 Hz over 100 m.
    response = np.interp(np.abs(further_s) * WAVEFORM.bandwidth_hz, *compressed_chirp(WAVEFORM))
    total: np.ndarray = np.sum(pulse * response * np.exp(2j * np.pi * cycles), axis=1)
    return total.reshape(grid.shape)


@pytest.mark.parametrize("place", CORNERS)
def test_points_are_the_sum_over_pulses_on_paper(
    scene: MoonScene, place: tuple[float, float]
) -> None:
    schedule = scene.windows(WAVEFORM, 20.0, 100.0, follow=scene.history(*place))
    grid = chip_about(scene, *place)
    image = image_of(scene, place, schedule, grid)
    assert np.max(np.abs(image - summed_up(scene, place, schedule, grid))) < FOLDED
    middle = image[20, 20]
    assert abs(middle) == pytest.approx(1.0, abs=FOLDED)
    # The bar is 0.5 deg. Complex64 leaves 1e-5 rad, the tiles' cubics 1e-5 cycles at most.
    assert math.degrees(np.angle(middle)) == pytest.approx(0.0, abs=0.01)


def test_interpolation_is_as_good_as_stated(scene: MoonScene) -> None:
    """Against compressed rows evaluated between their samples by their own Fourier series."""
    place = (8e3, -5e3)
    schedule = scene.windows(WAVEFORM, 4.0, 60.0, follow=scene.history(*place))
    echoes = echoes_of([scene.history(*place)], schedule, WAVEFORM)
    grid = chip_about(scene, *place, (9, 11))
    image = project(scene, echoes, schedule, [ground_pixels(grid)])[0]

    split = Reference.over(scene.reference, schedule, CARRIER_HZ)
    frame_s, rate = split.pulse_delay_s(), schedule.sample_rate_hz
    gates = dataclasses.replace(
        plan_gates(schedule, WAVEFORM, split, frame_s, 0.0), gates=schedule.window_samples, fade=0
    )
    weight = np.full(schedule.pulses, 1.0 / schedule.pulses)
    rows = RangeCompression.plan(schedule, WAVEFORM, split, frame_s, weight, gates, NO_TAPER).rows(
        slice(0, schedule.pulses), echoes.samples
    )
    spectra = np.asarray(scipy.fft.fft(rows.astype(np.complex128), axis=1))
    frequency = scipy.fft.fftfreq(gates.gates)
    transmit_s = split.aperture.transmit_s
    east, north = np.meshgrid(grid.east_m(), grid.north_m())
    exact = np.empty(east.size, dtype=np.complex128)
    reference_rate = scene.reference.delay_rate(transmit_s)
    for k, place_of_pixel in enumerate(
        zip(east.ravel(), north.ravel(), grid.up_m().ravel(), strict=True)
    ):
        history = scene.field.history(*place_of_pixel)
        delay_s = history.difference_s(transmit_s)
        pixel_rate = history.delay_rate(transmit_s)
        left_hz = CARRIER_HZ * (
            pixel_rate / (1.0 + pixel_rate) - reference_rate / (1.0 + reference_rate)
        )
        gate = (delay_s + left_hz / WAVEFORM.chirp_rate_hz_per_s) * rate - gates.first_gate
        values = np.mean(spectra * np.exp(2j * np.pi * np.multiply.outer(gate, frequency)), axis=1)
        cycles = CARRIER_HZ * delay_s * (1.0 - reference_rate / (1.0 + reference_rate))
        exact[k] = np.sum(values * np.exp(2j * np.pi * cycles))
    # -98 dB in the band; skirts of the chirp up to the sampling's edge are -73 dB of -30 dB.
    error = np.abs(image.ravel() - exact)
    assert np.sqrt(np.mean(error**2)) < 2e-5
    assert np.max(error) < 6e-5


def test_lost_and_flagged_pulses_count_for_nothing(scene: MoonScene) -> None:
    place = (1500.0, 800.0)
    schedule = scene.windows(WAVEFORM, 20.0, 60.0)
    grid = chip_about(scene, *place)
    generator = np.random.default_rng(4)
    valid = generator.random(schedule.pulses) > 0.1
    valid[300:420] = False
    echoes = echoes_of([scene.history(*place)], schedule, WAVEFORM)
    echoes.samples[~valid] = np.nan
    image = project(scene, echoes, schedule, [ground_pixels(grid)], valid)[0]
    split = Reference.over(scene.reference, schedule, CARRIER_HZ)
    weight = pulse_weights(split, NO_TAPER, valid)
    exact = summed_up(scene, place, schedule, grid, weight / np.sum(weight))
    assert np.max(np.abs(image - exact)) < FOLDED


def test_pulses_may_leave_at_any_time(scene: MoonScene) -> None:
    place = (-2e3, 900.0)
    even = scene.windows(WAVEFORM, 20.0, 60.0)
    jitter = np.random.default_rng(6).integers(-1_500_000, 1_500_000, even.pulses)
    dithered = dataclasses.replace(
        even,
        transmit_tick=even.transmit_tick + jitter,
        window_start_tick=even.window_start_tick + jitter,
    )
    grid = chip_about(scene, *place)
    image = image_of(scene, place, dithered, grid)
    split = Reference.over(scene.reference, dithered, CARRIER_HZ)
    weight = pulse_weights(split, NO_TAPER)
    exact = summed_up(scene, place, dithered, grid, weight / np.sum(weight))
    assert np.max(np.abs(image - exact)) < FOLDED


def test_how_the_work_is_cut_does_not_matter(
    scene: MoonScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = (500.0, 500.0)
    schedule = scene.windows(WAVEFORM, 10.0, 60.0)
    echoes = echoes_of([scene.history(*place)], schedule, WAVEFORM)
    grid = chip_about(scene, *place, (70, 90))
    whole = project(scene, echoes, schedule, [ground_pixels(grid)])[0]
    with monkeypatch.context() as patch:
        patch.setattr(projection, "_BLOCK_BYTES", 1)
        patch.setattr(projection, "_PULSES_AT_ONCE", 7)
        small = project(scene, echoes, schedule, [ground_pixels(grid)])[0]
    with monkeypatch.context() as patch:
        patch.setattr(parallel, "worker_count", lambda: 1)
        alone = project(scene, echoes, schedule, [ground_pixels(grid)])[0]
    assert np.array_equal(alone, whole)
    # Pulses are added in the same order, in double precision: only rows may round differently.
    assert np.max(np.abs(small - whole)) < 3e-7
    # Other tiles, and the rows of a smaller extent.
    part = dataclasses.replace(
        grid, rows=23, columns=31, east_start_m=float(grid.east_m()[11]),
        north_start_m=float(grid.north_m()[17]),
    )  # fmt: skip
    cut = project(scene, echoes, schedule, [ground_pixels(part), ground_pixels(part)])
    assert np.array_equal(cut[0], cut[1])
    assert np.max(np.abs(cut[0] - whole[17:40, 11:42])) < 2e-5


def test_the_frame_may_be_that_of_another_point(scene: MoonScene) -> None:
    """The field's centre is one thing, the reference point of range compression another."""
    place = (1e3, 1e3)
    other = scene.history(900.0, 700.0)
    schedule = scene.windows(WAVEFORM, 20.0, 60.0, follow=other)
    echoes = echoes_of([scene.history(*place)], schedule, WAVEFORM)
    grid = ground_pixels(chip_about(scene, *place))
    (about_centre,) = project(scene, echoes, schedule, [grid])
    split = Reference.over(other, schedule, CARRIER_HZ)
    (about_other,) = project(scene, echoes, schedule, [grid], reference=split)
    # The edges of the sampled echo fall alike, the fractions of rows do not.
    assert np.max(np.abs(about_other - about_centre)) < 1e-4


def test_pixels_far_apart_are_right_as_well(scene: MoonScene) -> None:
    """Over tiles of these, delays are no cubics: 5e-15 s off over 22 km, if they were."""
    place = (0.0, 0.0)
    schedule = scene.windows(WAVEFORM, 20.0, 60.0)
    grid = GroundGrid(scene.centre, -11.2e3, 1.4e3, 17, -150.0, 75.0, 5)
    image = image_of(scene, place, schedule, grid)
    assert np.max(np.abs(image - summed_up(scene, place, schedule, grid))) < FOLDED
    assert abs(image[2, 8]) == pytest.approx(1.0, abs=FOLDED)


def test_refuses_pixels_without_delays_or_echoes(scene: MoonScene) -> None:
    schedule = scene.windows(WAVEFORM, 4.0, 60.0)
    split = Reference.over(scene.reference, schedule, CARRIER_HZ)
    beyond = ground_pixels(chip_about(scene, 0.0, 30.1e3))
    with pytest.raises(DelayFieldError, match="outside the delay field"):
        PixelPlan.of([beyond], scene.field, split, WAVEFORM)
    far = ground_pixels(chip_about(scene, 0.0, 20e3))
    with pytest.raises(FocusingError, match="receive windows hold"):
        project(scene, echoes_of([scene.reference], schedule, WAVEFORM), schedule, [far])


def test_refuses_apertures_that_the_field_does_not_cover(scene: MoonScene) -> None:
    schedule = scene.windows(WAVEFORM, 4.0, 60.0)
    split = Reference.over(scene.reference, schedule, CARRIER_HZ)
    late = dataclasses.replace(split, aperture=dataclasses.replace(split.aperture, middle_s=40.0))
    with pytest.raises(DelayFieldError, match="transmit times"):
        PixelPlan.of([ground_pixels(chip_about(scene, 0.0, 0.0))], scene.field, late, WAVEFORM)


def test_refuses_samples_of_another_schedule(scene: MoonScene) -> None:
    schedule = scene.windows(WAVEFORM, 4.0, 60.0)
    samples = np.zeros((schedule.pulses, 1000), dtype=np.complex64)
    with pytest.raises(FocusingError, match="the schedule says"):
        project(scene, Echoes(samples), schedule, [ground_pixels(chip_about(scene, 0.0, 0.0))])


def test_planes_are_grounds_too(scene: MoonScene) -> None:
    grid = dataclasses.replace(chip_about(scene, 0.0, 0.0), surface="plane", height_m=12.0)
    east, north, up = ground_pixels(grid).places_m(np.array([0.0, 20.0]), np.array([5.5, 20.0]))
    assert east == pytest.approx([-43.5, 0.0])
    assert north == pytest.approx([-100.0, 0.0])
    assert up == pytest.approx([12.0, 12.0])
    on_ellipsoid = ground_pixels(dataclasses.replace(grid, surface="ellipsoid"))
    up = on_ellipsoid.places_m(np.array([0.0]), np.array([0.0]))[2]
    assert up[0] == pytest.approx(surface_up_m(scene.centre, -60.0, -100.0, 12.0), abs=1e-8)
