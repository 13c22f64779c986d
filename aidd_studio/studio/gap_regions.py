"""Gap regions: the gaps drawn through waveform and spectrogram, and finding the one under the pointer."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QLineF, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QPainter, QPen, QPixmap

from aidd_studio.restoration.session import Entry
from aidd_studio.studio import theme
from aidd_studio.studio.document import Document
from aidd_studio.studio.gap_table import STATES
from aidd_studio.studio.icons import pixmap
from aidd_studio.studio.time_axis import TimeAxis

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


@dataclass(frozen=True)
class RegionStyle:
    """How gaps are drawn on one picture."""

    colours: theme.Colours
    labels: bool = True
    strength: float = 1.0  # of the tint


class GapRegions(QObject):
    """Draws the document's gaps on a shared time axis. `moving` shows a gap with other borders while it is dragged."""

    changed = Signal()

    def __init__(self, axis: TimeAxis, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self.document: Document | None = None
        self.moving: tuple[int, int, int] | None = None  # id, start, end
        self.marking: tuple[int, int] | None = None

    def set_document(self, document: Document | None) -> None:
        """Draw another document's gaps."""
        self.document = document
        self.moving = self.marking = None
        if document is not None:
            for signal in (document.changed, document.selection_changed, document.filling_changed):
                signal.connect(self.changed)
        self.changed.emit()

    def move(self, moving: tuple[int, int, int] | None) -> None:
        """Show a gap with other borders while it is dragged."""
        self.moving = moving
        self.changed.emit()

    def mark(self, marking: tuple[int, int] | None) -> None:
        """Show a stretch that is being marked."""
        self.marking = marking
        self.changed.emit()

    def borders(self, entry: Entry) -> tuple[int, int]:
        """Where a gap is drawn: while it is dragged, where the hand holds it."""
        if self.moving is not None and self.moving[0] == entry.id:
            return self.moving[1], self.moving[2]
        return entry.gap.start, entry.gap.end

    def visible(self) -> list[Entry]:
        """The gaps that reach into the visible part."""
        if self.document is None:
            return []
        entries = self.document.entries
        starts = [entry.gap.start for entry in entries]
        first = max(0, bisect_left(starts, self._axis.start) - 1)
        last = bisect_left(starts, self._axis.end) + 1
        return [
            entry
            for entry in entries[first:last]
            if self.borders(entry)[1] >= self._axis.start and self.borders(entry)[0] <= self._axis.end
        ]

    def hit(self, x: float) -> Hit | None:
        """The gap at a pixel; edges of selected gaps first, then edges of others, then bodies."""
        document = self.document
        if document is None:
            return None
        entries = sorted(self.visible(), key=lambda entry: entry.id not in document.selected)
        for entry in entries:
            left, right = self._span(entry)
            if left - GRIP <= x <= right + GRIP:
                if right - left > 3 * GRIP or entry.id in document.selected:
                    if abs(x - left) <= GRIP and abs(x - left) <= abs(x - right):
                        return Hit(entry, "start")
                    if abs(x - right) <= GRIP:
                        return Hit(entry, "end")
                if left - 1 <= x <= right + 1:
                    return Hit(entry, None)
        return None

    def paint(self, painter: QPainter, box: QRectF, ratio: float, style: RegionStyle) -> None:
        """Draw all visible gaps over `box`, whose left edge is the axis's pixel 0."""
        document = self.document
        if document is None:
            return
        painter.save()
        painter.setClipRect(box)
        plain: dict[tuple[str, bool], list[QRectF]] = {}
        selected_ids = frozenset(document.selected)
        for entry in self.visible():
            look = self._plain_look(entry, document, style, entry.id in selected_ids)
            if look is None:
                self._paint_one(painter, box, entry, document, ratio, style)
            else:
                plain.setdefault(look, []).append(self._area(entry, box))
        for (state, selected), areas in plain.items():
            _paint_areas(painter, areas, state, selected, style)
        if self.marking is not None:
            self._paint_mark(painter, box, self.marking)
        painter.restore()

    def _plain_look(
        self, entry: Entry, document: Document, style: RegionStyle, selected: bool
    ) -> tuple[str, bool] | None:
        """State and selection of a gap of which nothing else is shown; None when it has a label or progress.

        A thousand gaps have no room for labels, and are drawn all at once.
        """
        left, right = self._span(entry)
        filling = document.filling.get(entry.id)
        is_labelled = right - left >= SPACE_FOR_LABEL or (selected and len(document.selected) <= MOST_LABELS)
        if (filling is not None and filling.fraction > 0) or (style.labels and is_labelled):
            return None
        return "filling" if filling is not None else entry.state, selected

    def _area(self, entry: Entry, box: QRectF) -> QRectF:
        left, right = self._span(entry)
        return QRectF(box.left() + left, box.top(), right - left, box.height())

    def _span(self, entry: Entry) -> tuple[float, float]:
        start, end = self.borders(entry)
        left, right = self._axis.to_x(start), self._axis.to_x(end)
        if right - left < LEAST_WIDTH:
            middle = (left + right) / 2
            return middle - LEAST_WIDTH / 2, middle + LEAST_WIDTH / 2
        return left, right

    def _paint_one(
        self, painter: QPainter, box: QRectF, entry: Entry, document: Document, ratio: float, style: RegionStyle
    ) -> None:
        area = self._area(entry, box)
        filling = document.filling.get(entry.id)
        state = "filling" if filling is not None else entry.state
        _, glyph, tint = STATES[state]
        selected = entry.id in document.selected
        _paint_areas(painter, [area], state, selected, style)
        if filling is not None:
            self._paint_done(painter, area, filling.fraction, tint, style)
        if style.labels and (selected or area.width() >= SPACE_FOR_LABEL):
            self._paint_label(painter, area, pixmap(glyph, 16, tint, ratio), selected, tint)
        if style.labels and filling is not None and area.width() >= SPACE_FOR_SHARE:
            self._paint_share(painter, area, filling.fraction)

    def _paint_done(self, painter: QPainter, area: QRectF, fraction: float, tint: str, style: RegionStyle) -> None:
        """How far a fill is: the region is covered from its left, and a bar at its foot says so more plainly."""
        width = area.width() * fraction
        painter.fillRect(QRectF(area.left(), area.top(), width, area.height()), theme.colour(tint, 60, style.colours))
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


def _paint_areas(painter: QPainter, areas: list[QRectF], state: str, selected: bool, style: RegionStyle) -> None:
    """Regions in the same state: tint, hatching of open ones, and their edges."""
    tint = STATES[state][2]
    brushes = [QBrush(theme.colour(tint, round(style.strength * (46 if selected else 24)), style.colours))]
    if state == "open":
        hatch = theme.colour(tint, round(style.strength * (70 if selected else 40)), style.colours)
        brushes.append(QBrush(hatch, Qt.BrushStyle.BDiagPattern))
    painter.setPen(Qt.PenStyle.NoPen)
    for brush in brushes:
        painter.setBrush(brush)
        painter.drawRects(areas)
    pen = QPen(theme.colour(tint, 255 if selected else 150, style.colours), 2.0 if selected else 1.0)
    if state == "candidates" and not selected:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    left = [QLineF(area.topLeft(), area.bottomLeft()) for area in areas]
    painter.drawLines(left + [QLineF(area.topRight(), area.bottomRight()) for area in areas])
