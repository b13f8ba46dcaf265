"""Places: a site fixed to the Moon, a point fixed to the Earth."""

import math
from dataclasses import dataclass

import erfa
import numpy as np
import numpy.typing as npt

from sim_core.errors import CoordinateError

# Sphere on which lunar coordinates are given: IAU mean radius of the Moon.
LUNAR_RADIUS_M = 1737.4e3

_WGS84 = 1  # ERFA's number of the ellipsoid


def _check(latitude_deg: float, longitude_deg: float, height_m: float) -> None:
    if not -90.0 <= latitude_deg <= 90.0:  # refuses NaN as well
        raise CoordinateError(
            f"a latitude of {latitude_deg} deg is no place", "give -90 to 90 deg, north positive"
        )
    if not -360.0 <= longitude_deg <= 360.0:
        raise CoordinateError(
            f"a longitude of {longitude_deg} deg is no place", "give -180 to 360 deg, east positive"
        )
    if not abs(height_m) <= 1e6:
        raise CoordinateError(
            f"a height of {height_m} m is off the ground", "give a height within 1000 km, in m"
        )


@dataclass(frozen=True, slots=True)
class LunarSite:
    """A point fixed to the Moon.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Planetocentric coordinates in the mean-Earth frame, north and east positive.
    height_m : float
        Height above the sphere of 1737.4 km.

    Raises
    ------
    CoordinateError
        If the coordinates are no place.
    """

    latitude_deg: float
    longitude_deg: float
    height_m: float = 0.0

    def __post_init__(self) -> None:
        _check(self.latitude_deg, self.longitude_deg, self.height_m)

    def up(self) -> npt.NDArray[np.float64]:
        """Return the unit vector away from the Moon's centre, mean-Earth axes, shape (3,)."""
        latitude, longitude = math.radians(self.latitude_deg), math.radians(self.longitude_deg)
        return np.array(
            (
                math.cos(latitude) * math.cos(longitude),
                math.cos(latitude) * math.sin(longitude),
                math.sin(latitude),
            )
        )

    def east_north_up(self) -> npt.NDArray[np.float64]:
        """Return the local axes as rows in mean-Earth coordinates, shape (3, 3)."""
        up, longitude = self.up(), math.radians(self.longitude_deg)
        east = np.array((-math.sin(longitude), math.cos(longitude), 0.0))
        return np.stack((east, np.cross(up, east), up))

    def mean_earth_m(self) -> npt.NDArray[np.float64]:
        """Return Cartesian coordinates in the mean-Earth frame, shape (3,)."""
        return (LUNAR_RADIUS_M + self.height_m) * self.up()


@dataclass(frozen=True, slots=True)
class EarthPoint:
    """A point fixed to the Earth.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Geodetic coordinates on the WGS84 ellipsoid, north and east positive.
    height_m : float
        Height above the ellipsoid.

    Raises
    ------
    CoordinateError
        If the coordinates are no place.
    """

    latitude_deg: float
    longitude_deg: float
    height_m: float = 0.0

    def __post_init__(self) -> None:
        _check(self.latitude_deg, self.longitude_deg, self.height_m)

    @classmethod
    def from_earth_fixed(cls, position_m: npt.ArrayLike) -> "EarthPoint":
        """Make a point from Cartesian Earth-fixed coordinates (ITRS), shape (3,), in m."""
        longitude, latitude, height_m = erfa.gc2gd(_WGS84, np.asarray(position_m, dtype=np.float64))
        return cls(math.degrees(latitude), math.degrees(longitude), float(height_m))

    def earth_fixed_m(self) -> npt.NDArray[np.float64]:
        """Return Cartesian Earth-fixed coordinates (ITRS), shape (3,)."""
        longitude, latitude = math.radians(self.longitude_deg), math.radians(self.latitude_deg)
        return np.asarray(erfa.gd2gc(_WGS84, longitude, latitude, self.height_m))

    def east_north_up(self) -> npt.NDArray[np.float64]:
        """Return the local axes as rows in Earth-fixed coordinates, shape (3, 3)."""
        latitude, longitude = math.radians(self.latitude_deg), math.radians(self.longitude_deg)
        sin_lat, cos_lat = math.sin(latitude), math.cos(latitude)
        sin_lon, cos_lon = math.sin(longitude), math.cos(longitude)
        return np.array(
            (
                (-sin_lon, cos_lon, 0.0),
                (-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat),
                (cos_lat * cos_lon, cos_lat * sin_lon, sin_lat),
            )
        )

    def offset(self, east_m: float, north_m: float, up_m: float) -> "EarthPoint":
        """Return the point that lies at an offset in the local tangent plane's axes."""
        shift = np.array((east_m, north_m, up_m)) @ self.east_north_up()
        return EarthPoint.from_earth_fixed(self.earth_fixed_m() + shift)


def surface_up_m(
    centre: EarthPoint,
    east_m: npt.ArrayLike,
    north_m: npt.ArrayLike,
    height_m: npt.ArrayLike = 0.0,
) -> npt.NDArray[np.float64]:
    """Return how far up from the tangent plane a height over the ellipsoid lies.

    Parameters
    ----------
    centre : EarthPoint
        Where the plane touches, at its own height.
    east_m, north_m : array_like of float
        Offsets in the plane, within 1000 km.
    height_m : array_like of float
        Height over the WGS84 ellipsoid; all three are broadcast.

    Returns
    -------
    ndarray of float64, shape of the broadcast arguments
        The `up_m` of `EarthPoint.offset` that leads to that height, to 5e-9 m.
    """
    east, north, height = np.broadcast_arrays(
        *(np.asarray(axis, dtype=np.float64) for axis in (east_m, north_m, height_m))
    )
    axes = centre.east_north_up()
    in_plane = centre.earth_fixed_m() + east[..., None] * axes[0] + north[..., None] * axes[1]
    up = height - centre.height_m
    # Newton's method: a step along the plane's normal rises by the cosine of the angle between that
    # and the ellipsoid's own. The error is squared each time, in units of the Earth's radius.
    for _ in range(4):
        longitude, latitude, reached_m = erfa.gc2gd(_WGS84, in_plane + up[..., None] * axes[2])
        normal = np.stack(
            (
                np.cos(latitude) * np.cos(longitude),
                np.cos(latitude) * np.sin(longitude),
                np.sin(latitude),
            ),
            axis=-1,
        )
        up = up + (height - reached_m) / (normal @ axes[2])
    return np.asarray(up)
