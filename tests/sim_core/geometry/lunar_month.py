"""A month of the Moon's motion from the epoch of the paper's Table 3, and its published rows."""

import functools
import math
from typing import NamedTuple

import numpy as np

from sim_core.geometry.delay_minimum import DelayCase
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.epoch_search import PublishedDelay
from sim_core.geometry.moon_over_earth import MoonOverEarth, moon_over_earth
from sim_core.geometry.motion import MotionModel, motion_model
from sim_core.geometry.sites import LunarSite
from tests.sim_core.moon_link import moon_link


class Month(NamedTuple):
    """A model that covers a month and an hour around it, and the motion at 200 instants."""

    epoch: Epoch
    model: MotionModel
    moon: MoonOverEarth


@functools.cache
def lunar_month() -> Month:
    """Return the month after the epoch of the paper's Table 3."""
    epoch = moon_link().epoch
    length_s = 27.4 * 86400.0
    model, _ = motion_model(epoch.plus_seconds(-4000.0), epoch.plus_seconds(length_s + 4000.0))
    return Month(epoch, model, moon_over_earth(model, epoch, np.linspace(0.0, length_s, 200)))


# Site latitude and longitude, look angle, aperture, smallest delay, time span: the paper's Table 3.
_ROWS = (
    (0.0, 0.0, 0.1, 100.0, 2.3356, 44.98),
    (0.0, 0.0, 0.2, 100.0, 2.3362, 39.03),
    (0.0, 0.0, 0.3, 150.0, 2.3372, 63.14),
    (10.0, 10.0, 0.1, 150.0, 2.3361, 32.62),
    (10.0, 10.0, 0.1, 250.0, 2.3361, 82.62),
    (10.0, 10.0, 0.2, 250.0, 2.3367, 81.43),
)

TABLE_3 = tuple(
    PublishedDelay(
        DelayCase(LunarSite(latitude, longitude), math.radians(look), aperture_s), delay_s, span_s
    )
    for latitude, longitude, look, aperture_s, delay_s, span_s in _ROWS
)
