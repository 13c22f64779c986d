"""The input of VGGish: log-mel patches of 0.96 s (Hershey et al. 2017; the published input parameters)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import hann

RATE = 16_000
WINDOW, HOP, TRANSFORM = 400, 160, 512
FRAMES, BANDS = 96, 64
PATCH_HOP = 48
"""Frames between patches: half a patch, so that short segments give a few vectors each."""

LOWEST, HIGHEST = 125.0, 7500.0
OFFSET = 0.01


def patches(mono: Samples) -> NDArray[np.float32]:
    """Samples [n] at 16 kHz to patches [B, 96, 64], at least one; a short sound is repeated to fill it."""
    needed = WINDOW + HOP * (FRAMES - 1)
    if len(mono) < needed:
        mono = np.resize(mono, needed)
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(mono, dtype=np.float64), WINDOW)[::HOP]
    window = hann(WINDOW, symmetry="periodic")
    magnitudes = np.abs(np.fft.rfft(frames * window, TRANSFORM, axis=1))
    levels = np.log(magnitudes @ _bank() + OFFSET)
    starts = range(0, len(levels) - FRAMES + 1, PATCH_HOP)
    return np.stack([levels[start : start + FRAMES] for start in starts]).astype(np.float32)


@lru_cache(maxsize=1)
def _bank() -> NDArray[np.float64]:
    """Triangles on the mel scale 1127·ln(1 + f/700): [257, 64]; the constant bin belongs to none."""
    bins = _mel(np.arange(TRANSFORM // 2 + 1) * RATE / TRANSFORM)[:, None]
    edges = np.linspace(_mel(np.array(LOWEST)), _mel(np.array(HIGHEST)), BANDS + 2)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bank: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    bank[0] = 0.0
    return bank


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 1127.0 * np.log1p(hertz / 700.0)
    return mel
