"""Range compression into a frame that moves smoothly with the echo.

Each pulse has its own receive window. Range compression takes the windows to one common frame, a
delay ``F(t)`` that follows the reference point linearly (range-Doppler) or exactly (de-ramping).
After it a point of delay history tau is, at range frequency f and slow time t,

    exp(-2j pi (f + f_c) (tau(t) - F(t)))

of which the large numbers are gone: they were removed as whole ticks, modulo one cycle.
Motion inside the pulse: the echo's Doppler frequency (up to 61 kHz) would shift a chirp's peak by
f_D / K (6 ns, half a range cell), so the reference's is taken out before the matched filter. The
stretch of the chirp is left in: 5.3e-6 of the chirp rate is 2.7e-3 rad at the ends of the pulse.
Formulas: docs/algorithms/range-doppler.md.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.focusing.window import Window
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import LinearChirp

ComplexRows = npt.NDArray[np.complex64]
Progress = Callable[[float], None]
"""Called with the fraction done, 0 to 1."""

# Gates on either side that fade out what is cut off, so that later shifts in range do not ring.
_GUARD_GATES = 32
# Columns that are kept at least, in cells: what the measurement of a central point looks at.
_LEAST_CELLS = 144.0
# Samples of a block of pulses: 2 MiB of complex64, what one core's cache holds.
_BLOCK_SAMPLES = 1 << 18


class SampleSource(Protocol):
    """Recorded samples by pulse, such as a recording."""

    def read(self, first: int, count: int) -> ComplexRows:
        """Return pulses as complex64 of unit full scale, shape (count, window_samples)."""


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
    """

    first_column: int
    columns: int
    first_gate: int
    gates: int
    fade: int
    full_range_s: tuple[float, float]


def plan_gates(
    schedule: PulseSchedule,
    waveform: LinearChirp,
    reference: Reference,
    frame_s: FloatArray,
    chain_delay_s: float,
) -> RangeGates:
    """Choose the range gates to keep.

    Parameters
    ----------
    schedule : PulseSchedule
        Pulses and receive windows.
    waveform : LinearChirp
        Transmitted pulse.
    reference : Reference
        The reference point.
    frame_s : ndarray of float64, shape (pulses,)
        The frame's delay at each pulse, beyond the reference's base.
    chain_delay_s : float
        Known delay of the chain.

    Returns
    -------
    RangeGates

    Raises
    ------
    FocusingError
        If no delay has its whole echo in all windows, or the samples are too sparse for the band.
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
    length = scipy.fft.next_fast_len(schedule.window_samples)
    least = math.ceil(_LEAST_CELLS * rate / waveform.bandwidth_hz)
    lacking = max(0, min(least, length) - (last_column - first_column + 1))
    first_column -= lacking // 2
    last_column += lacking - lacking // 2
    # The reference moves in the frame; the columns move with it.
    residual = delay - frame_s * rate
    first_gate = first_column + math.floor(float(np.min(residual))) - _GUARD_GATES
    last_gate = last_column + math.ceil(float(np.max(residual))) + _GUARD_GATES
    wanted = last_gate - first_gate + 1
    gates = scipy.fft.next_fast_len(wanted)
    if gates >= length:
        # The matched filter's own circle is no longer than what is wanted: keep all of it.
        spare = length - wanted
        return RangeGates(
            first_column,
            min(last_column - first_column + 1, length),
            first_gate + math.ceil(-spare / 2) if spare < 0 else first_gate - spare // 2,
            length,
            0,
            (lowest / rate, highest / rate),
        )
    margin = (gates - wanted) // 2
    return RangeGates(
        first_column,
        last_column - first_column + 1,
        first_gate - margin,
        gates,
        _GUARD_GATES + margin,
        (lowest / rate, highest / rate),
    )


def compress_range(
    source: SampleSource,
    schedule: PulseSchedule,
    waveform: LinearChirp,
    reference: Reference,
    frame_s: FloatArray,
    pulse_weight: FloatArray,
    gates: RangeGates,
    window: Window,
    chain_delay_s: float,
    progress: Progress,
) -> ComplexRows:
    """Compress all pulses in range and bring them into a common frame.

    Parameters
    ----------
    source : SampleSource
        Recorded samples.
    schedule : PulseSchedule
        Pulses and receive windows.
    waveform : LinearChirp
        Transmitted pulse, the replica of the matched filter.
    reference : Reference
        The reference point, whose Doppler frequency inside the pulse is taken out.
    frame_s : ndarray of float64, shape (pulses,)
        The frame's delay at each pulse, beyond the reference's base.
    pulse_weight : ndarray of float64, shape (pulses,)
        Real factor for each pulse: azimuth taper and scale.
    gates : RangeGates
        Delays to keep.
    window : Window
        Taper over the band ``|f| < B/2``; without one the matched filter is left as it is, skirts
        outside of the band included.
    chain_delay_s : float
        Known delay of the chain, taken out of the envelope. The carrier's phase stays: what a
        laboratory's chain does to it at baseband is a constant that calibration measures.
    progress : callable
        Called with the fraction done.

    Returns
    -------
    ndarray of complex64, shape (gates, pulses)
        Range *spectra* of the kept gates in FFT order of the range frequency, a row for each
        frequency. The compressed pulse of a unit point has peak 1 in the range domain.
    """
    rate = schedule.sample_rate_hz
    length = scipy.fft.next_fast_len(schedule.window_samples)
    matched = matched_filter(waveform, rate, length, window)
    motion_step, motion_start = _motion_phase(schedule, reference, waveform, chain_delay_s)
    shift = (
        (reference.base_tick - (schedule.window_start_tick - schedule.transmit_tick))
        + gates.first_gate
        + (frame_s + chain_delay_s) * rate
    )
    shift_step = np.mod(shift, length) / length
    cycles = np.mod(reference.base_phase_cycles + np.mod(reference.carrier_hz * frame_s, 1.0), 1.0)
    carrier = (pulse_weight * np.exp(2j * np.pi * cycles)).astype(np.complex64)
    fade = _fade(gates)
    spectra = np.empty((gates.gates, schedule.pulses), dtype=np.complex64)

    def blocks() -> Iterator[tuple[slice, ComplexRows]]:
        for pulses in parts:
            received = source.read(pulses.start, pulses.stop - pulses.start)
            expected = (pulses.stop - pulses.start, schedule.window_samples)
            if received.shape != expected:
                raise FocusingError(
                    f"the samples of pulses {pulses.start} to {pulses.stop - 1} have the shape "
                    f"{received.shape}, the schedule says {expected}",
                    "give the schedule that belongs to these samples",
                )
            yield pulses, received

    def work(block: tuple[slice, ComplexRows]) -> None:
        pulses, received = block
        rows = np.empty((received.shape[0], length), dtype=np.complex64)
        _remove_motion(received, motion_step[pulses], motion_start[pulses], rows)
        rows = scipy.fft.fft(rows, axis=1, overwrite_x=True)
        _match_and_shift(rows, matched, shift_step[pulses])
        rows = scipy.fft.ifft(rows, axis=1, overwrite_x=True)
        kept = np.empty((rows.shape[0], gates.gates), dtype=np.complex64)
        _keep_gates(rows, fade, carrier[pulses], kept)
        kept = scipy.fft.fft(kept, axis=1, overwrite_x=True)
        transpose(kept, spectra[:, pulses])

    # Multiples of 16 pulses keep the stores of two threads in different cache lines.
    parts = slices(schedule.pulses, max(16, _BLOCK_SAMPLES // length // 16 * 16))
    run_blocks(blocks(), work, lambda done: progress(done / len(parts)))
    return spectra


def matched_filter(
    waveform: LinearChirp, sample_rate_hz: float, length: int, window: Window
) -> ComplexRows:
    """Return the matched filter's spectrum, normalised to a peak of 1 for a unit echo.

    Parameters
    ----------
    waveform : LinearChirp
        Transmitted pulse.
    sample_rate_hz : float
        Rate of the samples.
    length : int
        Length of the FFT.
    window : Window
        Taper over the band.

    Returns
    -------
    ndarray of complex64, shape (length,)
        In FFT order.
    """
    replica = waveform.replica(sample_rate_hz).astype(np.complex128)
    spectrum = scipy.fft.fft(replica, length)
    position = scipy.fft.fftfreq(length, 1.0 / sample_rate_hz) / waveform.bandwidth_hz
    weight = np.ones(length) if window.name == "none" else window.weight(position)
    peak = float(np.mean(weight * np.abs(spectrum) ** 2))
    result: ComplexRows = (weight / peak * np.conj(spectrum)).astype(np.complex64)
    return result


def align_and_crop(
    spectra: ComplexRows,
    image: ComplexRows,
    rows: slice,
    first: int,
    phase_cycles: FloatArray,
    factor: npt.NDArray[np.complex64],
) -> None:
    """Apply a phase polynomial in range frequency, go back to range, and keep the columns.

    Parameters
    ----------
    spectra : ndarray of complex64, shape (gates, rows)
        Range spectra, a row for each range frequency in FFT order.
    image : ndarray of complex64, shape (columns, rows)
        Where the columns go; may be the first rows of `spectra` itself.
    rows : slice
        Which rows (Doppler bins or lags) to treat.
    first : int
        Gate that becomes the first column.
    phase_cycles : ndarray of float64, shape (3, rows)
        Coefficients of the phase in cycles: of k, k^2 and k^3 with k the number of the frequency
        bin, negative below zero frequency.
    factor : ndarray of complex64, shape (rows,)
        Factor for each row, the azimuth matched filter.
    """
    block = np.empty((rows.stop - rows.start, spectra.shape[0]), dtype=np.complex64)
    transpose(spectra[:, rows], block)
    _phase_polynomial(block, phase_cycles[:, rows])
    block = np.asarray(scipy.fft.ifft(block, axis=1, overwrite_x=True), dtype=np.complex64)
    _store_columns(block, first, factor[rows], image[:, rows])


def _motion_phase(
    schedule: PulseSchedule, reference: Reference, waveform: LinearChirp, chain_delay_s: float
) -> tuple[FloatArray, FloatArray]:
    """Return cycles per sample, and at the first sample, of the phase that stops the reference.

    The phase is zero where the centre of the reference's pulse is received.
    """
    rate = schedule.sample_rate_hz
    delay_rate = reference.delay_rate(reference.aperture.slow_time_s)
    doppler_cycles = reference.carrier_hz * delay_rate / (1.0 + delay_rate) / rate
    centre = (schedule.transmit_tick - schedule.window_start_tick + reference.base_tick) + (
        reference.pulse_delay_s() + 0.5 * waveform.duration_s + chain_delay_s
    ) * rate
    return doppler_cycles, -doppler_cycles * centre


def _fade(gates: RangeGates) -> npt.NDArray[np.float32]:
    fade = np.ones(gates.gates)
    if gates.fade:
        rise = np.sin(0.5 * np.pi * (np.arange(gates.fade) + 0.5) / gates.fade) ** 2
        fade[: gates.fade] = rise
        fade[-gates.fade :] = rise[::-1]
    return fade.astype(np.float32)


@numba.njit(cache=True, nogil=True)
def _remove_motion(
    received: ComplexRows, step: FloatArray, start: FloatArray, rows: ComplexRows
) -> None:
    for n in range(received.shape[0]):
        # Double: the phase runs over hundreds of samples.
        turn = np.exp(2j * np.pi * step[n])
        phasor = np.exp(2j * np.pi * start[n])
        for m in range(received.shape[1]):
            rows[n, m] = received[n, m] * np.complex64(phasor)
            phasor *= turn
        rows[n, received.shape[1] :] = 0.0


@numba.njit(cache=True, nogil=True)
def _match_and_shift(rows: ComplexRows, matched: ComplexRows, step: FloatArray) -> None:
    length = rows.shape[1]
    positive = (length + 1) // 2
    for n in range(rows.shape[0]):
        turn = np.exp(2j * np.pi * step[n])
        phasor = 1.0 + 0.0j
        for k in range(positive):
            rows[n, k] *= matched[k] * np.complex64(phasor)
            phasor *= turn
        phasor = np.exp(-2j * np.pi * step[n] * (length - positive))
        for k in range(positive, length):
            rows[n, k] *= matched[k] * np.complex64(phasor)
            phasor *= turn


@numba.njit(cache=True, nogil=True)
def _keep_gates(
    rows: ComplexRows,
    fade: npt.NDArray[np.float32],
    carrier: ComplexRows,
    kept: ComplexRows,
) -> None:
    for n in range(rows.shape[0]):
        for g in range(kept.shape[1]):
            kept[n, g] = rows[n, g] * fade[g] * carrier[n]


@numba.njit(cache=True, nogil=True)
def transpose(source: ComplexRows, target: ComplexRows) -> None:
    """Copy a transposed array in tiles of one cache line by sixteen."""
    rows, columns = source.shape
    for first in range(0, rows, 16):
        last = min(first + 16, rows)
        for column in range(columns):
            for row in range(first, last):
                target[column, row] = source[row, column]


@numba.njit(cache=True, nogil=True)
def _phase_polynomial(block: ComplexRows, cycles: FloatArray) -> None:
    length = block.shape[1]
    negative = length // 2
    for n in range(block.shape[0]):
        a, b, c = cycles[0, n], cycles[1, n], cycles[2, n]
        k = -float(negative)
        # Differences of the polynomial turn a phasor that turns a phasor that turns a phasor.
        value = np.exp(2j * np.pi * ((c * k + b) * k + a) * k)
        first = np.exp(2j * np.pi * (a + b * (2.0 * k + 1.0) + c * (3.0 * k * (k + 1.0) + 1.0)))
        second = np.exp(2j * np.pi * (2.0 * b + 6.0 * c * (k + 1.0)))
        third = np.exp(2j * np.pi * 6.0 * c)
        for m in range(length):
            place = m - negative
            if place < 0:
                place += length
            block[n, place] *= np.complex64(value)
            value *= first
            first *= second
            second *= third


@numba.njit(cache=True, nogil=True)
def _store_columns(block: ComplexRows, first: int, factor: ComplexRows, image: ComplexRows) -> None:
    rows, length = block.shape
    for row_0 in range(0, rows, 16):
        row_1 = min(row_0 + 16, rows)
        for column in range(image.shape[0]):
            gate = (first + column) % length
            for row in range(row_0, row_1):
                image[column, row] = block[row, gate] * factor[row]
