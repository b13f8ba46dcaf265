"""Images of points from echoes evaluated sample by sample, against theory and prediction."""

import dataclasses
import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.focus import focus
from sim_core.focusing.image import Image, Method
from sim_core.focusing.prediction import PredictedPeak, predict_peak
from sim_core.focusing.reference import Aperture
from sim_core.focusing.response.impulse_response import ImpulseResponse, measure
from sim_core.focusing.response.theory import azimuth_theory, range_theory
from sim_core.focusing.settings import FocusSettings
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp
from sim_core.signal.window import NO_TAPER, Window
from tests.sim_core.focusing.point_echoes import (
    CARRIER_HZ,
    Echoes,
    PolynomialDelay,
    echo_samples,
    point_echoes,
    schedule_of,
)

WAVEFORM = LinearChirp(1e13, 4e-6)
WALK = 2.3e-6
HISTORY = PolynomialDelay(walk=WALK)
# 94 Hz of Doppler bandwidth in 20 s; the middle of the aperture is not time zero.
SCHEDULE = schedule_of(HISTORY, WAVEFORM, 200.0, 20.0, 640, centre_s=3.7)
SPARSE = schedule_of(HISTORY, WAVEFORM, 40.0, 20.0, 640, centre_s=3.7)
METHODS: list[Method] = ["range-doppler", "deramp"]

# Why range is a little off theory: the pulse's edges fall between samples, so that the sampled
# spectrum folds differently for each place between two ticks.
IRW_TOLERANCE = 0.005
PSLR_TOLERANCE_DB = 0.05
ISLR_TOLERANCE_DB = 0.1


def image_of(
    target: PolynomialDelay,
    schedule: PulseSchedule,
    settings: FocusSettings,
    amplitude: complex = 1.0,
    waveform: LinearChirp = WAVEFORM,
) -> Image:
    echoes = point_echoes(target, schedule, waveform, amplitude)
    return focus(echoes, schedule, waveform, CARRIER_HZ, HISTORY, settings)


def assert_at(
    response: ImpulseResponse,
    peak: PredictedPeak,
    image: Image,
    cells: float = 0.05,
    degrees: float = 2.0,
) -> None:
    """Compare with prediction at the project's bars, or tighter."""
    assert abs(response.peak_range_s - peak.range_s) < cells * image.range_cell_s
    assert abs(response.peak_azimuth_s - peak.azimuth_s) < cells * image.azimuth_cell_s
    error = math.remainder(response.peak_phase_rad - peak.phase_rad, math.tau)
    assert abs(math.degrees(error)) < degrees


def assert_like_theory(
    response: ImpulseResponse, waveform: LinearChirp = WAVEFORM, windows: Window = NO_TAPER
) -> None:
    for axis, theory in (
        (response.range, range_theory(waveform, windows)),
        (response.azimuth, azimuth_theory(windows)),
    ):
        assert axis.irw_cells == pytest.approx(theory.irw_cells, rel=IRW_TOLERANCE)
        assert axis.pslr_left_db == pytest.approx(theory.pslr_db, abs=PSLR_TOLERANCE_DB)
        assert axis.pslr_right_db == pytest.approx(theory.pslr_db, abs=PSLR_TOLERANCE_DB)
        assert axis.islr_db == pytest.approx(theory.islr_db, abs=ISLR_TOLERANCE_DB)


@pytest.mark.parametrize("rate", [1e13, -1e13])
@pytest.mark.parametrize("method", METHODS)
def test_the_reference_point_is_theory_at_the_origin(method: Method, rate: float) -> None:
    waveform = LinearChirp(rate, 4e-6)
    image = image_of(HISTORY, SCHEDULE, FocusSettings(method=method), waveform=waveform)
    response = measure(image)
    assert_like_theory(response, waveform)
    assert_at(response, PredictedPeak(0.0, 0.0, 0.0), image, cells=0.01, degrees=0.1)
    assert response.peak_magnitude == pytest.approx(1.0, abs=2e-3)
    assert response.snr_db > 90.0
    # In azimuth nothing is sampled off its place: theory to the noise of complex64.
    assert response.azimuth.pslr_db == pytest.approx(-13.2615, abs=2e-3)
    assert response.azimuth.irw_cells == pytest.approx(0.885893, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("lag_s", "offset_cells"),
    [(5.0, 0.0), (-5.0, 0.0), (0.0, 50.0), (0.0, -50.0), (4.3, 33.3), (-1.7, -47.1)],
)
def test_points_beside_the_reference_are_where_they_are_predicted(
    method: Method, lag_s: float, offset_cells: float
) -> None:
    # The walk is added, so that the point stays within the windows that follow the reference.
    target = HISTORY.moved(lag_s, offset_cells / WAVEFORM.bandwidth_hz + WALK * lag_s)
    peak = predict_peak(
        target,
        HISTORY,
        SCHEDULE,
        WAVEFORM,
        CARRIER_HZ,
        method,
        target_phase_rad=0.7,
    )
    assert peak.azimuth_s == pytest.approx(lag_s, abs=1e-3)
    image = image_of(target, SCHEDULE, FocusSettings(method=method), 0.5 * np.exp(0.7j))
    response = measure(image, peak.range_s, peak.azimuth_s)
    assert_at(response, peak, image, cells=0.01, degrees=0.1)
    assert_like_theory(response)
    assert response.peak_magnitude == pytest.approx(0.5, abs=1e-3)


def test_both_methods_form_the_same_image() -> None:
    target = HISTORY.moved(4.0, 20e-9 + WALK * 4.0)
    responses = []
    for method in METHODS:
        peak = predict_peak(target, HISTORY, SCHEDULE, WAVEFORM, CARRIER_HZ, method)
        image = image_of(target, SCHEDULE, FocusSettings(method=method))
        responses.append(measure(image, peak.range_s, peak.azimuth_s))
    a, b = responses
    assert a.peak_range_s == pytest.approx(b.peak_range_s, abs=0.002 / WAVEFORM.bandwidth_hz)
    assert a.peak_azimuth_s == pytest.approx(b.peak_azimuth_s, abs=0.01 / 93.6)
    # They differ by the cubic term times the lag squared: 1e-15 * 4^2 / 2 of delay rate.
    phase = math.remainder(a.peak_phase_rad - b.peak_phase_rad, math.tau)
    assert math.degrees(phase) == pytest.approx(0.0, abs=2.0)


def test_undersampled_points_are_focused_by_deramping() -> None:
    image = image_of(HISTORY, SPARSE, FocusSettings())
    assert image.method == "deramp"
    assert image.azimuth_ambiguity_s == pytest.approx(40.0 / 4.68, rel=1e-3)
    response = measure(image)
    assert_like_theory(response)
    assert_at(response, PredictedPeak(0.0, 0.0, 0.0), image, cells=0.01, degrees=0.1)
    with pytest.raises(FocusingError, match="undersamples"):
        image_of(HISTORY, SPARSE, FocusSettings(method="range-doppler"))


def test_back_projection_needs_a_field() -> None:
    with pytest.raises(FocusingError, match="takes the delays of all places; give a delay field"):
        image_of(HISTORY, SPARSE, FocusSettings(method="back-projection"))


def test_a_strong_cubic_term_does_not_defocus_far_points() -> None:
    # 1.6e-14 1/s^2 is the worst of the geometry; without the transform over Doppler frequency in
    # place of time, a lag of 4 s would leave 0.5 rad at the ends of this aperture.
    history = dataclasses.replace(HISTORY, cubic_per_s2=1.6e-14)
    schedule = schedule_of(history, WAVEFORM, 200.0, 20.0, 640)
    target = history.moved(4.0, WALK * 4.0)
    echoes = echo_samples([(target, 1.0)], schedule, WAVEFORM)
    for method in METHODS:
        image = focus(echoes, schedule, WAVEFORM, CARRIER_HZ, history, FocusSettings(method=method))
        peak = predict_peak(target, history, schedule, WAVEFORM, CARRIER_HZ, method)
        response = measure(image, peak.range_s, peak.azimuth_s)
        assert_like_theory(response)
        assert_at(response, peak, image, cells=0.01, degrees=0.2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "window", [Window("generalized-hamming"), Window("taylor", nbar=5, sidelobe_db=35.0)]
)
def test_tapers_give_their_own_theory(method: Method, window: Window) -> None:
    settings = FocusSettings(method=method, range_window=window, azimuth_window=window)
    response = measure(image_of(HISTORY, SCHEDULE, settings))
    assert response.peak_magnitude == pytest.approx(1.0, abs=2e-3)
    azimuth = azimuth_theory(window)
    assert response.azimuth.irw_cells == pytest.approx(azimuth.irw_cells, abs=1e-3)
    assert response.azimuth.pslr_db == pytest.approx(azimuth.pslr_db, abs=0.02)
    assert response.azimuth.islr_db == pytest.approx(azimuth.islr_db, abs=0.02)
    range_ = range_theory(WAVEFORM, window)
    assert response.range.irw_cells == pytest.approx(range_.irw_cells, rel=IRW_TOLERANCE)
    # The echo's sampled edges are 50 dB below its peak: 0.5 dB of a side lobe at -35 dB.
    assert response.range.pslr_db == pytest.approx(range_.pslr_db, abs=0.5)


def test_a_known_delay_of_the_chain_moves_nothing() -> None:
    delay_s = 0.213e-6
    echoes = echo_samples([(HISTORY, 1.0)], SCHEDULE, WAVEFORM, chain_delay_s=delay_s)
    for known_s, expected_s in ((delay_s, 0.0), (0.0, delay_s)):
        settings = FocusSettings(method="range-doppler", chain_delay_s=known_s)
        image = focus(echoes, SCHEDULE, WAVEFORM, CARRIER_HZ, HISTORY, settings)
        response = measure(image, expected_range_s=expected_s)
        assert response.peak_range_s == pytest.approx(expected_s, abs=0.01 * image.range_cell_s)


@pytest.mark.parametrize("chain_delay_s", [math.nan, math.inf])
def test_a_delay_that_is_no_number_is_refused(chain_delay_s: float) -> None:
    with pytest.raises(FocusingError, match="delay of the chain"):
        FocusSettings(chain_delay_s=chain_delay_s)


def test_dithered_pulses_are_focused_by_deramping() -> None:
    jitter = np.random.default_rng(5).integers(-20_000, 20_000, SPARSE.pulses)
    dithered = dataclasses.replace(
        SPARSE,
        transmit_tick=SPARSE.transmit_tick + jitter,
        window_start_tick=SPARSE.window_start_tick + jitter,
    )
    response = measure(image_of(HISTORY, dithered, FocusSettings(method="deramp")))
    # Random places of the pulses scatter the response a little: 0.2 ms against 25 ms.
    assert response.azimuth.pslr_db == pytest.approx(-13.26, abs=0.05)
    assert math.degrees(response.peak_phase_rad) == pytest.approx(0.0, abs=0.1)


def test_a_history_that_ends_with_the_aperture_will_do() -> None:
    first, last = Aperture.of(SCHEDULE).edges_s
    short = dataclasses.replace(HISTORY, start_s=float(first), stop_s=float(last))
    echoes = point_echoes(HISTORY, SCHEDULE, WAVEFORM)
    image = focus(
        echoes, SCHEDULE, WAVEFORM, CARRIER_HZ, short, FocusSettings(method="range-doppler")
    )
    assert_like_theory(measure(image))


def test_noise_keeps_its_level_under_the_peak() -> None:
    generator = np.random.default_rng(2)
    shape = (SCHEDULE.pulses, SCHEDULE.window_samples)
    noise = generator.standard_normal((*shape, 2)).astype(np.float32).view(np.complex64)[..., 0]
    echoes = point_echoes(HISTORY, SCHEDULE, WAVEFORM)
    noisy = Echoes(echoes.samples + noise / np.float32(math.sqrt(2.0)))
    # Each sample at 0 dB; pulse compression gathers 384 samples and the aperture 4000 pulses.
    expected_db = 10.0 * math.log10(384 * SCHEDULE.pulses)
    for method in METHODS:
        settings = FocusSettings(method=method)
        image = focus(noisy, SCHEDULE, WAVEFORM, CARRIER_HZ, HISTORY, settings)
        # Range-Doppler keeps 1.02 of the band: 0.1 dB. The taper of the cut-off gates, and the
        # skirts of the matched filter's spectrum, take less than that.
        assert measure(image).snr_db == pytest.approx(expected_db, abs=0.3)


def test_progress_rises_from_zero_to_one() -> None:
    for method in METHODS:
        seen: list[float] = []
        schedule = SCHEDULE if method == "range-doppler" else SPARSE
        focus(
            point_echoes(HISTORY, schedule, WAVEFORM),
            schedule,
            WAVEFORM,
            CARRIER_HZ,
            HISTORY,
            FocusSettings(method=method),
            seen.append,
        )
        assert seen == sorted(seen)
        assert seen[0] > 0.0
        assert seen[-1] == pytest.approx(1.0)


def test_the_published_aperture_of_100_s() -> None:
    """20 cells of range migration and secondary range compression, at 600 Hz."""
    schedule = schedule_of(HISTORY, WAVEFORM, 600.0, 100.0, 520)
    echoes = echo_samples([(HISTORY, 1.0)], schedule, WAVEFORM)
    for method in METHODS:
        settings = FocusSettings(method=method)
        image = focus(echoes, schedule, WAVEFORM, CARRIER_HZ, HISTORY, settings)
        response = measure(image)
        assert_like_theory(response)
        assert_at(response, PredictedPeak(0.0, 0.0, 0.0), image, cells=0.01, degrees=0.1)
