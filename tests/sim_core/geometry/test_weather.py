import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import MediumError
from sim_core.geometry.weather import Weather, saturation_pressure_hpa


@pytest.mark.parametrize(
    ("height_m", "pressure_hpa", "temperature_k"),
    [
        # US Standard Atmosphere 1976, on which ITU-R P.835 rests: geometric heights.
        (0.0, 1013.25, 288.150),
        (1000.0, 898.76, 281.651),
        (5000.0, 540.48, 255.676),
        (10000.0, 264.99, 223.252),
        (20000.0, 55.293, 216.650),
        (30000.0, 11.970, 226.509),
        (50000.0, 0.79779, 270.650),
    ],
)
def test_standard_atmosphere(height_m: float, pressure_hpa: float, temperature_k: float) -> None:
    weather = Weather.standard(height_m)
    # The tables of 1976 have five digits.
    assert weather.pressure_hpa == pytest.approx(pressure_hpa, rel=2e-4)
    assert weather.temperature_k == pytest.approx(temperature_k, abs=0.02)


def test_standard_vapour_is_7_5_grams_per_cubic_metre_at_sea_level() -> None:
    weather = Weather.standard(0.0)
    assert weather.vapour_hpa * 216.7 / weather.temperature_k == pytest.approx(7.5)


@pytest.mark.parametrize(
    # Vapour pressure over water: Goff and Gratch, Smithsonian Meteorological Tables.
    ("celsius", "hpa"),
    [(0.0, 6.1078), (10.0, 12.272), (20.0, 23.373), (30.0, 42.430)],
)
def test_saturation_pressure(celsius: float, hpa: float) -> None:
    # ITU-R P.453 has moist air at 1 atm: 0.4 percent above pure vapour.
    found = saturation_pressure_hpa(celsius + 273.15, 1013.25)
    assert found == pytest.approx(1.004 * hpa, rel=2e-3)


def test_weather_of_a_height_is_that_of_the_profile() -> None:
    up = Weather.standard(0.0).at_height(3000.0)
    expected = Weather.standard(3000.0)
    assert up.pressure_hpa == pytest.approx(expected.pressure_hpa)
    assert up.temperature_k == pytest.approx(expected.temperature_k)
    assert up.vapour_hpa == pytest.approx(expected.vapour_hpa)


@given(
    st.floats(0.0, 4000.0), st.floats(500.0, 1080.0), st.floats(230.0, 320.0), st.floats(0.0, 1.0)
)
def test_profile_begins_at_the_ground_and_thins_out(
    height_m: float, pressure_hpa: float, temperature_k: float, humidity: float
) -> None:
    weather = Weather.measured(height_m, pressure_hpa, temperature_k, humidity)
    heights = height_m + np.linspace(0.0, 60e3, 400)
    pressure, temperature, vapour = weather.profile(heights)
    assert pressure[0] == pytest.approx(pressure_hpa)
    assert temperature[0] == pytest.approx(temperature_k)
    assert vapour[0] == pytest.approx(weather.vapour_hpa)
    assert np.all(np.diff(pressure) < 0.0)
    assert np.all((temperature > 150.0) & (temperature < 330.0))
    assert np.all(vapour < pressure)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((0.0, -1.0, 288.0, 0.5), "pressure"),
        ((0.0, math.nan, 288.0, 0.5), "pressure"),
        ((0.0, 1013.0, 15.0, 0.5), "temperature"),
        ((0.0, 1013.0, math.nan, 0.5), "temperature"),
        ((0.0, 1013.0, 288.0, 1.01), "humidity"),
        ((0.0, 1013.0, 288.0, -0.1), "humidity"),
        ((0.0, 1013.0, 288.0, math.nan), "humidity"),
        ((2e5, 1013.0, 288.0, 0.5), "height"),
        ((math.nan, 1013.0, 288.0, 0.5), "height"),
    ],
)
def test_no_weather(values: tuple[float, float, float, float], named: str) -> None:
    with pytest.raises(MediumError, match=named):
        Weather.measured(*values)


def test_standard_atmosphere_ends() -> None:
    for height_m in (-2000.0, 2e5, math.nan):
        with pytest.raises(MediumError, match="height"):
            Weather.standard(height_m)
