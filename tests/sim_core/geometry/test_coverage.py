"""Hours and latitudes against closed forms, areas of footprints, and the paper's Fig. 4."""

import math

import numpy as np
import pytest

from sim_core.geometry.coverage import coverage_hours, covered_latitudes
from sim_core.geometry.earth_ellipsoid import WGS84_EQUATORIAL_M, WGS84_POLAR_M
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.footprint import EARTH_AREA_M2, BeamShape, footprint
from sim_core.geometry.moon_over_earth import SIDEREAL_YEAR_S, moon_over_earth
from sim_core.geometry.motion import motion_model, site_station
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import ZeroDopplerFrame, zero_doppler_frame
from tests.sim_core.moon_link import Link

DISTANCE_M = 380e6
HOURS_OF_YEAR = SIDEREAL_YEAR_S / 3600.0


def beam(look: float, azimuth: float, across: float, least: float, most: float) -> BeamShape:
    return BeamShape(*np.radians((look, across, azimuth, least, most)).tolist())


def above_the_equator(instants: int) -> ZeroDopplerFrame:
    """A radar that goes once round the Earth, evenly, to the west."""
    angle = -2.0 * math.pi * (np.arange(instants) + 0.5) / instants
    out = np.stack((np.cos(angle), np.sin(angle), np.zeros(instants)), axis=1)
    west = np.stack((np.sin(angle), -np.cos(angle), np.zeros(instants)), axis=1)
    north = np.tile((0.0, 0.0, 1.0), (instants, 1))
    rest = np.zeros((instants, 3))
    return ZeroDopplerFrame(DISTANCE_M * out, west, -out, north, rest, rest, rest)


def test_hours_of_a_place_on_the_equator() -> None:
    instants = 20_000
    shape = beam(0.0, 0.2, 0.5, 0.0, 90.0)
    hours = coverage_hours(above_the_equator(instants), 3600.0, shape, ("north",), [0.0], [10, 77])
    # The ray at the beam's edge meets the equator where R sin(l) = (d - R cos(l)) tan(v).
    tangent, ratio = math.tan(math.radians(0.2)), WGS84_EQUATORIAL_M / DISTANCE_M
    longitude = math.asin(tangent / math.hypot(1.0, tangent) / ratio) - math.atan(tangent)
    # To one instant, at either edge.
    assert hours[0] == pytest.approx(instants * longitude / math.pi, abs=1.01)


def test_sides_are_one_with_the_look_angle() -> None:
    frame = above_the_equator(200)
    latitudes = np.arange(-80.0, 81.0, 5.0)
    shape = beam(0.4, 0.5, 0.2, 1.0, 79.0)
    north, south, both = (
        coverage_hours(frame, 1.0, shape, sides, latitudes, [0.0])
        for sides in (("north",), ("south",), ("north", "south"))
    )
    np.testing.assert_array_equal(both, north + south)
    np.testing.assert_array_equal(south, north[::-1])
    assert north[latitudes < 0.0].max() == 0.0 < north.max()


def test_lit_places_make_up_the_area_of_the_footprint(link: Link) -> None:
    motion = moon_over_earth(link.model, link.epoch, [0.0]).site_motion(link.site_station)
    frame, shape = zero_doppler_frame(motion), beam(0.4, 0.35, 0.35, 1.0, 70.0)
    step = 0.25
    latitude, longitude = np.arange(-89.875, 90.0, step), np.arange(-180.0, 180.0, step)
    lit = coverage_hours(frame, 3600.0, shape, ("south",), latitude, longitude)
    # Area of a row's places on the ellipsoid, from its metric.
    e2 = 1.0 - (WGS84_POLAR_M / WGS84_EQUATORIAL_M) ** 2
    sine = np.sin(np.radians(latitude))
    place_m2 = (
        WGS84_POLAR_M**2 * np.cos(np.radians(latitude)) / (1.0 - e2 * sine**2) ** 2
        * math.radians(step) ** 2
    )  # fmt: skip
    assert longitude.size * place_m2.sum() == pytest.approx(EARTH_AREA_M2, rel=1e-5)
    # 28 000 places; those on the edge, 700, are in or out by chance: 0.1 % of the area.
    area_m2 = footprint(frame, shape, "south").area_m2
    assert float(lit.sum(axis=1) @ place_m2) == pytest.approx(area_m2, rel=2e-3)


def test_latitudes_of_a_strip_on_the_equator() -> None:
    frame = above_the_equator(3)

    def latitude_deg(look_deg: float) -> float:
        """Meet the meridian's ellipse by its quadratic: geocentric latitude."""
        tangent = math.tan(math.radians(look_deg))
        a = 1.0 / WGS84_EQUATORIAL_M**2 + tangent**2 / WGS84_POLAR_M**2
        b = -2.0 * tangent**2 * DISTANCE_M / WGS84_POLAR_M**2
        c = (tangent * DISTANCE_M / WGS84_POLAR_M) ** 2 - 1.0
        x = (-b + math.sqrt(b * b - 4.0 * a * c)) / (2.0 * a)
        return math.degrees(math.atan2((DISTANCE_M - x) * tangent, x))

    lowest, highest = covered_latitudes(frame, beam(0.4, 0.1, 0.2, 1.0, 79.0), "north")
    # The quadratic's cancellation.
    np.testing.assert_allclose(lowest, latitude_deg(0.2), atol=1e-8)
    np.testing.assert_allclose(highest, latitude_deg(0.6), atol=1e-8)
    lowest, highest = covered_latitudes(frame, beam(0.4, 0.1, 0.2, 1.0, 79.0), "south")
    np.testing.assert_allclose(highest, -latitude_deg(0.2), atol=1e-8)


def test_latitudes_end_where_the_incidence_does() -> None:
    frame = above_the_equator(2)
    lowest, highest = covered_latitudes(frame, beam(0.5, 0.1, 0.5, 10.0, 40.0), "north")
    # On the ellipsoid: incidence is geodetic latitude plus look angle, there in one plane.
    squash = (WGS84_POLAR_M / WGS84_EQUATORIAL_M) ** 2
    for latitude_deg, incidence_deg in ((lowest[0], 10.0), (highest[0], 40.0)):
        geodetic = math.degrees(math.atan(math.tan(math.radians(latitude_deg)) / squash))
        place = math.radians(latitude_deg)
        radius_m = WGS84_EQUATORIAL_M / math.hypot(
            math.cos(place), math.sin(place) * WGS84_EQUATORIAL_M / WGS84_POLAR_M
        )
        look = math.atan2(radius_m * math.sin(place), DISTANCE_M - radius_m * math.cos(place))
        assert geodetic + math.degrees(look) == pytest.approx(incidence_deg, abs=1e-9)


def test_nothing_is_lit_beside_the_earth() -> None:
    frame, shape = above_the_equator(2), beam(1.5, 0.1, 0.1, 0.0, 90.0)
    assert np.isnan(covered_latitudes(frame, shape, "north")).all()
    assert coverage_hours(frame, 1.0, shape, ("north",), [80.0], [0.0])[0, 0] == 0.0


def test_hours_of_figure_4() -> None:
    """More than 1200 h at low and mid latitudes for 0.4 deg, 2500 h towards the poles for 0.6."""
    epoch, step_s = Epoch.from_tdb(2451544.5, 0.5), 1800.0
    elapsed_s = np.arange(0.0, SIDEREAL_YEAR_S, step_s)
    model, _ = motion_model(epoch, epoch.plus_seconds(elapsed_s[-1]))
    station = site_station(model.ephemeris, LunarSite(0.0, 0.0))
    frame = zero_doppler_frame(moon_over_earth(model, epoch, elapsed_s).site_motion(station))
    latitude = np.arange(-89.0, 90.0, 2.0)
    told: list[tuple[int, int]] = []
    hours = {}
    for look in (0.4, 0.6):
        found = coverage_hours(
            frame,
            step_s,
            beam(look, 0.5, 0.3, 1.0, 79.0),
            ("north", "south"),
            latitude,
            [0.0, 120.0, 240.0],
            lambda done, total: told.append((done, total)),
        )
        assert found.max() < HOURS_OF_YEAR
        hours[look] = found.mean(axis=1)
    assert told[-1] == (latitude.size * 3, latitude.size * 3)
    assert hours[0.4].max() > 1200.0
    assert abs(latitude[np.argmax(hours[0.4])]) < 60.0
    assert hours[0.6].max() > 2500.0
    assert abs(latitude[np.argmax(hours[0.6])]) > 60.0
