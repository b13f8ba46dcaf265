import math

import numpy as np
import pytest

from sim_core.errors import MediumError
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.troposphere import LOWEST_ELEVATION_DEG, mapping_factors, zenith_delay
from sim_core.geometry.weather import Weather

SPEED_OF_LIGHT = 299792458.0


def test_mapping_factors_are_the_iers_routines() -> None:
    # Test case in the head of GMF: Green Bank, 12 August 2009, zenith distance 1.278564131 rad.
    place = EarthPoint(math.degrees(0.6708665767), math.degrees(-1.393397187), 844.715)
    hydrostatic, wet = mapping_factors(place, 55055.0, 0.5 * math.pi - 1.278564131)
    # The same formula in double precision on both sides.
    assert float(hydrostatic) == pytest.approx(3.425245519339138678, rel=1e-14)
    assert float(wet) == pytest.approx(3.449589116182419257, rel=1e-14)


@pytest.mark.parametrize("latitude_deg", [-90.0, -45.0, 0.0, 45.0, 90.0])
@pytest.mark.parametrize("mjd", [51544.0, 51544.0 + 183.0])
def test_factors_are_one_in_the_zenith_and_grow_as_the_cosecant(
    latitude_deg: float, mjd: float
) -> None:
    place = EarthPoint(latitude_deg, 20.0)
    for factor in mapping_factors(place, mjd, np.radians((90.0, 30.0, 10.0, 5.0, 3.0))):
        assert factor[0] == pytest.approx(1.0)
        cosecant = 1.0 / np.sin(np.radians((30.0, 10.0, 5.0, 3.0)))
        # The air is a shell, not a slab: shorter than the cosecant, by more the lower.
        shortfall = 1.0 - factor[1:] / cosecant
        assert np.all(shortfall > 0.0)
        assert np.all(np.diff(shortfall) > 0.0)
        assert shortfall[0] < 0.006
        assert shortfall[1] < 0.05


def test_hydrostatic_factor_is_that_of_a_ray_through_the_standard_atmosphere() -> None:
    # Straight ray: refractivity integrated over a sphere. At 10 deg bending makes 2e-4 of the
    # path's length, and the atmosphere of the place differs by a few 1e-3 from the standard one.
    heights = np.concatenate((np.linspace(0.0, 10e3, 4001), np.linspace(10e3, 90e3, 4001)[1:]))
    pressure, temperature, _ = Weather.standard(0.0).profile(heights)
    for elevation_deg in (30.0, 10.0):
        nearest = 6371e3 * math.cos(math.radians(elevation_deg))
        along = np.sqrt((6371e3 + heights) ** 2 - nearest**2)
        slant = np.trapezoid(pressure / temperature, along)
        expected = slant / np.trapezoid(pressure / temperature, heights)
        found, _ = mapping_factors(EarthPoint(45.0, 0.0), 51544.0, math.radians(elevation_deg))
        assert float(found) == pytest.approx(expected, rel=3e-3)


def test_zenith_delay_is_the_refractivity_over_the_place() -> None:
    weather = Weather.standard(0.0)
    heights = np.linspace(0.0, 90e3, 90001)
    pressure, temperature, vapour = weather.profile(heights)
    # Rueger (2002): 77.6890 K/hPa for dry air, of which the whole weight counts as hydrostatic.
    hydrostatic_m = 77.6890e-6 * np.trapezoid(pressure / temperature, heights)
    # The vapour's own 71.2952 K/hPa, less what of its weight the hydrostatic part counts: its molar
    # mass is 18.0152 / 28.9645 of the dry air's.
    k2 = 71.2952 - 77.6890 * 18.0152 / 28.9645
    wet_n = k2 * vapour / temperature + 375463.0 * vapour / temperature**2
    wet_m = 1e-6 * np.trapezoid(wet_n, heights)
    found = zenith_delay(EarthPoint(45.0, 0.0), weather)
    # The air over 45 deg at standard gravity. Saastamoinen took the weight, not the profile: 0.1 %.
    assert found.hydrostatic_s * SPEED_OF_LIGHT == pytest.approx(hydrostatic_m, rel=2e-3)
    # Mean temperature by Bevis's regression, 1 %; vapour of the stratosphere left out, 0.1 %.
    assert found.wet_s * SPEED_OF_LIGHT == pytest.approx(wet_m, rel=0.02)


def test_zenith_delay_has_the_size_in_the_textbooks() -> None:
    found = zenith_delay(EarthPoint(45.0, 0.0), Weather.standard(0.0))
    # 2.3 m, or 7.7 ns, at 1013.25 hPa; Orekit's CanonicalSaastamoinenModel has 2.30697 m.
    assert found.hydrostatic_s * SPEED_OF_LIGHT == pytest.approx(2.30697, abs=1e-5)
    assert 0.05 < found.wet_s * SPEED_OF_LIGHT < 0.2


def test_air_is_thinner_over_a_mountain_and_drier_when_dry() -> None:
    low = zenith_delay(EarthPoint(0.0, 0.0, 0.0), Weather.standard(0.0))
    high = zenith_delay(EarthPoint(0.0, 0.0, 5000.0), Weather.standard(5000.0))
    assert high.hydrostatic_s == pytest.approx(low.hydrostatic_s * 540.48 / 1013.25, rel=3e-3)
    assert high.wet_s < 0.15 * low.wet_s
    dry = zenith_delay(EarthPoint(0.0, 0.0), Weather.measured(0.0, 1013.25, 288.15, 0.0))
    assert dry.wet_s == 0.0


@pytest.mark.parametrize("elevation_deg", [LOWEST_ELEVATION_DEG - 0.01, 0.0, -20.0, math.nan])
def test_low_elevations_are_refused_with_the_limit(elevation_deg: float) -> None:
    elevations = np.radians((45.0, elevation_deg))
    with pytest.raises(MediumError, match="mapping functions do not hold") as refusal:
        mapping_factors(EarthPoint(0.0, 0.0), 51544.0, elevations)
    assert "3 deg" in refusal.value.remedy
