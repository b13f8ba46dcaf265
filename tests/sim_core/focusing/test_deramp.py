import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_core.focusing.deramp import NonuniformTransform, lag_grid
from sim_core.focusing.reference import Reference
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, PolynomialDelay, schedule_of

WAVEFORM = LinearChirp(1e13, 4e-6)


@given(modes=st.integers(1, 700), seed=st.integers(0, 1000), spread=st.floats(0.01, 3.0))
@settings(max_examples=40, deadline=None)
def test_the_transform_is_the_sum(modes: int, seed: int, spread: float) -> None:
    generator = np.random.default_rng(seed)
    place = generator.uniform(-spread, spread, 211)
    values = (generator.standard_normal(211) + 1j * generator.standard_normal(211)).astype(
        np.complex64
    )
    k = np.arange(modes) - modes // 2
    exact = np.exp(2j * np.pi * np.multiply.outer(k, place)) @ values.astype(np.complex128)
    result = NonuniformTransform.plan(modes)(values, place)
    assert np.max(np.abs(result - exact)) < 1e-6 * np.sum(np.abs(values))


@pytest.mark.parametrize("prf_hz", [20.0, 100.0])
def test_lags_cover_the_unambiguous_width(prf_hz: float) -> None:
    history = PolynomialDelay(walk=2e-6)
    schedule = schedule_of(history, WAVEFORM, prf_hz, 30.0, 640)
    step_s, lags = lag_grid(Reference.over(history, schedule, CARRIER_HZ))
    cell_s = 1.0 / (4.68 * 30.0)
    assert cell_s / step_s == pytest.approx(1.28, rel=1e-3)
    assert lags * step_s >= min(prf_hz / 4.68, 30.0)
    assert lags * step_s == pytest.approx(min(prf_hz / 4.68, 30.0), rel=0.05)


def test_a_turning_doppler_rate_does_not_make_the_image_endless() -> None:
    turning = PolynomialDelay(curvature_per_s=1e-14, cubic_per_s2=1e-11)
    schedule = schedule_of(turning, WAVEFORM, 100.0, 20.0, 640)
    reference = Reference.over(turning, schedule, CARRIER_HZ)
    step_s, lags = lag_grid(reference)
    assert lags * step_s == pytest.approx(20.0, rel=0.05)
