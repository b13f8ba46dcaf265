"""Which delays an image keeps, and how they are cut into blocks that fit a bound on memory."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import Waveform

# Gates on either side that fade out what is cut off, so that later shifts in range do not ring.
_GUARD_GATES = 32
# Columns that are kept at least, in cells: what the measurement of a central point looks at.
_LEAST_CELLS = 144.0
# Columns that a block has at least: below, most of its gates would be margins.
_LEAST_BLOCK_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class RangeGates:
    """Delays that are kept, in sample ticks.

    Parameters
    ----------
    first_column, columns : int
        Columns of the image, counted from the reference point's delay.
    first_gate, gates : int
        Gates of the compressed rows, counted from the frame; they hold the columns of all pulses
        and margins for shifts in range. `gates` is the length of the FFTs to come.
    fade : int
        Gates on either side that are faded out.
    full_range_s : tuple of float
        Delays against the reference of which every window held the whole echo.
    reach : tuple of int
        How far below and above its column a point may lie in the frame, in gates.
    """

    first_column: int
    columns: int
    first_gate: int
    gates: int
    fade: int
    full_range_s: tuple[float, float]
    reach: tuple[int, int] = (0, 0)

    def columns_s(self, sample_rate_hz: float) -> FloatArray:
        """Return the delay against the reference of each column."""
        return (self.first_column + np.arange(self.columns)) / sample_rate_hz

    def fading(self, oversampling: int = 1) -> npt.NDArray[np.float32]:
        """Return the factor of each gate: 1, and a rise from and a fall to zero at the ends."""
        factor = np.ones(self.gates)
        if self.fade:
            rise = np.sin(0.5 * np.pi * (np.arange(self.fade) + 0.5) / self.fade) ** 2
            factor[: self.fade] = rise
            factor[-self.fade :] = rise[::-1]
        return np.repeat(factor, oversampling).astype(np.float32)


def plan_gates(
    schedule: PulseSchedule,
    waveform: Waveform,
    reference: Reference,
    frame_s: FloatArray,
    chain_delay_s: float,
    *,
    walk_s: tuple[float, float] = (0.0, 0.0),
    extent_s: tuple[float, float] | None = None,
) -> RangeGates:
    """Choose the range gates to keep.

    Parameters
    ----------
    schedule : PulseSchedule
        Pulses and receive windows.
    waveform : Waveform
        Transmitted pulse.
    reference : Reference
        The reference point.
    frame_s : ndarray of float64, shape (pulses,)
        The frame's delay at each pulse, beyond the reference's base.
    chain_delay_s : float
        Known delay of the chain.
    walk_s : tuple of float
        How far below and above the reference's motion in the frame other points may move.
    extent_s : tuple of float, optional
        First and last delay that is wanted; without it all that the windows hold.

    Returns
    -------
    RangeGates

    Raises
    ------
    FocusingError
        If no delay that is wanted has its whole echo in all windows, or the samples are too sparse
        for the band.
    """
    rate = schedule.sample_rate_hz
    if rate < waveform.bandwidth_hz:
        raise FocusingError(
            f"a sample rate of {rate:g} Hz does not hold a bandwidth of "
            f"{waveform.bandwidth_hz:g} Hz",
            f"sample at {1.2 * waveform.bandwidth_hz:g} Hz or above",
        )
    delay = reference.pulse_delay_s() * rate
    # Each window's first sample against the reference's echo, in ticks.
    window_start = (schedule.window_start_tick - schedule.transmit_tick - reference.base_tick) - (
        delay + chain_delay_s * rate
    )
    gates_in_window = schedule.window_samples - waveform.sample_count(rate)
    lowest = float(np.max(window_start))
    highest = float(np.min(window_start)) + gates_in_window
    first_column, last_column = math.ceil(lowest - 1e-6), math.floor(highest + 1e-6)
    if last_column < first_column:
        raise FocusingError(
            f"windows of {schedule.window_samples} samples that start between "
            f"{float(np.min(window_start)):.0f} and {lowest:.0f} ticks from the reference's echo "
            f"have no delay in common whose echo of {waveform.sample_count(rate)} samples they "
            "hold",
            "let the windows follow the reference's echo, or lengthen them",
        )
    if extent_s is not None:
        first_column = max(first_column, math.floor(extent_s[0] * rate))
        last_column = min(last_column, math.ceil(extent_s[1] * rate))
        if last_column < first_column:
            raise FocusingError(
                f"an image from {extent_s[0]:g} to {extent_s[1]:g} s of delay lies outside of what "
                f"the receive windows hold, {lowest / rate:g} to {highest / rate:g} s",
                "move the image, or the windows",
            )
    length = scipy.fft.next_fast_len(schedule.window_samples)
    least = math.ceil(_LEAST_CELLS * rate / waveform.bandwidth_hz)
    lacking = max(0, min(least, length) - (last_column - first_column + 1))
    first_column -= lacking // 2
    last_column += lacking - lacking // 2
    # The reference moves in the frame; the columns move with it.
    residual = delay - frame_s * rate
    reach = (
        math.floor(float(np.min(residual)) + walk_s[0] * rate),
        math.ceil(float(np.max(residual)) + walk_s[1] * rate),
    )
    full_range_s = (lowest / rate, highest / rate)
    columns = last_column - first_column + 1
    gates = _about(first_column, columns, reach, full_range_s)
    if gates.gates < length:
        return gates
    # The matched filter's own circle is no longer than what is wanted: keep all of it.
    first_gate = first_column + reach[0] - _GUARD_GATES
    spare = length - (columns + reach[1] - reach[0] + 2 * _GUARD_GATES)
    first_gate += math.ceil(-spare / 2) if spare < 0 else -(spare // 2)
    return RangeGates(
        first_column, min(columns, length), first_gate, length, 0, full_range_s, reach
    )


def split_gates(gates: RangeGates, most_gates: int) -> list[RangeGates]:
    """Cut range gates into blocks that are focused one by one.

    Parameters
    ----------
    gates : RangeGates
        All gates.
    most_gates : int
        Gates that a block may have.

    Returns
    -------
    list of RangeGates
        Blocks whose columns follow each other. Each has margins of its own, so that neighbours
        share gates.

    Raises
    ------
    FocusingError
        If a block of so few gates would be nothing but margins.
    """
    if gates.gates <= most_gates:
        return [gates]
    margin = gates.reach[1] - gates.reach[0] + 2 * _GUARD_GATES
    most_columns = (scipy.fft.prev_fast_len(most_gates) if most_gates > 0 else 0) - margin
    if most_columns < min(_LEAST_BLOCK_COLUMNS, gates.columns):
        raise FocusingError(
            f"the bound on memory holds {most_gates} range gates, of which {margin} are margins",
            f"raise memory_bytes {(margin + _LEAST_BLOCK_COLUMNS) / max(most_gates, 1):.2g} times "
            "at least",
        )
    blocks = math.ceil(gates.columns / most_columns)
    edges = [gates.columns * block // blocks for block in range(blocks + 1)]
    return [
        _about(gates.first_column + first, last - first, gates.reach, gates.full_range_s)
        for first, last in itertools.pairwise(edges)
    ]


def joined_gates(blocks: list[RangeGates]) -> RangeGates:
    """Return gates that hold those of all blocks, without fading any."""
    first = min(block.first_gate for block in blocks)
    last = max(block.first_gate + block.gates for block in blocks)
    return RangeGates(
        blocks[0].first_column,
        sum(block.columns for block in blocks),
        first,
        last - first,
        0,
        blocks[0].full_range_s,
        blocks[0].reach,
    )


def _about(
    first_column: int, columns: int, reach: tuple[int, int], full_range_s: tuple[float, float]
) -> RangeGates:
    """Put margins about columns, to a length that is fast to transform."""
    wanted = columns + reach[1] - reach[0] + 2 * _GUARD_GATES
    gates = scipy.fft.next_fast_len(wanted)
    margin = (gates - wanted) // 2
    return RangeGates(
        first_column,
        columns,
        first_column + reach[0] - _GUARD_GATES - margin,
        gates,
        _GUARD_GATES + margin,
        full_range_s,
        reach,
    )
