"""Epochs at which published smallest delays and time spans hold (the paper's Table 3).

The paper names no epoch. A smallest delay of 2.3356 s means a Moon near perigee, and the Moon
crosses that distance a few times a year. The search scans the Moon's distance, looks at every
crossing minute by minute with the geometry of an instant, and solves light times for the best.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from sim_core.errors import EpochError
from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.delay_minimum import DelayCase, DelayTable, delay_table
from sim_core.geometry.ephemeris import Ephemeris, load_ephemeris
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.kernel_names import DEFAULT_EPHEMERIS
from sim_core.geometry.moon_over_earth import MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S, MotionModel, motion_model, site_station
from sim_core.geometry.pointing import SIDES, Side
from sim_core.geometry.sites import LUNAR_RADIUS_M
from sim_core.geometry.steering import TrackVelocity, signed_look_angle_rad, zero_doppler_frame

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[float], None]

# Searched unless told otherwise: 2000 to 2030, midnights of TDB.
SEARCH_START, SEARCH_STOP = Epoch(2451544.5, 0.0), Epoch(2462502.5, 0.0)

# Steps of the scan of distances, and of the look at a crossing. The distance changes by 80 m/s at
# most: 48 km and 5 km.
_SCAN_STEP_S = 600.0
_LOOK_STEP_S = 60.0
# Steps about the best minute in the end.
_FINE_STEP_S = 1.0
# Of them, how many are solved with light times before a minute is given up.
_TRIED_SECONDS = 10

# What the scan, on a sphere and without librations, may be off by in range.
_EARTH_RADIUS_M = 6371.0e3
_LIBRATION_RAD = math.radians(11.0)
_ELLIPSOID_M = 16.0e3


@dataclass(frozen=True, slots=True)
class PublishedDelay:
    """A published row: a case, its smallest delay, and its time span.

    Parameters
    ----------
    case : DelayCase
        Site, look angle and aperture.
    delay_s : float
        Smallest two-way delay.
    time_span_s : float
        From its transmit time to the nearer end of the aperture.
    """

    case: DelayCase
    delay_s: float
    time_span_s: float


@dataclass(frozen=True, slots=True, eq=False)
class EpochFit:
    """How well published rows hold at an epoch, solved with light times.

    Attributes
    ----------
    epoch : Epoch
        Moment of steering of all rows.
    side : {"north", "south"}
        Of all rows.
    rigorous, moon_centre : DelayTable
        With the track by the velocity of the site, and of the Moon's centre.
    delay_residual_s : ndarray of float64, shape (rows,)
        Smallest delay by the Moon's centre less the published.
    time_span_residual_s : ndarray of float64, shape (rows,)
        Time span by the Moon's centre less the published.
    """

    epoch: Epoch
    side: Side
    rigorous: DelayTable
    moon_centre: DelayTable
    delay_residual_s: FloatArray
    time_span_residual_s: FloatArray

    @property
    def time_span_rms_s(self) -> float:
        """Root mean square of the time spans' residuals."""
        return float(np.sqrt(np.mean(self.time_span_residual_s**2)))


@dataclass(frozen=True, slots=True, eq=False)
class EpochSearch:
    """What a search has found.

    Attributes
    ----------
    start, stop : Epoch
        The span searched.
    crossings : int
        Passages of the Moon through the distances that the delays ask for.
    without_orientation : int
        Those of them beyond the known Earth orientation, which were left out.
    hours : float
        Time for which all delays hold within the tolerance, both sides counted together.
    fits : tuple of EpochFit
        Best fit of each crossing and side at which all delays hold, best time spans first.
    """

    start: Epoch
    stop: Epoch
    crossings: int
    without_orientation: int
    hours: float
    fits: tuple[EpochFit, ...]


def search_epochs(
    rows: Sequence[PublishedDelay],
    start: Epoch = SEARCH_START,
    stop: Epoch = SEARCH_STOP,
    *,
    tolerance_s: float = 1e-4,
    keep: int = 10,
    ephemeris_name: str = DEFAULT_EPHEMERIS,
    progress: Progress | None = None,
) -> EpochSearch:
    """Search a span of years for the epochs at which published delays hold best.

    Parameters
    ----------
    rows : sequence of PublishedDelay
        All are to hold at one epoch and to one side.
    start, stop : Epoch
        The span.
    tolerance_s : float
        By how much the smallest delays, solved with light times, may differ from the published,
        with either steering.
    keep : int
        Number of fits that are solved with light times and returned.
    ephemeris_name : str
        See `load_ephemeris`.
    progress : callable, optional
        Is told the fraction that is done, from 0 to 1.

    Returns
    -------
    EpochSearch
        Whose `fits` are empty if the delays hold nowhere.

    Raises
    ------
    EpochError
        If the span is empty or the ephemeris does not cover it.
    """
    length_s = stop.seconds_since(start)
    if not length_s > 0.0:
        raise EpochError("a span that ends before it begins holds no epoch", "swap its ends")
    tell = progress if progress is not None else _say_nothing
    ephemeris = load_ephemeris(ephemeris_name, span=(start, stop))
    crossings = _crossings(ephemeris, rows, start, length_s, tolerance_s)
    candidates: list[tuple[float, Epoch, Side, MotionModel]] = []
    without_orientation, hours = 0, 0.0
    for index, (first_s, last_s) in enumerate(crossings):
        tell(index / len(crossings))
        begin = start.plus_seconds(first_s)
        try:
            model, _ = motion_model(
                begin.plus_seconds(-7200.0), start.plus_seconds(last_s + 7200.0), ephemeris_name
            )
        except EpochError:
            without_orientation += 1
            continue
        elapsed_s = np.arange(0.0, last_s - first_s + _LOOK_STEP_S, _LOOK_STEP_S)
        moon = moon_over_earth(model, begin, elapsed_s)
        for side in SIDES:
            misfit = _misfit_s(model, moon, rows, side, tolerance_s)
            hours += np.isfinite(misfit).sum() * _LOOK_STEP_S / 3600.0
            if np.isfinite(misfit).any():
                best = int(np.argmin(misfit))
                epoch = begin.plus_seconds(float(elapsed_s[best]))
                candidates.append((float(misfit[best]), epoch, side, model))
    candidates.sort(key=lambda candidate: candidate[0])
    solved = (
        _refined(model, epoch, rows, side, tolerance_s)
        for _, epoch, side, model in candidates[:keep]
    )
    fits = [fit for fit in solved if fit is not None]
    fits.sort(key=lambda fit: fit.time_span_rms_s)
    tell(1.0)
    return EpochSearch(start, stop, len(crossings), without_orientation, hours, tuple(fits))


def fit_at(
    model: MotionModel, epoch: Epoch, rows: Sequence[PublishedDelay], side: Side
) -> EpochFit:
    """Return how well published rows hold at an epoch.

    Parameters
    ----------
    model : MotionModel
        Covers an hour around the epoch.
    epoch : Epoch
        Moment of steering.
    rows : sequence of PublishedDelay
        The rows.
    side : {"north", "south"}
        Which way the beams are turned.

    Returns
    -------
    EpochFit
    """
    cases = [row.case for row in rows]
    centre = delay_table(model, epoch, cases, side, "moon_centre")
    return EpochFit(
        epoch,
        side,
        delay_table(model, epoch, cases, side, "site"),
        centre,
        centre.delay_s - np.array([row.delay_s for row in rows]),
        centre.time_span_s - np.array([row.time_span_s for row in rows]),
    )


def _say_nothing(fraction: float) -> None:
    """Take a progress that nobody wants to know."""


def _crossings(
    ephemeris: Ephemeris,
    rows: Sequence[PublishedDelay],
    start: Epoch,
    length_s: float,
    tolerance_s: float,
) -> list[tuple[float, float]]:
    """Return spans of time, in s from the start, in which the delays may hold."""
    nearest_m, farthest_m = 0.0, math.inf
    for row in rows:
        least_m, most_m = _distances_m(row, tolerance_s)
        nearest_m, farthest_m = max(nearest_m, least_m), min(farthest_m, most_m)
    steps = math.ceil(length_s / _SCAN_STEP_S) + 1
    elapsed_s = np.linspace(0.0, length_s, steps)
    distance_m = _distances(ephemeris, *start.split(elapsed_s))
    inside = np.concatenate(
        ([False], (distance_m >= nearest_m) & (distance_m <= farthest_m), [False])
    )
    edges = np.flatnonzero(np.diff(inside.astype(np.int8)))
    # From the last step outside to the first one outside again.
    return [
        (float(elapsed_s[max(first - 1, 0)]), float(elapsed_s[min(last, steps - 1)]))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]


def _distances_m(row: PublishedDelay, tolerance_s: float) -> tuple[float, float]:
    """Return the least and the largest distance of the Moon's centre at which a row may hold."""
    look_rad, site = row.case.look_angle_rad, row.case.site
    range_m = 0.5 * SPEED_OF_LIGHT_M_PER_S * row.delay_s
    # The side of the triangle of range, look angle and the Earth's radius, from site to centre.
    off_m = range_m * math.sin(look_rad)
    site_m = range_m * math.cos(look_rad) + math.sqrt(max(0.0, _EARTH_RADIUS_M**2 - off_m**2))
    from_centre_rad = math.acos(
        math.cos(math.radians(site.latitude_deg)) * math.cos(math.radians(site.longitude_deg))
    )
    radius_m = LUNAR_RADIUS_M + site.height_m
    nearest_rad = max(0.0, from_centre_rad - _LIBRATION_RAD)
    farthest_rad = min(math.pi, from_centre_rad + _LIBRATION_RAD)
    slack_m = _ELLIPSOID_M / math.cos(math.asin(min(0.99, off_m / _EARTH_RADIUS_M)))
    slack_m += 0.5 * SPEED_OF_LIGHT_M_PER_S * tolerance_s
    return (
        site_m + radius_m * math.cos(farthest_rad) - slack_m,
        site_m + radius_m * math.cos(nearest_rad) + slack_m,
    )


@numba.njit(cache=True, nogil=True)
def _distances(ephemeris: Ephemeris, day: FloatArray, second: FloatArray) -> FloatArray:
    distance_m = np.empty(day.size)
    for k in range(day.size):
        x, y, z, _, _, _ = position_and_velocity(ephemeris.moon, day[k], second[k])
        distance_m[k] = math.sqrt(x * x + y * y + z * z)
    return distance_m


def _misfit_s(
    model: MotionModel,
    moon: MoonOverEarth,
    rows: Sequence[PublishedDelay],
    side: Side,
    tolerance_s: float,
) -> FloatArray:
    """Return the rms of the time spans' residuals; infinite where a delay does not hold."""
    square = np.zeros(moon.elapsed_s.size)
    velocities: tuple[TrackVelocity, TrackVelocity] = ("site", "moon_centre")
    for row in rows:
        motion = moon.site_motion(site_station(model.ephemeris, row.case.site))
        look = signed_look_angle_rad(row.case.look_angle_rad, side)
        for velocity_of in velocities:
            aim_m = zero_doppler_frame(motion, velocity_of).ground(look)
            # The light-time's minimum from the geometry of the moment: the range is a parabola,
            # to 0.1 s and 1e-8 s in a minute, and what light time adds is 30 ns.
            line = motion.position_m - aim_m
            range_m = np.linalg.norm(line, axis=-1)
            rate = np.sum(line * motion.velocity_m_per_s, axis=-1) / range_m
            bend = np.sum(line * motion.acceleration_m_per_s2, axis=-1)
            bend = (bend + np.sum(motion.velocity_m_per_s**2, axis=-1) - rate**2) / range_m
            least_m = range_m - 0.5 * rate**2 / bend
            delay_s = 2.0 * least_m / SPEED_OF_LIGHT_M_PER_S
            holds = np.abs(delay_s - row.delay_s) <= tolerance_s
            square = np.where(holds, square, np.inf)
        transmit_s = -rate / bend - 0.5 * delay_s
        span_s = 0.5 * row.case.aperture_s - np.abs(transmit_s)
        square += (span_s - row.time_span_s) ** 2
    # A beam that misses the Earth has neither delay nor time span.
    square[np.isnan(square)] = np.inf
    return np.asarray(np.sqrt(square / len(rows)))


def _refined(
    model: MotionModel,
    epoch: Epoch,
    rows: Sequence[PublishedDelay],
    side: Side,
    tolerance_s: float,
) -> EpochFit | None:
    """Find the best second about the best minute at which the solved delays hold."""
    steps = round(_LOOK_STEP_S / _FINE_STEP_S)
    elapsed_s = _FINE_STEP_S * np.arange(-steps, steps + 1.0)
    misfit = _misfit_s(model, moon_over_earth(model, epoch, elapsed_s), rows, side, tolerance_s)
    published_s = np.array([row.delay_s for row in rows])
    # The best second often lies where a delay reaches the tolerance, and the light time, 30 ns off
    # the geometry of the moment, may carry it over: the next second is 200 ns or more away.
    for index in np.argsort(misfit)[:_TRIED_SECONDS].tolist():
        if not math.isfinite(misfit[index]):
            break
        fit = fit_at(model, epoch.plus_seconds(float(elapsed_s[index])), rows, side)
        off_s = np.abs([fit.rigorous.delay_s - published_s, fit.delay_residual_s])
        # A beam that grazes the Earth may have no minimum within an hour: that is NaN.
        if math.isfinite(fit.time_span_rms_s) and (off_s <= tolerance_s).all():
            return fit
    return None
