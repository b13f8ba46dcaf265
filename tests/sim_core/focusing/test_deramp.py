import pytest

from sim_core.focusing.deramp import lag_grid
from sim_core.focusing.reference import Reference
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, PolynomialDelay, schedule_of

WAVEFORM = LinearChirp(1e13, 4e-6)


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
