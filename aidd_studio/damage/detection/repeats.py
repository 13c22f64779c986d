"""Finding repeated buffers: after an underrun, players play the same samples again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.detection.edges import quantum
from aidd_studio.damage.detection.seams import DETERMINED, FOREIGN, ORDER, STRUCK, UNBROKEN, Joint, joint
from aidd_studio.damage.detection.settings import DetectionSettings
from aidd_studio.damage.detection.spans import Span

DOUBLINGS = 5
"""Fingerprints hold 2**5 = 32 samples."""

THINNING = np.uint32(8)
"""One in eight fingerprints is used, selected by content, so that copies are selected alike."""

SHORTEST = 0.0025
"""Shortest repeat in seconds: the smallest common buffer, 128 frames at 48 kHz."""

SHORTEST_LAG, LONGEST_LAG = 0.001, 0.500
"""Seconds between a buffer and its copy."""

LOOPED_LAG, MOST_LOOPS = 0.100, 2.5
"""Seconds from which a repeat may be a musical loop: both ends must be broken, and more copies are a loop."""

CERTAIN, LIKELY = 0.95, 0.8
"""Confidence in repeats of short and of long buffers."""

DISTINCT = 0.25
"""Share of different values that a repeated stretch holds at least; quiet, coarse sound repeats itself by chance."""

SEAM = 1.6
"""How far the jump where a copy begins exceeds the usual ones; a synthetic tone repeats without any."""

LONGEST_PERIOD = 0.012
"""Seconds of the deepest synthetic tone (83 Hz) that may repeat itself exactly."""

FEW_COPIES, MANY_COPIES = 3, 8
"""Copies from which a seam is required: of buffers as short as a tone's period, and of any."""

PERIODIC = 0.05
"""Share of the level by which sound differs from that one lag before, when it is a tone before or after as well."""

MOSTLY, EXACT, SELF_ALIKE = 80, 0.01, 0.02
"""Per cent of samples that differ by a smaller share, from copy to copy or from period to period within a buffer: a
tone whose jumps fall a sample earlier or later."""

INFORMATION = 150.0
"""Bits that a repeat has to hold beyond what predicts it; less is equal by chance, as in tones of few steps."""

STEPS = 0.3
"""Share of equal neighbouring samples from which sound is made of steps, as coarse square waves are."""


def repeats(signal: Samples, rate: int, settings: DetectionSettings) -> list[Span]:
    """Stretches of a channel [n] that repeat, sample for sample, what came just before."""
    shortest = max(2**DOUBLINGS, round(max(SHORTEST, settings.shortest) * rate))
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
        done = end
        confidence = _confidence(signal, start, end, lag, rate)
        if confidence >= settings.confidence:
            found.append(Span(start, end, "held", confidence, lag))
    return found


def _confidence(signal: Samples, start: int, end: int, lag: int, rate: int) -> float:
    """0 where the music explains the repeat: a tone of that period, a note or a sample played again."""
    if _is_periodic_around(signal, start, end, lag):
        return 0.0
    recorded, seam = (
        joint(signal, start - lag, rate, max(start, start - lag + 3 * ORDER)),
        joint(signal, start, rate, end),
    )
    if recorded is None or seam is None or _is_new_sound(recorded):
        return 0.0
    step = 10 ** (quantum(signal[start - lag : end]) / 20)
    if (end - start) * np.log2(1 + seam.noise / step) < INFORMATION:
        return 0.0
    copies = (end - start) / lag
    if lag > LOOPED_LAG * rate:
        behind = joint(signal, end, rate, len(signal))
        broken = behind is not None and seam.broken and behind.jump > SEAM
        return LIKELY if broken and copies < MOST_LOOPS else 0.0
    is_tone = seam.surprise < DETERMINED or _is_tone(signal[start - lag : start])
    may_be_tone = copies >= (FEW_COPIES if lag <= LONGEST_PERIOD * rate else MANY_COPIES)
    if not seam.broken and (is_tone or (may_be_tone and not _has_seam(signal, start, lag))):
        return 0.0
    return CERTAIN


def _is_new_sound(recorded: Joint) -> bool:
    """True when the buffer does not continue what comes before: a note or a sample, which can be played again."""
    return recorded.jump > UNBROKEN or recorded.difference > FOREIGN or recorded.onset > STRUCK


def _is_tone(buffer: Samples) -> bool:
    """True when a buffer [n] repeats itself already: most of its samples, after a period shorter than half of it."""
    changes = np.diff(buffer.astype(np.float64))
    size = len(changes)
    level = float(np.sqrt(np.mean(changes**2)))
    spectrum = np.fft.rfft(changes, 2 * size)
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[: size // 2]
    falling = np.flatnonzero(likeness < 0)
    if not len(falling) or level == 0:
        return False
    period = int(falling[0]) + int(np.argmax(likeness[falling[0] :]))
    apart = (np.abs(changes[lag:] - changes[:-lag]) for lag in (period - 1, period, period + 1) if 0 < lag < size)
    return any(float(np.percentile(one, MOSTLY)) < SELF_ALIKE * level for one in apart)


def _copies(signal: Samples, nearest: int, farthest: int) -> list[tuple[int, int]]:
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


def _fingerprints(signal: Samples) -> NDArray[np.uint32]:
    """A rolling hash of each sample and the 31 before it: [n].

    Stretches of one value, silence above all, get hashes that are never selected.
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


def _extent(signal: Samples, position: int, lag: int, longest: int) -> tuple[int, int]:
    """The whole stretch around `position` that equals what was `lag` samples before."""
    end = min(len(signal), position + longest)
    different = np.flatnonzero(signal[position:end] != signal[position - lag : end - lag])
    last = position + int(different[0]) if len(different) else end
    begin = max(lag, position - longest)
    different = np.flatnonzero(signal[begin:position] != signal[begin - lag : position - lag])
    first = begin + int(different[-1]) + 1 if len(different) else begin
    return first, last


def _is_sound(stretch: Samples) -> bool:
    if np.mean(stretch[1:] == stretch[:-1]) > STEPS:
        return False
    return len(np.unique(stretch)) >= max(8, DISTINCT * min(len(stretch), 256))


def _is_periodic_around(signal: Samples, start: int, end: int, lag: int) -> bool:
    """True when the sound went or goes on like the copies, just not to the last bit: it has that period."""
    for first, last in ((max(lag, start - lag), start), (end, min(len(signal), end + lag))):
        now, then = np.diff(signal[first:last]), np.diff(signal[first - lag : last - lag])  # no offset, no rumble
        if not len(now):
            continue
        level, apart = float(np.sqrt(np.mean(now**2))), np.abs(now - then)
        if float(np.sqrt(np.mean(apart**2))) < PERIODIC * level or np.percentile(apart, MOSTLY) < EXACT * level:
            return True
    return False


def _has_seam(signal: Samples, start: int, lag: int) -> bool:
    """True when the sound jumps where the first copy begins (the others begin alike): by its second differences."""
    bends = np.abs(np.diff(signal[max(0, start - lag) : start + lag].astype(np.float64), 2))
    at = start - max(0, start - lag) - 2
    usual = float(np.sqrt(np.mean(np.square(np.delete(bends, [at, at + 1])))))
    return float(bends[at : at + 2].max()) > SEAM * usual
