import threading

import pytest

from drivers.errors import DeviceTimeoutError
from drivers.visa.errors import LinkInterruptedError
from drivers.visa.link.turn import Turn

WAIT_S = 10.0


def test_a_turn_can_be_taken_again_by_whoever_has_it() -> None:
    turn = Turn()
    with turn.taken(), turn.taken(), turn.urgent(lambda: None, 1.0), turn.urgent(lambda: None, 1.0):
        assert turn.is_urgent
        turn.give_way()
        turn.pause(0.001)
    assert not turn.is_urgent


def test_others_give_way_and_come_back() -> None:
    turn = Turn()
    taken, urgent, over = threading.Event(), threading.Event(), threading.Event()
    seen: list[str] = []

    def work() -> None:
        try:
            with turn.taken():
                taken.set()
                # Woken by the urgent one, not by the time.
                turn.pause(WAIT_S)
        except LinkInterruptedError:
            seen.append("gave way")
        urgent.wait(WAIT_S)
        with pytest.raises(LinkInterruptedError), turn.taken():
            seen.append("never")
        over.set()

    worker = threading.Thread(target=work)
    worker.start()
    assert taken.wait(WAIT_S)
    with turn.urgent(lambda: seen.append("broken off"), WAIT_S):
        urgent.set()
        assert over.wait(WAIT_S)
    worker.join(timeout=WAIT_S)
    assert seen == ["gave way"]
    with turn.taken():
        turn.give_way()


def test_whoever_does_not_give_way_is_broken_off() -> None:
    turn = Turn()
    taken, broken = threading.Event(), threading.Event()

    def work() -> None:
        with turn.taken():
            taken.set()
            broken.wait(WAIT_S)

    worker = threading.Thread(target=work)
    worker.start()
    assert taken.wait(WAIT_S)
    with turn.urgent(broken.set, 0.2):
        assert broken.is_set()
    worker.join(timeout=WAIT_S)


def test_two_that_are_urgent_do_not_break_each_other_off() -> None:
    turn = Turn()
    taken, end = threading.Event(), threading.Event()

    def switch_off() -> None:
        with turn.urgent(lambda: None, WAIT_S):
            taken.set()
            end.wait(WAIT_S)

    first = threading.Thread(target=switch_off)
    first.start()
    assert taken.wait(WAIT_S)
    broken: list[str] = []
    threading.Timer(0.3, end.set).start()
    with turn.urgent(lambda: broken.append("off"), 0.2):
        assert broken == []
    first.join(timeout=WAIT_S)


def test_it_is_said_when_nothing_helps() -> None:
    turn = Turn()
    taken, end = threading.Event(), threading.Event()

    def work() -> None:
        with turn.taken():
            taken.set()
            end.wait(WAIT_S)

    worker = threading.Thread(target=work)
    worker.start()
    assert taken.wait(WAIT_S)
    with pytest.raises(DeviceTimeoutError, match="urgently"), turn.urgent(lambda: None, 0.05):
        pytest.fail("the turn was to be had")
    end.set()
    worker.join(timeout=WAIT_S)
    # Nobody is kept out by an urgency that is over.
    with turn.taken():
        assert not turn.is_urgent
