"""How abruptly the sound stops and starts at the borders of a stretch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples

NEAR = 0.001
"""Seconds next to a border: long enough to measure any sound, too short for a fade."""

FAR = 0.010
"""Seconds over which the level at the border is measured, longer than most periods."""

QUIETEST = 1e-12
"""Power (-120 dBFS) below which everything counts as silence."""


@dataclass(frozen=True)
class Contrast:
    """Levels in dB at one border of a stretch, each for the samples and for their differences (a treble boost).

    step: the last millisecond outside against the first one inside.
    drop: the last 10 milliseconds outside against the loudest millisecond inside.
    held_up: the last millisecond outside against the last 10; far below 0 where the sound fades.
    level: of the last millisecond outside.
    sustained: the middle one of the last 10 milliseconds outside against the loudest one inside; low beside a click.
    """

    step: tuple[float, float]
    drop: tuple[float, float]
    held_up: tuple[float, float]
    level: tuple[float, float]
    sustained: tuple[float, float]


def contrast_before(signal: Samples, start: int, end: int, rate: int) -> Contrast:
    """The contrast at `start`, where the stretch [start, end) of a channel [n] begins."""
    near, far = max(4, round(NEAR * rate)), max(16, round(FAR * rate))
    outside = signal[max(0, start - far - 1) : start]
    inside = signal[start:end]
    return _contrast(outside, inside, near)


def contrast_after(signal: Samples, start: int, end: int, rate: int) -> Contrast:
    """The contrast at `end`: the same, backwards in time."""
    near, far = max(4, round(NEAR * rate)), max(16, round(FAR * rate))
    outside = signal[end : end + far + 1][::-1]
    inside = signal[start:end][::-1]
    return _contrast(outside, inside, near)


def _contrast(outside: Samples, inside: Samples, near: int) -> Contrast:
    """outside: up to the border, inside: from the border on."""
    pairs = [(outside, inside), (np.diff(outside), np.diff(inside))]
    step, drop, held_up, level, sustained = zip(*(_levels(*pair, near) for pair in pairs), strict=True)
    return Contrast(step, drop, held_up, level, sustained)


def _levels(outside: Samples, inside: Samples, near: int) -> tuple[float, float, float, float, float]:
    last, first, whole = _decibel(outside[-near:]), _decibel(inside[:near]), _decibel(outside)
    powers, loudest = _powers(outside[::-1], near), _decibels(_powers(inside, near).max(initial=0.0))
    middle = _decibels(float(np.median(powers))) if len(powers) else whole
    return last - first, whole - loudest, last - whole, last, middle - loudest


def quantum(signal: Samples) -> float:
    """The smallest step between samples in dB: the resolution at which the sound was once stored."""
    steps = np.abs(np.diff(signal))
    steps = steps[steps > 0]
    return _decibels(float(steps.min()) ** 2) if len(steps) else 0.0


def _decibel(signal: Samples) -> float:
    return _decibels(float(np.mean(np.square(signal, dtype=np.float64))) if len(signal) else 0.0)


def _decibels(power: float) -> float:
    return float(10 * np.log10(power + QUIETEST))


def _powers(signal: Samples, near: int) -> NDArray[np.float64]:
    """Mean power of each stretch of `near` samples, of all together when there are not two."""
    squares = np.square(signal, dtype=np.float64)
    if len(signal) < 2 * near:
        return squares.mean(keepdims=True) if len(signal) else squares
    sums = np.cumsum(squares)[near - 1 :: near]
    return np.diff(sums, prepend=0.0) / near
