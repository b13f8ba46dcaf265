"""What was said over a link, and when.

Memory is bounded: the first and the last entries are kept, and all of them are counted. The whole
of it goes to a file, line by line, where one is asked for. Blocks are logged by length and
checksum, not by their bytes.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

Direction = Literal["sent", "received", "event"]

_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One message, or one thing that happened to the link.

    Parameters
    ----------
    time_s : float
        Since the log began.
    direction : {"sent", "received", "event"}
        From here, from the instrument, or neither.
    text : str
        As it was on the line, without its end; shortened in the middle where it is long.
    """

    time_s: float
    direction: Direction
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Give it in a form that fits JSON."""
        return {"time_s": round(self.time_s, 6), self.direction: self.text}


class CommandLog:
    """A timed log of a link; any thread may write to it.

    Parameters
    ----------
    name : str
        Whose: "generator", "digitizer".
    first, last : int
        How many of the first and of the last entries are kept in memory.
    """

    def __init__(self, name: str = "", *, first: int = 200, last: int = 800) -> None:
        self.name = name
        self.began_utc = datetime.now(UTC)
        self._began_s = time.monotonic()
        self._lock = threading.Lock()
        self._keep_first = first
        self._first: list[LogEntry] = []
        self._last: deque[LogEntry] = deque(maxlen=last)
        self._count = 0
        self._file: TextIO | None = None
        self._failure: str | None = None

    @property
    def count(self) -> int:
        """How many entries there were in all."""
        return self._count

    @property
    def failure(self) -> str | None:
        """Why the file is not complete, or None."""
        return self._failure

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """Those that are kept: the first and the last."""
        with self._lock:
            return (*self._first, *self._last)

    def sent(self, text: str) -> None:
        """Log what was sent."""
        self._append("sent", text)

    def received(self, text: str) -> None:
        """Log what was received."""
        self._append("received", text)

    def event(self, text: str) -> None:
        """Log what happened to the link: opened, cleared, lost."""
        self._append("event", text)

    def stream_to(self, path: Path) -> None:
        """Write what is kept, and all that follows, to a file of one JSON object per line.

        The link never waits for more than the write, and never fails by it: when the disk is full,
        the file ends and :attr:`failure` says so.

        Parameters
        ----------
        path : Path
            A new file.

        Raises
        ------
        OSError
            It cannot be made.
        """
        self.close()
        # Line by line, so that a crash leaves what led to it.
        file = path.open("x", encoding="utf-8", buffering=1)
        with self._lock:
            self._file = file
            self._write({"log": self.name, "began_utc": self.began_utc.isoformat()})
            for entry in self._first:
                self._write(entry.as_dict())
            missing = self._count - len(self._first) - len(self._last)
            if missing > 0:
                self._write({"left_out": missing})
            for entry in self._last:
                self._write(entry.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Give what is kept, in a form that fits JSON."""
        with self._lock:
            return {
                "began_utc": self.began_utc.isoformat(),
                "count": self._count,
                "first": [entry.as_dict() for entry in self._first],
                "last": [entry.as_dict() for entry in self._last],
            }

    def close(self) -> None:
        """End the file, if there is one; entries are kept in memory as before."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                try:
                    file.close()
                except OSError as error:
                    self._failure = str(error)

    def _append(self, direction: Direction, text: str) -> None:
        entry = LogEntry(time.monotonic() - self._began_s, direction, _shortened(text))
        with self._lock:
            self._count += 1
            (self._first if len(self._first) < self._keep_first else self._last).append(entry)
            self._write(entry.as_dict())

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line) + "\n")
        except OSError as error:
            self._failure = str(error)
            file, self._file = self._file, None
            # It fails once more, on what it could not write.
            with suppress(OSError):
                file.close()


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    return f"{text[:half]} ... {text[-half:]} ({len(text)} characters)"
