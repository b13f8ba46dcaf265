"""Pressure, temperature and water vapour over a place on the Earth.

The profile is that of the mean annual global reference atmosphere, Recommendation ITU-R P.835-6,
section 1. Where the weather at the ground is known, the profile is shifted and scaled to it.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import MediumError

FloatArray = npt.NDArray[np.float64]

TOP_M = 100e3
"""Height above which there is nothing left to delay or absorb."""

_VAPOUR_SCALE_M = 2000.0
_VAPOUR_G_PER_M3 = 7.5
# Above the height where this part of the air is vapour, it stays this part.
_LEAST_VAPOUR = 2e-6

# Geopotential km at which the layers begin, K there, K per km, hPa there.
_LAYERS = (
    (0.0, 288.15, -6.5, 1013.25),
    (11.0, 216.65, 0.0, 226.3226),
    (20.0, 216.65, 1.0, 54.74980),
    (32.0, 228.65, 2.8, 8.680422),
    (47.0, 270.65, 0.0, 1.109106),
    (51.0, 270.65, -2.8, 0.6694167),
    (71.0, 214.65, -2.0, 0.03956649),
)
_GRAVITY_K_PER_KM = 34.1632
_GEOPOTENTIAL_RADIUS_KM = 6356.766
# The layers of geopotential height end at a geometric height of 86 km; above it the pressure is
# below 4e-6 of that on the ground, and is continued by the last layer.


@dataclass(frozen=True, slots=True)
class Weather:
    """The air at a place.

    Parameters
    ----------
    height_m : float
        Height of the place.
    pressure_hpa : float
        Pressure of the moist air.
    temperature_k : float
        Temperature.
    vapour_hpa : float
        Partial pressure of water vapour.

    Raises
    ------
    MediumError
        If one of them is none of the Earth's air.
    """

    height_m: float
    pressure_hpa: float
    temperature_k: float
    vapour_hpa: float

    def __post_init__(self) -> None:
        # Negated throughout, so that NaN, which compares with nothing, is refused too.
        if not -1000.0 <= self.height_m <= TOP_M:
            raise MediumError(
                f"a height of {self.height_m:g} m is not in the air", "give -1000 to 100000 m"
            )
        if not 0.0 < self.pressure_hpa <= 1200.0:
            raise MediumError(
                f"a pressure of {self.pressure_hpa:g} hPa is not that of the air",
                "give above 0 and up to 1200 hPa (1013.25 hPa at sea level)",
            )
        if not 150.0 <= self.temperature_k <= 350.0:
            raise MediumError(
                f"a temperature of {self.temperature_k:g} K is not that of the air",
                "give 150 to 350 K (0 deg C are 273.15 K)",
            )
        if not 0.0 <= self.vapour_hpa < self.pressure_hpa:
            raise MediumError(
                f"{self.vapour_hpa:g} hPa of water vapour in {self.pressure_hpa:g} hPa of air are "
                "impossible",
                "give 0 or more, and less than the pressure",
            )

    @classmethod
    def standard(cls, height_m: float) -> "Weather":
        """Return the mean annual global reference atmosphere at a height."""
        if not -1000.0 <= height_m <= TOP_M:
            raise MediumError(
                f"a height of {height_m:g} m is not in the air", "give -1000 to 100000 m"
            )
        pressure, temperature, vapour = (float(v[0]) for v in _reference(np.array([height_m])))
        return cls(height_m, pressure, temperature, vapour)

    @classmethod
    def measured(
        cls, height_m: float, pressure_hpa: float, temperature_k: float, humidity: float
    ) -> "Weather":
        """Make the weather of a relative humidity.

        Parameters
        ----------
        height_m, pressure_hpa, temperature_k : float
            As for the class.
        humidity : float
            Relative humidity over water, 0 to 1.

        Raises
        ------
        MediumError
            If one of them is none of the Earth's air.
        """
        if not 0.0 <= humidity <= 1.0:
            raise MediumError(
                f"a relative humidity of {100.0 * humidity:g} percent is none",
                "give 0 to 100 percent",
            )
        cls(height_m, pressure_hpa, temperature_k, 0.0)  # refuses the rest first
        vapour_hpa = humidity * saturation_pressure_hpa(temperature_k, pressure_hpa)
        return cls(height_m, pressure_hpa, temperature_k, vapour_hpa)

    def at_height(self, height_m: float) -> "Weather":
        """Return the weather of the same profile at another height.

        Parameters
        ----------
        height_m : float
            The other height.

        Raises
        ------
        MediumError
            If it is not in the air.
        """
        if height_m == self.height_m:
            return self
        if not -1000.0 <= height_m <= TOP_M:
            raise MediumError(
                f"a height of {height_m:g} m is not in the air", "give -1000 to 100000 m"
            )
        pressure, temperature, vapour = (float(v[0]) for v in self.profile(np.array([height_m])))
        return Weather(height_m, pressure, temperature, vapour)

    def profile(self, heights_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the air above the place.

        Parameters
        ----------
        heights_m : ndarray of float64
            Heights from that of the place upwards.

        Returns
        -------
        pressure_hpa, temperature_k, vapour_hpa : ndarray of float64, same shape
            The reference atmosphere with pressure and vapour scaled, and temperature shifted, by
            what they are off at the ground; the shift fades by the tropopause.
        """
        ground = np.array([self.height_m])
        pressure, temperature, _ = _reference(heights_m)
        pressure_0, temperature_0, _ = (float(v[0]) for v in _reference(ground))
        # Below the place it goes on rising: a kink at its height would be one in the delays.
        fade = np.maximum((11e3 - heights_m) / max(11e3 - self.height_m, 1.0), 0.0)
        temperature = temperature + (self.temperature_k - temperature_0) * fade
        pressure = pressure * (self.pressure_hpa / pressure_0)
        falling = np.exp(-(heights_m - self.height_m) / _VAPOUR_SCALE_M)
        vapour = self.vapour_hpa / self.temperature_k * falling * temperature
        if self.vapour_hpa > 0.0:
            vapour = np.maximum(vapour, np.minimum(_LEAST_VAPOUR * pressure, self.vapour_hpa))
        return pressure, temperature, vapour


def saturation_pressure_hpa(temperature_k: float, pressure_hpa: float) -> float:
    """Return the pressure of water vapour over water at 100 percent humidity.

    Recommendation ITU-R P.453-14, equations 8 and 9.
    """
    celsius = temperature_k - 273.15
    enhancement = 1.0 + 1e-4 * (7.2 + pressure_hpa * (0.0320 + 5.9e-6 * celsius**2))
    return (
        enhancement * 6.1121 * math.exp((18.678 - celsius / 234.5) * celsius / (celsius + 257.14))
    )


def _reference(heights_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return pressure, temperature and vapour of the reference atmosphere."""
    kilometres = 1e-3 * heights_m
    potential = _GEOPOTENTIAL_RADIUS_KM * kilometres / (_GEOPOTENTIAL_RADIUS_KM + kilometres)
    begins = np.array([layer[0] for layer in _LAYERS])
    number = np.clip(np.searchsorted(begins, potential, side="right") - 1, 0, None)
    base_km, base_k, lapse, base_hpa = np.array(_LAYERS)[number].T
    above = potential - base_km
    temperature = base_k + lapse * above
    isothermal = lapse == 0.0
    power = -_GRAVITY_K_PER_KM / np.where(isothermal, 1.0, lapse)
    pressure = base_hpa * np.where(
        isothermal,
        np.exp(-_GRAVITY_K_PER_KM * above / base_k),
        (temperature / base_k) ** power,
    )
    density = _VAPOUR_G_PER_M3 * np.exp(-heights_m / _VAPOUR_SCALE_M)
    # e = rho T / 216.7: Recommendation ITU-R P.453.
    vapour = np.maximum(density * temperature / 216.7, _LEAST_VAPOUR * pressure)
    return pressure, temperature, vapour
