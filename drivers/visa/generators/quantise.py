"""From samples of full scale 1.0 to the codes of a generator.

Codes are rounded to nearest, half to even, in double, limited to a symmetric full scale, and
counted where they were limited: the rules of `drivers.clipping`. Markers take the bits below them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drivers.clipping import Reals
from drivers.errors import DriverError
from drivers.visa.instrument import WaveformChunk

Codes = NDArray[np.int8] | NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """How a generator wants its codes.

    Parameters
    ----------
    bits : int
        Of a code, with its sign.
    left_shift : int
        Places by which a code is moved up in its word.
    marker_bits : int
        Lowest bits that are markers. A real sample has all of its markers there; of a complex one,
        I has marker 1 in bit 0 and Q has marker 2 in bit 0.
    word_bytes : {1, 2}
        Of a code in memory.
    big_endian : bool
        Whether the high byte of a word comes first.

    Raises
    ------
    ValueError
        Code, shift and markers do not fit the word.
    """

    bits: int
    left_shift: int = 0
    marker_bits: int = 0
    word_bytes: int = 2
    big_endian: bool = False

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if self.word_bytes not in (1, 2):
            raise ValueError(f"word_bytes = {self.word_bytes}: words have 1 or 2 bytes")
        if not self.bits >= 2 or self.bits + self.left_shift > 8 * self.word_bytes:
            raise ValueError(f"{self.bits} bits moved by {self.left_shift} do not fit the word")
        if not 0 <= self.marker_bits <= min(self.left_shift, 8):
            raise ValueError(f"{self.marker_bits} markers do not fit below a code")

    @property
    def full_scale_code(self) -> int:
        """Code of 1.0, before it is moved up; that of -1.0 is its negative."""
        return (1 << (self.bits - 1)) - 1

    def samples_bytes(self, samples: int, *, is_complex: bool) -> int:
        """Size of so many samples."""
        return samples * self.word_bytes * (2 if is_complex else 1)


def quantise(chunk: WaveformChunk, sample_format: SampleFormat) -> tuple[Codes, int]:
    """Give the codes of samples.

    Parameters
    ----------
    chunk : WaveformChunk
        Real or complex samples, with their markers.
    sample_format : SampleFormat
        Of the generator.

    Returns
    -------
    codes : int8 or int16 array, shape (samples,) or (2 * samples,)
        In the byte order of the generator, ready to be sent; I and Q in turn where complex.
    clipped : int
        Samples beyond full scale, on I or on Q.

    Raises
    ------
    DriverError
        A sample is not a number or is infinite.
    """
    values, parts = _as_reals(chunk)
    order = ">" if sample_format.big_endian else "<"
    codes = np.empty(values.shape[0], f"{order}i{sample_format.word_bytes}")
    native: Codes = codes.view(f"i{sample_format.word_bytes}")
    clipped, first_bad = _quantise(
        values,
        parts,
        np.ascontiguousarray(chunk.markers),
        float(sample_format.full_scale_code),
        1 << sample_format.left_shift,
        (1 << sample_format.marker_bits) - 1,
        native,
    )
    _require_numbers(first_bad)
    if sample_format.big_endian is (np.little_endian) and sample_format.word_bytes > 1:
        native.byteswap(inplace=True)
    return codes, clipped


def limit(chunk: WaveformChunk) -> tuple[NDArray[np.float32], int]:
    """Limit samples to full scale, for a generator that takes floats and quantises itself.

    Parameters
    ----------
    chunk : WaveformChunk
        Real or complex samples.

    Returns
    -------
    samples : float32 array of little-endian order, shape (samples,) or (2 * samples,)
        Between -1.0 and 1.0; I and Q in turn where complex.
    clipped : int
        Samples beyond full scale, on I or on Q.

    Raises
    ------
    DriverError
        A sample is not a number or is infinite.
    """
    values, parts = _as_reals(chunk)
    limited = np.empty(values.shape[0], np.float32)
    clipped, first_bad = _limit(values, parts, limited)
    _require_numbers(first_bad)
    return limited.astype("<f4", copy=False), clipped


def _as_reals(chunk: WaveformChunk) -> tuple[NDArray[np.float32], int]:
    samples = np.ascontiguousarray(chunk.samples)
    if chunk.markers.shape != samples.shape or samples.ndim != 1:
        raise DriverError(
            f"a chunk has samples of shape {samples.shape} and markers of {chunk.markers.shape}",
            "give one marker byte for each sample",
        )
    return samples.view(np.float32), 2 if np.iscomplexobj(samples) else 1


def _require_numbers(first_bad: int) -> None:
    if first_bad >= 0:
        raise DriverError(
            f"sample {first_bad} of a chunk of a waveform is not a number or is infinite",
            "look for a division by zero or an overflow where the waveform is made",
        )


@njit(cache=True, nogil=True)
def _quantise(
    values: Reals,
    parts: int,
    markers: NDArray[np.uint8],
    top: float,
    step: int,
    mask: int,
    codes: Codes,
) -> tuple[int, int]:
    clipped = 0
    first_bad = -1
    for sample in range(markers.shape[0]):
        beyond = False
        for part in range(parts):
            value = np.float64(values[sample * parts + part])
            wanted = np.rint(value * top)
            code = min(max(wanted, -top), top)
            if not abs(value) < np.inf:
                if first_bad < 0:
                    first_bad = sample
                code = 0.0
            beyond |= wanted != code
            # A negative code in two's complement: multiplied, not shifted, and its low bits are 0.
            word = np.int64(code) * step
            shown = np.int64(markers[sample])
            if parts == 2:
                shown = (shown >> part) & 1
            codes[sample * parts + part] = word | (shown & mask)
        clipped += beyond
    return clipped, first_bad


@njit(cache=True, nogil=True)
def _limit(values: Reals, parts: int, limited: NDArray[np.float32]) -> tuple[int, int]:
    clipped = 0
    first_bad = -1
    for sample in range(values.shape[0] // parts):
        beyond = False
        for part in range(parts):
            value = values[sample * parts + part]
            if not abs(value) < np.inf and first_bad < 0:
                first_bad = sample
            beyond |= abs(value) > 1.0
            limited[sample * parts + part] = min(max(value, np.float32(-1.0)), np.float32(1.0))
        clipped += beyond
    return clipped, first_bad
