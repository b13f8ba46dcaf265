"""Arrays on disk, for what does not fit the bound on memory.

The files have no name from the start, so that their space is free again whichever way the program
ends. They are written and read by system calls rather than mapped: pages of a mapped file that was
just written count as memory of the process until the kernel gets round to them.
"""

import mmap
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import numpy.typing as npt

from sim_core.errors import ScratchError

ComplexRows = npt.NDArray[np.complex64]

_BYTES = np.dtype(np.complex64).itemsize


def require_space(folder: Path | None, wanted_bytes: int) -> None:
    """Raise unless a folder's disk has room.

    Parameters
    ----------
    folder : Path or None
        Where scratch files go; None is the system's folder for temporary files.
    wanted_bytes : int
        Room that is wanted.

    Raises
    ------
    ScratchError
        If there is less, or no such folder.
    """
    place = Path(tempfile.gettempdir()) if folder is None else folder
    try:
        free_bytes = shutil.disk_usage(place).free
    except OSError as error:
        raise _refusal(place, error) from error
    if free_bytes < wanted_bytes:
        raise ScratchError(
            f"focusing needs {wanted_bytes / 2**30:.2f} GiB of scratch space, {place} has "
            f"{free_bytes / 2**30:.2f} GiB left",
            "choose a scratch folder on a larger disk, or raise memory_bytes",
        )


class ScratchArray:
    """Rows of complex64 in a file without a name.

    Parameters
    ----------
    folder : Path or None
        Where the file is; None is the system's folder for temporary files.
    shape : tuple of int
        Rows, and values of a row.

    Raises
    ------
    ScratchError
        If the folder cannot be written to, or the disk has no room for the array.
    """

    def __init__(self, folder: Path | None, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._place = Path(tempfile.gettempdir()) if folder is None else folder
        size = shape[0] * shape[1] * _BYTES
        try:
            self._file = _unnamed_file(self._place)
        except OSError as error:
            raise _refusal(self._place, error) from error
        try:
            # All of the room is taken now: no write fails for want of it half an hour from now.
            os.posix_fallocate(self._file.fileno(), 0, size)
        except OSError as error:
            self._file.close()
            raise _refusal(self._place, error, size) from error

    def write(self, first: int, rows: ComplexRows) -> None:
        """Store rows from row number `first` on; threads may store different rows at once.

        Raises
        ------
        ScratchError
            If the file cannot be written.
        """
        left = np.ascontiguousarray(rows).data.cast("B")
        offset = first * self.shape[1] * _BYTES
        try:
            while left.nbytes:
                written = os.pwrite(self._file.fileno(), left, offset)
                left, offset = left[written:], offset + written
        except OSError as error:
            raise _refusal(self._place, error, left.nbytes) from error

    def read(self, first: int, count: int) -> ComplexRows:
        """Return `count` rows from row number `first` on, as a new array.

        Raises
        ------
        ScratchError
            If the file cannot be read.
        """
        rows = np.empty((count, self.shape[1]), dtype=np.complex64)
        left = rows.data.cast("B")
        offset = first * self.shape[1] * _BYTES
        try:
            while left.nbytes:
                read = os.preadv(self._file.fileno(), [left], offset)
                if read == 0:
                    raise OSError("the file ends before its time")
                left, offset = left[read:], offset + read
        except OSError as error:
            raise _refusal(self._place, error) from error
        return rows

    def mapped(self) -> ComplexRows:
        """Map the array for reading; the map keeps the file alive when this object is closed."""
        view = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        # Only pages that are touched: else each brings 15 neighbours along, and a chip of a few
        # rows, which lie a column apart, the whole image.
        view.madvise(mmap.MADV_RANDOM)
        return np.frombuffer(view, dtype=np.complex64).reshape(self.shape)

    def close(self) -> None:
        """Give the space back, unless a map still holds it."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the space back on every way out."""
        self.close()


def _unnamed_file(place: Path) -> IO[bytes]:
    descriptor, name = tempfile.mkstemp(dir=place, prefix="moonecho-")
    os.unlink(name)
    return os.fdopen(descriptor, "w+b", buffering=0)


def _refusal(place: Path, error: OSError, wanted_bytes: int | None = None) -> ScratchError:
    wanted = "" if wanted_bytes is None else f" of {wanted_bytes / 2**20:.1f} MiB"
    return ScratchError(
        f"scratch space{wanted} in {place} cannot be used: {error.strerror or error}",
        "choose a scratch folder on a disk with room that can be written to, or raise memory_bytes",
    )
