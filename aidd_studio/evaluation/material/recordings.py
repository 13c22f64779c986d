"""Which recordings of a folder an evaluation uses: the official test splits where they can be recognised, else all."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from aidd_studio.errors import UsageError

AUDIO_SUFFIXES = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".w64", ".rf64"}
)

MUSICNET_TEST = (1759, 1819, 2106, 2191, 2298, 2303, 2382, 2416, 2556, 2628)
"""The ten recordings of MusicNet's folder test_data (Thickstun et al. 2017)."""


@dataclass(frozen=True)
class Recordings:
    """Recordings to evaluate on, and by what rule they were chosen."""

    folder: Path
    paths: tuple[Path, ...]  # inside the folder, sorted
    split: str  # "MusicNet test", "MAESTRO test" or "all files"


def recordings(folder: Path) -> Recordings:
    """The recordings of a folder: MusicNet's or MAESTRO's test split when the folder is one of them, else all audio.

    Raises UsageError when there is none.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; give the folder that holds the recordings.")
    for reader in (_maestro, _musicnet):
        found = reader(folder)
        if found is not None:
            return found
    paths = _audio(folder)
    if not paths:
        raise UsageError(f"{folder} holds no recording that can be read; give a folder of audio files.")
    return Recordings(folder, paths, "all files")


def _audio(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file()))


def _musicnet(folder: Path) -> Recordings | None:
    """MusicNet: the folder test_data, or the test recordings by number among the others."""
    for place in (folder / "musicnet" / "test_data", folder / "test_data"):
        paths = _audio(place) if place.is_dir() else ()
        if paths:
            return Recordings(folder, paths, "MusicNet test")
    named = {path.stem: path for path in _audio(folder)}
    if not named or not all(name.isdigit() and len(name) == 4 for name in named):
        return None
    test = tuple(named[str(number)] for number in MUSICNET_TEST if str(number) in named)
    return Recordings(folder, test, "MusicNet test") if test else None


def _maestro(folder: Path) -> Recordings | None:
    """MAESTRO: the rows of maestro-v*.csv whose split is test."""
    tables = sorted(folder.glob("maestro-v*.csv"))
    if not tables:
        return None
    with tables[-1].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"split", "audio_filename"} <= rows[0].keys():
        raise UsageError(f"{tables[-1]} has no columns split and audio_filename; is it MAESTRO's table?")
    test = [folder / row["audio_filename"] for row in rows if row["split"] == "test"]
    there = tuple(sorted(path for path in test if path.is_file()))
    if not there:
        raise UsageError(f"None of the {len(test)} test recordings of {tables[-1].name} is in {folder}; unpack them.")
    return Recordings(folder, there, "MAESTRO test")
