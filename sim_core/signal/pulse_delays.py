"""Delays, pulse by pulse, as a synthesis of echoes needs them: small numbers, no cancellation."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sim_core.geometry.delay_function import DelayFunction
from sim_core.signal.pulse_schedule import PulseSchedule

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PulseDelays:
    """Where the echo of one target lies in each window.

    Parameters
    ----------
    window_offset_s : ndarray of float64, shape (pulses,)
        Leading edge of an unstretched echo after the window's first sample.
    carrier_cycles : ndarray of float64, shape (pulses,)
        Phase of the carrier at the pulse's centre, less some whole cycles.
    rate : ndarray of float64, shape (pulses,)
        First derivative of the delay at the pulse's centre.
    acceleration : ndarray of float64, shape (pulses,)
        Second derivative, in 1/s.
    """

    window_offset_s: FloatArray
    carrier_cycles: FloatArray
    rate: FloatArray
    acceleration: FloatArray


def pulse_delays(
    schedule: PulseSchedule,
    history: DelayFunction,
    carrier_hz: float,
    envelope_lag_s: float = 0.0,
) -> PulseDelays:
    """Refer the delays of one target to the windows of a schedule.

    Parameters
    ----------
    schedule : PulseSchedule
        Transmit ticks and receive windows.
    history : DelayFunction
        Two-way delay of the target.
    carrier_hz : float
        Carrier of the radar.
    envelope_lag_s : float
        How much later than the history, which is that of the carrier's phase, the envelope comes.

    Returns
    -------
    PulseDelays
    """
    slow_time_s = schedule.slow_time_s()
    wait_ticks = schedule.window_start_tick - schedule.transmit_tick
    first_wait_s = Fraction(int(wait_ticks[0])) / Fraction(schedule.sample_rate_hz)
    relative_s = history.relative_delay_s(slow_time_s, first_wait_s)
    reference_cycles = float((Fraction(carrier_hz) * first_wait_s) % 1)
    return PulseDelays(
        window_offset_s=(relative_s + envelope_lag_s)
        - (wait_ticks - wait_ticks[0]) / schedule.sample_rate_hz,
        carrier_cycles=-(reference_cycles + carrier_hz * relative_s),
        rate=history.delay_rate(slow_time_s),
        acceleration=history.delay_acceleration(slow_time_s),
    )
