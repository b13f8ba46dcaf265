import numpy as np
import pytest

from sim_core.focusing.azimuth_transform import AzimuthRaster
from sim_core.focusing.range_compression.gates import plan_gates
from sim_core.focusing.range_doppler.lag_blocks import plan_lag_blocks
from sim_core.focusing.range_doppler.place_references import PlaceReferences, SkewedHistory
from sim_core.focusing.reference import Reference
from tests.sim_core.focusing.moon_scene import NARROW_CHIRP, MoonScene
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, PolynomialDelay


@pytest.fixture(scope="module")
def reference(scene: MoonScene) -> Reference:
    return Reference.over(scene.reference, scene.narrow_windows(), CARRIER_HZ)


@pytest.fixture(scope="module")
def places(scene: MoonScene, reference: Reference) -> PlaceReferences:
    return PlaceReferences.over(scene.field, reference)


def test_the_reference_point_is_at_the_origin(scene: MoonScene, places: PlaceReferences) -> None:
    place = places.coordinates(scene.reference)
    assert place is not None
    assert place.range_s == pytest.approx(0.0, abs=1e-18)
    assert place.lag_s == pytest.approx(0.0, abs=1e-9)


def test_a_later_and_longer_history_has_its_own_lag_and_range(
    scene: MoonScene, reference: Reference
) -> None:
    """The definition: `lag` later and `b` longer is at (lag, b - walk lag), but for the skew."""
    history = PolynomialDelay(walk=reference.walk, constant_s=reference.base_s)
    frame = SkewedHistory(history, reference.aperture.middle_s, 0.0)
    assert frame.delay_rate(np.array([1.0])) == history.delay_rate(np.array([1.0]))
    plain = PlaceReferences._of(scene.field, reference, 0.0)
    first = plain.coordinates(history)
    second = plain.coordinates(history.moved(4.0, 2e-7 + reference.walk * 4.0))
    assert first is not None
    assert second is not None
    assert second.lag_s - first.lag_s == pytest.approx(4.0, abs=1e-8)
    assert second.range_s - first.range_s == pytest.approx(2e-7, abs=1e-16)


def test_a_skewed_history_has_the_derivatives_of_its_delay() -> None:
    skewed = SkewedHistory(PolynomialDelay(cubic_per_s2=0.0), 2.0, 3e-15)
    time = np.array([-20.0, 0.0, 7.0])
    step = 1e-3
    ends = [skewed.relative_delay_s(time + d, PolynomialDelay().constant_s) for d in (-step, step)]
    # Differences of 1e-8 s in doubles, over 2 ms.
    assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(skewed.delay_rate(time), abs=1e-20)
    rates = [skewed.delay_rate(time + d) for d in (-step, step)]
    assert (rates[1] - rates[0]) / (2 * step) == pytest.approx(
        skewed.delay_acceleration(time), rel=1e-9
    )


@pytest.mark.parametrize("place", [(0.0, 0.0), (8e3, -9e3), (-20e3, 15e3)])
def test_places_are_found_by_their_coordinates(
    scene: MoonScene, places: PlaceReferences, place: tuple[float, float]
) -> None:
    at = places.coordinates(scene.field_history(*place))
    assert at is not None
    east, north = places.place_m(np.array(at.range_s), np.array(at.lag_s))
    assert (float(east), float(north)) == pytest.approx(place, abs=0.01)
    inverse = places.inverse_curvature_s(np.array(at.range_s), np.array(at.lag_s))
    # pi f_D^2 / f_c times the inverse is 3.6e4 rad at the ends of 100 s: 1e-8 is 4e-4 rad.
    assert float(inverse) * at.curvature_per_s == pytest.approx(1.0, abs=1e-8)
    assert places.inside(np.array(at.range_s), np.array(at.lag_s))


def test_the_skew_keeps_the_doppler_rate_along_the_lags(
    scene: MoonScene, reference: Reference, places: PlaceReferences
) -> None:
    plain = PlaceReferences._of(scene.field, reference, 0.0)
    lags, origin = np.array([-20.0, 20.0]), np.zeros(2)
    changes = [np.ptp(1.0 / one.inverse_curvature_s(origin, lags)) for one in (plain, places)]
    # 3e-5 Hz/s per second of lag, and 2 % of it that is not linear.
    assert changes[0] * CARRIER_HZ == pytest.approx(40 * 3e-5, rel=0.05)
    assert changes[1] < 0.02 * changes[0]


def test_points_beyond_their_history_have_no_coordinates(
    scene: MoonScene, places: PlaceReferences
) -> None:
    assert places.coordinates(scene.field_history(29e3, 0.0)) is None


def test_a_scene_within_the_spare_band_has_one_block(scene: MoonScene) -> None:
    # At 400 Hz the spare band is that of 22 s of lag, more than the image has.
    schedule = scene.narrow_windows(prf_hz=400.0)
    reference = Reference.over(scene.reference, schedule, CARRIER_HZ)
    places = PlaceReferences.over(scene.field, reference)
    frame_s = reference.walk * reference.aperture.slow_time_s
    gates = plan_gates(schedule, NARROW_CHIRP, reference, frame_s, 0.0)
    raster = AzimuthRaster.of(reference.aperture)
    blocks = plan_lag_blocks(places, raster, gates)
    assert [block.lags for block in blocks.blocks] == [slice(0, raster.bins)]
    assert blocks.blocks[0].place.lag_s == pytest.approx(0.0, abs=1e-6)
    assert blocks.summary.residual_rad < 0.01


def test_blocks_read_the_bins_about_their_own_band(
    scene: MoonScene, reference: Reference, places: PlaceReferences
) -> None:
    frame_s = reference.walk * reference.aperture.slow_time_s
    gates = plan_gates(scene.narrow_windows(), NARROW_CHIRP, reference, frame_s, 0.0)
    raster = AzimuthRaster.of(reference.aperture)
    blocks = plan_lag_blocks(places, raster, gates).blocks
    assert [block.lags.start for block in blocks[1:]] == [block.lags.stop for block in blocks[:-1]]
    assert (blocks[0].lags.start, blocks[-1].lags.stop) == (0, raster.bins)
    prf_hz = 1.0 / raster.interval_s
    for block in blocks:
        doppler_hz = raster.doppler_hz(block.centre_bin(raster))
        # The lag times 4.68 Hz/s is the middle of the band.
        assert np.max(np.abs(doppler_hz - 4.684 * block.place.lag_s)) < 0.5 * prf_hz + 0.1
        turns = (doppler_hz - raster.doppler_hz()) / prf_hz
        assert turns == pytest.approx(np.round(turns), abs=1e-9)
