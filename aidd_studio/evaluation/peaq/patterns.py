"""Pattern processing: level and pattern adaptation, modulation, loudness.

Source: ITU-R BS.1387-1, Annex 2, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from aidd_studio.evaluation.peaq.bands import FRAMES_PER_SECOND, Array, bands, decay, leaky_sum, smooth
from aidd_studio.evaluation.peaq.ear import Excitation

BANDS_BELOW, BANDS_ABOVE = 3, 4
"""Neighbours over which the pattern correction is averaged in the basic version."""

LOUDNESS_EXPONENT = 0.23


@dataclass(frozen=True, eq=False)
class Patterns:
    """Patterns of one channel, each [frames, 109] but the loudness, [frames]."""

    adapted_original: Array
    adapted_restored: Array
    modulation_original: Array
    modulation_restored: Array
    envelope_original: Array  # smoothed compressed loudness, the weight of modulation differences
    loudness_original: Array  # sone
    loudness_restored: Array


def patterns(excited: Excitation) -> Patterns:
    """All patterns that the model output variables compare."""
    adapted = _adapted(excited.original, excited.restored)
    modulation_original, envelope = _modulation(excited.unsmeared_original)
    modulation_restored, _ = _modulation(excited.unsmeared_restored)
    return Patterns(
        *adapted,
        modulation_original,
        modulation_restored,
        envelope,
        _loudness(excited.original),
        _loudness(excited.restored),
    )


def _adapted(original: Array, restored: Array) -> tuple[Array, Array]:
    """Excitations with level and linear distortion (slow spectral changes) taken out."""
    factor = decay(0.050, 0.008)
    slow_original, slow_restored = smooth(original, factor), smooth(restored, factor)
    level = np.square(np.sum(np.sqrt(slow_original * slow_restored), axis=1) / np.sum(slow_restored, axis=1))
    original = original / np.maximum(level, 1.0)[:, None]
    restored = restored * np.minimum(level, 1.0)[:, None]
    cross = leaky_sum(original * restored, factor)
    power = leaky_sum(np.square(original), factor)
    ratio = cross / power
    correction_original = smooth(_averaged(np.minimum(ratio, 1.0)), factor)
    correction_restored = smooth(_averaged(np.minimum(1.0 / ratio, 1.0)), factor)
    return original * correction_original, restored * correction_restored


def _averaged(ratios: Array) -> Array:
    """Moving average over neighbouring bands, shorter at the ends."""
    count = ratios.shape[1]
    first = np.maximum(np.arange(count) - BANDS_BELOW, 0)
    last = np.minimum(np.arange(count) + BANDS_ABOVE, count - 1) + 1
    sums = np.concatenate([np.zeros((len(ratios), 1)), np.cumsum(ratios, axis=1)], axis=1)
    averaged: Array = (sums[:, last] - sums[:, first]) / (last - first)
    return averaged


def _modulation(unsmeared: Array) -> tuple[Array, Array]:
    """Modulation of the envelope, and the envelope itself."""
    factor = decay(0.050, 0.008)
    compressed = unsmeared**0.3
    change = FRAMES_PER_SECOND * np.abs(np.diff(compressed, axis=0, prepend=0.0))
    envelope = smooth(compressed, factor)
    return smooth(change, factor) / (1.0 + envelope / 0.3), envelope


@lru_cache(maxsize=1)
def _loudness_tables() -> tuple[Array, Array, Array]:
    """Excitation index, threshold and scale of each band."""
    centre = bands().centre
    index = 10.0 ** ((-2.0 - 2.05 * np.arctan(centre / 4000.0) - 0.75 * np.arctan(np.square(centre / 1600.0))) / 10.0)
    threshold = 10.0 ** (0.364 * (centre / 1000.0) ** -0.8)
    return index, threshold, 1.07664 * (threshold / (index * 1e4)) ** LOUDNESS_EXPONENT


def _loudness(excited: Array) -> Array:
    index, threshold, scale = _loudness_tables()
    specific = scale * ((1.0 - index + index * excited / threshold) ** LOUDNESS_EXPONENT - 1.0)
    total: Array = 24.0 / bands().count * np.sum(np.maximum(specific, 0.0), axis=1)
    return total
