import threading
from collections.abc import Iterator

import pytest

from sim_core.focusing.parallel import run_blocks, slices, worker_count


def test_slices_cover_everything_once() -> None:
    parts = slices(103, 20)
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(103))


def test_every_block_is_worked_on_and_counted() -> None:
    seen: set[int] = set()
    counts: list[int] = []
    run_blocks(range(50), seen.add, counts.append)
    assert seen == set(range(50))
    assert counts == list(range(1, 51))


def test_blocks_are_taken_in_the_calling_thread_and_not_far_ahead() -> None:
    taken, finished, furthest = 0, 0, 0

    def blocks() -> Iterator[int]:
        nonlocal taken, furthest
        for block in range(200):
            assert threading.current_thread() is threading.main_thread()
            taken += 1
            furthest = max(furthest, taken - finished)
            yield block

    def count(done: int) -> None:
        nonlocal finished
        finished = done

    run_blocks(blocks(), lambda _: None, count)
    assert taken == finished == 200
    assert furthest <= 2 * worker_count() + 1


def test_an_error_in_a_block_stops_the_work() -> None:
    done: list[int] = []

    def work(block: int) -> None:
        if block == 3:
            raise ArithmeticError("block three")
        done.append(block)

    with pytest.raises(ArithmeticError, match="block three"):
        run_blocks(range(10_000), work)
    assert len(done) < 10_000
