"""The history: every step by name, to go back or forward to with one click."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from aidd_studio.restoration.session import Entry
from aidd_studio.studio import theme
from aidd_studio.studio.document import Document
from aidd_studio.studio.time_axis import format_time


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
                item = QListWidgetItem(step.name + self._where(index))
                if index > session.position:
                    item.setForeground(theme.colour("faint"))
                    font = item.font()
                    font.setItalic(True)
                    item.setFont(font)
                self.list.addItem(item)
            self.list.setCurrentRow(session.position)
        self._following = False

    def _where(self, index: int) -> str:
        """The time of the gap that a step is about, when it is about one."""
        if self._document is None or index == 0:
            return ""
        steps = self._document.session.steps
        before = {entry.id: entry for entry in steps[index - 1].state.entries}
        after = {entry.id: entry for entry in steps[index].state.entries}
        touched = [id for id in before.keys() | after.keys() if _differs(before.get(id), after.get(id))]
        if len(touched) != 1:
            return ""
        entry = after.get(touched[0]) or before[touched[0]]
        return f"  ·  {format_time(entry.gap.start, self._document.rate)}"

    def _row_changed(self, row: int) -> None:
        if not self._following and row >= 0:
            self.chosen.emit(row)


def _differs(before: Entry | None, after: Entry | None) -> bool:
    if before is None or after is None:
        return before is not after
    return (before.gap, before.accepted, before.starred) != (after.gap, after.accepted, after.starred)
