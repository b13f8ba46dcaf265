import erfa
import numpy as np
import pytest
import spiceypy
from astropy import units
from astropy.coordinates import GCRS, ITRS, CartesianRepresentation
from astropy.time import Time
from astropy.utils import iers
from astropy_iers_data import IERS_B_FILE

from sim_core.errors import EpochError
from sim_core.geometry.chebyshev import locate, series
from sim_core.geometry.earth_orientation import (
    EarthOrientation,
    earth_fixed_to_celestial,
    earth_orientation_parameters,
    expand_earth_orientation,
)
from sim_core.geometry.earth_parameters import earth_parameters, utc_mjd
from sim_core.geometry.epoch import TT_MINUS_TAI_S, Epoch, tdb_minus_tt_s
from tests.sim_core.geometry.cspice_kernels import ephemeris_time
from tests.sim_core.geometry.extended_precision import Extended, earth_rotation

EARTH_RADIUS_M = 6378137.0

EPOCHS = [
    "1975-06-01T03:00:00",
    "1988-02-29T12:34:56",
    "2001-02-09T01:49:49",
    "2016-12-31T23:59:60.5",
    "2024-07-08T00:00:00",
]


def orientation_at(text: str, days: float = 0.0) -> tuple[Epoch, EarthOrientation]:
    epoch = Epoch.from_utc(text)
    orientation, _ = expand_earth_orientation(epoch, epoch.plus_seconds(days * 86400.0))
    return epoch, orientation


def matrix(orientation: EarthOrientation, day: float, second: float) -> np.ndarray:
    """Rotation from ITRS to GCRS; shape (6, 3): the matrix and its rate."""
    return np.array(
        [earth_fixed_to_celestial(orientation, day, second, *axis) for axis in np.eye(3)]
    ).T


def angle_between(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one @ other.T - np.eye(3)) / np.sqrt(2.0))


@pytest.mark.parametrize("text", EPOCHS)
def test_orientation_is_erfas_of_the_same_parameters(text: str) -> None:
    epoch, orientation = orientation_at(text)
    x, y, s, ut1_minus_tdb, pole_x, pole_y, tio = (
        series(row, 2.0 * epoch.second / 86400.0 - 1.0)[0]
        for row in orientation.series.coefficients[0]
    )
    angle = erfa.era00(epoch.day, (epoch.second + ut1_minus_tdb) / 86400.0)
    expected = erfa.c2tcio(erfa.c2ixys(x, y, s), angle, erfa.pom00(pole_x, pole_y, tio)).T
    found = matrix(orientation, epoch.day, epoch.second)[:3]
    # ERFA holds UT1 since J2000 in one double: 9000 days resolve 1.8e-12 d, half of which times
    # 0.0027 turns a day are 1.6e-14 rad, in two or three operations.
    assert found == pytest.approx(expected, abs=4e-14)


@pytest.mark.parametrize("text", EPOCHS)
def test_orientation_is_erfas_of_the_published_parameters(text: str) -> None:
    epoch, orientation = orientation_at(text)
    tt_second = epoch.second - float(tdb_minus_tt_s(epoch.day, epoch.second))
    mjd = float(utc_mjd(np.array(epoch.day), np.array(tt_second - TT_MINUS_TAI_S)))
    published = earth_parameters(mjd, mjd)
    nearest = int(np.argmin(np.abs(published.mjd - mjd)))
    # Four-point Lagrange, as the IERS recommends, instead of our spline.
    first = nearest - (1 if mjd >= published.mjd[nearest] else 2)
    days = published.mjd[first : first + 4]
    weights = np.array([np.prod([(mjd - b) / (a - b) for b in days if b != a]) for a in days])

    def at(values: np.ndarray) -> float:
        return float(weights @ values[first : first + 4])

    x, y, s = erfa.xys06a(epoch.day, tt_second / 86400.0)
    ut1_second = tt_second - TT_MINUS_TAI_S + at(published.ut1_minus_tai_s)
    expected = erfa.c2tcio(
        erfa.c2ixys(x + at(published.dx_rad), y + at(published.dy_rad), s),
        erfa.era00(epoch.day, ut1_second / 86400.0),
        erfa.pom00(
            at(published.pole_x_rad),
            at(published.pole_y_rad),
            erfa.sp00(epoch.day, tt_second / 86400.0),
        ),
    ).T
    found = matrix(orientation, epoch.day, epoch.second)[:3]
    # Lagrange and spline differ by a few us of UT1 (tides of 9 days in daily steps) and by 0.1 mas
    # where the published pole offsets scatter from day to day: 3 mm each.
    assert angle_between(found, expected) * EARTH_RADIUS_M < 6e-3


@pytest.mark.parametrize("text", EPOCHS)
def test_orientation_is_orthogonal(text: str) -> None:
    epoch, orientation = orientation_at(text)
    rotation = matrix(orientation, epoch.day, epoch.second)[:3]
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-15)
    assert np.linalg.det(rotation) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("text", EPOCHS)
def test_orientation_in_extended_precision(text: str) -> None:
    epoch, orientation = orientation_at(text)
    found = matrix(orientation, epoch.day, epoch.second)[:3]
    expected = earth_rotation(orientation, epoch.day, Extended(epoch.second))
    # A turn of up to 2 in a double and an angle of up to 2 pi: 1e-15 rad each, 6 nm on the equator.
    assert np.max(np.abs((found - expected).astype(float))) < 3e-15


@pytest.mark.parametrize("date", ["1985-03-01", "2001-02-09", "2016-12-30", "2024-07-08"])
def test_orientation_is_astropys_at_the_days_of_the_table(date: str) -> None:
    # Between 0 h and 0 h astropy draws straight lines through UT1 and the pole, off by millimetres.
    epoch, orientation = orientation_at(date)
    found = matrix(orientation, epoch.day, epoch.second)[:3]
    time = Time(date, scale="utc")
    with iers.earth_orientation_table.set(iers.IERS_B.open(IERS_B_FILE)):
        corners = CartesianRepresentation(np.eye(3) * units.m)
        celestial = ITRS(corners, obstime=time).transform_to(GCRS(obstime=time))
    expected = celestial.cartesian.xyz.to_value(units.m)
    # astropy leaves the published corrections dX, dY of the celestial pole out: up to 0.5 mas, or
    # 2.4e-9 rad. What they do is known, so take them out of ours.
    tt_second = epoch.second - float(tdb_minus_tt_s(epoch.day, epoch.second))
    published = earth_parameters(time.mjd, time.mjd)
    here = int(np.flatnonzero(published.mjd == time.mjd)[0])
    dx, dy = published.dx_rad[here], published.dy_rad[here]
    x, y, s = erfa.xys06a(epoch.day, tt_second / 86400.0)
    without, complete = erfa.c2ixys(x, y, s), erfa.c2ixys(x + dx, y + dy, s)
    # Its UT1 goes through a Julian date in two doubles: 1e-11 s of 7.3e-5 rad/s.
    assert angle_between(without.T @ complete @ found, expected) < 2e-13


def test_orientation_is_itrf93_of_cspice_within_the_known_difference(cspice: None) -> None:
    # High-precision kernel of NAIF: 0.11 to 0.15 m per axis from IAU 2006/2000A with EOP C04 (the
    # notes on geometry), most of it the frame ITRF93 itself and its own nutation corrections.
    largest_m = 0.0
    for text in ("2001-02-09T01:49:49", "2009-06-17T13:55:33", "2024-03-31T11:58:49"):
        epoch, orientation = orientation_at(text)
        found = matrix(orientation, epoch.day, epoch.second)[:3]
        expected = spiceypy.pxform("ITRF93", "J2000", ephemeris_time(epoch))
        largest_m = max(largest_m, float(np.max(np.abs(found - expected))) * EARTH_RADIUS_M)
    assert largest_m < 0.25


@pytest.mark.parametrize("text", EPOCHS)
def test_velocity_is_the_derivative(text: str) -> None:
    epoch, orientation = orientation_at(text)
    step_s = 10.0
    second = min(max(epoch.second, 100.0), 86300.0)
    found = matrix(orientation, epoch.day, second)[3:]
    # Central difference of fourth order: (h w)^4 / 30 = 1e-14 of 7e-5 rad/s; rounding 1e-17 rad/s.
    values = [
        matrix(orientation, epoch.day, second + k * step_s)[:3] for k in (-2.0, -1.0, 1.0, 2.0)
    ]
    numerical = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step_s)
    # The code holds one small factor constant: 3rd order in X, Y (2e-3) and their rates (3e-12/s).
    error_m_per_s = np.max(np.abs(found - numerical)) * EARTH_RADIUS_M
    assert error_m_per_s < 1e-9


def test_midnights_have_neither_step_nor_kink() -> None:
    epoch, orientation = orientation_at("2016-12-20", days=30.0)
    days = epoch.day + np.arange(1.0, 30.0)
    for day in days:
        before, after = matrix(orientation, day - 1.0, 86400.0), matrix(orientation, day, 0.0)
        # Two expansions of one smooth function: 1e-15 rad each of rounding, and what degree 11
        # leaves of the spline's joints, a minute from the midnight of TDB (4e-9 m measured).
        # Straight lines through UT1 would make 1e-6 m/s.
        assert np.max(np.abs(before[:3] - after[:3])) * EARTH_RADIUS_M < 3e-8
        assert np.max(np.abs(before[3:] - after[3:])) * EARTH_RADIUS_M < 1e-11


def test_ut1_and_pole_are_the_published_values_on_their_days() -> None:
    _, orientation = orientation_at("2016-12-28", days=8.0)
    published = earth_parameters(57750.0, 57758.0)
    for mjd in np.arange(57750.0, 57758.0):
        year, month, day, _ = erfa.jd2cal(2400000.5, mjd)
        instant = Epoch.from_utc(f"{year:04d}-{month:02d}-{day:02d}")
        here = int(np.flatnonzero(published.mjd == mjd)[0])
        rows = orientation.series.coefficients[int(instant.day - orientation.series.start_day)]
        x = 2.0 * instant.second / 86400.0 - 1.0
        tdb_minus_tt = float(tdb_minus_tt_s(instant.day, instant.second))
        ut1_minus_tai_s = series(rows[3], x)[0] + TT_MINUS_TAI_S + tdb_minus_tt
        # The spline passes through its knots; degree 11 follows it to 1e-12 s (0.5 nm) where its
        # third derivative steps. TAI in one double of days: 1e-11 s times 1e-3 s a day.
        assert ut1_minus_tai_s == pytest.approx(published.ut1_minus_tai_s[here], abs=1e-11)
        assert series(rows[4], x)[0] == pytest.approx(published.pole_x_rad[here], abs=1e-15)
        assert series(rows[5], x)[0] == pytest.approx(published.pole_y_rad[here], abs=1e-15)


def test_provenance_tells_of_predictions() -> None:
    _, past = expand_earth_orientation(*(Epoch.from_utc("2001-02-09"),) * 2)
    assert not past.predicted
    assert "C04" in past.source
    first_predicted = earth_parameters(61000.0, 61000.0 + 400.0).first_predicted_mjd
    year, month, day, _ = erfa.jd2cal(2400000.5, first_predicted + 30.0)
    later = Epoch.from_utc(f"{year:04d}-{month:02d}-{day:02d}")
    _, future = expand_earth_orientation(later, later)
    assert future.predicted


@pytest.mark.parametrize("day", [2437000.5, 2469000.5])
def test_days_without_published_parameters_are_refused(day: float) -> None:
    with pytest.raises(EpochError, match="Earth orientation"):
        expand_earth_orientation(Epoch(day, 0.0), Epoch(day, 0.0))


@pytest.mark.parametrize("sub_daily", [False, True])
def test_expansion_is_what_it_expands(sub_daily: bool) -> None:
    epoch = Epoch.from_utc("2016-12-30T05:00:00")
    orientation, _ = expand_earth_orientation(
        epoch, epoch.plus_seconds(3 * 86400.0), sub_daily=sub_daily
    )
    # Instants that are no nodes, a leap second and three midnights of UTC among them.
    day, second = epoch.split(np.linspace(0.0, 3 * 86400.0, 701))
    expected, _ = earth_orientation_parameters(day, second, sub_daily=sub_daily)
    table = orientation.series
    found = np.empty_like(expected)
    for k in range(day.size):
        granule, argument = locate(table, day[k], second[k])
        found[:, k] = [series(row, argument)[0] for row in table.coefficients[granule]]
    error = np.max(np.abs(found - expected), axis=1)
    # X, Y, s and the pole in rad: 5e-16 rad are 3 nm, or 1e-17 s of delay. The spline's third
    # derivative steps at the days of the table, which the expansion rounds off.
    assert np.max(error[[0, 1, 2, 6]]) < 5e-16
    assert np.max(error[4:6]) < 5e-16
    # UT1 - TDB: 64 s in a double are good to 7e-15 s; 6e-12 s turn the equator by 3 nm.
    assert error[3] < 6e-12


def test_sub_daily_terms_are_added_to_ut1_and_pole_only() -> None:
    epoch = Epoch.from_utc("2001-02-09T01:49:49")
    day, second = epoch.split(np.linspace(0.0, 86400.0, 97))
    with_terms, _ = earth_orientation_parameters(day, second, sub_daily=True)
    without, _ = earth_orientation_parameters(day, second)
    added = with_terms - without
    assert not added[[0, 1, 2, 6]].any()
    # Two tides a day of up to 50 us and 1 mas (5e-9 rad).
    assert 1e-5 < np.ptp(added[3]) < 2e-4
    assert 1e-10 < np.ptp(added[4]) < 1e-8
    assert 1e-10 < np.ptp(added[5]) < 1e-8


def test_joints_of_sub_daily_granules_have_neither_step_nor_kink() -> None:
    epoch = Epoch.from_utc("2016-12-28")
    orientation, _ = expand_earth_orientation(
        epoch, epoch.plus_seconds(6 * 86400.0), sub_daily=True
    )
    table = orientation.series
    assert table.granule_days == 0.25
    largest_m = largest_m_per_s = 0.0
    for joint in range(1, table.coefficients.shape[0]):
        quarters = joint * table.granule_days + (table.start_day - epoch.day)
        day, second = epoch.day + np.floor(quarters), 86400.0 * (quarters % 1.0)
        after = matrix(orientation, day, second)
        # Just before, carried on by velocity and the circle's acceleration.
        step_s = 1e-3
        before = matrix(orientation, day, second - step_s)
        middle = matrix(orientation, day, second - 0.5 * step_s)
        carried = before[:3] + step_s * middle[3:]
        largest_m = max(largest_m, float(np.max(np.abs(carried - after[:3]))) * EARTH_RADIUS_M)
        turned = 2.0 * middle[3:] - before[3:]
        largest_m_per_s = max(
            largest_m_per_s, float(np.max(np.abs(turned - after[3:]))) * EARTH_RADIUS_M
        )
    # Two expansions of one smooth function: 1e-15 rad each of rounding (6 nm).
    assert largest_m < 3e-8
    # A minute from midnight the spline's third derivative steps inside a granule: 6e-11 m/s
    # measured, or 4e-19 of the delay's rate. Straight lines would make 1e-6 m/s.
    assert largest_m_per_s < 2e-10


@pytest.mark.parametrize("hours", [0.1, 5.999, 6.0, 13.7, 23.99])
def test_turns_of_sub_daily_granules_count_from_their_start(hours: float) -> None:
    epoch = Epoch.from_utc("2001-02-09").plus_seconds(3600.0 * hours)
    orientation, _ = expand_earth_orientation(epoch, epoch, sub_daily=True)
    granule, argument = locate(orientation.series, epoch.day, epoch.second)
    x, y, s, ut1_minus_tdb, pole_x, pole_y, tio = (
        series(row, argument)[0] for row in orientation.series.coefficients[granule]
    )
    angle = erfa.era00(epoch.day, (epoch.second + ut1_minus_tdb) / 86400.0)
    expected = erfa.c2tcio(erfa.c2ixys(x, y, s), angle, erfa.pom00(pole_x, pole_y, tio)).T
    # As above: ERFA holds UT1 since J2000 in one double.
    assert matrix(orientation, epoch.day, epoch.second)[:3] == pytest.approx(expected, abs=4e-14)
