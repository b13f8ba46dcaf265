import math
from typing import Any

import pytest

from sim_core.errors import FocusingError
from sim_core.focusing.sampling import azimuth_sampling, choose_method
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import CARRIER_HZ, PolynomialDelay, schedule_of

WAVEFORM = LinearChirp(1e13, 4e-6)
HISTORY = PolynomialDelay(walk=2.65e-6, cubic_per_s2=0.0)
TURNING = PolynomialDelay(curvature_per_s=0.0, cubic_per_s2=1e-11)


def test_the_published_aperture_is_undersampled_at_100_hz() -> None:
    schedule = schedule_of(HISTORY, WAVEFORM, 100.0, 100.0, 640)
    sampling = azimuth_sampling(HISTORY, schedule, CARRIER_HZ)
    assert sampling.doppler_rate_hz_per_s == pytest.approx(-4.68, rel=1e-9)
    assert sampling.doppler_bandwidth_hz == pytest.approx(468.0, rel=1e-6)
    assert sampling.doppler_centroid_hz == pytest.approx(-60.95e3, rel=1e-3)
    assert sampling.prf_hz == pytest.approx(100.0)
    assert sampling.undersampled
    assert sampling.ambiguity_spacing_s == pytest.approx(21.37, abs=0.01)
    assert choose_method(sampling, "auto") == "deramp"
    with pytest.raises(FocusingError, match=r"100 Hz undersamples .* 468 Hz.*deramp.*above 514\.8"):
        choose_method(sampling, "range-doppler")


def test_it_is_sampled_at_600_hz() -> None:
    schedule = schedule_of(HISTORY, WAVEFORM, 600.0, 100.0, 640)
    sampling = azimuth_sampling(HISTORY, schedule, CARRIER_HZ)
    assert not sampling.undersampled
    assert sampling.rate_keeps_sign
    assert choose_method(sampling, "auto") == "range-doppler"
    assert choose_method(sampling, "deramp") == "deramp"


@pytest.mark.parametrize(
    ("prf_hz", "method"), [(469.0, "deramp"), (510.0, "deramp"), (520.0, "range-doppler")]
)
def test_a_prf_with_little_to_spare_is_left_to_deramping(prf_hz: float, method: str) -> None:
    # 468 Hz of Doppler; an image of less than 1.1 rows per cell cannot be measured.
    schedule = schedule_of(HISTORY, WAVEFORM, prf_hz, 100.0, 640)
    sampling = azimuth_sampling(HISTORY, schedule, CARRIER_HZ)
    assert not sampling.undersampled
    assert choose_method(sampling, "auto") == method


def test_an_aperture_of_few_cells_is_refused_with_the_length_that_would_do() -> None:
    # 40 cells: 4.68 Hz/s x T^2 = 40, T = 2.92 s.
    schedule = schedule_of(HISTORY, WAVEFORM, 600.0, 2.0, 640)
    sampling = azimuth_sampling(HISTORY, schedule, CARRIER_HZ)
    with pytest.raises(FocusingError, match=r"18\.7 cells.*2\.92 s"):
        choose_method(sampling, "auto")


def test_a_doppler_rate_that_changes_sign_is_named() -> None:
    schedule = schedule_of(TURNING, WAVEFORM, 600.0, 20.0, 640, centre_s=5.0)
    sampling = azimuth_sampling(TURNING, schedule, CARRIER_HZ)
    assert not sampling.rate_keeps_sign
    assert choose_method(sampling, "auto") == "deramp"
    with pytest.raises(FocusingError, match="changes its sign"):
        choose_method(sampling, "range-doppler")


def test_an_aperture_without_resolution_is_refused() -> None:
    straight = PolynomialDelay(curvature_per_s=0.0, cubic_per_s2=0.0)
    schedule = schedule_of(straight, WAVEFORM, 600.0, 20.0, 640)
    sampling = azimuth_sampling(straight, schedule, CARRIER_HZ)
    with pytest.raises(FocusingError, match="resolves nothing"):
        choose_method(sampling, "auto")


def test_an_unknown_method_is_refused() -> None:
    schedule = schedule_of(HISTORY, WAVEFORM, 600.0, 10.0, 640)
    sampling = azimuth_sampling(HISTORY, schedule, CARRIER_HZ)
    unknown: Any = "omega-k"
    with pytest.raises(FocusingError, match="unknown focusing method"):
        choose_method(sampling, unknown)


@pytest.mark.parametrize("carrier_hz", [0.0, -23e9, math.nan, math.inf])
def test_a_carrier_that_is_none_is_refused(carrier_hz: float) -> None:
    schedule = schedule_of(HISTORY, WAVEFORM, 200.0, 10.0, 640)
    with pytest.raises(FocusingError, match="is none; give the radar's carrier"):
        azimuth_sampling(HISTORY, schedule, carrier_hz)
