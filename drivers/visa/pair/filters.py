"""The two filters between a digitizer's record and windows, and how long they ring.

The windows' spectrum fills half the sample rate to either side, so both filters are flat up to
0.5 of it. What lies beyond 0.625 of it is stopped; between the two, noise folds onto the outermost
eighth of the band. Lengths are in samples of the windows' rate.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

STOP_BAND_DB = 106.0
"""Of both filters; their ripple is as large."""

STOP_EDGE = 0.625
"""Of the windows' rate, on either side of the centre: nothing beyond comes through."""

_PASS_EDGE = 0.5
OVERSAMPLING = 2
"""Of the first filter's output."""

# What folds at the rate between the filters onto what the second one passes begins here.
_FIRST_STOP_EDGE = OVERSAMPLING - STOP_EDGE


def kaiser_low_pass(
    offset: NDArray[np.float64], pass_edge: float, stop_edge: float
) -> NDArray[np.float64]:
    """Evaluate the impulse response of a low-pass of unit gain, windowed after Kaiser.

    Parameters
    ----------
    offset : float64 array
        Time from its centre.
    pass_edge, stop_edge : float
        In cycles per unit of that time.

    Returns
    -------
    float64 array
        Per unit of time: a sum over samples ``d`` apart has to be multiplied by ``d``. Zero beyond
        :func:`kaiser_reach`.

    Notes
    -----
    Oppenheim and Schafer, Discrete-Time Signal Processing, 3rd edition, equations 7.72 to 7.76.
    """
    beta = 0.1102 * (STOP_BAND_DB - 8.7)
    inside = 1.0 - (offset / kaiser_reach(pass_edge, stop_edge)) ** 2
    taper = special.i0(beta * np.sqrt(np.clip(inside, 0.0, None))) / special.i0(beta)
    cut_off = pass_edge + stop_edge
    return np.where(inside > 0.0, cut_off * np.sinc(cut_off * offset) * taper, 0.0)


def kaiser_reach(pass_edge: float, stop_edge: float) -> float:
    """Return half the length of such a response, in the unit of time of its edges."""
    return (STOP_BAND_DB - 7.95) / (2.285 * 2.0 * math.pi * (stop_edge - pass_edge)) / 2.0


FIRST_REACH = kaiser_reach(_PASS_EDGE, _FIRST_STOP_EDGE)
SECOND_REACH = kaiser_reach(_PASS_EDGE, STOP_EDGE)


def second_filter() -> NDArray[np.float32]:
    """Return the taps of the filter that halves the rate, an odd number of them."""
    half = math.ceil(SECOND_REACH * OVERSAMPLING)
    offset = np.arange(-half, half + 1) / OVERSAMPLING
    taps = kaiser_low_pass(offset, _PASS_EDGE, STOP_EDGE)
    return np.asarray(taps / taps.sum(), np.float32)


def first_filter(rate_ratio: float, cycles: float) -> NDArray[np.float32]:
    """Tabulate the filter that brings a record down from its carrier and to twice the rate.

    Between the rows, which are phases of the record's samples, one interpolates linearly; there are
    as many as keep the error of that below the stop-band.

    Parameters
    ----------
    rate_ratio : float
        Rate of the record over that of the windows.
    cycles : float
        Carrier, in cycles per sample of the record; 0 leaves the record real.

    Returns
    -------
    float32 array, shape (phases + 1, parts, taps)
        Row r is for instants r / phases of a sample behind tap ``taps / 2 - 1``. One part without
        a carrier; with one, the second is the imaginary part, and both are twice as large, since a
        real carrier of amplitude 1 has a line of 1/2.
    """
    taps = 2 * math.ceil(FIRST_REACH * rate_ratio)
    # Linear interpolation of a sine of so many cycles a sample leaves (2 pi cycles / phases)^2 / 8.
    highest = cycles + _FIRST_STOP_EDGE / rate_ratio
    phases = math.ceil(
        2.0 * math.pi * highest / math.sqrt(8.0 * math.pow(10.0, -STOP_BAND_DB / 20.0))
    )
    row = np.arange(phases + 1)[:, np.newaxis] / phases
    offset = np.arange(1 - taps // 2, taps // 2 + 1)[np.newaxis, :] - row
    response = kaiser_low_pass(offset / rate_ratio, _PASS_EDGE, _FIRST_STOP_EDGE) / rate_ratio
    response /= response.sum(axis=1, keepdims=True)
    if cycles == 0.0:
        return np.ascontiguousarray(response[:, np.newaxis, :], np.float32)
    angle = -2.0 * np.pi * cycles * offset
    mixed = np.stack([np.cos(angle) * response, np.sin(angle) * response], axis=1)
    return np.ascontiguousarray(2.0 * mixed, np.float32)
