"""Scratch files: what is written comes back, nothing stays, and a full disk has a name."""

import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sim_core.errors import ScratchError
from sim_core.focusing.scratch import ScratchArray, require_space


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file grow beyond 64 KiB, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def rows_of(first: int, count: int, width: int) -> np.ndarray:
    return (np.arange(first * width, (first + count) * width) * (1 + 2j)).astype(np.complex64)


def test_rows_come_back_whatever_the_order(tmp_path: Path) -> None:
    with ScratchArray(tmp_path, (40, 7)) as array:
        threads = [
            threading.Thread(target=array.write, args=(first, rows_of(first, 8, 7).reshape(8, 7)))
            for first in (16, 0, 32, 8, 24)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert np.array_equal(array.read(0, 40).ravel(), rows_of(0, 40, 7))
        assert np.array_equal(array.read(13, 2).ravel(), rows_of(13, 2, 7))


def test_columns_of_an_array_can_be_written(tmp_path: Path) -> None:
    wide = rows_of(0, 6, 10).reshape(6, 10)
    with ScratchArray(tmp_path, (6, 3)) as array:
        array.write(0, wide[:, 4:7])
        assert np.array_equal(array.read(0, 6), wide[:, 4:7])


def test_the_file_has_no_name(tmp_path: Path) -> None:
    with ScratchArray(tmp_path, (4, 4)):
        assert list(tmp_path.iterdir()) == []


def test_a_map_outlives_the_file_and_is_for_reading(tmp_path: Path) -> None:
    with ScratchArray(tmp_path, (4, 5)) as array:
        array.write(0, rows_of(0, 4, 5).reshape(4, 5))
        mapped = array.mapped()
    assert np.array_equal(mapped.ravel(), rows_of(0, 4, 5))
    assert np.array_equal(mapped.T[1:3, 2:], rows_of(0, 4, 5).reshape(4, 5).T[1:3, 2:])
    with pytest.raises(ValueError, match="read-only"):
        mapped[0, 0] = 0.0


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_a_folder_that_is_none_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ScratchError, match=r"cannot be used.*choose a scratch folder"):
        ScratchArray(tmp_path / folder, (4, 4))


def test_a_missing_folder_has_no_space(tmp_path: Path) -> None:
    with pytest.raises(ScratchError, match="No such file"):
        require_space(tmp_path / "missing", 1)


def test_a_disk_without_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    require_space(tmp_path, 1)
    with pytest.raises(ScratchError, match=r"needs 1048576\.00 GiB of scratch space"):
        require_space(tmp_path, 1 << 50)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ScratchError, match=r"space of 0\.1 MiB .* cannot be used: File too large"):
        ScratchArray(tmp_path, (100, 100))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_while_writing_is_named(tmp_path: Path) -> None:
    array = ScratchArray(tmp_path, (4, 4))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(ScratchError, match="File too large"), array:
            array.write(0, rows_of(0, 4, 4).reshape(4, 4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
