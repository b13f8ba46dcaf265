"""Diurnal and semidiurnal terms of UT1 and of the pole: ocean tides and libration.

The published Earth orientation parameters are daily and free of these terms, which the IERS
Conventions (2010) add after interpolation: ocean tides (section 8.2, tables 8.2 and 8.3: up to
0.9 mas and 60 us), libration in polar motion (section 5.5.1.3, the diurnal part of table 5.1a: 30
uas) and in UT1 (section 5.5.3.3, table 5.1b: 3 us). Together they move a place on the equator by up
to 4 cm.
"""

from typing import NamedTuple

import erfa
import numpy as np
import numpy.typing as npt

from sim_core.geometry.tables import read_table

FloatArray = npt.NDArray[np.float64]

_MICROARCSECOND = np.pi / 648000.0 * 1e-6
_TABLES = ("8.2/8.3", "5.1a", "5.1b")


class TidalRotation(NamedTuple):
    """What the tides add to the published parameters.

    Attributes
    ----------
    pole_x_rad, pole_y_rad : ndarray of float64
        Coordinates of the pole.
    ut1_s : ndarray of float64
        UT1.
    """

    pole_x_rad: FloatArray
    pole_y_rad: FloatArray
    ut1_s: FloatArray


def tidal_rotation(
    sidereal_time_rad: npt.ArrayLike,
    tt_centuries: npt.ArrayLike,
    tables: tuple[str, ...] = _TABLES,
) -> TidalRotation:
    """Sum the diurnal and semidiurnal terms of the Earth's rotation.

    Parameters
    ----------
    sidereal_time_rad : array_like of float, shape (instants,)
        Greenwich mean sidereal time.
    tt_centuries : array_like of float, shape (instants,)
        Julian centuries of TT since J2000.
    tables : tuple of str
        Which of the tables of the Conventions: ``8.2/8.3`` (ocean tides), ``5.1a`` and ``5.1b``
        (libration).

    Returns
    -------
    TidalRotation
        Arrays of shape (instants,).
    """
    t = np.atleast_1d(np.asarray(tt_centuries, dtype=np.float64))
    gamma = np.atleast_1d(np.asarray(sidereal_time_rad, dtype=np.float64)) + np.pi
    arguments = np.stack(
        (gamma, erfa.fal03(t), erfa.falp03(t), erfa.faf03(t), erfa.fad03(t), erfa.faom03(t))
    )
    sums = np.zeros((3, t.size))
    for name in tables:
        terms = read_table("sub_daily_rotation", name)
        angles = terms[:, :6] @ arguments
        sums += terms[:, 6::2].T @ np.sin(angles) + terms[:, 7::2].T @ np.cos(angles)
    return TidalRotation(_MICROARCSECOND * sums[0], _MICROARCSECOND * sums[1], 1e-6 * sums[2])
