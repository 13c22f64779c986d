"""The engine `sparse`: A-SPAIN and A-SPAIN-L, the literature's sparse baselines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress

SPARSE = EngineInfo(
    name="sparse",
    title="Sparse (A-SPAIN)",
    summary="Finds the sparsest spectrum that agrees with the surroundings: the literature's other baseline.",
    stochastic=False,
    rate=None,
    shortest=0.0,
    longest=0.05,
    context=0.2,
)

Variant = Literal["aspain", "aspain-l"]

LARGEST_FRAME = 0.5
"""Seconds that one frame may last; longer gaps are filled from their edges only."""


@dataclass(frozen=True)
class SparseSettings:
    """variant: "aspain" (Fourier frame) or "aspain-l" (with dictionary learning).

    frame: seconds of a frame, stretched for long gaps. rounds: iterations before the support grows.
    """

    variant: Variant = "aspain"
    frame: float = 4096 / 44100
    rounds: int = 4

    def __post_init__(self) -> None:
        if self.variant not in get_args(Variant):
            raise UsageError(f"The variant must be aspain or aspain-l, not {self.variant}.")
        if not 0.005 <= self.frame <= LARGEST_FRAME:
            raise UsageError(f"The frame must be between 0.005 and {LARGEST_FRAME} seconds, not {self.frame}.")
        if not 1 <= self.rounds <= 1000:
            raise UsageError(f"The rounds must be between 1 and 1000, not {self.rounds}.")


class SparseEngine:
    """Fills gaps with the sound whose spectrum is sparsest."""

    def __init__(self, settings: SparseSettings | None = None) -> None:
        self.settings = settings or SparseSettings()

    @property
    def info(self) -> EngineInfo:
        return SPARSE

    def unavailable(self) -> str | None:
        """It needs nothing but numpy and scipy."""
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield the one fill there is; `candidates` and `seed` change nothing."""
        from aidd_studio.engines.sparse.spain import Sparsity, fill_window

        started, given = time.perf_counter(), self.settings
        frame, largest = given.frame * window.rate, LARGEST_FRAME * window.rate
        samples = fill_window(window, Sparsity(frame, largest, given.rounds, given.variant == "aspain-l"), progress)
        progress.report(1.0, "sparse")
        yield Fill(samples, self.info.name, seed, 0.0, asdict(given), seconds=time.perf_counter() - started)
