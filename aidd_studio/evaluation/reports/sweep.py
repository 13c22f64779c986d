"""Which engine for which gap: the evidence that the routing table of `auto` is made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from aidd_studio.evaluation.metrics.measures import BETTER_WHEN_HIGHER
from aidd_studio.evaluation.metrics.ranking import ranks
from aidd_studio.evaluation.runs.fill_cases import FillOutcome

JUDGES = ("lsd", "odg", "mel", "convergence")
"""The measures whose ranks are averaged to an engine's merit in a case."""

SHORT_JUDGES = (*JUDGES, "snr")
"""Up to 80 ms the waveform itself can be restored, so its error counts too."""

SHORT = 80.0

SILENCE = "masked"

NOT_ROUTED = frozenset({SILENCE, "auto"})

CLOSE = 2.0
"""Standard errors of the paired difference of merits below which two engines are called close."""

FEWEST_CASES = 4
"""With fewer cases nothing is said of a gap length, and no engine is called close to the best."""

Place = tuple[str, float, float]
"""Recording, start and gap length: what the engines of a case share."""


@dataclass(frozen=True)
class Standing:
    """One engine at one gap length: mean rank among the engines (0 is best), and how sure that is."""

    engine: str
    merit: float
    behind: float  # mean paired difference to the best engine
    error: float  # standard error of that difference
    cases: int  # cases in which it gave a fill

    @property
    def close(self) -> bool:
        """True when the difference to the best may be chance, as far as enough cases say anything."""
        return self.behind == 0.0 or (self.cases >= FEWEST_CASES and self.behind <= CLOSE * self.error)


@dataclass(frozen=True)
class Row:
    """The engines for one gap length, best first, over all material or one kind of it."""

    gap_ms: float
    material: str  # "all", "tonal", "noisy" or "transient"
    cases: int
    judges: tuple[str, ...]  # the measures that counted
    standings: tuple[Standing, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """The best engine and those that are close to it."""
        return tuple(standing.engine for standing in self.standings if standing.close)


def rows(outcomes: Iterable[FillOutcome], material: str = "all") -> list[Row]:
    """The standings at each gap length."""
    everything = list(outcomes)
    places = by_place(everything, material)
    found = []
    for length in sorted({place[2] for place in places}):
        judges = judges_at(everything, length)
        merits = [_merits(those, judges) for place, those in places.items() if place[2] == length]
        merits = [one for one in merits if len(one) > 1]
        if merits:
            found.append(Row(length, material, len(merits), judges, _standings(merits)))
    return found


def judges_at(outcomes: Iterable[FillOutcome], gap_ms: float) -> tuple[str, ...]:
    """The measures that can tell fills of that length apart.

    A measure by which silence beats most fills punishes sound that is there more than sound that is missing, so it
    would choose the engine that fades out first; it is left out, unless that would leave none.
    """
    judges = SHORT_JUDGES if gap_ms <= SHORT else JUDGES
    those = [outcome for outcome in outcomes if outcome.gap_ms == gap_ms and outcome.samples]
    silent = {(one.recording, one.start): one for one in those if one.engine == SILENCE}
    pairs = [
        (outcome, silent[outcome.recording, outcome.start])
        for outcome in those
        if outcome.engine not in NOT_ROUTED and (outcome.recording, outcome.start) in silent
    ]
    fair = tuple(judge for judge in judges if _beats_silence(judge, pairs))
    return fair or judges


def _beats_silence(judge: str, pairs: Sequence[tuple[FillOutcome, FillOutcome]]) -> bool:
    sign = 1.0 if judge in BETTER_WHEN_HIGHER else -1.0
    better = [sign * fill.mean(judge) > sign * silence.mean(judge) for fill, silence in pairs]
    return not better or 2 * sum(better) > len(better)


def by_place(outcomes: Iterable[FillOutcome], material: str = "all") -> dict[Place, list[FillOutcome]]:
    """The outcomes of engines that may be routed, by what they were asked to fill."""
    places: dict[Place, list[FillOutcome]] = {}
    for outcome in outcomes:
        wanted = material in ("all", outcome.material)
        if wanted and outcome.samples and outcome.engine not in NOT_ROUTED:
            places.setdefault((outcome.recording, outcome.start, outcome.gap_ms), []).append(outcome)
    return places


def _merits(outcomes: Sequence[FillOutcome], judges: Sequence[str]) -> dict[str, float]:
    """Mean rank of each engine over the measures, by the sample its score likes best; 0 when best by all."""
    by_judge = []
    for judge in judges:
        sign = -1.0 if judge in BETTER_WHEN_HIGHER else 1.0
        by_judge.append(ranks([sign * outcome.best_scored(judge) for outcome in outcomes]))
    merits = np.mean(by_judge, axis=0)
    return {outcome.engine: float(merit) for outcome, merit in zip(outcomes, merits, strict=True)}


def _standings(merits: Sequence[dict[str, float]]) -> tuple[Standing, ...]:
    """Engines by merit; those that refused most cases come last. Differences are taken over common cases."""
    engines = sorted({engine for one in merits for engine in one})
    table = {engine: {place: one[engine] for place, one in enumerate(merits) if engine in one} for engine in engines}
    willing = [engine for engine in engines if 2 * len(table[engine]) >= len(merits)]
    best = min(willing, key=lambda engine: float(np.mean(list(table[engine].values()))))
    found = []
    for engine in engines:
        values = table[engine]
        behind = np.array([value - table[best][place] for place, value in values.items() if place in table[best]])
        error = float(np.std(behind, ddof=1) / np.sqrt(len(behind))) if len(behind) > 1 else float("inf")
        mean = float(behind.mean()) if len(behind) else float("inf")
        found.append(Standing(engine, float(np.mean(list(values.values()))), mean, error, len(values)))
    return tuple(sorted(found, key=lambda one: (one.engine != best, one.engine not in willing, one.merit)))
