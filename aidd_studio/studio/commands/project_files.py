"""Project files: a document's work saved, and the question that leaving it asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from aidd_studio.errors import ProjectChanged
from aidd_studio.progress import Progress
from aidd_studio.studio.commands.autosave import Autosave
from aidd_studio.studio.commands.open_file import PROJECT
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.model.preferences import add_recent
from aidd_studio.studio.model.workspace import Notice, Workspace

Then = Callable[[], object]


class ProjectFiles(QObject):
    """Saves a document as a project; leaving unsaved work asks first, in the banner."""

    def __init__(
        self, workspace: Workspace, document: Document, autosave: Autosave, dialog_parent: QWidget, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = document
        self._autosave = autosave
        self._dialog_parent = dialog_parent
        self._question: Notice | None = None  # the one that leaving has asked
        document.undo_stack.cleanChanged.connect(self._clean_changed)

    def save(self, then: Then | None = None) -> None:
        """Save the project where it was saved before, else ask where."""
        if self._document.project is None:
            self.save_as(then)
        else:
            self.save_to(self._document.project, then)

    def save_as(self, then: Then | None = None) -> None:
        """Ask where, then save."""
        from aidd_studio.restoration.session.export import proposed_folder

        source = self._document.path
        proposal = self._document.project or proposed_folder(source) / source.with_suffix(PROJECT).name
        name, _ = QFileDialog.getSaveFileName(
            self._dialog_parent, "Save project", str(proposal), f"Projects (*{PROJECT})"
        )
        if name:
            path = Path(name)
            if path.suffix.lower() == PROJECT:
                self.save_to(path, then, replace=True)  # the dialog has asked
            else:
                self.save_to(path.with_name(path.name + PROJECT), then)

    def save_to(self, path: Path, then: Then | None = None, *, replace: bool = False) -> None:
        """Save the project to a file, in the background; ask before another program's work would be replaced."""
        document = self._document
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
            document.mark_saved(moment)
            document.save_as(path)
            add_recent(path)
            self._workspace.notify(f"Saved to {path.name}.", "done")
            if then is not None:
                then()

        self._workspace.work.submit(
            f"Saving {path.name}", work, on_done=done, on_failed=self._workspace.report_error, owner=document
        )

    def _ask_to_replace(self, path: Path, then: Then | None) -> None:
        self._workspace.notify(
            f"{path.name} holds other work: another program saved it. Replacing it loses that work.",
            "warning",
            {
                "Replace": lambda: self.save_to(path, then, replace=True),
                "Save as…": lambda: self.save_as(then),
                "Cancel": lambda: None,
            },
        )

    def leave_then(self, action: Then) -> None:
        """Do something that closes the document; ask in the banner when work would be lost."""

        def leave() -> None:
            self._workspace.cancel_all()
            self._autosave.leave()
            action()

        if not self._document.is_modified:
            leave()
            return
        self._question = self._workspace.ask(
            f"The work on {self._document.name} is not saved as a project.",
            {"Save": lambda: self.save(lambda: self.leave_then(action)), "Discard": leave, "Cancel": lambda: None},
        )

    def _clean_changed(self, is_clean: bool) -> None:
        """What has been saved or undone need not be asked about any more."""
        if is_clean and self._question is not None:
            self._workspace.withdraw(self._question)
