"""The journal: a session kept on disk while it is worked on, so that a crash loses no accepted edit.

A journal is a folder with `journal.jsonl` and one FLAC per candidate, written once. The file only grows, by what has
happened since it was written last: a line for every candidate, step and move through the history, in the order that
leads to the session again. A line that a crash cut off was never reported as safe. A lock file that the running
program holds distinguishes live journals from left-over ones.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from aidd_studio.audio.clip import Clip
from aidd_studio.errors import AiddError, ProjectError
from aidd_studio.files.atomic import atomic_path, write_error
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.history import History, Offer, State, change_between, changed, common_prefix
from aidd_studio.restoration.session.plain_data import (
    PROGRAM,
    candidate_as_data,
    candidate_from_data,
    candidates_of,
    change_as_data,
    change_from_data,
    encode_patch,
    is_digest,
    source_as_data,
    source_from_data,
)
from aidd_studio.restoration.session.project import DAMAGE, LARGEST_FILL, LARGEST_JSON, Project, source_hash

FORMAT = 3
WITHOUT_BANDS = 2
"""The format of version 0.1.0, which is still read."""
NAME = "journal.jsonl"

Record = dict[str, Any]


@dataclass(frozen=True)
class Leftover:
    """A journal that a crashed program left behind."""

    folder: Path
    source: Path
    accepted: int  # gaps with an accepted fill
    modified: float  # seconds since the epoch


class EditJournal:
    """Journals one history in its own folder; `save` after every edit, `discard` when the work is saved elsewhere."""

    def __init__(self, clip: Clip, root: Path, sha256: str | None = None) -> None:
        self._clip = clip
        self._sha256 = sha256 or source_hash(clip)
        self.folder = root / uuid.uuid4().hex
        (self.folder / "fills").mkdir(parents=True)
        self._lock = FileLock(self.folder / "lock", thread_local=False)  # made and discarded by different threads
        self._lock.acquire(timeout=0)
        self._size = 0  # bytes of the file that are known to be on the disk
        self._written = _Written()
        self._fills: set[str] = set()  # candidates that are in it

    def save(self, history: History) -> None:
        """Bring the journal up to what a history, or a copy of it, is like now.

        Costs as much as has happened since the last time. Raises ProjectError when the disk does not take it; what was
        there before stays.
        """
        now, fills = replace(self._written), dict[str, Candidate]()
        try:
            records = list(self._news(history, now, fills))
            if records:
                self._append("".join(json.dumps(record) + "\n" for record in records).encode())
        except (OSError, AiddError) as error:
            raise ProjectError(
                f"The journal in {self.folder} cannot be written ({error}); save the project elsewhere."
            ) from error
        self._written = now
        self._fills.update(fills)

    def close(self) -> None:
        """Let go of the journal, as the end of the program does; what is in it can be recovered."""
        self._lock.release()

    def discard(self) -> None:
        """Remove the journal; the work is kept elsewhere or not wanted."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _news(self, history: History, now: _Written, fills: dict[str, Candidate]) -> Iterator[Record]:
        """What has happened since the last time, as lines; the fills are written on the way."""
        if not self._size:
            source = source_as_data(self._clip, self.folder, self._sha256)
            yield {"format": FORMAT, "program": PROGRAM, "source": source}
        for offer in history.offers_after(now.offer):
            yield from self._new_fills({offer.candidate.digest: offer.candidate}, fills)
            yield {"offer": [offer.id, offer.candidate.digest]}
            now.offer = offer.number
        keys = history.keys
        for index in range(common_prefix(keys, now.keys), len(keys)):
            before = history.step(index - 1).state if index else State()
            step = history.step(index)
            change = change_between(before, step.state)
            yield from self._new_fills(candidates_of(change.put), fills)
            yield {"step": index, "name": step.name} | change_as_data(change)
            now.position = index
        now.keys = keys
        if history.position != now.position:
            yield {"position": history.position}
            now.position = history.position

    def _new_fills(self, candidates: Mapping[str, Candidate], fills: dict[str, Candidate]) -> Iterator[Record]:
        for digest, candidate in candidates.items():
            if digest in self._fills or digest in fills:
                continue
            with atomic_path(self.folder / "fills" / f"{digest}.flac", overwrite=True) as temporary:
                temporary.write_bytes(encode_patch(candidate.patch, self._clip.rate))
            fills[digest] = candidate
            yield {"candidate": digest} | candidate_as_data(candidate)

    def _append(self, content: bytes) -> None:
        """Add to the file, and come back when it is on the disk. What a failed attempt left there is overwritten."""
        path = self.folder / NAME
        if not self._size:
            with atomic_path(path, overwrite=True) as temporary:
                temporary.write_bytes(content)
        else:
            try:
                with path.open("r+b") as file:
                    file.truncate(self._size)
                    file.seek(self._size)
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise write_error(path, error) from error
        self._size += len(content)


@dataclass
class _Written:
    """The part of a history that is in the journal."""

    keys: Sequence[int] = ()
    offer: int = -1  # the number of the last one
    position: int = -1


def leftovers(root: Path) -> list[Leftover]:
    """Journals that no running program holds, newest first. Unreadable ones are skipped."""
    found = []
    for path in root.glob(f"*/{NAME}"):
        if not _is_held(path.parent):
            try:
                header, *records = _records(path)
                source = Path(str(header["source"]["path"]))
                found.append(Leftover(path.parent, source, _accepted(records), path.stat().st_mtime))
            except DAMAGE:
                continue
    return sorted(found, key=lambda leftover: -leftover.modified)


def recover(folder: Path) -> Project:
    """The project that a left-over journal holds. Raises ProjectError when it is damaged."""
    try:
        header, *records = _records(folder / NAME)
        if header.get("program") != PROGRAM or header.get("format") not in (WITHOUT_BANDS, FORMAT):
            raise ProjectError(f"The journal in {folder} was written by another version of AIDD Studio.")
        history = _again(records, folder)
        return Project(source_from_data(header["source"], folder), history.steps, history.position)
    except ProjectError:
        raise
    except DAMAGE as error:
        raise ProjectError(f"The journal in {folder} is damaged ({error}).") from error


def discard(folder: Path) -> None:
    """Remove a left-over journal."""
    shutil.rmtree(folder, ignore_errors=True)


def _records(path: Path) -> list[Record]:
    """The lines of a journal; the last one only where it is whole."""
    if path.stat().st_size > LARGEST_JSON:
        raise ProjectError(f"The journal in {path.parent} is damaged: its description is too large.")
    *lines, _cut_off = path.read_bytes().split(b"\n")
    records = [json.loads(line) for line in lines]
    if not records or not all(isinstance(record, dict) for record in records):
        raise ProjectError(f"The journal in {path.parent} is damaged.")
    return records


def _again(records: list[Record], folder: Path) -> History:
    """The history that the lines of a journal lead to."""
    history = History()
    candidates: dict[str, Candidate] = {}
    for record in records:
        if "candidate" in record:
            digest = str(record["candidate"])
            candidates[digest] = candidate_from_data(record, _fill(folder, digest), digest)
        elif "offer" in record:
            id, digest = record["offer"]
            history.offer(Offer(int(id), candidates[digest]))
        elif "step" in record:
            index = int(record["step"])
            before = history.step(index - 1).state if index else State()
            history.put(index, str(record["name"]), changed(before, change_from_data(record, candidates)))
        else:
            history.go_to(int(record["position"]))
    return history


def _fill(folder: Path, digest: str) -> bytes:
    if not is_digest(digest):
        raise ProjectError(f"The journal in {folder} is damaged: a fill in it has no proper name.")
    path = folder / "fills" / f"{digest}.flac"
    if path.stat().st_size > LARGEST_FILL:
        raise ProjectError(f"The journal in {folder} is damaged: a fill in it is too large.")
    return path.read_bytes()


def _accepted(records: list[Record]) -> int:
    """The final number of gaps with an accepted fill, without reading the fills."""
    states: list[dict[int, bool]] = []
    position = 0
    for record in records:
        if "step" in record:
            position = int(record["step"])
            state = dict(states[position - 1]) if position else {}
            state.update((int(entry["id"]), entry["accepted"] is not None) for entry in record["put"])
            for id in record["removed"]:
                state.pop(int(id), None)
            states[position:] = [state]
        elif "position" in record:
            position = int(record["position"])
    return sum(states[position].values())


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
