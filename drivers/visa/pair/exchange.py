"""Parts of a run through a pair: uploaded, triggered one by one, and brought back as windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.clipping import ClipSpans, clip_events
from drivers.errors import DeviceTimeoutError, DriverError
from drivers.interface import CapturedBlock, Event
from drivers.visa.instrument import Digitizer, Generator, Progress, Record
from drivers.visa.pair.capture import Demodulator
from drivers.visa.pair.parts import Part, WindowStream, windows_in_generator
from drivers.visa.pair.pilot import (
    PartPilots,
    drift_warning,
    find_pilot,
    make_pilot,
    told_of_pilots,
)
from drivers.visa.pair.playback import WindowWaveform
from drivers.visa.pair.preparation import Pair
from drivers.visa.pair.record_rates import capture_settings, holds
from drivers.visa.pair.settings import VisaSettings

Watch = Callable[[str, int, int], None]
"""Is told what is under way, and bytes done and bytes in all."""

_Source = Callable[[int, int], tuple[NDArray[np.complex64], ClipSpans]]

# Of one captured block: 16 MB.
_BLOCK_SAMPLES = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A part that the generator holds."""

    part: Part
    clipped: ClipSpans
    clipped_samples: int


class Exchange:
    """The parts of one run.

    Parameters
    ----------
    settings : VisaSettings
        Of the pair.
    pair : Pair
        Set for the schedule.
    generator, digitizer
        Configured; the generator's memory is empty.
    watch : callable or None
        Is told how far uploads and read-outs are.
    """

    def __init__(
        self,
        settings: VisaSettings,
        pair: Pair,
        generator: Generator,
        digitizer: Digitizer,
        watch: Watch | None = None,
    ) -> None:
        self._settings = settings
        self._pair = pair
        self._generator = generator
        self._digitizer = digitizer
        self._watch = watch
        self._set_for = pair.parts[0].rows
        self._padded_samples = 0
        self._batches = 0
        self._done = 0
        self._demodulator = self._demodulator_at(pair.setup.sample_rate_hz)
        self._pilot = make_pilot(pair.layout.window_samples)
        self._pilots: list[PartPilots] = []

    def told(self) -> dict[str, Any]:
        """Tell what became of it, fit for JSON."""
        rate_hz = self._pair.layout.sample_rate_hz
        warning = drift_warning(self._pilots, rate_hz)
        return {
            "parts_captured": self._done,
            "uploads_played_in_batches": self._batches,
            "padded_samples": self._padded_samples,
            "pilots": told_of_pilots(self._pilots, rate_hz),
            **({} if warning is None else {"warning": warning}),
        }

    def run(self, windows: WindowStream) -> Iterator[CapturedBlock]:
        """Play and capture all parts.

        As many parts as the generator holds are uploaded and queued; then each is triggered and
        read out. Before the next ones are uploaded its outputs go off and its memory is cleared.

        Parameters
        ----------
        windows : WindowStream
            What to play.

        Yields
        ------
        CapturedBlock
            In order.
        """
        waiting = list(self._pair.parts)
        while waiting:
            if self._batches:
                self._generator.ensure_ready()
                self._generator.configure(self._pair.output)
            loaded = self._upload(waiting, windows)
            del waiting[: len(loaded)]
            self._generator.queue([one.part.name for one in loaded])
            # The generator first: what its outputs do when they go on triggers nobody yet.
            self._generator.arm()
            for one in loaded:
                yield from self._capture(one)
            self._batches += 1
        windows.finish()

    def _upload(self, waiting: Sequence[Part], windows: WindowStream) -> list[_Loaded]:
        """Upload parts while they fit."""
        loaded: list[_Loaded] = []
        pair = self._pair
        for part in waiting:
            if loaded:
                limits = self._generator.limits(pair.output)
                room = windows_in_generator(pair.layout, limits)
                if len(loaded) >= limits.max_segments or part.rows > room:
                    break
            rows = np.empty((part.rows, pair.layout.window_samples), np.complex64)
            rows[0] = rows[-1] = self._pilot
            windows.take_into(rows[1:-1])
            loaded.append(self._upload_one(part, rows))
        return loaded

    def _upload_one(self, part: Part, rows: NDArray[np.complex64]) -> _Loaded:
        settings, pair = self._settings, self._pair
        waveform = WindowWaveform(
            rows,
            pair.layout,
            pair.plan.playback_hz,
            marker=settings.marker,
            marker_each=settings.capture == "segments",
            full_scale_code=(1 << (pair.generator.dac_bits - 1)) - 1,
            holds_samples=pair.plan.holds_samples,
        )
        progress = self._progress(f"upload part {part.number + 1} of {len(pair.parts)}")
        upload = self._generator.upload(part.name, waveform, self._until(progress, part))
        self._padded_samples += upload.padded_samples
        return _Loaded(part, waveform.clipped, upload.clipped_samples)

    def _capture(self, loaded: _Loaded) -> Iterator[CapturedBlock]:
        """Play one part, and read out what came of it."""
        settings, part, digitizer = self._settings, loaded.part, self._digitizer
        self._set_digitizer(part)
        digitizer.arm()
        self._generator.trigger()
        deadline_s = settings.timeout_s + part.rows * self._pair.layout.period_s
        try:
            digitizer.wait_captured(deadline_s)
        except DeviceTimeoutError as error:
            raise DeviceTimeoutError(
                f"the digitizer did not record part {part.number + 1} of {len(self._pair.parts)}: "
                f"{error.problem}",
                f"see that a cable leads from marker {settings.marker} of the generator to trigger "
                f"input {settings.trigger_input!r} of the digitizer, and that the marker passes "
                f"trigger_level_v = {settings.trigger_level_v:g} upwards",
            ) from error
        self._generator.wait_played(deadline_s)
        source = self._source(part)
        turn = self._hear_pilots(source, part)
        step = max(1, _BLOCK_SAMPLES // self._pair.layout.window_samples)
        for first in range(0, part.windows, step):
            samples, clipped = source(1 + first, min(step, part.windows - first))
            if settings.signal == "modulated":
                samples *= turn
            yield self._with_events(loaded, first, samples, clipped)
        self._done += 1

    def _source(self, part: Part) -> _Source:
        """Return what gives rows of a part, from its one record or from one each."""
        if self._settings.capture == "record":
            what = f"read out part {part.number + 1} of {len(self._pair.parts)}"
            records = self._fetch(0, self._progress(what))
            return lambda first, count: self._rows(records, first, count)
        return self._segments

    def _rows(
        self, records: Sequence[Record], first: int, count: int
    ) -> tuple[NDArray[np.complex64], ClipSpans]:
        demodulator = self._demodulator
        samples = demodulator.windows(records, count, first_window=first, first_in_record=first)
        return samples, demodulator.clipped(records, count, first_in_record=first)

    def _segments(self, first: int, count: int) -> tuple[NDArray[np.complex64], ClipSpans]:
        demodulator = self._demodulator
        samples = np.empty((count, self._pair.layout.window_samples), np.complex64)
        clipped = np.zeros((count, 3), np.int64)
        for row in range(count):
            records = self._fetch(first + row, None)
            samples[row] = demodulator.windows(records, 1, first_window=first + row)[0]
            span = demodulator.clipped(records, 1)
            clipped[row] = span.count[0], span.first[0], span.last[0]
        return samples, ClipSpans.from_rows(clipped)

    def _hear_pilots(self, source: _Source, part: Part) -> np.complex64:
        """Find both pilots, and return what takes out the phase at which the first one came."""
        opening, closing = (find_pilot(source(row, 1)[0][0]) for row in (0, part.rows - 1))
        self._pilots.append(PartPilots(opening, closing))
        return np.complex64(np.conj(opening.gain) / abs(opening.gain))

    def _with_events(
        self, loaded: _Loaded, first: int, samples: NDArray[np.complex64], clipped: ClipSpans
    ) -> CapturedBlock:
        first_pulse, count = loaded.part.first_pulse + first, samples.shape[0]
        rows = slice(1 + first, 1 + first + count)
        at_dac = ClipSpans(*(column[rows] for column in _columns(loaded.clipped)))
        events = [
            *clip_events("clipped_dac", first_pulse, at_dac, "of the generator at its full scale"),
            *clip_events("clipped_adc", first_pulse, clipped, "of the digitizer out of its range"),
        ]
        if first == 0 and loaded.clipped_samples and not loaded.clipped.count.any():
            # The dialect rounds to other codes than was thought; it is not to pass in silence.
            detail = f"{loaded.clipped_samples} samples somewhere in this pulse and the next "
            detail += f"{loaded.part.windows - 1}"
            window_samples = self._pair.layout.window_samples
            events.append(Event("clipped_dac", first_pulse, 0, window_samples, detail))
        ordered = tuple(sorted(events, key=lambda event: event.pulse))
        return CapturedBlock(first_pulse, samples, ordered)

    def _fetch(self, segment: int, progress: Progress | None) -> tuple[Record, ...]:
        channels = self._settings.input_channels
        return tuple(self._digitizer.fetch(channel, segment, progress) for channel in channels)

    def _set_digitizer(self, part: Part) -> None:
        """Set the digitizer for a part of another size than the one before."""
        if part.rows == self._set_for:
            return
        pair = self._pair
        asked = capture_settings(
            self._settings, pair.layout, pair.plan.digitizer_rate_hz, part.rows
        )
        setup = self._digitizer.configure(asked)
        if not holds(setup, asked):
            raise DriverError(
                f"the digitizer gives {setup.record_samples} samples at {setup.sample_rate_hz:g} "
                f"Hz for part {part.number + 1}, fewer than for the parts before",
                "set digitizer_rate_hz to one of its rates",
            )
        self._demodulator = self._demodulator_at(setup.sample_rate_hz)
        self._set_for = part.rows

    def _demodulator_at(self, record_rate_hz: float) -> Demodulator:
        settings, pair = self._settings, self._pair
        return Demodulator(
            pair.layout,
            pair.plan.capture_hz,
            record_rate_hz,
            settings.unit_v * pair.plan.band_gain,
            settings.trigger_skew_s,
        )

    def _progress(self, what: str) -> Progress | None:
        watch = self._watch
        if watch is None:
            return None

        def progress(done: int, total: int) -> None:
            watch(what, done, total)

        return progress

    def _until(self, progress: Progress | None, part: Part) -> Progress:
        """Pass progress on, and end an upload that takes too long."""
        deadline = time.monotonic() + self._settings.upload_timeout_s

        def watched(done: int, total: int) -> None:
            if progress is not None:
                progress(done, total)
            if time.monotonic() > deadline:
                raise DeviceTimeoutError(
                    f"after upload_timeout_s = {self._settings.upload_timeout_s:g} s, {done} of "
                    f"{total} bytes of part {part.number + 1} were in the generator",
                    "use a faster link, or allow it more time",
                )

        return watched


def _columns(spans: ClipSpans) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    return spans.count, spans.first, spans.last
