"""Keeping: projects, and the question that leaving asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from aidd_studio.errors import ProjectChanged
from aidd_studio.progress import Progress
from aidd_studio.studio.commands.open_file import PROJECT

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow


class Keeping(QObject):
    """Saves projects; leaving unsaved work asks first, in the banner."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._leaving = False

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
        snapshot, moment = document.session.copy(), document.moment

        def work(progress: Progress) -> bool:
            from aidd_studio.restoration.session.project import save_project

            progress.check()
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
            self._window.journaling.leave()
            action()

    def may_leave(self, again: Callable[[], Any]) -> bool:
        """True when nothing would be lost or the person said so; else the banner asks and `again` is called then."""
        document = self._window.document
        is_unsaved = document is not None and (document.is_modified or self._window.journaling.is_accepting)
        if document is None or not is_unsaved or self._leaving:
            return True

        def discard() -> None:
            self._leaving = True
            again()
            self._leaving = False

        self._window.banner.ask(
            f"The work on {document.path.name} is not saved as a project.",
            {"Save": lambda: self.save(again), "Discard": discard, "Cancel": lambda: None},
        )
        return False
