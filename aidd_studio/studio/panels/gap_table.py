"""The gap table: the entries of the document as rows, with their words and icons."""

from __future__ import annotations

import itertools
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtWidgets import QWidget

from aidd_studio.damage.detection.settings import CONFIDENT
from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.model.document import STATES, Document, FillProgress
from aidd_studio.studio.model.time_format import format_length
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.icons import icon

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("", "Time", "Length", "Kind", "Confidence")

KINDS = {
    "manual": "manual",
    "silence": "silence",
    "near-silence": "near-silent",
    "held": "stuck samples",
    "invalid": "invalid",
}

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

    def refresh(self) -> bool:
        """Take over the document's entries; true when gaps came or went, so that all rows were replaced."""
        fresh = self._document.entries if self._document else ()
        filling = dict(self._document.filling) if self._document else {}
        before, self._filling_before = self._filling_before, filling
        if [entry.id for entry in fresh] != [entry.id for entry in self.entries]:
            self.beginResetModel()
            self.entries = fresh
            self.endResetModel()
            return True
        known, self.entries = self.entries, fresh
        changed = [
            row
            for row, (old, new) in enumerate(zip(known, fresh, strict=True))
            if old is not new or before.get(new.id) is not filling.get(new.id)
        ]
        for first, last in _stretches(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))
        return False

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
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.AccessibleTextRole:
            return COLUMNS[section] or "State"
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
        if role == Qt.ItemDataRole.ToolTipRole or (role == Qt.ItemDataRole.AccessibleTextRole and column == 0):
            return self.sentence(entry)
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
        if column == 4:
            return "–" if gap.kind == "manual" else f"{round(gap.confidence * 100)} %"
        return ""

    def sentence(self, entry: Entry) -> str:
        """All that the row says, in words."""
        gap, state = entry.gap, self.state_of(entry)
        where = "" if gap.channels is None else f", channel {', '.join(str(c + 1) for c in gap.channels)}"
        length = format_length(gap.frames, self._axis.rate)
        sure = ", uncertain: select it alone to fill it" if gap.confidence < CONFIDENT else ""
        some = len(entry.candidates)
        count = "" if some == 0 else ", 1 candidate" if some == 1 else f", {some} candidates"
        filling = self._filling(entry)
        name = STATES[state][0] if filling is None else f"{STATES[state][0]} {round(100 * filling.fraction)} %"
        if filling is not None and filling.stage:
            name += f", {filling.stage}"
        return f"{name}: {length} at {self._axis.text(gap.start)}, {KINDS[gap.kind]}{where}{sure}{count}"

    def _sort_key(self, entry: Entry, column: int) -> Any:
        order = list(STATES)
        keys = (order.index(entry.state), entry.gap.start, entry.gap.frames, entry.gap.kind, entry.gap.confidence)
        return keys[column]


def _stretches(rows: list[int]) -> list[tuple[int, int]]:
    """First and last of every unbroken stretch of rising numbers."""
    breaks = [at for at in range(1, len(rows)) if rows[at] != rows[at - 1] + 1]
    edges = [0, *breaks, len(rows)]
    return [(rows[start], rows[end - 1]) for start, end in itertools.pairwise(edges) if end > start]


class GapFilter(QSortFilterProxyModel):
    """Rows in a state; all of them when it is None."""

    state: str | None = None

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        return self.state is None or self.sourceModel().index(row, 0, parent).data(STATE_ROLE) == self.state
