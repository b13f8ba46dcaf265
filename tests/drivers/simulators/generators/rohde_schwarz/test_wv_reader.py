"""What the simulated generators read is what RsWaveform writes."""

import importlib
import io

import numba
import numpy as np
import pytest

from drivers.simulators.generators.rohde_schwarz.wv_reader import read_wv


def test_a_file_of_rswaveform(monkeypatch: pytest.MonkeyPatch) -> None:
    # RsWaveform has numba compile functions of Python objects, which takes seconds and speeds up
    # nothing: imported like this, it interprets them.
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    rs_waveform = importlib.import_module("RsWaveform").RsWaveform()
    codes = np.random.default_rng(3).integers(-32767, 32768, (500, 2))
    rs_waveform.data[0] = (codes[:, 0] + 1j * codes[:, 1]) / 32767.0
    rs_waveform.meta[0].update(
        {"clock": 5e6, "rms": 3.0, "peak": 1.0, "marker": {"marker_list_1": [[0, 1], [20, 0]]}}
    )
    file = io.BytesIO()
    rs_waveform.save(file, scale=32767)
    file.seek(0)
    read = read_wv(memoryview(file.getvalue()), "theirs.wv")
    np.testing.assert_array_equal(read.codes, codes)
    assert (read.clock_hz, read.rms_offset_db, read.peak_offset_db) == (5e6, 3.0, 1.0)
    np.testing.assert_array_equal(np.flatnonzero(read.markers[0]), np.arange(20))
    assert not read.markers[1].any()
