"""Building a corpus: 24 kHz mono WAV files, a manifest with sources and licences, a split by source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aidd_studio.errors import AiddError, UsageError
from aidd_studio.processes import block_sigint, stoppable_pool
from aidd_studio.progress import Progress
from aidd_studio.training.corpora.rendering import RATE, Sources, draw_kind, render
from aidd_studio.training.corpora.splits import SplitRule, official_splits, split_of

MANIFEST = "manifest.jsonl"

_Job = tuple[Callable[..., "Item | None"], tuple[Any, ...]]


@dataclass(frozen=True)
class Item:
    """One file of a corpus, as in its manifest line."""

    file: str  # relative to the corpus folder
    kind: str
    split: str  # "train" or "held"
    source: str
    licence: str
    seed: int
    seconds: float
    digest: str  # of the samples, so that the same sound is not taken twice


@dataclass(frozen=True)
class RenderPlan:
    """A corpus made by rendering: how many items of which length, from which seed and sources."""

    items: int
    seconds: float
    seed: int
    sources: Sources
    licence: str = "CC0-1.0 (scores), MIT (SoundFonts), public domain (piano samples)"


def build_rendered(folder: Path, plan: RenderPlan, processes: int, progress: Progress | None = None) -> list[Item]:
    """Render what is missing of a plan into a folder and write the manifest; a stopped build goes on where it was."""
    jobs = ((_render_item, (folder, plan, index)) for index in range(plan.items))
    return _build(folder, jobs, plan.items, processes, progress or Progress())


def build_recorded(
    folder: Path,
    recordings: Iterable[Path],
    licence: str,
    processes: int,
    progress: Progress | None = None,
    split: SplitRule = "hash",
) -> list[Item]:
    """Convert recordings of any format into a folder: mono, 24 kHz, split by file or as published, each sound once."""
    files = [path for start in recordings for path in _audio_files(start)]
    if not files:
        raise UsageError("No recordings were found there; name folders or files that hold sound.")
    splits = official_splits(files, split)
    jobs = ((_convert_item, (folder, path, licence, splits[path])) for path in files)
    return _build(folder, jobs, len(files), processes, progress or Progress())


def read_manifest(folder: Path) -> list[Item]:
    """The items of a corpus; raises UsageError when the folder is none."""
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"{folder} is no corpus; make one with `aidd-studio train corpus`.")
    return [Item(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _build(folder: Path, jobs: Iterator[_Job], count: int, processes: int, progress: Progress) -> list[Item]:
    folder.mkdir(parents=True, exist_ok=True)
    items: list[Item] = []
    with stoppable_pool(processes) as pool:
        with block_sigint():
            waiting: set[Future[Item | None]] = {pool.submit(work, *arguments) for work, arguments in jobs}
        for done, future in enumerate(as_completed(waiting), start=1):
            item = future.result()
            if item is not None:
                items.append(item)
            progress.report(done / count, f"{done} of {count} files")
    return _write_manifest(folder, items)


def _write_manifest(folder: Path, items: list[Item]) -> list[Item]:
    path = folder / MANIFEST
    known = {item.file: item for item in (read_manifest(folder) if path.is_file() else [])}
    known |= {item.file: item for item in items}
    seen: set[str] = set()
    kept: list[Item] = []
    for item in sorted(known.values(), key=lambda item: item.file):
        if item.digest in seen:
            (folder / item.file).unlink(missing_ok=True)
            continue
        seen.add(item.digest)
        kept.append(item)
    _write_text(path, "".join(json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in kept))
    return kept


def _render_item(folder: Path, plan: RenderPlan, index: int) -> Item | None:
    name = f"{index:06d}.wav"
    known = _read_note(folder, name)
    if known is not None:
        return known
    rng = np.random.default_rng([plan.seed, index])
    kind = draw_kind(rng, plan.sources)
    score = plan.sources.scores[rng.integers(len(plan.sources.scores))] if kind in ("score", "piano") else None
    seed = int(rng.integers(2**31))
    try:
        sound = render(kind, score, plan.seconds, plan.sources, seed)
    except AiddError:
        return None
    source = score.name if score is not None else f"{kind} {plan.seed}-{index}"
    return _keep(folder, Item(name, kind, split_of(source), source, plan.licence, seed, 0.0, ""), sound)


def _convert_item(folder: Path, path: Path, licence: str, split: str) -> Item | None:
    name = hashlib.sha1(str(path.resolve()).encode()).hexdigest()[:16] + ".wav"
    known = _read_note(folder, name)
    if known is not None:
        return known
    from aidd_studio.audio.files.reading import read
    from aidd_studio.audio.resampling import resample

    try:
        clip = read(path)
    except AiddError:
        return None
    mono = clip.samples.mean(0, keepdims=True)
    sound = resample(mono, clip.rate, RATE)[0]
    return _keep(folder, Item(name, "recording", split, str(path), licence, 0, 0.0, ""), sound)


def _keep(folder: Path, item: Item, sound: NDArray[np.float32]) -> Item | None:
    """Write the sound and the note about it that lets a stopped build go on; silence is not kept."""
    import soundfile

    if sound.size < RATE or np.abs(sound).max() < 1e-3:
        return None
    whole = np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    path = folder / item.file
    partial = path.with_suffix(".part")
    soundfile.write(partial, whole, RATE, subtype="PCM_16", format="WAV")
    partial.replace(path)
    digest = hashlib.sha1(whole.tobytes()).hexdigest()
    kept = Item(**(asdict(item) | {"seconds": round(whole.size / RATE, 3), "digest": digest}))
    _write_text(path.with_suffix(".json"), json.dumps(asdict(kept), ensure_ascii=False))
    return kept


def _read_note(folder: Path, name: str) -> Item | None:
    note = (folder / name).with_suffix(".json")
    if not note.is_file() or not (folder / name).is_file():
        return None
    return Item(**json.loads(note.read_text(encoding="utf-8")))


def _write_text(path: Path, text: str) -> None:
    partial = path.with_suffix(".writing")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _audio_files(start: Path) -> list[Path]:
    if start.is_file():
        return [start]
    endings = {".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus", ".w64", ".au", ".caf"}
    return sorted(path for path in start.rglob("*") if path.suffix.lower() in endings)
