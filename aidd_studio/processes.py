"""Child processes: spawn context, one thread each, Ctrl+C left to the parent, pools that end at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

CONTEXT = multiprocessing.get_context("spawn")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which libraries of numerics learn how many threads they may start."""


def keep_to_one_thread() -> None:
    """Libraries of numerics, those that are loaded later too, start no threads of their own in this process."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    for name in THREADS:  # for what is loaded later, torch above all
        os.environ[name] = "1"


@contextmanager
def block_sigint() -> Iterator[None]:
    """Processes started inside ignore Ctrl+C from their first moment on: it is left to the parent.

    A terminal sends it to all of them. The parent gets it when the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_with_parent(stop: Callable[[], None], patience: float) -> None:
    """End this process soon after its parent was killed; otherwise it would wait for work forever.

    stop: asks the work to end, which it gets `patience` seconds for.
    """

    def leave() -> None:
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        parent.join()
        stop()
        time.sleep(patience)
        os._exit(1)

    threading.Thread(target=leave, name="leaving", daemon=True).start()


@contextmanager
def stoppable_pool(
    processes: int, initializer: Callable[..., Any] | None = None, initargs: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """The pool, for the block; when that is left by an exception, the processes are ended in the middle of their work.

    They start with the first tasks: submit those inside `block_sigint`, so that only the parent gets Ctrl+C.
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
