"""Reads waveform files of Rohde & Schwarz generators as the instrument does when it loads one."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.simulators.scpi.errors import ScpiError

# Tags are text up to the samples, of which only the number sign is certain to be none.
_WAVEFORM = re.compile(rb"\{WAVEFORM-(\d+):\s?#")
_TAG = re.compile(rb"\{([A-Z][A-Z0-9 _]*):\s?([^{}]*)\}")
_MARKERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class WvWaveform:
    """A waveform as it lies in the memory of the baseband.

    Parameters
    ----------
    codes : int16 array, shape (samples, 2)
        I and Q.
    clock_hz : float
        Sample rate.
    rms_offset_db, peak_offset_db : float
        Of the levels below full scale, as the file tells.
    markers : tuple of uint8 array, shape (samples,)
        Of the four marker traces.
    """

    codes: NDArray[np.int16]
    clock_hz: float
    rms_offset_db: float
    peak_offset_db: float
    markers: tuple[NDArray[np.uint8], ...]


def read_wv(data: memoryview, name: str) -> WvWaveform:
    """Read a file.

    Parameters
    ----------
    data : memoryview
        Its bytes.
    name : str
        For the error.

    Raises
    ------
    ScpiError
        -230: a tag is missing or wrong, or the samples are not as long as they should be.
    """
    found = _WAVEFORM.search(data)
    if found is None or bytes(data[:6]) != b"{TYPE:":
        raise ScpiError(-230, f"{name}: no waveform file")
    tags = {
        key.decode("ascii"): value.decode("latin-1")
        for key, value in _TAG.findall(bytes(data[: found.start()]))
    }
    samples_bytes = int(found.group(1)) - 1
    end = found.end() + samples_bytes
    if samples_bytes % 4 or samples_bytes == 0 or bytes(data[end : end + 1]) != b"}":
        raise ScpiError(-230, f"{name}: tag WAVEFORM is not as long as it says")
    if tags.get("TYPE", "").split(",")[0].strip() != "SMU-WV":
        raise ScpiError(-230, f"{name}: tag TYPE")
    codes = np.frombuffer(data[found.end() : end], "<i2").reshape(-1, 2)
    try:
        clock_hz = float(tags["CLOCK"])
        rms_db, peak_db = (float(part) for part in tags["LEVEL OFFS"].split(","))
        samples = int(tags.get("SAMPLES", len(codes)))
        markers = tuple(
            _trace(tags.get(f"MARKER LIST {number}", ""), len(codes))
            for number in range(1, _MARKERS + 1)
        )
    except (KeyError, ValueError) as error:
        raise ScpiError(-230, f"{name}: {error}") from error
    if samples != len(codes):
        raise ScpiError(-230, f"{name}: tag SAMPLES")
    return WvWaveform(codes, clock_hz, rms_db, peak_db, markers)


def _trace(listed: str, samples: int) -> NDArray[np.uint8]:
    """Make a trace of ``place:state`` pairs; each holds up to the next one."""
    entries = [entry.split(":") for entry in listed.split(";") if entry]
    places = np.array([int(place) for place, _ in entries], np.int64)
    states = np.array([int(state) for _, state in entries], np.int64)
    if not np.all((states >= 0) & (states <= 1)) or not np.all((places >= 0) & (places < samples)):
        raise ValueError("tag MARKER LIST")
    if np.any(np.diff(places) <= 0):
        raise ValueError("tag MARKER LIST is not in order")
    # Before the first entry it is low.
    edges = np.concatenate([[0], places, [samples]])
    held = np.concatenate([[0], states])
    return np.repeat(held, np.diff(edges)).astype(np.uint8)
