"""The engine `autoregressive`: linear prediction from both sides, made one by Janssen's interpolation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.signal import Signal, correlation
from aidd_studio.engines import catalogue
from aidd_studio.engines.engine import EngineInfo, Fill, Window
from aidd_studio.engines.linear.companion import companion_part
from aidd_studio.engines.linear.extrapolation import (
    HEADROOM,
    cross_fade,
    extrapolate,
    extrapolate_back,
    scaled_order,
)
from aidd_studio.engines.linear.janssen import janssen
from aidd_studio.engines.stretches import Stretch, known_after, known_before, stretches
from aidd_studio.errors import UsageError
from aidd_studio.progress import Progress


@dataclass(frozen=True)
class AutoregressiveSettings:
    """order: of the model at 44.1 kHz, scaled with the rate. context: seconds of sound on each side.

    longest: gaps of more seconds than this are extrapolated only. iterations: rounds of Janssen's interpolation.
    """

    order: int = 1024
    context: float = 4096 / 44100
    longest: float = 0.16
    iterations: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.order <= 8192:
            raise UsageError(f"The order must be between 1 and 8192, not {self.order}.")
        if not 0 < self.context <= 10:
            raise UsageError(f"The context must be between 0 and 10 seconds, not {self.context}.")
        if not 0 <= self.iterations <= 100:
            raise UsageError(f"The iterations must be between 0 and 100, not {self.iterations}.")


class AutoregressiveEngine:
    """Fills gaps with the sound that a linear predictor of the surroundings finds least surprising."""

    def __init__(self, settings: AutoregressiveSettings | None = None) -> None:
        self.settings = settings or AutoregressiveSettings()

    @property
    def info(self) -> EngineInfo:
        return catalogue.AUTOREGRESSIVE

    def unavailable(self) -> str | None:
        """It needs nothing but numpy and scipy."""
        return None

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield the one fill there is; `candidates` and `seed` change nothing."""
        started = time.perf_counter()
        filled, confidence = self._guess(window, progress.part(0.0, 0.4))
        holes = stretches(window.missing)
        for index, hole in enumerate(holes):
            progress.report(0.4 + 0.6 * index / len(holes), "interpolating")
            self._interpolate(window, filled, hole, progress)
        samples = np.where(window.missing, filled, window.samples).astype(np.float32)
        progress.report(1.0, "interpolated")
        yield Fill(
            samples, self.info.name, seed, confidence, asdict(self.settings), seconds=time.perf_counter() - started
        )

    def _guess(self, window: Window, progress: Progress) -> tuple[Signal, float]:
        """All gaps extrapolated from left to right, and how well both sides' predictions agree (−1 to 1)."""
        filled = window.samples.astype(np.float64)
        order, context = self._order(window.rate), self._context(window.rate)
        holes = stretches(window.missing)
        agreements = []
        for index, hole in enumerate(holes):
            progress.report(index / len(holes), "extrapolating")
            rows, end = list(hole.channels), min(known_after(window.missing, hole), hole.end + context)
            part = companion_part(filled, window.missing, hole, context, window.rate)
            first = max(0, hole.start - context)
            rest = filled[rows, first : first + part.shape[1]] - part
            before, after = rest[:, : hole.start - first], rest[:, hole.end - first : end - first]
            forward = extrapolate(before, hole.frames, order, progress)
            backward = extrapolate_back(after, hole.frames, order, progress)
            fill = cross_fade(forward, backward, before.shape[1], after.shape[1])
            filled[rows, hole.start : hole.end] = fill + part[:, hole.start - first : hole.end - first]
            agreements.append(correlation(forward, backward))
        return filled, float(np.mean(agreements)) if agreements else 0.0

    def _interpolate(self, window: Window, filled: Signal, hole: Stretch, progress: Progress) -> None:
        """Replace the guess in one gap by Janssen's interpolation, where that makes sense and is sound."""
        context = self._context(window.rate)
        one_sided = hole.start == known_before(window.missing, hole) or hole.end == known_after(window.missing, hole)
        if one_sided or hole.frames > self.settings.longest * window.rate or self.settings.iterations < 1:
            return
        first, last = max(0, hole.start - context), min(window.frames, hole.end + context)
        part = companion_part(filled, window.missing, hole, context, window.rate)
        rows = list(hole.channels)
        region = filled[rows, first:last] - part
        order = min(self._order(window.rate), (last - first) // 3)
        inside = slice(hole.start - first, hole.end - first)
        fill = janssen(region, inside.start, inside.stop, order, self.settings.iterations, progress) + part[:, inside]
        if _sound(fill, filled[rows, first:last], inside):
            filled[rows, hole.start : hole.end] = fill

    def _order(self, rate: int) -> int:
        return scaled_order(rate, self.settings.order)

    def _context(self, rate: int) -> int:
        return max(64, round(self.settings.context * rate))


@dataclass(frozen=True)
class ExtrapolationSettings:
    """order: of the model at 44.1 kHz, scaled with the rate. context: seconds of sound on each side."""

    order: int = 2048
    context: float = 4096 / 44100

    def __post_init__(self) -> None:
        AutoregressiveSettings(self.order, self.context)


class ExtrapolationEngine(AutoregressiveEngine):
    """The baseline without interpolation: both sides extrapolated and cross-faded (Kauppinen & Roth 2002)."""

    def __init__(self, settings: ExtrapolationSettings | None = None) -> None:
        given = settings or ExtrapolationSettings()
        super().__init__(AutoregressiveSettings(given.order, given.context, longest=0.0, iterations=0))

    @property
    def info(self) -> EngineInfo:
        return catalogue.EXTRAPOLATION


def _sound(fill: Signal, region: Signal, inside: slice) -> bool:
    """Whether an interpolation stays near the level of its surroundings in every row."""
    known: NDArray[np.bool_] = np.ones(region.shape[1], dtype=np.bool_)
    known[inside] = False
    limits = HEADROOM * np.max(np.abs(region[:, known]), axis=1, initial=0.0)
    return bool(np.all(np.isfinite(fill)) and np.all(np.max(np.abs(fill), axis=1, initial=0.0) <= limits))
