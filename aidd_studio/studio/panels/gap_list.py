"""The gap list: every gap with its time, length, kind and state; sorted, filtered and selected here."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.model.document import Document
from aidd_studio.studio.panels.gap_table import SORT_ROLE, GapFilter, GapTable
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.columns import ColumnHeader

WIDTHS = (30, 72, 60, 92, 86)
"""Pixels of the columns: state, time, length, kind and confidence."""

TIME, KIND = 1, 3

ROW, LEAST_ROWS, ABOVE_THE_ROWS = 28, 4, 36
"""Pixels of a row, how many can always be seen, and pixels of the header with the frame."""

PADDING = 16
"""Pixels left and right of a text in its cell."""

FILTERS = (("All gaps", None), ("Open", "open"), ("Choose a fill", "candidates"), ("Accepted", "accepted"))


class GapList(QWidget):
    """The table with its filter; reports which gaps the person selects."""

    selected = Signal(list)  # ids
    activated = Signal(int)  # id

    def __init__(self, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = GapTable(axis, self)
        self._proxy = GapFilter(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setSortRole(SORT_ROLE)
        self._document: Document | None = None
        self._following = False
        self._axis = axis
        self._header = ColumnHeader(WIDTHS, KIND)
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
        axis.format_changed.connect(self._times_changed)
        self._refresh()

    def sizeHint(self) -> QSize:
        return QSize(360, 300)

    def set_document(self, document: Document | None) -> None:
        """Show another document's gaps."""
        self._document = document
        self._model.set_document(document)
        self._times_changed()
        if document is not None:
            document.changed.connect(self._refresh)
            document.filling_changed.connect(self._filling_changed)
            document.selection_changed.connect(self._follow)
        self._refresh()

    def sentence(self, entry: Entry) -> str:
        """A gap in words."""
        return self._model.sentence(entry)

    def select_all(self) -> None:
        """Select every gap that is listed."""
        self.table.selectAll()

    def retint(self) -> None:
        """Draw again after a change of theme."""
        self._model.refresh_all()

    def _times_changed(self) -> None:
        """Times have another length now; the column has room for the longest."""
        self._model.refresh_all()
        longest = self._axis.short_text(self._axis.frames)
        digits = QFontMetrics(theme.number_font(-0.5)).horizontalAdvance(longest)
        self._header.set_width(TIME, max(WIDTHS[TIME], digits + PADDING))

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self._proxy)
        table.setAccessibleName("Gaps")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setIconSize(QSize(16, 16))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        table.setMinimumHeight(LEAST_ROWS * ROW + ABOVE_THE_ROWS)
        self._header.give(table)
        table.setSortingEnabled(True)
        table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        table.selectionModel().selectionChanged.connect(self._table_selected)
        table.doubleClicked.connect(self._double_clicked)
        return table

    def _refresh(self) -> None:
        self._following = True
        are_others = self._model.refresh()
        self._following = False
        if are_others or self._proxy.state is not None:  # else the rows that are selected still are
            self._follow()
        entries = self._model.entries
        accepted = sum(entry.accepted is not None for entry in entries)
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
