"""Stretches: where a window is missing, as the signal engines go through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.damage.detection.spans import true_runs


@dataclass(frozen=True, order=True)
class Stretch:
    """Frames `start` to `end` (half open, counted from the window's start) that are missing in some channels."""

    start: int
    end: int
    channels: tuple[int, ...]

    @property
    def frames(self) -> int:
        return self.end - self.start


def stretches(missing: NDArray[np.bool_]) -> list[Stretch]:
    """All missing stretches in order of time; channels that miss the same frames share one.

    missing: bool [channels, frames].
    """
    sharing: dict[tuple[int, int], list[int]] = {}
    for channel, row in enumerate(missing):
        for run in true_runs(row):
            sharing.setdefault(run, []).append(channel)
    return sorted(Stretch(start, end, tuple(channels)) for (start, end), channels in sharing.items())


def known_after(missing: NDArray[np.bool_], stretch: Stretch) -> int:
    """The frame up to which the sound after a stretch is known in all of its channels."""
    later: NDArray[np.bool_] = np.asarray(missing[list(stretch.channels), stretch.end :].any(axis=0))
    return stretch.end + (int(np.argmax(later)) if later.any() else len(later))


def known_before(missing: NDArray[np.bool_], stretch: Stretch) -> int:
    """The frame from which the sound before a stretch is known in all of its channels."""
    earlier: NDArray[np.bool_] = np.asarray(missing[list(stretch.channels), : stretch.start].any(axis=0))[::-1]
    return stretch.start - (int(np.argmax(earlier)) if earlier.any() else len(earlier))
