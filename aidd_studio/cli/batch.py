"""`aidd-studio batch`: folders of recordings, without a person."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from aidd_studio.cli.console import errors_as_sentences, hint, progress, say_json
from aidd_studio.errors import NothingToRestore, UsageError

if TYPE_CHECKING:
    from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome

# ruff: noqa: UP045 - typer reads the annotations at run time

POLL = 1.0  # seconds between two looks at a watched folder


def batch_command(
    paths: Annotated[list[Path], typer.Argument(metavar="FOLDER|FILES", help="What to restore.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Folder for the results.")],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders of folders.")] = False,
    include: Annotated[
        Optional[str], typer.Option(metavar="GLOB", help="Only these file names, e.g. '*.flac'.")
    ] = None,
    engine: Annotated[str, typer.Option(help="What fills the gaps.")] = "auto",
    candidates: Annotated[int, typer.Option(min=1, max=64, help="Fills to make per gap; the best is used.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same results.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 for one per core.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run was stopped.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")] = False,
    report: Annotated[
        Optional[Path], typer.Option(metavar="report.html", help="Write a report, HTML and JSON.")
    ] = None,
    pattern: Annotated[str, typer.Option(help="Names of the results.")] = "{stem}_restored{suffix}",
    format: Annotated[
        Optional[str], typer.Option(metavar="wav|flac", help="Format of all results; by default that of each source.")
    ] = None,
    scheduler: Annotated[Optional[str], typer.Option(metavar="ADDRESS", help="Work on a Dask cluster.")] = None,
    watch_folder: Annotated[bool, typer.Option("--watch", help="Go on and restore files as they arrive.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Restore every recording in files and folders; one bad file never stops the rest.

    Exit code 0 when nothing failed, 1 when a file failed, 3 when there was no recording at all.
    """
    with errors_as_sentences(as_json):
        from aidd_studio.restoration.batch.items import FORMATS, BatchSettings, collect
        from aidd_studio.restoration.batch.report import report_data, write_report

        for path in paths:
            if not path.exists():
                raise UsageError(f"{path} does not exist.")
        if format is not None and format not in FORMATS:
            raise UsageError(f"The format {format!r} is not known; use {' or '.join(FORMATS)}, or leave it out.")
        suffix = FORMATS[format] if format else None
        settings = BatchSettings(
            engine, {}, candidates, seed, overwrite=overwrite, dry_run=dry_run, pictures=report is not None
        )

        def look() -> list[BatchItem]:
            return collect(paths, output, recursive=recursive, include=include, pattern=pattern, suffix=suffix)

        items = look()
        if not items and not watch_folder:
            raise NothingToRestore("There is no recording in " + ", ".join(map(str, paths)) + ".")
        outcomes = _run(items, settings, output, jobs or os.cpu_count() or 1, resume, scheduler)
        if watch_folder:
            hint("Watching for new files; stop with Ctrl+C.")
            outcomes += _watch(look, {item.source for item in items}, settings, output)
        if report:
            write_report(report, outcomes, settings)
        if as_json:
            say_json(report_data(outcomes, settings))
        counts = Counter(outcome.status for outcome in outcomes)
        hint(
            f"{counts['restored']} restored, {counts['nothing to do']} with nothing to do, {counts['failed']} failed."
            + (f" The report is {report}." if report else "")
        )
    if counts["failed"]:
        raise typer.Exit(1)


def _run(
    items: list[BatchItem], settings: BatchSettings, output: Path, jobs: int, resume: bool, scheduler: str | None
) -> list[Outcome]:
    from aidd_studio.restoration.batch.journal import JOURNAL_NAME, BatchJournal
    from aidd_studio.restoration.batch.run import run_batch

    if settings.dry_run:
        with progress("Looking") as watch:
            return _tell(outcome for _, outcome in run_batch(items, settings, jobs, scheduler=scheduler, watch=watch))
    path = output / JOURNAL_NAME
    if not resume:
        path.unlink(missing_ok=True)
    with BatchJournal(path, settings) as journal, progress("Restoring") as watch:
        ended = run_batch(items, settings, jobs, journal=journal, scheduler=scheduler, watch=watch)
        return _tell(outcome for _, outcome in ended)


def _watch(
    look: Callable[[], list[BatchItem]], seen: set[Path], settings: BatchSettings, output: Path
) -> list[Outcome]:
    """Restore files that arrive, once they no longer grow, until Ctrl+C."""
    outcomes: list[Outcome] = []
    sizes: dict[Path, int] = {}
    try:
        while True:
            time.sleep(POLL)
            for item in look():
                if item.source in seen:
                    continue
                size = item.source.stat().st_size
                if sizes.get(item.source) != size or size == 0:
                    sizes[item.source] = size
                    continue
                seen.add(item.source)
                outcomes += _run([item], settings, output, 1, True, None)
    except KeyboardInterrupt:
        return outcomes


def _tell(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Say each outcome on stderr as it comes."""
    ended = []
    for outcome in outcomes:
        ended.append(outcome)
        gaps = f"{len(outcome.gaps)} gap{'' if len(outcome.gaps) == 1 else 's'}" if outcome.gaps else ""
        hint(": ".join(part for part in (outcome.status, outcome.source, outcome.reason or gaps) if part))
    return ended
