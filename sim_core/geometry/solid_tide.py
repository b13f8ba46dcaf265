"""Displacement of a place on the Earth by the solid tide: IERS Conventions (2010), section 7.1.1.

Step 1: degrees 2 and 3 of the potentials of Moon and Sun, with Love and Shida numbers that depend
on latitude and have out-of-phase parts. Step 2: the frequency dependence of those of degree 2 in
the diurnal and the long-period band. The displacement is against coordinates that are
conventionally tide-free, as those of the ITRF are: the permanent part is in it.
"""

import numba
import numpy as np
import numpy.typing as npt

from sim_core.geometry.chebyshev import locate, position_and_velocity, series
from sim_core.geometry.earth_orientation import earth_fixed_to_celestial
from sim_core.geometry.epoch import J2000_DAY, SECONDS_PER_DAY
from sim_core.geometry.motion import MotionModel, Station
from sim_core.geometry.tables import read_table

FloatArray = npt.NDArray[np.float64]

# Constants that the section's numbers go with (its table 7.2 and the IERS's routine).
_EARTH_RADIUS_M = 6378136.6
_SUN_OVER_EARTH = 332946.0482
_MOON_OVER_EARTH = 0.0123000371

_H2, _H2_LATITUDE = 0.6078, -0.0006
_L2, _L2_LATITUDE = 0.0847, 0.0002
_H3, _L3 = 0.292, 0.015
_L1_DIURNAL, _L1_SEMIDIURNAL = 0.0012, 0.0024
_H2_OUT_DIURNAL, _L2_OUT_DIURNAL = -0.0025, -0.0007
_H2_OUT_SEMIDIURNAL, _L2_OUT_SEMIDIURNAL = -0.0022, -0.0007

# Mean longitudes in deg, polynomials of Julian centuries of TT, lowest power first.
_MOON_LONGITUDE = (218.31664563, 481267.88194, -0.0014663889, 0.00000185139)
_PRECESSION = (0.0, 1.396971278, 0.000308889, 0.000000021, 0.000000007)
_SUN_LONGITUDE = (280.46645, 36000.7697489, 0.00030322222, 0.000000020, -0.00000000654)
_MOON_PERIGEE = (83.35324312, 4069.01363525, -0.01032172222, -0.0000124991, 0.00000005263)
_MOON_NODE = (234.95544499, 1934.13626197, -0.00207561111, -0.00000213944, 0.00000001650)
_SUN_PERIGEE = (282.93734098, 1.71945766667, 0.00045688889, -0.00000001778, -0.00000000334)
_SIDEREAL = (280.4606184, 36000.7700536, 0.00038793, -0.0000000258)


def tidal_displacement_m(
    station_m: npt.ArrayLike,
    moon_m: FloatArray,
    sun_m: FloatArray,
    tt_centuries: FloatArray,
    ut1_hours: FloatArray,
) -> FloatArray:
    """Return the displacement of a place.

    Parameters
    ----------
    station_m : array_like of float, shape (3,)
        The place, Earth-fixed (ITRS).
    moon_m, sun_m : ndarray of float64, shape (instants, 3)
        Moon and Sun from the Earth's centre, Earth-fixed.
    tt_centuries : ndarray of float64, shape (instants,)
        Julian centuries of TT since J2000.
    ut1_hours : ndarray of float64, shape (instants,)
        Hours of the day in UT1.

    Returns
    -------
    ndarray of float64, shape (instants, 3)
        Earth-fixed, in m: up to 0.4 m up and down, 0.1 m aside.
    """
    place = np.asarray(station_m, dtype=np.float64)
    distance_m = float(np.linalg.norm(place))
    up = place / distance_m
    sin_lat = up[2]
    cos_lat = float(np.hypot(up[0], up[1]))
    # On the axis any meridian will do.
    cos_lon, sin_lon = up[:2] / cos_lat if cos_lat > 0.0 else (1.0, 0.0)
    axes = np.array(
        (
            (cos_lat * cos_lon, cos_lat * sin_lon, sin_lat),
            (-sin_lon, cos_lon, 0.0),
            (-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat),
        )
    )
    total = np.zeros((tt_centuries.size, 3))
    local = _step_two_mm(sin_lat, cos_lat, cos_lon, sin_lon, tt_centuries, ut1_hours) * 1e-3
    for body_m, mass_ratio in ((moon_m, _MOON_OVER_EARTH), (sun_m, _SUN_OVER_EARTH)):
        away_m = np.linalg.norm(body_m, axis=1)
        towards = body_m / away_m[:, None]
        second_m = mass_ratio * _EARTH_RADIUS_M * (_EARTH_RADIUS_M / away_m) ** 3
        third_m = second_m * _EARTH_RADIUS_M / away_m
        total += _in_phase_m(up, sin_lat, towards, second_m, third_m)
        local += second_m * _out_of_phase(sin_lat, cos_lat, cos_lon, sin_lon, towards)
    displacement_m: FloatArray = total + local.T @ axes
    return displacement_m


def _in_phase_m(
    up: FloatArray, sin_lat: float, towards: FloatArray, second_m: FloatArray, third_m: FloatArray
) -> FloatArray:
    """Return the displacement of degree 2 and 3: equations 7.5 and 7.6."""
    # P2(sin latitude), which the numbers of degree 2 depend on.
    p2 = 0.5 * (3.0 * sin_lat**2 - 1.0)
    h2, l2 = _H2 + _H2_LATITUDE * p2, _L2 + _L2_LATITUDE * p2
    cosine = towards @ up
    radial = second_m * (3.0 * (0.5 * h2 - l2) * cosine**2 - 0.5 * h2)
    radial += third_m * (2.5 * (_H3 - 3.0 * _L3) * cosine**3 + 1.5 * (_L3 - _H3) * cosine)
    along = second_m * 3.0 * l2 * cosine + third_m * 1.5 * _L3 * (5.0 * cosine**2 - 1.0)
    return np.asarray(radial[:, None] * up + along[:, None] * towards)


def _out_of_phase(
    sin_lat: float, cos_lat: float, cos_lon: float, sin_lon: float, towards: FloatArray
) -> FloatArray:
    """Return up, east and north of equations 7.8 to 7.11, in units of the degree-2 factor.

    The out-of-phase parts of h2 and l2, and the latitude dependence l^(1).
    """
    x, y, z = towards.T
    # Components of the direction in the place's meridian and across it.
    u, v = x * cos_lon + y * sin_lon, x * sin_lon - y * cos_lon
    twice_sine, twice_cosine = 2.0 * u * v, u * u - v * v
    cos_twice_lat = cos_lat**2 - sin_lat**2
    rise = -3.0 * _H2_OUT_DIURNAL * sin_lat * cos_lat * z * v
    rise -= 0.75 * _H2_OUT_SEMIDIURNAL * cos_lat**2 * twice_sine
    east = -3.0 * _L2_OUT_DIURNAL * sin_lat * z * u
    east -= 1.5 * _L2_OUT_SEMIDIURNAL * cos_lat * twice_cosine
    east += 3.0 * _L1_DIURNAL * sin_lat * cos_twice_lat * z * v
    east -= 1.5 * _L1_SEMIDIURNAL * sin_lat**2 * cos_lat * twice_sine
    north = -3.0 * _L2_OUT_DIURNAL * cos_twice_lat * z * v
    north += 1.5 * _L2_OUT_SEMIDIURNAL * sin_lat * cos_lat * twice_sine
    north -= 3.0 * _L1_DIURNAL * sin_lat**2 * z * u
    north -= 1.5 * _L1_SEMIDIURNAL * sin_lat * cos_lat * twice_cosine
    return np.stack((rise, east, north))


def _step_two_mm(
    sin_lat: float,
    cos_lat: float,
    cos_lon: float,
    sin_lon: float,
    tt_centuries: FloatArray,
    ut1_hours: FloatArray,
) -> FloatArray:
    """Return up, east and north of step 2 in mm: equations 7.12 and 7.13."""

    def mean(coefficients: tuple[float, ...]) -> FloatArray:
        return np.asarray(np.polynomial.polynomial.polyval(tt_centuries, coefficients))

    moon = mean(_MOON_LONGITUDE)
    tau = 15.0 * ut1_hours + mean(_SIDEREAL) - moon
    longitudes = np.stack(
        (
            moon + mean(_PRECESSION),
            mean(_SUN_LONGITUDE),
            mean(_MOON_PERIGEE),
            mean(_MOON_NODE),
            mean(_SUN_PERIGEE),
        )
    )

    def waves(band: str, beside: FloatArray | float) -> tuple[FloatArray, FloatArray, FloatArray]:
        terms = read_table("solid_earth_tide", band)
        angle = np.radians((terms[:, :5] @ longitudes + beside) % 360.0)
        return np.sin(angle), np.cos(angle), terms[:, 5:]

    longitude_deg = np.degrees(np.arctan2(sin_lon, cos_lon))
    sine, cosine, amplitude = waves("diurnal", tau + longitude_deg)
    radial_in, radial_out, transverse_in, transverse_out = amplitude.T
    rise = 2.0 * sin_lat * cos_lat * (radial_in @ sine + radial_out @ cosine)
    north = (cos_lat**2 - sin_lat**2) * (transverse_in @ sine + transverse_out @ cosine)
    east = sin_lat * (transverse_in @ cosine - transverse_out @ sine)
    sine, cosine, amplitude = waves("long-period", 0.0)
    radial_in, radial_out, transverse_in, transverse_out = amplitude.T
    rise = rise + (1.5 * sin_lat**2 - 0.5) * (radial_in @ cosine + radial_out @ sine)
    north = north + 2.0 * sin_lat * cos_lat * (transverse_in @ cosine + transverse_out @ sine)
    return np.stack((rise, east, north))


def station_displacement_m(
    model: MotionModel, station: Station, day: FloatArray, second: FloatArray
) -> FloatArray:
    """Return the displacement of a place by the Moon and the Sun of a motion model.

    Parameters
    ----------
    model : MotionModel
        Covers the instants.
    station : Station
        The place, ITRS coordinates in m.
    day, second : ndarray of float64, shape (instants,)
        Instants in TDB: midnight's Julian date and seconds.

    Returns
    -------
    ndarray of float64, shape (instants, 3)
        Earth-fixed, in m.
    """
    moon_m, sun_m, ut1_s = _bodies_earth_fixed(model, day, second)
    # TDB for TT: 2 ms in the long-period arguments.
    centuries = ((day - J2000_DAY) + second / SECONDS_PER_DAY) / 36525.0
    hours = (ut1_s % SECONDS_PER_DAY) / 3600.0
    return tidal_displacement_m(station, moon_m, sun_m, centuries, hours)


@numba.njit(cache=True, nogil=True)
def _bodies_earth_fixed(
    model: MotionModel, day: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return geocentric Moon and Sun in the ITRS, and the second of the UT1 day.

    Where they are, not where they are seen: gravity points there to 1e-8 or so.
    """
    ephemeris, table = model.ephemeris, model.orientation.series
    moon = np.empty((day.size, 3))
    sun = np.empty((day.size, 3))
    ut1_s = np.empty(day.size)
    for k in range(day.size):
        gx, gy, gz, _, _, _ = position_and_velocity(ephemeris.moon, day[k], second[k])
        bx, by, bz, _, _, _ = position_and_velocity(ephemeris.barycentre, day[k], second[k])
        sx, sy, sz, _, _, _ = position_and_velocity(ephemeris.sun, day[k], second[k])
        share = ephemeris.earth_share
        hx, hy, hz = sx - bx + share * gx, sy - by + share * gy, sz - bz + share * gz
        for axis in range(3):
            # The Earth-fixed axis in the GCRS: a component is what lies along it.
            ax, ay, az, _, _, _ = earth_fixed_to_celestial(
                model.orientation, day[k], second[k],
                1.0 if axis == 0 else 0.0, 1.0 if axis == 1 else 0.0, 1.0 if axis == 2 else 0.0,
            )  # fmt: skip
            moon[k, axis] = ax * gx + ay * gy + az * gz
            sun[k, axis] = ax * hx + ay * hy + az * hz
        granule, argument = locate(table, day[k], second[k])
        # A UT1 day begins when UT1 reads midnight: Julian dates of days end in .5, as `day` does.
        ut1_s[k] = second[k] + series(table.coefficients[granule, 3], argument)[0]
    return moon, sun, ut1_s
