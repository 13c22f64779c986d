"""The peripheral ear model: from samples to excitation patterns.

Source: ITU-R BS.1387-1, Annex 2, section 2.1; the numbers in comments are its equations where Kabal keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from aidd_studio.audio.signal import hann
from aidd_studio.evaluation.peaq.bands import BAND_WIDTH, FRAME, HOP, RATE, Array, bands, decay, ear_weighting, smooth

FULL_SCALE = 32_768.0
"""The standard's thresholds are stated for 16-bit samples."""

LISTENING_LEVEL = 92.0
"""dB SPL of a full-scale sine of 1019.5 Hz."""

SMALLEST_POWER = 1e-12
SPREADING_EXPONENT = 0.4


@dataclass(frozen=True, eq=False)
class Spectra:
    """Frames of one channel of the original and the restored recording, and their power spectra at listening level."""

    original_frames: Array  # [frames, 2048], 16-bit units
    restored_frames: Array
    original: Array  # [frames, 1025]
    restored: Array


@dataclass(frozen=True, eq=False)
class Excitation:
    """Patterns of one channel over frames and bands, each [frames, 109]."""

    noise: Array  # grouped power of the difference of the weighted magnitudes
    unsmeared_original: Array
    unsmeared_restored: Array
    original: Array  # after forward masking
    restored: Array


def spectra(original: Array, restored: Array) -> Spectra:
    """Windowed power spectra of two mono signals [samples] in 16-bit units, frame by frame."""
    a, b = _frames(original), _frames(restored)
    window = _window()
    return Spectra(a, b, _power(a * window), _power(b * window))


def excitation(pair: Spectra) -> Excitation:
    """Weight, group, add internal noise, spread over frequency and smear over time."""
    table, weighting = bands(), ear_weighting()
    a, b = pair.original * weighting, pair.restored * weighting
    noise = np.square(np.sqrt(a) - np.sqrt(b))
    grouped = [np.maximum(power @ table.grouping, SMALLEST_POWER) for power in (a, b, noise)]
    spread = [_spread(pattern + table.internal_noise) for pattern in grouped[:2]]
    factor = decay(0.030, 0.008)
    smeared = [np.maximum(smooth(pattern, factor), pattern) for pattern in spread]
    return Excitation(grouped[2], spread[0], spread[1], smeared[0], smeared[1])


def _frames(samples: Array) -> Array:
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]


def _power(frames: Array) -> Array:
    spectrum = np.fft.rfft(frames, axis=-1)
    power: Array = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


@lru_cache(maxsize=1)
def _window() -> Array:
    """Hann window scaled so that a full-scale sine at 1019.5 Hz peaks at the listening level (Kabal, eq. 3-8)."""
    frequency = 1019.5 / RATE
    below = frequency * FRAME - np.floor(frequency * FRAME)
    distance = min(below, 1.0 - below) / FRAME * (FRAME - 1)
    peak = np.sin(np.pi * distance) / (np.pi * distance * (1.0 - distance**2))
    gain = 10.0 ** (LISTENING_LEVEL / 20.0) / (peak * FULL_SCALE / 4.0 * (FRAME - 1))
    window: Array = gain * hann(FRAME, symmetry="symmetric")
    return window


def _spread(pattern: Array) -> Array:
    """Spread power over frequency with level-dependent upper slopes, normalised to leave a flat pattern alone."""
    return _spread_unnormalised(pattern) / _spread_of_ones()


@lru_cache(maxsize=1)
def _spread_of_ones() -> Array:
    flat: Array = _spread_unnormalised(np.ones((1, bands().count)))[0]
    return flat


def _spread_unnormalised(pattern: Array) -> Array:
    table = bands()
    count = table.count
    lower = 10.0 ** (-2.7 * BAND_WIDTH)
    upper = 10.0 ** ((-2.4 - 23.0 / table.centre) * BAND_WIDTH) * pattern ** (0.2 * BAND_WIDTH)
    position = np.arange(count)
    gain_below = (1.0 - lower ** (position + 1)) / (1.0 - lower)
    gain_above = (1.0 - upper ** (count - position)) / (1.0 - upper)
    source = (pattern / (gain_below + gain_above - 1.0)) ** SPREADING_EXPONENT
    rise, fall = lower**SPREADING_EXPONENT, np.log(upper) * SPREADING_EXPONENT
    total = source.copy()
    for band in range(count - 2, -1, -1):
        total[:, band] += rise * total[:, band + 1]
    for band in range(count - 1):
        steps = np.arange(1, count - band)
        total[:, band + 1 :] += source[:, band, None] * np.exp(fall[:, band, None] * steps)
    spread: Array = total ** (1.0 / SPREADING_EXPONENT)
    return spread
