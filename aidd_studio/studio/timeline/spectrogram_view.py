"""The spectrogram: tiles of levels in dB, coloured by a table, on a frequency axis of choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from aidd_studio.studio.model.preferences import FrequencyScale
from aidd_studio.studio.timeline.frequency_axis import FrequencyAxis
from aidd_studio.studio.timeline.gap_regions import GapRegions
from aidd_studio.studio.timeline.spectrogram_tiles import uncovered
from aidd_studio.studio.timeline.tile_pictures import Look, Tile, TilePictures, pixel_table
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.timeline.time_view import TimeView
from aidd_studio.studio.timeline.waveform_drawing import WaveformSource, paint_waveform
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.painting import paint_pending

COLOUR_MAPS = ("magma", "inferno", "viridis", "cividis", "grey")


class SpectrogramSource(Protocol):
    """What the spectrogram is drawn from."""

    tile_version: int  # changes when anything looks different
    floor_db: float
    ceiling_db: float

    @property
    def rate(self) -> int: ...

    @property
    def is_lacking(self) -> bool:
        """True when some of the tiles that were asked for last are still to come."""
        ...

    def tiles(self, start: float, end: float, scale: float) -> Sequence[Tile]:
        """The best tiles there are for a stretch at `scale` frames per pixel, coarser ones first; asks for better."""
        ...

    def develop_with(self, pictures: TilePictures) -> None:
        """Where the pictures of new tiles are wanted."""
        ...


class SpectrogramView(TimeView):
    """The spectrogram with its gaps; in overlay the waveform lies over it."""

    labels = False
    tint = 0.4

    def __init__(self, axis: TimeAxis, regions: GapRegions, parent: QWidget | None = None) -> None:
        super().__init__(axis, regions, parent)
        self.source: SpectrogramSource | None = None
        self.waveform: WaveformSource | None = None
        self.overlay = 0.0  # 0: no waveform over it, 1: hardly any spectrogram
        self.colour_map = "magma"
        self.scale: FrequencyScale = "mel"
        self.gain_db = 0.0
        self.range_db = 90.0
        self.pictures = TilePictures()
        self.setAccessibleName("Spectrogram")
        self.setMinimumHeight(64)

    @property
    def colours(self) -> theme.Colours:
        return theme.DARK  # the colour maps are dark in every theme

    @property
    def frequencies(self) -> FrequencyAxis:
        return FrequencyAxis(self.scale, self.source.rate if self.source else 44100)

    def set_source(self, source: SpectrogramSource | None, waveform: WaveformSource | None) -> None:
        self.source, self.waveform = source, waveform
        self.pictures.clear()
        if source is not None:
            source.develop_with(self.pictures)
        self.update()

    def set_look(
        self,
        colour_map: str | None = None,
        scale: FrequencyScale | None = None,
        gain_db: float | None = None,
        range_db: float | None = None,
    ) -> None:
        """Change how levels and frequencies are shown."""
        self.colour_map = colour_map or self.colour_map
        self.scale = scale or self.scale
        self.gain_db = self.gain_db if gain_db is None else gain_db
        self.range_db = self.range_db if range_db is None else range_db
        self.update()

    def set_overlay(self, opacity: float) -> None:
        """How strongly the waveform lies over the spectrogram."""
        self.overlay = opacity
        self.update()

    def content_key(self) -> object:
        waveform = self.waveform.version if self.waveform and self.overlay > 0 else 0
        versions = (self.source.tile_version if self.source else 0, waveform)
        return (
            id(self.source),
            versions,
            self.overlay,
            self.colour_map,
            self.scale,
            self.gain_db,
            self.range_db,
        )

    def paint_content(self, painter: QPainter, size: QSize, ratio: float) -> None:
        if self.source is None:
            return
        look = self._look(self.source, max(8, round(size.height() * ratio)))
        painter.fillRect(QRect(0, 0, size.width(), size.height()), int(pixel_table(look)[0]))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(1.0 - max(0.0, self.overlay - 0.5) * 1.6)
        tiles = self.source.tiles(self.axis.start, self.axis.end, self.axis.scale)
        for tile in tiles:
            left, right = self.axis.to_x(tile.start), self.axis.to_x(tile.end)
            image = self.pictures.of(tile, look)
            painter.drawImage(QRectF(left, 0, right - left, size.height()), image, QRectF(image.rect()))
        painter.setOpacity(1.0)
        if self.source.is_lacking:
            self._paint_pending(painter, size, tiles)
        if self.overlay > 0 and self.waveform is not None:
            alpha = round(255 * min(1.0, self.overlay * 1.6))
            paint_waveform(
                painter, size, self.axis, self.waveform, 1.0, ratio, alpha=alpha, lines=False, colours=self.colours
            )

    def _paint_pending(self, painter: QPainter, size: QSize, tiles: Sequence[Tile]) -> None:
        """Hatch what no tile covers; where coarser ones stand in, three dots say that better ones are coming."""
        bare = uncovered(tiles, self.axis.start, min(self.axis.end, self.axis.frames))
        for start, end in bare:
            left, right = self.axis.to_x(start), self.axis.to_x(end)
            paint_pending(painter, QRectF(left, 0, right - left, size.height()), self.colours)
        if not bare:
            painter.setPen(theme.colour("text", of=self.colours))
            painter.drawText(QRectF(0, 2, size.width() - 8, 16), Qt.AlignmentFlag.AlignRight, "…")

    def scale_key(self) -> object:
        return (self.source is None, self.frequencies)

    def paint_scale(self, painter: QPainter, box: QRect) -> None:
        if self.source is None:
            return
        painter.setFont(theme.number_font(-2))
        for share, text in self.frequencies.ticks(box.height()):
            y = box.height() * (1 - share)
            painter.setPen(theme.colour("faint"))
            painter.drawLine(QPointF(self.canvas.left() - 5, y), QPointF(self.canvas.left() - 1, y))
            painter.setPen(theme.colour("dim"))
            where = QRectF(0, y - 7, self.canvas.left() - 8, 14)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(theme.colour("faint"))
        painter.drawText(QRectF(4, 2, 30, 14), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "Hz")

    def _look(self, source: SpectrogramSource, height: int) -> Look:
        return Look(
            self.frequencies, height, self.colour_map, self.gain_db, self.range_db, source.floor_db, source.ceiling_db
        )
