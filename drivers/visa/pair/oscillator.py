"""The phase of a carrier at any sample, without an angle that grows.

A phase is 64 bits of a cycle, and wraps by itself. What rounding the step leaves is 3e-10 cycles
after 1e10 samples, and nothing where the carrier is a binary fraction of the rate.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

CYCLE = 1 << 64
"""One cycle."""

RADIANS = 2.0 * np.pi / CYCLE
"""Of a phase of 1."""

# A carrier is turned by a table from one exact phase to the next, so many samples on.
_TURNS = 256


def phase_step(frequency_hz: float, rate_hz: float) -> int:
    """Return how far the phase of a carrier moves from one sample to the next, modulo a cycle.

    Parameters
    ----------
    frequency_hz, rate_hz : float
        Of the carrier and of the samples; taken as the binary fractions that they are.
    """
    return round(Fraction(frequency_hz) / Fraction(rate_hz) * CYCLE) % CYCLE


def phase_at(step: int, sample: int) -> int:
    """Return the phase at a sample, which may be negative."""
    return step * sample % CYCLE


def turns_of(step: int) -> NDArray[np.complex128]:
    """Tabulate how far the carrier turns in 0, 1, 2... samples.

    Parameters
    ----------
    step : int
        Of :func:`phase_step`.

    Returns
    -------
    complex128 array
        Phasors; beyond its length begin again from an exact phase.
    """
    phases = np.array([phase_at(step, n) for n in range(_TURNS)], np.uint64)
    return np.asarray(np.exp(1j * (RADIANS * phases.astype(np.float64))))
