"""The frequency axis of a spectrogram: linear, logarithmic or mel, from pixels to hertz and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.studio.model.preferences import FrequencyScale

LOWEST = 30.0
"""Hertz at the bottom of a logarithmic axis: below it hardly any recording has sound."""

TICKS = (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)


@dataclass(frozen=True)
class FrequencyAxis:
    """Maps the height of a picture, 0 at the bottom to 1 at the top, to hertz up to half the sample rate."""

    scale: FrequencyScale
    rate: int

    @property
    def top(self) -> float:
        return self.rate / 2

    def to_hertz(self, share: float) -> float:
        """The frequency at a share of the height."""
        return float(self._hertz(np.array([share]))[0])

    def to_share(self, hertz: float) -> float:
        """The share of the height at which a frequency lies."""
        if self.scale == "linear":
            return hertz / self.top
        if self.scale == "logarithmic":
            return float(np.log(max(hertz, LOWEST) / LOWEST) / np.log(self.top / LOWEST))
        return float(_mel(hertz) / _mel(self.top))

    def ticks(self, height: int, least: float = 26.0) -> list[tuple[float, str]]:
        """Round frequencies with labels, at least so many pixels apart: (share, label)."""
        wanted = TICKS if self.scale != "linear" else self._linear_ticks(height)
        found: list[tuple[float, str]] = []
        for hertz in wanted:
            share = self.to_share(hertz)
            far = not found or (share - found[-1][0]) * height >= least
            if far and 8 / max(1, height) < share < 1 - 8 / max(1, height):
                found.append((share, label(hertz)))
        return found

    def rows(self, levels: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
        """Bring bins [bins, columns] to rows [height, columns], top row first: the loudest bin where several fall
        on a row, a blend where a bin spreads over several."""
        bins = levels.shape[0]
        edges = self._hertz(np.linspace(1.0, 0.0, height + 1)) / self.top * (bins - 1)
        upper, lower = edges[:-1], edges[1:]
        middle = (upper + lower) / 2
        below = np.clip(np.floor(middle).astype(np.intp), 0, bins - 2)
        weight = np.round((middle - below) * 256).astype(np.uint16)[:, None]
        blended = (levels[below] * (256 - weight) + levels[below + 1] * weight) >> 8
        out: NDArray[np.uint8] = blended.astype(np.uint8)
        wide = np.flatnonzero(upper - lower > 1.5)
        if wide.size:
            first, last = wide[0], wide[-1] + 1
            starts = np.clip(np.ceil(edges[first : last + 1][::-1]).astype(np.intp), 0, bins - 1)
            loudest = np.maximum.reduceat(levels[: int(np.ceil(edges[first])) + 1], starts[:-1], axis=0)
            out[first:last] = loudest[::-1]
        return out

    def _linear_ticks(self, height: int) -> tuple[float, ...]:
        for step in (100, 200, 500, 1000, 2000, 5000, 10000, 20000):
            if step / self.top * height >= 26:
                return tuple(np.arange(step, self.top, step))
        return ()

    def _hertz(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.scale == "linear":
            return share * self.top
        if self.scale == "logarithmic":
            return np.asarray(LOWEST * (self.top / LOWEST) ** share)
        return np.asarray(700.0 * (10.0 ** (share * _mel(self.top) / 2595.0) - 1.0))


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hertz / 700.0))


def label(hertz: float) -> str:
    """A frequency as short as it can be said."""
    if hertz >= 1000:
        return f"{hertz / 1000:g}k"
    return f"{hertz:g}"
