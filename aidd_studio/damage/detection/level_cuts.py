"""Finding level cuts: stretches whose level drops and returns from one sample to the next."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.detection.edges import Contrast, contrast_after, contrast_before, quantum
from aidd_studio.damage.detection.settings import DetectionSettings
from aidd_studio.damage.detection.spans import Span

STEP = 0.001
"""Seconds of one envelope step."""

CANDIDATE_DROP = 10 ** (12 / 10)
"""Ratio of powers from which a drop is examined."""

BEFORE, INSIDE = 5, 2
"""Envelope steps compared on each side of a border; the step that contains the border is left out."""

FALLS = 3
"""Borders tried for a drop in several steps."""

ECHO = 3e-4
"""Power relative to the sound at a border that counts as silence: ringing of resamplers and codecs."""

QUIETEST = 1e-11
"""Least power of an envelope step, so that ratios stay finite."""

FAINTEST = -72.0
"""Least level in dBFS of the sound beside a level cut; quieter sound is not missed."""

OVER_QUANTUM = 15.0
"""dB that the sound beside a level cut exceeds the smallest step; below, coarse quantisation cuts by itself."""

FADED = -12.0
"""dB that the last millisecond may lie below the last ten; sound that fades further ended by itself."""

SUSTAINED = 4.0
"""dB that the middle one of ten milliseconds outside exceeds all inside; less is a click beside silence."""

SHALLOWEST = 16.0
"""dB that the loudest millisecond inside lies below both sides, however sharp the borders are."""

SHALLOWEST_SAMPLES = 10.0
"""The same for the samples alone, without their differences."""

NEARBY = 0.030
"""Seconds around a stretch searched for its smallest step."""

SHORTEST = 0.0046
"""Seconds; between the pulses of a low voice or a synthesizer the level falls and rises within less."""

LONGEST = 1.0
"""Seconds; longer quiet stretches are left alone, since a level cut is never as certain as digital silence."""

REFINE = 0.002
"""Seconds around a rough border searched for the exact one."""


def level_cuts(signal: Samples, rate: int, settings: DetectionSettings) -> list[Span]:
    """Stretches of a channel [n] in which the level is cut, with abrupt borders on both sides."""
    shortest = max(2, round(max(SHORTEST, settings.shortest) * rate))
    longest = round(min(LONGEST, settings.longest) * rate)
    found = []
    refined = {refine(signal, start, end, rate) for start, end in candidates(signal, rate, longest)}
    for start, end in sorted(refined):
        if start <= 0 or end >= len(signal) or not shortest <= end - start <= longest:
            continue
        confidence = _confidence(signal, start, end, rate, settings.depth)
        if confidence >= settings.confidence:
            found.append(Span(start, end, "near-silence", confidence))
    return found


def candidates(signal: Samples, rate: int, longest: int) -> list[tuple[int, int]]:
    """Rough stretches (to about a millisecond) of a channel [n] that are quieter than both their sides."""
    hop = max(4, round(STEP * rate))
    found: set[tuple[int, int]] = set()
    for view in (signal, np.diff(signal, prepend=signal[:1])):
        power = _envelope(view, hop)
        steps = max(1, longest // hop)
        found.update((start * hop, end * hop) for start, end in _dips(power, steps))
        count = len(power)
        found.update(((count - end) * hop, (count - start) * hop) for start, end in _dips(power[::-1], steps))
    return sorted(found)


def refine(signal: Samples, start: int, end: int, rate: int) -> tuple[int, int]:
    """The exact borders: where a step in level explains the samples best."""
    reach = max(8, round(REFINE * rate))
    reach_in = min(reach, max(2, (end - start) // 2))
    first, last = max(0, start - reach), start + reach_in
    # A jump at the border belongs to the sound outside: differences are taken towards the inside.
    begin = first + _step(signal[first:last], np.diff(signal[first : last + 1]))
    first, last = end - reach_in, min(len(signal), end + reach)
    backward = signal[first:last][::-1]
    finish = last - _step(backward, np.diff(signal[max(0, first - 1) : last][::-1]))
    return begin, finish


def _confidence(signal: Samples, start: int, end: int, rate: int, depth: float) -> float:
    """0 to 1, by the weaker border."""
    weakest = faintest = math.inf
    for contrast in (contrast_before, contrast_after):
        border = contrast(signal, start, end, rate)
        weakest, faintest = min(weakest, _depth(border)), min(faintest, border.level[0])
        if weakest < SHALLOWEST:
            return 0.0
    reach = round(NEARBY * rate)
    if faintest < max(FAINTEST, OVER_QUANTUM + quantum(signal[max(0, start - reach) : end + reach])):
        return 0.0
    return 1 / (1 + math.exp(-(weakest - depth) / 2))


def _depth(border: Contrast) -> float:
    """How far the level drops in dB: the step at the border and the drop over some time count equally."""
    drop = max(border.drop)
    # A held value has quiet differences, but not quiet samples.
    if drop < SHALLOWEST or border.drop[0] < SHALLOWEST_SAMPLES:
        return 0.0
    if max(border.held_up) < FADED or max(border.sustained) < SUSTAINED:
        return 0.0
    return (max(border.step) + drop) / 2


def _envelope(view: Samples, hop: int) -> NDArray[np.float64]:
    """Mean power of each hop: [n // hop]."""
    blocks = view[: len(view) // hop * hop].reshape(-1, hop)
    energy: NDArray[np.float32] = np.einsum("ij,ij->i", blocks, blocks)
    return energy.astype(np.float64) / hop + QUIETEST


def _dips(power: NDArray[np.float64], longest: int) -> list[tuple[int, int]]:
    count = len(power)
    if count < 2 * BEFORE + INSIDE + 2:
        return []
    total = np.concatenate([[0.0], np.cumsum(power)])
    at = np.arange(BEFORE, count - INSIDE - 1)
    before = (total[at] - total[at - BEFORE]) / BEFORE
    inside = np.maximum.reduce([power[at + 1 + step] for step in range(INSIDE)])
    ratio = before / inside
    sharpness = ratio * power[at - 1] / power[at + 1]
    falls = np.flatnonzero(ratio > CANDIDATE_DROP)
    dips = []
    for group in np.split(falls, np.flatnonzero(np.diff(falls) > 1) + 1):
        for best in _sharpest(group, sharpness):
            start = int(at[best])
            # The sound may come back quieter than it went, so a rise above what is inside counts as well.
            for threshold in {before[best] / CANDIDATE_DROP, inside[best] * CANDIDATE_DROP}:
                above = np.flatnonzero(power[start + 1 : start + 1 + longest + 1] > threshold)
                if len(above) and above[0] >= INSIDE and _rises(power, start + 1, start + 1 + int(above[0])):
                    dips.append((start, start + 1 + int(above[0])))
    return dips


def _sharpest(group: NDArray[np.int_], sharpness: NDArray[np.float64]) -> list[int]:
    """The sharpest falls among neighbouring ones: a codec's echo may end more sharply than the sound beside it did."""
    sharp = np.pad(sharpness[group], 1, constant_values=-1.0)
    peaks = np.flatnonzero((sharp[1:-1] >= sharp[:-2]) & (sharp[1:-1] > sharp[2:]))
    return [int(group[peak]) for peak in sorted(peaks, key=lambda peak: -sharp[peak + 1])[:FALLS]]


def _rises(power: NDArray[np.float64], first: int, end: int) -> bool:
    """True when the sound after the step `end`, which may hold the border, is as much louder as before `first`."""
    after = power[end + 1 : end + 1 + BEFORE]
    return len(after) > 0 and bool(after.mean() > CANDIDATE_DROP * power[max(first, end - INSIDE) : end].max())


def _step(levels: Samples, slopes: Samples) -> int:
    """The index that splits a stretch into a loud first and a quiet second part with the greatest likelihood.

    Gaussian change of variance, summed over the samples and their differences (both [n]).
    """
    count = min(len(levels), len(slopes))
    if count < 8:
        return count // 2
    split = np.arange(2, count - 1)
    cost = np.zeros(len(split))
    for view in (levels, slopes):
        powers = np.square(view[:count], dtype=np.float64)
        total = np.cumsum(powers + QUIETEST + ECHO * powers.mean())
        head, tail = total[split - 1], total[-1] - total[split - 1]
        cost += split * np.log(head / split) + (count - split) * np.log(tail / (count - split))
    return int(split[np.argmin(cost)])
