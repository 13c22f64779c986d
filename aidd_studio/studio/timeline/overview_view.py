"""The overview: the whole recording in a strip, its gaps as marks, the visible part as a frame to drag."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QFrame, QWidget

from aidd_studio.audio.clip import Samples
from aidd_studio.studio.timeline.gap_regions import GapRegions
from aidd_studio.studio.timeline.gap_strip import gap_marks
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.timeline.time_ruler import GUTTER
from aidd_studio.studio.timeline.waveform_drawing import WaveformSource, paint_waveform
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.painting import painting

HEIGHT = 52

MARK = 4.0
"""Pixels that a gap's mark is high."""


class Folded:
    """All channels of a source in one lane, enlarged until the loudest moment fills it."""

    channels = 1

    def __init__(self, source: WaveformSource) -> None:
        self._source = source
        self.version = source.version

    def extremes(self, first: int, count: int, scale: float) -> tuple[Samples, Samples]:
        low, high = self._source.extremes(first, count, scale)
        if low.shape[1] == 0:
            return low[:1], high[:1]
        low, high = np.fmin.reduce(low, axis=0, keepdims=True), np.fmax.reduce(high, axis=0, keepdims=True)
        known = np.isfinite(low) & np.isfinite(high)
        loudest = float(max(-low[known].min(), high[known].max())) if known.any() else 0.0
        gain = 1.0 / loudest if loudest > 1e-4 else 1.0
        return low * np.float32(gain), high * np.float32(gain)

    def drawable_until(self, scale: float) -> int:
        return self._source.drawable_until(scale)

    def samples(self, start: int, end: int) -> Samples:
        return self._source.samples(start, end)[:1]


class OverviewView(QFrame):
    """Click or drag to look elsewhere; the wheel zooms."""

    moved = Signal()

    def __init__(self, axis: TimeAxis, regions: GapRegions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self._regions = regions
        self._whole = TimeAxis(self)
        self._source: WaveformSource | None = None
        self._picture: QPixmap | None = None
        self._picture_key: object = None
        self._gaps: tuple[QPixmap, QPixmap] | None = None
        self._gaps_key: object = None
        self._grabbed: float | None = None
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Overview of the whole recording")
        self.setToolTip("Drag the frame to look elsewhere")
        for signal in (axis.changed, axis.cursor_moved, axis.playhead_moved, regions.changed):
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT)

    def set_source(self, source: WaveformSource | None) -> None:
        self._source = source
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), theme.colour("window"))
            if self._source is None or not self._axis.frames:
                return
            box = self._box()
            self._fit()
            self._paint_wave(painter, box)
            self._paint_gaps(painter, box)
            self._paint_frame(painter, box)
            position = self._axis.playhead if self._axis.playhead is not None else self._axis.cursor
            painter.setPen(theme.colour("accent" if self._axis.playhead is None else "playhead"))
            x = box.left() + self._whole.to_x(position)
            painter.drawLine(round(x), round(box.top()), round(x), round(box.bottom()))

    def _box(self) -> QRectF:
        return QRectF(GUTTER, 4, max(1, self.width() - GUTTER), self.height() - 8)

    def _fit(self) -> None:
        box = self._box()
        whole = self._whole
        if (whole.frames, whole.rate, whole.width) != (self._axis.frames, self._axis.rate, round(box.width())):
            whole.width = round(box.width())
            whole.set_recording(self._axis.frames, self._axis.rate)

    def _paint_wave(self, painter: QPainter, box: QRectF) -> None:
        assert self._source is not None
        ratio = self.devicePixelRatioF()
        size = QSize(round(box.width()), round(box.height()))
        key = (id(self._source), self._source.version, size, ratio, theme.current().name)
        if self._picture is None or key != self._picture_key:
            picture = QPixmap(size * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(theme.colour("canvas"))
            with painting(picture) as inner:
                paint_waveform(inner, size, self._whole, Folded(self._source), 1.0, ratio, lines=False)
            self._picture, self._picture_key = picture, key
        painter.drawPixmap(box.topLeft(), self._picture)

    def _paint_gaps(self, painter: QPainter, box: QRectF) -> None:
        places, ratio = self._regions.places(), self.devicePixelRatioF()
        if not places.starts.size:
            return
        key = (places, box.width(), self._whole.scale, ratio, theme.current().name)
        if self._gaps is None or key != self._gaps_key:
            self._gaps, self._gaps_key = gap_marks(places, self._whole, round(box.width()), ratio), key
        accepted, others = self._gaps
        # Accepted gaps are marked below, all others above, so that the colour does not carry it alone.
        painter.drawTiledPixmap(QRectF(box.left(), box.top(), box.width(), MARK), others)
        painter.drawTiledPixmap(QRectF(box.left(), box.bottom() - MARK, box.width(), MARK), accepted)

    def _paint_frame(self, painter: QPainter, box: QRectF) -> None:
        left = box.left() + self._whole.to_x(self._axis.start)
        right = box.left() + self._whole.to_x(min(self._axis.end, self._axis.frames))
        if right - left >= box.width() - 1:
            return
        shade = theme.colour("window", 150)
        painter.fillRect(QRectF(box.left(), box.top(), max(0.0, left - box.left()), box.height()), shade)
        painter.fillRect(QRectF(right, box.top(), max(0.0, box.right() - right), box.height()), shade)
        frame = QRectF(left, box.top() + 0.5, max(6.0, right - left), box.height() - 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("dim"), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._axis.frames:
            return
        frame = (event.position().x() - GUTTER) * self._whole.scale
        inside = self._axis.start <= frame <= self._axis.end
        middle = (self._axis.start + self._axis.end) / 2
        self._grabbed = middle - frame if inside else 0.0
        self._look_at(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is not None:
            self._look_at(event)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._grabbed = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._axis.frames:
            frame = (event.position().x() - GUTTER) * self._whole.scale
            self._axis.zoom(1.25 ** (event.angleDelta().y() / 120), self._axis.to_x(frame))
        event.accept()

    def _look_at(self, event: QMouseEvent) -> None:
        frame = (event.position().x() - GUTTER) * self._whole.scale
        self._axis.centre(frame + (self._grabbed or 0.0))
        self.moved.emit()
