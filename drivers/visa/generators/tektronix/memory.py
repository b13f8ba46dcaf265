"""Waveforms and sequences that Tektronix's AWG5200 and AWG70000 hold.

There are two ways into the waveform list. Every step of a sequence waits for its trigger.

Waveforms are float32 and go through as they are: the instrument rounds them to its DAC when it
plays. A block at a time is in memory here, whatever the length of the waveform.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from drivers.errors import DeviceSettingsError
from drivers.visa.generators.granularity import padded_chunks, padded_length
from drivers.visa.generators.quantise import limit
from drivers.visa.generators.tektronix.wfmx_file import wfmx_header
from drivers.visa.instrument import Progress, Upload, WaveformChunk, WaveformSource
from drivers.visa.link import Link

_BLOCK_SAMPLES = 1 << 20
# Bits of WLISt:WAVeform:MARKer:DATA: marker 1 and 2 are the two highest, as in the AWG7000 before.
_MARKER_SHIFT = 6
_FOLDER = "\\Users\\OEM\\Documents"
_SETTLE_DEADLINE_S = 30.0
# A PC's disk in the instrument reads no slower.
_OPEN_BYTES_PER_S = 20e6


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """What the instrument says of its waveforms.

    Parameters
    ----------
    granularity, min_samples : int
        ``WLISt:WAVeform:GRANularity?`` and ``:LMINimum?``.
    max_samples : int
        Of one more waveform: ``:LMAXimum?``, less what ours take, and less a silence. No command
        is known that tells what is free; it is assumed that all waveforms together fit where the
        longest does.
    """

    granularity: int
    min_samples: int
    max_samples: int


class WaveformMemory:
    """Creates, fills and deletes waveforms of the list.

    Parameters
    ----------
    link : Link
        To the instrument.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        # Samples of what is in the list, or may be.
        self._taken: dict[str, int] = {}

    def limits(self) -> MemoryLimits:
        """Ask the instrument, and count what was uploaded."""
        granularity = self._link.query_whole("WLISt:WAVeform:GRANularity?")
        least = self._link.query_whole("WLISt:WAVeform:LMINimum?")
        most = self._link.query_whole("WLISt:WAVeform:LMAXimum?")
        silence = padded_length(1, least, granularity)
        return MemoryLimits(granularity, least, max(0, most - sum(self._taken.values()) - silence))

    def names(self) -> list[str]:
        """List the waveforms that the instrument holds."""
        # One string with commas in it, or one for each name.
        answer = self._link.query("WLISt:LIST?").replace('"', "")
        return [name for name in answer.split(",") if name]

    def delete(self, name: str) -> None:
        """Remove a waveform."""
        self._link.write(f'WLISt:WAVeform:DELete "{name}"')
        self._taken.pop(name, None)

    def delete_all(self, prefix: str) -> None:
        """Remove all waveforms whose names begin so."""
        for name in self.names():
            if name.startswith(prefix):
                self.delete(name)
        # One that is not there any more takes nothing.
        self._taken.clear()

    def create(self, name: str, samples: int, *, is_complex: bool) -> None:
        """Make an empty waveform, and see that it is there with its length.

        Raises
        ------
        DeviceSettingsError
            The instrument made it of another length.
        """
        with self._link.operation(f"create waveform {name}"):
            kind = "IQ" if is_complex else "REAL"
            self._link.write(f'WLISt:WAVeform:NEW "{name}",{samples},{kind}')
        with self._link.operation(f"check waveform {name}"):
            made = self._link.query_whole(f'WLISt:WAVeform:LENGth? "{name}"')
        if made != samples:
            raise DeviceSettingsError(
                f"the generator made waveform {name} of {made} samples instead of {samples}",
                "free some of its memory, or play shorter parts",
            )

    def fill(
        self,
        name: str,
        source: WaveformSource,
        padded: int,
        markers: int,
        progress: Progress | None,
    ) -> int:
        """Write samples and markers through ``WLISt:WAVeform:DATA``; returns how many clipped."""
        parts = ("DATA:I", "DATA:Q") if source.is_complex else ("DATA",)
        reporter = _Reporter(progress, padded * (4 * len(parts) + 1))
        clipped = 0
        first = 0
        with self._link.operation(f"upload waveform {name}"):
            for chunk in _blocks(source, padded, markers):
                count = chunk.samples.size
                place = f'"{name}",{first},{count},'
                limited, beyond = limit(chunk)
                clipped += beyond
                for number, part in enumerate(parts):
                    values = np.ascontiguousarray(limited[number :: len(parts)])
                    self._link.write_block(f"WLISt:WAVeform:{part} {place}", values)
                    reporter.done(4 * count)
                shifted = chunk.markers << _MARKER_SHIFT
                self._link.write_block(f"WLISt:WAVeform:MARKer:DATA {place}", shifted)
                reporter.done(count)
                first += count
            self._link.wait_complete(f"take in waveform {name}", _SETTLE_DEADLINE_S)
        return clipped

    def load_file(
        self,
        name: str,
        source: WaveformSource,
        padded: int,
        markers: int,
        progress: Progress | None,
    ) -> int:
        """Write a ``.wfmx`` file to the instrument's disk and open it; returns how many clipped.

        Raises
        ------
        DeviceSettingsError
            The samples are complex: what such a file holds was never seen.
        """
        if source.is_complex:
            raise DeviceSettingsError(
                f"waveform {name} is complex and would go by file",
                "upload it through the waveform list",
            )
        timestamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        header = wfmx_header(padded, markers=True, timestamp=timestamp)
        reporter = _Reporter(progress, len(header) + 5 * padded)
        file = f"{name}.wfmx"
        clipped = 0
        with self._link.operation(f"write file {file}"):
            self._link.write(f'MMEMory:CDIRectory "{_FOLDER}"')
            # Without a place the file begins anew; with one, it goes on there.
            self._link.write_block(f'MMEMory:DATA "{file}",', header)
            reporter.done(len(header))
            place = len(header)
            for chunk in _blocks(source, padded, markers):
                count = chunk.samples.size
                limited, beyond = limit(chunk)
                clipped += beyond
                self._link.write_block(f'MMEMory:DATA "{file}",{place},', limited)
                reporter.done(4 * count)
                place += 4 * count
            for chunk in _blocks(source, padded, markers):
                self._link.write_block(f'MMEMory:DATA "{file}",{place},', chunk.markers)
                reporter.done(chunk.markers.size)
                place += chunk.markers.size
        with self._link.operation(f"open file {file}"):
            self._link.write(f'MMEMory:OPEN "C:{_FOLDER}\\{file}"')
            deadline_s = _SETTLE_DEADLINE_S + place / _OPEN_BYTES_PER_S
            self._link.wait_complete(f"open {file}", deadline_s)
            self._link.write(f'MMEMory:DELete "{file}"')
        return clipped

    def upload(
        self,
        name: str,
        source: WaveformSource,
        markers: int,
        dac_bits: int,
        progress: Progress | None,
        *,
        by_file: bool,
    ) -> Upload:
        """Bring a waveform into the list.

        Parameters
        ----------
        name : str
            Under which it is held; must be free.
        source : WaveformSource
            The waveform.
        markers : int
            That may be set.
        dac_bits : int
            With which it will be played.
        progress : callable or None
            Is told of bytes.
        by_file : bool
            By a ``.wfmx`` file instead of through the list.

        Returns
        -------
        Upload

        Raises
        ------
        DeviceSettingsError
            It is longer than the memory, or uses a marker that is not in use.
        DriverError
            It is empty, or holds what is not a number.
        """
        self._taken.pop(name, None)
        limits = self.limits()
        padded = padded_length(source.samples, limits.min_samples, limits.granularity)
        # A silence has its place.
        most = max(limits.max_samples, padded_length(1, limits.min_samples, limits.granularity))
        if padded > most:
            raise DeviceSettingsError(
                f"waveform {name} has {source.samples} samples",
                f"give at most {limits.max_samples}, for which the generator has room",
            )
        self._taken[name] = padded
        if by_file:
            clipped = self.load_file(name, source, padded, markers, progress)
        else:
            self.create(name, padded, is_complex=source.is_complex)
            clipped = self.fill(name, source, padded, markers, progress)
        return Upload(
            name=name,
            samples=source.samples,
            padded_samples=padded - source.samples,
            clipped_samples=clipped,
            full_scale_code=(1 << (dac_bits - 1)) - 1,
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """Zeros, as a :class:`WaveformSource`.

    Parameters
    ----------
    samples : int
        How many.
    is_complex : bool
        Whether they are complex.
    """

    samples: int
    is_complex: bool

    def chunks(self) -> Iterator[WaveformChunk]:
        """Yield them in one piece: it is for short ones."""
        markers = np.zeros(self.samples, np.uint8)
        if self.is_complex:
            yield WaveformChunk(np.zeros(self.samples, np.complex64), markers)
        else:
            yield WaveformChunk(np.zeros(self.samples, np.float32), markers)


class _Reporter:
    """Adds up what is done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def done(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)


def _blocks(source: WaveformSource, padded: int, markers: int) -> Iterator[WaveformChunk]:
    """Cut a waveform into blocks, with zeros behind it, and refuse markers that are not in use."""
    for chunk in padded_chunks(source, padded, largest=_BLOCK_SAMPLES):
        if int(chunk.markers.max()) >> markers:
            raise DeviceSettingsError(
                f"the waveform sets a marker above marker {markers}",
                "state in the output settings how many markers are in use",
            )
        yield chunk


def delete_sequence(link: Link, name: str) -> None:
    """Delete a sequence, if there is one of the name."""
    for number in range(1, link.query_whole("SLISt:SIZE?") + 1):
        if link.query(f"SLISt:NAME? {number}").strip('"') == name:
            link.write(f'SLISt:SEQuence:DELete "{name}"')
            return


def write_sequence(link: Link, name: str, waveforms: Sequence[str]) -> None:
    """Write a sequence of one track that plays each waveform once, at a trigger of its own.

    The last step leads to itself: there the sequence waits when all others have been played.

    Parameters
    ----------
    link : Link
        To the instrument.
    name : str
        Of the sequence; one that is there is replaced.
    waveforms : sequence of str
        Of the waveform list.
    """
    delete_sequence(link, name)
    last = len(waveforms)
    link.write(f'SLISt:SEQuence:NEW "{name}",{last},1')
    for number, waveform in enumerate(waveforms, start=1):
        step = f"SLISt:SEQuence:STEP{number}"
        link.write(f'{step}:TASSet1:WAVeform "{name}","{waveform}"')
        link.write(f'{step}:WINPut "{name}",ATRigger')
        link.write(f'{step}:RCOunt "{name}",ONCE')
        target = str(last) if number == last else "NEXT"
        link.write(f'{step}:GOTO "{name}",{target}')
