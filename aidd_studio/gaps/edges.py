"""How abruptly the sound stops and starts again at the borders of a stretch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]

NEAR = 0.001
"""Seconds next to a border: long enough to hold a sample's worth of any sound, too short for a fade."""

FAR = 0.010
"""Seconds that tell how loud the sound was at the border, longer than most periods."""

QUIETEST = 1e-12
"""Power (-120 dBFS) below which levels are all called silence."""


@dataclass(frozen=True)
class Contrast:
    """Levels in dB at one border of a stretch, each for the samples and for their differences (a treble boost).

    step: the last millisecond outside against the first one inside.
    drop: the last 10 milliseconds outside against the loudest millisecond inside.
    held_up: the last millisecond outside against the last 10; far below 0 where the sound fades.
    level: of the last millisecond outside.
    """

    step: tuple[float, float]
    drop: tuple[float, float]
    held_up: tuple[float, float]
    level: tuple[float, float]


def contrast_before(signal: Signal, start: int, end: int, rate: int) -> Contrast:
    """What happens at `start`, where the stretch [start, end) of a channel [n] begins."""
    near, far = max(4, round(NEAR * rate)), max(16, round(FAR * rate))
    outside = signal[max(0, start - far - 1) : start]
    inside = signal[start:end]
    return _contrast(outside, inside, near)


def contrast_after(signal: Signal, start: int, end: int, rate: int) -> Contrast:
    """What happens at `end`: the same, seen backwards."""
    near, far = max(4, round(NEAR * rate)), max(16, round(FAR * rate))
    outside = signal[end : end + far + 1][::-1]
    inside = signal[start:end][::-1]
    return _contrast(outside, inside, near)


def _contrast(outside: Signal, inside: Signal, near: int) -> Contrast:
    """outside: up to the border, inside: from the border on."""
    pairs = [(outside, inside), (np.diff(outside), np.diff(inside))]
    rows = []
    for out, within in pairs:
        last, first = _decibel(out[-near:]), _decibel(within[:near])
        rows.append((last - first, _decibel(out) - _loudest(within, near), last - _decibel(out), last))
    (step_x, drop_x, held_x, level_x), (step_d, drop_d, held_d, level_d) = rows
    return Contrast((step_x, step_d), (drop_x, drop_d), (held_x, held_d), (level_x, level_d))


def _decibel(signal: Signal) -> float:
    power = float(np.mean(np.square(signal, dtype=np.float64))) if len(signal) else 0.0
    return float(10 * np.log10(power + QUIETEST))


def _loudest(signal: Signal, near: int) -> float:
    """dB of the loudest stretch of `near` samples."""
    if len(signal) < 2 * near:
        return _decibel(signal)
    sums = np.cumsum(np.square(signal, dtype=np.float64))[near - 1 :: near]
    return float(10 * np.log10(np.diff(sums, prepend=0.0).max() / near + QUIETEST))
