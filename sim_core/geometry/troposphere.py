"""Delay of radio waves in the neutral air: zenith delays and mapping functions.

Zenith delays: Saastamoinen's as in the IERS Conventions (2010), equation 9.4 (hydrostatic), and
Askne and Nordius (1987), Radio Science 22, 379 (wet). They are taken to the elevation by the Global
Mapping Functions of Boehm et al. (2006), which the Conventions (chapter 9.2) name where no
numerical weather model is at hand: they need nothing but place and day. The little dispersion of
the line at 22.2 GHz is left out: group and phase are delayed alike.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import MediumError
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.tables import read_table
from sim_core.geometry.weather import Weather

FloatArray = npt.NDArray[np.float64]

LOWEST_ELEVATION_DEG = 3.0
"""Elevation down to which the mapping functions were fitted to rays traced through weather."""

_MJD_OF_YEARLY_MAXIMUM = 44239.0 + 27.0  # 28 January 1980, from which Niell (1996) counts

# Refractivity, the best averages of Rueger (2002): k2' = k2 - k1 Mw/Md in K/hPa with the ratio of
# the molar masses of water and dry air, and k3 in K^2/hPa.
_K2_PRIME = 71.2952 - 77.6890 * 0.62198
_K3 = 375463.0
# Of the vapour's density in `weather`.
_VAPOUR_SCALE_M = 2000.0


@dataclass(frozen=True, slots=True)
class ZenithDelay:
    """Delay straight up, one way, in s.

    Parameters
    ----------
    hydrostatic_s : float
        Of the weight of the air.
    wet_s : float
        Of the water vapour's dipoles.
    """

    hydrostatic_s: float
    wet_s: float


def zenith_delay(place: EarthPoint, weather: Weather) -> ZenithDelay:
    """Return the delay straight up from a place.

    Parameters
    ----------
    place : EarthPoint
        Where the air's lower end is.
    weather : Weather
        The air there.
    """
    squeeze = 1.0 - 0.00266 * math.cos(2.0 * math.radians(place.latitude_deg))
    squeeze -= 0.28e-6 * place.height_m
    hydrostatic_m = 0.0022768 * weather.pressure_hpa / squeeze
    # Mean temperature of the vapour after Bevis et al. (1992).
    mean_k = 70.2 + 0.72 * weather.temperature_k
    refraction_k = _K2_PRIME + _K3 / mean_k
    # Askne and Nordius write R / g / (lambda + 1) for the scale height of the vapour over the
    # temperature; a density that falls to 1/e within 2 km is a lambda of 3.2.
    wet_m = 1e-6 * refraction_k * weather.vapour_hpa * _VAPOUR_SCALE_M / weather.temperature_k
    return ZenithDelay(hydrostatic_m / SPEED_OF_LIGHT_M_PER_S, wet_m / SPEED_OF_LIGHT_M_PER_S)


def mapping_factors(
    place: EarthPoint, mjd: float, elevation_rad: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return how much longer a slant path is than the zenith's: the Global Mapping Functions.

    Parameters
    ----------
    place : EarthPoint
        Lower end of the path. Its height above the ellipsoid is taken for that above the sea: 100 m
        make 1e-5 of the delay at 10 deg.
    mjd : float
        Modified Julian date, for the season.
    elevation_rad : array_like of float
        Elevation of the far end, without refraction.

    Returns
    -------
    hydrostatic, wet : ndarray of float64, same shape

    Raises
    ------
    MediumError
        If an elevation is below `LOWEST_ELEVATION_DEG`.
    """
    elevation = np.asarray(elevation_rad, dtype=np.float64)
    lowest_deg = math.degrees(float(np.min(elevation, initial=math.inf)))
    if elevation.size and not lowest_deg >= LOWEST_ELEVATION_DEG:
        raise MediumError(
            f"at an elevation of {lowest_deg:.2f} deg the mapping functions do not hold",
            f"choose a target that sees the radar {LOWEST_ELEVATION_DEG:g} deg above its horizon "
            "or higher, or leave the troposphere out",
        )
    sine = np.sin(elevation)
    season = 2.0 * math.pi * (mjd - _MJD_OF_YEARLY_MAXIMUM) / 365.25
    hydrostatic_a, wet_a = _seasonal(place, math.cos(season))
    latitude = math.radians(place.latitude_deg)
    south = place.latitude_deg < 0.0
    c11, c10 = (0.007, 0.002) if south else (0.005, 0.001)
    swing = -math.cos(season) if south else math.cos(season)
    c = 0.062 + (0.5 * (swing + 1.0) * c11 + c10) * (1.0 - math.cos(latitude))
    hydrostatic = _fraction(hydrostatic_a, 0.0029, c, sine)
    # Niell (1996): the higher the place, the flatter the air over it.
    per_km = 1.0 / sine - _fraction(2.53e-5, 5.49e-3, 1.14e-3, sine)
    hydrostatic = hydrostatic + per_km * 1e-3 * place.height_m
    return hydrostatic, _fraction(wet_a, 0.00146, 0.04391, sine)


def _fraction(a: float, b: float, c: float, sine: FloatArray) -> FloatArray:
    """Return the continued fraction of Marini, 1 in the zenith."""
    top = 1.0 + a / (1.0 + b / (1.0 + c))
    return np.asarray(top / (sine + a / (sine + b / (sine + c))))


def _seasonal(place: EarthPoint, swing: float) -> tuple[float, float]:
    """Return the coefficients a of the hydrostatic and the wet function."""
    table = read_table("global_mapping_functions")
    sine = math.sin(math.radians(place.latitude_deg))
    order = table[:, 1]
    longitude = order * math.radians(place.longitude_deg)
    legendre = _legendre(sine, 9)
    harmonic = np.array([legendre[int(n)][int(m)] for n, m in table[:, :2]])
    cosine, sine_m = harmonic * np.cos(longitude), harmonic * np.sin(longitude)
    sums = cosine @ table[:, 2::2] + sine_m @ table[:, 3::2]
    return 1e-5 * float(sums[0] + swing * sums[1]), 1e-5 * float(sums[2] + swing * sums[3])


def _legendre(x: float, degree: int) -> list[list[float]]:
    """Return the associated Legendre functions P_nm(x), unnormalised, without the sign (-1)^m."""
    root = math.sqrt(max(0.0, 1.0 - x * x))
    values = [[0.0] * (degree + 1) for _ in range(degree + 1)]
    values[0][0] = 1.0
    for n in range(1, degree + 1):
        values[n][n] = (2 * n - 1) * root * values[n - 1][n - 1]
        for m in range(n):
            before = values[n - 2][m] if n >= 2 else 0.0
            values[n][m] = ((2 * n - 1) * x * values[n - 1][m] - (n + m - 1) * before) / (n - m)
    return values
