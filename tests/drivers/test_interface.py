from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from drivers.errors import DriverError
from drivers.interface import PlayedBlock, in_order

WINDOW = 64  # samples


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((4, WINDOW), np.complex128),
        np.zeros((4, WINDOW, 2), np.float32),
        np.zeros(WINDOW, np.complex64),
        np.zeros((WINDOW, 4), np.complex64).T,
        np.zeros((4, 2 * WINDOW), np.complex64)[:, ::2],
    ],
    ids=["complex128", "pairs", "one dimension", "transposed", "strided"],
)
def test_block_of_another_type_shape_or_layout_is_refused(samples: Any) -> None:
    with pytest.raises(DriverError, match=r"block to play at pulse 3 .* C-contiguous complex64"):
        PlayedBlock(3, samples)


def block(first_pulse: int, pulses: int, window_samples: int = WINDOW) -> PlayedBlock:
    return PlayedBlock(first_pulse, np.zeros((pulses, window_samples), np.complex64))


def test_blocks_in_order_pass(make_schedule: Callable[..., Any]) -> None:
    blocks = [block(0, 4), block(4, 1), block(5, 5)]
    assert list(in_order(blocks, make_schedule(10, WINDOW))) == blocks


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([block(1, 9)], "begins at pulse 1; .* the next one is 0"),
        ([block(0, 4), block(5, 5)], "begins at pulse 5; .* the next one is 4"),
        ([block(0, 4), block(3, 7)], "begins at pulse 3; .* the next one is 4"),
        ([block(0, 4), block(4, 7)], "reaches to pulse 10; end with pulse 9"),
        ([block(0, 4)], "only 4 of the schedule's 10 pulses"),
        ([], "only 0 of the schedule's 10 pulses"),
        ([block(0, 10, WINDOW + 1)], "windows of 65 samples; make them 64"),
    ],
    ids=["late start", "gap", "repeat", "too many", "too few", "none", "long windows"],
)
def test_blocks_that_do_not_fill_the_schedule_are_refused(
    blocks: list[PlayedBlock], message: str, make_schedule: Callable[..., Any]
) -> None:
    with pytest.raises(DriverError, match=message):
        list(in_order(blocks, make_schedule(10, WINDOW)))


def test_blocks_are_drawn_one_at_a_time(make_schedule: Callable[..., Any]) -> None:
    drawn = []

    def blocks() -> Any:
        for first_pulse in (0, 5):
            drawn.append(first_pulse)
            yield block(first_pulse, 5)

    passed = in_order(blocks(), make_schedule(10, WINDOW))
    next(passed)
    assert drawn == [0]
