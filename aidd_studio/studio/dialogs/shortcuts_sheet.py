"""The shortcuts sheet: every key on one page, made from the records of the actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from aidd_studio.studio.dialogs.dialog import Dialog, section
from aidd_studio.studio.widgets.actions import Action, plain

HANDS = (
    ("Mark a gap", "Drag"),
    ("Move an edge", "Drag the edge"),
    ("Without snapping", "Alt + drag"),
    ("Select the dropout", "Double-click"),
    ("Select several gaps", "Ctrl + click"),
    ("Zoom at the pointer", "Ctrl + wheel"),
    ("Enlarge the waveform", "Alt + wheel"),
    ("Scroll", "Wheel"),
    ("Pan", "Middle button"),
)

COLUMN_WIDTH = 320
MOST_COLUMNS = 3
"""Side by side where the screen is wide enough, so that the page is not as high as the screen."""


class ShortcutsSheet(Dialog):
    """F1."""

    def __init__(self, records: Sequence[Action[Any]], menus: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__("Keyboard and mouse", parent, 1020)
        blocks: list[tuple[str, list[tuple[str, str]]]] = [("Mouse", list(HANDS))]
        for menu in menus:
            rows = [
                (record.title, record.key_text)
                for record in records
                if record.menu == menu and record.keys and not record.id.removeprefix("audition_").isdigit()
            ]
            if menu == "&Play":
                rows.append(("Audition candidate 1 to 9", "1 … 9"))
            if rows:
                blocks.append((plain(menu), rows))
        count = max(1, min(MOST_COLUMNS, self.screen().availableSize().width() // COLUMN_WIDTH))
        columns: list[list[tuple[str, list[tuple[str, str]]]]] = [[] for _ in range(count)]
        heights = [0] * count
        for block in sorted(blocks, key=lambda block: -len(block[1])):
            shortest = heights.index(min(heights))
            columns[shortest].append(block)
            heights[shortest] += len(block[1]) + 2
        row = QHBoxLayout()
        row.setSpacing(40)
        for column in columns:
            row.addLayout(_column(column), 1)
        self.body.addLayout(row)
        self.add_button("Close", self.close, main=True)


def _column(blocks: list[tuple[str, list[tuple[str, str]]]]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(6)
    for title, rows in blocks:
        column.addWidget(section(title))
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for line, (text, keys) in enumerate(rows):
            label = QLabel(keys)
            label.setObjectName("key")
            grid.addWidget(QLabel(text), line, 0)
            grid.addWidget(label, line, 1, Qt.AlignmentFlag.AlignRight)
        column.addLayout(grid)
    column.addStretch(1)
    return column
