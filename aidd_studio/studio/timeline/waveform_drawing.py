"""Drawing waveforms: the extremes of every column of pixels as a picture, the samples themselves when near."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from aidd_studio.audio.clip import Samples
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.widgets.painting import paint_pending

CURVE_BELOW = 0.25
"""Frames per pixel below which Qt draws the line through the samples; with more points it is too slow at that."""

DOTS_BELOW = 0.2
"""Frames per pixel below which every sample gets a dot."""

LANE_MARGIN = 6.0
"""Pixels that full scale keeps from the lane's border."""


LINE = 1.3
"""Pixels that the line through single samples is thick."""

CORE = 0.55
"""Share of a column's height, around its middle, that is drawn in the brighter colour."""

Hues = tuple[QColor, QColor]


class WaveformSource(Protocol):
    """What the waveform is drawn from."""

    version: int  # changes when anything looks different

    @property
    def channels(self) -> int: ...

    def extremes(self, first: int, count: int, scale: float) -> tuple[Samples, Samples]:
        """Lowest and highest sample of columns `first` on, `scale` frames each: two [channels, count]."""
        ...

    def drawable_until(self, scale: float) -> int:
        """The frame up to which the waveform is known at `scale` frames per pixel."""
        ...

    def samples(self, start: int, end: int) -> Samples:
        """The samples themselves: [channels, end - start]."""
        ...


def paint_waveform(
    painter: QPainter,
    size: QSize,
    axis: TimeAxis,
    source: WaveformSource,
    gain: float,
    ratio: float,
    *,
    alpha: int = 255,
    lines: bool = True,
    colours: theme.Colours | None = None,
) -> None:
    """Draw all lanes into a box of that size at 0, 0, in the theme's colours unless others are given."""
    lane = size.height() / max(1, source.channels)
    if lines:
        for channel in range(source.channels):
            middle = round(lane * (channel + 0.5))
            painter.setPen(theme.colour("line"))
            painter.drawLine(0, middle, size.width(), middle)
            if channel:
                painter.setPen(theme.colour("border"))
                painter.drawLine(0, round(lane * channel), size.width(), round(lane * channel))
    if axis.scale >= CURVE_BELOW:
        _paint_extremes(painter, size, axis, source, gain, ratio, _hues(alpha, colours))
    else:
        _paint_curve(painter, size, axis, source, gain, _hues(alpha, colours))
    until = axis.to_x(min(axis.frames, source.drawable_until(axis.scale)))
    width = min(size.width(), axis.to_x(axis.frames))
    if until < width:
        paint_pending(painter, QRectF(max(0.0, until), 0, width - max(0.0, until), size.height()), colours)


def _paint_extremes(
    painter: QPainter, size: QSize, axis: TimeAxis, source: WaveformSource, gain: float, ratio: float, hues: Hues
) -> None:
    columns = max(1, round(size.width() * ratio))
    scale = axis.scale / ratio
    first = round(axis.start / scale)
    if scale >= 1.0:
        low, high = source.extremes(first, columns, scale)
    else:
        low, high = _line_extremes(source, axis.frames, first, columns, scale)
    count = low.shape[1]
    if count == 0:
        return
    height = round(size.height() * ratio)
    edges = [round(height * channel / source.channels) for channel in range(source.channels + 1)]
    shades, least = _shades(*hues), ratio * (LINE if scale < 1.0 else 1.0)
    canvas = _canvas(height, columns)
    canvas[:] = 0
    image = canvas[:, :count]
    for channel, (top, bottom) in enumerate(itertools.pairwise(edges)):
        reach = (bottom - top) / 2 - LANE_MARGIN * ratio
        middle = (bottom - top) / 2
        upper = middle - np.clip(high[channel] * gain, -1.0, 1.0) * reach
        lower = middle - np.clip(low[channel] * gain, -1.0, 1.0) * reach
        known = np.isfinite(upper) & np.isfinite(lower)
        upper, lower = np.where(known, upper, middle), np.where(known, lower, middle)
        upper, lower = _joined(upper, lower)
        # A level line stays visible.
        thin = lower - upper < least
        upper = np.where(thin, (upper + lower - least) / 2, upper)
        lower = np.where(thin, upper + least, lower)
        _rasterise(image[top:bottom], upper, lower, known, shades)
    picture = QImage(canvas.data, count, height, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(0, 0), picture)


@lru_cache(maxsize=4)
def _canvas(height: int, columns: int) -> NDArray[np.uint32]:
    """Memory for a picture, used again for the next one of that size: fresh pages cost more than the drawing while
    another thread is taking some as well."""
    return np.empty((height, columns), np.uint32)


@lru_cache(maxsize=4)
def _scratch(height: int, columns: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.uint32]]:
    """Memory for what is on the way to a lane of a picture, used again likewise."""
    shape = (height, columns)
    return np.empty(shape, np.bool_), np.empty(shape, np.bool_), np.empty(shape, np.uint32)


def _line_extremes(
    source: WaveformSource, frames: int, first: int, columns: int, scale: float
) -> tuple[Samples, Samples]:
    """Lowest and highest point of the line through the samples in columns of less than a frame: two [channels, n]."""
    columns = min(columns, max(0, math.ceil((frames - 1) / scale) - first))
    edges = (first + np.arange(columns + 1)) * scale
    start, end = max(0, math.floor(edges[0]) - 1), min(frames, math.ceil(edges[-1]) + 2)
    samples = source.samples(start, end)
    if columns == 0 or samples.shape[1] == 0:
        return samples[:, :0], samples[:, :0]
    places = np.arange(start, end)
    at_edges = np.array([np.interp(edges, places, channel) for channel in samples], np.float32)
    low, high = np.minimum(at_edges[:, :-1], at_edges[:, 1:]), np.maximum(at_edges[:, :-1], at_edges[:, 1:])
    inside = np.floor(places / scale).astype(np.intp) - first  # no column has more than one sample
    seen = (inside >= 0) & (inside < columns)
    low[:, inside[seen]] = np.minimum(low[:, inside[seen]], samples[:, seen])
    high[:, inside[seen]] = np.maximum(high[:, inside[seen]], samples[:, seen])
    return low, high


def _joined(upper: NDArray[np.float32], lower: NDArray[np.float32]) -> tuple[Samples, Samples]:
    """Columns made long enough to touch their neighbours on the left: a steep line has no holes."""
    joined_upper, joined_lower = upper.copy(), lower.copy()
    np.minimum(upper[1:], lower[:-1], out=joined_upper[1:])
    np.maximum(lower[1:], upper[:-1], out=joined_lower[1:])
    return joined_upper, joined_lower


def _rasterise(
    out: NDArray[np.uint32],
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    known: NDArray[np.bool_],
    shades: NDArray[np.uint32],
) -> None:
    """Fill columns [rows, columns] between `upper` and `lower` with smooth ends, brighter towards their middle."""
    if not known.any():
        return
    upper, lower = upper.astype(np.float32), lower.astype(np.float32)
    heart = (upper + lower) * np.float32(0.5), (lower - upper) * np.float32(CORE / 2)
    first = max(0, int(upper[known].min()))
    last = min(out.shape[0], int(lower[known].max()) + 1)
    rows = np.arange(first, last, dtype=np.int16)[:, None]
    # Whole pixels at once, as 16-bit comparisons; then the two of each column that are covered in part.
    top, bottom = np.ceil(upper).astype(np.int16), np.floor(lower).astype(np.int16)
    bottom[~known] = top[~known] = -1
    core_top = np.maximum(top, np.ceil(heart[0] - heart[1] - np.float32(0.5)).astype(np.int16))
    core_bottom = np.minimum(bottom, np.ceil(heart[0] + heart[1] - np.float32(0.5)).astype(np.int16))
    part = out[first:last]
    inside, below, more = (scratch[: len(part), : part.shape[1]] for scratch in _scratch(*out.shape))
    np.logical_and(np.greater_equal(rows, top, out=inside), np.less(rows, bottom, out=below), out=inside)
    np.multiply(inside, shades[255], out=part)
    # From the outer to the inner colour in uint32, where a step down is a long step up.
    inwards = np.uint32((int(shades[511]) - int(shades[255])) % 2**32)
    np.logical_and(np.greater_equal(rows, core_top, out=inside), np.less(rows, core_bottom, out=below), out=inside)
    part += np.multiply(inside, inwards, out=more)
    _add_ends(out, upper, lower, known, heart, shades)


def _add_ends(
    out: NDArray[np.uint32],
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    known: NDArray[np.bool_],
    heart: tuple[NDArray[np.float32], NDArray[np.float32]],
    shades: NDArray[np.uint32],
) -> None:
    """The pixels at both ends of each column, as strong as they are covered. heart: its middle and half its height."""
    columns = np.arange(out.shape[1])
    begins, ends = np.floor(upper), np.floor(lower)
    for row, cover, is_there in (
        (begins, np.minimum(lower, begins + 1) - upper, known & (begins < upper)),
        (ends, lower - np.maximum(ends, upper), known & ((ends > begins) | (begins == upper))),
    ):
        seen = is_there & (row >= 0) & (row < out.shape[0])
        shade = np.clip(cover * 255, 0, 255).astype(np.intp)
        shade += 256 * (np.abs(row + np.float32(0.5) - heart[0]) < heart[1])
        out[row[seen].astype(np.intp), columns[seen]] = shades[shade[seen]]


def _hues(alpha: int, colours: theme.Colours | None) -> Hues:
    """The colours of a waveform's edge and heart."""
    return theme.colour("wave", alpha, colours), theme.colour("wave_core", alpha, colours)


def _shades(outer: QColor, core: QColor) -> NDArray[np.uint32]:
    """The two colours at 256 degrees of cover each, as premultiplied 0xAARRGGBB: uint32 [512]."""
    parts = []
    for colour in (outer, core):
        alpha = np.arange(256) / 255 * colour.alphaF()
        channels = [255 * alpha, colour.red() * alpha, colour.green() * alpha, colour.blue() * alpha]
        red_to_blue = [np.round(channel).astype(np.uint32) for channel in channels]
        parts.append(red_to_blue[0] << 24 | red_to_blue[1] << 16 | red_to_blue[2] << 8 | red_to_blue[3])
    return np.concatenate(parts).astype(np.uint32)


def _paint_curve(
    painter: QPainter, size: QSize, axis: TimeAxis, source: WaveformSource, gain: float, hues: Hues
) -> None:
    from pyqtgraph.functions import arrayToQPolygonF  # here, so that the window need not wait for it

    start = max(0, int(axis.start) - 2)
    end = max(start, min(axis.frames, int(axis.end) + 3, source.drawable_until(axis.scale)))
    samples = source.samples(start, end)
    lane = size.height() / max(1, source.channels)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for channel in range(samples.shape[0]):
        middle = lane * (channel + 0.5)
        reach = lane / 2 - LANE_MARGIN
        values = np.clip(np.nan_to_num(samples[channel]) * gain, -1, 1)
        xs = (np.arange(start, end) - axis.start) / axis.scale
        ys = middle - values * reach
        points = arrayToQPolygonF(xs, ys)  # type: ignore[no-untyped-call]
        painter.setPen(QPen(hues[1], LINE))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(points)
        if axis.scale < DOTS_BELOW:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(hues[1])
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                painter.drawEllipse(QPointF(x, y), 2.5, 2.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
