from pathlib import Path

import numpy as np
import pytest
import spiceypy
from scipy.integrate import quad

from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.ephemeris import Ephemeris
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import (
    shapiro_delay_s,
    shapiro_terms_s,
    two_way,
    two_way_light_times,
)
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    motion_model,
    site_state,
    site_station,
    target_state,
    target_station,
)
from sim_core.geometry.sites import EarthPoint, LunarSite
from sim_core.geometry.visibility import elevation_angles
from tests.sim_core.geometry import cspice_kernels, extended_precision
from tests.sim_core.moon_link import Link

CARRIER_HZ = 23e9

SITES = [LunarSite(0.0, 0.0), LunarSite(10.0, 10.0), LunarSite(-60.0, -70.0, 2500.0)]
TARGETS = [
    EarthPoint(0.0, 0.0),
    EarthPoint(40.0, 0.0),
    EarthPoint(-89.9, 30.0, 2800.0),
    EarthPoint(60.0, -150.0),
]

# Whole seconds of TDB, which CSPICE's one double holds exactly; 1975 to 2025, five of them from
# before the Earth orientation kernel, and two a second from midnight.
EPOCHS = [
    Epoch(day, second)
    for day, second in (
        (2442500.5, 10000.0),
        (2445000.5, 40000.0),
        (2448500.5, 70000.0),
        (2450000.5, 1234.0),
        (2451949.5, 6653.0),
        (2453000.5, 60000.0),
        (2455000.5, 7000.0),
        (2457000.5, 81111.0),
        (2459000.5, 33333.0),
        (2460400.5, 86399.0),
        (2460500.5, 1.0),
        (2460800.5, 45678.0),
    )
]
FIRST_OF_EARTH_KERNEL = Epoch(2451544.5, 0.0)


@pytest.fixture(scope="module")
def models() -> dict[Epoch, MotionModel]:
    return {epoch: motion_model(epoch, epoch)[0] for epoch in EPOCHS}


@pytest.fixture(scope="module")
def link_kernels(
    models: dict[Epoch, MotionModel], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """DE421, all sites and targets (in two Earth frames) as its objects, and our orientation."""
    folder = tmp_path_factory.mktemp("kernels")
    points = [
        (301100 + i, 301, "MOON_ME_DE421", site.mean_earth_m()) for i, site in enumerate(SITES)
    ]
    for first, frame in ((399100, "ITRF93"), (399200, cspice_kernels.EARTH_FRAME)):
        points += [
            (first + i, 399, frame, target.earth_fixed_m()) for i, target in enumerate(TARGETS)
        ]
    spiceypy.kclear()
    # Frames must be known when segments are written in them.
    for kernel in cspice_kernels.lunar_kernels():
        spiceypy.furnsh(kernel)
    cspice_kernels.define_earth_frame()
    cspice_kernels.write_de421(folder / "de421.bsp", points)
    cspice_kernels.write_earth_orientation(folder / "earth.bpc", models, 60.0)
    spiceypy.kclear()
    return [str(folder / "de421.bsp"), str(folder / "earth.bpc")]


def cspice_two_way_s(epoch: Epoch, site: str, target: str) -> float:
    """Converged Newtonian light times by CSPICE; the bounce is where the downlink ends."""
    et = cspice_kernels.ephemeris_time(epoch)
    _, down_s = spiceypy.spkezr(target, et, "J2000", "XCN", site)
    _, up_s = spiceypy.spkezr(site, et + float(down_s), "J2000", "XCN", target)
    return float(down_s) + float(up_s)


def largest_difference_s(
    models: dict[Epoch, MotionModel], epochs: list[Epoch], first_target: int
) -> float:
    differences = []
    for epoch in epochs:
        for i, site in enumerate(SITES):
            for j, target in enumerate(TARGETS):
                ours = two_way_light_times(
                    models[epoch],
                    site_station(models[epoch].ephemeris, site),
                    target_station(target),
                    *epoch.split([0.0]),
                )
                theirs_s = cspice_two_way_s(epoch, str(301100 + i), str(first_target + j))
                differences.append(theirs_s - float(ours.delay_s[0]))
    return float(np.max(np.abs(differences)))


def test_delay_is_cspices_with_one_earth_orientation(
    models: dict[Epoch, MotionModel], link_kernels: list[str], cspice: None
) -> None:
    cspice_kernels.define_earth_frame()
    for kernel in link_kernels:
        spiceypy.furnsh(kernel)
    # 144 delays. CSPICE's time in one double is good to 6e-8 s at worst, in which the Earth moves
    # 2 mm: that is 6e-12 s on either leg, and the bar of 1e-11 s for both.
    assert largest_difference_s(models, EPOCHS, 399200) < 1e-11


def test_delay_is_cspices_with_its_own_earth_orientation(
    models: dict[Epoch, MotionModel], link_kernels: list[str], cspice: None
) -> None:
    cspice_kernels.define_earth_frame()
    for kernel in link_kernels:
        spiceypy.furnsh(kernel)
    epochs = [epoch for epoch in EPOCHS if epoch.seconds_since(FIRST_OF_EARTH_KERNEL) > 0.0]
    assert len(epochs) == 8
    # ITRF93 lies 0.11 to 0.15 m per axis off, up to 0.25 m along the line of sight: 1.5e-9 s.
    assert largest_difference_s(models, epochs, 399100) < 1.5e-9


@pytest.mark.parametrize("relativistic", [False, True])
def test_delay_in_extended_precision(models: dict[Epoch, MotionModel], relativistic: bool) -> None:
    assert extended_precision.enough()
    legs, sums = [], []
    for epoch in EPOCHS:
        model = models[epoch]._replace(relativistic=relativistic)
        for site, target in zip(SITES, TARGETS[1:], strict=True):
            found = two_way(
                model,
                site_station(model.ephemeris, site),
                target_station(target),
                epoch.day,
                epoch.second,
            )
            expected = extended_precision.two_way(
                model.orientation,
                site.mean_earth_m(),
                target.earth_fixed_m(),
                epoch.day,
                epoch.second,
                relativistic=relativistic,
            )
            errors = [float(f - e) for f, e in zip(found[:2], expected, strict=True)]
            legs += errors
            sums.append(sum(errors))
    # One unit in the last place of a leg, 2.2e-16 s, of which rounding takes a half. With
    # relativity each body is taken where the light passes it, as in the other evaluation.
    assert np.max(np.abs(legs)) < 2.3e-16
    assert np.max(np.abs(sums)) < 4e-16


def test_iteration_converges_to_two_units_in_the_last_place(
    models: dict[Epoch, MotionModel],
) -> None:
    for epoch, model in models.items():
        for relativistic in (False, True):
            solved = two_way_light_times(
                model._replace(relativistic=relativistic),
                site_station(model.ephemeris, SITES[1]),
                target_station(TARGETS[1]),
                *epoch.split(np.linspace(-5.0, 5.0, 101)),
            )
            assert np.max(solved.residual_s) <= 4.5e-16


def test_legs_arrive_where_light_would(link: Link) -> None:
    # The downlink's length in BCRS is c times its duration, as is the uplink's; barycentric vectors
    # in doubles leave 3e-5 m.
    epoch, model = link.epoch, link.model
    down_s, up_s, _, _, _ = two_way(
        model, link.site_station, link.target_station, epoch.day, epoch.second
    )

    def barycentre(seconds: float) -> np.ndarray:
        moved = position_and_velocity(model.ephemeris.barycentre, epoch.day, epoch.second + seconds)
        return np.array(moved[:3])

    def site(seconds: float) -> np.ndarray:
        state = site_state(model, link.site_station, epoch.day, epoch.second + seconds)
        return np.asarray(state[:3] + barycentre(seconds))

    bounce = target_state(model, link.target_station, epoch.day, epoch.second + down_s)
    target = np.array(bounce[:3]) + barycentre(down_s)
    per_c = 1.0 / SPEED_OF_LIGHT_M_PER_S
    assert np.linalg.norm(target - site(0.0)) * per_c == pytest.approx(down_s, abs=3e-13)
    assert np.linalg.norm(target - site(down_s + up_s)) * per_c == pytest.approx(up_s, abs=3e-13)


def test_rates_are_derivatives(link: Link) -> None:
    step_s = 2.0
    seconds = (
        step_s * np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) + np.arange(-100.0, 101.0, 20.0)[:, None]
    )
    solved = two_way_light_times(
        link.model, link.site_station, link.target_station, *link.epoch.split(seconds.ravel())
    )
    for values, rate in (
        (solved.downlink_s, solved.downlink_rate),
        (solved.delay_s, solved.delay_rate),
    ):
        v = values.reshape(seconds.shape)
        numerical = (v[:, 0] - 8.0 * v[:, 1] + 8.0 * v[:, 3] - v[:, 4]) / (12.0 * step_s)
        # Noise of 3e-16 s over 2 s; fourth derivative of the delay 1e-17 per s^3, nothing.
        assert rate.reshape(seconds.shape)[:, 2] == pytest.approx(numerical, abs=1e-15)


def test_many_epochs_on_several_threads_are_those_one_by_one(link: Link) -> None:
    seconds = np.linspace(-250.0, 250.0, 5001)
    together = two_way_light_times(
        link.model, link.site_station, link.target_station, *link.epoch.split(seconds)
    )
    for k in (0, 1, 2499, 2500, 2501, 5000):
        alone = two_way_light_times(
            link.model,
            link.site_station,
            link.target_station,
            *link.epoch.split(seconds[k : k + 1]),
        )
        assert alone.downlink_s[0] == together.downlink_s[k]
        assert alone.uplink_s[0] == together.uplink_s[k]
    none = two_way_light_times(
        link.model, link.site_station, link.target_station, *link.epoch.split([])
    )
    assert none.delay_s.shape == (0,)


@pytest.mark.parametrize(
    ("gm", "start_m", "end_m"),
    [
        # Behind the mass, in front of it, and beside it; Sun and Earth.
        (1.327e20, (-1.5e11, 2e10), (1.5e11, 2e10)),
        (1.327e20, (1.5e11, 0.0), (1.504e11, 0.0)),
        (1.327e20, (1.5e11, -2e8), (1.5e11, 2e8)),
        (3.986e14, (6.378e6, 0.0), (3.6e8, 0.0)),
        (3.986e14, (0.0, 6.378e6), (3.6e8, 0.0)),
    ],
)
def test_shapiro_delay_is_the_potential_along_the_path(
    gm: float, start_m: tuple[float, float], end_m: tuple[float, float]
) -> None:
    start, end = np.array(start_m), np.array(end_m)
    apart_m = float(np.linalg.norm(end - start))

    def slowing(fraction: float) -> float:
        distance_m = float(np.linalg.norm(start + fraction * (end - start)))
        return 2.0 * gm / (SPEED_OF_LIGHT_M_PER_S**3 * distance_m)

    # Light is slower by 2 U / c^2: always a delay.
    expected_s = apart_m * quad(slowing, 0.0, 1.0, epsabs=0.0, epsrel=1e-10)[0]
    ends = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    found_s = shapiro_delay_s(gm, *ends, apart_m)
    assert found_s > 0.0
    # Both are of first order; the logarithm's argument loses 1e-12 where the path is short.
    assert found_s == pytest.approx(expected_s, rel=1e-9)


def test_shapiro_delays_have_the_known_sizes(ephemeris: Ephemeris, link: Link) -> None:
    # The terms do not ask for the Earth's orientation to be of the day; a point towards the Moon
    # will do. Every six hours of a year.
    site = link.site_station
    sun_s: list[float] = []
    earth_s: list[float] = []
    moon_s: list[float] = []
    for day in np.arange(2460310.5, 2460310.5 + 366.0):
        for second in (0.0, 21600.0, 43200.0, 64800.0):
            moon = np.array(position_and_velocity(ephemeris.moon, day, second))
            above = site_state(link.model, site, day, second)
            share = ephemeris.earth_share
            below = 6.371e6 / np.linalg.norm(moon) * moon - share * moon
            apart_m = float(np.linalg.norm(np.array(above[:3]) - below[:3]))
            terms = shapiro_terms_s(link.model, day, second, above, tuple(below), apart_m)
            for list_s, term in zip((sun_s, earth_s, moon_s), terms, strict=True):
                list_s.append(term)
    # Known figures: two-way 48 to 54 ns for a target that turns with the Earth (the point under the
    # Moon is up to 4 percent nearer); one-way 0.12 ns and 2 ps.
    assert 45.5e-9 < 2.0 * min(sun_s) < 48.5e-9
    assert 52.0e-9 < 2.0 * max(sun_s) < 54.5e-9
    assert 0.115e-9 < min(earth_s) <= max(earth_s) < 0.125e-9
    assert 1.9e-12 < min(moon_s) <= max(moon_s) < 2.1e-12


def test_relativity_lengthens_the_delay_by_its_terms(link: Link) -> None:
    instant = link.epoch.day, link.epoch.second
    plain = two_way(link.model, link.site_station, link.target_station, *instant)
    full = two_way(link.relativistic, link.site_station, link.target_station, *instant)
    gained_s = (full[0] + full[1]) - (plain[0] + plain[1])
    site = np.array(site_state(link.model, link.site_station, *instant))
    target = np.array(target_state(link.model, link.target_station, *instant))
    apart_m = float(np.linalg.norm(target[:3] - site[:3]))
    shapiro_s = sum(shapiro_terms_s(link.model, *instant, tuple(site), tuple(target), apart_m))
    # By hand: both stations lie on the near side of their bodies and move back towards their
    # centres, by (U/c^2 + L_C) r = 0.157 m and U/c^2 r = 0.017 m. At full Moon, as here, the line
    # of sight is normal to the orbital velocity, whose contraction is left out of this estimate:
    # it is at most 0.5 (v/c)^2 = 5e-9 of the stations' 8.1e6 m.
    stations_s = 2.0 * (0.157 + 0.017) / SPEED_OF_LIGHT_M_PER_S
    assert gained_s == pytest.approx(2.0 * shapiro_s + stations_s, abs=2.0 * 0.041 / 3e8)


@pytest.mark.parametrize(
    ("phase", "day", "along"),
    [
        # Moon's phases of 2024: full on 25 January 17:54 UTC, last quarter on 2 February 23:18.
        ("full", 2460335.25, 0.0),
        ("quarter", 2460343.5, 1.0),
    ],
)
def test_contraction_acts_along_the_orbital_velocity(
    ephemeris: Ephemeris, phase: str, day: float, along: float
) -> None:
    epoch = Epoch.from_tdb(day)
    model, _ = motion_model(epoch, epoch)
    site = LunarSite(0.0, 0.0)
    # The point of the Earth under the Moon, so that both stations lie on the line of centres.
    moon = np.array(position_and_velocity(ephemeris.moon, epoch.day, epoch.second)[:3])
    axes = np.array(
        [
            target_state(model, Station(*axis.tolist()), epoch.day, epoch.second)[:3]
            for axis in np.vstack((np.zeros(3), np.eye(3)))
        ]
    )
    under = (axes[1:] - axes[0]) @ moon / np.linalg.norm(moon)
    target = EarthPoint.from_earth_fixed(6.371e6 * under)
    stations = site_station(ephemeris, site), target_station(target)
    instant = epoch.day, epoch.second
    plain = two_way(model, *stations, *instant)
    full = two_way(model._replace(relativistic=True), *stations, *instant)
    states = [site_state(model, stations[0], *instant), target_state(model, stations[1], *instant)]
    apart_m = float(np.linalg.norm(np.array(states[0][:3]) - np.array(states[1][:3])))
    shapiro_s = sum(shapiro_terms_s(model, *instant, states[0], states[1], apart_m))
    gained_s = (full[0] + full[1]) - (plain[0] + plain[1]) - 2.0 * shapiro_s
    earth_radius_m = float(np.linalg.norm(target.earth_fixed_m()))
    # U/c^2 at 1 AU is 9.87e-9, in winter 1.7 percent more; L_C; (v/c)^2 / 2 = 5.1e-9 in winter.
    shrunk_m = (1.003e-8 + 1.481e-8) * earth_radius_m + 1.003e-8 * 1737.4e3
    contracted_m = along * 5.1e-9 * (earth_radius_m + 1737.4e3)
    expected_s = 2.0 * (shrunk_m + contracted_m) / SPEED_OF_LIGHT_M_PER_S
    # Librations of 8 deg and a phase known to hours take 2 percent off each.
    assert gained_s == pytest.approx(expected_s, rel=0.03)


# Steps of ten minutes. What depends on the instant at which the Moon passes 10 deg (the largest
# delay, the largest Doppler shift, the hours) shifts with the choice of instants; the table's own
# step is not known.
YEAR_STEP_S = 600.0


@pytest.fixture(scope="module")
def year_2024() -> tuple[MotionModel, Epoch, np.ndarray]:
    start, stop = Epoch.from_utc("2024-01-01"), Epoch.from_utc("2025-01-01")
    seconds = np.arange(0.0, stop.seconds_since(start), YEAR_STEP_S)
    return motion_model(start, stop)[0], start, seconds


@pytest.mark.parametrize(
    (
        "latitude_deg", "shortest_s", "longest_s", "doppler_khz",
        "least_rate", "most_rate", "hours",
    ),
    [
        (0.0, 2.3273, 2.6923, 75.3, -4.97, -0.81, 10.5),
        (40.0, 2.3354, 2.6920, 60.2, -3.80, 0.60, 9.8),
        (60.0, 2.3455, 2.6920, 42.8, -2.48, 1.09, 8.0),
    ],
)  # fmt: skip
def test_year_2024_at_23_ghz(
    year_2024: tuple[MotionModel, Epoch, np.ndarray],
    latitude_deg: float,
    shortest_s: float,
    longest_s: float,
    doppler_khz: float,
    least_rate: float,
    most_rate: float,
    hours: float,
) -> None:
    model, start, seconds = year_2024
    site, target = LunarSite(0.0, 0.0), EarthPoint(latitude_deg, 0.0)
    up = elevation_angles(model, site, target, start, seconds)[1] > np.deg2rad(10.0)
    stations = site_station(model.ephemeris, site), target_station(target)
    solved = two_way_light_times(model, *stations, *start.split(seconds[up]))
    later = two_way_light_times(model, *stations, *start.split(seconds[up] + 1.0))
    doppler_hz = -CARRIER_HZ * solved.delay_rate / (1.0 + solved.delay_rate)
    doppler_rate = -CARRIER_HZ * (later.delay_rate - solved.delay_rate)
    # Table of the year 2024 in the notes on geometry, made with CSPICE: site (0, 0), longitude 0.
    # Smallest delay: near culmination, stationary; half of the last digit.
    assert solved.delay_s.min() == pytest.approx(shortest_s, abs=0.6e-4)
    # Largest: at 10 deg, where it grows by up to 3.3e-6 s/s. An extreme of 350 settings is
    # short of the truth by the step over 350 in the mean, and by 4e-4 s in the runs of 2024
    # (found with steps of one minute).
    assert solved.delay_s.max() == pytest.approx(longest_s, abs=5e-4)
    # At 10 deg the shift changes by 0.8 Hz/s: up to 0.5 kHz in a step, at the rim of the year.
    assert np.abs(doppler_hz).max() == pytest.approx(1e3 * doppler_khz, abs=0.3e3)
    # The rate changes by up to 4 Hz/s in six hours: 0.05 Hz/s in half a step at 10 deg; at
    # culmination it is stationary and good to the last digit.
    assert doppler_rate.min() == pytest.approx(least_rate, abs=0.006)
    assert doppler_rate.max() == pytest.approx(most_rate, abs=0.03)
    # Half of the last digit, and a step in the sum of 700 risings and settings.
    assert 24.0 * np.mean(up) == pytest.approx(hours, abs=0.06)


def test_kernels_are_cleaned_up(link_kernels: list[str]) -> None:
    assert spiceypy.ktotal("ALL") == 0
    assert all(Path(kernel).stat().st_size > 0 for kernel in link_kernels)
