"""Whether a folder has room, asked before a run rather than found out in it."""

from __future__ import annotations

import os
from pathlib import Path

from testbed.errors import OutputError


def require_free_space(directory: str | Path, bytes_needed: int) -> None:
    """Refuse a folder that cannot take so many bytes.

    Parameters
    ----------
    directory : str or Path
        Folder to be written to. It need not exist yet: its nearest existing parent is asked.
    bytes_needed : int
        Size of what will be written, bytes.

    Raises
    ------
    OutputError
        There is too little space, the folder may not be written to, or its path leads through
        something that is no folder.
    """
    directory = Path(directory)
    try:
        existing = _nearest_existing(directory.absolute())
    except OSError as error:
        raise OutputError(
            directory,
            f"cannot be reached, {(error.strerror or str(error)).lower()}",
            "change the permissions on the way to it, or choose another folder",
        ) from error
    if not existing.is_dir():
        raise OutputError(directory, f"{existing} is not a folder", "choose another folder")
    if not os.access(existing, os.W_OK | os.X_OK, effective_ids=True):
        raise OutputError(
            directory,
            f"{existing} may not be written to",
            "change its permissions or choose another folder",
        )
    volume = os.statvfs(existing)
    free = volume.f_bavail * volume.f_frsize
    if free < bytes_needed:
        raise OutputError(
            directory,
            f"{megabytes(bytes_needed)} are needed and {megabytes(free)} are free",
            "make room or choose another folder",
        )


def _nearest_existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def megabytes(size: int) -> str:
    """Write a size in megabytes of 10^6 bytes.

    Parameters
    ----------
    size : int
        Bytes.
    """
    return f"{size / 1e6:.1f} MB"
