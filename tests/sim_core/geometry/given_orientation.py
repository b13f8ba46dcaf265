"""Earth orientation from given parameters, for epochs for which none are published.

`EarthOrientation` is a plain table: what `expand_earth_orientation` puts into it from the IERS's
values can come from anywhere. Here UT1 and the pole stand still, at values larger than they have
ever had, while precession and nutation are the IAU's.
"""

import erfa
import numpy as np
from numpy.polynomial import chebyshev as cheb

from sim_core.geometry.chebyshev import ChebyshevTable
from sim_core.geometry.earth_orientation import EarthOrientation

UT1_MINUS_TDB_S = -65.4321
POLE_RAD = (1.5e-6, -2.5e-6)

_DEGREE = 11


def day_of_given_parameters(day: float) -> EarthOrientation:
    """Return the orientation over one day from a midnight of TDB."""
    x = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    fraction = 0.5 * (1.0 + x)
    still = [np.full_like(x, value) for value in (UT1_MINUS_TDB_S, *POLE_RAD)]
    values = np.stack((*erfa.xys06a(day, fraction), *still, erfa.sp00(day, fraction)))
    coefficients = np.ascontiguousarray(cheb.chebfit(x, values.T, _DEGREE).T[np.newaxis])
    # Earth rotation angle at the midnight, IERS Conventions 2010, eq. 5.15; whole turns dropped.
    days = np.longdouble(day) - 2451545
    turns = np.longdouble("0.7790572732640") + np.longdouble("0.00273781191135448") * days
    turns = (turns + days % 1) % 1
    return EarthOrientation(ChebyshevTable(day, 1.0, coefficients), np.array([float(turns)]))
