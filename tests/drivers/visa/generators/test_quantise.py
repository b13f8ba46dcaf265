"""Codes are held to exact rational arithmetic, which rounds half to even as well."""

import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.errors import DriverError
from drivers.visa.generators.quantise import SampleFormat, limit, quantise
from drivers.visa.instrument import WaveformChunk

# Those of the generators, with and without markers.
FORMATS = [
    SampleFormat(14, left_shift=2, marker_bits=2),
    SampleFormat(12, left_shift=4, marker_bits=2),
    SampleFormat(15, left_shift=1, marker_bits=1),
    SampleFormat(16),
    SampleFormat(16, big_endian=True),
    SampleFormat(8, word_bytes=1),
    SampleFormat(7, left_shift=1, marker_bits=1, word_bytes=1),
]

reals = st.floats(width=32, allow_nan=False, allow_infinity=False)
# Most of them where codes are, and the ties between codes.
levels = st.one_of(
    st.floats(-1.25, 1.25, width=32),
    st.integers(-40000, 40000).map(lambda n: float(np.float32(n / 65534))),
    reals,
)


def code_of(value: float, top: int) -> tuple[int, bool]:
    """The code of a sample, and whether it is beyond full scale."""
    wanted = round(Fraction(value) * top)
    code = max(-top, min(top, wanted))
    return code, code != wanted


def words_of(codes: NDArray[np.int8] | NDArray[np.int16], form: SampleFormat) -> list[int]:
    """What is in memory, as the generator reads it."""
    data = codes.tobytes()
    letter = "b" if form.word_bytes == 1 else "h"
    order = ">" if form.big_endian else "<"
    return list(struct.unpack(f"{order}{len(data) // form.word_bytes}{letter}", data))


@given(
    samples=st.lists(st.tuples(levels, st.integers(0, 3)), min_size=1, max_size=40),
    form=st.sampled_from(FORMATS),
)
def test_any_real_sample_becomes_its_code(
    samples: list[tuple[float, int]], form: SampleFormat
) -> None:
    values = np.array([value for value, _ in samples], np.float32)
    markers = np.array([marker for _, marker in samples], np.uint8)
    codes, clipped = quantise(WaveformChunk(values, markers), form)
    expected = [code_of(value, form.full_scale_code) for value in values.tolist()]
    words = words_of(codes, form)
    assert [word >> form.left_shift for word in words] == [code for code, _ in expected]
    mask = (1 << form.left_shift) - 1
    shown = (1 << form.marker_bits) - 1
    assert [word & mask for word in words] == [marker & shown for _, marker in samples]
    assert clipped == sum(beyond for _, beyond in expected)


@given(
    samples=st.lists(st.tuples(levels, levels, st.integers(0, 3)), min_size=1, max_size=40),
    form=st.sampled_from(FORMATS),
)
def test_any_complex_sample_becomes_its_two_codes(
    samples: list[tuple[float, float, int]], form: SampleFormat
) -> None:
    parts = np.array([part for i, q, _ in samples for part in (i, q)], np.float32)
    markers = np.array([marker for _, _, marker in samples], np.uint8)
    codes, clipped = quantise(WaveformChunk(parts.view(np.complex64), markers), form)
    expected = [code_of(value, form.full_scale_code) for value in parts.tolist()]
    words = words_of(codes, form)
    assert [word >> form.left_shift for word in words] == [code for code, _ in expected]
    # Marker 1 with I, marker 2 with Q.
    mask = (1 << form.left_shift) - 1
    shown = 1 if form.marker_bits else 0
    bits = [bit & shown for _, _, marker in samples for bit in (marker & 1, marker >> 1)]
    assert [word & mask for word in words] == bits
    beyond = [flag for _, flag in expected]
    assert clipped == sum(i or q for i, q in zip(beyond[::2], beyond[1::2], strict=True))


@given(
    codes=st.lists(st.integers(-8191, 8191), min_size=1, max_size=50),
    form=st.sampled_from([form for form in FORMATS if form.bits >= 14]),
)
def test_a_code_that_was_meant_is_reached(codes: list[int], form: SampleFormat) -> None:
    top = form.full_scale_code
    values = np.array(codes, np.float64) / top
    chunk = WaveformChunk(values.astype(np.float32), np.zeros(len(codes), np.uint8))
    words = words_of(quantise(chunk, form)[0], form)
    assert [word >> form.left_shift for word in words] == codes


def test_full_scale_is_symmetric_and_never_wraps() -> None:
    values = np.array([1.0, -1.0, 1.00002, -1.00002, 3e38, -3e38], np.float32)
    chunk = WaveformChunk(values, np.zeros(values.size, np.uint8))
    codes, clipped = quantise(chunk, SampleFormat(16))
    assert codes.tolist() == [32767, -32767] * 3
    assert clipped == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    for values in (
        np.array([0.0, 0.5, bad], np.float32),
        np.array([0.0, 0.5, 1j * bad], np.complex64),
    ):
        chunk = WaveformChunk(values, np.zeros(3, np.uint8))
        with pytest.raises(DriverError, match="sample 2"):
            quantise(chunk, SampleFormat(16))
        with pytest.raises(DriverError, match="sample 2"):
            limit(chunk)


@given(samples=st.lists(levels, min_size=1, max_size=40))
def test_floats_are_limited_and_otherwise_left_alone(samples: list[float]) -> None:
    values = np.array(samples, np.float32)
    limited, clipped = limit(WaveformChunk(values, np.zeros(values.size, np.uint8)))
    assert limited.dtype == np.dtype("<f4")
    assert limited.tolist() == np.clip(values, -1.0, 1.0).tolist()
    assert clipped == int((np.abs(values) > 1.0).sum())


def test_floats_of_i_and_q_count_as_one_sample() -> None:
    samples = np.array([2.0 - 2.0j, 0.5 + 0.25j], np.complex64)
    limited, clipped = limit(WaveformChunk(samples, np.zeros(2, np.uint8)))
    assert limited.tolist() == [1.0, -1.0, 0.5, 0.25]
    assert clipped == 1


def test_markers_go_with_samples() -> None:
    chunk = WaveformChunk(np.zeros(3, np.float32), np.zeros(2, np.uint8))
    with pytest.raises(DriverError, match="marker"):
        quantise(chunk, SampleFormat(16))


@pytest.mark.parametrize(
    "fields",
    [
        {"bits": 1},
        {"bits": 14, "left_shift": 3},
        {"bits": 14, "left_shift": 2, "marker_bits": 3},
        {"bits": 9, "word_bytes": 1},
        {"bits": 16, "word_bytes": 4},
    ],
)
def test_formats_that_do_not_fit_their_word(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bits|word_bytes|markers"):
        SampleFormat(**fields)
