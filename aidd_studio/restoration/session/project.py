"""Project files: a session kept in a small `.aidd` file that reopens exactly, and the journal behind it.

A project is a ZIP of `project.json` and one FLAC per candidate. The recording itself is referred to by path, size and
hash. Everything is read as data, and names inside the archive are never used as paths.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.errors import AiddError, ProjectChanged, ProjectError
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.history import Entry, State, Step, change_between, changed
from aidd_studio.restoration.session.plain_data import (
    PROGRAM,
    SourceReference,
    candidate_as_data,
    candidate_from_data,
    candidates_of,
    change_as_data,
    change_from_data,
    encode_patch,
    entry_from_data,
    is_digest,
    source_as_data,
    source_from_data,
)
from aidd_studio.restoration.session.session import Session

FORMAT = 3
WHOLE_STATES = 1
"""The format that repeated all gaps for every step."""
WITHOUT_BANDS = 2
"""The format of version 0.1.0: damage of the whole spectrum, no repair passes."""

LARGEST_JSON = 64 * 2**20
LARGEST_FILL = 256 * 2**20

DAMAGE = (
    AiddError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading a damaged or forged project can end in."""


@dataclass(frozen=True, eq=False)
class Project:
    """A project as it was read, before its recording is opened."""

    source: SourceReference
    steps: tuple[Step, ...]
    position: int
    path: Path | None = None  # the file it was read from, and the SHA-256 of what was in it
    version: str = ""

    def session(self, clip: Clip) -> Session:
        """The session on its recording. Raises ProjectError when the recording is not the one it was made with."""
        known = self.source
        if (clip.frames, clip.rate, clip.channels) != (known.frames, known.rate, known.channels):
            raise ProjectError(f"{known.path} is not the recording this project was made with; choose the right file.")
        if source_hash(clip) != known.sha256:
            raise ProjectError(f"{known.path} has changed since this project was saved; choose the original file.")
        check_places(self.steps, clip)
        session = Session(clip)
        session.resume(self.steps, self.position)
        if self.path is not None:
            session.saved[self.path.resolve()] = self.version
        return session


def source_hash(clip: Clip) -> str:
    """SHA-256 of the recording's own samples, whatever file they come from."""
    sha = hashlib.sha256(f"{clip.rate}:{clip.base.shape}".encode())
    block = 1 << 20
    for start in range(0, clip.frames, block):
        # As a buffer: a copy made as bytes would hold Python's lock meanwhile.
        sha.update(np.ascontiguousarray(clip.base[:, start : start + block]).reshape(-1).data)
    return sha.hexdigest()


def save_project(session: Session, path: Path, sha256: str | None = None, *, replace: bool = False) -> None:
    """Write a session to a `.aidd` file, atomically.

    sha256: the recording's hash where it is known already. replace: whatever the file holds now. Otherwise only what
    this session was read from or has saved itself is replaced, so that the work of two programs on one project is
    never lost silently. Raises ProjectChanged for other contents, ProjectError, FileWriteError.
    """
    from aidd_studio.files.atomic import atomic_path

    known = session.saved.get(path.resolve())
    if not replace:
        _refuse_changed(path, known)
    with atomic_path(path, overwrite=True) as temporary:
        _write(session, path, temporary, sha256 or source_hash(session.clip))
        version = _version(temporary) or ""
        if not replace:
            _refuse_changed(path, known)
    session.saved[path.resolve()] = version


def _write(session: Session, path: Path, temporary: Path, sha256: str) -> None:
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("project.json", json.dumps(describe(session, path, sha256), indent=1), zipfile.ZIP_DEFLATED)
        for digest, candidate in all_candidates(session).items():
            archive.writestr(f"fills/{digest}.flac", encode_patch(candidate.patch, session.clip.rate))


def _refuse_changed(path: Path, known: str | None) -> None:
    """By contents, not by date: clocks may jump, and saving the same again changes nothing."""
    found = _version(path)
    if found is None or found == known:
        return
    happened = "exists already" if known is None else "was saved by another program meanwhile"
    raise ProjectChanged(f"{path} {happened}; save under another name, or say that it may be replaced.")


def _version(path: Path) -> str | None:
    """SHA-256 of a project file; None when there is none, "" when it may not be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError:
        return ""


def load_project(path: Path) -> Project:
    """Read a `.aidd` file. Raises ProjectError for anything that is no sound project."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            info = archive.getinfo("project.json")
            if info.file_size > LARGEST_JSON:
                raise ProjectError(f"{path} is not a project of AIDD Studio: its description is too large.")
            document = json.loads(archive.read(info))

            def fill(digest: str) -> bytes:
                entry = archive.getinfo(f"fills/{digest}.flac")
                if entry.file_size > LARGEST_FILL:
                    raise ProjectError(f"{path} is damaged: a fill in it is too large.")
                return archive.read(entry)

            project = parse(document, fill, path.parent)
            file.seek(0)
            return replace(project, path=path, version=hashlib.file_digest(file, "sha256").hexdigest())
    except FileNotFoundError:
        raise ProjectError(f"{path} does not exist.") from None
    except PermissionError:
        raise ProjectError(f"{path} may not be read; check its permissions.") from None
    except IsADirectoryError:
        raise ProjectError(f"{path} is a folder, not a project file.") from None
    except ProjectError:
        raise
    except DAMAGE as error:
        raise ProjectError(f"{path} is damaged or not a project of AIDD Studio ({error}).") from error


def describe(session: Session, path: Path, sha256: str) -> dict[str, Any]:
    """A session as plain data: what each step changed, so that a thousand steps with a thousand gaps stay small."""
    history = session.steps
    states = itertools.pairwise([State(), *(step.state for step in history)])
    changes = [change_as_data(change_between(before, after)) for before, after in states]
    candidates = all_candidates(session)
    return {
        "format": FORMAT,
        "program": PROGRAM,
        "source": source_as_data(session.clip, path.parent, sha256),
        "position": session.position,
        "steps": [{"name": step.name} | change for step, change in zip(history, changes, strict=True)],
        "candidates": {digest: candidate_as_data(candidate) for digest, candidate in candidates.items()},
    }


def parse(document: Any, fill: Callable[[str], bytes], folder: Path) -> Project:
    """The project that plain data describes; `fill(digest)` gives the bytes of a fill."""
    if not isinstance(document, Mapping) or document.get("program") != PROGRAM:
        raise ProjectError("This file was not written by AIDD Studio.")
    if document.get("format") not in (WHOLE_STATES, WITHOUT_BANDS, FORMAT):
        raise ProjectError("This project was saved by another version of AIDD Studio; update the program to open it.")
    candidates = {
        digest: candidate_from_data(data, fill(digest), digest)
        for digest, data in document["candidates"].items()
        if is_digest(digest)
    }
    steps: list[Step] = []
    for data in document["steps"]:
        before = steps[-1].state if steps else State()
        steps.append(Step(str(data["name"]), _state(data, before, candidates)))
    return Project(source_from_data(document["source"], folder), tuple(steps), int(document["position"]))


def _state(data: Mapping[str, Any], before: State, candidates: Mapping[str, Candidate]) -> State:
    if "entries" in data:
        return State(tuple(entry_from_data(entry, candidates) for entry in data["entries"]))
    return changed(before, change_from_data(data, candidates))


def all_candidates(session: Session) -> dict[str, Candidate]:
    """Every candidate that any step of the history knows, by digest."""
    return candidates_of(set[Entry]().union(*(step.state.entries for step in session.steps)))


def check_places(steps: Sequence[Step], clip: Clip) -> None:
    """Raise ProjectError when a gap or a fill lies where the recording has no sound."""
    entries = set[Entry]().union(*(step.state.entries for step in steps))
    passes = set[int]()
    gaps = [entry.gap for entry in entries]
    for repair in (repair for step in steps for repair in step.state.passes):
        if id(repair.members) not in passes:  # steps that only veto share their members
            passes.add(id(repair.members))
            gaps += repair.members
    places = [(gap.start, gap.end, gap.channels or ()) for gap in gaps]
    fills = candidates_of(entries).values()
    places += [(candidate.patch.start, candidate.patch.end, candidate.patch.channels) for candidate in fills]
    for start, end, channels in places:
        if start < 0 or end > clip.frames or not all(0 <= channel < clip.channels for channel in channels):
            raise ProjectError("The project is damaged; something in it lies outside its recording.")
    if any(gap.band is not None and gap.band.high > clip.rate / 2 for gap in gaps):
        raise ProjectError("The project is damaged; a band in it lies beyond the recording's highest frequency.")
