"""The engine `sparse`: A-SPAIN and A-SPAIN-L, the literature's sparse baselines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal, hann
from aidd_studio.damage.detection.spans import true_runs
from aidd_studio.engines import catalogue
from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.engines.sparse.basis_learning import learn
from aidd_studio.engines.sparse.frames import RedundantFourier, Transform, cut, frame_starts, overlap_add
from aidd_studio.engines.sparse.spain import spain
from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress

Variant = Literal["aspain", "aspain-l"]

LARGEST_FRAME = 0.5
"""Seconds that one frame may last; longer gaps are filled from their edges only."""

FRAME_PER_GAP = 2.5
"""A frame must reach well beyond the gap on both sides to know anything about it."""

FEWEST_LESSONS = 8
"""Intact frames that must be at hand to learn a basis from; with fewer, the Fourier basis is used."""


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
        return catalogue.SPARSE

    def unavailable(self) -> str | None:
        """It needs nothing but numpy and scipy."""
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield the one fill there is; `candidates` and `seed` change nothing."""
        started = time.perf_counter()
        samples = window.samples.copy()
        damaged = np.flatnonzero(window.missing.any(axis=1))
        for index, channel in enumerate(damaged):
            share = progress.part(index / len(damaged), (index + 1) / len(damaged))
            missing = window.missing[channel]
            filled = self._fill_row(window.samples[channel].astype(np.float64), missing, window.rate, share)
            samples[channel, missing] = filled[missing]
        progress.report(1.0, "sparse")
        yield Fill(samples, self.info.name, seed, 0.0, asdict(self.settings), seconds=time.perf_counter() - started)

    def _fill_row(self, row: Signal, missing: NDArray[np.bool_], rate: int, progress: Progress) -> Signal:
        longest = max(end - start for start, end in true_runs(missing))
        frames = _frame_length(longest, rate, self.settings.frame)
        window = hann(frames, symmetry="midpoint")
        transform = self._transform(row, missing, window, progress.part(0.0, 0.2))
        starts = frame_starts(missing, frames)
        known = np.asarray(cut(~missing, starts, frames), dtype=np.bool_)
        windowed = np.asarray(cut(row, starts, frames), dtype=np.float64) * window
        estimates = spain(windowed, known, transform, self.settings.rounds, progress.part(0.2, 1.0))
        filled = overlap_add(estimates, starts, window, len(row))
        peak = float(np.max(np.abs(row[~missing]), initial=0.0))
        return np.clip(filled, -peak, peak)

    def _transform(self, row: Signal, missing: NDArray[np.bool_], window: Signal, progress: Progress) -> Transform:
        frames = len(window)
        if self.settings.variant == "aspain":
            return RedundantFourier(frames)
        counts = np.concatenate(([0], np.cumsum(missing)))
        hop = max(1, frames // 16)
        starts = [start for start in range(0, len(row) - frames + 1, hop) if counts[start + frames] == counts[start]]
        if len(starts) < FEWEST_LESSONS:
            return RedundantFourier(frames)
        return learn(np.asarray(cut(row, starts, frames), dtype=np.float64) * window, progress)


def _frame_length(longest: int, rate: int, seconds: float) -> int:
    """Samples of a frame: a multiple of 8, long enough for the longest gap."""
    wanted = max(seconds * rate, FRAME_PER_GAP * longest)
    return max(64, 8 * round(min(wanted, LARGEST_FRAME * rate) / 8))
