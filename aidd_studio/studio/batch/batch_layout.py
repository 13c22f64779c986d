"""The batch window's layout: recordings at the left, settings and gaps at the right, totals below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

SIDE = 320
"""Pixels that settings and gaps are wide."""


def laid_out(left: QWidget, pages: QWidget, settings: QWidget, gaps: QWidget, totals: QWidget) -> QWidget:
    """The middle of the window; `pages` fill what is at the left."""
    left_column = QVBoxLayout(left)
    left_column.setContentsMargins(0, 0, 0, 0)
    left_column.addWidget(pages)
    inner = QWidget()
    side_column = QVBoxLayout(inner)
    side_column.setContentsMargins(0, 0, 8, 0)
    side_column.setSpacing(12)
    side_column.addWidget(settings)
    side_column.addWidget(gaps, 1)
    side = QScrollArea()  # for screens that are lower than the settings
    side.setWidget(inner)
    side.setWidgetResizable(True)
    side.setFrameShape(QFrame.Shape.NoFrame)
    side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    side.setFixedWidth(SIDE + 8)
    row = QHBoxLayout()
    row.setContentsMargins(16, 12, 16, 12)
    row.setSpacing(16)
    row.addWidget(left, 1)
    row.addWidget(side)
    centre = QWidget()
    column = QVBoxLayout(centre)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addLayout(row, 1)
    column.addWidget(totals)
    return centre
