"""The terms of the two-way delay, each on its own: how large it is, and how much it changes."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.errors import MediumError
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.ionosphere import Ionosphere
from sim_core.geometry.light_time import shapiro_terms_s, two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    site_state,
    target_state,
    target_station,
)
from sim_core.geometry.path_terms import PathEffects, PathTerms
from sim_core.geometry.sites import EarthPoint
from sim_core.geometry.weather import Weather

FloatArray = npt.NDArray[np.float64]

# Enough instants to see a term's change: none of them turns faster than the Earth.
_INSTANTS = 33

# Where no electron content is given, the budget shows what this one would do.
_EXAMPLE_TECU = 20.0

_SHAPIRO_SOURCE = "IERS Conventions 2010, eq. 11.17"


@dataclass(frozen=True, slots=True)
class DelayTerm:
    """One term of the delay budget.

    Parameters
    ----------
    name : str
        What it is.
    size_s : float
        Its two-way size at the middle of the span; not a number where no model holds.
    change_s : float
        Difference of its largest and smallest size over the span.
    included : bool
        Whether the delays of this run contain it.
    note : str
        What it comes from.
    assumed : bool
        Whether it was evaluated for assumed values, for want of given ones; the note names them.
    """

    name: str
    size_s: float
    change_s: float
    included: bool
    note: str
    assumed: bool = False


def delay_budget(
    model: MotionModel,
    site: Station,
    place: EarthPoint,
    epoch: Epoch,
    start_s: float,
    stop_s: float,
    effects: PathEffects,
    *,
    sub_daily_rotation: bool,
) -> tuple[DelayTerm, ...]:
    """Evaluate the terms of a two-way delay over a span of transmit times.

    Parameters
    ----------
    model : MotionModel
        Covers the span; its `relativistic` says whether the run includes those terms.
    site : Station
        The radar, principal-axis coordinates in m.
    place : EarthPoint
        The target.
    epoch : Epoch
        Zero of the transmit times.
    start_s, stop_s : float
        Span of transmit times.
    effects : PathEffects
        What the run includes of tide, air and electrons. What it does not is evaluated all the
        same: in the standard atmosphere, and under 20 TECU.
    sub_daily_rotation : bool
        Whether the model's Earth orientation has its diurnal and semidiurnal terms.

    Returns
    -------
    tuple of DelayTerm
        The Newtonian two-way light time, the error that stop-and-go would make of it, the
        relativistic terms, and those of the Earth: rotation, tide, air, electrons.
    """
    seconds = np.linspace(start_s, stop_s, _INSTANTS)
    day, second = epoch.split(seconds)
    target = target_station(place)
    newtonian = model._replace(relativistic=False)
    relativistic = model._replace(relativistic=True)
    plain = two_way_light_times(newtonian, site, target, day, second)
    full = two_way_light_times(relativistic, site, target, day, second)
    shapiro = np.array(
        [
            _two_way_shapiro_s(newtonian, site, target, *instant)
            for instant in zip(day, second, plain.downlink_s, plain.uplink_s, strict=True)
        ]
    ).T
    # What the relativistic solution adds, less the delays on the way.
    stations = (full.downlink_s - plain.downlink_s) + (full.uplink_s - plain.uplink_s)
    stations = stations - shapiro.sum(axis=0)
    stop_and_go = plain.delay_s - np.array(
        [
            2.0 * _distance_m(newtonian, site, target, *instant) / SPEED_OF_LIGHT_M_PER_S
            for instant in zip(day, second, strict=True)
        ]
    )
    clock = LunarClock(newtonian, site, epoch, start_s, stop_s)
    proper_time = clock.rate_offset(seconds) * plain.delay_s
    relativity = model.relativistic
    path = PathTerms(newtonian, site, place, epoch, effects)
    return (
        _term("light time", plain.delay_s, True, "Newtonian, both legs, barycentric"),
        _term(
            "motion during the light time",
            stop_and_go,
            True,
            "what stop-and-go at the transmit time would leave out",
        ),
        _term("Shapiro, Sun", shapiro[0], relativity, _SHAPIRO_SOURCE),
        _term("Shapiro, Earth", shapiro[1], relativity, _SHAPIRO_SOURCE),
        _term("Shapiro, Moon", shapiro[2], relativity, _SHAPIRO_SOURCE),
        _term(
            "station vectors to the BCRS",
            stations,
            relativity,
            "Lorentz contraction and scale of both stations' coordinates",
        ),
        _term(
            "proper time of the lunar clock",
            proper_time,
            relativity,
            "against TDB, at the site's potential and speed",
        ),
        _term(
            "sub-daily Earth rotation",
            path.sub_daily_rotation_s(seconds),
            sub_daily_rotation,
            "ocean tides and libration: IERS Conventions 2010, tables 5.1, 8.2, 8.3",
        ),
        _term(
            "solid Earth tide",
            path.solid_tide_s(seconds),
            effects.solid_tide,
            "displacement of the target: IERS Conventions 2010, section 7.1.1",
        ),
        *_troposphere(path, seconds, effects.weather),
        _ionosphere(path, seconds, effects),
    )


def _term(
    name: str, values: FloatArray, included: bool, note: str, assumed: bool = False
) -> DelayTerm:
    middle_s, change_s = float(values[_INSTANTS // 2]), float(np.ptp(values))
    return DelayTerm(name, middle_s, change_s, included, note, assumed)


def _troposphere(
    path: PathTerms, seconds: FloatArray, weather: Weather | None
) -> tuple[DelayTerm, DelayTerm]:
    """Evaluate the troposphere, in the standard atmosphere where the run has none."""
    included = weather is not None
    source = "" if included else "; not given, shown for the standard atmosphere"
    notes = (
        f"Saastamoinen, mapped by GMF{source}",
        f"Askne and Nordius, mapped by GMF{source}",
    )
    names = ("troposphere, hydrostatic", "troposphere, wet")
    try:
        values = path.troposphere_s(seconds, weather or Weather.standard(path.place.height_m))
    except MediumError as error:
        return _unknown(names[0], error), _unknown(names[1], error)
    return (
        _term(names[0], values[0], included, notes[0], not included),
        _term(names[1], values[1], included, notes[1], not included),
    )


def _ionosphere(path: PathTerms, seconds: FloatArray, effects: PathEffects) -> DelayTerm:
    """Evaluate the ionosphere, under some electrons where the run has none."""
    included = effects.ionosphere is not None
    source = "" if included else f"; not given, shown for {_EXAMPLE_TECU:g} TECU"
    values = path.ionosphere_s(seconds, effects.ionosphere or Ionosphere(_EXAMPLE_TECU))
    cycles = effects.carrier_hz * float(values[_INSTANTS // 2])
    return _term(
        "ionosphere, group",
        values,
        included,
        f"the carrier's phase is early by as much ({cycles:.3g} cycles at "
        f"{effects.carrier_hz:.4g} Hz){source}",
        not included,
    )


def _unknown(name: str, error: MediumError) -> DelayTerm:
    """Return the term where no model holds; a run that includes it does not get here."""
    return DelayTerm(name, math.nan, math.nan, False, error.problem)


def _two_way_shapiro_s(
    model: MotionModel,
    site: Station,
    target: Station,
    day: float,
    second: float,
    downlink_s: float,
    uplink_s: float,
) -> FloatArray:
    bounce = second + downlink_s
    transmit_state = site_state(model, site, day, second)
    bounce_state = target_state(model, target, day, bounce)
    receive_state = site_state(model, site, day, bounce + uplink_s)
    down_m = SPEED_OF_LIGHT_M_PER_S * downlink_s
    up_m = SPEED_OF_LIGHT_M_PER_S * uplink_s
    down = shapiro_terms_s(model, day, second, transmit_state, bounce_state, down_m)
    up = shapiro_terms_s(model, day, bounce, receive_state, bounce_state, up_m)
    return np.array((down[0] + up[0], down[1] + up[1], down[2] + up[2]))


def _distance_m(
    model: MotionModel, site: Station, target: Station, day: float, second: float
) -> float:
    a = site_state(model, site, day, second)
    b = target_state(model, target, day, second)
    return math.dist(a[:3], b[:3])
