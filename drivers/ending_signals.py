"""Signals that end a process, as one exception, so that what is open gets stopped and closed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from drivers.errors import SessionTerminated

# SIGHUP too: the terminal of a bench is often an ssh connection that may drop in mid-run.
_ENDING_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_UNTOUCHED = (signal.SIG_DFL, signal.default_int_handler)


class _Answered:
    """Whether one of the signals has raised, since the outermost ``with`` block began."""

    depth = 0
    raised = False


@contextmanager
def ending_signals_raise() -> Iterator[None]:
    """Turn the first ending signal into an exception, and swallow those that follow.

    The signals are Ctrl-C, SIGTERM and SIGHUP, and the first of any of them is the only one that
    raises: the followers come while it is being answered, and neither a second Ctrl-C of an
    impatient user nor the SIGTERM of a service manager must cut short what silences an output.
    Blocks nest, and have that first signal in common, so that no clean-up of theirs is cut twice.

    Signals are handled only in the main thread, where Python delivers them, and only where nobody
    else has taken them over: a handler of the application, or ``nohup``, is left alone.

    Raises
    ------
    SessionTerminated
        On SIGTERM or SIGHUP; ``KeyboardInterrupt`` on Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in _ENDING_SIGNALS}
    taken = [number for number, handler in previous.items() if handler in _UNTOUCHED]
    _Answered.depth += 1
    try:
        for number in taken:
            signal.signal(number, _raise_once)
        yield
    finally:
        for number in taken:
            signal.signal(number, previous[number])
        _Answered.depth -= 1
        if not _Answered.depth:
            _Answered.raised = False


def _raise_once(number: int, _frame: FrameType | None) -> None:
    if _Answered.raised:
        return
    _Answered.raised = True
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SessionTerminated(number)
