"""Features by which passages of a recording are compared: log-mel spectra in decibels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.signal import oaconvolve  # type: ignore[attr-defined]

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import hann, mel_bank
from aidd_studio.progress import Progress

BANDS = 40
LOWEST = 60.0
HIGHEST = 16000.0
WINDOW = 0.046
HOP = 0.0115
"""Seconds: a window resolves the notes' spectrum, the hop places a passage within what fine alignment can mend."""

RANGE = 50.0
"""Decibels below the loudest band at which a band counts as silent."""

FRAMES_PER_BLOCK = 2048


@dataclass(frozen=True, eq=False)
class Features:
    """values: float64 [frames, bands] in dB. intact: bool [frames], False where a frame saw missing samples.

    Frame i is centred on sample i·hop.
    """

    values: NDArray[np.float64]
    intact: NDArray[np.bool_]
    hop: int


def features(samples: Samples, missing: NDArray[np.bool_], rate: int, progress: Progress) -> Features:
    """Log-mel features of the channels' sum. samples, missing: [channels, frames]."""
    size, hop = 2 * round(WINDOW * rate / 2), max(1, round(HOP * rate))
    top = min(HIGHEST, 0.95 * rate / 2)
    bank = mel_bank(rate, size, BANDS, lowest=LOWEST, highest=top, narrow="widened").astype(np.float32)
    window = hann(size, symmetry="periodic").astype(np.float32)
    mono = np.pad(samples.mean(axis=0), (size // 2, size))
    gone = np.concatenate(([0], np.cumsum(np.pad(missing.any(axis=0), (size // 2, size)))))
    starts = np.arange(0, samples.shape[1], hop)
    views = np.lib.stride_tricks.sliding_window_view(mono, size)
    powers = np.empty((len(starts), BANDS))
    for first in range(0, len(starts), FRAMES_PER_BLOCK):
        progress.report(first / len(starts), "analysing the recording")
        block = starts[first : first + FRAMES_PER_BLOCK]
        powers[first : first + len(block)] = np.abs(np.asarray(rfft(views[block] * window, axis=1))) ** 2 @ bank
    floor = float(powers.max(initial=0.0)) * 10 ** (-RANGE / 10)
    values = 10 * np.log10(np.maximum(powers, max(floor, 1e-20)))
    return Features(values, gone[starts + size] == gone[starts], hop)


def distances(found: Features, first: int, last: int, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much frames `first` to `last` differ from every passage: RMS decibels, float64 [frames].

    Entry i compares with the passage whose first frame is i; infinity where too little of it is intact.
    weights: [last − first].
    """
    frames, length = len(found.values), last - first
    weights = weights * found.intact[first:last]
    query = found.values[first:last]
    centre = query.mean()
    intact = found.intact.astype(np.float64)
    values, query = (found.values - centre) * intact[:, None], query - centre

    def sliding(signal: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(oaconvolve(signal, kernel[::-1], mode="full", axes=0))[length - 1 :]

    weight = sliding(intact, weights)
    cross = sliding(values, query * weights[:, None]).sum(axis=1)
    theirs = sliding((values**2).sum(axis=1), weights)
    ours = sliding(intact, weights * (query**2).sum(axis=1))
    enough = weight > 0.8 * weights.sum()
    squared = np.maximum(0.0, theirs - 2 * cross + ours) / np.maximum(weight, 1e-12) / BANDS
    found_distances: NDArray[np.float64] = np.where(enough, np.sqrt(squared), np.inf)
    return found_distances[:frames]
