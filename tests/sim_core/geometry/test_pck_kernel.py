"""The Moon's orientation from .bpc files, against CSPICE and against DE421's own librations."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import spiceypy

from sim_core.errors import EpochError, KernelError, LunarOrientationError
from sim_core.geometry.ephemeris import Ephemeris, load_ephemeris
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.lunar_orientation import (
    mean_earth_to_principal_axes,
    moon_fixed_to_celestial,
)
from sim_core.geometry.pck_kernel import DE421_AXES, DE440_AXES, without_turns
from tests.sim_core.geometry import cspice_kernels, spice_files
from tests.sim_core.geometry.spice_files import DAY_S, FIRST_DAY, et

LUNAR_RADIUS_M = 1737.4e3
DE421_KERNEL = cspice_kernels.lunar_kernels()[0]

# NAIF's frame kernel moon_de440_220930.tf, which no package ships.
DE440_FRAMES: dict[str, int | str | list[int]] = {
    "FRAME_MOON_PA_DE440": 31008,
    "FRAME_31008_NAME": "MOON_PA_DE440",
    "FRAME_31008_CLASS": 2,
    "FRAME_31008_CLASS_ID": 31008,
    "FRAME_31008_CENTER": 301,
    "FRAME_MOON_ME_DE440_ME421": 31009,
    "FRAME_31009_NAME": "MOON_ME_DE440_ME421",
    "FRAME_31009_CLASS": 4,
    "FRAME_31009_CLASS_ID": 31009,
    "FRAME_31009_CENTER": 301,
    "TKFRAME_31009_SPEC": "ANGLES",
    "TKFRAME_31009_RELATIVE": "MOON_PA_DE440",
    "TKFRAME_31009_AXES": [3, 2, 1],
    "TKFRAME_31009_UNITS": "ARCSECONDS",
}


@pytest.fixture(autouse=True)
def no_kernels() -> Iterator[None]:
    spiceypy.kclear()
    yield
    spiceypy.kclear()


def de440_frames() -> None:
    for key, value in DE440_FRAMES.items():
        if isinstance(value, str):
            spiceypy.pcpool(key, [value])
        else:
            spiceypy.pipool(key, value if isinstance(value, list) else [value])
    spiceypy.pdpool("TKFRAME_31009_ANGLES", [67.8526, 78.6944, 0.2785])


def principal(ephemeris: Ephemeris, day: float, second: float) -> np.ndarray:
    """Rotation from principal axes to the ICRF; shape (6, 3): the matrix and its rate."""
    return np.array(
        [moon_fixed_to_celestial(ephemeris.librations, day, second, *axis) for axis in np.eye(3)]
    ).T


def mean_earth(ephemeris: Ephemeris) -> np.ndarray:
    return np.array([mean_earth_to_principal_axes(ephemeris, axis) for axis in np.eye(3)]).T


def angles(days: int = 32, wound: float = 5000.0) -> np.ndarray:
    """Angles like the Moon's in granules of 8 days: phi, theta, and psi that has wound up."""
    x = np.arange(days // 8)
    coefficients = np.zeros((days // 8, 3, 10))
    coefficients[:, 0, :3] = np.stack((0.05 + 1e-3 * x, 1e-3 + 0 * x, 1e-5 * x), axis=1)
    coefficients[:, 1, :3] = np.stack((0.38 - 1e-3 * x, 2e-3 + 0 * x, 2e-5 * x), axis=1)
    coefficients[:, 2, :3] = np.stack((wound + 1.84 * x, 0.92 + 0 * x, 3e-4 + 0 * x), axis=1)
    return coefficients


def span(first_day: float, last_day: float) -> tuple[Epoch, Epoch]:
    return Epoch.from_tdb(FIRST_DAY + first_day), Epoch.from_tdb(FIRST_DAY + last_day)


@pytest.mark.parametrize("ephemeris_name", ["de421", "de440"])
def test_de421s_kernel_is_de421s_librations(ephemeris_name: str) -> None:
    librations = load_ephemeris("de421")
    rng = np.random.default_rng(421)
    for day in 2433282.5 + rng.integers(0, 36525, 25):
        second = float(rng.uniform(0.0, DAY_S))
        at = Epoch(float(day), second)
        ephemeris = load_ephemeris(ephemeris_name, DE421_KERNEL, (at, at))
        difference = principal(ephemeris, day, second) - principal(librations, day, second)
        # The two files were rounded apart, with psi of up to 8000 rad: half of 1 ulp, 9e-13 rad,
        # each; on the Moon's equator 1.6 um.
        assert np.abs(difference[:3]).max() < 2e-12
        # Rates turn with the matrix: 2.7e-6 rad/s of those.
        assert np.abs(difference[3:]).max() < 2.7e-6 * 2e-12
        assert ephemeris.principal_axes_to_mean_earth == DE421_AXES.to_mean_earth


def test_whole_kernel_is_cspices() -> None:
    for kernel in cspice_kernels.lunar_kernels():
        spiceypy.furnsh(kernel)
    ephemeris = load_ephemeris("de440", DE421_KERNEL)
    rng = np.random.default_rng(31006)
    for day in 2433282.5 + rng.integers(0, 36525, 60):
        second = float(rng.integers(0, 86400))
        found = principal(ephemeris, day, second)
        # CSPICE adds up psi with its turns: 1 ulp of 8000 rad.
        expected = spiceypy.sxform("MOON_PA_DE421", "J2000", et(day, second))
        assert np.abs(found[:3] - expected[:3, :3]).max() < 2e-12
        assert np.abs(found[3:] - expected[3:, :3]).max() < 1e-17
        expected = spiceypy.pxform("MOON_ME_DE421", "J2000", et(day, second))
        assert np.abs(found[:3] @ mean_earth(ephemeris) - expected).max() < 2e-12


def test_de440s_frame_takes_its_own_angles(tmp_path: Path) -> None:
    path = spice_files.write_pck(
        tmp_path / "moon_pa_de440_200625.bpc", [(31008, et(FIRST_DAY), 8 * DAY_S, angles())]
    )
    de440_frames()
    spiceypy.furnsh(str(path))
    ephemeris = load_ephemeris("de440", str(path))
    assert ephemeris.principal_axes_to_mean_earth == DE440_AXES.to_mean_earth
    # 67.8526, 78.6944 and 0.2785 arc seconds about z, y, x.
    expected = spiceypy.pxform("MOON_ME_DE440_ME421", "MOON_PA_DE440", 0.0)
    assert np.abs(mean_earth(ephemeris) - expected).max() < 4e-16
    for day in FIRST_DAY + np.arange(0.0, 32.0, 3.0):
        expected = spiceypy.pxform("MOON_ME_DE440_ME421", "J2000", et(day, 4321.0))
        found = principal(ephemeris, day, 4321.0)[:3] @ mean_earth(ephemeris)
        assert np.abs(found - expected).max() < 2e-12


def test_the_versions_angles_lie_apart_as_is_known() -> None:
    # DE440's and DE421's principal axes lie 1.4 m apart on the surface; the angles show 0.57 m of
    # it about z, 1.1 m about y and 0.2 m about x.
    apart = LUNAR_RADIUS_M * (
        np.array(DE421_AXES.to_mean_earth) - np.array(DE440_AXES.to_mean_earth)
    )
    assert np.linalg.norm(apart) == pytest.approx(1.4, abs=0.2)


def test_pieces_of_an_orientation_are_joined(tmp_path: Path) -> None:
    # As in moon_pa_de440_200625.bpc, which has two segments one after the other.
    whole = angles(64)
    halves = [
        (31008, et(FIRST_DAY), 8 * DAY_S, whole[:4]),
        (31008, et(FIRST_DAY + 32.0), 8 * DAY_S, whole[4:]),
    ]
    path = spice_files.write_pck(tmp_path / "halves.bpc", halves)
    one = spice_files.write_pck(tmp_path / "one.bpc", [(31008, et(FIRST_DAY), 8 * DAY_S, whole)])
    joined, unbroken = (load_ephemeris("de421", str(file)).librations for file in (path, one))
    np.testing.assert_array_equal(joined.coefficients, unbroken.coefficients)
    assert joined.start_day == unbroken.start_day
    middle = load_ephemeris("de421", str(path), span(31.0, 33.0)).librations
    np.testing.assert_array_equal(middle.coefficients, unbroken.coefficients[2:6])


@pytest.mark.parametrize(
    ("first_day", "last_day", "says"),
    [(-9.0, -8.0, "does not cover"), (36.0, 37.0, "a gap from"), (80.0, 81.0, "does not cover")],
    ids=["before", "in the gap", "after"],
)
def test_epochs_off_an_orientation_are_refused(
    tmp_path: Path, first_day: float, last_day: float, says: str
) -> None:
    parts = [(31008, et(FIRST_DAY + day), 8 * DAY_S, angles()) for day in (0.0, 40.0)]
    path = spice_files.write_pck(tmp_path / "gap.bpc", parts)
    load_ephemeris("de421", str(path), span(41.0, 42.0))
    with pytest.raises(EpochError, match=f"gap.bpc.*{says}"):
        load_ephemeris("de421", str(path), span(first_day, last_day))


def test_librations_end_before_de440_does() -> None:
    late = Epoch.from_tdb(2600000.5)
    with pytest.raises(EpochError, match=r"de421 does not cover .*\(librations\)"):
        load_ephemeris("de440", span=(late, late))


@pytest.mark.parametrize(
    ("name", "frames", "reference", "says"),
    [
        ("earth.bpc", [3000], "J2000", "no lunar frame .* frames are 3000"),
        ("me.bpc", [31007], "J2000", "no lunar frame .* frames are 31007"),
        ("older.bpc", [31002], "J2000", "no lunar frame .* frames are 31002"),
        ("both.bpc", [31006, 31008], "J2000", r"several versions \(DE421, DE440\)"),
        ("moon_pa_de440_200625.bpc", [31006], "J2000", "named after DE440, .* that of DE421"),
        ("moon_pa_de421.bpc", [31008], "J2000", "named after DE421, .* that of DE440"),
        ("moon_pa_de430.bpc", [31008], "J2000", "must not be mixed"),
        ("ecliptic.bpc", [31008], "ECLIPJ2000", "relative to frame 17"),
    ],
)
def test_other_principal_axes_are_refused(
    tmp_path: Path, name: str, frames: list[int], reference: str, says: str
) -> None:
    segments = [(frame, et(FIRST_DAY), 8 * DAY_S, angles()) for frame in frames]
    path = spice_files.write_pck(tmp_path / name, segments, reference)
    with pytest.raises(LunarOrientationError, match=says) as caught:
        load_ephemeris("de421", str(path))
    assert name in caught.value.problem
    assert ".bpc" in caught.value.remedy


def test_names_without_a_version_are_no_version(tmp_path: Path) -> None:
    segments = [(31008, et(FIRST_DAY), 8 * DAY_S, angles())]
    for name in ("wide200.bpc", "moon.bpc", "moon_de440_from_de421.bpc"):
        path = spice_files.write_pck(tmp_path / name, segments)
        assert load_ephemeris("de421", str(path)).librations.granule_days == 8.0


def test_exchanged_files_are_named(tmp_path: Path) -> None:
    positions = spice_files.write_spk(tmp_path / "a.bsp", spice_files.de440_pieces(16).values())
    as_orientation = positions.rename(tmp_path / "positions.bpc")
    with pytest.raises(
        LunarOrientationError, match=r"positions \(.bsp\), where one of orient"
    ) as c:
        load_ephemeris("de421", str(as_orientation))
    assert "exchanged" in c.value.remedy
    orientation = tmp_path / "orientation.bsp"
    orientation.write_bytes(Path(DE421_KERNEL).read_bytes())
    with pytest.raises(KernelError, match=r"orientations \(.bpc\), where one of positions"):
        load_ephemeris(str(orientation))


def test_turns_are_taken_off_in_extended_precision() -> None:
    rng = np.random.default_rng(7)
    wound = np.concatenate((rng.uniform(0.0, 8192.0, 200), [0.0, 6.0, 6.283185307179586]))
    turn = 2 * Fraction("3.14159265358979323846264338327950288419716939937510")
    expected = np.array([float(Fraction(value) % turn) for value in wound.tolist()])
    # Half of 1 ulp of up to 2 pi, and what x87's 64 bits leave of 8192 rad: 4.4e-16.
    assert np.abs(without_turns(wound) - expected).max() < 1e-15
