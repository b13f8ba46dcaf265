import pytest

from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.status import ServiceRequest, Status, StatusRegister


# IEEE 488.2, 11.5.1, and SCPI-99, volume 2, 21.8: which class of errors sets which bit.
@pytest.mark.parametrize(
    ("code", "bit"), [(-113, 5), (-222, 4), (-310, 3), (42, 3), (-410, 2), (-500, 7)]
)
def test_an_error_sets_the_bit_of_its_class(code: int, bit: int) -> None:
    status = Status()
    assert status.read_event() == 1 << 7  # power was switched on
    status.note_error(ScpiError(code))
    assert status.event == 1 << bit
    assert status.read_event() == 1 << bit
    assert status.read_event() == 0


def test_the_status_byte_sums_up() -> None:
    status = Status()
    assert status.byte(errors=False, message_available=False) == 0
    assert status.byte(errors=True, message_available=False) == 1 << 2
    assert status.byte(errors=False, message_available=True) == 1 << 4
    status.event_enable = 1 << 7
    assert status.byte(errors=False, message_available=False) == 1 << 5
    status.service_enable = 1 << 5
    assert status.byte(errors=False, message_available=False) == 1 << 5 | 1 << 6
    status.operation.enable = status.questionable.enable = 1
    status.operation.set_condition(1)
    status.questionable.set_condition(1)
    assert status.byte(errors=False, message_available=False) == 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7
    status.clear()
    assert status.byte(errors=False, message_available=False) == 0


def test_transition_filters_choose_what_is_an_event() -> None:
    register = StatusRegister()
    register.set_condition(0b11)
    assert register.read_event() == 0b11
    register.positive, register.negative = 0b01, 0b10
    register.set_condition(0b00)
    assert register.event == 0b10
    register.set_condition(0b11)
    assert register.event == 0b11
    register.enable = 0b10
    assert register.summary
    register.preset()
    assert (register.enable, register.positive, register.negative) == (0, 0x7FFF, 0)


def test_a_request_is_made_once_for_each_new_reason() -> None:
    request = ServiceRequest()
    assert not request.update(0b0100, enabled=0)
    assert request.update(0b0100, enabled=0b0100)
    assert not request.update(0b0100, enabled=0b0100)
    # Bit 6 of a poll is the request, and ends with it (IEEE 488.2, 11.2.2).
    assert request.poll(0b0100) == 0b0100_0100
    assert request.poll(0b0100) == 0b0000_0100
    assert request.update(0b0001_0100, enabled=0b0001_0100)
    assert not request.update(0, enabled=0b0001_0100)
    assert request.poll(0) == 0
