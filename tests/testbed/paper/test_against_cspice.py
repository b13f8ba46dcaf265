"""What tables and figures show, against states of CSPICE and vector algebra."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import spiceypy
from matplotlib.axes import Axes

from testbed.paper import published
from tests.testbed.paper import moon_by_cspice as cspice
from tests.testbed.paper.reproduction import Reproduction

FloatArray = npt.NDArray[np.float64]

YEAR_START = "2021-01-01T00:00:00"
NODAL_START = "2006-01-01T00:00:00"
NODAL_CYCLE_S = 18.6 * 365.25 * 86400.0

# Places along a strip are tried every quarter of a degree: both ends are that far off at most, and
# as much again where rays come in at 80 deg.
STRIP_DEG = 0.5


@pytest.fixture(scope="module", autouse=True)
def kernels() -> Iterator[None]:
    with cspice.kernels():
        yield


@pytest.fixture(scope="module")
def year() -> cspice.Moon:
    # The instants of the coarse settings: every six hours, both ends included.
    steps = round(cspice.SIDEREAL_YEAR_S / 21600.0)
    return cspice.Moon.at(YEAR_START, np.linspace(0.0, cspice.SIDEREAL_YEAR_S, steps + 1))


def axes_of(run: Reproduction, figure: str) -> list[Axes]:
    """Draw a figure anew and return its axes."""
    return run.drawn(figure).axes


def curve(axes: Axes, index: int) -> tuple[FloatArray, FloatArray]:
    line = axes.lines[index]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_table_1_is_that_of_states_of_cspice(geometry: Reproduction, year: cspice.Moon) -> None:
    # The track has 16 m of 4e8 m and 1.2 mm/s of 26 km/s: 4e-8 rad and 5e-8 rad, 5e-6 deg.
    tolerance_deg = 1e-5
    tables = geometry.document["tables"]
    longitudes = np.linspace(-90.0, 90.0, 37)
    for index, row in enumerate(published.TABLE_1):
        latitude = row.site_latitude_deg
        found = [one["ours"] for one in tables["table1_in_time"][3 * index : 3 * index + 3]]
        angles = year.track_angle_deg(latitude, 0.0, "site")
        expected = [angles.max(), cspice.mean_over_time(angles), angles.min()]
        assert found == pytest.approx(expected, abs=tolerance_deg), latitude
        means = [
            cspice.mean_over_time(year.track_angle_deg(latitude, one, "moon_centre"))
            for one in longitudes
        ]
        found = [one["ours"] for one in tables["table1"][3 * index : 3 * index + 3]]
        expected = [max(means), float(np.mean(means)), min(means)]
        assert found == pytest.approx(expected, abs=tolerance_deg), latitude


def test_near_side_extremes_are_those_of_cspice(geometry: Reproduction, year: cspice.Moon) -> None:
    found = [row["ours"] for row in geometry.document["tables"]["table1_near_side"]]
    # Of the year's steepest instants only, by any site's angle: libration moves them by less.
    angles = year.track_angle_deg(0.0, 0.0, "site")
    instants = np.r_[np.argsort(angles)[:12], np.argsort(angles)[-12:]]
    few = cspice.Moon(
        *(getattr(year, one)[instants] for one in (
            "times_s", "states", "axes", "axes_per_s", "own_axes_per_s"
        ))
    )  # fmt: skip
    expected = []
    for velocity in ("site", "moon_centre"):
        values = np.array(
            [
                few.track_angle_deg(latitude, longitude, velocity)
                for latitude in np.linspace(-90.0, 90.0, 37)
                for longitude in np.linspace(-90.0, 90.0, 37)
            ]
        )
        expected += [values.min(), values.max()]
    assert found == pytest.approx(expected, abs=1e-5)  # as above


def test_split_is_shaded_while_the_point_sees_the_moon(geometry: Reproduction) -> None:
    for axes in axes_of(geometry, "doppler_split"):
        [shade] = axes.collections
        days = np.linspace(0.01, axes.get_xlim()[1] - 0.01, 400)
        # Up at 0 N 0 E: the first Earth-fixed axis.
        site_m = cspice.Moon.at(YEAR_START, 86400.0 * days).site_m(0.0, 0.0)
        up_m = site_m[:, 0] - 6378137.0
        sine = up_m / np.linalg.norm(site_m - (6378137.0, 0.0, 0.0), axis=1)
        # Instants of the figure lie 10 min apart, in which the Moon rises by 2.4 deg.
        clear = np.abs(sine) > np.sin(np.radians(3.0))
        middle = 0.5 * sum(axes.get_ylim())
        shaded = np.array(
            [any(path.contains_point((day, middle)) for path in shade.get_paths()) for day in days]
        )
        np.testing.assert_array_equal(shaded[clear], sine[clear] > 0.0)


def test_strips_of_figure_2_end_where_rays_meet_the_ground(geometry: Reproduction) -> None:
    moon = cspice.Moon.at(YEAR_START, np.linspace(0.0, cspice.SIDEREAL_MONTH_S, 220))
    look, _, latitude = cspice.strip(moon, geometry.document["settings"]["side"])
    strips = [
        one
        for one in geometry.data("figure2")["strips"]
        # At the limb a look angle of 0.003 deg is degrees on the ground.
        if one["look_angle_deg"] + one["range_half_width_deg"] < 0.85
    ]
    assert len(strips) >= 6
    for one in strips:
        inside = np.abs(look - one["look_angle_deg"]) <= one["range_half_width_deg"]
        ends = np.nanmin(latitude[inside]), np.nanmax(latitude[inside])
        assert (one["lowest_deg"], one["highest_deg"]) == pytest.approx(ends, abs=STRIP_DEG)


def test_ranges_of_figure_3_are_what_incidence_leaves(geometry: Reproduction) -> None:
    # The instants of the coarse settings: eight in a sidereal month.
    months, instants = round(NODAL_CYCLE_S / cspice.SIDEREAL_MONTH_S), 8
    elapsed_s = cspice.SIDEREAL_MONTH_S / instants * np.arange(months * instants, dtype=np.float64)
    moon = cspice.Moon.at(NODAL_START, elapsed_s)
    ranges = geometry.data("figure3")["ranges"]
    panels = axes_of(geometry, "figure3")
    assert len(ranges) == len(panels) == 4
    for one, axes in zip(ranges, panels, strict=True):
        look, incidence, latitude = cspice.strip(moon, one["side"])
        inside = (incidence >= published.FIGURE_3_MIN_INCIDENCE_DEG) & (look > 0.0)
        inside &= incidence <= one["max_incidence_deg"]
        latitude = np.where(inside, latitude, np.nan).reshape(months, -1)
        drawn = [curve(axes, index)[1] for index in (0, 1)]
        for ours, end in zip(drawn, (np.nanmin, np.nanmax), strict=True):
            theirs = end(latitude, axis=1)
            assert (np.abs(ours - theirs) <= STRIP_DEG).all()
        assert one["lowest_deg"] == pytest.approx(drawn[0].min(), abs=1e-9)
        assert one["highest_deg"] == pytest.approx(drawn[1].max(), abs=1e-9)


def test_distances_of_figure_5_are_those_of_cspice(geometry: Reproduction) -> None:
    [axes] = axes_of(geometry, "figure5")
    days, turning = curve(axes, 0)
    _, still = curve(axes, 1)
    chosen = slice(0, None, 50)
    elapsed_s = 86400.0 * days[chosen]
    moon = cspice.Moon.at(YEAR_START, elapsed_s)
    site_m = moon.site_m(0.0, 0.0)
    point_m = np.array((6378137.0, 0.0, 0.0))
    # 16 m of orientation at the Moon is across the line of sight; metres are left along it.
    expected_m = np.linalg.norm(site_m - point_m, axis=1)
    np.testing.assert_allclose(1e6 * turning[chosen], expected_m, atol=20.0, rtol=0.0)
    # Held still: the point keeps the direction among the stars that it had at the start.
    held_m = spiceypy.pxform("ITRF93", "J2000", moon.times_s[0]) @ point_m
    at_rest_m = [spiceypy.pxform("J2000", "ITRF93", t) @ held_m for t in moon.times_s]
    expected_m = np.linalg.norm(site_m - at_rest_m, axis=1)
    np.testing.assert_allclose(1e6 * still[chosen], expected_m, atol=20.0, rtol=0.0)
    for key, values in (("turning_km", turning), ("still_km", still)):
        ends = [1e3 * values.min(), 1e3 * values.max()]
        assert geometry.data("figure5")[key] == pytest.approx(ends, abs=1e-6)


def test_curves_of_table_3_are_parabolas_over_the_aperture(geometry: Reproduction) -> None:
    smallest = geometry.data("table3")["smallest_delay_at_s"]
    panels = [axes for axes in axes_of(geometry, "table3") if axes.lines]
    for index, (axes, row) in enumerate(zip(panels, published.TABLE_3, strict=True)):
        for way, line in (("rigorous", 0), ("moon_centre", 2)):
            transmit_s, excess_us = curve(axes, line)
            half_s = 0.5 * row.aperture_s
            assert transmit_s[[0, -1]] == pytest.approx((-half_s, half_s))
            # The track's speed squared over the distance, (26 km/s)^2 / 3.5e8 m, both ways, with
            # what the Earth's turning adds: the same parabola at either end, to the 1 % or so that
            # the acceleration changes by in the aperture (W t = 0.02 rad).
            at_s = smallest[way][index]
            curvature = excess_us[[0, -1]] / (transmit_s[[0, -1]] - at_s) ** 2
            assert curvature[0] == pytest.approx(curvature[1], rel=0.03)
            assert excess_us.min() == pytest.approx(0.0, abs=1.01 * curvature[0] * half_s / 120.0)
