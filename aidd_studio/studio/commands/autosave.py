"""Autosave: the journal of a document. An accepted fill is on disk before the window says that it is accepted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from aidd_studio import paths
from aidd_studio.progress import Progress
from aidd_studio.restoration.session.history import History
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.workspace import Workspace

if TYPE_CHECKING:
    from aidd_studio.restoration.session.journal import EditJournal

WRITE_AFTER = 400
"""Milliseconds after an edit that changes no accepted fill until the journal is written; a dragged edge makes many."""

Accepted = tuple[tuple[int, str], ...]


@dataclass(frozen=True, eq=False)
class _Request:
    """Fills to accept."""

    choose: Callable[[], Mapping[int, str]]
    then: Callable[[], object] | None


class Autosave(QObject):
    """Writes a document's journal on a thread of its own, where no picture stands in the way."""

    def __init__(self, workspace: Workspace, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._journal: EditJournal | None = None
        self._wanted: deque[History] = deque(maxlen=1)  # what the next job writes: always the latest
        self._accepted: Accepted = ()  # fills that are in the journal, or on their way to it
        self._requests: list[_Request] = []  # the one that is carried out now, and those that wait
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WRITE_AFTER)
        self._timer.timeout.connect(self.write)
        document.changed.connect(self.soon)
        if document.recovered_from is not None:
            self._replace(document.recovered_from)

    # Accepting

    def accept(self, choose: Callable[[], Mapping[int, str]], then: Callable[[], object] | None = None) -> None:
        """Accept fills, first in the journal, then in the session; `then` is called after that.

        choose: says which, digests by the gaps' ids, when those asked for before have been accepted.
        """
        request = _Request(choose, then)
        self._requests.append(request)
        self._document.is_accepting = True
        if self._requests[0] is request:
            self._carry_out(request)

    def _carry_out(self, request: _Request) -> None:
        document, chosen = self._document, request.choose()
        ahead = document.session.copy()
        if not chosen or not self._workspace.attempt(lambda: ahead.accept_all(chosen)):
            self._next(request)
            return

        def done(_result: object = None) -> None:
            if self._workspace.attempt(lambda: document.session.accept_all(chosen)) and request.then is not None:
                request.then()

        def failed(why: str) -> None:
            done()  # the work goes on where the disk does not take it, with a warning that it is not safe
            self._workspace.notify(why, "warning")

        if ahead.position == document.session.position:  # accepted already
            done()
            self._next(request)
            return
        self._accepted = _accepted(ahead)
        self._submit(
            lambda progress: self._save(ahead.history, progress),
            on_done=done,
            on_failed=failed,
            on_end=lambda: self._next(request),
        )

    def _next(self, request: _Request) -> None:
        """A request has been carried out: the next one's turn."""
        if request not in self._requests:
            return  # the document has been closed
        self._requests.remove(request)
        self._document.is_accepting = bool(self._requests)
        if self._requests:
            self._carry_out(self._requests[0])
        else:
            self.soon()

    # Writing

    def soon(self) -> None:
        """Write after an edit: at once when another fill is accepted now, else with the edits of the moment."""
        if self._requests:  # what is being accepted is in no state of the session yet
            return
        session = self._document.session
        if _accepted(session) != self._accepted:
            self.write()
        elif session.position > 0 and not self._timer.isActive():
            self._timer.start()  # not restarted by every edit, or steady editing would postpone it indefinitely

    def write(self) -> None:
        """Write the document as it is now."""
        if self._requests:
            return
        self._timer.stop()
        session = self._document.session
        self._accepted = _accepted(session)
        self._wanted.append(session.history.copy())

        def work(progress: Progress) -> None:
            with suppress(IndexError):  # the job before this one has written it
                self._save(self._wanted.popleft(), progress)

        self._submit(work, on_failed=lambda why: self._workspace.notify(why, "warning"))

    def _submit(
        self,
        work: Callable[[Progress], None],
        on_failed: Callable[[str], None],
        on_done: Callable[[object], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self._workspace.journal.submit(
            "Journal", work, on_done=on_done, on_failed=on_failed, on_end=on_end, owner=self._document
        )

    def _save(self, wanted: History, progress: Progress) -> None:
        """On the journal's thread: bring the files up to date."""
        from aidd_studio.restoration.session.journal import EditJournal

        progress.check()
        if self._journal is None:
            self._journal = EditJournal(self._document.clip, journal_folder())
        self._journal.save(wanted)

    def _replace(self, folder: Path) -> None:
        """The journal of a crash goes when the new one is written, so that a second crash finds one of them."""
        from aidd_studio.restoration.session.journal import discard

        self._document.mark_unsaved()
        self.write()
        self._workspace.journal.submit("Journal", lambda _progress: discard(folder), visible=False)
        self._workspace.notify("The work was recovered. Save it as a project to keep it.", "done")

    # Leaving

    def leave(self) -> None:
        """The document is closed on purpose: its journal goes, after what is just being written."""
        self._timer.stop()
        self._workspace.journal.cancel_jobs_of(self._document)
        self._wanted.clear()
        self._requests.clear()
        self._document.is_accepting = False
        self._accepted = ()
        self._workspace.journal.submit("Journal", lambda _progress: self._forget(), visible=False)

    def _forget(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.discard()


def journal_folder() -> Path:
    """Where the journals of open documents are."""
    folder = paths.user_state() / "journals"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _accepted(session: Session) -> Accepted:
    return tuple((entry.id, entry.accepted) for entry in session.state.entries if entry.accepted is not None)
