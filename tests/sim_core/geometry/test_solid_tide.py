import numpy as np
import pytest

from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import Station, motion_model
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.solid_tide import station_displacement_m, tidal_displacement_m

# The test cases in the head of the IERS's routine DEHANTTIDEINEL (2016): station, Sun and Moon in
# m, MJD at 0 h UTC, TAI - UTC, displacement in m. (The fourth case there gives a Sun that is a
# tenth of its distance away, and the result of the third.)
CASES = [
    (
        (4075578.385, 931852.890, 4801570.154),
        (137859926952.015, 54228127881.4350, 23509422341.6960),
        (-179996231.920342, -312468450.131567, -169288918.592160),
        (54934.0, 34.0),
        (0.7700420357108125891e-01, 0.6304056321824967613e-01, 0.5516568152597246810e-01),
    ),
    (
        (1112189.660, -4842955.026, 3985352.284),
        (-54537460436.2357, 130244288385.279, 56463429031.5996),
        (300396716.912, 243238281.451, 120548075.939),
        (56121.0, 35.0),
        (-0.2036831479592075833e-01, 0.5658254776225972449e-01, -0.7597679676871742227e-01),
    ),
    (
        (1112200.5696, -4842957.8511, 3985345.9122),
        (100210282451.6279, 103055630398.3160, 56855096480.4475),
        (369817604.4348, 1897917.5258, 120804980.8284),
        (57218.0, 36.0),
        (0.00509570869172363845, 0.0828663025983528700, -0.0636634925404189617),
    ),
]


@pytest.mark.parametrize(("station", "sun", "moon", "date", "expected"), CASES)
def test_displacement_is_the_iers_routines(
    station: tuple[float, ...],
    sun: tuple[float, ...],
    moon: tuple[float, ...],
    date: tuple[float, float],
    expected: tuple[float, ...],
) -> None:
    mjd, tai_minus_utc_s = date
    centuries = ((mjd - 51544.5) + (tai_minus_utc_s + 32.184) / 86400.0) / 36525.0
    found = tidal_displacement_m(
        station, np.array([moon]), np.array([sun]), np.array([centuries]), np.array([0.0])
    )
    # The same sums in another order: rounding of 0.1 m, and of longitudes of 1e5 deg.
    assert found[0] == pytest.approx(expected, abs=1e-12)


def test_step_two_is_the_iers_routines() -> None:
    # Test case in the head of STEP2DIU, with its Sun and Moon away: 1e12 m leave nothing of step 1.
    station = np.array((4075578.385, 931852.890, 4801570.154))
    far = np.array([(1e14, 0.0, 0.0)])
    found = tidal_displacement_m(
        station, far, far, np.array([0.1059411362080767]), np.array([0.0])
    )[0]
    diurnal = np.array(
        (0.4193085327321284701e-02, 0.1456681241014607395e-02, 0.5123366597450316508e-02)
    )
    # The long-period band is in ours: up to 0.5 mm at this latitude.
    assert found == pytest.approx(diurnal, abs=6e-4)


def displacement_up_m(place: EarthPoint, text: str, hours: np.ndarray) -> np.ndarray:
    epoch = Epoch.from_utc(text)
    model, _ = motion_model(epoch, epoch.plus_seconds(float(hours[-1]) * 3600.0))
    moved = station_displacement_m(
        model, Station(*place.earth_fixed_m().tolist()), *epoch.split(hours * 3600.0)
    )
    up: np.ndarray = moved @ place.east_north_up()[2]
    return up


def test_tide_is_high_under_the_moon_and_opposite_and_low_between() -> None:
    # Full Moon near perigee of 8 February 2001: Sun and Moon pull together, and the Moon culminates
    # at longitude 0 around midnight.
    hours = np.arange(0.0, 24.0, 0.1)
    up_m = displacement_up_m(EarthPoint(13.0, 0.0), "2001-02-08T12:00:00", hours)
    assert up_m.max() > 0.3
    assert up_m.min() < -0.12
    middle = hours[(hours > 6.0) & (hours < 18.0)]
    highest_h = middle[np.argmax(up_m[(hours > 6.0) & (hours < 18.0)])]
    assert 11.0 < highest_h < 14.0  # of the 12 h from noon to midnight
    assert np.ptp(up_m) < 0.8


def test_there_is_no_tide_at_the_pole_but_the_slow_one() -> None:
    up_m = displacement_up_m(
        EarthPoint(90.0, 0.0), "2001-02-08T00:00:00", np.arange(0.0, 24.0, 0.5)
    )
    # The semidiurnal tide is none there, the diurnal one aside only; declination moves 5 deg a day.
    assert np.ptp(up_m) < 0.05
