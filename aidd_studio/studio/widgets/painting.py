"""Painting: a painter that always ends, since Qt crashes when one outlives an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtGui import QPaintDevice, QPainter


@contextmanager
def painting(device: QPaintDevice) -> Iterator[QPainter]:
    """A painter on a widget or picture."""
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()
