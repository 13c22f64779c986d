"""Parts of windows: what one engine is shown of the window that another was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.arithmetic import by_place
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Window


def narrowed(window: Window, gaps: Sequence[Damage], context: float) -> Window:
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


def settled(window: Window, gaps: Sequence[Damage], samples: Samples) -> Window:
    """The window with some of its gaps filled for good: they are known sound from now on."""
    known, missing = window.samples.copy(), window.missing.copy()
    for gap in gaps:
        rows, (start, end) = list(gap.channel_indices(window.channels)), window.local(gap)
        known[rows, start:end] = samples[rows, start:end]
        missing[rows, start:end] = False
    rest = tuple(gap for gap in window.gaps if gap not in gaps)
    return replace(window, samples=known, missing=missing, gaps=rest)


def laid_over(window: Window, part: Window, samples: Samples, keep: Sequence[Damage], margin: int) -> Samples:
    """A window's samples with an engine's rendition of a part of it, but for the gaps to keep and `margin` frames."""
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
