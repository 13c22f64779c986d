"""Sessions as plain data, for project files and journals: entries and candidates as JSON, patches as FLAC.

Patches lie on the 24-bit grid (see splice), so the FLAC keeps them to the bit; patches that exceed full scale are
stored with a power-of-two gain.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.damage.damage import Band, Damage, DamageKind, Known
from aidd_studio.damage.labels import band_as_data
from aidd_studio.damage.repair_pass import RepairPass
from aidd_studio.engines.registry import is_generative
from aidd_studio.errors import ProjectError
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.session.history import Change, Entry
from aidd_studio.restoration.splice import BITS, grid_exponent

PROGRAM = "AIDD Studio"

LARGEST_PATCH = 2**27
"""Samples: an hour in 8 channels has ten times as many. A small FLAC may claim far more than memory holds."""


@dataclass(frozen=True)
class SourceReference:
    """The recording a project belongs to."""

    path: Path
    sha256: str
    frames: int
    rate: int
    channels: int


def source_as_data(clip: Clip, folder: Path, sha256: str) -> dict[str, Any]:
    """Where a recording is, seen from a folder too, and what it holds."""
    source = clip.source.path if clip.source else Path()
    return {
        "path": str(source),
        "relative": _relative(source, folder),
        "sha256": sha256,
        "frames": clip.frames,
        "rate": clip.rate,
        "channels": clip.channels,
    }


def source_from_data(data: Mapping[str, Any], folder: Path) -> SourceReference:
    """The recording that data refer to, looked for where it was and beside the folder."""
    return SourceReference(
        _find(data, folder), str(data["sha256"]), int(data["frames"]), int(data["rate"]), int(data["channels"])
    )


def change_as_data(change: Change) -> dict[str, Any]:
    """What a step does; candidates are named by digest. Repair passes are named where there are any."""
    data: dict[str, Any] = {"put": [entry_as_data(entry) for entry in change.put], "removed": sorted(change.removed)}
    if change.passes:
        data["passes"] = [_pass_as_data(repair) for repair in change.passes]
    if change.vetoes:
        data["vetoes"] = [[id, sorted(vetoed)] for id, vetoed in sorted(change.vetoes.items())]
    return data


def change_from_data(data: Mapping[str, Any], candidates: Mapping[str, Candidate]) -> Change:
    """What a step does. Raises ProjectError when something does not fit."""
    put = tuple(entry_from_data(entry, candidates) for entry in data["put"])
    return Change(
        put,
        frozenset(int(id) for id in data["removed"]),
        tuple(_pass_from_data(repair) for repair in data.get("passes", ())),
        {int(id): frozenset(int(index) for index in vetoed) for id, vetoed in data.get("vetoes", ())},
    )


def entry_as_data(entry: Entry) -> dict[str, Any]:
    """A gap with the digests of its candidates."""
    return {
        "id": entry.id,
        "gap": _gap_as_data(entry.gap),
        "candidates": [candidate.digest for candidate in entry.candidates],
        "accepted": entry.accepted,
        "starred": sorted(entry.starred),
    }


def entry_from_data(data: Mapping[str, Any], candidates: Mapping[str, Candidate]) -> Entry:
    """A gap with its candidates. Raises ProjectError when something does not fit."""
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


def _pass_as_data(repair: RepairPass) -> dict[str, Any]:
    return {
        "id": repair.id,
        "kind": repair.kind,
        "settings": dict(repair.settings),
        "members": [_gap_as_data(member) for member in repair.members],
        "vetoed": sorted(repair.vetoed),
    }


def _pass_from_data(data: Mapping[str, Any]) -> RepairPass:
    members = tuple(_gap(member) for member in data["members"])
    vetoed = frozenset(int(index) for index in data["vetoed"])
    return RepairPass(int(data["id"]), str(data["kind"]), members, dict(data["settings"]), vetoed)


def candidate_as_data(candidate: Candidate) -> dict[str, Any]:
    """Everything about a candidate but its samples."""
    return candidate.provenance() | {
        "gap": _gap_as_data(candidate.gap),
        "patch_start": candidate.patch.start,
        "patch_channels": list(candidate.patch.channels),
        "exponent": grid_exponent(candidate.patch.samples),
    }


def candidate_from_data(data: Mapping[str, Any], content: bytes, digest: str) -> Candidate:
    """A candidate from its data and its FLAC. Raises ProjectError when the digest says that it is another one."""
    candidate = Candidate(
        _gap(data["gap"]),
        decode_patch(content, data),
        str(data["engine"]),
        int(data["seed"]),
        float(data["score"]),
        float(data["seconds"]),
        float(data["crossfade"]),
        dict(data["settings"]),
        dict(data["weights"]),
        str(data["note"]),
        bool(data["generative"]) if "generative" in data else is_generative(str(data["engine"])),
    )
    if candidate.digest != digest:
        raise ProjectError("A fill in the project is damaged; its samples are not those that were saved.")
    return candidate


def candidates_of(entries: Iterable[Entry]) -> dict[str, Candidate]:
    """The candidates of entries, by digest."""
    return {candidate.digest: candidate for entry in entries for candidate in entry.candidates}


def is_digest(name: str) -> bool:
    """Whether a name can be that of a candidate; no other one may become part of a path."""
    return len(name) == 24 and all(letter in "0123456789abcdef" for letter in name)


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


def _gap_as_data(gap: Damage) -> dict[str, Any]:
    return {
        "start": gap.start,
        "end": gap.end,
        "channels": gap.channels,
        "kind": gap.kind,
        "confidence": gap.confidence,
        "band": band_as_data(gap.band),
        "known": gap.known,
    }


def _gap(data: Mapping[str, Any]) -> Damage:
    channels = None if data["channels"] is None else tuple(int(channel) for channel in data["channels"])
    if data["kind"] not in get_args(DamageKind):
        raise ProjectError("A gap in the project is of an unknown kind; update the program to open it.")
    band, known = data.get("band"), data.get("known", "nothing")  # neither was there before format 3
    if known not in get_args(Known):
        raise ProjectError("A gap in the project says in an unknown way what is left of it; update the program.")
    return Damage(
        int(data["start"]),
        int(data["end"]),
        channels,
        data["kind"],
        float(data["confidence"]),
        None if band is None else Band(float(band["low"]), float(band["high"])),
        known,
    )


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
