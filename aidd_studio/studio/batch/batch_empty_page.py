"""The batch window's empty page: says where recordings come from before there are any."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.icons import pixmap

HINT = (
    "or add them with the buttons above.\nNothing is written before you press Run, and never into the files themselves."
)


class BatchEmptyPage(QFrame):
    """A place to drop files and folders on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._picture = QLabel()
        words = QLabel("Drop recordings or folders here")
        words.setFont(theme.interface_font(3))
        hint = QLabel(HINT)
        hint.setObjectName("hint")
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(1)
        for label in (self._picture, words, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addStretch(1)
        self.retint()

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self._picture.setPixmap(pixmap("batch", 48, "faint", self.devicePixelRatioF()))
