"""Where and for how long a steered beam lights the Earth.

A beam that is kept in the zero-Doppler plane lights a strip from pole to pole, which the turning
Earth passes under. Instants are taken one by one: nothing of a strip is counted in pixels, and a
place is lit or not by its own angles.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

from sim_core.geometry.earth_ellipsoid import (
    WGS84_EQUATORIAL_M,
    WGS84_POLAR_M,
    ellipsoid_normal,
)
from sim_core.geometry.footprint import BeamShape
from sim_core.geometry.pointing import Side
from sim_core.geometry.steering import ZeroDopplerFrame, signed_look_angle_rad

FloatArray = npt.NDArray[np.float64]

# Places that are worked on between two calls of the progress.
_PLACES_PER_STEP = 4096

# Points of a strip among which its extreme latitudes are sought: where it passes the pole they are
# inside it. This many, denser towards the ends, where the limb draws them apart on the ground, lie
# within half a degree of each other.
_STRIP_POINTS = 257
_HALVINGS = 40


def coverage_hours(
    frame: ZeroDopplerFrame,
    step_s: float,
    beam: BeamShape,
    sides: tuple[Side, ...],
    latitude_deg: npt.ArrayLike,
    longitude_deg: npt.ArrayLike,
    progress: Callable[[int, int], None] | None = None,
) -> FloatArray:
    """Return for how long each place of a grid is lit.

    Parameters
    ----------
    frame : ZeroDopplerFrame
        Of the radar, at equally spaced instants, each of which stands for a step.
    step_s : float
        Between them. A place is lit for hours at a time, so that steps of ten minutes leave half
        an hour of a year, and less of an average over longitudes.
    beam : BeamShape
        The beam.
    sides : tuple of {"north", "south"}
        Ways in which it is turned; a place that both light is counted once.
    latitude_deg, longitude_deg : array_like of float, shape (rows,) and (columns,)
        The grid: geodetic latitudes, and longitudes, on the ellipsoid.
    progress : callable, optional
        Is told of places done and of places in all.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        Hours.
    """
    latitude, longitude = (
        np.radians(np.asarray(axis, dtype=np.float64)) for axis in (latitude_deg, longitude_deg)
    )
    cos_lat, sin_lat = np.cos(latitude)[:, None], np.sin(latitude)[:, None]
    normal = np.stack(
        np.broadcast_arrays(cos_lat * np.cos(longitude), cos_lat * np.sin(longitude), sin_lat), -1
    ).reshape(-1, 3)
    # The point of the ellipsoid with that normal.
    axes_squared = np.array((WGS84_EQUATORIAL_M, WGS84_EQUATORIAL_M, WGS84_POLAR_M)) ** 2
    scaled = normal * axes_squared
    place = scaled / np.sqrt(np.einsum("ij,ij->i", normal, scaled))[:, None]
    vectors = np.ascontiguousarray(
        np.stack((frame.position_m, frame.along, frame.northward), axis=1)
    )
    lowest = beam.look_angle_rad - beam.half_look_rad
    highest = beam.look_angle_rad + beam.half_look_rad
    instants = np.zeros(place.shape[0], np.int64)
    for first in range(0, place.shape[0], _PLACES_PER_STEP):
        part = slice(first, first + _PLACES_PER_STEP)
        _count(
            vectors,
            place[part],
            normal[part],
            (math.sin(lowest), math.sin(highest), math.sin(beam.half_azimuth_rad)),
            (math.cos(beam.max_incidence_rad), math.cos(beam.min_incidence_rad)),
            ("north" in sides, "south" in sides),
            instants[part],
        )
        if progress is not None:
            progress(min(first + _PLACES_PER_STEP, place.shape[0]), place.shape[0])
    return instants.reshape(latitude.size, longitude.size) * (step_s / 3600.0)


@numba.njit(cache=True, parallel=True, error_model="numpy", fastmath={"contract"})
def _count(
    vectors: FloatArray,
    place: FloatArray,
    normal: FloatArray,
    sines: tuple[float, float, float],
    cosines: tuple[float, float],
    sides: tuple[bool, bool],
    instants: npt.NDArray[np.int64],
) -> None:
    """Count the instants at which places are lit.

    With d the unit vector of the ray and v its azimuth angle, its look angle u has
    ``d . across = cos v sin u``: limits of u are limits of that, no angle need be formed.
    """
    sin_low, sin_high, sin_azimuth = sines
    flattest, steepest = cosines
    for k in numba.prange(place.shape[0]):
        found = 0
        x, y, z = place[k]
        nx, ny, nz = normal[k]
        for j in range(vectors.shape[0]):
            dx, dy, dz = x - vectors[j, 0, 0], y - vectors[j, 0, 1], z - vectors[j, 0, 2]
            facing = -(dx * nx + dy * ny + dz * nz)
            if facing <= 0.0:
                continue
            square = dx * dx + dy * dy + dz * dz
            inverse = 1.0 / math.sqrt(square)
            cosine = facing * inverse
            if cosine < flattest or cosine > steepest:
                continue
            sin_v = (
                dx * vectors[j, 1, 0] + dy * vectors[j, 1, 1] + dz * vectors[j, 1, 2]
            ) * inverse
            if abs(sin_v) > sin_azimuth:
                continue
            cos_v = math.sqrt(1.0 - sin_v * sin_v)
            to_north = (
                (dx * vectors[j, 2, 0] + dy * vectors[j, 2, 1] + dz * vectors[j, 2, 2])
                * inverse / cos_v
            )  # fmt: skip
            if (sides[0] and sin_low <= to_north <= sin_high) or (
                sides[1] and sin_low <= -to_north <= sin_high
            ):
                found += 1
        instants[k] = found


def covered_latitudes(
    frame: ZeroDopplerFrame, beam: BeamShape, side: Side
) -> tuple[FloatArray, FloatArray]:
    """Return the geocentric latitudes between which a beam lights the ground, in its own plane.

    Parameters
    ----------
    frame : ZeroDopplerFrame
        Of the radar.
    beam : BeamShape
        The beam; its azimuth angle plays no part.
    side : {"north", "south"}
        Which way it is turned.

    Returns
    -------
    lowest_deg, highest_deg : ndarray of float64, shape (instants,)
        NaN where it lights nothing.
    """
    instants = frame.position_m.shape[0]
    first = np.full(instants, beam.look_angle_rad - beam.half_look_rad)
    last = np.full(instants, beam.look_angle_rad + beam.half_look_rad)
    # Incidence grows with the angle off the point below the radar, on either side of it.
    first = _clipped(frame, side, first, last, beam.min_incidence_rad, above=True)
    last = _clipped(frame, side, last, first, beam.max_incidence_rad, above=False)
    share = 0.5 - 0.5 * np.cos(np.linspace(0.0, math.pi, _STRIP_POINTS))[:, None]
    ground = frame.ground(signed_look_angle_rad(first + share * (last - first), side))
    latitude_deg = np.degrees(np.arcsin(ground[..., 2] / np.linalg.norm(ground, axis=-1)))
    lit = (_incidence(frame, side, last) <= beam.max_incidence_rad) & (
        _incidence(frame, side, first) >= beam.min_incidence_rad
    )
    latitude_deg = np.where(lit, latitude_deg, np.nan)
    return latitude_deg.min(axis=0), latitude_deg.max(axis=0)


def _incidence(frame: ZeroDopplerFrame, side: Side, look_rad: FloatArray) -> FloatArray:
    """Return incidence angles at look angles, one for each instant; infinite off the Earth."""
    look = signed_look_angle_rad(look_rad, side)
    ground = frame.ground(look)
    cosine = -np.einsum("ij,ij->i", frame.beam(look), ellipsoid_normal(ground))
    return np.where(np.isnan(cosine), np.inf, np.arccos(np.clip(cosine, -1.0, 1.0)))


def _clipped(
    frame: ZeroDopplerFrame,
    side: Side,
    end_rad: FloatArray,
    other_rad: FloatArray,
    limit_rad: float,
    *,
    above: bool,
) -> FloatArray:
    """Move an end of strips towards the other as far as a limit of the incidence makes it."""

    def kept(look: FloatArray) -> npt.NDArray[np.bool_]:
        incidence = _incidence(frame, side, look)
        return incidence >= limit_rad if above else incidence <= limit_rad

    outside, inside = end_rad.copy(), other_rad.copy()
    for _ in range(_HALVINGS):
        middle = 0.5 * (outside + inside)
        good = kept(middle)
        outside, inside = np.where(good, outside, middle), np.where(good, middle, inside)
    return np.where(kept(end_rad), end_rad, inside)
