"""Status reporting: the registers of IEEE 488.2 (chapter 11) and of SCPI-99 (volume 1, 9)."""

from __future__ import annotations

from drivers.simulators.scpi.errors import ScpiError

# Bits of the status byte.
ERROR_QUEUE = 1 << 2
QUESTIONABLE = 1 << 3
MESSAGE_AVAILABLE = 1 << 4
EVENT_SUMMARY = 1 << 5
SERVICE_REQUEST = 1 << 6
OPERATION = 1 << 7

# Bits of the standard event status register.
OPERATION_COMPLETE = 1 << 0
QUERY_ERROR = 1 << 2
DEVICE_ERROR = 1 << 3
EXECUTION_ERROR = 1 << 4
COMMAND_ERROR = 1 << 5
POWER_ON = 1 << 7

_EVENT_OF_ERROR_CLASS = {
    1: COMMAND_ERROR,
    2: EXECUTION_ERROR,
    3: DEVICE_ERROR,
    4: QUERY_ERROR,
    5: POWER_ON,
}

_REGISTER_MASK = 0x7FFF


class StatusRegister:
    """Condition, transition filters, event and enable registers of 15 bits (SCPI-99, 9.1)."""

    def __init__(self) -> None:
        self.condition = 0
        self.event = 0
        self.enable = 0
        self.positive = _REGISTER_MASK
        self.negative = 0

    def set_condition(self, condition: int) -> None:
        """Set what is so now; a filtered change of a bit sets it in the event register."""
        rose = condition & ~self.condition & self.positive
        fell = ~condition & self.condition & self.negative
        self.event |= (rose | fell) & _REGISTER_MASK
        self.condition = condition & _REGISTER_MASK

    def read_event(self) -> int:
        """Give the event register, and clear it."""
        event, self.event = self.event, 0
        return event

    def preset(self) -> None:
        """Do what ``STATus:PRESet`` does."""
        self.enable, self.positive, self.negative = 0, _REGISTER_MASK, 0

    @property
    def summary(self) -> bool:
        """Whether an enabled event stands."""
        return bool(self.event & self.enable)


class Status:
    """What the status byte is made of, but for the messages that wait in a session."""

    def __init__(self) -> None:
        self.event = POWER_ON
        self.event_enable = 0
        self.service_enable = 0
        self.operation = StatusRegister()
        self.questionable = StatusRegister()

    def note_error(self, error: ScpiError) -> None:
        """Set the event bit of an error's class (SCPI-99, 21.8)."""
        if error.code >= 0:
            self.event |= DEVICE_ERROR
        else:
            self.event |= _EVENT_OF_ERROR_CLASS.get(-error.code // 100, 0)

    def read_event(self) -> int:
        """Give the standard event status register, and clear it."""
        event, self.event = self.event, 0
        return event

    def clear(self) -> None:
        """Clear all event registers; what is enabled stays so."""
        self.event = self.operation.event = self.questionable.event = 0

    def byte(self, *, errors: bool, message_available: bool) -> int:
        """Make the status byte, with the master summary in bit 6."""
        byte = (
            ERROR_QUEUE * errors
            | QUESTIONABLE * self.questionable.summary
            | MESSAGE_AVAILABLE * message_available
            | EVENT_SUMMARY * bool(self.event & self.event_enable)
            | OPERATION * self.operation.summary
        )
        return byte | SERVICE_REQUEST * bool(byte & self.service_enable)


class ServiceRequest:
    """Decides when a session is to be told that its status byte asks for service.

    A request is made for each reason that was none before (IEEE 488.2, 11.3.3), and lasts until the
    status byte is polled.
    """

    def __init__(self) -> None:
        self._reasons = 0
        self._requested = False

    def update(self, byte: int, enabled: int) -> bool:
        """Tell whether the byte holds a new reason."""
        reasons = byte & enabled & ~SERVICE_REQUEST
        new = bool(reasons & ~self._reasons)
        self._reasons = reasons
        self._requested = (self._requested or new) and bool(reasons)
        return new

    def poll(self, byte: int) -> int:
        """Give the byte with the request in place of the master summary, and end the request."""
        polled = byte & ~SERVICE_REQUEST | SERVICE_REQUEST * self._requested
        self._requested = False
        return polled
