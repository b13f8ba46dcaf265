"""Range compression into a frame that moves smoothly with the echo.

Each pulse has its own receive window. Range compression takes the windows to one common frame, a
delay ``F(t)`` that follows the reference point linearly (range-Doppler) or exactly (de-ramping,
back-projection). After it a point of delay history tau is, at range frequency f and slow time t,

    exp(-2j pi (f + f_c) (tau(t) - F(t)))

of which the large numbers are gone: they were removed as whole ticks, modulo one cycle.
Motion inside the pulse: the echo's Doppler frequency (up to 61 kHz) would shift a chirp's peak by
f_D / K (6 ns, half a range cell), so the reference's is taken out before the matched filter. The
stretch of the chirp is left in: 5.3e-6 of the chirp rate is 2.7e-3 rad at the ends of the pulse.
Formulas: docs/algorithms/range-compression.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

from sim_core.errors import FocusingError
from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression.columns import to_spectra
from sim_core.focusing.range_compression.gates import RangeGates
from sim_core.focusing.range_compression.matched_filter import matched_filter
from sim_core.focusing.reference import FloatArray, Reference
from sim_core.signal.pulse_schedule import PulseSchedule
from sim_core.signal.waveform import Waveform
from sim_core.signal.window import Window

ComplexRows = npt.NDArray[np.complex64]
Progress = Callable[[float], None]
"""Called with the fraction done, 0 to 1."""

# Samples of a block of pulses: 2 MiB of complex64, what one core's cache holds.
_BLOCK_SAMPLES = 1 << 18


class SampleSource(Protocol):
    """Recorded samples by pulse, such as a recording."""

    def read(self, first: int, count: int) -> ComplexRows:
        """Return pulses as complex64 of unit full scale, shape (count, window_samples)."""


@dataclass(frozen=True, slots=True, eq=False)
class RangeCompression:
    """What each pulse is multiplied by on its way to the common frame.

    Parameters
    ----------
    schedule : PulseSchedule
        Pulses and receive windows.
    gates : RangeGates
        Delays that are kept.
    oversampling : int
        Samples of the rows per gate.
    matched : ndarray of complex64, shape (length,)
        Matched filter in FFT order; its length is that of the FFTs.
    motion_step, motion_start : ndarray of float64, shape (pulses,)
        Cycles per sample, and at the first sample, that stop the reference inside the pulse.
    shift_step : ndarray of float64, shape (pulses,)
        Cycles per range frequency that bring the first gate to the first place.
    carrier : ndarray of complex64, shape (pulses,)
        The carrier's phase in the frame, times the weight of the pulse.
    fading : ndarray of float32, shape (gates * oversampling,)
        Factor of each sample of the rows.
    used : ndarray of bool, shape (pulses,)
        False for pulses of weight zero, of which no sample is looked at: they may be anything.
    tilt_step, tilt_start : ndarray of float64, shape (pulses,), or None
        Cycles per sample of the rows, and at the first one, by which they are turned at the end.
    """

    schedule: PulseSchedule
    gates: RangeGates
    oversampling: int
    matched: ComplexRows
    motion_step: FloatArray
    motion_start: FloatArray
    shift_step: FloatArray
    carrier: ComplexRows
    fading: npt.NDArray[np.float32]
    used: npt.NDArray[np.bool_]
    tilt_step: FloatArray | None
    tilt_start: FloatArray | None

    @classmethod
    def plan(
        cls,
        schedule: PulseSchedule,
        waveform: Waveform,
        reference: Reference,
        frame_s: FloatArray,
        pulse_weight: FloatArray,
        gates: RangeGates,
        window: Window,
        *,
        chain_delay_s: float = 0.0,
        replica: npt.NDArray[np.complex64] | None = None,
        tilt_hz: FloatArray | None = None,
        oversampling: int = 1,
    ) -> "RangeCompression":
        """Work out the factors.

        Parameters
        ----------
        schedule : PulseSchedule
            Pulses and receive windows.
        waveform : Waveform
            Transmitted pulse.
        reference : Reference
            The reference point, whose Doppler frequency inside the pulse is taken out.
        frame_s : ndarray of float64, shape (pulses,)
            The frame's delay at each pulse, beyond the reference's base.
        pulse_weight : ndarray of float64, shape (pulses,)
            Real factor for each pulse: azimuth taper and scale; zero for a pulse that is not used.
        gates : RangeGates
            Delays to keep.
        window : Window
            Taper over the band ``|f| < B/2``; without one the matched filter is left as it is,
            skirts outside of the band included.
        chain_delay_s : float
            Known delay of the chain, taken out of the envelope. The carrier's phase stays: what a
            laboratory's chain does to it at baseband is a constant that calibration measures.
        replica : ndarray of complex64, optional
            Measured pulse for the matched filter. It holds the chain's delay, which is then
            taken out by the filter; `chain_delay_s` says where in the windows the echoes lie.
        tilt_hz : ndarray of float64, shape (pulses,), optional
            Frequency by which the compressed rows are turned, with phase zero at the frame.
        oversampling : int
            Samples per gate of the rows: they are interpolated without error, by zeros beyond the
            highest frequencies.
        """
        rate = schedule.sample_rate_hz
        length = scipy.fft.next_fast_len(schedule.window_samples)
        motion_step, motion_start = _motion_phase(schedule, reference, waveform, chain_delay_s)
        filtered_s = frame_s if replica is not None else frame_s + chain_delay_s
        shift = (
            (reference.base_tick - (schedule.window_start_tick - schedule.transmit_tick))
            + gates.first_gate
            + filtered_s * rate
        )
        cycles = np.mod(
            reference.base_phase_cycles + np.mod(reference.carrier_hz * frame_s, 1.0), 1.0
        )
        # The inverse FFT of the longer length divides by it.
        weight = oversampling * pulse_weight
        return cls(
            schedule=schedule,
            gates=gates,
            oversampling=oversampling,
            matched=matched_filter(waveform, rate, length, window, replica),
            motion_step=motion_step,
            motion_start=motion_start,
            shift_step=np.mod(shift, length) / length,
            carrier=(weight * np.exp(2j * np.pi * cycles)).astype(np.complex64),
            fading=gates.fading(oversampling),
            used=pulse_weight != 0.0,
            tilt_step=None if tilt_hz is None else tilt_hz / (oversampling * rate),
            tilt_start=None if tilt_hz is None else tilt_hz * (gates.first_gate / rate),
        )

    def rows(self, pulses: slice, received: ComplexRows) -> ComplexRows:
        """Compress some pulses.

        Parameters
        ----------
        pulses : slice
            Which.
        received : ndarray of complex64, shape (count, window_samples)
            Their samples.

        Returns
        -------
        ndarray of complex64, shape (count, gates * oversampling)
            Range domain; sample m is at the delay ``(first_gate + m / oversampling) /
            sample_rate`` against the frame. The echo of a unit point peaks at its pulse's weight.
        """
        length = self.matched.size
        rows = np.empty((received.shape[0], length), dtype=np.complex64)
        _turn(received, self.motion_step[pulses], self.motion_start[pulses], rows)
        rows[~self.used[pulses]] = 0.0
        rows = scipy.fft.fft(rows, axis=1, overwrite_x=True)
        _match_and_shift(rows, self.matched, self.shift_step[pulses])
        if self.oversampling > 1:
            rows = _extend_spectrum(rows, self.oversampling)
        rows = scipy.fft.ifft(rows, axis=1, overwrite_x=True)
        kept = np.empty((rows.shape[0], self.gates.gates * self.oversampling), dtype=np.complex64)
        _keep_gates(rows, self.fading, self.carrier[pulses], kept)
        if self.tilt_step is not None and self.tilt_start is not None:
            _turn(kept, self.tilt_step[pulses], self.tilt_start[pulses], kept)
        return kept


def read_pulses(source: SampleSource, schedule: PulseSchedule, pulses: slice) -> ComplexRows:
    """Read the samples of some pulses, shape (pulses, window_samples).

    Raises
    ------
    FocusingError
        If the samples do not fit the schedule.
    """
    received = source.read(pulses.start, pulses.stop - pulses.start)
    expected = (pulses.stop - pulses.start, schedule.window_samples)
    if received.shape != expected:
        raise FocusingError(
            f"the samples of pulses {pulses.start} to {pulses.stop - 1} have the shape "
            f"{received.shape}, the schedule says {expected}",
            "give the schedule that belongs to these samples",
        )
    return received


def compress_rows(
    source: SampleSource,
    compression: RangeCompression,
    store: Callable[[slice, ComplexRows], None],
    progress: Progress,
) -> None:
    """Compress all pulses in range, and hand them on in the range domain.

    Parameters
    ----------
    source : SampleSource
        Recorded samples; read once, in order, from the calling thread.
    compression : RangeCompression
        How.
    store : callable
        Called from several threads, in any order, with a slice of pulses and their rows
        (see `RangeCompression.rows`), which are its own.
    progress : callable
        Called with the fraction done.

    Raises
    ------
    FocusingError
        If the samples do not fit the schedule.
    """
    schedule = compression.schedule

    def blocks() -> Iterator[tuple[slice, ComplexRows]]:
        for pulses in parts:
            yield pulses, read_pulses(source, schedule, pulses)

    def work(block: tuple[slice, ComplexRows]) -> None:
        store(block[0], compression.rows(*block))

    # Multiples of 16 pulses keep the stores of two threads in different cache lines.
    longest = compression.matched.size * compression.oversampling
    parts = slices(schedule.pulses, max(16, _BLOCK_SAMPLES // longest // 16 * 16))
    run_blocks(blocks(), work, lambda done: progress(done / len(parts)))


def compress_range(
    source: SampleSource,
    compression: RangeCompression,
    spectra: ComplexRows,
    progress: Progress,
) -> None:
    """Compress all pulses in range, and take them to the range frequency domain.

    Parameters
    ----------
    source : SampleSource
        Recorded samples; read once, in order, from the calling thread.
    compression : RangeCompression
        How.
    spectra : ndarray of complex64, shape (gates, pulses)
        Where the range *spectra* of the kept gates go: a row for each range frequency, in FFT
        order. A wider array is left as it is beyond the pulses.
    progress : callable
        Called with the fraction done.

    Raises
    ------
    FocusingError
        If the samples do not fit the schedule.
    """
    compress_rows(
        source, compression, lambda pulses, rows: to_spectra(rows, spectra[:, pulses]), progress
    )


def _motion_phase(
    schedule: PulseSchedule, reference: Reference, waveform: Waveform, chain_delay_s: float
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


def _extend_spectrum(rows: ComplexRows, times: int) -> ComplexRows:
    length = rows.shape[1]
    positive = (length + 1) // 2
    longer = np.zeros((rows.shape[0], length * times), dtype=np.complex64)
    longer[:, :positive] = rows[:, :positive]
    longer[:, positive - length :] = rows[:, positive:]
    return longer


@numba.njit(cache=True, nogil=True)
def _turn(source: ComplexRows, step: FloatArray, start: FloatArray, target: ComplexRows) -> None:
    """Multiply rows by phasors; what the target has beyond them becomes zero."""
    for n in range(source.shape[0]):
        # Double: the phase runs over hundreds of samples.
        turn = np.exp(2j * np.pi * step[n])
        phasor = np.exp(2j * np.pi * start[n])
        for m in range(source.shape[1]):
            target[n, m] = source[n, m] * np.complex64(phasor)
            phasor *= turn
        target[n, source.shape[1] :] = 0.0


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
    length = rows.shape[1]
    for n in range(rows.shape[0]):
        # The matched filter's circle may be shorter than what blocks want about their columns.
        for first in range(0, kept.shape[1], length):
            for g in range(first, min(first + length, kept.shape[1])):
                kept[n, g] = rows[n, g - first] * fade[g] * carrier[n]
