"""Cutting the windows that engines work on: each holds near gaps with the sound around them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.engines.engine import Engine, Window
from aidd_studio.errors import GapError
from aidd_studio.gaps.gap import Gap

LONGEST_CONTEXT = 300.0
"""Seconds of context per side at most, so that an engine that wants everything fits into memory."""

LONGEST_GROUP = 6.0
"""Seconds that one group of near gaps may span before it is cut at its widest pause."""


def plan(clip: Clip, gaps: Sequence[Gap], engine: Engine) -> list[Window]:
    """Windows that cover all gaps, in order; every gap lies in exactly one window.

    Gaps nearer to each other than the engine's context share a window and are filled jointly. A window's context
    never reaches into a gap of another window. Raises GapError for a gap outside the recording or without any
    sound left around it.
    """
    for gap in gaps:
        _check(gap, clip)
    joined = merge_overlapping(gaps, clip.channels)
    context = round(min(engine.info.context, LONGEST_CONTEXT) * clip.rate)
    groups = _groups(joined, context, round(LONGEST_GROUP * clip.rate))
    windows = []
    for index, group in enumerate(groups):
        start, end = _extent(group)
        lower = _extent(groups[index - 1])[1] if index else 0
        upper = _extent(groups[index + 1])[0] if index + 1 < len(groups) else clip.frames
        windows.append(window(clip, group, max(lower, start - context), min(upper, end + context)))
    return windows


def window(clip: Clip, gaps: Iterable[Gap], start: int, end: int) -> Window:
    """The window of frames `start` to `end` around given gaps; samples that are missing or not finite become 0."""
    gaps = tuple(gaps)
    samples = clip.read(start, end).copy()
    missing = np.zeros(samples.shape, dtype=np.bool_)
    for gap in gaps:
        missing[list(gap.channel_indices(clip.channels)), gap.start - start : gap.end - start] = True
    samples[missing | ~np.isfinite(samples)] = 0.0
    return Window(samples, missing, clip.rate, start, gaps)


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


def _groups(gaps: Sequence[Gap], context: int, longest: int) -> list[list[Gap]]:
    groups: list[list[Gap]] = []
    for gap in gaps:
        if groups and gap.start - groups[-1][-1].end < context:
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
