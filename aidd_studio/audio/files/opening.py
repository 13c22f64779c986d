"""Finding out how to open a file so that all of its sound is read, in its place."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from pathlib import Path

from aidd_studio.audio.files import flac, lengths, mpeg, ogg
from aidd_studio.audio.files.decoding import ChainedSounds, SoundReader, SplicedSound
from aidd_studio.audio.files.spliced import Layout

LAYOUTS: dict[str, Callable[[mpeg.Bytes], Layout | None]] = {
    "WAV": lengths.layout_of,
    "FLAC": flac.layout_of,
    "OGG": ogg.layout_of,
    "MP3": mpeg.layout_of,
}

_HEADS = {
    **dict.fromkeys((b"RIFF", b"RIFX", b"RF64", b"BW64", b".snd", b"FORM", b"caff", b"riff"), "WAV"),
    b"fLaC": "FLAC",
    b"OggS": "OGG",
}


def find_layout(path: Path) -> Layout | None:
    """How the file must be read; None where a decoder can read it as it stands, or it is unknown. Raises OSError."""
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        family = _family(data, path)
        try:
            return LAYOUTS[family](data) if family is not None else None
        except (struct.error, IndexError):  # cut short within its header
            return None


def open_layout(path: Path, layout: Layout) -> SoundReader:
    """The sound of a layout from its first frame to its last. Raises soundfile.LibsndfileError, OSError."""
    if len(layout.sounds) == 1:
        return SplicedSound(path, layout.sounds[0])
    return ChainedSounds(path, layout.sounds)


def _family(data: mpeg.Bytes, path: Path) -> str | None:
    """The kind of file by its content: one of those whose sound can be in unusual places."""
    start = mpeg.tag_length(data, 0) if data[:3] == b"ID3" else 0
    head = bytes(data[start : start + 4])
    if head in _HEADS:
        return _HEADS[head]
    if start or path.suffix.lower() in (".mp3", ".mp2", ".mpga", ".mpa") or mpeg.parse_header(head) is not None:
        return "MP3"
    return None
