"""The shortcuts sheet: every key on one page, made from the action registry."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from aidd_studio.studio.dialogs.dialog import Dialog, section
from aidd_studio.studio.widgets.actions import shortcut_text
from aidd_studio.studio.window.action_list import ACTIONS, MENUS

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

COLUMNS = 3


class ShortcutsSheet(Dialog):
    """F1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Keyboard and mouse", parent, 1020)
        blocks: list[tuple[str, list[tuple[str, str]]]] = [("Mouse", list(HANDS))]
        for menu in MENUS:
            rows = [
                (spec.text.replace("&", "").rstrip("…"), shortcut_text(spec))
                for spec in ACTIONS
                if spec.menu == menu and spec.shortcuts and not spec.id.removeprefix("audition_").isdigit()
            ]
            if menu == "&Play":
                rows.append(("Audition candidate 1 to 9", "1 … 9"))
            if rows:
                blocks.append((menu.replace("&", ""), rows))
        columns: list[list[tuple[str, list[tuple[str, str]]]]] = [[] for _ in range(COLUMNS)]
        heights = [0] * COLUMNS
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
    column.setSpacing(8)
    for title, rows in blocks:
        column.addWidget(section(title))
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        for line, (text, keys) in enumerate(rows):
            label = QLabel(keys)
            label.setObjectName("key")
            grid.addWidget(QLabel(text), line, 0)
            grid.addWidget(label, line, 1, Qt.AlignmentFlag.AlignRight)
        column.addLayout(grid)
    column.addStretch(1)
    return column
