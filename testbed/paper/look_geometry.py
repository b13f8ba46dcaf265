"""What a site sees at a look angle: ground, delay, Doppler, migration, resolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sim_core.errors import PointingError
from sim_core.focusing.response.theory import azimuth_theory
from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.delay_minimum import delay_minima
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.moon_over_earth import moon_over_earth
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    site_station,
    target_station,
)
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.steering import TrackVelocity, steer_along, zero_doppler_frame
from testbed.paper.published import Simulation

IRW_CELLS = azimuth_theory().irw_cells
"""Width of an unweighted response at half power, in cells of 1/bandwidth."""

# Between two beams that show how fast the plane sweeps.
_STEP_S = 1.0
# East, north and up of two places that show how the delay changes on the ground.
_NEIGHBOURS_M = ((100.0, 0.0, 0.0), (0.0, 100.0, 0.0))
# Of the delay history beyond the aperture's ends.
_MARGIN_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class LookGeometry:
    """A radar looking at a place, at one epoch.

    Parameters
    ----------
    look_angle_rad : float
        Off the direction to the Earth's centre.
    place : EarthPoint
        What it looks at.
    range_m, incidence_rad : float
        Slant range, and angle of the beam to the ellipsoid's normal.
    ground_m_per_s : float
        How far on the ground places of equal range lie apart that pass zero Doppler a second apart.
    sky_rad_per_s : float
        How fast the zero-Doppler plane sweeps over them, as the radar sees it.
    delay_min_s : float
        Smallest two-way delay.
    history : DelayHistory
        Over the aperture and a margin.
    """

    look_angle_rad: float
    place: EarthPoint
    range_m: float
    incidence_rad: float
    ground_m_per_s: float
    sky_rad_per_s: float
    delay_min_s: float
    history: DelayHistory

    @classmethod
    def of(
        cls,
        model: MotionModel,
        site: LunarSite,
        epoch: Epoch,
        look_angle_rad: float,
        side: Side,
        aperture_s: float,
        velocity_of: TrackVelocity = "site",
    ) -> LookGeometry:
        """Steer, and solve the delay of what is aimed at.

        Parameters
        ----------
        model : MotionModel
            Covers the epoch and an hour around it.
        site : LunarSite
            Of the radar.
        epoch : Epoch
            Moment of steering.
        look_angle_rad : float
            Off the direction to the Earth's centre.
        side : {"north", "south"}
            Which way the beam is turned.
        aperture_s : float
            Aperture about the epoch.
        velocity_of : {"site", "moon_centre"}
            Whose velocity makes the track.

        Raises
        ------
        PointingError
            If the beam misses the Earth.
        """
        moon = moon_over_earth(model, epoch, [-0.5 * _STEP_S, 0.0, 0.5 * _STEP_S])
        aimed = steer_along(model, moon, site, look_angle_rad, side, velocity_of)
        if not np.isfinite(aimed.range_m).all():
            raise PointingError(
                f"a beam {math.degrees(look_angle_rad):g} deg off the Earth's centre misses the "
                "Earth",
                "lower the look angle: the Earth's radius is 0.9 to 1.0 deg wide from the Moon",
            )
        station = site_station(model.ephemeris, site)
        place = EarthPoint.from_earth_fixed(aimed.aim_m[1])
        half_s = 0.5 * aperture_s + _MARGIN_S

        def history_of(there: EarthPoint) -> DelayHistory:
            return solve_delay_history(
                model, station, target_station(there), epoch, -half_s, half_s
            )

        history = history_of(place)
        least = delay_minima(model, station, aimed.aim_m[1:2], epoch, np.zeros(1))
        along = zero_doppler_frame(moon.site_motion(station)).along[1]
        moved_m = aimed.aim_m[2] - aimed.aim_m[0]
        range_m = float(aimed.range_m[1])
        neighbours = [history_of(place.offset(*offset)) for offset in _NEIGHBOURS_M]
        return cls(
            look_angle_rad=look_angle_rad,
            place=place,
            range_m=range_m,
            incidence_rad=float(aimed.incidence_rad[1]),
            ground_m_per_s=_ground_m_per_s(history, neighbours),
            sky_rad_per_s=abs(float(moved_m @ along)) / (_STEP_S * range_m),
            delay_min_s=float(least.delay_s[0]),
            history=history,
        )

    def doppler_rate_hz_per_s(self, carrier_hz: float, aperture_s: float) -> float:
        """Return the mean rate of the Doppler frequency over an aperture, without its sign."""
        ends = self.history.delay_rate(np.array((-0.5, 0.5)) * aperture_s)
        return carrier_hz * abs(float(ends[1] - ends[0])) / aperture_s

    def doppler_bandwidth_hz(self, carrier_hz: float, aperture_s: float) -> float:
        """Return by how much the Doppler frequency changes over an aperture."""
        return self.doppler_rate_hz_per_s(carrier_hz, aperture_s) * aperture_s

    def azimuth_resolution_m(self, carrier_hz: float, aperture_s: float) -> float:
        """Return the width of the azimuth response on the ground; infinite without an aperture."""
        if aperture_s <= 0.0:
            return math.inf
        bandwidth_hz = self.doppler_bandwidth_hz(carrier_hz, aperture_s)
        return IRW_CELLS * self.ground_m_per_s / bandwidth_hz

    def range_resolution_m(self, bandwidth_hz: float) -> float:
        """Return the width of the range response on the ground."""
        slant_m = IRW_CELLS * 0.5 * SPEED_OF_LIGHT_M_PER_S / bandwidth_hz
        return slant_m / math.sin(self.incidence_rad)

    def migration_cells(self, radar: Simulation) -> float:
        """Return how far the echo moves over the aperture, its mean walk taken out, in cells."""
        time_s = np.linspace(-0.5, 0.5, 201) * radar.aperture_s
        delay_s = self.history.delay_s(time_s) - float(self.history.delay_s(0.0))
        walk = np.polynomial.Polynomial.fit(time_s, delay_s, 1)(time_s)
        bandwidth_hz = abs(radar.chirp_rate_hz_per_s) * radar.pulse_duration_s
        return bandwidth_hz * float(np.ptp(delay_s - walk))


def _ground_m_per_s(history: DelayHistory, neighbours: list[DelayHistory]) -> float:
    """Return the metres on the ground per second of lag, at equal range.

    A place whose delay rate is smaller by d passes zero Doppler by ``d / tau''`` later.
    """
    base = Fraction(history.reference_delay_s)
    middle = np.zeros(1)
    delay_s = float(history.relative_delay_s(middle, base)[0])
    rate = float(history.delay_rate(middle)[0])
    per_m = np.array(
        [
            (
                float(one.relative_delay_s(middle, base)[0]) - delay_s,
                float(one.delay_rate(middle)[0]) - rate,
            )
            for one in neighbours
        ]
    ) / np.linalg.norm(_NEIGHBOURS_M, axis=1, keepdims=True)
    level = np.array((-per_m[1, 0], per_m[0, 0]))
    level /= np.linalg.norm(level)
    acceleration = float(history.delay_acceleration(middle)[0])
    return abs(acceleration / float(level @ per_m[:, 1]))
