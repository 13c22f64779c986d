"""The routing table of `auto`: which engines fill a gap, by its length."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from aidd_studio.engines.auto.calibration import CALIBRATION


@dataclass(frozen=True)
class Route:
    """The row for gaps below `below` seconds.

    engines: of the first, second, … candidate; the last one makes all further ones. without_weights: the same where
    the neural engine is not available. reason: why, as shown to the user.
    """

    below: float
    engines: tuple[str, ...]
    without_weights: tuple[str, ...]
    reason: str

    def slots(self, candidates: int, with_weights: bool) -> list[str]:
        """The engine of each candidate; asking for more only appends."""
        row = self.engines if with_weights else self.without_weights
        return [row[min(index, len(row) - 1)] for index in range(candidates)]


TABLE = (
    Route(0.028, ("autoregressive",), ("autoregressive",), "linear prediction is best below 28 ms"),
    Route(
        0.057,
        ("autoregressive", "aidd"),
        ("autoregressive", "extrapolation"),
        "28–57 ms: linear prediction leads, the neural engine offers alternatives",
    ),
    Route(
        0.226,
        ("aidd", "extrapolation", "aidd", "similar", "aidd"),
        ("extrapolation", "similar"),
        "57–226 ms: neural, extrapolation and similar passage perform alike; all are offered",
    ),
    Route(
        math.inf,
        ("aidd", "similar", "aidd"),
        ("similar", "extrapolation", "similar"),
        "226 ms and longer: linear prediction has faded; only a model of music or a repetition fills the gap",
    ),
)
"""From docs/ROUTING.md; the limits are geometric means of neighbouring lengths that were measured.

No kind of material clearly favours another engine, so only the length counts.
"""


def route(seconds: float) -> Route:
    """The table's row for a gap of that many seconds."""
    return next(row for row in TABLE if seconds < row.below)


def calibrate(engine: str, score: float, seconds: float) -> float:
    """An engine's score for a gap of that many seconds on the scale that all engines share.

    It is the mean quality of fills with that score in the sweep of docs/ROUTING.md, in standard deviations above the
    mean fill of their gap. Scores of engines outside the sweep stay as they are.
    """
    if engine not in CALIBRATION:
        return score
    slope, offsets = CALIBRATION[engine]
    return slope * score + _between(offsets, 1000 * seconds)


def _between(points: Sequence[tuple[float, float]], ms: float) -> float:
    """The value at a gap length, interpolated over log length and constant beyond the ends."""
    for (shorter, before), (longer, after) in itertools.pairwise(points):
        if shorter <= ms <= longer:
            share = math.log(ms / shorter) / math.log(longer / shorter)
            return before + share * (after - before)
    return points[0][1] if ms < points[0][0] else points[-1][1]
