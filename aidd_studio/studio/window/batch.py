"""Batching: the main window's side of the batch window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from aidd_studio.studio.batch.window import BatchWindow
    from aidd_studio.studio.window.main_window import MainWindow


class Batching(QObject):
    """Opens the batch window when it is first asked for, and sees that its work is not lost unasked."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.batch: BatchWindow | None = None

    @property
    def is_working(self) -> bool:
        """True while the batch looks for gaps or fills them."""
        return self.batch is not None and self.batch.run.is_working

    def show(self) -> None:
        """Show the batch window, as it was left."""
        if self.batch is None:
            from aidd_studio.studio.batch.window import BatchWindow

            self.batch = BatchWindow(self._window.preferences)
            self.batch.edit.connect(self._edit)
            self.batch.ended_unseen.connect(self._tell)
        self.batch.show()
        self.batch.raise_()
        self.batch.activateWindow()

    def retint(self) -> None:
        """Draw again after a change of theme."""
        if self.batch is not None:
            self.batch.retint()

    def close(self) -> None:
        """Stop the batch and close its window."""
        if self.batch is not None:
            self.batch.shut()
            self.batch.deleteLater()
            self.batch = None

    def _edit(self, path: Path) -> None:
        self._window.raise_()
        self._window.activateWindow()
        self._window.open_path(path)

    def _tell(self, text: str) -> None:
        self._window.say(text, "info", {"Show the batch": self.show})
