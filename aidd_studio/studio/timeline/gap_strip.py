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
from aidd_studio.studio.widgets import theme

PERIOD = 8
"""Pixels after which hatching and dashes repeat from top to bottom."""

DASH = 5
"""Pixels of the period that a dash is long."""

LOOKS = tuple(STATES)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GapPlaces:
    """Where all gaps are and what they look like, as arrays in order of their starts."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    looks: NDArray[np.int8]  # indices of LOOKS
    selected: Mask

    @classmethod
    def of(cls, entries: Sequence[Entry], filling: Mapping[int, object], selected: Collection[int]) -> GapPlaces:
        """The places of entries; `filling` and `selected` hold ids."""
        codes = {name: code for code, name in enumerate(LOOKS)}
        chosen = frozenset(selected)
        return cls(
            np.array([entry.gap.start for entry in entries], np.int64),
            np.array([entry.gap.end for entry in entries], np.int64),
            np.array([codes["filling" if entry.id in filling else entry.state] for entry in entries], np.int8),
            np.array([entry.id in chosen for entry in entries], np.bool_),
        )

    def only(self, which: Mask) -> GapPlaces:
        """Some of the places."""
        return GapPlaces(self.starts[which], self.ends[which], self.looks[which], self.selected[which])


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
        made = QPixmap.fromImage(image.copy())
        made.setDevicePixelRatio(ratio)
        return made


def region_strip(
    lefts: NDArray[np.float64],
    rights: NDArray[np.float64],
    places: GapPlaces,
    width: int,
    ratio: float,
    colours: theme.Colours,
    strength: float,
) -> QPixmap:
    """Regions as columns of a picture: tint, hatching of open ones, edges. lefts and rights: logical pixels."""
    strip = Strip(round(width * ratio))
    begin, end = np.round(lefts * ratio).astype(np.int64), np.round(rights * ratio).astype(np.int64)
    for selected in (False, True):
        for code, look in enumerate(LOOKS):
            which = (places.looks == code) & (places.selected == selected)
            if which.any():
                _regions(strip, begin[which], end[which], look, selected, ratio, colours, strength)
    return strip.picture(ratio)


def _regions(
    strip: Strip,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    look: str,
    selected: bool,
    ratio: float,
    colours: theme.Colours,
    strength: float,
) -> None:
    width, tint = strip.pixels.shape[1], STATES[look][2]
    inside = covered(begin, end, width)
    strip.fill(inside, theme.colour(tint, round(strength * (46 if selected else 24)), colours))
    if look == "open":
        strip.hatch(inside, theme.colour(tint, round(strength * (70 if selected else 40)), colours))
    thick = max(1, round(ratio * (2 if selected else 1)))
    lines = covered(begin - thick // 2, begin - thick // 2 + thick, width)
    lines |= covered(end - thick // 2, end - thick // 2 + thick, width)
    edge = theme.colour(tint, 255 if selected else 150, colours)
    if look == "candidates" and not selected:
        strip.dash(lines, edge)
    else:
        strip.fill(lines, edge)


def _over(colour: QColor, below: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A colour over premultiplied pixels."""
    alpha = colour.alpha()
    made = np.zeros_like(below)
    for shift, part in ((24, 255), (16, colour.red()), (8, colour.green()), (0, colour.blue())):
        old = below >> np.uint32(shift) & np.uint32(255)
        made |= ((part * alpha + old * (255 - alpha) + 127) // 255).astype(np.uint32) << np.uint32(shift)
    return made
