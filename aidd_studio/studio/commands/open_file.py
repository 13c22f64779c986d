"""Opening files: recordings and projects, read in the background while their first picture is already there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from aidd_studio import paths
from aidd_studio.audio.clip import Clip, Samples
from aidd_studio.audio.peaks import Peaks
from aidd_studio.files.cache import ArrayCache, content_key
from aidd_studio.progress import Progress
from aidd_studio.restoration.session.session import Session
from aidd_studio.studio.model.document import Document, Incoming
from aidd_studio.studio.model.preferences import add_recent, recent_files
from aidd_studio.studio.model.workspace import Workspace

if TYPE_CHECKING:
    from aidd_studio.restoration.session.project import Project

PROJECT = ".aidd"

OPEN_FILTER = (
    "Recordings and projects (*.wav *.flac *.aif *.aiff *.mp3 *.ogg *.opus *.w64 *.rf64 *.caf *.au *.m4a *.wma "
    "*.dsf *.mp4 *.mov *.mkv *.aidd);;Projects (*.aidd);;All files (*)"
)

EXACT = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "FLAC", "CAF", "AU"})
"""Containers whose header holds the exact length."""

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


class OpenFile(QObject):
    """Opens what the person chooses; what was open is closed first."""

    grew = Signal()  # more samples of the current document are there

    def __init__(
        self, workspace: Workspace, leave_then: Callable[[Callable[[], object]], None], dialog_parent: QWidget
    ) -> None:
        super().__init__(dialog_parent)
        self._workspace = workspace
        self._leave_then = leave_then
        self._dialog_parent = dialog_parent

    def ask(self) -> None:
        """Ask which file to open."""
        name, _ = QFileDialog.getOpenFileName(self._dialog_parent, "Open", self._folder(), OPEN_FILTER)
        if name:
            self.open_path(Path(name))

    def _folder(self) -> str:
        """The folder that the dialog starts in."""
        current, recent = self._workspace.current, recent_files()
        known = [current.path] if current is not None else recent
        return str(known[0].parent if known else Path.home())

    def open_demo(self) -> None:
        """Open the recording that comes with the program."""
        demo = demo_recording()
        if demo is not None:
            self.open_path(demo)
        else:
            self._workspace.notify("The demo recording is not installed.", "warning")

    def open_path(self, path: Path) -> None:
        """Open a recording or a project; unsaved work is asked about first."""
        path = path.absolute()
        is_project = path.suffix.lower() == PROJECT
        self._leave_then(lambda: self._open_project(path) if is_project else self._read(path))

    def resume(self, project: Project, folder: Path) -> None:
        """Open the recording of a project that was recovered from the journal in a folder."""
        self._leave_then(lambda: self._read(project.source.path, project, recovered_from=folder))

    def close_document(self) -> None:
        """Close the current document; unsaved work is asked about first."""
        self._leave_then(self._close_all)

    def _close_all(self, but: Document | None = None) -> None:
        for document in self._workspace.documents:
            if document is not but:
                self._workspace.close(document)

    def _open_project(self, path: Path) -> None:
        """First the description of a project, then its recording."""

        def work(progress: Progress) -> Project:
            from aidd_studio.restoration.session.project import load_project

            progress.check()
            return load_project(path)

        self._workspace.work.submit(
            f"Opening {path.name}",
            work,
            on_done=lambda project: self._read(project.source.path, project, path),
            on_failed=self._workspace.report_error,
        )

    def _read(
        self,
        path: Path,
        project: Project | None = None,
        project_path: Path | None = None,
        recovered_from: Path | None = None,
    ) -> None:
        cache_bytes = self._workspace.preferences.cache_mb << 20

        def show(session: Session, incoming: Incoming | None = None) -> None:
            document = Document(session, path, project_path)
            document.incoming, document.recovered_from = incoming, recovered_from
            self._show(document)

        def on_item(item: Any) -> None:
            if isinstance(item, Session):
                show(item)
            elif isinstance(item, _Beginning):
                show(Session(item.clip), item.incoming)
            else:
                self.grew.emit()

        def work(progress: Progress) -> Iterator[Any]:
            if project is not None:
                from aidd_studio.audio.files.reading import read

                yield project.session(read(path, progress))
            else:
                yield from _progressively(path, progress, cache_bytes)

        self._workspace.work.submit(
            f"Reading {path.name}", work, on_item=on_item, on_failed=lambda why: self._broken(path, why)
        )

    def _show(self, document: Document) -> None:
        document.mark_saved()
        self._workspace.open(document)
        self._close_all(but=document)
        add_recent(document.project or document.path)
        if document.entries:
            document.select((document.entries[0].id,))
        if document.clip.notes:
            self._workspace.notify(" ".join(document.clip.notes), "warning")

    def _broken(self, path: Path, why: str) -> None:
        """A file that turned out to be damaged while it was read is not worked on."""
        document = self._workspace.current
        if document is not None and document.path == path and not document.is_complete:
            self._workspace.close(document)
        self._workspace.report_error(why)


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
    from aidd_studio.audio.files.reading import blocks, probe, read, source_of

    info = probe(path)
    if info.frames < AT_ONCE or info.container not in EXACT or not info.is_exact:
        yield Session(read(path, progress))
        return
    from aidd_studio.audio.files.tags import read_tags

    try:
        samples: Samples = np.zeros((info.channels, info.frames), np.float32)
    except (MemoryError, ValueError):
        yield Session(read(path, progress))  # says so in the person's words
        return
    tags = read_tags(path, info.container)
    source = source_of(info, tags)
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
