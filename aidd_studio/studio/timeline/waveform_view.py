"""The waveform: one lane per channel, the extremes of every column of pixels, single samples when near."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

from aidd_studio.studio.timeline.gap_regions import GapRegions
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.timeline.time_view import TimeView
from aidd_studio.studio.timeline.waveform_drawing import LANE_MARGIN, WaveformSource, paint_waveform
from aidd_studio.studio.widgets import theme

MARKS_DB = (0.0, -6.0, -12.0, -24.0)


MOST_FITTED = 16.0
"""A recording that is quieter still is shown quiet."""


def channel_name(channel: int, channels: int) -> str:
    """What stands beside a channel's lane."""
    return ("L", "R")[channel] if channels == 2 else str(channel + 1)


class WaveformView(TimeView):
    """The waveform with its gaps. `gain` enlarges quiet recordings."""

    def __init__(self, axis: TimeAxis, regions: GapRegions, parent: QWidget | None = None) -> None:
        super().__init__(axis, regions, parent)
        self.source: WaveformSource | None = None
        self.gain = 1.0
        self.setAccessibleName("Waveform")
        self.setMinimumHeight(64)

    @property
    def lanes(self) -> int:
        return self.source.channels if self.source is not None else 1

    def set_source(self, source: WaveformSource | None) -> None:
        self.source = source
        self.update()

    def fit(self) -> None:
        """Enlarge the waveform until the loudest moment of the recording fills its lane."""
        if self.source is None or not self.axis.frames:
            return
        low, high = self.source.extremes(0, 256, self.axis.frames / 256)
        known = np.isfinite(low) & np.isfinite(high)
        loudest = float(max(-low[known].min(), high[known].max())) if known.any() else 1.0
        self.set_gain(min(MOST_FITTED, 0.97 / loudest) if loudest > 1e-4 else 1.0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        alt = Qt.KeyboardModifier.AltModifier  # Qt turns the wheel sideways with Alt
        if event.modifiers() & alt:
            angle = event.angleDelta()
            self.set_gain(self.gain * 1.25 ** ((angle.y() or angle.x()) / 120))
            event.accept()
        else:
            super().wheelEvent(event)

    def set_gain(self, gain: float) -> None:
        """Enlarge the waveform."""
        self.gain = min(64.0, max(1.0, gain))
        self.update()

    def content_key(self) -> object:
        return (id(self.source), self.source.version if self.source else 0, self.gain)

    def paint_content(self, painter: QPainter, size: QSize, ratio: float) -> None:
        if self.source is not None:
            paint_waveform(painter, size, self.axis, self.source, self.gain, ratio)

    def scale_key(self) -> object:
        return (self.source.channels if self.source else 0, self.gain)

    def paint_scale(self, painter: QPainter, box: QRect) -> None:
        if self.source is None:
            return
        painter.setFont(theme.number_font(-2))
        channels = self.source.channels
        lane = box.height() / channels
        for channel in range(channels):
            middle = lane * (channel + 0.5)
            self._paint_marks(painter, middle, lane)
            if channels > 1:
                painter.setPen(theme.colour("dim"))
                name = channel_name(channel, channels)
                label = QRectF(4, middle - 8, 16, 16)
                painter.drawText(label, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(theme.colour("line"))
        painter.drawLine(box.right(), box.top(), box.right(), box.bottom())

    def _paint_marks(self, painter: QPainter, middle: float, lane: float) -> None:
        last = None
        for level in MARKS_DB:
            offset = 10 ** (level / 20) * self.gain * (lane / 2 - LANE_MARGIN)
            if offset > lane / 2 or (last is not None and last - offset < 14) or offset < 12:
                continue
            last = offset
            text = f"{level:.0f}".replace("-", "−")
            for side in (-1, 1):
                y = middle + side * offset
                painter.setPen(theme.colour("faint"))
                painter.drawLine(QPointF(self.canvas.left() - 5, y), QPointF(self.canvas.left() - 1, y))
                painter.setPen(theme.colour("dim"))
                y = min(max(y, middle - lane / 2 + 7), middle + lane / 2 - 7)
                where = QRectF(0, y - 7, self.canvas.left() - 8, 14)
                painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
