"""Scenes from files, against places that pyproj's library and the ellipsoid's own formulas give."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from rasterio.transform import from_origin

from sim_core.geometry.sites import EarthPoint
from testbed.scene_files import SceneFileError, read_point_table, read_reflectivity

CENTRE = EarthPoint(40.0, -3.7, 600.0)
# A double holds Earth-fixed coordinates to 1e-9 m; a rotation and a sum cost a few times that.
ROUNDING_M = 1e-7


def table(folder: Path, text: str) -> Path:
    path = folder / "scene.csv"
    path.write_text(text)
    return path


def geotiff(path: Path, image: npt.NDArray[Any], **profile: Any) -> Path:
    height, width = image.shape[-2:]
    settings = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": 1 if image.ndim == 2 else image.shape[0],
        "dtype": image.dtype,
        "crs": "EPSG:32630",
        "transform": from_origin(440_000.0, 4_430_000.0, 10.0, 10.0),
        **profile,
    }
    with rasterio.open(path, "w", **settings) as file:
        if image.ndim == 2:
            file.write(image, 1)
        else:
            file.write(image)
    return path


def test_offsets_are_taken_as_they_are(tmp_path: Path) -> None:
    path = table(tmp_path, "# corner reflectors\neast_m,north_m,phase_deg\n10,-20,90\n\n1e3,0,0\n")
    points = read_point_table(path, CENTRE)
    np.testing.assert_array_equal(points.east_m, [10.0, 1000.0])
    np.testing.assert_array_equal(points.north_m, [-20.0, 0.0])
    np.testing.assert_array_equal(points.up_m, [0.0, 0.0])
    np.testing.assert_allclose(points.reflectivity, [1j, 1.0], atol=1e-15)


def test_coordinates_lead_to_the_offsets_that_lead_to_them(tmp_path: Path) -> None:
    places = [CENTRE.offset(*offset) for offset in ((1e3, -2e3, 50.0), (-28e3, 28e3, -100.0))]
    rows = "\n".join(f"{p.latitude_deg!r},{p.longitude_deg!r},{p.height_m!r},2" for p in places)
    path = table(tmp_path, f"latitude_deg,longitude_deg,height_m,amplitude\n{rows}\n")
    points = read_point_table(path, CENTRE)
    np.testing.assert_allclose(points.east_m, [1e3, -28e3], atol=ROUNDING_M)
    np.testing.assert_allclose(points.north_m, [-2e3, 28e3], atol=ROUNDING_M)
    np.testing.assert_allclose(points.up_m, [50.0, -100.0], atol=ROUNDING_M)
    np.testing.assert_array_equal(points.reflectivity, [2.0, 2.0])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("east_m,north_m\n", None, "no points"),
        ("east_m,nort_m\n1,2\n", 1, "unknown column 'nort_m'"),
        ("east_m,east_m\n1,2\n", 1, "twice"),
        ("east_m,latitude_deg\n1,2\n", 1, "both offsets and coordinates"),
        ("east_m,up_m\n1,2\n", 1, "north_m is missing"),
        ("latitude_deg,height_m\n1,2\n", 1, "longitude_deg is missing"),
        ("east_m,north_m\n1,2\n\n# a\n1\n", 5, "1 values for 2 columns"),
        ("east_m,north_m\n1,two\n", 2, "north_m = 'two' is no number"),
        ("east_m,north_m\n1,nan\n", 2, "is no number"),
        ("latitude_deg,longitude_deg\n0,0\n100,2\n", 3, "above 90 deg"),
    ],
)
def test_a_wrong_table_is_refused_by_its_line(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    with pytest.raises(SceneFileError, match=words) as caught:
        read_point_table(table(tmp_path, text), CENTRE)
    assert caught.value.line == line
    assert caught.value.exit_code == 2


def test_what_is_no_text_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "scene.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SceneFileError, match="no text"):
        read_point_table(path, CENTRE)


def test_pixels_of_an_array_lie_about_the_centre_north_up(tmp_path: Path) -> None:
    image = np.zeros((4, 6), dtype=np.complex64)
    image[0, 0], image[3, 5] = 1j, 2.0
    np.save(tmp_path / "ground.npy", image)
    points = read_reflectivity(tmp_path / "ground.npy", CENTRE, (10.0, 20.0))
    # From the southernmost row on.
    np.testing.assert_allclose(points.east_m, [25.0, -25.0])
    np.testing.assert_allclose(points.north_m, [-30.0, 30.0])
    np.testing.assert_array_equal(points.reflectivity, [2.0, 1j])
    for east, north, up in zip(points.east_m, points.north_m, points.up_m, strict=True):
        assert abs(CENTRE.offset(east, north, up).height_m - CENTRE.height_m) < ROUNDING_M


def test_a_geotiff_lies_where_its_reference_system_says(tmp_path: Path) -> None:
    image = np.zeros((20, 30), dtype=np.complex64)
    image[10, 15] = 1 + 1j
    points = read_reflectivity(geotiff(tmp_path / "ground.tif", image), CENTRE)
    place = CENTRE.offset(points.east_m[0], points.north_m[0], points.up_m[0])
    # UTM zone 30 north by its series (Krueger, to n^3), from the geodetic place.
    easting, northing = utm_30_north(place.latitude_deg, place.longitude_deg)
    assert easting == pytest.approx(440_155.0, abs=1e-3)
    assert northing == pytest.approx(4_429_895.0, abs=1e-3)
    assert place.height_m == pytest.approx(600.0, abs=1e-6)
    assert points.reflectivity[0] == 1 + 1j


def utm_30_north(latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
    flattening = 1.0 / 298.257223563
    n = flattening / (2.0 - flattening)
    eccentricity = 2.0 * math.sqrt(n) / (1.0 + n)
    sine = math.sin(math.radians(latitude_deg))
    longitude = math.radians(longitude_deg + 3.0)
    t = math.sinh(math.atanh(sine) - eccentricity * math.atanh(eccentricity * sine))
    xi, eta = math.atan2(t, math.cos(longitude)), math.atanh(
        math.sin(longitude) / math.hypot(1.0, t)
    )  # fmt: skip
    series = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16,
        13 * n**2 / 48 - 3 * n**3 / 5,
        61 * n**3 / 240,
    )
    radius_m = 6378137.0 / (1.0 + n) * (1.0 + n**2 / 4.0 + n**4 / 64.0)
    east, north = eta, xi
    for order, alpha in enumerate(series, start=1):
        east += alpha * math.cos(2 * order * xi) * math.sinh(2 * order * eta)
        north += alpha * math.sin(2 * order * xi) * math.cosh(2 * order * eta)
    return 500e3 + 0.9996 * radius_m * east, 0.9996 * radius_m * north


def test_scattered_points_stay_in_their_pixels(tmp_path: Path) -> None:
    np.save(tmp_path / "ground.npy", np.ones((8, 8)))
    middles = read_reflectivity(tmp_path / "ground.npy", CENTRE, (10.0, 10.0))
    scattered = read_reflectivity(
        tmp_path / "ground.npy", CENTRE, (10.0, 10.0), np.random.default_rng(1)
    )
    shift = np.stack([scattered.east_m - middles.east_m, scattered.north_m - middles.north_m])
    assert np.all(np.abs(shift) <= 5.0)
    assert np.std(shift) == pytest.approx(10.0 / math.sqrt(12.0), rel=0.2)  # 128 uniform numbers


@pytest.mark.parametrize(
    ("image", "profile", "words"),
    [
        (np.zeros((4, 4), dtype=np.float32), {}, "zero everywhere"),
        (np.ones((4, 4), dtype=np.float32), {"crs": None}, "no coordinate reference system"),
        (np.ones((3, 4, 4), dtype=np.uint8), {}, "has 3 bands"),
        (np.full((4, 4), np.nan, dtype=np.float32), {}, "no finite numbers"),
    ],
)
def test_a_wrong_geotiff_is_refused(
    tmp_path: Path, image: npt.NDArray[Any], profile: dict[str, Any], words: str
) -> None:
    path = geotiff(tmp_path / "ground.tif", image, **profile)
    with pytest.raises(SceneFileError, match=words):
        read_reflectivity(path, CENTRE)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    for name in ("ground.tif", "ground.npy"):
        (tmp_path / name).write_text("nothing of the kind")
        with pytest.raises(SceneFileError, match=r"is no (GeoTIFF|NumPy array)"):
            read_reflectivity(tmp_path / name, CENTRE, (1.0, 1.0))
    np.save(tmp_path / "flat.npy", np.ones(4))
    with pytest.raises(SceneFileError, match="1 dimensions"):
        read_reflectivity(tmp_path / "flat.npy", CENTRE, (1.0, 1.0))
