"""Gap strips: any number of gaps painted as one picture, pixel column by pixel column.

A thousand gaps drawn one by one take longer than the waveform behind them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPixmap

from aidd_studio.restoration.session.history import Entry
from aidd_studio.studio.model.document import STATES
from aidd_studio.studio.timeline.time_axis import TimeAxis
from aidd_studio.studio.widgets import theme

PERIOD = 8
"""Pixels after which hatching and dashes repeat from top to bottom."""

DASH = 5
"""Pixels of the period that a dash is long."""

LOOKS = tuple(STATES)

NARROW = 4.0
"""Pixels below which a gap is marked in the overview and above the pictures, not over them."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GapPlaces:
    """Where all gaps are and what they look like, as arrays in order of their starts."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    looks: NDArray[np.int8]  # indices of LOOKS
    selected: Mask
    channels: Mask  # [gaps, channels]

    @classmethod
    def of(
        cls, entries: Sequence[Entry], filling: Mapping[int, object], selected: Collection[int], channels: int
    ) -> GapPlaces:
        """The places of entries in a recording of so many channels; `filling` and `selected` hold ids."""
        damaged = np.zeros((len(entries), channels), np.bool_)
        for row, entry in zip(damaged, entries, strict=True):
            row[list(entry.gap.channel_indices(channels))] = True
        codes = {name: code for code, name in enumerate(LOOKS)}
        chosen = frozenset(selected)
        return cls(
            np.array([entry.gap.start for entry in entries], np.int64),
            np.array([entry.gap.end for entry in entries], np.int64),
            np.array([codes["filling" if entry.id in filling else entry.state] for entry in entries], np.int8),
            np.array([entry.id in chosen for entry in entries], np.bool_),
            damaged,
        )

    def only(self, which: Mask) -> GapPlaces:
        """Some of the places."""
        return GapPlaces(
            self.starts[which], self.ends[which], self.looks[which], self.selected[which], self.channels[which]
        )


@dataclass(frozen=True)
class RegionStyle:
    """How gaps are drawn on one picture."""

    colours: theme.Colours
    labels: bool = True
    strength: float = 1.0  # of the tint; 0: outlines only
    lanes: int = 1  # parts of the height that stand for one channel each; 1: the picture shows all of them in one


def covered(lefts: NDArray[np.int64], rights: NDArray[np.int64], width: int) -> Mask:
    """The columns that stretches of pixels cover: [width]."""
    steps = np.zeros(width + 1, np.int64)
    np.add.at(steps, np.clip(lefts, 0, width), 1)
    np.add.at(steps, np.clip(rights, 0, width), -1)
    inside: Mask = np.cumsum(steps[:-1]) > 0
    return inside


class Strip:
    """A picture that is repeated from top to bottom: uint32 [rows, width], premultiplied."""

    def __init__(self, width: int, rows: int = PERIOD) -> None:
        self.pixels = np.zeros((rows, width), np.uint32)

    def fill(self, where: Mask, colour: QColor) -> None:
        """Lay a colour over columns [width] or pixels [rows, width]."""
        mask = np.broadcast_to(where, self.pixels.shape)
        self.pixels[mask] = _over(colour, self.pixels[mask])

    def hatch(self, where: Mask, colour: QColor) -> None:
        """Lay slanting lines over columns."""
        rows, columns = np.indices(self.pixels.shape, sparse=True)
        self.fill(where & ((rows + columns) % PERIOD == 0), colour)

    def dash(self, where: Mask, colour: QColor) -> None:
        """Lay dashes over columns."""
        self.fill(where & (np.arange(len(self.pixels)) < DASH)[:, None], colour)

    def picture(self, ratio: float) -> QPixmap:
        """The strip, for a screen with so many pixels per logical pixel."""
        rows, width = self.pixels.shape
        image = QImage(self.pixels.data, width, rows, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        result = QPixmap.fromImage(image.copy())
        result.setDevicePixelRatio(ratio)
        return result


def region_strip(
    lefts: NDArray[np.float64],
    rights: NDArray[np.float64],
    places: GapPlaces,
    width: int,
    ratio: float,
    style: RegionStyle,
) -> tuple[QPixmap, QPixmap]:
    """Regions as columns of a picture, and the rims at their top and bottom. lefts and rights: logical pixels."""
    strip, rims = Strip(round(width * ratio)), Strip(round(width * ratio), 1)
    begin, end = np.round(lefts * ratio).astype(np.int64), np.round(rights * ratio).astype(np.int64)
    for selected in (False, True):
        for code, look in enumerate(LOOKS):
            which = (places.looks == code) & (places.selected == selected)
            if which.any():
                _regions(strip, rims, begin[which], end[which], look, selected, ratio, style)
    return strip.picture(ratio), rims.picture(ratio)


def _regions(
    strip: Strip,
    rims: Strip,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    look: str,
    selected: bool,
    ratio: float,
    style: RegionStyle,
) -> None:
    width, tint = strip.pixels.shape[1], STATES[look][2]
    inside = covered(begin, end, width)
    if style.strength > 0:
        strip.fill(inside, theme.colour(tint, round(style.strength * (46 if selected else 24)), style.colours))
        if look == "open":
            strip.hatch(inside, theme.colour(tint, round(style.strength * (70 if selected else 40)), style.colours))
    thick = max(1, round(ratio * (2 if selected else 1)))
    lines = covered(begin - thick // 2, begin - thick // 2 + thick, width)
    lines |= covered(end - thick // 2, end - thick // 2 + thick, width)
    edge = theme.colour(tint, 255 if selected else 150, style.colours)
    rims.fill(inside, edge)
    if look == "candidates" and not selected:
        strip.dash(lines, edge)
    else:
        strip.fill(lines, edge)


def gap_marks(places: GapPlaces, axis: TimeAxis, width: int, ratio: float) -> tuple[QPixmap, QPixmap]:
    """All gaps as marks at least two pixels wide: a strip of the accepted ones, and one of all others."""
    accepted, others = Strip(round(width * ratio), 1), Strip(round(width * ratio), 1)
    left = np.round((places.starts - axis.start) / axis.scale * ratio).astype(np.int64)
    right = left + np.maximum(2 * ratio, (places.ends - places.starts) / axis.scale * ratio).astype(np.int64)
    for selected in (False, True):
        for code, look in enumerate(LOOKS):
            which = (places.looks == code) & (places.selected == selected)
            if which.any():
                columns = covered(left[which], right[which], round(width * ratio))
                strip = accepted if look == "accepted" else others
                strip.fill(columns, theme.colour(STATES[look][2], 255 if selected else 170))
    return accepted.picture(ratio), others.picture(ratio)


def _over(colour: QColor, below: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A colour over premultiplied pixels."""
    alpha = colour.alpha()
    result = np.zeros_like(below)
    for shift, part in ((24, 255), (16, colour.red()), (8, colour.green()), (0, colour.blue())):
        old = below >> np.uint32(shift) & np.uint32(255)
        result |= ((part * alpha + old * (255 - alpha) + 127) // 255).astype(np.uint32) << np.uint32(shift)
    return result
