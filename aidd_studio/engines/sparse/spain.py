"""A-SPAIN: the sparsest spectra that agree with what is known of each frame.

Mokrý, Záviška, Rajmic & Veselý, "Introducing SPAIN (SParse Audio INpainter)", EUSIPCO 2019, Algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import Signal, hann
from aidd_studio.audio.stft import Spectrum
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.engines.engine import Window
from aidd_studio.engines.sparse.basis_learning import learn
from aidd_studio.engines.sparse.frames import RedundantFourier, Transform, cut, frame_starts, overlap_add
from aidd_studio.progress import Progress

FRAME_PER_GAP = 2.5
"""A frame must reach well beyond the gap on both sides to know anything about it."""

FEWEST_LESSONS = 8
"""Intact frames that must be at hand to learn a basis from; with fewer, the Fourier basis is used."""

TOLERANCE = 0.01
"""A frame is done when the sparse spectrum differs from the frame's own by this share of the frame's energy norm."""

GROWTH = 0.08
"""The allowed support grows by this share, and by one coefficient at least: tonal frames need small steps at first."""


@dataclass(frozen=True)
class Sparsity:
    """frame, largest: samples of a frame, and of the longest one for long gaps. rounds: see `spain`.

    learned: whether the basis is learned from intact frames (A-SPAIN-L).
    """

    frame: float
    largest: float
    rounds: int
    learned: bool


def fill_window(window: Window, sparsity: Sparsity, progress: Progress) -> Samples:
    """The window with all that is missing estimated, channel by channel: float32 [channels, frames]."""
    samples = window.samples.copy()
    damaged = np.flatnonzero(window.missing.any(axis=1))
    for index, channel in enumerate(damaged):
        share = progress.part(index / len(damaged), (index + 1) / len(damaged))
        missing = window.missing[channel]
        filled = _fill_row(window.samples[channel].astype(np.float64), missing, sparsity, share)
        samples[channel, missing] = filled[missing]
    return samples


def _fill_row(row: Signal, missing: NDArray[np.bool_], sparsity: Sparsity, progress: Progress) -> Signal:
    longest = max(end - start for start, end in true_runs(missing))
    frames = _frame_length(longest, sparsity)
    window = hann(frames, symmetry="midpoint")
    learning = progress.part(0.0, 0.2)
    transform = _learned(row, missing, window, learning) if sparsity.learned else RedundantFourier(frames)
    starts = frame_starts(missing, frames)
    known = np.asarray(cut(~missing, starts, frames), dtype=np.bool_)
    windowed = np.asarray(cut(row, starts, frames), dtype=np.float64) * window
    estimates = spain(windowed, known, transform, sparsity.rounds, progress.part(0.2, 1.0))
    filled = overlap_add(estimates, starts, window, len(row))
    peak = float(np.max(np.abs(row[~missing]), initial=0.0))
    return np.clip(filled, -peak, peak)


def _frame_length(longest: int, sparsity: Sparsity) -> int:
    """Samples of a frame: a multiple of 8, long enough for the longest gap."""
    wanted = max(sparsity.frame, FRAME_PER_GAP * longest)
    return max(64, 8 * round(min(wanted, sparsity.largest) / 8))


def _learned(row: Signal, missing: NDArray[np.bool_], window: Signal, progress: Progress) -> Transform:
    """A frame learned from the intact part of a row, where there is enough of it."""
    frames = len(window)
    counts = np.concatenate(([0], np.cumsum(missing)))
    hop = max(1, frames // 16)
    starts = [start for start in range(0, len(row) - frames + 1, hop) if counts[start + frames] == counts[start]]
    if len(starts) < FEWEST_LESSONS:
        return RedundantFourier(frames)
    return learn(np.asarray(cut(row, starts, frames), dtype=np.float64) * window, progress)


def spain(frames: Signal, known: NDArray[np.bool_], transform: Transform, rounds: int, progress: Progress) -> Signal:
    """Frames with their missing samples estimated: float64 [F, n].

    frames: windowed sound [F, n], 0 where missing. known: bool [F, n]. rounds: iterations before the allowed support
    grows (the papers' r). ADMM with hard thresholding; all frames are iterated together until each has converged.
    """
    found = np.where(known, frames, 0.0)
    norms = np.sqrt(np.sum(found**2, axis=1))
    active = np.flatnonzero(norms > 0)
    spectra = transform.analysis(found)
    dual = np.zeros_like(spectra)
    supports = _supports(frames.shape[1] // 2, rounds)
    for step, support in enumerate(supports):
        if len(active) == 0:
            break
        progress.report(step / len(supports), "finding the sparsest spectrum")
        sparse = hard_threshold(spectra[active] + dual[active], support)
        estimate = transform.synthesis(sparse - dual[active])
        found[active] = np.where(known[active], frames[active], estimate)
        spectra[active] = transform.analysis(found[active])
        difference = spectra[active] - sparse
        dual[active] += difference
        distance = np.sqrt(np.sum(np.abs(difference) ** 2, axis=1))
        active = active[distance > TOLERANCE * norms[active]]
    return found


def _supports(most: int, rounds: int) -> list[int]:
    """The allowed support of each iteration."""
    found, support = [], 1
    while support < most:
        found += [support] * rounds
        support += max(1, int(support * GROWTH))
    return found


def hard_threshold(spectra: Spectrum, support: int) -> Spectrum:
    """All but the `support` largest coefficients of each row set to 0."""
    if support >= spectra.shape[1]:
        return spectra
    powers = spectra.real**2 + spectra.imag**2
    limits = np.partition(powers, spectra.shape[1] - support, axis=1)[:, spectra.shape[1] - support]
    return np.where(powers >= limits[:, None], spectra, 0.0)
