"""An invertible short-time Fourier transform: weighted overlap-add with a hop of a quarter window.

In numpy alone: importing scipy's takes most of a second, a noticeable wait when filling a single gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal

Spectrum = NDArray[np.complex128]

ALL = slice(None)


class ShortTime:
    """For signals of one length in frames. window: float64 [size], for analysis and synthesis."""

    def __init__(self, window: Signal, length: int) -> None:
        self.window, self.size, self.length = window, len(window), length
        self.hop = self.size // 4
        self.count = -(-(length + self.size) // self.hop)
        self.bins = self.size // 2 + 1
        self._starts = np.arange(self.count) * self.hop
        padded = self._starts[-1] + self.size
        self._weight = np.zeros(padded)
        for at in self._starts:
            self._weight[at : at + self.size] += self.window**2

    @property
    def centres(self) -> Signal:
        """The middle of every piece, in frames of the signal; the first and the last lie beyond it."""
        return np.asarray(self._starts - self.size / 2, np.float64)

    def of(self, signal: Signal, pieces: slice = ALL) -> Spectrum:
        """[length] to complex [pieces, bins], for the given pieces."""
        padded = np.zeros(len(self._weight))
        padded[self.size : self.size + self.length] = signal
        cut = np.lib.stride_tricks.sliding_window_view(padded, self.size)[self._starts[pieces]]
        return np.fft.rfft(cut * self.window, axis=-1)

    def back(self, spectrum: Spectrum, pieces: slice = ALL) -> Signal:
        """Complex [pieces, bins] to [length]; valid where no pieces but the given ones reach."""
        waves = np.fft.irfft(spectrum, self.size, axis=-1) * self.window
        added = np.zeros(len(self._weight))
        for at, piece in zip(self._starts[pieces], waves, strict=True):
            added[at : at + self.size] += piece
        wave: Signal = (added / np.maximum(self._weight, 1e-9))[self.size : self.size + self.length]
        return wave

    def noise(self, count: int, rng: np.random.Generator, pieces: slice = ALL) -> Spectrum:
        """Spectra of white noise, of power 1 in every bin: complex [count, pieces, bins], of those pieces."""
        scale = np.sqrt(np.sum(self.window**2))
        white: Spectrum = np.stack([self.of(rng.standard_normal(self.length), pieces) for _ in range(count)]) / scale
        return white

    def pieces_near(self, start: int, end: int, beside: int) -> slice:
        """Pieces that reach into `start` to `end`, and so many beside them on each side."""
        first, last = start // self.hop + 1, -(-(end + self.size) // self.hop)
        return slice(max(0, first - beside), min(self.count, last + beside))

    def pieces_outside(self, start: int, end: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Pieces that lie wholly before `start`, and wholly after `end`, inside the signal: bool [pieces]."""
        first, last = self._starts - self.size, self._starts
        return (first >= 0) & (last <= start), (first >= end) & (last <= self.length)

    def progress(self, start: int, end: int) -> Signal:
        """Relative position of each piece's centre in the gap, 0 before and 1 after it: [pieces]."""
        return np.clip((self.centres - start) / max(1, end - start), 0.0, 1.0)


def averaged(values: Signal, spans: tuple[int, int]) -> Signal:
    """A moving average over spans of pieces and bins, with edge values repeated: [pieces, bins]."""
    for axis, span in enumerate(spans):
        before = span // 2
        widths = [(0, 0), (0, 0)]
        widths[axis] = (before, span - 1 - before)
        padded = np.pad(values, widths, mode="edge")
        values = np.lib.stride_tricks.sliding_window_view(padded, span, axis=axis).mean(axis=-1)
    return values
