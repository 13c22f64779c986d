"""The gaps of one file of a batch: where they are, how long, and what filled them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QLabel, QStackedLayout, QTableView, QVBoxLayout, QWidget

from aidd_studio.damage.timecode import format_time
from aidd_studio.studio.batch.table import BatchRow
from aidd_studio.studio.dialogs.dialog import section
from aidd_studio.studio.model.time_format import format_length
from aidd_studio.studio.panels.gap_table import KINDS
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.columns import ColumnHeader

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("Time", "Length", "Kind", "Filled by")


class _Gaps(QAbstractTableModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.gaps: tuple[dict[str, Any], ...] = ()

    def show(self, gaps: tuple[dict[str, Any], ...]) -> None:
        self.beginResetModel()
        self.gaps = gaps
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.gaps)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        if not index.isValid() or index.row() >= len(self.gaps):
            return None
        gap, column = self.gaps[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(gap, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole and column > 1:
            return theme.colour("dim")
        if role == Qt.ItemDataRole.FontRole and column < 2:
            return theme.number_font(-0.5)
        if role == Qt.ItemDataRole.ToolTipRole:
            return gap.get("why") or ", ".join(_text(gap, n) for n in range(len(COLUMNS)))
        return None


def _text(gap: dict[str, Any], column: int) -> str:
    if column == 0:
        return format_time(round(gap["start"] * 1000), 1000)
    if column == 1:
        return format_length(gap["milliseconds"], 1000)
    return KINDS.get(gap["kind"], gap["kind"]) if column == 2 else str(gap.get("engine", "–"))


def _alignment(column: int) -> int:
    side = Qt.AlignmentFlag.AlignRight if column < 2 else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)


class BatchGaps(QWidget):
    """A list beside the table, about the file that is selected there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = section("Gaps")
        self._model = _Gaps(self)
        self._view = QTableView()
        self._view.setModel(self._model)
        self._view.setAccessibleName("Gaps of the selected file")
        self._view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._view.setShowGrid(False)
        self._view.setWordWrap(False)
        self._view.setTabKeyNavigation(False)
        self._view.verticalHeader().hide()
        self._view.verticalHeader().setDefaultSectionSize(26)
        ColumnHeader((88, 68, 96, 70), COLUMNS.index("Filled by")).give(self._view)
        self._hint = QLabel()
        self._hint.setObjectName("hint")
        self._hint.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._hint)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._title)
        column.addLayout(self._stack, 1)
        self.show_row(None)

    def show_row(self, row: BatchRow | None) -> None:
        """Show the gaps of a file, or say why there are none to show."""
        gaps = row.gaps if row is not None and row.gaps else ()
        self._title.setText(f"Gaps in {row.path.name}" if row is not None else "Gaps")
        self._model.show(gaps)
        if row is None:
            self._hint.setText("Select a file to see its gaps.")
        elif row.gaps is None:
            self._hint.setText("This file has not been searched yet.")
        else:
            self._hint.setText("No dropout was found.")
        self._stack.setCurrentIndex(0 if gaps else 1)
