"""Jobs: everything that takes longer than a frame runs here, off the window's thread.

There is one pattern. A worker object lives on a QThread and takes jobs through a queued signal, one after the
other; progress, items and results come back through queued signals. A cancelled job stops when it next reports its
progress.
"""

from __future__ import annotations

import itertools
import logging
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QThread, Signal, Slot

from aidd_studio.errors import AiddError, Cancelled
from aidd_studio.progress import Listener, Progress
from aidd_studio.studio.widgets.one_line import one_line

log = logging.getLogger(__name__)

REPORT_EVERY = 0.1
"""Seconds between two progress signals, so that a chatty job does not flood the window."""

TURN = 0.0005
"""Seconds after which a computing thread yields Python's lock. The window's thread needs it again after every call into
Qt, dozens of times per frame; with Python's default of 5 ms a busy worker delayed frames by 50 ms."""


class JobProgress(Progress):
    """Progress that knows its listener only while the job runs, so that an ended job is in no reference cycle.

    A job's closures hold the recording; in a cycle they would keep it until the garbage collector comes by, which
    counts objects and not their gigabytes.
    """

    listener: Listener | None = None
    receiver: Callable[[Any], None] | None = None

    def give(self, item: Any) -> None:
        """Send an item to the window while the job goes on."""
        if self.receiver is not None:
            self.receiver(item)

    def report(self, fraction: float, stage: str = "") -> None:
        self.check()
        if self.listener is not None:
            self.listener(min(1.0, max(0.0, fraction)), stage)


Work = Callable[[JobProgress], Any]
"""What a job does. A generator gives its items one by one; anything else gives one result."""


@dataclass(eq=False)
class Job:
    """One piece of work and what has become of it. `visible` jobs are shown to the person."""

    id: int
    title: str
    work: Work
    on_item: Callable[[Any], None] | None = None
    on_done: Callable[[Any], None] | None = None
    on_failed: Callable[[str], None] | None = None
    on_end: Callable[[], None] | None = None
    visible: bool = True
    owner: object = None  # the document that it is for
    progress: JobProgress = field(default_factory=JobProgress, init=False)
    fraction: float = 0.0
    stage: str = ""
    started: float | None = None

    def cancel(self) -> None:
        """Ask the job to stop; one that has not begun never will."""
        self.progress.cancel()

    def remaining(self) -> float | None:
        """Seconds left at the pace so far; None while there is too little to judge by."""
        if self.started is None or self.fraction < 0.02:
            return None
        elapsed = time.monotonic() - self.started
        return elapsed * (1.0 - self.fraction) / self.fraction if elapsed > 0.5 else None


class Worker(QObject):
    """Runs jobs on the thread it lives on."""

    begun = Signal(object)
    progressed = Signal(object, float, str)
    yielded = Signal(object, object)
    finished = Signal(object, object)
    failed = Signal(object, str)
    cancelled = Signal(object)

    @Slot(object)
    def run(self, job: Job) -> None:
        last = 0.0

        def listener(fraction: float, stage: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= REPORT_EVERY or fraction >= 1.0:
                last = now
                self.progressed.emit(job, fraction, stage)

        job.progress.listener = listener
        job.progress.receiver = lambda item: self.yielded.emit(job, item)
        try:
            job.progress.check()
            self.begun.emit(job)
            result = job.work(job.progress)
            if isinstance(result, Generator):
                with closing(result):  # what it began has ended before the end is reported
                    for item in result:
                        job.progress.check()
                        self.yielded.emit(job, item)
                result = None
        except Cancelled:
            self.cancelled.emit(job)
        except AiddError as error:
            self.failed.emit(job, str(error))
        except MemoryError:
            self.failed.emit(job, "There is not enough memory for this; close other programs and try again.")
        except Exception as error:
            log.exception("A job failed: %s", job.title)
            self.failed.emit(job, f"{job.title} failed unexpectedly: {error or type(error).__name__}.")
        else:
            self.finished.emit(job, result)
        finally:
            job.progress.listener = job.progress.receiver = None

    @Slot()
    def leave(self) -> None:
        """End the thread, after the jobs before."""
        QThread.currentThread().quit()


class JobQueue(QObject):
    """Jobs in order on one worker thread; callbacks run on the window's thread."""

    changed = Signal()
    _post = Signal(object)
    _leave = Signal()
    _numbers = itertools.count(1)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        sys.setswitchinterval(min(TURN, sys.getswitchinterval()))
        self.jobs: list[Job] = []
        self._thread = QThread(self)
        self._thread.setObjectName(name)
        self._worker = Worker()
        self._worker.moveToThread(self._thread)
        queued = Qt.ConnectionType.QueuedConnection
        self._post.connect(self._worker.run, queued)
        self._leave.connect(self._worker.leave, queued)
        self._worker.begun.connect(self._begun, queued)
        self._worker.progressed.connect(self._progressed, queued)
        self._worker.yielded.connect(self._yielded, queued)
        self._worker.finished.connect(self._finished, queued)
        self._worker.failed.connect(self._failed, queued)
        self._worker.cancelled.connect(self._cancelled, queued)
        self._thread.start()

    def submit(
        self,
        title: str,
        work: Work,
        *,
        on_item: Callable[[Any], None] | None = None,
        on_done: Callable[[Any], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
        on_end: Callable[[], None] | None = None,
        visible: bool = True,
        owner: object = None,
    ) -> Job:
        """Queue work; `on_end` is called last, however it ended. A cancelled job calls nothing else any more."""
        job = Job(next(self._numbers), one_line(title), work, on_item, on_done, on_failed, on_end, visible, owner)
        self.jobs.append(job)
        self._post.emit(job)
        self.changed.emit()
        return job

    def cancel_all(self) -> None:
        """Ask everything to stop, waiting jobs included."""
        for job in self.jobs:
            job.cancel()

    def cancel_jobs_of(self, owner: object) -> None:
        """Ask everything to stop that is for a document."""
        for job in self.jobs:
            if job.owner is owner:
                job.cancel()

    def close(self) -> None:
        """Stop everything and end the thread; waits until the running job sees that it is cancelled."""
        self.cancel_all()
        self._thread.quit()
        self._end_thread()

    def finish(self) -> None:
        """Do what is queued, then end the thread."""
        self._leave.emit()
        self._end_thread()

    def _end_thread(self) -> None:
        self._thread.wait()
        # What was already on its way must not call back into a window that is gone.
        QCoreApplication.removePostedEvents(self, QEvent.Type.MetaCall)
        self.jobs.clear()
        self._worker.deleteLater()

    def _begun(self, job: Job) -> None:
        job.started = time.monotonic()
        self.changed.emit()

    def _progressed(self, job: Job, fraction: float, stage: str) -> None:
        job.fraction, job.stage = fraction, stage
        self.changed.emit()

    def _yielded(self, job: Job, item: Any) -> None:
        if job.on_item is not None and not job.progress.is_cancelled:
            job.on_item(item)

    def _finished(self, job: Job, result: Any) -> None:
        if job.on_done is not None and not job.progress.is_cancelled:
            job.on_done(result)
        self._end(job)

    def _failed(self, job: Job, message: str) -> None:
        if job.on_failed is not None and not job.progress.is_cancelled:
            job.on_failed(message)
        self._end(job)

    def _cancelled(self, job: Job) -> None:
        self._end(job)

    def _end(self, job: Job) -> None:
        if job in self.jobs:
            self.jobs.remove(job)
        if job.on_end is not None:
            job.on_end()
        self.changed.emit()
