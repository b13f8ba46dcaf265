"""Even grids of places on the ground, in east and north of a centre's tangent plane.

Orthographic coordinates of places on the ellipsoid, in the version of the projection that knows the
ellipsoid, *are* offsets east and north in the tangent plane (Snyder, USGS Professional Paper 1395,
p. 145, gives that of the sphere; PROJ has the ellipsoid's since version 7.2). So such a grid has a
coordinate reference system that any geographic program understands.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sim_core.errors import CoordinateError
from sim_core.geometry.sites import EarthPoint, surface_up_m

FloatArray = npt.NDArray[np.float64]
Surface = Literal["ellipsoid", "plane"]

# Beyond this the ground leaves the tangent plane by tens of kilometres.
_FARTHEST_M = 1.0e6


@dataclass(frozen=True, slots=True)
class GroundGrid:
    """An even grid of places, rows to the north and columns to the east.

    Places are the *centres* of pixels, given by their offsets in the tangent plane of `centre`.

    Parameters
    ----------
    centre : EarthPoint
        Where the plane touches: the scene reference point.
    east_start_m, east_step_m : float
        Offset of the first column, and between columns.
    columns : int
        Number of columns.
    north_start_m, north_step_m : float
        Offset of the first row, and between rows; positive, the first row is the southernmost.
    rows : int
        Number of rows.
    surface : {"ellipsoid", "plane"}
        On what the places lie: at `height_m` above the WGS84 ellipsoid, or above the plane.
    height_m : float
        Height above that surface.

    Raises
    ------
    CoordinateError
        If the grid has no places, or one beyond 1000 km.
    """

    centre: EarthPoint
    east_start_m: float
    east_step_m: float
    columns: int
    north_start_m: float
    north_step_m: float
    rows: int
    surface: Surface = "ellipsoid"
    height_m: float = 0.0

    def __post_init__(self) -> None:
        steps = (self.east_step_m, self.north_step_m)
        if not (all(0.0 < step < math.inf for step in steps) and min(self.shape) >= 1):
            raise CoordinateError(
                f"a grid of {self.rows} rows every {self.north_step_m} m and {self.columns} "
                f"columns every {self.east_step_m} m holds no places",
                "give positive spacings in m, and one row and one column at least",
            )
        if self.surface not in ("ellipsoid", "plane"):
            raise CoordinateError(
                f"places on {self.surface!r} are unknown", "give ellipsoid or plane"
            )
        farthest_m = math.hypot(np.max(np.abs(self.east_m())), np.max(np.abs(self.north_m())))
        if not (farthest_m <= _FARTHEST_M and abs(self.height_m) <= 1e6):
            raise CoordinateError(
                f"a grid that reaches {farthest_m:g} m from its centre at a height of "
                f"{self.height_m} m is not on the ground",
                f"stay within {_FARTHEST_M:g} m, and 1000 km of height",
            )

    @classmethod
    def about(
        cls,
        centre: EarthPoint,
        half_east_m: float,
        half_north_m: float,
        step_m: float,
        surface: Surface = "ellipsoid",
        height_m: float = 0.0,
    ) -> "GroundGrid":
        """Make a square grid about a centre, on which one of its places lies.

        Parameters
        ----------
        centre : EarthPoint
            The centre.
        half_east_m, half_north_m : float
            Extent to either side; rounded to whole steps.
        step_m : float
            Spacing both ways.
        surface, height_m
            As in the class.

        Returns
        -------
        GroundGrid

        Raises
        ------
        CoordinateError
            If the grid would hold no places.
        """
        if not (0.0 < step_m < math.inf and 0.0 <= min(half_east_m, half_north_m) < math.inf):
            raise CoordinateError(
                f"a grid of +-{half_east_m} m by +-{half_north_m} m every {step_m} m is none",
                "give extents and a positive spacing in m",
            )
        east, north = round(half_east_m / step_m), round(half_north_m / step_m)
        return cls(
            centre,
            -east * step_m,
            step_m,
            2 * east + 1,
            -north * step_m,
            step_m,
            2 * north + 1,
            surface,
            height_m,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    def east_m(self) -> FloatArray:
        """Return the offset of each column, shape (columns,)."""
        return self.east_start_m + self.east_step_m * np.arange(self.columns, dtype=np.float64)

    def north_m(self) -> FloatArray:
        """Return the offset of each row, shape (rows,)."""
        return self.north_start_m + self.north_step_m * np.arange(self.rows, dtype=np.float64)

    def up_m(self, rows: slice | None = None) -> FloatArray:
        """Return the offset upwards of places.

        Parameters
        ----------
        rows : slice, optional
            Which rows; all without it.

        Returns
        -------
        ndarray of float64, shape (rows, columns)
        """
        north = self.north_m()[rows if rows is not None else slice(None)]
        if self.surface == "plane":
            return np.full((north.size, self.columns), self.height_m)
        return surface_up_m(self.centre, self.east_m(), north[:, None], self.height_m)

    def place(self, row: float, column: float) -> EarthPoint:
        """Return the place of a pixel; fractions lie between pixels, -1/2 is an outer edge."""
        east_m = self.east_start_m + self.east_step_m * column
        north_m = self.north_start_m + self.north_step_m * row
        up_m = self.height_m
        if self.surface == "ellipsoid":
            up_m = float(surface_up_m(self.centre, east_m, north_m, self.height_m))
        return self.centre.offset(east_m, north_m, up_m)

    def corners(self) -> dict[str, EarthPoint]:
        """Return the places of the outer corners, half a pixel beyond those of the pixels.

        Returns
        -------
        dict
            Keys ``south_west``, ``south_east``, ``north_west``, ``north_east``.
        """
        low, east, north = -0.5, self.columns - 0.5, self.rows - 0.5
        return {
            "south_west": self.place(low, low),
            "south_east": self.place(low, east),
            "north_west": self.place(north, low),
            "north_east": self.place(north, east),
        }

    def crs(self) -> str:
        """Return the coordinate reference system of east and north, as a PROJ string.

        Exact for places on the ellipsoid. Places at a height h lie ``distance * h / R`` further out
        than it says, which for the tangent plane itself, ``h = distance^2 / 2 R``, is 12 mm at
        10 km and 0.27 m at 28 km.
        """
        return (
            f"+proj=ortho +lat_0={self.centre.latitude_deg!r} +lon_0={self.centre.longitude_deg!r} "
            "+x_0=0 +y_0=0 +ellps=WGS84 +units=m +no_defs"
        )

    def north_up_transform(self) -> tuple[float, float, float, float, float, float]:
        """Return the affine transform of an image whose first row is the northernmost.

        Returns
        -------
        tuple of float
            ``(a, b, c, d, e, f)`` of ``x = a column + b row + c``, ``y = d column + e row + f``,
            where whole numbers are the upper left corners of pixels, as in GeoTIFF files.
        """
        west_m = self.east_start_m - 0.5 * self.east_step_m
        north_m = self.north_start_m + (self.rows - 0.5) * self.north_step_m
        return (self.east_step_m, 0.0, west_m, 0.0, -self.north_step_m, north_m)
