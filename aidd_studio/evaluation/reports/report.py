"""The report of an evaluation: Markdown to read, JSON to compute with, PNG to see."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aidd_studio import __version__
from aidd_studio.evaluation.metrics.frechet import Embedding
from aidd_studio.evaluation.metrics.measures import BETTER_WHEN_HIGHER
from aidd_studio.evaluation.reports.plots import TITLES, measure_plot, spectrogram_plot, time_plot
from aidd_studio.evaluation.reports.published import published
from aidd_studio.evaluation.reports.summary import MEASURES, Cell, Summary, sound, summarise
from aidd_studio.evaluation.runs.fill_cases import FillOutcome
from aidd_studio.evaluation.runs.filling import FillPlan
from aidd_studio.files.atomic import atomic_path
from aidd_studio.progress import Progress
from aidd_studio.text import plural

HOW_TO_READ = """\
*LSD*: whole segment, STFT 2048/512, natural logarithm of power with floor 1e-8; divide by 2.303 for the log10 form.
It rewards a plausible noise floor, so never read it alone. *ODG*: PEAQ basic over the whole segment, 0 (imperceptible)
to −4; beware that it punishes added sound more than missing sound, so that silence can be graded above a fill.
*Mel*, *convergence*, *SNR*: inside the gaps only; SNR means something for short gaps only. *Click*: roughness of
the worst join over its surroundings in dB; the original itself is near 0. Means over segments ± one standard deviation;
the samples of a stochastic engine are averaged first, *chosen* is the sample its own score likes best. An engine that
refuses some segments is averaged over the others, which are the easier ones.
"""


def write_report(
    what: FillPlan,
    outcomes: Sequence[FillOutcome],
    output: Path,
    embedding: Embedding | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Write report.md, report.json and plots/ into `output`; the summary they are made from."""
    progress = progress or Progress()
    progress.report(0.0, "averaging")
    summary = summarise(outcomes, output, embedding)
    pictures = list(_pictures(what, summary, outcomes, output, progress))
    text = "\n".join(_markdown(what, summary, outcomes, pictures)) + "\n"
    _write(output / "report.md", text)
    write_data(what, outcomes, summary, output)
    progress.report(1.0, "done")
    return summary


def write_data(what: FillPlan, outcomes: Sequence[FillOutcome], summary: Summary, output: Path) -> None:
    """Write report.json into `output`: all facts, the summary and every outcome."""
    data = _facts(what) | {"summary": summary.as_json(), "outcomes": [outcome.as_json() for outcome in outcomes]}
    _write(output / "report.json", json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False))


def _facts(what: FillPlan) -> dict[str, Any]:
    protocol = what.protocol
    return {
        "program": f"aidd-studio {__version__}",
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "protocol": protocol.name,
        "segment_seconds": protocol.seconds,
        "gaps_per_segment": protocol.gap_count,
        "gaps_ms": list(protocol.gaps_ms),
        "rate": protocol.rate,
        "samples": protocol.samples,
        "seed": what.seed,
        "engines": list(what.engines),
        "split": what.recordings.split,
        "recordings": sorted({case.segment.name for case in what.cases}),
        "segments_per_recording": what.segments_per_recording,
        "left_out": list(what.left_out),
    }


def _markdown(
    what: FillPlan, summary: Summary, outcomes: Sequence[FillOutcome], pictures: Sequence[tuple[str, str]]
) -> Iterator[str]:
    facts, protocol = _facts(what), what.protocol
    segments = len({(case.segment.name, case.segment.start) for case in what.cases})
    rate = f"{protocol.rate} Hz mono" if protocol.rate else "each recording's own rate, mono"
    yield f"# Evaluation: {protocol.title}\n"
    yield (
        f"{plural(segments, 'segment')} of {protocol.seconds:g} s from {plural(len(facts['recordings']), 'recording')} "
        f"({what.recordings.split}), {plural(protocol.gap_count, 'gap')} each, {rate}, "
        f"{plural(protocol.samples, 'sample')} of each stochastic engine, "
        f"seed {what.seed}. {facts['program']} on {facts['machine']}.\n"
    )
    if what.left_out:
        yield f"Left out as too short or too quiet: {', '.join(what.left_out)}.\n"
    yield HOW_TO_READ
    for measure in MEASURES:
        yield f"## {TITLES[measure]}\n"
        most = max((cell.segments for cell in summary.cells), default=0)
        yield from _table(summary, lambda cell, name=measure, most=most: _shown(cell, name, most), measure)
        yield ""
    yield "## Fréchet audio distance\n"
    yield from _frechet(summary)
    yield "## Time to fill one gap once (seconds)\n"
    yield from _table(summary, lambda cell: f"{cell.seconds_per_gap:.3g}" if cell.segments else "–", None)
    yield ""
    yield from _agreement(summary)
    yield from _errors(summary)
    yield from published(protocol.name)
    yield "## Pictures\n"
    for title, name in pictures:
        yield f"![{title}]({name})\n"
    yield "## Recordings\n"
    yield from (f"- {name}" for name in facts["recordings"])


def _table(summary: Summary, show: Any, measure: str | None) -> Iterator[str]:
    yield "| engine | " + " | ".join(f"{gap:g} ms" for gap in summary.gaps_ms) + " |"
    yield "| --- |" + " --- |" * len(summary.gaps_ms)
    best = {gap: _best(summary, gap, measure) for gap in summary.gaps_ms} if measure else {}
    for engine in summary.engines:
        shown = []
        for gap in summary.gaps_ms:
            cell = summary.cell(engine, gap)
            text = show(cell) if cell else "–"
            shown.append(f"**{text}**" if engine in best.get(gap, ()) else text)
        yield f"| {engine} | " + " | ".join(shown) + " |"


def _best(summary: Summary, gap: float, measure: str) -> set[str]:
    """The engine that is best by a measure, or those that are equally good."""
    if measure == "click":
        return set()
    sign = 1 if measure in BETTER_WHEN_HIGHER else -1
    cells = [cell for cell in summary.cells if cell.gap_ms == gap and measure in cell.measures]
    most = max((cell.segments for cell in cells), default=0)
    cells = [cell for cell in cells if cell.segments == most]  # who left out the hard ones cannot win
    values = {cell.engine: sign * cell.measures[measure].mean for cell in cells}
    return {engine for engine, value in values.items() if value == max(values.values())}


def _shown(cell: Cell, name: str, most: int) -> str:
    """Mean and spread of a measure; how many segments, where the engine refused some."""
    spread = cell.measures.get(name)
    if spread is None:
        return "–"
    text = f"{spread.mean:.3g} ± {spread.deviation:.2g}"
    if abs(spread.best_scored - spread.mean) > 1e-9:
        text += f", chosen {spread.best_scored:.3g}"
    return text if cell.segments == most else f"{text} ({cell.segments} of {most})"


def _frechet(summary: Summary) -> Iterator[str]:
    results = [cell.frechet for cell in summary.cells if cell.frechet]
    if not results:
        yield "Not measured: it needs at least two segments at one sample rate.\n"
        return
    yield f"Embedding: {results[0].embedding}. Of the chosen samples; {results[0].caution}.\n"
    if results[0].note:
        yield f"{results[0].note}\n"
    yield from _table(summary, lambda cell: f"{cell.frechet.distance:.3g}" if cell.frechet else "–", None)
    yield ""


def _agreement(summary: Summary) -> Iterator[str]:
    if not summary.score_agreement:
        return
    yield "## Does an engine's score know its best sample?\n"
    yield "Rank correlation of the score with each measure over the samples of a case (1 agrees, 0 knows nothing).\n"
    yield "| engine | " + " | ".join(MEASURES) + " |"
    yield "| --- |" + " --- |" * len(MEASURES)
    for engine, found in summary.score_agreement.items():
        yield f"| {engine} | " + " | ".join(f"{found[m]:+.2f}" if m in found else "–" for m in MEASURES) + " |"
    yield ""


def _errors(summary: Summary) -> Iterator[str]:
    refused = [(cell.engine, cell.gap_ms, error) for cell in summary.cells for error in cell.errors]
    if refused:
        yield "## What could not be filled\n"
        yield from (f"- {engine}, {gap:g} ms: {error}" for engine, gap, error in refused)
        yield ""


def _pictures(
    what: FillPlan, summary: Summary, outcomes: Sequence[FillOutcome], output: Path, progress: Progress
) -> Iterator[tuple[str, str]]:
    for measure in MEASURES:
        progress.report(0.3, "drawing")
        measure_plot(summary, measure, output / f"plots/{measure}.png")
        yield TITLES[measure], f"plots/{measure}.png"
    time_plot(summary, output / "plots/time.png")
    yield "Time to fill one gap once", "plots/time.png"
    for engine in summary.engines:
        progress.report(0.6, "drawing")
        if engine != "masked":
            yield from _spectrograms(what, engine, outcomes, output)


def _spectrograms(
    what: FillPlan, engine: str, outcomes: Sequence[FillOutcome], output: Path
) -> Iterator[tuple[str, str]]:
    """Best, median and worst case of an engine by ODG."""
    ranked = sorted((one for one in outcomes if one.engine == engine and one.samples), key=lambda one: one.mean("odg"))
    if not ranked:
        return
    picks = {"worst": ranked[0], "median": ranked[len(ranked) // 2], "best": ranked[-1]}
    for label, outcome in picks.items():
        original, restored = sound(output / outcome.original), sound(output / outcome.restored)
        gaps = what.protocol.gaps(original.shape[1], outcome.rate, outcome.gap_ms)
        masked = original.copy()
        for gap in gaps:
            masked[:, gap.start : gap.end] = 0.0
        title = (
            f"{engine}, {label} by ODG ({outcome.mean('odg'):.2f}): {outcome.recording} "
            f"at {outcome.start:.1f} s, {outcome.gap_ms:g} ms"
        )
        name = f"plots/{_file_name(engine)}-{label}.png"
        sounds = (("original", original), ("damaged", masked), ("restored", restored))
        spectrogram_plot(sounds, outcome.rate, gaps, title, output / name)
        yield title, name


def _file_name(engine: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in engine)


def _write(path: Path, text: str) -> None:
    with atomic_path(path, overwrite=True) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
