"""Adding to a batch: recordings and folders are looked for in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject

from aidd_studio.progress import Progress
from aidd_studio.restoration.batch import Recording, find_recordings
from aidd_studio.restoration.batch.items import real_path
from aidd_studio.studio.model.jobs import JobQueue


class Found(NamedTuple):
    """A recording that was found, its file with all links resolved, and its size in bytes."""

    recording: Recording
    file: Path
    size: int


class BatchAdding(QObject):
    """Looks through what was dropped or chosen, off the window's thread."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._queue = JobQueue("batch-adding", self)

    @property
    def is_at_it(self) -> bool:
        return bool(self._queue.jobs)

    def look(
        self,
        paths: list[Path],
        output: Path | None,
        *,
        recursive: bool,
        on_found: Callable[[list[Found]], None],
        on_failed: Callable[[str], None],
    ) -> None:
        """Find the recordings in files and folders, leaving out the folder of the results."""

        def work(progress: Progress) -> list[Found]:
            progress.report(0.0, "looking for recordings")
            found = find_recordings(paths, output, recursive=recursive)
            return [Found(recording, real_path(recording.path), _size(recording.path)) for recording in found]

        self._queue.submit("Adding files", work, on_done=on_found, on_failed=on_failed)

    def close(self) -> None:
        """Stop looking."""
        self._queue.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
