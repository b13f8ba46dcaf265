"""Work on blocks of an array by several threads.

The loops over samples are compiled without the interpreter's lock and scipy's FFTs release it, so
plain threads keep every core busy, and a block stays in its core's cache from load to store.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Block = TypeVar("Block")


def worker_count() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def run_blocks(
    blocks: Iterable[Block],
    work: Callable[[Block], None],
    finished: Callable[[int], None] | None = None,
) -> None:
    """Do the same work on every block, several at a time.

    The blocks are taken from their iterable in the calling thread, one after the other and only a
    few ahead of the work, so that a source of data needs no locks and little memory.

    Parameters
    ----------
    blocks : iterable
        The blocks.
    work : callable
        Called with each block, from several threads.
    finished : callable, optional
        Called in the calling thread with the number of blocks done so far.
    """
    workers = worker_count()
    pending: deque[Future[None]] = deque()
    done = 0
    with ThreadPoolExecutor(workers, thread_name_prefix="focusing") as pool:
        try:
            for block in blocks:
                pending.append(pool.submit(work, block))
                if len(pending) > 2 * workers:
                    pending.popleft().result()
                    done += 1
                    if finished is not None:
                        finished(done)
            while pending:
                pending.popleft().result()
                done += 1
                if finished is not None:
                    finished(done)
        except BaseException:
            # Also on Ctrl-C: what has not begun must not begin.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def slices(count: int, size: int) -> list[slice]:
    """Cut `count` things into slices of `size`, the last one shorter."""
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]
