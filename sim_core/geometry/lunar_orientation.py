"""Orientation of the Moon in the ICRF, from the librations of the ephemeris."""

import math

import numba
import numpy as np
import numpy.typing as npt

from sim_core.geometry.chebyshev import ChebyshevTable, position_velocity_acceleration
from sim_core.geometry.ephemeris import Ephemeris


def mean_earth_to_principal_axes(
    ephemeris: Ephemeris, position_m: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Rotate a point fixed to the Moon from the mean-Earth to the principal-axis frame.

    Parameters
    ----------
    ephemeris : Ephemeris
        Source of the angles between the frames, which are proper to its version.
    position_m : array_like, shape (3,)
        Mean-Earth coordinates.

    Returns
    -------
    ndarray of float64, shape (3,)
        Principal-axis coordinates, ``R3(a) R2(b) R1(c) r`` with the angles of the ephemeris.
    """
    about_z, about_y, about_x = ephemeris.principal_axes_to_mean_earth

    def frame_rotation(axis: int, angle: float) -> npt.NDArray[np.float64]:
        j, k = (axis + 1) % 3, (axis + 2) % 3
        matrix = np.eye(3)
        matrix[j, j] = matrix[k, k] = math.cos(angle)
        matrix[j, k], matrix[k, j] = math.sin(angle), -math.sin(angle)
        return matrix

    rotation = frame_rotation(2, about_z) @ frame_rotation(1, about_y) @ frame_rotation(0, about_x)
    return np.asarray(rotation @ np.asarray(position_m, dtype=np.float64))


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def moon_fixed_motion(
    librations: ChebyshevTable, day: float, second: float, x: float, y: float, z: float
) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]:
    """Rotate a point fixed to the Moon (principal axes) into the ICRF; velocity and acceleration.

    Parameters
    ----------
    librations : ChebyshevTable
        Euler angles phi, theta, psi in rad.
    day, second : float
        Instant in TDB: midnight's Julian date and seconds.
    x, y, z : float
        Principal-axis coordinates, any unit of length.

    Returns
    -------
    position, velocity, acceleration : tuple of float, length 3
        ICRF coordinates, and their derivatives against TDB in s.

    Notes
    -----
    ``R3(-phi) R1(-theta) R3(-psi) r``: Folkner, Williams and Boggs (2009), IPN Progress Report
    42-178, section on lunar orientation.
    """
    (phi, theta, psi), (phi_1, theta_1, psi_1), (phi_2, theta_2, psi_2), _ = (
        position_velocity_acceleration(librations, day, second)
    )
    # Each turn acts on a plane: (u + i v) exp(i angle), and its derivatives by the product rule.
    sine, cosine = math.sin(psi), math.cos(psi)
    x1, y1 = cosine * x - sine * y, sine * x + cosine * y
    vx1, vy1 = -psi_1 * y1, psi_1 * x1
    ax1, ay1 = -psi_2 * y1 - psi_1 * vy1, psi_2 * x1 + psi_1 * vx1

    sine, cosine = math.sin(theta), math.cos(theta)
    y2, z2 = cosine * y1 - sine * z, sine * y1 + cosine * z
    wy, wz = cosine * vy1, sine * vy1  # the turned velocity
    vy2, vz2 = wy - theta_1 * z2, wz + theta_1 * y2
    ay2 = cosine * ay1 - theta_1 * (wz + vz2) - theta_2 * z2
    az2 = sine * ay1 + theta_1 * (wy + vy2) + theta_2 * y2

    sine, cosine = math.sin(phi), math.cos(phi)
    x3, y3 = cosine * x1 - sine * y2, sine * x1 + cosine * y2
    wx, wy = cosine * vx1 - sine * vy2, sine * vx1 + cosine * vy2
    vx3, vy3 = wx - phi_1 * y3, wy + phi_1 * x3
    ax3 = cosine * ax1 - sine * ay2 - phi_1 * (wy + vy3) - phi_2 * y3
    ay3 = sine * ax1 + cosine * ay2 + phi_1 * (wx + vx3) + phi_2 * x3
    return (x3, y3, z2), (vx3, vy3, vz2), (ax3, ay3, az2)


@numba.njit(cache=True)
def moon_fixed_to_celestial(
    librations: ChebyshevTable, day: float, second: float, x: float, y: float, z: float
) -> tuple[float, float, float, float, float, float]:
    """Rotate a point fixed to the Moon (principal axes) into the ICRF, with its velocity.

    Parameters
    ----------
    librations, day, second, x, y, z
        As for `moon_fixed_motion`.

    Returns
    -------
    x, y, z, vx, vy, vz : float
        ICRF coordinates, and their rates per second of TDB.
    """
    position, velocity, _ = moon_fixed_motion(librations, day, second, x, y, z)
    return position + velocity
