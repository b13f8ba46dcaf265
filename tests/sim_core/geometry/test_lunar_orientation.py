import numpy as np
import pytest
import spiceypy

from sim_core.geometry.ephemeris import Ephemeris
from sim_core.geometry.lunar_orientation import (
    mean_earth_to_principal_axes,
    moon_fixed_to_celestial,
)
from tests.sim_core.geometry.extended_precision import Extended, moon_rotation, principal_axes

LUNAR_RADIUS_M = 1737.4e3
EPOCHS = [
    (2433283.5, 10.0), (2444000.5, 1000.0), (2451949.5, 6652.0), (2455000.5, 86399.0),
    (2460400.5, 43200.0), (2469000.5, 5.0),
]  # fmt: skip


def matrix(ephemeris: Ephemeris, day: float, second: float) -> np.ndarray:
    """Rotation from principal axes to the ICRF; shape (6, 3): the matrix and its rate."""
    return np.array(
        [moon_fixed_to_celestial(ephemeris.librations, day, second, *axis) for axis in np.eye(3)]
    ).T


def mean_earth_matrix(ephemeris: Ephemeris) -> np.ndarray:
    return np.array([mean_earth_to_principal_axes(ephemeris, axis) for axis in np.eye(3)]).T


@pytest.mark.parametrize(("day", "second"), EPOCHS)
def test_orientation_is_cspices(
    ephemeris: Ephemeris, cspice: None, day: float, second: float
) -> None:
    et = (day - 2451545.0) * 86400.0 + second
    principal = matrix(ephemeris, day, second)[:3]
    # 2e-12 rad is the last place of the unreduced angle psi (4096 to 8192 rad: 1 ulp is 9e-13, half
    # of it in each table) and CSPICE's time in one double; 3 um on the Moon's equator.
    assert principal == pytest.approx(spiceypy.pxform("MOON_PA_DE421", "J2000", et), abs=2e-12)
    mean_earth = principal @ mean_earth_matrix(ephemeris)
    assert mean_earth == pytest.approx(spiceypy.pxform("MOON_ME_DE421", "J2000", et), abs=2e-12)


def test_mean_earth_frame_is_the_frame_kernels(ephemeris: Ephemeris, cspice: None) -> None:
    expected = spiceypy.pxform("MOON_ME_DE421", "MOON_PA_DE421", 0.0)
    # Three rotations of 4e-4 rad in double precision.
    assert mean_earth_matrix(ephemeris) == pytest.approx(expected, abs=4e-16)


def test_mean_earth_and_principal_axes_lie_875_m_apart(ephemeris: Ephemeris) -> None:
    # A point on the equator at 0 deg: the turn about z moves it by 67.92", that about y by 78.56".
    point = np.array((LUNAR_RADIUS_M, 0.0, 0.0))
    moved_m = float(np.linalg.norm(mean_earth_to_principal_axes(ephemeris, point) - point))
    assert moved_m == pytest.approx(
        LUNAR_RADIUS_M * np.deg2rad(np.hypot(67.92, 78.56) / 3600.0), rel=1e-6
    )


@pytest.mark.parametrize(("day", "second"), EPOCHS)
def test_orientation_in_extended_precision(ephemeris: Ephemeris, day: float, second: float) -> None:
    found = matrix(ephemeris, day, second)[:3]
    expected = moon_rotation(day, Extended(second))
    # The angle psi below 2 pi plus a granule's turn, in doubles: 1 ulp is 9e-16 rad, 1.5 nm.
    assert np.max(np.abs((found - expected).astype(float))) < 2e-15
    point = np.array((LUNAR_RADIUS_M, 2e5, -3e5))
    error_m = mean_earth_to_principal_axes(ephemeris, point) - principal_axes(point)
    assert np.max(np.abs(error_m.astype(float))) < 1e-9


@pytest.mark.parametrize(("day", "second"), EPOCHS)
def test_velocity_is_the_derivative(ephemeris: Ephemeris, day: float, second: float) -> None:
    step_s = 400.0
    second = min(max(second, 1000.0), 85000.0)
    found = matrix(ephemeris, day, second)[3:]
    values = [matrix(ephemeris, day, second + k * step_s)[:3] for k in (-2.0, -1.0, 1.0, 2.0)]
    numerical = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step_s)
    # Fourth order: (h w)^4 / 30 = 5e-14 of 2.7e-6 rad/s; rounding 1e-18 rad/s. A granule's joint
    # inside the five points adds the last place of psi, 1e-12 rad over 400 s.
    assert np.max(np.abs(found - numerical)) * LUNAR_RADIUS_M < 1e-8


def test_near_side_faces_the_earth(ephemeris: Ephemeris) -> None:
    from sim_core.geometry.chebyshev import position_and_velocity

    x_axis = mean_earth_to_principal_axes(ephemeris, (1.0, 0.0, 0.0))
    angles_deg = []
    for day in np.arange(2460310.5, 2460310.5 + 366.0):
        towards_earth = -np.array(position_and_velocity(ephemeris.moon, day, 0.0)[:3])
        axis = np.array(moon_fixed_to_celestial(ephemeris.librations, day, 0.0, *x_axis)[:3])
        cosine = axis @ towards_earth / np.linalg.norm(towards_earth)
        angles_deg.append(np.rad2deg(np.arccos(cosine)))
    # Optical librations: up to 7.9 deg in longitude and 6.9 deg in latitude.
    assert 8.0 < max(angles_deg) < 10.5
