"""A run of the batch: rows are looked through or restored in the background, held, stopped, reported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, Signal

from aidd_studio.errors import FileWriteError, UsageError
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch import BatchItem, Outcome, Recording, find_recordings, run_batch, with_targets
from aidd_studio.restoration.batch.items import real_path
from aidd_studio.restoration.batch.journal import JOURNAL_NAME, BatchJournal
from aidd_studio.restoration.batch.one_file import LOOKED
from aidd_studio.restoration.batch.run import Tell
from aidd_studio.studio.batch.settings import BatchChoice
from aidd_studio.studio.batch.table import BatchRow
from aidd_studio.studio.model.jobs import REPORT_EVERY, Job, JobQueue, Work

REPORT_NAME = "batch-report.html"
"""The report's name in the output folder."""


class Found(NamedTuple):
    """A recording that was found, its file with all links resolved, and its size in bytes."""

    recording: Recording
    file: Path
    size: int


class FileSearch(QObject):
    """Looks for recordings in what was dropped or chosen, in the background."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._queue = JobQueue("batch-adding", self)

    @property
    def is_searching(self) -> bool:
        return bool(self._queue.jobs)

    def search(
        self,
        paths: list[Path],
        output: Path | None,
        *,
        recursive: bool,
        on_found: Callable[[list[Found]], None],
        on_failed: Callable[[str], None],
    ) -> None:
        """Find the recordings in files and folders, leaving out the folder of the results."""

        def work(progress: Progress) -> list[Found]:
            progress.report(0.0, "looking for recordings")
            found = find_recordings(paths, output, recursive=recursive)
            return [Found(recording, real_path(recording.path), _size(recording.path)) for recording in found]

        self._queue.submit("Adding files", work, on_done=on_found, on_failed=on_failed)

    def close(self) -> None:
        """Stop looking."""
        self._queue.close()


class BatchRun(QObject):
    """One run at a time. Signals arrive on the window's thread."""

    row_changed = Signal(object)
    changed = Signal()  # began, was held, goes on, ended
    failed = Signal(str)  # the run as a whole, not a single file
    restored = Signal(bool)  # a run that restored has ended; True: all of it
    looked = Signal()
    _reported_share = Signal(object, float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = JobQueue("batch", self)
        self._job: Job | None = None
        self._held = threading.Event()
        self._by_source: dict[Path, BatchRow] = {}
        self._rows: list[BatchRow] = []
        self._open: set[BatchRow] = set()  # of this run, without an outcome
        self._is_looking = False
        self._is_broken = False
        self._pace = _Pace()
        self.report: Path | None = None
        self._reported_share.connect(self._follow, Qt.ConnectionType.QueuedConnection)

    @property
    def is_working(self) -> bool:
        return self._job is not None

    @property
    def is_busy(self) -> bool:
        """True while anything is done, the report included."""
        return bool(self._queue.jobs)

    @property
    def is_held(self) -> bool:
        return self._held.is_set()

    def find_gaps(self, rows: Sequence[BatchRow], choice: BatchChoice) -> None:
        """Look for dropouts in these rows; writes nothing. Raises UsageError for names that cannot be."""
        items = _items(rows, choice)
        settings = replace(choice.settings, dry_run=True)

        def work(progress: Progress) -> Iterator[tuple[BatchItem, Outcome]]:
            yield from run_batch(
                items, settings, choice.jobs, progress=progress, hold=self._held.is_set, notify=self._reporter()
            )

        self._is_looking = True
        self._start("Looking for gaps", rows, items, work)

    def restore(self, rows: Sequence[BatchRow], choice: BatchChoice) -> None:
        """Restore these rows; what the journal knows as finished is not done again.

        Raises UsageError for names that cannot be, or without an output folder.
        """
        if not choice.output.is_absolute():
            raise UsageError("Choose a folder for the results first.")
        items = _items(rows, choice)

        def work(progress: Progress) -> Iterator[tuple[BatchItem, Outcome]]:
            with _opened(choice) as journal:
                yield from run_batch(
                    items,
                    choice.settings,
                    choice.jobs,
                    journal=journal,
                    progress=progress,
                    hold=self._held.is_set,
                    notify=self._reporter(),
                )

        self._is_looking = False
        self._start("Restoring", rows, items, work)

    def hold(self, held: bool) -> None:
        """Begin no further file, or go on."""
        if held == self.is_held:
            return
        (self._held.set if held else self._held.clear)()
        self._pace.hold(held)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop at once; what is finished stays."""
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Stop everything and end the thread."""
        self._queue.close()
        self._job = None

    def done(self) -> float:
        """The share of the run that is done, by the size of the files."""
        whole = sum(max(1, row.size) for row in self._rows)
        return sum(max(1, row.size) * self._share(row) for row in self._rows) / whole if whole else 0.0

    def remaining(self) -> float | None:
        """Seconds left at the pace so far; None while there is too little to judge by."""
        return self._pace.remaining(self.done())

    def write_report(self, rows: Sequence[BatchRow], choice: BatchChoice) -> None:
        """Write the report of these rows into the output folder, in the background."""
        outcomes = [row.outcome for row in rows if row.outcome is not None]
        path = choice.output / REPORT_NAME

        def work(progress: Progress) -> Path:
            from aidd_studio.restoration.batch.report import write_report

            progress.check()
            write_report(path, outcomes, choice.settings)
            return path

        if outcomes:
            self._queue.submit("Writing the report", work, on_done=self._reported, on_failed=self.failed.emit)

    def _start(self, title: str, rows: Sequence[BatchRow], items: Sequence[BatchItem], work: Work) -> None:
        self._rows = list(rows)
        self._by_source = {item.source: row for item, row in zip(items, rows, strict=True)}
        self._open = set(self._rows)
        for row in rows:
            row.waits_again()
            self.row_changed.emit(row)
        self._held.clear()
        self._is_broken = False
        self._pace = _Pace()
        self._job = self._queue.submit(
            title, work, on_item=self._take, on_done=self._complete, on_failed=self._break, on_end=self._end
        )
        self.changed.emit()

    def _reporter(self) -> Tell:
        """What run_batch reports progress to: passed on to the window's thread, not too often."""
        last: dict[Path, float] = {}

        def report(item: BatchItem, fraction: float) -> None:
            now = time.monotonic()
            if now - last.get(item.source, 0.0) >= REPORT_EVERY:
                last[item.source] = now
                self._reported_share.emit(item, fraction)

        return report

    def _follow(self, item: BatchItem, fraction: float) -> None:
        row = self._by_source.get(item.source)
        if row is None or row not in self._open or self._job is None:
            return
        row.state = "looking" if self._is_looking or fraction < LOOKED else "restoring"
        row.fraction = fraction
        self.row_changed.emit(row)

    def _take(self, ended: tuple[BatchItem, Outcome]) -> None:
        item, outcome = ended
        row = self._by_source[item.source]
        self._open.discard(row)
        (row.looked_at if self._is_looking else row.ended)(outcome)
        self.row_changed.emit(row)

    def _complete(self, _result: object) -> None:
        if self._is_looking:
            self.looked.emit()

    def _break(self, why: str) -> None:
        self._is_broken = True
        self.failed.emit(why)

    def _end(self) -> None:
        self._job = None
        self._held.clear()
        for row in self._open:
            row.waits_again()
            self.row_changed.emit(row)
        whole = not self._open
        self._open = set()
        self.changed.emit()
        if not self._is_looking and not self._is_broken:
            self.restored.emit(whole)

    def _reported(self, path: Path) -> None:
        self.report = path
        self.changed.emit()

    def _share(self, row: BatchRow) -> float:
        return row.fraction if row in self._open else 1.0


class _Pace:
    """How fast a run goes; time in which it was held does not count."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._held_since: float | None = None

    def hold(self, held: bool) -> None:
        now = time.monotonic()
        if held:
            self._held_since = now
        elif self._held_since is not None:
            self._began += now - self._held_since
            self._held_since = None

    def remaining(self, done: float) -> float | None:
        elapsed = (self._held_since or time.monotonic()) - self._began
        return elapsed * (1.0 - done) / done if done > 0.01 and elapsed > 1.0 else None


def _items(rows: Sequence[BatchRow], choice: BatchChoice) -> list[BatchItem]:
    return with_targets([row.recording for row in rows], choice.output, pattern=choice.pattern, suffix=choice.suffix)


def _opened(choice: BatchChoice) -> BatchJournal:
    try:
        choice.output.mkdir(parents=True, exist_ok=True)
        (choice.output / JOURNAL_NAME).touch()
        return BatchJournal(choice.output / JOURNAL_NAME, choice.settings)
    except OSError as error:
        why = error.strerror or error
        raise FileWriteError(f"Nothing can be written into {choice.output} ({why}); choose another folder.") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
