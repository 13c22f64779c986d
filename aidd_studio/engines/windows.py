"""Operations on windows that engines share: list missing stretches, narrow, settle gaps, overlay results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.arithmetic import by_place
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.engines.engine import Window


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
    """All missing stretches by time; channels that miss the same frames share one.

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


def narrow(window: Window, gaps: Sequence[Damage], context: float) -> Window:
    """The window around some of its gaps with at most `context` seconds on each side."""
    reach = int(min(context * window.rate, window.frames))
    first = max(0, min(window.local(gap)[0] for gap in gaps) - reach)
    last = min(window.frames, max(window.local(gap)[1] for gap in gaps) + reach)
    part = slice(first, last)
    return Window(
        window.samples[:, part],
        window.missing[:, part],
        window.rate,
        window.offset + first,
        tuple(sorted(gaps, key=by_place)),
    )


def settle(window: Window, gaps: Sequence[Damage], samples: Samples) -> Window:
    """The window with some of its gaps filled; they count as known sound from now on."""
    known, missing = window.samples.copy(), window.missing.copy()
    for gap in gaps:
        rows, (start, end) = list(gap.channel_indices(window.channels)), window.local(gap)
        known[rows, start:end] = samples[rows, start:end]
        missing[rows, start:end] = False
    rest = tuple(gap for gap in window.gaps if gap not in gaps)
    return replace(window, samples=known, missing=missing, gaps=rest)


def overlay(window: Window, part: Window, samples: Samples, keep: Sequence[Damage], margin: int) -> Samples:
    """A window's samples overlaid with an engine's rendition of a part of it.

    The gaps to keep, and `margin` frames around them, stay as they are in the window.
    """
    whole = window.samples.copy()
    start = part.offset - window.offset
    whole[:, start : start + part.frames] = samples
    kept = np.zeros(window.samples.shape, dtype=np.bool_)
    for gap in keep:
        first, last = window.local(gap)
        kept[:, max(0, first - margin) : last + margin] = True
    kept &= ~window.missing
    whole[kept] = window.samples[kept]
    return whole
