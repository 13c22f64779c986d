"""The tags of an MP3 to the byte: ID3v2 before the sound; APEv2, Lyrics3 and ID3v1 behind it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aidd_studio.audio.files.chunks import LARGEST, Chunk
from aidd_studio.audio.files.mpeg import tag_length

NAMES = (b"ID3 ", b"APE ", b"LYR3", b"TAG ")
"""The chunks that hold such tags."""


def read_tag_chunks(path: Path) -> tuple[Chunk, ...]:
    """The tags as they stand in the file, in their order. Raises OSError."""
    found: list[Chunk] = []
    with path.open("rb") as file:
        head = file.read(32)
        size = tag_length(head, 0) if head[:3] == b"ID3" else 0
        if size:
            found.append(_chunk(file, b"ID3 ", 0, size))
        end = file.seek(0, 2)
        behind: list[Chunk] = []
        while (tag := _last_tag(file, end)) is not None:
            name, start = tag
            behind.insert(0, _chunk(file, name, start, end - start))
            end = start
    return (*found, *behind)


def write_tag_chunks(path: Path, chunks: Iterable[Chunk]) -> None:
    """Put such tags into a finished MP3 that has none. Raises OSError, mutagen.MutagenError."""
    from mutagen import id3

    for chunk in chunks:
        if chunk.name == b"ID3 " and not chunk.omitted:
            size = len(chunk.data) - 10
            id3.ID3().save(path, padding=lambda _, size=size: size)  # makes the room
            with path.open("rb+") as file:
                file.write(chunk.data)
        elif chunk.name in NAMES and not chunk.omitted:
            with path.open("ab") as file:
                file.write(chunk.data)


def edited(chunk: Chunk, frames: Iterable[Any]) -> Chunk:
    """An ID3v2 tag with other frames, in its version; frames that mutagen does not know keep their bytes."""
    from mutagen import id3

    content = io.BytesIO(chunk.data)
    tag = id3.ID3(content, load_v1=False)
    version = 3 if tag.version[1] == 3 else 4
    for key in list(tag):
        del tag[key]
    for frame in frames:
        tag.add(frame)
    if version == 3:
        tag.update_to_v23()
    tag.save(content, v1=0, v2_version=version, padding=lambda _: 0)
    return Chunk(chunk.family, chunk.name, content.getvalue())


def unknown_frames(chunk: Chunk) -> list[str]:
    """The names of the frames in an ID3v2 tag that mutagen does not know."""
    import mutagen
    from mutagen import id3

    try:
        tag = id3.ID3(io.BytesIO(chunk.data), load_v1=False)
    except (mutagen.MutagenError, ValueError, KeyError, IndexError, TypeError, EOFError):
        return []
    return [frame[: 3 if tag.version[1] == 2 else 4].decode("latin-1") for frame in tag.unknown_frames]


def _chunk(file: Any, name: bytes, start: int, size: int) -> Chunk:
    if size > LARGEST:
        return Chunk("MP3", name, b"", omitted=size)
    file.seek(start)
    return Chunk("MP3", name, file.read(size))


def _last_tag(file: Any, end: int) -> tuple[bytes, int] | None:
    """Name and start of the tag that ends at `end`."""
    start = max(0, end - 131)
    file.seek(start)
    tail = file.read(end - start)
    if tail[-128:-125] == b"TAG" and len(tail) >= 128 and tail[-131:-123] != b"APETAGEX":
        return b"TAG ", end - 128
    if tail[-32:-24] == b"APETAGEX":
        size = int.from_bytes(tail[-20:-16], "little") + (32 if tail[-9] & 0x80 else 0)
        return (b"APE ", end - size) if 32 <= size <= end else None
    if tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
        size = int(tail[-15:-9]) + 15
        return (b"LYR3", end - size) if size <= end else None
    if tail[-9:] == b"LYRICSEND":
        start = max(0, end - 5200)  # at most 5100 bytes, says its definition
        file.seek(start)
        place = file.read(end - start).rfind(b"LYRICSBEGIN")
        return (b"LYR3", start + place) if place >= 0 else None
    return None
