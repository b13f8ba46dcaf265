"""UTC instants as they are written in a configuration or on the command line.

Only the writing is judged here. Whether a leap second took place, and whether ephemeris and Earth
orientation reach the date, is for those who hold the tables.
"""

import re
from datetime import datetime, timedelta

from sim_core.errors import EpochError

_EXAMPLE = "write it as 2001-02-09T01:49:49 (year-month-dayThour:minute:second, in UTC)"

_UTC = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ]+(?P<clock>\d{2}:\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d+)?)?)?"
    r"\s*(?P<zone>[Zz]|[A-Za-z]{2,5}|[-+]\d{1,2}(?::?\d{2})?)?"
)


def normal_utc(text: str) -> str:
    """Return an instant of UTC in one normal form.

    Parameters
    ----------
    text : str
        ISO 8601 with ``T`` or a space, optionally a fraction of a second, optionally ``Z``. Parts
        of the time of day that are left out are zero. A leap second is ``23:59:60``.

    Returns
    -------
    str
        ``YYYY-MM-DDTHH:MM:SS`` and the fraction as it was written.

    Raises
    ------
    EpochError
        If the text is no such instant, or names another time zone or time scale.
    """
    match = _UTC.fullmatch(text.strip())
    if match is None:
        raise EpochError("is no date and time", _EXAMPLE)
    clock, second = match["clock"] or "00:00", int(match["second"] or 0)
    fraction = match["fraction"] or ""
    try:
        # A leap second is judged as the second before it.
        instant = datetime.fromisoformat(f"{match['date']}T{clock}:{min(second, 59):02d}")
    except ValueError as error:
        raise EpochError(f"is no date and time ({error})", _EXAMPLE) from error
    if second > 60:
        raise EpochError(f"is no date and time (second {second})", _EXAMPLE)
    if second == 60 and clock != "23:59":
        raise EpochError("has a leap second within the day", "leap seconds are 23:59:60 UTC")
    zone = match["zone"] or ""
    if zone and zone not in {"Z", "z"}:
        raise EpochError(f"is not in UTC but in {zone}", _in_utc(instant, second, fraction, zone))
    return f"{match['date']}T{clock}:{second:02d}{fraction}"


def _in_utc(instant: datetime, second: int, fraction: str, zone: str) -> str:
    offset = re.fullmatch(r"([-+])(\d{1,2}):?(\d{2})?", zone)
    if zone.upper() in {"UTC", "GMT", "UT"}:
        return (
            f"leave {zone} out, it is UTC already: {instant:%Y-%m-%dT%H:%M}:{second:02d}{fraction}"
        )
    if offset is None or second == 60:
        return "give it in UTC, with Z or nothing behind it"
    hours, minutes = int(offset[2]), int(offset[3] or 0)
    shift = timedelta(hours=hours, minutes=minutes)
    try:
        moved = instant - shift if offset[1] == "+" else instant + shift
    except OverflowError:
        return _EXAMPLE
    return f"give it in UTC: {moved:%Y-%m-%dT%H:%M:%S}{fraction}"
