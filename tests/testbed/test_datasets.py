"""Images as netCDF: what was focused comes back, in either memory order and slab by slab."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from sim_core.focusing.image import Image
from testbed import datasets
from testbed.datasets import write_image
from testbed.errors import OutputError
from testbed.report.display import whole_image
from tests.testbed.report.synthetic_result import ideal_image


def read_samples(path: Path) -> tuple[np.ndarray[Any, Any], xarray.Dataset]:
    with xarray.open_dataset(path) as dataset:
        loaded = dataset.load().transpose("azimuth_s", "range_s")
    return loaded.image_real.values + 1j * loaded.image_imag.values, loaded


def column_by_column(image: Image) -> Image:
    # As range-Doppler leaves it: the rows of a wider array, seen from the side.
    wide = np.zeros((image.samples.shape[1], image.samples.shape[0] + 24), dtype=np.complex64)
    wide[:, : image.samples.shape[0]] = image.samples.T
    return replace(image, samples=wide[:, : image.samples.shape[0]].T)


@pytest.mark.parametrize("columns_first", [False, True])
@pytest.mark.parametrize("in_memory", [False, True])
def test_an_image_comes_back_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns_first: bool, in_memory: bool
) -> None:
    # Slabs of a few rows, and a file that is written in place or in memory.
    monkeypatch.setattr(datasets, "_SLAB_SAMPLES", 3000)
    monkeypatch.setattr(datasets, "_IN_MEMORY_BYTES", (1 << 30) * in_memory)
    image = ideal_image(rows=211, columns=97)
    given = column_by_column(image) if columns_first else image
    write_image(tmp_path / "image.nc", given, {"title": "image of a test"})
    samples, dataset = read_samples(tmp_path / "image.nc")
    assert np.array_equal(samples, image.samples)
    assert dataset.image_real.dtype == np.float32
    assert np.array_equal(dataset.azimuth_s, image.azimuth_s())
    assert np.array_equal(dataset.range_s, image.range_s())
    assert dataset.range_s.attrs["units"] == "s"
    assert dataset.attrs["title"] == "image of a test"
    assert dataset.attrs["range_bandwidth_hz"] == image.range_bandwidth_hz
    assert [path.name for path in tmp_path.iterdir()] == ["image.nc"]


def test_an_image_in_a_file_is_written_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "_IN_MEMORY_BYTES", 0)
    image = ideal_image(rows=300, columns=120)
    columns = np.memmap(tmp_path / "scratch", np.complex64, "w+", shape=(120, 300))
    columns[:] = image.samples.T
    mapped = replace(image, samples=columns.T)
    write_image(tmp_path / "image.nc", mapped, {})
    assert np.array_equal(read_samples(tmp_path / "image.nc")[0], image.samples)
    shown, wanted = whole_image(mapped, 50, 40), whole_image(image, 50, 40)
    assert np.array_equal(shown.level_db, wanted.level_db)


def test_a_disk_without_room_is_found_out_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "_IN_MEMORY_BYTES", 0)
    # More than any disk has, of which this image would be a part.
    monkeypatch.setattr(datasets, "_SPARE_BYTES", 1 << 62)
    with pytest.raises(OutputError, match="are needed"):
        write_image(tmp_path / "image.nc", ideal_image(40, 40), {})
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "image.nc").write_bytes(b"old")
    os.symlink("/dev/full", tmp_path / "image.nc.part")
    with pytest.raises(OutputError, match=r"image\.nc: its .* no space left"):
        write_image(tmp_path / "image.nc", ideal_image(400, 400), {})
    assert (tmp_path / "image.nc").read_bytes() == b"old"
