"""Extremes: the lowest and highest samples of a recording in steps, filled in while the recording is still read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples

STEP = 256
"""Frames per bin of the finest level."""

FACTOR = 8
"""Bins that make one of the next level."""

PORTION = STEP * FACTOR * FACTOR * 64
"""Frames worked on at once."""


class Extremes:
    """Minimum and maximum per bin, [channels, bins] at several levels; NaN where nothing is known yet.

    One thread grows it, others read: what is read is either NaN or right.
    """

    def __init__(self, channels: int, frames: int) -> None:
        self.frames = frames
        self.known = 0
        self._levels: list[tuple[int, Samples, Samples]] = []
        step = STEP
        while True:
            bins = max(1, -(-frames // step))
            nothing = np.full((channels, bins), np.nan, np.float32)
            self._levels.append((step, nothing, nothing.copy()))
            if bins <= 512:
                break
            step *= FACTOR

    @property
    def is_complete(self) -> bool:
        return self.known >= self.frames

    def grow(self, samples: Samples, end: int) -> None:
        """Take in samples [channels, frames] of the whole recording up to frame `end`."""
        start = self.known
        step, low, high = self._levels[0]
        first, last = start // step, -(-end // step)
        part = samples[:, first * step : end]
        if part.shape[1]:
            starts = np.arange(0, part.shape[1], step)
            low[:, first:last] = np.minimum.reduceat(part, starts, axis=1)
            high[:, first:last] = np.maximum.reduceat(part, starts, axis=1)
        for (_, fine_low, fine_high), (step, low, high) in zip(self._levels, self._levels[1:], strict=False):
            first, last = start // step, -(-end // step)
            fine = slice(first * FACTOR, min(fine_low.shape[1], last * FACTOR))
            starts = np.arange(0, fine.stop - fine.start, FACTOR)
            low[:, first:last] = np.fmin.reduceat(fine_low[:, fine], starts, axis=1)
            high[:, first:last] = np.fmax.reduceat(fine_high[:, fine], starts, axis=1)
        self.known = max(self.known, end)

    def build(self, samples: Samples) -> Iterator[int]:
        """Take in everything, portion by portion; yields how far it has come."""
        while not self.is_complete:
            self.grow(samples, min(self.frames, self.known + PORTION))
            yield self.known

    def of_columns(self, edges: NDArray[np.int64]) -> tuple[Samples, Samples]:
        """Lowest and highest sample between successive frames `edges` [n + 1]: two [channels, n], rounded to bins."""
        width = float(edges[-1] - edges[0]) / max(1, len(edges) - 1)
        step, low, high = next((level for level in reversed(self._levels) if 2 * level[0] <= width), self._levels[0])
        bins = low.shape[1]
        cuts = np.minimum(edges // step, bins)
        first, last = int(cuts[0]), min(bins, max(int(cuts[-1]), int(cuts[0]) + 1))
        starts = np.clip(cuts[:-1] - first, 0, last - first - 1)
        return (
            np.fmin.reduceat(low[:, first:last], starts, axis=1),
            np.fmax.reduceat(high[:, first:last], starts, axis=1),
        )
