from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.errors import DriverError
from drivers.visa.generators.granularity import padded_chunks, padded_length
from drivers.visa.instrument import WaveformChunk


@dataclass(frozen=True)
class Pieces:
    """A waveform in pieces of any lengths; what it says of its length may be wrong."""

    lengths: tuple[int, ...]
    is_complex: bool = False
    said: int | None = None

    @property
    def samples(self) -> int:
        return sum(self.lengths) if self.said is None else self.said

    @property
    def whole(self) -> NDArray[np.float32] | NDArray[np.complex64]:
        ramp = np.arange(1, sum(self.lengths) + 1, dtype=np.float32)
        return (ramp - 1j * ramp).astype(np.complex64) if self.is_complex else ramp

    @property
    def markers(self) -> NDArray[np.uint8]:
        return (np.arange(sum(self.lengths)) % 3 + 1).astype(np.uint8)

    def chunks(self) -> Iterator[WaveformChunk]:
        first = 0
        for length in self.lengths:
            here = slice(first, first + length)
            yield WaveformChunk(self.whole[here], self.markers[here])
            first += length


@given(
    samples=st.integers(1, 10**9),
    minimum=st.integers(0, 10**5),
    granularity=st.integers(1, 4096),
)
def test_the_padded_length_is_the_shortest_that_fits(
    samples: int, minimum: int, granularity: int
) -> None:
    length = padded_length(samples, minimum, granularity)
    assert length % granularity == 0
    assert length >= max(samples, minimum) > length - granularity


@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=8).map(tuple),
    is_complex=st.booleans(),
    minimum=st.integers(0, 300),
    multiple=st.integers(1, 48),
    largest=st.integers(48, 200),
)
def test_any_waveform_arrives_once_with_zeros_behind(
    lengths: tuple[int, ...], is_complex: bool, minimum: int, multiple: int, largest: int
) -> None:
    source = Pieces((*lengths, 1), is_complex)
    length = padded_length(source.samples, minimum, multiple)
    chunks = list(padded_chunks(source, length, largest=largest, multiple=multiple))
    samples = np.concatenate([chunk.samples for chunk in chunks])
    markers = np.concatenate([chunk.markers for chunk in chunks])
    assert samples.dtype == (np.complex64 if is_complex else np.float32)
    assert markers.dtype == np.uint8
    np.testing.assert_array_equal(samples[: source.samples], source.whole)
    np.testing.assert_array_equal(markers[: source.samples], source.markers)
    assert samples.size == markers.size == length
    assert not samples[source.samples :].any()
    assert not markers[source.samples :].any()
    assert all(0 < chunk.samples.size <= largest for chunk in chunks)
    assert all(chunk.samples.size % multiple == 0 for chunk in chunks)


def test_chunks_are_not_written_to_again() -> None:
    first, second = padded_chunks(Pieces((8,)), 8, largest=4)
    assert first.samples.tolist() == [1, 2, 3, 4]
    assert second.samples.tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize("said", [7, 9])
def test_a_waveform_of_another_length_than_it_says_is_refused(said: int) -> None:
    with pytest.raises(DriverError, match=f"waveform of {said} samples"):
        list(padded_chunks(Pieces((5, 3), said=said), 12, largest=4))


@pytest.mark.parametrize(
    ("length", "largest", "multiple"), [(7, 100, 1), (10, 100, 4), (12, 3, 4), (8, 0, 1)]
)
def test_lengths_that_do_not_fit(length: int, largest: int, multiple: int) -> None:
    with pytest.raises(DriverError):
        list(padded_chunks(Pieces((8,)), length, largest=largest, multiple=multiple))


def test_nothing_is_no_waveform() -> None:
    with pytest.raises(DriverError):
        padded_length(0, 240, 48)
