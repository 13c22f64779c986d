"""Running the cases of an evaluation: in processes, resumable, and the same whatever the order."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aidd_studio.evaluation.runs.journal import RunJournal
from aidd_studio.processes import THREADS, block_sigint, stoppable_pool
from aidd_studio.progress import Progress

JOURNAL_NAME = "journal.jsonl"

Outcome = dict[str, Any]
"""What came of a case, as plain values for JSON."""


class Case(Protocol):
    """One unit of an evaluation: plain values that go to another process."""

    @property
    def key(self) -> str:
        """A name that changes when anything that matters to the outcome does."""
        ...


C = TypeVar("C", bound=Case, contravariant=True)


class Work(Protocol[C]):
    """What is done with a case. A function of a module, so that another process finds it."""

    def __call__(self, case: C, output: Path, progress: Progress | None = None) -> Outcome: ...


def run_cases(
    cases: Sequence[C], work: Work[C], output: Path, jobs: int = 1, progress: Progress | None = None
) -> list[Outcome]:
    """The outcomes of all cases, in their order; those in the journal of `output` are taken from there.

    Raises Cancelled and whatever `work` raises; what is finished then stays in the journal.
    """
    progress = progress or Progress()
    journal = RunJournal(output / JOURNAL_NAME)
    known = journal.outcomes()
    todo = [case for case in cases if case.key not in known]
    started = time.monotonic()
    for done, (case, outcome) in enumerate(_outcomes(todo, work, output, jobs, progress), start=1):
        known[case.key] = {**outcome, "key": case.key}
        journal.add(known[case.key])
        progress.report(done / len(todo), _time_left(done, len(todo), time.monotonic() - started))
    return [known[case.key] for case in cases]


def _outcomes(
    todo: Sequence[C], work: Work[C], output: Path, jobs: int, progress: Progress
) -> Iterator[tuple[C, Outcome]]:
    if jobs <= 1 or len(todo) <= 1:
        for case in todo:
            progress.check()
            yield case, work(case, output, progress.silent())
        return
    threads = max(1, (os.cpu_count() or 1) // jobs)
    with stoppable_pool(jobs, _limit_threads, (threads,)) as pool:
        with block_sigint():
            running: dict[Future[Outcome], C] = {pool.submit(work, case, output): case for case in todo}
        waiting = set(running)
        while waiting:
            finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
            progress.check()
            for future in finished:
                yield running[future], future.result()


def _limit_threads(threads: int) -> None:
    """Share the cores among the processes; set before torch and the linear algebra library start."""
    for name in THREADS:
        os.environ[name] = str(threads)


def _time_left(done: int, total: int, seconds: float) -> str:
    left = seconds / done * (total - done)
    shown = f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min" if left < 5400 else f"{left / 3600:.1f} h"
    return f"{done} of {total} cases, {shown} left"
