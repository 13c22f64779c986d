"""Chunks of WAV, RF64, BW64, W64, AIFF and CAF files: all that describes the sound is carried over, byte for byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

W64_FORM = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
W64_NAMES = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""How the names of most chunks of a W64 file end, after the four letters that they have in WAV."""

REGENERATED = {
    "RIFF": (b"data", b"fact", b"ds64", b"JUNK", b"junk", b"FLLR", b"PAD ", b"PEAK"),
    "FORM": (b"COMM", b"SSND", b"FVER", b"PEAK"),
    "CAF": (b"desc", b"data", b"free", b"kuki", b"pakt", b"peak", b"edct"),
    "W64": tuple(name + W64_NAMES for name in (b"data", b"fact", b"junk", b"peak")),
}
"""Chunks that hold the sound or how it is coded, by family: the writer makes new ones."""

FAMILY = {
    **dict.fromkeys(("WAV", "WAVEX", "RF64"), "RIFF"),
    "AIFF": "FORM",
    **{own: own for own in ("CAF", "W64", "FLAC", "MP3")},
}
"""Which containers can hold each other's chunks."""

OF_THE_SOUND = (b"MD5 ", b"levl", b"ovvw")
"""Chunks computed from the samples, which a restoration changes."""

LARGEST = 64 << 20
"""A chunk of more bytes is not carried over, but named."""


@dataclass(frozen=True)
class Chunk:
    """One chunk as it stands in the file."""

    family: str  # "RIFF" (WAV, RF64), "FORM" (AIFF), "CAF", "W64", "AU"; "FLAC" blocks, "MP3" tags, "VORBIS" comments
    name: bytes  # four bytes; of W64 sixteen; of FLAC one, the block's type
    data: bytes
    omitted: int = 0  # bytes that were not read, because there are too many of them


def read_chunks(path: Path) -> tuple[Chunk, ...]:
    """The chunks of a WAV, RF64, BW64, W64, AIFF or CAF file that are worth carrying over; empty for anything else."""
    try:
        with path.open("rb") as file:
            return tuple(_kept(file))
    except (OSError, struct.error):
        return ()


def au_annotation(path: Path) -> tuple[Chunk, ...]:
    """What an AU file says in its head beside the format, as a chunk."""
    with path.open("rb") as file:
        head = file.read(24)
        if len(head) < 24 or head[:4] not in (b".snd", b"dns."):
            return ()
        start = int.from_bytes(head[4:8], "big" if head[:4] == b".snd" else "little")
        text = file.read(max(0, min(start - 24, LARGEST)))
    return (Chunk("AU", b"annotation", text),) if text.strip(b"\0") else ()


def channel_mask(chunk: Chunk) -> int:
    """Which loudspeakers the channels belong to, as an extensible format chunk says."""
    return int.from_bytes(chunk.data[20:24], "little")


def is_text(chunk: Chunk) -> bool:
    """True for chunks whose texts are carried as tags."""
    return (
        (chunk.name == b"LIST" and chunk.data[:4] == b"INFO")
        or chunk.name.lower() == b"id3 "
        or (chunk.family, chunk.name) in (("CAF", b"info"), ("MP3", b"APE "), ("MP3", b"TAG "), ("VORBIS", b"text"))
        or (chunk.family == "FORM" and chunk.name in (b"NAME", b"AUTH", b"(c) ", b"ANNO"))
    )


def append_chunks(path: Path, chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """Put chunks of the file's own family into it and correct its size; returns those that are in it now.

    A chunk that would make a plain WAV or AIFF longer than 4 GiB is left out. Raises OSError.
    """
    with path.open("rb+") as file:
        family, form = _family(file)
        fitting = [chunk for chunk in chunks if chunk.family == family and not chunk.omitted]
        if not fitting:
            return ()
        if family == "CAF":
            return _into_caf(file, fitting)
        if family == "W64":
            return _into_w64(file, [chunk for chunk in fitting if chunk.name != b"fmt "])
        written = [chunk for chunk in fitting if chunk.name == b"fmt " and _set_layout(file, chunk)]
        if form == b"RF64" and any(chunk.name == b"BW64" for chunk in fitting):
            file.seek(0)
            file.write(b"BW64")
        present = {b"BW64", *(name for name, _, _ in _walk(file))} - {b"LIST"}
        fitting = [chunk for chunk in fitting if chunk.name not in present]
        if not fitting:
            return tuple(written)
        end = file.seek(0, 2)
        if end % 2:
            file.write(b"\0")
        order = "<I" if family == "RIFF" else ">I"
        addition = b"".join(
            chunk.name + struct.pack(order, len(chunk.data)) + chunk.data + b"\0" * (len(chunk.data) % 2)
            for chunk in fitting
        )
        if form != b"RF64" and end + len(addition) + 1 - 8 >= 1 << 32:
            file.truncate(end)
            return tuple(written)
        file.write(addition)
        _set_size(file, form, order, file.tell() - 8)
        return (*written, *fitting)


def _set_layout(file: BinaryIO, chunk: Chunk) -> bool:
    """Give the new file the source's channel mask and kind of sound field, where both have the longer format chunk."""
    for name, place, size in _walk(file):
        if name != b"fmt ":
            continue
        file.seek(place)
        now = file.read(size)
        if size < 40 or now[:2] != b"\xfe\xff" or now[2:4] != chunk.data[2:4]:
            return False
        file.seek(place + 20)
        file.write(chunk.data[20:24])
        if now[24:26] == chunk.data[24:26]:  # the same kind of samples; the rest says, for instance, ambisonic
            file.write(chunk.data[24:40])
        if now[14:16] == chunk.data[14:16]:
            file.seek(place + 18)
            file.write(chunk.data[18:20])
        return True
    return False


def _into_caf(file: BinaryIO, chunks: list[Chunk]) -> tuple[Chunk, ...]:
    """Into the free space before the sound where there is room, else behind the sound."""
    for chunk in chunks:
        encoded = chunk.name + struct.pack(">q", len(chunk.data)) + chunk.data
        room = next(((place, size) for name, place, size in _walk(file) if name == b"free"), None)
        if room is not None and room[1] >= len(encoded):
            file.seek(room[0] - 12)
            left = room[1] - len(encoded)
            file.write(encoded + b"free" + struct.pack(">q", left) + bytes(left))
        else:
            file.seek(0, 2)
            file.write(encoded)
    return tuple(chunks)


def _into_w64(file: BinaryIO, chunks: list[Chunk]) -> tuple[Chunk, ...]:
    """Behind the sound; sizes count the head, and every chunk begins at a multiple of eight bytes."""
    end = file.seek(0, 2)
    file.write(bytes(-end % 8))
    for chunk in chunks:
        size = 24 + len(chunk.data)
        file.write(chunk.name + struct.pack("<Q", size) + chunk.data + bytes(-size % 8))
    size = file.tell()
    file.seek(16)
    file.write(struct.pack("<Q", size))
    return tuple(chunks)


def _walk_w64(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    length = file.seek(0, 2)
    place = 40
    while place + 24 <= length:
        file.seek(place)
        name, size = struct.unpack("<16sQ", file.read(24))
        if size < 24 or place + size > length:
            return
        yield name, place + 24, size - 24
        place += size + -size % 8


def _set_size(file: BinaryIO, form: bytes, order: str, size: int) -> None:
    if form == b"RF64":  # the 64-bit size is the first field of the ds64 chunk, which comes first
        file.seek(12)
        if file.read(4) == b"ds64":
            file.seek(20)
            file.write(struct.pack("<Q", size))
        return
    file.seek(4)
    file.write(struct.pack(order, size))


def _family(file: BinaryIO) -> tuple[str, bytes]:
    file.seek(0)
    head = file.read(16)
    if head == W64_FORM:
        return "W64", head
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "RIFF", head[:4]
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "FORM", head[:4]
    if head[:4] == b"caff":
        return "CAF", head[:4]
    return "", b""


def _walk(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, place of the data and size of every chunk, as far as the file is in order."""
    family, form = _family(file)
    if family == "W64":
        yield from _walk_w64(file)
        return
    length = file.seek(0, 2)
    order, head_size = {"RIFF": "<I", "FORM": ">I"}.get(family, ">q"), 12 if family == "CAF" else 8
    place, long_size = 8 if family == "CAF" else 12, None
    while family and place + head_size <= length:
        file.seek(place)
        head = file.read(head_size)
        name, size = head[:4], struct.unpack(order, head[4:])[0]
        start = place + head_size
        if name == b"ds64" and form != b"RIFF":
            long_size = struct.unpack("<QQ", file.read(16))[1]
        if name == b"data" and size == 0xFFFFFFFF and long_size is not None:
            size = long_size
        if size < 0 or start + size > length:
            return
        yield name, start, size
        place = start + size
        if family != "CAF" and size % 2 and not _is_unpadded(file, place):
            place += 1


def _is_unpadded(file: BinaryIO, place: int) -> bool:
    """True when a writer forgot the byte that makes a chunk's length even: a name stands here already."""
    file.seek(place)
    name = file.read(4)
    return len(name) == 4 and all(32 <= byte < 127 for byte in name)


def _kept(file: BinaryIO) -> Iterator[Chunk]:
    family, form = _family(file)
    if form == b"BW64":
        yield Chunk(family, form, b"")  # the form that RF64 has in ITU-R BS.2088
    for name, place, size in _walk(file):
        if name in REGENERATED[family]:
            continue
        if size > LARGEST:
            yield Chunk(family, name, b"", omitted=size)
            continue
        file.seek(place)
        data = file.read(size)
        if not name.startswith(b"fmt "):
            yield Chunk(family, name, data)
        elif size >= 40 and data[:2] == b"\xfe\xff":
            yield Chunk(family, b"fmt ", data)
