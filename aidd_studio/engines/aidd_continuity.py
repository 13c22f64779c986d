"""Loudness that goes on across a gap: upper bands are brought part of the way to the level of their surroundings."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aidd_studio.engines.burg import Signal
from aidd_studio.engines.short_time import ShortTime, hann

SHARE = 0.4
"""How much of a band's difference from its surroundings is taken away; the rest may be the music's doing."""

LOWEST = 900.0
"""Hz; below lie single partials, which the prediction from both sides knows better than an average does."""

SHORTEST = 0.08
"""Seconds; a shorter gap fills no frame, so that its level cannot be told from its surroundings'."""

REACH = 0.5
"""Seconds beside the gap that count as its surroundings."""

LARGEST = 1.15
"""Nepers (10 dB): no band is changed by more."""

WINDOW, BANDS = 1024, 24
FADE = 0.025
"""Seconds at each end of a gap over which the change sets in; a quarter of the gap at most."""


def level_bands(wave: Signal, missing: NDArray[np.bool_], start: int, end: int, rate: int) -> Signal:
    """The wave float64 [T] with the gap `start` to `end` levelled; other samples stay. missing: bool [T], all gaps."""
    first = max(0, start - round(REACH * rate) - WINDOW)
    last = min(len(wave), end + round(REACH * rate) + WINDOW)
    part = wave[first:last]
    if end - start < SHORTEST * rate or len(part) < WINDOW:
        return wave
    transform = ShortTime(hann(WINDOW), len(part))
    spectrum = transform.of(part)
    centres = first + transform.centres
    inside = np.abs(centres - (start + end) / 2) <= max(transform.hop / 2, (end - start - WINDOW) / 2)
    around = np.array([_known(missing, round(centre), first, last) for centre in centres])
    if not around.any() or not inside.any():
        return wave
    weights = _bands(rate)
    levels = 0.5 * np.log(np.abs(spectrum) ** 2 + 1e-14) @ (weights / weights.sum(axis=0))
    change = np.clip(SHARE * (levels[around].mean(axis=0) - levels[inside].mean(axis=0)), -LARGEST, LARGEST)
    edge = max(1.0, min(FADE * rate, (end - start) / 4))
    fade = np.clip(np.minimum(centres - start, end - centres) / edge, 0, 1)
    changed = transform.back(spectrum * np.exp((weights @ change) * fade[:, None]))
    levelled = wave.copy()
    at = np.arange(start, end)
    blend = np.clip(np.minimum(at - start + 1, end - at) / (edge / 4), 0, 1)
    levelled[start:end] += blend * (changed[start - first : end - first] - wave[start:end])
    return levelled


def _known(missing: NDArray[np.bool_], centre: int, first: int, last: int) -> bool:
    """Whether a frame lies within `first` to `last` and holds nothing that is missing."""
    begin, stop = centre - WINDOW // 2, centre + WINDOW // 2
    return begin >= first and stop <= last and not missing[begin:stop].any()


@lru_cache(maxsize=4)
def _bands(rate: int) -> Signal:
    """Triangles on the mel scale from LOWEST upwards, which add up to 1 above it: float64 [bins, bands]."""
    mels = 2595 * np.log10(1 + np.fft.rfftfreq(WINDOW, 1 / rate) / 700)
    step = mels[-1] / BANDS
    peaks = np.arange(2595 * np.log10(1 + LOWEST / 700), mels[-1] + step, step)
    weights: Signal = np.maximum(0, 1 - np.abs(mels[:, None] - peaks) / step)
    return weights[:, weights.sum(axis=0) > 0]
