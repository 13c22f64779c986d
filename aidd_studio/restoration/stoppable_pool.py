"""A pool of processes for long work, which Ctrl+C ends at once and without a word from each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from aidd_studio.restoration.batch.processes import CONTEXT, deaf_to_ctrl_c

__all__ = ["deaf_to_ctrl_c", "stoppable_pool"]


@contextmanager
def stoppable_pool(
    processes: int, initializer: Callable[..., Any] | None = None, initargs: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """The pool, for the block; when that is left by an exception, the processes are ended in the middle of their work.

    They start with the first tasks: submit those within `deaf_to_ctrl_c`, so that only the first process hears it.
    """
    pool = ProcessPoolExecutor(processes, CONTEXT, initializer, initargs)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
