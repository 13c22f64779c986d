"""The journal of the open recording: an accepted fill is on disk before the window says that it is accepted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from aidd_studio import paths
from aidd_studio.errors import AiddError
from aidd_studio.progress import Progress
from aidd_studio.restoration.session.history import History
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.jobs import JobQueue

if TYPE_CHECKING:
    from aidd_studio.restoration.session.journal import EditJournal
    from aidd_studio.studio.window.main_window import MainWindow

JOURNAL_AFTER = 400
"""Milliseconds after an edit that changes no accepted fill until the journal is written; a dragged edge makes many."""

Accepted = tuple[tuple[int, str], ...]


@dataclass(frozen=True, eq=False)
class _Order:
    """Fills to accept."""

    choose: Callable[[], Mapping[int, str]]
    then: Callable[[], object] | None


class Journaling(QObject):
    """Writes the journal on a thread of its own, where no picture stands in the way."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.queue = JobQueue("journal", self)
        self._journal: EditJournal | None = None
        self._journal_of: Document | None = None
        self._wanted: deque[History] = deque(maxlen=1)  # what the next job writes: always the latest
        self._accepted: Accepted = ()  # fills that are in the journal, or on their way to it
        self._orders: list[_Order] = []  # the one that is carried out now, and those that wait
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(JOURNAL_AFTER)
        self._timer.timeout.connect(self.write)

    # Accepting

    def accept(self, choose: Callable[[], Mapping[int, str]], then: Callable[[], object] | None = None) -> None:
        """Accept fills, first in the journal, then in the session; `then` is called after that.

        choose: tells which, digests by the gaps' ids, when those asked for before have been accepted.
        """
        order = _Order(choose, then)
        self._orders.append(order)
        if self._orders[0] is order:
            self._carry_out(order)

    @property
    def is_accepting(self) -> bool:
        return bool(self._orders)

    def _carry_out(self, order: _Order) -> None:
        document, chosen = self._window.document, order.choose()
        if document is None or not chosen:
            self._next(order)
            return
        ahead = document.session.copy()
        if not self._window.attempt(lambda: ahead.accept_all(chosen)):
            self._next(order)
            return

        def done(_result: object = None) -> None:
            is_open = self._window.document is document
            if is_open and self._window.attempt(lambda: document.session.accept_all(chosen)) and order.then is not None:
                order.then()

        def failed(why: str) -> None:
            done()  # the work goes on where the disk does not take it; it is told that it is not safe
            self._window.say(why, "warning")

        if ahead.position == document.session.position:  # accepted already
            done()
            self._next(order)
            return
        self._accepted = _accepted(ahead)
        self.queue.submit(
            "Journal",
            lambda progress: self._save(document, ahead.history, progress),
            on_done=done,
            on_failed=failed,
            on_end=lambda: self._next(order),
        )

    def _next(self, order: _Order) -> None:
        """An order has been carried out: the next one's turn."""
        if order not in self._orders:
            return  # its recording has been closed
        self._orders.remove(order)
        if self._orders:
            self._carry_out(self._orders[0])
        else:
            self.soon()

    # Writing

    def soon(self) -> None:
        """Write after an edit: at once when another fill is accepted now, else with the edits of the moment."""
        document = self._window.document
        if document is None or self._orders:  # what is being accepted is in no state of the session yet
            return
        if _accepted(document.session) != self._accepted:
            self.write()
        elif document.session.position > 0 and not self._timer.isActive():
            self._timer.start()  # not again with every edit: a busy hand must not put it off for ever

    def write(self) -> None:
        """Write the document as it is now."""
        document = self._window.document
        if document is None or self._orders:
            return
        self._timer.stop()
        self._accepted = _accepted(document.session)
        self._wanted.append(document.session.history.copy())

        def work(progress: Progress) -> None:
            with suppress(IndexError):  # the job before this one has written it
                self._save(document, self._wanted.popleft(), progress)

        self.queue.submit("Journal", work, on_failed=lambda why: self._window.say(why, "warning"))

    def _save(self, document: Document, wanted: History, progress: Progress) -> None:
        """On the journal's thread: bring the files up to date."""
        from aidd_studio.restoration.session.journal import EditJournal

        progress.check()
        if self._journal is None or self._journal_of is not document:
            self._journal = EditJournal(document.clip, journal_folder())
            self._journal_of = document
        self._journal.save(wanted)

    # Leaving

    def leave(self) -> None:
        """The document is closed on purpose: its journal goes, after what is just being written."""
        self._stop()
        self.queue.submit("Journal", lambda _watch: self._forget(), visible=False)

    def close(self) -> None:
        """End the thread, and leave no journal behind: the window is closed on purpose."""
        self._stop()
        self.queue.close()
        self._forget()

    def _stop(self) -> None:
        self._timer.stop()
        self.queue.cancel_all()
        self._wanted.clear()
        self._orders.clear()
        self._accepted = ()

    def _forget(self) -> None:
        journal, self._journal, self._journal_of = self._journal, None, None
        if journal is not None:
            journal.discard()

    # After a crash

    def offer_recovery(self) -> None:
        """Offer what a crash left behind."""
        from aidd_studio.restoration.session.journal import discard, leftovers

        found = leftovers(journal_folder())
        if not found:
            return
        newest = found[0]
        count = newest.accepted
        noun = "1 accepted fill" if count == 1 else f"{count} accepted fills"
        self._window.banner.ask(
            f"AIDD Studio did not close properly. The work on {newest.source.name} with {noun} is still there.",
            {
                "Recover": lambda: self._recover(newest.folder),
                "Discard": lambda: discard(newest.folder),
                "Later": lambda: None,
            },
        )

    def _recover(self, folder: Path) -> None:
        from aidd_studio.restoration.session.journal import recover

        try:
            project = recover(folder)
        except AiddError as error:
            self._window.say(str(error), "error")
            return
        self._window.opening.resume(project, lambda: self._recovered(folder))

    def _recovered(self, folder: Path) -> None:
        """The old journal goes when the new one has been written, so that a second crash finds one of them."""
        from aidd_studio.restoration.session.journal import discard

        document = self._window.document
        if document is None:
            return
        document.mark_unsaved()
        self.write()
        self.queue.submit("Journal", lambda _watch: discard(folder), visible=False)
        self._window.say("The work was recovered. Save it as a project to keep it.", "done")


def journal_folder() -> Path:
    """Where the journals of open sessions are."""
    folder = paths.user_state() / "journals"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _accepted(session: Session) -> Accepted:
    return tuple((entry.id, entry.accepted) for entry in session.state.entries if entry.accepted is not None)
