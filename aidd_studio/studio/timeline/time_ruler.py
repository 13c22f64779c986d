"""The time ruler: labelled ticks over the pictures."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QFrame, QWidget

from aidd_studio.studio.model.time_format import format_time
from aidd_studio.studio.timeline.time_axis import TimeAxis, tick_step
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.painting import painting

GUTTER = 52
"""Pixels left of all pictures, where their scales stand."""

HEIGHT = 26


class TimeRuler(QFrame):
    """Ticks in the chosen format. Click or drag to place the cursor."""

    def __init__(self, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Time ruler")
        self.setToolTip("Click to place the cursor")
        axis.changed.connect(self.update)
        axis.format_changed.connect(self.update)
        axis.cursor_moved.connect(self.update)
        axis.playhead_moved.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), theme.colour("window"))
            axis = self._axis
            if axis.frames:
                painter.setFont(theme.number_font(-1.5))
                self._ticks(painter)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                self._marker(painter, axis.cursor, "accent")
                if axis.playhead is not None:
                    self._marker(painter, axis.playhead, "playhead")
            painter.setPen(theme.colour("line"))
            painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)

    def _ticks(self, painter: QPainter) -> None:
        axis, bottom = self._axis, self.height()
        step = tick_step(axis.scale, axis.rate, axis.format)
        minor = step / 5
        first = math.ceil(axis.start / minor)
        last = math.ceil(axis.end / minor)
        at = [(index, GUTTER + axis.to_x(index * minor)) for index in range(first, last + 1)]
        for is_major, length, tint in ((False, 4, "border"), (True, 8, "faint")):
            painter.setPen(theme.colour(tint))
            painter.drawLines(
                [QLineF(x, bottom - length, x, bottom - 1) for index, x in at if (index % 5 == 0) == is_major]
            )
        painter.setPen(theme.colour("dim"))
        left_and_middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for index, x in at:
            if index % 5 == 0:
                text = self._label(index * minor, step)
                painter.drawText(QRectF(x + 4, 0, 140, bottom - 5), left_and_middle, text)

    def _label(self, frame: float, step: float) -> str:
        axis = self._axis
        if axis.format == "samples":
            return format_time(frame, axis.rate, "samples")
        seconds, unit = frame / axis.rate, step / axis.rate
        digits = max(0, min(6, math.ceil(-math.log10(unit) - 1e-9))) if unit < 1 else 0
        if axis.format == "seconds":
            return f"{seconds:.{digits}f} s"
        minutes, rest = divmod(seconds + 10.0 ** -(digits + 3), 60)
        hours, minutes = divmod(int(minutes), 60)
        width = 2 if digits == 0 else digits + 3
        rest_text = f"{rest:0{width}.{digits}f}"
        return (
            f"{hours}:{minutes:02}:{rest_text}" if hours or axis.frames > 3600 * axis.rate else f"{minutes}:{rest_text}"
        )

    def _marker(self, painter: QPainter, frame: int, colour: str) -> None:
        x = GUTTER + self._axis.to_x(frame)
        if not GUTTER <= x <= self.width():
            return
        bottom = self.height() - 1
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(colour))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, bottom - 7), QPointF(x + 5, bottom - 7), QPointF(x, bottom)]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._axis.frames:
            self._axis.set_cursor(self._axis.to_frame(event.position().x() - GUTTER))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._axis.frames:
            self._axis.set_cursor(self._axis.to_frame(event.position().x() - GUTTER))
