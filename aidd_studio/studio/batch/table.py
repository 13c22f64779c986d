"""The batch's table: every file with its state, gaps, progress and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from aidd_studio.restoration.batch import Outcome, Recording
from aidd_studio.studio.model.time_format import format_length
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.columns import ColumnHeader
from aidd_studio.studio.widgets.icons import icon
from aidd_studio.studio.widgets.one_line import one_line

Index = QModelIndex | QPersistentModelIndex

RowState = Literal["waiting", "looking", "restoring", "restored", "nothing to do", "failed"]

STATES: dict[RowState, tuple[str, str, str]] = {
    "failed": ("Failed", "error", "danger"),
    "restoring": ("Restoring", "state-filling", "accent"),
    "looking": ("Looking", "detect", "accent"),
    "waiting": ("Waiting", "state-open", "dim"),
    "restored": ("Restored", "state-accepted", "accepted"),
    "nothing to do": ("Nothing to do", "check", "dim"),
}
"""Text, icon and colour of each state, in the order in which they are sorted."""

COLUMNS = ("File", "State", "Gaps", "Progress", "Time", "Remark")
FILE, STATE, GAPS, PROGRESS, TIME, REMARK = range(len(COLUMNS))

SORT_ROLE = int(Qt.ItemDataRole.UserRole)
ROW_ROLE = SORT_ROLE + 1


@dataclass(eq=False)
class BatchRow:
    """One file of the batch and what has become of it."""

    recording: Recording
    size: int = 0  # bytes
    state: RowState = "waiting"
    fraction: float = 0.0
    gaps: tuple[dict[str, Any], ...] | None = None  # None: not searched yet
    outcome: Outcome | None = None  # how its last restoration ended

    @property
    def path(self) -> Path:
        return self.recording.path

    @property
    def name(self) -> str:
        return one_line(str(self.recording.below / self.path.name))

    @property
    def is_in_work(self) -> bool:
        return self.state in ("looking", "restoring")

    def looked_at(self, outcome: Outcome) -> None:
        """Take over what a search for gaps found."""
        self.fraction = 0.0
        self.gaps = outcome.gaps
        if outcome.status == "failed":
            self.state, self.outcome, self.gaps = "failed", outcome, None
        else:
            self.state = "waiting" if outcome.gaps else "nothing to do"
            self.outcome = None if outcome.gaps else outcome

    def ended(self, outcome: Outcome) -> None:
        """Take over how a restoration ended."""
        self.state, self.fraction, self.outcome = outcome.status, 1.0, outcome
        if outcome.status != "failed":
            self.gaps = outcome.gaps

    def waits_again(self) -> None:
        """The work on it was stopped before it ended."""
        self.state, self.fraction = "waiting", 0.0

    @property
    def remark(self) -> str:
        if self.outcome is None:
            return ""
        if self.state == "restored":
            return f"→ {one_line(Path(self.outcome.target).name)}"
        if self.state not in ("failed", "nothing to do"):
            return ""
        reason = one_line(self.outcome.reason.removeprefix(str(self.path)).strip())  # the first column names the file
        return reason[:1].upper() + reason[1:]


class BatchTable(QAbstractTableModel):
    """The rows of the batch."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[BatchRow] = []
        self._places: dict[BatchRow, int] = {}

    def add(self, rows: Sequence[BatchRow]) -> None:
        """Put rows at the end."""
        if not rows:
            return
        first = len(self.rows)
        self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
        self.rows.extend(rows)
        self._places.update((row, first + place) for place, row in enumerate(rows))
        self.endInsertRows()

    def remove(self, rows: Iterable[BatchRow]) -> None:
        """Take rows off the list."""
        gone = set(rows)
        self.beginResetModel()
        self.rows = [row for row in self.rows if row not in gone]
        self._places = {row: place for place, row in enumerate(self.rows)}
        self.endResetModel()

    def changed(self, row: BatchRow) -> None:
        """Show what has become of a row."""
        place = self._places.get(row)
        if place is not None:
            self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))

    def all_changed(self) -> None:
        """Refresh all rows."""
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
        if role == Qt.ItemDataRole.DecorationRole and column == STATE:
            _, name, tint = STATES[row.state]
            return icon(name, tint)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole and (column > STATE or (row.state == "waiting" and column == STATE)):
            return theme.colour("danger" if column == REMARK and row.state == "failed" else "dim")
        if role == Qt.ItemDataRole.FontRole and column in (GAPS, TIME):
            return theme.number_font(-0.5)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.outcome.reason if column == REMARK and row.outcome and row.outcome.reason else str(row.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.name}: {STATES[row.state][0]}. {_text(row, column)}"
        if role == SORT_ROLE:
            return _sort_key(row, column)
        return row if role == ROW_ROLE else None


def _text(row: BatchRow, column: int) -> str:
    if column == FILE:
        return row.name
    if column == STATE:
        return STATES[row.state][0]
    if column == GAPS:
        return "–" if row.gaps is None else str(len(row.gaps))
    if column == TIME:
        return format_length(row.outcome.seconds, 1) if row.outcome is not None and row.outcome.seconds else ""
    return row.remark if column == REMARK else ""


def _sort_key(row: BatchRow, column: int) -> Any:
    seconds = row.outcome.seconds if row.outcome is not None else 0.0
    gaps = -1 if row.gaps is None else len(row.gaps)
    return (row.name.lower(), list(STATES).index(row.state), gaps, row.fraction, seconds, row.remark)[column]


def _alignment(column: int) -> int:
    side = Qt.AlignmentFlag.AlignRight if column in (GAPS, TIME) else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)


class _ProgressBar(QStyledItemDelegate):
    """Draws how far a file is: a slim bar, full and calm when it has ended."""

    HEIGHT = 6

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        row = index.data(ROW_ROLE)
        if row is None or row.state in ("waiting", "failed", "nothing to do"):
            return
        cell = QRectF(option.rect).adjusted(8, 0, -8, 0)
        groove = QRectF(cell.x(), cell.center().y() - self.HEIGHT / 2, cell.width(), self.HEIGHT)
        done = QRectF(groove)
        done.setWidth(max(self.HEIGHT, groove.width() * row.fraction))
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("border" if is_selected else "raised"))
        painter.drawRoundedRect(groove, self.HEIGHT / 2, self.HEIGHT / 2)
        painter.setBrush(theme.colour("accepted" if row.state == "restored" else "accent"))
        painter.drawRoundedRect(done, self.HEIGHT / 2, self.HEIGHT / 2)
        painter.restore()


class BatchTableView(QTableView):
    """The table as a person sees it: sortable, rows selected as a whole."""

    def __init__(self, table: BatchTable) -> None:
        super().__init__()
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(table)
        self._proxy.setSortRole(SORT_ROLE)
        self.setModel(self._proxy)
        self.setAccessibleName("Files")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setIconSize(QSize(16, 16))
        self._bar = _ProgressBar(self)
        self.setItemDelegateForColumn(PROGRESS, self._bar)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        ColumnHeader((240, 132, 60, 112, 76, 220), FILE).give(self)
        self.setSortingEnabled(True)
        self.sortByColumn(FILE, Qt.SortOrder.AscendingOrder)

    def selected(self) -> list[BatchRow]:
        """The rows that are selected, from top to bottom."""
        places = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [index.data(ROW_ROLE) for index in places]

    def row_at(self, index: Index) -> BatchRow | None:
        """The row of a place in the view."""
        row: BatchRow | None = index.data(ROW_ROLE)
        return row
