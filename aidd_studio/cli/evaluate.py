"""`aidd-studio evaluate`: measure engines on a folder of recordings, or make a listening test of what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from aidd_studio.cli.console import KEPT, errors_as_sentences, hint, progress_bar, say, say_json
from aidd_studio.errors import UsageError
from aidd_studio.text import plural

if TYPE_CHECKING:
    from aidd_studio.evaluation.reports.summary import Summary
    from aidd_studio.evaluation.runs.filling import Plan

# ruff: noqa: UP045 - typer reads the annotations at run time


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Recordings; MusicNet and MAESTRO are recognised.")],
    output: Annotated[
        Optional[Path], typer.Option("-o", "--output", metavar="OUT", help="Folder of the report and its journal.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="musicnet, maestro, short or sweep.")] = "musicnet",
    engines: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAMES", help="Engines beside the baselines, by comma; settings as aidd:steps=8;top_p=0.9."
        ),
    ] = None,
    gaps_ms: Annotated[
        Optional[str], typer.Option(metavar="MS,MS", help="Gap lengths instead of the protocol's.")
    ] = None,
    samples: Annotated[
        Optional[int], typer.Option(min=1, help="Fills of each gap by a stochastic engine, averaged (10).")
    ] = None,
    segments: Annotated[int, typer.Option(min=1, help="Segments of each recording.")] = 1,
    rate: Annotated[
        Optional[int], typer.Option(min=0, help="Sample rate of the comparison; 0 keeps each recording's own.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed chooses the same segments and makes the same fills.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that work side by side.")] = 1,
    baselines: Annotated[bool, typer.Option("--baselines/--no-baselines", help="Measure the baselines too.")] = True,
    listening: Annotated[
        Optional[Path],
        typer.Option(metavar="PAGE", help="Write a blind listening test; without -o, FOLDER is a finished evaluation."),
    ] = None,
    cases: Annotated[int, typer.Option(min=1, max=100, help="Cases of the listening test.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Damage segments of recordings, let engines fill the gaps, measure, and write a report.

    A run that was stopped goes on where it was when started again with the same OUT.
    """
    with errors_as_sentences(as_json, KEPT):
        if listening is not None and output is None:
            _listening_test(folder, listening, cases, seed, as_json)
            return
        if output is None:
            raise UsageError("Say where the report goes: -o OUT.")
        from aidd_studio.evaluation.material.protocols import protocol as make_protocol
        from aidd_studio.evaluation.material.recordings import recordings
        from aidd_studio.evaluation.metrics.frechet import installed_embedding
        from aidd_studio.evaluation.reports.report import write_report
        from aidd_studio.evaluation.reports.routing_report import write_routing
        from aidd_studio.evaluation.runs.baselines import BASELINES
        from aidd_studio.evaluation.runs.filling import plan, run

        chosen = make_protocol(protocol, _numbers(gaps_ms), rate, samples)
        names = [*(BASELINES if baselines else ()), *_specs(engines)]
        if not names:
            raise UsageError("Name at least one engine with --engines, or leave the baselines in.")
        with progress_bar("Evaluating") as progress:
            what = plan(chosen, recordings(folder), names, seed, segments, progress.part(0.0, 0.02))
            outcomes = run(what, output, jobs, progress.part(0.02, 0.95))
            embedding = installed_embedding() if what.segment_count > 1 else None  # one segment is no crowd to compare
            summary = write_report(what, outcomes, output, embedding, progress.part(0.95, 1.0))
            if chosen.name == "sweep":
                write_routing(outcomes, output / "routing.md")
        _tell(what, summary, output, as_json)
        if listening is not None:
            _listening_test(output, listening, cases, seed, as_json=False)


def _specs(engines: str | None) -> list[str]:
    """Engine specifications by comma; the settings of one are parted by semicolons there."""
    return [spec.strip().replace(";", ",") for spec in (engines or "").split(",") if spec.strip()]


def _numbers(text: str | None) -> list[float]:
    try:
        return [float(part) for part in (text or "").split(",") if part.strip()]
    except ValueError as error:
        raise UsageError(
            f"--gaps-ms takes milliseconds by comma, such as 50,100; “{text}” is something else."
        ) from error


def _listening_test(folder: Path, output: Path, cases: int, seed: int, as_json: bool) -> None:
    from aidd_studio.evaluation.reports.listening import choose_trials, load_evaluation, write_page

    trials = choose_trials(load_evaluation(folder), cases, seed)
    page = write_page(folder, trials, output, seed)
    if as_json:
        say_json({"page": str(page), "trials": len(trials)})
        return
    hint(f"A listening test of {plural(len(trials), 'trial')}: open {page} in a browser.")


def _tell(what: Plan, summary: Summary, output: Path, as_json: bool) -> None:
    report = output / "report.md"
    if as_json:
        data: dict[str, Any] = {"report": str(report), "cases": len(what.cases), "summary": summary.as_json()}
        say_json(data)
        return
    say(f"{'engine':<28}{'gap':>8}{'LSD':>9}{'ODG':>9}{'mel':>9}{'SNR dB':>9}{'s/gap':>10}")
    for cell in summary.cells:
        if not cell.segments:
            say(f"{cell.engine:<28}{cell.gap_ms:>6g}ms  {'; '.join(cell.errors)}")
            continue
        shown = "".join(f"{cell.measures[name].mean:>9.3f}" for name in ("lsd", "odg", "mel", "snr"))
        say(f"{cell.engine:<28}{cell.gap_ms:>6g}ms{shown}{cell.seconds_per_gap:>10.3f}")
    hint(f"The report is {report}.")
