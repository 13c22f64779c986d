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
from aidd_studio.studio.timeline.waveform_view import channel_name
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
    def channels(self) -> int: ...

    @property
    def is_lacking(self) -> bool:
        """True when some of the tiles that were asked for last are still to come."""
        ...

    def tiles(self, start: float, end: float, scale: float) -> Sequence[Tile]:
        """The best tiles there are for a stretch at `scale` frames per pixel, coarser ones first; asks for better."""
        ...

    def channel_tiles(self, start: float, end: float, scale: float) -> Sequence[Sequence[Tile]]:
        """The same for each channel by itself."""
        ...

    def develop_with(self, pictures: TilePictures) -> None:
        """Where the pictures of new tiles are wanted."""
        ...


class SpectrogramView(TimeView):
    """The spectrogram with its gaps in outline, since a tint would change the colours that levels are judged by.

    In overlay the waveform lies over it.
    """

    labels = False
    tint = 0.0

    def __init__(self, axis: TimeAxis, regions: GapRegions, parent: QWidget | None = None) -> None:
        super().__init__(axis, regions, parent)
        self.source: SpectrogramSource | None = None
        self.waveform: WaveformSource | None = None
        self.overlay = 0.0  # 0: no waveform over it, 1: hardly any spectrogram
        self.are_channels_apart = False
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
    def lanes(self) -> int:
        has_lanes = self.are_channels_apart or self.overlay > 0
        return self.source.channels if self.source is not None and has_lanes else 1

    @property
    def _spectrograms(self) -> int:
        """How many stand one above the other."""
        return self.source.channels if self.source is not None and self.are_channels_apart else 1

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

    def set_channels_apart(self, on: bool) -> None:
        """A spectrogram for each channel, or one of all of them."""
        self.are_channels_apart = on
        self.update()

    def content_key(self) -> object:
        waveform = self.waveform.version if self.waveform and self.overlay > 0 else 0
        versions = (self.source.tile_version if self.source else 0, waveform)
        return (
            id(self.source),
            versions,
            self.overlay,
            self.are_channels_apart,
            self.colour_map,
            self.scale,
            self.gain_db,
            self.range_db,
        )

    def paint_content(self, painter: QPainter, size: QSize, ratio: float) -> None:
        if self.source is None:
            return
        axis, count = self.axis, self._spectrograms
        look = self._look(self.source, max(8, round(size.height() / count * ratio)))
        painter.fillRect(QRect(0, 0, size.width(), size.height()), int(pixel_table(look)[0]))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self.are_channels_apart:
            parts = self.source.channel_tiles(axis.start, axis.end, axis.scale)
        else:
            parts = (self.source.tiles(axis.start, axis.end, axis.scale),)
        for channel, tiles in enumerate(parts):
            top, bottom = (round(size.height() * edge / count) for edge in (channel, channel + 1))
            box = QRectF(0, top, size.width(), bottom - top)
            self._paint_tiles(painter, box, tiles, look)
            if self.source.is_lacking:
                self._paint_pending(painter, box, tiles)
            if channel:
                painter.fillRect(QRectF(0, top, size.width(), 1), theme.colour("window"))
        if self.overlay > 0 and self.waveform is not None:
            alpha = round(255 * min(1.0, self.overlay * 1.6))
            paint_waveform(
                painter, size, self.axis, self.waveform, 1.0, ratio, alpha=alpha, lines=False, colours=self.colours
            )

    def _paint_tiles(self, painter: QPainter, box: QRectF, tiles: Sequence[Tile], look: Look) -> None:
        painter.setOpacity(1.0 - max(0.0, self.overlay - 0.5) * 1.6)
        for tile in tiles:
            left, right = self.axis.to_x(tile.start), self.axis.to_x(tile.end)
            image = self.pictures.of(tile, look)
            painter.drawImage(QRectF(left, box.top(), right - left, box.height()), image, QRectF(image.rect()))
        painter.setOpacity(1.0)

    def _paint_pending(self, painter: QPainter, box: QRectF, tiles: Sequence[Tile]) -> None:
        """Hatch what no tile covers; where coarser ones stand in, three dots say that better ones are coming."""
        bare = uncovered(tiles, self.axis.start, min(self.axis.end, self.axis.frames))
        for start, end in bare:
            left, right = self.axis.to_x(start), self.axis.to_x(end)
            paint_pending(painter, QRectF(left, box.top(), right - left, box.height()), self.colours)
        if not bare:
            painter.setPen(theme.colour("text", of=self.colours))
            painter.drawText(box.adjusted(0, 2, -8, 0), Qt.AlignmentFlag.AlignRight, "…")

    def scale_key(self) -> object:
        return (self.source is None, self.frequencies, self._spectrograms)

    def paint_scale(self, painter: QPainter, box: QRect) -> None:
        if self.source is None:
            return
        painter.setFont(theme.number_font(-2))
        count = self._spectrograms
        left_and_middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for channel in range(count):
            top, height = box.height() * channel / count, box.height() / count
            for share, text in self.frequencies.ticks(round(height)):
                y = top + height * (1 - share)
                painter.setPen(theme.colour("faint"))
                painter.drawLine(QPointF(self.canvas.left() - 5, y), QPointF(self.canvas.left() - 1, y))
                painter.setPen(theme.colour("dim"))
                where = QRectF(0, y - 7, self.canvas.left() - 8, 14)
                painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            if count > 1:
                name = channel_name(channel, count)
                painter.drawText(QRectF(4, top + height / 2 - 8, 16, 16), left_and_middle, name)
        painter.setPen(theme.colour("dim"))
        painter.drawText(QRectF(4, 2, 30, 14), left_and_middle, "Hz")

    def _look(self, source: SpectrogramSource, height: int) -> Look:
        return Look(
            self.frequencies, height, self.colour_map, self.gain_db, self.range_db, source.floor_db, source.ceiling_db
        )
