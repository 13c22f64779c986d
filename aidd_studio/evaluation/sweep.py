"""Which engine for which gap: the evidence that the routing table of `auto` is made from."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aidd_studio.audio.atomic import atomic_path
from aidd_studio.evaluation.cases import Outcome
from aidd_studio.evaluation.measures import BETTER_WHEN_HIGHER
from aidd_studio.evaluation.ranking import rank_correlation, ranks

JUDGES = ("lsd", "odg", "mel", "convergence")
"""The measures whose ranks are averaged to an engine's merit in a case."""

SHORT_JUDGES = (*JUDGES, "snr")
"""Up to 80 ms the waveform itself can be restored, so its error counts too."""

SHORT = 80.0

NOT_ROUTED = frozenset({"masked", "auto"})

CLOSE = 2.0
"""Standard errors of the paired difference of merits below which two engines are called close."""

FEWEST_CASES = 4
"""With fewer cases nothing is said of a gap length, and no engine is called close to the best."""

COMMAND = "python tools/make_results.py RECORDINGS WORK --studies sweep"

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
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class Calibration:
    """What an engine's score says of its fill: quality = slope · score + offset, see `calibrations`."""

    slope: float
    offset: float
    correlation: float  # rank correlation over all its fills
    fills: int


def rows(outcomes: Iterable[Outcome], material: str = "all") -> list[Row]:
    """The standings at each gap length."""
    places = _places(outcomes, material)
    lengths = sorted({place[2] for place in places})
    found = []
    for length in lengths:
        merits = [_merits(those, length) for place, those in places.items() if place[2] == length]
        merits = [one for one in merits if len(one) > 1]
        if merits:
            found.append(Row(length, material, len(merits), _standings(merits)))
    return found


def calibrations(outcomes: Iterable[Outcome]) -> dict[str, Calibration]:
    """For each engine, the line that turns its score into quality, by least squares.

    Quality is minus the log-mel distance, relative to the mean of all engines at that gap length, so that the line does
    not merely say that long gaps are hard. An engine whose score says nothing of quality, or the contrary, gets slope 0
    and its mean quality as offset: no line ever reverses the order in which an engine puts its own fills.
    """
    routed = [outcome for outcome in outcomes if outcome.engine not in NOT_ROUTED and outcome.samples]
    distances: dict[float, list[float]] = {}
    for outcome in routed:
        distances.setdefault(outcome.gap_ms, []).append(outcome.mean("mel"))
    usual = {gap: float(np.mean(values)) for gap, values in distances.items()}
    pairs: dict[str, list[tuple[float, float]]] = {}
    for one in routed:
        pairs.setdefault(one.engine, []).extend((s.score, usual[one.gap_ms] - s.measures["mel"]) for s in one.samples)
    return {engine: _fitted(found) for engine, found in sorted(pairs.items()) if found}


def agreement(outcomes: Iterable[Outcome], lines: dict[str, Calibration]) -> dict[str, float]:
    """Mean over cases of the rank correlation between calibrated scores and each measure, over all engines' fills."""
    found: dict[str, list[float]] = {judge: [] for judge in JUDGES}
    for those in _places(outcomes, "all").values():
        samples = [(one.engine, sample) for one in those if one.engine in lines for sample in one.samples]
        scores = [lines[engine].slope * sample.score + lines[engine].offset for engine, sample in samples]
        for judge, values in found.items():
            sign = 1.0 if judge in BETTER_WHEN_HIGHER else -1.0
            correlation = rank_correlation(scores, [sign * sample.measures[judge] for _, sample in samples])
            if correlation is not None and len(samples) > 2:
                values.append(correlation)
    return {judge: float(np.mean(values)) for judge, values in found.items() if values}


def write_routing(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write what a sweep found, as Markdown (docs/ROUTING.md)."""
    with atomic_path(path, overwrite=True) as unfinished:
        unfinished.write_text("\n".join(_document(outcomes)) + "\n", encoding="utf-8")


def _places(outcomes: Iterable[Outcome], material: str) -> dict[Place, list[Outcome]]:
    places: dict[Place, list[Outcome]] = {}
    for outcome in outcomes:
        wanted = material in ("all", outcome.material)
        if wanted and outcome.samples and outcome.engine not in NOT_ROUTED:
            places.setdefault((outcome.recording, outcome.start, outcome.gap_ms), []).append(outcome)
    return places


def _merits(outcomes: Sequence[Outcome], gap_ms: float) -> dict[str, float]:
    """Mean rank of each engine over the measures, by the sample its score likes best; 0 when best by all."""
    judges = SHORT_JUDGES if gap_ms <= SHORT else JUDGES
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


def _fitted(pairs: Sequence[tuple[float, float]]) -> Calibration:
    scores, qualities = (np.array(column) for column in zip(*pairs, strict=True))
    covariance = float(np.mean((scores - scores.mean()) * (qualities - qualities.mean())))
    slope = covariance / float(np.var(scores)) if covariance > 0.0 else 0.0
    offset = float(qualities.mean() - slope * scores.mean())
    return Calibration(slope, offset, rank_correlation(list(scores), list(qualities)) or 0.0, len(pairs))


def _document(outcomes: Sequence[Outcome]) -> Iterable[str]:
    recordings = sorted({outcome.recording for outcome in outcomes})
    segments = len({(outcome.recording, outcome.start) for outcome in outcomes})
    yield "# Which engine for which gap: the evidence behind `auto`\n"
    yield (
        f"One gap in each of {segments} segments of {len(recordings)} recordings ({', '.join(recordings)}), every "
        "engine at every length, with up to a minute of the recording on each side for engines that look far.\n"
    )
    yield f"Made by `{COMMAND}`.\n"
    yield (
        "An engine's *merit* in a case is its mean rank among the engines (0 is best) by LSD, ODG, log-mel distance "
        f"and spectral convergence, and up to {SHORT:g} ms also SNR. The table has mean merits; **bold** is best, "
        f"*italic* is close to it (less than {CLOSE:g} standard errors of the paired difference behind). "
        "In brackets: in how many cases an engine that refused some gave a fill.\n"
    )
    for material in ("all", "tonal", "noisy", "transient"):
        found = [row for row in rows(outcomes, material) if row.cases >= FEWEST_CASES]
        if found:
            yield f"## {'All material' if material == 'all' else material.capitalize() + ' surroundings'}\n"
            yield from _table(found)
            yield ""
    yield "## What follows for the table\n"
    yield from _advice(rows(outcomes))
    yield ""
    yield from _scores(outcomes)


def _table(found: Sequence[Row]) -> Iterable[str]:
    engines = sorted({standing.engine for row in found for standing in row.standings})
    yield "| gap | cases | " + " | ".join(engines) + " |"
    yield "| --- | --- |" + " --- |" * len(engines)
    for row in found:
        shown = {standing.engine: _shown(standing, row.cases) for standing in row.standings}
        cells = " | ".join(shown.get(engine, "–") for engine in engines)
        yield f"| {row.gap_ms:g} ms | {row.cases} | {cells} |"


def _shown(standing: Standing, cases: int) -> str:
    text = f"{standing.merit:.2f}" + (f" ({standing.cases})" if standing.cases < cases else "")
    if standing.behind == 0.0:
        return f"**{text}**"
    return f"*{text}*" if standing.close else text


def _advice(found: Sequence[Row]) -> Iterable[str]:
    """Neighbouring lengths with one winner and the same close engines in one line."""

    def choice(row: Row) -> tuple[str, ...]:
        return tuple(standing.engine for standing in row.standings if standing.close)

    for engines, group in itertools.groupby(found, choice):
        lengths = [row.gap_ms for row in group]
        span = f"{lengths[0]:g} ms" if len(lengths) == 1 else f"{lengths[0]:g} to {lengths[-1]:g} ms"
        others = f"; close: {', '.join(engines[1:])}" if len(engines) > 1 else ""
        yield f"- {span}: {engines[0]}{others}"


def _scores(outcomes: Sequence[Outcome]) -> Iterable[str]:
    lines = calibrations(outcomes)
    yield "## Do the scores put candidates into the right order?\n"
    yield (
        "Quality is minus the log-mel distance in the gap, relative to the mean of all engines at that gap length; "
        "a line brings each engine's score onto that scale.\n"
    )
    yield "| engine | slope | offset | rank correlation | fills |"
    yield "| --- | --- | --- | --- | --- |"
    for engine, line in lines.items():
        yield f"| {engine} | {line.slope:.4g} | {line.offset:.4g} | {line.correlation:+.2f} | {line.fills} |"
    yield ""
    shown = ", ".join(f"{judge} {value:+.2f}" for judge, value in agreement(outcomes, lines).items())
    if shown:
        yield (
            f"All engines' candidates of a case in one list, by calibrated score: rank correlation with {shown}. ODG "
            "punishes added sound more than missing sound, so it can order long fills against the other measures.\n"
        )
