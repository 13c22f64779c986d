"""From a name in the registry to an installed model: fetch, check, convert, install, tidy up."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aidd_studio import paths
from aidd_studio.errors import DownloadError, UsageError
from aidd_studio.progress import Progress, patiently
from aidd_studio.weights import hub, pins
from aidd_studio.weights.download import Fetched, FileNotThere, Patience, copy_in, fetch
from aidd_studio.weights.importing import import_entry
from aidd_studio.weights.registry import ModelEntry, RemoteFile, read_registry
from aidd_studio.weights.store import InstalledModel

_FETCHING = 0.8  # share of the work


@dataclass(frozen=True)
class Obtained:
    """A model that was installed, and the files whose hashes were pinned because they are not published."""

    model: InstalledModel
    pinned: tuple[Fetched, ...] = ()


def obtain(
    name: str, mirror: str | None = None, progress: Progress | None = None, patience: Patience | None = None
) -> Obtained:
    """Install a model of the registry.

    mirror: a folder or an address to take the files from instead of their own (NAME/FILE or FILE in it).
    Raises DownloadError with what to do, ModelError when the files are not what they should be, Cancelled.
    """
    progress = progress or Progress()
    entry = read_registry().get(name)
    if entry.bundled:
        raise UsageError(f"The model {name} comes with the program; there is nothing to download.")
    folder = downloads_folder() / name
    fetched: dict[str, Fetched] = {}
    fresh: list[Fetched] = []
    try:
        for number, file in enumerate(entry.files):
            share = progress.part(_FETCHING * number / len(entry.files), _FETCHING * (number + 1) / len(entry.files))
            wanted = pins.pinned(name, file)
            fetched[file.name] = got = _get(entry, wanted, folder, mirror, share, patience)
            if pins.pin(name, file, got.sha256):
                fresh.append(got)
    except DownloadError as error:
        if mirror is not None:
            raise
        raise DownloadError(f"{error} {entry.note}".strip()) from error
    model = import_entry(entry, {key: got.path for key, got in fetched.items()}, progress.part(_FETCHING, 1.0))
    with suppress(OSError):
        shutil.rmtree(folder)
    return Obtained(model, tuple(fresh))


def downloads_folder() -> Path:
    """Where files lie while they are fetched, a folder for each model."""
    return paths.user_data() / "downloads"


def _get(
    entry: ModelEntry, file: RemoteFile, folder: Path, mirror: str | None, progress: Progress, patience: Patience | None
) -> Fetched:
    if mirror is None:
        progress.report(0.0, f"asking for {file.name}")
        return fetch(patiently(lambda: hub.located(file), progress), folder, progress, patience=patience)
    if "://" in mirror:
        base = mirror.rstrip("/")
        try:
            return fetch(file, folder, progress, f"{base}/{entry.name}/{file.name}", patience)
        except FileNotThere:
            return fetch(file, folder, progress, f"{base}/{file.name}", patience)
    for source in (Path(mirror) / entry.name / file.name, Path(mirror) / file.name):
        if source.is_file():
            return copy_in(file, source, folder, progress)
    raise DownloadError(f"There is no {file.name} in {mirror} or in its folder {entry.name}.")
