import math

import numpy as np
import pytest

from sim_core.errors import MediumError
from sim_core.geometry.gas_absorption import slant_absorption_db, specific_attenuation_db_per_km
from sim_core.geometry.weather import Weather


@pytest.mark.parametrize(
    ("ghz", "oxygen", "water"),
    [
        # Validation examples of ITU-R study group 3 for P.676, Annex 1: 1013.25 hPa of dry air,
        # 288.15 K, 7.5 g/m^3; as in the tests of the package itur 0.4.0.
        (12.0, 0.00869826, 0.00953539),
        (20.0, 0.01188355, 0.09704730),
        (60.0, 14.62347480, 0.15484184),
        (90.0, 0.03886971, 0.34197339),
        (130.0, 0.04150908, 0.75184470),
    ],
)
def test_attenuation_is_the_itus(ghz: float, oxygen: float, water: float) -> None:
    temperature = np.array([288.15])
    found = specific_attenuation_db_per_km(
        1e9 * ghz, np.array([1013.25]), temperature, 7.5 * temperature / 216.7
    )
    # Printed to eight decimals.
    assert float(found[0][0]) == pytest.approx(oxygen, abs=1e-8)
    assert float(found[1][0]) == pytest.approx(water, abs=1e-8)


@pytest.mark.parametrize(
    # itur 0.4.0: gaseous_attenuation_slant_path(23, elevation, 7.5, 1013.25, 288.15, mode="exact").
    ("elevation_deg", "expected_db", "tolerance"),
    [
        # It takes the standard pressure for that of the dry air, 1 percent more of the oxygen.
        (90.0, 0.49805, 0.004),
        (45.0, 0.70413, 0.004),
        (30.0, 0.99514, 0.004),
        # And bends the ray: at 10 deg 0.3 percent more.
        (10.0, 2.83915, 0.007),
    ],
)
def test_slant_absorption_at_23_ghz(
    elevation_deg: float, expected_db: float, tolerance: float
) -> None:
    found = slant_absorption_db(Weather.standard(0.0), 23e9, math.radians(elevation_deg))
    assert found == pytest.approx(expected_db, rel=tolerance)


def test_absorption_peaks_at_the_water_line_and_needs_water_there() -> None:
    zenith = 0.5 * math.pi
    humid, dry = Weather.standard(0.0), Weather.measured(0.0, 1013.25, 288.15, 0.0)
    below, on, above = (slant_absorption_db(humid, f, zenith) for f in (18e9, 22.235e9, 26e9))
    assert on > 1.5 * below
    assert on > 1.2 * above
    assert slant_absorption_db(dry, 22.235e9, zenith) < 0.2 * on


def test_a_high_and_dry_place_sees_more() -> None:
    low, high = (
        slant_absorption_db(Weather.standard(height_m), 23e9, 1.0) for height_m in (0.0, 5000.0)
    )
    assert high < 0.2 * low


@pytest.mark.parametrize("frequency_hz", [1e8, 2e12, math.nan])
def test_frequencies_outside_the_recommendation_are_refused(frequency_hz: float) -> None:
    with pytest.raises(MediumError, match="absorption"):
        slant_absorption_db(Weather.standard(0.0), frequency_hz, 1.0)


@pytest.mark.parametrize("elevation_rad", [0.0, -0.1, 2.0, math.nan])
def test_paths_below_the_horizon_are_refused(elevation_rad: float) -> None:
    with pytest.raises(MediumError, match="horizon"):
        slant_absorption_db(Weather.standard(0.0), 23e9, elevation_rad)
