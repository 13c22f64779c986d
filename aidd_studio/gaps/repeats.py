"""Finding repeated buffers: a player that ran dry and played the same samples again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.gaps.edges import Signal
from aidd_studio.gaps.settings import DetectionSettings
from aidd_studio.gaps.spans import Span

DOUBLINGS = 5
"""Fingerprints hold 2**5 = 32 samples."""

THINNING = np.uint32(8)
"""One in eight fingerprints is looked at: chosen by their content, so that copies are chosen alike."""

SHORTEST_LAG, LONGEST_LAG = 0.001, 0.100
"""Seconds between a buffer and its copy; machines loop music at longer times, tones at shorter."""

DISTINCT = 0.25
"""Share of different values that a repeated stretch holds at least; quiet, coarse sound repeats itself by chance."""

SEAM = 3.0
"""How far the jump where a copy begins exceeds the usual ones; a pure tone repeats without any."""


def repeats(signal: Signal, rate: int, settings: DetectionSettings) -> list[Span]:
    """Stretches of a channel [n] that equal, sample for sample, what was there a moment before."""
    shortest = max(2**DOUBLINGS, round(settings.shortest * rate))
    nearest, farthest = round(SHORTEST_LAG * rate), round(LONGEST_LAG * rate)
    found: list[Span] = []
    done = 0
    for position, lag in _copies(signal, nearest, farthest):
        if position < done:
            continue
        start, end = _extent(signal, position, lag, round(settings.longest * rate))
        if end - start < shortest or start - lag <= 0 or end >= len(signal):
            continue
        if _is_sound(signal[start:end]) and _has_seam(signal, start, end, lag):
            found.append(Span(start, end, "held", 0.95))
            done = end
    return found


def _copies(signal: Signal, nearest: int, farthest: int) -> list[tuple[int, int]]:
    """Positions whose fingerprint was there `lag` samples before, in order: (position, lag)."""
    prints = _fingerprints(signal)
    chosen = np.flatnonzero(prints % THINNING == 0)
    order = np.argsort(prints[chosen], kind="stable")
    places, values = chosen[order], prints[chosen][order]
    lags = np.diff(places)
    alike = (values[1:] == values[:-1]) & (lags >= nearest) & (lags <= farthest)
    positions, distances = places[1:][alike], lags[alike]
    in_time = np.argsort(positions, kind="stable")
    return list(zip(positions[in_time].tolist(), distances[in_time].tolist(), strict=True))


def _fingerprints(signal: Signal) -> NDArray[np.uint32]:
    """A number for each sample that depends on it and the 31 before it: [n].

    Stretches of one value, silence above all, get numbers that are never chosen.
    """
    prints = np.ascontiguousarray(signal).view(np.uint32) * np.uint32(0x9E3779B1)
    prints ^= prints >> np.uint32(15)
    factor = 0x85EBCA6B
    for doubling in range(DOUBLINGS):
        earlier = prints[: -(1 << doubling)] * np.uint32(factor)
        prints[1 << doubling :] += earlier
        factor = factor * factor % 2**32
    prints ^= prints >> np.uint32(16)
    prints[1:][signal[1:] == signal[:-1]] |= np.uint32(1)
    return prints


def _extent(signal: Signal, position: int, lag: int, longest: int) -> tuple[int, int]:
    """The whole stretch around `position` that equals what was `lag` samples before."""
    end = min(len(signal), position + longest)
    different = np.flatnonzero(signal[position:end] != signal[position - lag : end - lag])
    last = position + int(different[0]) if len(different) else end
    begin = max(lag, position - longest)
    different = np.flatnonzero(signal[begin:position] != signal[begin - lag : position - lag])
    first = begin + int(different[-1]) + 1 if len(different) else begin
    return first, last


def _is_sound(stretch: Signal) -> bool:
    return len(np.unique(stretch)) >= DISTINCT * min(len(stretch), 256)


def _has_seam(signal: Signal, start: int, end: int, lag: int) -> bool:
    """True when the sound jumps where the copies begin, or where the sound comes back."""
    around = signal[max(0, start - lag - 8) : end + 8].astype(np.float64)
    offset = max(0, start - lag - 8)
    bends = np.abs(np.diff(around, 2))
    seams = [*range(start, end, lag), end]
    at = [place for seam in seams for place in (seam - offset - 2, seam - offset - 1) if 0 <= place < len(bends)]
    others = np.delete(bends, at)
    usual = float(np.sqrt(np.mean(others**2))) if len(others) else 0.0
    return bool(len(at)) and float(bends[at].max()) > SEAM * usual
