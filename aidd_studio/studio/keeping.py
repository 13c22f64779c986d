"""Keeping: projects, the journal behind them, and the offer to go on after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from aidd_studio import paths
from aidd_studio.errors import AiddError, ProjectChanged
from aidd_studio.restoration.session import Session
from aidd_studio.studio.document import Document
from aidd_studio.studio.opening import PROJECT
from aidd_studio.watch import Watch

if TYPE_CHECKING:
    from aidd_studio.restoration.journal import Journal
    from aidd_studio.studio.main_window import MainWindow

JOURNAL_AFTER = 400
"""Milliseconds after an edit until the journal is written; edits in between are written together."""


class Keeping(QObject):
    """Loses nothing: every edit is in the journal soon, and leaving asks first, in the banner."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._journal: Journal | None = None
        self._mirror: Session | None = None
        self._journal_of: Document | None = None
        self._hash: str | None = None
        self._leaving = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(JOURNAL_AFTER)
        self._timer.timeout.connect(self._write_journal)

    # Projects

    def save(self, then: Callable[[], Any] | None = None) -> None:
        """Save the project where it was saved before, else ask where."""
        document = self._window.document
        if document is None:
            return
        if document.project is None:
            self.save_as(then)
        else:
            self.save_to(document.project, then)

    def save_as(self, then: Callable[[], Any] | None = None) -> None:
        """Ask where, then save."""
        document = self._window.document
        if document is None:
            return
        proposal = document.project or document.path.with_suffix(PROJECT)
        name, _ = QFileDialog.getSaveFileName(self._window, "Save project", str(proposal), "Projects (*.aidd)")
        if name:
            path = Path(name)
            if path.suffix.lower() == PROJECT:
                self.save_to(path, then, replace=True)  # the dialog has asked
            else:
                self.save_to(path.with_name(path.name + PROJECT), then)

    def save_to(self, path: Path, then: Callable[[], Any] | None = None, *, replace: bool = False) -> None:
        """Save the project to a file, in the background; ask before another program's work would be replaced."""
        window, document = self._window, self._window.document
        if document is None:
            return
        snapshot, moment = _copy(document.session), document.moment

        def work(watch: Watch) -> bool:
            from aidd_studio.restoration.project import save_project

            watch.check()
            try:
                save_project(snapshot, path, replace=replace)
            except ProjectChanged:
                return False
            return True

        def done(saved: bool) -> None:
            if not saved:
                self._ask_to_replace(path, then)
                return
            document.project = path
            document.mark_saved(moment)
            document.changed.emit()
            window.say(f"Saved to {path.name}.", "done")
            if then is not None:
                then()

        window.work.submit(f"Saving {path.name}", work, on_done=done, on_failed=lambda why: window.say(why, "error"))

    def _ask_to_replace(self, path: Path, then: Callable[[], Any] | None) -> None:
        self._window.say(
            f"{path.name} holds other work: another program saved it. Replacing it loses that work.",
            "warning",
            {
                "Replace": lambda: self.save_to(path, then, replace=True),
                "Save as…": lambda: self.save_as(then),
                "Cancel": lambda: None,
            },
        )

    # Leaving

    def leave_then(self, action: Callable[[], Any]) -> None:
        """Do something that closes the document; ask in the banner when work would be lost."""
        if self.may_leave(lambda: self.leave_then(action)):
            self._leaving = False
            self._window.work.cancel_all()
            self._window.drawing.cancel_all()
            self._timer.stop()
            # After a journal that is just being written, which would stay behind otherwise.
            self._window.drawing.submit("Journal", lambda _watch: self.forget_journal(), visible=False)
            action()

    def may_leave(self, again: Callable[[], Any]) -> bool:
        """True when nothing would be lost or the person said so; else the banner asks and `again` is called then."""
        document = self._window.document
        if document is None or not document.is_modified or self._leaving:
            return True

        def discard() -> None:
            self._leaving = True
            again()
            self._leaving = False

        self._window.say(
            f"The work on {document.path.name} is not saved as a project.",
            "warning",
            {"Save": lambda: self.save(again), "Discard": discard, "Cancel": lambda: None},
        )
        return False

    # The journal

    def journal_soon(self) -> None:
        """Write the journal after the edits of the moment."""
        document = self._window.document
        if document is not None and document.session.position > 0 and not self._timer.isActive():
            self._timer.start()  # not again with every edit: a busy hand must not put it off for ever

    def close(self) -> None:
        """Write no further journal."""
        self._timer.stop()

    def forget_journal(self) -> None:
        """The work is saved elsewhere or not wanted."""
        journal, self._journal, self._journal_of = self._journal, None, None
        self._mirror = None  # it holds the whole recording
        if journal is not None:
            journal.discard()

    def _write_journal(self) -> None:
        document = self._window.document
        if document is None:
            return
        session = document.session
        steps, position = session.steps, session.position

        def work(watch: Watch) -> None:
            from aidd_studio.restoration.journal import Journal

            watch.check()
            if self._journal_of is not document:
                self._mirror = Session(session.clip)
                self._journal = Journal(self._mirror, journal_folder())
                self._journal_of = document
            mirror, journal = self._mirror, self._journal
            if mirror is not None and journal is not None:
                mirror.resume(steps, position)
                journal.save()

        self._window.drawing.submit(
            "Journal", work, visible=False, on_failed=lambda why: self._window.say(why, "warning")
        )

    def offer_recovery(self) -> None:
        """Offer what a crash left behind."""
        from aidd_studio.restoration.journal import discard, leftovers

        found = leftovers(journal_folder())
        if not found:
            return
        newest = found[0]
        count = newest.accepted
        noun = "1 accepted fill" if count == 1 else f"{count} accepted fills"
        self._window.say(
            f"AIDD Studio did not close properly. The work on {newest.source.name} with {noun} is still there.",
            "warning",
            {
                "Recover": lambda: self._recover(newest.folder),
                "Discard": lambda: discard(newest.folder),
                "Later": lambda: None,
            },
        )

    def _recover(self, folder: Path) -> None:
        from aidd_studio.restoration.journal import discard, recover

        try:
            project = recover(folder)
        except AiddError as error:
            self._window.say(str(error), "error")
            return

        def opened() -> None:
            document = self._window.document
            if document is not None:
                document.mark_unsaved()
                self._write_journal()
            discard(folder)
            self._window.say("The work was recovered. Save it as a project to keep it.", "done")

        self._window.opening.resume(project, opened)


def journal_folder() -> Path:
    """Where the journals of open sessions are."""
    folder = paths.user_state() / "journals"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _copy(session: Session) -> Session:
    """The session as it is now, for another thread: states are never changed, only replaced."""
    copy = Session(session.clip)
    copy.kept = session.kept  # one and the same, so that what the copy saves is known to the session
    copy.resume(session.steps, session.position)
    return copy
