"""Steering into the zero-Doppler plane: angles for an antenna, and whose velocity they follow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim_core.errors import PointingError
from sim_core.geometry.delay_minimum import SteeringDifference, steering_difference
from sim_core.geometry.epoch import Epoch, tdb_minus_tt_s
from sim_core.geometry.moon_over_earth import (
    SIDEREAL_MONTH_S,
    MoonOverEarth,
    moon_over_earth,
)
from sim_core.geometry.motion import MotionModel, site_station
from sim_core.geometry.pointing import Side
from sim_core.geometry.sites import LunarSite
from sim_core.geometry.steering import Steering, steer_along
from testbed.errors import locate_errors
from testbed.paper.context import HOUR_S, YEAR_KEY, PaperContext
from testbed.paper.figures import steering_figures as figures
from testbed.paper.section import PaperFigure, PaperTable, Row, Section
from testbed.paper.typography import with_minus_signs
from testbed.report.progress import Advance

FloatArray = npt.NDArray[np.float64]

CSV_NAME = "steering.csv"
J2000 = Epoch(2451544.5, 43200.0)
"""Zero of the seconds of TDB in the file."""

_DAY_S = 86400.0
_SIDES: tuple[Side, Side] = ("north", "south")
_MONTH_INSTANTS, _DIFFERENCE_INSTANTS = 1200, 240
# Where rigorous steering is compared with the paper's: on both axes of the near side, besides the
# settings' own site.
_COMPARED = ((0.0, 0.0), (10.0, 10.0), (0.0, 45.0), (0.0, 80.0), (80.0, 0.0))


def build_steering(context: PaperContext, advance: Advance) -> Section:
    """Compute steering angles over a day and a month, by rigorous steering and by the paper's.

    Parameters
    ----------
    context : PaperContext
        Settings.
    advance : callable
        Is told of steps done.
    """
    settings, start = context.settings, context.year_start
    model = context.model(start, SIDEREAL_MONTH_S + HOUR_S, YEAR_KEY, HOUR_S)
    step_s = settings.fineness.steering_step_s
    # A controller gets whole steps; a day's end is one of them where they go into a day.
    day_moon = moon_over_earth(model, start, _whole_steps_s(start, step_s))
    month_moon = moon_over_earth(model, start, np.linspace(0.0, SIDEREAL_MONTH_S, _MONTH_INSTANTS))
    seen = context.in_sight(model, month_moon)
    day, month = _steered(context, model, day_moon), _steered(context, model, month_moon)
    motion = month_moon.site_motion(site_station(model.ephemeris, context.site))
    own_m_per_s = float(np.linalg.norm(motion.own_velocity_m_per_s, axis=-1).mean())
    advance(1, 3)
    look_deg = settings.look_angles_deg[0]
    compared = _differences(context, model, start, look_deg)
    with locate_errors(settings, "look_angles_deg"):
        if any(np.isnan(one.minimum_shift_s).all() for _, one in compared):
            raise PointingError(
                f"a beam {look_deg:g} deg off the Earth's centre never meets the Earth in the span",
                "give a smaller angle first",
            )
    advance(2, 3)
    commanded = next(one for one in day if one.look_deg == look_deg and one.side == settings.side)
    up = context.earth_up(model, day_moon)
    csv = steering_csv(commanded.steering, up)
    advance(3, 3)
    place = f"({settings.site.latitude_deg:g}, {settings.site.longitude_deg:g})"
    return Section(
        "steering",
        "Steering",
        (
            f"Two-axis attitude steering of a radar at {place} from {settings.year_start_utc} on: "
            "yaw about the direction to the Earth's centre and pitch away from the Earth turn the "
            "antenna into the zero-Doppler plane, whatever the look angle, which is the roll that "
            "follows. Azimuth (from lunar north, clockwise) and elevation are those of the beam in "
            "the site's own sky.",
            f"{CSV_NAME}, beside this page, holds a day of angles and rates every {step_s:g} s for "
            f"a look angle of {look_deg:g} degrees to the {settings.side}, as an antenna "
            "controller could take them. Instants are those of the reflection on the ground, and "
            "steps are whole in UTC. The column earth_up says when the Earth's centre is above the "
            f"site's horizon: in {int(up.sum())} of the {up.size} lines.",
            *context.sight_text(seen, "month", "the angles are given at all times"),
            "The paper steers by the velocity of the Moon's centre. What that leaves out, the "
            f"site's own {own_m_per_s:.1f} m/s here, turns the zero-Doppler plane and moves the "
            "smallest delay off the middle of the aperture, by what of it lies along the line of "
            "sight: by nothing on average at longitude 0, the more the farther east or west, and "
            f"little near the poles. In this month by up to {_extremes(compared)}.",
        ),
        (
            PaperTable(
                "steering_angles",
                "Steering over a sidereal month",
                (*_attitude_rows(month[0].steering), *_sky_rows(month, settings.side)),
            ),
            PaperTable(
                "steering_difference",
                f"Moon-centre steering against rigorous, {look_deg:g}° to the {settings.side}, "
                "over a sidereal month",
                tuple(row for place, one in compared for row in _difference_rows(place, one)),
            ),
        ),
        (
            PaperFigure(
                "steering",
                lambda: figures.draw_angles(day, month),
                "Azimuth, elevation, yaw and pitch against time, over a day and over a month",
                f"Steering angles at {place}: over a day for all look angles and both sides, over "
                "a sidereal month for the largest. Azimuth is without steps of a turn.",
            ),
            PaperFigure(
                "steering_rates",
                lambda: figures.draw_rates(day, month),
                "Rates of azimuth, elevation, yaw and pitch against time",
                "Rates of the same angles. Where the beam passes near the zenith, azimuth turns "
                "fast, and yaw and pitch are the better commands.",
            ),
            PaperFigure(
                "steering_difference",
                lambda: figures.draw_differences(
                    [(with_minus_signs(site), one) for site, one in compared]
                ),
                "Angle between two planes and shift of the smallest delay against time for several "
                "sites",
                "Steering by the velocity of the Moon's centre against rigorous steering, look "
                f"angle {look_deg:g}° to the {settings.side}: angle between the zero-Doppler "
                "planes, and by how much later the smallest delay is transmitted.",
            ),
        ),
        {
            "csv": {
                "file": CSV_NAME,
                "earth_up_rows": int(up.sum()),
                "look_angle_deg": look_deg,
                "side": settings.side,
                "step_s": step_s,
                "rows": int(commanded.steering.elapsed_s.size),
            },
            "in_sight_fraction": float(seen.mean()),
            "difference": [
                {
                    "site": place,
                    "plane_angle_deg": _range(np.rad2deg(one.plane_angle_rad)),
                    "off_plane_deg": _range(np.rad2deg(one.off_plane_rad)),
                    "minimum_shift_s": _range(one.minimum_shift_s),
                    "aim_shift_m": _range(one.aim_shift_m),
                }
                for place, one in compared
            ],
        },
        "angles and rates for an antenna, over a day and a month; what steering by the Moon's "
        "centre does to the smallest delay.",
        {CSV_NAME: csv},
    )


def _whole_steps_s(start: Epoch, step_s: float) -> FloatArray:
    """Return a day of steps that are whole in UTC, in s of TDB, which drifts by 30 us a day."""
    steps_s = np.arange(0.0, _DAY_S + 0.5 * step_s, step_s)
    ahead_s = tdb_minus_tt_s(*start.split(steps_s))
    return np.asarray(steps_s + (ahead_s - ahead_s[0]))


def _extremes(compared: Sequence[tuple[str, SteeringDifference]]) -> str:
    """Name the sites whose smallest delay moves most and least, and by how much."""
    moved = [
        (float(np.nanmax(np.abs(one.minimum_shift_s))), place)
        for place, one in compared
        if np.isfinite(one.minimum_shift_s).any()
    ]
    return " and ".join(
        f"{moved_s:.0f} s at {place}" for moved_s, place in (max(moved), min(moved))
    )


def _steered(
    context: PaperContext, model: MotionModel, moon: MoonOverEarth
) -> list[figures.Steered]:
    """Steer to both sides by every look angle of the settings."""
    return [
        figures.Steered(
            look,
            side,
            steer_along(model, moon, context.site, np.deg2rad(look), side),
        )
        for side in _SIDES
        for look in context.settings.look_angles_deg
    ]


def _differences(
    context: PaperContext, model: MotionModel, start: Epoch, look_deg: float
) -> list[tuple[str, SteeringDifference]]:
    """Compare both ways of steering over a month at the settings' site and several others."""
    elapsed_s = np.linspace(0.0, SIDEREAL_MONTH_S, _DIFFERENCE_INSTANTS)
    moon: MoonOverEarth = moon_over_earth(model, start, elapsed_s)
    own = context.site
    sites = [own] + [
        LunarSite(latitude, longitude)
        for latitude, longitude in _COMPARED
        if (latitude, longitude) != (own.latitude_deg, own.longitude_deg)
    ]
    return [
        (
            f"({site.latitude_deg:g}, {site.longitude_deg:g})",
            steering_difference(model, moon, site, np.deg2rad(look_deg), context.settings.side),
        )
        for site in sites
    ]


def steering_csv(steering: Steering, earth_up: npt.NDArray[np.bool_]) -> bytes:
    """Write a series of steering angles as CSV.

    Parameters
    ----------
    steering : Steering
        The series.
    earth_up : ndarray of bool, shape (instants,)
        When the Earth's centre is above the site's horizon.

    Returns
    -------
    bytes
        A heading, and a line for each instant: UTC, TDB in s since 2000-01-01T12:00:00 TDB, azimuth
        and elevation, yaw and pitch in deg, each pair followed by its rates in deg/s, and 1 or 0
        as the Earth is up or not. Every number reads back to the bit.
    """
    columns = (
        steering.azimuth_rad, steering.elevation_rad,
        steering.azimuth_rad_per_s, steering.elevation_rad_per_s,
        steering.yaw_rad, steering.pitch_rad,
        steering.yaw_rad_per_s, steering.pitch_rad_per_s,
    )  # fmt: skip
    angles = np.rad2deg(np.stack(columns, axis=1)).tolist()
    lines = [
        "utc,tdb_s,azimuth_deg,elevation_deg,azimuth_deg_per_s,elevation_deg_per_s,"
        "yaw_deg,pitch_deg,yaw_deg_per_s,pitch_deg_per_s,earth_up"
    ]
    for elapsed_s, values, up in zip(
        steering.elapsed_s.tolist(), angles, earth_up.tolist(), strict=True
    ):
        instant = steering.epoch.plus_seconds(elapsed_s)
        tdb_s = instant.seconds_since(J2000)
        lines.append(",".join([instant.utc_iso(6), *map(repr, (tdb_s, *values)), str(int(up))]))
    return ("\n".join(lines) + "\n").encode("ascii")


def _attitude_rows(steering: Steering) -> list[Row]:
    """Sum up yaw and pitch, which all look angles share."""
    rows = []
    for name, angle_rad, rate_rad_per_s, why in (
        (
            "yaw",
            steering.yaw_rad,
            steering.yaw_rad_per_s,
            "The Moon moves in declination by up to 0.5 km/s, across a track of 22 to 29 km/s.",
        ),
        (
            "pitch",
            steering.pitch_rad,
            steering.pitch_rad_per_s,
            "The Moon's recession over the speed of the track: Table 1 less 90 degrees.",
        ),
    ):
        rows += _range_rows(name, "all look angles", angle_rad, rate_rad_per_s, why)
    return rows


def _sky_rows(month: Sequence[figures.Steered], side: Side) -> list[Row]:
    """Sum up the elevation at the smallest and at the largest look angle."""
    rows = []
    looks = [one.look_deg for one in month]
    for one in month:
        if one.side == side and one.look_deg in (min(looks), max(looks)):
            rows += _range_rows(
                "elevation",
                f"{one.look_deg:g}° to the {side}",
                one.steering.elevation_rad,
                one.steering.elevation_rad_per_s,
                "Libration carries the Earth about in the site's sky; the look angle adds to it.",
            )
    return rows


def _range_rows(
    name: str, label: str, angle_rad: FloatArray, rate_rad_per_s: FloatArray, why: str
) -> list[Row]:
    least, most = _range(np.rad2deg(angle_rad))
    fastest = float(np.rad2deg(np.abs(rate_rad_per_s).max()))
    return [
        Row(label, f"{name}, smallest", "deg", least, None, why),
        Row(label, f"{name}, largest", "deg", most, None, why),
        Row(label, f"{name}, fastest", "µdeg/s", 1e6 * fastest, None, why, decimals=1),
    ]


def _difference_rows(place: str, one: SteeringDifference) -> list[Row]:
    why = (
        "Only the part of the site's own velocity along the line of sight counts; it vanishes on "
        "average at longitude 0 and grows with the sine of the longitude."
    )
    least_s, most_s = _range(one.minimum_shift_s)
    return [
        Row(
            place,
            "angle of the planes, largest",
            "deg",
            _range(np.rad2deg(one.plane_angle_rad))[1],
            None,
            "Most of it is a turn about the line of sight, which does little.",
            decimals=4,
        ),
        Row(place, "smallest delay later by, least", "s", least_s, None, why, decimals=1),
        Row(place, "smallest delay later by, most", "s", most_s, None, why, decimals=1),
    ]


def _range(values: FloatArray) -> tuple[float, float]:
    """Return the smallest and the largest value, leaving out what is missing."""
    return float(np.nanmin(values)), float(np.nanmax(values))
