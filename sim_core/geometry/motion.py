"""How the two ends of a link move: site and target against the Earth-Moon barycentre.

All vectors have ICRF axes. The barycentre's own motion round the Sun is left out here on purpose;
`light_time` adds what it contributes over a light time without cancellation.
"""

import math
from typing import NamedTuple

import numba

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
    start: Epoch, stop: Epoch, ephemeris_name: str = "de421", *, relativistic: bool = False
) -> tuple[MotionModel, OrientationProvenance]:
    """Prepare ephemeris and Earth orientation for a span of transmit times.

    Parameters
    ----------
    start, stop : Epoch
        The span.
    ephemeris_name : str
        Name of the ephemeris.
    relativistic : bool
        See `MotionModel`.

    Returns
    -------
    MotionModel, OrientationProvenance

    Raises
    ------
    EpochError
        If the ephemeris or the Earth orientation parameters do not cover the span.
    KernelError
        If the ephemeris cannot be had.
    """
    ephemeris = load_ephemeris(ephemeris_name)
    start = start.plus_seconds(-_LIGHT_TIME_MARGIN_S)
    stop = stop.plus_seconds(_LIGHT_TIME_MARGIN_S)
    first = Epoch.from_tdb(ephemeris.moon.start_day)
    last = Epoch.from_tdb(ephemeris.moon.stop_day)
    if start.seconds_since(first) < 0.0 or stop.seconds_since(last) > 0.0:
        raise EpochError(
            f"{ephemeris_name} does not cover TDB Julian dates {_julian(start)} to {_julian(stop)}",
            f"choose an epoch between {_julian(first)} and {_julian(last)}",
        )
    orientation, provenance = expand_earth_orientation(start, stop)
    return MotionModel(ephemeris, orientation, relativistic), provenance


def _julian(epoch: Epoch) -> str:
    return f"{epoch.day + epoch.second / SECONDS_PER_DAY:.3f}"


def site_station(ephemeris: Ephemeris, site: LunarSite) -> Station:
    """Return a lunar site in the principal axes of an ephemeris."""
    return Station(*mean_earth_to_principal_axes(ephemeris, site.mean_earth_m()).tolist())


def target_station(target: EarthPoint) -> Station:
    """Return a point of the Earth in the ITRS."""
    return Station(*target.earth_fixed_m().tolist())


@numba.njit(cache=True)
def _to_barycentric(
    ephemeris: Ephemeris,
    on_moon: bool,
    day: float,
    second: float,
    station: tuple[float, float, float],
    body: tuple[float, float, float, float, float, float],
) -> tuple[float, float, float]:
    """Carry a station's vector from its body's local system to the BCRS.

    ``r_B = r (1 - U/c^2 - L_C) - (V . r) V / (2 c^2)``: U is the potential of the other bodies at
    the body's centre and V its barycentric velocity; L_C applies to terrestrial coordinates, which
    are TT-compatible (IERS Conventions 2010, chapters 1 and 11).
    """
    c2 = SPEED_OF_LIGHT_M_PER_S**2
    bx, by, bz, bvx, bvy, bvz = position_and_velocity(ephemeris.barycentre, day, second)
    sx, sy, sz, _, _, _ = position_and_velocity(ephemeris.sun, day, second)
    gx, gy, gz, _, _, _ = position_and_velocity(ephemeris.moon, day, second)
    vx, vy, vz = bvx + body[3], bvy + body[4], bvz + body[5]
    dx, dy, dz = bx + body[0] - sx, by + body[1] - sy, bz + body[2] - sz
    to_sun = math.sqrt(dx * dx + dy * dy + dz * dz)
    separation = math.sqrt(gx * gx + gy * gy + gz * gz)
    other = ephemeris.gm_earth if on_moon else ephemeris.gm_moon
    shrink = (ephemeris.gm_sun / to_sun + other / separation) / c2
    if not on_moon:
        shrink += L_C
    along = 0.5 * (vx * station[0] + vy * station[1] + vz * station[2]) / c2
    return (
        station[0] - (shrink * station[0] + along * vx),
        station[1] - (shrink * station[1] + along * vy),
        station[2] - (shrink * station[2] + along * vz),
    )


@numba.njit(cache=True)
def site_state(
    model: MotionModel, site: Station, day: float, second: float
) -> tuple[float, float, float, float, float, float]:
    """Position (m) and velocity (m/s) of a lunar site against the Earth-Moon barycentre."""
    share = 1.0 - model.ephemeris.earth_share
    gx, gy, gz, gvx, gvy, gvz = position_and_velocity(model.ephemeris.moon, day, second)
    sx, sy, sz, svx, svy, svz = moon_fixed_to_celestial(
        model.ephemeris.librations, day, second, site.x, site.y, site.z
    )
    if model.relativistic:
        body = (share * gx, share * gy, share * gz, share * gvx, share * gvy, share * gvz)
        sx, sy, sz = _to_barycentric(model.ephemeris, True, day, second, (sx, sy, sz), body)
    return (
        share * gx + sx, share * gy + sy, share * gz + sz,
        share * gvx + svx, share * gvy + svy, share * gvz + svz,
    )  # fmt: skip


@numba.njit(cache=True)
def target_state(
    model: MotionModel, target: Station, day: float, second: float
) -> tuple[float, float, float, float, float, float]:
    """Position (m) and velocity (m/s) of a point of the Earth against the barycentre."""
    share = -model.ephemeris.earth_share
    gx, gy, gz, gvx, gvy, gvz = position_and_velocity(model.ephemeris.moon, day, second)
    tx, ty, tz, tvx, tvy, tvz = earth_fixed_to_celestial(
        model.orientation, day, second, target.x, target.y, target.z
    )
    if model.relativistic:
        body = (share * gx, share * gy, share * gz, share * gvx, share * gvy, share * gvz)
        tx, ty, tz = _to_barycentric(model.ephemeris, False, day, second, (tx, ty, tz), body)
    return (
        share * gx + tx, share * gy + ty, share * gz + tz,
        share * gvx + tvx, share * gvy + tvy, share * gvz + tvz,
    )  # fmt: skip
