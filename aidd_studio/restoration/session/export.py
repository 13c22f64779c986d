"""Export files: which files an export writes, and what they hold. Knows no window."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aidd_studio import paths
from aidd_studio.audio.clip import Clip
from aidd_studio.progress import Progress
from aidd_studio.restoration.session.history import Entry

What = Literal["whole", "selection", "candidates"]


@dataclass(frozen=True)
class ExportChoice:
    """What to write, where and how. `path` names the file, or gives folder and suffix for candidates."""

    path: Path
    what: What = "whole"
    span: tuple[int, int] | None = None  # frames of the selection
    subtype: str | None = None  # None: the source's
    dither: bool = True
    tags: Mapping[str, Any] | None = None  # None: the source's
    report: bool = False
    overwrite: bool = False
    around: float = 1.0  # seconds of context before and after a candidate


def proposed_folder(source: Path) -> Path:
    """Where the restored file goes: beside its source where one may write."""
    ours = source.resolve().is_relative_to(paths.resources().resolve())
    return Path.home() if ours or not os.access(source.parent, os.W_OK) else source.parent


def write_export(
    choice: ExportChoice,
    source: Clip,
    restored: Clip,
    entries: Sequence[Entry],
    current: Entry | None,
    progress: Progress,
) -> list[Path]:
    """Write the files of an export; the source is never written to. Raises FileWriteError, Cancelled."""
    if choice.what == "candidates" and current is not None:
        return _write_candidates(choice, source, entries, current, progress)
    span = choice.span if choice.what == "selection" else None
    share = progress.part(0.0, 0.8 if choice.report else 1.0)
    _write_sound(choice, restored, choice.path, source, share, span)
    if not choice.report:
        return [choice.path]
    report = choice.path.with_suffix(".html")
    _write_report(report, choice.path, restored, entries, progress.part(0.8, 1.0))
    return [choice.path, report, report.with_suffix(".json")]


def _write_sound(
    choice: ExportChoice, clip: Clip, path: Path, source: Clip, progress: Progress, span: tuple[int, int] | None
) -> None:
    from aidd_studio.audio.files.writing import write

    write(
        clip,
        path,
        like=source,
        subtype=choice.subtype,
        dither=choice.dither,
        tags=choice.tags,
        overwrite=choice.overwrite,
        progress=progress,
        span=span,
    )


def _write_candidates(
    choice: ExportChoice, source: Clip, entries: Sequence[Entry], current: Entry, progress: Progress
) -> list[Path]:
    """Every candidate of one gap with its surroundings, each as a file of its own."""
    others = [entry.chosen.patch for entry in entries if entry.id != current.id and entry.chosen is not None]
    around = round(choice.around * source.rate)
    span = (current.gap.start - around, current.gap.end + around)
    written = []
    for index, candidate in enumerate(current.candidates):
        name = f"{choice.path.stem}_gap{current.id}_candidate{index + 1}_{candidate.engine}{choice.path.suffix}"
        path = choice.path.with_name(name)
        share = progress.part(index / len(current.candidates), (index + 1) / len(current.candidates))
        clip = source.with_patches(*others, candidate.patch)
        _write_sound(choice, clip, path, source, share, span)
        written.append(path)
    return written


def _write_report(path: Path, target: Path, restored: Clip, entries: Sequence[Entry], progress: Progress) -> None:
    """A page and a JSON file that list each gap, what filled it, and how it looked before and after."""
    import base64

    from aidd_studio.restoration.batch.items import BatchSettings, Outcome, gap_as_row
    from aidd_studio.restoration.batch.report import write_report
    from aidd_studio.restoration.picture import before_after_png

    rate = restored.rate
    rows = []
    engines = set()
    for index, entry in enumerate(entries):
        progress.report(index / len(entries), "Report")
        gap, chosen = entry.gap, entry.chosen
        row = gap_as_row(gap, rate)
        if chosen is not None:
            engines.add(chosen.engine)
            row |= chosen.provenance() | {
                "why": chosen.note,
                "picture": base64.b64encode(before_after_png(restored, gap)).decode("ascii"),
            }
        rows.append(row)
    source = str(restored.source.path) if restored.source else ""
    spent = sum(entry.chosen.seconds for entry in entries if entry.chosen is not None)
    outcome = Outcome(source, str(target), "restored", "", restored.duration, spent, tuple(rows))
    write_report(path, [outcome], BatchSettings(engine=", ".join(sorted(engines)) or "none", pictures=True))
