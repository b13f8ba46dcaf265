"""Scenes from files: tables of points, and images of the ground's reflectivity."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sim_core.errors import SamplingError
from sim_core.geometry.ground_grid import GroundGrid
from sim_core.geometry.sites import EarthPoint
from sim_core.signal.scene import Scene, scene_of_image
from testbed.errors import MoonechoError

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
ToGeodetic = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Latitude and longitude in degrees of places in an image, counted from its corner in pixels."""

_ENU = ("east_m", "north_m", "up_m")
_GEODETIC = ("latitude_deg", "longitude_deg", "height_m")
_OPTIONAL = ("amplitude", "phase_deg")


class SceneFileError(MoonechoError):
    """A scene's file cannot be used.

    Prints as ``FILE:LINE: PROBLEM; REMEDY``.

    Parameters
    ----------
    path : Path
        The file.
    line : int or None
        Line of a table, counted from 1.
    problem, remedy : str
        What is wrong, and what would be right.
    """

    def __init__(self, path: Path, line: int | None, problem: str, remedy: str) -> None:
        self.path, self.line = path, line
        self.problem, self.remedy = problem, remedy
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {problem}; {remedy}")


def read_point_table(path: Path, centre: EarthPoint) -> Scene:
    """Read points from a CSV file with a header.

    Parameters
    ----------
    path : Path
        Columns ``east_m``, ``north_m`` and ``up_m`` (0 if left out), or ``latitude_deg``,
        ``longitude_deg`` and ``height_m`` (0 if left out) on WGS84; ``amplitude`` (1) and
        ``phase_deg`` (0) may follow. Lines that begin with ``#`` are comments.
    centre : EarthPoint
        What offsets count from.

    Returns
    -------
    Scene

    Raises
    ------
    SceneFileError
        If it is no such table: the line is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SceneFileError(
            path, None, f"is no text that can be read: {error}", "give a CSV file in UTF-8"
        ) from error
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(numbered) < 2:
        raise SceneFileError(
            path, None, "holds no points", "give a header and a line for each point"
        )
    rows = csv.reader(line for _, line in numbered)
    names = [name.strip() for name in next(rows)]
    geodetic = _require_columns(path, numbered[0][0], names)
    values = np.empty((len(numbered) - 1, len(names)))
    for (number, _), row, into in zip(numbered[1:], rows, values, strict=True):
        into[:] = _numbers(path, number, row, names)
    columns = {name: values[:, place] for place, name in enumerate(names)}
    zero = np.zeros(len(values))
    reflectivity = columns.get("amplitude", zero + 1.0) * np.exp(
        1j * np.radians(columns.get("phase_deg", zero))
    )
    if geodetic:
        lines = np.array([number for number, _ in numbered[1:]])
        wrong = np.flatnonzero(np.abs(columns["latitude_deg"]) > 90.0)
        if wrong.size:
            raise SceneFileError(
                path, int(lines[wrong[0]]), "the latitude is above 90 deg", "is it the longitude?"
            )
        east, north, up = _offsets(
            centre,
            columns["latitude_deg"],
            columns["longitude_deg"],
            columns.get("height_m", zero),
        )
    else:
        east, north, up = columns["east_m"], columns["north_m"], columns.get("up_m", zero)
    return Scene(east, north, up, reflectivity.astype(np.complex128))


def read_reflectivity(
    path: Path,
    centre: EarthPoint,
    pixel_m: tuple[float, float] | None = None,
    scatter: np.random.Generator | None = None,
) -> Scene:
    """Read the ground's reflectivity from an image, a point for each pixel that is not zero.

    Parameters
    ----------
    path : Path
        GeoTIFF of one band, complex or real, in any coordinate reference system that says where it
        lies; or a two-dimensional NumPy array, its first row the northernmost, about the centre.
    centre : EarthPoint
        Where offsets count from, and the height over the ellipsoid that the ground has.
    pixel_m : tuple of float, optional
        Width and height of a pixel of a NumPy array, in the tangent plane.
    scatter : numpy Generator, optional
        Places each point at random within its pixel; without, it lies in the middle.

    Returns
    -------
    Scene
        On the ground.

    Raises
    ------
    SceneFileError
        If it is no such image, or all of it is zero.
    """
    if path.suffix.lower() == ".npy":
        assert pixel_m is not None  # the configuration holds both with .npy
        return _scene_of_array(_load_array(path), path, centre, pixel_m, scatter)
    image, to_geodetic = _load_geotiff(path)
    rows, columns = np.nonzero(image)
    if rows.size == 0:
        raise SceneFileError(path, None, "is zero everywhere", "give an image with some echo")
    within = np.full((2, rows.size), 0.5) if scatter is None else scatter.random((2, rows.size))
    latitude, longitude = to_geodetic(columns + within[1], rows + within[0])
    height_m = np.full(rows.size, centre.height_m)
    return Scene(*_offsets(centre, latitude, longitude, height_m), image[rows, columns])


def _scene_of_array(
    image: ComplexArray,
    path: Path,
    centre: EarthPoint,
    pixel_m: tuple[float, float],
    scatter: np.random.Generator | None,
) -> Scene:
    rows, columns = image.shape
    grid = GroundGrid(
        centre,
        -0.5 * (columns - 1) * pixel_m[0],
        pixel_m[0],
        columns,
        -0.5 * (rows - 1) * pixel_m[1],
        pixel_m[1],
        rows,
        height_m=centre.height_m,
    )
    try:
        return scene_of_image(image[::-1], grid, scatter)
    except SamplingError as error:
        raise SceneFileError(path, None, error.problem, error.remedy) from error


def _require_columns(path: Path, line: int, names: list[str]) -> bool:
    """Check the header of a table; tell whether its places are geodetic."""
    known = (*_ENU, *_GEODETIC, *_OPTIONAL)
    for name in names:
        if name not in known:
            raise SceneFileError(path, line, f"unknown column {name!r}", f"use {', '.join(known)}")
        if names.count(name) > 1:
            raise SceneFileError(path, line, f"column {name} is there twice", "leave one")
    geodetic = any(name in names for name in _GEODETIC)
    if geodetic and any(name in names for name in _ENU):
        raise SceneFileError(
            path,
            line,
            "has columns of both offsets and coordinates",
            f"give {', '.join(_ENU)} or {', '.join(_GEODETIC)}",
        )
    for name in (_GEODETIC if geodetic else _ENU)[:2]:
        if name not in names:
            raise SceneFileError(path, line, f"column {name} is missing", f"add {name}")
    return geodetic


def _numbers(path: Path, line: int, row: list[str], names: list[str]) -> list[float]:
    if len(row) != len(names):
        raise SceneFileError(
            path, line, f"has {len(row)} values for {len(names)} columns", "give one for each"
        )
    numbers = []
    for name, text in zip(names, row, strict=True):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise SceneFileError(
                path, line, f"{name} = {text.strip()!r} is no number", "give a plain number"
            )
        numbers.append(number)
    return numbers


def _offsets(
    centre: EarthPoint, latitude_deg: FloatArray, longitude_deg: FloatArray, height_m: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the offsets of geodetic places from a centre."""
    import erfa

    places = erfa.gd2gc(1, np.radians(longitude_deg), np.radians(latitude_deg), height_m)
    offsets = (places - centre.earth_fixed_m()) @ centre.east_north_up().T
    return offsets[:, 0], offsets[:, 1], offsets[:, 2]


def _load_array(path: Path) -> ComplexArray:
    try:
        image = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SceneFileError(
            path, None, f"is no NumPy array: {error}", "save one with numpy.save"
        ) from error
    return _require_image(path, image)


def _load_geotiff(path: Path) -> tuple[ComplexArray, ToGeodetic]:
    """Return a GeoTIFF's band, and what gives latitude and longitude of its pixels."""
    import rasterio
    import rasterio.warp
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path) as file:
            if file.crs is None:
                problem = "has no coordinate reference system"
            else:
                problem = f"has {file.count} bands" if file.count != 1 else ""
            if problem:
                raise SceneFileError(
                    path, None, problem, "give a GeoTIFF of one band that says where it lies"
                )
            image = _require_image(path, np.ma.filled(file.read(1, masked=True), 0))
            system, transform = file.crs, file.transform
    except (RasterioError, OSError) as error:
        raise SceneFileError(
            path, None, f"is no GeoTIFF that can be read: {error}", "give another"
        ) from error

    def to_geodetic(across: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray]:
        easting, northing = transform @ (across, down)
        longitude, latitude = rasterio.warp.transform(system, "EPSG:4326", easting, northing)
        return np.asarray(latitude), np.asarray(longitude)

    return image, to_geodetic


def _require_image(path: Path, image: npt.NDArray[np.generic]) -> ComplexArray:
    numeric = np.issubdtype(image.dtype, np.number)
    if image.ndim != 2 or not numeric or not np.all(np.isfinite(image)):
        what = "holds samples that are no finite numbers" if image.ndim == 2 else (
            f"has {image.ndim} dimensions"
        )  # fmt: skip
        raise SceneFileError(
            path, None, what, "give a two-dimensional array of real or complex numbers"
        )
    return np.asarray(image, dtype=np.complex128)
