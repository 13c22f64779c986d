"""Chunks of WAV, RF64 and AIFF files that libsndfile does not carry over: broadcast data, cue points, markers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

KEPT = {
    "RIFF": (
        b"bext",
        b"iXML",
        b"axml",
        b"cart",
        b"cue ",
        b"smpl",
        b"inst",
        b"LIST",
        b"_PMX",
        b"plst",
        b"note",
        b"labl",
    ),
    "FORM": (b"MARK", b"INST", b"COMT", b"APPL"),
}
"""Chunks worth carrying, by family. Of the lists only labels ("adtl"): LIST/INFO is libsndfile's own."""

LARGEST = 16 << 20
"""A chunk of more bytes is no description of a recording."""


@dataclass(frozen=True)
class Chunk:
    """One chunk as it stands in the file."""

    family: str  # "RIFF" (WAV, RF64) or "FORM" (AIFF)
    name: bytes  # four bytes
    data: bytes


def read_chunks(path: Path) -> tuple[Chunk, ...]:
    """The chunks of a WAV, RF64 or AIFF file that are worth carrying over; empty for anything else."""
    try:
        with path.open("rb") as file:
            return tuple(_kept(file))
    except (OSError, struct.error):
        return ()


def append_chunks(path: Path, chunks: tuple[Chunk, ...]) -> int:
    """Append chunks of the file's own family and correct its size; returns how many were appended.

    A chunk that would make a plain WAV or AIFF longer than 4 GiB is left out. Raises OSError.
    """
    with path.open("rb+") as file:
        family, form = _family(file)
        present = {name for name, _, _ in _walk(file)} if family else set()
        fitting = [chunk for chunk in chunks if chunk.family == family and chunk.name not in present - {b"LIST"}]
        if not fitting:
            return 0
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
            return 0
        file.write(addition)
        _set_size(file, form, order, file.tell() - 8)
        return len(fitting)


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
    head = file.read(12)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "RIFF", head[:4]
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "FORM", head[:4]
    return "", b""


def _walk(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, place of the data and size of every chunk, as far as the file is in order."""
    family, form = _family(file)
    order = "<I" if family == "RIFF" else ">I"
    length = file.seek(0, 2)
    place, long_size = 12, None
    while family and place + 8 <= length:
        file.seek(place)
        head = file.read(8)
        name, size = head[:4], struct.unpack(order, head[4:])[0]
        if name == b"ds64" and form == b"RF64":
            long_size = struct.unpack("<QQ", file.read(16))[1]
        if name == b"data" and size == 0xFFFFFFFF and long_size is not None:
            size = long_size
        if place + 8 + size > length:
            return
        yield name, place + 8, size
        place += 8 + size + size % 2


def _kept(file: BinaryIO) -> Iterator[Chunk]:
    family, _ = _family(file)
    for name, place, size in _walk(file):
        if name not in KEPT[family] or size > LARGEST:
            continue
        file.seek(place)
        data = file.read(size)
        if name != b"LIST" or data[:4] == b"adtl":
            yield Chunk(family, name, data)
