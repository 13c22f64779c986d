"""Opening: recordings and projects, read in the background while their first picture is already there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from aidd_studio import paths
from aidd_studio.audio.clip import Clip, Samples, Source
from aidd_studio.audio.peaks import Peaks
from aidd_studio.files.cache import ArrayCache, content_key
from aidd_studio.progress import Progress
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.document import Document, Incoming
from aidd_studio.studio.model.preferences import add_recent, recent_files

if TYPE_CHECKING:
    from aidd_studio.restoration.session.project import Project
    from aidd_studio.studio.window.main_window import MainWindow

PROJECT = ".aidd"

OPEN_FILTER = (
    "Recordings and projects (*.wav *.flac *.aif *.aiff *.mp3 *.ogg *.opus *.w64 *.rf64 *.caf *.au *.aidd);;"
    "Projects (*.aidd);;All files (*)"
)

EXACT = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "FLAC", "CAF", "AU"})
"""Containers whose header tells the exact length."""

SHOWN_EVERY = 1 << 20
"""Frames between two looks at a recording that is still being read."""

AT_ONCE = 1 << 20
"""Recordings with fewer frames are read before they are shown: it takes no longer than a blink."""


@dataclass(frozen=True, eq=False)
class _Beginning:
    """A recording whose samples are still arriving: it can be looked at and worked on already."""

    clip: Clip
    incoming: Incoming


class _Grown:
    """More samples of a beginning are there."""


class Opening(QObject):
    """Opens what the person chooses."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def folder(self) -> str:
        """The folder that dialogs start in."""
        document = self._window.document
        if document is not None:
            return str(document.path.parent)
        recent = recent_files()
        return str(recent[0].parent) if recent else str(Path.home())

    def ask(self) -> None:
        """Ask which file to open."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open", self.folder(), OPEN_FILTER)
        if name:
            self._window.open_path(Path(name))

    def open_demo(self) -> None:
        """Open the recording that comes with the program."""
        demo = demo_recording()
        if demo is not None:
            self._window.open_path(demo)
        else:
            self._window.say("The demo recording is not installed.", "warning")

    def open_path(self, path: Path) -> None:
        """Open a recording or a project."""
        if path.suffix.lower() == PROJECT:
            self.open_project(path)
        else:
            self._read(path, None, None)

    def open_project(self, path: Path) -> None:
        """Open a project: first its description, then its recording."""

        def work(progress: Progress) -> Project:
            from aidd_studio.restoration.session.project import load_project

            progress.check()
            return load_project(path)

        self._window.work.submit(
            f"Opening {path.name}",
            work,
            on_done=lambda project: self._read(project.source.path, project, path),
            on_failed=self._failed,
        )

    def resume(self, project: Project, then: Any) -> None:
        """Open the recording of a project that was recovered; `then` is called when it is there."""
        self._read(project.source.path, project, None, then)

    def _read(self, path: Path, project: Project | None, project_path: Path | None, then: Any = None) -> None:
        window = self._window
        cache_bytes = window.preferences.cache_mb << 20

        def on_item(item: Any) -> None:
            if isinstance(item, Session):
                self._show(item, path, project_path, None, then)
            elif isinstance(item, _Beginning):
                self._show(Session(item.clip), path, None, item.incoming, then)
            else:
                window.pictures.grew()

        def work(progress: Progress) -> Iterator[Any]:
            if project is not None:
                from aidd_studio.audio.files.reading import read

                yield project.session(read(path, progress))
            else:
                yield from _progressively(path, progress, cache_bytes)

        window.work.submit(f"Reading {path.name}", work, on_item=on_item, on_failed=lambda why: self._broken(path, why))

    def _show(
        self, session: Session, path: Path, project_path: Path | None, incoming: Incoming | None, then: Any
    ) -> None:
        document = Document(session, path)
        document.project = project_path
        document.mark_saved()
        self._window.set_document(document, incoming)
        add_recent(project_path or path)
        self._window.banner.hide()
        if document.entries:
            document.select((document.entries[0].id,))
        if then is not None:
            then()

    def _broken(self, path: Path, why: str) -> None:
        """A file that turned out to be damaged while it was read is not worked on."""
        document = self._window.document
        if document is not None and document.path == path and not self._window.pictures.is_complete:
            self._window.set_document(None)
        self._failed(why)

    def _failed(self, why: str) -> None:
        self._window.say(why, "error")


def demo_recording() -> Path | None:
    """The bundled recording with damage in it, where it is installed."""
    folder = paths.resources() / "demo"
    found = sorted(folder.glob("*.flac")) + sorted(folder.glob("*.wav"))
    damaged = [path for path in found if "damage" in path.stem]
    return next(iter(damaged or found), None)


def _kept_peaks(cache: ArrayCache, key: str, channels: int, frames: int) -> tuple[Peaks, bool]:
    """The recording's peaks from the last time it was open, else empty ones."""
    arrays = cache.load(key)
    if arrays is not None:
        try:
            peaks = Peaks.from_arrays(arrays)
        except (KeyError, ValueError, IndexError):
            return Peaks(channels, frames), False
        if (peaks.channels, peaks.frames) == (channels, frames):
            return peaks, True
    return Peaks(channels, frames), False


def _progressively(path: Path, progress: Progress, cache_bytes: int) -> Iterator[Any]:
    """A recording's session; long ones are shown before all samples are there."""
    from aidd_studio.audio.files.reading import blocks, probe, read

    info = probe(path)
    if info.frames < AT_ONCE or info.container not in EXACT:
        yield Session(read(path, progress))
        return
    from aidd_studio.audio.files.tags import read_tags

    try:
        samples: Samples = np.zeros((info.channels, info.frames), np.float32)
    except (MemoryError, ValueError):
        yield Session(read(path, progress))  # says so in the person's words
        return
    tags = read_tags(path, info.container)
    source = Source(path.absolute(), info.container, info.subtype, info.endian, info.size, info.modified_ns, tags)
    cache, key = ArrayCache(limit=cache_bytes), f"peaks-{content_key(path)}"
    peaks, is_kept = _kept_peaks(cache, key, info.channels, info.frames)
    incoming = Incoming(peaks)
    yield _Beginning(Clip(samples, info.rate, source), incoming)
    done, shown = 0, 0
    for block in blocks(path):
        count = min(block.shape[1], info.frames - done)
        samples[:, done : done + count] = block[:, :count]
        done += count
        progress.report(done / info.frames, "reading")
        if not is_kept:
            peaks.add(block[:, :count])
        if done - shown >= min(SHOWN_EVERY, done) or done == info.frames:
            incoming.frames = shown = done
            yield _Grown()
    if peaks.is_complete and not is_kept:
        cache.keep(key, peaks.as_arrays())
    if done < info.frames:  # shorter than its header promises: what is there is the recording
        yield Session(Clip(samples[:, :done], info.rate, source))
