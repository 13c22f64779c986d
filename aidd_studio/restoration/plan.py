"""Cutting the windows that engines work on: each holds near gaps with the sound around them."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.engines.engine import Engine, Window
from aidd_studio.errors import GapError
from aidd_studio.gaps.gap import Gap

LONGEST_CONTEXT = 300.0
"""Seconds of context per side at most, so that an engine that wants everything fits into memory."""

JOINT = 0.3
"""Seconds between gaps below which they are filled jointly, if the engine's context reaches that far.

Farther gaps are filled one by one, so that `auto` chooses for each by its own length.
"""

LONGEST_GROUP = 6.0
"""Seconds that one group of near gaps may span before it is cut at its widest pause."""


def plan(clip: Clip, gaps: Sequence[Gap], engine: Engine) -> list[Window]:
    """Windows that cover all gaps, in order; every gap lies in exactly one window.

    Near gaps share a window and are filled jointly. Where a window's context reaches into gaps of other windows,
    they are missing in it too. Raises GapError for a gap outside the recording or without any sound left around it.
    """
    for gap in gaps:
        _check(gap, clip)
    joined = merge_overlapping(gaps, clip.channels)
    context = round(min(engine.info.context, LONGEST_CONTEXT) * clip.rate)
    windows = []
    for group in _groups(joined, min(context, round(JOINT * clip.rate)), round(LONGEST_GROUP * clip.rate)):
        start, end = _extent(group)
        windows.append(window(clip, group, joined, max(0, start - context), min(clip.frames, end + context)))
    return windows


def window(clip: Clip, gaps: Sequence[Gap], damage: Sequence[Gap], start: int, end: int) -> Window:
    """The window of frames `start` to `end` for filling `gaps`; where sound is missing or not finite it is 0.

    damage: all gaps of the recording, sorted and without overlap, those to be filled included.
    """
    samples = clip.read(start, end).copy()
    missing = np.zeros(samples.shape, dtype=np.bool_)
    first = bisect.bisect_right(damage, start, key=lambda gap: gap.end)
    for gap in itertools.takewhile(lambda gap: gap.start < end, damage[first:]):
        missing[list(gap.channel_indices(clip.channels)), max(0, gap.start - start) : gap.end - start] = True
    samples[missing | ~np.isfinite(samples)] = 0.0
    return Window(samples, missing, clip.rate, start, tuple(gaps))


def merge_overlapping(gaps: Iterable[Gap], channels: int) -> list[Gap]:
    """Sorted gaps without overlap: gaps that overlap become one, damaged where either was."""
    merged: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: (gap.start, gap.end)):
        if merged and gap.start < merged[-1].end:
            last = merged.pop()
            damaged = set(last.channel_indices(channels)) | set(gap.channel_indices(channels))
            everywhere = len(damaged) == channels
            gap = Gap(
                last.start,
                max(last.end, gap.end),
                None if everywhere else tuple(damaged),
                last.kind,
                max(last.confidence, gap.confidence),
            )
        merged.append(gap)
    return merged


def _check(gap: Gap, clip: Clip) -> None:
    seconds = f"{gap.start / clip.rate:.3f}–{gap.end / clip.rate:.3f} s"
    if gap.start < 0 or gap.end > clip.frames:
        raise GapError(
            f"The gap {seconds} lies outside the recording, which is {clip.duration:.3f} s long; move or remove it."
        )
    if gap.channels is not None and gap.channels[-1] >= clip.channels:
        raise GapError(
            f"The gap {seconds} names channel {gap.channels[-1] + 1}, but the recording has {clip.channels}."
        )
    if gap.start == 0 and gap.end == clip.frames:
        raise GapError("The gap covers the whole recording, so there is no sound left to fill it from; shorten it.")


def _extent(group: Sequence[Gap]) -> tuple[int, int]:
    return group[0].start, max(gap.end for gap in group)


def _groups(gaps: Sequence[Gap], near: int, longest: int) -> list[list[Gap]]:
    groups: list[list[Gap]] = []
    for gap in gaps:
        if groups and gap.start - groups[-1][-1].end < near:
            groups[-1].append(gap)
        else:
            groups.append([gap])
    return [part for group in groups for part in _cut(group, longest)]


def _cut(group: list[Gap], longest: int) -> list[list[Gap]]:
    """Halve a group at its widest pause until no part spans more than `longest` frames."""
    start, end = _extent(group)
    if len(group) == 1 or end - start <= longest:
        return [group]
    pauses = [after.start - before.end for before, after in itertools.pairwise(group)]
    at = int(np.argmax(pauses)) + 1
    return _cut(group[:at], longest) + _cut(group[at:], longest)
