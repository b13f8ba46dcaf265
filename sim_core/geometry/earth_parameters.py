"""Published Earth orientation parameters of the IERS: UT1, the pole, the celestial pole offsets."""

import functools
from typing import Any, NamedTuple

import erfa
import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError
from sim_core.geometry.epoch import SECONDS_PER_DAY

MJD_ZERO_DAY = 2400000.5


class EarthParameters(NamedTuple):
    """Earth orientation parameters, once a day at 0 h UTC.

    Attributes
    ----------
    mjd : ndarray of float64, shape (days,)
        Modified Julian date (UTC).
    ut1_minus_tai_s : ndarray of float64, shape (days,)
        UT1 - TAI, which unlike UT1 - UTC has no leaps.
    pole_x_rad, pole_y_rad : ndarray of float64, shape (days,)
        Coordinates of the pole.
    dx_rad, dy_rad : ndarray of float64, shape (days,)
        Celestial pole offsets against IAU 2000A; zero where none is published.
    first_predicted_mjd : float
        From here on the values are predictions; infinite if there are none.
    source : str
        Names of the series.
    """

    mjd: npt.NDArray[np.float64]
    ut1_minus_tai_s: npt.NDArray[np.float64]
    pole_x_rad: npt.NDArray[np.float64]
    pole_y_rad: npt.NDArray[np.float64]
    dx_rad: npt.NDArray[np.float64]
    dy_rad: npt.NDArray[np.float64]
    first_predicted_mjd: float
    source: str

    def between(self, first_mjd: float, last_mjd: float) -> "EarthParameters":
        """Return the days from `first_mjd` to `last_mjd`, both included."""
        chosen = (self.mjd >= first_mjd) & (self.mjd <= last_mjd)
        return EarthParameters(
            self.mjd[chosen],
            self.ut1_minus_tai_s[chosen],
            self.pole_x_rad[chosen],
            self.pole_y_rad[chosen],
            self.dx_rad[chosen],
            self.dy_rad[chosen],
            self.first_predicted_mjd,
            self.source,
        )


# Days on either side of a span that the splines need to be free of their end conditions.
SPLINE_MARGIN_DAYS = 10.0


def earth_parameters(first_mjd: float, last_mjd: float) -> EarthParameters:
    """Return the parameters of a span of days, with a margin for interpolation on either side.

    EOP C04 is used wherever it reaches, finals2000A (rapid values, then predictions) after it. Both
    come with the package astropy-iers-data: nothing is downloaded.

    Parameters
    ----------
    first_mjd, last_mjd : float
        Modified Julian dates (UTC) of the span.

    Returns
    -------
    EarthParameters

    Raises
    ------
    EpochError
        If the span is not covered.
    """
    series = _final_series()
    if last_mjd + SPLINE_MARGIN_DAYS > series.mjd[-1]:
        series = _complete_series()
    if first_mjd < series.mjd[0] or last_mjd > series.mjd[-1] or not first_mjd <= last_mjd:
        known = _complete_series().mjd
        first, last = _calendar(known[0]), _calendar(known[-1])
        raise EpochError(
            f"no Earth orientation is known from {_calendar(first_mjd)} to {_calendar(last_mjd)}",
            f"choose an epoch between {first} and {last}, "
            "or update the package astropy-iers-data (pip install -U astropy-iers-data)",
        )
    return series.between(first_mjd - SPLINE_MARGIN_DAYS, last_mjd + SPLINE_MARGIN_DAYS)


def _calendar(mjd: float) -> str:
    year, month, day, _ = erfa.jd2cal(MJD_ZERO_DAY, mjd)
    return f"{int(year):04d}-{int(month):02d}-{int(day):02d}"


@functools.cache
def _final_series() -> EarthParameters:
    """Load EOP C04: final values from 1962 to about a month ago."""
    from astropy.utils import iers
    from astropy_iers_data import IERS_B_FILE

    return _from_table(iers.IERS_B.open(IERS_B_FILE), np.inf, "IERS EOP 20 C04")


@functools.cache
def _complete_series() -> EarthParameters:
    """Load EOP C04, continued by finals2000A."""
    from astropy.utils import iers
    from astropy_iers_data import IERS_A_FILE

    final = _final_series()
    table = iers.IERS_A.open(IERS_A_FILE)
    predicted = table["MJD"].value[np.asarray(table["UT1Flag"] == "P")]
    first_predicted_mjd = float(predicted[0]) if predicted.size else np.inf
    rapid = _from_table(table, first_predicted_mjd, "")
    later = rapid.mjd > final.mjd[-1]

    def join(old: npt.NDArray[np.float64], new: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.concatenate((old, new[later]))

    return EarthParameters(
        join(final.mjd, rapid.mjd),
        join(final.ut1_minus_tai_s, rapid.ut1_minus_tai_s),
        join(final.pole_x_rad, rapid.pole_x_rad),
        join(final.pole_y_rad, rapid.pole_y_rad),
        join(final.dx_rad, rapid.dx_rad),
        join(final.dy_rad, rapid.dy_rad),
        first_predicted_mjd,
        f"{final.source} and finals2000A",
    )


def _from_table(table: Any, first_predicted_mjd: float, source: str) -> EarthParameters:
    """Take the columns that are wanted out of an astropy IERS table."""

    def column(name: str, unit: str) -> npt.NDArray[np.float64]:
        values = np.ma.filled(table[name].to_value(unit), np.nan)
        return np.asarray(values, dtype=np.float64)

    mjd = column("MJD", "d")
    ut1_minus_utc_s = column("UT1_UTC", "s")
    covered = np.isfinite(ut1_minus_utc_s) & np.isfinite(column("PM_x", "rad"))
    year, month, day, _ = erfa.jd2cal(MJD_ZERO_DAY, mjd)
    tai_minus_utc_s = erfa.dat(year, month, day, 0.0)
    return EarthParameters(
        mjd[covered],
        (ut1_minus_utc_s - tai_minus_utc_s)[covered],
        column("PM_x", "rad")[covered],
        column("PM_y", "rad")[covered],
        np.nan_to_num(column("dX_2000A", "rad"))[covered],
        np.nan_to_num(column("dY_2000A", "rad"))[covered],
        first_predicted_mjd,
        source,
    )


def utc_mjd(
    tai_day: npt.NDArray[np.float64], tai_second: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Convert TAI to a modified Julian date in UTC, as the published tables count."""
    utc1, utc2 = erfa.taiutc(tai_day, tai_second / SECONDS_PER_DAY)
    return np.asarray((utc1 - MJD_ZERO_DAY) + utc2)
