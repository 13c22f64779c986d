"""What waveform and spectrogram have in common: one time axis, gaps to take hold of, cursor and playhead."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QWidget

from aidd_studio.studio.timeline.gap_regions import GapRegions, Hit
from aidd_studio.studio.timeline.gap_strip import RegionStyle
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.timeline.time_ruler import GUTTER
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.painting import painting

DRAG_FROM = 4
"""Pixels the pointer must move before a click becomes a drag."""

ZOOM_PER_NOTCH = 1.25
SCROLL_PER_NOTCH = 0.12
"""Share of the visible width that one notch of the wheel scrolls."""

Snap = Callable[[int, int], int]
"""(frame, reach in frames) -> the frame it snaps to."""


class TimeView(QFrame):
    """A picture over time. Subclasses draw the content; hands and marks are handled here.

    It is a frame, as are the other pictures, since screen readers pass over what is a plain widget.
    """

    clicked = Signal(int, object)  # frame, Entry or None
    extended = Signal(object)  # Entry, clicked with Ctrl
    marked = Signal(int, int, object)  # start, end, channels or None for all
    edge_moved = Signal(int, int, int)  # id, start, end
    double_clicked = Signal(int)
    hovered = Signal(int, float)  # frame, share of the height from the bottom; -1: the pointer has left
    menu_wanted = Signal(QPoint)
    labels = True
    tint = 1.0

    def __init__(self, axis: TimeAxis, regions: GapRegions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axis = axis
        self.regions = regions
        self.snap: Snap | None = None
        self._content: QPixmap | None = None
        self._content_key: object = None
        self._scale: QPixmap | None = None
        self._scale_key: object = None
        self._pressed: QPointF | None = None
        self._channel: int | None = None  # the one that is being marked
        self._grabbed: Hit | None = None
        self._panned: float | None = None
        self._drawn_playhead: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        axis.changed.connect(self.update)
        axis.cursor_moved.connect(self.update)
        regions.changed.connect(self.update)
        axis.playhead_moved.connect(self._playhead_moved)

    def sizeHint(self) -> QSize:
        return QSize(800, 240)

    @property
    def canvas(self) -> QRect:
        """Where the picture is; left of it stands the scale."""
        return QRect(GUTTER, 0, max(1, self.width() - GUTTER), self.height())

    # For subclasses

    @property
    def colours(self) -> theme.Colours:
        """The colours that are seen on this picture."""
        return theme.current()

    @property
    def lanes(self) -> int:
        """Parts of the height that stand for one channel each; 1 where all channels are shown in one."""
        return 1

    def content_key(self) -> object:
        """Changes when the picture has to be drawn again."""
        return None

    def paint_content(self, painter: QPainter, size: QSize, ratio: float) -> None:
        """Draw the picture at 0, 0; `ratio` is the screen's pixels per logical pixel."""

    def scale_key(self) -> object:
        """Changes when the scale has to be drawn again."""
        return None

    def paint_scale(self, painter: QPainter, box: QRect) -> None:
        """Draw the scale left of the picture."""

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            canvas, ratio = self.canvas, self.devicePixelRatioF()
            key = (self.axis.start, self.axis.scale, canvas.size(), ratio, theme.current().name, self.content_key())
            if self._content is None or key != self._content_key:
                self._content = self._rendered(canvas.size(), ratio)
                self._content_key = key
            if event.rect().left() < GUTTER:
                self._paint_gutter(painter, ratio)
            painter.drawPixmap(canvas.topLeft(), self._content)
            style = RegionStyle(self.colours, self.labels, self.tint, self.lanes)
            self.regions.paint(painter, QRectF(canvas), ratio, style)
            if self.axis.frames:
                painter.setClipRect(canvas)
                self._paint_line(painter, self.axis.cursor, QPen(theme.colour("accent", of=self.colours), 1.0))
                if self.axis.playhead is not None:
                    self._paint_line(painter, self.axis.playhead, QPen(theme.colour("playhead", of=self.colours), 1.0))
            self._drawn_playhead = self.axis.playhead

    def _rendered(self, size: QSize, ratio: float) -> QPixmap:
        picture = self._content  # fresh memory for every frame would take time
        if picture is None or picture.size() != size * ratio or picture.devicePixelRatio() != ratio:
            picture = QPixmap(size * ratio)
            picture.setDevicePixelRatio(ratio)
        picture.fill(theme.colour("canvas"))
        with painting(picture) as painter:
            if self.axis.frames:
                self.paint_content(painter, size, ratio)
        return picture

    def _paint_gutter(self, painter: QPainter, ratio: float) -> None:
        """The scale, drawn once and kept: its many small texts take longer than the picture beside them."""
        gutter = QRect(0, 0, GUTTER, self.height())
        key = (gutter.size(), ratio, theme.current().name, self.scale_key())
        if self._scale is None or key != self._scale_key:
            self._scale = QPixmap(gutter.size() * ratio)
            self._scale.setDevicePixelRatio(ratio)
            self._scale.fill(theme.colour("window"))
            with painting(self._scale) as inner:
                self.paint_scale(inner, gutter)
            self._scale_key = key
        painter.drawPixmap(gutter.topLeft(), self._scale)

    def _paint_line(self, painter: QPainter, frame: int, pen: QPen) -> None:
        x = GUTTER + round(self.axis.to_x(frame))
        if GUTTER <= x <= self.width():
            painter.setPen(pen)
            painter.drawLine(x, 0, x, self.height())

    def _playhead_moved(self) -> None:
        """Only the strips under the old and the new playhead are drawn again."""
        for frame in (self._drawn_playhead, self.axis.playhead):
            if frame is not None:
                self.update(GUTTER + round(self.axis.to_x(frame)) - 2, 0, 5, self.height())

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self.axis.set_width(self.canvas.width())

    # Hands

    def _lane(self, y: float) -> int:
        """The lane at a height."""
        return min(self.lanes - 1, max(0, int(y * self.lanes / max(1, self.height()))))

    def _channel_at(self, y: float) -> int | None:
        """The channel at a height; None where all channels are shown in one."""
        return self._lane(y) if self.lanes > 1 else None

    def _hit(self, position: QPointF) -> Hit | None:
        return self.regions.hit(position.x() - GUTTER, self._channel_at(position.y()))

    def _x(self, event: QMouseEvent) -> float:
        return event.position().x() - GUTTER

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.axis.frames:
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned = event.position().x()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            one_channel = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._channel = self._channel_at(event.position().y()) if one_channel else None
            hit = self._hit(event.position())
            self._grabbed = hit if hit is not None and hit.side is not None else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = self._x(event)
        lane = max(1.0, self.height() / self.lanes)
        share = 1.0 - (event.position().y() - self._lane(event.position().y()) * lane) / lane
        self.hovered.emit(self.axis.to_frame(x), min(1.0, max(0.0, share)))
        if self._panned is not None:
            self.axis.scroll(self._panned - event.position().x())
            self._panned = event.position().x()
        elif self._pressed is None:
            self._show_pointer(event.position())
        elif self._grabbed is not None:
            self._drag_edge(self._grabbed, self._frame(event))
        elif abs(event.position().x() - self._pressed.x()) >= DRAG_FROM or self.regions.marking:
            begin = self._snapped(self._pressed.x() - GUTTER, event)
            here = self._frame(event)
            self.regions.mark((min(begin, here), max(begin, here)), self._channel)
            self._scroll_at_edges(x)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned = None
            self.unsetCursor()
            return
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        marking, moving, grabbed = self.regions.marking, self.regions.moving, self._grabbed
        self._pressed = self._grabbed = None
        self.regions.mark(None)
        self.regions.move(None)
        if marking is not None:
            if marking[1] > marking[0]:
                self.marked.emit(*marking, None if self._channel is None else (self._channel,))
        elif moving is not None:
            self.edge_moved.emit(*moving)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            hit = self._hit(event.position())
            if hit is not None:
                self.extended.emit(hit.entry)
        else:
            hit = self._hit(event.position()) or grabbed
            self.clicked.emit(self.axis.to_frame(self._x(event)), hit.entry if hit else None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.axis.frames:
            self.double_clicked.emit(self.axis.to_frame(self._x(event)))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.axis.frames:
            self.menu_wanted.emit(event.globalPos())

    def leaveEvent(self, _event: object) -> None:
        self.hovered.emit(-1, 0.0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.axis.frames:
            return
        angle, pixels = event.angleDelta(), event.pixelDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            notches = (angle.y() or angle.x()) / 120
            self.axis.zoom(ZOOM_PER_NOTCH**notches, event.position().x() - GUTTER)
        elif not pixels.isNull() and pixels.x():
            self.axis.scroll(-pixels.x())
        else:
            notches = (angle.y() or angle.x()) / 120
            self.axis.scroll(-notches * SCROLL_PER_NOTCH * self.axis.width)
        event.accept()

    def _frame(self, event: QMouseEvent) -> int:
        return self._snapped(self._x(event), event)

    def _snapped(self, x: float, event: QMouseEvent) -> int:
        frame = self.axis.to_frame(x)
        free = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        return frame if free or self.snap is None else self.snap(frame, round(8 * self.axis.scale))

    def _drag_edge(self, grabbed: Hit, frame: int) -> None:
        gap = grabbed.entry.gap
        if grabbed.side == "start":
            moving = (grabbed.entry.id, min(frame, gap.end - 1), gap.end)
        else:
            moving = (grabbed.entry.id, gap.start, max(frame, gap.start + 1))
        self.regions.move(moving)

    def _scroll_at_edges(self, x: float) -> None:
        if x < 8:
            self.axis.scroll(-12)
        elif x > self.axis.width - 8:
            self.axis.scroll(12)

    def _show_pointer(self, position: QPointF) -> None:
        hit = self._hit(position)
        shape = Qt.CursorShape.SizeHorCursor if hit is not None and hit.side else Qt.CursorShape.IBeamCursor
        if self.cursor().shape() != shape:
            self.setCursor(QCursor(shape))
