"""Finding repeated buffers: a player that ran dry and played the same samples again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.damage.detection.edges import Signal
from aidd_studio.damage.detection.settings import DetectionSettings
from aidd_studio.damage.detection.spans import Span

DOUBLINGS = 5
"""Fingerprints hold 2**5 = 32 samples."""

THINNING = np.uint32(8)
"""One in eight fingerprints is looked at: chosen by their content, so that copies are chosen alike."""

SHORTEST_LAG, LONGEST_LAG = 0.001, 0.100
"""Seconds between a buffer and its copy; machines loop music at longer times, tones at shorter."""

DISTINCT = 0.25
"""Share of different values that a repeated stretch holds at least; quiet, coarse sound repeats itself by chance."""

SEAM = 1.6
"""How far the jump where a copy begins exceeds the usual ones; a synthetic tone repeats without any."""

LONGEST_PERIOD = 0.012
"""Seconds of the deepest synthetic tone (83 Hz) that may repeat itself exactly."""

FEW_COPIES, MANY_COPIES = 3, 8
"""Copies from which a seam is asked for: of buffers as short as a tone's period, and of any."""

PERIODIC = 0.05
"""Share of the level by which sound differs from that one lag before, when it is a tone before or after as well."""


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
        if not _is_sound(signal[start : min(end, start + lag)]):
            continue
        copies = (end - start) / lag
        may_be_tone = copies >= (FEW_COPIES if lag <= LONGEST_PERIOD * rate else MANY_COPIES)
        done = end
        if _is_periodic_around(signal, start, end, lag) or (may_be_tone and not _has_seam(signal, start, lag)):
            continue
        found.append(Span(start, end, "held", 0.95, lag))
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
    return len(np.unique(stretch)) >= max(8, DISTINCT * min(len(stretch), 256))


def _is_periodic_around(signal: Signal, start: int, end: int, lag: int) -> bool:
    """True when the sound went or goes on like the copies, just not to the last bit: it has that period."""
    for first, last in ((max(lag, start - lag), start), (end, min(len(signal), end + lag))):
        now, then = np.diff(signal[first:last]), np.diff(signal[first - lag : last - lag])  # no offset, no rumble
        if len(now) and float(np.mean((now - then) ** 2)) < PERIODIC**2 * float(np.mean(now**2)):
            return True
    return False


def _has_seam(signal: Signal, start: int, lag: int) -> bool:
    """True when the sound jumps where the first copy begins (the others begin alike): by its second differences."""
    bends = np.abs(np.diff(signal[max(0, start - lag) : start + lag].astype(np.float64), 2))
    at = start - max(0, start - lag) - 2
    usual = float(np.sqrt(np.mean(np.square(np.delete(bends, [at, at + 1])))))
    return float(bends[at : at + 2].max()) > SEAM * usual
