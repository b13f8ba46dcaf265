"""Images that do not fit the bound on memory, against those that do."""

import functools
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from sim_core.errors import FocusingError, ScratchError
from sim_core.focusing.focus import focus
from sim_core.focusing.image import Image, Method
from sim_core.focusing.response.impulse_response import measure
from sim_core.focusing.settings import FocusSettings
from sim_core.signal.waveform import LinearChirp
from tests.sim_core.focusing.point_echoes import (
    CARRIER_HZ,
    Echoes,
    PolynomialDelay,
    echo_samples,
    schedule_of,
)

WAVEFORM = LinearChirp(1e13, 4e-6)
HISTORY = PolynomialDelay(walk=2.3e-6)
SCHEDULE = schedule_of(HISTORY, WAVEFORM, 150.0, 15.0, 1100)
PULSES = SCHEDULE.pulses
METHODS: list[Method] = ["range-doppler", "deramp"]
# Columns of spectra that the bound holds: more than the margins of 70 to 110, far less than all.
BOUND = 8 * 300 * PULSES


@functools.cache
def echoes() -> Echoes:
    """The reference, and a weaker point 200 ns (16 cells) further, across a block's edge."""
    other = HISTORY.moved(0.6, 200e-9 + 2.3e-6 * 0.6)
    return echo_samples([(HISTORY, 1.0), (other, 0.3)], SCHEDULE, WAVEFORM)


def image_of(settings: FocusSettings, source: Echoes) -> Image:
    return focus(source, SCHEDULE, WAVEFORM, CARRIER_HZ, HISTORY, settings)


@pytest.mark.parametrize("method", METHODS)
def test_an_image_in_blocks_is_the_image(method: Method, tmp_path: Path) -> None:
    source = echoes()
    whole = image_of(FocusSettings(method=method), source)
    blocks = image_of(FocusSettings(method=method, memory_bytes=BOUND, scratch=tmp_path), source)
    assert not blocks.samples.flags.writeable
    assert blocks.samples.shape == whole.samples.shape
    assert blocks.range_start_s == whole.range_start_s
    # What a block's margins of 32 gates fade out is 1 % of a side lobe out there, of which shifts
    # in range bring 5e-5 of the peak (-86 dB) back into the columns.
    assert np.max(np.abs(blocks.samples - whole.samples)) < 1e-4
    assert list(tmp_path.iterdir()) == []
    response = measure(blocks)
    assert response.azimuth.pslr_db == pytest.approx(measure(whole).azimuth.pslr_db, abs=1e-3)


def test_rows_and_columns_of_a_stored_image_can_be_sliced(tmp_path: Path) -> None:
    settings = FocusSettings(memory_bytes=BOUND, scratch=tmp_path)
    samples = image_of(settings, echoes()).samples
    middle = samples.shape[0] // 2
    chip = samples[middle - 8 : middle + 8, 100:140].astype(np.complex128)
    assert chip.shape == (16, 40)
    with pytest.raises(ValueError, match="read-only"):
        samples[0, 0] = 1.0


def test_a_bound_below_a_block_says_how_much_would_do() -> None:
    with pytest.raises(FocusingError, match="raise memory_bytes"):
        image_of(FocusSettings(memory_bytes=8 * 50 * PULSES), echoes())


def test_a_scratch_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = FocusSettings(memory_bytes=BOUND, scratch=tmp_path / "missing")
    with pytest.raises(ScratchError, match="missing"):
        image_of(settings, echoes())


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_scratch_is_gone_when_the_recording_fails(
    failure: type[BaseException], tmp_path: Path
) -> None:
    class Broken:
        def read(self, first: int, count: int) -> np.ndarray:
            if first > PULSES // 2:
                raise failure
            return np.zeros((count, SCHEDULE.window_samples), dtype=np.complex64)

    before = open_files()
    settings = FocusSettings(memory_bytes=BOUND, scratch=tmp_path)
    with pytest.raises(failure):
        focus(Broken(), SCHEDULE, WAVEFORM, CARRIER_HZ, HISTORY, settings)
    assert list(tmp_path.iterdir()) == []
    assert open_files() == before


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_without_a_folder_scratch_goes_to_that_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ScratchError, match="nowhere"):
        image_of(FocusSettings(memory_bytes=BOUND), echoes())
