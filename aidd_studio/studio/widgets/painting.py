"""Painting: a painter that always ends, and the look of a picture that is still being made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPaintDevice, QPainter

from aidd_studio.studio.widgets import theme

PENDING = "Loading…"


@contextmanager
def painting(device: QPaintDevice) -> Iterator[QPainter]:
    """A painter on a widget or picture, which Qt needs ended even after an error."""
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()


def paint_pending(painter: QPainter, box: QRectF, colours: theme.Colours | None = None) -> None:
    """Hatch what cannot be drawn yet, and say so where there is room."""
    painter.save()
    painter.fillRect(box, QBrush(theme.colour("dim", 110, colours), Qt.BrushStyle.BDiagPattern))
    painter.setFont(theme.interface_font())
    room = painter.boundingRect(box, Qt.AlignmentFlag.AlignCenter, PENDING).adjusted(-10, -4, 10, 4)
    if room.width() <= box.width() and room.height() <= box.height():
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("canvas", 220, colours))
        painter.drawRoundedRect(room, 6, 6)
        painter.setPen(theme.colour("dim", of=colours))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, PENDING)
    painter.restore()
