"""Running a batch: recordings over worker processes, outcomes as they come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from aidd_studio.errors import Cancelled
from aidd_studio.files.atomic import remove_left_overs
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome
from aidd_studio.restoration.batch.journal import BatchJournal
from aidd_studio.restoration.batch.network_process import NEURAL, Choice, Where, chosen
from aidd_studio.restoration.batch.one_file import restore_file
from aidd_studio.restoration.batch.path_collisions import clashing
from aidd_studio.restoration.batch.pool import Workers

Hold = Callable[[], bool]
"""While it returns True, no further recording is started."""

Outcomes = Generator[tuple[BatchItem, Outcome], None, None]
"""Recordings as they end. Closing it ends the processes that work for it."""

Tell = Callable[[BatchItem, float], None]
"""Called with a recording and the fraction of it (0 to 1) that is done."""

LOOK_AGAIN = 0.05
"""Seconds between two checks whether a hold is over."""


def run_batch(
    items: Sequence[BatchItem],
    settings: BatchSettings,
    jobs: int = 1,
    *,
    journal: BatchJournal | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    hold: Hold | None = None,
    notify: Tell | None = None,
    networks: Choice = "auto",
    workers: Workers | None = None,
) -> Outcomes:
    """Restore recordings and yield each with its outcome as it ends; the outputs do not depend on `jobs`.

    journal: outcomes are kept in it, and what it knows as finished is yielded at once instead of done again. A dry run
    only reads it.
    scheduler: address of a Dask scheduler that does the work; `hold` and `notify` do not reach there.
    networks: where they run. workers: processes that do the work and stay for the next run, whatever `jobs` and
    `networks` say; without them a run starts its own.
    Raises Cancelled through `progress`; files in work are then left unwritten.
    """
    progress = progress or Progress()
    todo = []
    collisions = {} if settings.dry_run else clashing(items)
    for item in items:
        known = journal.finished(item) if journal else None
        ours = journal is not None and journal.may_replace(item)
        if known:
            yield item, replace(known, earlier=True)
        elif item in collisions:
            other = collisions[item].target
            reason = f"{item.target} and {other} are the same name on that disk; write one of them elsewhere."
            yield item, Outcome(str(item.source), str(item.target), "failed", reason)
        elif os.path.lexists(item.target) and not (settings.overwrite or ours or settings.dry_run):
            yield item, Outcome(str(item.source), str(item.target), "failed", overwrite_refusal(item, journal))
        else:
            todo.append(item)
    if settings.dry_run:
        journal = None
    if journal:
        journal.plan(todo)
    # From here on every target is ours: an output without an outcome is what a dead worker left.
    settings = replace(settings, overwrite=True)
    hold, notify = hold or _never, notify or _silent
    if scheduler:
        from aidd_studio.restoration.batch.cluster import run_on_cluster

        ended = run_on_cluster(todo, settings, scheduler, progress)
    elif workers:
        ended = workers.run(todo, settings, progress, hold, notify)
    # Networks round differently with more threads: they work in processes of one thread for any `jobs`.
    elif todo and (settings.engine in NEURAL or (jobs > 1 and len(todo) > 1)):
        ended = _in_processes(todo, settings, jobs, chosen(networks, settings), progress, hold, notify)
    else:
        ended = _one_by_one(todo, settings, progress, hold, notify)
    try:
        with closing(ended):
            for item, outcome in ended:
                if journal:
                    journal.add(item, outcome)
                yield item, outcome
    except Cancelled:
        remove_left_overs(item.target for item in todo)
        raise
    remove_left_overs(item.target for item in todo)  # of workers that died


def overwrite_refusal(item: BatchItem, journal: BatchJournal | None) -> str:
    """Why a result that exists is not replaced."""
    if journal is not None and journal.made_otherwise(item):
        return f"{item.target} was made with other settings; allow replacing it (--overwrite) or choose another folder."
    return f"{item.target} exists; allow replacing it (--overwrite) or choose another name."


def _never() -> bool:
    return False


def _silent(_item: BatchItem, _fraction: float) -> None:
    return None


def _in_processes(
    items: Sequence[BatchItem],
    settings: BatchSettings,
    jobs: int,
    networks: Where,
    progress: Progress,
    hold: Hold,
    notify: Tell,
) -> Outcomes:
    with Workers(min(jobs, len(items)), networks) as workers:
        yield from workers.run(items, settings, progress, hold, notify)


def _one_by_one(
    items: Sequence[BatchItem], settings: BatchSettings, progress: Progress, hold: Hold, notify: Tell
) -> Outcomes:
    for index, item in enumerate(items):
        while hold():
            progress.check()
            time.sleep(LOOK_AGAIN)
        share = progress.part(index / len(items), (index + 1) / len(items))
        followed = share.forward_to(lambda fraction, _stage, item=item: notify(item, fraction))  # type: ignore[misc]
        yield item, restore_file(item, settings, followed)
