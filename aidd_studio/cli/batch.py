"""`aidd-studio batch`: folders of recordings, unattended."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from aidd_studio.cli.console import errors_as_sentences, hint, interrupted_once, progress_bar, say_json
from aidd_studio.damage.detection.settings import CONFIDENT
from aidd_studio.errors import Cancelled, NothingToRestore, UsageError
from aidd_studio.text import plural

if TYPE_CHECKING:
    from aidd_studio.progress import Progress
    from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome
    from aidd_studio.restoration.batch.journal import BatchJournal
    from aidd_studio.restoration.batch.network_process import Choice
    from aidd_studio.restoration.batch.pool import Workers

# ruff: noqa: UP045 - typer reads the annotations at run time

POLL = 1.0  # seconds between two scans of a watched folder


def batch_command(
    paths: Annotated[list[Path], typer.Argument(metavar="FOLDER|FILES", help="What to restore.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Folder for the results.")],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Search subfolders too.")] = False,
    include: Annotated[
        Optional[str], typer.Option(metavar="GLOB", help="Only these file names, e.g. '*.flac'.")
    ] = None,
    engine: Annotated[str, typer.Option(help="What fills the gaps.")] = "auto",
    policy: Annotated[
        str, typer.Option(metavar="any|signal", help="signal: signal models only, nothing that can make up sound.")
    ] = "any",
    candidates: Annotated[int, typer.Option(min=1, max=64, help="Fills to make per gap; the best is used.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same results.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 for one per core.")] = 0,
    min_confidence: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Dropouts detected with less confidence are listed and left unchanged."),
    ] = CONFIDENT,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an earlier run that was stopped.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, write nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing results.")] = False,
    report: Annotated[
        Optional[Path], typer.Option(metavar="report.html", help="Write a report, HTML and JSON.")
    ] = None,
    pattern: Annotated[str, typer.Option(help="Names of the results.")] = "{stem}_restored{suffix}",
    format: Annotated[
        Optional[str], typer.Option(metavar="wav|flac", help="Format of all results; by default that of each source.")
    ] = None,
    networks: Annotated[
        str,
        typer.Option(
            metavar="auto|own|shared|joint",
            help="Where neural models run: in each job (own), or in one process for all (shared), which also "
            "batches gaps of several files on a GPU, or always (joint). "
            "Auto: shared on a GPU, own without one.",
        ),
    ] = "auto",
    scheduler: Annotated[Optional[str], typer.Option(metavar="ADDRESS", help="Work on a Dask cluster.")] = None,
    watch_folder: Annotated[
        bool, typer.Option("--watch", help="Keep running and restore files as they arrive.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Restore every recording in files and folders; one bad file never stops the rest.

    Exit code 0 when nothing failed, 1 when a file failed, 3 when there was no recording at all.
    """
    with errors_as_sentences(as_json):
        from aidd_studio.engines.policy import as_policy, may_fill, refusal
        from aidd_studio.engines.registry import engine_info
        from aidd_studio.restoration.batch.items import FORMATS, BatchSettings, collect, real_path
        from aidd_studio.restoration.batch.network_process import CHOICES
        from aidd_studio.restoration.batch.report import report_data, write_report

        for path in paths:
            if not path.exists():
                raise UsageError(f"{path} does not exist.")
            if path.is_dir() and real_path(path).is_relative_to(real_path(output)):
                raise UsageError(f"Files in {output} count as results; choose another output folder for {path}.")
        if format is not None and format not in FORMATS:
            raise UsageError(f"The format {format!r} is not known; use {' or '.join(FORMATS)}, or leave it out.")
        if networks not in CHOICES:
            raise UsageError(f"Networks can be {', '.join(CHOICES)}, not {networks!r}.")
        rule = as_policy(policy)
        if rule != "any" and not may_fill(engine_info(engine), rule):
            raise UsageError(refusal(engine_info(engine)))
        if watch_folder and (scheduler or dry_run):
            raise UsageError("--watch works on this machine and writes; leave out --scheduler and --dry-run.")
        if report:
            _make_room(report)  # fail now, not after hours of work
        suffix = FORMATS[format] if format else None
        settings = BatchSettings(
            engine,
            {},
            candidates,
            seed,
            min_confidence=min_confidence,
            overwrite=overwrite,
            dry_run=dry_run,
            pictures=report is not None,
            policy=rule,
        )

        def scan() -> list[BatchItem]:
            return collect(paths, output, recursive=recursive, include=include, pattern=pattern, suffix=suffix)

        items = scan()
        if not items and not watch_folder:
            raise NothingToRestore("There is no recording in " + ", ".join(map(str, paths)) + ".")
        place = _Place(output, jobs or os.cpu_count() or 1, networks, scheduler)
        try:
            with interrupted_once():
                outcomes = (
                    _watch(scan, settings, place, resume) if watch_folder else _run(items, settings, place, resume)
                )
        except KeyboardInterrupt:
            raise Cancelled("Stopped; finished results stay, and --resume continues from there.") from None
        if report:
            write_report(report, outcomes, settings)
        if as_json:
            say_json(report_data(outcomes, settings))
        _sum_up(outcomes, settings.dry_run, report)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(1)


def _make_room(report: Path) -> None:
    from aidd_studio.files.atomic import check_place

    with suppress(OSError):  # what it means is said next
        report.absolute().parent.mkdir(parents=True, exist_ok=True)
    for path in (report, report.with_suffix(".json")):
        check_place(path, overwrite=True)


@dataclass(frozen=True)
class _Place:
    """Where the work runs and where its results go."""

    output: Path
    jobs: int
    networks: Choice
    scheduler: str | None = None

    @property
    def journal(self) -> Path:
        from aidd_studio.restoration.batch.journal import JOURNAL_NAME

        return self.output / JOURNAL_NAME


def _run(items: list[BatchItem], settings: BatchSettings, place: _Place, resume: bool) -> list[Outcome]:
    from aidd_studio.restoration.batch.journal import BatchJournal

    journal = BatchJournal(place.journal, settings, fresh=not resume)
    outcomes: list[Outcome] = []
    if settings.dry_run:
        with progress_bar("Looking") as progress:
            _work(items, settings, place, journal, progress, outcomes)
        return outcomes
    with journal, progress_bar("Restoring") as progress:
        _work(items, settings, place, journal, progress, outcomes)
    return outcomes


def _work(
    items: list[BatchItem],
    settings: BatchSettings,
    place: _Place,
    journal: BatchJournal,
    progress: Progress,
    outcomes: list[Outcome],
    workers: Workers | None = None,
) -> None:
    """Report and collect outcomes as they come, so that none is lost after Ctrl+C."""
    from aidd_studio.restoration.batch.run import run_batch

    coming = run_batch(
        items,
        settings,
        place.jobs,
        journal=journal,
        scheduler=place.scheduler,
        progress=progress,
        networks=place.networks,
        workers=workers,
    )
    with closing(coming):  # the processes end before the message about Ctrl+C
        for item, found in coming:
            outcome = _as_it_would_end(item, found, settings, journal) if settings.dry_run else found
            outcomes.append(outcome)
            _tell(outcome)


def _watch(scan: Callable[[], list[BatchItem]], settings: BatchSettings, place: _Place, resume: bool) -> list[Outcome]:
    """Restore files that are there and files that arrive, once complete, until Ctrl+C; workers are kept."""
    from aidd_studio.restoration.batch.journal import BatchJournal
    from aidd_studio.restoration.batch.network_process import chosen
    from aidd_studio.restoration.batch.pool import Workers

    outcomes: list[Outcome] = []
    arrivals = Arrivals()
    with (
        BatchJournal(place.journal, settings, fresh=not resume) as journal,
        Workers(place.jobs, chosen(place.networks, settings)) as workers,
    ):
        try:
            hint("Watching for new files; stop with Ctrl+C.")
            while True:
                if complete := arrivals.complete(scan):
                    with progress_bar("Restoring") as progress:
                        _work(complete, settings, place, journal, progress, outcomes, workers)
                time.sleep(POLL)
        except KeyboardInterrupt:
            return outcomes


class Arrivals:
    """Finds files that have arrived in a folder, or changed, and are complete."""

    def __init__(self) -> None:
        self._reported: dict[Path, tuple[int, int]] = {}
        self._seen: dict[Path, tuple[int, int] | None] = {}
        self._trouble = ""

    def complete(self, scan: Callable[[], list[BatchItem]]) -> list[BatchItem]:
        """Files that are new or changed, and have stopped growing. Each problem is reported once."""
        try:
            items = scan()
        except (UsageError, OSError) as error:
            if str(error) != self._trouble:
                hint(f"Waiting: {error}")
            self._trouble = str(error)
            return []
        self._trouble = ""
        return [item for item in items if self._is_whole(item.source)]

    def _is_whole(self, source: Path) -> bool:
        before, now = self._seen.get(source), _state(source)
        self._seen[source] = now
        if now is None or now != before or now[0] == 0 or now == self._reported.get(source):
            return False
        self._reported[source] = now
        return True


def _state(source: Path) -> tuple[int, int] | None:
    """Size and time of a file; None for one that is gone again."""
    try:
        status = source.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _as_it_would_end(item: BatchItem, outcome: Outcome, settings: BatchSettings, journal: BatchJournal) -> Outcome:
    """The outcome of a dry run: failed where a result could not be written."""
    from aidd_studio.restoration.batch.run import overwrite_refusal

    is_free = settings.overwrite or not os.path.lexists(item.target) or journal.may_replace(item)
    if outcome.status != "nothing to do" or outcome.earlier or not outcome.gaps or is_free:
        return outcome
    return replace(outcome, status="failed", reason=overwrite_refusal(item, journal))


def _tell(outcome: Outcome) -> None:
    """Print an outcome on stderr."""
    gaps = plural(len(outcome.gaps), "gap") if outcome.gaps else ""
    if outcome.gaps and outcome.status == "nothing to do":  # in a dry run
        hint(f"to be restored: {outcome.source}: {gaps}")
        return
    source = "" if outcome.source in outcome.reason else outcome.source  # most reasons name it
    status = f"{outcome.status} earlier" if outcome.earlier else outcome.status
    hint(": ".join(part for part in (status, source, outcome.reason or gaps) if part))


def _sum_up(outcomes: list[Outcome], dry_run: bool, report: Path | None) -> None:
    """Print on stderr how many files ended in which way."""
    counts = Counter(outcome.status for outcome in outcomes)
    earlier = sum(outcome.earlier and outcome.status == "restored" for outcome in outcomes)
    restored = f"{counts['restored']} restored" + (f" ({earlier} of them earlier)" if earlier else "")
    nothing, failed = f"{counts['nothing to do']} with nothing to do", f"{counts['failed']} failed"
    if dry_run:
        waiting = [outcome for outcome in outcomes if outcome.gaps and outcome.status == "nothing to do"]
        gaps = plural(sum(len(outcome.gaps) for outcome in waiting), "gap")
        nothing = f"{counts['nothing to do'] - len(waiting)} with nothing to do"
        restored = f"{len(waiting)} to be restored ({gaps})" + (f", {earlier} restored earlier" if earlier else "")
        failed = f"{counts['failed']} that would fail"
    hint(f"{restored}, {nothing}, {failed}." + (f" The report is {report}." if report else ""))
