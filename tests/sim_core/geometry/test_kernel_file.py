"""Files that are no kernels, or spoiled ones: each is an error with a name, never another one."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jplephem.daf import DAF

from sim_core.errors import EpochError, KernelError, LunarOrientationError
from sim_core.geometry.ephemeris import load_ephemeris
from sim_core.geometry.epoch import Epoch
from sim_core.geometry.kernel_file import open_kernel, series_of
from tests.sim_core.geometry import cspice_kernels, spice_files
from tests.sim_core.geometry.spice_files import FIRST_DAY

SPAN = Epoch.from_tdb(FIRST_DAY + 1.0), Epoch.from_tdb(FIRST_DAY + 2.0)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kernels") / "good.bsp"
    return spice_files.write_spk(path, spice_files.de440_pieces(32).values())


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file to be written over and over."""
    yield tmp_path_factory.mktemp("spoiled") / "spoiled.bsp"


def end_of_data(path: Path) -> int:
    with path.open("rb") as file:
        return int(8 * (DAF(file).free - 1))


def test_segments_are_read(kernel: Path) -> None:
    file = open_kernel(kernel, "SPK")
    assert [(one.subject, one.centre) for one in file.segments] == [
        (3, 0), (10, 0), (301, 3), (399, 3),
    ]  # fmt: skip
    assert {one.data_type for one in file.segments} == {2}
    assert {one.frame for one in file.segments} == {1}
    assert file.segments[2].name == "301 from 3"
    moon = series_of(file, file.segments[2])
    assert (moon.granules, float(moon.granule_s)) == (8, 4.0 * 86400.0)
    assert moon.coefficients(3, 2).shape == (2, 3, 13)
    np.testing.assert_array_equal(moon.coefficients(0, 8)[3:5], moon.coefficients(3, 2))


@given(data=st.data())
def test_truncation_is_always_an_error_with_a_name(
    kernel: Path, spoiled: Path, data: st.DataObject
) -> None:
    content = kernel.read_bytes()
    length = data.draw(st.integers(0, end_of_data(kernel) - 1))
    spoiled.write_bytes(content[:length])
    with pytest.raises(KernelError) as caught:
        load_ephemeris(str(spoiled), span=SPAN)
    assert "spoiled.bsp" in caught.value.problem
    says = "is empty" if length == 0 else "is cut short" if length >= 8 else "is no kernel"
    assert says in caught.value.problem
    assert "\n" not in str(caught.value)


def test_every_length_in_steps(kernel: Path, spoiled: Path) -> None:
    content = kernel.read_bytes()
    end = end_of_data(kernel)
    for length in [*range(0, end, 1009), *range(1016, 1033), *range(end - 17, end)]:
        spoiled.write_bytes(content[:length])
        with pytest.raises(KernelError):
            open_kernel(spoiled, "SPK")
    # What follows the data only fills the last record.
    for length in range(end, len(content) + 1, 8):
        spoiled.write_bytes(content[:length])
        assert len(load_ephemeris(str(spoiled), span=SPAN).moon.coefficients) == 2


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.9999])
def test_truncated_orientation_is_an_error_with_a_name(tmp_path: Path, share: float) -> None:
    whole = Path(cspice_kernels.lunar_kernels()[0])
    path = tmp_path / "cut.bpc"
    path.write_bytes(whole.read_bytes()[: int(share * end_of_data(whole))])
    with pytest.raises(LunarOrientationError, match=r"cut.bpc is cut short"):
        load_ephemeris("de421", str(path))


@given(
    position=st.floats(0.0, 1.0),
    value=st.integers(0, 255),
    near=st.sampled_from(["header", "summaries", "data", "directory"]),
)
@example(position=0.0, value=255, near="summaries")
def test_spoiled_bytes_never_are_another_error(
    kernel: Path, spoiled: Path, position: float, value: int, near: str
) -> None:
    content = bytearray(kernel.read_bytes())
    end = end_of_data(kernel)
    with kernel.open("rb") as file:
        first = DAF(file).fward
    low, high = {
        "header": (0, 96),
        "summaries": (1024 * (first - 1), 1024 * (first - 1) + 24 + 4 * 40),
        "data": (1024 * (first + 1), end),
        "directory": (end - 32, end),
    }[near]
    content[low + int(position * (high - low - 1))] = value
    spoiled.write_bytes(content)
    try:
        load_ephemeris(str(spoiled), span=SPAN)
    except (KernelError, EpochError) as error:
        assert error.problem
        assert error.remedy
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"DAF/SPK ", "is cut short"),
        (b"\x00" * 4096, "is no kernel of SPICE"),
        (b"<!DOCTYPE html><html>404", "is no kernel of SPICE"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer to a file of Git LFS"),
        (b"KPL/LSK\n\\begindata\n", r"is a text kernel \(KPL/LSK\)"),
        (b"KPL/MK\n", "text kernel"),
        (b"DAFETF NAIF DAF ENCODED TRANSFER FILE\n'DAF/SPK '\n", "transfer format"),
        (b"DAF/CK  " + b"\0" * 2000, r"attitude \(CK\)"),
        (b"DAF/PCK " + b"\0" * 2000, r"kernel of orientations \(.bpc\)"),
        (b"NAIF/DAF" + struct.pack("<II", 2, 5) + b"\0" * 2000, r"orientations \(.bpc\)"),
        (b"NAIF/DAF" + struct.pack(">II", 2, 9) + b"\0" * 2000, "is no kernel of SPICE"),
        (b"DAS/DSK " + b"\0" * 2000, "is no kernel of SPICE"),
        (b"\x93NUMPY\x01\x00", "is no kernel of SPICE"),
    ],
)
def test_what_is_no_kernel_of_positions_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "other.bsp"
    path.write_bytes(content)
    with pytest.raises(KernelError, match=says) as caught:
        load_ephemeris(str(path))
    assert str(path) in caught.value.problem
    assert caught.value.remedy


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match=r"there is no kernel /.*/nothing.bsp"):
        load_ephemeris(str(tmp_path / "nothing.bsp"))
    with pytest.raises(LunarOrientationError, match=r"there is no kernel /.*/nothing.bpc"):
        load_ephemeris("de421", "nothing.bpc")


def test_folders_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder.bsp"
    folder.mkdir()
    with pytest.raises(KernelError, match="is a folder"):
        load_ephemeris(str(folder))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KernelError, match="cannot be read"):
        load_ephemeris(str(tmp_path / "file" / "inside.bsp"))


def test_files_sent_as_text_are_named(kernel: Path, tmp_path: Path) -> None:
    path = tmp_path / "text.bsp"
    # What a transfer in text mode does to the line ends, which the header has to show it.
    path.write_bytes(kernel.read_bytes().replace(b"\r\n", b"\n"))
    with pytest.raises(KernelError, match=r"text.bsp is damaged"):
        load_ephemeris(str(path))


def test_a_wrong_byte_order_in_the_header_is_named(kernel: Path, tmp_path: Path) -> None:
    content = bytearray(kernel.read_bytes())
    content[88:96] = b"BIG-IEEE"
    path = tmp_path / "order.bsp"
    path.write_bytes(content)
    with pytest.raises(KernelError, match=r"order.bsp is damaged: .* another byte order"):
        load_ephemeris(str(path))
    content[88:96] = b"VAX-GFLT"
    path.write_bytes(content)
    with pytest.raises(KernelError, match=r"order.bsp is damaged"):
        load_ephemeris(str(path))


def test_summaries_in_a_circle_end(kernel: Path, tmp_path: Path) -> None:
    content = bytearray(kernel.read_bytes())
    with kernel.open("rb") as file:
        first = DAF(file).fward
    struct.pack_into("<d", content, 1024 * (first - 1), float(first))
    path = tmp_path / "circle.bsp"
    path.write_bytes(content)
    with pytest.raises(KernelError, match="run in a circle"):
        load_ephemeris(str(path))
