"""Running a batch: recordings over worker processes, outcomes as they come."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Literal

from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome
from aidd_studio.restoration.batch.journal import BatchJournal
from aidd_studio.restoration.batch.one_file import restore_file
from aidd_studio.watch import Watch

FILES_PER_WORKER = 200
"""A worker is replaced after so many files, so that no leak of a decoder can add up."""


def run_batch(
    items: Sequence[BatchItem],
    settings: BatchSettings,
    jobs: int = 1,
    *,
    journal: BatchJournal | None = None,
    scheduler: str | None = None,
    watch: Watch | None = None,
) -> Iterator[tuple[BatchItem, Outcome]]:
    """Restore recordings and yield each with its outcome as it ends; the outputs do not depend on `jobs`.

    journal: outcomes are kept in it, and what it knows as finished is yielded at once instead of done again.
    scheduler: address of a Dask scheduler that does the work instead of this machine.
    Raises Cancelled through the watch; files in work are then left unwritten.
    """
    watch = watch or Watch()
    todo = []
    for item in items:
        known = journal.finished(item) if journal else None
        ours = journal is not None and journal.has_planned(item)
        if known:
            yield item, known
        elif item.target.exists() and not (settings.overwrite or ours or settings.dry_run):
            reason = f"{item.target} exists; use --overwrite to replace it."
            yield item, Outcome(str(item.source), str(item.target), "failed", reason)
        else:
            todo.append(item)
    if journal:
        journal.plan(todo)
    # From here on every target is ours: an output without an outcome is what a dead worker left.
    settings = replace(settings, overwrite=True)
    for item, outcome in _outcomes(todo, settings, jobs, scheduler, watch):
        if journal:
            journal.add(item, outcome)
        yield item, outcome


def _outcomes(
    items: Sequence[BatchItem], settings: BatchSettings, jobs: int, scheduler: str | None, watch: Watch
) -> Iterator[tuple[BatchItem, Outcome]]:
    if scheduler:
        from aidd_studio.restoration.batch.cluster import run_on_cluster

        yield from run_on_cluster(items, settings, scheduler, watch)
    elif jobs > 1 and len(items) > 1:
        yield from _in_processes(items, settings, jobs, watch)
    else:
        for index, item in enumerate(items):
            share = watch.part(index / len(items), (index + 1) / len(items))
            yield item, restore_file(item, settings, share)


def _in_processes(
    items: Sequence[BatchItem], settings: BatchSettings, jobs: int, watch: Watch
) -> Iterator[tuple[BatchItem, Outcome]]:
    """A worker that dies (killed, out of memory) costs only its own recording, which is tried once more alone."""
    done = 0
    waiting, suspects = list(items), list[BatchItem]()
    while waiting or suspects:
        together = waiting or [suspects.pop()]
        alone, waiting = not waiting, []
        for item, outcome in _pooled(together, settings, jobs, watch):
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
    items: Sequence[BatchItem], settings: BatchSettings, jobs: int, watch: Watch
) -> Iterator[tuple[BatchItem, Outcome | Literal["in work", "waiting"]]]:
    """Outcomes from a pool of processes; when a worker dies, the items without one and whether they were in work."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(items)), context, _single_threaded, max_tasks_per_child=FILES_PER_WORKER)
    queue = iter(items)
    running: dict[Future[Outcome], BatchItem] = {}
    try:
        while True:
            watch.check()
            while len(running) <= jobs and (item := next(queue, None)) is not None:
                running[pool.submit(restore_file, item, settings)] = item
            if not running:
                return
            finished, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in finished:
                outcome = future.result()
                yield running.pop(future), outcome
    except BrokenProcessPool:
        yield from ((item, "in work") for item in running.values())
        yield from ((item, "waiting") for item in queue)
    finally:
        if watch.is_cancelled:
            for process in list((pool._processes or {}).values()):
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def _single_threaded() -> None:
    """One thread per worker: the files are the parallelism."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
