"""De-ramping: its lags, and points of the paper's geometry far from the reference."""

import math

import numpy as np
import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.deramp.kernel import deramp_kernel, lag_grid
from sim_core.focusing.focus import focus
from sim_core.focusing.image import SlantGridSettings
from sim_core.focusing.prediction import PeakPredictor
from sim_core.focusing.reference import Reference
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.settings import FocusSettings
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.moon_scene import MoonScene, echoes_of
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, PolynomialDelay, schedule_of

WAVEFORM = LinearChirp(1e13, 4e-6)


@pytest.mark.parametrize("prf_hz", [20.0, 100.0])
def test_lags_cover_the_unambiguous_width(prf_hz: float) -> None:
    history = PolynomialDelay(walk=2e-6)
    schedule = schedule_of(history, WAVEFORM, prf_hz, 30.0, 640)
    grid = lag_grid(Reference.over(history, schedule, CARRIER_HZ))
    step_s, lags = grid.step_s, grid.lags
    cell_s = 1.0 / (4.68 * 30.0)
    assert cell_s / step_s == pytest.approx(1.28, rel=1e-3)
    assert lags * step_s >= min(prf_hz / 4.68, 30.0)
    assert lags * step_s == pytest.approx(min(prf_hz / 4.68, 30.0), rel=0.05)


def test_a_turning_doppler_rate_does_not_make_the_image_endless() -> None:
    turning = PolynomialDelay(curvature_per_s=1e-14, cubic_per_s2=1e-11)
    schedule = schedule_of(turning, WAVEFORM, 100.0, 20.0, 640)
    reference = Reference.over(turning, schedule, CARRIER_HZ)
    grid = lag_grid(reference)
    assert grid.lags * grid.step_s == pytest.approx(20.0, rel=0.05)


def test_an_extent_may_lie_anywhere() -> None:
    history = PolynomialDelay()
    reference = Reference.over(history, schedule_of(history, WAVEFORM, 50.0, 30.0, 640), CARRIER_HZ)
    grid = lag_grid(reference, (41.0, 43.0))
    assert grid.lag_s[0] <= 41.0 <= grid.lag_s[1]
    assert grid.lag_s[-1] >= 43.0
    assert grid.step_s == lag_grid(reference).step_s


def test_an_extent_must_be_one() -> None:
    with pytest.raises(FocusingError, match=r"azimuth lags from 2\.0 to 1\.0 s has no extent"):
        SlantGridSettings(azimuth_s=(2.0, 1.0))
    with pytest.raises(FocusingError, match=r"spacing of 0\.0 s"):
        SlantGridSettings(range_step_s=0.0)


def test_the_kernel_keeps_the_coordinates_of_the_reference(scene: MoonScene) -> None:
    """A field changes alpha and rho by what is neither constant nor linear in Doppler frequency."""
    schedule = scene.windows(LinearChirp(1e13, 8e-6), 20.0, 100.0)
    reference = Reference.over(scene.reference, schedule, CARRIER_HZ)
    time = np.linspace(-50.0, 50.0, 201)
    plain = deramp_kernel(reference, None, time)
    full = deramp_kernel(reference, scene.field, time)
    both = np.stack([np.ones_like(time), plain.alpha / reference.rate_span], axis=1)
    for change in ((full.alpha - plain.alpha) / reference.rate_span, full.rho):
        # The fit is over as many places as here, but not the same ones.
        assert np.linalg.lstsq(both, change)[0] == pytest.approx(
            [0.0, 0.0], abs=1e-2 * np.ptp(change)
        )
    # 1e-5 of a delay of 19 us, 28 km to the north, is four cycles.
    assert 3e-6 < np.max(np.abs(full.rho)) < 3e-5


@pytest.mark.parametrize(
    ("east_km", "north_km"), [(0, 0), (28, 0), (-28, 0), (0, 28), (0, -28), (-20, 20), (3, -5)]
)
def test_points_up_to_28_km_away_are_sharp_at_100_hz(
    scene: MoonScene, east_km: float, north_km: float
) -> None:
    """At 100 Hz 468 Hz of Doppler bandwidth fold, and 28 km are three times the unambiguous width.

    The echoes are exact, sample by sample, and so are the delays. The project's bars are 0.01 dB at
    the centre and 0.05 dB elsewhere, 0.02 cell and 0.5 degree.
    """
    waveform = LinearChirp(1e13, 8e-6)
    target = scene.history(1e3 * east_km, 1e3 * north_km)
    schedule = scene.windows(waveform, 100.0, 100.0, follow=target)
    peak = PeakPredictor.over(
        scene.reference, schedule, waveform, CARRIER_HZ, "deramp", field=scene.field
    ).peak(target)
    grid = SlantGridSettings(azimuth_s=(peak.azimuth_s - 0.15, peak.azimuth_s + 0.15))
    image = focus(
        echoes_of([target], schedule, waveform),
        schedule,
        waveform,
        CARRIER_HZ,
        scene.reference,
        FocusSettings(method="deramp", grid=grid),
        field=scene.field,
    )
    response = measure(image, peak.range_s, peak.azimuth_s)
    tolerance_db = 0.002 if east_km == north_km == 0 else 0.01
    for level_db in (response.azimuth.pslr_left_db, response.azimuth.pslr_right_db):
        assert level_db == pytest.approx(-13.2615, abs=tolerance_db)
    # The autocorrelation of the pulse's spectrum within the sample rate: see
    # test_range_compression.
    for level_db in (response.range.pslr_left_db, response.range.pslr_right_db):
        assert level_db == pytest.approx(-13.2566, abs=tolerance_db)
    assert abs(response.peak_range_s - peak.range_s) < 0.002 * image.range_cell_s
    assert abs(response.peak_azimuth_s - peak.azimuth_s) < 0.002 * image.azimuth_cell_s
    phase = math.remainder(response.peak_phase_rad - peak.phase_rad, math.tau)
    assert abs(math.degrees(phase)) < 0.05
    assert response.peak_magnitude == pytest.approx(1.0, abs=5e-4)
