"""Spectrogram tiles on disk, so that a recording opened again shows at once what was viewed before."""

from __future__ import annotations

import numpy as np

from aidd_studio.audio.clip import Source
from aidd_studio.audio.spectrogram import CEILING, FLOOR, Levels
from aidd_studio.errors import FileReadError
from aidd_studio.files.cache import ArrayCache, content_key

WORTH_KEEPING = 128
"""Frames per column below which computing a tile is as fast as reading it."""


class TileCache:
    """The tiles of one recording as it was read, by content and settings. One thread uses it."""

    def __init__(self, source: Source | None, limit: int) -> None:
        self._source = source
        self._cache = ArrayCache(limit=limit)
        self._content: str | None = None
        self._is_known = False

    def load(self, fft_size: int, hop: int, index: int) -> Levels | None:
        """A tile as it was kept: uint8 [fft size / 2 + 1, columns]; None when it is not there."""
        key = self._key(fft_size, hop, index)
        arrays = self._cache.load(key) if key is not None else None
        levels = arrays.get("levels") if arrays is not None else None
        if levels is None or levels.dtype != np.uint8 or levels.ndim != 2 or len(levels) != fft_size // 2 + 1:
            return None
        return levels

    def keep(self, fft_size: int, hop: int, index: int, levels: Levels) -> None:
        """Keep a tile for the next time, while there is room."""
        key = self._key(fft_size, hop, index)
        if key is not None:
            self._cache.keep(key, {"levels": levels})

    def _key(self, fft_size: int, hop: int, index: int) -> str | None:
        if hop < WORTH_KEEPING:
            return None
        if not self._is_known:
            self._is_known, self._content = True, _content(self._source)
        if self._content is None:
            return None
        return f"tile-{self._content}-{-FLOOR:.0f}-{-CEILING:.0f}-{fft_size}-{hop}-{index}"


def _content(source: Source | None) -> str | None:
    """A key for the recording as read; None when the file has changed since."""
    if source is None:
        return None
    try:
        status = source.path.stat()
        if (status.st_size, status.st_mtime_ns) != (source.size, source.modified_ns):
            return None
        return content_key(source.path)
    except (OSError, FileReadError):
        return None
