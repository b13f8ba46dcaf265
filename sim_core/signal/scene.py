"""Scenes: many point scatterers about a centre."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import surface_up_m

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Point scatterers at offsets from a centre.

    Parameters
    ----------
    east_m, north_m, up_m : array_like of float, shape (scatterers,)
        Offsets in the tangent plane's axes of the centre, as in `EarthPoint.offset`.
    reflectivity : array_like of complex, shape (scatterers,)
        Amplitude and phase of each echo; 1 is the full scale of the samples.

    Raises
    ------
    SamplingError
        If the arrays are not of one length, empty, or not finite.
    """

    east_m: FloatArray
    north_m: FloatArray
    up_m: FloatArray
    reflectivity: ComplexArray

    def __post_init__(self) -> None:
        for name in ("east_m", "north_m", "up_m"):
            object.__setattr__(
                self, name, np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            )
        reflectivity = np.ascontiguousarray(self.reflectivity, dtype=np.complex128)
        object.__setattr__(self, "reflectivity", reflectivity)
        arrays = (self.east_m, self.north_m, self.up_m, self.reflectivity)
        shapes = [array.shape for array in arrays]
        if len(set(shapes)) > 1 or len(shapes[0]) != 1 or shapes[0][0] == 0:
            raise SamplingError(
                f"arrays of shapes {', '.join(map(str, shapes))} are no scatterers",
                "give four of one length: east, north, up and reflectivity",
            )
        if not all(np.all(np.isfinite(array)) for array in arrays):
            raise SamplingError(
                "the place or the reflectivity of a scatterer is not finite",
                "leave it out of the scene",
            )

    @property
    def scatterers(self) -> int:
        """Number of scatterers."""
        return int(self.east_m.size)


def point_grid(grid: GroundGrid, reflectivity: complex = 1.0) -> Scene:
    """Put one scatterer on each place of a grid.

    Parameters
    ----------
    grid : GroundGrid
        The places.
    reflectivity : complex
        Amplitude and phase of every one.

    Returns
    -------
    Scene
        Row by row from the first, as many scatterers as the grid has places.
    """
    return scene_of_image(np.full(grid.shape, reflectivity, dtype=np.complex128), grid)


def scene_of_image(
    reflectivity: npt.ArrayLike,
    grid: GroundGrid,
    scatter: np.random.Generator | None = None,
    speckle: np.random.Generator | None = None,
) -> Scene:
    """Make a scatterer of each pixel of the ground's reflectivity that is not zero.

    Parameters
    ----------
    reflectivity : array_like of complex, shape (rows, columns)
        Amplitude and phase of each pixel.
    grid : GroundGrid
        Centres of the pixels.
    scatter : numpy Generator, optional
        Places each scatterer at random within its pixel, on the ground; without, it lies in the
        middle, and an even grid has replicas of its own where the echoes of its rows add up.
    speckle : numpy Generator, optional
        Multiplies each pixel by a circular Gaussian number of mean power 1: rough ground, of which
        the reflectivity is the square root of the mean power.

    Returns
    -------
    Scene

    Raises
    ------
    SamplingError
        If the image does not fit to the grid, is not finite or zero everywhere.
    """
    image = np.asarray(reflectivity, dtype=np.complex128)
    if image.shape != grid.shape:
        raise SamplingError(
            f"an image of shape {image.shape} does not fit to a grid of {grid.rows} rows and "
            f"{grid.columns} columns",
            "give one value for each place",
        )
    rows, columns = np.nonzero(image)
    if rows.size == 0:
        raise SamplingError("the image is zero everywhere", "give one with some echo")
    values = image[rows, columns]
    if speckle is not None:
        real, imag = speckle.standard_normal((2, rows.size)) / np.sqrt(2.0)
        values = values * (real + 1j * imag)
    east_m, north_m = grid.east_m()[columns], grid.north_m()[rows]
    if scatter is not None:
        within = scatter.uniform(-0.5, 0.5, (2, rows.size))
        east_m = east_m + within[0] * grid.east_step_m
        north_m = north_m + within[1] * grid.north_step_m
    if grid.surface == "plane":
        up_m = np.full_like(east_m, grid.height_m)
    else:
        up_m = surface_up_m(grid.centre, east_m, north_m, grid.height_m)
    return Scene(east_m, north_m, up_m, values)
