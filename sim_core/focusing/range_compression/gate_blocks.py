"""An image in blocks of range gates, so that memory stays within a bound.

Range compression treats pulse by pulse, the azimuth range gate by range gate. What is between them,
all compressed pulses, is the largest array of focusing. Where it exceeds the bound, one pass over
the recording compresses the pulses and stores their gates block by block in scratch files; then
one block after the other is read back, focused in memory, and put into the image's file.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from sim_core.focusing.parallel import run_blocks, slices
from sim_core.focusing.range_compression.columns import to_spectra
from sim_core.focusing.range_compression.compression import (
    ComplexRows,
    Progress,
    RangeCompression,
    SampleSource,
    compress_range,
    compress_rows,
)
from sim_core.focusing.range_compression.gates import RangeGates, joined_gates, split_gates
from sim_core.focusing.scratch import ScratchArray, require_space

_BYTES = np.dtype(np.complex64).itemsize
# Samples that are read back from scratch at a time.
_READ_SAMPLES = 1 << 18
# Shares of the time that range compression and reading back take, for the progress.
_COMPRESSION_SHARE, _READING_SHARE = 0.6, 0.1

Former = Callable[[ComplexRows, RangeGates, Progress], ComplexRows]
"""Makes the image's columns of some gates from their range spectra, in the spectra's memory."""


def form_columns(
    source: SampleSource,
    plan: Callable[[RangeGates], RangeCompression],
    gates: RangeGates,
    rows: int,
    form: Former,
    memory_bytes: int,
    scratch: Path | None,
    progress: Progress,
) -> ComplexRows:
    """Compress a recording in range and form its image, all at once or block by block.

    Parameters
    ----------
    source : SampleSource
        Recorded samples; read once, in order.
    plan : callable
        Returns the range compression that keeps given gates.
    gates : RangeGates
        All gates.
    rows : int
        Azimuth lags of the image.
    form : callable
        Given range spectra, shape (gates, the larger of pulses and rows), their gates and a
        progress, returns the image's columns, shape (columns, rows).
    memory_bytes : int
        Bound on the spectra that are held at a time.
    scratch : Path or None
        Folder for what exceeds it.
    progress : callable
        Called with the fraction done.

    Returns
    -------
    ndarray of complex64, shape (columns, rows)
        The image by column; where it went through scratch, a read-only map of its file.

    Raises
    ------
    FocusingError
        If the bound does not hold one block, or samples do not fit the schedule.
    ScratchError
        If scratch files are needed and cannot be written.
    """
    pulses = plan(gates).schedule.pulses
    width = max(pulses, rows)
    blocks = split_gates(gates, memory_bytes // (width * _BYTES))
    if len(blocks) == 1:
        spectra = np.empty((gates.gates, width), dtype=np.complex64)
        compress_range(
            source, plan(gates), spectra[:, :pulses], part(progress, 0.0, _COMPRESSION_SHARE)
        )
        return form(spectra, gates, part(progress, _COMPRESSION_SHARE, 1.0))
    stored = sum(block.gates for block in blocks) * pulses
    require_space(scratch, (stored + gates.columns * rows) * _BYTES)
    whole = joined_gates(blocks)
    with ExitStack() as stack:
        image = stack.enter_context(ScratchArray(scratch, (gates.columns, rows)))
        files = [
            stack.enter_context(ScratchArray(scratch, (pulses, block.gates))) for block in blocks
        ]

        def store(part: slice, compressed: ComplexRows) -> None:
            for block, file in zip(blocks, files, strict=True):
                first = block.first_gate - whole.first_gate
                file.write(part.start, compressed[:, first : first + block.gates])

        compress_rows(source, plan(whole), store, part(progress, 0.0, _COMPRESSION_SHARE))
        memory = np.empty(max(block.gates for block in blocks) * width, dtype=np.complex64)
        share = (1.0 - _COMPRESSION_SHARE) / len(blocks)
        for number, (block, file) in enumerate(zip(blocks, files, strict=True)):
            start = _COMPRESSION_SHARE + number * share
            middle = start + _READING_SHARE * share
            spectra = memory[: block.gates * width].reshape(block.gates, width)
            _load(file, block, spectra[:, :pulses], part(progress, start, middle))
            file.close()
            columns = form(spectra, block, part(progress, middle, start + share))
            first_column = block.first_column - gates.first_column
            for some in slices(block.columns, max(1, _READ_SAMPLES // rows)):
                image.write(first_column + some.start, columns[some])
        return image.mapped()


def _load(file: ScratchArray, gates: RangeGates, spectra: ComplexRows, progress: Progress) -> None:
    """Read compressed pulses back and transform them over the gates of a block."""
    fading = gates.fading()

    def work(pulses: slice) -> None:
        rows = file.read(pulses.start, pulses.stop - pulses.start)
        rows *= fading
        to_spectra(rows, spectra[:, pulses])

    parts = slices(file.shape[0], max(16, _READ_SAMPLES // gates.gates // 16 * 16))
    run_blocks(parts, work, lambda done: progress(done / len(parts)))


def part(progress: Progress, start: float, stop: float) -> Progress:
    """Map the progress of a stage into that of the whole."""
    return lambda fraction: progress(start + (stop - start) * fraction)
