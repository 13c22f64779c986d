"""Project files: a session kept in a small `.aidd` file that reopens exactly, and the journal behind it.

A project is a ZIP of `project.json` and one FLAC per candidate. Patches lie on the 24-bit grid (see splice), so the
FLAC keeps them to the bit; patches that exceed full scale are stored with a power-of-two gain. The recording itself
is referred to by path, size and hash. Everything is read as data, and names inside the archive are never used as
paths.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.errors import AiddError, ProjectChanged, ProjectError
from aidd_studio.gaps.gap import Gap, GapKind
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session import Entry, Session, State, Step
from aidd_studio.restoration.splice import BITS, grid_exponent

FORMAT = 1
LARGEST_JSON = 64 * 2**20
LARGEST_FILL = 256 * 2**20
LARGEST_PATCH = 2**27
"""Samples: an hour in 8 channels has ten times as many. A small FLAC may claim far more than memory holds."""

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


@dataclass(frozen=True)
class SourceReference:
    """The recording a project belongs to."""

    path: Path
    sha256: str
    frames: int
    rate: int
    channels: int


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
        _check_places(self.steps, clip)
        session = Session(clip)
        session.resume(self.steps, self.position)
        if self.path is not None:
            session.kept[self.path.resolve()] = self.version
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
    never lost silently. Raises ProjectChanged for other contents, ProjectError, AudioWriteError.
    """
    from aidd_studio.audio.atomic import atomic_path

    known = session.kept.get(path.resolve())
    if not replace:
        _refuse_changed(path, known)
    with atomic_path(path, overwrite=True) as temporary:
        _write(session, path, temporary, sha256 or source_hash(session.clip))
        version = _version(temporary) or ""
        if not replace:
            _refuse_changed(path, known)
    session.kept[path.resolve()] = version


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
    """A session as plain data; candidates are named by digest."""
    clip = session.clip
    source = clip.source.path if clip.source else Path()
    return {
        "format": FORMAT,
        "program": "AIDD Studio",
        "source": {
            "path": str(source),
            "relative": _relative(source, path.parent),
            "sha256": sha256,
            "frames": clip.frames,
            "rate": clip.rate,
            "channels": clip.channels,
        },
        "position": session.position,
        "steps": [
            {"name": step.name, "entries": [_entry_as_data(entry) for entry in step.state.entries]}
            for step in session.steps
        ],
        "candidates": {digest: _candidate_as_data(candidate) for digest, candidate in all_candidates(session).items()},
    }


def parse(document: Any, fill: Any, folder: Path) -> Project:
    """The project that plain data describes; `fill(digest)` gives the bytes of a fill."""
    if not isinstance(document, Mapping) or document.get("program") != "AIDD Studio":
        raise ProjectError("This file was not written by AIDD Studio.")
    if document.get("format") != FORMAT:
        raise ProjectError("This project was saved by another version of AIDD Studio; update the program to open it.")
    source = document["source"]
    reference = SourceReference(
        _find(source, folder),
        str(source["sha256"]),
        int(source["frames"]),
        int(source["rate"]),
        int(source["channels"]),
    )
    candidates = {
        digest: _candidate(data, decode_patch(fill(digest), data), digest)
        for digest, data in document["candidates"].items()
        if _is_digest(digest)
    }
    steps = tuple(
        Step(str(step["name"]), State(tuple(_entry(data, candidates) for data in step["entries"])))
        for step in document["steps"]
    )
    return Project(reference, steps, int(document["position"]))


def encode_patch(patch: Patch, rate: int) -> bytes:
    """A patch as 24-bit FLAC, exact to the bit."""
    import soundfile

    buffer = io.BytesIO()
    whole = patch.samples.astype(np.float64) * 2.0 ** (BITS - grid_exponent(patch.samples))
    soundfile.write(buffer, (np.round(whole) * 256).astype(np.int32).T, rate, format="FLAC", subtype="PCM_24")
    return buffer.getvalue()


def decode_patch(content: bytes, data: Mapping[str, Any]) -> Patch:
    """The patch that a FLAC holds, with its place and gain from the description."""
    import soundfile

    with soundfile.SoundFile(io.BytesIO(content)) as file:
        if not 0 < file.frames * file.channels <= LARGEST_PATCH:
            raise ProjectError("A fill in the project is damaged; its length makes no sense.")
        samples = file.read(dtype="float32", always_2d=True)
    gain = 2.0 ** int(data["exponent"])
    channels = tuple(int(channel) for channel in data["patch_channels"])
    return Patch(int(data["patch_start"]), channels, np.ascontiguousarray(samples.T * np.float32(gain)))


def all_candidates(session: Session) -> dict[str, Candidate]:
    """Every candidate that any step of the history knows, by digest."""
    return {
        candidate.digest: candidate
        for step in session.steps
        for entry in step.state.entries
        for candidate in entry.candidates
    }


def _entry_as_data(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "gap": _gap_as_data(entry.gap),
        "candidates": [candidate.digest for candidate in entry.candidates],
        "accepted": entry.accepted,
        "starred": sorted(entry.starred),
    }


def _entry(data: Mapping[str, Any], candidates: Mapping[str, Candidate]) -> Entry:
    accepted = data["accepted"]
    if accepted is not None and accepted not in data["candidates"]:
        raise ProjectError("A gap in the project is damaged; its accepted fill is not there.")
    return Entry(
        int(data["id"]),
        _gap(data["gap"]),
        tuple(candidates[digest] for digest in data["candidates"]),
        accepted,
        frozenset(str(digest) for digest in data["starred"]),
    )


def _gap_as_data(gap: Gap) -> dict[str, Any]:
    return {
        "start": gap.start,
        "end": gap.end,
        "channels": gap.channels,
        "kind": gap.kind,
        "confidence": gap.confidence,
    }


def _gap(data: Mapping[str, Any]) -> Gap:
    channels = None if data["channels"] is None else tuple(int(channel) for channel in data["channels"])
    if data["kind"] not in get_args(GapKind):
        raise ProjectError("A gap in the project is of an unknown kind; update the program to open it.")
    return Gap(int(data["start"]), int(data["end"]), channels, data["kind"], float(data["confidence"]))


def _candidate_as_data(candidate: Candidate) -> dict[str, Any]:
    return candidate.provenance() | {
        "gap": _gap_as_data(candidate.gap),
        "patch_start": candidate.patch.start,
        "patch_channels": list(candidate.patch.channels),
        "exponent": grid_exponent(candidate.patch.samples),
    }


def _candidate(data: Mapping[str, Any], patch: Patch, digest: str) -> Candidate:
    candidate = Candidate(
        _gap(data["gap"]),
        patch,
        str(data["engine"]),
        int(data["seed"]),
        float(data["score"]),
        float(data["seconds"]),
        float(data["crossfade"]),
        dict(data["settings"]),
        dict(data["weights"]),
        str(data["note"]),
    )
    if candidate.digest != digest:
        raise ProjectError("A fill in the project is damaged; its samples are not those that were saved.")
    return candidate


def _check_places(steps: tuple[Step, ...], clip: Clip) -> None:
    """Raise ProjectError when a gap or a fill lies where the recording has no sound."""
    places = [
        (entry.gap.start, entry.gap.end, entry.gap.channels or ()) for step in steps for entry in step.state.entries
    ]
    fills = {candidate for step in steps for entry in step.state.entries for candidate in entry.candidates}
    places += [(candidate.patch.start, candidate.patch.end, candidate.patch.channels) for candidate in fills]
    for start, end, channels in places:
        if start < 0 or end > clip.frames or not all(0 <= channel < clip.channels for channel in channels):
            raise ProjectError("The project is damaged; something in it lies outside its recording.")


def _is_digest(name: str) -> bool:
    return len(name) == 24 and all(letter in "0123456789abcdef" for letter in name)


def _relative(source: Path, folder: Path) -> str:
    try:
        return source.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return source.name


def _find(source: Mapping[str, Any], folder: Path) -> Path:
    """The recording where it was, or beside the project when both have moved."""
    stored = Path(str(source["path"]))
    beside = folder / Path(str(source["relative"])).name
    nested = folder / str(source["relative"])
    places = [stored, beside]
    if nested.resolve().is_relative_to(folder.resolve()):
        places.append(nested)
    return next((place for place in places if place.is_file()), stored)
