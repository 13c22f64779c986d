"""Tile pictures: levels in dB become coloured pixels, on the thread that makes the tiles wherever that is possible."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from aidd_studio.studio.timeline.frequency_axis import FrequencyAxis

KEPT_IMAGES = 160


@dataclass(frozen=True, eq=False)
class Tile:
    """Levels of a stretch of sound: uint8 [bins, columns], frames `start` to `end`."""

    key: Hashable
    start: float
    end: float
    levels: NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """All that decides how levels are drawn: axis, rows of pixels, colours."""

    frequencies: FrequencyAxis
    height: int
    colour_map: str
    gain_db: float
    range_db: float
    floor_db: float  # what the level 0 stands for
    ceiling_db: float  # what the level 255 stands for


Developed = tuple[Look, QImage]


class TilePictures:
    """The pictures of tiles in one look. `develop` may be called on any thread, all else on the window's."""

    def __init__(self) -> None:
        self._look: Look | None = None
        self._images: OrderedDict[Hashable, QImage] = OrderedDict()

    def clear(self) -> None:
        """Forget the pictures."""
        self._images.clear()

    def has(self, tile: Tile) -> bool:
        """Whether the picture of a tile is there."""
        return tile.key in self._images

    def set_look(self, look: Look) -> None:
        """Draw everything like this from now on."""
        if look != self._look:
            self._look = look
            self._images.clear()

    def develop(self, tile: Tile) -> Developed | None:
        """The picture of a new tile as far as the look is known; a window's frame has no time for many of them."""
        look = self._look
        return None if look is None else (look, picture(tile.levels, look))

    def keep(self, tile: Tile, developed: Developed | None) -> None:
        """Take over a picture that was developed, unless the look has changed meanwhile."""
        if developed is not None and developed[0] == self._look:
            self._put(tile.key, developed[1])

    def of(self, tile: Tile, look: Look) -> QImage:
        """The picture of a tile."""
        self.set_look(look)
        image = self._images.get(tile.key)
        if image is None:
            image = picture(tile.levels, look)
        self._put(tile.key, image)
        return image

    def _put(self, key: Hashable, image: QImage) -> None:
        self._images[key] = image
        self._images.move_to_end(key)
        while len(self._images) > KEPT_IMAGES:
            self._images.popitem(last=False)


def picture(levels: NDArray[np.uint8], look: Look) -> QImage:
    """Levels [bins, columns] in colours, as high as the look says."""
    pixels = np.ascontiguousarray(pixel_table(look)[look.frequencies.rows(levels, look.height)])
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()


@lru_cache(maxsize=8)
def pixel_table(look: Look) -> NDArray[np.uint32]:
    """The colour of each level as 0xffRRGGBB, with gain and range applied: uint32 [256]."""
    span = look.ceiling_db - look.floor_db
    decibels = look.floor_db + np.arange(256) / 255 * span + look.gain_db
    shown = np.clip((decibels - (look.ceiling_db - look.range_db)) / look.range_db, 0, 1)
    rgb = colour_table(look.colour_map)[np.round(shown * 255).astype(np.intp)].astype(np.uint32)
    table = np.uint32(0xFF000000) | (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]
    return table.astype(np.uint32)


@cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """A perceptually uniform table of colours: uint8 [256, 3]."""
    if name == "grey":
        return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    # pyqtgraph's own file, read without importing it: that takes a quarter of a second, and beside the window's thread
    # it can end the program, since it makes Qt's types and objects.
    found = find_spec("pyqtgraph")
    assert found is not None and found.submodule_search_locations, "pyqtgraph is required"
    path = Path(found.submodule_search_locations[0]) / "colors" / "maps" / f"{name}.csv"
    shares = np.loadtxt(path, delimiter=",", comments=";")
    return np.floor(255 * shares + 0.5).astype(np.uint8)
