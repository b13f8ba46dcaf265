"""How the two ends of a link move: site and target against the Earth-Moon barycentre.

All vectors have ICRF axes. The barycentre's own motion round the Sun is left out here on purpose;
`light_time` adds what it contributes over a light time without cancellation.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError
from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.earth_orientation import (
    EarthOrientation,
    OrientationProvenance,
    earth_fixed_to_celestial,
    expand_earth_orientation,
)
from sim_core.geometry.ephemeris import Ephemeris, load_ephemeris
from sim_core.geometry.epoch import SECONDS_PER_DAY, Epoch
from sim_core.geometry.kernel_names import DEFAULT_EPHEMERIS, DEFAULT_ORIENTATION
from sim_core.geometry.lunar_orientation import (
    mean_earth_to_principal_axes,
    moon_fixed_to_celestial,
)
from sim_core.geometry.sites import EarthPoint, LunarSite

SPEED_OF_LIGHT_M_PER_S = 299792458.0

# Relative difference of the rates of TCG and TCB on average: IERS Conventions 2010, table 1.1.
L_C = 1.48082686741e-8

# Light that leaves at the end of a span is still under way for 3 s.
_LIGHT_TIME_MARGIN_S = 10.0


class MotionModel(NamedTuple):
    """Everything that moves: the ephemeris and the Earth's orientation.

    Attributes
    ----------
    ephemeris : Ephemeris
    orientation : EarthOrientation
    relativistic : bool
        Whether light times include the Shapiro delays and the transformation of station vectors
        from the systems of their bodies to the BCRS.
    """

    ephemeris: Ephemeris
    orientation: EarthOrientation
    relativistic: bool


class Station(NamedTuple):
    """A body-fixed point in m: principal axes on the Moon, ITRS on the Earth."""

    x: float
    y: float
    z: float


def motion_model(
    start: Epoch,
    stop: Epoch,
    ephemeris_name: str = DEFAULT_EPHEMERIS,
    *,
    lunar_orientation: str = DEFAULT_ORIENTATION,
    relativistic: bool = False,
    sub_daily_rotation: bool = False,
) -> tuple[MotionModel, OrientationProvenance]:
    """Prepare ephemeris and Earth orientation for a span of transmit times.

    Parameters
    ----------
    start, stop : Epoch
        The span.
    ephemeris_name : str
        Name of the ephemeris, or path of a .bsp file; see `load_ephemeris`.
    lunar_orientation : str
        ``de421`` for its librations, or path of a .bpc file.
    relativistic : bool
        See `MotionModel`.
    sub_daily_rotation : bool
        Whether UT1 and the pole have their diurnal and semidiurnal terms.

    Returns
    -------
    MotionModel, OrientationProvenance

    Raises
    ------
    EpochError
        If the ephemeris, the lunar orientation or the Earth orientation parameters do not cover
        the span.
    KernelError
        If the ephemeris cannot be had; a `LunarOrientationError` if the lunar orientation cannot.
    """
    start = start.plus_seconds(-_LIGHT_TIME_MARGIN_S)
    stop = stop.plus_seconds(_LIGHT_TIME_MARGIN_S)
    ephemeris = load_ephemeris(ephemeris_name, lunar_orientation, (start, stop))
    orientation, provenance = expand_earth_orientation(start, stop, sub_daily=sub_daily_rotation)
    return MotionModel(ephemeris, orientation, relativistic), provenance


def require_covered(
    model: MotionModel, day: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
) -> None:
    """Refuse times for which a model does not hold.

    Parameters
    ----------
    model : MotionModel
        Ephemeris and Earth orientation.
    day, second : ndarray of float64, same shape
        Times in TDB.

    Raises
    ------
    EpochError
        If a time is not finite or lies outside the model's tables.
    """
    if not day.size:
        return
    julian = day + second / SECONDS_PER_DAY
    tables = model.orientation.series, model.ephemeris.moon
    first = max(table.start_day for table in tables)
    last = min(table.stop_day for table in tables)
    if not (first <= julian.min() and julian.max() <= last):  # refuses NaN as well
        raise EpochError(
            f"TDB Julian dates {julian.min():.6f} to {julian.max():.6f} are not covered by the "
            "model of the motion",
            f"it holds from {first:.3f} to {last:.3f}; prepare one for the span that is wanted",
        )


def site_station(ephemeris: Ephemeris, site: LunarSite) -> Station:
    """Return a lunar site in the principal axes of an ephemeris."""
    return Station(*mean_earth_to_principal_axes(ephemeris, site.mean_earth_m()).tolist())


def target_station(target: EarthPoint) -> Station:
    """Return a point of the Earth in the ITRS."""
    return Station(*target.earth_fixed_m().tolist())


@numba.njit(cache=True, error_model="numpy")
def barycentric_map(
    ephemeris: Ephemeris,
    on_moon: bool,
    sun: tuple[float, float, float],
    barycentre_rate: tuple[float, float, float],
    moon: tuple[float, float, float],
    moon_rate: tuple[float, float, float],
) -> tuple[float, float, float, float]:
    """Prepare the map that carries station vectors from their body's system to the BCRS.

    Parameters
    ----------
    ephemeris : Ephemeris
        Constants.
    on_moon : bool
        Whether the station is on the Moon; else on the Earth.
    sun : tuple of float
        Sun from the Earth-Moon barycentre, m.
    barycentre_rate : tuple of float
        Velocity of that barycentre, m/s.
    moon, moon_rate : tuple of float
        Moon from the Earth, m and m/s.

    Returns
    -------
    shrink, x, y, z : float
        For `carry_to_barycentric`: the scale's shrinking, and the body's velocity over
        ``sqrt(2) c``.

    Notes
    -----
    ``r_B = r (1 - U/c^2 - L_C) - (V . r) V / (2 c^2)``: U is the potential of the other bodies at
    the body's centre and V its barycentric velocity; L_C applies to terrestrial coordinates, which
    are TT-compatible (IERS Conventions 2010, chapters 1 and 11).
    """
    share = (1.0 if on_moon else 0.0) - ephemeris.earth_share
    dx, dy, dz = share * moon[0] - sun[0], share * moon[1] - sun[1], share * moon[2] - sun[2]
    to_sun = math.sqrt(dx * dx + dy * dy + dz * dz)
    separation = math.sqrt(moon[0] * moon[0] + moon[1] * moon[1] + moon[2] * moon[2])
    other = ephemeris.gm_earth if on_moon else ephemeris.gm_moon
    shrink = (ephemeris.gm_sun / to_sun + other / separation) / SPEED_OF_LIGHT_M_PER_S**2
    if not on_moon:
        shrink += L_C
    per_c = 1.0 / (math.sqrt(2.0) * SPEED_OF_LIGHT_M_PER_S)
    return (
        shrink,
        per_c * (barycentre_rate[0] + share * moon_rate[0]),
        per_c * (barycentre_rate[1] + share * moon_rate[1]),
        per_c * (barycentre_rate[2] + share * moon_rate[2]),
    )


@numba.njit(cache=True, error_model="numpy")
def carry_to_barycentric(
    mapping: tuple[float, float, float, float], vector: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Apply a map of `barycentric_map` to a station's vector, or to a derivative of it."""
    shrink, x, y, z = mapping
    along = x * vector[0] + y * vector[1] + z * vector[2]
    return (
        vector[0] - (shrink * vector[0] + along * x),
        vector[1] - (shrink * vector[1] + along * y),
        vector[2] - (shrink * vector[2] + along * z),
    )


@numba.njit(cache=True)
def _to_barycentric(
    ephemeris: Ephemeris,
    on_moon: bool,
    day: float,
    second: float,
    station: tuple[float, float, float, float, float, float],
    moon: tuple[float, float, float, float, float, float],
) -> tuple[float, float, float, float, float, float]:
    """Carry a station's vector and velocity from its body's local system to the BCRS."""
    bx, by, bz, vx, vy, vz = position_and_velocity(ephemeris.barycentre, day, second)
    sx, sy, sz, _, _, _ = position_and_velocity(ephemeris.sun, day, second)
    mapping = barycentric_map(
        ephemeris, on_moon, (sx - bx, sy - by, sz - bz), (vx, vy, vz), moon[:3], moon[3:]
    )
    return carry_to_barycentric(mapping, station[:3]) + carry_to_barycentric(mapping, station[3:])


@numba.njit(cache=True)
def site_state(
    model: MotionModel, site: Station, day: float, second: float
) -> tuple[float, float, float, float, float, float]:
    """Position (m) and velocity (m/s) of a lunar site against the Earth-Moon barycentre."""
    share = 1.0 - model.ephemeris.earth_share
    g = position_and_velocity(model.ephemeris.moon, day, second)
    s = moon_fixed_to_celestial(model.ephemeris.librations, day, second, site.x, site.y, site.z)
    if model.relativistic:
        s = _to_barycentric(model.ephemeris, True, day, second, s, g)
    return (
        share * g[0] + s[0], share * g[1] + s[1], share * g[2] + s[2],
        share * g[3] + s[3], share * g[4] + s[4], share * g[5] + s[5],
    )  # fmt: skip


@numba.njit(cache=True)
def target_state(
    model: MotionModel, target: Station, day: float, second: float
) -> tuple[float, float, float, float, float, float]:
    """Position (m) and velocity (m/s) of a point of the Earth against the barycentre."""
    share = -model.ephemeris.earth_share
    g = position_and_velocity(model.ephemeris.moon, day, second)
    t = earth_fixed_to_celestial(model.orientation, day, second, target.x, target.y, target.z)
    if model.relativistic:
        t = _to_barycentric(model.ephemeris, False, day, second, t, g)
    return (
        share * g[0] + t[0], share * g[1] + t[1], share * g[2] + t[2],
        share * g[3] + t[3], share * g[4] + t[4], share * g[5] + t[5],
    )  # fmt: skip
