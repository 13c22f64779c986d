"""`aidd-studio evaluate`: measure engines, models or the detector on recordings, or make a listening page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from aidd_studio.cli.console import KEPT, errors_as_sentences, hint, progress_bar, say, say_json
from aidd_studio.errors import UsageError
from aidd_studio.text import plural

# ruff: noqa: UP045 - typer reads the annotations at run time


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Recordings; MusicNet and MAESTRO are recognised.")],
    output: Annotated[
        Optional[Path], typer.Option("-o", "--output", metavar="OUT", help="Folder of the report and its journal.")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="musicnet, maestro, short, sweep, models, settings or detection.")
    ] = "musicnet",
    engines: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAMES",
            help="Engines besides the baselines, comma-separated; settings as in aidd:steps=8;top_p=0.9.",
        ),
    ] = None,
    gaps_ms: Annotated[
        Optional[str], typer.Option(metavar="MS,MS", help="Gap lengths instead of the protocol's.")
    ] = None,
    samples: Annotated[
        Optional[int], typer.Option(min=1, help="Fills of each gap by a stochastic engine, averaged (10).")
    ] = None,
    segments: Annotated[Optional[int], typer.Option(min=1, help="Segments of each recording (1).")] = None,
    rate: Annotated[
        Optional[int], typer.Option(min=0, help="Sample rate of the comparison; 0 keeps each recording's own.")
    ] = None,
    seed: Annotated[
        Optional[int], typer.Option(help="The same seed chooses the same places and makes the same fills.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = 1,
    baselines: Annotated[
        Optional[bool], typer.Option("--baselines/--no-baselines", help="Measure the baselines too, as by default.")
    ] = None,
    count: Annotated[
        Optional[int], typer.Option(min=1, help="Gaps of each length (protocols models and settings).")
    ] = None,
    corpus: Annotated[
        Optional[Path],
        typer.Option(metavar="CORPUS", help="Measure the held-back renders of a corpus too (protocol models)."),
    ] = None,
    listening: Annotated[
        Optional[Path],
        typer.Option(metavar="PAGE", help="Write a blind listening test; without -o, FOLDER is a finished evaluation."),
    ] = None,
    cases: Annotated[int, typer.Option(min=1, max=100, help="Cases of the listening test.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure engines, models or the detector on a folder of recordings, and write a report.

    A run that was stopped continues when started again with the same OUT.
    """
    with errors_as_sentences(as_json, KEPT):
        if listening is not None and output is None:
            _listening_test(folder, listening, cases, seed or 0, as_json)
            return
        if output is None:
            raise UsageError("Name the folder for the report: -o OUT.")
        from aidd_studio.evaluation.protocols.protocol import EvaluationRequest
        from aidd_studio.evaluation.protocols.registry import evaluation_protocol

        request = EvaluationRequest(
            folder,
            output,
            seed,
            jobs,
            _specs(engines),
            baselines,
            _numbers(gaps_ms),
            samples,
            segments,
            rate,
            count,
            corpus,
        )
        chosen = evaluation_protocol(protocol, request)
        with progress_bar("Evaluating") as progress:
            report = chosen.evaluate(request, progress)
        if as_json:
            say_json({"report": str(report.path), "cases": report.cases, **report.data})
        else:
            for line in report.table:
                say(line)
            hint(f"The report is {report.path}.")
        if listening is not None:
            _listening_test(output, listening, cases, seed or 0, as_json=False)


def _specs(engines: str | None) -> tuple[str, ...]:
    """Comma-separated engine specifications, their settings separated by semicolons."""
    return tuple(spec.strip().replace(";", ",") for spec in (engines or "").split(",") if spec.strip())


def _numbers(text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in (text or "").split(",") if part.strip())
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
