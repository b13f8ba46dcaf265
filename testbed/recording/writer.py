"""Writes a recording, so that under its final name there is a whole one or none."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import queue
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from drivers.interface import CapturedBlock, Event, ReadBack
from testbed.errors import OutputError, RecordingError
from testbed.recording.free_space import megabytes
from testbed.recording.metadata import (
    DATA_SUFFIX,
    FILE_TYPE,
    META_SUFFIX,
    PART_SUFFIX,
    SAMPLE_BYTES,
    RecordingContext,
    metadata_text,
    sigmf_metadata,
    window_shape,
)

# Blocks that may wait for the disk. Two let it work while the next one is made; more would only
# take memory, since on the whole the slower of the two sets the pace.
_BLOCKS_WAITING = 2

# Bytes handed to the kernel and to the hash at once, so that the hash finds them in the cache.
_PIECE_BYTES = 1 << 20


class RecordingWriter:
    """Takes captured blocks and makes a recording of them.

    Samples go to ``NAME.sigmf-data.part``. :meth:`finish` makes them safe on the disk, gives them
    their name, and writes the metadata last and by the same steps: where there is a
    ``.sigmf-meta``, the recording is whole. Leaving the ``with`` block in any other way removes
    what was written. A process that is killed leaves only ``.part`` files, which the next writer
    takes over.

    The room for all samples is taken at once, so that a full disk is met before the run and not
    at its end.

    Parameters
    ----------
    directory : str or Path
        Folder for the files; it must exist.
    context : RecordingContext
        What the recording is of.
    name : str
        Name of the files without their endings.

    Raises
    ------
    OutputError
        There is a recording of that name, another process is writing one, or the folder or its
        disk will not take it.
    ValueError, TypeError
        The configuration or the versions cannot be written as JSON.
    """

    def __init__(
        self, directory: str | Path, context: RecordingContext, name: str = "recording"
    ) -> None:
        # Found out now rather than when the samples are there.
        json.dumps([dict(context.configuration), dict(context.versions)], allow_nan=False)
        directory = Path(directory)
        self._context = context
        self._data_path = directory / f"{name}{DATA_SUFFIX}"
        self._meta_path = directory / f"{name}{META_SUFFIX}"
        for path in (self._data_path, self._meta_path):
            if path.exists():
                raise OutputError(
                    path, "there is a recording of that name", "choose another folder, or remove it"
                )
        self._recorded_utc = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        schedule = context.schedule
        size = schedule.pulses * schedule.window_samples * SAMPLE_BYTES[context.capture_format]
        self._stream = _HashedStream(_part(self._data_path), size)
        self._pulses = 0
        self._events: list[Event] = []
        self._open = True

    def append(self, block: CapturedBlock) -> None:
        """Take the next windows; returns before they are on the disk.

        Parameters
        ----------
        block : CapturedBlock
            The next pulses. Its array must not be changed afterwards.

        Raises
        ------
        OutputError
            This or an earlier block could not be written.
        ValueError
            The block does not continue the recording, or is of another form.
        """
        context = self._context
        schedule = context.schedule
        if not self._open:
            raise ValueError(f"{self._data_path}: the recording is closed")
        if block.first_pulse != self._pulses or self._pulses + block.pulses > schedule.pulses:
            raise ValueError(
                f"{self._data_path}: pulses {block.first_pulse} to "
                f"{block.first_pulse + block.pulses - 1} do not follow the {self._pulses} of "
                f"{schedule.pulses} that are there"
            )
        samples = block.samples
        file_type = np.dtype(FILE_TYPE[context.capture_format])
        shape = (block.pulses, *window_shape(schedule, context.capture_format))
        if samples.dtype != file_type.newbyteorder("=") or samples.shape != shape:
            raise ValueError(
                f"{self._data_path}: a block of {samples.dtype} {samples.shape} does not fit a "
                f"recording of {context.capture_format} windows, {shape}"
            )
        # A copy only where the block is not laid out as the file.
        stored = np.ascontiguousarray(samples, file_type)
        self._stream.write(stored.reshape(-1).view(np.uint8).data)
        self._pulses += block.pulses
        self._events.extend(block.events)

    def finish(self, read_back: ReadBack) -> Path:
        """Complete the recording and give it its name.

        Parameters
        ----------
        read_back : mapping
            What the device says that it was set to, fit for JSON.

        Returns
        -------
        Path
            The metadata file.

        Raises
        ------
        OutputError
            The files could not be written; nothing of them is left.
        RecordingError
            Pulses are missing; nothing is left.
        """
        try:
            if self._pulses != self._context.schedule.pulses:
                raise RecordingError(
                    self._data_path,
                    f"only {self._pulses} of {self._context.schedule.pulses} pulses were recorded",
                    "record every pulse of the schedule",
                )
            sha512 = self._stream.close()
            text = _validated_text(
                self._context, self._recorded_utc, sha512, read_back, self._events
            )
            _write_whole(_part(self._meta_path), text)
            try:
                os.replace(_part(self._data_path), self._data_path)
                os.replace(_part(self._meta_path), self._meta_path)
                _make_names_safe(self._meta_path.parent)
            except OSError as error:
                raise _output_error(self._meta_path, error, len(text)) from error
        finally:
            self._open = False
            self.abort()
        return self._meta_path

    def abort(self) -> None:
        """Remove what is unfinished; does nothing after :meth:`finish`. Never raises."""
        self._open = False
        self._stream.discard()
        _remove_unfinished(self._data_path, self._meta_path)

    def __enter__(self) -> Self:
        """Give the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Abort unless finished."""
        if self._open:
            self.abort()


class _HashedStream:
    """A file that is written and hashed in a thread of its own, in the order of the calls."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._hash = hashlib.sha512()
        self._written = 0
        self._failure: OSError | None = None
        self._abandoned = False
        self._pieces: queue.Queue[memoryview | None] = queue.Queue(_BLOCKS_WAITING)
        self._file = _reserved(path, size)
        # A daemon, so that an interpreter that ends without `discard` is not held up.
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    def write(self, data: memoryview) -> None:
        """Queue bytes; wait while too many are waiting."""
        self._raise_failure()
        self._pieces.put(data)

    def close(self) -> str:
        """Write what waits, make it safe on the disk, and give the SHA-512 of it all."""
        self._end_thread()
        self._raise_failure()
        try:
            os.fsync(self._file)
        except OSError as error:
            raise _output_error(self._path, error, self._size) from error
        return self._hash.hexdigest()

    def discard(self) -> None:
        """Drop what waits and close the file. Never raises; may be called again."""
        self._abandoned = True
        self._end_thread()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _end_thread(self) -> None:
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise _output_error(self._path, self._failure, self._size, self._written)

    def _work(self) -> None:
        # Goes on taking pieces after a failure, so that the other side never waits for ever.
        while (data := self._pieces.get()) is not None:
            if self._failure is not None:
                continue
            try:
                for start in range(0, len(data), _PIECE_BYTES):
                    if self._abandoned:
                        break
                    self._write_piece(data[start : start + _PIECE_BYTES])
            except OSError as error:
                self._failure = error

    def _write_piece(self, piece: memoryview) -> None:
        self._hash.update(piece)
        while piece:
            count = os.write(self._file, piece)
            self._written += count
            piece = piece[count:]


def _part(path: Path) -> Path:
    return path.with_name(path.name + PART_SUFFIX)


def _reserved(path: Path, size: int) -> int:
    """Open an unfinished file for this process alone, with room for ``size`` bytes."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _output_error(path, error, size) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                path, "another process is recording here", "choose another folder"
            ) from error
        try:
            os.ftruncate(file, 0)
            os.posix_fallocate(file, 0, size)
        except OSError as error:
            _remove(path)
            raise _output_error(path, error, size) from error
    except OutputError:
        os.close(file)
        raise
    return file


def _validated_text(
    context: RecordingContext,
    recorded_utc: str,
    sha512: str,
    read_back: ReadBack,
    events: list[Event],
) -> str:
    # Not needed before there is something to write, and slow to import.
    import sigmf

    metadata = sigmf_metadata(
        context, recorded_utc=recorded_utc, sha512=sha512, read_back=read_back, events=events
    )
    described = sigmf.SigMFFile(metadata=metadata)
    described.validate()
    return metadata_text(described.ordered_metadata())


def _write_whole(path: Path, text: str) -> None:
    """Write a text file and wait until it is safe on the disk."""
    data = text.encode()
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _output_error(path, error, len(data)) from error


def _make_names_safe(directory: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def remove_unfinished(directory: str | Path, name: str = "recording") -> None:
    """Remove what a writer that did not finish has left; a finished recording stays. Never raises.

    Parameters
    ----------
    directory : str or Path
        Folder of the recording.
    name : str
        Its name, without an ending.
    """
    stem = Path(directory) / name
    _remove_unfinished(Path(f"{stem}{DATA_SUFFIX}"), Path(f"{stem}{META_SUFFIX}"))


def _remove_unfinished(data_path: Path, meta_path: Path) -> None:
    for path in (data_path, meta_path):
        _remove(_part(path))
    # Samples without their metadata are no recording.
    if not meta_path.exists():
        _remove(data_path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        # It keeps its unfinished name; the error that led here matters more.
        return


def _output_error(path: Path, error: OSError, size: int, written: int = 0) -> OutputError:
    """Put a failure of the operating system in terms of the recording."""
    reason = (error.strerror or str(error)).lower()
    progress = f"after {megabytes(written)} of" if written else "for"
    return OutputError(
        path,
        f"cannot be written, {reason} ({progress} {megabytes(size)})",
        "make room, change the permissions, or choose another folder",
    )
