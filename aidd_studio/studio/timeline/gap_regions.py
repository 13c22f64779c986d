"""Gap regions: the gaps drawn through waveform and spectrogram, and finding the one under the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPixmap

from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.model.document import STATES, Document
from aidd_studio.studio.timeline.gap_strip import LOOKS, NARROW, GapPlaces, Mask, RegionStyle, region_strip
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.icons import pixmap

GRIP = 5
"""Pixels around an edge where it can be taken."""

LEAST_WIDTH = 3.0
"""Pixels that even the shortest gap is wide."""

BAR = 4.0
"""Pixels that the bar of a fill's progress is high."""

SPACE_FOR_LABEL = 22
"""Pixels that a region must be wide for its state to be drawn into it; few selected ones need no width."""

MOST_LABELS = 40

SPACE_FOR_SHARE = 68
"""Pixels that a region must be wide for the share of its fill to be written into it."""

Side = Literal["start", "end"]


@dataclass(frozen=True)
class Hit:
    """What lies under the pointer: a gap, and its edge when the pointer is near one."""

    entry: Entry
    side: Side | None


class GapRegions(QObject):
    """Draws the document's gaps on a shared time axis. `moving` shows a gap with other borders while it is dragged."""

    changed = Signal()

    def __init__(self, axis: TimeAxis, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self.document: Document | None = None
        self.moving: tuple[int, int, int] | None = None  # id, start, end
        self.marking: tuple[int, int] | None = None
        self.marking_channel: int | None = None  # None: all of them
        self.are_shown = True
        self._places: GapPlaces | None = None
        self._places_of: tuple[Entry, ...] = ()
        self._places_selected: tuple[int, ...] = ()
        self._strips: dict[tuple[RegionStyle, int], tuple[object, QPixmap, QPixmap]] = {}

    def set_document(self, document: Document | None) -> None:
        """Draw another document's gaps."""
        self.document = document
        self.moving = self.marking = None
        if document is not None:
            document.filling_changed.connect(self._filling_changed)
            for signal in (document.changed, document.selection_changed):
                signal.connect(self.changed)
        self._filling_changed()

    def _filling_changed(self) -> None:
        self._places = None
        self.changed.emit()

    def move(self, moving: tuple[int, int, int] | None) -> None:
        """Show a gap with other borders while it is dragged."""
        self.moving = moving
        self.changed.emit()

    def mark(self, marking: tuple[int, int] | None, channel: int | None = None) -> None:
        """Show a stretch that is being marked, in one channel or in all."""
        self.marking, self.marking_channel = marking, channel
        self.changed.emit()

    def set_shown(self, on: bool) -> None:
        """Draw gaps over the pictures, or leave the pictures bare."""
        self.are_shown = on
        self.changed.emit()

    def borders(self, entry: Entry) -> tuple[int, int]:
        """Where a gap is drawn: while it is dragged, where the hand holds it."""
        if self.moving is not None and self.moving[0] == entry.id:
            return self.moving[1], self.moving[2]
        return entry.gap.start, entry.gap.end

    @property
    def channels(self) -> int:
        """How many the recording has."""
        return self.document.clip.channels if self.document is not None else 1

    def places(self) -> GapPlaces:
        """All gaps as arrays, rebuilt when they have changed."""
        document = self.document
        entries = document.entries if document else ()
        selected = document.selected if document else ()
        if self._places is None or self._places_of is not entries or self._places_selected is not selected:
            self._places = GapPlaces.of(entries, document.filling if document else {}, selected, self.channels)
            self._places_of, self._places_selected = entries, selected
        return self._places

    def visible(self) -> list[Entry]:
        """The gaps that reach into the visible part."""
        if self.document is None:
            return []
        lefts, rights = self._spans()
        seen = np.flatnonzero((rights >= 0) & (lefts <= self._axis.width))
        return [self.document.entries[index] for index in seen]

    def hit(self, x: float, channel: int | None = None, reach: float = 1.0) -> Hit | None:
        """The gap at a pixel, in a channel or in any: edges of selected gaps first, then of others, then bodies."""
        document = self.document
        if document is None:
            return None
        entries = sorted(self.visible(), key=lambda entry: entry.id not in document.selected)
        for entry in entries:
            if channel is not None and channel not in entry.gap.channel_indices(self.channels):
                continue
            left, right = self._span(entry)
            if left - GRIP <= x <= right + GRIP:
                if right - left > 3 * GRIP or entry.id in document.selected:
                    if abs(x - left) <= GRIP and abs(x - left) <= abs(x - right):
                        return Hit(entry, "start")
                    if abs(x - right) <= GRIP:
                        return Hit(entry, "end")
                if left - reach <= x <= right + reach:
                    return Hit(entry, None)
        return None

    def paint(self, painter: QPainter, box: QRectF, ratio: float, style: RegionStyle) -> None:
        """Draw the visible gaps that are wide enough over `box`, whose left edge is the axis's pixel 0."""
        document = self.document
        if document is None:
            return
        painter.save()
        painter.setClipRect(box)
        if self.are_shown:
            for lane in range(style.lanes):
                self._paint_strip(painter, _lane_of(box, lane, style.lanes), ratio, style, lane)
            for entry in self._detailed(style):
                self._paint_details(painter, box, entry, document, ratio, style)
        if self.marking is not None:
            channel = self.marking_channel
            whole = channel is None or style.lanes == 1
            self._paint_mark(painter, box if whole else _lane_of(box, channel or 0, style.lanes), self.marking)
        painter.restore()

    def _paint_strip(self, painter: QPainter, box: QRectF, ratio: float, style: RegionStyle, lane: int) -> None:
        """The regions themselves; none of them depends on the others, so they are kept for the next frame."""
        places, (lefts, rights) = self.places(), self._spans()
        seen = (rights >= -1) & (lefts <= box.width() + 1) & self._is_wide()
        if style.lanes > 1:
            seen &= places.channels[:, lane]
        if not seen.any():
            return
        key = (places, self._axis.start, self._axis.scale, self.moving, box.width(), ratio)
        if self._strips.get((style, lane), (None,))[0] != key:
            strip, rims = region_strip(lefts[seen], rights[seen], places.only(seen), round(box.width()), ratio, style)
            self._strips[style, lane] = key, strip, rims
        _, strip, rims = self._strips[style, lane]
        painter.drawTiledPixmap(box, strip)
        painter.drawTiledPixmap(QRectF(box.left(), box.top(), box.width(), 1), rims)
        painter.drawTiledPixmap(QRectF(box.left(), box.bottom() - 1, box.width(), 1), rims)

    def _is_wide(self) -> Mask:
        """Which gaps are drawn over the pictures: the wide ones, and a few that are selected."""
        places = self.places()
        wide: Mask = (places.ends - places.starts) / self._axis.scale >= NARROW
        if self.moving is not None or np.count_nonzero(places.selected) <= MOST_LABELS:
            wide = wide | places.selected
        return wide

    def _detailed(self, style: RegionStyle) -> list[Entry]:
        """The visible gaps with a label or progress; a thousand have no room for that."""
        document = self.document
        if document is None:
            return []
        lefts, rights = self._spans()
        places = self.places()
        detailed = places.looks == LOOKS.index("filling")
        if style.labels:
            detailed |= rights - lefts >= SPACE_FOR_LABEL
            if len(document.selected) <= MOST_LABELS:
                detailed |= places.selected
        detailed &= (rights >= 0) & (lefts <= self._axis.width) & self._is_wide()
        return [document.entries[index] for index in np.flatnonzero(detailed)]

    def _area(self, entry: Entry, box: QRectF, lanes: int) -> QRectF:
        """Where a gap's details go: its first channel's lane, or the whole height."""
        left, right = self._span(entry)
        if lanes > 1 and entry.gap.channels is not None:
            box = _lane_of(box, entry.gap.channels[0], lanes)
        return QRectF(box.left() + left, box.top(), right - left, box.height())

    def _spans(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The left and right edges of all gaps in pixels."""
        places = self.places()
        starts, ends = places.starts, places.ends
        if self.moving is not None and self.document is not None:
            ids = [entry.id for entry in self.document.entries]
            if self.moving[0] in ids:
                index = ids.index(self.moving[0])
                starts, ends = starts.copy(), ends.copy()
                starts[index], ends[index] = self.moving[1:]
        lefts, rights = (starts - self._axis.start) / self._axis.scale, (ends - self._axis.start) / self._axis.scale
        wider = np.maximum(0.0, LEAST_WIDTH - (rights - lefts)) / 2
        return lefts - wider, rights + wider

    def _span(self, entry: Entry) -> tuple[float, float]:
        start, end = self.borders(entry)
        left, right = self._axis.to_x(start), self._axis.to_x(end)
        wider = max(0.0, LEAST_WIDTH - (right - left)) / 2
        return left - wider, right + wider

    def _paint_details(
        self, painter: QPainter, box: QRectF, entry: Entry, document: Document, ratio: float, style: RegionStyle
    ) -> None:
        """How far a fill is, and the label."""
        area = self._area(entry, box, style.lanes)
        filling = document.filling.get(entry.id)
        state = "filling" if filling is not None else entry.state
        _, glyph, tint = STATES[state]
        selected = entry.id in document.selected
        is_labelled = area.width() >= SPACE_FOR_LABEL or (selected and len(document.selected) <= MOST_LABELS)
        if filling is not None and filling.fraction > 0:
            self._paint_done(painter, area, filling.fraction, tint, style)
        if style.labels and is_labelled:
            self._paint_label(painter, area, pixmap(glyph, 16, tint, ratio), selected, tint)
        if style.labels and filling is not None and area.width() >= SPACE_FOR_SHARE:
            self._paint_share(painter, area, filling.fraction)

    def _paint_done(self, painter: QPainter, area: QRectF, fraction: float, tint: str, style: RegionStyle) -> None:
        """How far a fill is: the region is covered from its left, and a bar at its foot says so more plainly."""
        width = area.width() * fraction
        if style.strength > 0:
            done = QRectF(area.left(), area.top(), width, area.height())
            painter.fillRect(done, theme.colour(tint, 60, style.colours))
        foot = area.bottom() - BAR
        painter.fillRect(QRectF(area.left(), foot, area.width(), BAR), theme.colour(tint, 90, style.colours))
        painter.fillRect(QRectF(area.left(), foot, width, BAR), theme.colour(tint, 255, style.colours))

    def _paint_share(self, painter: QPainter, area: QRectF, fraction: float) -> None:
        box = QRectF(max(area.left() + 3, 3) + 24, area.top() + 4, 38, 20)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("surface", 225))
        painter.drawRoundedRect(box, 5, 5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(theme.number_font(-1))
        painter.setPen(theme.colour("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{round(100 * fraction)} %")

    def _paint_label(self, painter: QPainter, area: QRectF, glyph: QPixmap, selected: bool, tint: str) -> None:
        box = QRectF(max(area.left() + 3, 3), area.top() + 4, 20, 20)
        if area.width() < 26:
            box.moveCenter(QPointF(area.center().x(), box.center().y()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.colour(tint, 200), 1.0) if selected else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("surface", 225))
        painter.drawRoundedRect(box, 5, 5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawPixmap(QPointF(box.left() + 2, box.top() + 2), glyph)

    def _paint_mark(self, painter: QPainter, box: QRectF, mark: tuple[int, int]) -> None:
        left, right = self._axis.to_x(mark[0]), self._axis.to_x(mark[1])
        area = QRectF(box.left() + left, box.top(), max(1.0, right - left), box.height())
        painter.fillRect(area, theme.colour("accent", 50))
        painter.setPen(QPen(theme.colour("accent"), 1.0))
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.drawLine(area.topRight(), area.bottomRight())


def _lane_of(box: QRectF, lane: int, lanes: int) -> QRectF:
    """The part of a picture that shows one channel."""
    height = box.height() / lanes
    return QRectF(box.left(), box.top() + round(lane * height), box.width(), round(height))
