"""Finding digital silence and stuck samples: runs of one value inside sound."""

from __future__ import annotations

import math

import numpy as np

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.detection.edges import contrast_after, contrast_before, quantum
from aidd_studio.damage.detection.settings import DetectionSettings
from aidd_studio.damage.detection.spans import Span, true_runs

FADED = -11.0
"""dB that the last millisecond may lie below the last ten; sound that fades further ended by itself."""

QUIETEST = -82.0
"""dBFS of the differences next to the run; below lies the noise of converters and codecs."""

OVER_QUANTUM = 8.0
"""dB that the sound next to the run exceeds the smallest step nearby."""

OTHERS = 4.0
"""How many times longer than the constant runs nearby: coarse quantisation and square waves have many."""

EQUAL = 0.85
"""Share of equal neighbouring samples nearby from which constant runs are what the sound is made of."""

NEARBY = 0.030
"""Seconds that count as nearby."""

FEWEST = 16
"""Shortest run of digital silence in samples, whatever the rate."""

SHORTEST_HELD = 0.0025
"""Shortest run of another value in seconds; shorter plateaus belong to square waves and clipping."""

CLIPPED = 0.98
"""Share of the greatest magnitude from which a run is clipping, unless nothing else nearby is clipped."""


def constant_runs(signal: Samples, rate: int, settings: DetectionSettings) -> list[Span]:
    """Runs of one value in a channel [n] that no sound produces by itself.

    Runs at the signal's first or last sample have no sound on one side and are no gaps.
    """
    same = signal[1:] == signal[:-1]
    shortest = max(FEWEST, round(settings.shortest * rate))
    peak = float(np.abs(signal).max(initial=0.0))
    found = []
    for first, last in true_runs(same, shortest - 1):
        start, end = first, last + 1
        if start == 0 or end == len(signal) or end - start > settings.longest * rate:
            continue
        held = signal[start] != 0
        if held and end - start < SHORTEST_HELD * rate:
            continue
        # The first sample of a stuck run is the last good one.
        start += int(held)
        confidence = _confidence(signal, start, end, rate, peak)
        if confidence >= settings.confidence:
            found.append(Span(start, end, "held" if held else "silence", confidence))
    return found


def _confidence(signal: Samples, start: int, end: int, rate: int, peak: float) -> float:
    """0 to 1, by the weakest of the signs."""
    before, after = contrast_before(signal, start, end, rate), contrast_after(signal, start, end, rate)
    faded = min(max(before.held_up), max(after.held_up))
    level = min(max(before.level), max(after.level))
    reach = round(NEARBY * rate)
    left, right = signal[max(0, start - reach) : start], signal[end : end + reach]
    equal = np.concatenate([left[1:] == left[:-1], right[1:] == right[:-1]])
    if len(equal) < 8:
        return 0.0
    lengths = sorted(last - first + 1 for first, last in true_runs(equal))
    other = lengths[-2] if len(lengths) > 1 else 1
    margins = [
        (faded - FADED) / 2,
        (level - max(QUIETEST, quantum(np.concatenate([left, right])) + OVER_QUANTUM)) / 4,
        2 * math.log2((end - start) / other / OTHERS),
        20 * (EQUAL - float(equal.mean())),
    ]
    if abs(float(signal[start])) >= CLIPPED * peak > 0:
        clipped = np.abs(np.concatenate([left, right])) >= CLIPPED * peak
        margins += [20 * (0.02 - float(clipped.mean())) * 5, (end - start) / rate / 0.004 - 1]
    return 1 / (1 + math.exp(-max(-30.0, min(margins))))
