"""Stretches of one channel that look damaged, before they become gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.damage.damage import DamageKind


@dataclass(frozen=True)
class Span:
    """Frames `start` to `end` (half open) of one channel, with the confidence that they are damaged.

    lag: for a repeated buffer, the distance in frames to the original.
    """

    start: int
    end: int
    kind: DamageKind
    confidence: float
    lag: int = 0

    @property
    def frames(self) -> int:
        return self.end - self.start

    def overlap(self, other: Span) -> int:
        """Frames that both hold."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))


def true_runs(mask: NDArray[np.bool_], shortest: int = 1) -> list[tuple[int, int]]:
    """Where a mask [n] is True for at least `shortest` samples in a row: half-open intervals."""
    false = np.concatenate([[-1], np.flatnonzero(~mask), [len(mask)]])
    long = np.flatnonzero(np.diff(false) > shortest)
    return [(int(false[at]) + 1, int(false[at + 1])) for at in long]


EXACT: tuple[DamageKind, ...] = ("invalid", "silence", "held")
"""Kinds whose borders are sample-exact, so that they win over a level cut of about the same extent."""

MOSTLY = 0.8


def resolve_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Sorted spans without overlap, from all suspects of one channel.

    Of overlapping ones, the most confident level cut and the longest exact span remain; they are merged unless the
    exact one explains most of it. Invalid samples are never dropped.
    """
    spans = list(spans)
    kept = [span for span in spans if span.kind in EXACT]
    rough = sorted((span for span in spans if span.kind not in EXACT), key=lambda span: (-span.confidence, span.start))
    surest: list[Span] = []
    for span in rough:
        if not any(span.overlap(other) for other in surest):
            surest.append(span)
    clusters: list[list[Span]] = []
    reach = 0
    for span in sorted(kept + surest, key=lambda span: (span.start, span.end)):
        if clusters and span.start < reach:
            clusters[-1].append(span)
            reach = max(reach, span.end)
        else:
            clusters.append([span])
            reach = span.end
    return [_one(cluster) for cluster in clusters]


def _one(cluster: Sequence[Span]) -> Span:
    longest = max(cluster, key=lambda span: span.frames)
    start, end = min(span.start for span in cluster), max(span.end for span in cluster)
    exact = [span for span in cluster if span.kind in EXACT]
    main = max(exact, key=lambda span: span.frames, default=longest)
    if main.frames < MOSTLY * (end - start):
        return Span(start, end, longest.kind, max(span.confidence for span in cluster))
    invalid = [span for span in cluster if span.kind == "invalid"]
    return Span(
        min([main.start, *(span.start for span in invalid)]),
        max([main.end, *(span.end for span in invalid)]),
        "invalid" if invalid else main.kind,
        main.confidence,
        main.lag,
    )
