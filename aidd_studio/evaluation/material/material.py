"""What kind of sound surrounds a gap: tonal, noisy or transient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.damage import Damage
from aidd_studio.evaluation.metrics.metrics import power_spectrogram

Material = Literal["tonal", "noisy", "transient"]

NEIGHBOURHOOD = 0.25
"""Seconds on each side of a gap that are looked at; the gap itself is not, since it is missing when it matters."""

NOISY_FLATNESS = -13.0
"""dB; spectral flatness (geometric over arithmetic mean of power, 100 Hz to 8 kHz) above which sound is noisy."""

ONSET_RISE = 9.0
"""dB by which the energy rises from one 10 ms block to the next at an onset."""

ONSETS_PER_SECOND = 3.0
"""More onsets than this make the surroundings transient."""


def material(samples: Samples, rate: int, gaps: Sequence[Damage]) -> Material:
    """The kind of sound around the gaps of a segment [channels, frames]."""
    reach = round(NEIGHBOURHOOD * rate)
    mono = samples.mean(axis=0, dtype=np.float64)
    sides = [mono[max(0, gap.start - reach) : gap.start] for gap in gaps]
    sides += [mono[gap.end : gap.end + reach] for gap in gaps]
    sides = [side for side in sides if len(side) >= reach // 2]
    if not sides:
        return "tonal"
    if float(np.mean([onset_rate(side, rate) for side in sides])) > ONSETS_PER_SECOND:
        return "transient"
    return "noisy" if float(np.mean([flatness(side, rate) for side in sides])) > NOISY_FLATNESS else "tonal"


def flatness(samples: NDArray[np.float64], rate: int) -> float:
    """Spectral flatness in dB, 0 for white noise and far below for tones; mean over frames of 43 ms or so."""
    window = 1 << round(float(np.log2(rate * 0.043)))
    power = power_spectrogram(samples, window, window // 2)[0]
    frequencies = np.fft.rfftfreq(window, 1 / rate)
    band = power[:, (frequencies >= 100) & (frequencies <= 8000)] + 1e-12
    return float(np.mean(10 * np.log10(np.exp(np.mean(np.log(band), axis=1)) / np.mean(band, axis=1))))


def onset_rate(samples: NDArray[np.float64], rate: int) -> float:
    """Sudden rises of energy per second."""
    block = max(1, round(0.010 * rate))
    count = len(samples) // block
    if count < 2:
        return 0.0
    level = 10 * np.log10(np.mean(np.square(samples[: count * block].reshape(count, block)), axis=1) + 1e-9)
    return float(np.sum(np.diff(level) > ONSET_RISE)) / (count * block / rate)
