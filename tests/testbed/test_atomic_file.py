"""Files appear whole or not at all, also on a full disk."""

import os
from pathlib import Path

import numpy as np
import pytest
import xarray

from testbed.atomic_file import write_atomically
from testbed.errors import OutputError
from testbed.history_file import write_dataset


def test_what_cannot_be_replaced_stays_and_nothing_is_left_behind(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.mkdir()

    with pytest.raises(OutputError, match="5 bytes cannot be written"):
        write_atomically(target, b"hello")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "full"
    target.write_bytes(b"old")
    # A file that is always full stands where the new content would go.
    os.symlink("/dev/full", tmp_path / "full.part")

    with pytest.raises(OutputError, match="no space left"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_others_may_read_the_report(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"x")
    (tmp_path / "b").write_bytes(b"x")

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_netcdf_on_a_full_disk_is_one_line(tmp_path: Path) -> None:
    os.symlink("/dev/full", tmp_path / "image.nc.part")
    # Far more than any buffer on the way.
    dataset = xarray.Dataset({"image": (("row", "column"), np.ones((1000, 1000)))})

    with pytest.raises(OutputError, match=r"image\.nc: its 80\d+ bytes .* no space left") as caught:
        write_dataset(tmp_path / "image.nc", dataset)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
