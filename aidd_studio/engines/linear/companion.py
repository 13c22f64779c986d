"""Predicting damaged channels from intact ones, each through a short filter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal, correlation
from aidd_studio.engines.windows import Stretch

REACH = 0.0004
"""Seconds by which channels may lead or lag each other; longer filters overfit the context."""

LARGEST_SHARE = 0.5
"""A companion counts when it leaves at most this share of the energy unexplained (3 dB)."""

MOST_COMPANIONS = 3
RIDGE = 1e-6


def predict_from_intact(
    samples: Signal, missing: NDArray[np.bool_], stretch: Stretch, context: int, rate: int
) -> Signal:
    """The damaged channels as predicted from intact ones: float64 [len(stretch.channels), frames of the region].

    samples: [channels, frames] with first guesses in the gaps; the region reaches `context` frames to both sides of
    the stretch. The prediction is a least-squares filter, checked on every other twentieth of the context, which it was
    not fitted to; where it explains too little, it is 0.
    """
    first, last = max(0, stretch.start - context), min(samples.shape[1], stretch.end + context)
    found = np.zeros((len(stretch.channels), last - first))
    intact = [
        channel
        for channel in range(samples.shape[0])
        if channel not in stretch.channels and not missing[channel, first:last].any()
    ]
    known: NDArray[np.bool_] = ~np.asarray(missing[list(stretch.channels), first:last].any(axis=0))
    known[stretch.start - first : stretch.end - first] = False
    if not intact or np.count_nonzero(known) < 512:
        return found
    for row, channel in enumerate(stretch.channels):
        wanted = samples[channel, first:last]
        alike = sorted(intact, key=lambda other: -abs(correlation(samples[other, first:last][known], wanted[known])))
        lagged = _lagged(samples[alike[:MOST_COMPANIONS]], first, last, max(1, round(REACH * rate)))
        found[row] = _prediction(lagged, wanted, known)
    return found


def _lagged(rows: Signal, first: int, last: int, reach: int) -> Signal:
    """Each row shifted by −reach … reach frames: [rows·(2·reach + 1), last − first]."""
    padded = np.pad(rows, ((0, 0), (reach, reach)))
    shifts = range(2 * reach + 1)
    return np.concatenate([padded[:, first + shift : last + shift] for shift in shifts])


def _prediction(lagged: Signal, wanted: Signal, known: NDArray[np.bool_]) -> Signal:
    pieces = np.arange(len(wanted)) * 20 // len(wanted) % 2 == 0
    fitted, held_out = known & pieces, known & ~pieces
    trial = wanted[held_out] - _filter(lagged, wanted, fitted) @ lagged[:, held_out]
    energy = float(np.dot(wanted[held_out], wanted[held_out]))
    if energy == 0.0 or float(np.dot(trial, trial)) > LARGEST_SHARE * energy:
        return np.zeros_like(wanted)
    return _filter(lagged, wanted, known) @ lagged


def _filter(lagged: Signal, wanted: Signal, where: NDArray[np.bool_]) -> Signal:
    seen = lagged[:, where]
    products = seen @ seen.T
    ridge = RIDGE * float(np.trace(products)) / len(products) + np.finfo(np.float64).tiny
    return np.asarray(np.linalg.solve(products + ridge * np.eye(len(products)), seen @ wanted[where]), np.float64)
