"""The terms of the two-way delay, each on its own: how large it is, and how much it changes."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim_core.geometry.epoch import Epoch
from sim_core.geometry.light_time import shapiro_terms_s, two_way_light_times
from sim_core.geometry.lunar_clock import LunarClock
from sim_core.geometry.motion import (
    SPEED_OF_LIGHT_M_PER_S,
    MotionModel,
    Station,
    site_state,
    target_state,
)

FloatArray = npt.NDArray[np.float64]

# Enough instants to see a term's change: none of them turns faster than the Earth.
_INSTANTS = 33


@dataclass(frozen=True, slots=True)
class DelayTerm:
    """One term of the delay budget.

    Parameters
    ----------
    name : str
        What it is.
    size_s : float
        Its two-way size at the middle of the span.
    change_s : float
        Difference of its largest and smallest size over the span.
    included : bool
        Whether the delays of this run contain it.
    note : str
        What it comes from.
    """

    name: str
    size_s: float
    change_s: float
    included: bool
    note: str


def delay_budget(
    model: MotionModel,
    site: Station,
    target: Station,
    epoch: Epoch,
    start_s: float,
    stop_s: float,
) -> tuple[DelayTerm, ...]:
    """Evaluate the terms of a two-way delay over a span of transmit times.

    Parameters
    ----------
    model : MotionModel
        Covers the span; its `relativistic` says which terms the run includes.
    site, target : Station
        Principal-axis coordinates on the Moon, ITRS coordinates on the Earth, in m.
    epoch : Epoch
        Zero of the transmit times.
    start_s, stop_s : float
        Span of transmit times.

    Returns
    -------
    tuple of DelayTerm
        The Newtonian two-way light time, the error that stop-and-go would make of it, and the
        relativistic terms.
    """
    seconds = np.linspace(start_s, stop_s, _INSTANTS)
    day, second = epoch.split(seconds)
    newtonian = MotionModel(model.ephemeris, model.orientation, False)
    relativistic = MotionModel(model.ephemeris, model.orientation, True)
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

    def term(name: str, values: FloatArray, included: bool, note: str) -> DelayTerm:
        return DelayTerm(name, float(values[_INSTANTS // 2]), float(np.ptp(values)), included, note)

    with_relativity = model.relativistic
    return (
        term("light time", plain.delay_s, True, "Newtonian, both legs, barycentric"),
        term(
            "motion during the light time",
            stop_and_go,
            True,
            "what stop-and-go at the transmit time would leave out",
        ),
        term("Shapiro, Sun", shapiro[0], with_relativity, "IERS Conventions 2010, eq. 11.17"),
        term("Shapiro, Earth", shapiro[1], with_relativity, "IERS Conventions 2010, eq. 11.17"),
        term("Shapiro, Moon", shapiro[2], with_relativity, "IERS Conventions 2010, eq. 11.17"),
        term(
            "station vectors to the BCRS",
            stations,
            with_relativity,
            "Lorentz contraction and scale of both stations' coordinates",
        ),
        term(
            "proper time of the lunar clock",
            proper_time,
            with_relativity,
            "against TDB, at the site's potential and speed",
        ),
    )


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
