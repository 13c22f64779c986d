"""Level matching of several patches for one gap, so that the louder one is not preferred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.audio.signal import INAUDIBLE, rms

EDGE = 0.003
"""Seconds at the gap's edges over which the gain returns to 1, so that levels stay continuous."""

LARGEST = 2.0
"""A larger gain would change the fill's character."""


def level_matched(clip: Clip, patches: Sequence[Patch], gap: tuple[int, int]) -> list[Patch]:
    """The patches scaled so that their RMS inside the gap is the patches' median."""
    levels = [_level(patch, gap) for patch in patches]
    audible = [level for level in levels if level > INAUDIBLE]
    if len(audible) < 2:
        return list(patches)
    target = float(np.median(audible))
    return [
        _scale(patch, gap, float(np.clip(target / level, 1 / LARGEST, LARGEST)), clip.rate)
        if level > INAUDIBLE
        else patch
        for patch, level in zip(patches, levels, strict=True)
    ]


def _inside(patch: Patch, gap: tuple[int, int]) -> slice:
    return slice(max(0, gap[0] - patch.start), min(patch.samples.shape[1], gap[1] - patch.start))


def _level(patch: Patch, gap: tuple[int, int]) -> float:
    return rms(patch.samples[:, _inside(patch, gap)])


def _scale(patch: Patch, gap: tuple[int, int], gain: float, rate: int) -> Patch:
    inside = _inside(patch, gap)
    count = inside.stop - inside.start
    edge = max(1, min(count // 2, round(EDGE * rate)))
    distance = np.minimum(np.arange(count), np.arange(count)[::-1])
    curve = 1.0 + (gain - 1.0) * np.clip(distance / edge, 0.0, 1.0)
    samples = patch.samples.copy()
    samples[:, inside] *= curve.astype(np.float32)
    return replace(patch, samples=samples)
