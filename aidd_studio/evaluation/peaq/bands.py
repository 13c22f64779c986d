"""The fixed tables of the FFT ear model: frames, critical bands, ear weighting, internal noise, time constants.

Source: ITU-R BS.1387-1, Annex 2, section 2; P. Kabal, "An Examination and Interpretation of ITU-R BS.1387", 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE = 48_000
FRAME = 2_048
HOP = FRAME // 2
FRAMES_PER_SECOND = RATE / HOP
BAND_WIDTH = 0.25  # Bark
LOWEST, HIGHEST = 80.0, 18_000.0  # Hz


@dataclass(frozen=True, eq=False)
class Bands:
    """109 bands of a quarter Bark from 80 Hz to 18 kHz."""

    lower: Array  # Hz [109]
    centre: Array
    upper: Array
    grouping: Array  # [1025, 109]: the share of each bin's power that belongs to each band
    internal_noise: Array  # power [109]

    @property
    def count(self) -> int:
        return len(self.centre)


@lru_cache(maxsize=1)
def bands() -> Bands:
    """The band tables, computed once from the formula behind the standard's table (which holds a few misprints)."""
    first, last = _bark(LOWEST), _bark(HIGHEST)
    count = int(np.ceil((last - first) / BAND_WIDTH))
    low = np.float64(first) + np.arange(count, dtype=np.float64) * BAND_WIDTH
    high = low + BAND_WIDTH
    high[-1] = last
    lower, centre, upper = _hertz(low), _hertz(np.asarray((low + high) / 2, dtype=np.float64)), _hertz(high)
    bin_width = RATE / FRAME
    bins = np.arange(FRAME // 2 + 1)[:, None]
    overlap = np.minimum(upper, (bins + 0.5) * bin_width) - np.maximum(lower, (bins - 0.5) * bin_width)
    grouping = np.maximum(overlap, 0.0) / bin_width
    return Bands(lower, centre, upper, grouping, 10.0 ** (0.1456 * (centre / 1000.0) ** -0.8))


@lru_cache(maxsize=1)
def ear_weighting() -> Array:
    """Power response of the outer and middle ear for each bin: [1025]."""
    kilohertz = np.arange(FRAME // 2 + 1) * RATE / FRAME / 1000.0
    with np.errstate(divide="ignore"):
        decibels = -2.184 * kilohertz**-0.8 + 6.5 * np.exp(-0.6 * np.square(kilohertz - 3.3)) - 0.001 * kilohertz**3.6
    weighting: Array = 10.0 ** (decibels / 10.0)
    return weighting


def decay(slowest: float, fastest: float) -> Array:
    """Per-frame factor of a first-order filter, [109]: time constant `slowest` (s) at 100 Hz, nearing `fastest`."""
    seconds = fastest + (100.0 / bands().centre) * (slowest - fastest)
    factor: Array = np.exp(-1.0 / (FRAMES_PER_SECOND * seconds))
    return factor


def smooth(values: Array, factor: Array) -> Array:
    """First-order low pass along time: values [frames, bands], factor [bands]; starts from 0."""
    return leaky_sum((1.0 - factor) * values, factor)


def leaky_sum(values: Array, factor: Array) -> Array:
    """y[n] = factor · y[n − 1] + values[n] along time, from 0: [frames, bands]."""
    summed = np.empty_like(values)
    state = np.zeros(values.shape[1])
    for index, row in enumerate(values):
        state = factor * state + row
        summed[index] = state
    return summed


def _bark(hertz: float) -> float:
    return float(7.0 * np.arcsinh(hertz / 650.0))


def _hertz(bark: Array) -> Array:
    frequency: Array = 650.0 * np.sinh(bark / 7.0)
    return frequency
