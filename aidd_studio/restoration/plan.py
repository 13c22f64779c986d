"""Planning the windows that engines fill: each holds neighbouring gaps with the sound around them."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, overload

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.arithmetic import group, merge, validate
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import EngineInfo, Window
from aidd_studio.errors import DamageError

LONGEST_CONTEXT = 300.0
"""Most seconds of context per side, so that an engine without a limit of its own fits into memory."""

JOINT = 0.3
"""Seconds between gaps below which they are filled jointly, if the engine's context reaches that far.

Farther gaps are filled one by one, so that `auto` chooses for each by its own length.
"""

LONGEST_GROUP = 6.0
"""Seconds that one group of near gaps may span before it is cut at its widest pause."""


class Described(Protocol):
    """What says how much context it wants around a gap: an engine, or its entry in a list."""

    @property
    def info(self) -> EngineInfo: ...


@dataclass(frozen=True, eq=False)
class _Cut:
    """Where a window lies, and what it holds."""

    gaps: tuple[Damage, ...]
    damage: tuple[Damage, ...]
    start: int
    end: int


class Windows(Sequence[Window]):
    """Windows that are cut lazily: thousands of them at once would not fit into memory."""

    def __init__(self, clip: Clip, cuts: Sequence[_Cut]) -> None:
        self._clip, self._cuts = clip, cuts

    def __len__(self) -> int:
        return len(self._cuts)

    @overload
    def __getitem__(self, index: int) -> Window: ...
    @overload
    def __getitem__(self, index: slice) -> Windows: ...
    def __getitem__(self, index: int | slice) -> Window | Windows:
        if isinstance(index, slice):
            return Windows(self._clip, self._cuts[index])
        cut = self._cuts[index]
        return _window(self._clip, cut.gaps, cut.damage, cut.start, cut.end)


def plan(clip: Clip, gaps: Iterable[Damage], engine: Described) -> Windows:
    """Windows that cover all gaps, in order; every gap lies in exactly one window.

    Near gaps share a window and are filled jointly. Where a window's context reaches into gaps of other windows,
    they are missing in it too. Raises DamageError for a gap outside the recording or without any sound left around it,
    and for one in a band when the engine fills none.
    """
    gaps = list(gaps)
    validate(gaps, clip.frames, clip.channels, clip.rate)
    band = next((gap.band for gap in gaps if gap.band is not None), None)
    if band is not None and not engine.info.bands:
        raise DamageError(
            f"The engine {engine.info.name} fills the whole spectrum, not a band such as {band}; mark the gap without "
            "a band or choose an engine that fills bands."
        )
    joined = merge(gaps, clip.channels)
    context = round(min(engine.info.context, LONGEST_CONTEXT) * clip.rate)
    starts = [gap.start for gap in joined]
    reaches = list(itertools.accumulate((gap.end for gap in joined), max))  # ends alone need not rise: channels differ
    cuts = []
    near, longest = min(context, round(JOINT * clip.rate)), round(LONGEST_GROUP * clip.rate)
    for gaps_together in (part for together in group(joined, near) for part in _cut(together, longest)):
        start, end = _extent(gaps_together)
        first, last = max(0, start - context), min(clip.frames, end + context)
        within = slice(bisect.bisect_right(reaches, first), bisect.bisect_left(starts, last))
        cuts.append(_Cut(tuple(gaps_together), tuple(joined[within]), first, last))
    return Windows(clip, cuts)


def _window(clip: Clip, gaps: Sequence[Damage], damage: Sequence[Damage], start: int, end: int) -> Window:
    """The window of frames `start` to `end` for filling `gaps`; where sound is missing or not finite it is 0.

    damage: the gaps that may reach into the window, those to be filled included. Raises DamageError when nothing around
    the gaps is finite.
    """
    samples = clip.read(start, end).copy()
    missing = np.zeros(samples.shape, dtype=np.bool_)
    for gap in damage:
        rows = list(gap.channel_indices(clip.channels))
        missing[rows, max(0, gap.start - start) : max(0, gap.end - start)] = True
    void = missing | ~np.isfinite(samples)
    if void.all() and not missing.all():
        raise DamageError(
            f"There is no valid sample around the gap at {gaps[0].start / clip.rate:.3f} s, only NaN or infinite "
            "values, so there is no sound to fill it from; look for another copy of the file."
        )
    samples[void] = 0.0
    return Window(samples, missing, clip.rate, start, tuple(gaps))


def _extent(gaps: Sequence[Damage]) -> tuple[int, int]:
    return gaps[0].start, max(gap.end for gap in gaps)


def _cut(gaps: list[Damage], longest: int) -> list[list[Damage]]:
    """Split a group at its widest pauses until no part spans more than `longest` frames."""
    start, end = _extent(gaps)
    if len(gaps) == 1 or end - start <= longest:
        return [gaps]
    reaches = itertools.accumulate((gap.end for gap in gaps), max)
    pauses = [after.start - reach for after, reach in zip(gaps[1:], reaches, strict=False)]
    at = int(np.argmax(pauses)) + 1
    return _cut(gaps[:at], longest) + _cut(gaps[at:], longest)
