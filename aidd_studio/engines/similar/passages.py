"""Passages that can replace a gap: found by their surroundings, aligned, copied."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate  # type: ignore[attr-defined]

from aidd_studio.audio.clip import Samples
from aidd_studio.audio.signal import Signal, level_gain
from aidd_studio.engines.engine import Window
from aidd_studio.engines.similar.features import Features, distances, features
from aidd_studio.engines.windows import Stretch, stretches
from aidd_studio.errors import DamageError
from aidd_studio.progress import Progress

ZONE = 0.05
"""Seconds beside each border over which a passage is aligned by its waveform and rendered for the cross-fade."""

LARGEST_LAG = 0.03
"""Seconds by which alignment may move a passage: two hops of the features and a bit."""

LARGEST_GAIN = 2.0
POOL = 16
"""Passages that are aligned and ranked; always as many, so that a candidate does not depend on how many are wanted."""

APART = 0.1
"""Seconds between two passages that count as different."""


@dataclass(frozen=True)
class Passage:
    """A passage that fits a gap: `shift` frames later than the gap (earlier when negative)."""

    shift: int
    difference: float  # RMS decibels at the worse border
    correlation: float  # of the waveforms beside the gap, −1 to 1

    @property
    def score(self) -> float:
        """Match quality, 0 to 1."""
        return 0.5 * math.exp(-self.difference / 12.0) + 0.5 * max(0.0, self.correlation)


@dataclass(frozen=True, eq=False)
class Copy:
    """A window with passages copied into its gaps, how well they match (0 to 1), and where they were taken from."""

    samples: Samples
    score: float
    note: str


def copies(window: Window, count: int, border: float, worst: float, progress: Progress) -> Iterator[Copy]:
    """Up to `count` ways to fill all gaps of a window, best first; see `find_passages` for the rest."""
    holes = stretches(window.wanted)
    sound = features(window.samples, window.missing, window.rate, progress.part(0.0, 0.5))
    passages = []
    for index, hole in enumerate(holes):
        progress.report(0.5 + 0.4 * index / len(holes), "looking for a similar passage")
        passages.append(find_passages(window, sound, hole, border, worst, progress))
    for index in range(min(count, max(map(len, passages), default=0))):
        samples = window.samples.copy()
        used = [found[min(index, len(found) - 1)] for found in passages]
        for hole, passage in zip(holes, used, strict=True):
            progress.check()
            _copy(samples, window, hole, passage.shift)
        progress.report(0.9 + 0.1 * (index + 1) / count, "similar passage")
        yield Copy(samples, float(np.mean([passage.score for passage in used])), _note(window, holes, used))


def find_passages(
    window: Window, sound: Features, hole: Stretch, border: float, worst: float, progress: Progress
) -> list[Passage]:
    """Passages that fit a gap, best first.

    border: seconds of sound compared on each side. worst: decibels of difference at which nothing matches. Raises
    DamageError when the recording is too short or nothing in it resembles the surroundings of the gap.
    """
    where = f"the gap at {(window.offset + hole.start) / window.rate:.3f} s"
    coarse = _differences(window, sound, hole, border)
    if not np.any(np.isfinite(coarse)):
        raise DamageError(f"The recording is too short to hold another passage for {where}; try another engine.")
    if float(coarse.min()) > worst:
        raise DamageError(f"No passage of the recording resembles the surroundings of {where}; try another engine.")
    found: list[Passage] = []
    apart = max(1, round(APART * window.rate / sound.hop))
    while len(found) < POOL and float(coarse.min()) <= worst:
        progress.check()
        best = int(np.argmin(coarse))
        shift = best * sound.hop - round(hole.start / sound.hop) * sound.hop
        aligned = _align(window, hole, shift)
        if aligned is not None:
            found.append(Passage(aligned[0], float(coarse[best]), aligned[1]))
        coarse[max(0, best - apart) : best + apart + 1] = np.inf
    if not found:
        raise DamageError(f"No passage of the recording is intact enough for {where}; try another engine.")
    return sorted(found, key=lambda passage: -passage.score)


def _differences(window: Window, sound: Features, hole: Stretch, border: float) -> Signal:
    """By where a passage in place of the gap would begin: the difference at its worse border, in dB [frames]."""
    frames, width = len(sound.values), max(4, round(border * window.rate / sound.hop))
    start, end = round(hole.start / sound.hop), round(hole.end / sound.hop)
    before, after = min(width, start), min(width, frames - end)
    worst = np.full(frames, np.inf)
    usable = np.ones(frames, dtype=np.bool_)
    if before >= 4:
        found = distances(sound, start - before, start, np.linspace(0.2, 1.0, before))
        moved = np.full(frames, np.inf)
        moved[before:] = found[: frames - before]
        worst, usable = moved, np.isfinite(moved)
    if after >= 4:
        found = distances(sound, end, end + after, np.linspace(1.0, 0.2, after))
        moved = np.full(frames, np.inf)
        moved[: frames - (end - start)] = found[end - start :]
        worst = np.where(np.isfinite(worst), np.maximum(worst, moved), moved) if before >= 4 else moved
        usable &= np.isfinite(moved)
    worst[~usable] = np.inf
    beside = end - start + 2
    worst[max(0, start - beside) : start + beside] = np.inf
    return worst


def _zones(window: Window, hole: Stretch) -> list[tuple[int, int]]:
    """The intact frames beside a gap that a passage is aligned by."""
    reach = round(ZONE * window.rate)
    missing: NDArray[np.bool_] = np.asarray(window.missing[list(hole.channels)].any(axis=0))
    left = hole.start
    while left > max(0, hole.start - reach) and not missing[left - 1]:
        left -= 1
    right = hole.end
    while right < min(window.frames, hole.end + reach) and not missing[right]:
        right += 1
    return [(first, last) for first, last in ((left, hole.start), (hole.end, right)) if last > first]


def _align(window: Window, hole: Stretch, shift: int) -> tuple[int, float] | None:
    """The shift near a given one at which waveforms agree best, with their correlation; None where sound is missing."""
    most, rows = round(LARGEST_LAG * window.rate), list(hole.channels)
    reach = round(ZONE * window.rate)
    first, last = max(0, hole.start - reach) + shift - most, min(window.frames, hole.end + reach) + shift + most
    if first < 0 or last > window.frames or window.missing[rows, first:last].any():
        return None
    product, power, energy = np.zeros(2 * most + 1), np.zeros(2 * most + 1), 0.0
    for start, end in _zones(window, hole):
        for row in rows:
            here = window.samples[row, start:end].astype(np.float64)
            there = window.samples[row, start + shift - most : end + shift + most].astype(np.float64)
            product += correlate(there, here, mode="valid")
            squares = np.concatenate(([0.0], np.cumsum(there**2)))
            power += squares[end - start :] - squares[: len(squares) - (end - start)]
            energy += float(np.dot(here, here))
    norm = np.sqrt(np.maximum(power, 0.0) * energy)
    matches = np.where(norm > 1e-12, product / np.maximum(norm, 1e-12), 0.0)
    best = int(np.argmax(matches))  # of equal ones the earliest
    return shift + best - most, float(min(1.0, matches[best]))


def _copy(samples: Samples, window: Window, hole: Stretch, shift: int) -> None:
    """Copy a passage over a gap and the intact frames beside it, at the level of what was there."""
    rows = list(hole.channels)
    zones = _zones(window, hole)
    first, last = min([hole.start, *(zone[0] for zone in zones)]), max([hole.end, *(zone[1] for zone in zones)])
    passage = window.samples[rows, first + shift : last + shift].astype(np.float64)
    gains = [
        level_gain(window.samples[rows, start:end], passage[:, start - first : end - first], LARGEST_GAIN)
        for start, end in zones
    ]
    ramp = np.ones(last - first)
    if gains:
        ramp[: hole.start - first] = gains[0]
        ramp[hole.start - first : hole.end - first] = np.geomspace(gains[0], gains[-1], hole.frames)
        ramp[hole.end - first :] = gains[-1]
    samples[rows, first:last] = (passage * ramp).astype(np.float32)


def _note(window: Window, holes: list[Stretch], used: list[Passage]) -> str:
    """Where the passages were taken from, for the fill's note."""
    places = [
        f"{(window.offset + hole.start + passage.shift) / window.rate:.2f} s"
        for hole, passage in zip(holes, used, strict=True)
    ]
    return f"taken from {', '.join(places)}"
