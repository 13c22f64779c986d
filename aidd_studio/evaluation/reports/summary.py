"""Means and spreads of an evaluation, as plain data: what the report prints, plots and stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aidd_studio.audio.clip import Samples
from aidd_studio.evaluation.metrics.frechet import Embedding, FrechetResult, compare
from aidd_studio.evaluation.metrics.measures import BETTER_WHEN_HIGHER
from aidd_studio.evaluation.metrics.ranking import rank_correlation
from aidd_studio.evaluation.runs.fill_cases import FillOutcome

MEASURES = ("lsd", "odg", "mel", "convergence", "snr", "click")


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over segments, the samples of each averaged first."""

    mean: float
    deviation: float
    best_scored: float  # mean over segments of the sample that the engine liked best


@dataclass(frozen=True)
class Cell:
    """One engine at one gap length."""

    engine: str
    gap_ms: float
    segments: int
    errors: tuple[str, ...]
    measures: dict[str, Spread]
    seconds_per_gap: float
    frechet: FrechetResult | None = None


@dataclass(frozen=True)
class Summary:
    """All cells, and whether an engine's score puts its samples into the order of the measures."""

    engines: tuple[str, ...]
    gaps_ms: tuple[float, ...]
    cells: tuple[Cell, ...]
    score_agreement: dict[str, dict[str, float]] = field(default_factory=dict)

    def cell(self, engine: str, gap_ms: float) -> Cell | None:
        return next((cell for cell in self.cells if (cell.engine, cell.gap_ms) == (engine, gap_ms)), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def summarise(
    outcomes: Sequence[FillOutcome], output: Path | None = None, embedding: Embedding | None = None
) -> Summary:
    """Average outcomes by engine and gap length.

    With `output` and `embedding` the Fréchet distance of each cell's restored sounds is measured too.
    """
    engines = tuple(dict.fromkeys(outcome.engine for outcome in outcomes))
    gaps = tuple(sorted({outcome.gap_ms for outcome in outcomes}))
    cells = []
    for engine in engines:
        for gap in gaps:
            these = [one for one in outcomes if one.engine == engine and one.gap_ms == gap]
            if these:
                cells.append(_cell(engine, gap, these, output, embedding))
    return Summary(engines, gaps, tuple(cells), score_agreement(outcomes))


def score_agreement(outcomes: Iterable[FillOutcome]) -> dict[str, dict[str, float]]:
    """For each engine with several samples a case: mean rank correlation of its score with each measure's goodness.

    1 when the score orders the samples as the measure does, 0 when it knows nothing of it.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for outcome in outcomes:
        if len(outcome.samples) < 3:
            continue
        scores = [sample.score for sample in outcome.samples]
        for name in MEASURES:
            sign = 1.0 if name in BETTER_WHEN_HIGHER else -1.0
            goodness = [sign * sample.measures[name] for sample in outcome.samples]
            correlation = rank_correlation(scores, goodness)
            if correlation is not None:
                found.setdefault(outcome.engine, {}).setdefault(name, []).append(correlation)
    return {
        engine: {name: float(np.mean(values)) for name, values in by_name.items()} for engine, by_name in found.items()
    }


def _cell(
    engine: str, gap: float, outcomes: Sequence[FillOutcome], output: Path | None, embedding: Embedding | None
) -> Cell:
    done = [outcome for outcome in outcomes if outcome.samples]
    errors = tuple(sorted({outcome.error for outcome in outcomes if outcome.error}))
    measures = {name: _spread(done, name) for name in MEASURES} if done else {}
    seconds = float(np.mean([outcome.seconds_per_gap for outcome in done])) if done else 0.0
    frechet = _frechet(done, output, embedding) if output is not None and embedding is not None else None
    return Cell(engine, gap, len(done), errors, measures, seconds, frechet)


def _spread(outcomes: Sequence[FillOutcome], name: str) -> Spread:
    values = [outcome.mean(name) for outcome in outcomes]
    best = float(np.mean([outcome.best_scored(name) for outcome in outcomes]))
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0, best)


def _frechet(outcomes: Sequence[FillOutcome], output: Path, embedding: Embedding) -> FrechetResult | None:
    rates = {outcome.rate for outcome in outcomes}
    if len(outcomes) < 2 or len(rates) != 1:
        return None
    originals = [sound(output / outcome.original) for outcome in outcomes]
    restored = [sound(output / outcome.restored) for outcome in outcomes]
    return compare(originals, restored, rates.pop(), embedding)


def sound(path: Path) -> Samples:
    """A kept sound: float32 [channels, frames]."""
    import soundfile

    return np.ascontiguousarray(soundfile.read(path, dtype="float32", always_2d=True)[0].T, dtype=np.float32)
