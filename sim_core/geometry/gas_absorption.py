"""Absorption of radio waves by oxygen and water vapour: Recommendation ITU-R P.676-12, Annex 1.

Line by line, from 1 to 1000 GHz. A carrier of 23 GHz lies on the flank of the water line at 22.2
GHz.
"""

import math

import numpy as np
import numpy.typing as npt

from sim_core.errors import MediumError
from sim_core.geometry.tables import read_table
from sim_core.geometry.weather import TOP_M, Weather

FloatArray = npt.NDArray[np.float64]

_EARTH_RADIUS_M = 6371e3
# Layers grow from 10 cm by one percent each (equation 14), up to the top.
_FIRST_LAYER_M = 0.1
_LAYER_GROWTH = 0.01


def specific_attenuation_db_per_km(
    frequency_hz: float, dry_hpa: FloatArray, temperature_k: FloatArray, vapour_hpa: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what a kilometre of air absorbs.

    Parameters
    ----------
    frequency_hz : float
        1e9 to 1e12 Hz.
    dry_hpa, temperature_k, vapour_hpa : ndarray of float64, shape (layers,)
        Pressure of the dry air, temperature, partial pressure of water vapour.

    Returns
    -------
    oxygen, water : ndarray of float64, shape (layers,)
        In dB/km: equations 1 to 9.

    Raises
    ------
    MediumError
        If the frequency is outside the Recommendation's range.
    """
    if not 1e9 <= frequency_hz <= 1e12:
        raise MediumError(
            f"the absorption of the air at {frequency_hz:g} Hz is not modelled",
            "give a carrier of 1e9 to 1e12 Hz, or leave the troposphere out",
        )
    f = 1e-9 * frequency_hz
    theta = (300.0 / temperature_k)[:, None]
    p, e = dry_hpa[:, None], vapour_hpa[:, None]

    line, a1, a2, a3, a4, a5, a6 = read_table("gas_absorption_lines", "oxygen").T
    width = a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)
    width = np.sqrt(width**2 + 2.25e-6)  # Zeeman splitting
    mixing = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    strength = a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta))
    oxygen = np.sum(strength * _shape(f, line, width, mixing), axis=1)
    # The dry continuum: non-resonant oxygen, and nitrogen under pressure.
    debye = 5.6e-4 * (p + e) * theta**0.8
    continuum = (
        f
        * p
        * theta**2
        * (
            6.14e-5 / (debye * (1.0 + (f / debye) ** 2))
            + 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f**1.5)
        )
    )
    oxygen = oxygen + continuum[:, 0]

    line, b1, b2, b3, b4, b5, b6 = read_table("gas_absorption_lines", "water").T
    width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    # Doppler broadening
    width = 0.535 * width + np.sqrt(0.217 * width**2 + 2.1316e-12 * line**2 / theta)
    strength = b1 * 1e-1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta))
    water = np.sum(strength * _shape(f, line, width, 0.0), axis=1)
    return 0.1820 * f * oxygen, 0.1820 * f * water


def _shape(f: float, line: FloatArray, width: FloatArray, mixing: FloatArray | float) -> FloatArray:
    """Return the line shapes: equation 5."""
    below, above = line - f, line + f
    return np.asarray(
        f / line
        * (
            (width - mixing * below) / (below**2 + width**2)
            + (width - mixing * above) / (above**2 + width**2)
        )
    )  # fmt: skip


def slant_absorption_db(weather: Weather, frequency_hz: float, elevation_rad: float) -> float:
    """Return what the air absorbs on the way from a place out of the atmosphere, one way.

    Parameters
    ----------
    weather : Weather
        The air at the place.
    frequency_hz : float
        1e9 to 1e12 Hz.
    elevation_rad : float
        Elevation of the path, above the horizon. The path is straight: at 10 deg refraction makes
        it shorter by less than 1 percent.

    Returns
    -------
    float
        In dB.

    Raises
    ------
    MediumError
        If the frequency is outside the model's range, or the elevation below the horizon.
    """
    if not 0.0 < elevation_rad <= 0.5 * math.pi:
        raise MediumError(
            f"an elevation of {math.degrees(elevation_rad):g} deg is not above the horizon",
            "give above 0 to 90 deg",
        )
    depth_m = TOP_M - weather.height_m
    layers = max(1, math.ceil(
        math.log1p(depth_m / _FIRST_LAYER_M * math.expm1(_LAYER_GROWTH)) / _LAYER_GROWTH
    ))  # fmt: skip
    edges_m = _FIRST_LAYER_M * np.expm1(_LAYER_GROWTH * np.arange(layers + 1))
    edges_m = weather.height_m + np.minimum(edges_m / math.expm1(_LAYER_GROWTH), depth_m)
    pressure, temperature, vapour = weather.profile(0.5 * (edges_m[1:] + edges_m[:-1]))
    oxygen, water = specific_attenuation_db_per_km(
        frequency_hz, pressure - vapour, temperature, vapour
    )
    # Along a straight line, from its point nearest to the Earth's centre.
    nearest_m = (_EARTH_RADIUS_M + weather.height_m) * math.cos(elevation_rad)
    along_m = np.sqrt(np.maximum((_EARTH_RADIUS_M + edges_m) ** 2 - nearest_m**2, 0.0))
    return float(1e-3 * np.sum((oxygen + water) * np.diff(along_m)))
