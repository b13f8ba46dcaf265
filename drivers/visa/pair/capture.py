"""From a digitizer's voltages to windows of complex baseband at their own instants."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drivers.clipping import ClipSpans
from drivers.errors import DriverError
from drivers.visa.instrument import Record
from drivers.visa.pair.filters import OVERSAMPLING, first_filter, second_filter
from drivers.visa.pair.layout import REACH_SAMPLES, Layout
from drivers.visa.pair.oscillator import RADIANS, phase_at, phase_step, turns_of

# What a preamble prints of an interval is rounded; of a rate it is the rate.
_INTERVAL_TOLERANCE = 1e-5
_WINDOWS_PER_TASK = 16


class Demodulator:
    """Mixes, filters and resamples records of one rate.

    Sample n of a window is what the digitizer saw ``n / sample_rate_hz`` after the window's first
    one left the generator, wherever its own samples lay. A first filter takes the record straight
    to those instants, at twice the windows' rate and without the carrier; a second one, with steep
    edges, leaves every other instant.

    Parameters
    ----------
    layout : Layout
        How the windows stand in what was played.
    carrier_hz : float
        Of the real records; 0 for records of I and Q.
    record_rate_hz : float
        Of the records.
    unit_v : float
        Voltage that becomes 1.0.
    skew_s : float
        How much later than the trigger the signal arrives.
    """

    def __init__(
        self,
        layout: Layout,
        carrier_hz: float,
        record_rate_hz: float,
        unit_v: float,
        skew_s: float = 0.0,
    ) -> None:
        self._layout = layout
        self._record_rate_hz = record_rate_hz
        self._unit_v = unit_v
        self._skew_s = skew_s
        self._step = phase_step(carrier_hz, OVERSAMPLING * layout.sample_rate_hz)
        self._ratio = record_rate_hz / layout.sample_rate_hz
        self._turns = turns_of(self._step)
        self._first = first_filter(self._ratio, carrier_hz / record_rate_hz)
        self._second = second_filter()

    def windows(
        self,
        records: Sequence[Record],
        count: int,
        *,
        first_window: int = 0,
        first_in_record: int = 0,
    ) -> NDArray[np.complex64]:
        """Give windows that follow each other in a record.

        Parameters
        ----------
        records : sequence of Record
            One, or those of I and Q.
        count : int
            How many windows.
        first_window : int
            Number of the first one in what was played, of which the carrier's phase depends.
        first_in_record : int
            How many periods after the trigger it begins.

        Returns
        -------
        complex64 array, shape (count, window_samples)

        Raises
        ------
        DriverError
            The record begins too late or ends too early, or is of another rate.
        """
        out = np.empty((count, self._layout.window_samples), np.complex64)
        for part, record in enumerate(records):
            self._require_fits(record, count, first_in_record)
            tasks = range(0, count, _WINDOWS_PER_TASK)

            def demodulate(first: int, record: Record = record, part: int = part) -> None:
                self._demodulate(
                    record,
                    out[first : first + _WINDOWS_PER_TASK],
                    first_window + first,
                    first_in_record + first,
                    as_q=part == 1,
                )

            _in_threads(demodulate, tasks)
        return out

    def clipped(self, records: Sequence[Record], count: int, first_in_record: int = 0) -> ClipSpans:
        """Tell which windows hold samples beyond the digitizer's range.

        Parameters
        ----------
        records, count, first_in_record
            As of :meth:`windows`.

        Returns
        -------
        ClipSpans
            In samples of the windows; counted are samples of the record.
        """
        layout = self._layout
        rows = np.zeros((count, 3), np.int64)
        for record in records:
            if record.clipped is None:
                continue
            hits = np.flatnonzero(record.clipped)
            time_s = record.first_sample_s + hits / self._record_rate_hz - self._skew_s
            place = np.floor(time_s * layout.sample_rate_hz).astype(np.int64)
            window, sample = np.divmod(place, layout.period_samples)
            window -= first_in_record
            sample -= layout.lead_samples
            # What a filter carries from the guard into the window counts as the window's end.
            counts = (window >= 0) & (window < count) & (sample >= -REACH_SAMPLES)
            counts &= sample < layout.window_samples + REACH_SAMPLES
            _note(window[counts], np.clip(sample[counts], 0, layout.window_samples - 1), rows)
        return ClipSpans.from_rows(rows)

    def _demodulate(
        self,
        record: Record,
        out: NDArray[np.complex64],
        first_window: int,
        first_in_record: int,
        *,
        as_q: bool,
    ) -> None:
        """Fill some windows; ``as_q`` adds a real record as imaginary parts."""
        layout = self._layout
        half = self._second.size // 2
        parts = self._first.shape[1]
        instants = OVERSAMPLING * (layout.window_samples - 1) + self._second.size
        middle = np.empty((parts, instants), np.float32)
        scale = record.volts_per_code / self._unit_v
        # The first filter's gain at rest is 1 without a carrier; with one, rest is stopped.
        offset = record.offset_v / self._unit_v if parts == 1 else 0.0
        begin_s = half / (OVERSAMPLING * layout.sample_rate_hz)
        for row in range(out.shape[0]):
            start_s = self._start_s(first_in_record + row) - begin_s - record.first_sample_s
            place = start_s * self._record_rate_hz, self._ratio / OVERSAMPLING
            if parts == 1:
                _resample(record.codes, self._first, *place, scale, offset, middle[0])
                _halve_real(middle[0], self._second, as_q, out[row])
                continue
            ticks = (first_window + row) * layout.period_samples + layout.lead_samples
            phase = phase_at(self._step, OVERSAMPLING * ticks - half)
            _resample_and_mix(
                record.codes,
                self._first,
                *place,
                scale,
                np.uint64(phase),
                np.uint64(self._step),
                self._turns,
                middle,
            )
            _halve(middle, self._second, out[row])

    def _start_s(self, in_record: int) -> float:
        """Return when a window's first sample arrives, after the trigger."""
        layout = self._layout
        ticks = in_record * layout.period_samples + layout.lead_samples
        return ticks / layout.sample_rate_hz + self._skew_s

    def _require_fits(self, record: Record, count: int, first_in_record: int) -> None:
        rate_hz = self._record_rate_hz
        if abs(record.interval_s * rate_hz - 1.0) > _INTERVAL_TOLERANCE:
            raise DriverError(
                f"a record has {1.0 / record.interval_s:.9g} samples a second, where the digitizer "
                f"had said {rate_hz:.9g}",
                "report this with the command log",
            )
        reach_s = REACH_SAMPLES / self._layout.sample_rate_hz
        begin_s = self._start_s(first_in_record) - reach_s
        end_s = self._start_s(first_in_record + count - 1) + reach_s
        end_s += self._layout.window_samples / self._layout.sample_rate_hz
        last_s = record.first_sample_s + (record.codes.size - 1) / rate_hz
        if record.first_sample_s > begin_s or last_s < end_s:
            raise DriverError(
                f"a record reaches from {record.first_sample_s:.9g} s to {last_s:.9g} s after its "
                f"trigger, and its windows from {begin_s:.9g} s to {end_s:.9g} s",
                "give the digitizer more memory or shorter parts; see trigger_skew_s",
            )


def _in_threads(work: Callable[[int], None], tasks: range) -> None:
    workers = min(len(tasks), os.cpu_count() or 1)
    if workers < 2:
        for first in tasks:
            work(first)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, tasks):
            pass


# Sums may be reordered, so that they vectorise; codes are finite.
@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _between(
    codes: NDArray[np.int16] | NDArray[np.float32],
    lower: NDArray[np.float32],
    upper: NDArray[np.float32],
    share: np.float32,
) -> np.float32:
    """Sum over taps that lie between two rows of the table."""
    below = np.float32(0.0)
    above = np.float32(0.0)
    for tap in range(lower.size):
        value = np.float32(codes[tap])
        below += value * lower[tap]
        above += value * upper[tap]
    return below + share * (above - below)


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _both_between(
    codes: NDArray[np.int16] | NDArray[np.float32],
    lower: NDArray[np.float32],
    upper: NDArray[np.float32],
    share: np.float32,
) -> complex:
    """Sum likewise for real and imaginary parts at once: the codes are loaded once."""
    real_below = np.float32(0.0)
    real_above = np.float32(0.0)
    imag_below = np.float32(0.0)
    imag_above = np.float32(0.0)
    for tap in range(lower.shape[1]):
        value = np.float32(codes[tap])
        real_below += value * lower[0, tap]
        real_above += value * upper[0, tap]
        imag_below += value * lower[1, tap]
        imag_above += value * upper[1, tap]
    return complex(
        real_below + share * (real_above - real_below),
        imag_below + share * (imag_above - imag_below),
    )


@njit(cache=True, nogil=True)
def _place(at: float, phases: int, taps: int) -> tuple[int, int, np.float32]:
    """Return the first code of a position, the row of the table, and the share of the next row."""
    whole = math.floor(at)
    phase = (at - whole) * phases
    row = min(int(phase), phases - 1)
    return int(whole) - taps // 2 + 1, row, np.float32(phase - row)


@njit(cache=True, nogil=True)
def _resample(
    codes: NDArray[np.int16] | NDArray[np.float32],
    table: NDArray[np.float32],
    position: float,
    step: float,
    scale: float,
    offset: float,
    out: NDArray[np.float32],
) -> None:
    """Filter at positions between the codes; the caller has seen to it that all are there."""
    phases, _, taps = table.shape
    for n in range(out.size):
        first, row, share = _place(position + n * step, phases - 1, taps)
        here = codes[first : first + taps]
        value = _between(here, table[row, 0], table[row + 1, 0], share)
        out[n] = np.float32(value * scale + offset)


@njit(cache=True, nogil=True)
def _resample_and_mix(
    codes: NDArray[np.int16] | NDArray[np.float32],
    table: NDArray[np.float32],
    position: float,
    step: float,
    scale: float,
    phase: np.uint64,
    phase_step: np.uint64,
    turns: NDArray[np.complex128],
    out: NDArray[np.float32],
) -> None:
    """Filter likewise, and take out the carrier, which in the table turns about each position."""
    phases, _, taps = table.shape
    for start in range(0, out.shape[1], turns.size):
        angle = RADIANS * float(phase)
        carrier = scale * complex(math.cos(angle), -math.sin(angle))
        stop = min(start + turns.size, out.shape[1])
        for n in range(start, stop):
            first, row, share = _place(position + n * step, phases - 1, taps)
            here = codes[first : first + taps]
            value = _both_between(here, table[row], table[row + 1], share)
            turned = value * carrier * turns[n - start].conjugate()
            out[0, n] = np.float32(turned.real)
            out[1, n] = np.float32(turned.imag)
        phase += phase_step * np.uint64(stop - start)


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _filtered(values: NDArray[np.float32], taps: NDArray[np.float32]) -> np.float32:
    """Sum over the steep filter."""
    total = np.float32(0.0)
    for tap in range(taps.size):
        total += values[tap] * taps[tap]
    return total


@njit(cache=True, nogil=True)
def _halve(
    middle: NDArray[np.float32], taps: NDArray[np.float32], out: NDArray[np.complex64]
) -> None:
    """Apply the steep filter at every other sample, to real and imaginary parts."""
    for n in range(out.size):
        here = slice(OVERSAMPLING * n, OVERSAMPLING * n + taps.size)
        out[n] = complex(_filtered(middle[0, here], taps), _filtered(middle[1, here], taps))


@njit(cache=True, nogil=True)
def _halve_real(
    middle: NDArray[np.float32],
    taps: NDArray[np.float32],
    as_q: bool,
    out: NDArray[np.complex64],
) -> None:
    """Apply it to I, or to Q, which is added to the I that stands there."""
    for n in range(out.size):
        value = _filtered(middle[OVERSAMPLING * n : OVERSAMPLING * n + taps.size], taps)
        out[n] = complex(out[n].real, value) if as_q else complex(value, 0.0)


@njit(cache=True, nogil=True)
def _note(windows: NDArray[np.int64], samples: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
    """Count clipped samples by window, and note the first and the last."""
    for k in range(windows.size):
        row = rows[windows[k]]
        if row[0] == 0:
            row[1] = samples[k]
            row[2] = samples[k]
        row[0] += 1
        row[1] = min(row[1], samples[k])
        row[2] = max(row[2], samples[k])
