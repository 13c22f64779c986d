"""The level meter: what leaves the program now, in dB below full scale."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.painting import painting

FLOOR = -60.0
FALL = 20.0 / 60.0
"""dB per frame of the display: 20 dB a second, as peak meters fall."""
HOLD = 60
"""Frames that the peak mark stays."""
MARKS = (-48, -36, -24, -12, 0)


class LevelMeter(QFrame):
    """A bar per output channel, with the highest level held for a second and a light for overload."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._levels = [FLOOR, FLOOR]
        self._peaks = [FLOOR, FLOOR]
        self._held = [0, 0]
        self.setAccessibleName("Output level")
        self.setToolTip("Output level in dB below full scale")
        self.setMinimumWidth(120)

    def sizeHint(self) -> QSize:
        return QSize(180, 32)

    def feed(self, peaks: list[float]) -> None:
        """Take the highest samples since the last call; bars fall back slowly."""
        for index, peak in enumerate(peaks[:2]):
            level = max(FLOOR, 20 * math.log10(peak)) if peak > 1e-6 else FLOOR
            self._levels[index] = max(level, self._levels[index] - FALL)
            self._held[index] += 1
            if level >= self._peaks[index] or self._held[index] > HOLD:
                self._peaks[index] = max(level, self._levels[index])
                self._held[index] = 0
        self.update()

    @property
    def is_resting(self) -> bool:
        """True when nothing moves any more."""
        return max(self._levels) <= FLOOR and max(self._peaks) <= FLOOR

    def paintEvent(self, _event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            width = self.width()
            bar = 5.0
            top = max(0.0, (self.height() - 28) / 2)
            for index, level in enumerate(self._levels):
                y = top + index * (bar + 3)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("line"))
                painter.drawRoundedRect(QRectF(0, y, width, bar), 2, 2)
                for low, high, name in ((FLOOR, -12.0, "accent"), (-12.0, -3.0, "warning"), (-3.0, 0.0, "danger")):
                    if level > low:
                        left, right = self._x(low), self._x(min(level, high))
                        painter.fillRect(QRectF(left, y, right - left, bar), theme.colour(name))
                if self._peaks[index] > FLOOR:
                    painter.fillRect(QRectF(self._x(self._peaks[index]) - 1, y, 2, bar), theme.colour("text"))
            painter.setFont(theme.number_font(-3))
            painter.setPen(theme.colour("dim"))
            for mark in MARKS:
                x = self._x(mark)
                box = QRectF(x - 24, top + 2 * bar + 5, 24 if mark == 0 else 48, 10)
                side = Qt.AlignmentFlag.AlignRight if mark == 0 else Qt.AlignmentFlag.AlignHCenter
                painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, str(mark).replace("-", "−"))

    def _x(self, level: float) -> float:
        return self.width() * (level - FLOOR) / -FLOOR
