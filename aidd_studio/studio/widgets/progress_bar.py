"""A progress bar that is drawn with the next frame: Qt's own draws the whole window at once with every new value."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar


class ProgressBar(QProgressBar):
    """A bar without text."""

    def __init__(self, name: str = "Progress") -> None:
        super().__init__()
        self.setTextVisible(False)
        self.setAccessibleName(name)

    def setValue(self, value: int) -> None:
        self.setUpdatesEnabled(False)
        super().setValue(value)
        self.setUpdatesEnabled(True)
