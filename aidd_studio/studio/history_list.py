"""The history: every step by name, to go back or forward to with one click."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from aidd_studio.studio import theme
from aidd_studio.studio.document import Document


class HistoryList(QWidget):
    """Undone steps are greyed and written in italics until something new is done."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self.list = QListWidget()
        self.list.setAccessibleName("History")
        self.list.currentRowChanged.connect(self._row_changed)
        self._following = False
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.addWidget(self.list)

    def sizeHint(self) -> QSize:
        return QSize(240, 200)

    def set_document(self, document: Document | None) -> None:
        """Show another document's steps."""
        self._document = document
        if document is not None:
            document.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the steps as they are now."""
        self._following = True
        self.list.clear()
        if self._document is not None:
            session = self._document.session
            for index, step in enumerate(session.steps):
                item = QListWidgetItem(step.name)
                if index > session.position:
                    item.setForeground(theme.colour("faint"))
                    font = item.font()
                    font.setItalic(True)
                    item.setFont(font)
                self.list.addItem(item)
            self.list.setCurrentRow(session.position)
        self._following = False

    def _row_changed(self, row: int) -> None:
        if not self._following and row >= 0:
            self.chosen.emit(row)
