"""Recovery: what a crash left behind is offered when the program starts."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from aidd_studio.errors import AiddError
from aidd_studio.studio.commands.autosave import journal_folder
from aidd_studio.studio.commands.open_file import OpenFile
from aidd_studio.studio.model.workspace import Workspace


class Recovery(QObject):
    """Finds the journals of programs that ended without closing their documents."""

    def __init__(self, workspace: Workspace, files: OpenFile, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._files = files

    def offer(self) -> None:
        """Offer the newest work that can be recovered, if there is any."""
        from aidd_studio.restoration.session.journal import discard, leftovers

        found = leftovers(journal_folder())
        if not found:
            return
        newest = found[0]
        count = newest.accepted
        noun = "1 accepted fill" if count == 1 else f"{count} accepted fills"
        self._workspace.ask(
            f"AIDD Studio closed unexpectedly. Your work on {newest.source.name} with {noun} can be recovered.",
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
            self._workspace.report_error(str(error))
            return
        self._files.resume(project, folder)
