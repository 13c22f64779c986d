"""How good a candidate is: what the model thinks of its tokens, and how well it meets its surroundings."""

from __future__ import annotations

import numpy as np

from aidd_studio.engines.aidd_segment import Segment
from aidd_studio.engines.burg import Signal

ZONE = 0.04
"""Seconds on each side of a gap's ends that are compared."""

BANDS = 20
MISMATCH_WEIGHT = 1.0
"""How many nats per token one neper of mismatch is worth."""


def score(log_likelihood: float, segment: Segment, made: Signal) -> float:
    """Nats per token less the mismatch at the gaps' ends in nepers; higher is better."""
    return log_likelihood - MISMATCH_WEIGHT * boundary_mismatch(segment, made)


def boundary_mismatch(segment: Segment, made: Signal) -> float:
    """Mean difference of band levels, in nepers, just outside and just inside of all ends. made: float64 [T]."""
    zone = round(ZONE * segment.rate)
    found = []
    for start, end in segment.gaps:
        reach = min(zone, end - start)
        for outside, inside in (
            (made[max(0, start - reach) : start], made[start : start + reach]),
            (made[end : end + reach], made[end - reach : end]),
        ):
            if len(outside) == reach:
                found.append(float(np.mean(np.abs(_band_levels(outside) - _band_levels(inside)))))
    return float(np.mean(found)) if found else 0.0


def _band_levels(sound: Signal) -> Signal:
    """Log amplitudes of BANDS bands of about equal width on a logarithmic scale: [BANDS]."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 2048)) ** 2
    edges = np.unique(np.round(np.geomspace(4, len(power), BANDS + 1)).astype(int))
    sums = np.add.reduceat(power, edges[:-1]) / np.diff(edges)
    levels: Signal = 0.5 * np.log(sums + 1e-6)
    return levels
