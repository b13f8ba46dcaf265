"""Where rays meet the WGS84 ellipsoid, and how they stand on it."""

import math

import erfa
import numba
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Vector = tuple[float, float, float]

WGS84_EQUATORIAL_M = 6378137.0
WGS84_POLAR_M = WGS84_EQUATORIAL_M * (1.0 - 1.0 / 298.257223563)

_WGS84 = 1  # ERFA's number of the ellipsoid


@numba.njit(cache=True, error_model="numpy")
def ray_to_ellipsoid(origin: Vector, direction: Vector) -> Vector:
    """Return where a ray first meets the WGS84 ellipsoid.

    Parameters
    ----------
    origin : tuple of float, length 3
        Start of the ray outside the ellipsoid, Earth-fixed axes, m.
    direction : tuple of float, length 3
        Direction of any length.

    Returns
    -------
    tuple of float, length 3
        Earth-fixed position in m; NaN if the ray misses the ellipsoid.

    Notes
    -----
    The ellipsoid is squeezed to the unit sphere. From the point of the ray that is nearest to its
    centre it is half a chord back: the plain quadratic loses six digits at 60 Earth radii.
    """
    across, along_axis = 1.0 / WGS84_EQUATORIAL_M, 1.0 / WGS84_POLAR_M
    ax, ay, az = across * origin[0], across * origin[1], along_axis * origin[2]
    bx, by, bz = across * direction[0], across * direction[1], along_axis * direction[2]
    square = bx * bx + by * by + bz * bz
    middle = -(ax * bx + ay * by + az * bz) / square
    nx, ny, nz = ax + middle * bx, ay + middle * by, az + middle * bz
    remaining = 1.0 - (nx * nx + ny * ny + nz * nz)
    if not (remaining >= 0.0 and middle >= 0.0):
        return math.nan, math.nan, math.nan
    back = math.sqrt(remaining / square)
    return (
        (nx - back * bx) / across,
        (ny - back * by) / across,
        (nz - back * bz) / along_axis,
    )


@numba.njit(cache=True, nogil=True)
def _rays_to_ellipsoid(origin_m: FloatArray, direction: FloatArray, point_m: FloatArray) -> None:
    for k in range(origin_m.shape[0]):
        point_m[k] = ray_to_ellipsoid(
            (origin_m[k, 0], origin_m[k, 1], origin_m[k, 2]),
            (direction[k, 0], direction[k, 1], direction[k, 2]),
        )


def meet_ellipsoid(origin_m: npt.ArrayLike, direction: npt.ArrayLike) -> FloatArray:
    """Return where many rays first meet the WGS84 ellipsoid.

    Parameters
    ----------
    origin_m : array_like of float, shape (..., 3)
        Starts of the rays, Earth-fixed axes, m.
    direction : array_like of float, shape (..., 3)
        Directions; both are broadcast.

    Returns
    -------
    ndarray of float64, shape (..., 3)
        Earth-fixed positions in m; NaN where a ray misses the Earth.
    """
    origins, directions = np.broadcast_arrays(
        np.asarray(origin_m, dtype=np.float64), np.asarray(direction, dtype=np.float64)
    )
    points_m = np.empty(origins.shape)
    _rays_to_ellipsoid(
        np.ascontiguousarray(origins.reshape(-1, 3)),
        np.ascontiguousarray(directions.reshape(-1, 3)),
        points_m.reshape(-1, 3),
    )
    return points_m


def ellipsoid_normal(point_m: FloatArray) -> FloatArray:
    """Return the outward unit normals of the ellipsoid at points on it, shape (..., 3)."""
    gradient = point_m / np.array((WGS84_EQUATORIAL_M, WGS84_EQUATORIAL_M, WGS84_POLAR_M)) ** 2
    return np.asarray(gradient / np.linalg.norm(gradient, axis=-1, keepdims=True))


def geodetic_coordinates(point_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return geodetic latitude and longitude in rad of Earth-fixed points of shape (..., 3).

    Points that are NaN, rays that missed the Earth, have coordinates of NaN.
    """
    flat_m = point_m.reshape(-1, 3)
    angles = np.full((2, flat_m.shape[0]), np.nan)
    met = np.isfinite(flat_m).all(axis=1)
    longitude, latitude, _ = erfa.gc2gd(_WGS84, flat_m[met])
    angles[0, met], angles[1, met] = latitude, longitude
    return angles[0].reshape(point_m.shape[:-1]), angles[1].reshape(point_m.shape[:-1])
