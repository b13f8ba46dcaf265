"""Our .wv files, read and written by those who defined them: RsWaveform and RsSmw."""

import importlib
import io
import math
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from RsSmw.CustomFiles.arb_files import ArbFiles

from drivers.errors import DriverError
from drivers.visa.generators.rohde_schwarz.wv_file import file_blocks, file_size, header, survey
from drivers.visa.instrument import WaveformChunk
from tests.drivers.visa.generators.array_waveform import ArrayWaveform, random_waveform

CLOCK_HZ = 12.5e6

# RsWaveform reads samples as half precision: 11 bits, so that these codes are the ones it gives
# exactly. Others are compared in the file itself, with RsSmw's.
HALF_PRECISION_CODES = np.concatenate([np.arange(-1, 2049), [-32767, 32767, 16384, -16384]])


def file_of(source: ArrayWaveform, samples: int | None = None) -> bytes:
    surveyed = survey(source, source.samples if samples is None else samples)
    data = b"".join(bytes(block) for block in file_blocks(source, surveyed, CLOCK_HZ))
    assert len(data) == file_size(surveyed, CLOCK_HZ)
    return data


def codes_of(data: bytes) -> NDArray[np.int16]:
    """Take the samples out of a file by its last tag."""
    start = data.index(b"#", data.index(b"{WAVEFORM-")) + 1
    length = int(data[data.index(b"{WAVEFORM-") + 10 :].split(b":")[0])
    assert data[start + length - 1 :] == b"}"
    return np.frombuffer(data[start : start + length - 1], "<i2").reshape(-1, 2)


def rssmw_codes(samples: NDArray[np.complex64], folder: Path) -> NDArray[np.int16]:
    path = folder / "theirs.wv"
    # Their writer takes floats of Python, and scales unless it is told not to.
    ArbFiles.create_waveform_file_from_samples(
        samples.real.astype(float).tolist(),
        samples.imag.astype(float).tolist(),
        str(path),
        clock_freq=CLOCK_HZ,
        auto_scale=False,
    )
    return codes_of(path.read_bytes())


@settings(max_examples=60, deadline=None)
@given(
    parts=hnp.arrays(
        np.float32,
        st.integers(1, 300).map(lambda samples: (samples, 2)),
        # On I and on Q no more than 0.6875: their writer refuses vectors beyond the unit circle.
        elements=st.floats(-0.6875, 0.6875, width=32),
    )
)
def test_integers_are_those_of_rssmw(
    parts: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory
) -> None:
    samples = parts.view(np.complex64)[:, 0]
    ours = codes_of(file_of(ArrayWaveform(samples))).astype(int)
    theirs = rssmw_codes(samples, tmp_path_factory.mktemp("theirs")).astype(int)
    # Exact halves go to the even code here and up there; nothing else may differ.
    halves = np.abs(parts.astype(float) * 32767.0 % 1.0 - 0.5) == 0.0
    np.testing.assert_array_equal(ours[~halves], theirs[~halves])
    assert np.all(np.abs(ours - theirs) <= 1)


def test_levels_are_those_of_rssmw(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    angle = random.uniform(0.0, 2.0 * np.pi, 1000)
    samples = (0.6 * random.uniform(0.0, 1.0, 1000) * np.exp(1j * angle)).astype(np.complex64)
    _, peak_db, rms_db = ArbFiles.create_waveform_file_from_samples(
        samples.real.astype(float).tolist(),
        samples.imag.astype(float).tolist(),
        str(tmp_path / "theirs.wv"),
        clock_freq=CLOCK_HZ,
        auto_scale=False,
    )
    ours = survey(ArrayWaveform(samples), 1000)
    # We round to 0.01 dB on purpose; that the codes are rounded, too, is less than 1e-4 dB here.
    assert ours.rms_offset_db == pytest.approx(rms_db, abs=0.0051)
    assert ours.peak_offset_db == pytest.approx(peak_db, abs=0.0051)


def test_rswaveform_reads_samples_markers_and_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    # RsWaveform has numba compile functions of Python objects, which takes 15 s and speeds up
    # nothing: imported like this, it interprets them.
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    rs_waveform = importlib.import_module("RsWaveform")
    random = np.random.default_rng(1)
    codes = random.choice(HALF_PRECISION_CODES, (700, 2))
    samples = (codes / 32767.0).astype(np.float32).view(np.complex64)[:, 0]
    markers = np.zeros(700, np.uint8)
    markers[10:20] |= 1
    markers[690:] |= 2
    data = file_of(ArrayWaveform(samples, markers), 720)

    read = rs_waveform.RsWaveform()
    read.load(io.BytesIO(data))
    values = np.asarray(read.data[0])
    # In integers: RsWaveform divides by 32767, and gives back half precision.
    got = np.stack([values.real, values.imag], axis=1) * 32767.0
    np.testing.assert_array_equal(np.rint(got)[:700], codes)
    assert not np.any(got[700:])
    meta = read.meta[0]
    assert meta["type"] == "SMU-WV"
    assert meta["clock"] == CLOCK_HZ
    assert meta["samples"] == 720
    assert meta["control_length"] == 720
    assert meta["marker"]["marker_list_1"] == [[0, 0], [10, 1], [20, 0]]
    # Low again where the padding begins.
    assert meta["marker"]["marker_list_2"] == [[0, 0], [690, 1], [700, 0]]


@pytest.mark.parametrize(
    ("amplitude", "decibels"), [(1.0, 0.0), (0.5, 6.02), (0.1, 20.0), (0.0, 0.0)]
)
def test_level_of_a_carrier_is_its_amplitude(amplitude: float, decibels: float) -> None:
    turns = np.exp(2j * np.pi * np.arange(1000) / 50.0)
    surveyed = survey(ArrayWaveform((amplitude * turns).astype(np.complex64)), 1000)
    # Rounded to 0.01 dB, and 0.1 is not a whole number of codes (1e-5 of it).
    assert surveyed.rms_offset_db == pytest.approx(decibels, abs=0.0051)
    assert surveyed.peak_offset_db == pytest.approx(decibels, abs=0.0051)


def test_padding_counts_in_the_mean_level() -> None:
    ones = ArrayWaveform(np.ones(100, np.complex64))
    padded = survey(ones, 1000)
    assert padded.rms_offset_db == pytest.approx(10.0, abs=1e-9)
    assert padded.peak_offset_db == 0.0
    assert math.copysign(1.0, padded.peak_offset_db) == 1.0


def test_a_vector_beyond_the_circle_is_told() -> None:
    corner = survey(ArrayWaveform(np.full(600, 1 + 1j, np.complex64)), 600)
    assert corner.peak_offset_db == pytest.approx(-3.01)
    assert corner.clipped_samples == 0
    beyond = survey(ArrayWaveform(np.full(600, 1.1 + 0j, np.complex64)), 600)
    assert beyond.clipped_samples == 600
    assert beyond.peak_offset_db == 0.0


def test_chunks_leave_no_trace() -> None:
    whole = file_of(random_waveform(5000, seed=3))
    assert file_of(random_waveform(5000, seed=3, chunk=17)) == whole


def test_header_is_text_in_the_order_of_the_manual() -> None:
    text = header(survey(random_waveform(10), 512), 1e6).decode("ascii")
    assert text.startswith("{TYPE: SMU-WV,0}{CLOCK: 1000000.0}{LEVEL OFFS: ")
    assert text.endswith("{WAVEFORM-2049: #")


def test_a_source_of_another_length_is_refused() -> None:
    class Short(ArrayWaveform):
        @property
        def samples(self) -> int:
            return 11

    with pytest.raises(DriverError, match="11 samples"):
        survey(Short(np.zeros(10, np.complex64)), 512)


def test_memory_does_not_grow_with_the_waveform() -> None:
    chunk = 1 << 16

    class Long(ArrayWaveform):
        @property
        def samples(self) -> int:
            return 200 * chunk

        def chunks(self) -> Iterator[WaveformChunk]:
            for _ in range(200):
                yield from super().chunks()

    source = Long(np.ones(chunk, np.complex64))
    tracemalloc.start()
    try:
        surveyed = survey(source, source.samples)
        size = sum(len(bytes(block)) for block in file_blocks(source, surveyed, CLOCK_HZ))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == file_size(surveyed, CLOCK_HZ)
    # 52 MB of file; a chunk of 2^18 samples as floats, as codes and as squares, and some of each.
    assert most < 16 << 20
