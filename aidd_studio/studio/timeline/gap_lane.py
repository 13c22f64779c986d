"""The gap lane: every gap as a mark above the pictures, also those that are too narrow to be drawn over them."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QWidget

from aidd_studio.studio.timeline.gap_regions import GapRegions
from aidd_studio.studio.timeline.gap_strip import gap_marks
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.timeline.time_ruler import GUTTER
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.painting import painting

HEIGHT = 12


class GapLane(QFrame):
    """Accepted gaps in the lower half, all others in the upper one. Click a mark to select its gap."""

    clicked = Signal(int, object)  # frame, Entry or None

    def __init__(self, axis: TimeAxis, regions: GapRegions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self._regions = regions
        self._marks: tuple[QPixmap, QPixmap] | None = None
        self._marks_key: object = None
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Gaps over time")
        self.setToolTip("Click a mark to select the gap")
        for signal in (axis.changed, regions.changed):
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), theme.colour("window"))
            box = QRectF(GUTTER, 0, max(1, self.width() - GUTTER), self.height())
            painter.fillRect(box, theme.colour("canvas"))
            painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), theme.colour("line"))
            if self._axis.frames:
                self._paint_marks(painter, box)

    def _paint_marks(self, painter: QPainter, box: QRectF) -> None:
        places, axis, ratio = self._regions.places(), self._axis, self.devicePixelRatioF()
        if not places.starts.size:
            return
        key = (places, axis.start, axis.scale, box.width(), ratio, theme.current().name)
        if self._marks is None or key != self._marks_key:
            self._marks, self._marks_key = gap_marks(places, axis, round(box.width()), ratio), key
        accepted, others = self._marks
        half = (box.height() - 2) / 2
        painter.drawTiledPixmap(QRectF(box.left(), 1, box.width(), half), others)
        painter.drawTiledPixmap(QRectF(box.left(), 1 + half, box.width(), half), accepted)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._axis.frames:
            x = event.position().x() - GUTTER
            hit = self._regions.hit(x, reach=3)
            self.clicked.emit(self._axis.to_frame(x), hit.entry if hit else None)
