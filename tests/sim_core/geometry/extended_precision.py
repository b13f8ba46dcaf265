"""The model of the light times once more, plainly and in extended precision.

Barycentric vectors, whole rotation matrices, the published tables as they come: everything that the
package rearranges for the sake of precision is written here as in the textbooks, in numpy's
longdouble. Its 64 bits would leave 1e-8 m (4e-17 s) of a barycentric position of 1.5e11 m; so the
barycentre of Earth and Moon, and only that, is evaluated with 40 decimal digits, and positions
count from where it is at the day's beginning. What is left of a delay is some 1e-19 s.
"""

from decimal import Decimal, getcontext, localcontext
from functools import cache, lru_cache

import de421
import numpy as np
import numpy.typing as npt
from jplephem import Ephemeris as TableReader
from numpy.polynomial import chebyshev as cheb

from sim_core.geometry.earth_orientation import EarthOrientation

Extended = np.longdouble
Vector = npt.NDArray[np.longdouble]

C_M_PER_S = Extended(299792458)
PI = Extended("3.14159265358979323846264338327950288")
ARCSECOND = PI / 648000
_READER = TableReader(de421)
_METRE_PER_AU = Extended(float(_READER.AU)) * 1000
_GM_UNIT = _METRE_PER_AU**3 / Extended(86400) ** 2
EMRAT = Extended(float(_READER.EMRAT))
GM_SUN = Extended(float(_READER.GMS)) * _GM_UNIT
GM_EARTH = Extended(float(_READER.GMB)) * _GM_UNIT * EMRAT / (1 + EMRAT)
GM_MOON = Extended(float(_READER.GMB)) * _GM_UNIT / (1 + EMRAT)
L_C = Extended("1.48082686741e-8")


def enough() -> bool:
    """Tell whether longdouble is wider than a double on this machine."""
    return bool(np.finfo(np.longdouble).eps < 1e-18)


@cache
def _table(body: str) -> Vector:
    return np.asarray(_READER.load(body)).astype(Extended)


@lru_cache(maxsize=64)
def _value_and_rate(body: str, granule: int) -> Vector:
    """Return the series of three components and of their derivatives, shape (terms, 6)."""
    series = _table(body)[granule].T
    derivative = np.zeros_like(series)
    derivative[:-1] = cheb.chebder(series)
    return np.hstack((series, derivative))


def _evaluate(body: str, day: float, second: Extended) -> tuple[Vector, Vector]:
    granule_days = Extended(_READER.jomega - _READER.jalpha) / _table(body).shape[0]
    # The whole granules first: 1e4 days in one longdouble resolve 1e-10 s, or 3 um of the orbit.
    days = Extended(day) - Extended(_READER.jalpha)
    granule = int((days + second / 86400) / granule_days)
    x = 2 * ((days - granule * granule_days) + second / 86400) / granule_days - 1
    both = np.asarray(cheb.chebval(x, _value_and_rate(body, granule)))
    return both[:3], both[3:] * 2 / (granule_days * 86400)


def _decimal(number: Extended) -> Decimal:
    """Convert without rounding: 64 bits are two doubles."""
    high = float(number)
    return Decimal(high) + Decimal(float(number - Extended(high)))


@cache
def _decimal_series(granule: int) -> list[list[Decimal]]:
    return [[Decimal(float(c)) for c in row] for row in _READER.load("earthmoon")[granule]]


@cache
def _barycentre_at_midnight(day: float) -> list[Decimal]:
    return _barycentre(day, Decimal(0))


def _barycentre(day: float, second: Decimal) -> list[Decimal]:
    """Return the barycentre's position in km: Clenshaw's recurrence in decimal arithmetic."""
    with localcontext(getcontext()) as context:
        context.prec = 40
        granules = len(_READER.load("earthmoon"))
        granule_days = Decimal(float(_READER.jomega - _READER.jalpha)) / granules
        days = Decimal(day) - Decimal(float(_READER.jalpha)) + second / 86400
        granule = int(days / granule_days)
        x = 2 * (days - granule * granule_days) / granule_days - 1
        position = []
        for row in _decimal_series(granule):
            b1 = b2 = Decimal(0)
            for coefficient in reversed(row[1:]):
                b1, b2 = coefficient + 2 * x * b1 - b2, b1
            position.append(row[0] + x * b1 - b2)
        return position


def _barycentre_since_midnight(day: float, second: Extended) -> tuple[Vector, Vector]:
    """Return the barycentre's position from where it is at midnight, and that place, in km."""
    origin = _barycentre_at_midnight(day)
    with localcontext(getcontext()) as context:
        context.prec = 40
        moved = [now - then for now, then in zip(_barycentre(day, _decimal(second)), origin,
                                                  strict=True)]  # fmt: skip
        parts = [(float(one), float(one - Decimal(float(one)))) for one in moved]
    return (
        np.array([Extended(high) + Extended(low) for high, low in parts]),
        np.array([Extended(float(one)) for one in origin]),
    )


def frame_rotation(axis: int, angle: Extended) -> Vector:
    """Return the matrix R_axis(angle) of the IERS Conventions; axes count from 1."""
    j, k = axis % 3, (axis + 1) % 3
    matrix = np.eye(3, dtype=Extended)
    matrix[j, j] = matrix[k, k] = np.cos(angle)
    matrix[j, k], matrix[k, j] = np.sin(angle), -np.sin(angle)
    return matrix


def earth_rotation(orientation: EarthOrientation, day: float, second: Extended) -> Vector:
    """Return the matrix from ITRS to GCRS: Q R W, from the parameters that were expanded."""
    table = orientation.series
    elapsed_days = Extended(day) - Extended(table.start_day) + second / 86400
    granule = min(int(elapsed_days), table.coefficients.shape[0] - 1)
    series = table.coefficients[granule].T.astype(Extended)
    x, y, s, ut1_minus_tdb, pole_x, pole_y, tio = cheb.chebval(
        2 * (elapsed_days - granule) - 1, series
    )
    # Whole turns out of the midnight's angle first, for the same reason.
    days = Extended(day) - Extended(2451545)
    turns = Extended("0.7790572732640") + days % 1 + Extended("0.00273781191135448") * days
    turns += Extended("1.00273781191135448") * (second + ut1_minus_tdb) / 86400
    angle = 2 * PI * (turns % 1)
    e, d = np.arctan2(y, x), np.arctan(np.sqrt((x * x + y * y) / (1 - x * x - y * y)))
    # IERS Conventions 2010, equations 5.3 to 5.7, all of them by elementary rotations.
    motion = frame_rotation(3, -e) @ frame_rotation(2, -d) @ frame_rotation(3, e + s)
    spin = frame_rotation(3, -angle)
    pole = frame_rotation(3, -tio) @ frame_rotation(2, pole_x) @ frame_rotation(1, pole_y)
    return np.asarray(motion @ spin @ pole)


def moon_rotation(day: float, second: Extended) -> Vector:
    """Return the matrix from DE421's principal axes to the ICRF."""
    phi, theta, psi = _evaluate("librations", day, second)[0]
    return np.asarray(frame_rotation(3, -phi) @ frame_rotation(1, -theta) @ frame_rotation(3, -psi))


def principal_axes(mean_earth_m: npt.ArrayLike) -> Vector:
    """Return principal-axis coordinates of a point in the mean-Earth frame of DE421."""
    rotation = (
        frame_rotation(3, Extended("67.92") * ARCSECOND)
        @ frame_rotation(2, Extended("78.56") * ARCSECOND)
        @ frame_rotation(1, Extended("0.30") * ARCSECOND)
    )
    return np.asarray(rotation @ np.asarray(mean_earth_m).astype(Extended))


@lru_cache(maxsize=16)
def bodies(day: float, second: Extended) -> dict[str, tuple[Vector, Vector]]:
    """Return position (m) and barycentric velocity (m/s) of Sun, Earth and Moon.

    Positions count from where the barycentre of Earth and Moon is at the day's beginning.
    """
    barycentre, origin = _barycentre_since_midnight(day, second)
    barycentre_rate = _evaluate("earthmoon", day, second)[1]
    moon, moon_rate = _evaluate("moon", day, second)
    sun, sun_rate = _evaluate("sun", day, second)
    share = 1 / (1 + EMRAT)
    return {
        "sun": (1000 * (sun - origin), 1000 * sun_rate),
        "earth": (1000 * (barycentre - share * moon), 1000 * (barycentre_rate - share * moon_rate)),
        "moon": (
            1000 * (barycentre + (1 - share) * moon),
            1000 * (barycentre_rate + (1 - share) * moon_rate),
        ),
    }


def norm(vector: Vector) -> Extended:
    """Return the length of a vector."""
    return Extended(np.sqrt(np.sum(vector * vector)))


def _station(
    body: str, vector: Vector, places: dict[str, tuple[Vector, Vector]], relativistic: bool
) -> Vector:
    """Return a barycentric station; with relativity after IERS Conventions 2010, eq. 11.19."""
    position, velocity = places[body]
    if relativistic:
        other, gm = ("earth", GM_EARTH) if body == "moon" else ("moon", GM_MOON)
        potential = GM_SUN / norm(position - places["sun"][0])
        potential += gm / norm(position - places[other][0])
        scale = 1 - potential / C_M_PER_S**2 - (L_C if body == "earth" else 0)
        vector = scale * vector - velocity * (velocity @ vector) / (2 * C_M_PER_S**2)
    return position + vector


def two_way(
    orientation: EarthOrientation,
    site_mean_earth_m: npt.ArrayLike,
    target_m: npt.ArrayLike,
    day: float,
    second: float,
    *,
    relativistic: bool = False,
) -> tuple[Extended, Extended]:
    """Solve downlink and uplink of what leaves the site at an instant."""
    site_body = principal_axes(site_mean_earth_m)
    target_body = np.asarray(target_m).astype(Extended)

    def site(at: Extended) -> Vector:
        vector = moon_rotation(day, at) @ site_body
        return _station("moon", vector, bodies(day, at), relativistic)

    def target(at: Extended) -> Vector:
        vector = earth_rotation(orientation, day, at) @ target_body
        return _station("earth", vector, bodies(day, at), relativistic)

    def shapiro(
        at_moon: Extended, on_moon: Vector, at_earth: Extended, on_earth: Vector
    ) -> Extended:
        # Each body where it is when the light passes it.
        total = Extended(0)
        midway = (at_moon + at_earth) / 2
        for body, gm, at in (
            ("sun", GM_SUN, midway),
            ("earth", GM_EARTH, at_earth),
            ("moon", GM_MOON, at_moon),
        ):
            place = bodies(day, at)[body][0]
            both = norm(on_moon - place) + norm(on_earth - place)
            apart = norm(on_earth - on_moon)
            total += 2 * gm / C_M_PER_S**3 * np.log((both + apart) / (both - apart))
        return total

    times = []
    start_s = Extended(second)
    for leaves, arrives in ((site, target), (target, site)):
        start = leaves(start_s)
        light_time_s = Extended(1.3)
        # Plain fixed point: each round gains four digits (the speeds are 1e-4 of light's), and the
        # first guess has one.
        for _ in range(5):
            end = arrives(start_s + light_time_s)
            light_time_s = norm(end - start) / C_M_PER_S
            if relativistic:
                ends = [(start_s, start), (start_s + light_time_s, end)]
                (at_moon, on_moon), (at_earth, on_earth) = ends if leaves is site else ends[::-1]
                light_time_s += shapiro(at_moon, on_moon, at_earth, on_earth)
        times.append(light_time_s)
        start_s += light_time_s
    return times[0], times[1]
