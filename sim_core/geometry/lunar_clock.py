"""Proper time of a clock on the Moon against TDB."""

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.ephemeris import Ephemeris
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S, MotionModel, Station, site_state

# Relative difference of the rates of TCB and TDB, by definition (IAU 2006 resolution B3).
L_B = 1.550519768e-8

# The rate varies with the month and the year; a spline through it every hour is exact to 1e-19.
_NODE_INTERVAL_S = 3600.0


def clock_rate_offset(model: MotionModel, site: Station, day: float, second: float) -> float:
    """Return how much faster than TDB a clock at a lunar site runs.

    Parameters
    ----------
    model : MotionModel
        Covers the instant.
    site : Station
        Principal-axis coordinates in m.
    day, second : float
        Instant in TDB.

    Returns
    -------
    float
        ``d(proper time)/d(TDB) - 1 = L_B - (v^2/2 + U)/c^2``, with the site's barycentric speed and
        the potential of Sun, Earth and Moon there. About 6.5e-10, or 56 us a day: TDB is scaled so
        that clocks on the Earth keep pace with it, and those on the Moon lie less deep. The other
        planets (2e-12) are left out.
    """
    ephemeris: Ephemeris = model.ephemeris
    own = np.array(site_state(model, site, day, second))
    barycentre = np.array(position_and_velocity(ephemeris.barycentre, day, second))
    sun = np.array(position_and_velocity(ephemeris.sun, day, second))
    moon = np.array(position_and_velocity(ephemeris.moon, day, second))
    speed = float(np.linalg.norm(own[3:] + barycentre[3:]))
    from_earth = own[:3] + ephemeris.earth_share * moon[:3]
    potential = (
        ephemeris.gm_sun / float(np.linalg.norm(own[:3] + barycentre[:3] - sun[:3]))
        + ephemeris.gm_earth / float(np.linalg.norm(from_earth))
        + ephemeris.gm_moon / float(np.linalg.norm(site))
    )
    return L_B - (0.5 * speed**2 + potential) / SPEED_OF_LIGHT_M_PER_S**2


class LunarClock:
    """A clock at a lunar site that is set to zero at an epoch.

    Parameters
    ----------
    model : MotionModel
        Covers the span.
    site : Station
        Principal-axis coordinates in m.
    epoch : Epoch
        When the clock reads zero.
    start_s, stop_s : float
        Span around the epoch for which the clock is wanted, in s.
    """

    def __init__(
        self, model: MotionModel, site: Station, epoch: Epoch, start_s: float, stop_s: float
    ) -> None:
        nodes = max(4, int(np.ceil((stop_s - start_s) / _NODE_INTERVAL_S)) + 1)
        node_s = np.linspace(start_s, stop_s, nodes)
        rates = [
            clock_rate_offset(model, site, float(day), float(second))
            for day, second in zip(*epoch.split(node_s), strict=True)
        ]
        self._rate = CubicSpline(node_s, rates)
        self._gained = self._rate.antiderivative()
        self._gained_at_zero_s = float(self._gained(0.0))

    def rate_offset(self, tdb_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return ``d(proper time)/d(TDB) - 1`` at seconds of TDB from the epoch."""
        return np.asarray(self._rate(np.asarray(tdb_s, dtype=np.float64)))

    def tdb_s(self, clock_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the seconds of TDB from the epoch at which the clock shows a reading."""
        reading = np.asarray(clock_s, dtype=np.float64)
        gained_s = np.asarray(self._gained(reading)) - self._gained_at_zero_s
        # The clock gains 7e-10 of the time that it is off by: one correction reaches 1e-18.
        return reading - (np.asarray(self._gained(reading - gained_s)) - self._gained_at_zero_s)
