"""What a sweep found, as a document: standings by gap length and material, scores, pictures (docs/ROUTING.md)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aidd_studio.engines.auto.routing import route
from aidd_studio.evaluation.reports.calibration import Agreement, Rated, agreement, by_lines_of_others, lines, rated
from aidd_studio.evaluation.reports.plots import TITLES, measure_plot, standing_plot, time_plot
from aidd_studio.evaluation.reports.summary import MEASURES, summarise
from aidd_studio.evaluation.reports.sweep import CLOSE, FEWEST_CASES, JUDGES, SHORT, SILENCE, Row, Standing, rows
from aidd_studio.evaluation.runs.fill_cases import FillOutcome
from aidd_studio.files.atomic import atomic_path

COMMAND = "python tools/make_results.py RECORDINGS WORK --studies sweep"

MATERIALS = ("tonal", "noisy", "transient")

ENOUGH_CASES = 8
"""With fewer cases of one kind of material, nothing is concluded for it."""


def write_routing(outcomes: Sequence[FillOutcome], path: Path) -> None:
    """Write what a sweep found as Markdown, and its pictures into the folder `routing` beside it."""
    pictures = path.parent / "routing"
    text = "\n".join(_document(outcomes, list(_pictures(outcomes, pictures)))) + "\n"
    with atomic_path(path, overwrite=True) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _document(outcomes: Sequence[FillOutcome], pictures: Sequence[tuple[str, str]]) -> Iterator[str]:
    recordings = sorted({outcome.recording for outcome in outcomes})
    segments = len({(outcome.recording, outcome.start) for outcome in outcomes})
    found = rows(outcomes)
    yield "# Which engine for which gap: the evidence behind `auto`\n"
    yield (
        f"One gap in each of {segments} segments of {len(recordings)} recordings ({', '.join(recordings)}), every "
        "engine at every length, with up to a minute of the recording on each side for engines that look far.\n"
    )
    yield f"Made by `{COMMAND}`.{_models(outcomes)}\n"
    yield (
        "An engine's *merit* in a case is its mean rank among the engines (0 is best) by LSD, ODG, log-mel distance "
        f"and spectral convergence, and up to {SHORT:g} ms also SNR. A measure by which silence beats most fills of a "
        "length is left out there: it punishes sound more than its lack. The tables have mean merits; **bold** is "
        f"best, *italic* is close to it (less than {CLOSE:g} standard errors of the paired difference behind). "
        "In brackets: in how many cases an engine that refused some gave a fill.\n"
    )
    yield "## All material\n"
    yield from _table(found)
    yield ""
    for material in MATERIALS:
        kind = [row for row in rows(outcomes, material) if row.cases >= FEWEST_CASES]
        if kind:
            yield f"## {material.capitalize()} surroundings\n"
            yield from _table(kind)
            yield ""
    yield "## What follows for the table\n"
    yield from _advice(found)
    yield ""
    yield "By material:\n"
    yield from _by_material(outcomes, found)
    yield ""
    yield from _scores(outcomes)
    yield "## Pictures\n"
    for title, name in pictures:
        yield f"![{title}](routing/{name})\n"


def _models(outcomes: Sequence[FillOutcome]) -> str:
    names = sorted({f"{name} {sha[:8]}" for outcome in outcomes for name, sha in outcome.weights.items()})
    return f" The models: {', '.join(names)}." if names else ""


def _table(found: Sequence[Row]) -> Iterator[str]:
    engines = sorted({standing.engine for row in found for standing in row.standings})
    yield "| gap | cases | " + " | ".join(engines) + " | judged by |"
    yield "| --- | --- |" + " --- |" * len(engines) + " --- |"
    for row in found:
        shown = {standing.engine: _shown(standing, row.cases) for standing in row.standings}
        cells = " | ".join(shown.get(engine, "–") for engine in engines)
        yield f"| {row.gap_ms:g} ms | {row.cases} | {cells} | {', '.join(row.judges)} |"


def _shown(standing: Standing, cases: int) -> str:
    text = f"{standing.merit:.2f}" + (f" ({standing.cases})" if standing.cases < cases else "")
    if standing.behind == 0.0:
        return f"**{text}**"
    return f"*{text}*" if standing.close else text


def _advice(found: Sequence[Row]) -> Iterator[str]:
    """Neighbouring lengths with one winner and the same close engines in one line."""
    for engines, group in itertools.groupby(found, lambda row: row.choices):
        lengths = [row.gap_ms for row in group]
        span = f"{lengths[0]:g} ms" if len(lengths) == 1 else f"{lengths[0]:g} to {lengths[-1]:g} ms"
        others = f"; close: {', '.join(engines[1:])}" if len(engines) > 1 else ""
        yield f"- {span}: {engines[0]}{others}"


def _by_material(outcomes: Sequence[FillOutcome], overall: Sequence[Row]) -> Iterator[str]:
    """Where a kind of material clearly wants another engine than all material together does."""
    best = {row.gap_ms: row.standings[0].engine for row in overall}
    judged, exceptions = [], []
    for row in itertools.chain.from_iterable(rows(outcomes, material) for material in MATERIALS):
        if row.cases < ENOUGH_CASES:
            continue
        judged.append(row)
        if best[row.gap_ms] not in row.choices:
            exceptions.append(f"- {row.material}, {row.gap_ms:g} ms ({row.cases} cases): {', '.join(row.choices)}")
    kinds = ", ".join(dict.fromkeys(row.material for row in judged)) or "none"
    yield f"{len(judged)} tables by material and length have at least {ENOUGH_CASES} cases (material: {kinds})."
    if exceptions:
        yield f"In {len(exceptions)} of them the engine that is best over all material is clearly behind:\n"
        yield from exceptions
    else:
        yield (
            "In none of them the engine that is best over all material is clearly behind, so `auto` goes by length "
            "alone."
        )


def _scores(outcomes: Sequence[FillOutcome]) -> Iterator[str]:
    fills = rated(outcomes)
    yield "## Do the scores put candidates into the right order?\n"
    yield (
        "The *quality* of a fill is how far it lies above the mean fill of its own gap, in standard deviations, "
        "averaged over the measures that judge its length. A line brings each engine's score onto that scale: one "
        "slope, and an offset for each length. The correlation is that of score and quality among one engine's fills "
        "of one length.\n"
    )
    found = lines(fills)
    lengths = sorted({fill.gap_ms for fill in fills})
    yield "| engine | slope | correlation | fills | " + " | ".join(f"{length:g} ms" for length in lengths) + " |"
    yield "| --- | --- | --- | --- |" + " --- |" * len(lengths)
    for engine, line in found.items():
        offsets = dict(line.offsets)
        cells = " | ".join(f"{offsets[length]:+.2f}" if length in offsets else "–" for length in lengths)
        yield f"| {engine} | {line.slope:.3g} | {line.correlation:+.2f} | {line.fills} | {cells} |"
    yield ""
    listed = [fill for fill in fills if fill.engine in route(fill.gap_ms / 1000).engines]
    yield (
        "All candidates of the engines that `auto` asks for a gap, in one list: mean rank correlation of their order "
        "with each measure, and the mean quality of the candidate that comes first. Each recording is judged by lines "
        "fitted to the others.\n"
    )
    yield "| order | " + " | ".join(JUDGES) + " | quality | quality of the first |"
    yield "| --- |" + " --- |" * (len(JUDGES) + 2)
    yield _order_row("by calibrated score", agreement(listed, by_lines_of_others(fills)))
    yield _order_row("by the routing table, then by own score", agreement(listed, _by_table))
    yield _order_row("by own scores as they are", agreement(listed, lambda fill: fill.score))
    yield ""


def _order_row(name: str, found: Agreement) -> str:
    shown = " | ".join(f"{found.by_measure[judge]:+.2f}" for judge in JUDGES)
    return f"| {name} | {shown} | {found.quality:+.2f} | {found.first:+.2f} |"


def _by_table(fill: Rated) -> float:
    """Engines in the order of the routing table's row, the fills of each by their own score."""
    return -route(fill.gap_ms / 1000).engines.index(fill.engine) + math.atan(fill.score) / 10


def _pictures(outcomes: Sequence[FillOutcome], folder: Path) -> Iterable[tuple[str, str]]:
    standing_plot(
        {row.gap_ms: {standing.engine: standing.merit for standing in row.standings} for row in rows(outcomes)},
        folder / "merit.png",
    )
    yield "Mean merit against gap length", "merit.png"
    summary = summarise([outcome for outcome in outcomes if outcome.engine != SILENCE])
    for measure in MEASURES:
        measure_plot(summary, measure, folder / f"{measure}.png")
        yield TITLES[measure], f"{measure}.png"
    time_plot(summary, folder / "time.png")
    yield "Time to fill one gap once", "time.png"
