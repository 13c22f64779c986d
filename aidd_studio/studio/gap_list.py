"""The gap list: every gap with its time, length, kind and state; sorted, filtered and selected here."""

from __future__ import annotations

import itertools
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.restoration.session import Entry
from aidd_studio.studio import theme
from aidd_studio.studio.document import Document, FillProgress
from aidd_studio.studio.icons import icon
from aidd_studio.studio.time_axis import TimeAxis, format_length

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("", "Time", "Length", "Kind", "Confidence")

STATES = {
    "open": ("Open", "state-open", "open_gap"),
    "filling": ("Filling", "state-filling", "accent"),
    "candidates": ("To choose", "state-candidates", "accent"),
    "accepted": ("Accepted", "state-accepted", "accepted"),
}

KINDS = {
    "manual": "by hand",
    "silence": "silence",
    "near-silence": "faint",
    "held": "held",
    "invalid": "invalid",
}

FILTERS = (("All gaps", None), ("Open", "open"), ("To choose", "candidates"), ("Accepted", "accepted"))

SORT_ROLE = int(Qt.ItemDataRole.UserRole)
STATE_ROLE = SORT_ROLE + 1


class GapTable(QAbstractTableModel):
    """The entries of the document as rows."""

    def __init__(self, axis: TimeAxis, parent: QWidget) -> None:
        super().__init__(parent)
        self._axis = axis
        self._document: Document | None = None
        self.entries: tuple[Entry, ...] = ()
        self._filling_before: dict[int, FillProgress] = {}

    def set_document(self, document: Document | None) -> None:
        self._document = document
        self.refresh()

    def refresh(self) -> None:
        """Take over the document's entries; rows are only replaced when gaps came or went."""
        fresh = self._document.entries if self._document else ()
        filling = dict(self._document.filling) if self._document else {}
        before, self._filling_before = self._filling_before, filling
        if [entry.id for entry in fresh] != [entry.id for entry in self.entries]:
            self.beginResetModel()
            self.entries = fresh
            self.endResetModel()
            return
        known, self.entries = self.entries, fresh
        changed = [
            row
            for row, (old, new) in enumerate(zip(known, fresh, strict=True))
            if old is not new or before.get(new.id) is not filling.get(new.id)
        ]
        for first, last in _stretches(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    def refresh_all(self) -> None:
        """Everything is written or drawn otherwise now."""
        if self.entries:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.entries) - 1, len(COLUMNS) - 1))

    def state_of(self, entry: Entry) -> str:
        return "filling" if self._filling(entry) is not None else entry.state

    def _filling(self, entry: Entry) -> FillProgress | None:
        return self._document.filling.get(entry.id) if self._document else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            right = section in (1, 2, 4)
            return int(
                (Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
            )
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        if not index.isValid() or self._document is None or index.row() >= len(self.entries):
            return None
        entry, column = self.entries[index.row()], index.column()
        state = self.state_of(entry)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            _, name, tint = STATES[state]
            return icon(name, tint)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (1, 2, 4):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and column > 2:
            return theme.colour("dim")
        if role == Qt.ItemDataRole.FontRole and column in (1, 2, 4):
            return theme.number_font(-0.5)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._sentence(entry, state)
        if role == SORT_ROLE:
            return self._sort_key(entry, column)
        if role == STATE_ROLE:
            return entry.state
        return None

    def _text(self, entry: Entry, column: int) -> str:
        gap = entry.gap
        if column == 1:
            return self._axis.short_text(gap.start)
        if column == 2:
            return format_length(gap.frames, self._axis.rate)
        if column == 3:
            return KINDS[gap.kind]
        return f"{round(gap.confidence * 100)} %" if column == 4 else ""

    def _sentence(self, entry: Entry, state: str) -> str:
        gap = entry.gap
        where = "" if gap.channels is None else f", channel {', '.join(str(c + 1) for c in gap.channels)}"
        length = format_length(gap.frames, self._axis.rate)
        count = f", {len(entry.candidates)} candidates" if entry.candidates else ""
        filling = self._filling(entry)
        name = STATES[state][0] if filling is None else f"{STATES[state][0]} {round(100 * filling.fraction)} %"
        if filling is not None and filling.stage:
            name += f", {filling.stage}"
        return f"{name}: {length} at {self._axis.text(gap.start)}, {KINDS[gap.kind]}{where}{count}"

    def _sort_key(self, entry: Entry, column: int) -> Any:
        order = list(STATES)
        keys = (order.index(entry.state), entry.gap.start, entry.gap.frames, entry.gap.kind, entry.gap.confidence)
        return keys[column]


def _stretches(rows: list[int]) -> list[tuple[int, int]]:
    """First and last of every unbroken stretch of rising numbers."""
    breaks = [at for at in range(1, len(rows)) if rows[at] != rows[at - 1] + 1]
    edges = [0, *breaks, len(rows)]
    return [(rows[start], rows[end - 1]) for start, end in itertools.pairwise(edges) if end > start]


class _Filter(QSortFilterProxyModel):
    state: str | None = None

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        return self.state is None or self.sourceModel().index(row, 0, parent).data(STATE_ROLE) == self.state


class GapList(QWidget):
    """The table with its filter; tells which gaps the person selected."""

    selected = Signal(list)  # ids
    activated = Signal(int)  # id

    def __init__(self, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = GapTable(axis, self)
        self._proxy = _Filter(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setSortRole(SORT_ROLE)
        self._document: Document | None = None
        self._following = False
        self.table = self._table()
        self.filter = QComboBox()
        self.filter.setAccessibleName("Which gaps are listed")
        self.filter.setToolTip("Which gaps are listed")
        for text, _ in FILTERS:
            self.filter.addItem(text)
        self.filter.currentIndexChanged.connect(self._filter_changed)
        self._count = QLabel()
        self._count.setObjectName("dim")
        head = QHBoxLayout()
        head.addWidget(self._count, 1)
        head.addWidget(self.filter)
        self._empty = QLabel()
        self._empty.setObjectName("hint")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setContentsMargins(24, 8, 24, 24)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 4)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self._stack, 1)
        axis.format_changed.connect(self._model.refresh_all)
        self._refresh()

    def sizeHint(self) -> QSize:
        return QSize(360, 300)

    def set_document(self, document: Document | None) -> None:
        """Show another document's gaps."""
        self._document = document
        self._model.set_document(document)
        if document is not None:
            document.changed.connect(self._refresh)
            document.filling_changed.connect(self._filling_changed)
            document.selection_changed.connect(self._follow)
        self._refresh()

    def select_all(self) -> None:
        """Select every gap that is listed."""
        self.table.selectAll()

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self._model.refresh_all()

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self._proxy)
        table.setAccessibleName("Gaps")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setShowGrid(False)
        table.setSortingEnabled(True)
        table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setIconSize(QSize(16, 16))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(28)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate((28, 70, 64, 80, 84)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().selectionChanged.connect(self._table_selected)
        table.doubleClicked.connect(self._double_clicked)
        return table

    def _refresh(self) -> None:
        self._following = True
        self._model.refresh()
        self._following = False
        self._follow()
        entries = self._model.entries
        accepted = sum(entry.state == "accepted" for entry in entries)
        if entries:
            noun = "gap" if len(entries) == 1 else "gaps"
            self._count.setText(f"{len(entries)} {noun} · {accepted} accepted")
        else:
            self._count.setText("")
        self.filter.setVisible(bool(entries))
        self._empty.setText(
            "No gaps yet.\n\nPress D to find the dropouts, or drag over one in the picture."
            if self._document
            else "Open a recording to see its gaps."
        )
        self._stack.setCurrentIndex(0 if entries else 1)

    def _filling_changed(self) -> None:
        self._following = True
        self._model.refresh()
        self._following = False

    def _follow(self) -> None:
        """Show the document's selection in the table."""
        if self._document is None:
            return
        wanted = set(self._document.selected)
        selection, current = QItemSelection(), QModelIndex()
        for row, entry in enumerate(self._model.entries):
            if entry.id in wanted:
                index = self._proxy.mapFromSource(self._model.index(row, 0))
                if index.isValid():
                    selection.select(index, index)
                    if entry.id == self._document.selected[-1]:
                        current = index
        self._following = True
        flags = QItemSelectionModel.SelectionFlag
        self.table.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        if current.isValid():
            self.table.selectionModel().setCurrentIndex(current, flags.NoUpdate)
            self.table.scrollTo(current)
        self._following = False

    def _table_selected(self) -> None:
        if self._following:
            return
        rows = self.table.selectionModel().selectedRows()
        ids = [self._id(index) for index in rows]
        current = self.table.selectionModel().currentIndex()
        last = self._id(current) if current.isValid() else None
        if last in ids:
            ids.remove(last)
            ids.append(last)
        self.selected.emit(ids)

    def _double_clicked(self, index: QModelIndex) -> None:
        self.activated.emit(self._id(index))

    def _id(self, index: QModelIndex) -> int:
        return self._model.entries[self._proxy.mapToSource(index).row()].id

    def _filter_changed(self, index: int) -> None:
        self._following = True
        self._proxy.state = FILTERS[index][1]
        self._proxy.invalidate()
        self._following = False
        self._follow()
