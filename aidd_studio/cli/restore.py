"""`aidd-studio restore`: one recording in, one restored recording out."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from aidd_studio.cli.console import errors_as_sentences, hint, progress_bar, say, say_json
from aidd_studio.cli.detect import gap_as_line
from aidd_studio.damage.detection.settings import CONFIDENT, by_confidence, left_unchanged
from aidd_studio.diffusion.sampling import SAMPLER_NAMES
from aidd_studio.errors import FileWriteError, NothingToRestore, UsageError
from aidd_studio.text import plural

if TYPE_CHECKING:
    from aidd_studio.audio.clip import Clip
    from aidd_studio.audio.files.writing import WriteReport
    from aidd_studio.damage.damage import Damage
    from aidd_studio.progress import Progress
    from aidd_studio.restoration.restore import RestorationResult

# ruff: noqa: UP045 - typer reads the annotations at run time


def restore_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The damaged recording.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Where the result goes.")],
    engine: Annotated[str, typer.Option(help="What fills the gaps; `aidd-studio engines` lists them.")] = "auto",
    gap: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="START:END[@LOW-HIGH]",
            help="A gap: seconds (12.5:12.8), mm:ss.mmm, or samples (551250s:551900s); where only a band is damaged, "
            "also that, in Hz (@200-3000, @0.2k-3k).",
        ),
    ] = None,
    gaps: Annotated[
        Optional[Path], typer.Option(metavar="FILE", help="Gaps as an Audacity label track, CSV or JSON.")
    ] = None,
    detect: Annotated[bool, typer.Option("--detect", help="Detect dropouts in addition to the given gaps.")] = False,
    policy: Annotated[
        str, typer.Option(metavar="any|signal", help="signal: signal models only, nothing that can make up sound.")
    ] = "any",
    min_confidence: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Dropouts detected with less confidence are listed and left unchanged."),
    ] = CONFIDENT,
    candidates: Annotated[int, typer.Option(min=1, max=64, help="Fills to make per gap; the best is used.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    crossfade: Annotated[float, typer.Option(min=0.0, max=100.0, help="Cross-fade outside the gap, in ms.")] = 6.0,
    model: Annotated[Optional[str], typer.Option(help="The score model of the aidd engine.")] = None,
    sampler: Annotated[Optional[str], typer.Option(help=f"{', '.join(SAMPLER_NAMES)} (aidd engine).")] = None,
    steps: Annotated[
        Optional[int], typer.Option(min=1, help="Steps of the sampler, a network call each (aidd engine).")
    ] = None,
    temperature: Annotated[
        Optional[float],
        typer.Option(min=0.0, max=10.0, help="Sampling temperature: below 1 safer, above 1 bolder (aidd engine)."),
    ] = None,
    top_p: Annotated[
        Optional[float],
        typer.Option(
            min=0.0, max=1.0, help="Sample only from the most likely tokens of this total probability (aidd engine)."
        ),
    ] = None,
    likeliest_first: Annotated[
        Optional[bool],
        typer.Option(
            "--likeliest-first/--all-drawn",
            help="Begin with the model's most likely fill, or sample all fills. By default the first, unless "
            "sampler, steps, temperature or top-p are given (engines auto and aidd).",
            show_default=False,
        ),
    ] = None,
    device: Annotated[Optional[str], typer.Option(help="auto, cpu, cuda or cuda:N (engines auto and aidd).")] = None,
    precision: Annotated[Optional[str], typer.Option(help="auto, fp32, bf16 or fp16 (aidd engine).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fill the gaps of a recording. Without --gap and --gaps the dropouts are detected.

    The source is never written to, and every sample outside the gaps and their cross-faded edges stays as it is.
    """
    neural = {
        "model": model,
        "sampler": sampler,
        "steps": steps,
        "temperature": temperature,
        "top_p": top_p,
        "likeliest_first": likeliest_first,
        "device": device,
        "precision": precision,
    }
    settings = {name: value for name, value in neural.items() if value is not None}
    with errors_as_sentences(as_json):
        from aidd_studio.audio.files.reading import read
        from aidd_studio.audio.files.writing import check_target, write
        from aidd_studio.engines.policy import as_policy
        from aidd_studio.restoration.restore import ready_engine, restore
        from aidd_studio.weights.devices import find_device

        shared = ("device", "likeliest_first")  # auto passes it on
        foreign = [name for name in settings if engine != "aidd" and not (engine == "auto" and name in shared)]
        if foreign:
            option = foreign[0].replace("_", "-")
            raise UsageError(f"--{option} belongs to the aidd engine; add --engine aidd.")
        if device is not None and engine == "auto":  # auto would skip an engine that cannot run
            find_device(device)
        started = time.perf_counter()
        notes: list[str] = []
        check_target(output, source, overwrite=True)
        if os.path.lexists(output) and not overwrite:
            raise FileWriteError(f"{output} exists already; use --overwrite to replace it.")
        rule = as_policy(policy)
        chosen = ready_engine(engine, settings, rule)
        with progress_bar(f"Restoring {source.name}") as progress:
            clip = read(source, progress.part(0.0, 0.1))
            wanted = _gaps(clip, gap or [], gaps, notes)
            uncertain: list[Damage] = []
            if detect or (not gap and gaps is None):
                found, uncertain = by_confidence(_detected(clip, progress.part(0.1, 0.2)), min_confidence)
                wanted += found
            result = restore(
                clip,
                wanted,
                chosen,
                candidates,
                seed,
                crossfade=crossfade / 1000,
                policy=rule,
                progress=progress.part(0.2, 0.9),
            )
            if not result.gaps and uncertain:
                raise NothingToRestore(f"{left_unchanged(len(uncertain))} Or mark the gaps with --gap START:END.")
            if not result.gaps:
                raise NothingToRestore(
                    f"There is no gap in {gaps}; leave out --gaps to look for dropouts in {source}."
                    if gaps is not None and not detect
                    else f"No dropout was found in {source}; mark the gaps with --gap START:END."
                )
            written = write(result.clip, output, like=clip, overwrite=overwrite, progress=progress.part(0.9, 1.0))
        seconds = time.perf_counter() - started
        if as_json:
            _print_json(result, source, written, notes, seconds, uncertain)
        else:
            _print_lines(result, written, seconds, uncertain)


def _gaps(clip: Clip, spans: list[str], labels: Path | None, notes: list[str]) -> list[Damage]:
    """The given gaps; skipped labels are noted."""

    def note(text: str) -> None:
        notes.append(text)
        hint(text)

    from aidd_studio.damage.labels import read_labels
    from aidd_studio.damage.timecode import parse_gap

    found = [parse_gap(span, clip.rate) for span in spans]
    if labels is not None:
        found += read_labels(labels, clip.rate, note)
    return found


def _detected(clip: Clip, progress: Progress) -> list[Damage]:
    from aidd_studio.damage.detection.dropouts import detect

    return detect(clip, progress)


def _print_json(
    result: RestorationResult,
    source: Path,
    written: WriteReport,
    notes: list[str],
    seconds: float,
    uncertain: list[Damage],
) -> None:
    from aidd_studio.damage.labels import gap_as_data

    rate = result.clip.rate
    rows = [
        gap_as_data(filled.gap, rate)
        | {
            "engine": filled.chosen.engine,
            "generative": filled.chosen.generative,
            "why": filled.chosen.note,
            "seed": filled.chosen.seed,
            "score": filled.chosen.score,
            "seconds": round(filled.chosen.seconds, 4),
            "candidates": [candidate.provenance() for candidate in filled.candidates],
        }
        for filled in result.gaps
    ]
    say_json(
        {
            "source": str(source),
            "output": str(written.path),
            "engine": result.engine,
            "policy": result.policy,
            "seed": result.seed,
            "rate": rate,
            "seconds": round(seconds, 3),
            "peak_dbfs": written.peak_dbfs,
            "over_full_scale": written.over_full_scale,
            "notes": [*result.clip.notes, *notes, *written.notes],
            "gaps": rows,
            "uncertain": [gap_as_data(gap, rate) for gap in uncertain],
        }
    )


def _print_lines(result: RestorationResult, written: WriteReport, seconds: float, uncertain: list[Damage]) -> None:
    for filled in result.gaps:
        chosen = filled.chosen
        made_by = f"{chosen.engine} (generative)" if chosen.generative else chosen.engine
        line = gap_as_line(filled.gap, result.clip.rate)
        say(f"{line}  <- {made_by}{': ' + chosen.note if chosen.note else ''}")
    for gap in uncertain:
        say(f"{gap_as_line(gap, result.clip.rate)}  left unchanged")
    count = len(result.gaps)
    hint(f"{plural(count, 'gap')} filled in {seconds:.1f} s; the result is {written.path}")
    if uncertain:
        hint(left_unchanged(len(uncertain)))
    if result.policy == "signal":
        hint("Signal models only: no generative engine was used.")
    if written.over_full_scale:
        hint(f"{written.over_full_scale} samples above full scale were limited.")
    for note in (*result.clip.notes, *written.notes):
        hint(note)
