"""What each pulse counts for in the sum over the aperture.

All three ways of focusing add up the pulses. The sum stands for an integral over the aperture, and
a pulse for the time about it: half of the interval to either neighbour. With even pulses these
shares are all one. Pulses that are missing, flagged or dithered leave uneven intervals, whose
shares keep the response that of the whole aperture. Over a real gap there is nothing to integrate:
it stays empty, and the response is that of the aperture with a hole.
"""

import numpy as np
import numpy.typing as npt

from sim_core.errors import FocusingError
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.signal.window import Window

# Intervals longer than this, in median intervals, are gaps. One lost pulse makes two and is
# bridged, since what is left of a point near its own peak turns slowly; two make three, and are
# not, lest single pulses beside long gaps count for many.
_GAP_INTERVALS = 2.5


def pulse_weights(
    reference: Reference, window: Window, pulse_valid: npt.NDArray[np.bool_] | None = None
) -> FloatArray:
    """Weigh the pulses: taper over the aperture's Doppler band times share of the aperture.

    Every point is lit by the same pulses, so a taper over the pulses treats all points alike; one
    over the azimuth spectrum would be off the centre of the bands of all points but the reference.
    The azimuth spectrum inherits the taper, since time and frequency follow each other. With the
    places ``u = reference.place_in_band(slow_time_s)`` a point's azimuth response at x cells is
    ``sum(weight exp(2j pi u x)) / sum(weight)``.

    Parameters
    ----------
    reference : Reference
        The reference point.
    window : Window
        Taper; its position is the Doppler frequency of the reference at the pulse.
    pulse_valid : ndarray of bool, shape (pulses,), optional
        False for pulses that are missing or not to be used.

    Returns
    -------
    ndarray of float64, shape (pulses,)
        Zero for pulses that are not valid.

    Raises
    ------
    FocusingError
        If the mask is not one value for each pulse, or leaves fewer than two of them.
    """
    slow_time_s = reference.aperture.slow_time_s
    weight = window.weight(reference.place_in_band(slow_time_s))
    valid = np.ones(slow_time_s.size, np.bool_) if pulse_valid is None else np.asarray(pulse_valid)
    if valid.shape != slow_time_s.shape or valid.dtype != np.bool_:
        raise FocusingError(
            f"a mask of pulses of type {valid.dtype} and shape {valid.shape} does not fit "
            f"{slow_time_s.size} pulses",
            "give one bool for each pulse of the schedule",
        )
    if np.count_nonzero(valid) < 2:
        raise FocusingError(
            f"{np.count_nonzero(valid)} of {valid.size} pulses are valid, which span no aperture",
            "record again, or use pulses that were flagged",
        )
    share = np.zeros(slow_time_s.size)
    share[valid] = aperture_shares(slow_time_s[valid])
    return np.asarray(weight * share)


def aperture_shares(slow_time_s: FloatArray) -> FloatArray:
    """Return the part of the aperture that each pulse stands for, in median intervals.

    Parameters
    ----------
    slow_time_s : ndarray of float64, shape (pulses,)
        Rising times of the pulses that are used.

    Returns
    -------
    ndarray of float64, shape (pulses,)
        Half the sum of the intervals to either neighbour; beyond an end, and on the side of a gap,
        one interval.
    """
    interval_s = np.diff(slow_time_s)
    usual_s = float(np.median(interval_s))
    half = 0.5 * np.where(interval_s > _GAP_INTERVALS * usual_s, 1.0, interval_s / usual_s)
    share = np.zeros(slow_time_s.size)
    share[:-1] += half
    share[1:] += half
    share[[0, -1]] += 0.5
    return share


def gapless_interval_s(slow_time_s: FloatArray) -> float:
    """Return the mean interval of pulses, gaps apart.

    Parameters
    ----------
    slow_time_s : ndarray of float64, shape (pulses,)
        Rising times of the pulses.
    """
    interval_s = np.diff(slow_time_s)
    return float(np.mean(interval_s[interval_s <= _GAP_INTERVALS * np.median(interval_s)]))
