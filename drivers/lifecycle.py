"""The states of a device and the calls that lead from one to the next.

Each driver holds one :class:`Lifecycle` and tells it of every call, so that a call out of order
gets the same answer from every device, before it reaches any hardware.
"""

from __future__ import annotations

from enum import StrEnum

from drivers.errors import DeviceStateError


class DeviceState(StrEnum):
    """Where a device stands."""

    STOPPED = "stopped"
    READY = "ready"
    PREPARED = "prepared"
    ARMED = "armed"
    RUNNING = "running"
    EXCHANGING = "exchanging"
    DRAINED = "drained"


# Call -> (the states it may be made in, the state it leads to). ``drained`` is no call of a user:
# a device reports it when the last block was handed over.
_TRANSITIONS: dict[str, tuple[tuple[DeviceState, ...], DeviceState]] = {
    "ensure_ready": ((DeviceState.STOPPED, DeviceState.READY), DeviceState.READY),
    "prepare": ((DeviceState.READY, DeviceState.PREPARED), DeviceState.PREPARED),
    "arm": ((DeviceState.PREPARED,), DeviceState.ARMED),
    "start": ((DeviceState.ARMED,), DeviceState.RUNNING),
    "exchange": ((DeviceState.RUNNING,), DeviceState.EXCHANGING),
    "drained": ((DeviceState.EXCHANGING,), DeviceState.DRAINED),
    "wait_idle": ((DeviceState.DRAINED,), DeviceState.READY),
}

_RIGHT_CALL: dict[DeviceState, str] = {
    DeviceState.STOPPED: "call ensure_ready",
    DeviceState.READY: "call prepare",
    DeviceState.PREPARED: "call arm",
    DeviceState.ARMED: "call start",
    DeviceState.RUNNING: "call exchange",
    DeviceState.EXCHANGING: "take the remaining blocks of exchange, or call ensure_stopped",
    DeviceState.DRAINED: "call wait_idle",
}


class Lifecycle:
    """The state of one device.

    Parameters
    ----------
    device : str
        What to call the device in errors.
    """

    __slots__ = ("_device", "_state")

    def __init__(self, device: str) -> None:
        self._device = device
        self._state = DeviceState.STOPPED

    @property
    def state(self) -> DeviceState:
        """Where the device stands."""
        return self._state

    def require(self, call: str) -> None:
        """Refuse a call that does not fit the state, without taking the step.

        Parameters
        ----------
        call : str
            Name of the call.

        Raises
        ------
        DeviceStateError
            The call cannot be made now; the error names the state and the call that fits.
        """
        allowed, _ = _TRANSITIONS[call]
        if self._state not in allowed:
            raise DeviceStateError(
                f"{call} on {self._device}, which is {self._state}", _RIGHT_CALL[self._state]
            )

    def advance(self, call: str) -> None:
        """Take the step of a call, once it has succeeded.

        Parameters
        ----------
        call : str
            Name of the call.

        Raises
        ------
        DeviceStateError
            As :meth:`require`.
        """
        self.require(call)
        _, self._state = _TRANSITIONS[call]

    def stop(self) -> None:
        """Return to ``stopped``, from any state."""
        self._state = DeviceState.STOPPED
