"""What all processes of a batch have in common: how they start, that they keep to one thread, that they end with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
def deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started within do not hear Ctrl+C, from their first moment on: it is the first one's affair.

    A terminal sends it to all of them. The first process hears it a moment later, when this ends.
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
    """End this process soon after the one that started it was killed; by itself it would wait for work for ever.

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
