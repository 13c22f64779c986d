"""Upper bound for a fill that knows everything but the noise: the original with its noise redrawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import edge_weight, hann
from aidd_studio.audio.stft import ShortTime, averaged

WINDOW = 1024
FADE = 60
"""Frames at each end of the gap over which the new noise sets in."""

PATCH = (5, 15)
"""Pieces and bins over which the level of the noise is taken, as the mean of logarithms."""

ABOVE = 10.0
"""Power over the noise around from which on a bin, with its neighbours, is a tone and stays."""

MEAN_OVER_GEOMETRIC = np.exp(np.euler_gamma)
"""The mean of noise's power in a bin over the exponential of the mean of its logarithm."""

FLOOR = 1e-14


def noise_drawn_anew(sound: NDArray[np.float32], begin: int, end: int, seed: int) -> NDArray[np.float32]:
    """A recording [frames] with the noise in its gap replaced by other noise of the same levels."""
    rng = np.random.default_rng(seed)
    transform = ShortTime(hann(WINDOW, symmetry="periodic"), len(sound))
    pieces = transform.pieces_near(begin, end, PATCH[0])
    spectrum = transform.of(sound.astype(np.float64), pieces)
    power = np.abs(spectrum) ** 2
    noise = MEAN_OVER_GEOMETRIC * np.exp(averaged(np.log(power + FLOOR), PATCH))
    tone = power > ABOVE * noise
    tone[:, 1:] |= tone[:, :-1].copy()
    tone[:, :-1] |= tone[:, 1:].copy()
    drawn = transform.noise(1, rng, pieces)[0] * np.sqrt(noise)
    made = transform.back(np.where(tone, spectrum, drawn), pieces)[begin:end]
    weight = edge_weight(end - begin, min(FADE, (end - begin) // 2))
    renewed = sound.copy()
    renewed[begin:end] = sound[begin:end] * (1 - weight) + made * weight
    return renewed
