import math
from fractions import Fraction

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from sim_core.errors import EpochError
from sim_core.geometry.epoch import SECONDS_PER_DAY, Epoch, tdb_minus_tt_s

DATES = [
    "1965-03-01T05:06:07.25",
    "1972-06-30T23:59:60.75",
    "1975-01-01T00:00:00",
    "1981-12-31T23:59:59.999999",
    "1987-07-04T12:00:00",
    "1990-12-31T23:59:60",
    "1995-05-05T05:05:05.5",
    "1998-12-31T23:59:60.125",
    "2000-01-01T12:00:00",
    "2000-02-29T23:59:59.9",
    "2001-02-09T01:49:49",
    "2005-12-31T23:59:60.999",
    "2008-08-08T08:08:08.000008",
    "2012-06-30T23:59:60.5",
    "2015-06-30T23:59:59.999999",
    "2016-12-31T23:59:60.5",
    "2017-01-01T00:00:00",
    "2020-02-29T06:00:00.1",
    "2024-12-31T23:59:59",
    "2026-06-15T18:30:00",
]

# Julian dates of 1962 to 2050 as midnights.
midnights = st.integers(2437665, 2469807).map(lambda day: day + 0.5)
seconds_of_day = st.floats(0.0, SECONDS_PER_DAY, exclude_max=True)
offsets = st.floats(-1e6, 1e6)


def exact(epoch: Epoch) -> Fraction:
    return Fraction(epoch.day) * 86400 + Fraction(epoch.second)


@pytest.mark.parametrize("text", DATES)
def test_utc_becomes_tdb_as_in_astropy(text: str) -> None:
    # astropy keeps days in two doubles: its fraction of a day resolves 86400 / 2^54 = 5e-12 s, and
    # its chain of four scales adds a few of them.
    day = text[:10]
    ours = Epoch.from_utc(text)
    theirs = Time(text, scale="utc", format="isot").tdb
    difference_s = ((theirs.jd1 - ours.day) + theirs.jd2) * SECONDS_PER_DAY - ours.second
    assert abs(difference_s) < 5e-11, day


@pytest.mark.parametrize("text", DATES)
def test_utc_survives_the_way_there_and_back(text: str) -> None:
    again = Epoch.from_utc(text).utc_iso(6)
    whole, _, fraction = text.partition(".")
    assert again == f"{whole}.{fraction:0<6}"


def test_second_of_a_whole_second_epoch_is_exact() -> None:
    # TAI - UTC is 32 s in February 2001, TT - TAI 32.184 s; what is left is TDB - TT, which a
    # double of 1e4 s holds to 2e-12 s.
    epoch = Epoch.from_utc("2001-02-09T01:49:49")
    tt = 1 * 3600 + 49 * 60 + 49 + 32 + 32.184
    assert epoch.second - tt == pytest.approx(float(tdb_minus_tt_s(epoch.day, tt)), abs=2e-12)


def test_leap_second_lasts_one_second() -> None:
    before = Epoch.from_utc("2016-12-31T23:59:59.5")
    during = Epoch.from_utc("2016-12-31T23:59:60.5")
    after = Epoch.from_utc("2017-01-01T00:00:00.5")
    # TDB runs within 3e-10 of TAI; doubles of 1e5 s resolve 1.5e-11 s.
    assert during.seconds_since(before) == pytest.approx(1.0, abs=1e-9)
    assert after.seconds_since(during) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "",
        "2001-02-30T00:00:00",
        "2001-13-01T00:00:00",
        "2001-02-09T24:00:01",
        "2001-02-09T01:61:00",
        "2017-12-31T23:59:60",  # no leap second there
        "2016-12-31T23:59:61",
        "2001-02-09T01:49:49+01:00",
        "09.02.2001",
        "1959-06-30T00:00:00",
        "2500-01-01T00:00:00",
    ],
)
def test_what_is_no_instant_of_utc_is_refused(text: str) -> None:
    with pytest.raises(EpochError) as caught:
        Epoch.from_utc(text)
    assert repr(text) in caught.value.problem
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_time_of_day_may_be_left_out_and_a_z_added() -> None:
    midnight = Epoch.from_utc("2001-02-09")
    assert Epoch.from_utc("2001-02-09T00:00") == midnight
    assert Epoch.from_utc(" 2001-02-09T00:00:00.000Z ") == midnight


@pytest.mark.parametrize(
    ("day", "second"),
    [
        (math.nan, 0.0),
        (2451544.5, math.inf),
        (2451545.0, 0.0),
        (2451544.5, -1e-9),
        (2451544.5, 86400.0),
    ],
)
def test_what_is_not_split_at_midnight_is_refused(day: float, second: float) -> None:
    with pytest.raises(EpochError):
        Epoch(day, second)


def test_any_split_of_a_julian_date_gives_the_same_epoch() -> None:
    # 0.577 day in one double beside 2.4e6 resolves 40 us; as a part of its own 1e-11 s.
    epoch = Epoch.from_tdb(2451949.5, 0.077)
    assert epoch.day == 2451949.5
    assert epoch.second == pytest.approx(0.077 * SECONDS_PER_DAY, abs=2e-12)
    other = Epoch.from_tdb(2451950.0, -0.423)
    assert other.seconds_since(epoch) == pytest.approx(0.0, abs=2e-11)
    assert Epoch.from_tdb(2451949.577).seconds_since(epoch) == pytest.approx(0.0, abs=4.1e-5)


@given(midnights, seconds_of_day, offsets)
def test_plus_seconds_is_exact_to_a_unit_in_the_last_place(
    day: float, second: float, offset: float
) -> None:
    start = Epoch(day, second)
    later = start.plus_seconds(offset)
    error_s = exact(later) - exact(start) - Fraction(offset)
    # The sum of two numbers below 1.1e6 is rounded to 2^-33 of its size at most.
    assert abs(error_s) <= Fraction(1, 2**32)
    assert later.seconds_since(start) == pytest.approx(offset, abs=2.0**-32)


@given(midnights, seconds_of_day, st.floats(-300.0, 300.0))
def test_split_keeps_the_resolution_of_a_second_of_the_day(
    day: float, second: float, offset: float
) -> None:
    start = Epoch(day, second)
    days, seconds = start.split(np.array([offset]))
    error_s = Fraction(float(days[0])) * 86400 + Fraction(float(seconds[0]))
    error_s -= exact(start) + Fraction(offset)
    # Half a unit in the last place of 86400 s, once or twice.
    assert abs(error_s) <= Fraction(1, 2**36)
    assert -1e-11 <= seconds[0] <= SECONDS_PER_DAY


def test_split_crosses_midnight() -> None:
    days, seconds = Epoch(2451949.5, 86399.0).split([-86399.5, 0.0, 1.0, 86402.25])
    assert days.tolist() == [2451948.5, 2451949.5, 2451950.5, 2451951.5]
    assert seconds.tolist() == [86399.5, 86399.0, 0.0, 1.25]


# 1962 to 2026: leap seconds are announced, and so known, half a year ahead.
@given(st.integers(2437665, 2461041).map(lambda day: day + 0.5), seconds_of_day)
def test_utc_text_to_a_nanosecond_comes_back(day: float, second: float) -> None:
    epoch = Epoch(day, second)
    # Before 1972 UTC ran at a rate of its own, which ERFA's way back inverts to 1e-9 s only.
    again = Epoch.from_utc(epoch.utc_iso(9))
    assert abs(again.seconds_since(epoch)) < 2e-9


def test_tdb_minus_tt_is_periodic_and_small() -> None:
    # Main term 1.657 ms sin(g), Astronomical Almanac; the next largest are 22 us and 14 us.
    days = np.arange(2451544.5, 2451544.5 + 366.0)
    anomaly = np.deg2rad(357.53 + 0.9856003 * (days - 2451545.0))
    difference_s = tdb_minus_tt_s(days, 0.0) - 1.657e-3 * np.sin(anomaly)
    assert np.max(np.abs(difference_s)) < 60e-6
