"""A batch on this machine's processes: a worker that dies costs only the recording it had in work."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import RawArray
from typing import Any, Literal

from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome
from aidd_studio.restoration.batch.one_file import restore_file
from aidd_studio.watch import Watch

FILES_PER_WORKER = 200
"""A worker is replaced after so many files, so that no leak of a decoder can add up."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which libraries of numerics learn how many threads they may start."""

PATIENCE = 5.0
"""Seconds that workers have to stop by themselves, which leaves nothing half-written; they need about 0.1."""


def run_in_processes(
    items: Sequence[BatchItem],
    settings: BatchSettings,
    jobs: int,
    watch: Watch,
    hold: Callable[[], bool],
    tell: Callable[[BatchItem, float], None],
) -> Iterator[tuple[BatchItem, Outcome]]:
    """Outcomes as they come. A worker that dies (killed, out of memory) costs only its own recording, which is tried
    once more alone."""
    done = 0
    waiting, suspects = list(items), list[BatchItem]()
    while waiting or suspects:
        together = waiting or [suspects.pop()]
        alone, waiting = not waiting, []
        for item, outcome in _pooled(together, settings, jobs, watch, hold, tell):
            if isinstance(outcome, Outcome):
                done += 1
                watch.report(done / len(items), f"{done} of {len(items)} files")
                yield item, outcome
            elif outcome == "in work" and alone:
                done += 1
                reason = "The worker process died, most likely for lack of memory."
                yield item, Outcome(str(item.source), str(item.target), "failed", reason)
            else:
                (suspects if outcome == "in work" else waiting).append(item)


def _pooled(
    items: Sequence[BatchItem],
    settings: BatchSettings,
    jobs: int,
    watch: Watch,
    hold: Callable[[], bool],
    tell: Callable[[BatchItem, float], None],
) -> Iterator[tuple[BatchItem, Outcome | Literal["in work", "waiting"]]]:
    """Outcomes from a pool of processes; when a worker dies, the items without one and whether they were in work."""
    context = multiprocessing.get_context("spawn")
    # Shared without a lock, which a killed worker could take into its grave: who stops, and how far each recording is.
    board = RawArray(ctypes.c_double, len(items) + 1)
    pool = ProcessPoolExecutor(min(jobs, len(items)), context, _begin, (board,), max_tasks_per_child=FILES_PER_WORKER)
    queue = deque(enumerate(items))
    running: dict[Future[Outcome], int] = {}
    told: dict[int, float] = {}
    try:
        while queue or running:
            watch.check()
            while queue and len(running) <= jobs and not hold():
                index, item = queue.popleft()
                running[pool.submit(_restore_there, index, item, settings)] = index
            finished, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            if not running:
                time.sleep(0.1)
            for index in running.values():
                if board[index] > told.get(index, 0.0):
                    told[index] = board[index]
                    tell(items[index], told[index])
            for future in finished:
                outcome = future.result()
                yield items[running.pop(future)], outcome
    except BrokenProcessPool:
        yield from ((items[index], "in work") for index in running.values())
        yield from ((item, "waiting") for _, item in queue)
    finally:
        board[len(items)] = 1.0
        for future in running:
            future.cancel()
        if wait(running, timeout=PATIENCE).not_done:
            for process in list((pool._processes or {}).values()):
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


_board: Any = None
"""In a worker: what it shares with the process that started it."""


def _begin(board: Any) -> None:
    """One thread per worker: the files are the parallelism."""
    from threadpoolctl import threadpool_limits

    global _board
    _board = board
    threadpool_limits(1)
    for name in THREADS:  # for what is loaded later, torch above all
        os.environ[name] = "1"
    threading.Thread(target=_leave_with_parent, name="leaving", daemon=True).start()


def _leave_with_parent() -> None:
    """End this worker soon after the process that started it was killed; by itself it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    _board[len(_board) - 1] = 1.0
    time.sleep(PATIENCE)
    os._exit(1)


def _restore_there(index: int, item: BatchItem, settings: BatchSettings) -> Outcome:
    return restore_file(item, settings, _WorkerWatch(_board, index))


class _WorkerWatch(Watch):
    """Writes progress on the board and reads the wish to stop from it."""

    def __init__(self, board: Any, index: int) -> None:
        def listen(fraction: float, _stage: str) -> None:
            board[index] = fraction

        super().__init__(listen)
        self._cancelled = _Wish(board)


class _Wish(threading.Event):
    """The wish to stop that stands in the last place of the board."""

    def __init__(self, board: Any) -> None:
        super().__init__()
        self._board = board

    def is_set(self) -> bool:
        return super().is_set() or self._board[len(self._board) - 1] > 0.0
