"""Positions of the Moon, the Earth-Moon barycentre and the Sun, and the Moon's libration angles.

Default is JPL's DE421, whose ephemerides and librations have one origin. It comes as the Python
package `de421` and is read by jplephem. (A lunar orientation must never be mixed with the
ephemerides of another version: the principal-axis frames differ by up to 1.4 m on the surface.)
"""

import functools
from typing import NamedTuple

import numpy as np

from sim_core.errors import KernelError
from sim_core.geometry.chebyshev import ChebyshevTable

ARCSECOND = np.pi / 648000.0


class Ephemeris(NamedTuple):
    """Tables and constants of one planetary and lunar ephemeris, in SI units.

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
    principal_axes_to_mean_earth : ndarray of float64, shape (3,)
        Angles about z, y, x between the principal-axis and the mean-Earth frame, rad.
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


EPHEMERIS_NAMES = ("de421",)


@functools.cache
def load_ephemeris(name: str = "de421") -> Ephemeris:
    """Load an ephemeris by name.

    Parameters
    ----------
    name : str
        ``de421``.

    Returns
    -------
    Ephemeris

    Raises
    ------
    KernelError
        If the name is unknown or the package is missing.

    Notes
    -----
    The angle psi grows by 2 pi a month and has reached thousands of radians, where one ulp is
    1.6 um on the Moon's equator. Its constant term is reduced modulo 2 pi in extended precision, so
    that within a granule it is as smooth as the series; only the joints keep that step.
    The angles from principal axes to mean Earth are those of DE421: Williams, Boggs and Folkner
    (2008), JPL IOM 335-JW,DB,WF-20080314-001.
    """
    if name not in EPHEMERIS_NAMES:
        raise KernelError(
            f"the ephemeris {name!r} is not known", f"use one of {', '.join(EPHEMERIS_NAMES)}"
        )
    try:
        import de421
        from jplephem import Ephemeris as TableReader
    except ImportError as error:
        raise KernelError(
            f"the ephemeris {name!r} is not installed ({error})", f"install the package {name!r}"
        ) from error

    reader = TableReader(de421)
    span_days = reader.jomega - reader.jalpha

    def table(body: str, unit: float) -> ChebyshevTable:
        coefficients = np.ascontiguousarray(reader.load(body)) * unit
        return ChebyshevTable(
            float(reader.jalpha), float(span_days / coefficients.shape[0]), coefficients
        )

    librations = table("librations", 1.0)
    # One turn in the 64 bits of x87 (numpy's longdouble); pi to 21 digits.
    turn = 2 * np.longdouble("3.14159265358979323846264338328")
    spin = librations.coefficients[:, 2, 0].astype(np.longdouble)
    librations.coefficients[:, 2, 0] = (spin - turn * np.floor(spin / turn)).astype(np.float64)

    metre_per_au = float(reader.AU) * 1e3
    gm_unit = metre_per_au**3 / 86400.0**2
    gm_moon = float(reader.GMB) / (1.0 + float(reader.EMRAT)) * gm_unit
    return Ephemeris(
        moon=table("moon", 1e3),
        barycentre=table("earthmoon", 1e3),
        sun=table("sun", 1e3),
        librations=librations,
        earth_share=1.0 / (1.0 + float(reader.EMRAT)),
        principal_axes_to_mean_earth=(67.92 * ARCSECOND, 78.56 * ARCSECOND, 0.30 * ARCSECOND),
        gm_sun=float(reader.GMS) * gm_unit,
        gm_earth=gm_moon * float(reader.EMRAT),
        gm_moon=gm_moon,
    )
