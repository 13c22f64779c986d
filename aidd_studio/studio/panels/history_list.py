"""The history: every step by name, to go back or forward to with one click."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize
from PySide6.QtGui import QPalette, QUndoStack
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QUndoView, QVBoxLayout, QWidget

from aidd_studio.studio.model.document import Document
from aidd_studio.studio.widgets import theme


class HistoryList(QWidget):
    """The document's undo stack. Undone steps are greyed and written in italics until something new is done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QUndoView()
        self.list.setAccessibleName("History")
        self._nothing = QUndoStack(self)
        self.list.setEmptyLabel("Open")
        self.list.setItemDelegate(_StepDelegate(self.list))
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.addWidget(self.list)

    def sizeHint(self) -> QSize:
        return QSize(240, 200)

    def set_document(self, document: Document | None) -> None:
        """Show another document's steps."""
        self.list.setStack(document.undo_stack if document is not None else self._nothing)


class _StepDelegate(QStyledItemDelegate):
    """Writes undone steps otherwise."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        view = self.parent()
        stack = view.stack() if isinstance(view, QUndoView) else None
        if stack is not None and index.row() > stack.index():
            option.font.setItalic(True)
            option.palette.setColor(QPalette.ColorRole.Text, theme.colour("faint"))
