"""One scale for the scores of all engines: how good a fill with that score is among the fills of its gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aidd_studio.evaluation.metrics.measures import BETTER_WHEN_HIGHER
from aidd_studio.evaluation.metrics.ranking import rank_correlation
from aidd_studio.evaluation.reports.sweep import JUDGES, by_place, judges_at
from aidd_studio.evaluation.runs.fill_cases import FillOutcome, MeasuredFill
from aidd_studio.files.atomic import atomic_path

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rated:
    """One fill: its score, and its quality relative to the other fills of its gap, in standard deviations."""

    place: tuple[str, float, float]  # recording, start, gap length in ms
    engine: str
    score: float
    quality: float
    measures: dict[str, float]

    @property
    def recording(self) -> str:
        return self.place[0]

    @property
    def gap_ms(self) -> float:
        return self.place[2]


@dataclass(frozen=True)
class Line:
    """quality = slope · score + offset, the offset by gap length (ms, rising)."""

    slope: float
    offsets: tuple[tuple[float, float], ...]
    correlation: float  # rank correlation of score and quality at one gap length, averaged over the lengths
    fills: int

    def quality(self, score: float, gap_ms: float) -> float:
        """What a score promises, interpolated over the logarithm of the gap's length."""
        lengths, offsets = zip(*self.offsets, strict=True)
        return self.slope * score + float(np.interp(np.log(gap_ms), np.log(lengths), offsets))


def rated(outcomes: Iterable[FillOutcome]) -> list[Rated]:
    """All fills that engines gave for gaps that several could fill.

    A fill's quality is the mean over the measures that can judge its gap length of its distance to the mean fill of the
    same gap, in standard deviations of all such distances at that length; higher is better.
    """
    everything = list(outcomes)
    places = {place: those for place, those in by_place(everything).items() if len(those) > 1}
    found: list[Rated] = []
    for length in sorted({place[2] for place in places}):
        judges = judges_at(everything, length)
        here = {
            place: [(one.engine, sample) for one in those for sample in one.samples]
            for place, those in places.items()
            if place[2] == length
        }
        distances = {
            place: _centred(_goodness([sample for _, sample in fills], judges)) for place, fills in here.items()
        }
        spread = np.concatenate(list(distances.values())).std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        found += [
            Rated(place, engine, sample.score, float(quality), sample.measures)
            for place, fills in here.items()
            for (engine, sample), quality in zip(fills, (distances[place] / scale).mean(axis=1), strict=True)
        ]
    return found


def _goodness(samples: Sequence[MeasuredFill], judges: Sequence[str]) -> Array:
    """The measures of fills, higher is better: [fills, judges]."""
    signs = [1.0 if judge in BETTER_WHEN_HIGHER else -1.0 for judge in judges]
    return np.array(
        [[sign * sample.measures[judge] for sign, judge in zip(signs, judges, strict=True)] for sample in samples]
    )


def lines(fills: Iterable[Rated]) -> dict[str, Line]:
    """For each engine the line from its score to quality, by least squares: one slope, an offset for each length.

    An engine whose score says nothing of quality, or the contrary, gets slope 0: no line ever reverses the order in
    which an engine puts its own fills.
    """
    by_engine: dict[str, list[Rated]] = {}
    for fill in fills:
        by_engine.setdefault(fill.engine, []).append(fill)
    return {engine: _fitted(own) for engine, own in sorted(by_engine.items())}


def _fitted(fills: Sequence[Rated]) -> Line:
    groups = {length: [fill for fill in fills if fill.gap_ms == length] for length in sorted({f.gap_ms for f in fills})}
    scores = {length: np.array([fill.score for fill in own]) for length, own in groups.items()}
    qualities = {length: np.array([fill.quality for fill in own]) for length, own in groups.items()}
    product = sum(float(np.sum(_centred(scores[n]) * _centred(qualities[n]))) for n in groups)
    power = sum(float(np.sum(np.square(_centred(scores[n])))) for n in groups)
    slope = product / power if product > 0.0 and power > 0.0 else 0.0
    offsets = tuple((n, float(qualities[n].mean() - slope * scores[n].mean())) for n in groups)
    known = [rank_correlation(list(scores[n]), list(qualities[n])) for n in groups if len(groups[n]) > 2]
    return Line(slope, offsets, _mean(known), len(fills))


def _centred(values: Array) -> Array:
    """Values less their mean, column by column."""
    centred: Array = values - values.mean(axis=0)
    return centred


@dataclass(frozen=True)
class Agreement:
    """How well candidates of all engines in one list are ordered, by mean rank correlation over gaps."""

    by_measure: dict[str, float]
    quality: float  # rank correlation with quality
    first: float  # mean quality of the candidate that is put first, in standard deviations
    gaps: int


def agreement(fills: Sequence[Rated], order: Callable[[Rated], float]) -> Agreement:
    """The agreement of an order (higher comes first) with each measure and with quality."""
    places: dict[tuple[str, float, float], list[Rated]] = {}
    for fill in fills:
        places.setdefault(fill.place, []).append(fill)
    by_measure: dict[str, list[float | None]] = {judge: [] for judge in JUDGES}
    qualities, first = [], []
    for own in places.values():
        values = [order(fill) for fill in own]
        qualities.append(rank_correlation(values, [fill.quality for fill in own]))
        first.append(own[int(np.argmax(values))].quality)
        for judge, known in by_measure.items():
            sign = 1.0 if judge in BETTER_WHEN_HIGHER else -1.0
            known.append(rank_correlation(values, [sign * fill.measures[judge] for fill in own]))
    return Agreement(
        {judge: _mean(known) for judge, known in by_measure.items()},
        _mean(qualities),
        _mean(first),
        len(places),
    )


def by_lines_of_others(fills: Sequence[Rated]) -> Callable[[Rated], float]:
    """An order by calibrated score in which each recording is judged by lines fitted without it."""
    recordings = {fill.recording for fill in fills}
    others = {name: lines(fill for fill in fills if fill.recording != name) for name in recordings}

    def order(fill: Rated) -> float:
        line = others[fill.recording].get(fill.engine)
        return line.quality(fill.score, fill.gap_ms) if line else -np.inf

    return order


def write_calibration(found: dict[str, Line], path: Path, command: str) -> None:
    """Write the lines as the module that `auto` ranks by."""
    rows = []
    for engine, line in found.items():
        offsets = [f"            ({length:g}, {offset:.3f})," for length, offset in line.offsets]
        rows += [f'    "{engine}": (', f"        {line.slope:.4g},", "        (", *offsets, "        ),", "    ),"]
    text = (
        '"""What an engine\'s score says of a fill\'s quality; see docs/ROUTING.md."""\n\n'
        f"# Written by {command}; not to be changed by hand.\n\n"
        "CALIBRATION: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {\n" + "\n".join(rows) + "\n}\n"
        '"""By engine: slope, and offsets by gap length in ms; quality = slope · score + offset."""\n'
    )
    with atomic_path(path, overwrite=True) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0
