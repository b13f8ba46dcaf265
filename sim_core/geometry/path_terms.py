"""What the Earth adds to a delay: the tide moves the target; air and electrons slow the waves.

All of it is smooth over minutes and below 1 us, so it is evaluated apart from the light times and
added to them. The target enters a light time only by where it is at the bounce: the tide's part is
the derivative of each leg against the target's place, times the displacement then. The air's delay
belongs to the Earth's own frame; that the bounce happens later by it, while both ends move, is left
out: 1e-6 of it, 2e-13 s at an elevation of 5 deg.

The ionosphere delays the envelope and advances the carrier's phase. Delay histories are those of
the carrier: their delay is the phase's. The envelope comes later by `PathTerms.envelope_lag_s`,
which changes by 1e-12 s within a run.
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from sim_core.geometry.earth_orientation import (
    earth_fixed_to_celestial,
    earth_orientation_parameters,
)
from sim_core.geometry.earth_parameters import MJD_ZERO_DAY
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.gas_absorption import slant_absorption_db
from sim_core.geometry.ionosphere import Ionosphere
from sim_core.geometry.light_time import LightTimes, two_way_light_times
from sim_core.geometry.motion import MotionModel, Station, site_state, target_state, target_station
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.solid_tide import station_displacement_m
from sim_core.geometry.troposphere import mapping_factors, zenith_delay
from sim_core.geometry.weather import Weather

FloatArray = npt.NDArray[np.float64]

# Step of the derivative against the target's place: its square over that of the distance is 1e-13,
# and the noise of the light times 1e-18 s per metre.
_STEP_M = 100.0

_TURN_RATE_RAD_PER_S = 2.0 * np.pi * 1.00273781191135448 / 86400.0


@dataclass(frozen=True, slots=True)
class PathEffects:
    """What is taken into account beyond light time in empty space.

    Parameters
    ----------
    solid_tide : bool
        Whether the target moves with the solid Earth tide.
    weather : Weather, optional
        The air over the scene, at any height; each target has that of the same profile at its own.
    ionosphere : Ionosphere, optional
        The electrons over it.
    carrier_hz : float
        Carrier, which ionosphere and absorption depend on.
    """

    solid_tide: bool = False
    weather: Weather | None = None
    ionosphere: Ionosphere | None = None
    carrier_hz: float = 2.3e10

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return self.solid_tide or self.weather is not None or self.ionosphere is not None


@dataclass(frozen=True, slots=True, eq=False)
class PathTerms:
    """The added delays of one target.

    Parameters
    ----------
    model : MotionModel
        Covers the transmit times.
    site : Station
        The radar, principal-axis coordinates in m.
    place : EarthPoint
        The target.
    epoch : Epoch
        Zero of the times.
    effects : PathEffects
        What is taken into account.
    """

    model: MotionModel
    site: Station
    place: EarthPoint
    epoch: Epoch
    effects: PathEffects

    def added_s(self, tdb_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what is added to the delay of the carrier's phase on either leg.

        Parameters
        ----------
        tdb_s : ndarray of float64, shape (pulses,)
            Transmit times in s of TDB from the epoch.

        Returns
        -------
        downlink_s, uplink_s : ndarray of float64, shape (pulses,)

        Raises
        ------
        MediumError
            If the target is too low in the sky for the troposphere's model.
        """
        effects = self.effects
        solved = self._solve(tdb_s)
        down_s, up_s = np.zeros_like(tdb_s), np.zeros_like(tdb_s)
        if effects.solid_tide:
            down_s, up_s = self._tide_s(tdb_s, solved)
        if effects.weather is not None:
            hydrostatic_s, wet_s = self._air_s(tdb_s, solved, effects.weather)
            down_s, up_s = down_s + (hydrostatic_s + wet_s), up_s + (hydrostatic_s + wet_s)
        if effects.ionosphere is not None:
            advance_s = self._electrons_s(tdb_s, solved, effects.ionosphere)
            down_s, up_s = down_s - advance_s, up_s - advance_s
        return down_s, up_s

    def envelope_lag_s(self, tdb_s: npt.ArrayLike) -> FloatArray:
        """Return how much later the envelope of an echo comes than its carrier's phase says.

        Parameters
        ----------
        tdb_s : array_like of float, shape (pulses,)
            Transmit times in s of TDB from the epoch.

        Returns
        -------
        ndarray of float64, shape (pulses,)
            Both legs: group delay less phase delay; zero without an ionosphere.
        """
        times_s = np.atleast_1d(np.asarray(tdb_s, dtype=np.float64))
        if self.effects.ionosphere is None:
            return np.zeros_like(times_s)
        group_s = self._electrons_s(times_s, self._solve(times_s), self.effects.ionosphere)
        return 4.0 * group_s

    def solid_tide_s(self, tdb_s: FloatArray) -> FloatArray:
        """Return the solid tide's part of the two-way delay."""
        down_s, up_s = self._tide_s(tdb_s, self._solve(tdb_s))
        return down_s + up_s

    def sub_daily_rotation_s(self, tdb_s: FloatArray) -> FloatArray:
        """Return what the sub-daily terms of the Earth's rotation do to the two-way delay.

        They turn the target about the axis and tilt it, by 1e-8 rad at most.
        """
        day, second = self._bounce(tdb_s, self._solve(tdb_s))
        with_terms, _ = earth_orientation_parameters(day, second, sub_daily=True)
        without, _ = earth_orientation_parameters(day, second, sub_daily=False)
        ut1_s, pole_x, pole_y = (with_terms - without)[3:6]
        x, y, z = target_station(self.place)
        turn = _TURN_RATE_RAD_PER_S * ut1_s
        # Polar motion of the IERS Conventions, equation 5.3, to first order.
        moved_m = (-turn * y - pole_x * z, turn * x + pole_y * z, pole_x * x - pole_y * y)
        down_s, up_s = self._moved_s(tdb_s, np.stack(moved_m, axis=1))
        return down_s + up_s

    def troposphere_s(self, tdb_s: FloatArray, weather: Weather) -> tuple[FloatArray, FloatArray]:
        """Return the hydrostatic and the wet part of the two-way delay."""
        hydrostatic_s, wet_s = self._air_s(tdb_s, self._solve(tdb_s), weather)
        return 2.0 * hydrostatic_s, 2.0 * wet_s

    def ionosphere_s(self, tdb_s: FloatArray, ionosphere: Ionosphere) -> FloatArray:
        """Return the two-way group delay in the ionosphere; the phase is early by as much."""
        return 2.0 * self._electrons_s(tdb_s, self._solve(tdb_s), ionosphere)

    def absorption_db(self, tdb_s: float) -> float:
        """Return what the air absorbs of an echo's power on both legs.

        Parameters
        ----------
        tdb_s : float
            Transmit time in s of TDB from the epoch.

        Raises
        ------
        MediumError
            If the target is below its horizon, or the carrier outside the model's range.
        """
        if self.effects.weather is None:
            return 0.0
        weather = self.effects.weather.at_height(self.place.height_m)
        elevation_rad = float(self.elevation_rad(tdb_s)[0])
        return 2.0 * slant_absorption_db(weather, self.effects.carrier_hz, elevation_rad)

    def elevation_rad(self, tdb_s: npt.ArrayLike) -> FloatArray:
        """Return the elevation of the radar in the target's sky at the bounce.

        Parameters
        ----------
        tdb_s : array_like of float, shape (pulses,)
            Transmit times in s of TDB from the epoch.
        """
        times_s = np.atleast_1d(np.asarray(tdb_s, dtype=np.float64))
        return self._elevation_rad(times_s, self._solve(times_s))

    def _solve(
        self, tdb_s: FloatArray, moved_m: tuple[float, float, float] | None = None
    ) -> LightTimes:
        target = target_station(self.place)
        if moved_m is not None:
            target = Station(*(a + b for a, b in zip(target, moved_m, strict=True)))
        return two_way_light_times(self.model, self.site, target, *self.epoch.split(tdb_s))

    def _bounce(self, tdb_s: FloatArray, solved: LightTimes) -> tuple[FloatArray, FloatArray]:
        day, second = self.epoch.split(tdb_s)
        return day, second + solved.downlink_s

    def _tide_s(self, tdb_s: FloatArray, solved: LightTimes) -> tuple[FloatArray, FloatArray]:
        target = target_station(self.place)
        moved_m = station_displacement_m(self.model, target, *self._bounce(tdb_s, solved))
        return self._moved_s(tdb_s, moved_m)

    def _moved_s(self, tdb_s: FloatArray, moved_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what a displacement of the target does to both legs."""
        down_s, up_s = np.zeros_like(tdb_s), np.zeros_like(tdb_s)
        for axis in range(3):
            step_m = [0.0, 0.0, 0.0]
            step_m[axis] = _STEP_M
            ahead = self._solve(tdb_s, (step_m[0], step_m[1], step_m[2]))
            behind = self._solve(tdb_s, (-step_m[0], -step_m[1], -step_m[2]))
            steps = moved_m[:, axis] / (2.0 * _STEP_M)
            down_s += steps * (ahead.downlink_s - behind.downlink_s)
            up_s += steps * (ahead.uplink_s - behind.uplink_s)
        return down_s, up_s

    def _air_s(
        self, tdb_s: FloatArray, solved: LightTimes, weather: Weather
    ) -> tuple[FloatArray, FloatArray]:
        zenith = zenith_delay(self.place, weather.at_height(self.place.height_m))
        # One season for a whole run: it turns by 2e-7 rad/s.
        mjd = self.epoch.day - MJD_ZERO_DAY
        hydrostatic, wet = mapping_factors(self.place, mjd, self._elevation_rad(tdb_s, solved))
        return zenith.hydrostatic_s * hydrostatic, zenith.wet_s * wet

    def _electrons_s(
        self, tdb_s: FloatArray, solved: LightTimes, ionosphere: Ionosphere
    ) -> FloatArray:
        elevation_rad = self._elevation_rad(tdb_s, solved)
        return ionosphere.group_delay_s(elevation_rad, self.effects.carrier_hz)

    def _elevation_rad(self, tdb_s: FloatArray, solved: LightTimes) -> FloatArray:
        up = Station(*self.place.east_north_up()[2].tolist())
        day, second = self._bounce(tdb_s, solved)
        sine = _sine_of_elevation(
            self.model, self.site, target_station(self.place), up, day, second
        )
        return np.asarray(np.arcsin(sine))


@numba.njit(cache=True, nogil=True)
def _sine_of_elevation(
    model: MotionModel,
    site: Station,
    target: Station,
    up: Station,
    day: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the sine of the elevation of the site over the target, both at the bounce.

    Mid-way between where the site is when the light leaves and when it comes back.
    """
    sine = np.empty(day.size)
    for k in range(day.size):
        s = site_state(model, site, day[k], second[k])
        t = target_state(model, target, day[k], second[k])
        u = earth_fixed_to_celestial(model.orientation, day[k], second[k], up.x, up.y, up.z)
        dx, dy, dz = s[0] - t[0], s[1] - t[1], s[2] - t[2]
        along = u[0] * dx + u[1] * dy + u[2] * dz
        sine[k] = along / np.sqrt(dx * dx + dy * dy + dz * dz)
    return sine
