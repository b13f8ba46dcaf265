"""Areas against geodesic polygons of GeographicLib, closed forms, and the paper's Table 2."""

import math

import erfa
import numpy as np
import pytest
from geographiclib.geodesic import Geodesic

from sim_core.errors import PointingError
from sim_core.geometry import footprint as module
from sim_core.geometry.earth_ellipsoid import ellipsoid_normal
from sim_core.geometry.footprint import EARTH_AREA_M2, BeamShape, Footprint, footprint
from sim_core.geometry.moon_over_earth import moon_over_earth
from sim_core.geometry.steering import ZeroDopplerFrame, zero_doppler_frame
from tests.sim_core.moon_link import Link

# Look angle, azimuth width, range width (deg), area (1e4 km^2): widths are to the edges, see
# docs/algorithms/coverage.md.
TABLE_2 = (
    (0.1, 0.05, 0.05, 38.25),
    (0.3, 0.05, 0.05, 40.29),
    (0.3, 0.2, 0.1, 326.44),
    (0.4, 0.2, 0.1, 341.74),
    (0.4, 0.35, 0.35, 2249.38),
    (0.5, 0.48, 0.48, 4310.04),
)


@pytest.fixture(scope="module")
def frame(link: Link) -> ZeroDopplerFrame:
    """Site (0, 0) at 356 442 km, the distance that the paper's Table 3 implies."""
    motion = moon_over_earth(link.model, link.epoch, [0.0]).site_motion(link.site_station)
    return zero_doppler_frame(motion)


def beam(
    look_deg: float,
    azimuth_deg: float,
    range_deg: float,
    least_deg: float = 1.0,
    most_deg: float = 70.0,
) -> BeamShape:
    return BeamShape(*np.radians((look_deg, range_deg, azimuth_deg, least_deg, most_deg)).tolist())


def geodesic_area_m2(lit: Footprint) -> float:
    total = 0.0
    for line in lit.outlines_m:
        polygon = Geodesic.WGS84.Polygon()
        longitude, latitude, height_m = erfa.gc2gd(1, line)
        assert np.abs(height_m).max() < 1e-3
        for point in zip(np.degrees(latitude), np.degrees(longitude), strict=True):
            polygon.AddPoint(*point)
        total += abs(polygon.Compute()[2])
    return total


@pytest.mark.parametrize(("look", "azimuth", "across", "published"), TABLE_2)
def test_areas_of_table_2(
    frame: ZeroDopplerFrame, look: float, azimuth: float, across: float, published: float
) -> None:
    lit = footprint(frame, beam(look, azimuth, across), "south")
    # The bar is 5 %; found are -4.6 to +1.7 %.
    assert lit.area_m2 / 1e10 == pytest.approx(published, rel=0.05)
    # Edges of the polygon are geodesics between 128 points of a curve: up to 1.2e-5 is cut off.
    assert geodesic_area_m2(lit) == pytest.approx(lit.area_m2, rel=3e-5)


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        (beam(0.1, 0.3, 0.3), 2),  # in two by the smallest incidence angle
        (beam(0.5, 0.48, 0.48, 0.0, 90.0), 1),  # cut by the limb
        (beam(0.0, 1.3, 1.3, 0.0, 90.0), 1),  # all that can be seen
        (beam(0.2, 0.1, 0.1, 5.0, 10.0), 1),  # a ring's part
    ],
)
def test_areas_that_limits_cut(frame: ZeroDopplerFrame, shape: BeamShape, parts: int) -> None:
    lit = footprint(frame, shape, "north")
    assert len(lit.outlines_m) == parts
    assert geodesic_area_m2(lit) == pytest.approx(lit.area_m2, rel=3e-5)
    for line in lit.outlines_m:
        ray = line - frame.position_m[0]
        cosine = -np.einsum("ij,ij->i", ray, ellipsoid_normal(line)) / np.linalg.norm(ray, axis=1)
        incidence = np.arccos(np.clip(cosine, 0.0, 1.0))
        # At the limb an angle is known to the root of a rounding.
        assert incidence.min() >= shape.min_incidence_rad - 1e-9
        assert incidence.max() <= shape.max_incidence_rad + 1e-7


def test_all_that_is_seen_is_the_cap_of_a_sphere(frame: ZeroDopplerFrame) -> None:
    lit = footprint(frame, beam(0.0, 1.3, 1.3, 0.0, 90.0), "north")
    distance_m = float(np.linalg.norm(frame.position_m[0]))
    radius_m = math.sqrt(EARTH_AREA_M2 / (4.0 * math.pi))
    # Of a sphere as large; the Earth's flattening, 1/298, is the tolerance.
    cap = 0.5 * (1.0 - radius_m / distance_m)
    assert lit.share_of_earth == pytest.approx(cap, rel=1.0 / 298.0)


def test_a_narrow_beam_has_the_area_of_its_solid_angle(frame: ZeroDopplerFrame) -> None:
    lit = footprint(frame, beam(0.4, 1e-4, 2e-4), "south")
    middle = lit.outlines_m[0].mean(axis=0)
    ray = middle - frame.position_m[0]
    slant_m = float(np.linalg.norm(ray))
    normal = ellipsoid_normal(middle[np.newaxis])[0]
    solid_angle = 4.0 * math.radians(1e-4) * math.radians(2e-4)
    # The incidence changes by 6e-4 rad over the beam; its square remains.
    assert lit.area_m2 == pytest.approx(slant_m**3 * solid_angle / -(ray @ normal), rel=1e-6)


def test_areas_add_up_and_quadrature_has_converged(
    frame: ZeroDopplerFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = footprint(frame, beam(0.5, 0.48, 0.48), "south").area_m2
    halves = [footprint(frame, beam(look, 0.48, 0.24), "south").area_m2 for look in (0.26, 0.74)]
    # Rounding of sums.
    assert sum(halves) == pytest.approx(whole, rel=1e-12)
    monkeypatch.setattr(module, "_LOOK_NODES", 128)
    monkeypatch.setattr(module, "_AZIMUTH_NODES", 96)
    assert footprint(frame, beam(0.5, 0.48, 0.48), "south").area_m2 == pytest.approx(
        whole, rel=1e-12
    )


def test_a_beam_beside_the_earth_lights_nothing(frame: ZeroDopplerFrame) -> None:
    with pytest.raises(PointingError, match="lights nothing"):
        footprint(frame, beam(1.5, 0.1, 0.1), "north")
    with pytest.raises(PointingError, match="lights nothing"):
        footprint(frame, beam(0.9, 0.01, 0.01, 1.0, 20.0), "north")


@pytest.mark.parametrize(
    "angles",
    [
        (0.1, 0.0, 0.1),
        (0.1, 0.1, math.nan),
        (2.0, 0.1, 0.1),
        (0.1, 0.1, 0.1, 0.5, 0.5),
        (0.1, 0.1, 0.1, 0.0, 1.7),
        (math.nan, 0.1, 0.1),
    ],
)
def test_no_beam(angles: tuple[float, ...]) -> None:
    with pytest.raises(PointingError):
        BeamShape(*angles)
