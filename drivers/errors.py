"""What can go wrong with a device, each by its own name.

Every error says what is wrong (``problem``) and what would be right (``remedy``); its text is one
line. Only :class:`SessionTerminated` is not a :class:`DriverError`: it is a request from outside,
and travels like the ``KeyboardInterrupt`` that it is.
"""

from __future__ import annotations

import signal


class DriverError(Exception):
    """A device, or what was given to it, is not as it must be.

    Parameters
    ----------
    problem : str
        What is wrong, with the value and where it was found.
    remedy : str
        What would be right.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Give ``problem; remedy`` on one line."""
        return f"{self.problem}; {self.remedy}"


class DeviceSettingsError(DriverError):
    """Settings that the device cannot have, known before anything is touched."""


class DeviceStateError(DriverError):
    """A call that does not fit the state of the device (``arm`` before ``prepare``)."""


class DeviceTimeoutError(DriverError):
    """The device did not finish, or did not answer, before its deadline."""


class LinkLostError(DriverError):
    """The link to the device is gone: closed by the peer, unplugged, or silent for too long."""


class SessionTerminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM, SIGHUP) while a device was in use.

    It derives from ``KeyboardInterrupt`` so that whoever handles Ctrl-C handles this too, and so
    that no handler of ordinary errors stops it on its way out.

    Parameters
    ----------
    signal_number : int
        The signal that asked.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number

    @property
    def exit_code(self) -> int:
        """Exit status by the shell's convention, 128 + signal number."""
        return 128 + self.signal_number

    def __str__(self) -> str:
        """Name the signal."""
        return f"stopped by {signal.Signals(self.signal_number).name}"
