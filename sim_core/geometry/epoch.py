"""Instants in Barycentric Dynamical Time, kept in two parts, and their conversions to UTC.

A Julian date in one double resolves 40 us, which is 100 000 degrees of phase at 23 GHz. An `Epoch`
holds the day and the second of the day apart, so it resolves 15 ps or better, and two epochs of one
run differ by a number of seconds that is known much better still.
"""

import math
import re
import warnings
from dataclasses import dataclass

import erfa
import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError

SECONDS_PER_DAY = 86400.0
J2000_DAY = 2451545.0

# TT - TAI, defined by IAU resolution.
TT_MINUS_TAI_S = 32.184

_ISO_UTC = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?)?Z?"
)


@dataclass(frozen=True, slots=True)
class Epoch:
    """An instant in Barycentric Dynamical Time (TDB).

    Parameters
    ----------
    day : float
        Julian date (TDB) of a midnight: a whole number plus one half.
    second : float
        Seconds of TDB since that midnight, ``0 <= second < 86400``.
    """

    day: float
    second: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.day) and math.isfinite(self.second)):
            raise EpochError(
                f"a TDB epoch of day {self.day}, second {self.second} is no instant",
                "give finite numbers",
            )
        if self.day % 1.0 != 0.5 or not 0.0 <= self.second < SECONDS_PER_DAY:
            raise EpochError(
                f"TDB day {self.day!r}, second {self.second!r} are not split at midnight",
                "give a Julian date ending in .5 and 0 <= second < 86400, or use from_tdb",
            )

    @classmethod
    def from_tdb(cls, jd1: float, jd2: float = 0.0) -> "Epoch":
        """Make an epoch from a two-part Julian date in TDB (any split).

        Parameters
        ----------
        jd1, jd2 : float
            Julian date as a sum of two parts, in days.
        """
        day = math.floor(jd1 - 0.5) + 0.5
        return cls(day, 0.0).plus_seconds(((jd1 - day) + jd2) * SECONDS_PER_DAY)

    @classmethod
    def from_utc(cls, text: str) -> "Epoch":
        """Read an epoch from a calendar date and time in UTC.

        Parameters
        ----------
        text : str
            ISO 8601, such as ``2001-02-09T01:49:49``, with an optional fraction of a second and an
            optional ``Z``. A leap second (``23:59:60``) is accepted where there was one.

        Raises
        ------
        EpochError
            If the text is no such date, or lies before 1960, when UTC begins.

        Notes
        -----
        UTC to TAI to TT by ERFA (SOFA); TDB - TT by ``dtdb``, Fairhead and Bretagnon (1990), for
        the geocentre.
        """
        match = _ISO_UTC.fullmatch(text.strip())
        if match is None:
            raise EpochError(
                f"{text!r} is no date and time in UTC",
                "write it as 2001-02-09T01:49:49 (ISO 8601, UTC, no other time zone)",
            )
        part = match.groupdict(default="0")
        hour, minute = int(part["hour"]), int(part["minute"])
        second = float(part["second"])
        with warnings.catch_warnings():
            # ERFA warns of a date that it calls dubious, or of a second past the end of a day.
            warnings.simplefilter("error", erfa.ErfaWarning)
            try:
                utc1, utc2 = erfa.dtf2d(
                    "UTC", int(part["year"]), int(part["month"]), int(part["day"]),
                    hour, minute, second,
                )  # fmt: skip
            except (erfa.ErfaError, erfa.ErfaWarning) as error:
                if "dubious year" in str(error):
                    raise EpochError(
                        f"the leap seconds of {part['year']} are not known, so {text!r} is no "
                        "instant of UTC",
                        "give a date from 1962 to about a year from now; what is known grows with "
                        "the packages astropy-iers-data and pyerfa (pip install -U "
                        "astropy-iers-data pyerfa)",
                    ) from error
                # ERFA's words without its function and its note: 'bad day', 'time is after ...'.
                reason = str(error).rpartition("yielded")[2].split('"')[1].partition(" (Note")[0]
                raise EpochError(
                    f"{text!r} is no instant of UTC ({reason})",
                    "give a date of the calendar, and 23:59:60 only where there was a leap second",
                ) from error
            tai1, tai2 = erfa.utctai(utc1, utc2)
        day = math.floor(float(tai1) - 0.5) + 0.5
        # Seconds first, offsets after: a fraction of a day has no exact second.
        tai_second = ((float(tai1) - day) + float(tai2)) * SECONDS_PER_DAY
        whole_and_fraction = round(tai_second - second % 1.0) + second % 1.0
        # The fraction of the second was given in decimal; days spoil its last digits.
        if abs(whole_and_fraction - tai_second) < 1e-6:
            tai_second = whole_and_fraction
        tt = cls(day, 0.0).plus_seconds(tai_second + TT_MINUS_TAI_S)
        return tt.plus_seconds(float(tdb_minus_tt_s(tt.day, tt.second)))

    def plus_seconds(self, seconds: float) -> "Epoch":
        """Return the epoch that lies `seconds` of TDB later."""
        total = self.second + seconds
        days = math.floor(total / SECONDS_PER_DAY)
        second = total - days * SECONDS_PER_DAY
        if second >= SECONDS_PER_DAY:  # a tiny negative total rounds up to a whole day
            days, second = days + 1, 0.0
        return Epoch(self.day + days, second)

    def seconds_since(self, other: "Epoch") -> float:
        """Return the seconds of TDB from another epoch to this one."""
        return (self.day - other.day) * SECONDS_PER_DAY + (self.second - other.second)

    def split(
        self, seconds: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Split this epoch plus an offset into days and seconds of the day.

        Parameters
        ----------
        seconds : array_like of float
            Offsets from this epoch in s.

        Returns
        -------
        day, second : ndarray of float64, same shape
            Julian date (TDB) of the midnight before, and seconds since.
        """
        offset = np.asarray(seconds, dtype=np.float64)
        whole_days = np.floor((self.second + offset) / SECONDS_PER_DAY)
        return self.day + whole_days, (self.second - whole_days * SECONDS_PER_DAY) + offset

    def utc_iso(self, digits: int = 3) -> str:
        """Write the epoch as a UTC calendar date and time.

        Parameters
        ----------
        digits : int
            Digits of the fraction of a second.
        """
        tt = self.plus_seconds(-float(tdb_minus_tt_s(self.day, self.second)))
        tai = tt.plus_seconds(-TT_MINUS_TAI_S)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", erfa.ErfaWarning)
            utc1, utc2 = erfa.taiutc(tai.day, tai.second / SECONDS_PER_DAY)
            year, month, day, hmsf = erfa.d2dtf("UTC", digits, utc1, utc2)
        h, m, s, f = (int(hmsf[name]) for name in ("h", "m", "s", "f"))
        fraction = f".{f:0{digits}d}" if digits else ""
        return f"{int(year):04d}-{int(month):02d}-{int(day):02d}T{h:02d}:{m:02d}:{s:02d}{fraction}"


def tdb_minus_tt_s(day: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return TDB - TT at the geocentre.

    Parameters
    ----------
    day, second : array_like of float
        TDB (or TT: the difference is below 1e-13 s) as a midnight's Julian date and seconds.

    Returns
    -------
    ndarray of float64
        TDB - TT in s, at most 1.7 ms. Fairhead and Bretagnon (1990) by ERFA's ``dtdb``.
    """
    # The observer's place (third to sixth argument) adds at most 2 us and belongs to a clock there.
    value: npt.NDArray[np.float64] = erfa.dtdb(
        np.asarray(day), np.asarray(second) / SECONDS_PER_DAY, 0.0, 0.0, 0.0, 0.0
    )
    return value
