import time

import pytest

from drivers.errors import DeviceTimeoutError
from drivers.visa.waiting import wait_until


def late() -> DeviceTimeoutError:
    return DeviceTimeoutError("it is late", "wait longer")


def test_what_is_so_is_asked_for_once() -> None:
    asked: list[float] = []

    def reached() -> bool:
        asked.append(time.monotonic())
        return True

    wait_until(reached, 0.0, late)
    assert len(asked) == 1


def test_it_is_asked_less_and_less_often() -> None:
    answers = iter([False] * 5 + [True])
    asked: list[float] = []

    def reached() -> bool:
        asked.append(time.monotonic())
        return next(answers)

    wait_until(reached, 60.0, late)
    # 1, 2, 4, 8, 16 ms at least; a busy machine only adds to them.
    for pause_s, before_s, after_s in zip(
        (0.001, 0.002, 0.004, 0.008, 0.016), asked[:-1], asked[1:], strict=True
    ):
        assert after_s - before_s >= 0.9 * pause_s


def test_late_is_its_own_error() -> None:
    with pytest.raises(DeviceTimeoutError, match="it is late"):
        wait_until(lambda: False, 0.01, late)


def test_an_error_of_the_question_comes_through() -> None:
    def reached() -> bool:
        raise DeviceTimeoutError("no answer", "see the cable")

    with pytest.raises(DeviceTimeoutError, match="no answer"):
        wait_until(reached, 1.0, late)
