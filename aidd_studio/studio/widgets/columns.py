"""Table columns that a person can widen, while one of them takes the room that the others leave."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

LEAST = 60
"""Pixels that the roomy column keeps in a narrow table; the table scrolls below that."""


class ColumnHeader(QHeaderView):
    """A header whose borders can all be dragged, unlike with Qt's own stretched columns.

    `roomy` is the column that takes the spare width, or gives up some, until a person drags a border.
    """

    def __init__(self, widths: Sequence[int], roomy: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._widths = list(widths)
        self._roomy = roomy
        self._is_set_by_hand = False
        self.setHighlightSections(False)
        self.setSectionsClickable(True)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setStretchLastSection(False)
        self.setMinimumSectionSize(min(28, *widths))

    def give(self, table: QTableView) -> None:
        """Put the header on a table that has its model."""
        table.setHorizontalHeader(self)
        table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        table.viewport().installEventFilter(self)
        self._fit()

    def set_width(self, column: int, width: int) -> None:
        """Give a column another width, unless a person has chosen one."""
        if self._widths[column] != width:
            self._widths[column] = width
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        before = self.length(), self.sectionSize(self._roomy)
        super().mouseMoveEvent(event)
        if event.buttons() & Qt.MouseButton.LeftButton and before != (self.length(), self.sectionSize(self._roomy)):
            self._is_set_by_hand = True

    def _fit(self) -> None:
        if self._is_set_by_hand or self.count() < len(self._widths):
            return
        for column, width in enumerate(self._widths):
            self.resizeSection(column, width)
        table = self.parent()
        room = table.viewport().width() if isinstance(table, QTableView) else 0
        if room:
            others = sum(self._widths) - self._widths[self._roomy]
            self.resizeSection(self._roomy, max(LEAST, room - others))
