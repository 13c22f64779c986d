"""The arithmetic of damage: joining, trimming, moving and checking it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce

from aidd_studio.damage.damage import Band, Damage, DamageKind
from aidd_studio.errors import DamageError


def merge(gaps: Iterable[Damage], channels: int, distance: int = 0) -> list[Damage]:
    """Sorted gaps of a recording with that many channels, of which no two of one band share a sample.

    Gaps that overlap or lie less than `distance` frames apart are merged per channel, so a hole in one channel never
    spreads to another. Channels damaged over the same frames share a gap. Only gaps of the same band are merged. Gaps
    that need no change are returned as they are.
    """
    ordered = sorted(gaps, key=by_place)
    pieces: dict[tuple[int, int, Band | None], list[tuple[int, list[Damage]]]] = {}
    for channel in range(channels):
        own: dict[Band | None, list[Damage]] = {}
        for gap in ordered:
            if channel in gap.channel_indices(channels):
                own.setdefault(gap.band, []).append(gap)
        for run in (run for of_band in own.values() for run in _runs(of_band, distance)):
            place = run[0].start, max(gap.end for gap in run), run[0].band
            pieces.setdefault(place, []).append((channel, run))
    merged = (_whole(start, end, parts, channels) for (start, end, _), parts in pieces.items())
    return sorted(merged, key=by_place)


def clamp(gap: Damage, frames: int) -> Damage:
    """The part of a gap that lies inside a recording of that many frames; DamageError when there is none."""
    start, end = max(0, gap.start), min(frames, gap.end)
    if end <= start:
        raise DamageError(
            f"The gap {_span(gap, None)} lies outside the recording, which has {frames} samples; move or remove it."
        )
    return gap.moved(start, end)


def validate(gaps: Iterable[Damage], frames: int, channels: int, rate: int | None = None) -> None:
    """Raise DamageError unless all gaps lie inside a recording and leave some sound in each of its channels.

    rate: when given, bands are checked against it, and the sentences speak of seconds instead of samples.
    """
    gaps = list(gaps)
    length = f"{frames} samples" if rate is None else f"{frames / rate:.3f} s"
    for gap in gaps:
        if gap.start < 0 or gap.end > frames:
            raise DamageError(
                f"The gap {_span(gap, rate)} lies outside the recording, which is {length} long; move or remove it."
            )
        if gap.channels is not None and not 0 <= gap.channels[0] <= gap.channels[-1] < channels:
            raise DamageError(
                f"The gap {_span(gap, rate)} names channel {gap.channels[-1] + 1}, but the recording has {channels}."
            )
        if gap.band is not None and rate is not None:
            gap.band.check_rate(rate)
    lost = [channel for channel in range(channels) if _covers(gaps, channel, channels, frames)]
    if lost:
        raise DamageError(_nothing_left(gaps, lost, channels))


def snap(gap: Damage, edges: Sequence[int], within: int) -> Damage:
    """The gap with each border moved to the nearest of `edges` (sorted frames) at most `within` frames away.

    A gap that would vanish stays as it is.
    """
    start, end = _nearest(gap.start, edges, within), _nearest(gap.end, edges, within)
    return gap.moved(start, end) if start < end else gap


def invert(gaps: Iterable[Damage], frames: int) -> list[Damage]:
    """The stretches of a recording without any gap in any channel."""
    stretches = []
    position = 0
    for gap in sorted(gaps, key=by_place):
        if gap.start >= frames:
            break
        if gap.start > position:
            stretches.append(Damage(position, gap.start))
        position = max(position, gap.end)
    if position < frames:
        stretches.append(Damage(position, frames))
    return stretches


def group(gaps: Iterable[Damage], distance: int) -> list[list[Damage]]:
    """Sorted gaps grouped by proximity: groups lie at least `distance` frames apart."""
    groups: list[list[Damage]] = []
    reach = 0
    for gap in sorted(gaps, key=by_place):
        if groups and gap.start - reach < distance:
            groups[-1].append(gap)
            reach = max(reach, gap.end)
        else:
            groups.append([gap])
            reach = gap.end
    return groups


def shift(gap: Damage, frames: int) -> Damage:
    """The gap moved later by `frames` (earlier when negative); DamageError when it would begin before the recording."""
    if gap.start + frames < 0:
        raise DamageError(f"The gap {_span(gap, None)} cannot be moved to before the recording's beginning.")
    return gap.moved(gap.start + frames, gap.end + frames)


def join(first: Damage, second: Damage) -> Damage:
    """One gap over both, in the channels and frequencies of both.

    Its kind is "manual" if either is, else the longer one's. Where they differ in what is known, nothing is.
    """
    channels = None
    if first.channels is not None and second.channels is not None:
        channels = tuple(set(first.channels) | set(second.channels))
    band = None
    if first.band is not None and second.band is not None:
        band = Band(min(first.band.low, second.band.low), max(first.band.high, second.band.high))
    return Damage(
        min(first.start, second.start),
        max(first.end, second.end),
        channels,
        _kind(first, second),
        max(first.confidence, second.confidence),
        band,
        first.known if first.known == second.known else "nothing",
    )


def _runs(gaps: Sequence[Damage], distance: int) -> list[list[Damage]]:
    """Sorted gaps of one channel, grouped by what is merged."""
    runs: list[list[Damage]] = []
    reach = 0
    for gap in gaps:
        if runs and gap.start < reach + distance:
            runs[-1].append(gap)
            reach = max(reach, gap.end)
        else:
            runs.append([gap])
            reach = gap.end
    return runs


def _whole(start: int, end: int, parts: Sequence[tuple[int, list[Damage]]], channels: int) -> Damage:
    """The gap of all channels that are damaged from `start` to `end`, each with the gaps that damage it there."""
    damaged = tuple(channel for channel, _ in parts)
    sources = list(dict.fromkeys(gap for _, run in parts for gap in run))
    joined = reduce(join, sources)
    if len(sources) == 1 and joined.channel_indices(channels) == damaged:
        return joined
    return replace(joined, start=start, end=end, channels=None if len(damaged) == channels else damaged)


def _kind(first: Damage, second: Damage) -> DamageKind:
    if "manual" in (first.kind, second.kind):
        return "manual"
    return first.kind if first.frames >= second.frames else second.kind


def _nearest(frame: int, edges: Sequence[int], within: int) -> int:
    at = bisect_left(edges, frame)
    candidates = [int(edge) for edge in edges[max(0, at - 1) : at + 1]]
    best = min(candidates, key=lambda edge: abs(edge - frame), default=frame)
    return best if abs(best - frame) <= within else frame


def by_place(gap: Damage) -> tuple[int, int, tuple[int, ...], tuple[float, ...]]:
    """Sort key of gaps; unlike gaps themselves it orders None (all channels, all frequencies) too."""
    band = () if gap.band is None else (gap.band.low, gap.band.high)
    return gap.start, gap.end, gap.channels or (), band


def _covers(gaps: Sequence[Damage], channel: int, channels: int, frames: int) -> bool:
    """True when gaps cover every frame of a channel; damage in a band leaves sound."""
    whole = (gap for gap in gaps if gap.band is None)
    own = sorted((gap for gap in whole if channel in gap.channel_indices(channels)), key=by_place)
    return any(run[0].start == 0 and max(gap.end for gap in run) == frames for run in _runs(own, 1))


def _nothing_left(gaps: Sequence[Damage], lost: Sequence[int], channels: int) -> str:
    """Why channels cannot be restored: gaps that cover all of them, or a file without one valid sample there."""
    everywhere = len(lost) == channels
    if all(gap.kind == "invalid" for gap in gaps if lost[0] in gap.channel_indices(channels)):
        what = "The recording" if everywhere else f"Channel {lost[0] + 1} of the recording"
        return (
            f"{what} holds no valid sample, only NaN or infinite values, so there is no sound to restore it from; "
            "the file was damaged when it was written: look for another copy."
        )
    where = "recording" if everywhere else f"channel {lost[0] + 1}"
    return f"The gaps cover the whole {where}, so there is no sound left to fill from; shorten them."


def _span(gap: Damage, rate: int | None) -> str:
    if rate is None:
        return f"from sample {gap.start} to {gap.end}"
    return f"{gap.start / rate:.3f}–{gap.end / rate:.3f} s"
