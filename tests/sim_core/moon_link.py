"""The paper's geometry, on which the tests of all three packages stand, solved once."""

import functools
from typing import NamedTuple

import numpy as np

from sim_core.geometry.epoch import Epoch
from sim_core.geometry.motion import (
    MotionModel,
    Station,
    motion_model,
    site_station,
    target_station,
)
from sim_core.geometry.pointing import aim_point
from sim_core.geometry.sites import EarthPoint, LunarSite


class Link(NamedTuple):
    """A site, a target in its zero-Doppler plane, and the model with and without relativity."""

    epoch: Epoch
    model: MotionModel
    relativistic: MotionModel
    site: LunarSite
    target: EarthPoint
    site_station: Station
    target_station: Station


@functools.cache
def moon_link() -> Link:
    """Return site (0, 0) looking 0.1 deg to the south, at the epoch of the paper's Table 3."""
    epoch = Epoch.from_tdb(2451949.5, 0.077)
    model, _ = motion_model(epoch.plus_seconds(-300.0), epoch.plus_seconds(300.0))
    site = LunarSite(0.0, 0.0)
    station = site_station(model.ephemeris, site)
    target = aim_point(model, station, epoch, np.deg2rad(0.1), "south")
    return Link(
        epoch, model, model._replace(relativistic=True), site, target, station,
        target_station(target),
    )  # fmt: skip
