"""One recording of a batch, from reading to writing; every end is an outcome, never an exception."""

from __future__ import annotations

import base64
import time
from typing import Any

from aidd_studio.errors import AiddError, Cancelled
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch.items import BatchItem, BatchSettings, Outcome, gap_as_row
from aidd_studio.restoration.restore import FilledGap, ready_engine, restore

_engines: dict[str, Any] = {}
"""Engines by settings, one set per process: models are loaded once however many files come."""


READ, LOOKED, FILLED = 0.1, 0.3, 0.9
"""Fraction done when a recording is read, its gaps are found, and they are filled."""


def restore_file(item: BatchItem, settings: BatchSettings, progress: Progress | None = None) -> Outcome:
    """Restore one recording. Raises only Cancelled; every fault becomes a failed outcome with its reason."""
    started = time.perf_counter()
    try:
        return _restore(item, settings, progress or Progress(), started)
    except Cancelled:
        raise
    except AiddError as error:
        return _ended(item, "failed", str(error), started)
    except MemoryError:
        return _ended(item, "failed", "The machine's memory was full; use fewer jobs.", started)
    except Exception as error:  # one bad file never stops the rest
        return _ended(item, "failed", f"Unexpected: {type(error).__name__}: {error}", started)


def _restore(item: BatchItem, settings: BatchSettings, progress: Progress, started: float) -> Outcome:
    from aidd_studio.audio.files.reading import probe, read
    from aidd_studio.audio.files.writing import check_target, write
    from aidd_studio.damage.detection.dropouts import detect
    from aidd_studio.damage.detection.settings import by_confidence, left_unchanged

    probe(item.source)  # a file that is no recording is reported as such, not for the name of its result
    if not settings.dry_run:
        item.target.parent.mkdir(parents=True, exist_ok=True)
        check_target(item.target, item.source, overwrite=settings.overwrite)
    clip = read(item.source, progress.part(0.0, READ))
    found = detect(clip, progress.part(READ, 1.0 if settings.dry_run else LOOKED))
    gaps, uncertain = by_confidence(found, settings.min_confidence)
    if not found:
        return _ended(item, "nothing to do", "No dropout was found.", started, clip.duration)
    if settings.dry_run or not gaps:
        rows = tuple(gap_as_row(gap, clip.rate) for gap in found)
        if not settings.dry_run:
            return _ended(item, "nothing to do", left_unchanged(len(uncertain)), started, clip.duration, rows)
        return _ended(item, "nothing to do", "Dry run; nothing was written.", started, clip.duration, rows)
    result = restore(
        clip,
        gaps,
        _engine(settings),
        settings.candidates,
        settings.seed,
        crossfade=settings.crossfade,
        progress=progress.part(LOOKED, FILLED),
    )
    write(result.clip, item.target, like=clip, overwrite=settings.overwrite, progress=progress.part(FILLED, 1.0))
    rows = tuple(_filled_row(filled, clip.rate) for filled in result.gaps)
    if settings.pictures:
        from aidd_studio.restoration.picture import before_after_png

        for row, filled in zip(rows, result.gaps, strict=True):
            row["picture"] = base64.b64encode(before_after_png(result.clip, filled.gap)).decode("ascii")
    notes = [*clip.notes, *([left_unchanged(len(uncertain))] if uncertain else [])]
    return _ended(item, "restored", " ".join(notes), started, clip.duration, rows)


def _engine(settings: BatchSettings) -> Any:
    key = f"{settings.engine}:{settings.policy}:{sorted(settings.engine_settings.items())}"
    if key not in _engines:
        _engines[key] = ready_engine(settings.engine, settings.engine_settings, settings.policy)
    return _engines[key]


def _ended(
    item: BatchItem,
    status: Any,
    reason: str,
    started: float,
    duration: float = 0.0,
    gaps: tuple[dict[str, Any], ...] = (),
) -> Outcome:
    spent = round(time.perf_counter() - started, 3)
    return Outcome(str(item.source), str(item.target), status, reason, round(duration, 3), spent, gaps)


def _filled_row(filled: FilledGap, rate: int) -> dict[str, Any]:
    chosen = filled.chosen
    return gap_as_row(filled.gap, rate) | {
        "engine": chosen.engine,
        "generative": chosen.generative,
        "why": chosen.note,
        "seed": chosen.seed,
        "score": round(chosen.score, 4),
        "seconds": round(chosen.seconds, 4),
    }
