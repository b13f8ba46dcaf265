"""Waiting for an instrument, which is asked less and less often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from drivers.errors import DriverError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.001, 0.05


def wait_until(
    reached: Callable[[], bool], deadline_s: float, late: Callable[[], DriverError]
) -> None:
    """Ask until something is so.

    Parameters
    ----------
    reached : callable
        Asks whether it is.
    deadline_s : float
        How long it may take. It is asked for once at least.
    late : callable
        Gives the error if it takes longer, and may stop what is under way.

    Raises
    ------
    DriverError
        Of ``late``.
    """
    end_s = time.monotonic() + deadline_s
    pause_s = _FIRST_PAUSE_S
    while not reached():
        if time.monotonic() >= end_s:
            raise late()
        threading.Event().wait(pause_s)
        pause_s = min(2.0 * pause_s, _LONGEST_PAUSE_S)
