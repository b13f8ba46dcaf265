"""Files whose name never stands for half of them."""

import os
from contextlib import suppress
from pathlib import Path

from testbed.errors import OutputError


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
    temporary = path.with_name(f"{path.name}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(
            path,
            f"its {len(content)} bytes cannot be written, {reason}",
            "make room or name another place with --out",
        ) from error
    finally:
        # Gone after the renaming; there after a failure, unless its folder cannot be searched.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
