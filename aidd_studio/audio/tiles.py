"""Spectrogram tiles: levels in dB of a stretch of sound, as bytes, at any step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Clip, Samples

FLOOR = -130.0
"""dB below full scale of the byte 0."""

CEILING = 0.0
"""dB of the byte 255: a sine at full scale."""

TILE_COLUMNS = 256

MOST_SPECTRA = 4
"""Spectra per column at most: farther out, a column shows the loudest of these."""

GROUP = 64
"""Spectra computed at once."""


def tile_levels(clip: Clip, start: int, hop: int, columns: int, fft: int) -> NDArray[np.uint8]:
    """Levels of `columns` columns from frame `start` on, `hop` frames each: uint8 [fft // 2 + 1, columns].

    A column is centred on its frames and shows the loudest channel. At the end of the clip there are fewer.
    """
    columns = max(1, min(columns, -(-(clip.frames - start) // hop)))
    per_column = int(np.clip(hop // (fft // 2), 1, MOST_SPECTRA))
    inner = hop / per_column
    middles = start + (np.arange(columns * per_column) + 0.5) * inner
    lefts = np.round(middles).astype(np.int64) - fft // 2
    window = np.hanning(fft + 1)[:-1].astype(np.float32)
    power = np.zeros((columns * per_column, fft // 2 + 1), np.float32)
    for first in range(0, len(lefts), GROUP):
        group = lefts[first : first + GROUP]
        part = _padded(clip, int(group[0]), int(group[-1]) + fft)
        at = (group - group[0])[:, None] + np.arange(fft)
        for channel in range(clip.channels):
            spectra = np.fft.rfft(part[channel][at] * window)
            np.maximum(power[first : first + GROUP], spectra.real**2 + spectra.imag**2, out=power[first : first + GROUP])
    power = power.reshape(columns, per_column, -1).max(axis=1)
    full_scale = float(window.sum() / 2) ** 2
    decibels = 10 * np.log10(power / full_scale + 1e-14)
    bytes_ = np.clip((decibels - FLOOR) * (255 / (CEILING - FLOOR)), 0, 255)
    return np.ascontiguousarray(np.round(bytes_).astype(np.uint8).T)


def _padded(clip: Clip, start: int, end: int) -> Samples:
    """Samples with silence outside the clip and in place of what is not finite."""
    samples = clip.read(start, end)
    before, after = max(0, -start), max(0, end - clip.frames)
    if before or after:
        samples = np.pad(samples, ((0, 0), (min(before, end - start), min(after, end - start))))[:, : end - start]
    return samples if np.isfinite(samples).all() else np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
