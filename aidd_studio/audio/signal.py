"""Small signal arithmetic that several rooms share: windows, fades, levels, lags, mel bands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]
"""Samples or spectra in double precision, of any shape."""

INAUDIBLE = 1e-6
"""Level (-120 dBFS) below which sound counts as silence and no gain is derived from it."""

Symmetry = Literal["periodic", "midpoint", "symmetric"]


def hann(size: int, *, symmetry: Symmetry) -> Signal:
    """A Hann window: float64 [size].

    periodic: 0 at the first frame only, so that shifted copies add up to a constant; for short-time spectra.
    midpoint: sampled in the middle of each frame, symmetric and nowhere 0. symmetric: 0 at both ends (`np.hanning`).
    """
    if symmetry == "symmetric":
        return np.hanning(size)
    shift = 0.5 if symmetry == "midpoint" else 0
    window: Signal = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + shift) / size)
    return window


def rise(frames: int) -> Signal:
    """A raised cosine from just above 0 to just below 1; reversed, it is its complement: float64 [frames]."""
    curve: Signal = 0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / max(1, frames))
    return curve


def edge_weight(frames: int, edge: int) -> Signal:
    """Raised cosines at both ends: just above 0 there, 1 from `edge` frames inwards: float64 [frames]."""
    at = np.arange(frames)
    inwards = (np.minimum(at, frames - 1 - at) + 0.5) / edge
    weight: Signal = 0.5 - 0.5 * np.cos(np.pi * np.clip(inwards, 0.0, 1.0))
    return weight


def rms(samples: NDArray[Any]) -> float:
    """The root mean square of all samples, in double precision; 0 for none."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def level_gain(wanted: NDArray[Any], present: NDArray[Any], largest: float) -> float:
    """The factor that brings `present` to the level of `wanted`, between 1 / largest and largest.

    It is 1 where either is silent.
    """
    goal, level = rms(wanted), rms(present)
    if goal < INAUDIBLE or level < INAUDIBLE:
        return 1.0
    return float(np.clip(goal / level, 1 / largest, largest))


def correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Normalised correlation of two signals of one shape: -1 to 1, 0 where either is silent."""
    power = float(np.vdot(a, a)) * float(np.vdot(b, b))
    return float(np.vdot(a, b)) / float(np.sqrt(power)) if power > 0 else 0.0


def best_lag(match: Callable[[int], float], lags: Iterable[int], margin: float = 0.0) -> int:
    """The lag that matches best; a later one must beat the best so far by more than `margin`.

    Among equals the first lag wins.
    """
    candidates = iter(lags)
    best = next(candidates)
    best_match = match(best)
    for lag in candidates:
        found = match(lag)
        if found > best_match + margin:
            best, best_match = lag, found
    return best


def mel_edges(lowest: float, highest: float, bands: int) -> Signal:
    """Edges in Hz of bands that are evenly spaced on O'Shaughnessy's mel scale: float64 [bands + 2]."""
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (lowest, highest))
    edges: Signal = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    return edges


NarrowBands = Literal["nearest bin", "widened"]


@lru_cache(maxsize=16)
def mel_bank(
    rate: int,
    window: int,
    bands: int,
    *,
    lowest: float = 0.0,
    highest: float | None = None,
    narrow: NarrowBands = "nearest bin",
) -> Signal:
    """Triangular mel filters from `lowest` to `highest` Hz, half the rate by default: [window // 2 + 1, bands].

    narrow: treatment of bands narrower than a bin. "nearest bin": a band without a bin takes the nearest. "widened":
    all slopes are at least a bin wide. The result is shared and read-only.
    """
    bins = np.arange(window // 2 + 1) * rate / window
    edges = mel_edges(lowest, rate / 2 if highest is None else highest, bands)
    slopes = np.maximum(np.diff(edges), rate / window if narrow == "widened" else 0.0)
    rising = (bins[:, None] - edges[:-2]) / slopes[:-1]
    falling = (edges[2:] - bins[:, None]) / slopes[1:]
    bank: Signal = np.maximum(0.0, np.minimum(rising, falling))
    if narrow == "nearest bin":
        empty = np.flatnonzero(bank.sum(axis=0) == 0)
        bank[np.rint(edges[1:-1][empty] * window / rate).astype(int), empty] = 1.0
    bank.flags.writeable = False
    return bank
