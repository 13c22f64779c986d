"""The engine `similar`: a passage of the same recording whose surroundings match the gap's.

After Perraudin, Holighaus, Majdak & Balazs, "Inpainting of Long Audio Segments with Similarity Graphs", IEEE/ACM
TASLP 2018. The tempo is kept: one passage must fit at both borders of the gap.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress

SIMILAR = EngineInfo(
    name="similar",
    title="Similar passage",
    summary="Copies the passage of the same recording whose surroundings match best; for music that repeats.",
    stochastic=True,
    rate=None,
    shortest=0.1,
    longest=math.inf,
    context=math.inf,
)


@dataclass(frozen=True)
class SimilarSettings:
    """border: seconds of sound compared on each side. worst: decibels of difference at which nothing matches."""

    border: float = 1.5
    worst: float = 9.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.border <= 30:
            raise UsageError(f"The border must be between 0.1 and 30 seconds, not {self.border}.")
        if not self.worst > 0:
            raise UsageError(f"The worst difference must be more than 0 decibels, not {self.worst}.")


class SimilarEngine:
    """Fills gaps with similar passages from elsewhere in the recording."""

    def __init__(self, settings: SimilarSettings | None = None) -> None:
        self.settings = settings or SimilarSettings()

    @property
    def info(self) -> EngineInfo:
        return SIMILAR

    def unavailable(self) -> str | None:
        """It needs nothing but the recording."""
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield the best distinct passages, best first.

        Raises DamageError when the recording is too short or nothing in it resembles the surroundings of a gap.
        """
        from aidd_studio.engines.similar.passages import copies

        started, given = time.perf_counter(), self.settings
        for copy in copies(window, candidates, given.border, given.worst, progress):
            spent = time.perf_counter() - started
            yield Fill(copy.samples, self.info.name, seed, copy.score, asdict(given), seconds=spent, note=copy.note)
