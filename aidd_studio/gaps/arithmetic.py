"""The arithmetic of gaps: joining, trimming, moving and checking them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from aidd_studio.errors import GapError
from aidd_studio.gaps.gap import Gap, GapKind


def merge(gaps: Iterable[Gap], distance: int = 0) -> list[Gap]:
    """Sorted gaps of which no two share a sample.

    Gaps of the same channels that overlap, meet or lie less than `distance` frames apart become one. Overlapping
    gaps that share only some channels become one gap in all the channels of both; without a common channel they
    are left as they are, since they have no sample in common.
    """
    merged = sorted(gaps, key=by_place)
    while True:
        count = len(merged)
        merged = _sweep(merged, distance)
        if len(merged) == count:
            return sorted(merged, key=by_place)


def clamp(gap: Gap, frames: int) -> Gap:
    """The part of a gap that lies inside a recording of that many frames; GapError when there is none."""
    start, end = max(0, gap.start), min(frames, gap.end)
    if end <= start:
        raise GapError(
            f"The gap {_span(gap, None)} lies outside the recording, which has {frames} samples; move or remove it."
        )
    return gap.moved(start, end)


def validate(gaps: Iterable[Gap], frames: int, channels: int, rate: int | None = None) -> None:
    """Raise GapError unless all gaps lie inside a recording and leave some sound in each of its channels.

    rate: when given, the sentences speak of seconds instead of samples.
    """
    gaps = list(gaps)
    length = f"{frames} samples" if rate is None else f"{frames / rate:.3f} s"
    for gap in gaps:
        if gap.start < 0 or gap.end > frames:
            raise GapError(
                f"The gap {_span(gap, rate)} lies outside the recording, which is {length} long; move or remove it."
            )
        if gap.channels is not None and not 0 <= gap.channels[0] <= gap.channels[-1] < channels:
            raise GapError(
                f"The gap {_span(gap, rate)} names channel {gap.channels[-1] + 1}, but the recording has {channels}."
            )
    for channel in range(channels):
        own = [gap for gap in gaps if gap.channels is None or channel in gap.channels]
        joined = merge(replace(gap, channels=None) for gap in own)
        if joined and joined[0].frames == frames:
            where = "recording" if channels == 1 or len(own) == len(gaps) else f"channel {channel + 1}"
            raise GapError(f"The gaps cover the whole {where}, so there is no sound left to fill from; shorten them.")


def snap(gap: Gap, edges: Sequence[int], within: int) -> Gap:
    """The gap with each border moved to the nearest of `edges` (sorted frames) at most `within` frames away.

    A gap that would vanish stays as it is.
    """
    start, end = _nearest(gap.start, edges, within), _nearest(gap.end, edges, within)
    return gap.moved(start, end) if start < end else gap


def invert(gaps: Iterable[Gap], frames: int) -> list[Gap]:
    """The stretches of a recording that no gap touches in any channel."""
    stretches = []
    position = 0
    for gap in sorted(gaps, key=by_place):
        if gap.start >= frames:
            break
        if gap.start > position:
            stretches.append(Gap(position, gap.start))
        position = max(position, gap.end)
    if position < frames:
        stretches.append(Gap(position, frames))
    return stretches


def group(gaps: Iterable[Gap], distance: int) -> list[list[Gap]]:
    """Sorted gaps in lists of near ones: from the end of one list to the next are at least `distance` frames."""
    groups: list[list[Gap]] = []
    reach = 0
    for gap in sorted(gaps, key=by_place):
        if groups and gap.start - reach < distance:
            groups[-1].append(gap)
            reach = max(reach, gap.end)
        else:
            groups.append([gap])
            reach = gap.end
    return groups


def shift(gap: Gap, frames: int) -> Gap:
    """The gap moved later by `frames` (earlier when negative); GapError when it would begin before the recording."""
    if gap.start + frames < 0:
        raise GapError(f"The gap {_span(gap, None)} cannot be moved to before the recording's beginning.")
    return gap.moved(gap.start + frames, gap.end + frames)


def join(first: Gap, second: Gap) -> Gap:
    """One gap over both, in the channels of both: a person's mark outweighs a detection, else the longer's kind."""
    channels = None
    if first.channels is not None and second.channels is not None:
        channels = tuple(set(first.channels) | set(second.channels))
    return Gap(
        min(first.start, second.start),
        max(first.end, second.end),
        channels,
        _kind(first, second),
        max(first.confidence, second.confidence),
    )


def _sweep(gaps: Sequence[Gap], distance: int) -> list[Gap]:
    """One pass of joining over sorted gaps; a joined gap may meet others only at the next pass."""
    done: list[Gap] = []
    near: list[Gap] = []  # those that a later gap may still join
    for gap in gaps:
        done += [other for other in near if not _reaches(other, gap, distance)]
        near = [other for other in near if _reaches(other, gap, distance)]
        partner = next((other for other in near if _belong_together(other, gap, distance)), None)
        if partner is None:
            near.append(gap)
        else:
            near[near.index(partner)] = join(partner, gap)
    return sorted(done + near, key=by_place)


def _reaches(earlier: Gap, later: Gap, distance: int) -> bool:
    return later.start <= earlier.end or later.start - earlier.end < distance


def _belong_together(earlier: Gap, later: Gap, distance: int) -> bool:
    if earlier.channels == later.channels:
        return _reaches(earlier, later, distance)
    if later.start >= earlier.end:
        return False
    if earlier.channels is None or later.channels is None:
        return True
    return not set(earlier.channels).isdisjoint(later.channels)


def _kind(first: Gap, second: Gap) -> GapKind:
    if "manual" in (first.kind, second.kind):
        return "manual"
    return first.kind if first.frames >= second.frames else second.kind


def _nearest(frame: int, edges: Sequence[int], within: int) -> int:
    at = bisect_left(edges, frame)
    candidates = [int(edge) for edge in edges[max(0, at - 1) : at + 1]]
    best = min(candidates, key=lambda edge: abs(edge - frame), default=frame)
    return best if abs(best - frame) <= within else frame


def by_place(gap: Gap) -> tuple[int, int, tuple[int, ...]]:
    """The key to sort gaps by; unlike the gaps themselves it compares all channels with some."""
    return gap.start, gap.end, gap.channels or ()


def _span(gap: Gap, rate: int | None) -> str:
    if rate is None:
        return f"from sample {gap.start} to {gap.end}"
    return f"{gap.start / rate:.3f}–{gap.end / rate:.3f} s"
