"""Orientation of the Earth in the GCRS: IAU 2006/2000A by way of the celestial intermediate origin.

X, Y and s of precession and nutation, UT1 and the pole are expanded into Chebyshev series, a day at
a time. Precession and nutation cost 31 us a call, so they are not evaluated for each epoch; and the
published UT1 is daily: straight lines between its values would put a kink into it each midnight, of
up to 1e-6 m/s on the equator. A cubic spline through them has none.

Diurnal and semidiurnal terms of UT1 and the pole (`tidal_rotation`) are added on demand; the series
are of a quarter of a day then.
"""

import math
import warnings
from typing import NamedTuple

import erfa
import numba
import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from sim_core.geometry.chebyshev import ChebyshevTable, locate, three_series
from sim_core.geometry.chebyshev_tensor import chebyshev_nodes
from sim_core.geometry.earth_parameters import earth_parameters, utc_mjd
from sim_core.geometry.epoch import (
    J2000_DAY,
    SECONDS_PER_DAY,
    TT_MINUS_TAI_S,
    Epoch,
    tdb_minus_tt_s,
)
from sim_core.geometry.tidal_rotation import tidal_rotation

# The fastest terms of nutation have periods of about two days: degree 11 leaves less than 1e-17 rad
# of them within a day. Of a semidiurnal wave it leaves 1e-10 within a quarter of a day: 2e-12 m of
# 2 cm, where a whole day would take degree 22.
_DEGREE = 11
_GRANULE_DAYS = 1.0
_SUB_DAILY_GRANULE_DAYS = 0.25

# Earth rotation angle: turns at J2000 (UT1), and turns beyond one per day of UT1. IERS Conventions,
# eq. 5.15.
_ERA_TURNS = "0.7790572732640"
_ERA_TURNS_BEYOND_ONE = "0.00273781191135448"


class EarthOrientation(NamedTuple):
    """Orientation of the Earth over a span of days.

    Attributes
    ----------
    series : ChebyshevTable
        Granules of seven components: X, Y, s (rad), UT1 - TDB (s), pole x, pole y, s' (rad).
    rotation_turns : ndarray of float64, shape (granules,)
        Earth rotation angle when UT1 reads the start of each granule, in turns modulo one.
    """

    series: ChebyshevTable
    rotation_turns: npt.NDArray[np.float64]


class OrientationProvenance(NamedTuple):
    """Where an Earth orientation comes from.

    Attributes
    ----------
    source : str
        Names of the published series.
    first_mjd, last_mjd : float
        Modified Julian dates (UTC) that the expansion covers.
    predicted : bool
        Whether any of it rests on predicted values.
    """

    source: str
    first_mjd: float
    last_mjd: float
    predicted: bool


def expand_earth_orientation(
    start: Epoch, stop: Epoch, *, sub_daily: bool = False
) -> tuple[EarthOrientation, OrientationProvenance]:
    """Expand the Earth's orientation over a span of time.

    Parameters
    ----------
    start, stop : Epoch
        The span; whole granules around it are expanded.
    sub_daily : bool
        Whether to add the diurnal and semidiurnal terms of UT1 and the pole.

    Returns
    -------
    EarthOrientation, OrientationProvenance

    Raises
    ------
    EpochError
        If no Earth orientation parameters are known for the span.
    """
    granule_days = _SUB_DAILY_GRANULE_DAYS if sub_daily else _GRANULE_DAYS
    first, last = (
        math.floor(((epoch.day - start.day) * SECONDS_PER_DAY + epoch.second)
                   / (granule_days * SECONDS_PER_DAY))
        for epoch in (start, stop)
    )  # fmt: skip
    starts = start.day + granule_days * np.arange(first, last + 1.0)
    midnights = np.floor(starts - 0.5) + 0.5
    nodes = chebyshev_nodes(_DEGREE + 1)
    day = np.repeat(midnights, nodes.size)
    within = 0.5 * granule_days * (1.0 + nodes)
    second = SECONDS_PER_DAY * ((starts - midnights)[:, None] + within[None, :]).ravel()
    values, provenance = earth_orientation_parameters(day, second, sub_daily=sub_daily)
    per_granule = values.reshape(7, starts.size, nodes.size)
    # Discrete cosine transform on the Chebyshev nodes of the first kind.
    order = np.arange(_DEGREE + 1)
    basis = np.cos(order[:, None] * np.arccos(nodes)[None, :]) * (2.0 / nodes.size)
    basis[0] *= 0.5
    coefficients = np.ascontiguousarray(np.einsum("kn,cdn->dck", basis, per_granule))
    elapsed = (starts - J2000_DAY).astype(np.longdouble)
    # Whole turns first: 9000 of them would cost the 1e-15 of a turn that longdouble is here for.
    turns = np.longdouble(_ERA_TURNS) + np.longdouble(_ERA_TURNS_BEYOND_ONE) * elapsed + elapsed % 1
    rotation_turns = (turns - np.floor(turns)).astype(np.float64)
    table = ChebyshevTable(float(starts[0]), granule_days, coefficients)
    return EarthOrientation(table, rotation_turns), provenance


def earth_orientation_parameters(
    day: npt.NDArray[np.float64], second: npt.NDArray[np.float64], *, sub_daily: bool = False
) -> tuple[npt.NDArray[np.float64], OrientationProvenance]:
    """Evaluate what an `EarthOrientation` expands.

    Parameters
    ----------
    day, second : ndarray of float64, shape (instants,)
        Instants in TDB: midnight's Julian date and seconds.
    sub_daily : bool
        Whether to add the diurnal and semidiurnal terms of UT1 and the pole.

    Returns
    -------
    values : ndarray of float64, shape (7, instants)
        X, Y, s (rad), UT1 - TDB (s), pole x, pole y, s' (rad).
    provenance : OrientationProvenance

    Raises
    ------
    EpochError
        If no Earth orientation parameters are known for the instants.
    """
    with warnings.catch_warnings():
        # ERFA calls dates beyond its leap-second table dubious; the span is checked against the
        # published parameters, whose own UTC is the one that counts.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        return _parameters_at(day, second, sub_daily)


def _parameters_at(
    day: npt.NDArray[np.float64], second: npt.NDArray[np.float64], sub_daily: bool
) -> tuple[npt.NDArray[np.float64], OrientationProvenance]:
    tdb_minus_tt = tdb_minus_tt_s(day, second)
    tt_second = second - tdb_minus_tt
    mjd = utc_mjd(day, tt_second - TT_MINUS_TAI_S)
    published = earth_parameters(float(mjd.min()), float(mjd.max()))

    def at(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(CubicSpline(published.mjd, values)(mjd))

    x, y, s = erfa.xys06a(day, tt_second / SECONDS_PER_DAY)
    ut1_minus_tt = at(published.ut1_minus_tai_s) - TT_MINUS_TAI_S
    pole_x, pole_y = at(published.pole_x_rad), at(published.pole_y_rad)
    if sub_daily:
        sidereal_time_rad = erfa.gmst06(
            day, (tt_second + ut1_minus_tt) / SECONDS_PER_DAY, day, tt_second / SECONDS_PER_DAY
        )
        centuries = ((day - J2000_DAY) + tt_second / SECONDS_PER_DAY) / 36525.0
        tides = tidal_rotation(sidereal_time_rad, centuries)
        ut1_minus_tt = ut1_minus_tt + tides.ut1_s
        pole_x, pole_y = pole_x + tides.pole_x_rad, pole_y + tides.pole_y_rad
    values = np.stack(
        (
            x + at(published.dx_rad),
            y + at(published.dy_rad),
            s,
            ut1_minus_tt - tdb_minus_tt,
            pole_x,
            pole_y,
            erfa.sp00(day, tt_second / SECONDS_PER_DAY),
        )
    )
    provenance = OrientationProvenance(
        published.source,
        float(mjd.min()),
        float(mjd.max()),
        bool(math.ceil(mjd.max()) >= published.first_predicted_mjd),
    )
    return values, provenance


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def earth_fixed_motion(
    orientation: EarthOrientation, day: float, second: float, x: float, y: float, z: float
) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]:
    """Rotate an Earth-fixed point (ITRS) into the GCRS; velocity and acceleration.

    ``Q(t) R(t) W(t)`` of the IERS Conventions 2010, equations 5.1 to 5.10.

    Parameters
    ----------
    orientation : EarthOrientation
        Covers the instant.
    day, second : float
        Instant in TDB: midnight's Julian date and seconds.
    x, y, z : float
        ITRS coordinates, any unit of length.

    Returns
    -------
    position, velocity, acceleration : tuple of float, length 3
        GCRS coordinates, and their derivatives against TDB in s. The acceleration is that of the
        spin about the celestial intermediate pole; what the motion of the pole adds is 1e-7 of it.
    """
    granule, argument = locate(orientation.series, day, second)
    rows = orientation.series.coefficients[granule]
    scale = 2.0 / (orientation.series.granule_days * 86400.0)
    cip_x, cip_y, cio, cip_x_rate, cip_y_rate, cio_rate = three_series(rows, 0, argument)
    ut1_minus_tdb, pole_x, pole_y, ut1_rate, pole_x_rate, pole_y_rate = three_series(
        rows, 3, argument
    )
    tio = rows[6, 0] + rows[6, 1] * argument  # s' is linear in time (IERS Conventions, eq. 5.13)
    cip_x_rate *= scale
    cip_y_rate *= scale

    # W = R3(-s') R2(x_p) R1(y_p): polar motion, and the little that its rate does.
    # The angles are below 5e-6 rad: two terms of sine and cosine are exact to 1e-22.
    sine, cosine = _small_turn(pole_y)
    y1, z1 = cosine * y + sine * z, cosine * z - sine * y
    sine, cosine = _small_turn(pole_x)
    x2, z2 = cosine * x - sine * z1, cosine * z1 + sine * x
    x3, y3 = x2 - tio * y1, y1 + tio * x2
    wobble_x = -pole_x_rate * scale * z
    wobble_y = pole_y_rate * scale * z
    wobble_z = scale * (pole_x_rate * x - pole_y_rate * y)

    # R3(-ERA) and the R3(s) of Q turn about one axis.
    # Turns by UT1 since its midnight; whole days are in rotation_turns.
    days_back = day - (orientation.series.start_day + granule * orientation.series.granule_days)
    ut1_day = days_back + (second + ut1_minus_tdb) / 86400.0
    turns = orientation.rotation_turns[granule] + 1.00273781191135448 * ut1_day
    angle = 2.0 * math.pi * (turns - math.floor(turns)) - cio
    spin = 2.0 * math.pi * 1.00273781191135448 / 86400.0 * (1.0 + ut1_rate * scale)
    spin -= cio_rate * scale
    sine, cosine = math.sin(angle), math.cos(angle)
    x4, y4 = cosine * x3 - sine * y3, sine * x3 + cosine * y3
    vx4 = cosine * wobble_x - sine * wobble_y - spin * y4
    vy4 = sine * wobble_x + cosine * wobble_y + spin * x4

    # The rest of Q, from the coordinates of the celestial intermediate pole.
    square = cip_x * cip_x + cip_y * cip_y
    a = 1.0 / (1.0 + math.sqrt(1.0 - square))
    q11, q12, q22 = 1.0 - a * cip_x * cip_x, -a * cip_x * cip_y, 1.0 - a * cip_y * cip_y
    q33 = 1.0 - a * square
    # Rates of Q with a held: a' is of third order in X and Y.
    r11 = -2.0 * a * cip_x * cip_x_rate
    r12 = -a * (cip_x_rate * cip_y + cip_x * cip_y_rate)
    r22 = -2.0 * a * cip_y * cip_y_rate
    vx = q11 * vx4 + q12 * vy4 + cip_x * wobble_z + r11 * x4 + r12 * y4 + cip_x_rate * z2
    vy = q12 * vx4 + q22 * vy4 + cip_y * wobble_z + r12 * x4 + r22 * y4 + cip_y_rate * z2
    vz = (
        q33 * wobble_z - cip_x * vx4 - cip_y * vy4
        - cip_x_rate * x4 - cip_y_rate * y4 + (r11 + r22) * z2
    )  # fmt: skip
    return (
        (
            q11 * x4 + q12 * y4 + cip_x * z2,
            q12 * x4 + q22 * y4 + cip_y * z2,
            q33 * z2 - cip_x * x4 - cip_y * y4,
        ),
        (vx, vy, vz),
        (
            spin * (cip_y * vz - q33 * vy),
            spin * (q33 * vx - cip_x * vz),
            spin * (cip_x * vy - cip_y * vx),
        ),
    )


@numba.njit(cache=True, inline="always")
def _small_turn(angle: float) -> tuple[float, float]:
    """Sine and cosine of an angle below 1e-5 rad."""
    square = angle * angle
    return angle - angle * square / 6.0, 1.0 - 0.5 * square


@numba.njit(cache=True)
def earth_fixed_to_celestial(
    orientation: EarthOrientation, day: float, second: float, x: float, y: float, z: float
) -> tuple[float, float, float, float, float, float]:
    """Rotate an Earth-fixed point (ITRS) into the GCRS, with its velocity.

    Parameters
    ----------
    orientation, day, second, x, y, z
        As for `earth_fixed_motion`.

    Returns
    -------
    x, y, z, vx, vy, vz : float
        GCRS coordinates, and their rates per second of TDB.
    """
    position, velocity, _ = earth_fixed_motion(orientation, day, second, x, y, z)
    return position + velocity
