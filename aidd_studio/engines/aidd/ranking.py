"""Scores of candidates: consensus and likelihood.

Consensus is the closeness to the expected fill, which has the least error on average (minimum Bayes risk decoding). The
likelihood of a candidate's tokens says next to nothing about its quality; it is used, with how well the candidate meets
its surroundings, only where a gap has no expected fill as a whole.
"""

from __future__ import annotations

import numpy as np

from aidd_studio.audio.signal import Signal, hann
from aidd_studio.audio.stft import ShortTime
from aidd_studio.engines.aidd.segment import Segment

ZONE = 0.04
"""Seconds on each side of a gap's ends that are compared."""

WINDOW = 1024
BANDS = 20
MISMATCH_WEIGHT = 1.0
"""Nats per token that one neper of mismatch costs."""


def likelihood_score(log_likelihood: float, segment: Segment, fill: Signal) -> float:
    """Nats per token minus the weighted mismatch at the gaps' ends; higher is better."""
    return log_likelihood - MISMATCH_WEIGHT * boundary_mismatch(segment, fill)


def consensus_score(segment: Segment, fill: Signal, expected: Signal) -> float:
    """Negative mean difference of band levels from the expected fill in the gaps, in nepers; 0 is best.

    fill, expected: float64 [T], the segment's wave with different fills.
    """
    transform = ShortTime(hann(WINDOW, symmetry="periodic"), len(fill))
    found = []
    for start, end in segment.gaps:
        pieces = transform.pieces_near(start, end, 0)
        levels = [_band_levels(np.abs(transform.of(wave, pieces)) ** 2) for wave in (fill, expected)]
        found.append(np.abs(levels[0] - levels[1]).mean())
    return 0.0 - float(np.mean(found)) if found else 0.0


def boundary_mismatch(segment: Segment, fill: Signal) -> float:
    """Mean difference of band levels, in nepers, just outside and just inside of all ends. fill: float64 [T]."""
    zone = round(ZONE * segment.rate)
    found = []
    for start, end in segment.gaps:
        reach = min(zone, end - start)
        for outside, inside in (
            (fill[max(0, start - reach) : start], fill[start : start + reach]),
            (fill[end : end + reach], fill[end - reach : end]),
        ):
            if len(outside) == reach:
                found.append(float(np.mean(np.abs(_levels(outside) - _levels(inside)))))
    return float(np.mean(found)) if found else 0.0


def _levels(sound: Signal) -> Signal:
    return _band_levels(np.abs(np.fft.rfft(sound * hann(len(sound), symmetry="symmetric"), 2048)) ** 2)


def _band_levels(power: Signal) -> Signal:
    """Log amplitudes of BANDS bands of about equal width on a logarithmic scale: [..., bins] to [..., BANDS]."""
    bins = power.shape[-1]
    edges = np.unique(np.round(np.geomspace(4, bins, BANDS + 1)).astype(int))
    sums = np.add.reduceat(power, edges[:-1], axis=-1) / np.diff(edges)
    levels: Signal = 0.5 * np.log(sums + 1e-6)
    return levels
