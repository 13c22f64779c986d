"""A batch on this machine's processes: a worker that dies costs only its current recording."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing.sharedctypes import RawArray
from typing import Any, Literal

from aidd_studio.engines.aidd.client import Address
from aidd_studio.processes import CONTEXT, block_sigint, keep_to_one_thread, leave_with_parent
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome
from aidd_studio.restoration.batch.network_process import NetworkProcess, Where
from aidd_studio.restoration.batch.one_file import restore_file

FILES_PER_WORKER = 200
"""Files after which a worker is replaced, so that leaks in decoders cannot add up."""

PATIENCE = 5.0
"""Seconds that workers have to stop by themselves, which leaves nothing half-written; they need about 0.1."""


class Workers:
    """Processes that restore recordings; they and the models in them stay from run to run until they are closed."""

    def __init__(self, jobs: int, networks: Where = "own") -> None:
        self._jobs, self._networks = max(1, jobs), networks
        self._service: NetworkProcess | None = None
        self._pool: ProcessPoolExecutor | None = None
        # Shared without a lock, which a killed worker might never release: how far the recordings in work are,
        # and last who stops.
        self._board: Any = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def network_process(self) -> NetworkProcess | None:
        """The process of the neural networks, while there is one that the workers share."""
        return self._service

    def close(self) -> None:
        """End the processes; what they have in work is left unwritten."""
        self._drop(())

    def run(
        self,
        items: Sequence[BatchItem],
        settings: BatchSettings,
        progress: Progress,
        hold: Callable[[], bool],
        notify: Callable[[BatchItem, float], None],
    ) -> Generator[tuple[BatchItem, Outcome], None, None]:
        """Outcomes as they come. A worker that dies (killed, out of memory) costs only its own recording, which is
        tried again by itself."""
        done = 0
        waiting, suspects = list(items), list[BatchItem]()
        while waiting or suspects:
            together = waiting or [suspects.pop()]
            alone, waiting = not waiting, []
            with closing(self._pooled(together, settings, progress, hold, notify)) as pooled:
                for item, outcome in pooled:
                    if isinstance(outcome, Outcome):
                        done += 1
                        progress.report(done / len(items), f"{done} of {len(items)} files")
                        yield item, outcome
                    elif outcome == "in work" and alone:
                        done += 1
                        reason = "The worker process died, most likely for lack of memory."
                        yield item, Outcome(str(item.source), str(item.target), "failed", reason)
                    else:
                        (suspects if outcome == "in work" else waiting).append(item)

    def _pooled(
        self,
        items: Sequence[BatchItem],
        settings: BatchSettings,
        progress: Progress,
        hold: Callable[[], bool],
        notify: Callable[[BatchItem, float], None],
    ) -> Generator[tuple[BatchItem, Outcome | Literal["in work", "waiting"]], None, None]:
        """Outcomes from the processes; when one dies, the items without an outcome and whether they were in work."""
        pool, board = self._ready()
        queue = deque(items)
        running: dict[Future[Outcome], tuple[BatchItem, int]] = {}
        places = set(range(len(board) - 1))
        reported = [0.0] * len(places)
        ended = False
        try:
            while queue or running:
                progress.check()
                while queue and places and not hold():
                    item, place = queue.popleft(), places.pop()
                    board[place] = reported[place] = 0.0
                    with block_sigint():
                        future = pool.submit(_restore_there, place, item, settings)
                    running[future] = item, place
                finished, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
                if not running:
                    time.sleep(0.1)
                for item, place in running.values():
                    if board[place] > reported[place]:
                        reported[place] = board[place]
                        notify(item, reported[place])
                for future in finished:
                    outcome = future.result()
                    item, place = running.pop(future)
                    places.add(place)
                    yield item, outcome
            ended = True
        except BrokenProcessPool:
            yield from ((item, "in work") for item, _ in running.values())
            yield from ((item, "waiting") for item in queue)
        finally:
            if not ended:
                self._drop(running)

    def _ready(self) -> tuple[ProcessPoolExecutor, Any]:
        if self._pool is None:
            if self._networks != "own" and self._service is None:
                with block_sigint():
                    self._service = NetworkProcess(joint=True if self._networks == "joint" else None)
            address = self._service.address if self._service else None
            self._board = RawArray(ctypes.c_double, self._jobs + 2)  # one recording more than workers waits at hand
            self._pool = ProcessPoolExecutor(
                self._jobs, CONTEXT, init_worker, (self._board, address), max_tasks_per_child=FILES_PER_WORKER
            )
        return self._pool, self._board

    def _drop(self, running: Collection[Future[Outcome]]) -> None:
        """Let the workers stop, and end those that do not."""
        if self._pool is not None:
            self._board[len(self._board) - 1] = 1.0
            for future in running:
                future.cancel()
            if wait(running, timeout=PATIENCE).not_done:
                for process in list((self._pool._processes or {}).values()):
                    process.terminate()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        if self._service is not None:
            self._service.close()
            self._service = None


_board: Any = None
"""In a worker: what it shares with the process that started it."""


def init_worker(board: Any, networks: Address | None = None) -> None:
    """One thread per worker: the files are the parallelism. networks: where they are asked; None for its own."""
    global _board
    _board = board
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_to_one_thread()
    if networks is not None:
        from aidd_studio.engines.aidd.client import Link, ask_at

        ask_at(Link(networks))
    leave_with_parent(_stop, PATIENCE)


def _stop() -> None:
    _board[len(_board) - 1] = 1.0


def _restore_there(index: int, item: BatchItem, settings: BatchSettings) -> Outcome:
    def write_down(fraction: float, _stage: str) -> None:
        _board[index] = fraction

    return restore_file(item, settings, Progress(write_down, _StopFlag(_board)))


class _StopFlag(threading.Event):
    """Set in this process, or in the last place of the board by the process that started it."""

    def __init__(self, board: Any) -> None:
        super().__init__()
        self._board = board

    def is_set(self) -> bool:
        return super().is_set() or self._board[len(self._board) - 1] > 0.0
