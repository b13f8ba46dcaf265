"""Waveform files of Rohde & Schwarz generators (.wv), made as they are sent.

A file is a row of tags in braces, of which the last one holds the samples: I and Q in turn, int16
little-endian, +-32767 (SMW200A user manual, "Tags for waveforms, data and control lists"). Levels
and markers stand before the samples, so that a waveform is walked through twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drivers.visa.generators.granularity import padded_chunks
from drivers.visa.generators.quantise import Codes, SampleFormat, quantise
from drivers.visa.instrument import WaveformSource

SAMPLE_FORMAT = SampleFormat(bits=16)
"""1.0 is 32767; -32768 is not used (same manual, tag WAVEFORM)."""

MARKERS = 2
"""How many of the four marker traces are written."""

_BYTES_PER_SAMPLE = 4
_LARGEST_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class WvSurvey:
    """What the tags tell of the samples.

    Parameters
    ----------
    samples : int
        Of the file, padding included.
    clipped_samples : int
        Beyond full scale, on I or on Q.
    rms_offset_db, peak_offset_db : float
        How far mean power and largest amplitude are below a carrier of full scale, to 0.01 dB:
        that is the step of the generator's level, which then meets full scale exactly.
    marker_changes : tuple of tuple of (int, int)
        For each marker, samples at which it changes, and to what; the first one is sample 0.
    """

    samples: int
    clipped_samples: int
    rms_offset_db: float
    peak_offset_db: float
    marker_changes: tuple[tuple[tuple[int, int], ...], ...]


def survey(source: WaveformSource, samples: int) -> WvSurvey:
    """Walk through a waveform for what its tags must tell.

    Parameters
    ----------
    source : WaveformSource
        Complex samples.
    samples : int
        Length of the file; what is beyond the source is zeros, which the levels count in.

    Raises
    ------
    DriverError
        The source has another length than it says, or samples that are no numbers.
    """
    energy = peak = walked = clipped = 0
    changes: list[list[tuple[int, int]]] = [[] for _ in range(MARKERS)]
    for chunk in padded_chunks(source, samples, largest=_LARGEST_CHUNK):
        codes, beyond = quantise(chunk, SAMPLE_FORMAT)
        chunk_energy, chunk_peak = _levels(codes)
        energy += int(chunk_energy)
        peak = max(peak, int(chunk_peak))
        clipped += beyond
        for bit, found in enumerate(changes):
            _add_changes(found, chunk.markers, bit, walked)
        walked += chunk.markers.size
    return WvSurvey(
        samples=samples,
        clipped_samples=clipped,
        rms_offset_db=_below_full_scale_db(energy / samples),
        peak_offset_db=_below_full_scale_db(peak),
        marker_changes=tuple(tuple(found) for found in changes),
    )


def header(surveyed: WvSurvey, clock_hz: float) -> bytes:
    """Give all that stands before the samples.

    Parameters
    ----------
    surveyed : WvSurvey
        Of :func:`survey`.
    clock_hz : float
        Sample rate.
    """
    samples = surveyed.samples
    tags = [
        "TYPE: SMU-WV,0",
        f"CLOCK: {clock_hz!r}",
        f"LEVEL OFFS: {surveyed.rms_offset_db:.2f},{surveyed.peak_offset_db:.2f}",
        f"SAMPLES: {samples}",
        # As long as the waveform, or the markers would repeat with a period of their own.
        f"CONTROL LENGTH: {samples}",
    ]
    for number, changes in enumerate(surveyed.marker_changes, 1):
        listed = ";".join(f"{place}:{state}" for place, state in changes)
        tags.append(f"MARKER LIST {number}: {listed}")
    text = "".join(f"{{{tag}}}" for tag in tags)
    # The length counts the number sign.
    return f"{text}{{WAVEFORM-{samples * _BYTES_PER_SAMPLE + 1}: #".encode("ascii")


def file_size(surveyed: WvSurvey, clock_hz: float) -> int:
    """Give the bytes of the whole file."""
    return len(header(surveyed, clock_hz)) + surveyed.samples * _BYTES_PER_SAMPLE + 1


def file_blocks(
    source: WaveformSource, surveyed: WvSurvey, clock_hz: float
) -> Iterator[bytes | Codes]:
    """Make the file, piece by piece.

    Parameters
    ----------
    source : WaveformSource
        The one that was surveyed.
    surveyed : WvSurvey
        What :func:`survey` found.
    clock_hz : float
        Sample rate.

    Yields
    ------
    bytes or int16 array
        In all :func:`file_size` bytes.

    Raises
    ------
    DriverError
        The source has another length than before.
    """
    yield header(surveyed, clock_hz)
    for chunk in padded_chunks(source, surveyed.samples, largest=_LARGEST_CHUNK):
        codes, _ = quantise(chunk, SAMPLE_FORMAT)
        yield codes
    yield b"}"


def _add_changes(
    found: list[tuple[int, int]], markers: NDArray[np.uint8], bit: int, first: int
) -> None:
    states = ((markers >> bit) & 1).astype(np.int8)
    before = found[-1][1] if found else -1
    at = np.flatnonzero(np.diff(states, prepend=np.int8(before)))
    found.extend((first + int(place), int(states[place])) for place in at)


def _below_full_scale_db(power: float) -> float:
    """Give decibels below full scale of a power in squared codes; 0 for no power at all."""
    if power == 0.0:
        return 0.0
    decibels = -10.0 * math.log10(power / SAMPLE_FORMAT.full_scale_code**2)
    # A negative zero would print as one.
    return round(decibels, 2) + 0.0


@njit(cache=True, nogil=True)
def _levels(codes: Codes) -> tuple[np.int64, np.int64]:
    """Add up squared amplitudes of I and Q in turn, in whole numbers, and find the largest."""
    energy = np.int64(0)
    peak = np.int64(0)
    for n in range(0, codes.size, 2):
        i = np.int64(codes[n])
        q = np.int64(codes[n + 1])
        squared = i * i + q * q
        energy += squared
        if squared > peak:
            peak = squared
    return energy, peak
