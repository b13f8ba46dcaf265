"""Markers of a generator: edges with a rise time, whose crossings are known without a sample."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _level_at(
    at: float, times: NDArray[np.float64], signs: NDArray[np.int8], spread: float
) -> float:
    """Value of a marker of unit height; ``times`` of its edges ascend and the first one rises."""
    reach = 6.0 * spread
    first = np.searchsorted(times, at - reach)
    last = np.searchsorted(times, at + reach)
    # An even number of edges is over: the marker is low.
    value = float(first % 2)
    for k in range(first, last):
        value += signs[k] * 0.5 * math.erfc(-(at - times[k]) / (spread * math.sqrt(2.0)))
    return value


@njit(cache=True, nogil=True)
def add_marker(
    times: NDArray[np.float64],
    signs: NDArray[np.int8],
    spread_s: float,
    start_s: float,
    interval_s: float,
    gain: float,
    out: NDArray[np.float32],
) -> None:
    """Add a marker's voltage at a series of instants.

    Parameters
    ----------
    times : float64 array, shape (edges,)
        Of its edges, ascending, s; the first one rises.
    signs : int8 array, shape (edges,)
        1 for those that rise, -1 for those that fall.
    spread_s : float
        Standard deviation of an edge, which is an error function; above 0.
    start_s, interval_s : float
        First instant, and from one to the next.
    gain : float
        Its high level, V.
    out : float32 array
        What is added to.
    """
    for n in range(out.size):
        out[n] += np.float32(gain * _level_at(start_s + n * interval_s, times, signs, spread_s))


@njit(cache=True, nogil=True)
def marker_crossings(
    times: NDArray[np.float64],
    signs: NDArray[np.int8],
    spread_s: float,
    level: float,
    rising: bool,
) -> NDArray[np.float64]:
    """Find where a marker of unit height crosses a level.

    Parameters
    ----------
    times, signs, spread_s
        As in :func:`add_marker`.
    level : float
        Of its height.
    rising : bool
        Crossings upwards, or those downwards.

    Returns
    -------
    float64 array
        Ascending, s. A pulse too short to reach the level has none.
    """
    found = np.empty(times.size, np.float64)
    count = 0
    wanted = 1 if rising else -1
    for k in range(times.size):
        if signs[k] != wanted:
            continue
        low = times[k] - 6.0 * spread_s
        high = times[k] + 6.0 * spread_s
        # Midway between two edges a marker is at its lowest or highest.
        if k > 0:
            low = max(low, 0.5 * (times[k - 1] + times[k]))
        if k + 1 < times.size:
            high = min(high, 0.5 * (times[k] + times[k + 1]))
        below = wanted * (_level_at(low, times, signs, spread_s) - level)
        above = wanted * (_level_at(high, times, signs, spread_s) - level)
        if below > 0.0 or above <= 0.0:
            continue
        for _ in range(60):
            middle = 0.5 * (low + high)
            if wanted * (_level_at(middle, times, signs, spread_s) - level) > 0.0:
                high = middle
            else:
                low = middle
        found[count] = 0.5 * (low + high)
        count += 1
    return found[:count]


def marker_edges(
    levels: NDArray[np.bool_] | NDArray[np.uint8], sample_rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return times and directions of a marker's edges; it is low before and after.

    Parameters
    ----------
    levels : bool or uint8 array, shape (samples,)
        High where not zero, each for one sample from its instant on.
    sample_rate_hz : float
        Theirs.
    """
    changes: list[NDArray[np.int64]] = []
    before = False
    for first in range(0, levels.size, 1 << 22):
        high = levels[first : first + (1 << 22)] != 0
        changes.append(np.flatnonzero(np.diff(high, prepend=np.bool_(before))) + first)
        before = bool(high[-1])
    if before:
        changes.append(np.array([levels.size]))
    edges = np.concatenate(changes) if changes else np.empty(0, np.int64)
    signs = np.where(np.arange(edges.size) % 2 == 0, 1, -1).astype(np.int8)
    return edges / sample_rate_hz, signs
