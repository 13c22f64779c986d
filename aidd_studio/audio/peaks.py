"""Peaks: minimum and maximum of every bin at several bin sizes, to draw long waveforms instantly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples

BIN = 128
"""Frames in a bin of the finest level; at closer zoom the samples themselves are drawn."""

FACTOR = 4
"""Bins of one level in a bin of the next."""

BINS_PER_COLUMN = 4
"""Least bins per column, so that its borders are exact to a quarter of its width."""

PIECE = 1 << 20
"""Frames taken at once while building."""


class Peaks:
    """The extremes of a recording, built piece by piece; NaN where not yet known.

    Bins begin at multiples of their size, so that the same column has the same extremes wherever the view begins.
    One thread may add while another one reads. NaN and Inf in the recording count as silence.
    """

    def __init__(self, channels: int, frames: int) -> None:
        self.channels = channels
        self.frames = frames
        self.known = 0
        self._rest: Samples = np.zeros((channels, 0), np.float32)
        self._low, self._high = _levels(channels, frames), _levels(channels, frames)

    @property
    def is_complete(self) -> bool:
        """True when all samples were added."""
        return self.known >= self.frames

    def build(self, base: Samples, piece: int = PIECE) -> Iterator[int]:
        """Add the rest of a recording [channels, frames] piece by piece; yields how many frames are known."""
        while not self.is_complete:
            self.grow(base, min(self.frames, self.known + piece))
            yield self.known

    def grow(self, base: Samples, end: int) -> None:
        """Add what is new in a recording [channels, frames] that is there up to frame `end`."""
        if end > self.known:
            self.add(base[:, self.known : end])

    def add(self, samples: Samples) -> None:
        """Add the next samples: [channels, n], any n."""
        if self.known + samples.shape[1] > self.frames:
            raise ValueError("more samples than the recording has")
        first = (self.known - self._rest.shape[1]) // BIN
        known = self.known + samples.shape[1]
        if self._rest.shape[1]:
            samples = np.concatenate([self._rest, samples], axis=1)
        bins = samples.shape[1] // BIN
        whole = samples[:, : bins * BIN].reshape(self.channels, bins, BIN)
        self._put(first, whole)
        self._rest = samples[:, bins * BIN :].copy()
        if known == self.frames and self._rest.shape[1]:
            self._put(first + bins, self._rest[:, None, :])
            bins += 1
        self._raise(first, first + bins)
        self.known = known

    def of_columns(self, edges: NDArray[np.int64]) -> tuple[Samples, Samples]:
        """Lowest and highest sample between every two neighbours of `edges` (rising frames): two [channels, n].

        The borders fall on bins, at most a quarter of a column away (or one bin of the finest level). NaN where
        nothing is known, or outside the recording.
        """
        count = len(edges) - 1
        if count < 1:
            return self._unknown(max(0, count)), self._unknown(max(0, count))
        level, size = self._level((int(edges[-1]) - int(edges[0])) / count)
        first, last = int(edges[0]) // size, -(-int(edges[-1]) // size)
        bins = self._low[level].shape[1]
        low, high = self._unknown(last - first + 1), self._unknown(last - first + 1)
        inside = slice(max(0, first), max(0, min(bins, last)))
        if inside.stop > inside.start:
            place = slice(inside.start - first, inside.stop - first)
            low[:, place], high[:, place] = self._low[level][:, inside], self._high[level][:, inside]
        starts = edges[:-1] // size - first
        stop = max(int(starts[-1]) + 1, last - first)
        return np.fmin.reduceat(low[:, :stop], starts, axis=1), np.fmax.reduceat(high[:, :stop], starts, axis=1)

    def envelope(self, start: int, end: int, points: int) -> tuple[NDArray[np.int64], Samples, Samples]:
        """Frames `start` to `end` as at most `points` + 1 columns: first frames [n], minima and maxima [channels, n].

        Columns are a power of two wide, at least one bin, and begin at multiples of their width.
        """
        width = max(BIN, 1 << max(0, (max(1, end - start) // max(1, points) - 1).bit_length()))
        while (end - start) > points * width:
            width *= 2
        edges = np.arange(start // width, -(-end // width) + 1, dtype=np.int64) * width
        low, high = self.of_columns(edges)
        return edges[:-1], low, high

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays from which the peaks can be restored, for a cache."""
        return {"low": self._low[0], "high": self._high[0], "frames": np.array([self.frames])}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Peaks:
        """Complete peaks from cached arrays. Raises ValueError or KeyError when they do not fit each other."""
        low, high, frames = arrays["low"], arrays["high"], int(arrays["frames"][0])
        peaks = cls(int(low.shape[0]), frames)
        if low.shape != high.shape or low.shape != peaks._low[0].shape:
            raise ValueError("the cached peaks do not fit the recording")
        peaks._low[0][:], peaks._high[0][:] = low, high
        peaks._raise(0, low.shape[1])
        peaks.known = frames
        return peaks

    def _put(self, first: int, bins: Samples) -> None:
        """Set the finest level from samples [channels, bins, frames per bin]."""
        if bins.shape[1] == 0:
            return
        low, high = bins.min(axis=2), bins.max(axis=2)
        wrong = ~(np.isfinite(low) & np.isfinite(high))
        if wrong.any():
            clean = np.nan_to_num(bins[wrong], nan=0.0, posinf=0.0, neginf=0.0)
            low[wrong], high[wrong] = clean.min(axis=1), clean.max(axis=1)
        self._low[0][:, first : first + bins.shape[1]] = low
        self._high[0][:, first : first + bins.shape[1]] = high

    def _raise(self, first: int, last: int) -> None:
        """Renew the coarser levels above finest bins `first` to `last`."""
        for levels, ufunc in ((self._low, np.fmin), (self._high, np.fmax)):
            begin, end = first, last
            for finer, coarser in pairwise(levels):
                begin, end = begin // FACTOR, -(-end // FACTOR)
                part = finer[:, begin * FACTOR : end * FACTOR]
                coarser[:, begin:end] = ufunc.reduce(part.reshape(self.channels, -1, FACTOR), axis=2)

    def _level(self, width: float) -> tuple[int, int]:
        """The coarsest level that is fine enough for columns of that width, and its bin size."""
        level, size = 0, BIN
        while level + 1 < len(self._low) and size * FACTOR * BINS_PER_COLUMN <= width:
            level, size = level + 1, size * FACTOR
        return level, size

    def _unknown(self, count: int) -> Samples:
        return np.full((self.channels, count), np.nan, np.float32)


def _levels(channels: int, frames: int) -> list[Samples]:
    """Levels of NaN; each is as long as the next one needs it to be."""
    counts = [max(1, -(-frames // BIN))]
    while counts[-1] > FACTOR:
        counts.append(-(-counts[-1] // FACTOR))
    lengths = [count * FACTOR for count in counts[1:]] + [counts[-1]]
    return [np.full((channels, length), np.nan, np.float32) for length in lengths]
