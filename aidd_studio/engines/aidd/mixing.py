"""Making one signal of two guesses for a gap: linear prediction, which fits the edges, and the decoded tokens."""

from __future__ import annotations

import numpy as np

from aidd_studio.audio.signal import Signal, best_lag, correlation, level_gain, rise

LARGEST_LAG = 0.0025
"""Seconds by which the decoded sound may be moved to meet the phase at an edge."""

LEVEL_ZONE = 0.1
"""Seconds beside the gap over which the decoder's rendition is compared with the known sound."""

LARGEST_GAIN = 2.0
"""A larger difference (6 dB) is the music's doing or the model's mistake, not a matter of level."""

FASTEST_GROWTH = 2.0
"""The fade makes up for cancellation between its two sides by this factor at most."""


def combine(extrapolated: Signal, decoded: Signal, start: int, end: int, rate: int, edge: int) -> Signal:
    """The decoded sound in the gap `start` to `end`, its edges of `edge` frames faded over from the extrapolation.

    extrapolated, decoded: float64 [frames]; outside the gap the first is the known sound, and the result is it. At
    each edge the decoded sound is brought to the level of its surroundings and to the phase of the extrapolation.
    """
    levelled = decoded * _gains(extrapolated, decoded, start, end, rate)
    edge = max(1, min(edge, (end - start) // 2))
    most = round(LARGEST_LAG * rate)
    left = _lag(extrapolated, levelled, start, start + edge, most)
    right = _lag(extrapolated, levelled, end - edge, end, most)
    turn = rise(end - start)
    inner = _moved(levelled, left, start, end) * (1 - turn) + _moved(levelled, right, start, end) * turn
    weight = edge_weight(end - start, edge)
    mixed = extrapolated.copy()
    mixed[start:end] = faded(extrapolated[start:end], inner, weight, edge)
    return mixed


def edge_weight(frames: int, edge: int) -> Signal:
    """How much of a gap's sound is the model's: 0 at both ends, 1 from `edge` frames inwards; float64 [frames]."""
    at = np.arange(frames)
    inwards = (np.minimum(at, frames - 1 - at) + 0.5) / edge
    weight: Signal = 0.5 - 0.5 * np.cos(np.pi * np.clip(inwards, 0.0, 1.0))
    return weight


def faded(outer: Signal, inner: Signal, weight: Signal, edge: int) -> Signal:
    """`outer` fading to `inner` and back, without the dip in level of two sounds that do not agree: [..., frames]."""
    result: Signal = outer * (1 - weight) + inner * weight
    frames = outer.shape[-1]
    for zone in (slice(0, edge), slice(frames - edge, frames)):
        fade = weight[zone]
        agreement = max(0.0, correlation(outer[..., zone], inner[..., zone]))
        power = (1 - fade) ** 2 + fade**2 + 2 * agreement * fade * (1 - fade)
        result[..., zone] *= np.minimum(FASTEST_GROWTH, 1 / np.sqrt(power))
    return result


def _gains(known: Signal, decoded: Signal, start: int, end: int, rate: int) -> Signal:
    """Factors [frames] that bring the decoded sound to the level of both sides, changing evenly across the gap."""
    zone = round(LEVEL_ZONE * rate)
    sides = [slice(max(0, start - zone), start), slice(end, min(len(known), end + zone))]
    found = [
        level_gain(known[side], decoded[side], LARGEST_GAIN) for side in sides if side.stop - side.start > zone // 4
    ]
    left, right = (found[0], found[-1]) if found else (1.0, 1.0)
    gains = np.full(len(known), right)
    gains[:start] = left
    gains[start:end] = np.geomspace(left, right, end - start)
    return gains


def _lag(wanted: Signal, moving: Signal, start: int, end: int, most: int) -> int:
    """The lag by which `moving` fits `wanted` best between two frames, the smallest of equals."""
    here = wanted[start:end]
    lags = sorted(range(max(-most, end - len(moving)), min(most, start) + 1), key=abs)
    return best_lag(lambda lag: correlation(here, moving[start - lag : end - lag]), lags)


def _moved(signal: Signal, lag: int, start: int, end: int) -> Signal:
    """The frames `start` to `end` of a signal moved by `lag` frames."""
    at = np.clip(np.arange(start, end) - lag, 0, len(signal) - 1)
    return np.asarray(signal[at], dtype=np.float64)
