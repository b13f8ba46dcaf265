"""Files whose name never stands for half of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from testbed.errors import OutputError


@contextmanager
def appear_complete(path: Path, size: int) -> Iterator[Path]:
    """Give a file its name when it is complete, and on the disk.

    Parameters
    ----------
    path : Path
        The file; one that is there already is replaced.
    size : int
        How many bytes it will have, for the error.

    Yields
    ------
    Path
        Another name, to be written under; it is gone afterwards.

    Raises
    ------
    OutputError
        If it cannot be written; what was there before then stays as it was.
    """
    temporary = path.with_name(f"{path.name}.part")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(
            path,
            f"its {size} bytes cannot be written, {reason}",
            "make room or name another place with --out",
        ) from error
    finally:
        # Gone after the renaming; there after a failure, unless its folder cannot be searched.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that its name never stands for half of it.

    Parameters
    ----------
    path : Path
        The file; one that is there already is replaced.
    content : bytes or memoryview
        All of it.

    Raises
    ------
    OutputError
        If it cannot be written; what was there before then stays as it was.
    """
    with appear_complete(path, len(content)) as temporary:
        temporary.write_bytes(content)
