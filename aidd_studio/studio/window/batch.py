"""Batch access: the main window's side of the batch window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from aidd_studio.studio.model.workspace import Workspace

if TYPE_CHECKING:
    from aidd_studio.studio.batch.window import BatchWindow


class BatchAccess(QObject):
    """Opens the batch window when it is first asked for, and sees that its work is not lost unasked."""

    edit = Signal(Path)  # a file of the batch in the editor

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.window: BatchWindow | None = None

    @property
    def is_working(self) -> bool:
        """True while the batch looks for gaps or fills them."""
        return self.window is not None and self.window.run.is_working

    def show(self) -> None:
        """Show the batch window, as it was left."""
        window = self.window or self._made()
        window.show()
        window.raise_()
        window.activateWindow()

    def _made(self) -> BatchWindow:
        from aidd_studio.studio.batch.window import BatchWindow

        self.window = BatchWindow(self._workspace.preferences)
        self.window.edit.connect(self.edit)
        self.window.ended_unseen.connect(self._report)
        return self.window

    def retint(self) -> None:
        """Draw again after a change of theme."""
        if self.window is not None:
            self.window.retint()

    def close(self) -> None:
        """Stop the batch and close its window."""
        if self.window is not None:
            self.window.shut()
            self.window.deleteLater()
            self.window = None

    def _report(self, text: str) -> None:
        self._workspace.notify(text, "info", {"Show the batch": self.show})
