"""The journal: a session kept on disk while it is worked on, so that a crash loses no accepted edit.

A journal is a folder with `project.json` and one FLAC per candidate, written once. The document is replaced
atomically after every edit. A lock file that the running program holds tells living journals from left-over ones.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from aidd_studio.audio.atomic import atomic_path
from aidd_studio.errors import AiddError, ProjectError
from aidd_studio.restoration.project import (
    DAMAGE,
    LARGEST_FILL,
    LARGEST_JSON,
    Project,
    all_candidates,
    describe,
    encode_patch,
    parse,
    source_hash,
)
from aidd_studio.restoration.session import Session


@dataclass(frozen=True)
class Leftover:
    """A journal that a crashed program left behind."""

    folder: Path
    source: Path
    accepted: int  # gaps with an accepted fill
    modified: float  # seconds since the epoch


class Journal:
    """Keeps one session in a folder of its own; `save` after every edit, `discard` when the work is safe elsewhere."""

    def __init__(self, session: Session, root: Path, sha256: str | None = None) -> None:
        self._session = session
        self._sha256 = sha256 or source_hash(session.clip)
        self.folder = root / uuid.uuid4().hex
        (self.folder / "fills").mkdir(parents=True)
        self._lock = FileLock(self.folder / "lock", thread_local=False)  # made and discarded by different threads
        self._lock.acquire(timeout=0)
        self._written: set[str] = set()

    def save(self) -> None:
        """Bring the journal up to date. Raises ProjectError when the disk does not take it."""
        try:
            for digest, candidate in all_candidates(self._session).items():
                if digest not in self._written:
                    with atomic_path(self.folder / "fills" / f"{digest}.flac", overwrite=True) as temporary:
                        temporary.write_bytes(encode_patch(candidate.patch, self._session.clip.rate))
                    self._written.add(digest)
            document = self.folder / "project.json"
            with atomic_path(document, overwrite=True) as temporary:
                temporary.write_text(json.dumps(describe(self._session, document, self._sha256)), encoding="utf-8")
        except (OSError, AiddError) as error:
            raise ProjectError(
                f"The journal in {self.folder} cannot be written ({error}); save the project elsewhere."
            ) from error

    def discard(self) -> None:
        """Remove the journal; the work is kept elsewhere or not wanted."""
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def leftovers(root: Path) -> list[Leftover]:
    """Journals that no running program holds, newest first. Unreadable ones are passed over."""
    found = []
    for document in root.glob("*/project.json"):
        if not _is_held(document.parent):
            try:
                content = json.loads(document.read_text(encoding="utf-8"))
                entries = content["steps"][int(content["position"])]["entries"]
                accepted = sum(entry["accepted"] is not None for entry in entries)
                found.append(
                    Leftover(document.parent, Path(str(content["source"]["path"])), accepted, document.stat().st_mtime)
                )
            except DAMAGE:
                continue
    return sorted(found, key=lambda leftover: -leftover.modified)


def recover(folder: Path) -> Project:
    """The project that a left-over journal holds. Raises ProjectError when it is damaged."""
    document = folder / "project.json"
    try:
        if document.stat().st_size > LARGEST_JSON:
            raise ProjectError(f"The journal in {folder} is damaged: its description is too large.")

        def fill(digest: str) -> bytes:
            path = folder / "fills" / f"{digest}.flac"
            if path.stat().st_size > LARGEST_FILL:
                raise ProjectError(f"The journal in {folder} is damaged: a fill in it is too large.")
            return path.read_bytes()

        return parse(json.loads(document.read_text(encoding="utf-8")), fill, folder)
    except ProjectError:
        raise
    except DAMAGE as error:
        raise ProjectError(f"The journal in {folder} is damaged ({error}).") from error


def discard(folder: Path) -> None:
    """Remove a left-over journal."""
    shutil.rmtree(folder, ignore_errors=True)


def _is_held(folder: Path) -> bool:
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
