"""Use of a device that ends with its output off, whatever happens in between."""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from drivers.ending_signals import ending_signals_raise
from drivers.errors import DriverError
from drivers.interface import CapturedBlock, Device, PlayedBlock, ReadBack, Schedule


class Session:
    """A device that is armed for one schedule; made by :func:`session`.

    Parameters
    ----------
    device : Device
        Armed.
    schedule : Schedule
        What it is armed for.
    deadline_s : float
        How long the device may take to become idle after the last block, seconds.
    """

    __slots__ = ("_deadline_s", "_device", "_schedule")

    def __init__(self, device: Device, schedule: Schedule, deadline_s: float) -> None:
        self._device = device
        self._schedule = schedule
        self._deadline_s = deadline_s

    def exchange(self, blocks: Iterable[PlayedBlock]) -> Iterator[CapturedBlock]:
        """Start the device, play the blocks, yield what comes back, and wait for the end.

        Parameters
        ----------
        blocks : iterable of PlayedBlock
            Every pulse of the schedule, in order.

        Yields
        ------
        CapturedBlock
            Every pulse of the schedule, in order and once.

        Raises
        ------
        DriverError
            From the device; also when it breaks its promise to give each pulse back once.
        """
        self._device.start()
        expected = 0
        for captured in self._device.exchange(blocks):
            if captured.first_pulse != expected:
                raise DriverError(
                    f"the device gave back pulse {captured.first_pulse} where pulse {expected} "
                    "was due",
                    "report this against its driver, with the recording's read-backs",
                )
            expected += captured.pulses
            yield captured
        if expected != self._schedule.pulses:
            raise DriverError(
                f"the device gave back {expected} of {self._schedule.pulses} pulses",
                "report this against its driver, with the recording's read-backs",
            )
        self._device.wait_idle(self._deadline_s)

    def read_back(self) -> ReadBack:
        """Tell what the device is set to, as it says itself."""
        return self._device.read_back()


@contextmanager
def session(device: Device, schedule: Schedule, *, deadline_s: float = 30.0) -> Iterator[Session]:
    """Ready, prepare and arm a device; stop it on every way out.

    The ways out are the end of the ``with`` block, any exception in it or in the set-up, Ctrl-C,
    SIGTERM and SIGHUP (the first of which becomes an exception, see
    :func:`drivers.ending_signals.ending_signals_raise`), and the interpreter's exit. Only the kill
    that cannot be caught runs no code; drivers play finite bursts for its sake.

    Parameters
    ----------
    device : Device
        Open, in any state.
    schedule : Schedule
        What is to be played.
    deadline_s : float
        How long the device may take to become idle after the last block, seconds.

    Yields
    ------
    Session
        Through which to play and record.

    Raises
    ------
    DriverError
        From the device.
    SessionTerminated
        On SIGTERM or SIGHUP; ``KeyboardInterrupt`` on Ctrl-C.
    """
    # Last resort for the few instructions of contextlib in which a signal can strike before the
    # generator below is told to end.
    atexit.register(device.ensure_stopped)
    try:
        with ending_signals_raise():
            # Stopping twice closes the gap of a signal that strikes inside the first stop. There
            # is no third, since only one signal raises.
            try:
                try:
                    device.ensure_ready()
                    device.prepare(schedule)
                    device.arm()
                    yield Session(device, schedule, deadline_s)
                finally:
                    device.ensure_stopped()
            finally:
                device.ensure_stopped()
    finally:
        atexit.unregister(device.ensure_stopped)
