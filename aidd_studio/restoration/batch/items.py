"""The items of a batch: recordings, their targets, settings and outcomes."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from aidd_studio.audio.files.formats import SUFFIXES as WRITABLE
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.detection.settings import CONFIDENT
from aidd_studio.damage.labels import band_as_data
from aidd_studio.engines.policy import Policy
from aidd_studio.errors import UsageError

SUFFIXES = frozenset(
    {
        ".wav",
        ".wave",
        ".bwf",
        ".w64",
        ".rf64",
        ".aif",
        ".aiff",
        ".aifc",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".caf",
    }
    | {".au", ".snd"}
)
"""File names that a batch takes for recordings when it looks through a folder."""

UNREADABLE = frozenset({".m4a", ".aac", ".wma", ".ape", ".wv", ".tta", ".mpc", ".dsf", ".dff", ".amr", ".ac3", ".dts"})
"""Suffixes of recordings that cannot be read: listed as failed rather than skipped."""

PATTERN = "{stem}_restored{suffix}"
"""The default pattern for result names."""

FORMATS = {"wav": ".wav", "flac": ".flac"}
"""Formats that all results can be written in, whatever their sources were."""

Status = Literal["restored", "nothing to do", "failed"]


@dataclass(frozen=True)
class BatchItem:
    """One recording and the file its restored version goes to."""

    source: Path
    target: Path


@dataclass(frozen=True)
class BatchSettings:
    """How every recording of a batch is restored."""

    engine: str = "auto"
    engine_settings: Mapping[str, Any] = field(default_factory=dict)
    candidates: int = 1
    seed: int = 0
    crossfade: float = 0.006
    min_confidence: float = CONFIDENT  # dropouts that are less certain are listed and left alone
    overwrite: bool = False
    dry_run: bool = False  # find the gaps, fill none
    pictures: bool = False  # keep before/after spectrograms for the report
    policy: Policy = "any"  # which engines may fill

    def digest(self) -> str:
        """A key of everything that decides how the outputs sound."""
        decisive = asdict(self)
        for name in ("overwrite", "pictures"):
            del decisive[name]
        decisive["dry_run"] = False  # one looks at what the other would do
        for name, default in (("policy", "any"), ("min_confidence", BatchSettings.min_confidence)):
            if decisive[name] == default:  # as in journals of version 0.1.0, which knew neither
                del decisive[name]
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Outcome:
    """How one recording ended; plain data, so that it can be journaled and sent between processes."""

    source: str
    target: str
    status: Status
    reason: str = ""
    duration: float = 0.0  # seconds of sound
    seconds: float = 0.0  # seconds of work
    gaps: tuple[dict[str, Any], ...] = ()
    earlier: bool = False  # known from the journal of an earlier run

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Outcome:
        """The outcome that `as_json` described. Raises KeyError or TypeError for anything else."""
        return Outcome(
            str(data["source"]),
            str(data["target"]),
            data["status"],
            str(data["reason"]),
            float(data["duration"]),
            float(data["seconds"]),
            tuple(dict(gap) for gap in data["gaps"]),
        )


def gap_as_row(gap: Damage, rate: int) -> dict[str, Any]:
    """Damage as plain data for journals and reports: seconds, milliseconds, channels counted from 1."""
    return {
        "start": round(gap.start / rate, 6),
        "milliseconds": round(1000 * gap.frames / rate, 2),
        "kind": gap.kind,
        "channels": None if gap.channels is None else [channel + 1 for channel in gap.channels],
        "confidence": round(gap.confidence, 4),
        "band": band_as_data(gap.band),
        "known": gap.known,
    }


@dataclass(frozen=True)
class Recording:
    """A recording that was found, and how deep below the searched folder it lies."""

    path: Path
    below: Path = Path()


def collect(
    paths: Iterable[Path],
    output: Path,
    *,
    recursive: bool = False,
    include: str | None = None,
    pattern: str = PATTERN,
    suffix: str | None = None,
) -> list[BatchItem]:
    """Recordings in files and folders, sorted, each with its target; folder structure is kept below `output`.

    include: only file names that match this glob. pattern: target names from {stem} and {suffix}.
    suffix: the format of all targets, such as ".flac"; None for that of each source.
    Files named one by one are taken whatever their suffix. Raises UsageError for a pattern that makes no names, or
    when two recordings would get the same target.
    """
    found = find_recordings(paths, output, recursive=recursive, include=include)
    return with_targets(found, output, pattern=pattern, suffix=suffix)


def find_recordings(
    paths: Iterable[Path], output: Path | None = None, *, recursive: bool = False, include: str | None = None
) -> list[Recording]:
    """Recordings in files and folders, sorted, each once; what lies below `output` is a result, not a source."""
    output = real_path(output) if output else None
    found: dict[Path, Recording] = {}
    for path in paths:
        if not path.is_dir():
            found.setdefault(real_path(path), Recording(path))
            continue
        files = path.rglob("*") if recursive else path.glob("*")
        for file in sorted(file for file in files if _is_wanted(file, include, output)):
            found.setdefault(real_path(file), Recording(file, file.parent.relative_to(path)))
    return list(found.values())


def with_targets(
    recordings: Iterable[Recording], output: Path, *, pattern: str = PATTERN, suffix: str | None = None
) -> list[BatchItem]:
    """Each recording with the file that its restored version goes to. Raises UsageError as `collect` does."""
    output = real_path(output)
    items = [
        BatchItem(recording.path, output / recording.below / result_name(recording.path, pattern, suffix))
        for recording in recordings
    ]
    _refuse_collisions(items)
    return items


def real_path(path: Path) -> Path:
    """The path with links resolved; unlike Path.resolve, a circular link resolves to itself."""
    return Path(os.path.realpath(path))


def _is_wanted(file: Path, include: str | None, output: Path | None) -> bool:
    if not file.is_file() or file.name.startswith("."):
        return False
    if output is not None and real_path(file).is_relative_to(output):
        return False
    return fnmatch.fnmatch(file.name, include) if include else file.suffix.lower() in SUFFIXES | UNREADABLE


def result_name(file: Path, pattern: str = PATTERN, suffix: str | None = None) -> str:
    """The name of a recording's restored version. Raises UsageError for a pattern that makes none."""
    try:
        name = pattern.format(stem=file.stem, suffix=suffix or file.suffix)
    except (KeyError, IndexError, ValueError) as error:
        raise UsageError(f"The pattern {pattern!r} makes no file name; use {{stem}} and {{suffix}}.") from error
    if not name or Path(name).name != name:
        raise UsageError(f"The pattern {pattern!r} must make a file name without folders.")
    if "{suffix}" not in pattern and Path(name).suffix.lower() not in WRITABLE:
        raise UsageError(f"The pattern {pattern!r} names no format that can be written; end it in {{suffix}} or .wav.")
    if suffix and not name.lower().endswith(suffix):
        raise UsageError(f"The pattern {pattern!r} must end in {{suffix}} when a format is chosen.")
    return name


def _refuse_collisions(items: Sequence[BatchItem]) -> None:
    sources = {real_path(item.source): item.source for item in items}
    seen: dict[Path, Path] = {}
    for item in items:
        other = seen.setdefault(item.target, item.source)
        if other != item.source:
            raise UsageError(
                f"{other} and {item.source} would both become {item.target}; "
                "choose a pattern with {stem} and {suffix}."
            )
        lost = sources.get(real_path(item.target), item.source)
        if lost != item.source:
            raise UsageError(f"The result of {item.source} would replace {lost}; choose another pattern or folder.")
